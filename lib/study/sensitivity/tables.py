"""Tables of the sensitivity chapter: selections of the ledger."""

import pandas as pd
from livingpaper import Ledger, Sheet, crosstable, with_interval
from livingpaper.chapters.recording import NOT_ESTIMATED, key

from study.cells import whole
from study.labels import HANDLING, PUBLISHED_OUTCOMES, SPREAD, among, arms, by_risk
from study.protocol.protocol import Protocol

PUBLISHED = dict(reversed(PUBLISHED_OUTCOMES.items()))  # death first


def e_values(ledger: Ledger) -> Sheet:
    """Return what an unmeasured confounder would have to do, in both directions."""
    heads = {"": "To create the ratio", ".interval": "To create its nearer limit", ".hide_80": "To hide 0.80",
             ".hide_125": "To hide 1.25", ".hide_150": "To hide 1.50"}  # fmt: skip
    cells, sources = [], []
    for outcome, label in PUBLISHED.items():
        found = [ledger[f"counts.{outcome}.e_value{part}"] for part in heads]
        cells.append([label, *(row["text"] for row in found)])
        sources += found
    return Sheet(pd.DataFrame(cells, columns=["Outcome", *heads.values()]), sources=sources)


def fragility(ledger: Ledger) -> Sheet:
    """Return how few patients decide on which side of five per cent the p-value falls."""
    rows = ledger.select("counts.{of}.fragility.{test}")
    tests = {"fisher": "Patients changed, Fisher", "pearson": "Patients changed, Pearson"}
    cells = crosstable(rows, ("of", PUBLISHED), ("test", tests), cell=_text, corner="Outcome")
    crossing = ["crosses to above" if outcome == "imv" else "crosses to below" for outcome in PUBLISHED]
    cells.insert(1, "The p-value", crossing)
    return Sheet(cells, sources=(rows,), widths="llrr")


def _text(row: pd.Series) -> str:
    return NOT_ESTIMATED if pd.isna(row["estimate"]) else str(row["text"])


