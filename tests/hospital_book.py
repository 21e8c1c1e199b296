"""Cohorts of hospitals, their own papers as the chapters make them, and what a reader finds on their pages."""

from __future__ import annotations

import re
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from hospital_cohort import good
from livingpaper.book.show import Drawing
from livingpaper.build.project import Project
from livingpaper.config import config
from livingpaper.lab.texts import ROLES, committed_session
from livingpaper.ledger.claims import Rules
from livingpaper.ledger.verdicts import check_verdicts
from running import Paper, run_paper
from study.hospital.checking import as_text, check_file
from study.hospital.folder import Own, folder_of, write_folder
from study.hospital.own_history import Acceptance
from study.hospital.settings import NAME
from study.protocol.protocol import load_protocol

PAGES = ("index", "cohort", "matching", "outcomes", "sensitivity", "beside", "methods")
FIRST, SECOND = "anakinra", "baricitinib"
SETTINGS = """
[arms]
treated = "{treated}"
control = "{control}"
[paper]
authors = ["A. Author"]
[choices]
"inference.bootstrap_replicates" = 40
"sensitivity.subgroup_bootstraps" = 10
"""
SCORE = '[score]\ncolumns = ["age", "sex", "charlson", "ldh"]\n'
FEW = (
    '[[acknowledged]]\nwarning = "score.terms"\nreason = "clinicians go by these, and the cohort is small"\n'
)
LABS = (
    "ldh",
    "crp",
    "ferritin",
    "ddimer",
    "il6",
    "alt",
    "lymphocytes",
    "neutrophils",
    "platelets",
    "egfr",
    "sofa",
)
CORE = ["patient_id", "hospital", "drug", "age", "sex", "charlson", "ldh", "end_state", "followup_day"]


@dataclass(frozen=True, slots=True)
class Case:
    """A table, what stands beside it, and whether its diagnostics were accepted."""

    rows: pd.DataFrame
    settings: str = ""
    treated: str = FIRST
    control: str = SECOND
    accepted: bool = True


def own_paper(project: Project, folder: Path, case: Case) -> Paper:
    """Write the folder of a case and run its chapters; verdicts hold, or it raises."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "mine.csv"
    case.rows.to_csv(file, index=False)
    settings = SETTINGS.format(treated=case.treated, control=case.control)
    (folder / NAME).write_text(settings + case.settings, "utf-8")
    report = check_file(project, file)
    assert not report.stands, as_text(report)
    target = Project(folder_of(file))
    write_folder(target, own=Own(project, report, load_protocol(project.protocol), None))
    if case.accepted:
        (target.build / "html").mkdir(parents=True)
        (target.build / "html" / "index.html").write_text("the blinded paper")
        yes = Acceptance("A. Clinician", "overlap and balance suffice")
        write_folder(target, own=Own(project, report, load_protocol(project.protocol), yes))
    with chdir(target.root):
        paper = run_paper(target)
    with chdir(target.root):
        ledger = committed_session(target.root).now
        check_verdicts(target.claims, target.root / "book", ledger, Rules(config(target)))
    return paper


def pages(paper: Paper) -> dict[str, str]:
    """Return what each page says: prose, captions, cells of tables and words of figures, roles as they print."""
    root = paper.project.root
    with chdir(root):
        session = committed_session(root)

        def said(found: re.Match[str]) -> str:
            role, text = found.groups()
            return "" if role in ("cite", "ref") else ROLES[role](text, session).text

        def shown(found: re.Match[str]) -> str:
            name = re.search(r'"((?:fig|tbl)-[\w-]+)", """', found[0])
            if name is None:
                return ""
            thing = paper.shown[name[1]]
            body = thing.alt if isinstance(thing, Drawing) else thing.frame.to_csv(index=False)
            return f"{thing.full_caption}\n{body}"

        made = {}
        for page in PAGES:
            text = (root / "book" / f"{page}.md").read_text("utf-8").split("---\n", 2)[2]
            text = re.sub(r"```\{code-cell\}.*?```", shown, text, flags=re.DOTALL)
            made[page] = " ".join(re.sub(r"\{([\w:-]+)\}`([^`]*)`", said, text).split())
        return made


def deaths(rows: pd.DataFrame, risks: dict[str, float]) -> pd.DataFrame:
    """Return the rows with deaths drawn anew, at a risk for each drug, all before day 28."""
    dead = np.random.default_rng(5).random(len(rows)) < rows["drug"].map(risks).astype(float)
    days = {
        name: pd.to_numeric(rows[name]).clip(upper=27) for name in ("followup_day", "stop_day", "icu_day")
    }
    words = {name: days[name].map(lambda day: "" if np.isnan(day) else f"{day:g}") for name in days}
    reason = rows["stop_reason"]
    reason = reason.mask((reason == "death") & ~dead, "discharge").mask(
        (reason == "discharge") & dead, "death"
    )
    return rows.assign(**words, end_state=np.where(dead, "dead", "discharged"), stop_reason=reason)


