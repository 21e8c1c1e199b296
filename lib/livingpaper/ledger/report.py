"""A comparison of two ledgers in words: for a terminal, or as Markdown for a pull request."""

from __future__ import annotations

from typing import Any

import pandas as pd

from livingpaper.ledger.compare import Comparison
from livingpaper.ledger.format import MINUS, scale_of, value_text

SHOWN = 40


def summary(result: Comparison) -> str:
    """Return the sentence that matters, for example "2 estimates moved, 0 conclusions changed"."""
    told = (
        f"{_count(len(result.moved), 'estimate')} moved, {_count(result.n_conclusions, 'conclusion')} changed"
    )
    if result.stated or result.withdrawn:
        told += f" ({len(result.stated)} new, {len(result.withdrawn)} withdrawn)"
    told += f", {_count(len(result.added), 'number')} new" if len(result.added) else ""
    return told + (f", {len(result.removed)} removed" if len(result.removed) else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def as_text(result: Comparison, old: str, new: str) -> str:
    """Return the comparison for a terminal: conclusions first, then numbers."""
    lines = [f"{old} to {new}: {summary(result)}"]
    for title, items in _sections(result):
        lines += ["", title, *(f"  {item}" for item in _limited(items))]
    if result.n_within:
        lines += ["", f"{_count(result.n_within, 'number')} within tolerance of the old value"]
    return "\n".join(lines) + "\n"


def as_markdown(result: Comparison, old: str, new: str) -> str:
    """Return the comparison as Markdown, folded where it is long."""
    lines = [f"**{summary(result)}** ({old} to {new})"]
    for title, items in _sections(result):
        body = [f"- {item}" for item in _limited(items)]
        if title.startswith("Conclusions"):
            lines += ["", f"### {title}", "", *body]
        else:
            lines += ["", f"<details><summary>{title}: {len(items)}</summary>", "", *body, "", "</details>"]
    return "\n".join(lines) + "\n"


def _sections(result: Comparison) -> list[tuple[str, list[str]]]:
    turned = result.moved["conclusion"] != ""
    readings = [f"{_turn(row)}; {row.conclusion}" for row in result.moved[turned].itertuples()]
    sections = [
        ("Conclusions that changed", [_claim(row) for row in result.claims.itertuples()] + readings),
        ("Estimates that moved", [_moved(row) for row in result.moved[~turned].itertuples()]),
        ("Conclusions first stated", list(result.stated)),
        ("Conclusions withdrawn, or in other words", list(result.withdrawn)),
        ("New numbers", _listed(result.added)),
        ("Numbers removed", _listed(result.removed)),
    ]
    return [(title, items) for title, items in sections if items]


def _turn(row: Any) -> str:
    return f"{row.Index}: {row.old_text} → {row.text}"


def _listed(rows: pd.DataFrame) -> list[str]:
    """Return the numbers one by one, or how many of each kind where that would be too long to read."""
    if len(rows) <= SHOWN:
        return [f"{row.id}: {row.text}" for row in rows.itertuples()]
    kinds = rows["id"].str.extract(r"^([^.]+)", expand=False).value_counts().sort_index()
    return [f"{kind}: {_count(number, 'number')}" for kind, number in kinds.items()]


def _claim(row: Any) -> str:
    state = {True: "held", False: "did not hold", None: "could not be judged"}
    now = {True: "holds", False: "no longer holds", None: "can no longer be judged"}
    return f'"{row.claim}" {now[row.after]} (before: {state[row.before]})'


def _moved(row: Any) -> str:
    text, change = _turn(row), row.change
    if pd.isna(change) or change == 0:
        return text
    if row.old_text == row.text:
        return f"{text} (by {change:+.3g}, below the printed digits)".replace("+-", MINUS)
    if scale_of(row.scale).format not in ("points", "percent"):
        return text
    return f"{text} ({value_text(abs(change), row.scale).lstrip('+')} {'up' if change > 0 else 'down'})"


def _limited(items: list[str]) -> list[str]:
    rest = len(items) - SHOWN
    return items if rest <= 0 else [*items[:SHOWN], f"and {rest} more"]
