"""How strong would unmeasured confounding have to be, and how strong are the covariates that were seen?

VanderWeele & Ding (2017) Ann Intern Med 167:268-274. doi:10.7326/M16-2607
Ding & VanderWeele (2016) Epidemiology 27:368-377. doi:10.1097/EDE.0000000000000457
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import NumberError, cannot
from headtohead.outcomes.endpoint import Endpoint, happened_by


def e_value(risk_ratio: float, *, to: float = 1.0) -> float:
    """Return the E-value: the association with drug and with outcome that would move the ratio to ``to``.

    At least 1, on the scale of risk ratios. ``risk_ratio`` is the observed one (or one end of its interval), above 0;
    ``to`` 1 asks what could create the effect, another value what could hide it.

    Checked: by hand and the EValue package's worked example (test_confounding.py).
    """
    for name, value in (("risk_ratio", risk_ratio), ("to", to)):
        door.finite(**{name: value})
        door.positive(name, value)
    ratio = risk_ratio / to
    ratio = max(ratio, 1 / ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def e_value_of_interval(conf_low: float, conf_high: float) -> float:
    """Return the E-value of the limit nearer to 1, or 1 if the interval holds 1."""
    door.finite(conf_low=conf_low, conf_high=conf_high)
    if not 0 < conf_low <= conf_high:
        raise NumberError(
            f"limits of a ratio must ascend above 0, found {conf_low:g} to {conf_high:g}; give ratios, not logarithms"
        )
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
    / (R1 + R2 - 1)) and ``method``; NaN with the reason where a prevalence or a risk is 0. ``exposures`` are 0 and 1,
    shape (n, k), NaN where unknown (left out for that column); ``event`` is 0 and 1,
    or an endpoint and ``by`` its horizon.
    """
    door.patients(exposures, "exposures")
    door.unique(exposures.columns, "columns of exposures")
    treated = door.arms(door.aligned(treated, exposures.index, "exposures"))
    found = happened_by(event, by, exposures.index)
    happened = pd.Series(door.events(found), found.index)
    exposures = exposures.apply(lambda x: door.events(x, f"the exposure {x.name!r}", known=False))
    known = {name: exposures[name].notna() for name in exposures}
    rows = [
        _benchmark(exposures.loc[seen, name], treated[seen], happened[seen]) for name, seen in known.items()
    ]
    table = pd.DataFrame(rows).assign(covariate=list(exposures.columns))
    return table.sort_values("bound", ascending=False, ignore_index=True)


def _benchmark(exposed: pd.Series, treated: pd.Series, event: pd.Series) -> dict[str, float | str]:
    x, arm, y = exposed.to_numpy(bool), treated.to_numpy(bool), event.to_numpy(float)
    p1, p0 = (float(x[side].mean()) for side in (arm, ~arm))
    top = bottom = 0.0
    for side in (arm, ~arm):
        top += y[side & x].sum() * (side & ~x).sum() / side.sum()
        bottom += y[side & ~x].sum() * (side & x).sum() / side.sum()
    row: dict[str, float | str] = {"prevalence_treated": p1, "prevalence_control": p0}
    if min(p1, p0, top, bottom) <= 0:
        nothing = dict.fromkeys(("with_arm", "with_outcome", "bound"), np.nan)
        return row | nothing | {"method": cannot("a prevalence or a risk is 0")}
    with_arm, with_outcome = max(p1 / p0, p0 / p1), float(max(top / bottom, bottom / top))
    bound = with_arm * with_outcome / (with_arm + with_outcome - 1)
    row |= {"with_arm": with_arm, "with_outcome": with_outcome, "bound": bound}
    return row | {"method": "Mantel-Haenszel risk ratio"}
