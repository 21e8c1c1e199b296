"""Two drugs compared through a common comparator, and that comparison held against a direct one.

Bucher, Guyatt, Griffith & Walter (1997) J Clin Epidemiol 50:683-691. doi:10.1016/S0895-4356(97)00049-8
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import norm

from headtohead import door
from headtohead.errors import NumberError, UnknownError
from headtohead.evidence.pooled import LIMITS, ratio_row, shared_scale
from headtohead.outcomes.estimate import Interval


def bucher(a_versus_common: Interval, b_versus_common: Interval, *, conf_level: float) -> Interval:
    """Return the ratio of A to B from their ratios, with limits of level ``conf_level``, to a common comparator.

    exp(ln A - ln B); on the log scale the squared half-width is the sum of the squared half-widths of both, which is
    Bucher's variance sum when they are normal and keeps Student's t of a pool of few studies. The comparison keeps the
    randomisation within each trial and assumes that the ratios would be the same in each other's patients.
    ``std_error`` is half-width over the normal quantile. Raises ValueError if a ratio or limit is not positive.
    """
    door.level(conf_level)
    for name, one in (("first", a_versus_common), ("second", b_versus_common)):
        if not 0 < one.conf_low < one.conf_high or not one.estimate > 0:
            must = "an indirect comparison needs ratios with limits above 0"
            found = f"the {name} is {one.estimate:g} ({one.conf_low:g} to {one.conf_high:g})"
            raise NumberError(f"{must}, {found}; give ratios, not logarithms")
    log_ratio = float(np.log(a_versus_common.estimate) - np.log(b_versus_common.estimate))
    widths = (np.log(one.conf_high / one.conf_low) / 2 for one in (a_versus_common, b_versus_common))
    half, z = float(np.hypot(*widths)), norm.ppf(0.5 + conf_level / 2)
    return Interval(log_ratio, float(half / z), log_ratio - half, log_ratio + half).exponential


def disagreement(direct: Interval, indirect: Interval, *, conf_level: float) -> tuple[Interval, float]:
    """Return the ratio of the direct to the indirect comparison, and the p-value that they agree: no proof if wide."""
    ratio = bucher(direct, indirect, conf_level=conf_level)
    return ratio, float(2 * norm.sf(abs(np.log(ratio.estimate)) / ratio.std_error))


def indirect_comparisons(
    against: Mapping[str, pd.DataFrame], common: pd.DataFrame, *, conf_level: float
) -> pd.DataFrame:
    """Return one drug compared with another through a common comparator, one row per source.

    ``against`` holds the first drug against the comparator, by where the ratio comes from: rows of ``combined`` or
    ``MetaAnalysis.estimate``; ``common``, one row, the second drug against it. All limits are of one level. DataFrame
    of ``ESTIMATE_COLUMNS`` and ``source``; ``scale`` is "ratio" where different measures meet.
    """
    if not against:
        raise UnknownError("an indirect comparison needs sources, found none; give {'trials': rows}, say")
    door.words(against, "names of sources")
    rows = {
        source: ratio_row(
            bucher(interval_of(row), interval_of(common), conf_level=conf_level),
            shared_scale(pd.concat([row["scale"], common["scale"]], ignore_index=True)), conf_level, "Bucher",
        )
        for source, row in against.items()
    }  # fmt: skip
    return pd.concat(rows, names=["source"]).reset_index("source")


def agreement(direct: pd.DataFrame, indirect: pd.DataFrame, *, conf_level: float) -> pd.DataFrame:
    """Return the ratio of the direct comparison (one row) to each of ``indirect_comparisons``.

    DataFrame with ``source``, ``scale``, ``estimate``, ``conf_low``, ``conf_high``, ``conf_level`` and
    ``p_value`` of agreement. A wide interval around one is no proof of it.
    """
    door.columns(indirect, ["source"], "indirect comparisons", Interval._fields)
    one, rows = interval_of(direct), []
    for _, row in indirect.iterrows():
        ratio, p_value = disagreement(one, interval_of(row.to_frame().T), conf_level=conf_level)
        limits = (ratio.estimate, ratio.conf_low, ratio.conf_high)
        rows.append((row["source"], "ratio", *limits, conf_level, p_value))
    return pd.DataFrame(rows, columns=["source", "scale", *LIMITS, "conf_level", "p_value"])


def interval_of(row: pd.DataFrame) -> Interval:
    """Return the estimate of the only row; ValueError if there are several or none."""
    door.columns(row, [], "a ratio and its limits", Interval._fields)
    if len(row) != 1:
        raise NumberError(f"a comparison needs one ratio, found {len(row)} rows; choose one")
    return Interval(*(float(row[name].iloc[0]) for name in Interval._fields))
