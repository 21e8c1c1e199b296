"""Tables of the evidence chapter."""

from typing import get_args

import pandas as pd
from headtohead.evidence.few import FewEvents
from livingpaper import Ledger, Sheet, crosstable, with_interval
from livingpaper.chapters.recording import key
from livingpaper.ledger.format import interval_text, value_text

from study.cells import compared
from study.evidence.printed import SOURCES, identifiers, printed_pool
from study.labels import BETWEEN_TRIALS, POOLED_LIMITS

SUMMARY = {  # source: its words, and where its ratio stands, and its numbers of studies and of patients
    "baricitinib": ("Baricitinib versus usual care, trials", "baricitinib", "baricitinib"),
    "trials": ("Anakinra versus usual care, review", "indirect.trials.usual_care", "study.review_1"),
    "five": ("The same, larger meta-analysis", "indirect.five.usual_care", "study.shang_28"),
    "stay": ("The same, review, until discharge", "indirect.stay.usual_care", "study.review_2"),
    "randomised": ("The same, trials with printed deaths", "anakinra_randomised.few", "anakinra_randomised"),
    "observational": ("The same, cohorts, by a month", "anakinra_observational.few", "anakinra_observational"),
    "direct": ("Anakinra versus baricitinib, cohort, in hospital", "indirect.direct", "direct"),
}  # fmt: skip
POOLS = {
    "baricitinib": "Baricitinib, trials",
    "anakinra_randomised": "Anakinra, trials",
    "anakinra_observational": "Anakinra, cohorts",
}
BESIDE = {
    "save_more_28": "abstract, no interval printed",
    "save_more_28.from_p": "the same, interval that its p-value implies",
    "save_more_counts_28": "report to the regulator, as printed",
    "ipd_pancovid_28": "re-analysis, one death fewer per arm",
    "pancovid_published_28": "publication, as printed",
    "ipd_recovery_28": "re-analysis, adjusted",
    "recovery_preprint_28": "preprint",
    "recovery_lancet_28": "publication",
    "actt_4_29": "baricitinib versus dexamethasone, survival without ventilation",
    "karampitsakos_28": "baricitinib versus tocilizumab, ventilation or death",
}
COMPARISONS = {
    "evidence.indirect.{source}.usual_care": "Anakinra versus usual care",
    "evidence.indirect.{source}": "Anakinra versus baricitinib, indirect",
    "evidence.disagreement.{source}": "Direct over indirect",
}


def summary(ledger: Ledger) -> Sheet:
    """Return the summary of findings: deaths per 1,000 without the drug, the difference it makes, and the ratio."""
    parts = ledger.select("evidence.summary.{source}.{part}")
    printed = {(row["source"], row["part"]): with_interval(row) for _, row in parts.iterrows()}
    cells, others = [], []
    for source, (words, of, sizes) in SUMMARY.items():
        ratio, k, n = (ledger[f"evidence.{id_}"] for id_ in (of, f"{sizes}.k", f"{sizes}.n"))
        studies = f"{value_text(k['estimate'], 'count')}; {value_text(n['estimate'], 'count')}"
        cells.append(
            (words, studies, printed[source, "without"], printed[source, "difference"], with_interval(ratio))
        )
        others += [ratio, k, n]
    heads = ["Comparison", "Studies; patients", "Per thousand without", "Difference per thousand", "Ratio"]
    return Sheet(pd.DataFrame(cells, columns=heads), sources=(parts, *others), widths="p{4.6cm}lrrr")


def left_out(evidence: pd.DataFrame) -> Sheet:
    """Return the results that no pool takes, of one drug each, with the reason and a note."""
    out = evidence[evidence["include"] == "no"]
    cells = {
        "Drug": out["drug"], "Study": out["study"], "Design": out["design"],
        "Outcome": out["outcome"] + (", " + out["horizon"]).where(out["horizon"] != "", ""),
        "Left out because": out["reason"], "Note": out["note"].replace("", "–"),
        "Identifier": identifiers(out).replace(r"^(?=\d+$)", "PubMed ", regex=True),
    }  # fmt: skip
    order = ["Drug", "Design", "Study"]
    frame = pd.DataFrame(cells).sort_values(order, kind="stable", ignore_index=True)
    widths = "p{1.25cm}p{1.5cm}p{1.45cm}p{1.35cm}p{2.2cm}p{2.6cm}l"
    return Sheet(frame, origin="published", widths=widths, long=True)


