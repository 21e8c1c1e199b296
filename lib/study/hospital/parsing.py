"""Cells to numbers and dates: what a cell is, told once per distinct text; what cannot be told is named, never guessed."""

import math
import re
from collections.abc import Collection, Iterable
from datetime import date

import numpy as np
import pandas as pd

from study.data.reading import MISSING, NUMBER
from study.hospital.findings import Finding, finding, warning

DATE = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?Z?")
GROUPED = re.compile(r"[1-9]\d{0,2}\.\d{3}")
COMMA = re.compile(r"[+-]?\d+,\d+")
NAMED_MONTH = re.compile(
    r"(?is)(\d{1,2}[- /.]?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)"
    r"|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[- /.]\d).*"
)
KINDS = (  # of cells that are no numbers: code, pattern, what is found, what to do
    (
        "number.date",
        DATE,
        "dates",
        "give days, or name the column with the date of the first dose under [dates]",
    ),
    (
        "number.date",
        NAMED_MONTH,
        "dates, which a spreadsheet may have made of numbers",
        "restore the numbers",
    ),
    (
        "number.limit",
        re.compile(r"[<>≤≥]\s*\d.*"),
        "limits of detection",
        "give a number for them by a rule that you state, or leave the cell empty",
    ),
    (
        "number.thousands",
        re.compile(r"[+-]?\d{1,3}([ '’.,]\d{3})+([.,]\d+)?"),
        "thousands separators",
        "export without them, or name the mark as thousands under [file]",
    ),
    ("number.comma", COMMA, "commas among points", "export all numbers with one decimal mark"),
    (
        "number.unit",
        re.compile(r"[+-]?\d[\d.,]*\s*(%|[^\W\d]\S*.*)"),
        "numbers with their unit",
        "leave the unit out of the cells and name it under [units]",
    ),
)
TEXT = ("number.text", None, "text", "correct it, or name it under [missing]")


def is_missing(text: str, codes: Collection[object], words: bool) -> bool:
    """Return whether a cell says that nothing is known: empty, a code of the settings, or a word for nothing."""
    if text == "" or (words and text in MISSING) or text in map(str, codes):
        return True
    numbers = [code for code in codes if isinstance(code, int | float)]
    return bool(numbers and NUMBER.fullmatch(text)) and float(text) in numbers


def decimal_of(columns: Iterable[pd.Series]) -> str | None:
    """Return the decimal mark that the number columns of a file agree on; None if commas may be of thousands.

    A comma before another number of digits than three, without a point in any number, is a decimal comma.
    """
    texts = [text for column in columns for text in column.cat.categories]
    if "," not in "".join(texts):
        return "."
    commas = [text for text in texts if COMMA.fullmatch(text)]
    points = sum("." in text and bool(NUMBER.fullmatch(text)) for text in texts)
    if not commas or points > len(commas):
        return "."
    return None if all(len(text.rpartition(",")[2]) == 3 for text in commas) else ","


def to_numbers(
    name: str,
    values: pd.Series,
    *,
    decimal: str,
    thousands: str | None,
    codes: Collection[object],
    binary: bool,
) -> tuple[np.ndarray, list[Finding]]:
    """Return a column as float, NaN where it is missing or no number, and what is no number by its kind."""
    texts = list(values.cat.categories)
    numbers, kinds = np.full(len(texts), np.nan), np.full(len(texts), -1)
    points = decimal == "." and not thousands
    quick = _plain(texts) if points and not codes else None
    for i, text in enumerate(texts) if quick is None else ():
        plain = text.replace(thousands, "") if thousands else text
        plain = plain.replace(",", ".") if decimal == "," and COMMA.fullmatch(plain) else plain
        if is_missing(text, codes, True):
            continue
        mixed = decimal == "," and "." in text and not thousands
        if NUMBER.fullmatch(plain) and not mixed and math.isfinite(float(plain)):
            numbers[i] = float(plain)
        elif binary and text.casefold() in ("true", "false"):
            numbers[i] = text.casefold() == "true"
        else:
            kinds[i] = _kind(text)
    numbers = numbers if quick is None else quick
    at = values.cat.codes.to_numpy()
    found: list[Finding] = []
    for kind in sorted(set(kinds[kinds >= 0])):
        code, _, what, do = (*KINDS, TEXT)[kind]
        found += finding(code, name, "hold numbers only", do, kinds[at] == kind, found=what)
    if not found and points and _point_of_thousands(texts):
        mask = np.array(["." in text for text in texts])[at]
        do = 'if the point is of thousands, thousands = "." under [file]; if not, acknowledge it'
        must, what = "say what its points mean", "every point before three digits, beside whole numbers"
        found += warning("number.points", name, must, do, mask, found=what)
    return numbers[at] if len(numbers) else np.full(len(values), np.nan), found


def only_digits(texts: Iterable[str]) -> bool:
    """Return whether all cells are of digits, points and signs, or empty; quickly, for columns of a million numbers."""
    return not "".join(texts).encode("utf-8", "replace").translate(None, b"0123456789.+-")


def _plain(texts: list[str]) -> np.ndarray | None:
    """Return all cells as numbers if they are of digits and points, NaN where they are empty; None if any is not."""
    if not only_digits(texts):
        return None
    try:
        return np.array([text or "nan" for text in texts], float)
    except ValueError:
        return None


def _kind(text: str) -> int:
    """Return which of ``KINDS`` a cell that is no number is, their number if none."""
    if NUMBER.fullmatch(text) and not math.isfinite(float(text)):
        return len(KINDS)
    hits = (k for k, (_, is_, *_) in enumerate(KINDS) if is_.fullmatch(text))
    return next(hits, len(KINDS))


def _point_of_thousands(texts: list[str]) -> bool:
    """Return whether points look like those of thousands: always three digits behind, the rest whole and mostly below 1000."""
    pointed = (text for text in texts if "." in text and NUMBER.fullmatch(text))
    if not all(GROUPED.fullmatch(text) for text in pointed) or sum("." in text for text in texts) < 3:
        return False
    whole = [text for text in texts if text.isdigit()]
    return len(whole) >= 3 and bool(np.median([float(text) for text in whole]) >= 100)


def date_order(columns: Iterable[pd.Series]) -> str | None:
    """Return how the dates of a file are written, None if day and month could be either."""
    texts = (text for column in columns for text in column.cat.categories)
    dates = [found for text in texts if (found := DATE.fullmatch(text))]
    first = any(12 < int(found[1]) <= 31 for found in dates)
    if first == any(int(found[2]) > 12 for found in dates):
        return "year first" if any(len(found[1]) == 4 for found in dates) else None
    return "day first" if first else "month first"


def to_days(values: pd.Series, order: str) -> np.ndarray:
    """Return dates as days since 1970, NaN where a cell is no date."""

    def day(text: str) -> float:
        found = DATE.fullmatch(text)
        if not found:
            return np.nan
        a, b, c = found[1], found[2], found[3]
        if len(a) == 4:
            year, month, this = a, b, c
        elif len(c) == 4:
            year, month, this = (c, a, b) if order == "month first" else (c, b, a)
        else:
            return np.nan
        try:
            return float(date(int(year), int(month), int(this)).toordinal() - 719163)
        except ValueError:
            return np.nan

    days = np.array([day(text) for text in values.cat.categories], float)
    return days[values.cat.codes.to_numpy()]


def has_dates(values: pd.Series) -> bool:
    """Return whether most of what a column holds are dates."""
    texts = [text for text in values.cat.categories if text]
    return bool(texts) and sum(bool(DATE.fullmatch(text)) for text in texts) > len(texts) / 2
