"""The contract of ``data/evidence.csv``: one published result per row, each with where it can be found.

A row may enter a synthesis only if it can be identified (DOI, PubMed or registry number), says whether the
numbers were read in the study's own publication or elsewhere, and gives a reason for being in or out.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
from headtohead.evidence.effects import PUBLISHED_LEVEL
from scipy.stats import norm

from study.data.contract import Contract
from study.data.reading import ContractError, read_table

IDENTIFIERS = ("doi", "pmid", "registry")
SIZE = ("n_studies", "n_total")  # of a pooled result
COUNTS = ("n_drug", "deaths_drug", "n_comparator", "deaths_comparator")
EFFECT = ("effect", "conf_low", "conf_high", "p_value")
NUMBERS = (*SIZE, *COUNTS, *EFFECT)
ANALYSES = ("direct", "jak", "reproduced", "baricitinib", "anakinra", "anakinra trials", "anakinra stay")
OUT_OF_MIDDLE = 0.15  # share of the interval by which rounding and adjustment may move an effect
Z_APART, Z_RATIO = 0.5, 1.25  # of the z of a p-value from that of the interval: rounding, other tests
RATIOS = ("odds ratio", "risk ratio", "hazard ratio", "rate ratio")
TEXT = (
    "id", "study", "year", "design", "drug", "comparator", "horizon", "outcome", "measure", *IDENTIFIERS,
    "source", "include", "analysis", "reason", "note", "seen_in",
)  # fmt: skip
COLUMNS = (*TEXT[:6], *SIZE, *COUNTS, *TEXT[6:9], *EFFECT, *TEXT[9:])


def load_evidence(path: str | Path = "data/evidence.csv") -> pd.DataFrame:
    """Return the checked evidence, one published result per row; empty text, never missing text."""
    return validate_evidence(read_table(path, numbers=NUMBERS, keep_missing=False))


def validate_evidence(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, their numbers as numbers, after checking every rule; see ``Contract.check``."""
    columns = {name: pa.Column(nullable=True) for name in COLUMNS} | _columns()
    home = "the contract of the evidence"
    return Contract("the evidence", home, "id", columns, NUMBERS, _row_rules()).check(frame)


def _columns() -> dict[str, pa.Column]:
    def one_of(*levels: str) -> pa.Column:
        return pa.Column(str, pa.Check.isin(levels, error="one of " + ", ".join(levels)))

    def matching(pattern: str, words: str) -> pa.Column:
        return pa.Column(str, pa.Check.str_matches(rf"^({pattern})?$", error=words))

    chance = pa.Check.in_range(0, 1, include_min=False, error="p-values above 0 up to 1")
    positive = pa.Check.gt(0, error="numbers above 0")
    whole = pa.Check(lambda s: (s >= 0) & (s == s.round()), error="whole numbers from 0")
    return {
        "id": pa.Column(str, pa.Check.str_matches(r"^[\w.-]+$", error="a name without spaces"), unique=True),
        "doi": matching(r"10\.\d{4,9}/\S+", "a DOI as 10.1000/xyz, or nothing"),
        "pmid": matching(r"\d{1,8}", "a PubMed number in digits, or nothing"),
        "source": one_of("primary", "secondary"),
        "include": one_of("yes", "no"),
        "measure": one_of(*RATIOS, "counts", "none"),
        "reason": pa.Column(str, pa.Check.str_length(min_value=1, error="a reason for being in or out")),
        **{name: pa.Column(checks=whole, nullable=True) for name in (*SIZE, *COUNTS)},
        **{name: pa.Column(checks=positive, nullable=True) for name in EFFECT[:3]},
        "p_value": pa.Column(checks=chance, nullable=True),
    }


def _row_rules() -> dict[str, Callable[[pd.DataFrame], pd.Series]]:
    """Return the rules that tie columns together."""
    return {
        "a DOI, a PubMed number or a registry number": lambda f: (f[list(IDENTIFIERS)] != "").any(axis=1),
        "all four counts or none, and all four if the measure is counts": _counts_whole,
        "patients in each arm that is counted": lambda f: ~((f["n_drug"] == 0) | (f["n_comparator"] == 0)),
        "no more deaths than patients": lambda f: ~(
            (f["deaths_drug"] > f["n_drug"]) | (f["deaths_comparator"] > f["n_comparator"])
        ),
        "the effect between its limits": lambda f: ~((f["conf_low"] >= f["effect"]) | (f["conf_high"] <= f["effect"])),
        "the effect near the middle of its limits, on the scale of logarithms": _in_the_middle,
        "a p-value that agrees with the effect and its limits": _p_agrees,
        f"analyses among {', '.join(ANALYSES)}": lambda f: f["analysis"].map(lambda text: {*text.split("|")} <= {"", *ANALYSES}),
        "both limits or neither": lambda f: f["conf_low"].isna() == f["conf_high"].isna(),
        "four counts, or an effect with limits or a p-value, to be included": _usable,
        "an analysis if it is included, and only then": lambda f: (f["include"] == "yes") == (f["analysis"] != ""),
    }  # fmt: skip


def _counts_whole(f: pd.DataFrame) -> pd.Series:
    known = f[list(COUNTS)].notna().sum(axis=1)
    return known.isin([0, len(COUNTS)]) & ((f["measure"] != "counts") | (known == len(COUNTS)))


def _in_the_middle(f: pd.DataFrame) -> pd.Series:
    low, high, effect = (np.log(f[name].where(f[name] > 0)) for name in ("conf_low", "conf_high", "effect"))
    return ~((effect - (low + high) / 2).abs() > OUT_OF_MIDDLE * (high - low))


def _p_agrees(f: pd.DataFrame) -> pd.Series:
    low, high, effect = (np.log(f[name].where(f[name] > 0)) for name in ("conf_low", "conf_high", "effect"))
    by_limits = effect.abs() / (high - low) * 2 * norm.ppf(0.5 + PUBLISHED_LEVEL / 2)
    by_p = pd.Series(norm.isf(f["p_value"].where(f["p_value"].between(0, 1, inclusive="right")) / 2), f.index)
    small, large = np.minimum(by_limits, by_p), np.maximum(by_limits, by_p)
    return ~((large > small + Z_APART) & (large > small * Z_RATIO))


def _usable(f: pd.DataFrame) -> pd.Series:
    spread = f["conf_low"].notna() | f["p_value"].notna()
    published = f["measure"].isin(RATIOS) & f["effect"].notna() & spread
    return (f["include"] == "no") | published | (f["measure"] == "counts")


def rows_of(evidence: pd.DataFrame, analysis: str) -> pd.DataFrame:
    """Return the included rows of one analysis, in the order of the file; each study may enter once."""
    names = evidence["analysis"].str.split("|")
    chosen = evidence[names.map(lambda each: analysis in each) & (evidence["include"] == "yes")]
    if chosen.empty:
        known = sorted({*names.explode()} - {""})
        raise ContractError(f"an analysis needs at least one included row, {analysis!r} has none of {known}")
    twice = sorted(chosen["study"][chosen["study"].duplicated()])
    if twice:
        raise ContractError(
            f"each study may enter an analysis once, {twice} enter {analysis!r} twice; exclude one row each"
        )
    return chosen.reset_index(drop=True)
