"""A new paper: a folder that builds at once, to be written over."""

import shutil
from datetime import date
from pathlib import Path

SKELETON = Path(__file__).parent / "skeleton"


def new_paper(folder: Path) -> None:
    """Write the skeleton of a paper into a new or empty folder; ``FileExistsError`` if there is something already."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise FileExistsError(f"a new paper needs an empty folder, {folder} is none; name another")
    shutil.copytree(SKELETON, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path in filter(Path.is_file, folder.rglob("*")):
        path.write_text(path.read_text("utf-8").replace("@TODAY@", date.today().isoformat()), "utf-8")
