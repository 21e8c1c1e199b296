"""From the bytes of a CSV file to its cells: encoding, separator and shape, each said and none guessed in silence."""

import codecs
import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from study.hospital.findings import Finding, at, finding

BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
SAID = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}
MARKS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", "^": "carets"}
SEPARATORS = {*MARKS, ":", "~", " "}
QUOTE, NEWLINE = ord('"'), ord("\n")
KINDS = {  # by the first bytes, in small letters
    b"pk\x03\x04": "Excel or an archive", b"\xd0\xcf\x11\xe0": "an old Excel file", b"\x1f\x8b": "compressed",
    b"par1": "Parquet", b"%pdf": "PDF", b"<!doctype": "a web page", b"<html": "a web page",
    b"<?xml": "XML", b"[{": "JSON", b"{\"": "JSON",
}  # fmt: skip
WHITE = np.frombuffer(b" \t\r\n\x0b\x0c", np.uint8)  # with which a blank line begins
NO_ROWS = np.empty(0, int)
NOT_EMPTY = "have a header and a row for each patient"
WHOLE = "quote cells that hold the separator, and complete rows that are cut off"
BLOCK = 1 << 24  # bytes that are parsed at once, which no row exceeds
TITLES = 5  # lines with fewer than half of the cells that may stand above the names of the columns
FEW = 1000  # texts, to put them in order


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A table as text: a frame of categories, the line of each row in the file, what is said, what is wrong."""

    frame: pd.DataFrame
    lines: np.ndarray
    facts: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_csv(raw: bytes, *, encoding: str | None = None, separator: str | None = None) -> Cells:
    """Return the cells of a CSV file, a row per record that is not blank; rows of another length are left out and named."""
    _require_text(raw)
    text, name, marked = _utf8(raw, encoding)
    facts = [f"encoding: {SAID.get(name, name)}{' with a byte-order mark' if marked else ''}"]
    if name in ("cp1252", "latin-1") and not encoding:
        facts[0] += " (it is not UTF-8; look at letters with accents in the preview)"
    found = _of_bytes(text)
    text = text.replace(b"\x00", b"")
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = text.rstrip(b"\x1a")  # with which DOS ends a file
    mark, above = _mark(text, separator)
    facts.append(f"separator: {MARKS.get(mark, repr(mark))}")
    if text.count(b'"') % 2:
        text, odd = _without_odd_quotes(text)
        found += odd
    starts, ends, lines = _shape(text)
    table = np.arange(len(starts)) >= above
    blank = np.zeros(len(starts), bool)
    # a look at each takes a second
    may = at(table & np.isin(np.frombuffer(text + b"\n", np.uint8)[starts], WHITE))
    blank[may] = [not text[starts[i] : ends[i]].strip() for i in may]
    rows = at(table & ~blank)
    if not len(rows):
        empty = finding("file.empty", "", NOT_EMPTY, "export it again", found="nothing")
        return Cells(pd.DataFrame(), NO_ROWS, tuple(facts), (*found, *empty))
    firsts = [_cells_of(text[starts[row] : ends[row]], mark) for row in rows[:TITLES]]
    titles = _header([len(cells) for cells in firsts])
    facts += [f"lines above the names of columns left out: {titles}"] if titles else []
    names, rows = firsts[titles], rows[titles + 1 :]
    width = len(_cells_of(text[starts[rows[0]] : ends[rows[0]]], mark)) if len(rows) else len(names)
    frame = _parsed(_lines(text, starts, ends, rows), mark, width)
    if len(frame) != len(rows):  # rows of another length, or quotes within cells
        counts = _counts(text, ord(mark), starts)[rows]
        width = Counter(counts.tolist()).most_common(1)[0][0]
        found += _ragged(lines[rows[counts != width]], width)
        rows = rows[counts == width]
        frame = _parsed(_lines(text, starts, ends, rows), mark, width)
        if len(frame) != len(rows):
            return _again(text, mark, facts, found)
    facts += [f"blank lines left out: {int(blank.sum())}"] if blank.any() else []
    if "".join(names[width:]).strip():
        must = "have a cell in each row for each name in its first"
        found += finding("file.ragged", "", must, WHOLE, found=f"{len(names)} names over {width} cells")
    frame.columns = pd.Index((names + [""] * width)[:width])
    return Cells(frame, lines[rows], tuple(facts), tuple(found))


def _parsed(body: bytes, mark: str, width: int) -> pd.DataFrame:
    """Return the cells as categories; no rows if the quotes cannot be understood."""
    import pyarrow
    from pyarrow import csv as arrow

    names = [str(number) for number in range(width)]
    kind = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    try:
        table = arrow.read_csv(
            pyarrow.BufferReader(body),
            arrow.ReadOptions(column_names=names, block_size=BLOCK),
            arrow.ParseOptions(delimiter=mark, newlines_in_values=b'"' in body, ignore_empty_lines=False),
            arrow.ConvertOptions(column_types=dict.fromkeys(names, kind)),
        )
    except pyarrow.ArrowInvalid:
        return pd.DataFrame(columns=range(width), dtype="category")
    return of_arrow(table)


def of_arrow(table: Any) -> pd.DataFrame:
    """Return a table of Arrow as text, a category for each distinct cell; nothing known is an empty cell."""
    import pyarrow

    columns = {}
    for number, name in enumerate(table.column_names):
        column = table.column(number)
        if pyarrow.types.is_nested(column.type):
            said = [None if each is None else str(each) for each in column.to_pylist()]
            column = pyarrow.chunked_array([said])
        if not pyarrow.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        whole = column.unify_dictionaries().combine_chunks()
        levels = whole.dictionary
        codes = whole.indices.fill_null(len(levels)).to_numpy(zero_copy_only=False)
        single = pyarrow.types.is_float32(levels.type)
        cells = levels.to_numpy(zero_copy_only=False) if single else levels.to_pylist()
        texts = [as_text(float(str(cell)) if single else cell) for cell in cells]
        columns[name] = categories([*texts, ""], codes)
    return pd.DataFrame(columns) if columns else pd.DataFrame(index=range(len(table)))


def categories(texts: list[str], codes: np.ndarray) -> pd.Series:
    """Return cells of some texts as categories, each text once; few are in order."""
    used = texts if len(texts) > FEW else sorted({texts[code] for code in np.flatnonzero(np.bincount(codes))})
    if used is texts and len(set(texts)) == len(texts):
        return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(texts, dtype=object)))
    rank = {text: number for number, text in enumerate(dict.fromkeys(used))}
    moved = np.array([rank.get(text, -1) for text in texts])[codes]
    return pd.Series(pd.Categorical.from_codes(moved, categories=pd.Index(list(rank), dtype=object)))


def as_text(value: Any) -> str:
    """Return a cell of a table as CSV would have it."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat(*([" "] if isinstance(value, datetime) else []))
    return str(value)


