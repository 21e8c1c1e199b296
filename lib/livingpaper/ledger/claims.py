"""Conclusions that chapters state in words, ``claims.toml``; where the rule of one no longer holds, the words must change."""

import ast
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cache
from itertools import islice
from pathlib import Path
from types import CodeType
from typing import Any

import pandas as pd

from livingpaper.build.project import Project, text_of, toml_of
from livingpaper.config import Config
from livingpaper.ledger.ledger import HIDDEN

COLUMNS = {"value": "estimate", "low": "conf_low", "high": "conf_high", "events": "events", "text": "text"}
TOOLS: dict[str, Any] = {
    "__builtins__": {}, "abs": abs, "min": min, "max": max, "len": len, "set": set, "sorted": sorted,
    "any": any, "zip": zip, "sqrt": math.sqrt, "erf": math.erf,
}  # fmt: skip
RULES = {"each", "all", "process"}
KEYS = {"file", "says", "ids"} | RULES
SHOWN = 6  # rows that break a rule
NOT_ESTIMABLE = "not estimable"


class ClaimError(ValueError):
    """A sentence of the paper is not borne out by its numbers, or its rule cannot be read."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence and its rule, in Python over ``COLUMNS``, ``choice`` (the protocol) and the margins of ``paper.toml``.

    ``state`` of a row is "known", "withheld", "suppressed" or "not estimable".
    A sentence about how the work was done has a rule over ``history``, what the paper's own function makes of it.
    """

    file: str  # chapter, without folder and ending
    says: str  # the words, roles left out as {}
    ids: tuple[str, ...] = ()  # rows of the ledger, in order; a star stands for all that fit
    each: str = ""  # rule that must hold for every row
    all: str = ""  # rule over lists, one entry per row
    process: str = ""  # rule over ``history``

    @property
    def name(self) -> str:
        """Chapter and sentence, for messages."""
        return f"{self.file}: {self.says}"


def load_claims(path: Path) -> tuple[Claim, ...]:
    """Return the claims in the order of the file; see ``parse_claims`` for errors."""
    if not path.is_file():
        raise ClaimError(f"the conclusions of the paper must stand in {path}, there is no such file")
    return parse_claims(text_of(path), str(path))


def parse_claims(text: str, path: str = "claims.toml") -> tuple[Claim, ...]:
    """Return the claims of a text named ``path``; ``ClaimError`` lists those with an unknown key, no rule or no id."""
    found = toml_of(text, path, ClaimError)
    entries, unknown = found.get("claim", []), sorted(found.keys() - {"claim", "followed", "verdict"})
    faults = [f"  - {key!r} is neither claim nor followed" for key in unknown]
    for entry in entries:
        whole, ruled = {"file", "says"} <= entry.keys(), entry.keys() & RULES
        numbers = "ids" in entry or ruled == {"process"}
        if entry.keys() - KEYS or not (whole and ruled and numbers):
            needs = "needs file, says, ids and a rule (each or all; process needs no ids)"
            faults.append(f"  - {entry.get('says', '(no sentence)')}: {needs}, has {sorted(entry)}")
    if faults or not (entries or "verdict" in found):
        raise ClaimError(f"{path} has impossible claims:\n" + "\n".join(faults or ["  - there is none"]))
    return tuple(Claim(**{**entry, "ids": tuple(entry.get("ids", ()))}) for entry in entries)


def rows_of(ledger: pd.DataFrame, ids: Iterable[str]) -> pd.DataFrame:
    """Return the rows in the order of the ids; ``ClaimError`` if an id fits none."""
    index = {id_: i for i, id_ in enumerate(ledger.index)}
    return ledger.take(_places(index, ids))  # .loc takes twice as long


def _places(index: Mapping[str, int], ids: Iterable[str]) -> list[int]:
    found: list[int] = []
    for id_ in ids:
        fits = [id_] if id_ in index else list(filter(re.compile(translate(id_)).match, index))
        if not fits:
            raise ClaimError(f"a claim rests on the number {id_!r}, the ledger has none; correct claims.toml")
        found += [index[each] for each in fits]
    return found


class Looked:
    """A ledger as rules read it: to take hundreds of claims out of a frame costs ten times what they cost themselves."""

    def __init__(self, ledger: pd.DataFrame) -> None:
        self.ledger = ledger
        self.index = {id_: i for i, id_ in enumerate(ledger.index)}
        self.columns = {name: ledger[column].tolist() for name, column in COLUMNS.items()}
        self.columns["state"] = [
            text if text in HIDDEN else "known" if value == value else NOT_ESTIMABLE
            for text, value in zip(self.columns["text"], self.columns["value"], strict=True)
        ]


class Rules:
    """What rules may name beside the numbers: the choices and margins of a paper, or of other choices for it."""

    def __init__(self, paper: Config, choice: Any = None) -> None:
        self.paper = paper
        self.choice = paper.plan() if choice is None else choice
        self.margins = paper.margins_of(self.choice)
        self.history = paper.hook(paper.choices.history)(self.choice) if paper.choices.history else None

    def check_choices(self, project: Project) -> None:
        """Raise if a choice changed without an entry in the history, or committed results are those of other choices."""
        if self.history and self.history.faults:
            found = "; ".join(self.history.faults)
            raise ClaimError(f"each choice must be in the history of the protocol: {found}")
        if self.paper.hooks.current:
            self.paper.hook(self.paper.hooks.current)(project, self.choice)


