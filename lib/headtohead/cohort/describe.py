"""Who the patients are: eligibility, Table 1, missing values, and who was treated where and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import EmptyArmError

Cells = dict[str, object]
RULES: dict[str, Callable[[pd.Series, Any], pd.Series]] = {
    "present": lambda values, _: values.notna(),
    "equal": lambda values, value: values == value,
    "at least": lambda values, value: values >= value,
}


def table_one(
    frame: pd.DataFrame, treated: pd.Series, columns: Sequence[str], dictionary: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the crude baseline comparison, one row per number variable or level of a category.

    A data dictionary (``name``, ``label``, ``unit``, ``type``, ``levels``) gives labels, units and the order of levels;
    without one, columns are labelled by their names, and numbers other than 0 and 1 are numbers.

    DataFrame with ``column``, ``label``, ``unit``, ``level`` (empty for numbers), and for each arm (suffix
    ``_treated`` and ``_control``): ``n`` not missing, ``missing``, ``centre`` and ``low``, ``high`` (median
    and quartiles for numbers; count and percent, NaN for categories); ``smd`` over the pooled standard
    deviation. No p-value: a baseline table describes a sample, it tests nothing.
    """
    door.patients(frame, "the frame")
    treated = door.arms(door.aligned(treated, frame.index, "the frame"))
    columns, frame = door.named(frame, columns, "columns of the table"), door.as_float(frame)
    if dictionary is not None:
        door.columns(dictionary, ["name", "label", "unit", "type", "levels"], "the dictionary")
        door.columns(dictionary.set_index("name").T, columns, "entries of the dictionary")
    known = (_dictionary_of(frame, columns) if dictionary is None else dictionary).set_index("name")
    rows: list[Cells] = []
    for column in columns:
        entry = known.loc[column]
        head = {"column": column, "label": entry["label"], "unit": entry["unit"]}
        number = entry["type"] in ("number", "integer")
        parts = _number_rows if number else _category_rows
        rows += [{**head, **row} for row in parts(frame[column], treated, entry["levels"])]
    return pd.DataFrame(rows)


