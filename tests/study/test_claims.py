"""What a sceptical reader tests first: twelve claims of the paper, one test each."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from headtohead.cohort.describe import apply_eligibility
from headtohead.matching.adjustment import unadjusted
from headtohead.matching.pairs import match_nearest, match_optimal
from headtohead.outcomes.competing import aalen_johansen
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.equivalence import equivalence_of_counts
from headtohead.outcomes.fine_gray import fit_fine_gray, subdistribution_hazard_ratios
from headtohead.outcomes.hazard import kaplan_meier_error
from headtohead.outcomes.paired import PairCounts, paired_risk_difference
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.two_by_two import equality_tests, fragility_index
from headtohead.sensitivity.confounding import e_value, e_value_of_interval
from livingpaper.build.project import Project
from own_cohort import from_a_hospital, rows_of
from running import Paper, run_chapter
from statsmodels.duration.survfunc import CumIncidenceRight
from study.data.contract import ContractError, require_baseline
from study.data.endpoints import endpoint
from study.data.load import load_cohort, load_dictionary
from study.protocol.protocol import Protocol
from study.sensitivity.multiverse import levels, specifications
from study.simulation.stored import read_precomputed

DEATH, VENTILATION = TwoByTwo(22, 125, 36, 217), TwoByTwo(13, 125, 10, 217)
WORLDS = ("null", "harm", "benefit")
EXACT = 1e-12
HOUR = 1e-8  # two Newton solutions of the same equations


@pytest.fixture(scope="module")
def frames(project: Project, protocol: Protocol) -> dict[str, pd.DataFrame]:
    """Return the eligible patients of each world."""
    dictionary = load_dictionary(project.data / "dictionary.csv")
    found = {}
    for world in WORLDS:
        cohort = load_cohort(project.data / "synthetic" / f"cohort_{world}.csv", dictionary)
        found[world], _ = apply_eligibility(
            cohort,
            protocol.eligibility,
            arm=protocol.arms.column,
            treated=protocol.arms.treated,
            control=protocol.arms.control,
        )
    return found


def test_1_the_published_comparison_is_rederived() -> None:
    ventilation, death = (equality_tests(t).set_index("test")["p_value"] for t in (VENTILATION, DEATH))
    expected = {
        "Pearson chi-square": (0.039454, 0.810547),
        "Fisher exact": (0.0455, 0.881),
        "Yates-corrected chi-square": (0.066, 0.928),
        "Boschloo exact": (0.0458, 0.814),
        "Barnard exact": (0.0500, 0.832),
    }
    for name, pair in expected.items():
        assert (ventilation[name], death[name]) == pytest.approx(
            pair, abs=6e-4 if name != "Pearson chi-square" else 1e-6
        )


def test_2_the_synthetic_cohorts_hit_the_counts_and_say_what_they_are(
    project: Project, frames: dict[str, pd.DataFrame], paper: Paper
) -> None:
    sums = json.loads((project.data / "synthetic" / "worlds.json").read_text())
    for world, frame in frames.items():
        file = project.data / "synthetic" / f"cohort_{world}.csv"
        assert hashlib.sha256(file.read_bytes()).hexdigest() in json.dumps(sums)
        assert (frame["synthetic"] == 1).all()
        for name, counts in (("death", DEATH), ("imv", VENTILATION)):
            happened = endpoint(frame, name).cause == 1
            arms = frame["treated"].astype(bool)
            assert (happened[arms].sum(), arms.sum()) == (counts.events_treated, counts.n_treated)
            assert (happened[~arms].sum(), (~arms).sum()) == (counts.events_control, counts.n_control)
    truth = [paper.rows.at[f"worlds.{world}.truth.death28.att.rd", "estimate"] for world in WORLDS]
    assert len({round(each, 3) for each in truth}) == len(WORLDS)


def test_3_a_large_p_value_is_not_sold_as_similarity() -> None:
    narrow, wide = (equivalence_of_counts(DEATH, margin=m, alpha=0.05) for m in (0.05, 0.10))
    assert not narrow.equivalent
    assert wide.equivalent
    assert narrow.smallest_margin == pytest.approx(0.0834, abs=5e-4)
    assert (narrow.conf_low, narrow.conf_high) == pytest.approx((-0.0573, 0.0834), abs=5e-4)


def test_4_competing_risks_are_right(frames: dict[str, pd.DataFrame]) -> None:
    frame = frames["null"]
    death, arms = endpoint(frame, "death"), frame["treated"].astype(bool)
    for side, counts in ((arms, DEATH.risk_treated), (~arms, DEATH.risk_control)):
        time, cause = death.time_days[side].to_numpy(), death.cause[side].to_numpy()
        curve = aalen_johansen(time, cause)
        assert curve.incidence[-1, 0] == pytest.approx(counts, abs=EXACT)  # nobody is censored
        np.testing.assert_allclose(curve.incidence.sum(axis=1) + curve.event_free, 1, atol=EXACT)
        order = np.random.default_rng(1).permutation(len(time))
        np.testing.assert_allclose(
            aalen_johansen(time[order], cause[order]).incidence, curve.incidence, atol=EXACT
        )
        with np.errstate(divide="ignore", invalid="ignore"):  # its variance, not used, divides by zero
            theirs = CumIncidenceRight(time, cause)
        np.testing.assert_allclose(curve.at(theirs.times)[:, 0], theirs.cinc[0], atol=EXACT)
    mistaken = kaplan_meier_error(death, unadjusted(arms), by=28)
    gap = mistaken["one_minus_km"] - mistaken["aalen_johansen"]
    assert (gap >= -EXACT).all()
    assert gap[mistaken["day"] == 28].min() > 0.05


def test_5_fine_and_gray_are_right(frames: dict[str, pd.DataFrame]) -> None:
    frame = frames["null"]
    death, arm = endpoint(frame, "death"), frame["treated"].astype(bool)
    X = arm.astype(float).rename("treated").to_frame()
    late = death.time_days.where(death.cause < 2, death.time_days.max() + 1)
    direct = fit_fine_gray(death.time_days, death.cause, X, cause_number=1)
    identity = fit_cox(late, death.cause == 1, X, ties="breslow")
    assert direct.coefficients["treated"] == pytest.approx(identity.coefficients["treated"], abs=HOUR)
    ratios = [
        subdistribution_hazard_ratios(death, unadjusted(side), by=120)["estimate"].iloc[0]
        for side in (arm, ~arm)
    ]
    assert ratios[0] * ratios[1] == pytest.approx(1, abs=HOUR)


def test_6_matching_is_legal_and_reported(paper: Paper, protocol: Protocol) -> None:
    frame, score = paper["cohort"]["patients"], paper["matching"]["score"]
    matches, treated = paper["matching"]["pairs"].matches, frame["treated"].astype(bool)
    pairs = matches.pairs
    members = pd.concat([pairs["treated_id"], pairs["control_id"]])
    assert members.is_unique
    assert (pairs["distance"] <= matches.caliper).all()
    assert len(pairs) + len(matches.unmatched) == treated.sum() == DEATH.n_treated
    exact = [frame[name] for name in protocol.matching.exact]
    lp = score.linear_predictor
    optimal = match_optimal(lp, treated, caliper=matches.caliper, exact=exact)
    assert len(optimal.pairs) >= len(pairs)
    order = np.random.default_rng(2).permutation(lp.index)
    again = match_nearest(
        lp[order], treated[order], caliper=matches.caliper, ratio=1, order=protocol.matching.order,
        exact=[column[order] for column in exact],
    )  # fmt: skip
    assert set(zip(again.pairs["treated_id"], again.pairs["control_id"], strict=True)) == set(
        zip(pairs["treated_id"], pairs["control_id"], strict=True)
    )


def test_7_standard_errors_are_valid() -> None:
    b, c, m = 20, 14, 114
    found = paired_risk_difference(PairCounts(3, b, c, m - 3 - b - c), conf_level=0.95)
    assert found.std_error == pytest.approx(np.sqrt((b + c) - (b - c) ** 2 / m) / m, abs=EXACT)
    primary = primary_rows()
    assert primary["coverage"].between(0.935, 0.965).all()
    assert primary.loc["sharp null", "rejects"] == pytest.approx(0.05, abs=0.015)


def test_8_the_truth_is_recovered() -> None:
    assert (primary_rows()["bias"].abs() <= 0.005).all()
    crude = simulated("crude")["bias"]
    assert crude["harm"] < -0.01  # the confounding that hides an effect, by construction
    assert crude["benefit"] > 0.01


def test_9_nothing_from_after_time_zero_enters(project: Project, protocol: Protocol) -> None:
    dictionary = load_dictionary(project.data / "dictionary.csv")
    require_baseline([term.column for term in protocol.propensity.terms], dictionary)
    for mediator in ("imv_day", "icu_day", "stop_day", "discharge_day"):
        with pytest.raises(ContractError, match=mediator):
            require_baseline([mediator], dictionary)
    mistaken = (
        read_precomputed("simulation_mistakes").query("scenario == 'null'").set_index("mistake")["bias"]
    )
    assert mistaken["completers only"] > 0.01


def test_10_unmeasured_confounding_is_quantified() -> None:
    assert e_value(DEATH.risk_treated / DEATH.risk_control) == pytest.approx(1.315, abs=1e-3)
    ratio = VENTILATION.risk_treated / VENTILATION.risk_control
    assert e_value(ratio) == pytest.approx(3.941, abs=1e-3)
    assert e_value_of_interval(1.0202, 4.99) == pytest.approx(1.16, abs=0.01)
    assert e_value(DEATH.risk_treated / DEATH.risk_control, to=1.5) == pytest.approx(2.179, abs=1e-3)
    assert fragility_index(VENTILATION, test="fisher") == 1
    assert fragility_index(DEATH, test="fisher") == 10


def test_11_the_multiverse_is_complete(protocol: Protocol, paper: Paper) -> None:
    table = specifications(protocol)
    axes = levels(protocol)
    product = np.prod([len(v) + (name == "caliper") for name, v in axes.items()])
    assert len(table) == product
    valid = table["excluded"] == ""
    assert valid.sum() >= 1000
    assert table.loc[~valid, "excluded"].str.len().gt(10).all()  # each exclusion has its reason
    assert table["primary"].sum() == 1
    assert valid[table["primary"]].all()
    joint = paper.rows["estimate"].filter(regex=r"^multiverse\.joint\..*\.p_(median|small_p|one_sign)$")
    assert len(joint) >= 3
    assert joint.gt(0).all()
    assert joint.le(1).all()


def test_12_a_hospitals_cohort_can_be_swapped_in(project: Project, tmp_path: Path) -> None:
    dictionary = load_dictionary(project.data / "dictionary.csv")
    own = from_a_hospital(rows_of(project))
    own.to_csv(tmp_path / "own.csv", index=False)
    everyone = load_cohort(tmp_path / "own.csv", dictionary)
    ran = run_chapter(project, "cohort", everyone=everyone)  # all of it: test_own_cohorts.py
    assert ran.variables["origin"] == "real"
    assert ran.shown["tbl-one"].origin == "real"
    faults = {
        "negative day": ("death_day", "-3"),
        "duplicate id": ("patient_id", own["patient_id"].iloc[1]),
        "steroid far after time zero": ("steroid_start_day", "400"),
        "unit slip": ("ldh", "0.2"),
    }
    for name, (column, value) in faults.items():
        broken = own.copy()
        broken.loc[broken.index[0], column] = value
        broken.to_csv(tmp_path / "broken.csv", index=False)
        with pytest.raises(ContractError, match=column):
            load_cohort(tmp_path / "broken.csv", dictionary)
        assert name


def simulated(estimator: str) -> pd.DataFrame:
    """Return the performance of one estimator by world."""
    rows = read_precomputed("simulation").set_index("estimator").loc[estimator].set_index("scenario")
    return rows.loc[[world for world in (*WORLDS, "sharp null") if world in rows.index]]


def primary_rows() -> pd.DataFrame:
    rows = simulated("ow_bootstrap")
    assert len(rows) == len(WORLDS) + 1
    return rows
