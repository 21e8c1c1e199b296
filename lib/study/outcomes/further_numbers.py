"""Numbers of the further analyses in the outcomes chapter."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from livingpaper.ledger.ledger import entry

from study.ids import SCALE_KEYS, Row, columns_of, key, origin_of
from study.outcomes.further_results import FurtherResults
from study.results import Paper

ARMS = {
    "mean days, treated": "treated",
    "mean days, control": "control",
    "difference in days": "difference",
}


def rows(paper: Paper) -> Iterator[Row]:
    """Return the further analyses of the main cohort, and the mistakes in every world."""
    found, origin = paper.study.further, origin_of(paper.study)
    yield from _estimates(found, origin)
    yield from _summaries(found, origin, paper.protocol.outcome.horizon_days)
    yield from _beliefs(found, origin, paper.protocol.inference.conf_level)
    yield from _mistakes("outcomes", found.mistakes, origin)
    for world, shown in paper.worlds.items():
        yield from _mistakes(f"worlds.{world}", shown.mistakes, "synthetic")


def _from(frame: pd.DataFrame, id_: str, origin: str, code: str) -> Iterator[Row]:
    """Return one row per result; ``id_`` is filled from the result's columns, as keys."""
    for _, row in frame.iterrows():
        parts = {str(name): key(str(value)) for name, value in row.items()}
        yield entry(id_.format(**parts), origin, row["scale"], row["estimate"], code=code, **columns_of(row))


def _estimates(found: FurtherResults, origin: str) -> Iterator[Row]:
    shaped = found.standardised.assign(short=found.standardised["scale"].map(SCALE_KEYS))
    code = "outcomes/standardised.py::standardised_risks"
    yield from _from(shaped, "outcomes.model.{estimand}.{approach}.{short}", origin, code)
    for row in shaped[shaped["influence_error"].notna()].itertuples():
        id_ = f"outcomes.model.{key(str(row.estimand))}.{key(str(row.approach))}.error"
        yield entry(f"{id_}.bootstrap", origin, "absolute difference", row.std_error, code=code)
        yield entry(f"{id_}.influence", origin, "absolute difference", row.influence_error, code=code)
    yield from _from(
        found.subdistribution, "outcomes.shr.{key}.{outcome}.{cause}", origin,
        "outcomes/fine_gray.py::subdistribution_hazard_ratio",
    )  # fmt: skip
    days = found.days.assign(arm=found.days["scale"].map(ARMS))
    yield from _from(days, "outcomes.days.{key}.{state}.{arm}", origin, "outcomes/time_lost.py::days_lost")
    yield from _from(
        found.split, "outcomes.split.{key}.{interval}", origin,
        "outcomes/split_hazard.py::split_hazard_ratios",
    )  # fmt: skip
    yield from _from(found.wins, "outcomes.wins.{key}.{scale}", origin, "outcomes/win_ratio.py::win_ratio")


def _summaries(found: FurtherResults, origin: str, horizon: int) -> Iterator[Row]:
    for row in found.gray.itertuples():
        yield entry(
            f"outcomes.gray.{key(row.outcome)}.{key(row.cause)}.p", origin, "p value", row.p_value,
            method=row.method, horizon_days=horizon, code="outcomes/gray.py::gray_test",
        )  # fmt: skip
    for row in found.win_components.itertuples():
        shares = {"wins": row.wins, "losses": row.losses} if row.level != "tied" else {"share": row.ties}
        for name, value in shares.items():
            yield entry(
                f"outcomes.wins.{row.key}.{key(row.level)}.{name}", origin, "risk", value,
                code="outcomes/win_ratio.py::win_ratio",
            )  # fmt: skip
    last = found.occupation[found.occupation["day"] == horizon]
    for row in last.itertuples():
        yield entry(
            f"outcomes.occupation.{row.arm}.{key(row.state)}", origin, "risk", row.probability,
            horizon_days=horizon, code="outcomes/occupation.py::state_occupation",
        )  # fmt: skip
    models = {
        "prognostic": (found.prognostic, "odds ratio"),
        "ventilation": (found.ventilation, "hazard ratio"),
    }
    for name, (table, scale) in models.items():
        for row in table.itertuples():
            yield entry(
                f"outcomes.{name}.{key(row.term)}.{key(row.approach)}", origin, scale, row.estimate,
                conf_low=row.conf_low, conf_high=row.conf_high, conf_level=row.conf_level, n=row.n,
                events=row.events, method=row.method, code="outcomes/few_events.py",
            )  # fmt: skip
        yield entry(
            f"outcomes.{name}.events_per_variable", origin, "per term", table["events_per_variable"].iloc[0],
            method=table["method"].iloc[-1], code="outcomes/few_events.py",
        )  # fmt: skip


def _beliefs(found: FurtherResults, origin: str, level: float) -> Iterator[Row]:
    code = "outcomes/posterior.py::normal_posterior"
    for row in found.posterior.itertuples():
        yield entry(
            f"outcomes.posterior.{row.prior}.rd", origin, "risk difference", row.mean,
            conf_low=row.conf_low, conf_high=row.conf_high, conf_level=level,
            method=f"normal posterior, credible interval; prior: {row.label}", code=code,
        )  # fmt: skip
        for name in ("worse", "within_margin", "within_wide", "worse_by_margin"):
            id_ = f"outcomes.posterior.{row.prior}.{name}"
            yield entry(id_, origin, "probability", getattr(row, name), code=code)


def _mistakes(prefix: str, table: pd.DataFrame, origin: str) -> Iterator[Row]:
    for _, row in table.iterrows():
        short = SCALE_KEYS[row["scale"]]
        yield entry(
            f"{prefix}.mistake.{row['mistake']}.{short}", origin, row["scale"], row["estimate"],
            code="study/mistakes.py::with_mistakes", **columns_of(row),
        )  # fmt: skip
