"""Tables of diagnostics, priors, wins, few events and naive analyses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
from livingpaper import Ledger, Sheet, crosstable, with_interval
from livingpaper.chapters.recording import key
from livingpaper.chapters.selection import NOT_ESTIMATED
from livingpaper.ledger.format import interval_text, points, value_text

from study.cells import whole
from study.labels import LIKELIHOODS, NAIVE, TERMS, WORLDS, among, shown
from study.protocol.protocol import Protocol

RULES = {"at most": "≤ {}", "at least": "≥ {}", "within": "interval within ± {}"}
UNITS = {"absolute difference": " points", "risk difference": " points"}


def panel(checks: pd.DataFrame, labels: Mapping[str, str]) -> Sheet:
    """Return each check of the design with its threshold, its value and whether it holds."""
    rows = [
        [_named(row.diagnostic, labels), _threshold(row), _value(row), "pass" if row.passed else "fail"]
        for row in checks.itertuples()
    ]
    columns = ["Diagnostic", "Threshold", "Found", "Verdict"]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(checks,), widths="p{6.6cm}rrr")


def _threshold(row: Any) -> str:
    scale = "absolute difference" if row.rule == "within" else row.scale
    return RULES[row.rule].format(value_text(float(row.threshold), scale)) + UNITS.get(scale, "")


def _value(row: Any) -> str:
    if pd.isna(row.value):
        return NOT_ESTIMATED
    limits = "" if pd.isna(row.low) else f" ({interval_text(row.low, row.high, row.scale)})"
    return f"{value_text(float(row.value), row.scale)}{limits}{UNITS.get(row.scale, '')}"


def _named(diagnostic: str, labels: Mapping[str, str]) -> str:
    """Return the words of a check with the label of the column that they name in brackets."""
    return re.sub(r"\(([^()]+)\)$", lambda found: f"({labels.get(found[1], found[1])})", diagnostic)


def posterior(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return posterior probabilities under each prior."""
    narrow, wide = plan.equivalence.margin_pp, plan.equivalence.wide_margin_pp
    rows = ledger.select("outcomes.posterior.{prior}.{what}")
    lines = {
        prior.name: prior.label + ("" if prior.sd_pp is None else f" ({prior.mean_pp:g}, {prior.sd_pp:g})")
        for prior in plan.further.priors
    }
    columns = {"rd": "Difference, points", "worse": "Higher risk", "worse_by_margin": f"Higher by over {narrow:g}",
               "within_margin": f"Within {narrow:g}", "within_wide": f"Within {wide:g}"}  # fmt: skip
    cells = crosstable(rows, ("prior", lines), ("what", columns), corner="Prior (mean, SD, points)")
    return Sheet(cells, sources=(rows,), widths="p{5.0cm}rrrrr")


def wins(ledger: Ledger, plan: Protocol, levels: tuple[str, ...]) -> Sheet:
    """Return the share of comparisons won and lost at each level, and the win ratio."""
    rows = ledger.select("outcomes.wins.{adjustment}.{what}")
    parts = ledger.select("outcomes.wins.{adjustment}.{level}.{part}")
    text, columns = parts.set_index(["adjustment", "level", "part"])["text"].to_dict(), shown(plan)
    body = [
        [f"Decided by {level}: won / lost",
         *(f"{text[each, key(level), 'wins']} / {text[each, key(level), 'losses']}" for each in columns)]
        for level in levels
    ]  # fmt: skip
    body.append(["Never decided", *(text[each, "tied", "share"] for each in columns)])
    top = pd.DataFrame(body, columns=["", *columns.values()])
    measures = {"win_ratio": "Win ratio", "net_benefit": "Net benefit, points"}
    bottom = crosstable(rows, ("what", measures), ("adjustment", columns))
    return Sheet(pd.concat([top, bottom]), sources=(rows, parts), widths="p{5.4cm}rrr")


def few_events(ledger: Ledger, plan: Protocol, model: str) -> Sheet:
    """Return ratios by maximum and by Firth's likelihood; ``model`` is "prognostic" or "ventilation"."""
    rows = ledger.select(f"outcomes.{model}.{{term}}.{{approach}}")
    drug = plan.arms.treated.capitalize()
    names = TERMS | {"treated": drug if model == "ventilation" else f"{drug} (association only)"}
    order = [term for term in dict.fromkeys([*names, *rows["term"]]) if term in set(rows["term"])]
    if model == "ventilation":
        order.sort(key=lambda term: term != "treated")
    lines, columns = {term: names.get(term, term) for term in order}, among(LIKELIHOODS, rows["approach"])
    cells = crosstable(rows, ("term", lines), ("approach", columns))
    cells = cells.reindex(columns=["", *LIKELIHOODS.values()], fill_value=NOT_ESTIMATED)
    return Sheet(cells, sources=(rows,), widths="lrr")


def naive_analyses(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return for each world the truth, and the primary analysis as specified and under each mistake."""
    outcome = f"{plan.outcome.primary}{plan.outcome.horizon_days}.{plan.estimand.primary.lower()}.rd"
    truth = ledger.select(f"worlds.{{world}}.truth.{outcome}").set_index("world")
    found = ledger.select("worlds.{world}.mistake.{mistake}.{measure}")
    cells = found.set_index(["world", "mistake", "measure"])
    rows = []
    for world, label in WORLDS.items():
        rows.append([label, "Truth", "", "", points(truth.at[world, "estimate"]), ""])
        for name, words in NAIVE.items():
            row = cells.loc[world, name, "rd"]
            ratio = with_interval(cells.loc[world, name, "hr"]) if (world, name, "hr") in cells.index else ""
            rows.append(["", words, whole(row["n"]), whole(row["events"]), with_interval(row), ratio])
    columns = ["World", "Analysis", "Patients", "Deaths", "Difference, points", "Hazard ratio"]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(found, truth), widths="lp{4.2cm}rrrr")
