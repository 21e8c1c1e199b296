"""Where a chapter came from: hashes of its inputs, packages, the functions behind it, the tests behind those.

No clock times: the panel is the same whenever the same inputs are built.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from html import escape
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from headtohead.cache import code_digest
from headtohead.paper.ledger import read_ledger
from headtohead.project import Project, digest

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
    code = ledger.loc[used, "code"].str.split("::").str[0].str.removesuffix(".py").str.replace("/", ".")
    return sorted(set(code))


def tests_of(module: str, tests: Path) -> list[str]:
    """Return the test files that import a module of the library."""
    folder, _, name = module.rpartition(".")
    pattern = re.compile(
        rf"from headtohead\.{re.escape(module)} import|from headtohead\.{re.escape(folder)} import[^\n]*\b{name}\b"
    )
    return [file for file, text in _test_texts(tests) if pattern.search(text)]


@cache
def _test_texts(tests: Path) -> tuple[tuple[str, str], ...]:
    return tuple(
        (path.relative_to(tests.parent).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(tests.rglob("test_*.py"))
    )


def panel_html(project: Project, chapter: str, *, fresh: bool) -> str:
    """Return the panel of one chapter as a folded HTML table.

    Parameters
    ----------
    project : Project
    chapter : str
        Its name without ending, for example ``book/methods``.
    fresh : bool
        Whether its cells were executed for this build.
    """
    text = (project.root / f"{chapter}.md").read_text(encoding="utf-8")
    hashes = {
        "chapter": digest([project.root / f"{chapter}.md"], project.root),
        "protocol.toml": digest([project.protocol], project.root),
        "data": digest([project.data], project.root),
        "analysis code": code_digest("headtohead.study.whole"),
        "requirements.txt": digest([project.lock], project.root),
        "results/ledger.csv": digest([project.ledger], project.root),
    }
    inputs = ", ".join(f"{escape(name)} <code>{value[:12]}</code>" for name, value in hashes.items())
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    shown = exhibits(text)
    rows = [
        ("Inputs", inputs),
        ("Cells", "executed for this build" if fresh else "from the cache of the same inputs"),
        ("Packages", packages),
    ]
    rows += [
        (f"<a href='#{row.label}'>{row.label}</a>", _function(row.function, project))
        for row in shown.itertuples()
    ]
    rows += [
        ("Numbers", _function(f"{module}.", project))
        for module in behind_numbers(text, read_ledger(project.ledger))
    ]
    body = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
    return f'<details class="provenance"><summary>Where this chapter comes from</summary><table>{body}</table></details>'


def _function(dotted: str, project: Project) -> str:
    module, _, name = dotted.rpartition(".")
    tests = ", ".join(f"<code>{path}</code>" for path in tests_of(module, project.root / "tests"))
    return f"<code>{escape(dotted.rstrip('.') if not name else dotted)}</code>" + (
        f"; tested in {tests}" if tests else ""
    )
