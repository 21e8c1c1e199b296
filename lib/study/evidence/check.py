"""What is wrong with rows that somebody wants to add to the evidence: each fault of each row, nothing written."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from livingpaper.build.project import Project

from study.data.reading import ContractError, read_table
from study.evidence.contract import COLUMNS, CONTRACT, load_evidence
from study.evidence.rules import CELLS, NUMBERS

FILE = "data/evidence.csv"


def command(project: Project, words: Sequence[str]) -> int:
    """Run ``evidence check FILE``, whose answer is printed; ContractError with every fault."""
    parser = ArgumentParser(prog="headtohead evidence", description=__doc__)
    parser.add_argument("what", choices=["check"])
    parser.add_argument("file", type=Path, help="CSV with the columns of the evidence: new rows, or all")
    sys.stdout.write(check_evidence(project, parser.parse_args(words).file) + "\n")
    return 0


def check_evidence(project: Project, file: str | Path) -> str:
    """Return how many rows of a file are sound; ContractError with a line per fault, over all rows at once.

    The file has the columns of ``data/evidence.csv``. It is the whole evidence if it has every id of that file, or
    else rows to add, which are checked together with those there; a row that stands there already is passed over.
    """
    path = Path(file).resolve()
    there, given = load_evidence(project.root / FILE), read_table(path, numbers=NUMBERS, keep_missing=False)
    if set(given) != set(COLUMNS):
        CONTRACT.check(given)
    rows, old = given, 0
    if not set(there["id"]) <= set(given["id"]):
        known, asked = (table.astype(str).apply(tuple, axis=1) for table in (there, given))
        new, old = given[~asked.isin(known)], len(there)
        rows = pd.concat([there.astype(object), new.astype(object)], ignore_index=True)
    found = [line for at, line in CONTRACT.faults(rows, CELLS, first=old) if at >= old]
    if found:
        lines = "".join(f"\n  - {line}" for line in found)
        raise ContractError(
            f"{path.name} cannot be added as it is, {len(found)} fault(s), nothing was changed:{lines}"
        )
    return f"{path.name}: {len(rows) - old} row(s) are sound; add what is new to {FILE} and build"
