"""What the rows of the evidence file print, in the form of the ledger; and what the drugs are compared by."""

import pandas as pd
from headtohead.evidence.effects import PUBLISHED_LEVEL

from study.evidence.contract import rows_of

# of the individual-patient meta-analysis that is reproduced
PUBLISHED_POOLING = {"tau2": "ML", "interval": "HK", "conf_level": PUBLISHED_LEVEL}
PRINTED_PLACES = 4
SOURCES = {  # of the ratio of anakinra to baricitinib
    "direct": "Direct: published counts, crude",
    "trials": "Trials of anakinra, by day 28",
    "stay": "Trials of anakinra, until discharge",
    "selected": "Single studies of anakinra, by day 28 or 30",
}
POOLED_NUMBERS = {"effect": "Pooled odds ratio", "conf_low": "Lower limit", "conf_high": "Upper limit"}


def printed_ratios(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a printed ratio: ``id`` and the columns of an estimate."""
    rows = evidence[evidence["effect"].notna()]
    identifier = rows["doi"].where(
        rows["doi"] != "", rows["pmid"].where(rows["pmid"] != "", rows["registry"])
    )
    method = rows["study"] + ", " + rows["horizon"] + "; " + identifier
    columns = rows[["id", "outcome", "effect", "measure", "conf_low", "conf_high"]]
    named = columns.rename(columns={"effect": "estimate", "measure": "scale"})
    return named.assign(conf_level=PUBLISHED_LEVEL, method=method)


def printed_p_values(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return ``id`` and ``estimate``: the p-value of each ratio that is printed without limits."""
    alone = evidence[evidence["effect"].notna() & evidence["conf_low"].isna()]
    return alone[["id", "p_value"]].rename(columns={"p_value": "estimate"})


def deaths_by_arm(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return ``id``, ``arm`` ("drug", "comparator"), ``n`` and ``events`` (deaths) where both are printed."""
    rows, parts = evidence[evidence["deaths_drug"].notna()], []
    for arm in ("drug", "comparator"):
        counts = {"n": rows[f"n_{arm}"], "events": rows[f"deaths_{arm}"]}
        parts.append(rows[["id"]].assign(arm=arm, **counts))
    return pd.concat(parts, ignore_index=True)


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
