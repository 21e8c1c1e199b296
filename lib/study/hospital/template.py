"""``headtohead template``: an empty table with our columns, one sheet of instructions, drop-down levels and units."""

import csv
import difflib
import io
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from livingpaper.build.cache import write_whole
from livingpaper.build.project import Project

from study.data.reading import read_table
from study.hospital.contract import CORE
from study.hospital.own_history import toml_value
from study.hospital.settings import NAME, FileSection
from study.hospital.tables import PATIENTS, read_any
from study.hospital.units import FACTORS
from study.protocol.protocol import load_protocol

ROWS = 2000  # that have drop-down levels
SETTINGS = """# How the columns of a hospital's table become ours. It stands beside the table, outside the repository.
# Every part may be left out; `headtohead check FILE` names what is missing. Then: make hospital COHORT=FILE

[paper]
# title = "Two drugs compared at our hospital"
# authors = ["Given Family"]
draft = true         # stamped on every page

[columns]            # ours = "theirs", where the names differ
{columns}

[levels.sex]         # "theirs" = "ours"
# "Mujer" = "F"

[units]              # ours = "their unit"
# crp = "mg/dL"

[missing]            # cells that say that nothing is known
# everywhere = ["ND"]
# columns.ferritin = [999]

[dates]              # if days are given as dates: the column with the date of the first dose
# reference = "First dose"
# order = "day first"

[arms]
treated = "{treated}"
control = "{control}"

# [score]            # columns of the propensity score, instead of the protocol's
# columns = ["age", "sex", "charlson", "hospital"]

[disclosure]
profile = "publish"  # internal, publish or strict

# [[change]]         # of a choice, after the paper was first built: what and why
# what = "C-reactive protein in the score"
# why = "clinicians say that they go by it"

# [[acknowledged]]   # a warning of `headtohead check` that was looked at and stands
# warning = "unit.group"
# column = "ferritin"
# reason = "the laboratory of the second hospital measures by another method"
"""


def command(project: Project, words: Sequence[str]) -> int:
    """Run ``template [FILE]``: write the table, or of one that is there the ``cohort.toml`` that names its columns."""
    parser = ArgumentParser(prog="headtohead template", description=__doc__)
    help_ = "new .xlsx or .csv outside the repository, or a table that is there (default: cohort.xlsx)"
    parser.add_argument("file", type=Path, nargs="?", default=Path("cohort.xlsx"), help=help_)
    try:
        for path in write_template(project, parser.parse_args(words).file):
            sys.stdout.write(f"written: {path}\n")
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def write_template(project: Project, file: Path) -> list[Path]:
    """Return what was written: the table, its instructions if it is CSV, and ``cohort.toml`` unless it is there.

    Of a table that is there, ``cohort.toml`` with its columns. Raises ``ValueError`` if that is there too, or the file is
    neither .xlsx nor .csv.
    """
    settings = file.with_name(NAME)
    if file.exists():
        if settings.exists():
            there = f"{file} and {settings} are there already"
            raise ValueError(f"{there}; edit the second, or choose another name")
        write_whole(settings, _settings(project, list(read_any(file, FileSection()).frame)).encode())
        return [settings]
    if file.suffix not in (".xlsx", ".csv"):
        raise ValueError(f"the template must end in .xlsx or .csv, found {file.name!r}; choose another name")
    table = instructions(project)
    texts: dict[Path, bytes] = {}
    if file.suffix == ".xlsx":
        content = _excel(table)
    else:
        header = io.StringIO()
        csv.writer(header).writerow(table["column"])
        content = header.getvalue().encode("utf-8-sig")
        texts[file.with_name(f"{file.stem}-instructions.csv")] = table.to_csv(index=False).encode("utf-8-sig")
    if not settings.exists():
        texts[settings] = _settings(project, []).encode()
    for path, text in (texts | {file: content}).items():  # the table last: where it is, all is
        write_whole(path, text)
    return [file, *texts]


