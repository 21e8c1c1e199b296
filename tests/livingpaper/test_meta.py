"""What pages say of themselves to machines."""

from __future__ import annotations

import shutil
from html import unescape
from pathlib import Path

import pytest
from livingpaper.book.markup import markup
from livingpaper.book.stamp import article_ld, citation_file, highwire, reference_lines
from livingpaper.build.project import Project
from livingpaper.config import config
from pybtex.database import parse_file


def test_a_reference_by_hand(tmp_path: Path) -> None:
    """A semicolon separates fields, so none may stand in a title; a DOI keeps its own; accents are letters."""
    path = tmp_path / "r.bib"
    path.write_text(
        '@article{a, author = {Li, Fan and R{\\"o}ver, A and others}, title = {The {E}-value; a {\\&} b},\n'
        "journal = {J}, year = {2018},\n"
        "number = {3}, doi = {10.1/(A)1:2<3::AID>3.0.CO;2-I}}\n"
    )
    assert list(reference_lines(path)) == [
        "citation_title=The E-value, a & b; citation_author=Li, Fan; citation_author=Röver, A; citation_journal_title=J; "
        "citation_publication_date=2018; citation_issue=3; citation_doi=10.1/(A)1:2<3::AID>3.0.CO;2-I"
    ]


def test_tags_of_the_front_page(project: Project) -> None:
    tags, found = highwire(project, references=True), citation_file(project)
    assert f'name="citation_title" content="{found["title"]}"' in tags
    assert f'name="citation_publication_date" content="{found["date-released"].replace("-", "/")}"' in tags
    library = parse_file(str(project.root / "book" / "references.bib"))
    assert tags.count('name="citation_reference"') == len(library.entries)
    assert "citation_doi=10.3390/jcm10174019" in unescape(tags)
    assert "citation_reference" not in highwire(project, references=False)


@pytest.mark.parametrize("doi", ["", "10.5281/zenodo.1"])
def test_a_doi_is_told_only_if_there_is_one(project: Project, tmp_path: Path, doi: str) -> None:
    text = (project.root / "CITATION.cff").read_text()
    (tmp_path / "CITATION.cff").write_text(text + (f"doi: {doi}\n" if doi else ""))
    shutil.copy(project.root / "paper.toml", tmp_path)
    mine = Project(tmp_path)
    assert ('name="citation_doi"' in highwire(mine, references=False)) == bool(doi)
    assert ("identifier" in article_ld(mine)["@graph"][0]) == bool(doi)


def test_the_cohorts_are_called_synthetic(project: Project) -> None:
    article, cohorts, ledger = article_ld(project)["@graph"]
    assert (article["@type"], cohorts["@type"], ledger["@type"]) == ("ScholarlyArticle", "Dataset", "Dataset")
    assert cohorts["creativeWorkStatus"] == "synthetic"
    assert "creativeWorkStatus" not in ledger
    assert article["isBasedOn"][0]["@id"] == "https://doi.org/10.3390/jcm10174019"
    assert article["version"] == citation_file(project)["version"]


def test_a_citation_file_without_a_date_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "CITATION.cff").write_text("title: T\nauthors: [{name: A}]\nversion: 1.0.0\n")
    with pytest.raises(ValueError, match=r"\['date-released'\] missing"):
        highwire(Project(tmp_path), references=False)


def test_marks_have_the_colours_that_the_paper_says(tmp_path: Path) -> None:
    text = '[origins.{}]\nmark = "A"\nsays = "b"\n'
    colours = 'colours = ["#0b4f79", "#8fc7ea"]\n'
    (tmp_path / "paper.toml").write_text(text.format("blue") + colours + text.format("plain"))
    assert markup("style.html", origins=config(Project(tmp_path)).origins) == (
        "<style>a.origin-blue{--origin:#0b4f79}html[data-theme=dark] a.origin-blue{--origin:#8fc7ea}</style>\n"
    )
    (tmp_path / "paper.toml").write_text(text.format("plain") + "# without any\n")
    assert markup("style.html", origins=config(Project(tmp_path)).origins) == ""
