"""Numbers of the sensitivity chapter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from livingpaper.ledger.ledger import entry

from study.ids import SCALE_KEYS, Row, columns_of, key, origin_of
from study.results import Paper


def rows(paper: Paper) -> Iterator[Row]:
    """Return the primary estimate by hospital, period and caliper, and under the strategy."""
    found, origin = paper.study.sensitivity, origin_of(paper.study)
    subsets = found.subsets[found.subsets["scale"] == "risk difference"]
    for _, row in subsets.iterrows():
        yield entry(
            f"sensitivity.subset.{key(row['subset'])}.rd",
            origin,
            "risk difference",
            row["estimate"],
            code="sensitivity/strata.py::estimate_in_subsets",
            **columns_of(row),
        )
    caliper = partial(entry, origin=origin, code="sensitivity/strata.py::caliper_grid")
    for _, row in found.calipers.iterrows():
        id_ = f"sensitivity.caliper.{round(100 * row['caliper_sd']):03d}"
        yield caliper(f"{id_}.rd", scale="risk difference", estimate=row["estimate"], **columns_of(row))
        yield caliper(f"{id_}.pairs", scale="count", estimate=row["n_pairs"])
        if row["n_pairs"]:
            yield caliper(f"{id_}.smd", scale="smd", estimate=row["largest_smd"])
    yield from _per_protocol(paper)


def _per_protocol(paper: Paper) -> Iterator[Row]:
    """Return who left the strategy, the weights of those who stayed, and the estimates."""
    found = paper.study.sensitivity.per_protocol
    mine = partial(entry, origin=origin_of(paper.study), code="sensitivity/deviations.py::per_protocol")
    for row in found.deviations.itertuples():
        yield mine(f"sensitivity.deviations.{row.arm}.n", scale="count", estimate=row.left, n=row.n)
    everyone = found.deviations[["left", "n"]].sum()
    yield mine("sensitivity.deviations.n", scale="count", estimate=everyone["left"], n=everyone["n"])
    for name, value in found.weights.items():
        yield mine(f"sensitivity.deviations.weight.{name}", scale="ratio", estimate=value)
    for _, row in found.estimates.iterrows():
        id_ = f"sensitivity.per_protocol.{key(row['analysis'])}.{SCALE_KEYS[row['scale']]}"
        yield mine(id_, scale=row["scale"], estimate=row["estimate"], **columns_of(row))
