"""One choice of ``protocol.toml`` as the text prints it."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from livingpaper.build.project import Project
from livingpaper.config import Choices, config
from livingpaper.ledger.format import MINUS


def choice_words(project: Project, dotted: str, plan: Any = None) -> str:
    """Return one choice as the paper's own function or ``choice_text`` prints it; ``plan`` if a reader tries others."""
    paper = config(project)
    plan = paper.plan() if plan is None else plan
    if paper.choices.words:
        return str(paper.hook(paper.choices.words)(plan, dotted, project))
    return choice_text(plan, dotted, {}, paper.choices)


def choice_text(plan: Any, dotted: str, labels: Mapping[str, str], how: Choices) -> str:
    """Return one choice, ``section.key``, as text: ``matching.caliper_sd`` as "0.2"; ``KeyError`` if there is none.

    ``labels`` stand for words of the file; ``how`` says which keys are percentages, and which have no separator.
    """
    try:
        value, name = attrgetter(dotted)(plan), dotted.rpartition(".")[2]
    except AttributeError as error:
        there = sorted(getattr(error.obj, "__dict__", {}))
        raise KeyError(f"no choice {dotted!r} in protocol.toml; the section has {there}") from None
    if isinstance(value, tuple):
        return listed([labels.get(str(item), _one(item, name, how)) for item in value])
    return _one(value, name, how)


def listed(items: list[str]) -> str:
    """Return words as a list in a sentence; with semicolons where one holds a comma or an "and"."""
    if any(mark in item for item in items for mark in (", ", " or ", " and ")):
        return "; ".join(items)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def _one(value: object, name: str, how: Choices) -> str:
    if name in how.percent and isinstance(value, float):
        return f"{100 * value:g}%"
    if isinstance(value, int) and not isinstance(value, bool) and name not in how.plain:
        return f"{value:,}"
    return f"{value:g}".replace("-", MINUS) if isinstance(value, float) else str(value)
