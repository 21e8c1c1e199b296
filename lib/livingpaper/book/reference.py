"""The reference of a package, from its docstrings: every public name with its first sentence, the rest folded."""

import inspect
import re
from collections.abc import Iterator
from html import escape
from importlib import import_module
from types import ModuleType
from typing import Any

from livingpaper.build.project import Project

MARKED = re.compile(r"``([^`]+)``|([\\*_{}\[\]<>|$^~#@])")  # code, or a sign that MyST would read as markup
QUOTED = re.compile(r"(: |-> )'([^']*)'")  # annotations that are kept as text


def reference_myst(_project: Project, package: str, alias: str) -> str:
    """Return a reference as MyST: a section for the package and for each module in its ``__all__``, an entry per name."""
    return "\n\n".join(_entries(alias, import_module(package)))


def _entries(path: str, thing: Any) -> Iterator[str]:
    """Yield a thing and what belongs to it: of a module its public names, of a class the methods that say what they do."""
    doc = inspect.getdoc(thing) or ""
    first = " ".join(doc.split("\n\n")[0].split()).split(". ")[0].rstrip(".") + "."
    first = MARKED.sub(lambda found: f"`{found[1]}`" if found[1] else f"\\{found[2]}", first)
    if isinstance(thing, ModuleType):
        yield f"## `{path}`\n\n{first}"
        inside = {name: getattr(thing, name) for name in thing.__all__}
        for name in sorted(inside, key=lambda name: (isinstance(inside[name], ModuleType), name)):
            yield from _entries(f"{path}.{name}", inside[name])
        return
    raised = inspect.isclass(thing) and issubclass(thing, Exception)
    call = QUOTED.sub(r"\1\2", path if raised else f"{path}{inspect.signature(thing)}")
    told = f'<pre style="white-space: pre-wrap">{escape(call)}\n\n{escape(doc)}</pre>'
    told = f"<details><summary>Signature and description</summary> {told}</details>".replace("\n", "\n  ")
    yield f"`{path}`\n: {first}\n\n  ```{{raw}} html\n  {told}\n  ```"
    for name in vars(thing) if inspect.isclass(thing) else ():
        method = getattr(thing, name)
        if not name.startswith("_") and inspect.isroutine(method) and inspect.getdoc(method):
            yield from _entries(f"{path}.{name}", method)
