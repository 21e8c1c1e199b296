"""Where a chapter came from: hashes of its inputs, packages, data, the functions its cells use, their tests; no clock."""

import ast
import re
from collections.abc import Iterator
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from livingpaper.book.drafts import PRINTED
from livingpaper.book.markup import markup
from livingpaper.build.cache import sha
from livingpaper.build.project import Project, content_of, digest, text_of
from livingpaper.build.reads import files_behind
from livingpaper.chapters.cells import chapter_statements
from livingpaper.chapters.taking import takes
from livingpaper.config import config
from livingpaper.ledger.ledger import read_ledger


class Behind(NamedTuple):
    """What stands behind a chapter; functions by module and name, ``headtohead.outcomes.risk.risks``."""

    functions: tuple[str, ...]  # of the paper's own packages, that its cells use
    shown: dict[str, str]  # label of each figure and table to the function that makes it, if one does
    chapters: tuple[str, ...]  # itself and those it takes variables from, directly or through others


def behind(project: Project, chapter: str) -> Behind:
    """Return what stands behind a chapter such as ``book/methods``, read from its cells."""
    found = chapter_statements(project, project.root / f"{chapter}.md")
    imports: list[Any] = [part.node for part in found if part.imports]
    names = {
        alias.asname or alias.name: f"{getattr(node, 'module', '')}.{alias.name}".removeprefix(".")
        for node in imports
        for alias in node.names
    }
    own, shown = partial(_own, project.root / "lib", names), {}
    for thing, label, *_ in (call.args for part in found for call in part.calls("show")):
        called = [node.func for node in ast.walk(thing) if isinstance(node, ast.Call)]
        shown[ast.literal_eval(label)] = next(own(ast.Tuple(called)), "")
    functions = {name for part in found for name in own(part.node)}
    return Behind(tuple(sorted(functions)), shown, tuple(_chain(project, chapter)))


def _chain(project: Project, chapter: str) -> list[str]:
    """Return a chapter and those it takes from, each once."""
    found = [chapter]
    for here in found:  # grows on the way
        taken = takes(chapter_statements(project, project.root / f"{here}.md"))
        names = dict.fromkeys(f"{here.rpartition('/')[0]}/{name}" for name, *_ in taken)
        found += [name for name in names if name not in found and (project.root / f"{name}.md").is_file()]
    return found


def _own(library: Path, names: dict[str, str], code: ast.AST) -> Iterator[str]:
    """Yield the functions of the paper's packages that code names, with the module that defines each, in order."""
    for part in ast.walk(code):
        if isinstance(part, (ast.Name, ast.Attribute)) and not isinstance(part.ctx, ast.Store):
            first, *rest = ast.unparse(part).split(".")
            module, _, name = (dotted := ".".join([names.get(first, ""), *rest])).rpartition(".")
            package = module.partition(".")[0]
            known = [full for full in _defined(library).get(name, ()) if full.startswith(f"{package}.")]
            if known and all(map(str.isidentifier, rest)):
                yield dotted if dotted in known else known[0]


@cache
def _defined(library: Path) -> dict[str, list[str]]:
    """Return the functions and classes of the paper's packages, each with its module, by name."""
    found: dict[str, list[str]] = {}
    for path in sorted(library.rglob("*.py")):
        module = ".".join(path.relative_to(library).with_suffix("").parts).removesuffix(".__init__")
        for name in re.findall(r"^(?:def|class) (\w+)", text_of(path), re.M):
            found.setdefault(name, []).append(f"{module}.{name}")
    return found


@cache
def naming_tests(function: str, tests: Path) -> list[str]:
    """Return the test files that name a function and its module or a package above it; else those of its module."""
    module, _, name = function.rpartition(".")
    parent, _, last = module.rpartition(".")
    near = {
        module: rf"\b{re.escape(module)}\b",
        f"from {parent} import": rf"\bfrom {re.escape(parent)} import [^)]*\b{last}\b",
    }
    told = near | {(whole := f"import {module.split('.')[0]}"): rf"\b{whole}\b"}
    texts = _texts(tests).items()
    named = [path for path, text in texts if _says(text, {name: rf"\b{name}\b"}) and _says(text, told)]
    return named or [path for path, text in texts if last in text and _says(text, near)]


def running_tests(chapter: str, tests: Path) -> list[str]:
    """Return the test files that run the cells of a chapter."""
    name = rf"""["']{chapter.rpartition("/")[2]}["']"""
    runs = {"run_chapter(": rf"\brun_chapter\([^)]*{name}", ".chapters[": rf"\.chapters\[{name}"}
    return [path for path, text in _texts(tests).items() if _says(text, runs)]


def _says(text: str, patterns: dict[str, str]) -> bool:
    """Return whether a text holds one of some patterns, each named by words of it: to look for these is fast."""
    return any(words in text and re.search(pattern, text) for words, pattern in patterns.items())


@cache
def _texts(tests: Path) -> dict[str, str]:
    return {str(path.relative_to(tests.parent)): text_of(path) for path in sorted(tests.rglob("test_*.py"))}


def sources_of_numbers(chapter: str, ledger: pd.DataFrame) -> list[str]:
    """Return what computed the numbers that a chapter's text prints, as the ledger says it."""
    return sorted(set(ledger.loc[ledger.index.isin(PRINTED.findall(chapter)), "code"]))


def digest_of(path: Path, root: Path) -> str:
    """Return the hash of a folder, or of a file as the foot of each page gives it."""
    return digest([path], root) if path.is_dir() else sha(content_of(path))


def panel_html(project: Project, chapter: str) -> str:
    """Return the panel of a chapter such as ``book/methods`` as a folded HTML table."""
    path, found, root = project.root / f"{chapter}.md", behind(project, chapter), project.root
    inputs = {"chapter": path, "protocol.toml": project.protocol, "data": project.data, "code": root / "lib"}
    inputs |= {"requirements.txt": project.lock, "results/ledger.csv": project.ledger}
    return markup(
        "panel.html",
        inputs={name: digest_of(each, root)[:12] for name, each in inputs.items() if each.exists()},
        packages=[f"{name} {version(name)}" for name in config(project).packages],
        taken=found.chapters[1:],
        data=files_behind(project, found.chapters),
        shown=found.shown,
        run=running_tests(chapter, root / "tests"),
        functions={name: naming_tests(name, root / "tests") for name in found.functions},
        numbers=sources_of_numbers(text_of(path), read_ledger(project.ledger)),
    )