def with_open_stays(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with two transfers and five stays that go on."""
    home = rows.index[rows["end_state"] == "discharged"][:7]
    rows = rows.copy()
    rows.loc[home, "stop_reason"] = "completed"
    rows.loc[home[:2], "end_state"] = "transferred"
    rows.loc[home[2:], ["end_state", "followup_day"]] = [
        ["in hospital", day] for day in ("9", "12", "20", "31", "8")
    ]
    return rows


def ventilated(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a day of ventilation for some of those in intensive care."""
    some = (rows["icu_day"] != "") & (np.random.default_rng(3).random(len(rows)) < 0.7)
    return rows.assign(imv_day=rows["icu_day"].where(some, ""))


def excluded(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with four patients excluded by one criterion, and forty by another."""
    rows = rows.copy()
    rows.loc[rows.index[:4], "infection_confirmed"] = 0
    rows.loc[rows.index[50:90], "prior_immunomodulator"] = 1
    return rows


def of_three(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows as those of three hospitals and other drugs, without a negative control."""
    first = rows["drug"] == FIRST
    places = np.random.default_rng(1).choice(["North", "South", "West"], len(rows))
    drugs = {
        "drug": np.where(first, "tocilizumab", "JAK inhibitor"),
        "dose_mg_day": np.where(first, "480", "4"),
    }
    return rows.assign(hospital=places, **drugs).drop(columns="pressure_injury")


def twenty_each(rows: pd.DataFrame) -> pd.DataFrame:
    """Return twenty patients of each drug."""
    return pd.concat([rows[rows["drug"] == drug].head(20) for drug in (FIRST, SECOND)])


def with_missing(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with four in ten laboratory values missing."""
    rng, rows = np.random.default_rng(2), rows.copy()
    for name in LABS:
        rows.loc[rng.random(len(rows)) < 0.4, name] = ""
    return rows


def ventilated_in_one(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with nobody ventilated who was given the first drug."""
    made = ventilated(rows)
    return made.assign(imv_day=made["imv_day"].mask(made["drug"] == FIRST, ""))


def of_fifty(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows as those of fifty hospitals."""
    return rows.assign(hospital=[f"Centre {number % 50:02d}" for number in range(len(rows))])


def cases() -> dict[str, Case]:
    """Return the cohorts by name."""
    rows = good()
    nobody = '[[acknowledged]]\nwarning = "outcome.none"\nreason = "nobody died in these months, by the registry"\n'
    return {
        "unclear": Case(rows),
        "benefit": Case(deaths(rows, {FIRST: 0.10, SECOND: 0.40})),
        "harm": Case(deaths(rows, {FIRST: 0.40, SECOND: 0.10})),
        "inside": Case(deaths(good(2400, seed=8), {FIRST: 0.04, SECOND: 0.04})),
        "other drugs": Case(of_three(rows), treated="tocilizumab", control="JAK inhibitor"),
        "open stays": Case(with_open_stays(good(300))),
        "one hospital": Case(rows.assign(hospital="Norte")[CORE], SCORE),
        "small": Case(twenty_each(rows)[CORE], SCORE.replace(', "charlson", "ldh"', "")),
        "twenty in an arm": Case(
            twenty_each(rows)[[*CORE, "sofa"]], SCORE.replace('"ldh"]', '"ldh", "sofa", "hospital"]') + FEW
        ),
        "laboratory missing": Case(with_missing(rows)),
        "one arm ventilated": Case(ventilated_in_one(rows)),
        "fifty hospitals": Case(of_fifty(good(300))[CORE], SCORE.replace('"ldh"]', '"ldh", "hospital"]')),
        "no death in an arm": Case(deaths(rows, {FIRST: 0.0, SECOND: 0.2})),
        "few deaths in an arm": Case(deaths(rows, {FIRST: 0.03, SECOND: 0.2})),
        "everyone alive": Case(deaths(rows, {FIRST: 0.0, SECOND: 0.0}), nobody),
        "blinded": Case(rows, accepted=False),
        "excluded": Case(excluded(rows)),
        "no pairs": Case(rows, '"matching.caliper_sd" = 1e-9\n'),
        "ventilated": Case(ventilated(rows)),
        "exact inside": Case(excluded(rows), '[disclosure]\nprofile = "internal"\n'),
    }
