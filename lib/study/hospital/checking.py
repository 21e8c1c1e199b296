"""``headtohead check FILE``: everything that is wrong with a cohort and with its choices, at once, before any analysis."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from livingpaper.build.project import Project

from study.data.reading import read_table
from study.hospital import contract, rules
from study.hospital.carried import check_carried
from study.hospital.columns import Ours, make_ours
from study.hospital.findings import ORDER, Finding, finding, sorted_findings
from study.hospital.likely import check_likely
from study.hospital.people import check_people
from study.hospital.settings import NAME, Acknowledged, Settings, load_settings
from study.hospital.suspicions import check_suspicions
from study.hospital.swaps import unseen_swaps
from study.hospital.tables import read_any
from study.protocol.protocol import Protocol, load_protocol

LABELLED = 5  # columns of numbers without one in the first row
FOUND, UNREADABLE = 1, 3  # exit statuses; 0 if nothing stands


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What was found of a cohort: errors and warnings that stand, notes, and warnings acknowledged with their reason."""

    made: Ours
    findings: tuple[Finding, ...]
    acknowledged: tuple[tuple[Finding, str], ...]
    left_out: tuple[contract.LeftOut, ...]
    unseen: tuple[tuple[str, ...], ...]  # columns whose swap nothing here would show

    @property
    def stands(self) -> bool:
        """Whether an error or a warning that nobody acknowledged is left."""
        return any(each.level != "note" for each in self.findings)

    def codes(self, *levels: str) -> set[str]:
        """Return the codes of the findings of some levels, of all if none is named."""
        return {each.code for each in self.findings if not levels or each.level in levels}

    def said(self, ids: list[str] | None = None) -> dict[str, list[str]]:
        """Return the findings of each level, each as one line."""
        lines: dict[str, list[str]] = {level: [] for level in ORDER}
        for each in self.findings:
            lines[each.level].append(each.said(self.made.lines, ids))
        return lines

    def reasons(self) -> list[str]:
        """Return what was acknowledged, and why, each as one line."""
        return [f"[{each.code}] {each.column}: {reason}" for each, reason in self.acknowledged]


def command(project: Project, words: Sequence[str]) -> int:
    """Run ``check FILE``: print the report, write the preview beside the file, return the exit status."""
    parser = ArgumentParser(prog="headtohead check", description=__doc__)
    parser.add_argument("file", type=Path, help="CSV, .xlsx, .parquet or .duckdb, one row per patient")
    parser.add_argument("--settings", type=Path, help=f"default: {NAME} beside the file")
    parser.add_argument("--ids", action="store_true", help="name patients by id too, not by row alone")
    parser.add_argument("--no-preview", action="store_true", help="write no HTML beside the file")
    given = parser.parse_args(words)
    try:
        report = check_file(project, given.file, given.settings)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return UNREADABLE
    sys.stdout.write(as_text(report, ids=given.ids))
    if not given.no_preview:
        from study.hospital.preview import write_preview

        sys.stdout.write(f"preview: {write_preview(report, given.file)}\n")
    return FOUND if report.stands else 0


def check_file(project: Project, file: Path, settings: Path | None = None) -> Report:
    """Return the report on a file with the ``cohort.toml`` beside it; of a database, that is the file.

    Raises
    ------
    FileNotFoundError, SettingsError, ValueError
        If file or settings cannot be read at all; whatever can be named is in the report.
    """
    path = file.resolve()
    chosen = load_settings(settings or (path if path.suffix == ".toml" else path.parent / NAME))
    numbers = ["low", "high", "median_low", "median_high"]
    dictionary = read_table(project.data / "dictionary.csv", numbers=numbers, keep_missing=False)
    dictionary[numbers] = dictionary[numbers].astype(float)
    cells = read_any(path, chosen.file)
    made = make_ours(cells, dictionary, chosen)
    return make_report(made, cells.frame, load_protocol(project.protocol))


