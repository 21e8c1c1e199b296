"""Drawings of the methods chapter: the causal diagram and the design in time. They carry no data."""

import math

import altair as alt
import pandas as pd
from livingpaper import Drawing
from livingpaper.book.forest import ABOVE_LINE, over
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, at_each_width, narrow, width

from study.charts import by_name, line_at
from study.protocol.protocol import Protocol

NODES = {  # name: (x, y in pixels from the lower left on a page, what it is)
    "Kidney function, ferritin": (250, 262, "before"),
    "Hospital, period": (78, 230, "before"),
    "Age, frailty, comorbidity": (92, 140, "before"),
    "Severity at time zero": (78, 40, "before"),
    "Drug": (262, 160, "drug"),
    "Treatment limitation": (262, 22, "before"),
    "Intensive care": (400, 215, "after"),
    "Interruption": (540, 255, "after"),
    "Ventilation": (540, 165, "after"),
    "Death": (572, 80, "outcome"),
}
ON_PHONE = {  # where the same stand on a phone
    "Kidney function, ferritin": (247, 345), "Hospital, period": (62, 345),
    "Age, frailty, comorbidity": (80, 205), "Severity at time zero": (110, 45),
    "Drug": (200, 268), "Treatment limitation": (68, 125), "Intensive care": (280, 265), "Interruption": (280, 305),
    "Ventilation": (292, 150), "Death": (292, 60),
}  # fmt: skip
ARROWS = [
    ("Hospital, period", "Drug"), ("Hospital, period", "Intensive care"),
    ("Age, frailty, comorbidity", "Drug"), ("Age, frailty, comorbidity", "Treatment limitation"),
    ("Age, frailty, comorbidity", "Death"),
    ("Severity at time zero", "Drug"), ("Severity at time zero", "Treatment limitation"),
    ("Severity at time zero", "Death"), ("Kidney function, ferritin", "Drug"),
    ("Drug", "Intensive care"), ("Drug", "Ventilation"), ("Drug", "Death"),
    ("Treatment limitation", "Ventilation"), ("Treatment limitation", "Death"),
    ("Intensive care", "Interruption"), ("Intensive care", "Ventilation"), ("Ventilation", "Death"),
]  # fmt: skip
COLOURS = {"before": INK, "drug": TREATED, "after": CONTROL, "outcome": INK}
LETTER, HALF_HEIGHT, GAP = 3.1, 8.0, 7.0  # half a letter's width, half a line's height, air around a name


@at_each_width
def causal_diagram() -> Drawing:
    """Return the assumed causal structure, post-baseline events in their own colour."""
    named = [(name, *_at(name), COLOURS[kind]) for name, (_, _, kind) in NODES.items()]
    height = 360 if narrow() else 280
    nodes = pd.DataFrame(named, columns=["name", "x", "y", "colour"])
    lines = pd.DataFrame([_arrow(a, b) for a, b in ARROWS])
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, width() - 10], nice=False), axis=None)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, height], nice=False), axis=None)
    end = {"x": alt.X("x2:Q", axis=None), "y": alt.Y("y2:Q", axis=None)}
    line, name = alt.Chart(lines), alt.Chart(nodes)
    rules = line.mark_rule(color="#a8a8a8", strokeWidth=1.1).encode(
        x=x, y=y, x2=alt.X2("x2:Q"), y2=alt.Y2("y2:Q")
    )
    heads = line.mark_point(shape="triangle", filled=True, color="#8c8c8c", size=34, opacity=1)
    heads = heads.encode(**end, angle=alt.Angle("angle:Q", scale=None))
    names = name.mark_text(fontSize=11.5, fontWeight="bold")
    names = names.encode(x=x, y=y, text=alt.Text("name:N"), color=alt.Color("colour:N", scale=None))
    chart = alt.layer(rules, heads, names).properties(width=width() - 10, height=height)
    return Drawing(
        chart,
        "Causal diagram. Hospital and period, age with frailty and comorbidity, severity, and kidney function with "
        "ferritin point to the drug; the first three also lead to death, directly or through intensive care, "
        "ventilation or a treatment limitation. Intensive care, interruption of the drug and ventilation come after "
        "the drug.",
        sources=(),
    )


def _at(name: str) -> tuple[float, float]:
    return ON_PHONE[name] if narrow() else NODES[name][:2]


def _arrow(start: str, end: str) -> dict[str, float]:
    """Return an arrow between two names, from edge to edge of their boxes, with its rotation in degrees."""
    (x1, y1), (x2, y2) = _at(start), _at(end)
    dx, dy = x2 - x1, y2 - y1
    first, last = _reach(start, dx, dy), _reach(end, dx, dy)
    ends = {"x": x1 + first * dx, "y": y1 + first * dy, "x2": x2 - last * dx, "y2": y2 - last * dy}
    return ends | {"angle": math.degrees(math.atan2(dx, dy))}


def _reach(name: str, dx: float, dy: float) -> float:
    """Return the share of a line that lies inside the box of the name it starts from."""
    half_width = LETTER * len(name) + GAP
    across = half_width / abs(dx) if dx else math.inf
    along = (HALF_HEIGHT + GAP) / abs(dy) if dy else math.inf
    return min(across, along)


@at_each_width
def design_diagram(plan: Protocol) -> Drawing:
    """Return the time windows around the first dose."""
    horizon = plan.outcome.horizon_days
    rows = [
        ("Admission to first dose", -7, 0, "lag kept as a covariate", QUIET),
        ("Earlier immunomodulator: excluded", -7, 0, "this admission", QUIET),
        ("History: comorbidity, function", -7, 0, "any time before", INK),
        ("Laboratory values", -2, 0, "last within 48 hours", INK),
        ("Oxygenation, device", -1, 0, "worst within 24 hours", INK),
        ("Drug given, as started", 0, 14, "stopping is permitted", TREATED),
        ("Follow-up for death", 0, horizon, "whether discharged or not", CONTROL),
    ]
    windows = pd.DataFrame(rows, columns=["window", "start", "end", "note", "colour"])
    y = by_name("window", windows["window"], labels=not narrow(), labelLimit=230, labelPadding=8)
    scale = alt.Scale(domain=[-7.5, horizon + (0.5 if narrow() else 13)], nice=False)
    days = alt.Axis(values=[*range(-7, horizon, 7), horizon], grid=False)
    x = alt.X("start:Q", scale=scale, title="Days from the first dose (time zero)", axis=days)
    end, colour = alt.X("end:Q", scale=scale), alt.Color("colour:N", scale=None)
    base, zero = alt.Chart(windows), line_at(0, scale=scale, color=INK, strokeWidth=1.2)
    bars = base.mark_bar(height=12, cornerRadius=2).encode(x=x, x2=alt.X2("end:Q"), y=y, color=colour)
    words = [
        base.mark_text(align="left", dx=6, fontSize=11, color=QUIET).encode(
            x=end, y=y, text=alt.Text("note:N")
        )
    ]
    if narrow():
        windows["said"] = windows["window"] + " (" + windows["note"] + ")"
        words = over(base.encode(y=y), 0, "said", yOffset=ABOVE_LINE)
    size = {"width": width() - 20, "height": 260} if narrow() else {"width": width() - 240, "height": 195}
    return Drawing(
        alt.layer(zero, bars, *words).properties(**size),
        "Seven horizontal bars on a time axis whose zero is the first dose. Covariates and exclusions are assessed "
        "before zero, laboratory values within two days; treatment and follow-up start at zero, follow-up ends at "
        f"day {horizon}.",
        sources=(),
    )
