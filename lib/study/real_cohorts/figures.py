"""Charts of the worked example on the breast cancer study."""

import headtohead as hh
import pandas as pd
from livingpaper import Drawing
from livingpaper.book.theme import at_each_width, narrow, width

from study.labels import ADJUSTMENTS, BREAST_CANCER

MONTH = 31  # days


@at_each_width
def love_plot(report: pd.DataFrame) -> Drawing:
    """Return the standardised differences of the covariates, by level where they have levels."""
    named = report.replace({"adjustment": ADJUSTMENTS, "column": BREAST_CANCER})
    worst = named["smd"].abs().groupby(named["adjustment"], sort=False).max()
    words = "; ".join(f"{label.lower()} {size:.2f}" for label, size in worst.items())
    told = f"Dot plot, one line per covariate or level, one mark per way of comparing. Largest difference: {words}."
    return Drawing(hh.love_plot(named, width=width() - (142 if narrow() else 250)), told, sources=(report,))


def by_month(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the points of curves at the ends of months: fewer than days, and as much to see."""
    return curves[curves["day"] % MONTH == 0]


@at_each_width
def curves(points: pd.DataFrame) -> Drawing:
    """Return the cumulative incidence of both arms, before and after weighting."""
    named = points.assign(adjustment=points["adjustment"].map(ADJUSTMENTS), day=points["day"] // MONTH)
    last = named[named["day"] == named["day"].max()].set_index(["adjustment", "arm"])["incidence"].unstack()
    words = "; ".join(
        f"{one.Index.lower()} {one.treated:.0%} and {one.control:.0%}" for one in last.itertuples()
    )
    return Drawing(
        hh.curves_plot(named, arms=("hormonal therapy", "none"), time="Months", width=(width() - 104) / 2),
        f"Two panels of rising step curves with bands. Incidence at the end with hormonal therapy and without: {words}.",
        sources=(points,),
    )
