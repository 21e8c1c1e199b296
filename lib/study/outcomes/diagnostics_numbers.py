"""Numbers of the diagnostics."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from livingpaper.ledger.ledger import entry

from study.ids import Row, origin_of
from study.results import Paper


def rows(paper: Paper) -> Iterator[Row]:
    """Return the value of each check, and how many of how many hold."""
    table = paper.study.diagnostics
    mine = partial(entry, origin=origin_of(paper.study), code="study/diagnostics.py::diagnose")
    for row in table.itertuples():
        limits = {
            "conf_low": row.low,
            "conf_high": row.high,
            "conf_level": paper.protocol.inference.conf_level,
        }
        yield mine(
            f"diagnostics.{row.key}",
            scale=row.scale,
            estimate=row.value,
            method=row.method or f"{row.rule} the threshold: {'pass' if row.passed else 'fail'}",
            **limits,
        )
    yield mine("diagnostics.passed", scale="count", estimate=table["passed"].sum(), n=len(table))
