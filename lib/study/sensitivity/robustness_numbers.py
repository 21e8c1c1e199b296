"""Numbers of the robustness checks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pandas as pd
from headtohead.sensitivity.tipping import fewest
from livingpaper.ledger.ledger import entry

from study.ids import SCALE_KEYS, Row, columns_of, key, origin_of
from study.results import Paper

SHRUNKEN = "hierarchical model: posterior mean, equal-tailed credible interval"
INTERACTIONS = {  # scale: end of the id, scale of the comparison of levels, scale of what could be found
    "risk difference": ("rd", "risk difference", "absolute difference"),
    "hazard ratio": ("rhr", "ratio", "ratio of hazard ratios"),
}
NEVER = "no number up to the largest supposed"


def rows(paper: Paper) -> Iterator[Row]:
    """Return the numbers of every robustness check."""
    yield from _missing(paper)
    yield from _hidden_bias(paper)
    yield from _negative(paper)
    yield from _tipping(paper)
    yield from _benchmarks(paper)
    yield from _subgroups(paper)


def _missing(paper: Paper) -> Iterator[Row]:
    mine = partial(entry, origin=origin_of(paper.study), code="study/imputed.py::compare_handling")
    for _, row in paper.robustness.missing.iterrows():
        id_ = f"robustness.missing.{row['handling']}.{row['key']}"
        yield mine(f"{id_}.rd", scale="risk difference", estimate=row["estimate"], **columns_of(row))
        if pd.isna(row["estimate"]):
            continue
        yield mine(f"{id_}.patients", scale="count", estimate=row["patients"])
        for name in ("pairs_low", "pairs_high"):
            if pd.notna(row[name]):
                yield mine(f"{id_}.{name}", scale="count", estimate=row[name])
        if row["handling"] == "multiple":
            yield mine(f"{id_}.fmi", scale="risk", estimate=row["fmi"])
            yield mine(f"{id_}.mc_error", scale="absolute difference", estimate=row["mc_error"])


def _hidden_bias(paper: Paper) -> Iterator[Row]:
    found = paper.robustness
    mine = partial(entry, origin=origin_of(paper.study), code="sensitivity/rosenbaum.py::bounds")
    for arm, number in found.discordant.items():
        yield mine(f"robustness.pairs.{arm}_only", scale="count", estimate=number)
    for row in found.hidden_bias.itertuples():
        id_ = f"robustness.gamma.{round(100 * row.gamma):03d}"
        for name in ("p_low", "p_high"):
            yield mine(f"{id_}.{name}", scale="p value", estimate=getattr(row, name), method=row.method)
    for name, gamma in found.gammas.items():
        missing = "none" if name == "overturn" else "cannot be estimated, because no pair is discordant"
        value = float("nan") if gamma is None else gamma
        yield mine(f"robustness.gamma.{name}", scale="ratio", estimate=value, method=missing)


def _negative(paper: Paper) -> Iterator[Row]:
    mine = partial(entry, origin=origin_of(paper.study), code="study/robustness.py::negative_controls")
    for _, row in paper.robustness.negative.iterrows():
        name = "early" if row["horizon_days"] == paper.protocol.sensitivity.early_days else "outcome"
        id_ = f"robustness.negative.{name}.{row['key']}.{SCALE_KEYS[row['scale']]}"
        yield mine(id_, scale=row["scale"], estimate=row["estimate"], **columns_of(row))
        if row["key"] == "crude":
            yield mine(f"{id_}.events", scale="count", estimate=row["events"])


def _tipping(paper: Paper) -> Iterator[Row]:
    grid = paper.robustness.tipping
    mine = partial(entry, origin=origin_of(paper.study), code="sensitivity/tipping.py::tipping_grid")
    level = paper.protocol.inference.conf_level
    alone = {
        "harm": grid[grid["control"] == 0],
        "benefit": grid[grid["treated"] == 0],
        "similar": grid,
    }
    for verdict, part in alone.items():
        cell = fewest(part, verdict)
        deaths = float("nan") if cell is None else cell["treated"] + cell["control"]
        yield mine(f"robustness.unseen.{verdict}", scale="count", estimate=deaths, method=NEVER)
        if cell is not None:
            yield mine(
                f"robustness.unseen.{verdict}.rd", scale="risk difference", estimate=cell["estimate"],
                conf_low=cell["conf_low"], conf_high=cell["conf_high"], conf_level=level,
            )  # fmt: skip
    yield mine("robustness.unseen.open", scale="risk", estimate=float((grid["verdict"] == "open").mean()))


def _benchmarks(paper: Paper) -> Iterator[Row]:
    table = paper.robustness.benchmarks
    mine = partial(
        entry, origin=origin_of(paper.study), code="sensitivity/benchmarks.py::confounder_benchmarks"
    )
    for row in table.itertuples():
        id_ = f"robustness.benchmark.{key(row.covariate.replace('|', ' '))}"
        for name in ("with_arm", "with_outcome", "bound"):
            yield mine(f"{id_}.{name}", scale="ratio", estimate=getattr(row, name), method=row.method)
    yield mine("robustness.benchmark.largest", scale="ratio", estimate=table["bound"].max())
    deaths = paper.reanalysis.tables["death"]
    observed = deaths.risk_treated / deaths.risk_control
    for percent, truth in ((80, 0.8), (125, 1.25)):
        needed = max(observed / truth, truth / observed)
        code = "paper/numbers/robustness.py"
        yield entry(f"counts.death.bias_factor.hide_{percent}", "counts", "ratio", needed, code=code)


def _subgroups(paper: Paper) -> Iterator[Row]:
    found = paper.robustness
    mine = partial(entry, origin=origin_of(paper.study))
    code = "study/subgroups.py::subgroups"
    for _, row in found.subgroups.iterrows():
        if row["scale"] in ("risk difference",) or pd.isna(row["scale"]):
            columns = columns_of(row)
            id_ = f"robustness.subgroup.{row['column']}.{key(row['level'])}.rd"
            yield mine(id_, scale="risk difference", estimate=row["estimate"], code=code, **columns)
        if row["scale"] == "hazard ratio":
            id_ = f"robustness.subgroup.{row['column']}.{key(row['level'])}.hr"
            yield mine(id_, scale="hazard ratio", estimate=row["estimate"], code=code, **columns_of(row))
    code = "sensitivity/shrinkage.py::shrink"
    for _, row in found.shrunken.iterrows():
        id_ = f"robustness.subgroup.{row['column']}.{key(row['level'])}.shrunken"
        words = {"conf_level": paper.protocol.inference.conf_level, "method": SHRUNKEN}
        yield mine(
            id_, scale="risk difference", estimate=row["estimate"], code=code, **columns_of(row) | words
        )
    for end in ("min", "max"):
        value = getattr(found.shrunken["estimate"].astype(float), end)()
        missing = "cannot be estimated, because no column has two levels with an estimate"
        yield mine(
            f"robustness.shrunken.{end}", scale="risk difference", estimate=value, code=code,
            method=missing if pd.isna(value) else SHRUNKEN,
        )  # fmt: skip
    yield from _interactions(paper)


def _interactions(paper: Paper) -> Iterator[Row]:
    """Return the tests of equal effects, of differences in risk and of hazard ratios."""
    code, found = "sensitivity/interaction.py::interaction", paper.robustness.interactions
    mine = partial(entry, origin=origin_of(paper.study), code=code)
    for _, row in found.iterrows():
        short, scale, detected = INTERACTIONS[row["scale"]]
        id_, method = f"robustness.interaction.{row['column']}", row["method"]
        prefix = "" if short == "rd" else f"{short}_"
        yield mine(f"{id_}.{prefix}p", scale="p value", estimate=row["p_value"], method=method)
        yield mine(f"{id_}.{prefix}detectable", scale=detected, estimate=row["detectable"], method=method)
        limits = {name: row[name] for name in ("conf_low", "conf_high")}
        limits["conf_level"] = paper.protocol.inference.conf_level
        yield mine(f"{id_}.{short}", scale=scale, estimate=row["difference"], method=method, **limits)
    detectable = found.loc[found["scale"] == "risk difference", "detectable"].min()
    yield mine(
        "robustness.interaction.smallest_detectable", scale="absolute difference", estimate=detectable,
        method="cannot be estimated, because no subgroup has estimates in all its levels",
    )  # fmt: skip
