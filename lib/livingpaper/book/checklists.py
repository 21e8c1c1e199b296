"""Reporting checklists as data: what each item asks for, and the place in the paper that answers it.

``book/checklists.yml`` names labels of sections, figures and tables. They become links, so a label that
does not exist stops the build.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from livingpaper.book.show import Sheet

STATUS = {"done": "yes", "partial": "in part", "na": "does not apply"}
UNVERIFIED = "The numbering of the items has not been compared with the published list"


def load_checklists(path: Path) -> dict[str, dict[str, Any]]:
    """Return the checklists by name; ``ValueError`` lists every item that is incomplete.

    Each has ``title``, ``doi``, ``numbering_verified``, ``items`` and perhaps ``note``; an item has ``id``, ``need``,
    ``where`` (labels; empty only if it does not apply), ``status`` and, unless it is done, a ``reason``.
    """
    try:
        found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"the checklists must stand in {path}, there is no such file") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{path} must be valid YAML: {error}") from None
    if faults := [f"  - {name} {fault}" for name, each in found.items() for fault in _faults(each)]:
        raise ValueError(f"{path} has incomplete items:\n" + "\n".join(faults))
    return found


def _faults(checklist: dict[str, Any]) -> list[str]:
    if odd := sorted({"title", "doi", "numbering_verified", "items"} ^ (set(checklist) - {"note"})):
        return [f"has a missing or unknown key: {odd}"]
    ids = [item.get("id") for item in checklist["items"]]
    found = [(item.get("id"), _fault(item)) for item in checklist["items"]]
    found += [(id_, "occurs twice") for id_ in sorted({each for each in ids if ids.count(each) > 1})]
    return [f"{id_}: {fault}" for id_, fault in found if fault]


def _fault(item: dict[str, Any]) -> str:
    if odd := sorted({"id", "need", "where", "status"} ^ (set(item) - {"reason"})):
        return f"has a missing or unknown key: {odd}"
    if item["status"] not in STATUS:
        return f"the status must be one of {sorted(STATUS)}, found {item['status']!r}"
    if item["status"] != "done" and not item.get("reason"):
        return f"{item['status']} needs a reason"
    return "" if item["where"] or item["status"] == "na" else "names no place that answers it"


def _link(label: str) -> str:
    return f"{{numref}}`{label}`" if label.startswith(("fig-", "tbl-")) else f"{{ref}}`{label}`"


def checklist_myst(name: str, checklist: dict[str, Any]) -> str:
    """Return a checklist as a MyST table with a link to every place that answers an item."""
    note = f": {checklist['note']}" if checklist.get("note") else ""
    caption = (
        f"{checklist['title']} (doi:{checklist['doi']}): what each item asks for, in our words, and where it is "
        f"answered.{'' if checklist['numbering_verified'] else f' {UNVERIFIED}{note}.'}"
    )
    rows = [
        {
            "Item": item["id"],
            "Asks for": item["need"],
            "Where": ", ".join(map(_link, item["where"])) or "–",
            "Answered": STATUS[item["status"]] + (f": {item['reason']}" if item.get("reason") else ""),
        }
        for item in checklist["items"]
    ]
    widths, label = "p{1.2cm}p{5.2cm}p{4.9cm}p{3.9cm}", f"tbl-checklist-{name.lower()}"
    return Sheet(pd.DataFrame(rows), widths, long=True, origin="design", name=label, caption=caption).myst()
