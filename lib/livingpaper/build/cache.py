"""Expensive results, kept under the hash of everything they rest on.

A result is recomputed exactly when its inputs change: the data, the choices, the locked packages, or
the source of any module that computes it. Files are replaced whole or not at all.
"""

from __future__ import annotations

import ast
import hashlib
import os
import pickle
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
INSTALLED = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def cached(folder: Path, name: str, inputs: Mapping[str, str], compute: Callable[[], T]) -> T:
    """Return the stored result of the same inputs, or compute and store it.

    Parameters
    ----------
    folder : Path
        Where results are kept; may be deleted at any time.
    name : str
        What the result is; one file per name and input hash, older ones of the name are removed.
    inputs : mapping of str to str
        Everything the result rests on, as text or as digests.
    compute : callable
        Called without arguments if nothing is stored.
    """
    key = hashlib.sha256("\0".join(f"{k}={inputs[k]}" for k in sorted(inputs)).encode()).hexdigest()[:20]
    path = folder / f"{name}-{key}.pickle"
    if path.is_file():
        try:
            return pickle.loads(path.read_bytes())
        except (pickle.UnpicklingError, EOFError, AttributeError, ImportError):
            path.unlink()  # a torn or outdated file is no result
    result = compute()
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, pickle.dumps(result))
    for old in folder.glob(f"{name}-*.pickle"):
        if old != path and len(old.name) == len(path.name):
            old.unlink(missing_ok=True)
    return result


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def code_digest(*modules: str) -> str:
    """Return the hash of the source of modules and of every module of the project that they import."""
    total = hashlib.sha256()
    for name, path in sorted(module_files(*modules).items()):
        total.update(name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def module_files(*modules: str) -> dict[str, Path]:
    """Return name to file of every module that the given ones reach and that no lock file pins."""
    found: dict[str, Path] = {}
    waiting, seen = list(modules), set(modules)
    while waiting:
        name = waiting.pop()
        path = source_file(name)
        if path is not None:
            found[name] = path
            more = set(_imports(path.read_text(encoding="utf-8"))) - seen
            waiting += more
            seen |= more
    return found


def source_file(module: str) -> Path | None:
    """Return the file of a module of the project, without importing it; None for other names."""
    package, *rest = module.split(".")
    home = _home(package)
    if home is None:
        return None
    stem = home.joinpath(*rest)
    for path in (stem.with_suffix(".py") if rest else stem / "__init__.py", stem / "__init__.py"):
        if path.is_file():
            return path
    return None if rest else home.with_suffix(".py") if home.with_suffix(".py").is_file() else None


@cache
def _home(package: str) -> Path | None:
    """Return the folder of a package, or the file without ending of a module, that was not installed from a lock."""
    spec = find_spec(package) if package not in sys.builtin_module_names else None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    path = Path(spec.origin)
    if any(path.is_relative_to(folder) for folder in INSTALLED):
        return None
    return path.parent if path.stem == "__init__" else path.with_suffix("")


@cache
def _imports(source: str) -> tuple[str, ...]:
    """Return the names that a source imports, wherever in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)
