"""Charts of the robustness checks."""

from __future__ import annotations

import altair as alt
import pandas as pd
from livingpaper import Drawing
from livingpaper.book.forest import forest, with_deaths
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED
from livingpaper.ledger.format import points

from study.protocol.protocol import Protocol

VERDICTS = {
    "harm": "interval above zero",
    "benefit": "interval below zero",
    "similar": "inside the margin",
    "open": "open",
}


def unseen_deaths(grid: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return the verdict for each number of deaths after discharge in either arm."""
    arms = plan.arms
    data = pd.DataFrame(
        {
            "control": grid["control"],
            "treated": grid["treated"],
            "rd": (100 * grid["estimate"]).round(2),
            "verdict": grid["verdict"].map(VERDICTS),
        }
    )
    colour = alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=list(VERDICTS.values()), range=[TREATED, CONTROL, INK, QUIET]),
        legend=alt.Legend(title=None),
    )
    axis = alt.Axis(grid=False)
    room = {
        arm: alt.Scale(domain=[-1, int(grid[arm].max()) + 1], nice=False) for arm in ("control", "treated")
    }
    chart = (
        alt.Chart(data)
        .mark_square(size=190, opacity=0.85)
        .encode(
            x=alt.X("control:Q", title=f"Unseen deaths, {arms.control}", axis=axis, scale=room["control"]),
            y=alt.Y("treated:Q", title=f"Unseen deaths, {arms.treated}", axis=axis, scale=room["treated"]),
            color=colour,
            tooltip=["control", "treated", "rd", "verdict"],
        )
        .properties(width=300, height=300)
    )
    shares = (grid["verdict"].map(VERDICTS).value_counts(normalize=True) * 100).round()
    words = ", ".join(f"{name} {share:.0f}%" for name, share in shares.items())
    return Drawing(
        chart,
        f"Square grid of supposed numbers, {arms.control} across up to {grid['control'].max()}, {arms.treated} "
        f"upwards up to {grid['treated'].max()}. Coloured corners: share of squares {words}. The estimate runs from "
        f"{points(grid['estimate'].min())} to {points(grid['estimate'].max())} points across it.",
        sources=(grid,),
    )


def subgroup_forest(
    groups: pd.DataFrame, drawn: pd.DataFrame, dictionary: pd.DataFrame, plan: Protocol
) -> Drawing:
    """Return the primary difference in each level of each subgroup column, alone and drawn towards the others."""
    labels, together = dictionary.set_index("name")["label"], drawn.set_index(["column", "level"])
    rows = pd.DataFrame(
        [
            {
                "label": with_deaths(f"{labels[row['column']]} {row['level']}", row["events"]),
                **{name: row[name] for name in ("estimate", "conf_low", "conf_high")},
                "colour": INK,
                **_second(together, (row["column"], row["level"])),
            }
            for _, row in groups[groups["scale"] == "risk difference"].iterrows()
        ]
    )
    chart = forest(
        rows,
        scale="risk difference",
        title=f"Risk difference of death, {plan.arms.treated} minus {plan.arms.control}, percentage points",
        bands=(plan.equivalence.margin_pp, plan.equivalence.wide_margin_pp),
        domain=(-35, 35),
        label_width=290,
        text_width=145,
        row_height=30,
        second_name="drawn together",
    )
    low, high = rows["estimate"].min(), rows["estimate"].max()
    return Drawing(
        chart,
        f"Forest with {len(rows)} rows, one per level. Points run from {points(low)} to {points(high)}; the widest bar "
        f"spans {points(rows['conf_low'].min())} to {points(rows['conf_high'].max())}. Below each, in blue, the estimate "
        f"drawn towards the others, from {points(rows['second'].min())} to {points(rows['second'].max())}. Shaded "
        "bands around the vertical zero line show both margins.",
        sources=(groups, drawn),
    )


def _second(drawn: pd.DataFrame, place: tuple[str, str]) -> dict[str, float]:
    """Return the estimate of a level drawn towards the others, missing where there is none."""
    names = {"second": "estimate", "second_low": "conf_low", "second_high": "conf_high"}
    return {
        to: float(drawn.at[place, name]) if place in drawn.index else float("nan")
        for to, name in names.items()
    }
