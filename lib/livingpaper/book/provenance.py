"""Where a chapter came from: hashes of its inputs, packages, the functions behind it, the tests behind those.

No clock times: the panel is the same whenever the same inputs are built.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from livingpaper.build.cache import code_digest
from livingpaper.build.project import Project, digest
from livingpaper.ledger.ledger import read_ledger

PACKAGES = ("altair", "lifelines", "numpy", "pandas", "scipy", "statsmodels")
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.M | re.S)
NUMBER = re.compile(r"\{result\}`([^` ]+)")


def exhibits(chapter: str) -> pd.DataFrame:
    """Return ``label`` and ``function`` of everything the cells of a chapter show.

    Parameters
    ----------
    chapter : str
        Text of the chapter.

    Returns
    -------
    DataFrame
        ``function`` is module and name, for example ``paper.figures.front.key_figure``.
    """
    names: dict[str, str] = {}
    rows = []
    for cell in CELL.findall(chapter):
        tree = ast.parse(re.sub(r"\A(:[\w-]+:.*\n)+", "", cell))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("headtohead"):
                names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "show":
                rows.append((ast.literal_eval(node.args[1]), _called(node.args[0], names)))
    return pd.DataFrame(rows, columns=["label", "function"])


def _called(thing: ast.expr, names: dict[str, str]) -> str:
    """Return the dotted name of the function that makes what is shown."""
    call = next(node for node in ast.walk(thing) if isinstance(node, ast.Call))
    module, _, name = ast.unparse(call.func).partition(".")
    return f"{names.get(module, module)}{'.' + name if name else ''}".removeprefix("headtohead.")


def behind_numbers(chapter: str, ledger: pd.DataFrame) -> list[str]:
    """Return the modules that computed the numbers a chapter prints."""
    used = [id_ for id_ in dict.fromkeys(NUMBER.findall(chapter)) if id_ in ledger.index]
    files = {code.split("::")[0] for code in ledger.loc[used, "code"]}
    return sorted(
        file.removesuffix(".py").replace("/", ".") if file.endswith(".py") else file for file in files
    )


def tests_of(module: str, tests: Path) -> list[str]:
    """Return the test files that import a module of the library, themselves or through a helper beside them.

    Importing a package counts for each of its modules: the tests that do so walk through all of them.
    """
    package = f"headtohead.{module.rpartition('.')[0]}"
    wanted = f"headtohead.{module}"
    return [
        file
        for file, names in _imports_of_tests(tests)
        if package in names or any(name == wanted or name.startswith(wanted + ".") for name in names)
    ]


def tested_through(module: str, project: Project) -> tuple[str, list[str]]:
    """Return the nearest caller, with its tests, of a module without tests of its own; empty if none."""
    waiting, seen = [module], {module}
    while waiting:
        for caller in _callers(waiting.pop(0), project.root / "lib" / "headtohead"):
            if found := tests_of(caller, project.root / "tests"):
                return caller, found
            if caller not in seen:
                seen.add(caller)
                waiting.append(caller)
    return "", []


def _callers(module: str, library: Path) -> list[str]:
    """Return the modules of the library that import one."""
    wanted = f"headtohead.{module}."
    found = [
        path
        for path in sorted(library.rglob("*.py"))
        if any(f"{name}.".startswith(wanted) for name in _imported(path))
    ]
    places = [path.parent if path.stem == "__init__" else path.with_suffix("") for path in found]
    return [place.relative_to(library).as_posix().replace("/", ".") for place in places]


@cache
def _imports_of_tests(tests: Path) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple(
        (path.relative_to(tests.parent).as_posix(), frozenset(_reached(path, tests)))
        for path in sorted(tests.rglob("test_*.py"))
    )


def _reached(path: Path, tests: Path) -> Iterator[str]:
    """Yield what a test file imports, and what the helpers import that it imports."""
    for name in _imported(path):
        yield name
        for helper in (name, name.rpartition(".")[0]):
            beside = tests.joinpath(*helper.split(".")).with_suffix(".py") if helper else path
            if beside.is_file() and beside != path:
                yield from _reached(beside, tests)


@cache
def _imported(path: Path) -> tuple[str, ...]:
    """Return the dotted names of everything that a file imports, wherever in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(names)


def panel_html(project: Project, chapter: str) -> str:
    """Return the panel of one chapter as a folded HTML table.

    Parameters
    ----------
    project : Project
    chapter : str
        Its name without ending, for example ``book/methods``.
    """
    text = (project.root / f"{chapter}.md").read_text(encoding="utf-8")
    hashes = {
        "chapter": digest([project.root / f"{chapter}.md"], project.root),
        "protocol.toml": digest([project.protocol], project.root),
        "data": digest([project.data], project.root),
        "analysis code": code_digest("study.whole"),
        "requirements.txt": digest([project.lock], project.root),
        "results/ledger.csv": digest([project.ledger], project.root),
    }
    inputs = ", ".join(f"{escape(name)} <code>{value[:12]}</code>" for name, value in hashes.items())
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    shown = exhibits(text)
    rows = [("Inputs", inputs), ("Packages", packages)]
    rows += [
        (f"<a href='#{row.label}'>{row.label}</a>", _function(row.function, project))
        for row in shown.itertuples()
    ]
    rows += [
        ("Numbers", _function(f"{source}.", project))
        for source in behind_numbers(text, read_ledger(project.ledger))
    ]
    body = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
    return f'<details class="provenance"><summary>Where this chapter comes from</summary><table>{body}</table></details>'


def _function(dotted: str, project: Project) -> str:
    """Return what made something, and where that is tested; a file of data stands for itself."""
    if dotted.startswith("data/"):
        return f"<code>{escape(dotted.rstrip('.'))}</code>"
    module, _, name = dotted.rpartition(".")
    files, how = tests_of(module, project.root / "tests"), "tested in"
    if not files:
        caller, files = tested_through(module, project)
        how = f"tested through <code>{caller}</code> in"
    tests = ", ".join(f"<code>{path}</code>" for path in files)
    return f"<code>{escape(dotted if name else dotted.rstrip('.'))}</code>" + (
        f"; {how} {tests}" if tests else ""
    )
