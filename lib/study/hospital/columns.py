"""A hospital's columns made ours: names, missing codes, numbers, units, levels, dates to days; each step said."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.hospital import parsing, units
from study.hospital.bytes_of import Cells
from study.hospital.findings import Finding, finding, note
from study.hospital.settings import Settings
from study.hospital.tables import filled, remade

NUMERIC = ("number", "integer", "binary")
SERIALS = (36_526, 73_050)  # of the years 2000 to 2099
ENDS = {"dead": "death_day", "discharged": "discharge_day", "transferred": "transfer_day"}
ENDED = {"dead": "died", "discharged": "went home", "transferred": "were transferred"}
EVENTS = ("icu_day", "imv_day", "rescue_day")  # whose day is empty if there was none
# from the first dose
COUNTED = ("stop_day", "rescue_day", "icu_day", "imv_day", "followup_day", *ENDS.values())


@dataclass(slots=True)
class Ours:
    """The cohort with our columns: numbers as float, text as text, NaN where nothing is known."""

    frame: pd.DataFrame
    dictionary: pd.DataFrame  # indexed by name, levels of the arms filled in
    lines: np.ndarray
    settings: Settings
    theirs: dict[str, str]
    facts: list[str]
    findings: list[Finding]

    def has(self, *names: str) -> bool:
        """Return whether all these columns are there."""
        return all(name in self.frame for name in names)

    def codes(self, name: str) -> np.ndarray:
        """Return a number for each level of a column, -1 where it is not known, shape (n,)."""
        return np.asarray(self.frame[name].astype("category").cat.codes)


def make_ours(cells: Cells, dictionary: pd.DataFrame, settings: Settings) -> Ours:
    """Return a table with our columns and whatever was wrong on the way; unknown columns are left aside."""
    table = dictionary.set_index("name")
    if settings.arms:
        table.loc["drug", "levels"] = "|".join([settings.arms.treated, settings.arms.control])
    sources = {name: settings.columns.get(name, name) for name in table.index}
    theirs = {ours: source for ours, source in sources.items() if source in cells.frame}
    facts, found = list(cells.facts), list(cells.findings)
    made = Ours(pd.DataFrame(), table, cells.lines, settings, theirs, facts, found)
    known = {ours: cells.frame[source] for ours, source in theirs.items()}
    numeric = [known[name] for name in known if table.at[name, "type"] in NUMERIC]
    decimal = settings.file.decimal or parsing.decimal_of(numeric)
    made.facts.append(f"decimal mark: {'comma' if decimal == ',' else 'point'}")
    if decimal is None:
        do = 'name it under [file]: decimal = "," or thousands = ","'
        must, what = "say what its commas mean", "every comma before three digits"
        made.findings += finding("number.comma", "", must, do, found=what)
    columns = {name: _column(made, name, values, decimal or ".") for name, values in known.items()}
    made.frame = pd.DataFrame(columns, index=range(len(cells.lines)), copy=False)  # a copy takes seconds
    _days(made, cells.frame, known)
    _units(made)
    _empty(made)
    _derived(made)
    return made


def _column(made: Ours, name: str, values: pd.Series, decimal: str) -> pd.Series:
    """Return one column as numbers or text, with its missing codes and levels."""
    settings, kind = made.settings, made.dictionary.at[name, "type"]
    codes = (*settings.missing.everywhere, *settings.missing.columns.get(name, ()))
    renamed = {str(theirs): str(ours) for theirs, ours in settings.levels.get(name, {}).items()}
    if renamed:
        values = remade(values, lambda text: renamed.get(text, text))
    if kind in NUMERIC:
        if made.dictionary.at[name, "unit"] == "days" and parsing.has_dates(values):
            return pd.Series(np.nan, values.index)  # ``_days`` has it
        numbers, found = parsing.to_numbers(
            name,
            values,
            decimal=decimal,
            thousands=settings.file.thousands,
            codes=codes,
            binary=kind == "binary",
        )
        made.findings += found
        return pd.Series(numbers, values.index)
    words = made.dictionary.at[name, "levels"] != ""  # a hospital may be called NA
    texts = values.cat.categories
    if not codes:
        texts = texts[texts.isin([*parsing.MISSING] if words else [""])]
    gone = [text for text in texts if parsing.is_missing(text, codes, words and text != "none")]
    known = values.cat.remove_categories(gone) if gone else values
    return _padded(made, known) if name == "period" else known


def _padded(made: Ours, values: pd.Series) -> pd.Series:
    """Return periods whose numbers sort as they count: 1 to 11 become 01 to 11."""
    texts = list(values.cat.categories)
    parts = [part for text in texts if (part := re.fullmatch(r"(\D*)(\d+)(\D*)", text))]
    widths = {len(part[2]) for part in parts}
    if len(parts) != len(texts) or len(widths) < 2 or len({(p[1], p[3]) for p in parts}) > 1:
        return values
    width = max(widths)
    made.facts.append(f"periods: numbers filled up to {width} digits, so that they sort as they count")
    new = [f"{part[1]}{part[2].zfill(width)}{part[3]}" for part in parts]
    return values if len(set(new)) < len(new) else values.cat.rename_categories(new)


def _days(made: Ours, theirs: pd.DataFrame, known: Mapping[str, pd.Series]) -> None:
    """Turn columns of dates into days from the reference date; days from admission into days from the dose."""
    unit, reference = made.dictionary["unit"], made.settings.dates.reference
    dated = [name for name in known if unit[name] == "days" and parsing.has_dates(known[name])]
    _serials(made)
    if dated and reference not in theirs:
        do = "name the column with the date of the first dose as reference under [dates]"
        for name in dated:
            made.findings += finding("dates.reference", name, "be days", do, found="dates")
        return
    if dated:
        sources = [theirs[reference], *(known[name] for name in dated)]
        order = made.settings.dates.order or parsing.date_order(sources)
        if order is None:
            do = 'order = "day first" or "month first" under [dates]'
            what = "no date with a number above 12"
            made.findings += finding("dates.order", "", "say which is the day", do, found=what)
            return
        made.facts.append(f"dates: {order}, counted from {reference!r}: {', '.join(dated)}")
        start = parsing.to_days(theirs[reference], order)
        must = f"have a date in {reference!r} in every row"
        made.findings += finding("dates.reference", "", must, "complete it", np.isnan(start))
        for name in dated:
            day = parsing.to_days(known[name], order)
            must, broken = "hold dates with a year of four digits", np.isnan(day) & filled(known[name])
            made.findings += finding("dates.text", name, must, "correct them", broken)
            before = name in ("admission_to_dose", "sx_to_admission")
            made.frame[name] = start - day if before else day - start
        if {"sx_to_admission", "admission_to_dose"} <= set(dated):
            made.frame["sx_to_admission"] -= made.frame["admission_to_dose"]
    if made.settings.dates.counted_from == "admission" and made.has("admission_to_dose"):
        moved = [name for name in filter(made.has, COUNTED) if name not in dated]
        made.frame[moved] = made.frame[moved].sub(made.frame["admission_to_dose"], axis=0)
        made.facts.append(f"days from admission made days from the first dose: {', '.join(moved)}")


def _serials(made: Ours) -> None:
    """Name days that are a spreadsheet's serial numbers of dates."""
    for name in (name for name in made.frame if made.dictionary.at[name, "unit"] == "days"):
        serial = made.frame[name].between(*SERIALS)
        if serial.sum() > made.frame[name].count() / 2:
            do = "format these cells as dates in the spreadsheet, and the date of the first dose too"
            what = "serial numbers of dates"
            made.findings += finding("dates.serial", name, "be days or dates", do, serial, found=what)