def _dictionary_of(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    numbers = [
        pd.api.types.is_numeric_dtype(frame[name]) and not frame[name].dropna().isin([0, 1]).all()
        for name in columns
    ]
    kinds = np.where(numbers, "number", "category")
    return pd.DataFrame({"name": columns, "label": columns, "unit": "", "type": kinds, "levels": ""})


def _number_rows(values: pd.Series, treated: pd.Series, _levels: str) -> list[Cells]:
    found = door.squarable(door.numbers(values, "a covariate", missing=True))
    row: Cells = {"level": "", "smd": crude_smd(found, treated)}
    for arm, mine in (("treated", values[treated]), ("control", values[~treated])):
        low, centre, high = mine.quantile([0.25, 0.5, 0.75])
        row |= _cells(arm, mine, centre, low, high)
    return [row]


def _cells(arm: str, mine: pd.Series, centre: float, low: float, high: float) -> Cells:
    found: Cells = {"n": int(mine.count()), "missing": int(mine.isna().sum())}
    found |= {"centre": centre, "low": low, "high": high}
    return {f"{name}_{arm}": value for name, value in found.items()}


def _category_rows(values: pd.Series, treated: pd.Series, levels: str) -> list[Cells]:
    """Return one row per level; a binary variable gives the row of its 1."""
    binary = set(values.dropna().unique()) <= {0, 1}
    known = [] if binary else door.levels(values)
    order = [1] if binary else (levels.split("|") if levels else sorted(known))
    rows, smd = [], category_smd(values, treated)
    for level in order:
        row: Cells = {"level": "" if binary else str(level), "smd": smd}
        for arm, mine in (("treated", values[treated]), ("control", values[~treated])):
            count, n = int((mine == level).sum()), int(mine.count())
            row |= _cells(arm, mine, count, 100 * count / n if n else np.nan, np.nan)
        rows.append(row)
    return rows


def crude_smd(values: pd.Series, treated: pd.Series) -> float:
    """Return the mean difference over the pooled standard deviation, NaN where an arm has one value; missing left out."""
    a, b = values[treated].dropna(), values[~treated].dropna()
    spread = np.sqrt((a.var() + b.var()) / 2)
    gap = float(a.mean() - b.mean())
    return gap / float(spread) if spread != 0 or np.isnan(gap) else 0.0


def category_smd(values: pd.Series, treated: pd.Series) -> float:
    """Return the Mahalanobis distance of two arms' shares of a category (Yang & Dalton 2012, see ``balance.py``)."""
    levels = sorted(values.dropna().unique(), key=str)[1:]
    if not levels:
        return 0.0 if values.notna().any() else np.nan
    arms = (values[treated].dropna(), values[~treated].dropna())
    shares = [np.array([(mine == level).mean() for level in levels]) for mine in arms]
    return distance_of_shares(shares, shares)


def distance_of_shares(shares: Sequence[np.ndarray], crude: Sequence[np.ndarray]) -> float:
    """Return the Mahalanobis distance of two arms' shares of all levels but one, given those of the unadjusted arms."""
    covariance = sum((np.diag(x) - np.outer(x, x) for x in crude), np.zeros((len(crude[0]),) * 2)) / 2
    gap = shares[0] - shares[1]
    return float(np.sqrt(gap @ np.linalg.pinv(covariance) @ gap))


def missingness(frame: pd.DataFrame, columns: Sequence[str], *, by: Sequence[str]) -> pd.DataFrame:
    """Return per column and stratum the number and percent of patients with no value."""
    door.patients(frame, "the frame")
    columns, by = door.named(frame, columns, "columns"), door.named(frame, by, "strata")
    rows = [
        (*key, column, len(part), int(part[column].isna().sum()))
        for key, part in door.as_float(frame).groupby(list(by), observed=True)
        for column in columns
    ]
    table = pd.DataFrame(rows, columns=[*by, "column", "n", "missing"])
    return table.assign(percent=100 * table["missing"] / table["n"])


def arm_by_stratum(frame: pd.DataFrame, treated: pd.Series, *, by: Sequence[str]) -> pd.DataFrame:
    """Return how many patients of each arm each stratum holds, empty strata included."""
    door.patients(frame, "the frame")
    treated = door.arms(door.aligned(treated, frame.index, "the frame"))
    by, frame = door.named(frame, by, "strata"), door.as_float(frame)
    counts = pd.crosstab([frame[name] for name in by], treated)
    counts = counts.rename(columns={True: "treated", False: "control"})
    full = counts.reindex(columns=["treated", "control"], fill_value=0)
    if len(by) > 1:
        levels = full.index.remove_unused_levels().levels
        full = full.reindex(pd.MultiIndex.from_product(levels), fill_value=0)
    return full.reset_index().assign(n=lambda t: t["treated"] + t["control"])


@runtime_checkable
class Criterion(Protocol):
    """What an eligibility criterion must say."""

    @property
    def excludes(self) -> str: ...  # noqa: D102
    @property
    def column(self) -> str: ...  # noqa: D102
    @property
    def rule(self) -> str: ...  # noqa: D102
    @property
    def value(self) -> float | int | str | None: ...  # noqa: D102


def apply_eligibility(
    frame: pd.DataFrame, criteria: Sequence[Criterion], *, arm: str, treated: str, control: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the eligible patients and how many each criterion removed from each arm.

    Of everyone in the frame, ``treated`` and ``control`` are the values of the column ``arm`` that name the arms. Criteria
    are applied in order; a patient is counted at the first one failed. The eligible patients have the bool column
    ``treated``; the other DataFrame has ``step`` (0 = everyone), ``label`` (whom the step excludes), ``arm``,
    ``n_excluded`` and ``n_remaining``. Raises EmptyArmError if an arm is empty at the end.
    """
    door.patients(frame, "the frame")
    door.columns(frame, [arm, *(each.column for each in criteria)], "eligibility and arms")
    for each in criteria:
        door.choice(f"the rule on {each.column!r}", each.rule, RULES)
    current, names = frame[door.as_float(frame[arm]).isin([treated, control])], (treated, control)
    rows = [_step(0, "started one of the two drugs", current, current, arm, name) for name in names]
    for step, criterion in enumerate(criteria, start=1):
        kept = current[RULES[criterion.rule](door.as_float(current[criterion.column]), criterion.value)]
        rows += [_step(step, criterion.excludes, current, kept, arm, name) for name in names]
        current = kept
    for name in names:
        if not (current[arm] == name).any():
            raise EmptyArmError(
                f"each arm needs at least one eligible patient, {name!r} in column {arm!r} has none of "
                f"{len(frame)} patients; check the arm names and the eligibility rules in protocol.toml"
            )
    return current.assign(treated=current[arm] == treated), pd.DataFrame(rows)


def _step(step: int, label: str, before: pd.DataFrame, after: pd.DataFrame, arm: str, name: str) -> Cells:
    remaining = int((after[arm] == name).sum())
    excluded = int((before[arm] == name).sum()) - remaining
    return {"step": step, "label": label, "arm": name, "n_excluded": excluded, "n_remaining": remaining}
