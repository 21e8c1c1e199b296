"""How strong would unmeasured confounding have to be, and how strong are the covariates that were seen?

R's ``rbounds::binarysens`` counts the tail from b + 1 instead of b, so its bounds are too small; the
definition is used here.

VanderWeele & Ding (2017) Ann Intern Med 167:268-274. doi:10.7326/M16-2607
Ding & VanderWeele (2016) Epidemiology 27:368-377. doi:10.1097/EDE.0000000000000457
Rosenbaum (2002) Observational Studies, 2nd ed., section 4.3. doi:10.1007/978-1-4757-3692-2
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy import optimize, stats

from headtohead import door
from headtohead.errors import NumberError, cannot
from headtohead.outcomes.endpoint import Endpoint, happened_by


def e_value(risk_ratio: float, *, to: float = 1.0) -> float:
    """Return the E-value: the association with drug and with outcome that would move the ratio to ``to``.

    At least 1, on the scale of risk ratios. ``risk_ratio`` is the observed one (or one end of its interval), above 0;
    ``to`` 1 asks what could create the effect, another value what could hide it. Checked: by hand and the EValue
    package's worked example (test_confounding.py).
    """
    door.finite(risk_ratio=risk_ratio, to=to)
    door.positive("risk_ratio", risk_ratio)
    door.positive("to", to)
    ratio = float(risk_ratio) / float(to)
    ratio = max(ratio, 1 / ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def e_value_of_interval(conf_low: float, conf_high: float) -> float:
    """Return the E-value of the limit nearer to 1, or 1 if the interval holds 1."""
    door.finite(conf_low=conf_low, conf_high=conf_high)
    if not 0 < conf_low <= conf_high:
        must = "limits of a ratio must ascend above 0"
        raise NumberError(f"{must}, found {conf_low:g} to {conf_high:g}; give ratios, not logarithms")
    door.sized(conf_low=conf_low, conf_high=conf_high)
    if conf_low <= 1 <= conf_high:
        return 1.0
    return e_value(conf_low if conf_low > 1 else conf_high)


def confounder_benchmarks(
    exposures: pd.DataFrame, treated: pd.Series, event: pd.Series | Endpoint, *, by: int | None = None
) -> pd.DataFrame:
    """Return for each binary covariate how far, left out, it could move the risk ratio.

    DataFrame, most confounding first, with ``covariate``, ``prevalence_treated``, ``prevalence_control``, ``with_arm``
    (ratio of the prevalences), ``with_outcome`` (risk ratio of the outcome, pooled over the arms by Mantel and
    Haenszel), both turned to be at least 1, ``bound`` (the largest bias factor of a confounder of that strength, R1 R2
    / (R1 + R2 - 1)) and ``method``; NaN with the reason where a prevalence or a risk is 0, or an arm's exposure unknown.
    ``exposures`` are 0 and 1, shape (n, k), NaN where unknown (left out for that column); ``event`` is 0 and 1, or an
    endpoint and ``by`` its horizon.
    """
    door.patients(exposures, "exposures")
    door.some_columns(exposures, "exposures")
    treated = door.arms(door.aligned(treated, exposures.index, "exposures"))
    found = happened_by(event, by, exposures.index)
    happened = pd.Series(door.events(found), found.index)
    exposures = exposures.apply(lambda x: door.events(x, f"the exposure {x.name!r}", known=False))
    known = {name: exposures[name].notna() for name in exposures}
    rows = [_benchmark(exposures.loc[on, name], treated[on], happened[on]) for name, on in known.items()]
    table = pd.DataFrame(rows).assign(covariate=list(exposures.columns))
    return table.sort_values("bound", ascending=False, ignore_index=True)


def _benchmark(exposed: pd.Series, treated: pd.Series, event: pd.Series) -> dict[str, float | str]:
    x, arm, y = exposed.to_numpy(bool), treated.to_numpy(bool), event.to_numpy(float)
    p1, p0 = (float(x[side].mean()) if side.any() else np.nan for side in (arm, ~arm))
    top = bottom = 0.0
    for side in (arm, ~arm):
        top += y[side & x].sum() * (side & ~x).sum() / max(side.sum(), 1)
        bottom += y[side & ~x].sum() * (side & x).sum() / max(side.sum(), 1)
    row: dict[str, float | str] = {"prevalence_treated": p1, "prevalence_control": p0}
    if not np.min([p1, p0, top, bottom]) > 0:  # NaN where unknown
        why = "the exposure is unknown in an arm" if np.isnan(p1 + p0) else "a prevalence or a risk is 0"
        return row | dict.fromkeys(("with_arm", "with_outcome", "bound"), np.nan) | {"method": cannot(why)}
    with_arm, with_outcome = max(p1 / p0, p0 / p1), float(max(top / bottom, bottom / top))
    bound = with_arm * with_outcome / (with_arm + with_outcome - 1)
    row |= {"with_arm": with_arm, "with_outcome": with_outcome, "bound": bound}
    return row | {"method": "Mantel-Haenszel risk ratio"}


NO_DISCORDANT = cannot("no pair is discordant")
BEYOND = 1000.0


def bounds(treated_only: int, control_only: int, *, gammas: Sequence[float]) -> pd.DataFrame:
    """Return the largest and smallest one-sided p-value that a hidden bias of each strength allows.

    ``treated_only`` and ``control_only`` count discordant pairs, b and c, in which only that member had the event;
    ``gammas``, at least 1, by how much the odds of treatment may differ between the members of a pair. DataFrame with
    ``gamma``, ``p_low``, ``p_high`` and ``method``, NaN if no pair is discordant. The side is that of the more
    frequent kind; p+ = P(X >= max(b, c)) with X binomial in b + c trials of probability Gamma / (1 + Gamma) for
    ``p_high`` and 1 / (1 + Gamma) for ``p_low``. Checked: by hand and monotonicity (test_rosenbaum.py).
    """
    _check(treated_only, control_only, gammas)
    larger, total = int(max(treated_only, control_only)), int(treated_only) + int(control_only)
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

    1 if the p-value is as small without one, infinite where a bias of 1000 is not enough; None if no pair is discordant.
    """
    excess = _excess(treated_only, control_only, "p_low", alpha)
    if excess is None:
        return None
    if excess(1.0) <= 0:
        return 1.0
    return float(optimize.brentq(excess, 1.0, BEYOND)) if excess(BEYOND) < 0 else float(np.inf)


def _excess(treated_only: int, control_only: int, end: str, alpha: float) -> Callable[[float], float] | None:
    """Return by how much a p-value lies above ``alpha`` given Gamma, None if no pair is discordant."""
    _check(treated_only, control_only, [1.0])
    door.between("alpha", alpha)
    if treated_only == control_only == 0:
        return None
    return lambda gamma: float(bounds(treated_only, control_only, gammas=[gamma])[end].iloc[0]) - alpha


def _check(treated_only: int, control_only: int, gammas: Sequence[float]) -> None:
    door.at_least("treated_only", treated_only, 0)
    door.at_least("control_only", control_only, 0)
    if not len(gammas) or not all(1 <= one < np.inf for one in gammas):
        raise NumberError(f"Gamma is at least 1 and finite, found {list(gammas)[:3]}; 1 is no hidden bias")
