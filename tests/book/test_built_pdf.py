"""The PDF that was built: complete, printable anywhere, nothing over the edge."""

from __future__ import annotations

import pytest
from book.built import LATEX_LOG, PDF, contents, need, page, sheets, squeezed
from book.chapters import chapters
from book.gates import not_printed
from livingpaper.book.stamp import citation_file
from livingpaper.build.project import Project
from pypdf import PdfReader

from book import gates_pdf

pytestmark = pytest.mark.book


@pytest.fixture(scope="module")
def pdf() -> PdfReader:
    return PdfReader(need(PDF))


def test_fonts_are_embedded(pdf: PdfReader) -> None:
    assert gates_pdf.fonts_of(pdf)
    assert gates_pdf.font_faults(pdf) == []


def test_it_is_a_paper_and_no_sheet_is_nearly_blank() -> None:
    assert 15 <= len(sheets()) <= 90
    assert gates_pdf.thin_sheets(sheets()) == []


def test_sheets_are_a4(pdf: PdfReader) -> None:
    assert gates_pdf.size_faults(pdf) == []


def test_no_hole_in_the_text() -> None:
    assert gates_pdf.sheet_holes(sheets()) == []


def test_every_sheet_names_its_version(project: Project) -> None:
    assert gates_pdf.without(f"Version {citation_file(project)['version']}", sheets()) == []


def test_every_chapter_is_printed() -> None:
    whole = squeezed(" ".join(sheets()))
    for chapter in chapters():
        title = next(line for line in chapter.text.splitlines() if line.startswith("# "))
        assert squeezed(title[2:]) in whole, chapter.name


def test_every_number_of_the_pages_is_printed() -> None:
    numbers = [number for name in contents() for number in page(name).printed]
    assert len(numbers) > 100
    assert not_printed(numbers, sheets()) == []


def test_latex_finds_no_fault() -> None:
    """No line over the margin, no character without a shape, no open reference."""
    assert gates_pdf.log_faults(need(LATEX_LOG).read_text("utf-8", errors="replace")) == []
