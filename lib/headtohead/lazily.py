"""Public names that load their module when they are first asked for: importing the package loads nothing heavy.

A package writes its public names as imports that only type checkers run, and gives its own file here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Lazily = tuple[Callable[[str], Any], Callable[[], list[str]]]


def lazily(package: str, file: str) -> Lazily:
    """Return ``__getattr__`` and ``__dir__`` of a package whose source is ``file``."""
    homes = homes_of(package, Path(file))

    def get(name: str) -> Any:
        if name not in homes:
            hint = _elsewhere(name, homes, Path(file).parent)
            raise AttributeError(f"{package} has no {name!r}{hint}; see dir({package})")
        if homes[name] == f"{package}.{name}":
            return import_module(homes[name])
        from headtohead.door.kinds import guarded

        home = import_module(homes[name])
        found = guarded(getattr(home, name))
        setattr(home, name, found)
        setattr(import_module(package), name, found)  # asked for once
        return found

    return get, lambda: sorted(homes)


def homes_of(package: str, file: Path) -> dict[str, str]:
    """Return each public name of a package with the module that defines it; a part is its own module."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(package):
            part = node.module == package
            found |= {one.name: f"{package}.{one.name}" if part else str(node.module) for one in node.names}
    return {name: home for name, home in found.items() if name != "lazily"}


def _elsewhere(name: str, homes: dict[str, str], folder: Path) -> str:
    """Return where a name is, if it belongs to one of the parts; none is imported, as Python asks on its way to one."""
    parts = {home: folder / part / "__init__.py" for part, home in homes.items()}
    having = [home for home, file in parts.items() if file.is_file() and name in homes_of(home, file)]
    return f": it is {having[0]}.{name}" if having else ""
