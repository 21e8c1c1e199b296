"""Checklists are complete, and a pointer to nothing stops the build."""

from __future__ import annotations

from pathlib import Path

import pytest
from livingpaper.book.checklists import checklist_myst, load_checklists
from livingpaper.build.project import Project
from sphinx.testing.util import SphinxTestApp

HEAD = "STROBE:\n  title: STROBE\n  doi: 10.1/1\n  numbering_verified: true\n  items:\n"
DONE = '    - {id: "1", need: "Design", where: [answer], status: done}\n'


def written(folder: Path, items: str) -> Path:
    path = folder / "checklists.yml"
    path.write_text(HEAD + items, "utf-8")
    return path


def test_an_item_becomes_a_row_with_links(tmp_path: Path) -> None:
    items = DONE + '    - {id: "2", need: "Size", where: [], status: na, reason: "no sample was drawn"}\n'
    text = checklist_myst("STROBE", load_checklists(written(tmp_path, items)))
    assert "| 1 | Design | {ref}`answer` | yes |" in text
    assert "| 2 | Size | – | does not apply: no sample was drawn |" in text
    assert ":name: tbl-checklist-strobe" in text
    assert "numbering" not in text


def test_figures_and_tables_are_linked_by_number_and_doubts_about_the_numbering_are_printed() -> None:
    item = {"id": "1", "need": "B", "where": ["fig-a", "tbl-b"], "status": "done"}
    known = {"title": "A", "doi": "10.1/1", "numbering_verified": False, "items": [item]}
    text = checklist_myst("A", {"A": known})
    assert "{numref}`fig-a`, {numref}`tbl-b`" in text
    assert "has not been compared with the published list." in text


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ('    - {id: "1", need: "A", where: [], status: na}\n', "STROBE 1: na needs a reason"),
        ('    - {id: "1", need: "A", where: [b], status: partial}\n', "1: partial needs a reason"),
        ('    - {id: "1", need: "A", where: [], status: done}\n', "1: names no place that answers it"),
        ('    - {id: "1", need: "A", where: [b], status: maybe}\n', "found 'maybe'"),
        (DONE + DONE, "1: occurs twice"),
        ('    - {id: "1", need: "A", status: done}\n', r"STROBE 1: has a missing or unknown key: \['where'\]"),
        ('    - {id: "1", need: "A", where: [b], status: done, by: c}\n', r"unknown key: \['by'\]"),
        ("    - {id: ", "must be valid YAML"),
    ],
)  # fmt: skip
def test_an_incomplete_item_is_named(tmp_path: Path, items: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        load_checklists(written(tmp_path, items))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no such file"):
        load_checklists(tmp_path / "checklists.yml")


def test_the_checklists_of_the_paper_are_complete(project: Project) -> None:
    found = load_checklists(project.root / "book" / "checklists.yml")
    assert set(found) == {"STROBE", "RECORD", "RECORD-PE", "TARGET"}
    assert all(len(checklist["items"]) > 5 for checklist in found.values())


SMALL_BOOK = (
    "extensions = ['myst_parser', 'directive']\nsource_suffix = {'.md': 'markdown'}\nmyst_enable_extensions = ['colon_fence']\n"
    "exclude_patterns = ['_build']\n"
)
DIRECTIVE = (
    "from livingpaper.book.hooks import PaperDirective\n\n\n"
    "def setup(app):\n    app.add_directive('checklist', PaperDirective)\n"
)


def build(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Build a book of one page that prints a checklist, and return what Sphinx complains about."""
    (folder / "book").mkdir()
    written(folder / "book", DONE)
    (folder / "directive.py").write_text(DIRECTIVE)
    (folder / "conf.py").write_text(SMALL_BOOK)
    (folder / "index.md").write_text(
        f"# A\n\n({name})=\n## Answer\n\nIt is.\n\n```{{checklist}} STROBE\n```\n"
    )
    monkeypatch.syspath_prepend(folder)
    app = SphinxTestApp("html", srcdir=folder, warningiserror=False)
    try:
        app.build()
        return app.warning.getvalue()
    finally:
        app.cleanup()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_a_dead_anchor_is_a_warning_and_a_live_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The paper is built with warnings as errors (``STRICT`` in jupyter_book.py)."""
    for name in ("answer", "elsewhere"):
        (tmp_path / name).mkdir()
    said = build(tmp_path / "answer", "answer", monkeypatch)
    assert said == ""
    said = build(tmp_path / "elsewhere", "elsewhere", monkeypatch)
    assert "undefined label: 'answer'" in said
