"""A figure or table as JupyterLab shows it: numbered, with its caption, and marked where it shows a trial.

Roles in captions and cells carry what they stand for, so that the extension brings them up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

import pandas as pd
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

from livingpaper.lab.texts import ROLES, say


def figure_html(svg: str, name: str, caption: str, *, trial: bool) -> str:
    """Return a drawing above its numbered caption."""
    return _framed(name, svg + _caption(name, caption), trial)


def table_html(frame: pd.DataFrame, name: str, caption: str, kinds: Sequence[str], *, trial: bool) -> str:
    """Return a table below its numbered caption; ``kinds`` are LaTeX's column letters."""
    sides = ["left" if kind in "lLp" else "right" for kind in kinds]
    body = "".join(_row(cells, sides, "td") for cells in frame.astype(str).to_numpy().tolist())
    head = _row([str(column) for column in frame.columns], sides, "th")
    table = f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
    return _framed(name, _caption(name, caption) + table, trial)


def _framed(name: str, inside: str, trial: bool) -> str:
    return f'<figure class="lp-show{" lp-show-trial" if trial else ""}" id="{name}">{inside}</figure>'


def _caption(name: str, caption: str) -> str:
    return f"<figcaption><strong>{_role('numref', name)}</strong> {inline_html(caption.strip())}</figcaption>"


def _row(cells: Sequence[str], sides: Sequence[str], tag: str) -> str:
    pairs = zip(cells, sides, strict=True)
    inside = (f'<{tag} style="text-align: {side}">{inline_html(cell)}</{tag}>' for cell, side in pairs)
    return f"<tr>{''.join(inside)}</tr>"


def inline_html(myst: str) -> str:
    """Return a line of MyST as HTML; roles of the paper say what they say now."""
    return str(_parser().renderInline(myst))


def _role(role: str, text: str) -> str:
    if role not in ROLES:
        return escape(text)
    parts = [part.strip() for part in (text.split(",") if role == "cite" else [text])]
    return ", ".join(
        f'<span data-lp="{escape(f"{role} {part}")}">{escape(say(role, part))}</span>' for part in parts
    )


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt().use(myst_role_plugin).use(dollarmath_plugin)

    def myst_role(_self: Any, tokens: Any, place: int, *_: Any) -> str:
        return _role(tokens[place].meta["name"], tokens[place].content)

    def math_inline(_self: Any, tokens: Any, place: int, *_: Any) -> str:
        return f"${escape(tokens[place].content)}$"  # JupyterLab typesets it

    parser.add_render_rule("myst_role", myst_role)
    parser.add_render_rule("math_inline", math_inline)
    return parser
