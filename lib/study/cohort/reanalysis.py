"""Everything that the published counts say, and what a study of this size could have said.

This is the part of the paper about real patients. It needs four numbers per outcome and no data.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from headtohead.outcomes.equivalence import RiskPosterior, equivalence_of_counts
from headtohead.outcomes.precision import (
    minimum_detectable_difference,
    minimum_detectable_hazard_ratio,
    minimum_detectable_interaction,
    patients_per_arm_for_equivalence,
    power_of_equivalence,
)
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.two_by_two import intervals
from headtohead.sensitivity.confounding import e_value, e_value_of_interval
from headtohead.sensitivity.fragility import fragility_index

from study.data.published import bounds_on_overlap, compare_published, published_tables, which_tests_reproduce
from study.results import Reanalysis

HIDDEN_RATIOS = (0.8, 1.25, 1.5)


def analyse_published(
    published: pd.DataFrame,
    *,
    treated: str,
    control: str,
    margin: float,
    wide_margin: float,
    alpha: float,
    power: float,
    conf_level: float,
    pairs_low: int,
    pairs_high: int,
) -> Reanalysis:
    """Return the re-analysis of the published counts.

    Parameters
    ----------
    published : DataFrame
        ``data/published.csv``.
    margin, wide_margin : float
        Equivalence margins, as proportions.
    alpha, power, conf_level : float
    pairs_low, pairs_high : int
        Range of matched pairs for which the detectable difference is given.
    """
    tables = published_tables(published, treated=treated, control=control)
    margins = {"margin": margin, "wide": wide_margin}
    numbers = []
    for outcome, table in tables.items():
        numbers += _posterior_numbers(outcome, table, margin, wide_margin, conf_level)
        numbers += _robustness_numbers(outcome, table, conf_level)
    death = tables["death"]
    numbers += _precision_numbers(death, tables["imv"], margins, alpha, power, (pairs_low, pairs_high))
    return Reanalysis(
        published=published,
        comparison=compare_published(published, tables, treated=treated),
        tests=which_tests_reproduce(published, tables),
        effects=pd.concat(
            [intervals(t, conf_level=conf_level).assign(outcome=o) for o, t in tables.items()],
            ignore_index=True,
        ),
        bounds=bounds_on_overlap(tables),
        equivalence={
            (o, m): equivalence_of_counts(t, margin=width, alpha=alpha)
            for o, t in tables.items()
            for m, width in margins.items()
        },
        numbers=pd.DataFrame(numbers, columns=["name", "scale", "value", "conf_low", "conf_high"]),
        posterior=pd.concat([_posterior_curve(o, t) for o, t in tables.items()], ignore_index=True),
        tables=tables,
    )


Number = tuple[str, str, float, float, float]


def _number(name: str, scale: str, value: float, low: float = np.nan, high: float = np.nan) -> Number:
    return name, scale, float(value), low, high


def _posterior_numbers(
    outcome: str, table: TwoByTwo, margin: float, wide: float, level: float
) -> list[Number]:
    law = RiskPosterior(table)
    low, high = law.interval(level)
    middle = law.interval(0.0)[0]
    return [
        _number(f"{outcome}.posterior.rd", "risk difference", middle, low, high),
        _number(f"{outcome}.posterior.worse", "probability", 1 - law.probability_below(0.0)),
        _number(f"{outcome}.posterior.within_margin", "probability", law.probability_within(margin)),
        _number(f"{outcome}.posterior.within_wide", "probability", law.probability_within(wide)),
        _number(f"{outcome}.posterior.worse_by_margin", "probability", 1 - law.probability_below(margin)),
        _number(f"{outcome}.posterior.better_by_margin", "probability", law.probability_below(-margin)),
    ]


def _posterior_curve(outcome: str, table: TwoByTwo) -> pd.DataFrame:
    grid = np.linspace(-0.20, 0.25, 181).round(6)
    return pd.DataFrame(
        {"outcome": outcome, "difference": grid, "density": RiskPosterior(table).density(grid)}
    )


def _robustness_numbers(outcome: str, table: TwoByTwo, level: float) -> list[Number]:
    """Return fragility, and E-values to create the observed ratio and to hide another."""
    rr = intervals(table, conf_level=level).set_index("method").loc["Katz log"]
    rows = [
        _number(f"{outcome}.e_value", "e-value", e_value(rr["estimate"])),
        _number(
            f"{outcome}.e_value.interval",
            "e-value",
            e_value_of_interval(rr["conf_low"], rr["conf_high"]),
        ),
    ]
    rows += [
        _number(
            f"{outcome}.e_value.hide_{round(100 * hidden)}", "e-value", e_value(rr["estimate"], to=hidden)
        )
        for hidden in HIDDEN_RATIOS
    ]
    for test in ("fisher", "pearson"):
        index = fragility_index(table, test=test)
        if index is not None:
            rows.append(_number(f"{outcome}.fragility.{test}", "count", index))
    return rows


def _precision_numbers(
    death: TwoByTwo,
    imv: TwoByTwo,
    margins: dict[str, float],
    alpha: float,
    power: float,
    pairs: tuple[int, int],
) -> list[Number]:
    n1, n0, risk = death.n_treated, death.n_control, death.risk_control
    share, deaths = n1 / (n1 + n0), death.events_treated + death.events_control
    harm, benefit = minimum_detectable_difference(risk, n1, n0, power=power, alpha=alpha)
    rows = [
        _number("precision.mde.harm", "risk difference", harm),
        _number("precision.mde.benefit", "risk difference", benefit),
        _number("precision.mde.harm_ratio", "risk ratio", (risk + harm) / risk),
        _number("precision.mde.benefit_ratio", "risk ratio", (risk + benefit) / risk),
        _number(
            "precision.mde.hr_death",
            "hazard ratio",
            minimum_detectable_hazard_ratio(deaths, share, power=power, alpha=alpha),
        ),
        _number(
            "precision.mde.hr_imv",
            "hazard ratio",
            minimum_detectable_hazard_ratio(
                imv.events_treated + imv.events_control, share, power=power, alpha=alpha
            ),
        ),
        _number(
            "precision.mde.interaction",
            "ratio of hazard ratios",
            minimum_detectable_interaction(deaths, share, power=power, alpha=alpha),
        ),
    ]
    for name, n in zip(("few", "many"), pairs, strict=True):
        detectable = minimum_detectable_difference(risk, n, n, power=power, alpha=alpha)[0]
        rows.append(_number(f"precision.mde.pairs_{name}", "risk difference", detectable))
        rows.append(_number(f"precision.pairs_{name}", "count", n))
    for name, margin in margins.items():
        rows.append(
            _number(
                f"precision.equivalence.power_{name}",
                "probability",
                power_of_equivalence(risk, n1, n0, margin=margin, alpha=alpha),
            )
        )
        rows.append(
            _number(
                f"precision.equivalence.n_{name}",
                "count",
                patients_per_arm_for_equivalence(risk, margin=margin, alpha=alpha, power=power),
            )
        )
    return rows