def per_protocol(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return the primary risks as started, and under the strategy without and with weights."""
    rows = ledger.select("sensitivity.per_protocol.{analysis}.{measure}")
    names = ("as_started", "censored", "censored_and_weighted")
    lines = {name: name.replace("_", " ").capitalize() for name in names}
    cells = crosstable(rows, ("analysis", lines), ("measure", by_risk(plan)), corner="Analysis")
    events = rows.groupby("analysis")["events"].max()
    cells["Events"] = [whole(events[name]) for name in lines]
    return Sheet(cells, sources=(rows,), widths="p{3.6cm}rrrr")


def missing(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return the primary difference under three ways of handling missing covariates."""
    rows = ledger.select("robustness.missing.{handling}.{adjustment}.{what}")
    text = rows.set_index(["adjustment", "handling", "what"])["text"].to_dict()
    found = rows[rows["what"] == "rd"].set_index(["adjustment", "handling"])
    cells = []
    for adjusted, name in {plan.estimand.primary.lower(): "Weights", "pairs": "Pairs"}.items():
        for handling, words in HANDLING.items():
            parts = ("patients", "pairs_low", "pairs_high", "fmi", "mc_error")
            said = (text.get((adjusted, handling, part), "–") for part in parts)
            patients, low, high, *rest = (each.removesuffix(" percentage points") for each in said)
            pairs, row = low if low == high else f"{low} to {high}", found.loc[adjusted, handling]
            cells.append([f"{name}: {words}", patients, pairs, with_interval(row), *rest])
    columns = ["Adjustment and missing values", "Patients", "Pairs", "Risk difference, points",
               "Missing information", "Monte Carlo error"]  # fmt: skip
    return Sheet(pd.DataFrame(cells, columns=columns), sources=(rows,), widths="p{4.6cm}rrrrr")


def hidden_bias(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return the one-sided p-values that a hidden bias of each strength allows."""
    rows = ledger.select("robustness.gamma.{percent}.{limit}")
    lines = {f"{round(100 * gamma):03d}": f"{gamma:.2f}" for gamma in plan.sensitivity.gammas}
    heads = {"p_low": "Smallest p-value", "p_high": "Largest p-value"}
    corner = "Odds of treatment differ by up to"
    cells = crosstable(rows, ("percent", lines), ("limit", heads), cell=_text, corner=corner)
    return Sheet(cells, sources=(rows,), widths="rrr")


def negative_controls(ledger: Ledger, dictionary: pd.DataFrame, plan: Protocol) -> Sheet:
    """Return the differences of outcomes on which the drugs cannot have acted."""
    rows = ledger.select("robustness.negative.{control}.{adjustment}.{measure}")
    label = dictionary.set_index("name")["label"][plan.sensitivity.negative_control]
    early = f"Ventilation or death by day {plan.sensitivity.early_days}"
    adjusted = {"crude": "crude", "pairs": "pairs", plan.estimand.primary.lower(): "weights"}
    lines = {
        f"{control} {each}": f"{said}, {words}"
        for control, said in {"outcome": f"{label} in the stay", "early": early}.items()
        for each, words in adjusted.items()
    }
    heads = {f"risk_{arm}": f"Events, {getattr(plan.arms, arm)}" for arm in ("treated", "control")}
    heads["rd"] = "Risk difference, points"
    cells = crosstable(
        rows.assign(line=rows["control"] + " " + rows["adjustment"]), ("line", lines), ("measure", heads),
        cell=lambda row: with_interval(row) if row["measure"] == "rd" else whole(row["events"]),
        corner="Outcome and adjustment",
    )  # fmt: skip
    return Sheet(cells, sources=(rows,), widths="p{5.6cm}rrr")


def benchmarks(ledger: Ledger, table: pd.DataFrame, dictionary: pd.DataFrame, plan: Protocol) -> Sheet:
    """Return how much each observed covariate, left out, could confound."""
    rows = ledger.select("robustness.benchmark.{covariate}.{what}")
    labels = dictionary.set_index("name")["label"]
    parts = {key(name): name.split("|", 1) for name in table["covariate"]}  # column and level, or nothing
    lines = {id_: f"{labels[column]} {level}".rstrip() for id_, (column, level) in parts.items()}
    heads = arms(plan) | {"with_arm": "Ratio between arms", "with_outcome": "Risk ratio of death",
                          "bound": "Largest bias factor"}  # fmt: skip
    cells = crosstable(rows, ("covariate", lines), ("what", heads), cell=_text, corner="Covariate")
    return Sheet(cells, sources=(rows,), widths="p{5cm}rrrrr")


def interactions(ledger: Ledger, dictionary: pd.DataFrame, plan: Protocol) -> Sheet:
    """Return how far the levels of each subgroup are apart on both scales, and what could have been found."""
    rows = ledger.select("robustness.interaction.{column}.{what}")
    labels = dictionary.set_index("name")["label"]
    lines = {group.column: str(labels[group.column]) for group in plan.sensitivity.subgroups}
    heads = {"rd": "Difference, points", "detectable": "Detectable", "p": "p-value", "rhr": "Ratio of hazard ratios",
             "rhr_p": "p-value "}  # fmt: skip
    cells = crosstable(rows, ("column", lines), ("what", heads), corner="Subgroups by")
    return Sheet(cells, sources=(rows,), widths="p{3.2cm}rrrrr")


def grid(table: pd.DataFrame) -> Sheet:
    """Return the full product of the choices, what was left out of it and why, and what remains."""
    total, left_out = table["n"].sum(), table[table["excluded"] != ""]
    counts = {f"Left out: {row.excluded}": row.n for row in left_out.itertuples()}
    counts = {"All combinations": total} | counts | {"Specifications": total - left_out["n"].sum()}
    cells = {"Combination of choices": [*counts], "Number": [f"{n:,}" for n in counts.values()]}
    return Sheet(pd.DataFrame(cells), sources=(), widths="p{11cm}r")


def by_estimand(ledger: Ledger) -> Sheet:
    """Return how the estimates of each estimand are spread."""
    rows = ledger.select("multiverse.estimand.{level}.{what}")
    text = rows.set_index(["level", "what"])["text"].str.removesuffix(" percentage points").unstack()
    text = text.loc[[*among(SPREAD, text.index)]]
    cells = {
        "Estimand": text.index.map(SPREAD), "Specifications": text["n"], "Median": text["median"],
        "Middle half": text["q1"] + " to " + text["q3"], "Middle nine tenths": text["low"] + " to " + text["high"],
        "Above zero": text["positive"], "Beyond the margin": text["beyond"],
    }  # fmt: skip
    return Sheet(pd.DataFrame(cells), sources=(rows,), widths="lrrrrrr")


def joint(ledger: Ledger, facets: list[str], plan: Protocol) -> Sheet:
    """Return the statistics of the whole curve with their joint p-values; no line before they are computed."""
    rows = ledger.select("multiverse.joint.{facet}.{what}")
    text = rows.set_index(["facet", "what"])["text"].str.removesuffix(" percentage points")
    cells, statistics = [], ("median", "small_p", "one_sign")
    for facet in facets:
        mine = text[key(facet)]
        if "median" in mine:
            middle, *shares = (f"{mine[what]} (p\u00a0=\u00a0{mine[f'p_{what}']})" for what in statistics)
            label = "All outcomes" if facet == "all" else facet.capitalize()
            cells.append([label, mine["n"], middle, mine["null_median"], *shares])
    small = f"p below {plan.equivalence.alpha:g}"
    columns = ["Outcome", "Specifications", "Median, points", "Median without effect", small, "One sign"]
    widths = "p{2.8cm}rp{2.5cm}rp{2.5cm}p{2.5cm}"
    return Sheet(pd.DataFrame(cells, columns=columns), sources=(rows,), widths=widths)
