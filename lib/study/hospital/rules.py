"""What must hold of each value and within each patient: ranges, levels, ids, days in order, facts that agree."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from study.hospital.columns import ENDS, NUMERIC, Ours
from study.hospital.contract import CORE
from study.hospital.findings import Finding, finding, warning

LONGEST_DAYS = 730
SAMPLE = 10_000  # ids that are looked at first
FEW = 5  # texts, to say what a column holds
POSSIBLE = {  # what no patient can exceed; other numbers may lie five times beyond the dictionary
    "age": (0, 120), "barthel": (0, 100), "charlson": (0, 33), "sofa": (0, 24), "spo2_fio2": (40, 480),
    "pao2_fio2": (25, 700), "bmi": (8, 120), "resp_rate": (4, 80), "egfr": (0, 250), "steroid_dose": (0, 400),
    "sx_to_admission": (0, 120), "admission_to_dose": (0, 365), "steroid_start_day": (-730, 0),
    "planned_days": (1, 90), "dose_mg_day": (0, 5000), "crp": (0, 1000),
}  # fmt: skip
TOTALS = re.compile(r"(?i)(grand )?(totals?|sum|summe|suma|mean|media|average|median)\b\D*")
NAMES = re.compile(r"[^\W\d_]{2,}([ ,;._-]+[^\W\d_]{2,})+")
RECORD = re.compile(
    r"\d{6,12}[A-Za-z]?|[A-Za-z]{1,4}\d{8,}|[A-Z]\d{7}[A-Z]|\d{3}[- ]\d{2,3}[- ]\d{4}|.*@.*\..*|[^\W\d_]{4,}"
)
DATED = re.compile(
    r".*(19|20)\d\d[-/.]?(0[1-9]|1[0-2])[-/.]?([0-2]\d|3[01]).*|[^\W\d_]{2,4}[-_ ]?(19[2-9]\d|200\d)"
    r"|([0-2]\d|3[01])[-/.]?(0[1-9]|1[0-2])[-/.]?(19|20)\d\d.*"
)
DAMAGED = re.compile(r"\d(\.\d+)?[eE]\+\d+")
PERSONAL = re.compile(
    r"(?i)(^|[ _.-])((sur|last|first|full|fore|middle|patient|user)?[ _]?names?|nombre|apellidos?\d?|dob|birth\w*|"
    r"nacimiento|(f|fec|fecha)[_.]?nac|geburts\w*|naissance|nascita|nascimento|pr[eé]?nom|nom|cognome|vorname|nachname|"
    r"nhs|mrn|nhc|nuhsa|cip|sip|cpf|ssn|dni|nie|nif|historia|hist|record|insurance|passport|phone|telephone|m[oó]vil|mobile|"
    r"tel[eé]fono|e?-?mail|correo|address|direcci[oó]n|domicilio|calle|street|postcode|postal|zip|initials|iniciales)($|[ _.-])"
)
NO_PERSON = re.compile(r"(?i)hospital|drug|ward|unit|centre|center|study")
HOLDS = (
    ("names", NAMES),
    (
        "numbers of records or telephones, or addresses",
        re.compile(r"\+?\d[\d -]{7,13}\d|\d{6,12}[A-Za-z]|.*@.*\..*"),
    ),
    ("dates of birth", re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]19[0-8]\d|19[0-8]\d[-/.]?\d{2}[-/.]?\d{2}.*")),
    ("free text", re.compile(r"(?s).{40,}")),
)


def check_values(made: Ours) -> Iterator[Finding]:
    """Yield the values that cannot be, column by column."""
    for name in made.frame:
        row, values = made.dictionary.loc[name], made.frame[name]
        yield from _numeric(name, row, values) if row["type"] in NUMERIC else _levels(name, row, values)
        required = row["missing_allowed"] == "no" and row["role"] in ("arm", "site", "period")
        if name in CORE or required:
            must, do = "be known of every patient", "complete it"
            yield from finding("value.missing", name, must, do, values.isna())


def _numeric(name: str, row: pd.Series, values: pd.Series) -> Iterator[Finding]:
    if row["type"] == "binary":
        do = f"write 1 for yes and 0 for no, or say which is which under [levels.{name}]"
        other = values.notna() & ~values.isin([0, 1])
        yield from finding("value.binary", name, "be 0 or 1", do, other)
        return
    if row["type"] == "integer":
        parts = values.notna() & (values % 1 != 0)
        yield from finding("value.whole", name, "be whole numbers", "round or correct them", parts)
    low, high = _possible(name, row)
    unit = f" {row['unit']}" if row["unit"] else ""
    do = "correct them; if they say that nothing is known, name the code under [missing]"
    must = f"lie between {low:g} and {high:g}{unit}"
    beyond = (values < low) | (values > high)
    yield from finding("value.range", name, must, do, beyond)
    if pd.notna(row["low"]) and row["unit"] != "days":
        rare = ((values < row["low"]) | (values > row["high"])) & ~beyond
        must = f"lie between {row['low']:g} and {row['high']:g}{unit} in nearly all"
        many = rare.sum() > max(3, 0.02 * values.count())
        do = "look at them, then acknowledge it" if many else "nothing to do if the record says so"
        yield from finding("value.rare", name, must, do, rare, level="warning" if many else "note")


def _possible(name: str, row: pd.Series) -> tuple[float, float]:
    if name in POSSIBLE:
        low, high = POSSIBLE[name]
        return float(low), float(high)
    if row["unit"] == "days":
        return 0.0, float(LONGEST_DAYS)
    return (
        row["low"] / 5 if pd.notna(row["low"]) else -np.inf,
        row["high"] * 5 if pd.notna(row["high"]) else np.inf,
    )


def _levels(name: str, row: pd.Series, values: pd.Series) -> list[Finding]:
    if not row["levels"]:
        return []
    levels = row["levels"].split("|")
    do = f"say which is which under [levels.{name}]"
    must = f"be one of {', '.join(levels)}"
    return finding("value.level", name, must, do, values.notna() & ~values.isin(levels))


def check_ids(made: Ours) -> Iterator[Finding]:
    """Yield ids that repeat, differ in writing only, or look like a person's; and rows that are no patients."""
    name = "patient_id"
    if not made.has(name):
        return
    values, n = made.frame[name], len(made.frame)
    codes, labels = values.cat.codes.to_numpy(), values.cat.categories
    known = codes >= 0
    often = np.bincount(codes[known], minlength=len(labels)) > 1
    twice = known & np.append(often, False)[codes]
    yield from finding("id.twice", name, "be there once", "keep one row for each patient", twice)
    plain = pd.Series(_plain_ids(list(labels)))
    alike = known & ~twice & np.append(plain.duplicated(keep=False) & (plain != ""), False)[codes]
    texts = pd.Series(np.append(labels, "")[codes])
    must = "differ in more than capitals, signs and leading zeros"
    yield from finding("id.alike", name, must, "correct one of them", alike)
    shown = (
        ("id.total", TOTALS, "name a patient in each row", "take totals and repeated headers out", 1, finding),
        ("id.damaged", DAMAGED, "be whole", "a spreadsheet rounded them: export ids as text", 1, finding),
        ("id.name", NAMES, "be a pseudonym", "replace names by a pseudonym", 1, finding),
        ("id.record", RECORD, "mean nothing outside the study", "replace them, or acknowledge what they are", 0.5 * n, warning),
        ("id.date", DATED, "hold no date", "replace them by a pseudonym without dates", 0.5 * n, warning),
    )  # fmt: skip
    listed = texts.tolist()
    rounded = "+" in "".join(listed)  # of what ends in a digit only such a number can match one of the first
    where = [i for i, text in enumerate(listed) if rounded or not text[-1:].isdigit()]
    for code, pattern, must, do, least, say in shown:
        some = texts.iloc[:SAMPLE].str.fullmatch(pattern)
        if least > 1 and some.sum() < 0.25 * len(some):
            continue  # far from most of them
        hits = texts.str.fullmatch(pattern) if least > 1 else _matched(listed, pattern, where)
        if code == "id.total":
            hits |= texts.isin([made.theirs.get(name, name), name])
        if hits.sum() >= max(1, least):
            yield from say(code, name, must, do, hits)


