"""The contract of ``data/evidence.csv``: one published result per row, each with where it can be found.

A row may enter a synthesis only if it can be identified (DOI, PubMed or registry number), says whether the
numbers were read in the study's own publication or elsewhere, and gives a reason for being in or out.
Randomised and observational evidence never share an analysis.
"""

import re
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from study.data.contract import Contract
from study.data.reading import ContractError, read_table
from study.evidence import rules

REGISTRY = re.compile(
    r"NCT\d{8}|\d{4}-\d{6}-\d{2}(-\d{2})?|ISRCTN\d{8}|ChiCTR[-\w]*\d{8,10}|CTRI/\d{4}/\d{2,3}/\d{6}|IRCT\d{11,14}N\d{1,3}"
    r"|ACTRN\d{14}p?|DRKS\d{8}|jRCTs?\d{9,10}|JPRN-\w+|UMIN\d{9}|PACTR\d{15,16}|NL-?OMON\d+|NTR\d+|KCT\d{7}|RBR-\w{6,8}"
    r"|TCTR\d{11}|RPCEC\d{8}|CRD\d{11}"
)
JUDGEMENTS = ("low", "some concerns", "moderate", "high", "serious", "critical")  # of RoB 2 and ROBINS-I
REGISTRATION = "a registry number such as NCT01234567, 2020-123456-12 (EudraCT), ISRCTN or ChiCTR, or nothing"
TEXT = (
    "id", "study", "year", "design", "drug", "comparator", "horizon", "outcome", "measure", *rules.IDENTIFIERS,
    "source", "risk_of_bias", "risk_of_bias_by", "include", "analysis", "reason", "note", "seen_in",
)  # fmt: skip
COLUMNS = (*TEXT[:6], *rules.SIZE, *rules.COUNTS, rules.ASSUMED, *TEXT[6:9], *rules.EFFECT, *TEXT[9:])


def load_evidence(path: str | Path = "data/evidence.csv") -> pd.DataFrame:
    """Return the checked evidence, one published result per row; empty text, never missing text."""
    return validate_evidence(read_table(path, numbers=rules.NUMBERS, keep_missing=False))


def validate_evidence(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, their numbers as numbers, after checking every rule; see ``Contract.check``."""
    return CONTRACT.check(frame)


def _schema() -> dict[str, pa.Column]:
    def one_of(*levels: str) -> pa.Column:
        said = ", ".join(level or "nothing" for level in levels)
        return pa.Column(str, pa.Check.isin(levels, error=f"one of {said}"))

    def matching(pattern: str, words: str) -> pa.Column:
        return pa.Column(str, pa.Check.str_matches(rf"^({pattern})?$", error=words))

    known = {
        "source": ("primary", "secondary"),
        "include": ("yes", "no"),
        "design": (*rules.TRIALS, *rules.OBSERVED, *rules.REVIEWS),
        "measure": (*rules.RATIOS, rules.DIFFERENCE, "counts", "none"),
        "risk_of_bias": ("", *JUDGEMENTS),
    }
    chance = pa.Check.in_range(0, 1, include_min=False, error="p-values above 0 up to 1")
    whole = pa.Check(lambda s: (s >= 0) & (s == s.round()), error="whole numbers from 0")
    return {name: pa.Column(nullable=True) for name in COLUMNS} | {
        "id": pa.Column(str, pa.Check.str_matches(r"^[\w.-]+$", error="a name without spaces"), unique=True),
        "doi": matching(r"10\.\d{4,9}/\S+", "a DOI as 10.1000/xyz, or nothing"),
        "pmid": matching(r"\d{1,8}", "a PubMed number in digits, or nothing"),
        "registry": matching(REGISTRY.pattern, REGISTRATION),
        **{name: one_of(*levels) for name, levels in known.items()},
        "reason": pa.Column(str, pa.Check.str_length(min_value=1, error="a reason for being in or out")),
        **{name: pa.Column(checks=whole, nullable=True) for name in (*rules.SIZE, *rules.COUNTS)},
        rules.ASSUMED: pa.Column(checks=pa.Check.in_range(0, 1000, error="deaths per 1,000"), nullable=True),
        "p_value": pa.Column(checks=chance, nullable=True),
    }


HOLDS = {said: holds for said, (holds, _) in rules.RULES.items()}
CONTRACT = Contract("the evidence", "the contract of the evidence", "id", _schema(), rules.NUMBERS, HOLDS)


def rows_of(evidence: pd.DataFrame, analysis: str) -> pd.DataFrame:
    """Return the included rows of one analysis, in the order of the file."""
    names = evidence["analysis"].str.split("|")
    chosen = evidence[names.map(lambda each: analysis in each) & (evidence["include"] == "yes")]
    if chosen.empty:
        known = sorted({*names.explode()} - {""})
        raise ContractError(f"an analysis needs at least one included row, {analysis!r} has none of {known}")
    return chosen.reset_index(drop=True)
