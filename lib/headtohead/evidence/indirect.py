"""Two drugs compared through a common comparator, and that comparison held against a direct one.

References
----------
Bucher, Guyatt, Griffith & Walter (1997) J Clin Epidemiol 50:683-691. doi:10.1016/S0895-4356(97)00049-8
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from headtohead.outcomes.estimate import Interval


def bucher(a_versus_common: Interval, b_versus_common: Interval, *, conf_level: float) -> Interval:
    """Return the ratio of A to B from their ratios to a common comparator.

    Parameters
    ----------
    a_versus_common, b_versus_common : Interval
        Ratios, with standard errors of their logarithms.

    Returns
    -------
    Interval
        exp(ln A - ln B), variance the sum of both: the comparison of two trials keeps the randomisation
        within each, and assumes that the ratios would be the same in each other's patients.

    Raises
    ------
    ValueError
        If a ratio or standard error is not positive.
    """
    for name, one in (("first", a_versus_common), ("second", b_versus_common)):
        if not (one.estimate > 0 and one.std_error > 0):
            raise ValueError(
                f"an indirect comparison needs ratios and standard errors above 0, the {name} is "
                f"{one.estimate:g} with {one.std_error:g}; give ratios, not logarithms"
            )
    log_ratio = np.log(a_versus_common.estimate) - np.log(b_versus_common.estimate)
    se = float(np.hypot(a_versus_common.std_error, b_versus_common.std_error))
    half = norm.ppf(0.5 + conf_level / 2) * se
    return Interval(*(float(x) for x in (np.exp(log_ratio), se, np.exp(log_ratio - half), np.exp(log_ratio + half))))


def disagreement(direct: Interval, indirect: Interval, *, conf_level: float) -> tuple[Interval, float]:
    """Return the ratio of the direct to the indirect comparison, and the p-value of their agreement.

    A wide interval around one is no proof of agreement.
    """
    ratio = bucher(direct, indirect, conf_level=conf_level)
    return ratio, float(2 * norm.sf(abs(np.log(ratio.estimate)) / ratio.std_error))