def make_report(made: Ours, cells: pd.DataFrame, plan: Protocol) -> Report:
    """Return every finding on data and choices; those that ``cohort.toml`` acknowledges apart."""
    theirs = list(cells)
    found = list(made.findings)
    found += contract.check_columns(made, theirs, plan) if theirs else []
    if not len(made.lines):
        found = [each for each in found if each.code != "file.empty"]
        found += finding("file.empty", "", "hold a row for each patient", "export it again", found="none")
    else:
        found += contract.check_choices(made, plan)
        for check in (rules.check_values, rules.check_ids, rules.check_rows, check_suspicions, check_likely):
            found += check(made)
        found += check_people(made, plan)
    found, left_out = _once(found), contract.left_out(made, plan)
    if not any(each.level == "error" for each in found):
        carried, alike = check_carried(made, plan)
        found, left_out = [*found, *carried], [*left_out, *alike]
    used = {*made.theirs.values(), made.settings.dates.reference}
    found += rules.check_names(cells[[name for name in theirs if name not in used]])
    stand, known = _acknowledged(found, made.settings)
    named = sorted_findings((_named(each, made) for each in stand), list(made.dictionary.index))
    unseen = tuple(unseen_swaps(made)) if len(made.lines) else ()
    return Report(made, tuple(named), tuple(known), tuple(left_out), unseen)


def _once(found: list[Finding]) -> list[Finding]:
    """Return one finding in place of those that serial dates, or a first row of units, cause in many columns."""
    if any(each.code == "dates.serial" for each in found):
        found = [each for each in found if each.code not in ("value.range", "likely.longer")]
    first = [each for each in found if each.level == "error" and each.rows.tolist() == [0]]
    if len({each.column for each in first if each.code.startswith("number.")}) < LABELLED:
        return found
    do = "take the row below the names of the columns out"
    must, there = "hold a patient in its first row", "units or labels in many columns"
    rest = (each for each in found if each not in first)
    return [*finding("file.units", "", must, do, [True], found=there), *rest]


def _acknowledged(
    found: list[Finding], settings: Settings
) -> tuple[list[Finding], list[tuple[Finding, str]]]:
    """Return findings that stand, and warnings with the reason why they may; an entry that meets none is an error."""

    def meets(entry: Acknowledged, each: Finding) -> bool:
        return each.level == "warning" and entry.warning == each.code and entry.column in (None, each.column)

    said = [[entry.reason for entry in settings.acknowledged if meets(entry, each)] for each in found]
    stand = [each for each, reasons in zip(found, said, strict=True) if not reasons]
    for entry in settings.acknowledged:
        if not any(meets(entry, each) for each in found):
            do = "take the entry out: errors cannot be acknowledged, and what is no longer found need not be"
            must = "acknowledge warnings that are there"
            where = f"{entry.warning!r}" + (f" of {entry.column}" if entry.column else "")
            stand += finding("settings.acknowledged", "", must, do, found=where)
    return stand, [(each, reasons[-1]) for each, reasons in zip(found, said, strict=True) if reasons]


def _named(each: Finding, made: Ours) -> Finding:
    """Return a finding whose column is named as in the file too, where that differs."""
    theirs = made.theirs.get(each.column, each.column)
    if theirs == each.column:
        return each
    return replace(each, found=", ".join(filter(None, [f"as {theirs!r} in the file", each.found])))


def as_text(report: Report, *, ids: bool = False) -> str:
    """Return the report for the terminal; row numbers are those of the file, ids are said only if asked for."""
    made = report.made
    names = made.frame["patient_id"].astype(str).tolist() if ids and made.has("patient_id") else None
    said, known = report.said(names), report.reasons()
    lost = [f"{each.analysis} ({', '.join(each.columns)})" for each in report.left_out]
    many = {level: f"{len(each)} {level}{'s' * (len(each) != 1)}" for level, each in said.items()}
    sections = {
        many["error"]: said["error"],
        f"{many['warning']}, to be corrected or acknowledged in cohort.toml": said["warning"],
        many["note"]: said["note"],
        f"{len(known)} acknowledged": known,
        "analyses left out, for lack of columns or of what they hold": lost,
        "compare with the records: a swap among these would not be seen here": map(", ".join, report.unseen),
    }
    parts = ["".join(f"{fact}\n" for fact in made.facts)]
    for title, each in sections.items():
        if lines := "".join(f"  - {line}\n" for line in each):
            parts.append(f"{title}:\n{lines}")
    end = f"{many['error']}, {many['warning']}" if report.stands else "nothing stands against this cohort"
    return "\n".join(parts) + f"\n{end}\n"
