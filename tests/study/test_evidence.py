from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livingpaper.book.show import Figure, Table
from livingpaper.build.project import Project
from running import Ran, run_chapter
from study.evidence.contract import COLUMNS, load_evidence
from study.protocol.protocol import Protocol

NEW_TRIAL: dict[str, Any] = {
    "id": "new-28", "study": "New trial", "design": "randomised trial", "drug": "baricitinib",
    "comparator": "usual care", "n_drug": 1000, "deaths_drug": 150, "n_comparator": 1000, "deaths_comparator": 100,
    "horizon": "day 28", "outcome": "death", "measure": "counts", "doi": "10.1000/new", "source": "primary",
    "include": "yes", "analysis": "baricitinib", "reason": "for the test",
}  # fmt: skip
CHAPTERS = ("evidence", "supplement-evidence")
OTHER = {"DL": ("normal", 0.9), "PM": ("HK", 0.99), "ML": ("modified HK", 0.8)}  # tau2: interval, level


def changed(protocol: Protocol, tau2: str, interval: str, level: float) -> Protocol:
    pooling = protocol.evidence.model_copy(update={"tau2": tau2, "interval": interval})
    inference = protocol.inference.model_copy(update={"conf_level": level})
    return protocol.model_copy(update={"evidence": pooling, "inference": inference})


@pytest.fixture(scope="module")
def ran(project: Project, protocol: Protocol) -> Ran:
    return run_chapter(
        project, "evidence", "supplement-evidence", plan=changed(protocol, "REML", "modified HK", 0.95)
    )


def test_tables_print_no_working_notes(ran: Ran) -> None:
    """How a row was read and checked stands under ``seen_in``, which no table prints."""
    working = re.compile(r"excerpt|arithmetic|second time|not seen|not checked|was read|cut off")
    for name in ("tbl-evidence", "tbl-left-out"):
        cells = ran.shown[name].frame.astype(str).stack()
        assert cells[cells.str.contains(working)].tolist() == []


def test_studies_are_listed_with_their_pubmed_number(ran: Ran, project: Project) -> None:
    evidence = load_evidence(project.data / "evidence.csv")
    numbers = evidence.loc[evidence["include"] == "yes", "pmid"]
    printed = ran.shown["tbl-evidence"].frame["Identifier"].str.partition(", PubMed ")[2]
    assert printed.tolist() == numbers.tolist()
    assert (numbers != "").sum() > 15
    alone = ran.shown["tbl-left-out"].frame["Identifier"]
    assert alone[~alone.str.contains("/")].str.match(r"PubMed \d+$|NCT|CRD").all()


def test_a_row_added_to_the_file_changes_every_result(
    project: Project, protocol: Protocol, ran: Ran, tmp_path: Path
) -> None:
    copy = tmp_path / "evidence.csv"
    shutil.copy(project.data / "evidence.csv", copy)
    with copy.open("a", newline="") as file:
        csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n").writerow(NEW_TRIAL)
    plan = changed(protocol, "REML", "modified HK", 0.95)
    again = run_chapter(project, *CHAPTERS, plan=plan, evidence=load_evidence(copy))
    before, after = ran.rows["estimate"], again.rows["estimate"]
    assert after["evidence.rows"] == before["evidence.rows"] + 1
    assert after["evidence.baricitinib.k"] == before["evidence.baricitinib.k"] + 1
    assert after["evidence.baricitinib"] > before["evidence.baricitinib"] + 0.02
    assert after["evidence.baricitinib.studies.new_28"] == pytest.approx(1.5)
    for id_ in ("evidence.indirect.trials", "evidence.disagreement.trials"):
        assert abs(after[id_] - before[id_]) > 0.02
    ways = [id_ for id_ in before.index if id_.startswith("evidence.estimators.")]
    assert not np.isclose(after[ways], before[ways]).any()
    assert after["evidence.jak"] == before["evidence.jak"]  # the reproduced pool is another analysis
    assert "New trial" in again.shown["tbl-evidence"].frame["Study"].tolist()
    assert "9 studies" in again.shown["fig-baricitinib"].alt


def test_the_published_pool_is_reproduced_and_parts_fit(ran: Ran) -> None:
    assert ran.shown["tbl-jak"].frame["Verdict"].tolist() == ["reproduced"] * 3
    by = ran.rows["estimate"]
    for source in ("trials", "five", "stay"):
        usual = by[f"evidence.indirect.{source}.usual_care"]
        assert by[f"evidence.indirect.{source}"] == pytest.approx(usual / by["evidence.baricitinib"])
    # the direct ratio by hand: 22 of 125 against 36 of 217
    assert by["evidence.indirect.direct"] == pytest.approx((22 / 125) / (36 / 217))
    assert by[by.index.str.startswith("evidence.baricitinib.weights.")].sum() == pytest.approx(100)
    largest = by[by.index.str.startswith("evidence.baricitinib.weights.")].idxmax()
    assert largest == "evidence.baricitinib.weights.recovery_lancet_28"
    without = by[by.index.str.startswith("evidence.baricitinib.without.")]
    assert len(without) == by["evidence.baricitinib.k"]
    assert without["evidence.baricitinib.without.recovery_lancet_28"] == without.min()


