"""What must be true of every built paper: each gate looks at one thing and returns its faults in words.

``make check`` runs the gates on the real build, ``test_gates_catch.py`` on a small one with one fault in it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from book.built import Page, read_page, squeezed
from livingpaper.book.show import MAX_ROWS
from livingpaper.chapters.session import NAMED_LIKE_PATIENTS

HOLES = {
    r"(?<![\w-])(nan|NaN|NaT|inf|undefined)(?![\w-])": "an empty value",
    r"[(=:] ?(None|null)\b|\b(None|null) ?([%)]|to\b|percentage)": "an empty value in a number's place",
    r"\?\?": "an unresolved reference",
    r"\{(result|choice|stamp|cite|numref|doc|ref|literalinclude)\}": "an unresolved role",
    r"\(\s*\)|\(\s*to\s*\)|=\s*[,.;)]": "an empty number",
    r"Left out of this draft": "a passage of a draft",
    r"Traceback|\w+Error:": "an error",
}
HOLES_OF_PAGES = HOLES | {r"\[\[|\]\]": "an unresolved mark", r"<[a-z]+ |&[a-z]+;": "a tag"}
EMPTY_CELL = re.compile(
    r"<t[dh][^>]*>(?:<[^>]+>|\s)*(nan|None|null|NaN|NaT|inf|-inf|undefined)(?:<[^>]+>|\s)*</t[dh]>"
)
PATIENT = re.compile(r"SYN-\d{4}")
HOSTS = {"doi.org", "ncbi.nlm.nih.gov", "creativecommons.org", "orcid.org", "github.com", "jupyterbook.org"}
STAMP = re.compile(r"Version \d+\.\d+\.\d+ .*commit \w+.* protocol \w{12} · data \w{12}")
SHORTEST = 30  # letters of a caption or an alternative text that can say anything
CHART = re.compile(r'<script type="application/json" data-chart="([^"]*)">(.*?)</script>', re.S)


def holes(text: str, patterns: Mapping[str, str] = HOLES) -> list[str]:
    """Return every place where a value, a reference or a role did not make it into the text."""
    return [
        f"{what}: {text[max(m.start() - 40, 0) : m.end() + 20]}"
        for pattern, what in patterns.items()
        for m in re.finditer(pattern, text)
    ]


def page_holes(page: Page) -> list[str]:
    """Return the holes of a page, its empty cells included."""
    cells = [f"an empty cell: {found}" for found in EMPTY_CELL.findall(page.html)]
    return holes(page.everything, HOLES_OF_PAGES) + cells


def figure_faults(page: Page) -> list[str]:
    """Return figures without number, caption or alternative text, or with the same words in both."""
    faults = []
    for shown in page.figures:
        caption = " ".join(shown.caption.split())
        if not re.match(r"Figure S?\d+", caption) or len(caption) < SHORTEST:
            faults.append(f"{shown.name} needs a number and a caption, has {caption!r}")
        if len(shown.alt) != 1 or len(shown.alt[0]) < SHORTEST:
            faults.append(f"{shown.name} needs one picture with an alternative text, has {shown.alt}")
        elif shown.alt[0].lower().rstrip(".") in caption.lower():
            faults.append(f"the alternative text of {shown.name} repeats the caption: {shown.alt[0]}")
    return faults


def number_faults(page: Page, wanted: Iterable[tuple[str, str]]) -> list[str]:
    """Return the (id, text) that a page prints and the ledger does not have, or the other way round."""
    shown, due = Counter(page.results), Counter(wanted)
    extra = [f"{id_} is printed as {text!r}, the ledger says otherwise" for id_, text in shown - due]
    return extra + [f"{id_} is not printed as {text!r}" for id_, text in due - shown]


RUNNING = re.compile(
    r"\AAnakinra versus baricitinib re-examined.*?R real cohort|Version [\d.]+ \(.*?protocol \w+ \d+"
)


def not_printed(numbers: Iterable[str], sheets: Sequence[str]) -> list[str]:
    """Return the marked numbers of the pages that the PDF prints less often, or with other digits."""
    plain = [
        squeezed(re.sub(r",\s+", ",|", RUNNING.sub(" ", sheet))) for sheet in sheets
    ]  # no comma of a number
    faults = []
    for number, times in sorted(Counter(numbers).items()):
        digits = squeezed(number)
        whole = re.compile(rf"(?<!\d)(?<!\d[.,]){re.escape(digits)}")
        found = sum(len(whole.findall(sheet)) for sheet in plain)
        found += sum(
            _goes_over(digits, plain[at], "".join(plain[at + 1 : at + 4])) for at in range(len(plain))
        )
        if found < times:
            faults.append(f"{number} is {times} times on the pages, {found} times in the PDF")
    return faults


def _goes_over(number: str, sheet: str, following: str) -> bool:
    """Return whether a number begins at the foot of a sheet and goes on after it, be it under or past figures."""
    return any(
        sheet.endswith(number[:cut]) and number[cut:] in following for cut in range(3, len(number) - 1)
    )


def link_faults(pages: Sequence[Page], site: Path) -> list[str]:
    """Return links inside a site that lead to no page or to no place on it, and links out to unknown hosts."""
    faults = []
    for here in pages:
        for link in here.links:
            parts = urlsplit(link)
            if parts.netloc or parts.scheme:
                known = parts.scheme == "https" and parts.netloc.removeprefix("www.") in HOSTS
                faults += [] if known else [f"{here.path.name}: {link} is no known source over https"]
                continue
            target = (here.path.parent / unquote(parts.path)).resolve() if parts.path else here.path.resolve()
            beside = target.parent == site.resolve().parent and target.suffix == ".pdf"  # the paper as PDF
            if not target.is_file() or not (beside or target.is_relative_to(site.resolve())):
                faults.append(f"{here.path.name}: {link} leads to no file")
            elif parts.fragment and target.suffix == ".html":
                ids = read_page(site / target.relative_to(site.resolve())).ids
                faults += (
                    [] if unquote(parts.fragment) in ids else [f"{here.path.name}: {link} has no target"]
                )
    return faults


def outside_loads(page: Page) -> list[str]:
    """Return what a page would load from another host."""
    return [f"{page.path.name} loads {load}" for load in page.loads if urlsplit(load).netloc]


def outside_styles(name: str, css: str) -> list[str]:
    """Return what a style sheet would load from another host."""
    found = re.finditer(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^\s\"')]*", css)
    return [f"{name} loads {m[0]}" for m in found]


def stamp_faults(page: Page) -> list[str]:
    """Return what a page lacks of the warning about synthetic numbers and of what identifies the build."""
    faults = [] if "Synthetic cohort" in page.everything else ["does not warn of synthetic numbers"]
    faults += [] if STAMP.search(page.everything) else ["does not say which build it is"]
    return [f"{page.path.name} {fault}" for fault in faults]


def patients(files: Iterable[Path]) -> list[str]:
    """Return files that hold a patient's identifier."""
    texts = ((path, path.read_bytes().decode("utf-8", errors="ignore")) for path in files)
    return [f"{path.name} holds {m[0]}" for path, text in texts if (m := PATIENT.search(text))]


