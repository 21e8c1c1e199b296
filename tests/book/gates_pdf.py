"""What must be true of the printed paper: fonts inside, sheets of A4, nothing over the margin, no hole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from book.built import squeezed
from book.gates import holes
from pypdf import PdfReader

WIDEST = 1.0  # points over the margin that nobody sees
FEWEST_LETTERS = 250  # head and foot are about 150; a sheet with one full-page table has more than 600
A4 = (595.28, 841.89)
LOG = {
    r"Missing character: There is no (\S+)": "no shape for the character",
    r"(?:[Rr]eference|Citation) `([^']*)'[^.]{0,40}undefined": "an unresolved reference",
    r"There were (undefined references)": "unresolved",
}


def sheet_holes(sheets: Sequence[str]) -> list[str]:
    """Return the holes of each sheet."""
    return [f"sheet {number}: {fault}" for number, text in enumerate(sheets, 1) for fault in holes(text)]


def thin_sheets(sheets: Sequence[str]) -> list[str]:
    """Return sheets that are nearly blank."""
    letters = {number: len(squeezed(text)) for number, text in enumerate(sheets, 1)}
    return [f"sheet {number} has {many} letters" for number, many in letters.items() if many < FEWEST_LETTERS]


def without(words: str, sheets: Sequence[str]) -> list[str]:
    """Return sheets that do not print some words."""
    wanted = squeezed(words)
    return [f"sheet {n} lacks {words!r}" for n, text in enumerate(sheets, 1) if wanted not in squeezed(text)]


def size_faults(pdf: PdfReader) -> list[str]:
    """Return sheets that are not A4."""
    sizes = [(float(sheet.mediabox.width), float(sheet.mediabox.height)) for sheet in pdf.pages]
    return [
        f"sheet {number} is {size[0]:.0f} by {size[1]:.0f} points"
        for number, size in enumerate(sizes, 1)
        if max(abs(a - b) for a, b in zip(size, A4, strict=True)) > 0.5
    ]


def font_faults(pdf: PdfReader) -> list[str]:
    """Return fonts that are not in the file; a printer would put others in their place."""
    open_ = {
        f"{name} {font.get('/BaseFont')} is not embedded"
        for name, font in fonts_of(pdf)
        if not _embedded(font)
    }
    return sorted(open_)


def fonts_of(pdf: PdfReader) -> list[tuple[str, Any]]:
    """Return name and font of every use, sheet by sheet."""
    return [found for sheet in pdf.pages for found in _fonts(sheet["/Resources"])]


def log_faults(log: str) -> list[str]:
    """Return what LaTeX says about lines over the margin, missing characters and references."""
    wide = re.findall(r"Overfull \\[hv]box \(([\d.]+)pt too (?:wide|high)\)", log)
    faults = [f"{points} points over the margin" for points in wide if float(points) > WIDEST]
    text = log.replace("\n", "")  # LaTeX breaks its lines at 79 letters
    return faults + [f"{what}: {hit}" for pattern, what in LOG.items() for hit in re.findall(pattern, text)]


def _fonts(resources: Any) -> Iterator[tuple[str, Any]]:
    """Return the fonts of a sheet, those inside its figures included."""
    resources = resources.get_object() if resources is not None else {}
    for name, reference in (resources.get("/Font") or {}).items():
        yield name, reference.get_object()
    for reference in (resources.get("/XObject") or {}).values():
        inner = reference.get_object()
        if inner.get("/Subtype") == "/Form" and "/Resources" in inner:
            yield from _fonts(inner["/Resources"])


def _embedded(font: Any) -> bool:
    """Return whether a font is in the file; a composite one is where its descendant is."""
    if font["/Subtype"] == "/Type3":
        return True
    if "/DescendantFonts" in font:
        return all(_embedded(part.get_object()) for part in font["/DescendantFonts"].get_object())
    descriptor = font.get("/FontDescriptor")
    files = ("/FontFile", "/FontFile2", "/FontFile3")
    return bool(descriptor) and any(key in descriptor.get_object() for key in files)


def tag_faults(pdf: PdfReader) -> list[str]:
    """Return what a screen reader would miss: tags, language, title, headings, and words for each picture."""
    root, found = pdf.trailer["/Root"], tags(pdf)
    kinds = [tag.get("/S") for tag in found]
    silent = [tag for tag in found if tag.get("/S") == "/Figure" and not tag.get("/Alt")]
    faults = {
        "it is not marked as tagged": not (root.get("/MarkInfo") or {}).get("/Marked"),
        "it has no language": not root.get("/Lang"),
        "it has no title": not (pdf.metadata or {}).get("/Title"),
        "it must have one main heading": kinds.count("/H1") != 1,
        "it has no cell of a header": "/Table" in kinds and "/TH" not in kinds,
        f"{len(silent)} picture(s) have no words": bool(silent),
    }
    return [fault for fault, there in faults.items() if there]


def tags(pdf: PdfReader) -> list[Any]:
    """Return every element of the tree of tags, in the order of reading."""
    return list(_tags(pdf.trailer["/Root"].get("/StructTreeRoot")))


def _tags(node: Any) -> Iterator[Any]:
    """Return every element below a node of the tree of tags."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for part in node:
            yield from _tags(part)
    elif isinstance(node, dict):
        yield node
        yield from _tags(node.get("/K"))
