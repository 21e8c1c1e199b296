"""Tables of risks, hazards and days: selections of the ledger."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from headtohead.outcomes.endpoint import Endpoint
from livingpaper import Ledger, Sheet, crosstable
from livingpaper.chapters.recording import key
from livingpaper.ledger.format import interval_text, points
from livingpaper.ledger.ledger import WITHHELD

from study.cells import whole
from study.labels import ADJUSTMENTS, OUTCOMES, STATES, WORLDS, among, arms, by_risk, shown
from study.protocol.protocol import Protocol


def effects(ledger: Ledger, plan: Protocol, outcome: str) -> Sheet:
    """Return absolute risks, difference and ratio of one outcome under each adjustment."""
    rows = ledger.select(f"outcomes.{outcome}{plan.outcome.horizon_days}.{{adjustment}}.{{measure}}")
    made, heads = among(ADJUSTMENTS, rows["adjustment"]), by_risk(plan) | {"rr": "Ratio"}
    cells = crosstable(rows, ("adjustment", made), ("measure", heads), corner="Adjustment")
    difference = rows[rows["measure"] == "rd"].set_index("adjustment").loc[list(made)]
    cells.insert(1, "Estimand", list(difference["estimand"]))
    cells["n"] = [whole(number) for number in difference["n"]]
    return Sheet(cells, sources=(rows,), widths="p{2.6cm}lrrrrr")


def _by_cause(rows: pd.DataFrame, plan: Protocol, endpoints: Iterable[Endpoint]) -> pd.DataFrame:
    """Return a ratio per endpoint and cause under the adjustments shown, indexed by the part of their ids."""
    lines = {f"{each.name}.{key(cause)}": (each.name, cause) for each in endpoints for cause in each.causes}
    causes = {line: cause for line, (_, cause) in lines.items()}
    cells = crosstable(_lines(rows), ("line", causes), ("adjustment", shown(plan)), corner="Cause")
    cells.insert(0, "Endpoint", [OUTCOMES[outcome] for outcome, _ in lines.values()])
    return cells.set_axis([*lines])


def _lines(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(line=rows["of"] + "." + rows["cause"])


def hazards(ledger: Ledger, plan: Protocol, endpoints: Iterable[Endpoint]) -> Sheet:
    """Return cause-specific hazard ratios of every cause, crude, in pairs and weighted."""
    rows = ledger.select(f"outcomes.{{of}}{plan.outcome.horizon_days}.{{adjustment}}.hr.{{cause}}")
    cells, crude = _by_cause(rows, plan, endpoints), _lines(rows[rows["adjustment"] == "crude"])
    cells.insert(2, "Events", crude.set_index("line")["events"].map(whole))
    return Sheet(cells, sources=(rows,), widths="p{3.4cm}p{3.0cm}rrrr")


def subdistribution(ledger: Ledger, plan: Protocol, endpoints: Iterable[Endpoint]) -> Sheet:
    """Return Fine-Gray ratios of every cause with Gray's test of the crude comparison."""
    rows, gray = (
        ledger.select("outcomes.shr.{adjustment}.{of}.{cause}"),
        ledger.select("outcomes.gray.{of}.{cause}.p"),
    )
    known = gray["estimate"].notna() | (gray["method"] == WITHHELD)
    tests = _lines(gray.assign(text=gray["text"].where(known, "–"))).set_index("line")["text"]
    cells = _by_cause(rows, plan, endpoints).assign(**{"Gray's test, crude": tests})
    return Sheet(cells, sources=(rows, gray), widths="p{3.0cm}p{3.0cm}rrrr")


def worlds(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return the primary estimate in each world beside its truth and its margin test."""
    primary, outcome = plan.estimand.primary.lower(), f"{plan.outcome.primary}{plan.outcome.horizon_days}"
    found = ledger.select(f"worlds.{{world}}.{outcome}.{primary}.rd").set_index("world")
    truth = ledger.select(f"worlds.{{world}}.truth.{outcome}.{primary}.rd").set_index("world")
    tests = ledger.select("worlds.{world}.equivalence.margin.p").set_index("world")
    rows = []
    for world, label in WORLDS.items():
        row, true = found.loc[world], truth.at[world, "estimate"]
        low, high = row["conf_low"], row["conf_high"]
        verdicts = ["yes" if holds else "no" for holds in (low <= true <= high, low > 0 or high < 0)]
        numbers = [points(true), points(row["estimate"]), interval_text(low, high, "risk difference")]
        rows.append([label, *numbers, *verdicts, tests.at[world, "text"]])
    level = f"{100 * plan.inference.conf_level:.0f}% interval"
    verdicts = ["Covers the truth", "Excludes zero", "p of the margin test"]
    columns = ["World", "True difference", "Estimate", level, *verdicts]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(found, truth, tests))


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
    cells = crosstable(rows, ("line", lines), ("measure", by_risk(plan) | {"rr": "Ratio"}), corner="Method")
    cells.insert(1, "Estimand", [line.split()[0].upper() for line in lines])
    return Sheet(cells, sources=(weights, model), widths="p{3.4cm}lrrrr")


def days(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return mean days in each state under the primary adjustment, and the differences of all three."""
    rows, primary = ledger.select("outcomes.days.{adjustment}.{state}.{arm}"), plan.estimand.primary.lower()
    rows = rows.assign(column=rows["adjustment"] + " " + rows["arm"])
    columns = {f"{primary} {arm}": name for arm, name in (arms(plan) | {"difference": "Difference"}).items()}
    columns |= {"pairs difference": "In pairs", "crude difference": "Crude"}
    cells = crosstable(rows, ("state", STATES), ("column", columns), corner="Days")
    return Sheet(cells, sources=(rows,), widths="lrrrrr")


def split(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return hazard ratios of death before and after the split day."""
    rows = ledger.select("outcomes.split.{adjustment}.{interval}")
    first = rows[rows["adjustment"] == "crude"].sort_values("interval").set_index("interval")
    lines = {each: each.replace("_", " ").capitalize() for each in first.index}
    cells = crosstable(rows, ("interval", lines), ("adjustment", shown(plan)), corner="Interval")
    cells.insert(1, "At risk", [whole(n) for n in first["n"]])
    cells.insert(2, "Deaths", [whole(n) for n in first["events"]])
    return Sheet(cells, sources=(rows,), widths="lrrrrr")
