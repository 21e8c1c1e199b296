"""Tables of risks, hazards and days: selections of the ledger."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from headtohead.outcomes.endpoint import Endpoint
from livingpaper import Ledger, Sheet, crosstable
from livingpaper.chapters.recording import key
from livingpaper.ledger.format import interval_text, points
from livingpaper.ledger.ledger import WITHHELD

from study.labels import ADJUSTMENTS, OUTCOMES, WORLDS
from study.protocol.protocol import Protocol

STATES = {"death": "Dead", "discharge": "Out of hospital, alive", "in_hospital": "In hospital"}


def arm_heads(plan: Protocol) -> dict[str, str]:
    """Return the printed arms by the measure of their risk."""
    return {"risk_treated": plan.arms.treated.capitalize(), "risk_control": plan.arms.control.capitalize()}


def risk_heads(plan: Protocol) -> dict[str, str]:
    """Return the columns of a table of risks."""
    return arm_heads(plan) | {"rd": "Difference, points", "rr": "Ratio"}


def shown(plan: Protocol) -> dict[str, str]:
    """Return the three adjustments that most tables show: crude, pairs and the primary one."""
    return {each: ADJUSTMENTS[each] for each in ("crude", "pairs", plan.estimand.primary.lower())}


def effects(ledger: Ledger, plan: Protocol, outcome: str) -> Sheet:
    """Return absolute risks, difference and ratio of one outcome under each adjustment."""
    rows = ledger.select(f"outcomes.{outcome}{plan.outcome.horizon_days}.{{adjustment}}.{{measure}}")
    made = {each: name for each, name in ADJUSTMENTS.items() if each in set(rows["adjustment"])}
    cells = crosstable(rows, ("adjustment", made), ("measure", risk_heads(plan)), corner="Adjustment")
    difference = rows[rows["measure"] == "rd"].set_index("adjustment").loc[list(made)]
    cells.insert(1, "Estimand", list(difference["estimand"]))
    cells["n"] = [_count(number) for number in difference["n"]]
    return Sheet(cells, sources=(rows,), widths="p{2.6cm}lrrrrr")


def _count(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.0f}"


def _causes(endpoints: Iterable[Endpoint]) -> dict[str, tuple[str, str]]:
    """Return outcome and cause of each line of a table of ratios, by its part of the ids."""
    return {f"{each.name}.{key(cause)}": (each.name, cause) for each in endpoints for cause in each.causes}


def _by_cause(rows: pd.DataFrame, plan: Protocol, endpoints: Iterable[Endpoint]) -> pd.DataFrame:
    """Return a ratio per endpoint and cause under the adjustments shown."""
    lines = _causes(endpoints)
    words = {line: cause for line, (_, cause) in lines.items()}
    cells = crosstable(rows, ("line", words), ("adjustment", shown(plan)), corner="Cause")
    cells.insert(0, "Endpoint", [OUTCOMES[outcome] for outcome, _ in lines.values()])
    return cells


def hazards(ledger: Ledger, plan: Protocol, endpoints: Iterable[Endpoint]) -> Sheet:
    """Return cause-specific hazard ratios of every cause, crude, in pairs and weighted."""
    rows = ledger.select(f"outcomes.{{of}}{plan.outcome.horizon_days}.{{adjustment}}.hr.{{cause}}")
    rows = rows.assign(line=rows["of"] + "." + rows["cause"])
    cells, crude = _by_cause(rows, plan, endpoints), rows[rows["adjustment"] == "crude"].set_index("line")
    cells.insert(2, "Events", [_count(crude.at[line, "events"]) for line in _causes(endpoints)])
    return Sheet(cells, sources=(rows,), widths="p{3.4cm}p{3.0cm}rrrr")


def subdistribution(ledger: Ledger, plan: Protocol, endpoints: Iterable[Endpoint]) -> Sheet:
    """Return Fine-Gray ratios of every cause with Gray's test of the crude comparison."""
    rows, gray = (
        ledger.select("outcomes.shr.{adjustment}.{of}.{cause}"),
        ledger.select("outcomes.gray.{of}.{cause}.p"),
    )
    rows, gray = (found.assign(line=found["of"] + "." + found["cause"]) for found in (rows, gray))
    cells, tests = _by_cause(rows, plan, endpoints), gray.set_index("line")
    missing = tests["text"].where(tests["estimate"].notna() | (tests["method"] == WITHHELD), "–")
    cells["Gray's test, crude"] = [missing[line] for line in _causes(endpoints)]
    return Sheet(cells, sources=(rows, gray), widths="p{3.0cm}p{3.0cm}rrrr")


