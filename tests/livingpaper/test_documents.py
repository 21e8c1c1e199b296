"""Paper and supplement: which page belongs to which, and how their figures and tables are numbered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from livingpaper.book.documents import renumbered
from livingpaper.book.stamp import citation_file
from livingpaper.build.accessible import counted_anew, one_page
from livingpaper.build.project import Project, pages
from livingpaper.chapters.cells import chapter_files
from livingpaper.config import config
from livingpaper.lab.texts import numbered
from small_book import small_book

TOC = """format: jb-book
root: book/cohort
parts:
  - chapters:
      - file: book/matching
  - chapters:
      - file: book/extra
        sections:
          - file: book/outcomes
            sections:
              - file: book/more
      - file: book/references
"""


def book(root: Path) -> Project:
    names = ("cohort", "matching", "extra", "outcomes", "more", "references")
    cells = {name: [[f'show(1, "{kind}-{name}", """A.""")'] for kind in ("fig", "tbl")] for name in names}
    made = small_book(root, **cells)
    (root / "_toc.yml").write_text(TOC)
    toml = (root / "paper.toml").read_text("utf-8").replace('"book/supplement"', '"book/extra"')
    (root / "paper.toml").write_text(toml)
    (root / "CITATION.cff").write_text(
        "title: A title\nversion: 1.0.0\ndate-released: 2026-01-02\nauthors: [{name: We}]\n"
    )
    return made


def test_sections_are_pages_wherever_they_stand(tmp_path: Path) -> None:
    made = book(tmp_path)
    below = ["book/extra", "book/outcomes", "book/more"]
    assert pages(made) == ["book/cohort", "book/matching", *below, "book/references"]
    assert pages(made, below="book/extra") == below
    assert pages(made, below="book/more") == ["book/more"]
    assert pages(made, below="book/nowhere") == []
    assert pages(made, parts=1) == ["book/cohort", "book/matching"]
    assert [*chapter_files(made)] == ["cohort", "matching", "extra", "outcomes", "more", "references"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "hold names with values, found None"),
        ("- a", "hold names with values, found ['a']"),
        ("]: [", "be valid YAML"),
    ],
)
def test_a_damaged_file_is_named_in_one_line(text: str, found: str, tmp_path: Path) -> None:
    made = book(tmp_path)
    for name, read in (("_toc.yml", pages), ("CITATION.cff", citation_file)):
        (tmp_path / name).write_text(text)
        with pytest.raises(ValueError, match=re.escape(f"{tmp_path / name} must {found}")) as raised:
            read(made)
        assert "\n" not in str(raised.value)


def test_two_pdfs_with_a_supplement_and_one_without(tmp_path: Path) -> None:
    made = book(tmp_path)
    assert config(made).pdfs == ("paper.pdf", "supplement.pdf")
    lines = (tmp_path / "paper.toml").read_text("utf-8").splitlines()
    (tmp_path / "paper.toml").write_text("\n".join(x for x in lines if not x.startswith("supplement")))
    assert config(made).pdfs == ("paper.pdf",)
    assert numbered(tmp_path)["fig-more"].text == "Figure 5"


def test_the_supplement_counts_its_own_figures_and_tables(tmp_path: Path) -> None:
    """Sphinx counts through; what is set apart starts anew with an S, and the rest closes the gap."""
    through = {
        "a": {"figure": {"x": (1,), "y": (2,)}},
        "s": {"figure": {"z": (3,)}, "table": {"t": (1,)}},
        "b": {"figure": {"w": (4,)}, "table": {"u": (2,)}},
    }
    assert renumbered(through, {"s"}) == {
        "a": {"figure": {"x": (1,), "y": (2,)}},
        "s": {"figure": {"z": ("S1",)}, "table": {"t": ("S1",)}},
        "b": {"figure": {"w": (3,)}, "table": {"u": (1,)}},
    }
    assert renumbered(through, set()) == through
    book(tmp_path)
    shown = {name: each.text for name, each in numbered(tmp_path).items()}
    assert shown["fig-matching"] == "Figure 2"
    assert shown["tbl-extra"] == "Table S1"
    assert shown["fig-more"] == "Figure S3"
    assert shown["tbl-references"] == "Table 3"


def test_the_page_that_is_printed_holds_the_paper_and_leads_nowhere_on_this_machine(tmp_path: Path) -> None:
    made = book(tmp_path)
    made.protocol.write_text("[study]\nblinded = false\ndraft = true\n")
    html = tmp_path / "_build" / "html"
    (html / "book").mkdir(parents=True)
    article = (
        '<html><head><link rel="stylesheet" href="../_static/a.css"></head><body><article class="bd-article">'
        '<h1 id="here">{0}</h1><nav>menu</nav><a href="#here">up</a><a href="matching.html#here">on</a>'
        '<a href="outcomes.html#here">apart</a><a href="https://doi.org/1">out</a>'
        '<figure><img src="../_images/a.svg" alt="Two bars."></figure>{1}</article></body></html>'
    )
    for name in pages(made):
        cited = '<div class="citation" id="id1"></div>' if name == "book/more" else ""
        (html / f"{name}.html").write_text(article.format(name, cited))
    page = one_page(made, html)
    assert '<html lang="en-GB"' in page
    assert "<title>A title</title>" in page
    assert "Draft, not for citation" in page
    assert (
        page.count("<section ") == 4
    )  # cohort, matching, references, and the page with the list of references
    assert "book/extra" not in page
    assert '<h1 id="book/cohort--here">' in page
    assert '<h2 id="book/matching--here">' in page
    assert 'href="#book/matching--here"' in page
    assert "menu" not in page
    assert ">apart</a>" not in page
    assert "apart" in page
    assert 'href="https://doi.org/1"' in page
    assert page.count('alt="Two bars."') == 4
    links = [part.split('"')[0] for part in page.split('<a href="')[1:]]
    assert all(link.startswith(("#", "https:")) for link in links), links


def test_anchors_of_two_prints_are_the_same() -> None:
    """In their order, which the file relies on, and of the same length, so that every place in it stays."""
    one = b"/ID (node00000280) /ID (node00000266) [(node00000266) (node00000280)] (nodes)"
    other = one.replace(b"280", b"384").replace(b"266", b"312")
    assert counted_anew(one) == counted_anew(other)
    assert (
        counted_anew(one) == b"/ID (node00000002) /ID (node00000001) [(node00000001) (node00000002)] (nodes)"
    )
