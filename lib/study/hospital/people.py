"""What patients together betray: a person twice, a hospital spelt twice, arms, doses, outcomes, days from admission."""

import difflib
import itertools
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from study.hospital.columns import COUNTED, Ours
from study.hospital.contract import arms_of
from study.hospital.findings import Finding, finding, warning
from study.hospital.periods import check_periods, without_accents
from study.hospital.slips import LEAST
from study.protocol.protocol import Protocol

DOSES = {  # mg a day that are given
    "anakinra": (50, 1200), "baricitinib": (1, 8), "tocilizumab": (100, 1600), "sarilumab": (100, 400),
    "tofacitinib": (5, 20), "ruxolitinib": (5, 50), "dexamethasone": (3, 40), "imatinib": (100, 800),
}  # fmt: skip
SAMPLE = 100_000  # patients, to count the values of a column
KEYS = np.random.default_rng(1).integers(1, 2**63, 12, np.uint64) * 2 + 1
ALIKE = 0.86  # of two names, from 0 to 1
RARE = 0.25  # of the patients of the other: a slip is rarer than the name
MOST_LABELS, MOST_SINGLE = 200, 20
NOBODY = re.compile(
    r"(?i)[?.*_-]+|unknown|unk|n[./ ]?k|not known|missing|desconocid[oa]|sin datos?|null|.*@.*|9{2,4}|-\d+"
)
LOOK_ALIKE = str.maketrans("авекмнорстухіјѕαβεικνορτυχ", "abekmhopctyxijsabeiknoptux")  # Cyrillic, Greek
EVENTS_SOON = 18  # on days 1 and 2: of so many, day 0 has a few
WITHIN_WAIT = 6.0  # none of so many expected is rarer than 1 in 400


def check_people(made: Ours, plan: Protocol) -> Iterator[Finding]:
    """Yield what is seen of patients together, not of one value or one patient."""
    arms = arms_of(made, plan)
    yield from _one_person_twice(made)
    for name in filter(made.has, ("hospital", "period")):
        yield from _labels(made, name)
    yield from _doses(made, plan, arms)
    yield from _outcomes(made, arms)
    yield from _from_admission(made)
    yield from _from_one(made)


def _one_person_twice(made: Ours) -> list[Finding]:
    """Return rows that agree on so many measurements that chance cannot explain it, under two ids."""
    roles, kinds = made.dictionary["role"], made.dictionary["type"]
    measured = (roles == "baseline") & kinds.isin(["number", "integer"])
    levels = {name: made.frame[name].iloc[:SAMPLE].nunique() for name in made.frame if measured[name]}
    rich = sorted(levels, key=lambda name: -levels[name])[:12]
    table = made.frame[rich].to_numpy(float)
    marks = np.nan_to_num(table).view(np.uint64) * KEYS[: len(rich)]  # of each cell, as a part of a hash
    marks ^= marks >> np.uint64(32)  # whole numbers differ in their highest bits alone
    twice = np.zeros(len(table), bool)
    for part in (slice(None), slice(0, None, 2), slice(1, None, 2)):
        known = (~np.isnan(table[:, part])).sum(axis=1) >= max(4, len(rich[part]) - 2)
        room = np.sum([np.log(max(1.0, levels[name] / 2)) for name in rich[part][:-2]])
        enough = len(rich[part]) >= 6 and known.sum() > 1
        if enough and room > 2 * np.log(len(table)) + np.log(100 * max(1, len(table) / 3000)):
            twice[known] |= pd.Series(marks[known][:, part].sum(axis=1)).duplicated(keep=False).to_numpy()
    do = "keep one row if they are one person, or acknowledge it"
    must = "differ from others in its measurements, if the ids do"
    return warning("person.twice", "patient_id", must, do, twice)


def _plain(label: str) -> str:
    """Return a label without what two spellings of one name differ in."""
    bare = without_accents(label).translate(LOOK_ALIKE)
    bare = re.sub(r"(?<=\d)\.0+$|(?<!\d)0+(?=\d)", "", bare)
    bare = re.sub(r"\b(hospital|hosp|hosp\.|clinic|university|univ|the|of|de|del|la)\b", "", bare)
    return re.sub(r"[\W_]+", "", bare)


def _labels(made: Ours, name: str) -> list[Finding]:
    """Return labels that mean nothing known, labels of single patients, and two that are one label spelt twice."""
    values = made.frame[name].astype("category")
    if found := check_periods(values) if name == "period" else []:
        return found
    count = values.value_counts()
    do = f"complete it, or say which it is under [levels.{name}]; acknowledge it if it is a name"
    unknown = values.isin([text for text in count.index if NOBODY.fullmatch(text)])
    found = warning("label.unknown", name, f"be the name of a {name}", do, unknown)
    if len(count) > MOST_SINGLE and (count == 1).mean() > 0.5:
        do = "look whether another column is meant, or merge them; else acknowledge it"
        many = f"{len(count)} labels, most of one patient"
        return found + warning("label.many", name, "stand for many patients", do, found=many)
    return [*found, *_alike(name, values, count)]


