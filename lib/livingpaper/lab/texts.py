"""What the roles of the prose say: numbers of the running chapter, numbered references, citations.

The extension in ``extension/`` asks ``answer`` in the kernel of a chapter, or the server (``serve.py``) while the kernel
has not imported livingpaper. A number that differs from the committed ledger is a trial.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import reduce
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
    """What JupyterLab shows for a role."""

    text: str
    title: str = ""  # what a pointer over the text is told
    mark: str = ""  # of the origin of a number
    trial: bool = False  # the text differs from the committed paper
    error: bool = False  # the paper would not build with this role
    target: str = ""  # name of the figure or table that a click leads to
    href: str = ""  # address of another chapter


@dataclass(frozen=True, slots=True)
class Session:
    """The state that the replies are taken from."""

    project: Project
    now: pd.DataFrame  # the ledger with what the session recorded, by id
    committed: pd.DataFrame  # the one of the paper
    cells: tuple[str, ...] = ()  # of the chapter, those that ran


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
    row, before = session.now.loc[id_], ""
    with suppress(KeyError, LedgerError):
        before = ledger_part(session.committed.loc[id_], part)
    origin, said = config(session.project).origins[row["origin"]], ledger_part(row, part)
    trial = f"; a trial, the paper {f'says {before}' if before else 'has no such number'}"
    title = f"{origin.says}: {id_}" + (trial if said != before else "")
    return Reply(said, title, origin.mark, trial=said != before)


def _choice(text: str, session: Session) -> Reply:
    before = said = choice_words(session.project, text)
    *sections, name = text.split(".")
    if (value := typed_for(name, session.cells)) is not None:
        tried = deepcopy(config(session.project).plan())
        vars(reduce(getattr, sections, tried))[name] = value
        said = choice_words(session.project, text, tried)
    trial = f"; a trial, the paper says {before}" if said != before else ""
    return Reply(said, f"protocol.toml: {text}{trial}", trial=said != before)


def typed_for(keyword: str, cells: Iterable[str]) -> Any:
    """Return the value typed for a keyword in a cell, the first found; None if names stand there, or nothing.

    A chapter types no choices, so that a typed one is a reader's trial.
    """
    for cell in cells:
        with suppress(SyntaxError):  # a cell that failed
            for node in ast.walk(ast.parse(cell)):
                match node:
                    case ast.keyword(arg=str(name), value=ast.Constant(value=value)) if name == keyword:
                        return value
    return None


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
