"""Where each number leads: to a card on its own page, and to its row among all numbers, on pages of a readable size."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from docutils import nodes
from docutils.utils import new_document
from sphinx.application import Sphinx

from livingpaper.book.markup import markup
from livingpaper.build.project import Project
from livingpaper.config import config
from livingpaper.lab.texts import committed_session
from livingpaper.ledger.ledger import read_ledger

PLACE = "book/ledger"  # the page that lists every number, or leads to those that do
ROWS = 500  # that one page lists; beyond, there is a page for each first part of an id
CARD = ("text", "origin", "n", "events", "estimand", "method", "code")


class result_node(nodes.inline):  # noqa: N801  # docutils names nodes in lower case
    """A number of the ledger in running text; knows its id, origin and page, and the mark of its origin."""


def html_id(ledger_id: str) -> str:
    """Return the anchor of a ledger row."""
    return "n-" + re.sub(r"[^a-z0-9]+", "-", ledger_id.lower())


def page_of(ledger_id: str, rows: int) -> str:
    """Return the page that lists a number, in a ledger of so many rows."""
    return PLACE if rows <= ROWS else f"{PLACE}-{ledger_id.partition('.')[0]}"


def ledger_html(project: Project, _docname: str = "") -> str:
    """Return the whole ledger, one row with an anchor per number, or the way to its pages."""
    rows = printed(read_ledger(project.ledger))
    if len(rows) <= ROWS:
        return rows_html(project, rows)
    sizes = rows.groupby(rows["id"].map(lambda id_: page_of(id_, len(rows)))).size()
    pages = {name.rpartition("/")[2]: int(size) for name, size in sizes.items()}
    return markup("ledgers.html", pages=pages, stem=f"{PLACE.rpartition('/')[2]}-")


def rows_html(project: Project, rows: pd.DataFrame) -> str:
    """Return rows of the ledger as a table."""
    return markup("ledger.html", rows=rows.itertuples(), origins=config(project).origins, anchor=html_id)


def printed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of the ledger as pages print them: counts without decimals, nothing where nothing is known."""
    counts = {name: rows[name].map("{:,.0f}".format, na_action="ignore") for name in ("n", "events")}
    shown = rows.assign(**counts).astype(object)
    return shown.where(shown.notna(), "")


def add_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the pages of a long ledger; the search of the book finds their words."""
    project = Project(Path(app.srcdir))
    wanted = app.builder.format == "html" and (project.root / f"{PLACE}.md").is_file()
    if not wanted or len(rows := printed(read_ledger(project.ledger))) <= ROWS:
        return
    for name, part in rows.groupby(rows["id"].map(lambda id_: page_of(id_, len(rows)))):
        title = f"Every number: {name.removeprefix(f'{PLACE}-')}"
        words = {"title": title, "up": PLACE.rpartition("/")[2], "table": rows_html(project, part)}
        body = markup("numbers.html", **words)
        if indexer := getattr(app.builder, "indexer", None):
            document = new_document(name)
            document += nodes.raw("", body, format="html")
            indexer.feed(name, f"{name}.md", title, document)
        yield name, {"title": title, "body": body}, "page.html"


def add_cards(app: Sphinx, _page: str, _template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put what the cards of a page say below its text: of each number that it prints, once."""
    if doctree is None or not (ids := sorted({node["ledger_id"] for node in doctree.findall(result_node)})):
        return
    rows = printed(committed_session(Path(app.srcdir)).now.loc[ids])
    origins = config(Project(Path(app.srcdir))).origins
    rows["origin"] = [origins[name].says for name in rows["origin"]]
    said = dict(zip(ids, rows[list(CARD)].to_numpy().tolist(), strict=True))
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    context["body"] += f'<script type="application/json" id="numbers">{text}</script>'


def visit_result(self: Any, node: result_node) -> None:
    """Open the link of a number; its mark is spoken in words."""
    id_, how = node["ledger_id"], f' title="{self.attval(node["method"])}"' if node["method"] else ""
    target = f"{self.builder.get_relative_uri(self.builder.current_docname, node['page'])}#{html_id(id_)}"
    self.body.append(f'<a class="result origin-{node["origin"]}" href="{target}" data-id="{id_}"{how}>')


def depart_result(self: Any, node: result_node) -> None:
    """Close the link behind the mark."""
    said = self.attval(node["says"])
    self.body.append(f'<sup class="origin" role="img" aria-label=", {said}">{node["mark"]}</sup></a>')
