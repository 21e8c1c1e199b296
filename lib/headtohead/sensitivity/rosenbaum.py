"""How strong would a hidden bias have to be to overturn a test in matched pairs?

R's ``rbounds::binarysens`` counts the tail from b + 1 instead of b, so its bounds are too small; the
definition is used here.

Rosenbaum (2002) Observational Studies, 2nd ed., section 4.3. doi:10.1007/978-1-4757-3692-2
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy import optimize, stats

from headtohead import door
from headtohead.errors import NumberError, cannot

NO_DISCORDANT = cannot("no pair is discordant")
BEYOND = 1000.0


def bounds(treated_only: int, control_only: int, *, gammas: Sequence[float]) -> pd.DataFrame:
    """Return the largest and smallest one-sided p-value that a hidden bias of each strength allows.

    ``treated_only`` and ``control_only`` count discordant pairs, b and c, in which only that member had the event;
    ``gammas``, at least 1, by how much the odds of treatment may differ between the members of a pair. DataFrame with
    ``gamma``, ``p_low``, ``p_high`` and ``method``, NaN if no pair is discordant. The side is that of the more frequent
    kind; p+ = P(X >= max(b, c)) with X binomial in b + c trials of probability Gamma / (1 + Gamma) for ``p_high`` and
    1 / (1 + Gamma) for ``p_low``.

    Checked: by hand and monotonicity (test_rosenbaum.py).
    """
    _check(treated_only, control_only, gammas)
    larger, total = max(treated_only, control_only), treated_only + control_only
    gamma = np.asarray(gammas, dtype=float)
    if total == 0:
        return pd.DataFrame({"gamma": gamma, "p_low": np.nan, "p_high": np.nan, "method": NO_DISCORDANT})
    p_low, p_high = stats.binom.sf(larger - 1, total, [1 / (1 + gamma), gamma / (1 + gamma)])
    return pd.DataFrame({"gamma": gamma, "p_low": p_low, "p_high": p_high, "method": "exact binomial"})


def largest_gamma(treated_only: int, control_only: int, *, alpha: float) -> float | None:
    """Return the largest Gamma up to which the one-sided p-value stays at or below ``alpha``.

    None if it exceeds ``alpha`` without any hidden bias: then there is no conclusion to overturn.
    Infinite only where a bias of 1000 is not enough.
    """
    excess = _excess(treated_only, control_only, "p_high", alpha)
    if excess is None or excess(1.0) > 0:
        return None
    return float(optimize.brentq(excess, 1.0, BEYOND)) if excess(BEYOND) > 0 else float(np.inf)


def hiding_gamma(treated_only: int, control_only: int, *, alpha: float) -> float | None:
    """Return the smallest Gamma at which a hidden bias could have masked a one-sided p-value of ``alpha``.

    1 if the p-value is as small without one; None if no pair is discordant.
    """
    excess = _excess(treated_only, control_only, "p_low", alpha)
    if excess is None:
        return None
    return 1.0 if excess(1.0) <= 0 else float(optimize.brentq(excess, 1.0, BEYOND))


def _excess(treated_only: int, control_only: int, end: str, alpha: float) -> Callable[[float], float] | None:
    """Return by how much a p-value lies above ``alpha`` given Gamma, None if no pair is discordant."""
    _check(treated_only, control_only, [1.0])
    door.between("alpha", alpha)
    if treated_only + control_only == 0:
        return None
    return lambda gamma: float(bounds(treated_only, control_only, gammas=[gamma])[end].iloc[0]) - alpha


def _check(treated_only: int, control_only: int, gammas: Sequence[float]) -> None:
    door.at_least("treated_only", treated_only, 0)
    door.at_least("control_only", control_only, 0)
    if not len(gammas) or not min(gammas) >= 1:
        raise NumberError(f"Gamma is at least 1, found {list(gammas)[:3]}; 1 is no hidden bias")
