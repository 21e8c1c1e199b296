"""Tables of the outcomes chapter: selections of the ledger, and the panel of diagnostics."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from headtohead.outcomes.endpoint import Endpoint
from livingpaper import Ledger, Sheet, crosstable, with_interval
from livingpaper.chapters.recording import NOT_ESTIMATED, key
from livingpaper.ledger.format import interval_text, points, value_text
from livingpaper.ledger.ledger import WITHHELD

from study import labels
from study.cells import whole
from study.labels import among, arms, by_risk, shown
from study.protocol.protocol import Protocol

RULES = {"at most": "≤ {}", "at least": "≥ {}", "within": "interval within ± {}"}
UNITS = {"absolute difference": " points", "risk difference": " points"}


def effects(ledger: Ledger, plan: Protocol, outcome: str) -> Sheet:
    """Return absolute risks, difference and ratio of one outcome under each adjustment."""
    rows = ledger.select(f"outcomes.{outcome}{plan.outcome.horizon_days}.{{adjustment}}.{{measure}}")
    made, heads = among(labels.ADJUSTMENTS, rows["adjustment"]), by_risk(plan) | {"rr": "Ratio"}
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
    cells.insert(0, "Endpoint", [labels.OUTCOMES[outcome] for outcome, _ in lines.values()])
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
    rows = ledger.select("outcomes.shr.{adjustment}.{of}.{cause}")
    gray = ledger.select("outcomes.gray.{of}.{cause}.p")
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
    for world, label in labels.WORLDS.items():
        row, true = found.loc[world], truth.at[world, "estimate"]
        low, high = row["conf_low"], row["conf_high"]
        verdicts = ["yes" if holds else "no" for holds in (low <= true <= high, low > 0 or high < 0)]
        found_there = [NOT_ESTIMATED] * 2  # withheld
        if pd.notna(low):
            found_there = [points(row["estimate"]), interval_text(low, high, "risk difference")]
        rows.append([label, points(true), *found_there, *verdicts, tests.at[world, "text"]])
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
        lines |= {f"{estimand} weights": labels.ADJUSTMENTS[estimand], f"{estimand} standardisation": "Standardisation",
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
    cells = crosstable(rows, ("state", labels.STATES), ("column", columns), corner="Days")
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


def panel(checks: pd.DataFrame, columns: Mapping[str, str]) -> Sheet:
    """Return each check of the design with its threshold, its value and whether it holds."""
    rows = [
        [_named(row.diagnostic, columns), _threshold(row), _value(row), "pass" if row.passed else "fail"]
        for row in checks.itertuples()
    ]
    frame = pd.DataFrame(rows, columns=["Diagnostic", "Threshold", "Found", "Verdict"])
    return Sheet(frame, sources=(checks,), widths="p{6.6cm}rrr")


def _threshold(row: Any) -> str:
    scale = "absolute difference" if row.rule == "within" else row.scale
    return RULES[row.rule].format(value_text(float(row.threshold), scale)) + UNITS.get(scale, "")


def _value(row: Any) -> str:
    if pd.isna(row.value):
        return NOT_ESTIMATED
    limits = "" if pd.isna(row.low) else f" ({interval_text(row.low, row.high, row.scale)})"
    return f"{value_text(float(row.value), row.scale)}{limits}{UNITS.get(row.scale, '')}"


def _named(diagnostic: str, columns: Mapping[str, str]) -> str:
    """Return the words of a check with the label of the column that they name in brackets."""
    return re.sub(r"\(([^()]+)\)$", lambda found: f"({columns.get(found[1], found[1])})", diagnostic)


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
    names = {"treated": drug} | labels.TERMS
    if model == "prognostic":
        names = labels.TERMS | {"treated": f"{drug} (association only)"}
    lines = among(names | {term: term for term in rows["term"] if term not in names}, rows["term"])
    columns = among(labels.LIKELIHOODS, rows["approach"])
    cells = crosstable(rows, ("term", lines), ("approach", columns))
    cells = cells.reindex(columns=["", *labels.LIKELIHOODS.values()], fill_value=NOT_ESTIMATED)
    return Sheet(cells, sources=(rows,), widths="lrr")


def naive_analyses(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return for each world the truth, and the primary analysis as specified and under each mistake."""
    outcome = f"{plan.outcome.primary}{plan.outcome.horizon_days}.{plan.estimand.primary.lower()}.rd"
    truth = ledger.select(f"worlds.{{world}}.truth.{outcome}").set_index("world")
    found = ledger.select("worlds.{world}.mistake.{mistake}.{measure}")
    cells = found.set_index(["world", "mistake", "measure"])
    rows = []
    for world, label in labels.WORLDS.items():
        rows.append([label, "Truth", "", "", points(truth.at[world, "estimate"]), ""])
        for name, words in labels.NAIVE.items():
            row = cells.loc[world, name, "rd"]
            ratio = with_interval(cells.loc[world, name, "hr"]) if (world, name, "hr") in cells.index else ""
            rows.append(["", words, whole(row["n"]), whole(row["events"]), with_interval(row), ratio])
    columns = ["World", "Analysis", "Patients", "Deaths", "Difference, points", "Hazard ratio"]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(found, truth), widths="lp{4.2cm}rrrr")
