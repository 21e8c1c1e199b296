"""The PDFs that were built, paper and supplement: complete, printable anywhere, nothing over the edge."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from book.built import ACCESSIBLE, LATEX, PDF, PDFS, SUPPLEMENT, contents, need, page, sheets, squeezed
from book.chapters import ROOT, chapters
from book.gates import not_printed
from livingpaper.book.stamp import citation_file
from livingpaper.build.project import Project
from livingpaper.build.project import pages as project_pages
from livingpaper.config import config
from pypdf import PdfReader

from book import gates_pdf

pytestmark = pytest.mark.book
CAPTION = re.compile(r'class="caption-number">([^<]+)<')
each = pytest.mark.parametrize("path", PDFS, ids=lambda path: path.stem)


def everything() -> list[str]:
    return [sheet for path in PDFS for sheet in sheets(path)]


@each
def test_fonts_are_embedded(path: Path) -> None:
    pdf = PdfReader(need(path))
    assert gates_pdf.fonts_of(pdf)
    assert gates_pdf.font_faults(pdf) == []


@each
def test_it_is_a_paper_and_no_sheet_is_nearly_blank(path: Path) -> None:
    assert 10 <= len(sheets(path)) <= 90
    assert gates_pdf.thin_sheets(sheets(path)) == []


@each
def test_sheets_are_a4(path: Path) -> None:
    assert gates_pdf.size_faults(PdfReader(need(path))) == []


@each
def test_no_hole_in_the_text(path: Path) -> None:
    assert gates_pdf.sheet_holes(sheets(path)) == []


@each
def test_every_sheet_names_its_version(path: Path, project: Project) -> None:
    assert gates_pdf.without(f"Version {citation_file(project)['version']}", sheets(path)) == []


@each
def test_it_says_title_and_language_and_whose_supplement_it_is(path: Path, project: Project) -> None:
    pdf, title = PdfReader(need(path)), str(citation_file(project)["title"])
    whole = f"Supplement to: {title}" if path == SUPPLEMENT else title
    assert (pdf.metadata or {}).get("/Title") == whole
    assert pdf.trailer["/Root"]["/Lang"] == "en-GB"
    assert squeezed(whole) in squeezed(sheets(path)[0])


@each
def test_latex_finds_no_fault(path: Path) -> None:
    """No line over the margin, no character without a shape, no open reference."""
    log = need(LATEX / f"{path.stem}.log").read_text("utf-8", errors="replace")
    assert gates_pdf.log_faults(log) == []


@each
def test_figures_and_tables_bear_the_numbers_of_the_pages(path: Path) -> None:
    """What another document refers to as Figure S3 is Figure S3 there."""
    below = path == SUPPLEMENT
    shown = [number.strip() for name in contents() for number in CAPTION.findall(page(name).html)]
    here = [number for number in shown if (" S" in number) == below]
    printed = squeezed(" ".join(sheets(path)))
    assert len(here) > 3
    assert [number for number in here if squeezed(f"{number}.") not in printed] == []


@each
def test_the_references_are_those_that_it_cites(path: Path) -> None:
    tex = need(LATEX / f"{path.stem}.tex").read_text("utf-8")
    listed = re.findall(r"\\bibitem\[\d+\]\{([^}]+)\}", tex)
    assert len(listed) > 5
    assert {*listed} == {*re.findall(r"\\hyperlink\{cite\.([^}]+)\}", tex)}


def test_every_chapter_is_printed() -> None:
    whole = squeezed(" ".join(everything()))
    for chapter in chapters():
        title = next(line for line in chapter.text.splitlines() if line.startswith("# "))[2:]
        opens = config().supplement == f"book/{chapter.name.removesuffix('.md')}"
        assert squeezed("Supplement to:" if opens else title) in whole, chapter.name


def test_every_number_of_the_pages_is_printed() -> None:
    numbers = [number for name in contents() for number in page(name).printed]
    assert len(numbers) > 100
    assert not_printed(numbers, everything()) == []


def test_each_document_refers_to_the_other() -> None:
    paper, supplement = (" ".join(sheets(path)) for path in (PDF, SUPPLEMENT))
    assert re.search(r"\(supplement\)|S\d+ of the supplement", paper)
    assert re.search(r"\(paper\)|(Figure|Table) \d+ of the paper", supplement)
    assert "supplement.pdf" in need(LATEX / "paper.tex").read_text("utf-8")


def test_the_accessible_paper_speaks() -> None:
    """Tagged, with title, language, headings and the words of every figure of the paper."""
    pdf = PdfReader(need(ACCESSIBLE))
    assert gates_pdf.tag_faults(pdf) == []
    figures = [tag["/Alt"] for tag in gates_pdf.tags(pdf) if tag.get("/S") == "/Figure"]
    apart = {*project_pages(Project(ROOT), below="book/supplement")}
    words = [
        " ".join(alt.split())
        for name in contents()
        if name not in apart
        for shown in page(name).figures
        for alt in shown.alt
    ]
    said = [" ".join(str(alt).split()) for alt in figures]
    assert [alt for alt in said if not alt.startswith(", ")] == words  # the marks of numbers are spoken too
    assert gates_pdf.font_faults(pdf) == []


def test_latex_cannot_be_said_to_tag() -> None:
    """The other PDFs are not tagged; once Debian's LaTeX does it, the third can go."""
    assert "it is not marked as tagged" in gates_pdf.tag_faults(PdfReader(need(PDF)))
