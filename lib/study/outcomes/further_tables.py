"""Tables of the further analyses in the outcomes chapter."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.blinding import outcome_by_arm
from livingpaper.book.show import Sheet
from livingpaper.ledger.format import interval_text, p_value, percent, points, probability

from study.cells import NOT_ESTIMATED, with_interval
from study.cohort.figures import origin
from study.index.figures import WORLD_LABELS, true_difference
from study.labels import OUTCOMES as OUTCOME_LABELS
from study.matching.tables import NAMES
from study.protocol.sensitivity import Prior
from study.results import Paper

KEYS = ("crude", "pairs", "ato")
APPROACHES = {"standardisation": "Standardisation", "augmented weights": "Augmented weights"}
STATES = {"death": "Dead", "discharge": "Out of hospital, alive", "in hospital": "In hospital"}
TERMS = {
    "age": "Age, per 10 years",
    "barthel": "Barthel index, per 10 points",
    "charlson": "Charlson index, per point",
    "log ldh": "Lactate dehydrogenase, per doubling",
    "high_flow_oxygen": "High-flow oxygen at the start",
    "ventilated": "Ventilated later (not a baseline value)",
}


@outcome_by_arm
def models(paper: Paper) -> Sheet:
    """Return risks and differences by outcome models beside the weights."""
    primary = paper.study.outcomes.estimates
    rows = []
    for estimand in paper.study.further.standardised["estimand"].unique():
        weighted = primary[
            (primary["key"] == estimand.lower())
            & (primary["outcome"] == paper.protocol.outcome.primary)
            & (primary["horizon_days"] == paper.protocol.outcome.horizon_days)
        ]
        rows.append(_risks(NAMES[estimand.lower()], estimand, weighted))
        mine = paper.study.further.standardised
        for approach, label in APPROACHES.items():
            part = mine[(mine["estimand"] == estimand) & (mine["approach"] == approach)]
            rows.append(_risks(label, estimand, part))
    arms = paper.protocol.arms
    columns = [
        "Method",
        "Estimand",
        arms.treated.capitalize(),
        arms.control.capitalize(),
        "Difference, points",
        "Ratio",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{3.4cm}lrrrr")


def _risks(label: str, estimand: str, part: pd.DataFrame) -> list[str]:
    cells = part.set_index("scale", drop=False)
    scales = ("risk, treated", "risk, control", "risk difference", "risk ratio")
    return [
        label,
        estimand,
        *(with_interval(cells.loc[scale]) if scale in cells.index else NOT_ESTIMATED for scale in scales),
    ]


@outcome_by_arm
def subdistribution(paper: Paper) -> Sheet:
    """Return Fine-Gray ratios of every cause with Gray's test of the crude comparison."""
    found = paper.study.further
    gray = found.gray.set_index(["outcome", "cause"])["p_value"]
    rows = []
    for (outcome, cause), part in found.subdistribution.groupby(["outcome", "cause"], sort=False):
        cells = part.set_index("key")
        p = gray[(outcome, cause)]
        rows.append(
            [
                OUTCOME_LABELS[str(outcome)],
                str(cause),
                *(with_interval(cells.loc[key]) for key in KEYS),
                "–" if pd.isna(p) else p_value(p),
            ]
        )
    columns = ["Endpoint", "Cause", *(NAMES[key] for key in KEYS), "Gray's test, crude"]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{3.0cm}p{3.0cm}rrrr")


@outcome_by_arm
def days(paper: Paper) -> Sheet:
    """Return mean days in each state under the primary adjustment, and the differences of all three."""
    found = paper.study.further.days
    cells = found.set_index(["key", "state", "scale"]).sort_index()
    arms = paper.protocol.arms
    rows = [
        [
            label,
            with_interval(cells.loc[("ato", state, "mean days, treated")], "mean days"),
            with_interval(cells.loc[("ato", state, "mean days, control")], "mean days"),
            *(with_interval(cells.loc[(key, state, "difference in days")], "difference in days")
              for key in ("ato", "pairs", "crude")),
        ]
        for state, label in STATES.items()
    ]  # fmt: skip
    columns = [
        "Days",
        arms.treated.capitalize(),
        arms.control.capitalize(),
        "Difference",
        "In pairs",
        "Crude",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "lrrrrr")


@outcome_by_arm
def wins(paper: Paper) -> Sheet:
    """Return the share of comparisons won and lost at each level, and the win ratio."""
    found = paper.study.further
    columns = ["", *(NAMES[key] for key in KEYS)]
    rows = []
    for level in found.win_components["level"].unique():
        part = found.win_components[found.win_components["level"] == level].set_index("key")
        if level == "tied":
            rows.append(["Never decided", *(percent(part.at[key, "ties"]) for key in KEYS)])
            continue
        cells = [f"{percent(part.at[key, 'wins'])} / {percent(part.at[key, 'losses'])}" for key in KEYS]
        rows.append([f"Decided by {level}: won / lost", *cells])
    for scale, label in (("win ratio", "Win ratio"), ("net benefit", "Net benefit, points")):
        cells = found.wins[found.wins["scale"] == scale].set_index("key", drop=False)
        rows.append([label, *(with_interval(cells.loc[key]) for key in KEYS)])
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{5.4cm}rrr")


