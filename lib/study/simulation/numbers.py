"""Numbers of the simulation appendix."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from livingpaper.ledger.ledger import entry

from study.ids import Row, key
from study.results import Paper

SCALES = {
    "bias": "risk difference",
    "empirical_se": "absolute difference",
    "mean_se": "absolute difference",
    "coverage": "risk",
    "rejects": "risk",
}


def rows(paper: Paper) -> Iterator[Row]:
    """Return bias, precision, coverage and rejections per scenario and estimator, and the mistakes' bias.

    ``std_error`` is the Monte Carlo error, ``n`` the number of replicates.
    """
    found = paper.simulation
    mine = partial(entry, origin="synthetic", code="sensitivity/simulation.py::performance")
    for row in found.performance.itertuples():
        id_ = f"simulation.{key(row.scenario)}.{row.estimator}"
        yield mine(f"{id_}.truth", scale="risk difference", estimate=row.truth, method="exact")
        for name, scale in SCALES.items():
            yield mine(
                f"{id_}.{name}",
                scale=scale,
                estimate=getattr(row, name),
                std_error=getattr(row, f"{name}_mc"),
                n=row.replicates,
                method="over replicates; std_error is the Monte Carlo error",
            )
    for name, scale in SCALES.items():
        largest = found.performance.groupby("scenario")[f"{name}_mc"].max()
        for scenario, value in largest.items():
            yield mine(
                f"simulation.{key(str(scenario))}.mc.{name}",
                scale="risk" if scale == "risk" else "absolute difference",
                estimate=value,
            )
    yield mine("simulation.failed", scale="count", estimate=found.performance["failed"].max())
    mistakes = partial(entry, origin="synthetic", code="sensitivity/mistakes.py::mistaken_estimates")
    for row in found.mistakes.itertuples():
        yield mistakes(
            f"simulation.{key(row.scenario)}.mistake.{key(row.mistake)}.bias",
            scale="risk difference",
            estimate=row.bias,
            std_error=row.bias_mc,
            n=row.replicates,
            method="over replicates; std_error is the Monte Carlo error",
        )
