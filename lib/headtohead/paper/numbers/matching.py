"""Numbers of the matching chapter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from headtohead.paper.ledger import entry
from headtohead.paper.numbers.ids import Row, origin_of
from headtohead.study.results import Paper

SCALES = {
    "c_statistic": "c-statistic",
    "treated_per_term": "per term",
    "common_low": "score",
    "common_high": "score",
    "caliper": "score",
    "largest_distance": "score",
}


def rows(paper: Paper) -> Iterator[Row]:
    """Return overlap, pairs, balance and effective sample sizes."""
    found, origin = paper.study.matching, origin_of(paper.study)
    for name, value in found.overlap.items():
        yield entry(
            f"matching.overlap.{name}",
            origin,
            SCALES.get(name, "count"),
            value,
            code="matching/summary.py::overlap_summary",
        )
    for name, value in found.pairs.items():
        yield entry(
            f"matching.pairs.{name}",
            origin,
            SCALES.get(name, "count"),
            value,
            code="matching/pairs.py::match_nearest",
        )
    balance = partial(entry, origin=origin, code="matching/balance.py::balance_table")
    for way, table in found.balance.groupby("key"):
        size = table["smd"].abs()
        name = str(table.loc[size.idxmax(), "covariate"]) if size.max() > 1e-9 else "none"
        yield balance(f"matching.smd.largest.{way}", scale="smd", estimate=size.max(), method=name)
        yield balance(
            f"matching.smd.above_tenth.{way}", scale="count", estimate=(size > 0.1).sum(), n=len(table)
        )
    sizes = partial(entry, origin=origin, code="matching/summary.py::sample_sizes")
    for way, part in found.sizes.groupby("key"):
        yield sizes(
            f"matching.ess.{way}", scale="effective count", estimate=part["ess"].sum(), n=part["n"].sum()
        )
        for row in part.itertuples():
            yield sizes(f"matching.ess.{way}.{row.arm}", scale="effective count", estimate=row.ess, n=row.n)
        largest = part["max_relative_weight"].max()
        yield sizes(f"matching.weight.largest.{way}", scale="variance ratio", estimate=largest)
    if len(found.lost):
        worst = found.lost.loc[found.lost["smd"].abs().idxmax()]
        yield entry(
            "matching.lost.smd.largest",
            origin,
            "smd",
            abs(worst["smd"]),
            method=worst["covariate"],
            code="matching/summary.py::lost_to_matching",
        )
