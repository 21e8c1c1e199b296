"""The contract between a hospital's data and this library.

``data/dictionary.csv`` says for every column what it is, its unit, its plausible range and whether it
belongs before or after time zero. This module turns that file into checks; nothing else in the library
decides whether a value is acceptable.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pandera.pandas as pa

from study.data.reading import ContractError, as_numbers, is_number

NUMERIC = ("number", "integer", "binary")  # types of the dictionary

MIN_ROWS_FOR_MEDIAN = 30
NOT_NUMBERS = "numbers only"
ONE_ORIGIN = "the same value of synthetic: made-up and real patients in one cohort would be shown as real"
END_DAY = {"dead": "death_day", "discharged": "discharge_day", "transferred": "transfer_day"}


def validate_cohort(frame: pd.DataFrame, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Return the cohort indexed by patient after checking every rule of the contract.

    Parameters
    ----------
    frame : DataFrame, one row per patient
        Columns as named in the dictionary; days count from time zero, the first dose.
    dictionary : DataFrame
        ``data/dictionary.csv``, see its header for the meaning of each field.

    Returns
    -------
    DataFrame indexed by ``patient_id`` and sorted by it, so that no result depends on row order.

    Raises
    ------
    ContractError
        If any column is missing or unknown, or any value breaks a rule; all violations in one message.
    """
    missing = [name for name in dictionary["name"] if name not in frame]
    unknown = [name for name in frame if name not in set(dictionary["name"])]
    problems = [
        f"column {name}: is required, not in the file; add it (data/dictionary.csv)" for name in missing
    ]
    problems += [
        f"column {name}: is not in data/dictionary.csv; describe it there or drop it" for name in unknown
    ]
    if not missing:
        frame = frame.assign(**{name: as_numbers(frame[name]) for name in _numbers(dictionary)})
        problems += _violations(frame, dictionary)
    if problems:
        raise ContractError(listed("the cohort", problems))
    return frame.set_index("patient_id").sort_index()


def listed(what: str, problems: list[str]) -> str:
    """Return the message that names every broken rule of a contract."""
    lines = "".join(f"\n  - {problem}" for problem in problems)
    return f"{what} breaks its contract in {len(problems)} place(s):{lines}"


