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
