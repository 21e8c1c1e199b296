"""Every number that a table prints is one of the ledger or of a registered frame, and every row is of use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
from book.chapters import chapters
from livingpaper.book.show import Table
from livingpaper.config import Config
from livingpaper.ledger.ledger import NUMERIC
from running import Paper

NUMBER = re.compile(r"(?<![\w.,])[+−-]?\d[\d,]*(?:\.\d+)?(?!\w|[.,]\d)")
WITHOUT_RESULTS = {  # choices and words
    "tbl-eligibility", "tbl-estimands", "tbl-terms", "tbl-history", "tbl-mv-grid",
    "tbl-dictionary-design", "tbl-dictionary-baseline", "tbl-dictionary-after", "tbl-left-out",
}  # fmt: skip


def printed(text: str) -> Iterator[tuple[float, int]]:
    """Yield each number of a text with its decimals."""
    for found in NUMBER.finditer(text):
        word = found[0].replace("−", "-").replace(",", "")
        yield float(word), len(word.partition(".")[2])


def known(table: Table) -> tuple[np.ndarray, str]:
    """Return the numbers of the sources of a table, and their words."""
    values: list[np.ndarray] = []
    words: list[str] = []
    for source in table.sources or ():
        rows = source.to_frame().T if isinstance(source, pd.Series) else source
        ledger = {"id", "origin", "method"} <= set(rows.columns)
        numbers = rows[list(NUMERIC)] if ledger else rows.select_dtypes("number")
        values.append(numbers.to_numpy(float).ravel())
        arms = [name.removesuffix("_treated") for name in numbers if name.endswith("_treated")]
        values += [
            (rows[f"{name}_treated"] + rows[f"{name}_control"]).to_numpy(float) for name in arms
        ]  # both
        words += [str(word) for word in rows.select_dtypes(exclude="number").to_numpy().ravel()]
    everything = np.concatenate(values) if values else np.array([])
    return everything[np.isfinite(everything)], " ".join(words)


def is_number(cell: str) -> bool:
    """Return whether a cell prints numbers, and not the words of a source or a label that hold one."""
    words = set(re.findall(r"[A-Za-z]{3,}", cell)) - {
        "days",
        "points",
        "percentage",
        "trials",
        "not",
        "won",
        "lost",
    }
    return not words and not cell.startswith(("10.", "±"))


def strangers(table: Table) -> list[str]:
    """Return the cells, the first column apart, with a number that the sources do not hold."""
    values, words = known(table)
    said = set(NUMBER.findall(words))
    bad = []
    for row in table.frame.astype(str).to_numpy():
        for cell in filter(is_number, row[1:]):
            for number, decimals in printed(cell):
                half = 0.5 * 10.0**-decimals * (1 + 1e-6)
                near = any(
                    np.abs(values * by - number).min(initial=np.inf) <= half for by in (1, -1, 100, -100)
                )
                if not near and not {f"{number:g}", f"{number:.{decimals}f}"} & said:
                    bad.append(f"{table.name}, {row[0]}: {cell}")
    return bad


def test_every_number_in_a_table_is_one_of_its_sources(paper: Paper) -> None:
    tables = [thing for thing in paper.shown.values() if isinstance(thing, Table)]
    assert {table.name for table in tables if not table.sources} == WITHOUT_RESULTS
    assert [each for table in tables if table.sources for each in strangers(table)] == []


def test_the_sizes_of_the_grid_are_rows(paper: Paper) -> None:
    table, rows = paper.shown["tbl-mv-grid"], paper.rows
    assert isinstance(table, Table)
    sizes = rows.loc[rows.index.str.match(r"multiverse\.(product|valid|left_out\..*)$"), "text"]
    assert sorted(table.frame.iloc[:, -1]) == sorted(sizes)


def test_a_number_from_nowhere_would_be_seen(paper: Paper) -> None:
    table = paper.shown["tbl-death"]
    assert isinstance(table, Table)
    cells = table.frame.copy()
    cells.iloc[0, 2] = "77.7%"
    assert len(strangers(table)) == 0
    assert len(strangers(Table(cells, sources=table.sources, name="x"))) == 1


def test_every_row_is_printed_or_drawn_or_listed_as_data(paper: Paper, settings: Config) -> None:
    used = {
        target.partition(" ")[0] for found in chapters() for role, target in found.roles if role == "result"
    }
    for thing in paper.shown.values():
        for source in thing.sources or ():
            rows = source.to_frame().T if isinstance(source, pd.Series) else source
            used |= set(rows["id"]) if "id" in rows else set()
    ids = set(paper.rows.index)
    listed = {id_ for id_ in ids - used if any(fnmatchcase(id_, pattern) for pattern in settings.data)}
    assert sorted(ids - used - listed) == []
    idle = [pattern for pattern in settings.data if not any(fnmatchcase(id_, pattern) for id_ in listed)]
    assert idle == []


def test_no_number_says_that_it_cannot_be_computed(paper: Paper) -> None:
    known = paper.rows[paper.rows["estimate"].notna()]
    contradicted = known["method"].str.contains("cannot be|no number", na=False)
    assert known.index[contradicted].tolist() == []
