"""What a contract of a table is, and that between a hospital's data and this library: ``data/dictionary.csv``.

The dictionary says for every column what it is, its unit, its plausible range and whether it belongs before
or after time zero. This module turns it into checks; nothing else decides whether a value is acceptable.
"""

import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from study.data.reading import ContractError, are_numbers, as_numbers

NUMERIC = ("number", "integer", "binary")  # types of the dictionary

MIN_ROWS_FOR_MEDIAN = 30
NOT_NUMBERS = "numbers only"
SAID = {
    "not_nullable": "a value in every row",
    "field_uniqueness": "each value once",
}  # of pandera's own rules
ONE_ORIGIN = "the same value of synthetic: made-up and real patients in one cohort would be shown as real"
# heavy: else each chapter's process would load them
pa.DataFrameSchema.register_default_backends(pd.DataFrame)
END_DAY = {"dead": "death_day", "discharged": "discharge_day", "transferred": "transfer_day"}


def _plain_id(text: object) -> str:
    return "".join(unicodedata.normalize("NFKC", str(text)).casefold().split())


ROW_RULES: dict[str, Any] = {  # what must hold across columns, in words
    **{f"{day} no later than followup_day": lambda f, day=day: ~(f[day] > f["followup_day"])
       for day in ("icu_day", "imv_day", "stop_day", "rescue_day")},
    **{f"{day} equal to followup_day when end_state is {state}":
       lambda f, state=state, day=day: (f["end_state"] != state) | (f[day] == f["followup_day"])
       for state, day in END_DAY.items()},
    **{f"{day} empty unless end_state is {state}":
       lambda f, state=state, day=day: (f["end_state"] == state) | f[day].isna()
       for state, day in END_DAY.items()},
    "icu_day no later than imv_day": lambda f: ~(f["icu_day"] > f["imv_day"]),
    "an id that differs from the others in more than capitals, width and spaces":
        lambda f: ~f["patient_id"].map(_plain_id).duplicated() | f["patient_id"].duplicated(),
    ONE_ORIGIN: lambda f: f["synthetic"].nunique() < 2,
    "high_flow_oxygen in agreement with o2_device":
        lambda f: (f["high_flow_oxygen"] == 1) == f["o2_device"].isin(["high flow", "non-invasive"]),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contract:
    """What a table must hold: its ``columns``, its ``rules`` across them in words; ``by`` names the rows."""

    what: str
    home: str  # where its columns are described
    by: str
    columns: Mapping[str, pa.Column]
    numbers: Collection[str]
    rules: Mapping[str, Callable[[pd.DataFrame], pd.Series]]

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with its numbers as numbers, or raise ``ContractError`` with every violation."""
        missing = [name for name in self.columns if name not in frame]
        problems = [f"column {name}: is required, not in the file; add it ({self.home})" for name in missing]
        problems += [
            f"column {name}: is not in {self.home}; describe it there or drop it"
            for name in frame if name not in self.columns
        ]  # fmt: skip
        if not missing:
            frame = frame.assign(**{name: as_numbers(frame[name]) for name in self.numbers})
            rows = frame.reset_index(drop=True)  # failure cases name positions
            problems += [self._sentence(*rule, at, rows) for rule, at in self._broken(rows).items()]
        if problems:
            lines = "".join(f"\n  - {problem}" for problem in problems)
            raise ContractError(f"{self.what} breaks its contract in {len(problems)} place(s):{lines}")
        return frame

    def faults(
        self, frame: pd.DataFrame, shown: Mapping[str, Collection[str]], first: int = 0
    ) -> list[tuple[int, str]]:
        """Return each fault of each row: its position and one line, with the cells that ``shown`` names for its rule.

        All columns must be there; numbers that are none stay text. Rows are counted in the lines from ``first``.
        """
        rows, found = frame.reset_index(drop=True), []
        rows = rows.assign(**{name: as_numbers(rows[name]) for name in self.numbers})
        for (column, rule), places in self._broken(rows).items():
            named = shown.get(rule, ()) if column == "row" else (column,)
            for at in places:
                cells = ", ".join(f"{name} {_said(rows.at[at, name])}" for name in named)
                must = f"must have {SAID.get(rule, rule)}, found {cells or 'that it has not'}; correct or leave it out"
                found.append((int(at), f"row {at + 1 - first} ({_said(rows.at[at, self.by])}): {must}"))
        return sorted(found, key=lambda fault: fault[0])

    def _broken(self, rows: pd.DataFrame) -> dict[tuple[str, str], np.ndarray]:
        """Return the places of the rows that break each rule, by column and words, in the order of the columns.

        The column of the rules across columns is "row"; they stand last. No place: the column as a whole breaks it.
        """
        numeric = {name: are_numbers(rows[name]) for name in self.numbers}
        words = {name: rows.index[~known] for name, known in numeric.items() if not known.all()}
        known = rows.assign(**{name: rows[name].where(numeric[name]).astype(float) for name in words})
        columns = {name: column for name, column in self.columns.items() if name not in words}
        checks = [pa.Check(holds, error=said) for said, holds in self.rules.items()]
        cases = _failing(pa.DataFrameSchema(columns, checks=checks), known)
        cases["column"] = cases["column"].where(cases["schema_context"] == "Column", "row")
        broken = {(name, NOT_NUMBERS): found for name, found in words.items()}
        broken |= {key: group["index"] for key, group in cases.groupby(["column", "check"], sort=False)}
        order = [*self.columns, "row"]
        return {
            (column, str(rule)): pd.Series(found).dropna().astype(int).sort_values().unique()
            for (column, rule), found in sorted(broken.items(), key=lambda item: order.index(item[0][0]))
        }

    def _sentence(self, column: str, rule: str, rows: np.ndarray, frame: pd.DataFrame) -> str:
        """Return what must hold, in how many rows it does not, and the first ids and values."""
        subject = "each row" if column == "row" else f"column {column}"
        must = f"{subject}: must have {SAID.get(rule, rule)};"
        if not len(rows):
            return f"{must} the column as a whole has not"
        ids = ", ".join(map(str, frame[self.by].iloc[rows[:3]]))
        first = frame[column].iloc[rows[:3]] if column in frame else ()
        values = ", ".join("nothing" if pd.isna(value) else f"{value}" for value in first)
        return f"{must} {len(rows)} row(s) have not, first {ids}" + (f" ({values})" if len(first) else "")


def _said(value: object) -> str:
    known = f"{value:g}" if isinstance(value, float) else f"{value}"
    return "nothing" if pd.isna(value) or value == "" else known


def _failing(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the cases that break a schema, none if it holds; ``column`` and ``check`` name the rule."""
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        return error.failure_cases
    return pd.DataFrame(columns=["schema_context", "column", "check", "index"])


def validate_cohort(frame: pd.DataFrame, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Return the cohort indexed by patient and sorted, after checking every rule; see ``Contract.check``."""
    columns = {row.name: _column(row) for row in dictionary.itertuples(index=False)}
    numbers = list(dictionary.loc[dictionary["type"].isin(NUMERIC), "name"])
    contract = Contract("the cohort", "data/dictionary.csv", "patient_id", columns, numbers, ROW_RULES)
    return contract.check(frame).set_index("patient_id").sort_index()


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


def baseline_columns(dictionary: pd.DataFrame) -> list[str]:
    """Return the columns a propensity score may use: measured at or before time zero."""
    return list(dictionary.loc[dictionary["role"].isin(["baseline", "site", "period"]), "name"])


def require_baseline(columns: list[str], dictionary: pd.DataFrame) -> pd.DataFrame:
    """Return the dictionary after checking that every named column is known and belongs at or before time zero."""
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
