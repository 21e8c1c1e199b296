"""Sentences whose words follow the numbers: a verdict of ``claims.toml`` has alternatives, and exactly one must hold.

``{verdict}`name``` prints that one. An alternative is a claim: its rule asks the same, and ``state`` of a row besides.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from livingpaper.build.project import text_of, toml_of
from livingpaper.ledger.claims import Claim, ClaimError, Rules, breaks, load_claims, parse_claims, rows_of

KEYS = {"name", "ids", "alternatives"}
ROLE = re.compile(r"\{([\w:-]+)\}`([^`]*)`")
TYPED = re.compile(r"(?<![\w-])\d")  # a number of the text, not of a name such as COVID-19


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said of some rows of the ledger, each alternative with the rule under which it is said."""

    name: str
    ids: tuple[str, ...]
    alternatives: tuple[Claim, ...]


def load_verdicts(path: Path) -> dict[str, Verdict]:
    """Return the verdicts of ``claims.toml`` by name; see ``parse_verdicts`` for errors."""
    return parse_verdicts(text_of(path), str(path)) if path.is_file() else {}


@lru_cache(maxsize=8)
def parse_verdicts(text: str, path: str = "claims.toml") -> dict[str, Verdict]:
    """Return the verdicts of a text named ``path``.

    ``ClaimError`` lists verdicts without name, ids or two alternatives, alternatives without words and one rule, numbers
    that are typed instead of printed by a role, and names that occur twice.
    """
    entries = toml_of(text, path, ClaimError).get("verdict", [])
    faults = [
        f"  - {entry.get('name', '(no name)')}: {fault}" for entry in entries for fault in _faults(entry)
    ]
    names = [entry.get("name") for entry in entries]
    faults += [f"  - {name}: occurs twice" for name in {name for name in names if names.count(name) > 1}]
    if faults:
        raise ClaimError(f"{path} has impossible verdicts:\n" + "\n".join(faults))
    return {entry["name"]: _verdict(entry) for entry in entries}


def _faults(entry: Mapping[str, Any]) -> Iterator[str]:
    if entry.keys() != KEYS or not entry["ids"] or len(entry["alternatives"]) < 2:
        yield f"needs a name, ids and two alternatives at least, has {sorted(entry)}"
        return
    for one in entry["alternatives"]:
        if one.keys() not in ({"says", "each"}, {"says", "all"}):
            yield f"an alternative needs says and a rule, each or all, has {sorted(one)}"
        elif TYPED.search(ROLE.sub("", one["says"])):
            yield f"a number must be printed by a role, {one['says']!r} types one"


def _verdict(entry: Mapping[str, Any]) -> Verdict:
    name, ids = entry["name"], tuple(entry["ids"])
    alternatives = (Claim(f"verdict {name}", ids=ids, **one) for one in entry["alternatives"])
    return Verdict(name, ids, tuple(alternatives))


def stated(path: Path, text: str | None = None) -> tuple[Claim, ...]:
    """Return every claim of a file, or of its text, alternatives of verdicts included: what may turn between versions."""
    claims = load_claims(path) if text is None else parse_claims(text, str(path))
    verdicts = load_verdicts(path) if text is None else parse_verdicts(text, str(path))
    return (*claims, *(one for verdict in verdicts.values() for one in verdict.alternatives))


def chosen(verdict: Verdict, ledger: pd.DataFrame, rules: Rules) -> str:
    """Return the words, in MyST, of the alternative that holds; ``ClaimError`` in one line unless exactly one does."""
    held = [one for one in verdict.alternatives if not breaks(one, ledger, rules)]
    if len(held) == 1:
        return held[0].says
    rows = rows_of(ledger, verdict.ids)
    numbers = "; ".join(f"{id_} {text}" for id_, text in zip(rows.index, rows["text"], strict=True))
    must = f"of the alternatives of the verdict {verdict.name!r} exactly one must hold"
    which = " and ".join(repr(one.each or one.all) for one in held)
    which = f"{len(held)} do, {which}," if held else "none does"
    cure = "make their rules exclude each other" if held else "add one for it"
    raise ClaimError(f"{must}, {which} with {numbers}; {cure} in claims.toml")


def said(name: str, path: Path, ledger: pd.DataFrame, rules: Rules) -> str:
    """Return what the verdict ``name`` of a file says now, in MyST; ``ClaimError`` if there is none, or as ``chosen``."""
    if (verdict := load_verdicts(path).get(name)) is None:
        raise ClaimError(f"no verdict {name!r} in {path.name}; correct the name, or add it there")
    return chosen(verdict, ledger, rules)


def check_verdicts(path: Path, chapters: Path, ledger: pd.DataFrame, rules: Rules) -> int:
    """Return how many verdicts a file has, after a look at each: one holds, a chapter prints it, its numbers exist."""
    verdicts, faults = load_verdicts(path), []
    texts = "\n".join(map(text_of, sorted(chapters.glob("*.md")))) if verdicts else ""
    for name, verdict in verdicts.items():
        try:
            chosen(verdict, ledger, rules)
        except ClaimError as error:
            faults.append(str(error))
        unsaid = f"the verdict {name!r} must be printed by a chapter, none does; print it or delete it"
        faults += [unsaid] * (f"{{verdict}}`{name}`" not in texts)
        roles = [each for one in verdict.alternatives for each in ROLE.findall(one.says)]
        printed = {what.split()[0] for role, what in roles if role == "result"}
        if lost := sorted(printed - set(ledger.index)):
            lacks = f"prints numbers that the ledger has not, {lost}; correct the ids"
            faults.append(f"the verdict {name!r} {lacks}")
    if faults:
        raise ClaimError("\n".join(faults))
    return len(verdicts)