def _plain_ids(ids: list[str]) -> list[str]:
    """Return ids without capitals, signs and leading zeros; those of one length, without signs, differ in capitals only."""
    if len({*map(len, ids)}) == 1 and all(map(str.isalnum, ids)):
        return [text.casefold() for text in ids]
    together = "\n".join(ids)  # one text: a million calls take seconds
    if together.count("\n") >= len(ids):
        together = "\n".join(text.replace("\n", " ") for text in ids)
    bare = re.sub(r"[^\w\n]+|_+", "", together.casefold())
    return re.sub(r"(?m)^([a-z]*)0+(?=\d)", r"\1", bare).split("\n")


def _matched(texts: list[str], pattern: re.Pattern[str], where: list[int]) -> pd.Series:
    """Return which ids match, of those at some positions."""
    hits = np.zeros(len(texts), bool)
    hits[where] = [pattern.fullmatch(texts[i]) is not None for i in where]
    return pd.Series(hits)


def check_names(unused: pd.DataFrame) -> Iterator[Finding]:
    """Yield columns that nothing uses and whose name, or what they hold, says that they identify people."""
    for name in unused:
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name))
        said = "a name that does" if PERSONAL.search(words) and not NO_PERSON.search(words) else ""
        texts = [text for text in unused[name].cat.categories[:SAMPLE] if text]
        for kind, pattern in HOLDS if len(texts) >= FEW else ():
            if not said and sum(bool(pattern.fullmatch(text)) for text in texts) > len(texts) / 2:
                said = f"what may be {kind}"
        if said:
            do = "take it out of the file before it is used"
            yield from warning("column.personal", str(name), "not identify people", do, found=said)


