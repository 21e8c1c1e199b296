"""Reporting checklists as data: what each item asks for, and links to the places in the paper that answer it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from livingpaper.build.project import mapping_of

STATUS = {"done": "yes", "partial": "in part", "na": "does not apply"}
UNVERIFIED = "The numbering of the items has not been compared with the published list"


def load_checklists(path: Path) -> dict[str, dict[str, Any]]:
    """Return the checklists by name; ``ValueError`` lists every item that is incomplete.

    Each has ``title``, ``doi``, ``numbering_verified``, ``items`` and perhaps ``note``; an item has ``id``, ``need``,
    ``where`` (labels; empty only if it does not apply), ``status`` and, unless it is done, a ``reason``.
    """
    try:
        found: dict[str, dict[str, Any]] = mapping_of(path)
    except FileNotFoundError:
        raise ValueError(f"the checklists must stand in {path}, there is no such file") from None
    if faults := [f"  - {name} {fault}" for name, each in found.items() for fault in _faults(each)]:
        raise ValueError(f"{path} has incomplete items:\n" + "\n".join(faults))
    return found


def _faults(checklist: dict[str, Any]) -> Iterator[str]:
    if odd := sorted({"title", "doi", "numbering_verified", "items"} ^ (set(checklist) - {"note"})):
        yield f"has a missing or unknown key: {odd}"
        return
    times = Counter(item.get("id") for item in checklist["items"])
    for item in checklist["items"]:
        id_, status = item.get("id"), item.get("status")
        if odd := sorted({"id", "need", "where", "status"} ^ (set(item) - {"reason"})):
            yield f"{id_}: has a missing or unknown key: {odd}"
        elif status not in STATUS:
            yield f"{id_}: the status must be one of {sorted(STATUS)}, found {status!r}"
        elif status != "done" and not item.get("reason"):
            yield f"{id_}: {status} needs a reason"
        elif status != "na" and not item["where"]:
            yield f"{id_}: names no place that answers it"
        elif times[id_] > 1:
            yield f"{id_}: occurs twice"


def checklist_myst(name: str, known: dict[str, dict[str, Any]]) -> str:
    """Return a checklist as a MyST table with a link to every place that answers an item; ``KeyError`` if unknown."""
    from livingpaper.book.show import Sheet  # heavy: altair

    if (checklist := known.get(name)) is None:
        raise KeyError(f"no checklist {name!r} in book/checklists.yml; it has {sorted(known)}")
    note = f": {checklist['note']}" if checklist.get("note") else ""
    unverified = "" if checklist["numbering_verified"] else f" {UNVERIFIED}{note}."
    told = f"what each item asks for, in our words, and where it is answered.{unverified}"
    rows = []
    for item in checklist["items"]:
        roles = ["numref" if label.startswith(("fig-", "tbl-")) else "ref" for label in item["where"]]
        links = [f"{{{role}}}`{label}`" for role, label in zip(roles, item["where"], strict=True)]
        answered = STATUS[item["status"]] + (f": {item['reason']}" if item.get("reason") else "")
        rows.append((item["id"], item["need"], ", ".join(links) or "–", answered))
    frame = pd.DataFrame(rows, columns=["Item", "Asks for", "Where", "Answered"])
    widths, label = "p{1.2cm}p{5.2cm}p{4.9cm}p{3.9cm}", f"tbl-checklist-{name.lower()}"
    caption = f"{checklist['title']} (doi:{checklist['doi']}): {told}"
    return Sheet(frame, widths, long=True, origin="design", name=label, caption=caption).myst()