def test_randomised_and_observational_evidence_stay_apart(ran: Ran, project: Project) -> None:
    by = ran.rows["estimate"]
    # SAVE-MORE and ANACONDA by hand: 13 + 13 + 9 + 3 deaths of 405 + 189 + 37 + 34 patients
    assert by["evidence.anakinra_randomised.deaths"] == 38
    assert by["evidence.anakinra_randomised.n"] == 665
    assert by["evidence.anakinra_randomised.without.save_more_counts_28"] == pytest.approx(
        (9 / 37) / (3 / 34)
    )
    assert by["evidence.anakinra_observational.n"] == 2 * 130 + 2 * 56
    file = load_evidence(project.data / "evidence.csv")
    out = ran.shown["tbl-left-out"].frame
    assert len(out) == (file["include"] == "no").sum()
    assert (out["Left out because"] != "").all()


def test_the_summary_of_findings_by_hand(ran: Ran) -> None:
    by = ran.rows["estimate"]
    # the review: 232 deaths per 1,000 and a ratio of 0.96 are 9.28 fewer, as its own table prints
    assert by["evidence.summary.trials.difference"] == pytest.approx(-9.28)
    assert by["evidence.summary.direct.without"] == pytest.approx(1000 * 36 / 217)
    for source, ratio in {"baricitinib": "baricitinib", "five": "indirect.five.usual_care"}.items():
        without = by[f"evidence.summary.{source}.without"]
        assert by[f"evidence.summary.{source}.difference"] == pytest.approx(
            (by[f"evidence.{ratio}"] - 1) * without
        )
    assert len(ran.shown["tbl-summary"].frame) == 7


def test_the_trials_that_the_supplement_names_are_those_of_the_file(project: Project) -> None:
    """Rows without deaths enter no result, so that no claim sees them: what is said of them is held here."""
    text = (project.root / "book" / "supplement-evidence.md").read_text("utf-8")
    said = "(CORIMUNO-ANA, COV-AID, REMAP-CAP, Kharazmi, the trial from Qatar) print none that we could read, and ANA-COVID-GEAS"
    assert said in text
    file = load_evidence(project.data / "evidence.csv")
    trials = file[(file["drug"] == "anakinra") & (file["design"] == "randomised trial")]
    named = {"CORIMUNO-ANA-1", "COV-AID", "REMAP-CAP", "Kharazmi", "Trial in Qatar"}
    assert {*trials["study"]} == named | {*trials.loc[trials["include"] == "yes", "study"]}
    assert not trials.loc[trials["study"].isin(named), "deaths_drug"].notna().any()
    assert not file["study"].str.contains("GEAS|Turkish|Task Force").any()


def test_two_sources_of_one_trial_stand_side_by_side(ran: Ran) -> None:
    rows = ran.rows
    printed, implied = (
        rows.loc["evidence.study.save_more_counts_28"],
        rows.loc["evidence.study.save_more_28.from_p"],
    )
    assert (printed["conf_low"], printed["conf_high"]) == (0.22, 1.04)
    assert (round(implied["conf_low"], 2), round(implied["conf_high"], 2)) == (0.21, 0.98)
    assert rows.at["evidence.study.pancovid_published_28", "estimate"] == 0.42


def test_risks_of_the_trials_by_hand(ran: Ran, project: Project) -> None:
    file = load_evidence(project.data / "evidence.csv")
    trials = file[file["analysis"].str.contains("baricitinib") & (file["include"] == "yes")]
    risk = trials["deaths_comparator"].sum() / trials["n_comparator"].sum()
    rows = ran.rows
    assert rows.at["evidence.baricitinib.risk_control", "estimate"] == pytest.approx(risk)
    difference = (rows.at["evidence.baricitinib", "estimate"] - 1) * risk
    assert rows.at["evidence.baricitinib.rd", "estimate"] == pytest.approx(difference)


def test_a_printed_interval_stays_as_printed(ran: Ran) -> None:
    row = ran.rows.loc["evidence.indirect.trials.usual_care"]
    assert tuple(row[["estimate", "conf_low", "conf_high"]]) == (0.96, 0.64, 1.45)
    assert row["origin"] == "published"


@pytest.mark.whole
@pytest.mark.parametrize("tau2", OTHER)
def test_every_exhibit_under_other_choices(tau2: str, project: Project, protocol: Protocol, ran: Ran) -> None:
    interval, level = OTHER[tau2]
    other = run_chapter(project, *CHAPTERS, plan=changed(protocol, tau2, interval, level))
    assert other.shown.keys() == ran.shown.keys()
    for shown in other.shown.values():
        assert isinstance(shown, (Figure, Table))
        if isinstance(shown, Table):
            assert not shown.frame.astype(str).isin(["nan", "None", ""]).any(axis=None)
        else:
            assert "nan" not in shown.svg()
    pooled = other.rows.loc["evidence.baricitinib"]
    assert pooled["conf_level"] == level
    name = f"evidence.estimators.{tau2.lower()}.{interval.lower().replace(' ', '_')}"
    assert pooled["estimate"] == pytest.approx(other.rows.at[name, "estimate"])
    # what a publication prints keeps its own level, and what is reproduced stays reproduced
    printed = other.rows.loc["evidence.study.review_1"]
    assert (printed["conf_low"], printed["conf_level"]) == (0.64, 0.95)
    assert other.shown["tbl-jak"].frame["Verdict"].tolist() == ["reproduced"] * 3
    used = other.rows.loc["evidence.indirect.trials.usual_care"]
    narrower = used["conf_high"] / used["conf_low"] < 1.45 / 0.64
    assert narrower == (level < 0.95)
