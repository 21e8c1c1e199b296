"""How tables become pages: the caption stays while the cells scroll, and heads of rows and columns say which they are."""

from html import escape
from typing import Any

from docutils import nodes


def visit_table(self: Any, node: nodes.table) -> None:
    """Open a table with its caption above what scrolls; the caption names the table."""
    named = node["ids"][0] if node["ids"] else ""
    title = node.next_node(nodes.title)
    if title is None or title.parent is not node or not named:
        type(self).visit_table(self, node)
        return
    self.body.append(f'<div class="sheet" id="{named}"><div class="caption" id="{named}-caption">')
    self.add_fignumber(node)
    for part in title:
        part.walkabout(self)
    self.add_permalink_ref(node, "Link to this table")
    self.body.append("</div>\n")
    node["ids"], node["captioned"] = [], True
    node.remove(title)
    type(self).visit_table(self, node)
    self.body[-1] = self.body[-1].replace("<table", f'<table aria-labelledby="{escape(named)}-caption"', 1)


def depart_table(self: Any, node: nodes.table) -> None:
    """Close what ``visit_table`` opened."""
    type(self).depart_table(self, node)
    if node.get("captioned"):
        self.body.append("</div>\n")


def visit_entry(self: Any, node: nodes.entry) -> None:
    """Open a cell: a head of its column in the first row, of its row in the first column; an empty one is no head."""
    headed, first = isinstance(node.parent.parent, nodes.thead), node.parent.column == 0
    type(self).visit_entry(self, node)
    self.context.pop()
    tag = "th" if (headed or first) and node.astext().strip() else "td"
    scope = f' scope="{"col" if headed else "row"}"' if tag == "th" else ""
    self.body[-1] = f"<{tag}{scope}{self.body[-1][3:]}"
    self.context.append(f"</{tag}>\n")
