"""A tiny book through the real command: what is run again, what stops the build, what survives it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from livingpaper.book.stamp import citation_file
from livingpaper.build.project import Project
from livingpaper.ledger.ledger import read_ledger
from project_copy import fingerprints
from tiny_book import runs, text_of, tiny_project, write_page

PROSE = """Deaths: {result}`counts.death.rd`, n = {result}`counts.death.rd n`.
Caliper {choice}`matching.caliper_sd`, level {choice}`inference.conf_level`.
Version {stamp}`version` of {stamp}`released`."""
RAISES = '```{code-cell} ipython3\nraise ArithmeticError("the chapter fails")\n```\n\n'


def html(project: Project) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "livingpaper", "html"],
        cwd=project.root,
        env={**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def last_good(project: Project) -> dict[str, bytes]:
    good = fingerprints(project.build / "html", project.ledger.parent)
    return {**good, "pdf": (project.build / "paper.pdf").read_bytes()}


def test_a_tiny_book_through_its_life(fresh: Project, tmp_path: Path) -> None:
    """One test, because a build takes seconds and each step goes on from the one before."""
    made = tiny_project(fresh, tmp_path / "p", PROSE)
    done = html(made)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ledger: unchanged" in done.stdout
    assert runs(made) == 1
    (made.build / "paper.pdf").write_bytes(b"%PDF the last good paper")
    roles_print_numbers_choices_and_the_stamp(made)

    good = last_good(made)
    assert "html: up to date" in html(made).stdout
    assert (last_good(made), runs(made)) == (good, 1)

    write_page(made, PROSE, RAISES)
    done = html(made)
    assert done.returncode == 1
    assert done.stderr.startswith("html: the book has warnings or errors:\n")
    assert "ArithmeticError: the chapter fails" in done.stderr
    assert last_good(made) == good, "a failed build must leave the last good paper as it is"

    write_page(made, PROSE + "\n\nOne more sentence.")
    assert html(made).returncode == 0
    assert "One more sentence." in text_of(made)
    assert runs(made) == 1, "other prose is no reason to run the code again"

    (made.root / "lib" / "analysis.py").write_text("A = 2\n")
    assert html(made).returncode == 0
    assert runs(made) == 2, "other code must be run"

    given = {
        "_config.yml",
        "_toc.yml",
        "CITATION.cff",
        "claims.toml",
        "paper.toml",
        "protocol.toml",
        "requirements.txt",
        "book",
        "data",
        "lib",
    }
    assert {path.name for path in made.root.iterdir()} == given | {"_build", "results", "runs.txt"}


def roles_print_numbers_choices_and_the_stamp(made: Project) -> None:
    said, number = text_of(made), read_ledger(made.ledger).loc["counts.death.rd"]
    assert f"Deaths: {number['text']} C , n = 342 C ." in said
    assert "Caliper 0.2 , level 95% ." in said
    assert f"Version {citation_file(made)['version']} of {citation_file(made)['date-released']}" in said
    page = (made.build / "html" / "book" / "index.html").read_text("utf-8")
    assert 'class="result origin-counts" href="ledger.html#n-counts-death-rd"' in page
    ledger = (made.build / "html" / "book" / "ledger.html").read_text("utf-8")
    assert 'id="n-counts-death-rd"' in ledger