def _alike(name: str, values: pd.Series, count: pd.Series) -> Iterator[Finding]:
    """Yield pairs of labels that are one when written plainly, or nearly so where one of them is rare."""
    plain = {label: _plain(label) or label for label in list(values.cat.categories)[:MOST_LABELS]}
    for one, other in itertools.combinations(plain, 2):
        rare, often = sorted((one, other), key=lambda label: count[label])
        do = f"say which it is under [levels.{name}]"
        if plain[one] == plain[other]:
            yield from finding("label.alike", name, "be spelt in one way", do, values == rare)
        elif count[rare] <= RARE * count[often] and _near(plain[rare], plain[often]):
            do += ", or acknowledge that they are two"
            yield from warning("label.alike", name, "be spelt in one way", do, values == rare)


def _near(a: str, b: str) -> bool:
    """Return whether two plain labels differ by a slip: a letter, two exchanged, an end that is missing or added."""
    if re.findall(r"\d+", a) != re.findall(r"\d+", b) or min(len(a), len(b)) < 4:
        return False
    cut = a.startswith(b) or b.startswith(a)
    return cut or sorted(a) == sorted(b) or difflib.SequenceMatcher(None, a, b).ratio() >= ALIKE


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
    if min((arms == 1).sum(), (arms == 0).sum()) >= LEAST:
        middle = pd.Series(logs).groupby(arms).median()
        if abs(middle[1] - middle[0]) > np.log(8):
            own, other = middle.reindex(arms).to_numpy(), middle.reindex(1 - arms).to_numpy()
            wrong |= (arms >= 0) & (abs(logs - own) > abs(logs - other))
    do = "correct drug or dose; give a drug's own doses as doses under [arms], or acknowledge it"
    return warning("arms.dose", "dose_mg_day", "be a dose that is given of the drug", do, wrong)


def _outcomes(made: Ours, arms: np.ndarray) -> Iterator[Finding]:
    """Yield an arm in which all died, or nobody in the cohort."""
    if not made.has("end_state"):
        return
    dead = (made.frame["end_state"] == "dead").to_numpy()
    do = "look at [levels.end_state], then correct or acknowledge it"
    for code, which in ((1, "the treated arm"), (0, "the control arm")):
        if (arms == code).sum() >= 2 and dead[arms == code].all():
            must = f"not be dead in all of {which}"
            yield from warning("outcome.all", "end_state", must, do, found="no survivor")
    if len(dead) >= 20 and 0.5 < dead.mean() < 1:
        must = "not be dead in most"
        yield from warning("outcome.most", "end_state", must, do, found="more who died than did not")
    if len(dead) >= 50 and not dead.any():
        yield from warning("outcome.none", "end_state", "be dead in somebody", do, found="no death")


def _from_admission(made: Ours) -> list[Finding]:
    """Return days that never lie within the wait before the first dose, in all or in a hospital: counted from admission."""
    names = [*filter(made.has, COUNTED)]
    if not made.has("admission_to_dose") or not names:
        return []
    wait, earliest = made.frame["admission_to_dose"], made.frame[names].min(axis=1)
    late, soon = (wait >= 2) & earliest.notna(), np.sort(earliest[wait < 2].dropna())
    if len(soon) < 2 * LEAST:
        return []
    within = np.searchsorted(soon, wait[late]) / len(soon)  # how likely, of each who waited
    do = 'counted_from = "admission" under [dates], if they are; else acknowledge it'
    for part in _parts(made):
        expected = within[part[late]].sum()
        if expected >= WITHIN_WAIT and (earliest[late & part] < wait[late & part]).sum() <= expected / 10:
            must = "be counted from the first dose"
            return warning("days.admission", "followup_day", must, do, late & part)
    return []


def _from_one(made: Ours) -> list[Finding]:
    """Return days of intensive care and ventilation that are never 0, in all, a hospital or an arm: counted from 1."""
    names = [*filter(made.has, ("icu_day", "imv_day"))]
    if not names:
        return []
    first = made.frame[names].min(axis=1).to_numpy()
    do = "subtract 1 if the day of the first dose is 1, else acknowledge it"
    for part in _parts(made):
        soon = (part & ((first == 1) | (first == 2))).sum()
        if soon >= EVENTS_SOON and not (part & (first == 0)).any():
            rows = part & ~np.isnan(first)
            return warning("days.one", names[0], "be 0 in somebody", do, rows, found="none before day 1")
    return []


def _parts(made: Ours) -> Iterator[np.ndarray]:
    """Yield who is in the cohort, in each hospital and in each arm."""
    yield np.ones(len(made.frame), bool)
    for name in filter(made.has, ("hospital", "drug")):
        codes = made.codes(name)
        yield from (codes == code for code in np.unique(codes)[:MOST_LABELS] if codes.max() > 0)
