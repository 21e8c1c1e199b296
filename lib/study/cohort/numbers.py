"""Numbers of the cohort chapter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from livingpaper.ledger.ledger import entry

from study.ids import Row, key, origin_of
from study.results import Paper


def rows(paper: Paper) -> Iterator[Row]:
    """Return flow, baseline differences, missing values, strata and follow-up."""
    study, origin = paper.study, origin_of(paper.study)
    count = partial(entry, origin=origin, scale="count", code="cohort/flow.py::apply_eligibility")
    flow = study.cohort.attrition
    for name, step in (("started", 0), ("eligible", flow["step"].max())):
        part = flow[flow["step"] == step]
        yield count(f"cohort.{name}.n", estimate=part["n_remaining"].sum())
        for row in part.itertuples():
            yield count(f"cohort.{name}.{row.arm}.n", estimate=row.n_remaining)
    yield count("cohort.excluded.n", estimate=flow["n_excluded"].sum())

    crude = study.cohort.table_one.groupby("column", sort=False).first()
    smd = partial(entry, origin=origin, code="cohort/describe.py::table_one")
    worst = crude["smd"].abs().idxmax()
    yield smd(
        "cohort.smd.largest",
        scale="smd",
        estimate=abs(crude.at[worst, "smd"]),
        method=crude.at[worst, "label"],
    )
    yield smd(
        "cohort.smd.above_tenth", scale="count", estimate=(crude["smd"].abs() > 0.1).sum(), n=len(crude)
    )
    yield smd("cohort.covariates.n", scale="count", estimate=len(crude))

    missing = study.cohort.missing.groupby("column")[["missing", "n"]].sum()
    for row in missing.itertuples():
        yield entry(
            f"cohort.missing.{row.Index}",
            origin,
            "risk",
            row.missing / row.n,
            n=row.n,
            code="cohort/describe.py::missingness",
        )
    smallest = study.cohort.strata[["treated", "control"]].min().min()
    yield entry(
        "cohort.strata.smallest", origin, "count", smallest, code="cohort/describe.py::arm_by_stratum"
    )
    for _, row in study.cohort.follow_up.iterrows():
        arm = "treated" if row["treated"] else "control"
        id_ = f"cohort.follow_up.{arm}.{key(row['end_state'])}.median"
        yield entry(
            id_, origin, "days", row["50%"], n=row["count"], code="study/describe.py::describe_cohort"
        )
