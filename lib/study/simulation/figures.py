"""Chart of the simulation appendix."""

from typing import Any

import altair as alt
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.theme import INK, at_each_width, narrow
from livingpaper.ledger.format import percent, points
from scipy.stats import norm

from study.charts import WORLD_COLOURS, Chart, by_name, coloured, share_of, side_by_side
from study.labels import ESTIMATORS, SIMULATED
from study.protocol.protocol import Protocol

MEASURES = {"bias": points, "coverage": percent}
SHOWN = {name.replace("w_sandwich", "w_bootstrap"): label for name, label in ESTIMATORS.items()}  # of weights
COLOURS = {label: WORLD_COLOURS[world] for world, label in SIMULATED.items()}


@at_each_width
def bias_and_coverage(ledger: Ledger, plan: Protocol) -> Drawing:
    """Return bias and coverage of each estimator in each world, with their Monte Carlo intervals."""
    rows = ledger.select("simulation.{scenario}.{estimator}.{measure}")
    rows = rows[
        rows["estimator"].isin(SHOWN) & rows["scenario"].isin(SIMULATED) & rows["measure"].isin(MEASURES)
    ]
    level = 100 * plan.inference.conf_level
    left = _panel(rows, plan, "bias", "Bias, percentage points", [-0.5, 0, 0.5], labelLimit=200)
    bare = {"labelLimit": 200} if narrow() else {"labels": False}
    title, targets = f"Coverage of {level:g}% intervals, %", [level + gap for gap in (-1.5, 0, 1.5)]
    right = _panel(rows, plan, "coverage", title, targets, **bare)
    ends = rows.groupby(["estimator", "measure"])["estimate"].agg(["min", "max"])
    said = {place: " to ".join(map(MEASURES[place[1]], ends.loc[place])) for place in ends.index}
    words = "; ".join(
        f"{label} from {said[name, 'bias']} points and from {said[name, 'coverage']}"
        for name, label in SHOWN.items()
    )
    return Drawing(
        side_by_side([left, right], spacing=16),
        f"Two panels with one row per estimator and one point per world. Bias and coverage: {words}.",
        sources=(rows,),
    )


def _panel(
    rows: pd.DataFrame, plan: Protocol, measure: str, said: str, lines: list[float], **axis: Any
) -> Chart:
    """Return one measure in per cent with its Monte Carlo intervals, and its targets as lines."""
    y = by_name("estimator", SHOWN.values(), on_phone=130, **axis)
    offset = alt.YOffset("world:N", sort=list(COLOURS))
    legend = alt.Legend(title=None, orient="bottom", columns=2 if narrow() else 4)
    colour = coloured("world", COLOURS, sort=list(COLOURS), legend=legend)
    base = alt.Chart(_drawn(rows, plan.inference.conf_level)).encode(y=y, yOffset=offset, color=colour)
    x = alt.X(f"{measure}:Q", title=said, scale=alt.Scale(zero=False, nice=True))
    dots = base.mark_point(filled=True, size=40, opacity=1).encode(x=x)
    bars = base.mark_rule(strokeWidth=1.5).encode(x=alt.X(f"{measure}_low:Q"), x2=alt.X2(f"{measure}_high:Q"))
    targets = pd.DataFrame({"at": lines, "kind": ["limit", "target", "limit"]})
    dashes = alt.Scale(domain=["target", "limit"], range=[[1, 0], [4, 3]])
    rules = alt.Chart(targets).mark_rule(color=INK, strokeWidth=0.8)
    rules = rules.encode(x=alt.X("at:Q"), strokeDash=alt.StrokeDash("kind:N", scale=dashes, legend=None))
    return alt.layer(rules, bars, dots).properties(width=share_of(190, 2, on_phone=150), height=300)


def _drawn(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return every measure and its Monte Carlo limits in per cent, a row per world and estimator."""
    wide = rows.pivot(index=["scenario", "estimator"], columns="measure", values=["estimate", "std_error"])
    wide = wide.reindex(pd.MultiIndex.from_product([SIMULATED, SHOWN], names=wide.index.names))
    names = wide.index.to_frame(index=False).replace({"scenario": SIMULATED, "estimator": SHOWN})
    data = names.rename(columns={"scenario": "world"})
    z = float(norm.ppf(0.5 + level / 2))
    for measure in MEASURES:
        value, half = (wide[part, measure].to_numpy(float) for part in ("estimate", "std_error"))
        for end, side in (("", 0), ("_low", -z), ("_high", z)):
            data[measure + end] = (100 * (value + side * half)).round(3)
    return data
