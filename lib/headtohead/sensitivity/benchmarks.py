"""What observed covariates do: a yardstick for an unobserved one.

References
----------
Ding & VanderWeele (2016) Epidemiology 27:368-377. doi:10.1097/EDE.0000000000000457
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def confounder_benchmarks(exposures: pd.DataFrame, treated: pd.Series, event: pd.Series) -> pd.DataFrame:
    """Return for each binary covariate how far, left out, it could move the risk ratio.

    Parameters
    ----------
    exposures : DataFrame of float, shape (n, k)
        0/1, NaN where unknown (left out for that column).
    treated : Series of bool, shape (n,)
    event : Series of float, shape (n,)
        0/1.

    Returns
    -------
    DataFrame, most confounding first, with ``covariate``, ``prevalence_treated``, ``prevalence_control``,
    ``with_arm`` (ratio of the prevalences), ``with_outcome`` (risk ratio of the outcome, pooled over the
    arms by Mantel and Haenszel), both turned to be at least 1, ``bound`` (the largest bias factor of a
    confounder of that strength, R1 R2 / (R1 + R2 - 1)) and ``method``; NaN with the reason where a
    prevalence or a risk is 0.
    """
    rows = [
        _row(exposures[name].dropna(), treated[exposures[name].notna()], event[exposures[name].notna()])
        for name in exposures
    ]
    found = pd.DataFrame(rows).assign(covariate=list(exposures.columns))
    return found.sort_values("bound", ascending=False, ignore_index=True)


def _row(exposed: pd.Series, treated: pd.Series, event: pd.Series) -> dict[str, float | str]:
    x, arm, y = exposed.to_numpy(bool), treated.to_numpy(bool), event.to_numpy(float)
    p1, p0 = (float(x[side].mean()) for side in (arm, ~arm))
    top = bottom = 0.0
    for side in (arm, ~arm):
        n = side.sum()
        top += y[side & x].sum() * (side & ~x).sum() / n
        bottom += y[side & ~x].sum() * (side & x).sum() / n
    row: dict[str, float | str] = {"prevalence_treated": p1, "prevalence_control": p0}
    if min(p1, p0, top, bottom) <= 0:
        nothing = dict.fromkeys(("with_arm", "with_outcome", "bound"), np.nan)
        return row | nothing | {"method": "cannot be estimated, because a prevalence or a risk is 0"}
    with_arm, with_outcome = max(p1 / p0, p0 / p1), max(top / bottom, bottom / top)
    bound = with_arm * with_outcome / (with_arm + with_outcome - 1)
    return row | {
        "with_arm": with_arm,
        "with_outcome": float(with_outcome),
        "bound": float(bound),
        "method": "Mantel-Haenszel risk ratio",
    }
