"""What the rows of the evidence file print, in the form of the ledger; and what the drugs are compared by."""

from collections.abc import Mapping
from typing import get_args

import pandas as pd
from headtohead.evidence.effects import PUBLISHED_LEVEL
from headtohead.evidence.few import FewEvents, few_events
from headtohead.evidence.pooled import absolute_effect

from study.evidence.contract import rows_of
from study.evidence.rules import ASSUMED

# of the individual-patient meta-analysis that is reproduced
PUBLISHED_POOLING = {"tau2": "ML", "interval": "HK", "conf_level": PUBLISHED_LEVEL}
PRINTED_PLACES = 4
SOURCES = {  # of the ratio of anakinra to baricitinib
    "direct": "Direct: published counts, crude",
    "trials": "Review of four trials of anakinra, by day 28",
    "five": "Meta-analysis of five trials, by day 28",
    "stay": "Review of two trials, until discharge",
}
POOLED = {  # source: the rows whose deaths and patients give the risk with the comparator
    "baricitinib": "baricitinib", "randomised": "anakinra randomised", "observational": "anakinra observational",
    "direct": "direct",
}  # fmt: skip
ASSUMED_FROM = {  # as a review prints it
    "trials": "anakinra trials", "five": "anakinra trials", "stay": "anakinra stay",
}  # fmt: skip
POOLED_NUMBERS = {"effect": "Pooled odds ratio", "conf_low": "Lower limit", "conf_high": "Upper limit"}


def identifiers(evidence: pd.DataFrame) -> pd.Series:
    """Return by what each row can be found: its DOI, else its PubMed number, else that of a registry."""
    found = evidence["doi"].where(evidence["doi"] != "", evidence["pmid"])
    return found.where(found != "", evidence["registry"])


def printed_ratios(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a printed ratio: ``id`` and the columns of an estimate."""
    rows = evidence[evidence["effect"].notna()].rename(columns={"effect": "estimate", "measure": "scale"})
    method = rows["study"] + ", " + rows["horizon"] + "; " + identifiers(rows)
    columns = rows[["id", "outcome", "estimate", "scale", "conf_low", "conf_high"]]
    return columns.assign(conf_level=PUBLISHED_LEVEL, method=method)


def printed_p_values(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return ``id`` and ``estimate``: the p-value of each ratio that is printed without limits."""
    alone = evidence[evidence["effect"].notna() & evidence["conf_low"].isna() & evidence["p_value"].notna()]
    return alone[["id", "p_value"]].rename(columns={"p_value": "estimate"})


def deaths_by_arm(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return ``id``, ``arm`` ("drug", "comparator"), ``n`` and ``events`` (deaths) where both are printed."""
    rows = evidence[evidence["deaths_drug"].notna()]
    parts = [
        rows[["id"]].assign(arm=arm, n=rows[f"n_{arm}"], events=rows[f"deaths_{arm}"])
        for arm in ("drug", "comparator")
    ]
    return pd.concat(parts, ignore_index=True)


def added(pools: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return ``pool``, ``part`` ("k" studies, "n" patients, "deaths") and ``estimate`` of the rows of each pool."""
    rows = []
    for pool, studies in pools.items():
        rows.append((pool, "k", len(studies)))
        for part in ("n", "deaths"):
            rows.append((pool, part, studies[[f"{part}_drug", f"{part}_comparator"]].sum().sum()))
    return pd.DataFrame(rows, columns=["pool", "part", "estimate"])


def by_pool(estimates: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of each pool with its name as ``pool``."""
    return pd.concat(estimates, names=["pool"]).reset_index("pool")


def every_few(pools: Mapping[str, pd.DataFrame], *, conf_level: float) -> pd.DataFrame:
    """Return the ratio of each pool by each method for few events: rows with ``pool`` and ``way``."""
    found = [
        few_events(studies, method=way, conf_level=conf_level).assign(pool=pool, way=way)
        for pool, studies in pools.items()
        for way in get_args(FewEvents)
    ]
    return pd.concat(found, ignore_index=True)


def assumed_risks(evidence: pd.DataFrame) -> dict[str, float]:
    """Return the risk of death with the comparator, by source: of the studies added, or as a review prints it."""
    risks = {}
    for source, analysis in POOLED.items():
        rows = rows_of(evidence, analysis)
        risks[source] = float(rows["deaths_comparator"].sum() / rows["n_comparator"].sum())
    for source, analysis in ASSUMED_FROM.items():
        risks[source] = float(rows_of(evidence, analysis).iloc[0][ASSUMED] / 1000)
    return risks


def per_thousand(ratios: Mapping[str, pd.DataFrame], risks: Mapping[str, float]) -> pd.DataFrame:
    """Return deaths per 1,000 by ``source`` and ``part``: "without" the drug, and the "difference" that it makes."""
    numbers, parts = ["estimate", "conf_low", "conf_high"], []
    for source, ratio in ratios.items():
        risk = risks[source]
        change = absolute_effect(ratio, risk).assign(part="difference", scale="difference per 1,000")
        parts.append(change.assign(source=source, **{name: change[name] * 1000 for name in numbers}))
        without = {"source": source, "part": "without", "scale": "deaths per 1,000", "estimate": 1000 * risk}
        parts.append(pd.DataFrame([without | {"method": "risk of the comparator"}]))
    return pd.concat([part.dropna(axis="columns", how="all") for part in parts], ignore_index=True)


def printed_pool(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return the pooled ratio that is reproduced, as ``reproduction`` takes it: ``id``, ``label``, ``printed``."""
    row = rows_of(evidence, "reproduced").iloc[0]
    numbers = [(name, label, f"{row[name]:.{PRINTED_PLACES}f}") for name, label in POOLED_NUMBERS.items()]
    return pd.DataFrame(numbers, columns=["id", "label", "printed"])


def named(comparisons: pd.DataFrame | dict[str, pd.DataFrame], said: str = "") -> pd.DataFrame:
    """Return comparisons, with their ``source`` or by it, with its words as ``method``."""
    rows = comparisons
    if not isinstance(rows, pd.DataFrame):
        rows = pd.concat(rows, names=["source"]).reset_index("source")
    return rows.assign(method=said + rows["source"].map(SOURCES))
