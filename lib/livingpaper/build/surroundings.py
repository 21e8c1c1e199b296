"""Interpreter, library and folder belong together: one check before any command, and an environment that is ours."""

import json
import os
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from livingpaper.build.project import OF_GIT, Project

OF_PYTHON = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONSTARTUP")
OF_JUPYTER = ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_PATH")
PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.+!-]+)", re.M)
INSTALLED = re.compile(r"^(.+)-([^-]+)\.dist-info$")
REMAKE = "run make, which makes the environment of a moved or copied folder anew"


class SurroundingsError(RuntimeError):
    """The command would compute with another folder's code, or with other packages than the locked ones."""


def clean_environment() -> None:
    """Forget what points this process or its children to other code, kernels or repositories.

    What Python had read of it already is undone by starting again without it.
    """
    before = bool({*OF_PYTHON[:3]} & {*os.environ})
    for name in (*OF_PYTHON, *OF_JUPYTER, *OF_GIT):
        os.environ.pop(name, None)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    if before:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def check_surroundings(project: Project) -> None:
    """Require the code of this folder, the locked versions and a kernel of this interpreter.

    Raises
    ------
    SurroundingsError
        One line: what would be used, and what to run.
    """
    for problem in (*_foreign_code(project), *_other_versions(project), *_foreign_kernel()):
        raise SurroundingsError(problem)


def _foreign_code(project: Project) -> Iterator[str]:
    library = project.root / "lib"
    for package in sorted(path.parent.name for path in library.glob("*/__init__.py")):
        spec = find_spec(package)
        if spec is None or not spec.origin or library.resolve() not in Path(spec.origin).resolve().parents:
            found = spec.origin if spec else "none"
            yield f"{package} must be that of {library}, {found} would be used; {REMAKE}"


def _other_versions(project: Project) -> Iterator[str]:
    if not project.lock.is_file() or not (project.root / "lib").is_dir():
        return
    locked = {_name(name): version for name, version in PINNED.findall(project.lock.read_text("utf-8-sig"))}
    there = _installed()
    pairs = [(name, there.get(name, version), version) for name, version in locked.items()]
    other = [f"{name} {found} for {version}" for name, found, version in pairs if found != version]
    if other:
        yield f"packages must have the versions of {project.lock.name}, {len(other)} have not, first {other[0]}; {REMAKE}"


def _installed() -> dict[str, str]:
    """Return the versions of the packages of this interpreter, by the names of their folders."""
    places = (Path(place) for place in sys.path if Path(place).name == "site-packages")
    folders = (folder.name for place in places for folder in place.iterdir())
    found = (INSTALLED.match(folder) for folder in folders)
    return {_name(match[1]): match[2] for match in found if match}


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def _foreign_kernel() -> Iterator[str]:
    file = Path(sys.prefix, "share", "jupyter", "kernels", "python3", "kernel.json")
    program = json.loads(file.read_text("utf-8"))["argv"][0] if file.is_file() else "python"
    if Path(program).name == program or Path(program).parent == Path(sys.executable).parent:
        return
    yield f"the kernel python3 must run {sys.executable}, {file} names {program}; {REMAKE}"
