"""How few patients decide on which side of 0.05 the p-value falls?

References
----------
Walsh et al. (2014) J Clin Epidemiol 67:622-628. doi:10.1016/j.jclinepi.2013.10.019
"""

from __future__ import annotations

from typing import Literal

from scipy import stats

from headtohead.proportions.counts import TwoByTwo

Test = Literal["fisher", "pearson"]


def p_value(table: TwoByTwo, test: Test) -> float:
    """Return the two-sided p-value of equal risks."""
    if test == "fisher":
        return float(stats.fisher_exact(table.counts).pvalue)
    return float(stats.chi2_contingency(table.counts, correction=False).pvalue)


def fragility_index(table: TwoByTwo, *, test: Test, alpha: float = 0.05) -> int | None:
    """Return the smallest number of changed outcomes that moves the p-value across ``alpha``.

    If the p-value is below ``alpha``, events are taken from the arm with the higher risk or added to the
    other (fragility); if above, they are added to the arm with the higher risk (reverse fragility).
    None if no number of changes in one arm does it.
    """
    below = p_value(table, test) < alpha
    found = []
    for change in (_add_treated, _add_control):
        for direction in (1, -1):
            for k in range(1, max(table.n_treated, table.n_control) + 1):
                try:
                    changed = change(table, direction * k)
                except ValueError:
                    break
                if (p_value(changed, test) < alpha) != below:
                    found.append(k)
                    break
    return min(found) if found else None


def _add_treated(table: TwoByTwo, k: int) -> TwoByTwo:
    return TwoByTwo(table.events_treated + k, table.n_treated, table.events_control, table.n_control)


def _add_control(table: TwoByTwo, k: int) -> TwoByTwo:
    return TwoByTwo(table.events_treated, table.n_treated, table.events_control + k, table.n_control)
