"""The small core that every cohort needs, what is optional, and which analyses are left out without it."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from study.hospital.columns import Ours
from study.hospital.findings import Finding, finding, note, warning
from study.hospital.settings import named_columns
from study.protocol.protocol import Protocol

CORE = ("patient_id", "drug", "end_state", "followup_day", "age", "sex", "hospital")
BASELINE = ("baseline", "site", "period")  # roles that a score may use
PATIENTS_TO_FIT = 5  # in an arm, to say anything at all
ANALYSES = {  # optional columns, and the analyses that only they carry
    "imv_day": "invasive ventilation, and ventilation or death",
    "icu_day": "days in each state, and the hierarchy of outcomes",
    "stop_day": "per-protocol analysis, and deviations from the course",
    "stop_reason": "per-protocol analysis, and deviations from the course",
    "planned_days": "per-protocol analysis, and deviations from the course",
    "dose_mg_day": "the table of doses",
    "rescue_day": "rescue treatment by arm",
    "admission_to_dose": "the analysis of immortal time",
    "period": "calendar period: exact matching, concurrent patients, weights by period",
    "secondary_infection": "safety: secondary infection",
    "new_vte": "safety: new venous thromboembolism",
    "alt_rise": "safety: rise of alanine aminotransferase",
    "aki": "safety: acute kidney injury",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An analysis that is left out, and the columns that it lacks."""

    analysis: str
    columns: tuple[str, ...]


def score_columns(made: Ours, plan: Protocol) -> tuple[str, ...]:
    """Return the columns of the score: those of ``cohort.toml``, else those of the protocol."""
    if made.settings.score:
        return made.settings.score.columns
    return tuple(dict.fromkeys(term.column for term in plan.propensity.terms))


def left_out(made: Ours, plan: Protocol) -> list[LeftOut]:
    """Return every analysis that lacks a column, by name; what the core or the score lacks is an error, not here."""
    lacking = [name for name in made.dictionary.index if not made.has(name)]
    roles, labels = made.dictionary["role"], made.dictionary["label"]
    elsewhere = {*score_columns(made, plan), *CORE}
    carries = [
        *((ANALYSES[name], name) for name in lacking if name in ANALYSES),
        *((f"eligibility: {each.label}", each.column) for each in plan.eligibility),
        *((f"subgroups by {labels.get(each.column, '').lower()}", each.column) for each in plan.sensitivity.subgroups),
        ("the negative control", plan.sensitivity.negative_control),
        *(("estimates with an outcome model", each) for each in sorted({t.column for t in plan.further.outcome_terms})),
        *(("rows of the baseline table", name) for name in lacking if roles[name] in BASELINE and name not in elsewhere),
    ]  # fmt: skip
    found: dict[str, list[str]] = {}
    for analysis, name in carries:
        if name in lacking:
            found.setdefault(analysis, []).append(name)
    return [LeftOut(analysis, tuple(columns)) for analysis, columns in found.items()]


def check_columns(made: Ours, theirs: list[str], plan: Protocol) -> Iterator[Finding]:
    """Yield what is wrong with which columns are there, and with the names in ``cohort.toml``."""
    ours = list(made.dictionary.index)
    used = {*made.theirs.values(), made.settings.dates.reference}
    spare = [name for name in theirs if name not in used]
    for name in dict.fromkeys((*CORE, *score_columns(made, plan))):
        if name in ours and not made.has(name):
            close = difflib.get_close_matches(name, spare, 1, 0.6)
            hint = f'; perhaps {close[0]!r}: {name} = "{close[0]}" under [columns]' if close else ""
            other = "" if name in CORE else ", or choose a score without it under [score]"
            do = f"add it, or say which column it is{hint}{other}"
            code = "column.core" if name in CORE else "column.score"
            yield from finding(code, name, "be in the file", do, found="no such column")
    for part, name, of in named_columns(made.settings):
        known = ours if of == "data/dictionary.csv" else theirs
        if name not in known:
            close = difflib.get_close_matches(name, known, 1, 0.5)
            do = f"correct it{f', perhaps {close[0]!r}' if close else ''}"
            must = f"name columns of {of} under [{part}]"
            yield from finding("settings.name", "", must, do, found=repr(name))
    for name in spare:
        do = "leave it out of the export, or name it under [columns]"
        yield from note("column.unused", name, "be one of ours to be used", do, found="no such name")


def check_choices(made: Ours, plan: Protocol) -> Iterator[Finding]:
    """Yield what the choices ask and these patients cannot give: arms, score, eligibility, patients per term."""
    score = score_columns(made, plan)
    yield from _roles(made, score)
    if not made.has("drug"):
        return
    arms = made.settings.arms or plan.arms
    sizes = {arm: int((made.frame["drug"] == arm).sum()) for arm in (arms.treated, arms.control)}
    for arm, size in sizes.items():
        if size < PATIENTS_TO_FIT:
            do = "name the two drugs under [arms], and theirs under [levels.drug]"
            must = f"have at least {PATIENTS_TO_FIT} patients of {arm!r}"
            yield from finding("arms.empty", "drug", must, do, found="fewer" if size else "none")
    least = plan.propensity.min_treated_per_term
    if PATIENTS_TO_FIT <= min(sizes.values()) < least * len(score):
        do = "choose fewer columns under [score], or acknowledge it"
        must = f"have {least} patients in the smaller arm for each of {len(score)} columns of the score"
        yield from warning("score.terms", "drug", must, do, found="fewer")
    for name in filter(made.has, score):
        share = float(made.frame[name].isna().mean())
        if share > 0.5:
            do = "take it out of the score under [score], or acknowledge it"
            must = "be known of most patients to be in the score"
            yield from warning("score.missing", name, must, do, found=f"{share:.0%} missing")
        elif made.frame[name].nunique() < 2:
            do = "nothing to do: it is left out of the score"
            yield from note("score.constant", name, "vary to be in the score", do, found="one value")


def _roles(made: Ours, score: tuple[str, ...]) -> Iterator[Finding]:
    for name in score:
        role = made.dictionary["role"].get(name, "")
        if role and role not in BASELINE:
            do = "take it out of the score: it may be a consequence of the drug"
            must = "be measured at or before time zero to be in the score"
            yield from finding("score.role", name, must, do, found=f"the role {role!r}")


def arms_of(made: Ours, plan: Protocol) -> np.ndarray:
    """Return 1 for the treated, 0 for the control and -1 for anybody else, shape (n,)."""
    arms = made.settings.arms or plan.arms
    if not made.has("drug"):
        return np.full(len(made.lines), -1)
    drug = made.frame["drug"]
    return np.select([drug == arms.treated, drug == arms.control], [1, 0], -1)
