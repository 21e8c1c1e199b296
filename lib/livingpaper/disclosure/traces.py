"""What must not stand in what is shown, beside the rows themselves: ids, dates, names, paths, free text, small counts."""

import getpass
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import pandas as pd

from livingpaper.disclosure.tables import NUMBER, Table, strip

WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_./-]*[A-Za-z0-9])?")
DATES = re.compile(
    r"(?<![\d.-])(?:(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|1[0-2])\2(?:19|20)\d\d)(?![\d-])"
)
PATHS = re.compile(
    r"(?<![\w./:~*-])(?:file://)?(?:/(?:home|Users|root|tmp|mnt|media|srv|var/folders|workspace|work)/[\w.@+-]+[\w./@+-]*"
    r"|[A-Za-z]:\\{1,2}(?:Users|home|Documents|data|temp)\\[\w.\\-]+|\\\\\\\\[\w.-]+\\\\[\w.$-]+)"
)
MAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]*[A-Za-z]{2,}\b")
COUNTS = re.compile(
    r"(?:n|no\.?|num|number|count|counts|events?|deaths?|died|dead|patients?|people|persons?|participants?|cases?|records|"
    r"at risk|n[ _]at[ _]risk|n[ _]risk|freq|frequency|total)(?:[ _(,:].*)?|n[ _].*|.*[ _]n|"
    r".*[ _](?:count|events|deaths|patients)",
    re.I,
)
UNITS = "patients?|deaths?|events?|people|persons?|participants?|cases|women|men|children|died"
IN_WORDS = re.compile(
    rf"\b[nN]\s?=\s?(?P<a>\d{{1,2}})(?![\d.,]\d)\b|(?<![\d.,/])(?P<b>\d{{1,2}})\s?(?:/|of|out of)\s?"
    rf"(?!19\d\d|20\d\d)\d{{2,7}}(?![\d./])"
    rf"|(?<![\d.,/−-])(?P<c>\d{{1,2}})\s(?:{UNITS})\b|(?<![\d.,])(?P<d>\d{{1,2}})\s?\(\d{{1,2}}(?:\.\d+)?\s?%\)"
)
INLINE = re.compile(  # with the marks of notes and origins
    r"<sup\b[^<>]*>[^<>]*</sup>|</?(?:a|abbr|b|code|em|font|i|mark|small|span|strong|sub|sup|time|u|var)\b[^<>]*>",
    re.I,
)
SHARE = re.compile(r"(\d{1,2})\s?\(\s?\d{1,3}(?:[.,]\d+)?\s?%?\s?\)")
FREE = re.compile(
    r"(?:free[ _]?text|notes?|comments?|remarks?|narrative|observations?|anamnesis|address|surname|(?:first|last|full)[ _]?name)",
    re.I,
)
COMMON = {"root", "user", "users", "nobody", "admin", "runner", "guest", "ubuntu", "docker", "jovyan", "test", "work",
          "data"}  # fmt: skip


def user_names() -> set[str]:
    """Return the names of who works here, those that are words of every page left out."""
    try:
        names = {getpass.getuser(), Path.home().name}
    except (OSError, KeyError, RuntimeError):
        names = set()
    return {name for name in names if len(name) > 3 and name.lower() not in COMMON}


@dataclass(frozen=True)
class Marks:
    """What tells patients apart in their table: ids, dates, and sentences somebody wrote."""

    frame: pd.DataFrame

    @cached_property
    def _texts(self) -> dict[str, pd.Series]:
        filled = {str(name): self.frame[name].dropna().astype(str).str.strip() for name in self.frame}
        return {
            name: values[values != ""]
            for name, values in filled.items()
            if pd.to_numeric(values, errors="coerce").notna().mean() < 0.5
            or values.str.fullmatch(r"\d{6,}").mean() > 0.9
        }

    @cached_property
    def ids(self) -> frozenset[str]:
        """Words that only one row has, in columns where nearly every row has its own."""
        kept: set[str] = set()
        for values in self._texts.values():
            dates = _share_dated(values)
            if len(values) > 1 and values.nunique() >= 0.9 * len(values) and dates < 0.5:
                kept |= {value.lower() for value in values if len(value) > 3 and " " not in value}
        return frozenset(kept)

    @cached_property
    def names(self) -> re.Pattern[str] | None:
        """Texts of two or three words that only one row has: names of people."""
        found = {
            value
            for values in self._texts.values()
            if len(values) > 1 and values.nunique() >= 0.8 * len(values)
            for value in values
            if 2 <= len(value.split()) <= 3 and not any(map(str.isdigit, value))
        }
        return re.compile("|".join(map(re.escape, sorted(found)))) if found and len(found) < 50_000 else None

    @cached_property
    def dates(self) -> frozenset[str]:
        """The dates of the table in the ways in which they are written."""
        ways = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y",
                "%d %b %Y")  # fmt: skip
        found: set[str] = set()
        for values in self._texts.values():
            if _share_dated(values) > 0.5:
                day_first = not values.str.match(r"\d{4}").all()
                days = pd.to_datetime(values, errors="coerce", format="mixed", dayfirst=day_first)
                found |= {day.strftime(way) for day in days.dropna().unique() for way in ways}
        return frozenset(found | {date.lstrip("0") for date in found})

    @cached_property
    def phrases(self) -> frozenset[tuple[str, ...]]:
        """Runs of four words from columns of free text."""
        long = (values for values in self._texts.values() if values.str.split().str.len().mean() >= 4)
        return frozenset(
            run for values in long if values.nunique() > 12 for run in chain(*map(_runs, values))
        )


