from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from headtohead.errors import CannotAdjustError, NoMatchError, SeparationError
from headtohead.inference import Inference
from headtohead.kernels.pairs import caliper_width
from headtohead.matching.adjustment import Adjustment, matched_pairs, unadjusted
from headtohead.matching.pairs import match_nearest
from headtohead.matching.propensity import propensity
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.equivalence import equivalence_of_counts, equivalence_tests
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS, estimate_row
from headtohead.outcomes.hazard import hazard_ratios, log_rank
from headtohead.outcomes.paired import (
    PairCounts,
    count_pairs,
    paired_risk_difference,
    paired_risk_ratio,
    tango_interval,
)
from headtohead.outcomes.posterior import RiskPosterior
from headtohead.outcomes.regression import mean_differences
from headtohead.outcomes.risk import risks
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.two_by_two import intervals
from reference import Reference
from scipy import stats

FEW = Inference(bootstrap_replicates=300)


def contrast(reference: Reference, way: Adjustment, seed: int = 1) -> pd.DataFrame:
    rows = risks(reference.death28, way, by=28, inference=replace(FEW, seed=seed))
    assert tuple(rows) == (*ESTIMATE_COLUMNS, "adjustment")
    return rows.set_index("scale")


def pairs_of(reference: Reference) -> Adjustment:
    score, treated = reference.propensity.linear_predictor, reference.treated
    caliper = caliper_width(score, treated, caliper_sd=0.2, scale="all")
    return matched_pairs(match_nearest(score, treated, ratio=1, caliper=caliper, order="largest"), treated)


def test_crude_rows_are_the_two_by_two_table(reference: Reference) -> None:
    y, treated = reference.frame["death28"], reference.treated
    table = TwoByTwo(int(y[treated].sum()), int(treated.sum()), int(y[~treated].sum()), int((~treated).sum()))
    rows, limits = contrast(reference, unadjusted(treated)), intervals(table).set_index("method")
    for scale, method in (("risk difference", "Newcombe"), ("risk ratio", "Katz log")):
        for column in ("estimate", "conf_low", "conf_high"):
            assert rows.at[scale, column] == pytest.approx(limits.at[method, column])


def test_matched_rows_equal_r(reference: Reference) -> None:
    rows, theirs = contrast(reference, pairs_of(reference)), reference.answers["matched"]
    m = reference.answers["match"]["caliper"]["n_pairs"]
    b, c = theirs["discordant_treated_only"], theirs["discordant_control_only"]
    assert rows.at["risk, treated", "events"] == theirs["deaths28_treated"]
    assert rows.at["risk, control", "events"] == theirs["deaths28_control"]
    assert rows.at["risk difference", "estimate"] == pytest.approx((b - c) / m)
    assert rows.at["risk difference", "std_error"] == pytest.approx(np.sqrt((b + c) - (b - c) ** 2 / m) / m)


@pytest.mark.parametrize("estimand", ["ATE", "ATT", "ATC", "ATO", "ATM"])
def test_weighted_risks_equal_r_and_the_bootstrap_is_near_its_sandwich(
    reference: Reference, estimand: str
) -> None:
    way = reference.propensity.weight(estimand)
    rows, theirs = contrast(reference, way), reference.answers["weights"][estimand]
    np.testing.assert_allclose(rows.at["risk, treated", "estimate"], theirs["risk_treated"], rtol=1e-7)
    np.testing.assert_allclose(rows.at["risk, control", "estimate"], theirs["risk_control"], rtol=1e-7)
    np.testing.assert_allclose(rows.at["risk difference", "estimate"], theirs["rd"], rtol=1e-6, atol=1e-9)
    assert 0.7 < rows.at["risk difference", "std_error"] / theirs["rd_se_HC0"] < 1.25


def test_the_same_seed_gives_the_same_interval(reference: Reference) -> None:
    way = reference.propensity.weight("ATO")
    pd.testing.assert_frame_equal(contrast(reference, way, 7), contrast(reference, way, 7))


