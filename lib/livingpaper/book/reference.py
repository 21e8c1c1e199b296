"""The reference of a package, from its docstrings: every public name with its first sentence, the rest folded."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from html import escape
from importlib import import_module
from types import ModuleType
from typing import Any

NUMPY_MARK = re.compile(r"``([^`]+)``")
WIDTH = 100  # letters of a signature on one line
SPECIAL = re.compile(r"([\\*_{}\[\]<>|$^~#@])")


def reference_myst(package: str, alias: str) -> str:
    """Return a reference as MyST: the package and each of its public parts has a section, each name an entry.

    Public is what stands in ``__all__``; parts are the modules among that.
    """
    module = import_module(package)
    parts = [name for name in module.__all__ if isinstance(getattr(module, name), ModuleType)]
    sections = [_section(module, alias, [name for name in module.__all__ if name not in parts])]
    sections += [
        _section(part, f"{alias}.{name}", part.__all__) for name in parts for part in [getattr(module, name)]
    ]
    return "\n\n".join(sections)


def _section(module: ModuleType, path: str, names: list[str]) -> str:
    entries = [
        _entry(dotted, thing)
        for name in names
        for dotted, thing in _with_methods(f"{path}.{name}", getattr(module, name))
    ]
    lead = _prose(_first((module.__doc__ or "").strip()))
    return "\n\n".join([f"## `{path}`", lead, *entries])


def _with_methods(path: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield a thing and, of a class, its public methods: those that say what they do."""
    yield path, thing
    for name in vars(thing) if inspect.isclass(thing) else ():
        method = getattr(thing, name)
        if not name.startswith("_") and callable(method) and inspect.getdoc(method):
            yield f"{path}.{name}", method


def _entry(path: str, thing: Any) -> str:
    """Return an entry of a list of definitions; the whole docstring is folded, and on pages only."""
    doc = inspect.getdoc(thing) or ""
    told = f"{escape(_signature(path, thing))}\n\n{escape(doc)}"
    told = f"<details><summary>Signature and description</summary><pre>{told}</pre></details>"
    folded = "\n".join(f"  {line}" if line else "" for line in told.splitlines())
    return f"`{path}`\n: {_prose(_first(doc))}\n\n  ```{{raw}} html\n{folded}\n  ```"


def _first(doc: str) -> str:
    """Return the first sentence of a docstring."""
    return " ".join(doc.split("\n\n")[0].split()).split(". ")[0].rstrip(".") + "."


def _prose(text: str) -> str:
    """Return text of a docstring as MyST: code stays code, and no other letter means anything."""
    parts = NUMPY_MARK.split(text)
    return "".join(f"`{part}`" if at % 2 else SPECIAL.sub(r"\\\1", part) for at, part in enumerate(parts))


def _signature(path: str, thing: Any) -> str:
    """Return the call of a function, one parameter per line if there are many."""
    try:
        given = list(inspect.signature(thing).parameters.values())
    except ValueError:
        return path
    words = [_parameter(each) for each in given]
    starred = [each.kind is each.KEYWORD_ONLY for each in given]
    if True in starred and not any(each.kind is each.VAR_POSITIONAL for each in given):
        words.insert(starred.index(True), "*")
    one = f"{path}({', '.join(words)})"
    return one if len(one) <= WIDTH else f"{path}(\n    " + ",\n    ".join(words) + ",\n)"


def _parameter(given: inspect.Parameter) -> str:
    """Return a parameter as it was written: annotations that are kept as text come without their quotes."""
    said = "" if given.annotation is given.empty else f": {given.annotation}"
    default = "" if given.default is given.empty else f" = {given.default!r}"
    name = str(given).split(":")[0].split("=")[0].strip()  # with its stars
    return f"{name}{said}{default}"
