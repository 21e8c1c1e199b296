"""Two independent proportions: every common test and interval for one two-by-two table.

The published comparison is two such tables. A conclusion that changes with the choice of test or
interval is not a conclusion, so all of them are computed and shown side by side.

Newcombe (1998) Stat Med 17:873-890. doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
Fagerland, Lydersen & Laake (2015) Stat Methods Med Res 24:224-254. doi:10.1177/0962280211415469
Walsh et al. (2014) J Clin Epidemiol 67:622-628. doi:10.1016/j.jclinepi.2013.10.019 (fragility)
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from headtohead import door
from headtohead.errors import NumberError
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.score import score_interval

Test = Literal["fisher", "pearson"]
LARGEST_GRID = 250_000


def equality_tests(table: TwoByTwo) -> pd.DataFrame:
    """Return every common two-sided test of equal risks, one row each.

    DataFrame with columns ``test``, ``statistic`` (NaN for exact tests) and ``p_value``. Barnard's and Boschloo's
    tests are unconditional and use the pooled-variance score statistic and Fisher's p-value to order the tables. The
    mid-p value doubles the one-sided mid-p value. The work of the unconditional tests grows with the square of the
    patients: above ``LARGEST_GRID`` pairs of counts they are left out. Checked: R 4.2.2 ``chisq.test``,
    ``fisher.test``; scipy for the unconditional tests.
    """
    counts = table.counts
    if not counts.any(axis=0).all():
        raise NumberError("a test of equal risks needs patients with and without the event, all are alike")
    pearson, yates = (stats.chi2_contingency(counts, correction=corrected) for corrected in (False, True))
    g_test = stats.chi2_contingency(counts, correction=False, lambda_="log-likelihood")
    n_minus_1 = pearson.statistic * (counts.sum() - 1) / counts.sum()
    rows = [
        ("Pearson chi-square", pearson.statistic, pearson.pvalue),
        ("Pearson chi-square, N - 1", n_minus_1, stats.chi2.sf(n_minus_1, 1)),
        ("Likelihood ratio", g_test.statistic, g_test.pvalue),
        ("Yates-corrected chi-square", yates.statistic, yates.pvalue),
        ("Fisher exact", np.nan, stats.fisher_exact(counts).pvalue),
        ("Fisher exact, mid-p", np.nan, _fisher_mid_p(table)),
    ]
    if table.n_treated * table.n_control <= LARGEST_GRID:
        exact = {"Boschloo exact": stats.boschloo_exact, "Barnard exact": stats.barnard_exact}
        rows += [(name, np.nan, test(counts).pvalue) for name, test in exact.items()]
    return pd.DataFrame(rows, columns=["test", "statistic", "p_value"])


def _fisher_mid_p(table: TwoByTwo) -> float:
    """Return twice the smaller one-sided mid-p value of Fisher's exact test."""
    margin = table.events_treated + table.events_control
    law = stats.hypergeom(table.n_treated + table.n_control, margin, table.n_treated)
    here = 0.5 * law.pmf(table.events_treated)
    upper, lower = law.sf(table.events_treated) + here, law.cdf(table.events_treated - 1) + here
    return float(min(1.0, 2 * min(upper, lower)))