def test_an_arm_without_events_gives_no_ratio_and_says_why(reference: Reference) -> None:
    none = Endpoint.recorded("death", reference.frame["death28"].where(~reference.treated, 0), by=28)
    for way in (
        unadjusted(reference.treated),
        pairs_of(reference),
        reference.propensity.weight("ATO"),
    ):
        rows = risks(none, way, by=28, inference=FEW).set_index("scale")
        assert np.isnan(rows.at["risk ratio", "estimate"])
        assert "because an arm has no event" in rows.at["risk ratio", "method"]
        assert np.isfinite(rows.at["risk difference", "estimate"])


def test_without_events_the_interval_is_no_point_and_equivalence_is_not_certain(reference: Reference) -> None:
    """In equal weights the interval is Wilson's and Newcombe's, and its width shrinks with the effective numbers."""
    nobody = Endpoint.recorded("death", 0 * reference.frame["death28"], by=28)
    treated = reference.treated
    ways = [reference.propensity.weight(e) for e in ("ATO", "ATE")]
    crude = risks(nobody, unadjusted(treated), by=28)
    widths = [crude.set_index("scale").at["risk difference", "std_error"]]
    for way in ways:
        rows = risks(nobody, way, by=28, inference=FEW).set_index("scale")
        row = rows.loc["risk difference"]
        assert row["conf_low"] < 0 < row["conf_high"]
        n = way.weights[treated].sum() ** 2 / (way.weights[treated] ** 2).sum()
        z = stats.norm.ppf(0.975)
        assert row["conf_high"] == pytest.approx(z**2 / (n + z**2))  # Wilson's upper limit of 0 in n
        assert "Newcombe" in row["method"]
        assert (
            equivalence_tests(row, {"tiny": 0.001}, alpha=0.05).set_index("name").at["p", "estimate"] > 0.05
        )
        widths.append(row["std_error"])
    assert widths[0] < min(widths[1:])


def test_a_censored_outcome_is_refused(reference: Reference) -> None:
    unknown = Endpoint.recorded("death", reference.frame["death28"].mask(reference.frame["time"] < 3), by=28)
    with pytest.raises(ValueError, match="patients have none, first .*; estimate the risk by Aalen-Johansen"):
        risks(unknown, unadjusted(reference.treated), by=28)


def test_endpoints_and_horizons_share_the_samples_and_keys_do_not_depend_on_the_place(
    reference: Reference,
) -> None:
    score, frame = reference.propensity, reference.frame
    late = Endpoint.recorded("late", 1 - frame["death28"], by=28)
    ways = [score.crude(), score.weight("ATO"), score.weight("ATE")]
    both = risks([reference.death28, late], ways, by=28, inference=FEW)
    alone = risks(late, score.weight("ATE"), by=28, inference=FEW)
    mine = both[(both["adjustment"] == "ate") & (both["outcome"] == "late")].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, alone)
    with pytest.raises(ValueError, match="a key of its own, found \\['crude', 'crude'\\]"):
        risks(late, [score.crude(), score.crude()], by=28)


def test_an_optional_adjustment_that_fails_is_a_row_and_any_other_an_error() -> None:
    rng = np.random.default_rng(1)
    treated = pd.Series(np.r_[[True] * 3, [False] * 27])
    design = pd.DataFrame({"x": np.r_[[3.0, 3.1, 0.1], rng.normal(size=27)]})
    death = Endpoint.recorded("death", pd.Series(np.arange(30) % 2), by=28)
    score = propensity(design, treated)
    far = score.match(caliper_sd=1e-9, key="close", optional=True)
    assert far.reason is not None
    rows = risks(death, [far, score.weight("ATO", optional=True)], by=28)
    assert rows["estimate"].isna().all()
    assert rows["estimand"].tolist() == ["none"] * 4 + ["ATO"] * 4
    assert rows["method"][0].startswith("cannot be estimated, because at least one treated patient needs")
    assert rows["method"][4].startswith("cannot be estimated, because the score must be estimable")
    hazards = hazard_ratios(Endpoint("death", death.time_days, death.cause), far, by=28)
    assert hazards["method"].tolist() == [far.reason]
    with pytest.raises(SeparationError, match="had no solution"):
        risks(death, score.weight("ATO"), by=28)
    with pytest.raises(NoMatchError):
        score.match(caliper_sd=1e-9)
    with pytest.raises(CannotAdjustError, match="at least one treated patient needs"):
        far.resample(rng, 2)


