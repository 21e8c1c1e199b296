"""What JupyterLab shows: roles of the prose as numbers, references, citations; figures and tables with their captions.

Its extension asks ``answer`` in the kernel of a chapter, or the server (``serve.py``) while the kernel has not imported
livingpaper. A number that differs from the committed ledger is a trial. Roles within captions say what they stand for.
"""

import ast
import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from functools import cache, reduce
from html import escape
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_role import myst_role_plugin
from pybtex.database import Entry, parse_file
from pybtex.richtext import Text

from livingpaper.book.choices import choice_words
from livingpaper.build.project import Project, chapters, find_project, pages, text_of
from livingpaper.chapters import session as recorded
from livingpaper.config import config
from livingpaper.ledger.claims import ClaimError, Rules
from livingpaper.ledger.ledger import LedgerError, ledger_part
from livingpaper.ledger.verdicts import ROLE, said

KINDS = {"fig": "Figure", "tbl": "Table"}
NAMED = re.compile(
    r'^show\(.*?"((?:fig|tbl)-[\w-]+)", """|^:name: ((?:fig|tbl)-[\w-]+)|^`{3,}\{(checklist)\} ([\w-]+)',
    re.MULTILINE | re.DOTALL,
)
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


class Reply(NamedTuple):
    """What JupyterLab shows for a role."""

    text: str
    title: str = ""  # what a pointer over the text is told
    mark: str = ""  # of the origin of a number
    trial: bool = False  # the text differs from the committed paper
    error: bool = False  # the paper would not build with this role
    target: str = ""  # name of the figure or table that a click leads to
    href: str = ""  # address of another chapter


class Session(NamedTuple):
    """The state that the replies are taken from."""

    project: Project
    now: pd.DataFrame  # the ledger with what the session recorded, by id
    committed: pd.DataFrame  # the one of the paper
    cells: tuple[str, ...] = ()  # of the chapter, those that ran
    others: frozenset[str] = frozenset()  # numbers of other chapters, while cells of this one try something


class Numbered(NamedTuple):
    """A figure or table."""

    text: str  # "Table 3"
    chapter: str  # that shows it


def answer(question: str) -> Any:
    """Return the replies to ``{"roles": [[role, text], ...], "cells": [...]}`` in JSON; asked in the kernel."""
    from IPython.display import JSON

    asked = json.loads(question)
    return JSON(replies(asked["roles"], running_session(asked["cells"])))


def running_session(cells: Iterable[str] = ()) -> Session:
    """Return the state of this process: the paper around the working folder, and what its cells recorded."""
    session = recorded.current()
    others = session.committed().index.difference([*session.rows]) if session.trial_ids() else ()
    return Session(session.project, session.ledger(), session.committed(), tuple(cells), frozenset(others))


def committed_session(start: Path) -> Session:
    """Return the state without a kernel, for the paper around ``start``."""
    session = recorded.Session(find_project(start))
    return Session(session.project, session.committed(), session.committed())


def replies(roles: Iterable[tuple[str, str]], session: Session) -> list[dict[str, Any]]:
    """Return one reply per role; what cannot be said is a reply that says why."""
    return [_reply(role, text, session)._asdict() for role, text in roles]


def _reply(role: str, text: str, session: Session) -> Reply:
    if role not in ROLES:
        return Reply(text, f"a role must be one of {sorted(ROLES)}, found {role!r}", error=True)
    try:
        return ROLES[role](text, session)
    except (KeyError, ValueError, OSError) as error:
        return Reply(text, str(error.args[0] if error.args else error), error=True)


def _result(text: str, session: Session) -> Reply:
    id_, _, part = text.partition(" ")
    if id_ not in session.now.index:
        cure = "correct the id, or record it in a cell and run that"
        raise LedgerError(f"no number {id_!r} in the ledger; {cure}")
    row, before = session.now.loc[id_], ""
    with suppress(KeyError, LedgerError):
        before = ledger_part(session.committed.loc[id_], part or "text")
    origin, said = config(session.project).origins[row["origin"]], ledger_part(row, part or "text")
    other = f"; a trial, the paper {f'says {before}' if before else 'has no such number'}"
    apart = "; the paper's, another chapter computes it" if id_ in session.others else ""
    trial = other if said != before else apart
    return Reply(said, f"{origin.says}: {id_}{trial}", origin.mark, trial=said != before)


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
    """Return the value typed for a keyword in a cell, the first found: a trial of a reader, chapters type none."""
    for cell in cells:
        with suppress(SyntaxError):  # a cell that failed
            for node in ast.walk(ast.parse(cell)):
                match node:
                    case ast.keyword(arg=str(name), value=ast.Constant(value=value)) if name == keyword:
                        return value
    return None


def verdict_words(name: str, session: Session, ledger: pd.DataFrame) -> str:
    """Return what a verdict says of a ledger, in MyST."""
    return said(name, session.project.claims, ledger, Rules(config(session.project)))


