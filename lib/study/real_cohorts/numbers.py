"""Numbers of the five public cohorts in the appendix."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from livingpaper.ledger.ledger import entry

from study.ids import Row, columns_of
from study.results import Paper


def rows(paper: Paper) -> Iterator[Row]:
    """Return sizes, two-arm hazard ratios, balance, and how many reference values are reproduced."""
    found = paper.real_cohorts
    real = partial(entry, origin="real", code="study/real_cohorts.py::analyse_real_cohorts")
    for row in found.sizes.itertuples():
        for name in ("n", "treated", "events"):
            yield real(f"real.{row.cohort}.{name}", scale="count", estimate=getattr(row, name))
    for _, row in found.effects.iterrows():
        yield entry(
            f"real.{row['cohort']}.{row['estimand'].lower()}.hr",
            "real",
            "hazard ratio",
            row["estimate"],
            code="outcomes/hazard.py::hazard_ratio",
            **columns_of(row),
        )
    for row in found.balance.itertuples():
        yield real(f"real.{row.cohort}.{row.estimand.lower()}.smd", scale="smd", estimate=row.smd)
    yield real("real.reference.n", scale="count", estimate=len(found.comparison))
    reproduced = int((found.comparison["verdict"] == "reproduced").sum())
    yield real("real.reference.reproduced", scale="count", estimate=reproduced)