def test_an_adjustment_can_be_pickled_and_still_resamples(reference: Reference) -> None:
    score = reference.propensity
    for way in (score.crude(), score.match(caliper_sd=0.2), score.weight("ATM"), score.truncate((0.01, 0.99)),
                score.entropy()):  # fmt: skip
        again = pickle.loads(pickle.dumps(way))
        draws = [each.resample(np.random.default_rng(1), 3) for each in (way, again)]
        np.testing.assert_array_equal(*draws)


def test_unknown_columns_of_a_result_are_refused() -> None:
    with pytest.raises(KeyError, match="found \\['estimat'\\]"):
        estimate_row(estimat=1)


def test_pairs_by_hand() -> None:
    counts = count_pairs(np.array([1, 1, 1, 0, 0]), np.array([1, 0, 0, 1, 0]))
    assert counts == PairCounts(1, 2, 1, 1)
    rd = paired_risk_difference(counts, conf_level=0.95)
    assert rd.estimate == pytest.approx(0.2)
    assert rd.std_error == pytest.approx(np.sqrt(3 - 1 / 5) / 5)
    rr = paired_risk_ratio(counts, conf_level=0.95)
    assert rr.estimate == pytest.approx(1.5)
    assert rr.std_error == pytest.approx(np.sqrt(3 / 6))
    with pytest.raises(ValueError, match="found 0 and 2"):
        paired_risk_ratio(PairCounts(0, 0, 2, 3), conf_level=0.95)


def test_tango_at_no_net_difference_has_its_closed_form() -> None:
    # b = c: the score interval is +- sqrt(z^2 (2b/m + ...)): solved exactly, z^2 = m d^2 / (2 q + d (1 - d)) with
    # q = (sqrt(k^2 + 8 m c d (1 - d)) - k) / 4m, k = -2b + 2 m d; here checked through its defining equation
    b, m, z = 9, 60, stats.norm.ppf(0.975)
    low, high = tango_interval(b, b, m, conf_level=0.95)
    assert low == pytest.approx(-high, abs=1e-9)
    k = -2 * b + 2 * m * high
    q = (np.sqrt(k * k + 8 * m * b * high * (1 - high)) - k) / (4 * m)
    assert abs(-m * high / np.sqrt(m * (2 * q + high * (1 - high)))) == pytest.approx(z, rel=1e-9)


def test_tango_equals_its_published_example() -> None:
    # Tango 1998, section 5: cross-over trial of soft contact lens disinfection, 43 pairs of 44 concordant, b = 0, c = 1
    low, high = tango_interval(0, 1, 44, conf_level=0.90)
    assert low == pytest.approx(-0.096, abs=5e-4)
    assert high == pytest.approx(0.037, abs=5e-4)


def test_hazard_ratio_names_its_error_and_survives_no_events(reference: Reference) -> None:
    frame, death = reference.frame, reference.death
    rows = hazard_ratios(death, pairs_of(reference), by=28)
    assert rows["cause"].tolist() == ["death", "discharge"]
    row = rows.iloc[0]
    theirs = reference.answers["matched"]["cox28"]
    np.testing.assert_allclose(np.log(row["estimate"]), theirs["coef"], rtol=1e-8)
    np.testing.assert_allclose(row["std_error"], theirs["se_pair_robust"], rtol=1e-8)
    assert "matched sets as clusters" in row["method"]
    nobody = replace(death, cause=frame["status"].replace(1, 0))
    row = hazard_ratios(nobody, unadjusted(reference.treated), by=28).iloc[0]
    assert np.isnan(row["estimate"])
    assert row["method"].startswith("cannot be estimated, because a hazard ratio needs events")