def _again(text: bytes, mark: str, facts: list[str], found: list[Finding]) -> Cells:
    """Return the cells of a text without the lines whose quotes are no pairs; it is an error that they are there."""
    kept, odd = _without_odd_quotes(text)
    if kept == text:
        must = "the file must have quotes only around whole cells, and those within a cell doubled"
        raise ValueError(f"{must}, found others; export it again")
    rest = read_csv(kept, encoding="utf-8", separator=mark)
    return Cells(rest.frame, rest.lines, tuple(facts), (*found, *odd, *rest.findings))


def _require_text(raw: bytes) -> None:
    """Raise ``ValueError`` if the first bytes are those of another kind of file."""
    first = raw[:512].lstrip().lower()
    kind = next((kind for start, kind in KINDS.items() if first.startswith(start)), None)
    if kind:
        must = f"the file must be CSV text if its name says so, it is {kind}"
        raise ValueError(f"{must}; name it so, or export it anew")


def _utf8(raw: bytes, encoding: str | None) -> tuple[bytes, str, bool]:
    """Return the text as UTF-8, its encoding, and whether it had a mark."""
    for bom, name in BOMS.items():
        if raw.startswith(bom):
            return raw[len(bom) :].decode(name, "replace").encode("utf-8"), name, True
    zeros = np.frombuffer(raw[:2000], np.uint8) == 0
    wide = [len(zeros) > 3 and zeros[start::2].mean() > 0.4 for start in (1, 0)]
    guess = "utf-16-le" if wide[0] else "utf-16-be" if wide[1] else "utf-8"
    for name in [encoding] if encoding else [guess, "cp1252", "latin-1"]:
        try:
            return raw.decode(name).encode("utf-8"), name, False
        except UnicodeError:
            continue
    raise ValueError(f"the file must be text in {encoding}, it is not; correct encoding under [file]")


