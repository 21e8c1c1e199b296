"""Tables of the evidence chapter."""

import pandas as pd
from livingpaper import Ledger, Sheet, crosstable, with_interval
from livingpaper.chapters.recording import key
from livingpaper.ledger.format import interval_text, value_text

from study.cells import compared
from study.evidence.printed import SOURCES, printed_pool
from study.labels import BETWEEN_TRIALS, POOLED_LIMITS

COMPARISONS = {
    "evidence.indirect.{source}.usual_care": "Anakinra or usual care",
    "evidence.indirect.{source}": "Anakinra or baricitinib, indirect",
    "evidence.disagreement.{source}": "Direct over indirect",
}


def included(ledger: Ledger, evidence: pd.DataFrame) -> Sheet:
    """Return every result that enters an analysis, with its identifier and kind of source."""
    printed = {what: ledger.select(f"evidence.study.{{result}}{what}") for what in ("", ".p")}
    ratios, p_values = (rows.set_index("result") for rows in printed.values())
    deaths = ledger.select("evidence.study.{result}.deaths_{arm}")
    counts = deaths.set_index(["result", "arm"])
    used = evidence[evidence["include"] == "yes"]
    results = used["id"].map(key)
    said = {result: with_interval(row) for result, row in ratios.iterrows()}
    said |= {result: f"{said[result]} (p = {p:g})" for result, p in p_values["estimate"].items()}
    cells = {
        "Study": used["study"], "Design": used["design"], "Arms": used["drug"] + " or " + used["comparator"],
        "Deaths": [deaths_text(counts, result) for result in results],
        "Printed ratio": [said.get(result, "–") for result in results], "Until": used["horizon"],
        "Identifier": used["doi"].where(used["doi"] != "", used["registry"]), "Source": used["source"],
    }  # fmt: skip
    widths = "p{1.9cm}p{1.6cm}p{2.1cm}p{1.5cm}p{2.0cm}p{1.1cm}p{2.5cm}l"
    return Sheet(pd.DataFrame(cells), sources=(*printed.values(), deaths), widths=widths)


def deaths_text(counts: pd.DataFrame, result: str) -> str:
    """Return the deaths among the patients of both arms, of rows by result and arm; a dash if not printed."""
    if (result, "drug") not in counts.index:
        return "–"
    arms = (counts.loc[(result, arm)] for arm in ("drug", "comparator"))
    return " or ".join(f"{arm['events']:.0f}/{arm['n']:.0f}" for arm in arms)


def reproduction(ledger: Ledger, evidence: pd.DataFrame) -> Sheet:
    """Return the published pooled result on JAK inhibitors beside ours."""
    cells, rows = compared(ledger, "evidence.jak.reference.{number}.{part}", printed_pool(evidence))
    return Sheet(cells, sources=(rows,), widths="lrrrl")


def estimators(ledger: Ledger) -> Sheet:
    """Return the pooled ratio of baricitinib under each estimator and interval."""
    rows = ledger.select("evidence.estimators.{estimator}.{part}")
    heads = {"tau2": "Its size"} | {part: f"Limits, {name}" for part, name in POOLED_LIMITS.items()}
    across, corner = ("part", heads), "Variance between trials"
    cells = crosstable(rows, ("estimator", BETWEEN_TRIALS), across, cell=_size_or_limits, corner=corner)
    ratios = rows[rows["part"] == "normal"].set_index("estimator").loc[list(BETWEEN_TRIALS), "estimate"]
    cells.insert(2, "Risk ratio", [value_text(ratio, "risk ratio") for ratio in ratios])
    return Sheet(cells, sources=(rows,), widths="p{3.6cm}rrrrr")


def _size_or_limits(row: pd.Series) -> str:
    if row["part"] == "tau2":
        return value_text(row["estimate"], row["scale"])
    return interval_text(row["conf_low"], row["conf_high"], row["scale"])


def comparisons(ledger: Ledger) -> Sheet:
    """Return each indirect comparison with its parts and its distance from the direct one."""
    parts = {head: ledger.select(pattern) for pattern, head in COMPARISONS.items()}
    rows = pd.concat([part.assign(column=head) for head, part in parts.items()])
    sources = {source: label for source, label in SOURCES.items() if source != "direct"}
    cells = crosstable(rows, ("source", sources), "column", corner="Source for anakinra")
    return Sheet(cells, sources=tuple(parts.values()), widths="p{4cm}rrr")
