"""The ledger for machines: one JSON object per number, and the schema that it keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from jsonschema import Draft202012Validator

from livingpaper.config import config
from livingpaper.ledger.ledger import LEDGER_COLUMNS, LedgerError

SCHEMA = Path(__file__).parents[1] / "static" / "ledger.schema.json"


def ledger_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of ``ledger.json``, with the origins of the paper."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text("utf-8"))
    schema["properties"]["numbers"]["items"]["properties"]["origin"]["enum"] = list(config().origins)
    return schema


def ledger_json(ledger: pd.DataFrame, *, title: str, version: str) -> dict[str, Any]:
    """Return the ledger as one object per number; what is missing is null. See ``check_ledger_json`` for errors."""
    rows = ledger[list(LEDGER_COLUMNS)].to_dict("records")
    numbers = [{name: _plain(value) for name, value in row.items()} for row in rows]
    document = {"$schema": SCHEMA.name, "title": title, "version": version, "numbers": numbers}
    check_ledger_json(document)
    return document


def _plain(value: Any) -> Any:
    """Return a cell as JSON knows it: null for NaN, whole numbers without a decimal point."""
    if pd.isna(value):
        return None
    return int(value) if not isinstance(value, str) and float(value).is_integer() else value


def check_ledger_json(document: Any) -> None:
    """Raise ``LedgerError`` that names the first places where a document breaks the schema."""
    faults = sorted(Draft202012Validator(ledger_schema()).iter_errors(document), key=lambda f: f.json_path)
    if faults:
        named = "\n".join(
            f"  - {_place(document, [*each.path])}: {each.message[:200]}" for each in faults[:5]
        )
        raise LedgerError(
            f"ledger.json must keep {SCHEMA.name}, {len(faults)} place(s) do not:\n{named}\n"
            "correct the row where a chapter records it, or the schema"
        )


def _place(document: Any, steps: list[Any]) -> str:
    """Return the id of the number that a fault lies in, and its column."""
    if len(steps) > 1 and steps[0] == "numbers":
        steps = [document["numbers"][steps[1]].get("id", f"number {steps[1]}"), *steps[2:]]
    return ".".join(map(str, steps)) or "the document"


def as_bytes(document: Any) -> bytes:
    """Return JSON text, the same for the same content; never NaN."""
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
