"""An Atom feed whose entries are the changes of the estimates from version to version."""

from __future__ import annotations

import hashlib
from xml.etree import ElementTree as ET

from livingpaper.ledger.ledger import ledger_csv
from livingpaper.ledger.report import as_text, summary
from livingpaper.versions.history import Version

ATOM = "http://www.w3.org/2005/Atom"


def feed(title: str, authors: str, history: list[Version]) -> bytes:
    """Return the feed, newest entry first; links are relative to where it lies."""
    ET.register_namespace("", ATOM)
    root = ET.Element(f"{{{ATOM}}}feed")
    _add(root, "title", title)
    _add(root, "id", _urn(title))
    _add(root, "updated", _moment(history[-1].date))
    author = ET.SubElement(root, f"{{{ATOM}}}author")
    _add(author, "name", authors)
    ET.SubElement(root, f"{{{ATOM}}}link", rel="self", href="feed.xml")
    for i in reversed(range(len(history))):
        version, entry = history[i], ET.SubElement(root, f"{{{ATOM}}}entry")
        told = summary(version.since) if version.since else "first version"
        _add(entry, "title", f"Version {version.name}: {told}")
        _add(entry, "id", _urn(version.name + ledger_csv(version.ledger)))
        _add(entry, "updated", _moment(version.date))
        ET.SubElement(entry, f"{{{ATOM}}}link", href=f"v{version.name}/book/index.html")
        moved = as_text(version.since, history[i - 1].name, version.name) if version.since else ""
        _add(entry, "content", f"{version.reason}\n\n{moved}".strip()).set("type", "text")
    ET.indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="utf-8") + b"\n"


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{ATOM}}}{name}")
    child.text = text
    return child


def _urn(text: str) -> str:
    return f"urn:sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _moment(date: str) -> str:
    return f"{date or '1970-01-01'}T00:00:00Z"