def _of_bytes(text: bytes) -> list[Finding]:
    if b"\x00" not in text:
        return []
    lines = [number for number, line in enumerate(text.split(b"\n"), 1) if b"\x00" in line]
    where = f"them in {len(lines)} lines, first {', '.join(map(str, lines[:3]))}"
    return finding("file.nul", "", "hold no NUL bytes", "the file is damaged; export it again", found=where)


def _mark(text: bytes, given: str | None) -> tuple[str, int]:
    """Return the separator and how many lines stand above the header: comments and ``sep=``."""
    first = text[:100_000].decode("utf-8", "ignore").splitlines() or [""]
    above = 0
    if first[0].lower().startswith("sep=") and first[0][4:] in SEPARATORS:
        return first[0][4], 1
    known = [given] if given else list(MARKS)
    while above < len(first) - 1 and first[above].startswith("#"):
        below = first[above + 1]
        if any(0 < below.count(mark) <= first[above].count(mark) for mark in known):
            break  # a header that begins with # is a header
        above += 1
    if given:
        return given, above
    lines = first[above : above + TITLES] or [""]
    header = lines[_header([1 + max(map(line.count, MARKS)) for line in lines])]
    score = {mark: header.count(mark) for mark in MARKS}
    best = max(score, key=lambda mark: score[mark])
    return (best if score[best] else ","), above


def _header(cells: list[int]) -> int:
    """Return the place of the first line that has more than half of the cells that one has."""
    return next(i for i, n in enumerate(cells) if 2 * n > max(cells))


def _without_odd_quotes(text: bytes) -> tuple[bytes, list[Finding]]:
    """Return the text with every line emptied that holds an odd number of quotes, and the finding that names them."""
    lines = text.split(b"\n")
    odd = [i for i, line in enumerate(lines) if line.count(b'"') % 2]
    for i in odd:
        lines[i] = b""
    where = f"one without its other, first line {', '.join(str(i + 1) for i in odd[:3])}"
    do = "export it again, or double the quote within its cell"
    return b"\n".join(lines), finding("file.quotes", "", "have its quotes in pairs", do, found=where)


def _cells_of(record: bytes, mark: str) -> list[str]:
    return next(csv.reader([record.decode("utf-8")], delimiter=mark), [""])


def _shape(text: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of each record its start, end and line; within quotes no break counts."""
    data = np.frombuffer(text if text.endswith(b"\n") else text + b"\n", np.uint8)
    breaks = at(data == NEWLINE)
    ends = breaks[~_quoted(data)[breaks]] if b'"' in text else breaks
    starts = np.concatenate([[0], ends[:-1] + 1])
    return starts, ends, np.searchsorted(breaks, starts) + 1


def _quoted(data: np.ndarray) -> np.ndarray:
    return np.bitwise_xor.accumulate((data == QUOTE).view(np.uint8)).view(bool)


def _counts(text: bytes, mark: int, starts: np.ndarray) -> np.ndarray:
    """Return the number of cells of each record; within quotes no mark counts."""
    data = np.frombuffer(text + b"\n", np.uint8)
    return np.add.reduceat((data == mark) & ~_quoted(data), starts, dtype=np.int32) + 1


def _lines(text: bytes, starts: np.ndarray, ends: np.ndarray, rows: np.ndarray) -> bytes:
    """Return some records of a text, in order; all that follow each other in one piece."""
    if not len(rows):
        return b""
    cuts = at(np.diff(rows) > 1) + 1
    return b"\n".join(text[starts[part[0]] : ends[part[-1]]] for part in np.split(rows, cuts))


def _ragged(lines: np.ndarray, width: int) -> list[Finding]:
    found = f"{len(lines)} of another length, first line {', '.join(map(str, lines[:3]))}"
    must = f"have {width} cells in each row"
    return finding("file.ragged", "", must, WHOLE, found=found) if len(lines) else []
