"""The paper's cohort through the chapters: what comes out, and what it does not depend on."""

from __future__ import annotations

from pathlib import Path

import headtohead as hh
import pandas as pd
import pytest
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS
from livingpaper.build.project import Project
from own_cohort import project_with, rows_of
from running import OF_PATIENTS, Paper, run_paper

ADJUSTMENTS = {"crude", "pairs", "ato", "att", "atm", "ate", "optimal", "exact", "entropy", "truncated"}


def test_the_parts_hold_the_sample_of_the_protocol(paper: Paper) -> None:
    cohort, matching = paper["cohort"], paper["matching"]
    flow = cohort["flow"]
    last = flow[flow["step"] == flow["step"].max()].set_index("arm")["n_remaining"]
    assert dict(last) == {"anakinra": 125, "baricitinib": 217}  # the published numbers
    assert (flow.groupby("arm")["n_excluded"].sum() == flow.groupby("arm")["n_remaining"].max() - last).all()
    assert cohort["strata"]["n"].sum() == 342
    pairs = paper.rows["estimate"].filter(like="matching.pairs.")
    assert pairs["matching.pairs.n"] + pairs["matching.pairs.unmatched"] == 125
    assert pairs["matching.pairs.largest_distance"] <= pairs["matching.pairs.caliper"]
    assert matching["histogram"][["treated", "control"]].sum().tolist() == [125, 217]
    assert (
        {each.key for each in matching["adjustments"]} == ADJUSTMENTS == set(matching["sizes"]["adjustment"])
    )
    assert paper["sensitivity"]["calipers"]["n_pairs"].is_monotonic_increasing


def test_every_estimate_names_its_estimand_outcome_and_horizon(paper: Paper) -> None:
    table = paper["outcomes"]["found"]
    assert set(ESTIMATE_COLUMNS) <= set(table)
    assert len(table) == 10 * 3 * 2 * 4  # adjustments, outcomes, horizons, scales
    assert not table.duplicated(["adjustment", "outcome", "horizon_days", "scale"]).any()
    named = table[["estimand", "population", "outcome", "horizon_days", "scale", "method", "n"]]
    assert named.notna().all(axis=None)


def test_every_interval_holds_its_estimate_or_the_row_says_why_there_is_none(paper: Paper) -> None:
    outcomes = paper["outcomes"]
    tables = [outcomes[name] for name in ("found", "modelled", "ratios", "hazards", "lost", "split", "naive")]
    for table in [*tables, outcomes["wins"].estimates]:
        known = table["estimate"].notna()
        assert (known | table["method"].str.startswith("cannot be estimated, because")).all()
        bounded = table[known & table["conf_low"].notna()]
        assert len(bounded) > 0
        assert (bounded["conf_low"] <= bounded["estimate"] + 1e-9).all()
        assert (bounded["estimate"] <= bounded["conf_high"] + 1e-9).all()


def test_the_crude_rows_are_the_published_counts(paper: Paper) -> None:
    found = paper.rows["estimate"]
    assert found["outcomes.death_stay.crude.rd"] == pytest.approx(22 / 125 - 36 / 217, abs=5e-7)
    assert found["outcomes.imv_stay.crude.rd"] == pytest.approx(13 / 125 - 10 / 217, abs=5e-7)


def test_the_primary_row_is_the_one_of_the_protocol(paper: Paper) -> None:
    row = paper["outcomes"]["primary"]
    assert (row["estimand"], row["outcome"], row["horizon_days"]) == ("ATO", "death", 28)
    assert row["scale"] == "risk difference"
    tests = paper["outcomes"]["equivalence"].set_index(["margin", "name"])
    assert tests.at[("margin", "interval"), "estimate"] == row["estimate"]
    low, high = tests.loc[("margin", "interval"), ["conf_low", "conf_high"]]
    assert tests.at[("margin", "smallest"), "estimate"] == pytest.approx(max(-low, high))


