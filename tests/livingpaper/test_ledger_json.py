"""The ledger as JSON, and its schema."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from livingpaper.build.project import Project
from livingpaper.exports.exports import as_bytes, check_ledger_json, ledger_json, ledger_schema
from livingpaper.ledger.ledger import LEDGER_COLUMNS, LedgerError, read_ledger


@pytest.fixture(scope="module")
def ledger(project: Project) -> pd.DataFrame:
    return read_ledger(project.ledger)


def test_the_schema_is_a_schema_and_describes_every_column() -> None:
    schema = ledger_schema()
    Draft202012Validator.check_schema(schema)
    number = schema["properties"]["numbers"]["items"]
    assert tuple(number["properties"]) == LEDGER_COLUMNS
    assert number["required"] == list(LEDGER_COLUMNS)


def test_the_present_ledger_keeps_the_schema_and_loses_nothing(ledger: pd.DataFrame) -> None:
    document = json.loads(as_bytes(ledger_json(ledger, title="T", version="1.0.0")))
    Draft202012Validator(ledger_schema()).validate(document)  # jsonschema's own judgement
    back = pd.DataFrame(document["numbers"]).set_index("id", drop=False)
    for column in LEDGER_COLUMNS:
        assert [None if pd.isna(v) else v for v in ledger[column]] == [
            None if pd.isna(v) else v for v in back[column]
        ]


def test_missing_is_null_and_whole_numbers_are_whole(ledger: pd.DataFrame) -> None:
    document = ledger_json(ledger.loc[["cohort.eligible.n"]], title="T", version="1.0.0")
    [number] = document["numbers"]
    assert (number["estimate"], number["conf_low"], number["estimand"]) == (342, None, None)
    assert '"estimate": 342,' in as_bytes(document).decode()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("origin", "guessed", r"cohort.eligible.n.origin: 'guessed' is not one of"),
        ("conf_level", 95.0, r"conf_level: 95 is greater than or equal to the maximum of 1"),
        ("n", -1.0, r"n: -1 is less than the minimum of 0"),
        ("code", "somewhere", "code: 'somewhere' does not match"),
        ("text", "", "text: '' should be non-empty"),
        ("estimate", float("inf"), "cannot convert float infinity to integer|Out of range"),
    ],
)
def test_a_broken_number_is_named(ledger: pd.DataFrame, column: str, value: object, message: str) -> None:
    broken = ledger.loc[["cohort.eligible.n"]].copy()
    broken[column] = value
    with pytest.raises((LedgerError, OverflowError, ValueError), match=message):
        as_bytes(ledger_json(broken, title="T", version="1.0.0"))


def test_an_unknown_key_is_an_error(ledger: pd.DataFrame) -> None:
    document = ledger_json(ledger.head(1), title="T", version="1.0.0")
    document["numbers"][0]["extra"] = 1
    with pytest.raises(LedgerError, match="'extra' was unexpected"):
        check_ledger_json(document)
