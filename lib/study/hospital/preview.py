"""The HTML preview of a cohort beside its file: findings, ranges, and what is missing by arm, hospital and period."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
from livingpaper.build.cache import write_whole
from livingpaper.build.project import find_project

from study.hospital.checking import Report
from study.hospital.columns import NUMERIC

GROUPS = ("drug", "hospital", "period")
MOST_GROUPS = 12  # of one kind, in columns; more are said to be left out
PAGE = Path(__file__).with_suffix(".html")


def write_preview(report: Report, file: Path) -> Path:
    """Return the HTML file beside the cohort, ``NAME.check.html``.

    Raises ``ValueError`` if it would stand in the repository, where it could be committed.
    """
    path = file.resolve().with_suffix(".check.html")
    with suppress(FileNotFoundError):
        if not path.is_relative_to(find_project(path.parent).data / "own"):
            must = f"the cohort must stand outside the repository or in data/own/, it is in {path.parent}"
            raise ValueError(f"{must}; move it, then check again")
    write_whole(path, as_page(report, file.name).encode())
    return path


def as_page(report: Report, name: str) -> str:
    """Return the page as HTML; small counts are suppressed."""
    least = report.made.settings.disclosure.least
    findings = [(f"{level.capitalize()}s", level, lines) for level, lines in report.said().items()]
    findings.append(("Acknowledged", "note", report.reasons()))
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return page.from_string(PAGE.read_text("utf-8")).render(
        name=name,
        least=least,
        facts=report.made.facts,
        findings=[each for each in findings if each[2]],
        left_out=report.left_out,
        unseen=[", ".join(each) for each in report.unseen],
        tables=[_ranges(report, least), *_missing(report, least)],
    )


def shown(count: int, total: int, least: int) -> str:
    """Return a count, or that it is small; nothing where its complement is small."""
    if 0 < count < least:
        return f"<{least}"
    return "—" if 0 < total - count < least else f"{count:,}"


def _columns(report: Report) -> Iterator[tuple[str, pd.Series, pd.Series]]:
    dictionary, frame = report.made.dictionary, report.made.frame
    for name in dictionary.index:
        if name in frame and dictionary.at[name, "type"] != "id" and name != "synthetic":
            yield str(name), dictionary.loc[name], frame[name]


def _ranges(report: Report, least: int) -> dict[str, object]:
    """Return the table of what each column holds; a quantile needs enough patients beyond it."""
    theirs = report.made.theirs
    rows = [
        [name, theirs.get(name, "derived"), row["unit"], shown(values.count(), len(values), least),
         _held(row, values.dropna(), least)]
        for name, row, values in _columns(report)
    ]  # fmt: skip
    head = ["column", "in the file", "unit", "known", "5%, 25%, 50%, 75%, 95%; or patients per level"]
    says = f"A quantile is shown if at least {least} patients lie beyond it; no smallest or largest value is."
    return {"title": "Ranges", "says": says, "head": head, "rows": rows}


def _held(row: pd.Series, known: pd.Series, least: int) -> str:
    if row["type"] == "binary":
        return f"1: {shown(int((known == 1).sum()), len(known), least)}"
    if row["type"] in NUMERIC:
        shares = [q for q in (0.05, 0.25, 0.5, 0.75, 0.95) if min(q, 1 - q) * len(known) >= least]
        return ", ".join(f"{value:.3g}" for value in np.quantile(known, shares)) if shares else "too few"
    counts = known.astype(str).value_counts().sort_index()
    named = counts.index.isin(row["levels"].split("|")) if row["levels"] else counts >= least
    if named.sum() > MOST_GROUPS:
        return f"{len(counts)} labels"
    if not named.all():
        counts = pd.concat([counts[named], pd.Series({"others": counts[~named].sum()})])
    cells = _second(counts, [shown(int(count), len(known), least) for count in counts])
    return ", ".join(f"{label}: {cell}" for label, cell in zip(counts.index, cells, strict=True))


def _second(counts: pd.Series, cells: list[str]) -> list[str]:
    """Return the cells with a second one hidden where a single one is, which the total would give away."""
    hidden = [i for i, cell in enumerate(cells) if cell.startswith("<")]
    open_ = [i for i, cell in enumerate(cells) if cell[0].isdigit() and counts.iloc[i] > 0]
    if len(hidden) == 1 and open_:
        cells[min(open_, key=lambda i: counts.iloc[i])] = "—"
    return cells


def _missing(report: Report, least: int) -> Iterator[dict[str, object]]:
    """Yield a table per grouping: of how many patients nothing is known, by column."""
    for by in filter(report.made.has, GROUPS):
        group = report.made.frame[by].astype("category")
        sizes = group.value_counts()
        names = [*sizes.index[sizes >= least][:MOST_GROUPS]]  # fewer may be a slip, or a name
        rows = []
        for name, row, values in _columns(report):
            if name == by or row["role"] == "outcome" or not values.isna().any():
                continue
            counts = values.isna().groupby(group, observed=True).sum()
            rows.append([name, *(shown(int(counts[each]), int(sizes[each]), least) for each in names)])
        head = ["column", *(f"{each} (n {shown(int(sizes[each]), len(group), least)})" for each in names)]
        says = "Patients of whom the column is not known; columns that are complete are not listed."
        if len(sizes) > len(names):
            says += f" The largest {len(names)} of {len(sizes)} are shown."
        title = f"Missing by {report.made.dictionary.at[by, 'label'].lower()}"
        yield {"title": title, "says": says, "head": head, "rows": rows}
