from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from headtohead.inference import Inference
from headtohead.matching.adjustment import unadjusted
from headtohead.matching.propensity import Score, propensity
from headtohead.outcomes.censored import censored_contrasts, log_log_interval, risk_and_gradient
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.estimate import bootstrap_contrasts
from headtohead.outcomes.risk import SCALES, risks
from lifelines.datasets import load_gbsg2
from reference import Reference
from scipy.special import expit

EXACT = 1e-10
DRAWS, MONTE_CARLO = 1000, 0.10  # four standard errors of a standard deviation from as many draws, and 1 / n
FEW = Inference(bootstrap_replicates=DRAWS)
FIVE_YEARS = 1826


def gbsg2() -> tuple[Score, Endpoint]:
    """Recurrence or death after breast cancer with and without hormonal therapy (Schumacher and others, 1994)."""
    frame = load_gbsg2()
    design = frame[["age", "tsize", "pnodes"]].assign(
        grade=(frame["tgrade"] == "III").astype(float), post=(frame["menostat"] == "Post").astype(float),
        receptors=np.log1p(frame["progrec"]),
    )  # fmt: skip
    score = propensity(design.astype(float), frame["horTh"] == "yes")
    return score, Endpoint("recurrence", frame["time"].astype(float), frame["cens"])


def test_by_hand() -> None:
    # day 1: event of 4 -> F = 1/4; day 2: one of the 3 left is censored; day 3: event of 2 -> F = 1/4 + 3/4 x 1/2
    risk, gradient = risk_and_gradient(np.array([1.0, 2, 3, 4]), np.array([1, 0, 1, 0]), np.ones(4), by=3)
    assert risk == pytest.approx(5 / 8)
    # w of the first: F = w/(w+3) + 3/(w+3) x 1/2, dF/dw at 1 = 3/16 - 3/32 = 3/32; of the second: day 1 only,
    # F = 1/(w+3) + (w+2)/(w+3) x 1/2, dF/dw = -1/16 + 1/32
    np.testing.assert_allclose(gradient[:2], [3 / 32, -1 / 32])
    assert gradient.sum() == pytest.approx(0)  # a common factor of the weights changes nothing


def test_gradient_is_the_derivative() -> None:
    rng, h = np.random.default_rng(5), 1e-6
    time, cause = rng.integers(1, 9, 40).astype(float), rng.integers(0, 3, 40)
    w = rng.uniform(0.5, 2, 40)
    _, gradient = risk_and_gradient(time, cause, w, by=6)
    for i in range(40):
        up, down = (risk_and_gradient(time, cause, w + d * (np.arange(40) == i), by=6)[0] for d in (h, -h))
        assert gradient[i] == pytest.approx((up - down) / (2 * h), abs=1e-8)


def test_risks_and_errors_equal_those_of_r(reference: Reference) -> None:
    theirs = reference.answers["aalen_johansen"]
    probability, error = (np.array(theirs[name]).reshape(2, 3, 3)[:, :, 1] for name in ("pstate", "std_err"))
    compared = 0
    for k, day in enumerate(theirs["times"]):
        if not reference.death.by(day).isna().any():
            continue
        rows = risks(reference.death, unadjusted(reference.treated), by=day).set_index("scale")
        both = rows.loc[list(SCALES[:2])]
        np.testing.assert_allclose(both["estimate"], probability[::-1, k], atol=EXACT)
        np.testing.assert_allclose(both["std_error"], error[::-1, k], atol=EXACT)
        assert rows.at[SCALES[2], "std_error"] == pytest.approx(np.hypot(*error[:, k]), abs=EXACT)
        relative = np.hypot(*(error[:, k] / probability[:, k]))
        assert rows.at[SCALES[3], "std_error"] == pytest.approx(relative, abs=EXACT)
        compared += 1
    assert compared


def test_without_censoring_the_estimates_are_those_of_the_tables(reference: Reference) -> None:
    """Risks, and the errors of the crude and of the paired difference, in closed form; limits are of other kinds."""
    score = reference.propensity
    for way in (score.crude(), score.match(caliper_sd=0.2), score.match(caliper_sd=0.2, ratio=2)):
        table = risks(reference.death28, way, by=28, inference=FEW)
        found, *_ = censored_contrasts(reference.death28, way, by=28, draws=None, conf_level=0.95)
        np.testing.assert_allclose([one.estimate for one in found], table["estimate"], rtol=EXACT)
        exact = slice(0, 3) if "bootstrap" not in table["method"].iloc[0] else slice(0, 0)
        errors = [one.std_error for one in found]
        np.testing.assert_allclose(errors[exact], table["std_error"].iloc[exact], rtol=1e-9)


@pytest.mark.whole
def test_five_years_of_gbsg2() -> None:
    score, endpoint = gbsg2()
    assert int(endpoint.by(FIVE_YEARS).isna().sum()) == 278
    ways = [
        score.crude(),
        score.weight("ATE"),
        score.weight("ATO"),
        score.entropy(),
        score.match(caliper_sd=0.2),
    ]
    rows = risks(endpoint, ways, by=FIVE_YEARS)
    difference = rows[rows["scale"] == "risk difference"].set_index("adjustment")
    assert (difference["estimate"] < 0).all()
    for way in ways:
        draws = way.resample(np.random.default_rng(1), DRAWS)
        point = [
            risk_and_gradient(endpoint.time_days.to_numpy()[m], endpoint.cause.to_numpy()[m],
                              way.weights.to_numpy()[m], by=FIVE_YEARS)[0] for _, m in way.arms
        ]  # fmt: skip
        many = np.array([
            [risk_and_gradient(endpoint.time_days.to_numpy()[m], endpoint.cause.to_numpy()[m], w[m], by=FIVE_YEARS)[0]
             for w in draws] for _, m in way.arms
        ])  # fmt: skip
        expected = bootstrap_contrasts(np.array(point), many, 0.95)
        mine = rows[rows["adjustment"] == way.key]
        np.testing.assert_allclose(mine["estimate"], [one.estimate for one in expected], rtol=EXACT)
        np.testing.assert_allclose(
            mine["std_error"], [one.std_error for one in expected], rtol=MONTE_CARLO, err_msg=way.key
        )


