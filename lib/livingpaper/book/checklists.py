"""Reporting checklists as data: what each item asks for, and the place in the paper that answers it.

``book/checklists.yml`` names labels of sections, figures and tables. They become links, so a label that
does not exist stops the build.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

STATUS = {"done": "yes", "partial": "in part", "na": "does not apply"}
UNVERIFIED = "The numbering of the items has not been compared with the published list"


class ChecklistError(ValueError):
    """A checklist is missing or says something it must not."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item: what it asks for, in our words, and where the paper answers it.

    Attributes
    ----------
    where : tuple of str
        Labels of the book; empty only where the item does not apply.
    status : {"done", "partial", "na"}
    reason : str
        Why not in full; needed unless the status is done.
    """

    id: str
    need: str
    where: tuple[str, ...]
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """One reporting guideline."""

    name: str
    title: str
    doi: str
    numbering_verified: bool
    items: tuple[Item, ...]
    note: str = ""


def load_checklists(path: Path) -> dict[str, Checklist]:
    """Return the checklists by name.

    Raises
    ------
    ChecklistError
        If the file is missing or broken, or lists every item that is incomplete.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ChecklistError(f"the checklists must stand in {path}, there is no such file") from None
    except yaml.YAMLError as error:
        raise ChecklistError(f"{path} must be valid YAML: {error}") from None
    checklists = {name: _checklist(name, entry) for name, entry in found.items()}
    faults = [f"  - {name} {fault}" for name, each in checklists.items() for fault in _faults(each)]
    if faults:
        raise ChecklistError(f"{path} has incomplete items:\n" + "\n".join(faults))
    return checklists


def _checklist(name: str, entry: dict[str, Any]) -> Checklist:
    try:
        items = tuple(Item(**{**item, "where": tuple(item["where"])}) for item in entry["items"])
        return Checklist(name, **{**entry, "items": items})
    except (TypeError, KeyError) as error:
        raise ChecklistError(f"checklist {name} has a missing or unknown key: {error}") from None


def _faults(checklist: Checklist) -> list[str]:
    found = []
    for item in checklist.items:
        if item.status not in STATUS:
            found.append(f"{item.id}: the status must be one of {sorted(STATUS)}, found {item.status!r}")
        elif item.status != "done" and not item.reason:
            found.append(f"{item.id}: {item.status} needs a reason")
        if not item.where and item.status != "na":
            found.append(f"{item.id}: names no place that answers it")
    ids = [item.id for item in checklist.items]
    return found + [f"{id_}: occurs twice" for id_ in sorted({i for i in ids if ids.count(i) > 1})]


def checklist_myst(checklist: Checklist) -> str:
    """Return the checklist as a MyST table with a link to every place that answers an item."""
    note = (
        ""
        if checklist.numbering_verified
        else f" {UNVERIFIED}{f': {checklist.note}' if checklist.note else ''}."
    )
    rows = "\n".join(
        f"| {item.id} | {item.need} | {', '.join(_link(label) for label in item.where) or '–'} | {_answer(item)} |"
        for item in checklist.items
    )
    return (
        ":::{tabularcolumns} p{1.2cm}p{5.2cm}p{4.9cm}p{3.9cm}\n:::\n\n"
        f":::{{table}} {checklist.title} (doi:{checklist.doi}): what each item asks for, in our words, "
        f"and where it is answered.{note}\n"
        f":name: tbl-checklist-{checklist.name.lower()}\n:class: longtable checklist\n\n"
        f"| Item | Asks for | Where | Answered |\n| :-- | :-- | :-- | :-- |\n{rows}\n:::\n"
    )


def _link(label: str) -> str:
    return f"{{numref}}`{label}`" if label.startswith(("fig-", "tbl-")) else f"{{ref}}`{label}`"


def _answer(item: Item) -> str:
    return STATUS[item.status] + (f": {item.reason}" if item.reason else "")