def without_each(ledger: Ledger, evidence: pd.DataFrame) -> Sheet:
    """Return each pool of single studies without each of its studies."""
    names = evidence.set_index(evidence["id"].map(key))["study"]
    rows = {words: ledger.select(f"evidence.{pool}.without.{{left_out}}") for pool, words in POOLS.items()}
    cells = [
        (words, names[row["left_out"]], with_interval(row))
        for words, each in rows.items() for _, row in each.iterrows()
    ]  # fmt: skip
    frame = pd.DataFrame(cells, columns=["Pool", "Without", "Ratio"])
    return Sheet(frame, sources=tuple(rows.values()), widths="llr")


def few(ledger: Ledger) -> Sheet:
    """Return each pool under random effects and under the methods for few events."""
    heads = {"random_effects": "Random effects, halves added"} | {
        key(name): name[0].upper() + name[1:] for name in get_args(FewEvents)
    }
    rows = ledger.select("evidence.few.{pool}.{way}")
    return Sheet(
        crosstable(rows, ("pool", POOLS), ("way", heads), corner="Pool"), sources=(rows,), widths="p{4cm}rrr"
    )


def beside(ledger: Ledger, evidence: pd.DataFrame) -> Sheet:
    """Return what two sources print of the same study."""
    names = evidence.set_index(evidence["id"].map(key))["study"]
    rows = {id_: ledger[f"evidence.study.{id_}"] for id_ in BESIDE}
    cells = [
        (names[id_.split(".")[0]], BESIDE[id_], str(row["scale"]), with_interval(row))
        for id_, row in rows.items()
    ]
    frame = pd.DataFrame(cells, columns=["Study", "Source", "Measure", "Estimate"])
    return Sheet(frame, sources=tuple(rows.values()), widths="lp{5cm}lr")


def included(ledger: Ledger, evidence: pd.DataFrame) -> Sheet:
    """Return every result that enters an analysis, with its identifier and kind of source."""
    printed = {what: ledger.select(f"evidence.study.{{result}}{what}") for what in ("", ".p")}
    ratios, p_values = (rows.set_index("result") for rows in printed.values())
    deaths = ledger.select("evidence.study.{result}.deaths_{arm}")
    counts = deaths.set_index(["result", "arm"])
    used = evidence[evidence["include"] == "yes"]
    results = used["id"].map(key)
    said = {result: with_interval(row) for result, row in ratios.iterrows()}
    said |= {result: f"{said[result]} (p\u00a0=\u00a0{p:g})" for result, p in p_values["estimate"].items()}
    cells = {
        "Study": used["study"], "Design": used["design"], "Arms": used["drug"] + " versus " + used["comparator"],
        "Deaths": [deaths_text(counts, result) for result in results],
        "Printed ratio": [said.get(result, "–") for result in results], "Until": used["horizon"],
        "Identifier": identifiers(used) + (", PubMed " + used["pmid"]).where(used["pmid"] != "", ""), "Source": used["source"],
        "Risk of bias": (used["risk_of_bias"] + ", " + used["risk_of_bias_by"]).where(used["risk_of_bias"] != "", "not judged"),
    }  # fmt: skip
    widths = "p{1.73cm}p{1.53cm}p{1.93cm}p{1.43cm}p{1.78cm}p{1.03cm}p{2.58cm}lp{1.1cm}"
    return Sheet(pd.DataFrame(cells), sources=(*printed.values(), deaths), widths=widths, long=True)


def deaths_text(counts: pd.DataFrame, result: str) -> str:
    """Return the deaths among the patients of both arms, of rows by result and arm; a dash if not printed."""
    if (result, "drug") not in counts.index:
        return "–"
    arms = (counts.loc[(result, arm)] for arm in ("drug", "comparator"))
    return " v ".join(f"{arm['events']:.0f}/{arm['n']:.0f}" for arm in arms)


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