def _units(made: Ours) -> None:
    for name, unit in made.settings.units.items():
        if not made.has(name):
            continue
        ours = made.dictionary.at[name, "unit"]
        by = units.factor(name, unit, ours)
        if name == "egfr" and units.normal(unit) in units.CREATININE and made.has("age", "sex"):
            female = made.frame["sex"] == "F"
            made.frame[name] = units.filtration_rate(made.frame[name], unit, made.frame["age"], female)
            made.facts.append(f"egfr: from {unit} by CKD-EPI 2021")
        elif by is None:
            do = f"name one of {', '.join(units.known_units(name, ours))} under [units]"
            made.findings += finding("unit.unknown", name, "come in a known unit", do, found=repr(unit))
        elif by != 1:
            made.frame[name] = made.frame[name] * by
            made.facts.append(f"{name}: {unit} times {by:g} is {ours}")


def _empty(made: Ours) -> None:
    """Take columns without any value for columns that are not there; but nobody may have had an event."""
    empty = [name for name in made.frame if len(made.frame) and made.frame[name].isna().all()]
    events = [name for name in empty if name in EVENTS]
    other = [name for name in empty if name not in EVENTS and made.dictionary.at[name, "role"] != "arm"]
    made.frame = made.frame.drop(columns=other)
    if other:
        made.facts.append(f"empty, as if not there: {', '.join(other)}")
    for name in events:
        do = "if it was not recorded, leave the column out"
        made.findings += note("column.empty", name, "mean that nobody had it", do, found="no value")


def _derived(made: Ours) -> None:
    """Add what follows from other columns: the day of each kind of end, the kind and day of the end, the origin."""
    frame = made.frame
    days = [*filter(made.has, ENDS.values())]
    if not made.has("end_state") and made.has("death_day", "discharge_day"):
        kinds = [kind for kind, day in ENDS.items() if made.has(day)]
        frame["end_state"] = np.select([frame[ENDS[kind]].notna() for kind in kinds], kinds, "in hospital")
        made.facts.append(f"end_state: from {', '.join(days)}")
    if not made.has("followup_day") and days and made.has("end_state"):
        frame["followup_day"] = frame[days].min(axis=1)
        made.facts.append(f"followup_day: the earliest of {', '.join(days)}")
    if made.has("end_state", "followup_day"):
        for kind, day in ENDS.items():
            if not made.has(day):
                frame[day] = frame["followup_day"].where(frame["end_state"] == kind)
                made.facts.append(f"{day}: followup_day of those who {ENDED[kind]}")
    if made.has("o2_device") and not made.has("high_flow_oxygen"):
        high = frame["o2_device"].isin(["high flow", "non-invasive"]).astype(float)
        frame["high_flow_oxygen"] = high.where(frame["o2_device"].notna())
        made.facts.append("high_flow_oxygen: from o2_device")
    if not made.has("synthetic"):
        frame["synthetic"] = 0.0
