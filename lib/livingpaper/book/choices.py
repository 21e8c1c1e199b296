"""One choice of ``protocol.toml`` as the text prints it."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from livingpaper.build.project import Project
from livingpaper.config import Choices, config
from livingpaper.ledger.format import MINUS


def choice_words(project: Project, dotted: str, plan: Any = None) -> str:
    """Return one choice as the text prints it, by the function ``[choices] words`` if the paper has one.

    ``plan`` are choices that a reader tries, default those of the paper.
    """
    paper = config(project)
    plan = paper.plan() if plan is None else plan
    if paper.choices.words:
        return str(paper.hook(paper.choices.words)(plan, dotted, project))
    return choice_text(plan, dotted, {}, paper.choices)


def choice_text(plan: Any, dotted: str, labels: Mapping[str, str], how: Choices) -> str:
    """Return one choice as text, for example ``matching.caliper_sd`` as "0.2".

    Parameters
    ----------
    plan : object
        The choices, as attributes.
    dotted : str
        Section and key; a ``KeyError`` if there is no such choice.
    labels : mapping of str to str
        Words of the file to those that stand for them.
    how : Choices
        Which keys are percentages, and which whole numbers have no separator.
    """
    *section, name = dotted.split(".")
    try:
        within = attrgetter(".".join(section))(plan) if section else plan
        value = getattr(within, name)
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
