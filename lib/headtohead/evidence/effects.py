"""What a publication prints: its log ratio and variance, and whether its numbers come out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import norm

from headtohead import door
from headtohead.errors import MissingError, NumberError, UnknownError, cannot

Prefer = Literal["published", "counts"]
NoContrast = Literal["exclude", "half"]
HALF = 0.5  # added to all four cells of a table with an empty one, as metafor does
PUBLISHED_LEVEL = 0.95
DESCRIBED = ["id", "study", "design", "source"]
NO_RATIO = "a ratio needs a study with and without events, none has both; report the counts"
METHODS = {
    "counts": "from the counts",
    "limits": "as printed, standard error from the limits",
    "p-value": "as printed, standard error from the p-value",
    "nothing": cannot("both arms have no event, or only events: no ratio follows"),
}


def log_ratio_of_counts(
    events_drug: np.ndarray, n_drug: np.ndarray, events_control: np.ndarray, n_control: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the log risk ratio of each table and its variance 1/a - 1/n1 + 1/c - 1/n0, shape (k,).

    A half is added to the four cells of a table in which an arm has no event (or only events). Checked: metafor
    ``escalc(measure = "RR")`` (test_effects.py).
    """
    a, n1, c, n0 = (np.asarray(part, float) for part in (events_drug, n_drug, events_control, n_control))
    empty = (a == 0) | (c == 0) | (a == n1) | (c == n0)
    a, c = a + HALF * empty, c + HALF * empty
    n1, n0 = n1 + 2 * HALF * empty, n0 + 2 * HALF * empty
    return np.log(a / n1) - np.log(c / n0), 1 / a - 1 / n1 + 1 / c - 1 / n0


def variance_of_interval(conf_low: np.ndarray, conf_high: np.ndarray, level: float) -> np.ndarray:
    """Return the variance of a log ratio from its limits: ((ln high - ln low) / 2z) squared."""
    z = norm.ppf(0.5 + level / 2)
    return ((np.log(conf_high) - np.log(conf_low)) / (2 * z)) ** 2


def variance_of_p_value(log_effect: np.ndarray, p_value: np.ndarray) -> np.ndarray:
    """Return the variance of a log ratio from its two-sided Wald p-value, (effect / z)^2; coarse if it is rounded."""
    return (log_effect / norm.isf(np.asarray(p_value, float) / 2)) ** 2


def study_effects(
    rows: pd.DataFrame, *, prefer: Prefer, no_contrast: NoContrast = "exclude", conf_level: float = PUBLISHED_LEVEL,
) -> pd.DataFrame:  # fmt: skip
    """Return the log ratio and variance of each published result.

    DataFrame with ``id``, ``study``, ``design``, ``source``, ``measure``, ``basis`` (limits, p-value or
    counts), the four counts, ``log_effect``, ``variance``, the ratio with its limits (``estimate``,
    ``std_error`` of the logarithm, ``conf_low``, ``conf_high``, ``conf_level``, ``scale``, ``method``), and
    ``printed_low``, ``printed_high``: the limits as printed if the variance is theirs, else NaN. Raises
    ValueError if a study has neither; names the first ones.

    ``rows`` are those of the evidence file. ``prefer`` says which to take when a row has both: an adjusted published
    ratio, or the crude risk ratio of the counts, which is on one scale for all studies. A trial without an event in
    either arm, or with nothing else in both, says nothing of a ratio: ``no_contrast`` "exclude" leaves it in the table
    without numbers (Cochrane Handbook 10.4.4; metafor's ``drop00``); "half" adds a half to its cells, which claims equal
    risks, draws a pooled ratio to 1 and narrows its interval. Limits are Wald's.
    """
    door.choice("prefer", prefer, Prefer)
    door.choice("no_contrast", no_contrast, NoContrast)
    door.level(conf_level)
    door.patients(rows, "studies")
    arms = ["n_drug", "deaths_drug", "n_comparator", "deaths_comparator"]
    printed = ["measure", "effect", "conf_low", "conf_high", "p_value"]
    rows = door.columns(rows, [*DESCRIBED, "measure"], "study results", [*printed[1:], *arms])
    _check_values(rows := door.as_float(rows))
    has_counts = rows["deaths_drug"].notna()
    has_effect = rows["effect"].notna() & (rows["conf_low"].notna() | rows["p_value"].notna())
    from_counts = has_counts & (~has_effect if prefer == "published" else True)
    nothing = rows.loc[~from_counts & ~has_effect, "study"]
    if len(nothing):
        must = f"each study needs counts, or a ratio with limits or a p-value, {len(nothing)} have neither"
        raise MissingError(f"{must}, first {list(nothing[:3])}; complete or exclude them")
    log_effect, by_p = np.log(rows["effect"]), rows["conf_low"].isna()
    variance = pd.Series(variance_of_interval(rows["conf_low"], rows["conf_high"], PUBLISHED_LEVEL))
    variance = variance.where(~by_p, variance_of_p_value(log_effect, rows["p_value"]))
    part = rows[from_counts]
    counts = (part[name] for name in ("deaths_drug", "n_drug", "deaths_comparator", "n_comparator"))
    log_effect[from_counts], variance[from_counts] = log_ratio_of_counts(*counts)
    basis = by_p.map({True: "p-value", False: "limits"}).mask(from_counts, "counts")
    if no_contrast == "exclude":
        none = from_counts & no_contrast_in(rows)
        log_effect[none], variance[none], basis[none] = np.nan, np.nan, "nothing"
    limits = rows[["conf_low", "conf_high"]].where(basis == "limits")
    found = rows[DESCRIBED].assign(
        measure=rows["measure"].mask(from_counts, "risk ratio"), basis=basis, **rows[arms],
        log_effect=log_effect.astype(float), variance=variance.astype(float),
        printed_low=limits["conf_low"], printed_high=limits["conf_high"],
    )  # fmt: skip
    se = np.sqrt(found["variance"])
    half = norm.ppf(0.5 + conf_level / 2) * se
    return found.assign(
        scale=found["measure"], estimate=np.exp(found["log_effect"]), std_error=se,
        conf_low=np.exp(found["log_effect"] - half), conf_high=np.exp(found["log_effect"] + half),
        conf_level=conf_level, method=found["basis"].map(METHODS),
    )  # fmt: skip


