"""Numbers of the specification curve."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pandas as pd
from headtohead.sensitivity.multiverse import summary_by
from livingpaper.ledger.ledger import entry

from study.ids import Row, key, origin_of
from study.results import Paper

SUMMARY = {
    "n": "count",
    "low": "risk difference",
    "q1": "risk difference",
    "median": "risk difference",
    "q3": "risk difference",
    "high": "risk difference",
    "positive": "risk",
    "beyond": "risk",
}
JOINT = {
    "null_median": "risk difference",
    "p_median": "p value",
    "p_small_p": "p value",
    "p_one_sign": "p value",
}
NO_NULLS = "not computed for this cohort; run make simulate"


def rows(paper: Paper) -> Iterator[Row]:
    """Return the size of the grid, the spread of the curve, the primary's place in it and the joint tests."""
    found, margin = paper.multiverse, paper.protocol.equivalence.margin_pp / 100
    mine = partial(entry, origin=origin_of(paper.study), code="sensitivity/multiverse.py::curve")
    valid = found.grid["excluded"] == ""
    yield mine("multiverse.product", scale="count", estimate=found.grid["n"].sum())
    yield mine("multiverse.excluded", scale="count", estimate=found.grid.loc[~valid, "n"].sum())
    yield mine("multiverse.valid", scale="count", estimate=found.grid.loc[valid, "n"].sum())
    yield mine("multiverse.failed", scale="count", estimate=found.curve["estimate"].isna().sum())
    small = float((found.curve["p_value"] < paper.protocol.equivalence.alpha).mean())
    yield mine("multiverse.small_p", scale="risk", estimate=small)
    everything = summary_by(found.curve.assign(everything="all"), "everything", margin=margin)
    parts = {axis: summary_by(found.curve, axis, margin=margin) for axis in ("estimand", "outcome")}
    for axis, table in {"everything": everything, **parts}.items():
        for _, row in table.iterrows():
            for name, scale in SUMMARY.items():
                yield mine(f"multiverse.{axis}.{key(row['level'])}.{name}", scale=scale, estimate=row[name])
    yield mine("multiverse.primary.place", scale="risk", estimate=_place(found.curve))
    for axis, share in found.variance.items():
        yield mine(f"multiverse.variance.{axis}", scale="risk", estimate=share)
    yield from _joint(paper)


def _place(curve: pd.DataFrame) -> float:
    """Return the share of the specifications of its outcome that lie below the primary one."""
    primary = curve[curve["primary"]].iloc[0]
    same = curve[curve["outcome"] == primary["outcome"]]
    return float((same["estimate"] < primary["estimate"]).mean())


def _joint(paper: Paper) -> Iterator[Row]:
    mine = partial(entry, origin=origin_of(paper.study), code="sensitivity/nulls.py::joint_p_values")
    joint = paper.multiverse.joint
    if joint.empty:
        for name, scale in JOINT.items():
            yield mine(f"multiverse.joint.all.{name}", scale=scale, estimate=float("nan"), method=NO_NULLS)
        yield mine("multiverse.joint.nulls", scale="count", estimate=0)
        return
    for _, row in joint.iterrows():
        for name, scale in JOINT.items():
            yield mine(f"multiverse.joint.{key(row['facet'])}.{name}", scale=scale, estimate=row[name])
    yield mine("multiverse.joint.nulls", scale="count", estimate=joint["nulls"].min())
