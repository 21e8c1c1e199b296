"""Tables and figures of a hospital's own paper: each is made of the ledger, which passed disclosure control."""

from dataclasses import replace

import altair as alt
import pandas as pd
from livingpaper import Drawing, Ledger, Sheet, crosstable, with_interval
from livingpaper.book.show import in_words
from livingpaper.book.theme import at_each_width, narrow, width
from livingpaper.chapters.recording import key
from livingpaper.ledger.format import interval_text, points, value_text
from livingpaper.ledger.ledger import HIDDEN, LedgerError

from study import labels
from study.cells import number
from study.charts import arm_colour, differences, intervals
from study.hospital.own_choices import OwnProtocol
from study.labels import arms
from study.matching import figures

NOT_SHOWN = "–"
NONE = "No estimate can be shown: each would tell of too few patients, or cannot be made."


def table_one(ledger: Ledger, plan: OwnProtocol, dictionary: pd.DataFrame) -> Sheet:
    """Return baseline characteristics by drug, with standardised differences and the per cent missing."""
    rows, smd, lost = (
        ledger.select(f"cohort.{each}")
        for each in ("table.{column}.{level}.{arm}", "smd.{column}", "missing.{column}")
    )
    known = dictionary.assign(column=dictionary["name"].map(key)).set_index("column")
    cells = rows.set_index(["column", "level", "arm"])
    apart, missing = smd.set_index("column"), lost.set_index("column")
    lines = []
    for column in (name for name in known.index if name in set(rows["column"])):
        levels = sorted(set(rows.loc[rows["column"] == column, "level"]) - {"q25", "q75"}, key=_place)
        first = [number(apart.at[column, "estimate"], 2), _percent(missing.loc[column])]
        label, unit = known.at[column, "label"], known.at[column, "unit"]
        for level in levels:
            row = cells.loc[(column, level, "treated")]
            named = f": {row['population']}" if pd.notna(row["population"]) else f", {unit}" if unit else ""
            shown = [
                _median(cells, column, arm) if level == "median" else _share(cells.loc[(column, level, arm)])
                for arm in arms(plan)
            ]
            lines.append([f"{label}{named}", *shown, *(first if level == levels[0] else ["", ""])])
    sizes = [ledger[f"cohort.eligible.{key(getattr(plan.arms, arm))}.n"]["text"] for arm in arms(plan)]
    heads = [f"{name}, n = {n}" for name, n in zip(arms(plan).values(), sizes, strict=True)]
    frame = pd.DataFrame(lines, columns=["", *heads, "SMD", "Missing"])
    return Sheet(frame, sources=(rows, smd, lost), widths="p{5.4cm}rrrr", long=True)


def _place(level: str) -> int:
    return int(level.rpartition("_")[2]) if "_" in level else 0


def _median(cells: pd.DataFrame, column: str, arm: str) -> str:
    """Return "median (quartiles)", as far as they may be shown."""
    centre, low, high = (cells.at[(column, level, arm), "estimate"] for level in ("median", "q25", "q75"))
    if pd.isna(centre):
        return NOT_SHOWN
    return _three(centre) + ("" if pd.isna(low) or pd.isna(high) else f" ({_three(low)} to {_three(high)})")


def _three(value: float) -> str:
    """Return a number with three significant digits at most, and no zeros after them."""
    return f"{float(f'{value:.3g}'):,g}"


def _share(row: pd.Series) -> str:
    """Return "count (per cent)", the count alone where the number it is a part of may not be shown."""
    if pd.isna(row["estimate"]):
        return NOT_SHOWN
    return f"{row['text']} ({_percent(row)})" if row["n"] > 0 else str(row["text"])


def _percent(row: pd.Series) -> str:
    known = pd.notna(row["estimate"]) and row["n"] > 0
    return f"{100 * row['estimate'] / row['n']:.0f}%" if known else NOT_SHOWN


def love_plot(ledger: Ledger, plan: OwnProtocol) -> Drawing:
    """Return the balance of the terms of the score, crude beside each adjustment; the crude one comes first and sorts."""
    rows = ledger.select("matching.balance.{covariate}.{adjustment}")
    place = {name: at for at, name in enumerate(labels.ADJUSTMENTS)}
    rows = rows.assign(term=rows["method"], smd=rows["estimate"]).dropna(subset="smd")
    rows = rows.sort_values(["adjustment", "id"], key=lambda names: names.map(place).fillna(0))
    return figures.love_plot(rows, plan)