def intervals(table: TwoByTwo, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return risk difference, risk ratio and odds ratio with every common interval.

    DataFrame with columns ``scale``, ``method``, ``estimate``, ``conf_low``, ``conf_high``, ``conf_level``, ``n`` and
    ``events``; differences are proportions, not percentage points. Ratios are left out when an arm has no event, and
    what takes an arm's risk as known (Wald, Katz) where its patients all have, or all lack, the event. Checked:
    against an independent recomputation of the two published tables (test_two_by_two.py).
    """
    door.level(conf_level)
    x1, n1, x0, n0 = (table.events_treated, table.n_treated, table.events_control, table.n_control)
    z, rd = stats.norm.ppf(0.5 + conf_level / 2), table.risk_treated - table.risk_control
    wald, survivors, scored = z * risk_difference_se(table), min(n1 - x1, n0 - x0), "Miettinen-Nurminen"
    rows = [
        ("risk difference", "Newcombe", rd, *newcombe(x1, n1, x0, n0, conf_level=conf_level)),
        ("risk difference", scored, rd, *score_interval(table, "risk difference", conf_level)),
    ]
    if wald > 0:
        rows += [("risk difference", "Wald", rd, rd - wald, rd + wald)]
    if min(x1, x0) > 0:
        rr = table.risk_treated / table.risk_control
        if survivors > 0:
            half = z * log_risk_ratio_se(table)
            rows += [("risk ratio", "Katz log", rr, rr * np.exp(-half), rr * np.exp(half))]
        rows += [("risk ratio", scored, rr, *score_interval(table, "risk ratio", conf_level))]
        if survivors > 0:
            odds = x1 * (n0 - x0) / (x0 * (n1 - x1))
            half = z * np.sqrt(1 / x1 + 1 / (n1 - x1) + 1 / x0 + 1 / (n0 - x0))
            exact = stats.contingency.odds_ratio(table.counts, kind="conditional")
            rows += [
                ("odds ratio", "Woolf log", odds, odds * np.exp(-half), odds * np.exp(half)),
                ("odds ratio", scored, odds, *score_interval(table, "odds ratio", conf_level)),
                ("odds ratio", "Conditional exact", exact.statistic, *exact.confidence_interval(conf_level)),
            ]
    found = pd.DataFrame(rows, columns=["scale", "method", "estimate", "conf_low", "conf_high"])
    return found.assign(conf_level=conf_level, n=n1 + n0, events=x1 + x0)


def risk_difference_se(table: TwoByTwo) -> float:
    """Return the unpooled (Wald) standard error of the risk difference."""
    p1, p0 = table.risk_treated, table.risk_control
    return float(np.sqrt(p1 * (1 - p1) / table.n_treated + p0 * (1 - p0) / table.n_control))


@door.guarded
def wilson(events: float, n: float, *, conf_level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval for one risk; numbers may be effective ones."""
    door.level(conf_level)
    low, high = proportion_confint(events, n, alpha=1 - conf_level, method="wilson")
    return float(low), float(high)


def newcombe(x1: float, n1: float, x0: float, n0: float, *, conf_level: float) -> tuple[float, float]:
    """Return Newcombe's hybrid score interval (method 10 of 1998); events and patients may be effective numbers."""
    p1, p0 = x1 / n1, x0 / n0
    (low1, high1), (low0, high0) = (wilson(x, n, conf_level=conf_level) for x, n in ((x1, n1), (x0, n0)))
    below, above = np.hypot(p1 - low1, high0 - p0), np.hypot(high1 - p1, p0 - low0)
    return float(p1 - p0 - below), float(p1 - p0 + above)


def log_risk_ratio_se(table: TwoByTwo) -> float:
    """Return the standard error of the logarithm of the risk ratio; both arms must have events."""
    x1, n1, x0, n0 = table.events_treated, table.n_treated, table.events_control, table.n_control
    return float(np.sqrt(1 / x1 - 1 / n1 + 1 / x0 - 1 / n0))


def p_value(table: TwoByTwo, test: Test) -> float:
    """Return the two-sided p-value of equal risks."""
    door.choice("test", test, Test)
    if test == "fisher":
        return float(stats.fisher_exact(table.counts).pvalue)
    return float(stats.chi2_contingency(table.counts, correction=False).pvalue)


def fragility_index(table: TwoByTwo, *, test: Test, alpha: float = 0.05) -> int | None:
    """Return the smallest number of changed outcomes that moves the p-value across ``alpha``.

    If the p-value is below ``alpha``, events are taken from the arm with the higher risk or added to the
    other (fragility); if above, they are added to the arm with the higher risk (reverse fragility).
    None if no number of changes in one arm does it.
    """
    x1, n1, x0, n0 = table.events_treated, table.n_treated, table.events_control, table.n_control
    door.between("alpha", alpha)
    below = p_value(table, test) < alpha

    def first(treated: int, control: int, most: int) -> int:
        changed = (TwoByTwo(x1 + k * treated, n1, x0 + k * control, n0) for k in range(1, most + 1))
        return next((k for k, one in enumerate(changed, 1) if (p_value(one, test) < alpha) != below), 0)

    found = first(1, 0, n1 - x1), first(-1, 0, x1), first(0, 1, n0 - x0), first(0, -1, x0)
    return min(filter(None, found), default=None)