def no_contrast_in(rows: pd.DataFrame) -> pd.Series:
    """Return whether no patient of either arm has the event, or every one has."""
    spared = (rows["deaths_drug"] == 0) & (rows["deaths_comparator"] == 0)
    everyone = (rows["deaths_drug"] == rows["n_drug"]) & (rows["deaths_comparator"] == rows["n_comparator"])
    return spared | everyone


def possible_counts(rows: pd.DataFrame) -> pd.Series:
    """Return whether counts, if known, are whole numbers between 0 and the patients of their arm."""
    possible = pd.Series(True, rows.index)
    for arm in ("drug", "comparator"):
        deaths, n = rows[f"deaths_{arm}"], rows[f"n_{arm}"]
        whole = (deaths % 1 == 0) & (n % 1 == 0)
        possible &= deaths.isna() | (whole & (n > 0) & deaths.between(0, n))
    return possible


def _check_values(rows: pd.DataFrame) -> None:
    """Raise NumberError where a count, a ratio, a limit or a p-value cannot be one."""
    limits = rows["conf_low"].isna() | ((rows["conf_low"] > 0) & (rows["conf_low"] < rows["conf_high"]))
    p_values = rows["p_value"].isna() | ((rows["p_value"] > 0) & (rows["p_value"] < 1))
    effects = rows["effect"].isna() | (rows["effect"] > 0)
    inside = rows["effect"].between(rows["conf_low"], rows["conf_high"])
    effects &= rows[["effect", "conf_low"]].isna().any(axis=1) | inside
    wrong = ~(possible_counts(rows) & limits & p_values & effects).to_numpy(bool)
    if wrong.any():
        must = "counts must lie between 0 and the patients and be whole, ratios within ascending limits"
        found = door.wrong_rows(wrong, pd.Index(rows["study"].tolist()))
        raise NumberError(f"{must} above 0, p-values between 0 and 1, {found}; correct or exclude them")


def reproduction(reference: pd.DataFrame, ours: Mapping[str, float]) -> pd.DataFrame:
    """Return each printed number, ours, and their difference.

    DataFrame with ``number`` (the id), ``part`` ("published", "ours", "difference": ours minus published),
    ``scale``, ``estimate`` and ``method``: "reproduced" if ours rounds to the printed number, else "differs".
    Raises ValueError if a reference value has no counterpart. ``reference`` has ``id`` and ``printed``, the number as text
    with its decimals, one row per number; ``ours`` may hold more.
    """
    door.columns(reference, ["id", "printed"], "reference values")
    unknown = [name for name in reference["id"] if name not in ours]
    if unknown:
        must = f"each reference value needs one of ours, {len(unknown)} have none"
        raise UnknownError(f"{must}, first {unknown[:3]}; correct the id")
    rows = []
    for name, printed in zip(reference["id"], reference["printed"], strict=True):
        if not isinstance(printed, str) or pd.isna(pd.to_numeric(printed, errors="coerce")):
            raise NumberError(
                f"reference values must be numbers as text, found {printed!r}; give '0.85', say"
            )
        published, new = float(printed), float(ours[name])
        verdict = "reproduced" if round(new, decimals(printed)) == published else "differs"
        rows += [
            (name, "published", "reference value", published, verdict),
            (name, "ours", "reference value", new, verdict),
            (name, "difference", "deviation", new - published, verdict),
        ]
    return pd.DataFrame(rows, columns=["number", "part", "scale", "estimate", "method"])


def decimals(printed: str) -> int:
    """Return how many decimals a printed number has."""
    return len(printed.partition(".")[2])
