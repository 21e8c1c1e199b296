"""The PDF that was built: complete, printable anywhere, nothing over the edge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from book.built import LATEX_LOG, PDF, contents, need, page, sheets, squeezed
from book.chapters import chapters
from headtohead import __version__
from pypdf import PdfReader

pytestmark = pytest.mark.book
HOLES = (
    r"(?<![\w-])(nan|NaN|NaT|inf|undefined)(?![\w-])|[(=:] ?None\b|\?\?"
    r"|\{(result|choice|stamp|cite|numref)\}|\(\s*\)|Traceback"
)
WIDEST = 1.0  # points over the margin that nobody sees
FEWEST_LETTERS = (
    250  # running head and foot are about 150; a sheet with one full-page table has more than 600
)


def fonts(resources: Any) -> Iterator[tuple[str, Any]]:
    """Return the fonts of a sheet, those inside its figures included."""
    resources = resources.get_object() if resources is not None else {}
    for name, reference in (resources.get("/Font") or {}).items():
        yield name, reference.get_object()
    for reference in (resources.get("/XObject") or {}).values():
        inner = reference.get_object()
        if inner.get("/Subtype") == "/Form" and "/Resources" in inner:
            yield from fonts(inner["/Resources"])


def embedded(font: Any) -> bool:
    """Return whether a font is in the file; a composite one is where its descendant is."""
    if font["/Subtype"] == "/Type3":
        return True
    if "/DescendantFonts" in font:
        return all(embedded(part.get_object()) for part in font["/DescendantFonts"].get_object())
    descriptor = font.get("/FontDescriptor")
    return bool(descriptor) and any(
        key in descriptor.get_object() for key in ("/FontFile", "/FontFile2", "/FontFile3")
    )


def test_fonts_are_embedded() -> None:
    seen = 0
    for sheet in PdfReader(need(PDF)).pages:
        for name, font in fonts(sheet["/Resources"]):
            assert embedded(font), f"{name} {font.get('/BaseFont')}"
            seen += 1
    assert seen


def test_it_is_a_paper_and_no_sheet_is_nearly_blank() -> None:
    assert 15 <= len(sheets()) <= 60
    thin = {number: len(squeezed(text)) for number, text in enumerate(sheets(), 1)}
    assert {number: length for number, length in thin.items() if length < FEWEST_LETTERS} == {}


def test_sheets_are_a4() -> None:
    for sheet in PdfReader(need(PDF)).pages:
        assert float(sheet.mediabox.width) == pytest.approx(595.28, abs=0.5)
        assert float(sheet.mediabox.height) == pytest.approx(841.89, abs=0.5)


def test_no_hole_in_the_text() -> None:
    for number, text in enumerate(sheets(), 1):
        found = [text[max(m.start() - 40, 0) : m.end() + 20] for m in re.finditer(HOLES, text)]
        assert found == [], f"sheet {number}"


def test_every_sheet_names_its_version() -> None:
    for number, text in enumerate(sheets(), 1):
        assert squeezed(f"Version {__version__}") in squeezed(text), f"sheet {number}"


def test_every_chapter_is_printed() -> None:
    whole = squeezed(" ".join(sheets()))
    for chapter in chapters():
        title = next(line for line in chapter.text.splitlines() if line.startswith("# "))
        assert squeezed(title[2:]) in whole, chapter.name


def test_every_number_of_the_pages_is_printed() -> None:
    whole = squeezed(" ".join(sheets()))
    numbers = {text for name in contents() for _, text in page(name).results}
    assert len(numbers) > 100
    assert sorted(number for number in numbers if squeezed(number) not in whole) == []


def test_nothing_runs_over_the_margin() -> None:
    log = need(LATEX_LOG).read_text("utf-8", errors="replace")
    wide = re.findall(r"Overfull \\[hv]box \(([\d.]+)pt too (?:wide|high)\)", log)
    assert [float(points) for points in wide if float(points) > WIDEST] == []


def test_every_character_has_a_shape() -> None:
    log = need(LATEX_LOG).read_text("utf-8", errors="replace")
    missing = re.findall(r"Missing character: There is no (\S+)", log)
    assert sorted(set(missing)) == []


def test_every_reference_is_resolved() -> None:
    log = need(LATEX_LOG).read_text("utf-8", errors="replace").replace("\n", "")
    assert re.findall(r"(?:Reference|Citation) `[^']*'[^.]{0,40}undefined", log) == []
    assert "There were undefined references" not in log
