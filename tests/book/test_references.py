"""References, labels of numbers and choices, the table of contents and the dictionary fit each other."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from book.chapters import BOOK, ROOT, Chapter, chapter, chapters
from livingpaper.book.choices import choice_words
from livingpaper.build.project import Project, pages
from livingpaper.ledger.ledger import ledger_part, read_ledger
from pybtex.database import BibliographyData, parse_file

pytestmark = pytest.mark.gate
CHAPTERS = [pytest.param(found, id=found.name) for found in chapters()]
DOI = re.compile(r"10\.\d{4,9}/[^\s\"]+")
ORIGIN_OF = {
    "published": "published",
    "counts": "counts",
}  # first part of an id; others: the cohort


@pytest.fixture(scope="module")
def library() -> BibliographyData:
    return parse_file(str(BOOK / "references.bib"), "bibtex")


@pytest.fixture(scope="module")
def ledger(project: Project) -> pd.DataFrame:
    return read_ledger(project.ledger)


def cited() -> set[str]:
    targets = [target for found in chapters() for role, target in found.roles if role.startswith("cite")]
    return {key.strip() for target in targets for key in target.split(",")}


def toc_files() -> list[str]:
    return pages(Project(ROOT))


def test_every_citation_has_an_entry_and_every_entry_a_citation(library: BibliographyData) -> None:
    assert sorted(cited() - set(library.entries)) == [], "cited, but not in references.bib"
    assert sorted(set(library.entries) - cited()) == [], "in references.bib, but never cited"


def test_every_entry_can_be_found(library: BibliographyData) -> None:
    for key, entry in library.entries.items():
        fields = entry.fields
        assert {"title", "year"} <= set(fields), key
        assert entry.persons.get("author"), key
        assert "note" not in fields, f"{key}: a note is printed; what was not checked stands as `unverified`"
        assert re.fullmatch(r"(19|20)\d\d", fields["year"]), key
        assert key.rstrip("ab").endswith(fields["year"]), f"{key} is of {fields['year']}"
        if entry.type != "book":
            if entry.type == "misc" and "doi" not in fields:
                assert "PROSPERO" in fields["howpublished"], f"{key} needs a DOI or a registration"
                continue
            assert DOI.fullmatch(fields["doi"]), f"{key}: {fields['doi']}"
        elif "doi" in fields:
            assert DOI.fullmatch(fields["doi"]), key
    dois = [entry.fields["doi"].lower() for entry in library.entries.values() if "doi" in entry.fields]
    assert len(dois) == len(set(dois))


@pytest.mark.parametrize("found", CHAPTERS)
def test_every_number_is_in_the_ledger_and_has_the_part(found: Chapter, ledger: pd.DataFrame) -> None:
    for role, target in found.roles:
        if role == "result":
            id_, _, part = target.partition(" ")
            assert id_ in ledger.index, f"{found.name}: {id_}"
            assert ledger_part(ledger.loc[id_], part or "text").strip(), target


def test_every_number_has_the_origin_of_its_name(ledger: pd.DataFrame) -> None:
    studies = ledger["id"].str.split(".").str[0].isin(["evidence", "gbsg2", "nhefs", "real"])
    assert set(ledger.loc[studies, "origin"]) == {"counts", "published", "real"}
    ledger = ledger[~studies]
    cohort = set(ledger.loc[~ledger["id"].str.split(".").str[0].isin(ORIGIN_OF), "origin"])
    assert len(cohort) == 1, f"one cohort has one origin, found {cohort}"
    for id_, origin in ledger["origin"].items():
        assert origin == ORIGIN_OF.get(str(id_).split(".")[0], next(iter(cohort))), id_


@pytest.mark.parametrize("found", CHAPTERS)
def test_every_choice_is_in_the_protocol(found: Chapter, project: Project) -> None:
    for role, target in found.roles:
        if role == "choice":
            assert choice_words(project, target).strip(), target


def test_the_contents_list_every_chapter_once() -> None:
    files = toc_files()
    assert len(files) == len(set(files))
    assert {f"book/{found.name}" for found in chapters()} == set(files)


@pytest.mark.parametrize("found", CHAPTERS)
def test_links_to_pages_have_a_target(found: Chapter) -> None:
    names = {other.name for other in chapters()}
    for role, target in found.roles:
        if role == "doc":
            assert target.rstrip(">").rpartition("<")[2] in names, f"{found.name}: {target}"
    for target in re.findall(r"\]\(([\w./-]+\.md)[^)]*\)", found.prose):
        assert (BOOK / target).is_file(), f"{found.name}: {target}"
    for path in re.findall(r"`((?:tests|data|results|lib)/[\w./]+)`", found.prose):
        assert (ROOT / path).exists(), f"{found.name} names {path}, which is not there"
    for module in re.findall(r"(?<!\})`((?:headtohead|livingpaper|study)\.[\w.]+)`", found.prose):
        parts = ROOT / "lib" / module.replace(".", "/")
        assert parts.is_dir() or parts.with_suffix(".py").is_file(), f"{found.name} names {module}"


def test_the_dictionary_page_prints_every_column(dictionary: pd.DataFrame) -> None:
    calls = " ".join(source for source, _ in chapter("dictionary").exhibits.values())
    printed = set(re.findall(r"'([a-z ]+)'", calls))
    assert set(dictionary["role"]) == printed
    assert dictionary["label"].str.len().min() > 0


def test_no_section_has_the_label_of_another() -> None:
    labels = [label for found in chapters() for label in re.findall(r"^\(([\w-]+)\)=$", found.text, re.M)]
    assert [label for label in set(labels) if labels.count(label) > 1] == []