def test_days_states_and_wins_add_up(paper: Paper) -> None:
    rows = paper.rows["estimate"]
    occupation = paper["outcomes"]["occupation"]
    assert occupation.groupby(["arm", "day"])["probability"].sum().to_numpy() == pytest.approx(1)
    for key in ("crude", "pairs", "ato"):
        states = [
            rows[f"outcomes.days.{key}.{state}.treated"] for state in ("death", "discharge", "in_hospital")
        ]
        assert sum(states) == pytest.approx(28, abs=1e-4)
        parts = paper["outcomes"]["wins"].components.query("adjustment == @key")
        net = rows[f"outcomes.wins.{key}.net_benefit"]
        assert parts["wins"].sum() - parts["losses"].sum() == pytest.approx(net, abs=1e-6)
    dead = occupation.query("state == 'dead' and arm == 'treated'")["probability"]
    # the same curve, day by day
    assert dead.iloc[:-1].sum() == pytest.approx(rows["outcomes.days.ato.death.treated"], abs=1e-4)


def test_the_flat_prior_leaves_the_estimate_and_the_others_pull(paper: Paper) -> None:
    rows = paper.rows["estimate"]
    flat, sceptical = (rows[f"outcomes.posterior.{name}.rd"] for name in ("flat", "sceptical"))
    assert flat == pytest.approx(rows["outcomes.death28.ato.rd"], abs=1e-6)
    assert abs(sceptical) < abs(flat)
    assert rows["outcomes.posterior.sceptical.within_margin"] > rows["outcomes.posterior.flat.within_margin"]


@pytest.mark.whole
def test_whatever_the_order_of_the_rows(paper: Paper, project: Project, tmp_path: Path) -> None:
    rows = rows_of(project)
    shuffled = rows.sample(frac=1, random_state=7)
    assert list(shuffled["patient_id"]) != list(rows["patient_id"])
    again = run_paper(project_with(project, tmp_path / "p", shuffled, {}), OF_PATIENTS).rows
    again = again[~again["id"].str.startswith("multiverse.joint.")]  # from null curves of the committed file
    pd.testing.assert_frame_equal(again, paper.rows.loc[again.index])


def test_another_seed_moves_only_what_is_simulated(paper: Paper) -> None:
    outcomes = paper["outcomes"]
    inference = hh.Inference(0.95, 20, seed=1)
    again = hh.risks(outcomes["endpoints"], outcomes["adjustments"], by=(28, 120), inference=inference)
    key = ["adjustment", "outcome", "horizon_days", "scale"]
    here, there = (table.set_index(key).sort_index() for table in (outcomes["found"], again))
    pd.testing.assert_series_equal(here["estimate"], there["estimate"])
    pd.testing.assert_frame_equal(here.loc[["crude", "pairs"]], there.loc[["crude", "pairs"]])
    assert (here.loc["ato", "conf_low"] != there.loc["ato", "conf_low"]).any()


def test_one_more_adjustment_in_the_middle_moves_no_other(paper: Paper) -> None:
    """Streams hang on names: of risks, curves, days, wins and standardised risks."""
    outcomes, score = paper["outcomes"], paper["matching"]["score"]
    inference = hh.Inference(0.95, 8, seed=3)
    first, *rest = [
        each for each in outcomes["adjustments"] if each.key in ("crude", "ato", "ate", "entropy")
    ]
    longer = [first, score.weight("ATC"), *rest]
    death, levels = outcomes["death"], outcomes["levels"]

    def tables(adjustments: list[hh.Adjustment]) -> list[pd.DataFrame]:
        return [
            hh.risks(death, adjustments, by=28, inference=inference),
            hh.incidence_curves(death, adjustments, by=28, inference=inference),
            hh.days_lost(death, adjustments, by=28, event_free="in hospital", inference=inference),
            hh.win_ratios(levels, adjustments, outcome="hierarchy", by=28, inference=inference).estimates,
        ]

    for before, after in zip(tables([first, *rest]), tables(longer), strict=True):
        assert "atc" in set(after["adjustment"])
        kept = after[after["adjustment"] != "atc"].reset_index(drop=True)
        pd.testing.assert_frame_equal(kept, before.reset_index(drop=True), check_dtype=False)


def test_one_more_population_moves_no_other_standardised_risk(paper: Paper) -> None:
    outcomes, inference = paper["outcomes"], hh.Inference(0.95, 8, seed=3)

    def rows(*estimands: str) -> pd.DataFrame:
        found = hh.standardised_risks(
            outcomes["death"], outcomes["score"], outcomes["prognostic"], by=28, estimands=estimands,
            inference=inference,
        )  # fmt: skip
        return found[found["estimand"] != "ATM"].reset_index(drop=True)

    pd.testing.assert_frame_equal(rows("ATO", "ATM", "ATE"), rows("ATO", "ATE"), check_dtype=False)