def worlds(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return the primary estimate in each world beside its truth and its margin test."""
    primary, outcome = plan.estimand.primary.lower(), f"{plan.outcome.primary}{plan.outcome.horizon_days}"
    found = ledger.select(f"worlds.{{world}}.{outcome}.{primary}.rd").set_index("world")
    truth = ledger.select(f"worlds.{{world}}.truth.{outcome}.{primary}.rd").set_index("world")["estimate"]
    tests = ledger.select("worlds.{world}.equivalence.margin.p").set_index("world")["text"]
    rows = []
    for world, label in WORLDS.items():
        row, true = found.loc[world], truth[world]
        low, high = row["conf_low"], row["conf_high"]
        verdicts = ["yes" if found_ else "no" for found_ in (low <= true <= high, low > 0 or high < 0)]
        numbers = [points(true), points(row["estimate"]), interval_text(low, high, "risk difference")]
        rows.append([label, *numbers, *verdicts, tests[world]])
    level = f"{100 * plan.inference.conf_level:.0f}% interval"
    columns = ["World", "True difference", "Estimate", level, "Covers the truth", "Excludes zero",
               "p of the margin test"]  # fmt: skip
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(found,))


def models(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return risks and differences by outcome models beside the weights."""
    outcome = f"{plan.outcome.primary}{plan.outcome.horizon_days}"
    weights = ledger.select(f"outcomes.{outcome}.{{adjustment}}.{{measure}}").assign(approach="weights")
    model = ledger.select("outcomes.model.{adjustment}.{approach}.{measure}")
    rows = pd.concat([weights, model[model["adjustment"] != "error"]], ignore_index=True)
    rows = rows.assign(line=rows["adjustment"] + " " + rows["approach"])
    lines: dict[str, str] = {}
    for estimand in dict.fromkeys([plan.estimand.primary.lower(), "ate"]):
        lines |= {f"{estimand} weights": ADJUSTMENTS[estimand], f"{estimand} standardisation": "Standardisation",
                  f"{estimand} augmented_weights": "Augmented weights"}  # fmt: skip
    cells = crosstable(rows, ("line", lines), ("measure", risk_heads(plan)), corner="Method")
    cells.insert(1, "Estimand", [line.split()[0].upper() for line in lines])
    return Sheet(cells, sources=(weights, model), widths="p{3.4cm}lrrrr")


def days(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return mean days in each state under the primary adjustment, and the differences of all three."""
    rows, primary = ledger.select("outcomes.days.{adjustment}.{state}.{arm}"), plan.estimand.primary.lower()
    rows = rows.assign(column=rows["adjustment"] + " " + rows["arm"])
    columns = {
        f"{primary} treated": plan.arms.treated.capitalize(),
        f"{primary} control": plan.arms.control.capitalize(),
        f"{primary} difference": "Difference",
        "pairs difference": "In pairs",
        "crude difference": "Crude",
    }
    cells = crosstable(rows, ("state", STATES), ("column", columns), corner="Days")
    return Sheet(cells, sources=(rows,), widths="lrrrrr")


def split(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return hazard ratios of death before and after the split day."""
    rows = ledger.select("outcomes.split.{adjustment}.{interval}")
    first = rows[rows["adjustment"] == "crude"].sort_values("interval").set_index("interval")
    lines = {each: each.replace("_", " ").capitalize() for each in first.index}
    cells = crosstable(rows, ("interval", lines), ("adjustment", shown(plan)), corner="Interval")
    cells.insert(1, "At risk", [_count(n) for n in first["n"]])
    cells.insert(2, "Deaths", [_count(n) for n in first["events"]])
    return Sheet(cells, sources=(rows,), widths="lrrrrr")
