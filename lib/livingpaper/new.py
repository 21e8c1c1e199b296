"""A new paper: a folder that builds at once, to be written over."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

SKELETON = Path(__file__).parent / "skeleton"
TODAY = "@TODAY@"


def new_paper(folder: Path) -> list[Path]:
    """Write the skeleton of a paper into a new or empty folder and return its files.

    Raises
    ------
    FileExistsError
        If there is something already.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise FileExistsError(f"a new paper needs an empty folder, {folder} is none; name another")
    shutil.copytree(SKELETON, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        text = path.read_text("utf-8")
        if TODAY in text:
            path.write_text(text.replace(TODAY, date.today().isoformat()), "utf-8")
    return files
