"""Numbers of the appendix on cohorts of real people."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from livingpaper.ledger.ledger import entry

from study.ids import Row, columns_of, key
from study.results import Paper


def rows(paper: Paper) -> Iterator[Row]:
    """Return sizes, weight change, balance and death on NHEFS."""
    found = paper.nhefs
    real = partial(entry, origin="real", code="study/nhefs.py::analyse_nhefs")
    sizes = {
        "n": found.n,
        "n_complete": found.n_complete,
        "pairs.n": found.n_pairs,
        "unmatched": found.n_unmatched,
    }
    for name, value in sizes.items():
        yield real(f"nhefs.{name}", scale="count", estimate=value)
    for _, row in found.effects.iterrows():
        id_ = f"nhefs.weight.{row['estimand'].lower()}"
        yield entry(
            id_,
            "real",
            "mean difference",
            row["estimate"],
            code="outcomes/mean.py::mean_difference",
            **columns_of(row),
        )
    for name, table in found.balance.groupby("adjustment"):
        yield real(f"nhefs.smd.largest.{key(str(name))}", scale="smd", estimate=table["smd"].abs().max())
    yield real("nhefs.death.log_rank", scale="chi-square", estimate=found.log_rank_chi_square)
    yield real("nhefs.death.log_rank.p", scale="p value", estimate=found.log_rank_p)
