"""Numbers as published, and numbers computed from them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from livingpaper.ledger.ledger import entry

from study.ids import SCALE_KEYS, Row, equivalence_rows, key
from study.results import Paper, Reanalysis

SCALES = {"patients": "count", "events": "count", "percent": "percent", "p value": "p value"}
INTERVAL_KEYS = {
    "Newcombe": "",
    "Katz log": "",
    "Woolf log": "",
    "Miettinen-Nurminen": ".mn",
    "Wald": ".wald",
    "Conditional exact": ".exact",
}


def rows(paper: Paper) -> Iterator[Row]:
    """Return the published numbers and everything computed from the published counts."""
    found, level = paper.reanalysis, paper.protocol.inference.conf_level
    for row in found.published.itertuples():
        place = {"method": row.place, "outcome": row.outcome or np.nan}
        yield entry(row.id, "published", SCALES[row.quantity], row.value, code="data/published.csv", **place)
    yield from _recomputed(found)
    yield from _effects(found, level)
    yield from _bounds(found)
    limits = found.effects[
        (found.effects["outcome"] == "death") & (found.effects["method"] == "Katz log")
    ].iloc[0]
    for name, value in (("fewer", 1 - limits["conf_low"]), ("more", limits["conf_high"] - 1)):
        yield entry(
            f"counts.death.relative.{name}", "counts", "probability", value, code="cohort/two_by_two.py::intervals",
            method="limit of the risk ratio, Katz log",
        )  # fmt: skip
    for (outcome, name), result in found.equivalence.items():
        yield from equivalence_rows(
            f"counts.{outcome}.equivalence.{name}", "counts", result, "Miettinen-Nurminen score"
        )
    for row in found.numbers.itertuples():
        yield entry(
            f"counts.{row.name}",
            "counts",
            row.scale,
            row.value,
            conf_low=row.conf_low,
            conf_high=row.conf_high,
            conf_level=level,
            method="equal-tailed credible interval, Jeffreys prior" if "posterior.rd" in row.name else np.nan,
            code="study/reanalysis.py",
        )


def _recomputed(found: Reanalysis) -> Iterator[Row]:
    for row in found.comparison.itertuples():
        yield entry(
            row.id.replace("published.", "counts."),
            "counts",
            SCALES[row.quantity],
            row.recomputed,
            outcome=row.outcome,
            method=row.verdict,
            code="cohort/published.py::compare_published",
        )
    for row in found.tests.itertuples():
        yield entry(
            f"counts.{row.outcome}.p.{key(row.test)}",
            "counts",
            "p value",
            row.p_value,
            outcome=row.outcome,
            method=row.test,
            code="cohort/two_by_two.py::equality_tests",
        )


def _effects(found: Reanalysis, level: float) -> Iterator[Row]:
    for row in found.effects.itertuples():
        table = found.tables[row.outcome]
        yield entry(
            f"counts.{row.outcome}.{SCALE_KEYS[row.scale]}{INTERVAL_KEYS[row.method]}",
            "counts",
            row.scale,
            row.estimate,
            conf_low=row.conf_low,
            conf_high=row.conf_high,
            conf_level=level,
            outcome=row.outcome,
            n=table.n_treated + table.n_control,
            events=table.events_treated + table.events_control,
            estimand="crude",
            population="all patients, arms as they are",
            method=row.method,
            code="cohort/two_by_two.py::intervals",
        )


def _bounds(found: Reanalysis) -> Iterator[Row]:
    count = partial(entry, origin="counts", code="cohort/published.py::bounds_on_overlap")
    for row in found.bounds.itertuples():
        for name in ("deaths_without_imv_min", "composite_min", "composite_max"):
            value = getattr(row, name)
            yield count(f"counts.bounds.{row.arm}.{name}", scale="count", estimate=value, n=row.n)
            yield count(f"counts.bounds.{row.arm}.{name}.risk", scale="risk", estimate=value / row.n, n=row.n)
    without, deaths = found.bounds["deaths_without_imv_min"].sum(), found.bounds["deaths"].sum()
    yield count("counts.deaths", scale="count", estimate=deaths)
    yield count("counts.bounds.deaths_without_imv_min", scale="count", estimate=without, n=deaths)
    yield count(
        "counts.bounds.deaths_without_imv_min.share", scale="probability", estimate=without / deaths, n=deaths
    )
