"""The published numbers: the counts, whether they give the percentages and p-values, and what the article prints beside."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.two_by_two import Test, p_value

from study.protocol.design import Arms

COUNTED = ("patients", "events")
ABSTRACT = "Abstract"  # so begins the place of what the abstract prints
PUBLISHED_TEST: Test = "pearson"


def of_abstract(published: pd.DataFrame) -> pd.DataFrame:
    """Return the numbers that the abstract prints; on them alone rests what is computed."""
    return published[published["place"].str.startswith(ABSTRACT)]


def further(published: pd.DataFrame) -> pd.DataFrame:
    """Return what the rest of the article prints: hazard ratios, matched results, the baseline table.

    ``named`` says what it is, ``printed`` is the text of the article and ``place`` where it stands. ``beside``, a column
    that the file need not have, is the id of the number of this paper that answers to it, or empty.
    A ``ValueError`` names every row without a text or a place of its own.
    """
    rows = published.drop(of_abstract(published).index)
    empty = [rows[name].str.strip() == "" for name in ("printed", "place")]
    bare = empty[0] | empty[1] | rows["id"].duplicated(keep=False)
    if bare.any():
        must = (
            "a published number must have an id of its own, the text as printed and its place in the article"
        )
        raise ValueError(f"{must}, {sorted(set(rows['id'][bare]))} have not; correct data/published.csv")
    parts = rows[["quantity", "outcome", "arm"]].to_numpy()
    named = [", ".join(filter(None, (quantity.capitalize(), *which))) for quantity, *which in parts]
    said = rows.reindex(columns=["printed", "place", "beside"], fill_value="")
    return said.assign(named=named).reset_index(drop=True)


def published_tables(published: pd.DataFrame, *, treated: str, control: str) -> dict[str, TwoByTwo]:
    """Return the two-by-two table of each outcome of the abstract, keyed ``imv`` and ``death``."""
    published = of_abstract(published)
    value = published.set_index(["outcome", "arm"])["value"][published["quantity"].isin(COUNTED).to_numpy()]
    return {
        outcome: TwoByTwo(*(int(value[what, arm]) for arm in (treated, control) for what in (outcome, "")))
        for outcome in published["outcome"].unique()
        if outcome
    }


def by_outcome(
    counts: dict[str, TwoByTwo], read: Callable[..., pd.DataFrame], *args: Any, **choices: Any
) -> pd.DataFrame:
    """Return what a function of one two-by-two table says of each outcome, column ``outcome`` first."""
    parts = {outcome: read(table, *args, **choices) for outcome, table in counts.items()}
    return pd.concat(parts, names=["outcome", None]).reset_index("outcome").reset_index(drop=True)


def recompute(published: pd.DataFrame, counts: dict[str, TwoByTwo], arms: Arms) -> pd.DataFrame:
    """Return each published percentage and p-value with the value that the counts give.

    ``estimate`` is on the printed scale, ``difference`` from the printed value, and ``method`` "reproduced"
    when it rounds to the printed one, else "differs".
    """
    published = of_abstract(published)
    derived = published[published["quantity"].isin(["percent", "p value"])].reset_index(drop=True)
    value = [_recomputed(counts[row.outcome], row.arm, arms) for row in derived.itertuples()]
    decimals = derived["printed"].str.rstrip("%").str.split(".").str[1].str.len()
    rounded = [round(new, places) for new, places in zip(value, decimals, strict=True)]
    same = derived["value"] == rounded
    method = np.where(same, "reproduced", "differs")
    return derived.assign(estimate=value, difference=value - derived["value"], method=method)


def _recomputed(table: TwoByTwo, arm: str, arms: Arms) -> float:
    if arm:
        return 100 * (table.risk_treated if arm == arms.treated else table.risk_control)
    return p_value(table, PUBLISHED_TEST)


def bounds_on_overlap(counts: dict[str, TwoByTwo]) -> pd.DataFrame:
    """Return what the counts bound: deaths without ventilation, and ventilation or death, per arm.

    The abstract gives ventilation and death but not both together, so the composite lies between the
    larger count and the sum, and deaths without ventilation are at least deaths minus ventilations.
    """
    imv, death = counts["imv"], counts["death"]
    arms = {
        "treated": (imv.events_treated, death.events_treated, imv.n_treated),
        "control": (imv.events_control, death.events_control, imv.n_control),
    }
    rows = []
    for arm, (v, d, n) in arms.items():
        at = {"deaths_without_imv_min": max(0, d - v)}
        at |= {"composite_min": max(v, d), "composite_max": min(n, v + d)}
        rows += [{"arm": arm, "bound": name, "count": k, "n": n, "risk": k / n} for name, k in at.items()]
    return pd.DataFrame(rows)