@outcome_by_arm
def prognostic(paper: Paper) -> Sheet:
    """Return odds ratios of death in hospital, maximum and Firth's likelihood."""
    return _both(paper, paper.study.further.prognostic, "odds ratio")


@outcome_by_arm
def ventilation(paper: Paper) -> Sheet:
    """Return hazard ratios of ventilation, maximum and Firth's likelihood."""
    return _both(paper, paper.study.further.ventilation, "hazard ratio")


def _both(paper: Paper, table: pd.DataFrame, scale: str) -> Sheet:
    names = TERMS | {"treated": f"{paper.protocol.arms.treated.capitalize()} (association only)"}
    if scale == "hazard ratio":
        names["treated"] = paper.protocol.arms.treated.capitalize()
    rows = []
    for term, part in table.groupby("term", sort=False):
        cells = part.set_index("approach")
        shown = [
            with_interval(cells.loc[approach], scale) if approach in cells.index else NOT_ESTIMATED
            for approach in ("maximum likelihood", "Firth")
        ]
        rows.append([names.get(str(term), str(term)), *shown])
    columns = ["", "Maximum likelihood", "Firth, profile interval"]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "lrr")


MISTAKES = {
    "none": "As specified",
    "ventilation": "Mistake: ventilation as a covariate",
    "completers": "Mistake: completers only",
}


@outcome_by_arm
def posterior(paper: Paper) -> Sheet:
    """Return posterior probabilities under each prior."""
    narrow, wide = paper.protocol.equivalence.margin_pp, paper.protocol.equivalence.wide_margin_pp
    laws = {prior.label: prior for prior in paper.protocol.further.priors}
    rows = [
        [f"{row['label']}{_law(laws[str(row['label'])])}", *_believed(row)[1:]]
        for _, row in paper.study.further.posterior.iterrows()
    ]
    columns = [
        "Prior (mean, SD, points)", "Difference, points", "Higher risk", f"Higher by over {narrow:g}",
        f"Within {narrow:g}", f"Within {wide:g}",
    ]  # fmt: skip
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{5.0cm}rrrrr")


def _law(prior: Prior) -> str:
    """Return mean and standard deviation of a prior as the table prints them; nothing for a flat one."""
    return "" if prior.sd_pp is None else f" ({prior.mean_pp:g}, {prior.sd_pp:g})"


def _believed(row: pd.Series) -> list[str]:
    if pd.isna(row["mean"]):
        return [str(row["label"]), *[NOT_ESTIMATED] * 5]
    interval = interval_text(row["conf_low"], row["conf_high"], "risk difference")
    chances = ("worse", "worse_by_margin", "within_margin", "within_wide")
    return [
        str(row["label"]),
        f"{points(row['mean'])} ({interval})",
        *(probability(row[name]) for name in chances),
    ]


@outcome_by_arm
def mistakes(paper: Paper) -> Sheet:
    """Return for each world the truth, and the primary analysis as specified and under each mistake."""
    rows = []
    for world, found in paper.worlds.items():
        table = found.mistakes
        cells = table[table["scale"] == "risk difference"].set_index("mistake", drop=False)
        hr = table[table["scale"] == "hazard ratio"].set_index("mistake", drop=False)
        rows.append([WORLD_LABELS[world], "Truth", "", "", points(true_difference(paper, world)), ""])
        for name, label in MISTAKES.items():
            row = cells.loc[name]
            ratio = with_interval(hr.loc[name]) if name in hr.index else ""
            rows.append(["", label, f"{row['n']:.0f}", f"{row['events']:.0f}", with_interval(row), ratio])
    columns = ["World", "Analysis", "Patients", "Deaths", "Difference, points", "Hazard ratio"]
    return Sheet(pd.DataFrame(rows, columns=columns), "synthetic", "lp{4.2cm}rrrr")


@outcome_by_arm
def split(paper: Paper) -> Sheet:
    """Return hazard ratios of death before and after the split day."""
    rows = []
    for interval, part in paper.study.further.split.groupby("interval", sort=False):
        cells = part.set_index("key", drop=False)
        at_risk = f"{cells.at['crude', 'n']:.0f}"
        rows.append(
            [str(interval).capitalize(), at_risk, f"{cells.at['crude', 'events']:.0f}",
             *(with_interval(cells.loc[key]) for key in KEYS)]
        )  # fmt: skip
    columns = ["Interval", "At risk", "Deaths", *(NAMES[key] for key in KEYS)]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "lrrrrr")
