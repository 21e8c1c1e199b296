"""One cohort from the contract to the sensitivity analyses: what comes out, and what it does not depend on."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Iterator

import pandas as pd
import pytest
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS
from livingpaper.book.show import MAX_ROWS
from livingpaper.build.project import Project
from livingpaper.ledger.ledger import ledger_csv
from own_cohort import from_a_hospital, rows_of
from study.data.contract import validate_cohort
from study.data.load import load_cohort
from study.numbers import paper_ledger
from study.protocol.protocol import Protocol
from study.results import Paper, Study, primary_row
from study.run import run

LONG = (
    ".curve",
    ".curves",
    ".posterior",
    ".posterior_curves",
    ".occupation",
)  # by day, value or analysis, not by patient
CURVES = ["key", "outcome", "cause", "arm", "day"]


@pytest.fixture(scope="module")
def study(cohort: pd.DataFrame, dictionary: pd.DataFrame, quick: Protocol) -> Study:
    return run(cohort, dictionary, quick)


def frames(results: object, path: str = "") -> Iterator[tuple[str, pd.DataFrame]]:
    """Return every frame inside results, with its place."""
    if isinstance(results, pd.DataFrame):
        yield path, results
    elif dataclasses.is_dataclass(results):
        for part in dataclasses.fields(results):
            yield from frames(getattr(results, part.name), f"{path}.{part.name}")
    elif isinstance(results, dict):
        for name, value in results.items():
            yield from frames(value, f"{path}.{name}")


def numbers_of(study: Study, paper: Paper) -> str:
    """Return the ledger of the paper with another main study."""
    return ledger_csv(paper_ledger(dataclasses.replace(paper, study=study)))


def test_the_parts_hold_the_sample_of_the_protocol(study: Study) -> None:
    flow = study.cohort.attrition
    last = flow[flow["step"] == flow["step"].max()].set_index("arm")["n_remaining"]
    assert dict(last) == {"anakinra": 125, "baricitinib": 217}  # the published numbers
    assert (flow.groupby("arm")["n_excluded"].sum() == flow.groupby("arm")["n_remaining"].max() - last).all()
    assert study.cohort.strata["n"].sum() == 342
    assert study.matching.pairs["n"] + study.matching.pairs["unmatched"] == 125
    assert study.matching.pairs["largest_distance"] <= study.matching.pairs["caliper"]
    assert study.matching.histogram[["treated", "control"]].sum().tolist() == [125, 217]
    assert set(study.matching.sizes["key"]) == {
        "crude",
        "pairs",
        "ato",
        "att",
        "atm",
        "ate",
        "optimal",
        "exact",
        "entropy",
        "truncated",
    }
    assert list(study.sensitivity.calipers["n_pairs"]) == sorted(study.sensitivity.calipers["n_pairs"])


def test_every_estimate_names_its_estimand_outcome_and_horizon(study: Study) -> None:
    table = study.outcomes.estimates
    assert set(ESTIMATE_COLUMNS) <= set(table)
    assert len(table) == 10 * 3 * 2 * 4  # adjustments, outcomes, horizons, scales
    assert not table.duplicated(["key", "outcome", "horizon_days", "scale"]).any()
    assert (
        table[["estimand", "population", "outcome", "horizon_days", "scale", "method", "n"]]
        .notna()
        .all(axis=None)
    )
    known = table["estimate"].notna()
    assert (known | table["method"].str.startswith("cannot be estimated, because")).all()
    assert (table["conf_low"] <= table["estimate"])[known].all()
    assert (table["estimate"] <= table["conf_high"])[known].all()


def test_the_crude_rows_are_the_published_counts(study: Study) -> None:
    crude = study.outcomes.estimates.query(
        "key == 'crude' and scale == 'risk difference' and horizon_days == 120"
    )
    found = crude.set_index("outcome")["estimate"]
    assert found["death"] == pytest.approx(22 / 125 - 36 / 217, abs=1e-12)
    assert found["imv"] == pytest.approx(13 / 125 - 10 / 217, abs=1e-12)


def test_the_primary_row_is_the_one_of_the_protocol(study: Study, quick: Protocol) -> None:
    row = primary_row(study.outcomes.estimates, quick)
    assert (row["estimand"], row["outcome"], row["horizon_days"]) == ("ATO", "death", 28)
    assert row["scale"] == "risk difference"
    test = study.outcomes.equivalence["margin"]
    assert (test.estimate, test.margin) == (row["estimate"], 0.05)


def test_no_patient_is_in_the_results(study: Study, paper: Paper, cohort: pd.DataFrame) -> None:
    found = [*frames(study, "study"), *frames(paper, "paper")]
    assert len(found) > 60
    for place, frame in found:
        columns = [*frame.columns.astype(str), *(str(name) for name in frame.index.names)]
        assert not [name for name in columns if name in ("patient", "patient_id") or name.endswith("_id")], (
            place
        )
        assert not frame.index.isin(cohort.index).any(), place
        assert not frame.astype(str).isin(set(cohort.index)).any(axis=None), place
        assert len(frame) <= MAX_ROWS or place.endswith(LONG), f"{place} has {len(frame)} rows"
    assert not study.outcomes.curves.duplicated(CURVES).any()
    assert b"SYN-0" not in pickle.dumps(study)
    assert b"SYN-0" in pickle.dumps(cohort)  # or the line above could not fail


def test_twice_the_same_and_whatever_the_order_of_the_rows(
    study: Study, paper: Paper, project: Project, dictionary: pd.DataFrame, quick: Protocol
) -> None:
    numbers = numbers_of(study, paper)
    path = project.data / "synthetic" / "cohort_null.csv"
    raw = load_cohort(path, dictionary).reset_index()
    shuffled = raw.sample(frac=1, random_state=7)
    assert list(shuffled["patient_id"]) != list(raw["patient_id"])
    again = run(validate_cohort(shuffled.reset_index(drop=True), dictionary), dictionary, quick)
    assert numbers_of(again, paper) == numbers


def test_another_seed_moves_only_what_is_simulated(
    study: Study, cohort: pd.DataFrame, dictionary: pd.DataFrame, quick: Protocol
) -> None:
    other = quick.inference.model_copy(update={"seed": 1})
    again = run(cohort, dictionary, quick.model_copy(update={"inference": other}))
    key = ["key", "outcome", "horizon_days", "scale"]
    here, there = (s.outcomes.estimates.set_index(key).sort_index() for s in (study, again))
    pd.testing.assert_series_equal(here["estimate"], there["estimate"])
    pd.testing.assert_frame_equal(here.loc[["crude", "pairs"]], there.loc[["crude", "pairs"]])
    assert (here.loc["ato", "conf_low"] != there.loc["ato", "conf_low"]).any()


def test_a_hospitals_own_cohort(
    project: Project, dictionary: pd.DataFrame, quick: Protocol, paper: Paper
) -> None:
    rows = from_a_hospital(rows_of(project)).replace("", None)
    numeric = dictionary.loc[dictionary["type"].isin(["number", "integer", "binary"]), "name"]
    rows[list(numeric)] = rows[list(numeric)].astype(float)
    own = run(validate_cohort(rows, dictionary), dictionary, quick)
    assert own.cohort.synthetic is False
    assert set(own.cohort.strata["hospital"]) == {"Norte", "Sur", "Costa del Sol"}
    estimates = own.outcomes.estimates
    ratios = estimates[(estimates["outcome"] == "imv") & (estimates["scale"] == "risk ratio")]
    assert ratios["estimate"].isna().all()
    assert (ratios["method"] == "cannot be estimated, because an arm has no event").all()
    hazards = own.outcomes.hazards.query("outcome == 'imv' and cause == 'ventilation'")
    assert hazards["method"].str.startswith("cannot be estimated, because").all()
    ledger = paper_ledger(dataclasses.replace(paper, study=own)).set_index("id")
    mine = ledger.index.str.match(r"(cohort|matching|outcomes|sensitivity)\.")
    assert set(ledger.loc[mine, "origin"]) == {"real"}
    assert ledger.at["sensitivity.subset.hospital_costa_del_sol.rd", "origin"] == "real"
    assert ledger.at["outcomes.imv28.ato.rr", "text"].startswith("cannot be estimated")


def test_a_cohort_without_deaths_has_risks_and_says_what_it_has_not(
    project: Project, dictionary: pd.DataFrame, quick: Protocol
) -> None:
    rows = load_cohort(project.data / "synthetic" / "cohort_null.csv", dictionary)
    died = rows["end_state"] == "dead"
    alive = rows.assign(
        end_state=rows["end_state"].mask(died, "discharged"),
        discharge_day=rows["discharge_day"].mask(died, rows["followup_day"]),
        death_day=float("nan"),
    )
    found = run(alive, dictionary, quick).outcomes
    row = found.estimates.query("key == 'pairs' and outcome == 'death' and scale == 'risk difference'").iloc[
        0
    ]
    half = 1.959964**2 / (
        row["n"] / 2 + 1.959964**2
    )  # Tango's interval without discordant pairs: z2 / (m + z2)
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((-half, half), abs=1e-6)
    assert found.proportional["p_value"].isna().all()
    assert found.proportional["method"].str.startswith("cannot be estimated, because a hazard ratio").all()
