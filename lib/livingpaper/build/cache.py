"""Files replaced whole or not at all, and the fingerprint of the code that a result rests on."""

import ast
import hashlib
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from livingpaper.build.project import content_of, plain, text_of

INSTALLED = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def sha(content: str | bytes) -> str:
    """Return the sha256 of text or bytes."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def write_whole(path: Path, *content: bytes | memoryview) -> None:
    """Write a file, one piece after another, so that a reader sees the old content or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        fresh = Path(folder, path.name)
        with fresh.open("wb") as file:
            file.writelines(content)
        fresh.replace(path)


def write_changed(path: Path, content: bytes) -> bool:
    """Write a file whole unless it holds this already, whatever line ends a checkout gave it; return whether it changed."""
    if path.is_file() and content_of(path) == plain(content):
        return False
    write_whole(path, content)
    return True


def files_of(folder: Path, *names: str) -> dict[str, bytes]:
    """Return the content of every file at or below these names of a folder, by its name in the folder."""
    paths = sorted(path for name in names for path in (folder / name, *(folder / name).rglob("*")))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


@contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """Give the place of a new folder, which takes that of ``target`` once all is in it."""
    fresh, old = (target.with_name(f".{target.name}-{age}") for age in ("new", "old"))
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    yield fresh
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def mark_of(target: Path) -> Path:
    """Return the file that says from what state ``target``, a file or a folder, was made."""
    return target.with_name(f".{target.name}-state")


def up_to_date(target: Path, state: str) -> bool:
    """Return whether something is there and was made from this state."""
    mark = mark_of(target)
    return target.exists() and mark.is_file() and mark.read_text("utf-8") == state


def say(text: str) -> None:
    """Tell who builds."""
    print(text, flush=True)  # noqa: T201


@cache
def installed() -> str:
    """Return names and versions of the installed packages: not every paper locks them, nor all that a chapter imports."""
    return " ".join(sorted({folder.name for place in INSTALLED[2:] for folder in place.glob("*.dist-info")}))


def code_digest(*modules: str) -> str:
    """Return the hash of the source of modules and of every module of the project that they import."""
    files = sorted(module_files(*modules).items())
    return sha(b"".join(name.encode() + b"\0" + content_of(path) for name, path in files))


def module_files(*modules: str) -> dict[str, Path]:
    """Return name to file of every module that the given ones reach and that no lock file pins."""
    found: dict[str, Path] = {}
    waiting = {*modules}
    while waiting:
        name = waiting.pop()
        if path := source_file(name):
            found[name] = path
            waiting |= _reached(name, path, path.stat().st_mtime_ns) - found.keys()
    return found


@cache
def _reached(name: str, path: Path, _changed: int) -> frozenset[str]:
    """Return the modules of the project that one imports or may load."""
    source, folder = text_of(path), path.parent
    names = {*imported(ast.parse(source))}
    if path.stem == "__init__" and "def __getattr__" in source:  # no import names what it loads on demand
        inside = [part.relative_to(folder).with_suffix("").parts for part in folder.rglob("*.py")]
        names |= {".".join([name, *parts]).removesuffix(".__init__") for parts in inside}
    return frozenset(each for each in names if source_file(each))


def source_file(module: str) -> Path | None:
    """Return the file of a module of the project, without importing it; None for other names."""
    package, *rest = module.split(".")
    home = home_of(package)
    return next(filter(Path.is_file, _places(home, *rest)), None) if home else None


@cache
def _places(home: Path, *rest: str) -> list[Path]:
    """Return where a module of a package may stand, the likelier place first."""
    stem = home.with_suffix("").joinpath(*rest)
    paths = [stem.with_suffix(".py"), stem / "__init__.py"]
    return paths if rest else paths[::-1]


@cache
def home_of(package: str) -> Path | None:
    """Return the folder of a package, or the file of a module, that was not installed from a lock."""
    spec = find_spec(package) if package not in (*sys.builtin_module_names, "__main__") else None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    path = Path(spec.origin)
    own = not any(map(path.is_relative_to, INSTALLED))
    return (path.parent if path.stem == "__init__" else path) if own else None


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the names that a source imports, wherever in it: imports are statements, no part of an expression."""
    waiting = [tree]
    for node in waiting:  # grows on the way
        waiting += [part for part in ast.iter_child_nodes(node) if not isinstance(part, ast.expr)]
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from names
            if not all(map(source_file, names)):  # else only parts of a package are meant, not all it offers
                yield node.module