def _settings(project: Project, theirs: list[str]) -> str:
    """Return ``cohort.toml`` with a line for each column that is needed, and the columns of the table that it could be."""
    plan, lines = load_protocol(project.protocol), ['# crp = "PCR (mg/dl)"']
    if theirs:
        table = instructions(project)
        needed = table[table["needed"] != "optional"]
        spare = [name for name in theirs if name not in set(table["column"])]
        lines = [f"# of the table, to be named here: {', '.join(map(toml_value, spare)) or 'none'}"]
        known = {name.casefold(): name for name in spare}
        for name, label in zip(needed["column"], needed["label"], strict=True):
            if name in theirs:
                continue
            words = (name, label.casefold())
            found = [close for word in words for close in difflib.get_close_matches(word, known, 1, 0.6)]
            guess = toml_value(known[found[0]]) if found else '""'
            lines.append(f"{'' if found else '# '}{name} = {guess}  # {label}")
    return SETTINGS.format(columns="\n".join(lines), treated=plan.arms.treated, control=plan.arms.control)


def instructions(project: Project) -> pd.DataFrame:
    """Return a row per column of the table: whether it is needed, its unit, levels, range and definition; the needed first."""
    dictionary = read_table(project.data / "dictionary.csv", keep_missing=False)
    dictionary = dictionary[dictionary["name"] != "synthetic"]
    score = {term.column for term in load_protocol(project.protocol).propensity.terms}
    names, ranks = dictionary["name"], ["core", "score", "optional"]
    levels = dictionary["levels"].str.replace("|", ", ")
    table = pd.DataFrame(
        {
            "column": names,
            "needed": np.select([names.isin(CORE), names.isin(score)], ranks[:2], ranks[2]),
            "label": dictionary["label"],
            "unit": dictionary["unit"],
            "other units": [", ".join(list(FACTORS.get(name, ()))[1:]) for name in names],
            "values": levels.where(dictionary["type"] != "binary", "0, 1"),
            "from": dictionary["low"],
            "to": dictionary["high"],
            "measured": dictionary["window"],
            "definition": dictionary["definition"],
        }
    )
    return table.sort_values(
        "needed", key=lambda need: need.map(ranks.index), kind="stable", ignore_index=True
    )


def _excel(table: pd.DataFrame) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.active
    sheet.title, sheet.freeze_panes = PATIENTS, "B2"
    colours = {"core": "FFE08A", "score": "CFE3F5", "optional": "EEEEEE"}
    for number, row in enumerate(table.itertuples(index=False), 1):
        letter = get_column_letter(number)
        head = sheet.cell(1, number, row.column)
        head.font, head.fill = Font(bold=True), PatternFill("solid", start_color=colours[row.needed])
        sheet.column_dimensions[letter].width = max(12, len(row.column) + 2)
        if row.values:
            levels = f'"{row.values.replace(", ", ",")}"'
            choice = DataValidation(type="list", formula1=levels, allow_blank=True)
            choice.errorTitle, choice.error = row.column, f"one of {row.values}"[:220]
            sheet.add_data_validation(choice)
            choice.add(f"{letter}2:{letter}{ROWS}")
    guide = book.create_sheet("instructions")
    lines = [
        "One row for each patient who started one of the two drugs; days are counted from the first dose, which is day 0.",
        "Yellow columns are needed by every cohort, blue ones by the score of the protocol; all others may be left out or empty.",
        f"Other names, levels, units, missing codes and dates are fine: {NAME} beside the file says what is what.",
        "No names, record numbers or dates of birth: patient_id is a pseudonym.",
    ]
    for line in lines:
        guide.append([line])
    guide.append([])
    guide.append(list(table.columns))
    for cell in guide[guide.max_row]:
        cell.font = Font(bold=True)
    for row in table.itertuples(index=False):
        guide.append(["" if value is None else value for value in row])
    for letter, width in zip("ABCDEFGHIJ", (22, 10, 30, 16, 30, 34, 8, 8, 18, 70), strict=True):
        guide.column_dimensions[letter].width = width
    for cell in guide["J"]:
        cell.alignment = Alignment(wrap_text=True)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()