def diagnostics(ledger: Ledger, names: dict[str, str]) -> Sheet:
    """Return each check of the design with what was found; ``names`` are the words of the checks by their key."""
    rows = ledger.select("diagnostics.{check}").set_index("check").loc[list(names)]
    found = [NOT_SHOWN if pd.isna(row["estimate"]) else _printed(row) for _, row in rows.iterrows()]
    verdicts = rows["method"].astype(str).mask(rows["text"].isin(HIDDEN), "not shown").tolist()
    frame = pd.DataFrame({"Check": list(names.values()), "Found": found, "Verdict": verdicts})
    return Sheet(frame, sources=(rows,), widths="p{6.6cm}rp{5.2cm}")


def _printed(row: pd.Series) -> str:
    text = value_text(float(row["estimate"]), str(row["scale"]))
    if pd.isna(row["conf_low"]):
        return text
    return f"{text} ({interval_text(row['conf_low'], row['conf_high'], str(row['scale']))})"


@at_each_width
def differences_forest(ledger: Ledger, plan: OwnProtocol) -> Drawing:
    """Return the primary difference under every adjustment that may be shown, the primary one first, over the margins."""
    outcome, first = f"{plan.outcome.primary}{plan.outcome.horizon_days}", plan.estimand.primary.lower()
    rows = ledger.select(f"outcomes.{outcome}.{{adjustment}}.rd")
    known = rows[rows["estimate"].notna() & rows["conf_low"].notna()].set_index("adjustment")
    order = [first, *(name for name in labels.ADJUSTMENTS if name != first)]
    known = known.loc[[name for name in order if name in known.index]]
    if known.empty:
        return replace(in_words(NONE), sources=(rows,))
    names = [labels.ADJUSTMENTS[name] + (" (primary)" if name == first else "") for name in known.index]
    said = [f"{name} {points(row['estimate'])} ({interval_text(row['conf_low'], row['conf_high'], 'risk difference')})"
            for name, (_, row) in zip(names, known.iterrows(), strict=True)]  # fmt: skip
    ends = known[["conf_low", "conf_high"]].abs().to_numpy().max(initial=0.1)
    reach = min(100.0, 5.0 * (int(100 * ends / 5) + 1))
    colours = ["#0072B2" if name == first else "#222222" for name in known.index]
    title = f"Risk difference, {plan.arms.treated} minus {plan.arms.control}, percentage points"
    chart = differences(intervals(known, names, colours), plan, (-reach, reach), title=title, row_height=32)
    words = f"Horizontal intervals of the risk difference over the shaded margin: {'; '.join(said)}."
    return Drawing(chart, words, sources=(rows,))


@at_each_width
def risks_by_day(ledger: Ledger, plan: OwnProtocol) -> Drawing:
    """Return the risk of the primary outcome in each arm at the landmarks, under the primary adjustment."""
    names, primary = arms(plan), plan.estimand.primary.lower()
    rows = ledger.select(f"outcomes.{plan.outcome.primary}{{day}}.{primary}.risk_{{of}}")
    rows = rows[rows["day"].str.isdigit()].sort_values(["horizon_days", "of"], ascending=[True, False])
    percents = 100 * rows.set_index(["day", "of"])[["estimate", "conf_low", "conf_high"]].dropna()
    if percents.empty:
        return replace(in_words(NONE), sources=(rows,))
    data = percents.reset_index().assign(arm=lambda frame: frame["of"].map(names))
    x = alt.X("day:O", sort=list(data["day"]), title="Day from the first dose", axis=alt.Axis(labelAngle=0))
    beside = alt.XOffset("arm:N", sort=list(names.values()))
    base = alt.Chart(data).encode(x=x, xOffset=beside, color=arm_colour(plan))
    scale = alt.Scale(domain=[0, max(10.0, float(data["conf_high"].max()))], nice=True)
    low = alt.Y("conf_low:Q", scale=scale, title="Risk, %")
    bars = base.mark_rule(strokeWidth=2).encode(y=low, y2=alt.Y2("conf_high:Q"))
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(y=alt.Y("estimate:Q", scale=scale))
    said = [f"day {at.day}, {at.arm} {value_text(at.estimate / 100, 'risk')}" for at in data.itertuples()]
    return Drawing(
        alt.layer(bars, dots).properties(width=width() - (70 if narrow() else 120), height=220),
        f"Points with intervals, one for each drug at each landmark: {'; '.join(said)}.",
        sources=(rows,),
    )


