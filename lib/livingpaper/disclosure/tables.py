"""Tables in text, whatever form they have there: CSV, HTML, JSON by rows or by columns, labels and places of marks."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

TAG = re.compile(r"<[A-Za-z/!?][^<>]*>")  # a letter, for text may hold signs of more and less
ROW = re.compile(r"<tr\b.*?</tr>", re.S | re.I)
CELL = re.compile(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", re.S | re.I)
TABLE = re.compile(r"<table\b.*?</table>", re.S | re.I)
LABEL = re.compile(r"(?:aria-label|alt|title|content)=\"([^\"]*)\"")
PLACE = re.compile(r"(?:translate\(|\bc?x=\")(-?[\d.]+)(?:[, ]\s*|\"\s+c?y=\")(-?[\d.]+)")
SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script>", re.S | re.I)
NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])")
LITERAL = re.compile(r"\[\s*[\[{\"\d-]")
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Table:
    """Rows of cells as text, with the names of the columns where they have any; ``kind`` says where it was found."""

    kind: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, number: int) -> list[str]:
        """Return the cells of one column, rows that are too short left out."""
        return [row[number] for row in self.rows if len(row) > number]

    @property
    def width(self) -> int:
        """The number of columns."""
        return max(map(len, self.rows), default=0)


def strip(text: str) -> str:
    """Return marked text without its tags, the words of labels and of comments kept."""
    if "<" not in text:
        return text
    said = text.replace("<!--", " ").replace("-->", " ")  # what is commented out leaves with the rest
    return TAG.sub(lambda tag: f" {' '.join(LABEL.findall(tag[0]))} " if '="' in tag[0] else " ", said)


def tables_in(text: str) -> Iterator[Table]:
    """Yield every table of a text."""
    if "<t" in text:
        for found in TABLE.finditer(text):
            rows = map(CELL.findall, ROW.findall(found[0]))
            yield from _headed("table", [tuple(strip(cell).strip() for cell in row) for row in rows if row])
    labels = [tuple(NUMBER.findall(label)) for label in LABEL.findall(text)]
    yield from _even("labels", [row for row in labels if row])
    yield from _even("places", [tuple(found) for found in PLACE.findall(text)])
    if "<script" in text:
        for script in SCRIPT.findall(text):
            yield from _json(script)
    else:
        yield from _json(text)
        yield from _delimited(text)


def _headed(kind: str, rows: list[tuple[str, ...]]) -> Iterator[Table]:
    """Yield a table whose first row names the columns if it holds no number."""
    if rows:
        named = not any(NUMBER.fullmatch(cell.strip()) for cell in rows[0])
        yield Table(kind, rows[0] if named else (), tuple(rows[1:] if named else rows))


def _even(kind: str, rows: list[tuple[str, ...]]) -> Iterator[Table]:
    """Yield tables of the rows that are equally long."""
    for length in sorted({len(row) for row in rows}):
        yield Table(kind, (), tuple(row for row in rows if len(row) == length))


def _delimited(text: str) -> Iterator[Table]:
    """Yield runs of lines with the same number of the same separator."""
    lines = text.splitlines()
    if len(lines) > 1 and sum(map(len, lines)) / len(lines) < 2000:
        for mark in DELIMITERS:
            if mark not in text:
                continue
            for count, run in groupby(lines, lambda line, mark=mark: line.count(mark)):  # type: ignore[misc]
                if count:
                    cells = (tuple(cell.strip().strip('"') for cell in line.split(mark)) for line in run)
                    yield from _headed("lines", list(cells))
    alone = [line.strip() for line in lines]
    if single := [(line,) for line in alone if NUMBER.fullmatch(line)]:
        yield Table("lines", (), tuple(single))


def _json(text: str) -> Iterator[Table]:
    """Yield the tables of JSON, or of the lists in a script."""
    try:
        yield from _walk(json.loads(text))
        return
    except (ValueError, RecursionError):
        pass
    decoder, at = json.JSONDecoder(), 0
    while found := LITERAL.search(text, at):
        try:
            value, at = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            at = found.start() + 1
            continue
        yield from _walk(value)


def _walk(value: Any) -> Iterator[Table]:
    if isinstance(value, list):
        yield from _list(value)
        inner = value
    elif isinstance(value, dict):
        yield from _columns(value)
        inner = list(value.values())
    elif isinstance(value, str) and len(value) > 40 and ("\n" in value or "<t" in value):
        yield from tables_in(value)
        return
    else:
        return
    for part in inner:
        if isinstance(part, (list, dict, str)):
            yield from _walk(part)


def _list(values: list[Any]) -> Iterator[Table]:
    if not values or not isinstance(values[0], (dict, list, int, float, str)):
        return
    records = [value for value in values if isinstance(value, dict)]
    if records:
        header = tuple(dict.fromkeys(str(name) for record in records for name in record))
        rows = (tuple(_text(record.get(name)) for name in header) for record in records)
        yield Table("json", header, tuple(rows))
    lists = [tuple(map(_text, value)) for value in values if isinstance(value, list)]
    yield from _even("json", [row for row in lists if row])
    if simple := [(_text(value),) for value in values if isinstance(value, (int, float, str))]:
        yield Table("json", (), tuple(simple))


def _columns(value: dict[str, Any]) -> Iterator[Table]:
    """Yield what is kept by columns: equally long lists, or objects with the same keys."""
    lists = {name: list(part.values()) if isinstance(part, dict) else part for name, part in value.items()}
    lists = {name: part for name, part in lists.items() if isinstance(part, list)}
    for length in {len(part) for part in lists.values()} - {0}:
        those = {name: map(_text, part) for name, part in lists.items() if len(part) == length}
        yield Table("json", tuple(those), tuple(zip(*those.values(), strict=True)))


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, (dict, list)) else str(value)
