"""``headtohead scan PATH``: look into everything that was built for what may not leave; never prints what it found."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from livingpaper.disclosure import traces
from livingpaper.disclosure.alike import Same, alike, side_by_side
from livingpaper.disclosure.patients import Reference
from livingpaper.disclosure.tables import Table, tables_in
from livingpaper.disclosure.unfold import Piece

RULES = {
    "rows": "rows of patients",
    "ids": "ids or names of patients",
    "dates": "dates of patients",
    "small": "counts below the threshold",
    "paths": "places on the disk of who built it",
    "users": "who built it, and addresses",
    "text": "free text",
    "closed": "what cannot be looked into",
}
# their words are not about patients
PROGRAMS = re.compile(r"(?<!searchindex)\.(?:js|mjs|css|map|mo|po|woff2?|ttf|eot)$")
SHOWN = 12  # findings of one rule
FEWEST = 5  # never a lower threshold


@dataclass(frozen=True, order=True)
class Finding:
    """What was found: by which rule, where, and how much of it in words that repeat nothing of a patient."""

    rule: str
    place: str
    says: str

    def matches(self, patterns: Iterable[re.Pattern[str]]) -> bool:
        """Return whether a pattern of "rule place: what" is about it."""
        return any(each.search(f"{self.rule} {self.place}: {self.says}") for each in patterns)


class LeakError(ValueError):
    """What was built holds what may not leave."""


def read_table(path: Path) -> pd.DataFrame:
    """Return the table of patients that must not be found; ``ValueError`` if it is none."""
    if path.suffix.lower() in (".xlsx", ".xls"):
        return pd.read_excel(path, dtype=str).apply(_with_points)
    if path.suffix.lower() == ".parquet":
        return pd.read_parquet(path)
    lines = (line for line in path.read_text("utf-8-sig").splitlines() if not line.startswith("#"))
    head = next(lines, "")
    mark = max(",;\t", key=head.count)
    if not head.count(mark):
        raise ValueError(f"{path} must be a table of patients with a line of names, found {head[:40]!r}")
    comma = "," if mark == ";" else "."
    return pd.read_csv(path, sep=mark, comment="#", decimal=comma, encoding="utf-8-sig", low_memory=False)


def _with_points(values: pd.Series) -> pd.Series:
    """Return a column of numbers written with decimal commas as numbers, any other as it is."""
    texts = values.dropna().astype(str)
    if not texts.str.fullmatch(r"-?\d+,\d+").mean() > 0.3:
        return values
    return pd.to_numeric(values.astype(str).str.replace(",", "."), errors="coerce")


def findings(path: Path, cohort: pd.DataFrame | None = None, *, threshold: int = 10) -> Iterator[Finding]:
    """Yield everything below a folder, or in a file, that may not leave.

    Parameters
    ----------
    path : Path
        A built site, any folder or one file; archives, notebooks, PDF and the git history are looked into.
    cohort : DataFrame, optional
        One row per patient: rows are looked for whole, rounded, reordered and torn apart; without it, by form alone.
    threshold : int
        Counts from 1 to below it are small; ``ValueError`` below five.
    """
    if threshold < FEWEST:
        must = f"the threshold must be {FEWEST} at least, found {threshold}"
        raise ValueError(f"{must}; nothing smaller is safe to show")
    table = pd.DataFrame() if cohort is None else cohort
    users = re.compile("|".join(map(re.escape, sorted(traces.user_names()))) or r"(?!)")
    reference = Reference(table).ready()
    together: dict[tuple[str, int], list[tuple[str, Table]]] = defaultdict(list)
    look = partial(_look, reference, traces.Marks(table), users, threshold)
    for found, tables in side_by_side(look, alike(path)):
        yield from found
        for place, table_ in tables:
            together[re.sub(r"\d+", "#", place), table_.width].append((place, table_))
    yield from _torn(together, reference)


def _look(
    reference: Reference, marks: traces.Marks, users: re.Pattern[str], threshold: int, same: Same
) -> tuple[list[Finding], list[tuple[str, Table]]]:
    """Return what alike files hold, for the place of each, and the small tables of the first with their places."""
    found, small = list[Finding](), list[tuple[str, Table]]()
    for piece in same.pieces():
        if piece.fault:
            found.append(Finding("closed", piece.place, piece.fault))
            continue
        found += _of_text(piece, marks, users)
        if not piece.raw:
            found += _of_numbers(piece, reference, threshold, small)
        elif many := reference.bytes_in(piece.raw):
            found.append(Finding("rows", piece.place, f"{many} values of patients as binary numbers"))
    return [replace(one, place=place) for one in found for place in same.everywhere(one.place)], small


def _of_text(piece: Piece, marks: traces.Marks, users: re.Pattern[str]) -> Iterator[Finding]:
    text = piece.text
    if found := traces.ids_in(text, marks):
        yield Finding("ids", piece.place, f"{len(found)} of the table's")
    if many := traces.dates_in(text, marks):
        yield Finding("dates", piece.place, f"{many} of the table's")
    if many := traces.phrases_in(text, marks):
        yield Finding("text", piece.place, f"{many} runs of four words of the table's")
    if found := sorted(set(traces.PATHS.findall(text))):
        yield Finding("paths", piece.place, f"{len(found)}, the first {found[0][:60]!r}")
    program = PROGRAMS.search(piece.name)
    if found := sorted({*users.findall(text), *(() if program or piece.raw else traces.MAIL.findall(text))}):
        yield Finding("users", piece.place, f"{len(found)}, the first {found[0][:60]!r}")


def _of_numbers(
    piece: Piece, reference: Reference, threshold: int, torn: list[tuple[str, Table]]
) -> Iterator[Finding]:
    small, dated, free, held = 0, 0, 0, ""
    program = PROGRAMS.search(piece.name)
    if rows := reference.rows_in(piece.text):
        yield Finding("rows", piece.place, f"{len(rows)} rows, the first is row {rows[0] + 1} of the table")
    for table in tables_in(piece.text):
        if table.kind not in ("labels", "places") and not program:
            small += traces.small_of(table, threshold)
            dated += traces.dates_of(table)
            free += traces.free_text_of(table)
        held = held or reference.held_by(table)
        if len(table.rows) < 40:
            torn.append((piece.place, table))
    if held:
        yield Finding("rows", piece.place, held)
    if dated:
        yield Finding("dates", piece.place, f"{dated} in a column")
    if free:
        yield Finding("text", piece.place, f"{free} cells of free text or names")
    if not program and (small := small + traces.small_in(piece.text, threshold)):
        yield Finding("small", piece.place, f"{small} from 1 to {threshold - 1}")


def _torn(torn: dict[tuple[str, int], list[tuple[str, Table]]], reference: Reference) -> Iterator[Finding]:
    """Yield tables that hold patients only when those of files with like names are put together."""
    for parts in torn.values():
        if len({place for place, _ in parts}) > 1:
            whole = Table("together", (), tuple(row for _, table in parts for row in table.rows))
            if held := reference.held_by(whole):
                yield Finding("rows", parts[0][0], f"with {len(parts) - 1} like it: {held}")


def report(found: Iterable[Finding]) -> str:
    """Return findings by rule as text."""
    found, lines = sorted(set(found)), []
    for rule, words in RULES.items():
        if of_rule := [each for each in found if each.rule == rule]:
            lines.append(f"{rule}: {words} in {len(of_rule)} place(s)")
            lines += [f"  {each.place}: {each.says}" for each in of_rule[:SHOWN]]
            lines += [f"  and {len(of_rule) - SHOWN} more"] if len(of_rule) > SHOWN else []
    return "\n".join(lines)


def scan(path: Path, cohort: Path | None = None, threshold: int = 10, allow: Iterable[str] = ()) -> str:
    """Return in one line that nothing was found; ``LeakError`` says what was, and where.

    ``allow`` are patterns of "rule place: what" that somebody looked at and found harmless.
    """
    if not path.exists():
        raise FileNotFoundError(f"what is looked into must exist, {path} does not; build it first")
    harmless = [re.compile(each) for each in allow]
    found = list(findings(path, read_table(cohort) if cohort else None, threshold=threshold))
    if left := [one for one in found if not one.matches(harmless)]:
        cure = "take it out and build again; what is harmless: --allow 'rule place'"
        raise LeakError(f"{path} must hold nothing of a patient, found:\n{report(left)}\n{cure}")
    other = "without a table of patients (--cohort FILE finds more)"
    against = f"against the {cohort.name}" if cohort else other
    passed = f", {len(found)} finding(s) allowed" if found else ""
    return f"{path}: nothing that may not leave, looked through {against}{passed}"
