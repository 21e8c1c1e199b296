"""Reading the chapters as text: what is prose, what is code, what is a caption."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from livingpaper.build.project import find_project

ROOT = find_project(Path(__file__).parent).root
BOOK = ROOT / "book"
FRONT = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""
FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=fence)[ \t]*$", re.M | re.S)
ROLE = re.compile(r"\{(?P<role>[\w:-]+)\}`(?P<target>[^`]*)`")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One file of the book."""

    name: str
    text: str

    @property
    def is_notebook(self) -> bool:
        return "kernelspec" in self.text[:400]

    @property
    def cells(self) -> list[str]:
        """Source of the code cells, without their options."""
        found = [m["body"] for m in FENCE.finditer(self.text) if m["info"].startswith("{code-cell}")]
        return [re.sub(r"\A(:[\w-]+:.*\n)+\n?", "", body) for body in found]

    @property
    def captions(self) -> dict[str, str]:
        """Caption of each figure and table by its label."""
        return {name: caption for name, (_, caption) in self.exhibits.items()}

    @property
    def exhibits(self) -> dict[str, tuple[str, str]]:
        """Label to (source of what is shown, caption) of each figure and table, tables in MyST included."""
        found = {}
        for cell in self.cells:
            for call in ast.walk(ast.parse(cell)):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "show":
                    thing, name, caption = call.args
                    found[ast.literal_eval(name)] = (ast.unparse(thing), ast.literal_eval(caption).strip())
        for caption, name in re.findall(r"^:::\{table\} (.*)\n:name: (\S+)$", self.text, re.M):
            found[name] = ("", caption)
        return found

    @property
    def roles(self) -> list[tuple[str, str]]:
        """Every (role, target) outside code blocks, those in captions included."""
        text = FENCE.sub(lambda m: m["body"] if m["info"].startswith("{code-cell}") else "", self.text)
        return [(m["role"], m["target"]) for m in ROLE.finditer(text)]

    @property
    def prose(self) -> str:
        """What a reader reads outside figures, tables made by code, code and options; roles still in it."""
        text = self.text.removeprefix(FRONT)
        text = FENCE.sub("", text)
        text = re.sub(r"^:::\{tabularcolumns\}.*\n:::$", "", text, flags=re.M)
        text = re.sub(r"^:[\w-]+:.*$", "", text, flags=re.M)  # options of directives
        text = re.sub(r"^:{3,}(\{[\w-]+\})?", "", text, flags=re.M)  # the title of an admonition stays
        text = re.sub(r"^\([\w-]+\)=$", "", text, flags=re.M)  # labels
        text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.S)
        return re.sub(r"\$[^$\n]+\$", "", text)

    @property
    def words(self) -> list[str]:
        """Words of the prose, a role counting as one."""
        return re.findall(r"[^\W\d_][\w'’-]*|0", ROLE.sub(" 0 ", self.prose))


@cache
def chapters() -> tuple[Chapter, ...]:
    """Every chapter, in alphabetical order."""
    return tuple(Chapter(path.stem, path.read_text("utf-8")) for path in sorted(BOOK.glob("*.md")))


def notebooks() -> list[str]:
    """Names of the chapters that run code."""
    return [chapter.name for chapter in chapters() if chapter.is_notebook]


def chapter(name: str) -> Chapter:
    """Return one chapter by the name of its file."""
    return next(found for found in chapters() if found.name == name)


def words_of(text: str) -> str:
    """Return text as one line with roles as {} and without citations."""
    return " ".join(ROLE.sub("{}", re.sub(r"\{cite\}`[^`]*`", "", text)).split())