@pytest.mark.parametrize("reference", ["cohort_342"], indirect=True)
def test_weights_that_are_not_smooth_are_bootstrapped(reference: Reference) -> None:
    way = reference.propensity.truncate((0.05, 0.95))
    early = replace(reference.death, cause=reference.death.cause.mask(reference.frame["time"] == 5, 0))
    rows = risks(early, way, by=20, inference=FEW)
    assert rows["method"].str.contains(f"{DRAWS} bootstraps").all()
    smooth = risks(early, reference.propensity.truncate((0.0, 1.0)), by=20, inference=FEW)
    ate = risks(early, reference.propensity.weight("ATE"), by=20)
    np.testing.assert_allclose(smooth["estimate"], ate["estimate"], rtol=EXACT)
    np.testing.assert_allclose(smooth["std_error"], ate["std_error"], rtol=0.15)


def test_a_horizon_beyond_follow_up_has_no_numbers() -> None:
    arm = pd.Series([True, True, False, False])
    endpoint = Endpoint("death", pd.Series([3.0, 9, 4, 20]), pd.Series([1, 0, 1, 0]))
    rows = risks(endpoint, unadjusted(arm), by=12)
    assert rows["estimate"].isna().all()
    assert rows["method"].str.contains("the treated arm is followed to day 9 only, not to day 12").all()


def test_an_arm_without_events_has_intervals_with_width() -> None:
    arm = pd.Series([True] * 4 + [False] * 4)
    endpoint = Endpoint("death", pd.Series([5.0, 9, 9, 9, 2, 3, 9, 9]), pd.Series([0, 0, 0, 0, 1, 0, 0, 0]))
    rows = risks(endpoint, unadjusted(arm), by=8).set_index("scale")
    assert rows.at["risk, treated", "estimate"] == 0
    assert rows.at["risk, treated", "conf_high"] > 0.3  # Wilson for the three who were seen to day 8
    assert rows.at["risk difference", "conf_low"] < rows.at["risk difference", "estimate"]
    assert "no event" in rows.at["risk ratio", "method"]


def test_limits_stay_inside() -> None:
    for risk in (0.001, 0.5, 0.999):
        found = log_log_interval(risk, 0.6 * min(risk, 1 - risk), 0.95)
        assert 0 < found.conf_low < risk < found.conf_high < 1


@pytest.mark.whole
def test_known_truth_under_censoring() -> None:
    """Constant hazards 0.03 and 0.05, a confounder of treatment and time, a third censored: limits cover 0.95."""
    truth = np.random.default_rng(0).normal(size=400_000)
    at = [float((1 - np.exp(-h * 20 * np.exp(0.8 * truth))).mean()) for h in (0.03, 0.05)]
    covered = []
    for seed in range(300):
        rng = np.random.default_rng([7, seed])
        x = rng.normal(size=400)
        arm = rng.random(400) < expit(x)
        time = rng.exponential(1 / (np.where(arm, 0.03, 0.05) * np.exp(0.8 * x)))
        stop = rng.uniform(5, 60, 400)
        endpoint = Endpoint("death", pd.Series(np.minimum(time, stop)), pd.Series((time <= stop).astype(int)))
        score = propensity(pd.DataFrame({"x": x}), pd.Series(arm))
        row = risks(endpoint, score.weight("ATE"), by=20).iloc[2]
        covered.append(row["conf_low"] <= at[0] - at[1] <= row["conf_high"])
    assert 0.91 <= np.mean(covered) <= 0.985


def test_large_samples_need_no_bootstrap_and_have_its_intervals() -> None:
    """From ``large_sample`` patients on, the error is that of influence functions: a bootstrap agrees to its noise."""
    score, recurrence = gbsg2()
    known = replace(recurrence, time_days=pd.Series(float(FIVE_YEARS), recurrence.time_days.index))
    known = replace(known, cause=recurrence.cause)  # the last day counts as seen
    weighted = score.weight("ATO")
    at = len(weighted.treated)
    large, small = (SimpleNamespace(**vars_of(FEW), large_sample=size) for size in (at, at + 1))
    one, other = (risks(known, weighted, by=FIVE_YEARS, inference=choice) for choice in (large, small))
    assert one["method"].str.contains("influence functions, weights as estimated").all()
    assert other["method"].str.contains("bootstraps").all()
    np.testing.assert_allclose(one["estimate"], other["estimate"], rtol=EXACT)
    np.testing.assert_allclose(one["std_error"], other["std_error"], rtol=MONTE_CARLO)
    pd.testing.assert_frame_equal(other, risks(known, weighted, by=FIVE_YEARS, inference=FEW))


def vars_of(inference: Inference) -> dict[str, float]:
    return {name: getattr(inference, name) for name in ("conf_level", "bootstrap_replicates", "seed")}
