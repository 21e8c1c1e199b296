"""Interpreter, library and folder belong together: one check before any command, and an environment that is ours."""

import json
import os
import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from livingpaper.build.project import OF_GIT, STAGE, Project, text_of

OF_JUPYTER = ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_PATH")
PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.+!-]+)", re.M)
INSTALLED = re.compile(r"^(.+)-([^-]+)\.dist-info$")
FIXED = {  # in every process that makes a page or a number
    "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONUTF8": "1", "PYTHONSAFEPATH": "1", "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
}  # fmt: skip
REMAKE = "run make, which makes the environment of a moved or copied folder anew"


class SurroundingsError(RuntimeError):
    """The command would compute with another folder's code, or with other packages than the locked ones."""


def clean_environment() -> None:
    """Forget what points to other kernels or repositories; what points to other code is forgotten when a command begins."""
    for name in (*OF_JUPYTER, *OF_GIT, STAGE):
        os.environ.pop(name, None)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"


def check_surroundings(project: Project) -> None:
    """Raise ``SurroundingsError`` unless code, kernel and package versions are those of this folder."""
    if not any(os.access(place, os.W_OK) for place in (Path(__file__).parent, Path.home())):
        os.environ.setdefault("NUMBA_CACHE_DIR", str(project.build / "cache" / "numba"))
    for problem in (*_foreign(project.root / "lib"), *_other_versions(project)):
        raise SurroundingsError(problem)


def _foreign(library: Path) -> Iterator[str]:
    for name in {"sitecustomize", "usercustomize"} & sys.modules.keys():
        if not (code := str(sys.modules[name].__file__)).startswith(sysconfig.get_path("stdlib")):
            yield f"no code may run before a command, {code} did; take it out of this environment"
    for package in sorted(path.parent.name for path in library.glob("*/__init__.py")):
        spec = find_spec(package)
        if spec is None or not spec.origin or library.resolve() not in Path(spec.origin).resolve().parents:
            found = spec.origin if spec else "none"
            yield f"{package} must be that of {library}, {found} would be used; {REMAKE}"
    file = Path(sys.prefix, "share", "jupyter", "kernels", "python3", "kernel.json")
    program = json.loads(file.read_text("utf-8"))["argv"][0] if file.is_file() else "python"
    if Path(program).name != program and Path(program).parent != Path(sys.executable).parent:
        yield f"the kernel python3 must run {sys.executable}, {file} names {program}; {REMAKE}"


def _other_versions(project: Project) -> Iterator[str]:
    if not project.lock.is_file() or not (project.root / "lib").is_dir():
        return
    locked = {_name(name): version for name, version in PINNED.findall(text_of(project.lock))}
    places = (Path(place) for place in sys.path if Path(place).name == "site-packages")
    found = (INSTALLED.match(folder.name) for place in places for folder in place.iterdir())
    there = sorted((_name(match[1]), match[2]) for match in found if match)
    other = [f"{name} {of} for {locked[name]}" for name, of in there if of != locked.get(name, of)]
    if other:
        yield f"packages must have the versions of {project.lock.name}, {len(other)} have not, first {other[0]}; {REMAKE}"


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()
