"""How strong would unmeasured confounding have to be?

References
----------
VanderWeele & Ding (2017) Ann Intern Med 167:268-274. doi:10.7326/M16-2607
"""

from __future__ import annotations

import numpy as np


def e_value(risk_ratio: float, *, to: float = 1.0) -> float:
    """Return the E-value: the association with drug and with outcome that would move the ratio to ``to``.

    Parameters
    ----------
    risk_ratio : float
        Observed risk ratio (or one end of its interval), above 0.
    to : float
        Ratio to be explained: 1 asks what could create the effect, another value what could hide it.

    Returns
    -------
    float, at least 1, on the risk-ratio scale.

    Checked: by hand and the EValue package's worked example (tests/sensitivity/test_confounding.py).
    """
    if risk_ratio <= 0 or to <= 0:
        raise ValueError(f"risk ratios must be positive, found {risk_ratio} and {to}")
    ratio = risk_ratio / to
    ratio = max(ratio, 1 / ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def e_value_of_interval(conf_low: float, conf_high: float) -> float:
    """Return the E-value of the limit nearer to 1, or 1 if the interval holds 1."""
    if conf_low <= 1 <= conf_high:
        return 1.0
    return e_value(conf_low if conf_low > 1 else conf_high)


def risk_ratio_from_hazard_ratio(hazard_ratio: float) -> float:
    """Return the approximate risk ratio of a hazard ratio when the outcome is common (above 15%)."""
    if hazard_ratio <= 0:
        raise ValueError(f"a hazard ratio must be positive, found {hazard_ratio}")
    return float((1 - 0.5 ** np.sqrt(hazard_ratio)) / (1 - 0.5 ** np.sqrt(1 / hazard_ratio)))


def bias_factor(prevalence_treated: float, prevalence_control: float, confounder_risk_ratio: float) -> float:
    """Return by how much a binary confounder multiplies the risk ratio.

    [1 + p1 (R - 1)] / [1 + p0 (R - 1)] with prevalences p1, p0 in the arms and risk ratio R.
    """
    for prevalence in (prevalence_treated, prevalence_control):
        if not 0 <= prevalence <= 1:
            raise ValueError(f"a prevalence lies between 0 and 1, found {prevalence}")
    excess = confounder_risk_ratio - 1
    return (1 + prevalence_treated * excess) / (1 + prevalence_control * excess)
