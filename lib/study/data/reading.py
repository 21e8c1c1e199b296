"""One reader for every table of this project: no row is lost, and what is checked is what is returned.

A table is text in UTF-8 with commas, as the files of ``data/`` are; what spreadsheets add to such a file
(a byte-order mark, ``sep=,``, empty columns at the right, empty lines at the end) changes nothing. Another
separator or encoding is refused by name, as ``export it again`` is safer than a guess.
"""

import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterable
from numbers import Number
from pathlib import Path

import pandas as pd
from livingpaper.build.project import find_project
from pandas.api.types import is_numeric_dtype

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
MISSING = frozenset({"", "NA", "N/A", "#N/A", "NaN", "nan"})
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
ABOVE = re.compile(r"#|sep=|[\s,]*$")  # what may stand above the header
# zero-width characters, soft hyphen, marks of direction, control characters but white space
UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\x00-\x08\x0e-\x1b\x7f]")


class ContractError(ValueError):
    """A table cannot be read whole or breaks its contract; the message says what must hold and every violation."""


def read_table(path: str | Path, *, numbers: Iterable[str] = (), keep_missing: bool = True) -> pd.DataFrame:
    """Return a CSV file, one row per line that is not empty; text without outer spaces.

    Parameters
    ----------
    path : str or Path
        From the project's root. Lines above the header that start with ``#`` are comments; below it
        nothing is.
    numbers : iterable of str
        Columns that become float where all their cells are numbers in ASCII digits; else they stay text,
        for a contract to refuse.
    keep_missing : bool
        Whether empty cells of text columns, and the words for nothing, become NaN; else they stay as they are.

    Raises
    ------
    FileNotFoundError
    ContractError
        If the encoding, separator, quotes, header or the length of a line is wrong.
    """
    header, rows = _rows(path, _text(path))
    frame = pd.DataFrame(rows, columns=header, dtype=object)
    there = [name for name in numbers if name in frame]
    for name in frame if keep_missing else there:
        frame[name] = frame[name].where(~frame[name].isin(MISSING))
    return frame.assign(**{name: as_numbers(frame[name]) for name in there})


def as_numbers(values: pd.Series) -> pd.Series:
    """Return text as numbers, missing stays missing; unchanged unless all of it is numbers."""
    return pd.to_numeric(values) if are_numbers(values).all() else values


def are_numbers(values: pd.Series) -> pd.Series:
    """Return which cells are missing or a finite number."""
    if is_numeric_dtype(values):
        return ~values.isin([math.inf, -math.inf])
    return values.isna() | values.map(is_number)


def is_number(value: object) -> bool:
    """Return whether a cell is a finite number, as text in ASCII digits if it is text."""
    known = NUMBER.fullmatch(value) if isinstance(value, str) else isinstance(value, Number)
    return bool(known) and math.isfinite(float(value))  # type: ignore[arg-type]


def _text(path: str | Path) -> str:
    found = find_project().root / path
    if not found.is_file():
        raise FileNotFoundError(
            f"a file must exist at {found}, found none; restore it or check the path in protocol.toml"
        )
    raw = found.read_bytes()
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        if wide:
            raise UnicodeError("UTF-16")
        return unicodedata.normalize("NFC", raw.decode("utf-8-sig"))
    except UnicodeError as error:
        raise _refused(path, "be text in UTF-8", f"found {error}", "export it again as CSV UTF-8") from None


def _rows(path: str | Path, text: str) -> tuple[list[str], list[list[str]]]:
    lines = text.splitlines(keepends=True)
    above = next((i for i, line in enumerate(lines) if not ABOVE.match(line)), len(lines))
    reader = csv.reader(io.StringIO("".join(lines[above:]), newline=""), strict=True)
    try:
        found = [(above + reader.line_num, [UNSEEN.sub("", cell).strip() for cell in row]) for row in reader]
    except csv.Error as error:
        where = f"line {above + reader.line_num}: {error}"
        raise _refused(path, "have its quotes in pairs", f"found {where}", "quote that cell anew") from None
    found = [(line, row) for line, row in found if any(row)]
    if not found:
        raise _refused(path, "have a header line", "found none", "export it again")
    header = _header(path, found[0][1])
    return header, [_fitted(path, line, row, header) for line, row in found[1:]]


def _header(path: str | Path, cells: list[str]) -> list[str]:
    named = max(at for at, name in enumerate(cells, start=1) if name)
    header = cells[:named]
    if mark := next((mark for mark in SEPARATORS if named == 1 and mark in header[0]), ""):
        found = f"its header is separated by {SEPARATORS[mark]}"
        raise _refused(path, "be separated by commas", found, "export it again as CSV with commas")
    if twice := sorted({name or "(no name)" for name in header if header.count(name) > 1 or not name}):
        raise _refused(path, "name each column once", f"found {twice[:3]} again or empty", "rename one")
    return header


def _fitted(path: str | Path, line: int, row: list[str], header: list[str]) -> list[str]:
    """Return the cells under the header; empty ones at the right are a spreadsheet's."""
    if len(row) < len(header) or any(row[len(header) :]):
        found = f"line {line} has {len(row)}"
        raise _refused(path, f"have {len(header)} cells in each line", found, "quote cells that hold a comma")
    return row[: len(header)]


def _refused(path: str | Path, must: str, found: str, cure: str) -> ContractError:
    return ContractError(f"{path} must {must}, {found}; {cure}")
