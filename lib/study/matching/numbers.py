"""Numbers of the matching chapter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from livingpaper.ledger.ledger import entry

from study.ids import SCALE_KEYS, Row, columns_of, origin_of
from study.results import Paper

SCALES = {
    "c_statistic": "c-statistic",
    "treated_per_term": "per term",
    "common_low": "score",
    "common_high": "score",
    "caliper": "score",
    "largest_distance": "score",
}


def rows(paper: Paper) -> Iterator[Row]:
    """Return overlap, pairs, balance and effective sample sizes."""
    found, origin = paper.study.matching, origin_of(paper.study)
    for name, value in found.overlap.items():
        yield entry(
            f"matching.overlap.{name}",
            origin,
            SCALES.get(name, "count"),
            value,
            code="matching/summary.py::overlap_summary",
        )
    for name, value in found.pairs.items():
        yield entry(
            f"matching.pairs.{name}",
            origin,
            SCALES.get(name, "count"),
            value,
            code="matching/pairs.py::match_nearest",
        )
    balance = partial(entry, origin=origin, code="matching/balance.py::balance_table")
    for way, table in found.balance.groupby("key"):
        size = table["smd"].abs()
        name = str(table.loc[size.idxmax(), "covariate"]) if size.max() > 1e-9 else "none"
        yield balance(f"matching.smd.largest.{way}", scale="smd", estimate=size.max(), method=name)
        yield balance(
            f"matching.smd.above_tenth.{way}", scale="count", estimate=(size > 0.1).sum(), n=len(table)
        )
    sizes = partial(entry, origin=origin, code="matching/summary.py::sample_sizes")
    for way, part in found.sizes.groupby("key"):
        yield sizes(
            f"matching.ess.{way}", scale="effective count", estimate=part["ess"].sum(), n=part["n"].sum()
        )
        for row in part.itertuples():
            yield sizes(f"matching.ess.{way}.{row.arm}", scale="effective count", estimate=row.ess, n=row.n)
        largest = part["max_relative_weight"].max()
        yield sizes(f"matching.weight.largest.{way}", scale="variance ratio", estimate=largest)
    if len(found.lost):
        worst = found.lost.loc[found.lost["smd"].abs().idxmax()]
        yield entry(
            "matching.lost.smd.largest",
            origin,
            "smd",
            abs(worst["smd"]),
            method=worst["covariate"],
            code="matching/summary.py::lost_to_matching",
        )
    yield from _designs(paper, origin)
    yield from _chance(paper, origin)
    yield from _regression(paper, origin)


def _designs(paper: Paper, origin: str) -> Iterator[Row]:
    """Return size and distances of each way of matching, and its smallest stratum."""
    found = paper.study.matching
    for row in found.designs.itertuples():
        design = partial(entry, origin=origin, code="study/matched.py::compare_designs")
        yield design(f"matching.design.{row.key}.pairs", scale="count", estimate=row.n_pairs)
        yield design(f"matching.design.{row.key}.unmatched", scale="count", estimate=row.unmatched)
        yield design(f"matching.design.{row.key}.total", scale="score", estimate=row.total_distance)
        yield design(f"matching.design.{row.key}.widest", scale="score", estimate=row.largest_distance)
    for key, part in found.strata.groupby("key"):
        stratum = partial(entry, origin=origin, scale="count", code="matching/summary.py::pairs_by_stratum")
        yield stratum(f"matching.strata.{key}.within", estimate=part["within"].sum())
        yield stratum(f"matching.strata.{key}.smallest", estimate=part["matched_treated"].min())


CHANCE_SCALES = {
    "prob_one": "probability",
    "prob_all": "probability",
    "prob_as_large": "probability",
    "expected_above": "per term",
}


def _chance(paper: Paper, origin: str) -> Iterator[Row]:
    """Return what randomising the matched patients would leave."""
    for name, value in vars(paper.study.matching.chance).items():
        scale = CHANCE_SCALES.get(name, "count" if isinstance(value, int) else "smd")
        yield entry(
            f"matching.chance.{name}", origin, scale, value, code="matching/chance.py::chance_balance"
        )


def _regression(paper: Paper, origin: str) -> Iterator[Row]:
    """Return the risk differences of regression in the matched samples."""
    names = {"none": "plain", "all": "adjusted"}
    for _, row in paper.study.outcomes.regression.iterrows():
        when = f"{row['outcome']}{row['horizon_days']}"
        yield entry(
            f"matching.regression.{row['key']}.{names[row['covariates']]}.{when}.{SCALE_KEYS[row['scale']]}",
            origin,
            row["scale"],
            row["estimate"],
            code="outcomes/matched_regression.py::matched_regression",
            **columns_of(row),
        )