def failing(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the cases that break a schema, none if it holds; ``column`` and ``check`` name the rule."""
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        return error.failure_cases
    return pd.DataFrame(columns=["schema_context", "column", "check", "index"])


def _violations(frame: pd.DataFrame, dictionary: pd.DataFrame) -> list[str]:
    """Return one sentence per broken rule: what must hold, how many rows, the first ids and values."""
    rows = frame.reset_index(drop=True)  # failure cases name positions
    words = {name: rows.index[~_numeric(rows[name])] for name in _numbers(dictionary)}
    words = {name: found for name, found in words.items() if len(found)}
    known = rows.assign(**{name: rows[name].where(_numeric(rows[name])).astype(float) for name in words})
    columns = {row.name: _column(row) for row in dictionary.itertuples(index=False) if row.name not in words}
    cases = failing(pa.DataFrameSchema(columns, checks=_row_rules()), known)
    cases["column"] = cases["column"].where(cases["schema_context"] == "Column", "row")
    broken = {(name, NOT_NUMBERS): found for name, found in words.items()}
    broken |= {key: group["index"] for key, group in cases.groupby(["column", "check"], sort=False)}
    order = {name: i for i, name in enumerate(dictionary["name"])}
    ranked = sorted(broken, key=lambda key: order.get(key[0], len(order)))
    return [_sentence(column, str(rule), broken[column, rule], rows) for column, rule in ranked]


def _numbers(dictionary: pd.DataFrame) -> list[str]:
    return list(dictionary.loc[dictionary["type"].isin(NUMERIC), "name"])


def _numeric(values: pd.Series) -> pd.Series:
    return values.isna() | values.map(is_number)


def _sentence(column: str, rule: str, index: Any, frame: pd.DataFrame) -> str:
    """Return what must hold, in how many rows it does not, and the first ids and values."""
    subject = "each row" if column == "row" else f"column {column}"
    rows = pd.Series(index).dropna().astype(int).sort_values().unique()
    if not len(rows):
        return f"{subject}: must have {_said(rule)}; the column as a whole has not"
    ids = ", ".join(str(value) for value in frame["patient_id"].iloc[rows[:3]])
    first = frame[column].iloc[rows[:3]] if column in frame else ()
    values = (
        f" ({', '.join('nothing' if pd.isna(value) else f'{value}' for value in first)})"
        if len(first)
        else ""
    )
    return f"{subject}: must have {_said(rule)}; {len(rows)} row(s) have not, first {ids}{values}"


def _said(rule: str) -> str:
    """Return pandera's own rule names in words; our rules are phrases already."""
    words = {"not_nullable": "a value in every row", "field_uniqueness": "each value once"}
    return words.get(rule, rule)


def _column(row: Any) -> pa.Column:
    """Return the schema of one dictionary row."""
    checks = []
    if row.type == "binary":
        checks.append(pa.Check.isin([0, 1], error="0 or 1"))
    if row.type == "integer":
        checks.append(pa.Check(lambda s: s == s.round(), error="whole numbers"))
    if pd.notna(row.low):
        text = f"values from {row.low:g} to {row.high:g} {row.unit}".strip()
        checks.append(pa.Check.in_range(row.low, row.high, error=text))
    if pd.notna(row.median_low):
        checks.append(_median_check(row.median_low, row.median_high, row.unit))
    if row.levels:
        levels = row.levels.split("|")
        checks.append(pa.Check.isin(levels, error="one of " + ", ".join(levels)))
    return pa.Column(checks=checks, nullable=row.missing_allowed == "yes", unique=row.type == "id")


def _median_check(low: float, high: float, unit: str) -> pa.Check:
    """Return the check that catches a slip of units, which no single value would reveal."""
    return pa.Check(
        lambda s: s.count() < MIN_ROWS_FOR_MEDIAN or low <= s.median() <= high,
        error=f"a median between {low:g} and {high:g} {unit}".strip() + " (check the unit)",
    )


def _row_rules() -> list[pa.Check]:
    """Return the rules that tie columns together, each with what must hold, in words."""
    rules: dict[str, Any] = {}
    for day in ("icu_day", "imv_day", "stop_day", "rescue_day"):
        rules[f"{day} no later than followup_day"] = lambda f, day=day: (
            f[day].isna() | (f[day] <= f["followup_day"])
        )
    for state, day in END_DAY.items():
        rules[f"{day} equal to followup_day when end_state is {state}"] = lambda f, state=state, day=day: (
            (f["end_state"] != state) | (f[day] == f["followup_day"])
        )
    for state, day in END_DAY.items():
        rules[f"{day} empty unless end_state is {state}"] = lambda f, state=state, day=day: (
            (f["end_state"] == state) | f[day].isna()
        )
    rules["icu_day no later than imv_day"] = lambda f: (
        f["imv_day"].isna() | f["icu_day"].isna() | (f["icu_day"] <= f["imv_day"])
    )
    rules["an id that differs from the others in more than capitals"] = lambda f: (
        ~f["patient_id"].astype(str).str.casefold().duplicated() | f["patient_id"].duplicated()
    )
    rules[ONE_ORIGIN] = lambda f: f["synthetic"].nunique() < 2
    rules["high_flow_oxygen in agreement with o2_device"] = lambda f: (
        (f["high_flow_oxygen"] == 1) == f["o2_device"].isin(["high flow", "non-invasive"])
    )
    return [pa.Check(holds, error=said) for said, holds in rules.items()]


def baseline_columns(dictionary: pd.DataFrame) -> list[str]:
    """Return the columns a propensity score may use: measured at or before time zero."""
    return list(dictionary.loc[dictionary["role"].isin(["baseline", "site", "period"]), "name"])


def require_baseline(columns: list[str], dictionary: pd.DataFrame) -> pd.DataFrame:
    """Return the dictionary after checking that every named column may enter a baseline model.

    Raises
    ------
    ContractError
        If a column is unknown or belongs after time zero.
    """
    known, allowed = dictionary.set_index("name"), baseline_columns(dictionary)
    for column in columns:
        if column not in known.index:
            raise ContractError(
                f"covariates must be columns of the cohort, {column!r} is not in data/dictionary.csv; "
                f"correct the name in protocol.toml or describe the column there"
            )
        if column not in allowed:
            raise ContractError(
                f"covariates must be measured at or before time zero, {column!r} has the role "
                f"{known.loc[column, 'role']!r} and the window {known.loc[column, 'window']!r}; "
                f"remove it from protocol.toml: it may be a consequence of the drug"
            )
    return dictionary
