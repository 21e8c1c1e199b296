from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from headtohead.cohort.describe import apply_eligibility
from headtohead.inference import Inference
from headtohead.outcomes.risk import risks
from headtohead.sensitivity.multiverse import (
    EmptyGridError,
    Material,
    curve,
    grid,
    summary_by,
    variance_shares,
)
from headtohead.sensitivity.specification import AXES
from headtohead.sensitivity.strata import concurrent_periods
from study.data.endpoints import endpoint
from study.protocol.protocol import Protocol
from study.sensitivity.multiverse import levels, material, specification_curve, specifications
from study.sensitivity.subsets import primary_weights

SMALL: Mapping[str, tuple[str, ...]] = {
    "estimator": ("crude", "greedy pairs", "overlap weights", "inverse probability weights"),
    "caliper": ("0.2", "none"),
    "covariates": ("few", "many"),
    "form": ("linear",),
    "missing": ("filled",),
    "outcome": ("death",),
    "population": ("all", "concurrent", "trimmed"),
}
CHOICES = {"min_share": 0.3, "trim": 0.1, "caliper_scale": "pooled", "order": "largest"}


@pytest.fixture(scope="module")
def small() -> Material:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(240, 3))
    period = rng.integers(1, 4, 240)
    arm = rng.random(240) < 1 / (1 + np.exp(-(0.8 * X[:, 0] + np.array([1.5, 0, -1.5])[period - 1])))
    death = (rng.random(240) < 1 / (1 + np.exp(-(X[:, 0] - 1)))).astype(float)
    designs = {("few", "linear", "filled"): X[:, :1], ("many", "linear", "filled"): X}
    return Material(designs, arm, pd.DataFrame({"death": death}), period)


@pytest.fixture(scope="module")
def frame(cohort: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    arms = protocol.arms
    return apply_eligibility(
        cohort, protocol.eligibility, arm=arms.column, treated=arms.treated, control=arms.control
    )[0]


def test_the_small_grid_by_hand() -> None:
    # product 4 x (2 + 1) x 2 x 1 x 1 x 1 x 3 = 72. Valid: pairs 2 calipers x 2 sets x 3 populations = 12,
    # two weightings x 2 sets x 3 = 12, crude for two populations = 2
    table = grid(SMALL)
    assert len(table) == 72
    assert (table["excluded"] == "").sum() == 26


def test_specifications_are_the_product_minus_the_listed_exclusions(protocol: Protocol) -> None:
    table = specifications(protocol)
    size = {axis: len(names) for axis, names in levels(protocol).items()}
    size["caliper"] += 1  # not used
    listed = table[table["excluded"] != ""].groupby("excluded").size()
    valid = table[table["excluded"] == ""]
    assert len(table) == np.prod(list(size.values()))
    assert len(valid) == len(table) - listed.sum()
    assert len(valid) >= 1000
    assert not valid.duplicated(list(AXES)).any()
    assert table["primary"].sum() == 1
    assert table.loc[table["primary"], "excluded"].item() == ""


def test_the_primary_specification_is_the_primary_analysis(frame: pd.DataFrame, protocol: Protocol) -> None:
    found = specification_curve(specifications(protocol), material(frame, protocol), protocol)
    theirs = risks(
        endpoint(frame, protocol.outcome.primary), primary_weights(frame, protocol),
        by=protocol.outcome.horizon_days, inference=Inference(bootstrap_replicates=2),
    ).set_index("scale")  # fmt: skip
    primary = found[found["primary"]].iloc[0]
    # two Newton fits of one score
    assert primary["estimate"] == pytest.approx(theirs.at["risk difference", "estimate"], abs=1e-9)
    assert found["estimate"].notna().all()
    assert (found["std_error"] > 0).all()


def test_the_crude_row_is_the_two_by_two_table(small: Material) -> None:
    table = grid(SMALL)
    found = curve(table[table["excluded"] == ""], small, **CHOICES)  # type: ignore[arg-type]
    death = small.outcomes["death"]
    crude = found[found["estimator"] == "crude"].set_index("population")
    expected = death[small.arm].mean() - death[~small.arm].mean()
    assert crude.at["all", "estimate"] == pytest.approx(expected)
    both = concurrent_periods(pd.Series(small.stratum), pd.Series(small.arm), min_share=0.3).to_numpy()
    assert 0 < both.sum() < len(both)
    assert crude.at["concurrent", "n"] == both.sum()


def test_swapping_the_drugs_turns_the_sign(small: Material) -> None:
    table = grid({**SMALL, "estimator": ("crude", "overlap weights", "inverse probability weights")})
    valid = table[table["excluded"] == ""]
    one = curve(valid, small, **CHOICES)  # type: ignore[arg-type]
    other = curve(valid, replace(small, arm=~small.arm), **CHOICES)  # type: ignore[arg-type]
    np.testing.assert_allclose(one["estimate"], -other["estimate"], atol=1e-8)
    np.testing.assert_allclose(one["std_error"], other["std_error"], rtol=1e-6)


def test_what_cannot_be_estimated_says_why(small: Material) -> None:
    separated = {key: np.column_stack([X, small.arm]) for key, X in small.designs.items()}
    table = grid(SMALL)
    found = curve(table[table["excluded"] == ""], replace(small, designs=separated), **CHOICES)  # type: ignore[arg-type]
    assert found["estimate"].isna().all()
    assert found["method"].str.contains("cannot be estimated, because a logistic model must have").all()


def test_a_grid_without_a_valid_member_is_an_error() -> None:
    with pytest.raises(EmptyGridError, match="at least one of the 1 combinations must be a valid .* a score"):
        grid({axis: SMALL[axis][:1] for axis in AXES} | {"caliper": (), "population": ("trimmed",)})


def test_an_unknown_estimator_or_axis_is_an_error() -> None:
    with pytest.raises(EmptyGridError, match="must be among .* found \\['magic'\\]"):
        grid({**SMALL, "estimator": ("magic",)})
    with pytest.raises(EmptyGridError, match="needs levels for"):
        grid({"estimator": ("crude",)})


def test_shares_of_variance_by_hand() -> None:
    # estimates 1, 1, 3, 3 by estimator and 1, 3, 1, 3 by outcome: the estimator explains everything
    rows = pd.DataFrame({axis: ["x"] * 4 for axis in AXES})
    rows["estimator"], rows["outcome"] = list("aabb"), list("abab")
    shares = variance_shares(rows.assign(estimate=[1.0, 1, 3, 3]))
    assert shares["estimator"] == pytest.approx(1)
    assert shares.drop("estimator").abs().max() < 1e-12


def test_the_spread_of_a_level_by_hand() -> None:
    rows = pd.DataFrame({"estimator": list("aaab"), "estimate": [-0.1, 0.02, 0.04, np.nan]})
    found = summary_by(rows, "estimator", margin=0.05)
    assert found["level"].tolist() == ["a"]
    assert found.at[0, "median"] == 0.02
    assert found.at[0, "positive"] == pytest.approx(2 / 3)
    assert found.at[0, "beyond"] == pytest.approx(1 / 3)
    with pytest.raises(
        ValueError, match="margin must be a number above 0 and below 1, found 5; 5 percent is"
    ):
        summary_by(rows, "estimator", margin=5)
