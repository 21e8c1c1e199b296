"""No interval is a point because nobody, or everybody, had the event, in either arm and on any day."""

from __future__ import annotations

from typing import Any

import headtohead as hh
import numpy as np
import pandas as pd
import pytest
from headtohead.inference import Inference
from headtohead.matching.adjustment import Adjustment, matched_pairs, unadjusted
from headtohead.matching.pairs import Matches
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.estimate import bounded_interval
from headtohead.outcomes.paired import PairCounts, paired_risk_difference, paired_risk_ratio
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.score import score_interval
from headtohead.proportions.two_by_two import intervals, wilson
from hypothesis import given, settings
from hypothesis import strategies as st

FEW = Inference(bootstrap_replicates=60)
N = 42  # a multiple of two and of three
RISKS = ("none", "some", "all")


def arm_of(n: int = N) -> pd.Series:
    return pd.Series(np.arange(n) % 2 == 0, name="treated")


def events_of(treated: pd.Series, one: str, other: str) -> pd.Series:
    """Nobody, everybody, or every second patient of an arm."""
    kinds = {"none": 0.0, "all": 1.0}
    some = (np.arange(len(treated)) // 2) % 2
    return pd.Series(np.where(treated, kinds.get(one, some), kinds.get(other, some)), treated.index)


def sets_of(treated: pd.Series, controls: int) -> Adjustment:
    first, rest = treated.index[treated], treated.index[~treated]
    pairs = pd.DataFrame({"treated_id": np.repeat(first[: len(rest) // controls], controls)})
    pairs["control_id"] = rest[: len(pairs)]
    unmatched = first[len(rest) // controls :]
    return matched_pairs(Matches(pairs, unmatched, np.inf), treated, key=f"sets of {controls}")


def ways_of(treated: pd.Series) -> list[Adjustment]:
    x = pd.DataFrame({"x": np.sin(np.arange(len(treated)) * 1.7)})
    weighted = [hh.propensity(x, treated).weight(each) for each in ("ATE", "ATO")]
    return [unadjusted(treated), sets_of(treated, 1), sets_of(treated, 2), *weighted]


def check(rows: pd.DataFrame) -> None:
    """Every number has an error and limits with width around it; everything else says why it has none."""
    known = rows["estimate"].notna()
    numbers = rows.loc[known, ["std_error", "conf_low", "conf_high"]].astype(float)
    assert (numbers["std_error"] > 1e-6).all(), rows[known]
    assert (numbers["conf_high"] - numbers["conf_low"] > 1e-6).all(), rows[known]
    assert (numbers["conf_low"] <= rows.loc[known, "estimate"] + 1e-9).all()
    assert (numbers["conf_high"] >= rows.loc[known, "estimate"] - 1e-9).all()
    assert rows.loc[~known, "method"].str.contains("because").all()


@pytest.mark.parametrize("one", RISKS)
@pytest.mark.parametrize("other", RISKS)
def test_risks_have_width_and_turn_over_with_arms_and_events(one: str, other: str) -> None:
    treated = arm_of()
    event = events_of(treated, one, other).rename("death")
    for way, swapped in zip(ways_of(treated), ways_of(~treated), strict=True):
        rows = hh.risks(event, way, by=28, inference=FEW).set_index("scale")
        check(rows)
        if way.kind != "crude" and one != "some" != other and one == other:
            assert np.isnan(rows.at["risk ratio", "estimate"])
        if way.kind == "weights" or way.key == "sets of 2":
            continue  # samples differ; width is what counts
        arms = hh.risks(event, swapped, by=28, inference=FEW).set_index("scale")
        survival = hh.risks(1 - event, way, by=28, inference=FEW).set_index("scale")
        gap = rows.loc["risk difference", ["estimate", "conf_low", "conf_high", "std_error"]].to_numpy(float)
        for again in (arms, survival):
            found = again.loc["risk difference", ["estimate", "conf_high", "conf_low", "std_error"]]
            np.testing.assert_allclose(found.to_numpy(float) * [-1, -1, -1, 1], gap, atol=1e-9)


def test_all_of_28_under_weights_are_as_uncertain_as_none_of_28() -> None:
    treated = arm_of(56)
    x = pd.DataFrame({"x": np.sin(np.arange(56) * 1.7)})
    way = hh.propensity(x, treated).weight("ATO")
    none, everyone = (
        hh.risks(pd.Series(float(value), treated.index, name="death"), way, by=28, inference=FEW)
        for value in (0, 1)
    )
    for scale in range(3):
        np.testing.assert_allclose(none["std_error"][scale], everyone["std_error"][scale])
    assert everyone["method"][3] == "cannot be estimated, because everyone in an arm has the event"
    assert none["method"][3] == "cannot be estimated, because an arm has no event"
    assert "everyone in an arm has the event: Wilson and Newcombe" in everyone["method"][0]


@pytest.mark.parametrize("other", [28, 20])
def test_a_crude_ratio_where_everyone_has_the_event_is_miettinen_and_nurminens(other: int) -> None:
    treated = pd.Series([True] * 28 + [False] * 28)
    event = pd.Series([1.0] * (28 + other) + [0.0] * (28 - other), name="death")
    row = hh.risks(event, unadjusted(treated), by=28).set_index("scale").loc["risk ratio"]
    low, high = score_interval(TwoByTwo(28, 28, other, 28), "risk ratio")
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((low, high))
    assert row["std_error"] == pytest.approx(np.log(high / low) / (2 * 1.959964), rel=1e-6)
    assert "Miettinen-Nurminen" in row["method"]


def test_no_common_interval_of_counts_is_a_point() -> None:
    for counts in ((0, 9, 0, 7), (9, 9, 7, 7), (9, 9, 0, 7), (0, 9, 3, 7), (9, 9, 3, 7)):
        found = intervals(TwoByTwo(*counts))
        assert (found["conf_high"] > found["conf_low"]).all(), found
        assert not (found["method"] == "Katz log").any()


@settings(max_examples=60)
@given(*[st.integers(0, 12)] * 4)
def test_pairs_never_give_certainty(both: int, treated_only: int, control_only: int, neither: int) -> None:
    counts = PairCounts(both, treated_only, control_only, neither)
    if not counts.n:
        return
    found = paired_risk_difference(counts, conf_level=0.95)
    arms = paired_risk_difference(PairCounts(both, control_only, treated_only, neither), conf_level=0.95)
    alive = paired_risk_difference(PairCounts(neither, control_only, treated_only, both), conf_level=0.95)
    assert found.std_error > 0
    assert found.conf_low < found.conf_high
    for again in (arms, alive):
        assert (again.std_error, again.conf_high) == pytest.approx((found.std_error, -found.conf_low))
    if both + min(treated_only, control_only) and counts.discordant:
        assert paired_risk_ratio(counts, conf_level=0.95).std_error > 0


def test_three_concordant_events_in_43_pairs_are_no_ratio() -> None:
    treated = arm_of(86)
    event = pd.Series(np.arange(86) < 6, dtype=float, name="death")
    rows = hh.risks(event, sets_of(treated, 1), by=28).set_index("scale")
    assert rows.at["risk ratio", "method"] == "cannot be estimated, because no pair is discordant"
    assert rows.at["risk difference", "std_error"] > 0
    with pytest.raises(ValueError, match="discordant pairs, found 0"):
        paired_risk_ratio(PairCounts(3, 0, 0, 40), conf_level=0.95)


def test_sets_whose_members_agree_are_no_certainty() -> None:
    """In every other set all three members die on one day."""
    treated = pd.Series([True, False, False] * 14)
    number = np.arange(42) // 3
    event = pd.Series(number % 2, dtype=float, name="death")
    way = sets_of(treated, 2)
    death = Endpoint("death", pd.Series(np.where(event > 0, 5.0 + number, 30.0)), event.astype(int))
    rows = hh.risks(event, way, by=28, inference=FEW)
    check(rows)
    assert rows["method"].iloc[3] == "cannot be estimated, because no matched set is discordant"
    ratios = hh.hazard_ratios(death, way, by=28)
    assert ratios["estimate"].isna().all()
    assert ratios["method"].str.contains("error would be 0").all()
    assert hh.log_rank_tests(death, way, by=28)["p_value"].isna().all()


def course(treated: pd.Series, one: str, other: str, day: float) -> Endpoint:
    event = events_of(treated, one, other)
    return Endpoint("death", pd.Series(np.where(event > 0, day, 28.0)), event.astype(int))


@pytest.mark.parametrize("day", [0.0, 1.0, 28.0])
@pytest.mark.parametrize("one", RISKS)
@pytest.mark.parametrize("other", RISKS)
def test_over_time_nothing_is_certain_on_the_first_or_the_last_day(one: str, other: str, day: float) -> None:
    treated = arm_of()
    endpoint = course(treated, one, other, day)
    ways: Any = [unadjusted(treated), sets_of(treated, 1)]
    days = hh.days_lost(endpoint, ways, by=28, event_free="alive", inference=FEW)
    check(days)
    if one == "all":
        lost = days[(days["arm"] == "treated") & (days["state"] == "event")]
        np.testing.assert_allclose(lost["estimate"], 28 - day)
    check(hh.hazard_ratios(endpoint, ways, by=28))
    check(hh.subdistribution_hazard_ratios(endpoint, ways, by=28))
    levels = pd.DataFrame({"death": endpoint.time_days.where(endpoint.cause == 1, np.inf)})
    check(hh.win_ratios(levels, ways, outcome="death", by=28, inference=FEW).estimates)


@pytest.mark.parametrize("alike", [True, False])
def test_a_mean_of_values_that_are_all_alike_has_no_error(alike: bool) -> None:
    treated = arm_of()
    days = pd.Series(np.arange(float(N))).mask(treated == alike, 5.0)
    for way in (unadjusted(treated), sets_of(treated, 1)):
        check(hh.mean_differences(days, way, outcome="days"))
        assert "does not show how" in hh.mean_differences(days, way, outcome="days").at[0, "method"]


def test_a_strategy_nobody_died_under_is_no_certainty() -> None:
    treated = arm_of()
    x = pd.DataFrame({"x": np.sin(np.arange(N))})
    left = pd.Series(np.where(np.arange(N) % 5 == 0, 3.0, np.nan))
    for one, other in (("none", "none"), ("none", "some"), ("some", "none")):
        found = hh.sensitivity.per_protocol(
            course(treated, one, other, 9.0), unadjusted(treated), left, by=14, baseline=x, changing=[], inference=FEW
        ).estimates  # fmt: skip
        check(found)


def test_bounds_are_wilsons_at_none_and_all() -> None:
    for value, events in ((0.0, 0), (1.0, 17)):
        found = bounded_interval(value, 17, 0.0, 1.0, 0.95)
        np.testing.assert_allclose(found[2:], wilson(events, 17), atol=1e-12)


def one_day(day: float, *, both: bool = True) -> Endpoint:
    """Every third pair of patients dies, all on one day; without ``both`` the controls live."""
    treated = arm_of()
    died = ((np.arange(N) // 2) % 3 == 0) & (treated.to_numpy() | both)
    return Endpoint("death", pd.Series(np.where(died, day, 28.0)), pd.Series(died.astype(int)))


@pytest.mark.parametrize("day", [1.0, 28.0])
def test_events_of_one_day_show_no_change_of_a_hazard_ratio(day: float) -> None:
    """The first day as the last, and with deaths under the drug only as in both arms."""
    ways = ways_of(arm_of())[:1]
    for endpoint in (one_day(day), one_day(day, both=False)):
        row = hh.proportional_hazards_tests(endpoint, ways, by=28).iloc[0]
        assert np.isnan(row["p_value"])
        assert row["method"].startswith("cannot be estimated, because")
    assert "all fall on one" in hh.proportional_hazards_tests(one_day(day), ways, by=28)["method"][0]


def test_without_an_event_a_log_rank_test_is_no_evidence_of_equality() -> None:
    treated = arm_of()
    with pytest.raises(ValueError, match="a log-rank test needs events, found none"):
        hh.log_rank(pd.Series(28.0, treated.index), pd.Series(0, treated.index), treated)
    for events in ((0, 0), (9, 7)):
        with pytest.raises(ValueError, match="needs patients with and without the event, all are alike"):
            hh.proportions.equality_tests(TwoByTwo(events[0], 9, events[1], 7))


@pytest.mark.parametrize("arm", [True, False])
def test_weights_that_rest_on_one_patient_show_no_spread(arm: bool) -> None:
    """Of either arm: 21 of 21 under weights that 20 of them hardly have are one patient."""
    treated = arm_of()
    weights = pd.Series(np.where(treated == arm, 1e-9, 1.0))
    weights[treated.idxmax() if arm else (~treated).idxmax()] = 1.0
    died = events_of(treated, "some", "some").rename("death")
    repeat = lambda _way, _rng, times: np.tile(weights.to_numpy(), (times, 1))  # noqa: E731
    way = Adjustment("one", "One", "weights", "ATT", "all", treated, weights, repeat)
    death = Endpoint("death", pd.Series(np.arange(N) % 27 + 1.0), died.astype(int))
    for rows in (
        hh.risks(died, way, by=28, inference=FEW),
        hh.mean_differences(pd.Series(np.arange(float(N))), way, outcome="x", inference=FEW),
        hh.hazard_ratios(death, way, by=28, inference=FEW),
        hh.subdistribution_hazard_ratios(death, way, by=28, inference=FEW),
        hh.log_rank_tests(death, way, by=28),
    ):
        assert rows.get("p_value", rows.get("estimate")).isna().all()
        assert rows["method"].str.contains("one patient has nearly all the weight of an arm").all()


STUDIES = pd.DataFrame(
    {"n_drug": [10.0, 12.0], "deaths_drug": 0.0, "n_comparator": [11.0, 9.0], "deaths_comparator": 0.0}
)


@pytest.mark.parametrize("everyone", [False, True])
@pytest.mark.parametrize("method", ["Mantel-Haenszel", "binomial-normal"])
def test_studies_without_a_contrast_pool_to_nothing(everyone: bool, method: Any) -> None:
    """In all of them nobody dies, or everybody: the latter gave 1 (1 to 1)."""
    deaths = {f"deaths_{arm}": STUDIES[f"n_{arm}"] * everyone for arm in ("drug", "comparator")}
    rows = STUDIES.assign(**deaths)
    with pytest.raises(ValueError, match="a ratio needs a study with and without events, none has both"):
        hh.evidence.few_events(rows, method=method, conf_level=0.95)
    printed = dict.fromkeys(("effect", "conf_low", "conf_high", "p_value"), np.nan)
    named = {"id": ["a", "b"], "study": ["A", "B"], "design": "trial", "source": "x", "measure": "counts"}
    effects = hh.evidence.study_effects(rows.assign(**printed, **named), prefer="counts")
    for pooled in (hh.evidence.combined, hh.evidence.meta_analysis):
        with pytest.raises(ValueError, match="a ratio needs a study with and without events, none has both"):
            pooled(effects, tau2="DL", interval="normal", conf_level=0.95)