def test_log_rank_equals_r(reference: Reference) -> None:
    frame = reference.frame
    chi_square, _ = log_rank(
        frame["time"].astype(float), (frame["status"] == 1).astype(int), reference.treated
    )
    np.testing.assert_allclose(
        chi_square, reference.answers["km_discharge_censored"]["logrank_chisq"], rtol=1e-9
    )


def test_mean_difference_has_the_sandwich_of_r(reference: Reference) -> None:
    way = reference.propensity.weight("ATE")
    row = mean_differences(reference.frame["death28"], way, outcome="y").iloc[0]
    theirs = reference.answers["weights"]["ATE"]
    np.testing.assert_allclose(
        [row["estimate"], row["std_error"]], [theirs["rd"], theirs["rd_se_HC0"]], rtol=1e-6, atol=1e-9
    )
    with pytest.raises(ValueError, match="'death28' have missing values"):
        mean_differences(reference.frame["death28"].mask(reference.treated), way, outcome="y")


def test_equivalence_agrees_with_its_interval() -> None:
    table = TwoByTwo(22, 125, 36, 217)
    for margin in (0.03, 0.05, 0.08, 0.0833, 0.0835, 0.1):
        test = equivalence_of_counts(table, margin=margin, alpha=0.05)
        assert test.equivalent == (-margin < test.conf_low and test.conf_high < margin)
    assert test.smallest_margin == pytest.approx(max(-test.conf_low, test.conf_high))
    at = equivalence_of_counts(table, margin=test.smallest_margin, alpha=0.05)
    assert at.p_value == pytest.approx(0.05, abs=1e-6)


def test_equivalence_of_an_estimate_by_hand() -> None:
    # estimate 1 point, error 2 points, margin 5: z = (1 - 5) / 2 = -2 and (1 + 5) / 2 = 3
    row = pd.Series({"estimate": 0.01, "std_error": 0.02})
    rows = equivalence_tests(row, {"narrow": 0.05, "wide": 0.1}, alpha=0.05)
    found = rows.set_index(["margin", "name"])
    assert found.at[("narrow", "p"), "estimate"] == pytest.approx(stats.norm.cdf(-2))
    limit = 0.01 + stats.norm.ppf(0.95) * 0.02
    assert found.at[("wide", "smallest"), "estimate"] == pytest.approx(limit)
    assert found.at[("wide", "interval"), "conf_high"] == pytest.approx(limit)
    with pytest.raises(ValueError, match="found -0.05"):
        equivalence_tests(row, {"narrow": -0.05}, alpha=0.05)
    days = equivalence_tests(
        pd.concat([100 * row, pd.Series({"scale": "days"})]), {"narrow": 5.0}, alpha=0.05
    )
    assert days["estimate"][0] == found.at[("narrow", "p"), "estimate"], "margins of days may be above 1"
    assert list(days["scale"]) == ["p value", "absolute difference", "days"]


def test_the_posterior_equals_a_large_sample_and_is_a_density() -> None:
    law = RiskPosterior(TwoByTwo(22, 125, 36, 217))
    rng = np.random.default_rng(1)
    draws = rng.beta(22.5, 103.5, 400_000) - rng.beta(36.5, 181.5, 400_000)
    assert law.probability_below(0) == pytest.approx((draws < 0).mean(), abs=0.003)
    assert (law.probability_below(0.05) - law.probability_below(-0.05)) == pytest.approx(
        (np.abs(draws) < 0.05).mean(), abs=0.003
    )
    np.testing.assert_allclose(law.interval(0.95), np.quantile(draws, [0.025, 0.975]), atol=0.001)
    grid = np.linspace(-0.4, 0.4, 801)
    assert np.trapezoid(law.density(grid), grid) == pytest.approx(1, abs=1e-3)
    assert law.probability_below(0) == pytest.approx(0.402, abs=5e-4)
