"""Numbers of the sensitivity chapter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from headtohead.paper.ledger import entry
from headtohead.paper.numbers.ids import Row, columns_of, key, origin_of
from headtohead.study.results import Paper


def rows(paper: Paper) -> Iterator[Row]:
    """Return the primary estimate by hospital, period and caliper."""
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
