"""What the roles of the prose say: numbers of the running chapter, numbered references, citations.

The extension in ``extension/`` asks ``answer`` in the kernel of a chapter, or the server (``serve.py``) while the kernel
has not imported livingpaper. A number that differs from the committed ledger is a trial.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from livingpaper.book.choices import choice_words
from livingpaper.build.project import Project, find_project
from livingpaper.chapters import session as recorded
from livingpaper.config import config
from livingpaper.lab.references import cited, numbered, titles
from livingpaper.ledger.ledger import LedgerError, ledger_part


@dataclass(frozen=True, slots=True)
class Reply:
    """What JupyterLab shows for a role.

    Attributes
    ----------
    text : str
    title : str
        What a pointer over the text is told.
    mark : str
        Mark of the origin of a number.
    trial : bool
        Whether the text differs from the committed paper.
    error : bool
        Whether the paper would not build with this role.
    target : str
        Name of the figure or table that a click leads to.
    href : str
        Address of another chapter.
    """

    text: str
    title: str = ""
    mark: str = ""
    trial: bool = False
    error: bool = False
    target: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """The state that the replies are taken from.

    Attributes
    ----------
    project : Project
    now, committed : DataFrame
        The ledger with what the session recorded, and the one of the committed paper; index id.
    cells : tuple of str
        The cells of the chapter that ran.
    """

    project: Project
    now: pd.DataFrame
    committed: pd.DataFrame
    cells: tuple[str, ...] = ()


def answer(question: str) -> Any:
    """Return the replies to ``{"roles": [[role, text], ...], "cells": [...]}`` in JSON; asked in the kernel."""
    from IPython.display import JSON

    asked = json.loads(question)
    return JSON(replies(asked["roles"], running_session(tuple(asked["cells"]))))


def say(role: str, text: str) -> str:
    """Return the text of one role in this process."""
    return _reply(role, text, running_session()).text


def running_session(cells: tuple[str, ...] = ()) -> Session:
    """Return the state of this process: the paper around the working folder, and what its cells recorded."""
    session = recorded.current()
    return Session(session.project, session.ledger(), session.committed(), cells)


def committed_session(start: Path) -> Session:
    """Return the state without a kernel, for the paper around ``start``."""
    project = find_project(start)
    ledger = recorded.Session(project).committed()
    return Session(project, ledger, ledger)


def replies(roles: Iterable[tuple[str, str]], session: Session) -> list[dict[str, Any]]:
    """Return one reply per role; what cannot be said is a reply that says why."""
    return [asdict(_reply(role, text, session)) for role, text in roles]


def _reply(role: str, text: str, session: Session) -> Reply:
    if role not in ROLES:
        return Reply(text, f"a role must be one of {sorted(ROLES)}, found {role!r}", error=True)
    try:
        return ROLES[role](text, session)
    except (KeyError, ValueError, OSError) as error:
        return Reply(text, str(error.args[0]) if error.args else str(error), error=True)


def _result(text: str, session: Session) -> Reply:
    id_, _, part = text.partition(" ")
    part = part or "text"
    if id_ not in session.now.index:
        raise LedgerError(
            f"no number {id_!r} in the ledger; correct the id, or record it in a cell and run that"
        )
    row = session.now.loc[id_]
    said, before = ledger_part(row, part), _before(session.committed, id_, part)
    origin = config(session.project).origins[row["origin"]]
    title = f"{origin.says}: {id_}"
    if said != before:
        title += (
            f"; a trial, the paper says {before}" if before else "; a trial, the paper has no such number"
        )
    return Reply(said, title, origin.mark, trial=said != before)


def _before(committed: pd.DataFrame, id_: str, part: str) -> str:
    try:
        return ledger_part(committed.loc[id_], part)
    except (KeyError, LedgerError):
        return ""


def _choice(text: str, session: Session) -> Reply:
    before = said = choice_words(session.project, text)
    if (tried := typed_for(text.rsplit(".", 1)[-1], session.cells)) is not None:
        plan = config(session.project).plan()
        said = choice_words(session.project, text, _Tried(plan, text, tried))
    where = f"protocol.toml: {text}"
    return Reply(
        said, where if said == before else f"{where}; a trial, the paper says {before}", trial=said != before
    )


def typed_for(keyword: str, cells: Iterable[str]) -> Any:
    """Return the value typed for a keyword in a cell, the first found; None if names stand there, or nothing.

    A chapter types no choices, so that a typed one is a reader's trial.
    """
    for cell in cells:
        with suppress(SyntaxError):  # a cell that failed
            for word in ast.walk(ast.parse(cell)):
                if (
                    isinstance(word, ast.keyword)
                    and word.arg == keyword
                    and isinstance(word.value, ast.Constant)
                ):
                    return word.value.value
    return None


class _Tried:
    """Choices of which one has another value."""

    def __init__(self, plan: Any, dotted: str, value: object) -> None:
        self._plan, self._dotted, self._value = plan, dotted, value

    def __getattr__(self, name: str) -> Any:
        first, _, rest = self._dotted.partition(".")
        kept = getattr(self._plan, name)
        if name != first:
            return kept
        return _Tried(kept, rest, self._value) if rest else self._value


def _stamp(text: str, session: Session) -> Reply:
    from livingpaper.book.stamp import stamp  # brings Sphinx

    marks = stamp(session.project)
    if text not in marks:
        raise KeyError(f"a stamp has the parts {sorted(marks)}, found {text!r}")
    return Reply(marks[text])


def _numref(text: str, session: Session) -> Reply:
    numbers = numbered(session.project.root)
    if text not in numbers:
        raise KeyError(f"no figure or table {text!r} in the chapters; correct the name")
    return Reply(numbers[text].text, f"in {titles(session.project.root)[numbers[text].chapter]}", target=text)


def _doc(text: str, session: Session) -> Reply:
    root, name = session.project.root, Path(text).name
    if name not in titles(root):
        raise KeyError(f"no chapter {text!r}; correct the name")
    runs = (root / "notebooks" / f"{name}.ipynb").is_file()
    return Reply(titles(root)[name], href=f"{name}.ipynb" if runs else f"../book/{name}.md")


def _cite(text: str, session: Session) -> Reply:
    short, full = cited(session.project.root, text)
    return Reply(short, full)


ROLES: dict[str, Callable[[str, Session], Reply]] = {
    "result": _result,
    "choice": _choice,
    "stamp": _stamp,
    "numref": _numref,
    "doc": _doc,
    "cite": _cite,
}
