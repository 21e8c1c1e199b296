"""A hospital's table in whatever form it comes: CSV, Excel, Parquet or a table of a database, all of it as clean text."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import pandas as pd

from study.data.reading import NUMBER, UNSEEN
from study.hospital.bytes_of import NO_ROWS, NOT_EMPTY, Cells, as_text, of_arrow, read_csv
from study.hospital.findings import Finding, finding
from study.hospital.parsing import only_digits
from study.hospital.settings import FileSection

EXCEL, COLUMNAR = (".xlsx", ".xlsm"), (".parquet", ".pq", ".duckdb", ".db")
SPACES = re.compile(r"[\u00a0\u202f\u2007]")
BROKEN = re.compile(r"#(REF!|DIV/0!|VALUE!|NAME\?|NULL!|NUM!|SPILL!|CALC!|####+)")
MISREAD = re.compile(
    "\ufffd|[Â-ß][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|(?<=[^\\W\\d_])[‡†‰?](?=[^\\W\\d_])|&(#\\d+|[a-z]+);"
)
NAMED = "name each column in its first row"
UNCALCULATED = re.compile(rb"</f>(<v\s*/>|<v></v>)?</c>|<f[^>]*/></c>")
TOP = 20  # rows among which the names of the columns are looked for
PATIENTS = "patients"  # the sheet of the template


def read_any(path: Path, file: FileSection) -> Cells:
    """Return the cells of a file, cleaned: no outer or unseen spaces, blank rows and empty columns left out and counted.

    Raises
    ------
    FileNotFoundError
    ValueError
        If the form of the file is not known, or it cannot be opened as what its name says.
    """
    if not path.is_file():
        raise FileNotFoundError(f"a cohort must stand in {path}, there is no such file; correct the path")
    suffix = path.suffix.lower()
    if suffix in (".xls", ".ods", ".sav", ".dta", ".sas7bdat", ".rds"):
        must = f"the cohort must be CSV, .xlsx, .parquet or .duckdb, found {suffix}"
        raise ValueError(f"{must}; save it as one of them")
    if suffix == ".toml":
        cells = _database(file)
    elif suffix in EXCEL:
        cells = _excel(path, file.sheet)
    elif suffix in COLUMNAR:
        cells = _columnar(path, file.table)
    else:
        cells = read_csv(path.read_bytes(), encoding=file.encoding, separator=file.separator)
    return _tidy(cells)


def remade(values: pd.Series, function: Callable[[str], Any]) -> pd.Series:
    """Return the column with a function of each distinct text; equal results become one category."""
    old = list(values.cat.categories)
    made = [function(text) for text in old]
    if made == old:
        return values
    codes = values.cat.codes.to_numpy()
    new, levels = pd.factorize(pd.Series(made, dtype=object), use_na_sentinel=False)
    return pd.Series(
        pd.Categorical.from_codes(new[codes] if len(new) else codes, categories=levels), values.index
    )


def clean(cell: str) -> str:
    """Return a cell in composed Unicode without unseen characters and outer spaces."""
    return unicodedata.normalize("NFC", SPACES.sub(" ", UNSEEN.sub("", cell))).strip()


def _cleaned(values: pd.Series) -> pd.Series:
    if only_digits(values.cat.categories):
        return values
    texts = "".join(values.cat.categories)
    return remade(values, str.strip if texts.isascii() and texts.isprintable() else clean)


def filled(values: pd.Series) -> np.ndarray:
    """Return where a column of text is not empty."""
    empty = np.asarray(values.cat.categories == "", bool)
    return ~empty[values.cat.codes.to_numpy()] if len(empty) else np.zeros(len(values), bool)


def _tidy(cells: Cells) -> Cells:
    """Return the cells without blank rows and columns; the header clean, each name once."""
    if cells.frame.shape[1] == 0:
        return cells
    names = [clean(str(name)).lstrip("#").strip() for name in cells.frame.columns]
    if sum(bool(NUMBER.fullmatch(name)) for name in names) > max(2, 0.2 * len(names)):
        do = "put the names of the columns above it"
        found = finding("file.header", "", NAMED, do, found="numbers, as of a patient")
        return Cells(pd.DataFrame(), NO_ROWS, cells.facts, (*cells.findings, *found))
    columns = [_cleaned(cells.frame.iloc[:, i]) for i in range(len(names))]
    there = [filled(column) for column in columns]
    some = np.any(there, axis=0) if len(cells.lines) else np.zeros(0, bool)
    found = [*cells.findings, *_of_header(names, there)]
    kept = [i for i, name in enumerate(names) if name and names.index(name) == i]
    frame = pd.DataFrame({names[i]: columns[i][some].reset_index(drop=True) for i in kept})
    facts = [*cells.facts, f"rows: {len(some)} in the file, {int(some.sum())} read"]
    if not some.all():
        facts[-1] += f", {int((~some).sum())} without any value left out"
    for name in (name for name in frame if not only_digits(frame[name].cat.categories)):
        texts = frame[name].cat.categories
        together = "\x1f".join(texts)
        for code, pattern, must, do in (each for each in _CELLS if each[1].search(together)):
            hits = frame[name].isin([text for text in texts if pattern.search(text)])
            found += finding(code, name, must, do, hits)
    return Cells(frame, cells.lines[some], tuple(facts), tuple(found))


_CELLS = (
    ("cell.newline", re.compile(r"[\r\n]"), "have no line break within a cell",
     "take the line break out, or export without free text"),
    ("cell.error", BROKEN, "hold no error of a spreadsheet", "correct the formula, and paste values only"),
    ("cell.encoding", MISREAD, "be readable text", "it was read in the wrong encoding: name it as encoding under [file]"),
)  # fmt: skip


def _of_header(names: list[str], there: Iterable[np.ndarray]) -> Iterator[Finding]:
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        times = f"{names.count(name)} times"
        yield from finding("file.header", name, "be named once", "rename one of them", found=times)
    unnamed = sum(not name and bool(cells.any()) for name, cells in zip(names, there, strict=True))
    if unnamed:
        said = f"{unnamed} column{'s' if unnamed > 1 else ''} with values and no name"
        yield from finding("file.header", "", NAMED, "name or empty it", found=said)


def _excel(path: Path, sheet: str | None) -> Cells:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, OSError) as error:
        raise ValueError(
            f"{path.name} must be an Excel file, it cannot be opened ({type(error).__name__}); save it anew"
        ) from None
    names = [each.title for each in book.worksheets if each.sheet_state == "visible" or each.title == sheet]
    chosen = sheet or (PATIENTS if PATIENTS in names else names[0] if len(names) == 1 else "")
    if chosen not in names:
        book.close()
        raise ValueError(
            f"one sheet of {path.name} must hold the patients, found {names}; name it as sheet under [file]"
        )
    grid = [[as_text(cell) for cell in row] for row in _rows(book[chosen])]
    book.close()
    never, width = _uncalculated(path, chosen, grid), max(map(len, grid), default=0)
    grid = [row + [""] * (width - len(row)) for row in grid]
    cells = [sum(map(bool, row)) for row in grid[:TOP]]
    top = next((i for i, many in enumerate(cells) if many and many >= max(cells) / 2), len(grid))
    said = [f"Excel, sheet {chosen!r}" + (f", of {len(book.sheetnames)}" if len(book.sheetnames) > 1 else "")]
    if any(cells[:top]) and top < len(grid):
        said.append(f"names of columns: row {top + 1}; rows with fewer cells above it left out")
    if top == len(grid):
        empty = finding("file.empty", "", NOT_EMPTY, "fill it", found="nothing")
        return Cells(pd.DataFrame(), NO_ROWS, tuple(said), tuple(empty))
    frame = pd.DataFrame(grid[top + 1 :], columns=range(width), dtype=str).astype("category")
    frame.columns = pd.Index(grid[top])
    return Cells(frame, np.arange(len(frame)) + top + 2, tuple(said), tuple(never))


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()  # some programs write others than those of the cells
    return sheet.iter_rows(values_only=True)


def _uncalculated(path: Path, sheet: str, grid: list[list[str]]) -> list[Finding]:
    """Return formulas whose result was never written: they read as empty cells."""
    from openpyxl import load_workbook

    with ZipFile(path) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        if not any(UNCALCULATED.search(parts.read(name)) for name in sheets):
            return []
    book = load_workbook(path, read_only=True)
    pairs = (zip(*row, strict=True) for row in zip(_rows(book[sheet]), grid, strict=True))
    unknown = (any(str(cell)[:1] == "=" and not value for cell, value in row) for row in pairs)
    said = [number for number, row in enumerate(unknown, 1) if row]
    book.close()
    found = f"formulas without one in {len(said)} rows, first {', '.join(map(str, said[:3]))}"
    do = "open it in Excel and save it, or paste values only"
    return finding("cell.formula", "", "hold the result of each formula", do, found=found) if said else []


def _columnar(path: Path, table: str | None) -> Cells:
    import duckdb

    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            rows, said = duckdb.read_parquet(str(path)).to_arrow_table(), "Parquet"
        else:
            with duckdb.connect(str(path), read_only=True) as base:
                names = [name for (name,) in base.sql("SHOW TABLES").fetchall()]
                chosen = table or (names[0] if len(names) == 1 else "")
                if chosen not in names:
                    raise ValueError(
                        f"one table of {path.name} must hold the patients, found {names}; name it as table under [file]"
                    )
                rows, said = base.table(chosen).to_arrow_table(), f"DuckDB, table {chosen!r}"
    except duckdb.Error as error:
        raise ValueError(
            f"{path.name} must be what its name says, it cannot be opened ({type(error).__name__}); save it anew"
        ) from None
    return _of_table(rows, said)


def _database(file: FileSection) -> Cells:
    """Return a table of a database, each cell as the database writes it."""
    if not (file.connection and file.table):
        must = "a settings file in place of a table must say where that is"
        do = "complete it, or name the table's own file"
        raise ValueError(f"{must}, as connection and table under [file]; {do}")
    import ibis

    try:
        base = ibis.connect(file.connection)
        try:
            table = base.table(file.table)
            rows = table.mutate(**{name: table[name].cast("string") for name in table.columns}).to_pyarrow()
        finally:
            base.disconnect()
    except Exception as error:  # each database has its own
        said = " ".join(str(error).split())[:200]
        must = f"the table {file.table!r} must be readable through its connection"
        raise ValueError(f"{must}: {said}") from None
    return _of_table(rows, f"{base.name}, table {file.table!r}, through ibis")


def _of_table(rows: Any, said: str) -> Cells:
    frame = of_arrow(rows)
    return Cells(frame, np.arange(len(frame)) + 1, (said,), ())