def chart_faults(page: Page) -> list[str]:
    """Return charts that carry more than aggregates, and figures that carry no chart."""
    specs = CHART.findall(page.html)
    drawn = {shown.name for shown in page.figures if shown.name.startswith("fig-")}
    faults = [f"{name} has no chart" for name in sorted(drawn - {chart for chart, _ in specs})]
    for chart, spec in specs:
        for rows in _datasets(json.loads(spec)):
            columns = {str(column).lower() for row in rows for column in row}
            named = sorted(filter(NAMED_LIKE_PATIENTS.fullmatch, columns))
            if len(rows) > MAX_ROWS or named:
                faults.append(f"{chart} carries {len(rows)} rows, identifiers: {named}")
    return faults


def _datasets(node: object) -> list[list[dict[str, object]]]:
    """Return every list of records in a specification, wherever it stands."""
    parts = node if isinstance(node, list) else list(node.values()) if isinstance(node, dict) else []
    here = [node] if isinstance(node, list) and node and all(isinstance(row, dict) for row in node) else []
    return here + [rows for part in parts for rows in _datasets(part)]


def dead_anchors(checklists: Iterable[dict[str, Any]], ids: set[str]) -> list[str]:
    """Return items of the checklists whose answer is nowhere on the pages."""
    return [
        f"{checklist['title']} {item['id']}: no {label}"
        for checklist in checklists
        for item in checklist["items"]
        for label in item["where"]
        if label.replace("_", "-") not in ids
    ]
