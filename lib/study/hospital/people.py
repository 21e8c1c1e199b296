"""What patients together betray: a person twice, a hospital spelt twice, arms, doses, outcomes, days from admission."""

import difflib
import itertools
import re
import unicodedata

import numpy as np

from study.hospital.columns import COUNTED, Ours
from study.hospital.contract import arms_of
from study.hospital.findings import Finding, finding
from study.hospital.parsing import DATE, NAMED_MONTH
from study.hospital.suspicions import LEAST
from study.hospital.tables import rows_where
from study.protocol.protocol import Protocol

DOSES = {  # mg a day that are given
    "anakinra": (50, 1200), "baricitinib": (1, 8), "tocilizumab": (100, 1600), "sarilumab": (100, 400),
    "tofacitinib": (5, 20), "ruxolitinib": (5, 50), "dexamethasone": (3, 40), "imatinib": (100, 800),
}  # fmt: skip
ALIKE = 0.86  # of two names, from 0 to 1
MOST_LABELS = 200
WITHIN_WAIT = 6.0  # none of so many expected is rarer than 1 in 400


def check_people(made: Ours, plan: Protocol) -> list[Finding]:
    """Return what is seen of patients together, not of one value or one patient."""
    arms = arms_of(made, plan)
    return [
        *_one_person_twice(made),
        *(each for name in ("hospital", "period") for each in _labels(made, name)),
        *_doses(made, plan, arms),
        *_outcomes(made, arms),
        *_from_admission(made),
    ]


def _one_person_twice(made: Ours) -> list[Finding]:
    """Return rows that agree on so many measurements that chance cannot explain it, under two ids."""
    roles, kinds = made.dictionary["role"], made.dictionary["type"]
    names = [
        name for name in made.frame if roles[name] == "baseline" and kinds[name] in ("number", "integer")
    ]
    rich = sorted(names, key=lambda name: -made.frame[name].nunique())[:12]
    twice = np.zeros(len(made.frame), bool)
    for part in (rich, rich[::2], rich[1::2]):
        known = made.frame[part].notna().sum(axis=1).to_numpy() >= max(4, len(part) - 2)
        room = np.sum([np.log(max(1.0, made.frame[name].nunique() / 2)) for name in part[:-2]])
        if len(part) >= 6 and known.sum() > 1 and room > 2 * np.log(len(made.frame)) + np.log(100):
            twice[known] |= made.frame.loc[known, part].duplicated(keep=False).to_numpy()
    do = "keep one row if they are one person, or acknowledge it"
    must = "differ from others in its measurements, if the ids do"
    return finding("person.twice", "patient_id", must, do, twice, level="warning")


def _plain(label: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", label.casefold()) if not unicodedata.combining(c))
    return re.sub(
        r"[\W_]+", "", re.sub(r"\b(hospital|hosp|hosp\.|clinic|university|univ|the|of|de|del|la)\b", "", bare)
    )


def _labels(made: Ours, name: str) -> list[Finding]:
    """Return labels that are dates, and two that are one label spelt twice."""
    if not made.has(name):
        return []
    values = made.frame[name].astype("category")
    do = f"say which it is under [levels.{name}]"
    found: list[Finding] = []
    if name == "period":
        dates = rows_where(values, lambda text: bool(DATE.fullmatch(text) or NAMED_MONTH.match(text)))
        mask = np.isin(np.arange(len(values)), dates)
        found += finding(
            "period.date", name, "be periods of months, not dates", "group dates into periods", mask
        )
        if found:
            return found
    labels = list(values.cat.categories)[:MOST_LABELS]
    for one, other in itertools.combinations(labels, 2):
        a, b = _plain(one) or one, _plain(other) or other
        same = a == b
        digits = re.findall(r"\d+", a) == re.findall(r"\d+", b)
        near = digits and min(len(a), len(b)) >= 5 and difflib.SequenceMatcher(None, a, b).ratio() >= ALIKE
        if same or near:
            count = values.value_counts()
            rare = one if count[one] < count[other] else other
            level = "error" if same else "warning"
            must = "be spelt in one way"
            add = "" if same else ", or acknowledge that they are two"
            found += finding("label.alike", name, must, do + add, values == rare, level=level)  # type: ignore[arg-type]
    return found


def _doses(made: Ours, plan: Protocol, arms: np.ndarray) -> list[Finding]:
    """Return doses that are never given of the drug, and those nearer to the other arm's."""
    if not made.has("dose_mg_day"):
        return []
    chosen = made.settings.arms or plan.arms
    table = DOSES | (made.settings.arms.doses if made.settings.arms else {})
    dose = made.frame["dose_mg_day"].to_numpy(float)
    wrong = np.zeros(len(dose), bool)
    for code, drug in ((1, chosen.treated), (0, chosen.control)):
        if drug.casefold() in table:
            low, high = table[drug.casefold()]
            wrong |= (arms == code) & ((dose < low) | (dose > high))
    logs = np.log(np.where(dose > 0, dose, np.nan))
    if min((arms == 1).sum(), (arms == 0).sum()) >= LEAST and (~np.isnan(logs)).any():
        middle = [
            np.nanmedian(logs[arms == code]) if (~np.isnan(logs[arms == code])).any() else np.nan
            for code in (0, 1)
        ]
        if abs(middle[1] - middle[0]) > np.log(8):
            own, other = np.take(middle, np.maximum(arms, 0)), np.take(middle, 1 - np.maximum(arms, 0))
            wrong |= (arms >= 0) & (abs(logs - own) > abs(logs - other))
    do = "correct drug or dose; give a drug's own doses as doses under [arms], or acknowledge it"
    return finding(
        "arms.dose", "dose_mg_day", "be a dose that is given of the drug", do, wrong, level="warning"
    )


def _outcomes(made: Ours, arms: np.ndarray) -> list[Finding]:
    """Return an arm in which all died, or nobody in the cohort."""
    if not made.has("end_state"):
        return []
    dead = (made.frame["end_state"] == "dead").to_numpy()
    found: list[Finding] = []
    do = "look at [levels.end_state], then correct or acknowledge it"
    for code, which in ((1, "the treated arm"), (0, "the control arm")):
        if (arms == code).sum() >= 2 and dead[arms == code].all():
            found += finding(
                "outcome.all",
                "end_state",
                f"not be dead in all of {which}",
                do,
                level="warning",
                found="no survivor",
            )
    if len(dead) >= 50 and not dead.any():
        found += finding(
            "outcome.none", "end_state", "be dead in somebody", do, level="warning", found="no death"
        )
    return found


def _from_admission(made: Ours) -> list[Finding]:
    """Return days that never lie within the wait before the first dose: they are counted from admission."""
    names = [name for name in COUNTED if made.has(name)]
    if not made.has("admission_to_dose") or not names:
        return []
    wait, earliest = made.frame["admission_to_dose"], made.frame[names].min(axis=1)
    late, soon = (wait >= 2) & earliest.notna(), np.sort(earliest[wait < 2].dropna())
    if len(soon) < 2 * LEAST:
        return []
    expected = float((np.searchsorted(soon, wait[late]) / len(soon)).sum())  # of patients, within their wait
    if expected < WITHIN_WAIT or (earliest[late] < wait[late]).sum() > expected / 10:
        return []
    do = 'counted_from = "admission" under [dates], if they are; else acknowledge it'
    must = "be counted from the first dose"
    return finding("days.admission", "followup_day", must, do, late, level="warning")