def _verdict(text: str, session: Session) -> Reply:
    now, before = verdict_words(text, session, session.now), ""
    with suppress(ClaimError):
        before = verdict_words(text, session, session.committed)
    parts = [ROLES[role](what, session) for role, what in ROLE.findall(now)]
    plain = iter(parts)
    other = "; a trial, the paper says other words" if now != before else ""
    trial = now != before or any(part.trial for part in parts)
    words = ROLE.sub(lambda _: next(plain).text, now)
    return Reply(words, f"follows the numbers: claims.toml{other}", trial=trial)


def _stamp(text: str, session: Session) -> Reply:
    from livingpaper.book.stamp import stamp  # brings Sphinx

    marks = stamp(session.project)
    if text not in marks:
        raise KeyError(f"a stamp has the parts {sorted(marks)}, found {text!r}")
    return Reply(marks[text])


def _numref(text: str, session: Session) -> Reply:
    root = session.project.root
    if (found := numbered(root).get(text)) is None:
        raise KeyError(f"no figure or table {text!r} in the chapters; correct the name")
    return Reply(found.text, f"in {titles(root)[found.chapter]}", target=text)


def _doc(text: str, session: Session) -> Reply:
    said, _, written = text.rstrip(">").rpartition("<")
    root, name = session.project.root, Path(written).name
    if (title := titles(root).get(name)) is None:
        raise KeyError(f"no chapter {text!r}; correct the name")
    runs = (root / "notebooks" / f"{name}.ipynb").is_file()
    return Reply(said.strip() or title, href=f"{name}.ipynb" if runs else f"../book/{name}.md")


def numbered(root: Path) -> dict[str, Numbered]:
    """Return the figures and tables of the book by name, numbered in the order of ``_toc.yml`` as Sphinx does."""
    apart = config(Project(root)).supplement
    below = {Path(name).stem for name in pages(Project(root), below=apart)} if apart else set()
    found, last = {}, {(kind, mark): count(1) for kind in KINDS for mark in ("", "S")}
    for path in chapters(root):
        mark = "S" if path.stem in below else ""
        for shown, named, listed, item in NAMED.findall(text_of(path)):
            name = shown or named or f"tbl-{listed}-{item}"
            kind = name.partition("-")[0]
            found[name] = Numbered(f"{KINDS[kind]} {mark}{next(last[kind, mark])}", path.stem)
    return found


def titles(root: Path) -> dict[str, str]:
    """Return the title of each chapter by its file name without ending."""
    found = {path.stem: TITLE.search(text_of(path)) for path in chapters(root)}
    return {name: title[1] if title else name for name, title in found.items()}


def cited(root: Path, key: str) -> tuple[str, str]:
    """Return a citation as "Austin 2011" and in full; ``KeyError`` if no ``book/*.bib`` has the key."""
    for path in sorted((root / "book").glob("*.bib")):
        if found := _bibliography(path, path.stat().st_mtime_ns).get(key):
            return found
    raise KeyError(f"no reference {key!r} in book/*.bib; correct the key or add it")


@cache
def _bibliography(path: Path, _changed: int) -> dict[str, tuple[str, str]]:
    return {key: _reference(entry) for key, entry in parse_file(str(path)).entries.items()}


def _reference(entry: Entry) -> tuple[str, str]:
    fields = {name: str(Text.from_latex(text)) for name, text in entry.fields.items()}
    names = [[*person.prelast_names, *person.last_names] for person in entry.persons.get("author", ())]
    people = [str(Text.from_latex(" ".join(name))) for name in names] or [fields.get("title", entry.key)]
    who = " and ".join(people if len(people) < 3 else [people[0], "others"])
    where = fields.get("journal") or fields.get("publisher") or fields.get("howpublished")
    doi = f"doi:{fields['doi']}" if "doi" in fields else ""
    full = ". ".join(filter(None, (who, fields.get("title"), where, fields.get("year"), doi)))
    return f"{people[0]} {fields.get('year', '')}".strip(), full


ROLES: dict[str, Callable[[str, Session], Reply]] = {
    "result": _result, "verdict": _verdict, "choice": _choice, "stamp": _stamp, "numref": _numref, "doc": _doc,
    "cite": lambda text, session: Reply(*cited(session.project.root, text)),
}  # fmt: skip


def inline_html(myst: str) -> str:
    """Return a line of MyST as HTML; roles of the paper say what they say now."""
    return str(_parser().renderInline(myst))


def _role(token: Token) -> str:
    role, text = token.meta["name"], token.content
    if role not in ROLES:
        return escape(text)
    session, parts = running_session(), map(str.strip, text.split(",") if role == "cite" else [text])
    said = [(escape(f"{role} {part}"), escape(_reply(role, part, session).text)) for part in parts]
    return ", ".join(f'<span data-lp="{asked}">{reply}</span>' for asked, reply in said)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt().use(myst_role_plugin).use(dollarmath_plugin)
    parser.add_render_rule("myst_role", lambda _self, tokens, at, *_: _role(tokens[at]))
    # JupyterLab sets maths
    parser.add_render_rule("math_inline", lambda _self, tokens, at, *_: f"${escape(tokens[at].content)}$")
    return parser
