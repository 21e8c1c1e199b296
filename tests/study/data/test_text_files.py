"""A byte-order mark and Windows line ends, as editors and spreadsheets leave them, change nothing in any file of ours."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from livingpaper.book.checklists import load_checklists
from livingpaper.book.provenance import sources_of_numbers
from livingpaper.book.stamp import citation_file, reference_lines, stamp
from livingpaper.build.project import Project, digest, find_project, pages, text_of
from livingpaper.chapters.cells import check_literals, own_chapters, read_cells
from livingpaper.chapters.taking import fixed_files
from livingpaper.config import config
from livingpaper.lab.texts import numbered, titles
from livingpaper.ledger.claims import Rules, check_claims, load_claims
from livingpaper.ledger.ledger import read_ledger
from livingpaper.versions.sources import changelog, read_claims, read_source
from study.data.load import load_dictionary, load_plan, load_published, load_world, load_worlds
from study.evidence.contract import load_evidence
from study.protocol.protocol import protocol_hash
from study.simulation.stored import FILES, read_precomputed
from study.worlds.worlds import read_worlds

KINDS = (".csv", ".toml", ".yml", ".md", ".cff", ".bib", ".json", ".txt", ".py", "")
READ: dict[str, Callable[[Project], Any]] = {
    "paper.toml": lambda p: config(p).model_dump(exclude={"root"}),
    "_toc.yml": pages,
    "_config.yml": lambda p: text_of(p.root / "_config.yml"),
    "CITATION.cff": citation_file,
    "CHANGELOG.md": changelog,
    "stamp": lambda p: stamp(p) | {"commit": ""},
    "protocol.toml": lambda p: (load_plan(), protocol_hash(p.protocol)),
    "choices in cells": check_literals,
    "files of choices": lambda p: [path.relative_to(p.root) for path in fixed_files(p)],
    "claims.toml": lambda p: load_claims(p.claims),
    "claims of a version": lambda p: read_claims(p, "0.1.0"),
    "ledger": lambda p: read_ledger(p.ledger),
    "ledger of a version": lambda p: read_source(p, "0.1.0"),
    "conclusions": lambda p: check_claims(
        load_claims(p.claims), p.root / "book", read_ledger(p.ledger), Rules(config(p))
    ),
    "cells": lambda p: [read_cells(path, p.root) for path in own_chapters(p).values()],
    "numbers of a chapter": lambda p: sources_of_numbers(
        text_of(p.root / "book" / "outcomes.md"), read_ledger(p.ledger)
    ),
    "numbering": lambda p: (numbered(p.root), titles(p.root)),
    "references.bib": lambda p: [*reference_lines(p.root / "book" / "references.bib")],
    "checklists.yml": lambda p: load_checklists(p.root / "book" / "checklists.yml"),
    "dictionary": lambda _: load_dictionary(),
    "published": lambda _: load_published(),
    "worlds.csv": lambda _: load_worlds(),
    "worlds.json": lambda p: read_worlds(p.data / "synthetic" / "worlds.json"),
    "cohort": lambda _: load_world("null"),
    "evidence": lambda _: load_evidence(),
    **{name: lambda p, name=name: read_precomputed(name, project=p) for name in FILES},
    "everything": lambda p: digest([p.root / name for name in ("book", "data", "results", "lib")], p.root),
}


def marked(source: Project, root: Path) -> Project:
    """Copy the committed files, the text among them with the mark and the line ends."""
    names = ("book", "data", "results", "lib", "versions")
    for name in names:
        leave = shutil.ignore_patterns("__pycache__", "assets", "own", "*.xz", "*.egg-info")
        shutil.copytree(source.root / name, root / name, ignore=leave)
    for path in source.root.iterdir():
        if path.is_file() and path.name != ".git":
            shutil.copyfile(path, root / path.name)
    for path in root.rglob("*"):
        content = path.read_bytes() if path.is_file() and path.suffix in KINDS else b"\0"
        if b"\0" not in content:
            path.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    return Project(root)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Project]:
    """Return a copy as it is committed, and one with marks."""
    source, folder = find_project(Path(__file__).parent), tmp_path_factory.mktemp("text")
    there = marked(source, folder / "marked")
    files = filter(Path.is_file, there.root.rglob("*.*"))
    assert sum(path.read_bytes()[:3] == b"\xef\xbb\xbf" for path in files) > 200
    return source, there


@pytest.mark.parametrize("what", READ)
def test_it_reads_the_same(both: tuple[Project, Project], what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for project in both:
        monkeypatch.chdir(project.root)
        said.append(READ[what](project))
    plain, with_marks = said
    assert plain.equals(with_marks) if hasattr(plain, "equals") else plain == with_marks


def test_code_is_parsed(both: tuple[Project, Project]) -> None:
    for path in (both[1].root / "lib").rglob("*.py"):
        ast.parse(text_of(path))


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "claims.toml"
    file.write_bytes("says = 'café'".encode("latin-1"))
    with pytest.raises(ValueError, match=r"claims\.toml must be text in UTF-8, found: .*; save it as UTF-8"):
        load_claims(file)
