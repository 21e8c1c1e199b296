"""Sentences that state a result in words hold for the results as they are."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from book.chapters import chapter, words_of
from headtohead.paper.ledger import read_ledger
from headtohead.project import Project
from headtohead.protocol import Protocol

CONCLUSIONS = tomllib.loads(Path(__file__).with_name("conclusions.toml").read_text("utf-8"))["conclusion"]
TOOLS = {
    "__builtins__": {}, "abs": abs, "min": min, "max": max, "len": len, "set": set, "sorted": sorted,
    "any": any, "zip": zip, "sqrt": math.sqrt, "erf": math.erf,
}  # fmt: skip


def rows_of(ledger: pd.DataFrame, ids: list[str]) -> pd.DataFrame:
    """Return the rows in the order of the ids; an id with a star stands for all that fit."""
    found = []
    for id_ in ids:
        fits = [name for name in ledger.index if fnmatchcase(name, id_)]
        assert fits, f"no number {id_!r} in the ledger"
        found += fits
    return ledger.loc[found]


def holds(conclusion: dict[str, Any], ledger: pd.DataFrame, protocol: Protocol) -> bool:
    """Return whether the rule of a conclusion is met."""
    rows = rows_of(ledger, conclusion["ids"])
    margins = protocol.equivalence
    shared = {"choice": protocol, "margin": margins.margin_pp / 100, "wide": margins.wide_margin_pp / 100}
    columns = {
        "value": "estimate",
        "low": "conf_low",
        "high": "conf_high",
        "events": "events",
        "text": "text",
    }
    lists = {name: rows[column].tolist() for name, column in columns.items()}
    verdicts = []
    if "each" in conclusion:
        for values in zip(*lists.values(), strict=True):
            verdicts.append(eval(conclusion["each"], TOOLS | shared | dict(zip(lists, values, strict=True))))
    if "all" in conclusion:
        verdicts.append(eval(conclusion["all"], TOOLS | shared | lists))
    assert verdicts, "a conclusion needs a rule, each or all"
    return all(verdicts)


def name_of(conclusion: dict[str, Any]) -> str:
    return f"{conclusion['file']}: {conclusion['says'][:60]}"


@pytest.fixture(scope="module")
def ledger(project: Project) -> pd.DataFrame:
    return read_ledger(project.ledger)


@pytest.mark.parametrize("conclusion", CONCLUSIONS, ids=name_of)
def test_the_sentence_stands_and_its_rule_holds(
    conclusion: dict[str, Any], ledger: pd.DataFrame, protocol: Protocol
) -> None:
    assert conclusion["says"] in words_of(chapter(conclusion["file"]).text), (
        f"these words are no longer in book/{conclusion['file']}.md: correct says and look at the rule"
    )
    found = rows_of(ledger, conclusion["ids"])["text"].to_dict()
    assert holds(conclusion, ledger, protocol), f"the sentence is no longer true of {found}"


def other_results(ledger: pd.DataFrame, ids: list[str]) -> Iterator[pd.DataFrame]:
    """Return ledgers in which one number, or every one of the ids, is another or has another interval."""
    limits = ["conf_low", "conf_high"]
    for chosen in [*([id_] for id_ in ids), ids]:
        for shift in (-100, -1, -0.2, 0.2, 1, 100):
            changed = ledger.copy()
            changed.loc[chosen, ["estimate", "events", *limits]] += shift
            changed.loc[chosen, "text"] += " changed"
            yield changed
        for width in (0, 10):
            changed, middle = ledger.copy(), ledger.loc[chosen, "estimate"]
            changed.loc[chosen, limits] = (
                changed.loc[chosen, limits].sub(middle, axis=0).mul(width).add(middle, axis=0)
            )
            yield changed


@pytest.mark.parametrize("conclusion", CONCLUSIONS, ids=name_of)
def test_the_rule_can_fail(conclusion: dict[str, Any], ledger: pd.DataFrame, protocol: Protocol) -> None:
    """A rule that holds whatever the results are guards nothing: some change of the numbers must break it."""
    for changed in other_results(ledger, list(rows_of(ledger, conclusion["ids"]).index)):
        try:
            if not holds(conclusion, changed, protocol):
                return
        except (ValueError, ZeroDivisionError):
            continue
    pytest.fail("no change of these numbers breaks the rule")


def test_no_sentence_is_listed_twice() -> None:
    names = [(conclusion["file"], conclusion["says"]) for conclusion in CONCLUSIONS]
    assert len(names) == len(set(names))
