"""Which files an exhibit rests on, read from its code: the parts of ``Paper`` that its function looks at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from study.protocol.protocol import load_protocol

from livingpaper.build.project import Project

CHOICES, DICTIONARY, COHORT = "protocol.toml", "data/dictionary.csv", "(cohort)"
FILES: dict[str, tuple[str, ...]] = {  # part of Paper: files or patterns
    "protocol": (CHOICES,),
    "dictionary": (DICTIONARY,),
    "reanalysis": ("data/published.csv", CHOICES),
    "study": (COHORT, DICTIONARY, CHOICES),
    "worlds": ("data/synthetic/cohort_*.csv", DICTIONARY, CHOICES),
    "truth": ("data/synthetic/worlds.csv",),
    "nhefs": ("data/published_nhefs.csv", CHOICES),
    "evidence": ("data/evidence.csv", CHOICES),
    "real_cohorts": ("data/real/*.csv", CHOICES),
    "multiverse": (COHORT, DICTIONARY, CHOICES, "results/multiverse_nulls.csv"),
    "robustness": (COHORT, DICTIONARY, CHOICES),
}
VERSIONS = ("results/ledger.csv", "versions/v*/ledger.csv")  # behind what compares versions


def files_behind(project: Project, function: str) -> list[str]:
    """Return the files, relative to the project, behind a function such as ``paper.figures.front.key_figure``.

    A hospital's own cohort is not named: neither it nor its checksum leaves the machine.
    """
    module, _, name = function.rpartition(".")
    patterns = {pattern for part in parts_read(project, module, name) for pattern in FILES.get(part, ())}
    patterns |= set(VERSIONS) if module.startswith("living.") else set()
    cohort = load_protocol(project.protocol).study.cohort
    if COHORT in patterns:
        patterns -= {COHORT}
        patterns |= {cohort} if cohort.startswith("data/synthetic/") else set()
    found = {path for pattern in patterns for path in project.root.glob(pattern)}
    return sorted(path.relative_to(project.root).as_posix() for path in found)


def parts_read(project: Project, module: str, name: str) -> set[str]:
    """Return the attributes of its ``paper`` that a function reads, itself or through functions it hands it to."""
    found: set[str] = set()
    waiting, seen = [(module, name)], set()
    while waiting:
        place = waiting.pop()
        functions, imported = _module(project.root / "lib" / "headtohead", place[0])
        if place in seen or place[1] not in functions:
            continue
        seen.add(place)
        function = functions[place[1]]
        found |= {
            node.attr
            for node in ast.walk(function)
            if isinstance(node, ast.Attribute) and _is_paper(node.value)
        }
        waiting += [imported.get(used, (place[0], used)) for used in _hands_on(function)]
    return found


def _hands_on(function: ast.FunctionDef) -> Iterator[str]:
    """Yield the functions that get the results from this one: those it calls with them, and its decorators."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            yield from [node.func.id] if any(map(_is_paper, given)) else []
    yield from (node.id for node in function.decorator_list if isinstance(node, ast.Name))


def _is_paper(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "paper"


@cache
def _module(library: Path, module: str) -> tuple[dict[str, ast.FunctionDef], dict[str, tuple[str, str]]]:
    """Return the functions of a module by name, and where the names it imports from the library come from."""
    path = library.joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return functions, dict(_imports(tree))


def _imports(tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("headtohead."):
            for alias in node.names:
                source = (node.module or "").removeprefix("headtohead.")
                yield alias.asname or alias.name, (source, alias.name)