Rule = tuple[str, str, tuple[str, ...], str, str, Callable[[pd.DataFrame], pd.Series | np.ndarray]]


def check_rows(made: Ours) -> Iterator[Finding]:
    """Yield patients whose columns contradict each other."""
    for code, column, needs, must, do, broken in FACTS:
        if made.has(column, *needs):
            yield from finding(code, column, must, do, broken(made.frame))


LOOK = "correct the one that is wrong"
FACTS: list[Rule] = [
    *(
        ("days.end", day, ("followup_day",), "be no later than followup_day", LOOK, lambda f, day=day: f[day] > f["followup_day"])
        for day in ("icu_day", "imv_day", "stop_day", "rescue_day")
    ),
    *(
        ("days.kind", day, ("end_state", "followup_day"), f"equal followup_day if end_state is {kind}, and else be empty", LOOK,
         lambda f, day=day, kind=kind: np.where(f["end_state"] == kind, f[day] != f["followup_day"], f[day].notna()))
        for kind, day in ENDS.items()
    ),
    ("days.icu", "icu_day", ("imv_day",), "be no later than imv_day", LOOK, lambda f: f["icu_day"] > f["imv_day"]),
    ("facts.stop_death", "stop_reason", ("end_state",), "be death only if the patient died", LOOK,
     lambda f: (f["stop_reason"] == "death") & (f["end_state"] != "dead")),
    ("facts.stop_discharge", "stop_reason", ("end_state",), "be discharge only if the patient left", LOOK,
     lambda f: (f["stop_reason"] == "discharge") & ~f["end_state"].isin(["discharged", "transferred"])),
    ("facts.stop_icu", "stop_reason", ("icu_day",), "be icu only if icu_day is known", LOOK,
     lambda f: (f["stop_reason"] == "icu") & f["icu_day"].isna()),
    ("facts.contraindication", "contraindication", ("egfr",), "be 1 if egfr is below 15", LOOK,
     lambda f: (f["egfr"] < 15) & (f["contraindication"] == 0)),
    ("facts.contraindication", "contraindication", ("neutrophils",), "be 1 if neutrophils are below 0.5", LOOK,
     lambda f: (f["neutrophils"] < 0.5) & (f["contraindication"] == 0)),
    ("facts.contraindication", "contraindication", ("alt",), "be 1 if alt is above 350", LOOK,
     lambda f: (f["alt"] > 350) & (f["contraindication"] == 0)),
    ("facts.obesity", "obesity", ("bmi",), "be 1 if bmi is 30 or more", LOOK, lambda f: (f["bmi"] >= 30) & (f["obesity"] == 0)),
    ("facts.device", "high_flow_oxygen", ("o2_device",), "be 1 if o2_device is high flow or non-invasive, and else 0", LOOK,
     lambda f: (f["high_flow_oxygen"] == 1) != f["o2_device"].isin(["high flow", "non-invasive"])),
    ("facts.ventilated", "imv_at_start", ("imv_day",), "be 0 if ventilation began after the first dose", LOOK,
     lambda f: (f["imv_at_start"] == 1) & (f["imv_day"] > 0)),
    ("value.synthetic", "synthetic", (), "be 0: a hospital's patients are real", "leave made-up patients out",
     lambda f: f["synthetic"] != 0),
]  # fmt: skip
