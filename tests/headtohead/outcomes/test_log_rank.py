from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.matching.adjustment import matched_pairs, unadjusted
from headtohead.matching.pairs import Matches
from headtohead.matching.propensity import propensity
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.hazard import log_rank
from headtohead.outcomes.log_rank import log_rank_tests
from reference import Reference
from scipy.special import expit

R_RTOL = 1e-10


def test_by_hand() -> None:
    # day 1: an event of the treated among 2 + 2, expected 1/2, variance 1/4; day 2: one of the controls among 1 + 2,
    # expected 1/3, variance 2/9; day 3: 1 + 1 at risk, the treated: 1/2, 1/4. O - E = 2 - 4/3, V = 13/18
    endpoint = Endpoint("death", pd.Series([1.0, 3, 2, 4]), pd.Series([1, 1, 1, 0]))
    row = log_rank_tests(endpoint, unadjusted(pd.Series([True, True, False, False])), by=4).iloc[0]
    assert row["observed"] == 2
    assert row["expected"] == pytest.approx(4 / 3)
    assert row["chi_square"] == pytest.approx((2 / 3) ** 2 / (13 / 18))


def test_stratified_equals_survdiff(reference: Reference) -> None:
    expected = reference.further["log_rank_stratified_hospital"]
    crude, last = unadjusted(reference.treated), int(reference.frame["time"].max())
    row = log_rank_tests(reference.death, crude, by=last, strata=reference.frame["hospital"]).iloc[0]
    assert row["chi_square"] == pytest.approx(expected["chisq"], rel=R_RTOL)
    assert row["observed"] == pytest.approx(expected["observed"][1])
    assert row["expected"] == pytest.approx(expected["expected"][1], rel=R_RTOL)
    assert "stratified by hospital" in row["method"]
    plain = log_rank_tests(reference.death, crude, by=last).iloc[0]
    chi_square, p = log_rank(reference.frame["time"], reference.frame["status"] == 1, reference.treated)
    assert (plain["chi_square"], plain["p_value"]) == pytest.approx((chi_square, p), rel=1e-9)


def test_weighted_equals_the_robust_score_test_of_coxph(reference: Reference) -> None:
    last = int(reference.frame["time"].max())
    row = log_rank_tests(reference.death, reference.propensity.weight("ATO"), by=last).iloc[0]
    expected = reference.further["overlap_cox_breslow"]["score_robust"]
    assert row["chi_square"] == pytest.approx(expected, rel=R_RTOL)


def test_pairs_seen_for_one_day_give_mcnemar() -> None:
    # everybody is seen to day 1, where all events are: a pair adds (d_t - d_c) / 2 to the score, so the statistic
    # is ((b - c) / 2)^2 / ((b + c) / 4), with b = 9 and c = 4 of 43 pairs
    first, second = (np.repeat(which, [10, 9, 4, 20]) for which in ([1, 1, 0, 0], [1, 0, 1, 0]))
    arm = pd.Series([True] * 43 + [False] * 43)
    pairs = pd.DataFrame({"treated_id": range(43), "control_id": range(43, 86), "distance": 0.0})
    way = matched_pairs(Matches(pairs, pd.Index([]), np.inf), arm)
    endpoint = Endpoint("death", pd.Series(1.0, arm.index), pd.Series(np.append(first, second)))
    row = log_rank_tests(endpoint, way, by=1).iloc[0]
    assert row["observed"] - row["expected"] == pytest.approx((9 - 4) / 2)
    assert row["chi_square"] == pytest.approx((9 - 4) ** 2 / 13)
    assert row["method"] == "weighted log-rank, variance matched sets as clusters"


@pytest.mark.whole
def test_known_truth() -> None:
    """The arms do not differ given a confounder of treatment and time: the weighted test rejects one time in twenty."""
    rejected = {"estimated": [], "crude": []}
    for seed in range(400):
        rng = np.random.default_rng([11, seed])
        x = rng.normal(size=300)
        arm = pd.Series(rng.random(300) < expit(0.8 * x))
        time = pd.Series(np.ceil(rng.exponential(10 * np.exp(-0.7 * x))))
        endpoint = Endpoint("death", time.clip(upper=20), (time < 20).astype(int))
        score = propensity(pd.DataFrame({"x": x}), arm)
        table = log_rank_tests(endpoint, [score.crude(), score.weight("ATO")], by=20, score="estimated")
        rejected["crude"].append(table["p_value"].iloc[0] < 0.05)
        rejected["estimated"].append(table["p_value"].iloc[1] < 0.05)
    assert 0.02 <= np.mean(rejected["estimated"]) <= 0.085
    assert np.mean(rejected["crude"]) > 0.5


def test_rows_say_why_there_is_no_test() -> None:
    arm = pd.Series([True, True, False, False])
    nobody = Endpoint("death", pd.Series([1.0, 3, 2, 4]), pd.Series([0, 0, 0, 0]))
    row = log_rank_tests(nobody, unadjusted(arm), by=4).iloc[0]
    assert np.isnan(row["chi_square"])
    assert (
        row["method"]
        == "cannot be estimated, because a log-rank test needs events, found none in 4 patients; report the counts"
    )
    apart = Endpoint("death", pd.Series([1.0, 2, 5, 6]), pd.Series([0, 0, 1, 1]))
    assert "while both arms were at risk" in log_rank_tests(apart, unadjusted(arm), by=6)["method"].iloc[0]