def _share_dated(values: pd.Series) -> float:
    return sum(bool(DATES.search(value)) for value in values) / max(1, len(values))


def _runs(text: str) -> Iterable[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return zip(*(words[start:] for start in range(4)), strict=False)


def ids_in(text: str, marks: Marks) -> list[str]:
    """Return the ids, and the names, that stand in a text; of a search index also ids that it took apart."""
    words = {word.lower() for word in WORD.findall(text)}
    words |= {part for word in words if "/" in word for part in word.split("/")}
    words |= {word.rsplit(".", 1)[0] for word in words if "." in word}
    found = words & marks.ids
    if "Search.setIndex" in text[:200]:
        parts = {each: re.findall(r"\w+", each) for each in marks.ids}
        found |= {each for each, those in parts.items() if len(those) > 1 and words.issuperset(those)}
    return sorted(found | set(marks.names.findall(text) if marks.names else ()))


def dates_in(text: str, marks: Marks) -> int:
    """Return how many dates of the patients stand in a text."""
    if len(marks.dates) < 2000:
        return sum(date in text for date in marks.dates)
    return len({found[0] for found in DATES.finditer(text)} & marks.dates)


def phrases_in(text: str, marks: Marks) -> int:
    """Return how many runs of four words of the patients' free text stand in a text."""
    return len(marks.phrases.intersection(_runs(strip(text)))) if marks.phrases else 0


def dates_of(table: Table) -> int:
    """Return how many dates a column of a table holds, where most of its cells are dates; else none."""
    columns = map(table.column, range(min(table.width, 200)))
    many = [sum(bool(DATES.search(cell)) for cell in column) for column in columns]
    return max((n for n in many if n >= 5 and n > 0.5 * len(table.rows)), default=0)


def free_text_of(table: Table) -> int:
    """Return how many cells of a column named like free text, or like names, are filled."""
    return sum(
        len(cell) > 2 and not NUMBER.fullmatch(cell)
        for number, name in enumerate(table.header)
        if FREE.fullmatch(name.strip())
        for cell in table.column(number)
    )


def small_of(table: Table, threshold: int) -> int:
    """Return how many counts of a table are from 1 to below the threshold: by the name of the column, or as n (%)."""
    small: Callable[[str], bool] = lambda text: text.isdigit() and 0 < int(text) < threshold  # noqa: E731
    counted = {number for number, name in enumerate(table.header) if COUNTS.fullmatch(name.strip())}
    lines = {row for row in table.rows if row and COUNTS.fullmatch(row[0].strip()) and table.kind == "table"}
    found = 0
    for row in table.rows:
        for number, cell in enumerate(row):
            whole = cell.strip().removesuffix(".0")
            share = SHARE.fullmatch(cell.strip())
            of_people = number in counted or (row in lines and number > 0)
            found += (of_people and small(whole)) or bool(share and small(share[1]))
    return found


def small_in(text: str, threshold: int) -> int:
    """Return how many counts in running text are from 1 to below the threshold: n = 3, 3 of 125, 3 deaths, 3 (2%).

    Tags within words are passed over, as readers do, and in a second look separate words, for some have words of their own.
    """
    looks = {strip(INLINE.sub("", text)), strip(text)} if "<" in text else {text}
    found = ([next(filter(None, match.groups())) for match in IN_WORDS.finditer(said)] for said in looks)
    return max(sum(0 < int(number) < threshold for number in numbers) for numbers in found)
