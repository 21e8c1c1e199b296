"""Comparing two ledgers must not load the analysis: ``headtohead diff`` answers at once."""

from __future__ import annotations

import os
import subprocess
import sys

from livingpaper.build.project import Project

HEAVY = {
    "scipy", "statsmodels", "lifelines", "pandera", "sklearn", "numba", "altair", "vl_convert", "matplotlib", "joblib",
    "sphinx", "docutils", "myst_nb", "pybtex", "pypandoc", "rocrate", "jsonschema", "jupyter_cache", "bs4",
}  # fmt: skip
LIGHT = (
    "livingpaper.__main__", "livingpaper.ledger.compare", "livingpaper.versions.sources",
    "livingpaper.ledger.ledger", "livingpaper.ledger.claims", "study.protocol.protocol",
)  # fmt: skip


def loaded(code: str, project: Project) -> set[str]:
    """Return the top-level names of what a fresh interpreter has imported after some code."""
    last = "import sys; print('\\n' + ' '.join({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{last}"],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(project.root / "lib")},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_light_modules_stay_light(project: Project) -> None:
    """All in one interpreter: together they load nothing heavy only if none does."""
    assert not loaded(f"import {', '.join(LIGHT)}", project) & HEAVY


def test_a_comparison_loads_nothing_heavy(project: Project) -> None:
    """The whole command, not only its imports."""
    ledger = str(project.ledger)
    found = loaded(
        f"from livingpaper.__main__ import main; assert main(['diff', {ledger!r}, {ledger!r}]) == 0", project
    )
    assert "pandas" in found
    assert not found & HEAVY


def test_heavy_modules_would_be_seen(project: Project) -> None:
    assert "altair" in loaded("import livingpaper.book.show", project) & HEAVY
