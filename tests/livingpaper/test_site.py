"""When chapters must run again: the fingerprint of what they rest on, and what identifies a build."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from livingpaper.book.hooks import outdated, use_fresh_results
from livingpaper.book.stamp import citation_file, stamp
from livingpaper.build.project import Project
from livingpaper.build.state import inputs_digest
from sphinx.application import Sphinx
from sphinx.testing.util import SphinxTestApp

QUIET = pytest.mark.filterwarnings(  # of the book's tools
    "ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::FutureWarning"
)
Build = Callable[[str], Sphinx]


@pytest.fixture
def small(project: Project, tmp_path: Path) -> Project:
    """Return a project of a few small files."""
    for name in ("lib/a/b.py", "data/x.csv", "results/ledger.csv", "requirements.txt", "book/index.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1\n")
    (tmp_path / "results" / "ledger.csv").write_bytes(project.ledger.read_bytes())
    for name in ("protocol.toml", "paper.toml"):
        (tmp_path / name).write_bytes((project.root / name).read_bytes())
    (tmp_path / "data" / "dictionary.csv").write_bytes((project.data / "dictionary.csv").read_bytes())
    (tmp_path / "CITATION.cff").write_text(
        "title: Small\nauthors: [{name: A}]\nversion: 0.0.1\ndate-released: '2026-11-23'\n"
    )
    return Project(tmp_path)


@pytest.mark.parametrize(
    "name", ["lib/a/b.py", "data/x.csv", "protocol.toml", "requirements.txt", "results/ledger.csv"]
)
def test_an_input_changes_the_key(small: Project, name: str) -> None:
    before = inputs_digest(small)
    assert inputs_digest(small) == before
    path = small.root / name
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    assert inputs_digest(small) != before


@pytest.mark.parametrize("name", ["lib/new.py", "data/own.csv"])
def test_a_new_or_renamed_input_changes_the_key(small: Project, name: str) -> None:
    keys = [inputs_digest(small)]
    (small.root / name).write_text("1\n")
    keys.append(inputs_digest(small))
    (small.root / name).rename((small.root / name).with_suffix(".other"))
    keys.append(inputs_digest(small))
    assert len(set(keys)) == 3


@pytest.mark.parametrize("name", ["book/index.md", "README.md", "lib/a/__pycache__/b.pyc", "_build/x"])
def test_prose_and_by_products_do_not(small: Project, name: str) -> None:
    before = inputs_digest(small)
    (small.root / name).parent.mkdir(parents=True, exist_ok=True)
    (small.root / name).write_text("other words\n")
    assert inputs_digest(small) == before


@pytest.fixture
def build(small: Project) -> Build:
    """Return a function that builds one page of MyST and returns the finished application."""

    def make(page: str) -> Sphinx:
        source = small.root / "book"
        if (source / "index.md").read_text("utf-8") != page:
            (source / "index.md").write_text(page, "utf-8")
        (small.root / "conf.py").touch()
        app = SphinxTestApp(
            "text",
            srcdir=small.root,
            confoverrides={
                "extensions": ["myst_nb", "livingpaper"],
                "nb_execution_mode": "cache",
                "root_doc": "book/index",
                "source_suffix": {".md": "myst-nb"},  # the default is one dictionary for the whole process
                "include_patterns": ["book/*"],
            },
        )
        try:
            app.build()
        finally:
            app.cleanup()
        return app

    return make


def said(app: Sphinx) -> str:
    return (Path(app.outdir) / "book" / "index.txt").read_text("utf-8")


@QUIET
def test_pages_follow_the_ledger_though_nobody_touched_them(small: Project, build: Build) -> None:
    page = "# A\n\n{result}`counts.death.rd n` patients, {choice}`arms.treated`, {stamp}`released`.\n"
    first = build(page)
    assert "342 patients, anakinra, 2026-11-23." in said(first)
    assert f"/{inputs_digest(small)}" in str(first.config.nb_execution_cache_path)
    assert outdated(first, first.env) == set()
    small.claims.write_text("# another rule\n")
    assert outdated(first, first.env) == {"book/index"}, "a draft leaves out what no longer holds"
    assert outdated(first, first.env) == set()
    lines = small.ledger.read_text("utf-8").splitlines(keepends=True)
    mine = next(i for i, line in enumerate(lines) if line.startswith("counts.death.rd,"))
    lines[mine] = lines[mine].replace(",342,", ",343,")
    small.ledger.write_text("".join(lines), "utf-8")
    assert outdated(first, first.env) == {"book/index"}
    again = build(page)
    assert "343 patients" in said(again)
    assert again.config.nb_execution_cache_path != first.config.nb_execution_cache_path


@QUIET
def test_the_executed_cells_are_kept_under_the_key(small: Project, build: Build) -> None:
    app = build("# A\n\nWords.\n")
    before = app.config.nb_execution_cache_path
    (small.root / "lib" / "a" / "b.py").write_text("2\n")
    use_fresh_results(app, app.config)
    assert app.config.nb_execution_cache_path != before
    assert Path(app.config.nb_execution_cache_path).parent == small.build / ".jupyter_cache"


@QUIET
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{result}`counts.deaths.rd`", "no number 'counts.deaths.rd' in the ledger; correct the id"),
        ("{result}`counts.death.rd p`", "a part must be one of"),
        ("{result}`counts.deaths ci`", "'counts.deaths' has no ci"),
        ("{choice}`matching.calliper`", "no choice 'matching.calliper' in protocol.toml; the section has"),
        ("{stamp}`colour`", "a stamp has the parts .*'version'.*, found 'colour'"),
    ],
)
def test_an_unknown_name_stops_the_build_with_file_and_line(build: Build, text: str, message: str) -> None:
    with pytest.raises(Exception, match=rf"index\.md:3: .*{message}") as caught:
        build(f"# A\n\nThe number {text}.\n")
    assert type(caught.value).__name__ in ("SphinxError", "ExtensionError")


def test_the_stamp_identifies_protocol_and_data(small: Project, project: Project) -> None:
    marks = stamp(small)
    assert marks["released"] == "2026-11-23"
    assert marks["commit"] == "no commit"
    assert re.fullmatch(r"[0-9a-f]{12}", marks["protocol"])
    assert marks["protocol"] == stamp(project)["protocol"]
    (small.data / "x.csv").write_text("2\n")
    assert {name for name in marks if stamp(small)[name] != marks[name]} == {"data"}
    assert re.fullmatch(r"[0-9a-f]{10}\+?", stamp(project)["commit"])


def test_a_release_needs_a_date(small: Project) -> None:
    (small.root / "CITATION.cff").write_text("title: x\n")
    with pytest.raises(ValueError, match=r"\['authors', 'date-released', 'version'\] missing, add it"):
        citation_file(small)