def by_day(ledger: Ledger, plan: OwnProtocol) -> Sheet:
    """Return the risks of the primary outcome at the landmarks, with their difference."""
    primary = plan.estimand.primary.lower()
    rows = ledger.select(f"outcomes.{plan.outcome.primary}{{day}}.{primary}.{{measure}}")
    rows = rows[rows["day"].str.isdigit()]
    days = {day: f"Day {day}" for day in sorted(set(rows["day"]), key=int)}
    cells = crosstable(rows, ("day", days), ("measure", labels.by_risk(plan)), corner="")
    return Sheet(cells, sources=(rows,), widths="lrrr")


def hazards(ledger: Ledger, plan: OwnProtocol) -> Sheet:
    """Return cause-specific hazard ratios of every cause of the primary outcome, crude, in pairs and weighted."""
    outcome = f"{plan.outcome.primary}{plan.outcome.horizon_days}"
    rows = ledger.select(f"outcomes.{outcome}.{{adjustment}}.hr.{{cause}}")
    causes = {cause: cause.replace("_", " ").capitalize() for cause in dict.fromkeys(rows["cause"])}
    cells = crosstable(rows, ("cause", causes), ("adjustment", labels.shown(plan)), corner="Cause")
    return Sheet(cells, sources=(rows,), widths="p{4.6cm}rrr")


def secondary(ledger: Ledger, plan: OwnProtocol) -> Sheet:
    """Return the risks of the secondary outcomes by the horizon under the primary adjustment."""
    day, primary = plan.outcome.horizon_days, plan.estimand.primary.lower()
    rows = ledger.select(f"outcomes.{{of}}{day}.{primary}.{{measure}}")
    lines: dict[str, str] = {name: labels.OUTCOMES[name] for name in plan.outcome.secondary}
    cells = crosstable(rows, ("of", lines), ("measure", labels.by_risk(plan)), corner="Outcome")
    return Sheet(cells, sources=(rows,), widths="p{4.6cm}rrr")


def subgroups(ledger: Ledger) -> Sheet:
    """Return the primary difference in each level of each subgroup, with its patients."""
    try:
        rows = ledger.select("robustness.subgroup.{column}.level_{level}.rd")
    except LedgerError:
        none = "No subgroup has enough patients and events in each of its levels."
        return Sheet(pd.DataFrame({"Subgroups": [none]}), sources=(), widths="l")
    cells = [
        [row["population"], "" if pd.isna(row["n"]) else value_text(row["n"], "count"), with_interval(row)]
        for _, row in rows.iterrows()
    ]
    heads = ["Patients", "n", "Difference, points"]
    return Sheet(pd.DataFrame(cells, columns=heads), sources=(rows,), widths="p{5.6cm}rr")


def beside(ledger: Ledger, plan: OwnProtocol) -> Sheet:
    """Return deaths with either drug in the published study and here."""
    day, primary = plan.outcome.horizon_days, plan.estimand.primary.lower()
    lines = {
        "Published, in hospital, crude": "counts.death",
        f"Here, by day {day}, crude": f"outcomes.{plan.outcome.primary}{day}.crude",
        f"Here, by day {day}, {labels.ADJUSTMENTS[primary].lower()}": f"outcomes.{plan.outcome.primary}{day}.{primary}",
    }
    parts = [*(f"risk_{arm}" for arm in arms(plan)), "rd", "rr"]
    rows = pd.DataFrame([ledger[f"{stem}.{part}"] for stem in lines.values() for part in parts])
    named = rows.assign(line=[name for name in lines for _ in parts], part=parts * len(lines))
    cells = crosstable(named, "line", ("part", labels.by_risk(plan) | {"rr": "Ratio"}), corner="Study")
    return Sheet(cells, sources=(rows,), widths="p{4.2cm}rrrr")
