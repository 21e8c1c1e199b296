"""The ledger for machines: one JSON object per number, and the schema that it keeps."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from jsonschema import Draft202012Validator

from livingpaper.config import config
from livingpaper.ledger.ledger import ID, LEDGER_COLUMNS, LedgerError

SCHEMA_FILE = "ledger.schema.json"
WORDS = {"estimand", "population", "outcome", "method"}
REQUIRED = ("id", "origin", "text", "scale", "code")
MEANING = {
    "id": "Dotted name, chapter first; stays the same over versions.",
    "origin": "Where it comes from",
    "text": "The number as the paper prints it, with unit and interval.",
    "estimand": "What is estimated; null for a plain count.",
    "population": "Whom the estimand speaks of.",
    "outcome": "Name of the outcome.",
    "horizon_days": "Days from the start up to which the outcome counts.",
    "scale": "What kind of number it is. Risks and differences are proportions, not percentages.",
    "estimate": "The value; null if it cannot be estimated, the method then says why.",
    "std_error": "Standard error; for ratios that of the logarithm.",
    "conf_low": "Lower confidence limit.",
    "conf_high": "Upper confidence limit.",
    "conf_level": "Level of the interval, for example 0.95.",
    "n": "How many it rests on.",
    "events": "Of them, those with the outcome.",
    "method": "How it was computed, or why it cannot be.",
    "code": "Where it was computed, book/chapter.md::section or module.py::function, or the file it was read from.",
}


def ledger_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of ``ledger.json``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Numbers of a living paper",
        "type": "object",
        "required": ["title", "version", "numbers"],
        "additionalProperties": False,
        "properties": {
            "$schema": {"const": SCHEMA_FILE},
            "title": {"type": "string", "minLength": 1},
            "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
            "numbers": {"type": "array", "minItems": 1, "items": _number_schema()},
        },
    }


def _number_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(LEDGER_COLUMNS),
        "additionalProperties": False,
        "properties": {name: {**_kind(name), "description": MEANING[name]} for name in LEDGER_COLUMNS},
    }


def _kind(column: str) -> dict[str, Any]:
    special: dict[str, dict[str, Any]] = {
        "id": {"type": "string", "pattern": f"^{ID.pattern}$"},
        "origin": {"enum": list(config().origins)},
        "code": {"type": "string", "pattern": r"^[a-z0-9_/-]+\.(md(::[\w-]+)?|py(::\w+)?|csv)$"},
        "conf_level": {"type": ["number", "null"], "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "horizon_days": {"type": ["number", "null"], "minimum": 0},
        "n": {"type": ["number", "null"], "minimum": 0},
        "events": {"type": ["number", "null"], "minimum": 0},
    }
    if column in special:
        return special[column]
    if column in REQUIRED:
        return {"type": "string", "minLength": 1}
    return {"type": ["string" if column in WORDS else "number", "null"]}


def ledger_json(ledger: pd.DataFrame, *, title: str, version: str) -> dict[str, Any]:
    """Return the ledger as one object per number; what is missing is null.

    Parameters
    ----------
    ledger : DataFrame
        As ``read_ledger`` returns it.
    title, version : str
        Of the paper.

    Raises
    ------
    LedgerError
        If a number does not keep the schema.
    """
    numbers = [
        {name: _plain(value) for name, value in zip(LEDGER_COLUMNS, row, strict=True)}
        for row in ledger[list(LEDGER_COLUMNS)].itertuples(index=False)
    ]
    document = {"$schema": SCHEMA_FILE, "title": title, "version": version, "numbers": numbers}
    check_ledger_json(document)
    return document


def _plain(value: Any) -> Any:
    """Return a cell as JSON knows it: null for NaN, whole numbers without a decimal point."""
    if pd.isna(value):
        return None
    if isinstance(value, str):
        return value
    return int(value) if float(value).is_integer() else float(value)


def check_ledger_json(document: Any) -> None:
    """Raise ``LedgerError`` that names the first places where a document breaks the schema."""
    faults = sorted(Draft202012Validator(ledger_schema()).iter_errors(document), key=lambda f: f.json_path)
    if faults:
        named = "\n".join(
            f"  - {_place(document, fault.path)}: {fault.message[:200]}" for fault in faults[:5]
        )
        raise LedgerError(
            f"ledger.json must keep {SCHEMA_FILE}, {len(faults)} place(s) do not:\n{named}\n"
            "correct the row where a chapter records it, or the schema in ledger/as_json.py"
        )


def _place(document: Any, path: Any) -> str:
    """Return the id of the number that a fault lies in, and its column."""
    steps = list(path)
    if len(steps) > 1 and steps[0] == "numbers":
        number = document["numbers"][steps[1]]
        return ".".join(str(step) for step in [number.get("id", f"number {steps[1]}"), *steps[2:]])
    return ".".join(str(step) for step in steps) or "the document"


def as_bytes(document: Any) -> bytes:
    """Return JSON text, the same for the same content; never NaN."""
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
