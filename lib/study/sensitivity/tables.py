"""Tables of the sensitivity chapter."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.blinding import outcome_by_arm
from livingpaper.book.show import Sheet
from livingpaper.ledger.format import value_text

from study.cells import with_interval
from study.cohort.figures import origin
from study.results import Paper

OUTCOMES = {"death": "Death in hospital", "imv": "Invasive ventilation"}


def e_values(paper: Paper) -> Sheet:
    """Return what an unmeasured confounder would have to do, in both directions."""
    found = paper.reanalysis.numbers.set_index("name")["value"]
    rows = []
    for outcome, label in OUTCOMES.items():
        cells = [
            value_text(found[f"{outcome}.e_value{suffix}"], "e-value")
            for suffix in ("", ".interval", ".hide_80", ".hide_125", ".hide_150")
        ]
        rows.append([label, *cells])
    columns = [
        "Outcome",
        "To create the ratio",
        "To create its nearer limit",
        "To hide 0.80",
        "To hide 1.25",
        "To hide 1.50",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), "counts")


def fragility(paper: Paper) -> Sheet:
    """Return how few patients decide on which side of five per cent the p-value falls."""
    found = paper.reanalysis.numbers.set_index("name")["value"]
    rows = [
        [
            label,
            "crosses to above" if outcome == "imv" else "crosses to below",
            *(f"{found[f'{outcome}.fragility.{test}']:.0f}" for test in ("fisher", "pearson")),
        ]
        for outcome, label in OUTCOMES.items()
    ]
    columns = ["Outcome", "The p-value", "Patients changed, Fisher", "Patients changed, Pearson"]
    return Sheet(pd.DataFrame(rows, columns=columns), "counts", "llrr")


@outcome_by_arm
def per_protocol(paper: Paper) -> Sheet:
    """Return the primary risks as started, and under the strategy without and with weights."""
    table = paper.study.sensitivity.per_protocol.estimates
    rows = [
        [
            str(name).capitalize(),
            *(with_interval(row) for _, row in part.iterrows()),
            f"{part['events'].max():.0f}",
        ]
        for name, part in table.groupby("analysis", sort=False)
    ]
    arms = paper.protocol.arms
    columns = [
        "Analysis",
        arms.treated.capitalize(),
        arms.control.capitalize(),
        "Difference, points",
        "Events",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{3.6cm}rrrr")