def holds(claim: Claim, ledger: pd.DataFrame | Looked, rules: Rules) -> bool:
    """Return whether the rule of a claim is met by a ledger indexed by id."""
    return not breaks(claim, ledger, rules)


def breaks(claim: Claim, ledger: pd.DataFrame | Looked, rules: Rules) -> list[str]:
    """Return each row that breaks the rule of a claim, then the first part of the others that is false with its rows.

    For many claims on one ledger, give what ``Looked`` makes of it.
    """
    seen = ledger if isinstance(ledger, Looked) else Looked(ledger)
    at, shared = _places(seen.index, claim.ids), TOOLS | rules.margins
    shared |= {"choice": rules.choice, "history": rules.history}
    lists = {name: [values[i] for i in at] for name, values in seen.columns.items()}
    single = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
    try:
        parts = [part for rule in (claim.all, claim.process) if rule for part in _conjuncts(rule)]
        false = islice((part for part, code in parts if not eval(code, shared | lists)), 1)
        meant = [(ast.unparse(part), _meant(part, lists)) for part in false]
        each = claim.each and _code(claim.each)
        wrong = [i for i, row in enumerate(single) if each and not eval(each, shared | row)]
    except (SyntaxError, LookupError, NameError, AttributeError, TypeError) as error:
        raise ClaimError(f"the rule of a claim must be an expression, {claim.name!r}: {error}") from None
    if not wrong and not meant:
        return []
    rows = seen.ledger.take(at)
    return [_named(rows, wrong)] * bool(wrong) + [f"{part!r} with {_named(rows, of)}" for part, of in meant]


@cache
def _code(rule: str) -> CodeType:
    return compile(rule.strip(), "claims.toml", "eval")


@cache
def _conjuncts(rule: str) -> list[tuple[ast.expr, CodeType]]:
    """Return the parts of a rule, all of which must be true, each as a tree and to be evaluated."""
    whole = ast.parse(rule, mode="eval").body
    parts = whole.values if isinstance(whole, ast.BoolOp) and isinstance(whole.op, ast.And) else [whole]
    return [(part, _code(ast.unparse(part))) for part in parts]


def _meant(part: ast.expr, lists: dict[str, list[Any]]) -> list[int]:
    """Return the rows that a part of a rule is about: those it numbers, of a whole list the least and the greatest."""
    found: list[int] = []
    places = {id(each.value): each.slice for each in ast.walk(part) if isinstance(each, ast.Subscript)}
    for name in (each for each in ast.walk(part) if isinstance(each, ast.Name) and each.id in lists):
        values, at = lists[name.id], places.get(id(name), ast.Slice())
        try:
            chosen = eval(f"every[{ast.unparse(at)}]", {"__builtins__": {}, "every": range(len(values))})
        except NameError:  # a computed place
            chosen = range(len(values))
        known = [i for i in ([chosen] if isinstance(chosen, int) else chosen) if values[i] == values[i]]
        found += [end(known, key=values.__getitem__) for end in (min, max) if known]
    return list(dict.fromkeys(found))


def _named(rows: pd.DataFrame, at: Sequence[int]) -> str:
    """Return the numbers of some rows, at most ``SHOWN``; of none, that choices are meant."""
    said = "; ".join(f"{rows.index[i]} {rows['text'].iloc[i]}" for i in at[:SHOWN])
    more = f"; and {len(at) - SHOWN} more" if len(at) > SHOWN else ""
    return (said or "the choices and their history") + more


def plain_text(chapter: str) -> str:
    """Return a chapter's text on one line, roles as ``{}`` and without citations, to look a sentence up in."""
    text = re.sub(r"\{cite\}`[^`]*`", "", chapter)
    return " ".join(re.sub(r"\{[\w:-]+\}`[^`]*`", "{}", text).split())


def check_claims(claims: Sequence[Claim], chapters: Path, ledger: pd.DataFrame, rules: Rules) -> int:
    """Return how many claims stand; ``ClaimError`` names those with other numbers, and those not in their chapter."""
    faults, files, seen = [], {claim.file for claim in claims}, Looked(ledger)
    texts = {file: plain_text(text_of(chapters / f"{file}.md")) for file in files}
    for claim in claims:
        try:
            if found := breaks(claim, seen, rules):
                faults.append(f"  - {claim.name!r} is not true of: {'; '.join(found)}")
        except ClaimError as error:
            faults.append(f"  - {claim.name!r}: {error}")
        if claim.says not in texts[claim.file]:
            faults.append(f"  - {claim.name!r}: these words are not in the chapter")
    if faults:
        listed, cure = "\n".join(faults), "rewrite the sentence, then its rule in claims.toml"
        raise ClaimError(f"the results no longer bear out what the text says:\n{listed}\n{cure}")
    return len(claims)
