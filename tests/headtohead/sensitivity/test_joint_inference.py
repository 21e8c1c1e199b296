from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.sensitivity.joint_inference import Link, fit_plasmode, joint_p_values, statistics
from headtohead.sensitivity.multiverse import Material, curve, grid
from scipy import stats

LEVELS = {
    "estimator": ("crude", "overlap weights", "inverse probability weights"),
    "caliper": (),
    "covariates": ("one", "two"),
    "form": ("linear",),
    "missing": ("filled",),
    "outcome": ("death",),
    "population": ("all",),
}
CHOICES = {"min_share": 0.1, "trim": 0.1, "caliper_scale": "pooled", "order": "largest"}
LINKS = (Link("death"),)
VALID = grid(LEVELS).query("excluded == ''")


def cohort(seed: int, n: int = 250) -> Material:
    """Return patients with strong confounding, which one of the two designs misses, and no effect."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    arm = rng.random(n) < 1 / (1 + np.exp(-1.2 * X[:, 0]))
    death = (rng.random(n) < 1 / (1 + np.exp(-1.2 * X[:, 0] + 0.5))).astype(float)
    designs = {("one", "linear", "filled"): X[:, 1:], ("two", "linear", "filled"): X}
    return Material(designs, arm, pd.DataFrame({"death": death}), np.ones(n, int))


def shown(given: Material) -> pd.DataFrame:
    return statistics(curve(VALID, given, **CHOICES), alpha=0.05)  # type: ignore[arg-type]


def plasmode_p(given: Material, n_nulls: int, seed: int) -> float:
    model = fit_plasmode(given.designs["two", "linear", "filled"], given.arm, given.outcomes, LINKS)
    nulls = pd.concat(
        shown(given.take(*model.draw(np.random.default_rng([seed, i])))) for i in range(n_nulls)
    )
    return float(joint_p_values(shown(given), nulls).at[0, "p_median"])


def permutation_p(given: Material, n_nulls: int, seed: int) -> float:
    rng, rows = np.random.default_rng(seed), np.arange(len(given.arm))
    nulls = pd.concat(
        shown(given.take(rows, rng.permutation(given.arm), given.outcomes)) for _ in range(n_nulls)
    )
    return float(joint_p_values(shown(given), nulls).at[0, "p_median"])


def test_joint_p_values_by_hand() -> None:
    # of four null medians one is at least 0.3 and three are at most 0.3 or tied: tails 2/5 and 5/5
    seen = pd.DataFrame({"facet": ["all"], "n": [9], "median": [0.3], "small_p": [0.5], "one_sign": [1.0]})
    nulls = pd.DataFrame(
        {
            "facet": ["all"] * 4,
            "median": [-0.1, 0.0, 0.1, 0.3],
            "small_p": [0.1, 0.5, 0.6, 0.2],
            "one_sign": [0.7] * 4,
        }
    )
    found = joint_p_values(seen, nulls).iloc[0]
    assert found["p_median"] == pytest.approx(0.8)
    assert found["p_small_p"] == pytest.approx(3 / 5)
    assert found["p_one_sign"] == pytest.approx(1 / 5)
    with pytest.raises(ValueError, match="must be null curves of 'all', found none"):
        joint_p_values(seen, nulls.iloc[:0])


def test_statistics_by_hand() -> None:
    rows = pd.DataFrame(
        {"outcome": list("aabb"), "estimate": [0.1, 0.3, -0.1, np.nan], "p_value": [0.01, 0.2, 0.04, np.nan]}
    )
    found = statistics(rows, alpha=0.05).set_index("facet")
    assert found.loc["all", ["n", "median", "small_p", "one_sign"]].tolist() == [3, 0.1, 2 / 3, 2 / 3]
    assert found.loc["b", ["n", "median", "small_p", "one_sign"]].tolist() == [1, -0.1, 1.0, 1.0]


def test_linked_outcomes_stay_nested() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 2))
    either = rng.random(300) < 0.4
    early = either & (rng.random(300) < 0.6)
    late = early | (rng.random(300) < 0.1)
    outcomes = pd.DataFrame({"either": either, "early": early, "late": late}).astype(float)
    links = (Link("either"), Link("early", "either", 1), Link("late", "early", 0))
    model = fit_plasmode(X, rng.random(300) < 0.5, outcomes, links)
    _, _, drawn = model.draw(rng)
    assert (drawn["early"] <= drawn["either"]).all()
    assert (drawn["late"] >= drawn["early"]).all()
    assert drawn["late"].sum() > drawn["early"].sum() > 0
    with pytest.raises(ValueError, match="each outcome needs one link"):
        fit_plasmode(X, either, outcomes, links[:2])


@pytest.mark.parametrize(
    ("early", "late"), [("either", "early"), ("none", "some"), ("either", "all"), ("none", "none")]
)
def test_an_outcome_that_nobody_had_or_all_had_is_drawn_so(early: str, late: str) -> None:
    """By the end of the last stay nobody dies later: early and late deaths are the same."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 2))
    either = rng.random(300) < 0.4
    known = {"either": either, "none": either & False, "some": rng.random(300) < 0.3, "all": either | True}
    known["early"] = known[early]
    outcomes = pd.DataFrame({"either": either, "early": known[early], "late": known[late]}).astype(float)
    links = (Link("either"), Link("early", "either", 1), Link("late", "early", 0))
    model = fit_plasmode(X, rng.random(300) < 0.5, outcomes, links)
    _, _, drawn = model.draw(rng)
    for name, same in {"early": early, "late": late}.items():
        if same != "some":
            expected = drawn[same] if same in drawn else known[same].astype(float)
            assert (drawn[name] == expected).all()
    assert 0 < drawn["either"].sum() < 300


def test_the_plasmode_keeps_the_confounding_and_has_no_effect() -> None:
    given = cohort(1, n=4000)
    model = fit_plasmode(given.designs["two", "linear", "filled"], given.arm, given.outcomes, LINKS)
    rows, arm, drawn = model.draw(np.random.default_rng(2))
    null = curve(VALID, given.take(rows, arm, drawn), **CHOICES)  # type: ignore[arg-type]
    found = null.set_index(["estimator", "covariates"])["estimate"]
    assert found["crude", "one"] > 0.15  # confounding is there
    assert abs(found["overlap weights", "two"]) < 4 * 0.017  # and no effect: four standard errors


@pytest.mark.whole
def test_p_values_are_calibrated_where_permuting_the_drug_is_not() -> None:
    # no effect, strong confounding: permuting calls the confounding of the curve an effect, nearly always
    ours = np.array([plasmode_p(cohort(seed), 19, seed) for seed in range(16)])
    permuted = np.array([permutation_p(cohort(seed), 19, seed) for seed in range(6)])
    assert stats.kstest(ours, "uniform").pvalue > 0.01
    assert (permuted <= 0.1).mean() > 0.5
