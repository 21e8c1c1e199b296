"""Numbers of the outcomes chapter, and the primary result in each synthetic world."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from livingpaper.ledger.ledger import entry

from study.ids import Row, columns_of, equivalence_rows, estimate_id, key, origin_of
from study.results import Paper, Study, World

NORMAL = "normal, bootstrap standard error"


def rows(paper: Paper) -> Iterator[Row]:
    """Return estimates, hazards, checks, and the three worlds with their truths."""
    horizon = paper.protocol.outcome.horizon_days
    yield from _study(paper.study, horizon)
    for world, found in paper.worlds.items():
        yield from _world(world, found, paper.protocol.outcome.primary, horizon)
    stay = paper.protocol.outcome.whole_stay_days
    truth = paper.truth[paper.truth["horizon_days"].isin([horizon, stay])]
    for row in truth.itertuples():
        until = "_stay" if row.horizon_days == stay else row.horizon_days
        yield entry(
            f"worlds.{row.world}.truth.{row.outcome}{until}.{row.estimand.lower()}.rd",
            "synthetic",
            "risk difference",
            row.rd,
            estimand=row.estimand,
            outcome=row.outcome,
            horizon_days=row.horizon_days,
            method="exact, from the causal model",
            code="cohort/worlds.py::true_effects",
        )


def _study(study: Study, horizon: int) -> Iterator[Row]:
    found, origin = study.outcomes, origin_of(study)
    for _, row in found.estimates.iterrows():
        id_ = f"outcomes.{estimate_id(row, horizon)}"
        yield entry(
            id_,
            origin,
            row["scale"],
            row["estimate"],
            code="outcomes/risk.py::risk_contrast",
            **columns_of(row),
        )
    for _, row in found.hazards.iterrows():
        id_ = f"outcomes.{estimate_id(row, horizon)}.{key(row['cause'])}"
        yield entry(
            id_,
            origin,
            row["scale"],
            row["estimate"],
            code="outcomes/hazard.py::hazard_ratio",
            **columns_of(row),
        )
    for name, result in found.equivalence.items():
        yield from equivalence_rows(f"outcomes.equivalence.{name}", origin, result, NORMAL)
    for row in found.proportional.itertuples():
        id_ = f"outcomes.proportional.{row.key}.p"
        code = "outcomes/proportional.py::proportional_hazards_test"
        yield entry(id_, origin, "p value", row.p_value, method=row.method, code=code)
    km = partial(entry, origin=origin, horizon_days=horizon, code="outcomes/hazard.py::kaplan_meier_error")
    for row in found.kaplan_meier[found.kaplan_meier["day"] == horizon].itertuples():
        gap = row.one_minus_km - row.aalen_johansen
        yield km(f"outcomes.km.{row.arm}.aj", scale="risk", estimate=row.aalen_johansen)
        yield km(f"outcomes.km.{row.arm}.one_minus_km", scale="risk", estimate=row.one_minus_km)
        yield km(f"outcomes.km.{row.arm}.error", scale="absolute difference", estimate=gap)


def _world(world: str, found: World, primary: str, horizon: int) -> Iterator[Row]:
    table = found.estimates
    mine = table[(table["outcome"] == primary) & (table["scale"] == "risk difference")]
    for _, row in mine.iterrows():
        id_ = f"worlds.{world}.{estimate_id(row, horizon)}"
        yield entry(
            id_,
            "synthetic",
            row["scale"],
            row["estimate"],
            code="outcomes/risk.py::risk_contrast",
            **columns_of(row),
        )
    yield entry(
        f"worlds.{world}.pairs.n",
        "synthetic",
        "count",
        found.n_pairs,
        code="matching/pairs.py::match_nearest",
    )
    for name, result in found.equivalence.items():
        yield from equivalence_rows(f"worlds.{world}.equivalence.{name}", "synthetic", result, NORMAL)
