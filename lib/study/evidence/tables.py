"""Tables of the evidence chapter."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.show import Sheet
from livingpaper.ledger.format import interval_text, value_text

from study.cells import number
from study.results import Paper

INTERVALS = {"normal": "normal", "HK": "Hartung-Knapp", "modified HK": "modified Hartung-Knapp"}
ESTIMATORS = {
    "ML": "maximum likelihood",
    "REML": "restricted maximum likelihood",
    "DL": "DerSimonian-Laird",
    "PM": "Paule-Mandel",
}


def included(paper: Paper) -> Sheet:
    """Return every result that enters an analysis, with its identifier and kind of source."""
    rows = paper.evidence.rows
    cells = [
        [
            row.study,
            row.design,
            f"{row.drug} or {row.comparator}",
            _deaths(row),
            _effect(row),
            row.horizon,
            row.doi or row.registry,
            row.source,
        ]
        for row in rows[rows["include"] == "yes"].itertuples()
    ]
    columns = ["Study", "Design", "Arms", "Deaths", "Printed ratio", "Until", "Identifier", "Source"]
    frame = pd.DataFrame(cells, columns=columns)
    return Sheet(frame, "real", "p{1.9cm}p{1.6cm}p{2.1cm}p{1.5cm}p{2.0cm}p{1.1cm}p{2.5cm}l")


def _deaths(row: object) -> str:
    get = row._asdict()  # type: ignore[attr-defined]
    if pd.isna(get["deaths_drug"]):
        return "–"
    drug = f"{get['deaths_drug']:.0f}/{get['n_drug']:.0f}"
    return f"{drug} or {get['deaths_comparator']:.0f}/{get['n_comparator']:.0f}"


def _effect(row: object) -> str:
    get = row._asdict()  # type: ignore[attr-defined]
    if pd.isna(get["effect"]):
        return "–"
    text = value_text(get["effect"], get["measure"])
    if pd.isna(get["conf_low"]):
        return f"{text} (p = {get['p_value']:g})"
    return f"{text} ({interval_text(get['conf_low'], get['conf_high'], get['measure'])})"


def reproduction(paper: Paper) -> Sheet:
    """Return the published pooled result on JAK inhibitors beside ours."""
    rows = [
        [row.label, number(row.value, 4), number(row.ours, 4), number(row.difference, 5), row.verdict]
        for row in paper.evidence.comparison.itertuples()
    ]
    columns = ["Number", "Published", "Ours", "Difference", "Verdict"]
    return Sheet(pd.DataFrame(rows, columns=columns), "real", "lrrrl")


def estimators(paper: Paper) -> Sheet:
    """Return the pooled ratio of baricitinib under each estimator and interval."""
    found = paper.evidence.estimators
    rows = []
    for method, group in found.groupby("tau2_method", sort=False):
        by = group.set_index("interval_method")
        cells = [
            interval_text(by.at[kind, "conf_low"], by.at[kind, "conf_high"], "risk ratio")
            for kind in INTERVALS
        ]
        first = group.iloc[0]
        tau2 = value_text(first["tau2"], "tau squared")
        rows.append([ESTIMATORS[str(method)], tau2, value_text(first["estimate"], "risk ratio"), *cells])
    columns = [
        "Variance between trials",
        "Its size",
        "Risk ratio",
        *(f"Limits, {k}" for k in INTERVALS.values()),
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), "real", "p{3.6cm}rrrrr")


def comparisons(paper: Paper) -> Sheet:
    """Return each indirect comparison with its parts and its distance from the direct one."""
    by = paper.evidence.indirect.set_index("key")

    def text(key: str) -> str:
        row = by.loc[key]
        limits = interval_text(row["conf_low"], row["conf_high"], "risk ratio")
        return f"{value_text(row['estimate'], 'risk ratio')} ({limits})"

    rows = []
    for row in paper.evidence.disagreement.itertuples():
        limits = interval_text(row.conf_low, row.conf_high, "ratio")
        apart = f"{value_text(row.estimate, 'ratio')} ({limits})"
        rows.append([row.label, text(f"{row.key}.usual_care"), text(row.key), apart])
    columns = [
        "Source for anakinra",
        "Anakinra or usual care",
        "Anakinra or baricitinib, indirect",
        "Direct over indirect",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), "real", "p{4cm}rrr")
