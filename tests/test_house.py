"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from livingpaper.build.project import Project, find_project
from livingpaper.chapters.cells import chapter_files, read_cells, statements

PROJECT = find_project(Path(__file__).parent)
MAY_IMPORT = {  # package: what it may import, beside itself
    "headtohead": set(),
    "livingpaper": set(),
    "study": {"headtohead", "livingpaper"},
}
LINES = {"headtohead": 9_478, "livingpaper": 10_103, "study": 11_371}
CELL_LINES = 8
ORDER = ["kernels", "proportions", "cohort", "matching", "outcomes", "sensitivity", "evidence"]


def modules(project: Project, package: str = "*") -> list[Path]:
    return sorted((project.root / "lib").glob(f"{package}/**/*.py"))


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] in MAY_IMPORT}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_downhill(project: Project, package: str) -> None:
    for path in modules(project, package):
        reached = {name.split(".")[0] for name in imports(path)} - {package}
        assert reached <= MAY_IMPORT[package], f"{path} imports {reached - MAY_IMPORT[package]}"


@pytest.mark.parametrize("package", LINES)
def test_packages_stay_small(project: Project, package: str) -> None:
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in modules(project, package))
    assert lines <= LINES[package], f"{package} has {lines} lines: delete, or write it shorter"


@pytest.mark.parametrize("name", chapter_files(PROJECT))
def test_cells_of_chapters_stay_small_and_define_nothing(name: str) -> None:
    """Two to eight lines; a cell that only imports, binds what it imports for, or shows may have more or fewer."""
    for cell in read_cells(chapter_files(PROJECT)[name], PROJECT.root):
        parts = statements(cell)
        for part in parts:
            for node in ast.walk(part.node):
                forbidden = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
                assert not isinstance(node, forbidden), f"{cell} defines something: move it to lib"
        own = [part for part in parts if not part.imports and part.call not in ("show", "take")]
        lines = sum(part.node.end_lineno - part.node.lineno + 1 for part in own)
        assert lines <= CELL_LINES, f"{cell} has {lines} lines: split it, or move the work to lib"


def test_statistics_flow_one_way(project: Project) -> None:
    root = project.root / "lib" / "headtohead"
    for path in modules(project, "headtohead"):
        folder = path.relative_to(root).parts[0]
        for name in imports(path) if folder in ORDER else ():
            source = [*name.split("."), ""][1]
            if source in ORDER:
                assert ORDER.index(source) <= ORDER.index(folder), f"{path} imports {name} from further down"


def test_matching_and_outcomes_know_no_column_of_this_study(project: Project) -> None:
    names = {
        line.split(",")[0] for line in (project.data / "dictionary.csv").read_text().splitlines()[1:]
    } - {"age", "sex", "period"}
    root = project.root / "lib" / "headtohead"
    for folder in ("kernels", "matching", "outcomes"):
        for path in (root / folder).glob("*.py"):
            words = {
                n.value
                for n in ast.walk(ast.parse(path.read_text()))
                if isinstance(n, ast.Constant) and isinstance(n.value, str)
            }
            assert not words & names, path


def test_modules_and_functions_stay_small(project: Project) -> None:
    for path in modules(project):
        lines = path.read_text().splitlines()
        assert len(lines) <= 300, f"{path} has {len(lines)} lines: split it by meaning"
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.FunctionDef) and node.end_lineno:
                doc = ast.get_docstring(node) or ""
                body = node.end_lineno - node.lineno - len(doc.splitlines())
                assert body <= 58, f"{path}:{node.lineno} {node.name} has {body} lines"


@pytest.mark.parametrize("banned", ["AalenJohansenFitter", "np.random.seed", "breakpoint("])
def test_nothing_banned_is_used(project: Project, banned: str) -> None:
    for path in modules(project):
        assert banned not in path.read_text(), path


def test_nothing_of_the_workplace_is_named(project: Project) -> None:
    import subprocess

    names = subprocess.run(
        ["git", "ls-files"], cwd=project.root, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    for name in filter(None, names):
        path = project.root / name
        if (
            path.suffix in (".py", ".md", ".toml", ".yml", ".cff")
            and path.name != "test_house.py"
            and path.is_file()
        ):
            text = path.read_text(errors="ignore")
            assert not re.search(r"(?<!_build)/work/", text), path
            assert "../shared" not in text, path
