"""The result of a meta-analysis, what it says as rows, and two drugs compared through a common comparator.

Bucher, Guyatt, Griffith & Walter (1997) J Clin Epidemiol 50:683-691. doi:10.1016/S0895-4356(97)00049-8
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from headtohead import door
from headtohead.errors import NumberError, UnknownError
from headtohead.outcomes.estimate import Interval, estimate_row

LIMITS = ("estimate", "conf_low", "conf_high")
ARMS = {"treated": ("deaths_drug", "n_drug"), "control": ("deaths_comparator", "n_comparator")}


@dataclass(frozen=True, slots=True)
class MetaAnalysis:
    """A pooled effect on the log scale, with how much the studies differ.

    ``k``: studies. ``log_effect``: mean effect with limits, logarithms. ``prediction``: limits for the effect in a
    new study, from Student's t with k - 2 degrees of freedom and the variance tau2 + 1 / sum(w); NaN below three
    studies. ``tau2``: variance between studies, with its Q-profile interval, NaN where that is empty. ``i2``: share of
    the variation beyond chance, (Q - k + 1) / Q, the same for every ``tau2``. ``q``: Cochran's Q, with the p-value of
    homogeneity. ``weights``: share of each study; adds to 1. ``studies``: what was pooled, see ``study_effects``, with
    the ``weight`` of each; None if arrays were pooled.
    """

    k: int
    log_effect: Interval
    prediction: tuple[float, float]
    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    q: float
    q_p_value: float
    weights: np.ndarray
    conf_level: float
    tau2_method: str
    interval_method: str
    studies: pd.DataFrame | None = None

    @property
    def ratio(self) -> Interval:
        """The pooled ratio; its standard error is that of the logarithm."""
        return self.log_effect.exponential

    @property
    def method(self) -> str:
        """How studies were pooled, in words."""
        return f"random effects, tau2 by {self.tau2_method}, interval {self.interval_method}"

    @property
    def scale(self) -> str:
        """The measure that all studies share, or "ratio"."""
        return shared_scale(self._pooled()["measure"])

    def _studies(self) -> pd.DataFrame:
        if self.studies is None:
            raise ValueError("what studies found is needed, arrays were pooled; pool with meta_analysis(...)")
        return self.studies

    def _pooled(self) -> pd.DataFrame:
        return self._studies()[self._studies()["weight"] > 0]

    def estimate(self) -> pd.DataFrame:
        """Return the pooled ratio as one row of ``ESTIMATE_COLUMNS``."""
        return ratio_row(self.ratio, self.scale, self.conf_level, self.method)

    def heterogeneity(self) -> pd.DataFrame:
        """Return rows of ``ESTIMATE_COLUMNS`` and ``part``: "prediction" (limits of a new study), "k", "i2", "tau2" or "q"."""
        low, high = np.exp(self.prediction)
        limits = {"conf_low": low, "conf_high": high, "conf_level": self.conf_level}
        between = {"conf_low": self.tau2_low, "conf_high": self.tau2_high, "conf_level": self.conf_level}
        new = "prediction interval for a new study"
        rows = {
            "prediction": estimate_row(scale=self.scale, estimate=self.ratio.estimate, method=new, **limits),
            "k": estimate_row(scale="count", estimate=self.k, method=self.method),
            "i2": estimate_row(scale="risk", estimate=self.i2, method=self.method),
            "tau2": estimate_row(scale="tau squared", estimate=self.tau2, method=self.method, **between),
            "q": estimate_row(scale="chi-square", estimate=self.q, method=self.method),
        }
        if self.k < 3:
            del rows["prediction"]
        return pd.DataFrame(list(rows.values())).assign(part=list(rows))

    def totals(self) -> pd.Series:
        """Return patients ("n") and deaths ("deaths") of all pooled studies; NaN if a study does not give them."""
        counts = self._pooled()[[name for names in ARMS.values() for name in names]].sum(skipna=False)
        both = {what: counts[f"{what}_drug"] + counts[f"{what}_comparator"] for what in ("n", "deaths")}
        return pd.Series(both)

    def shares(self) -> pd.Series:
        """Return the weight of each study in percent, by its ``id``."""
        return 100 * self._studies().set_index("id")["weight"]

    def risks(self) -> pd.DataFrame:
        """Return the risk of each arm, all pooled studies added: rows of ``ESTIMATE_COLUMNS`` and ``arm``."""
        total = self._pooled().sum(numeric_only=True, skipna=False)
        said = "deaths and patients of all trials added, without an interval: trials differ"
        sums = [(total[events], total[n]) for events, n in ARMS.values()]
        rows = [estimate_row(scale="risk", estimate=d / n, n=n, events=d, method=said) for d, n in sums]
        return pd.DataFrame(rows).assign(arm=list(ARMS))

    def risk_difference(self) -> pd.DataFrame:
        """Return the difference that the pooled risk ratio makes to the added risk of the comparator, one row."""
        risk = self.risks().set_index("arm").at["control", "estimate"]
        said = "pooled risk ratio applied to the risk with usual care, which is taken as known"
        return _applied(self.estimate(), risk).assign(method=said)


def absolute_effect(ratio: pd.DataFrame, risk: float) -> pd.DataFrame:
    """Return the risk difference that ratios make to ``risk``, which is taken as known: rows of ``ESTIMATE_COLUMNS``.

    (ratio - 1) * risk, for estimate and limits. Right for risk ratios; near for other ratios while few have the event.
    Raises ValueError if the risk is no share between 0 and 1, or a ratio is not above 0.
    """
    ratio = door.columns(ratio, [], "ratios", [*LIMITS, "conf_level"])
    door.between("risk", risk)
    for value in ratio["estimate"]:
        door.positive("estimate", value)
    return _applied(ratio, risk)


def _applied(ratio: pd.DataFrame, risk: float) -> pd.DataFrame:
    said, rows = "ratio applied to the risk of the comparator", []
    for _, row in ratio.iterrows():
        limits = {name: (row[name] - 1) * risk for name in LIMITS} | {"conf_level": row["conf_level"]}
        rows.append(estimate_row(scale="risk difference", method=said, **limits))
    return pd.DataFrame(rows)


def shared_scale(measures: pd.Series) -> str:
    """Return the one measure, or "ratio" if there are several."""
    return str(measures.iloc[0]) if measures.nunique() == 1 else "ratio"


def ratio_row(ratio: Interval, scale: str, conf_level: float, method: str) -> pd.DataFrame:
    """Return a ratio with its limits as one row of ``ESTIMATE_COLUMNS``."""
    return pd.DataFrame([estimate_row(scale=scale, **ratio._asdict(), conf_level=conf_level, method=method)])


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
            bucher(*(interval_of(one, conf_level) for one in (row, common)), conf_level=conf_level),
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
    indirect = door.columns(indirect, ["source"], "indirect comparisons", Interval._fields)
    one, rows = interval_of(direct, conf_level), []
    for _, row in indirect.iterrows():
        ratio, p_value = disagreement(one, interval_of(row.to_frame().T, conf_level), conf_level=conf_level)
        limits = (ratio.estimate, ratio.conf_low, ratio.conf_high)
        rows.append((row["source"], "ratio", *limits, conf_level, p_value))
    return pd.DataFrame(rows, columns=["source", "scale", *LIMITS, "conf_level", "p_value"])


def interval_of(row: pd.DataFrame, conf_level: float) -> Interval:
    """Return the estimate of the only row; ValueError if there are several or none, or its limits are of another level."""
    door.level(conf_level)
    row = door.columns(row, [], "a ratio and its limits", Interval._fields)
    if len(row) != 1:
        raise NumberError(f"a comparison needs one ratio, found {len(row)} rows; choose one")
    if "conf_level" in row and not np.isclose(found := float(row["conf_level"].iloc[0]), conf_level):
        raise NumberError(
            f"all limits must be of the level {conf_level:g}, found {found:g}; pool again at one level"
        )
    return Interval(*(float(row[name].iloc[0]) for name in Interval._fields))
