"""What the machinery must know of a paper's choices."""

from __future__ import annotations

import tomllib
from functools import cache

from livingpaper.build.project import Project


def choices(project: Project) -> dict[str, object]:
    """Return the choices of ``protocol.toml`` as they stand there; empty without the file."""
    path = project.protocol
    return _parsed(path.read_text("utf-8")) if path.is_file() else {}


@cache
def _parsed(text: str) -> dict[str, object]:
    return tomllib.loads(text)


def is_blinded(project: Project) -> bool:
    """Return whether outcomes by arm are withheld: ``study.blinded``."""
    study = choices(project).get("study", {})
    return isinstance(study, dict) and bool(study.get("blinded", False))
