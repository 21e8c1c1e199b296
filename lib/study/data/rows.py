"""How many rows each table has in its file, and how many its reader returns: ``make rows``."""

import csv
import sys
from collections.abc import Callable
from io import StringIO
from itertools import dropwhile

import pandas as pd
from livingpaper.build.project import find_project, text_of

from study.data.load import load_cohort, load_dictionary, load_plan, load_published, load_worlds
from study.evidence.contract import load_evidence

FILES: dict[str, Callable[[str], pd.DataFrame]] = {
    "data/dictionary.csv": load_dictionary,
    "data/published.csv": load_published,
    "data/published_nhefs.csv": load_published,
    "data/real/reference.csv": load_published,
    "data/evidence.csv": load_evidence,
    "data/synthetic/worlds.csv": load_worlds,
}


def count_rows() -> pd.DataFrame:
    """Return ``file``, ``rows_in``, the records below the header that are not empty, and ``rows_out``, those read."""
    cohort = load_plan().study.cohort
    readers = FILES | {cohort: lambda file: load_cohort(file, load_dictionary())}
    rows = [(file, _records(file), len(read(file))) for file, read in readers.items()]
    return pd.DataFrame(rows, columns=["file", "rows_in", "rows_out"])


def _records(file: str) -> int:
    """Count without the reader: the header is the first record that is no comment and no ``sep=``."""
    found = csv.reader(StringIO(text_of(find_project().root / file), newline=""))
    records = (row for row in found if any(map(str.strip, row)))
    return sum(1 for _ in dropwhile(lambda row: row[0].startswith(("#", "sep=")), records)) - 1


def main() -> int:
    """Print one line per table; the status is 1 if a reader lost or made up a row."""
    try:
        counted = count_rows()
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for file, rows_in, rows_out in counted.itertuples(index=False):
        sys.stdout.write(f"{file}: {rows_in} rows in, {rows_out} rows out\n")
    return int((counted["rows_in"] != counted["rows_out"]).any())


if __name__ == "__main__":
    sys.exit(main())
