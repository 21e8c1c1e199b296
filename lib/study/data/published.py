"""The published counts, and whether they give the published percentages and p-values."""

from __future__ import annotations

import pandas as pd
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.two_by_two import equality_tests

PUBLISHED_TEST = "Pearson chi-square"


def published_tables(published: pd.DataFrame, *, treated: str, control: str) -> dict[str, TwoByTwo]:
    """Return the two-by-two table of each published outcome, keyed ``imv`` and ``death``."""
    value = published.set_index("id")["value"]
    n_treated, n_control = (
        int(value[f"published.n.{treated}"]),
        int(value[f"published.n.{control}"]),
    )
    outcomes = [name for name in published["outcome"].unique() if name]
    return {
        outcome: TwoByTwo(
            int(value[f"published.{outcome}.{treated}"]),
            n_treated,
            int(value[f"published.{outcome}.{control}"]),
            n_control,
        )
        for outcome in outcomes
    }


def compare_published(published: pd.DataFrame, tables: dict[str, TwoByTwo], *, treated: str) -> pd.DataFrame:
    """Return each published percentage and p-value beside the value that the counts give.

    Returns
    -------
    DataFrame with the columns of ``published`` plus ``recomputed``, ``difference`` (both on the printed
    scale) and ``verdict``: "reproduced" when the recomputed value rounds to the printed one.
    """
    derived = published[published["quantity"].isin(["percent", "p value"])].copy()
    derived["recomputed"] = [
        _recompute(row.outcome, row.arm, row.quantity, tables, treated) for row in derived.itertuples()
    ]
    derived["difference"] = derived["recomputed"] - derived["value"]
    decimals = derived["printed"].str.rstrip("%").str.split(".").str[1].str.len()
    same = [
        round(new, places) == old
        for new, places, old in zip(derived["recomputed"], decimals, derived["value"], strict=True)
    ]
    derived["verdict"] = pd.Series(same, index=derived.index).map({True: "reproduced", False: "differs"})
    return derived.reset_index(drop=True)


def _recompute(outcome: str, arm: str, quantity: str, tables: dict[str, TwoByTwo], treated: str) -> float:
    table = tables[outcome]
    if quantity == "percent":
        return 100 * (table.risk_treated if arm == treated else table.risk_control)
    return float(equality_tests(table).set_index("test").loc[PUBLISHED_TEST, "p_value"])


def which_tests_reproduce(published: pd.DataFrame, tables: dict[str, TwoByTwo]) -> pd.DataFrame:
    """Return every test of both outcomes with whether it rounds to the published p-value."""
    frames = []
    for outcome, table in tables.items():
        row = published.set_index("id").loc[f"published.{outcome}.p"]
        places = len(str(row["printed"]).split(".")[1])
        tested = equality_tests(table).assign(outcome=outcome)
        frames.append(tested.assign(reproduces=tested["p_value"].round(places) == row["value"]))
    return pd.concat(frames, ignore_index=True)


def bounds_on_overlap(tables: dict[str, TwoByTwo]) -> pd.DataFrame:
    """Return what the counts bound: deaths without ventilation, and ventilation or death.

    The abstract gives ventilation and death but not both together, so the composite lies between the
    larger count and the sum, and deaths without ventilation are at least deaths minus ventilations.
    """
    imv, death = tables["imv"], tables["death"]
    arms = [
        ("treated", imv.events_treated, death.events_treated, imv.n_treated),
        ("control", imv.events_control, death.events_control, imv.n_control),
    ]
    rows = [
        {
            "arm": arm,
            "n": n,
            "deaths": d,
            "deaths_without_imv_min": max(0, d - v),
            "composite_min": max(v, d),
            "composite_max": min(n, v + d),
        }
        for arm, v, d, n in arms
    ]
    return pd.DataFrame(rows)
