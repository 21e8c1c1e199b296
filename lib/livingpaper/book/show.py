"""How a result is shown: one call in a chapter, right in HTML, in print and in JupyterLab.

For the book a figure or table is written as MyST, so that captions may hold citations and ledger numbers; JupyterLab
gets plain HTML.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import altair as alt
import pandas as pd
import vl_convert as vlc

from livingpaper.book import theme
from livingpaper.chapters.session import sources_of
from livingpaper.config import MIME, config
from livingpaper.lab.preview import figure_html, table_html
from livingpaper.ledger.ledger import ID

MAX_ROWS = 250
ID_LIKE = ("id", "patient", "nhc", "mrn")
RESOURCES = re.compile(rb"(?:[ \t]*/[A-Za-z]+\d+ \d+ 0 R\n){2,}")
TRIAL = "Trial: not the paper's numbers."
Exhibit = TypeVar("Exhibit", "Drawing", "Sheet")


class DisclosureError(ValueError):
    """A chart would carry rows that stand for single patients."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure; ``show`` gives it its name and caption.

    Attributes
    ----------
    chart : altair chart
    alt : str
        What is seen, for those who cannot see it; differs from the caption.
    origin : str
        One of ``paper.toml``, several joined by "+", or "design"; ``show`` takes it from the sources.
    caption : str
        MyST, the finding first; one that is there already is used instead of the chapter's.
    sources : sequence of DataFrame or Series
        Selections or rows of the ledger, and registered frames: origin, withholding and the mark of a
        trial follow from them. Empty for what shows no results.
    name : str
        Label for cross-references, ``fig-...``.
    trial : bool
        Whether it shows what a reader tried, and not the paper's numbers.
    """

    chart: alt.TopLevelMixin
    alt: str
    origin: str = ""
    caption: str = ""
    sources: Sequence[pd.DataFrame | pd.Series] | None = None
    name: str = ""
    trial: bool = False

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        spec, svg = self.spec(), self.svg()
        caption = full_caption(self.caption, self.origin, trial=self.trial)
        payload = {
            "kind": "figure",
            "name": self.name,
            "alt": self.alt.strip(),
            "caption": caption,
            "origin": class_of(self.origin),
            "svg": svg,
            "pdf": base64.b64encode(in_order(vlc.vegalite_to_pdf(spec, vl_version=theme.VEGA_LITE))).decode(),
            "vega": json.dumps(spec, sort_keys=True, separators=(",", ":")),
        }
        preview = figure_html(svg, self.name, caption, trial=self.trial)
        return {MIME: payload, "text/html": preview, "text/plain": self.alt.strip()}

    def svg(self, background: str = "transparent") -> str:
        """Return the chart as SVG text, the same on every machine: vl-convert brings the font."""
        spec = {**self.spec(), "background": background}
        return str(vlc.vegalite_to_svg(spec, vl_version=theme.VEGA_LITE))

    def spec(self) -> dict[str, Any]:
        """Return the Vega-Lite specification; ``DisclosureError`` if it carries more than aggregates."""
        spec, known = self.chart.to_dict(), config().origins
        spec["description"] = self.alt.strip()
        spec["usermeta"] = {"origin": known[self.origin].says if self.origin in known else self.origin}
        for rows in spec.get("datasets", {}).values():
            columns = {str(column).lower() for row in rows for column in row if not _is_ledger(column, row)}
            named = sorted(name for name in columns if name.split("_")[0] in ID_LIKE or name.endswith("_id"))
            if len(rows) > MAX_ROWS or named:
                raise DisclosureError(
                    f"a chart may carry at most {MAX_ROWS} aggregated rows and no identifier, {self.name!r} has "
                    f"{len(rows)} rows and the columns {named}; aggregate before drawing"
                )
        return spec


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table; all but these attributes as of a ``Drawing``.

    Attributes
    ----------
    frame : DataFrame
        Cells as they are printed; column names are the header.
    widths : str
        LaTeX column specification, for example ``lrr`` or ``p{4cm}rr``; default left, then right.
    long : bool
        Starts where it stands on paper and may go over pages, instead of floating.
    """

    frame: pd.DataFrame
    origin: str = ""
    widths: str = ""
    long: bool = False
    caption: str = ""
    sources: Sequence[pd.DataFrame | pd.Series] | None = None
    name: str = ""
    trial: bool = False

    def myst(self) -> str:
        """Return the table as a MyST directive."""
        marks = [":--" if kind in "lLp" else "--:" for kind in self._kinds()]
        body = [map(str, self.frame.columns), marks, *self.frame.astype(str).to_numpy().tolist()]
        lines = "\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in body)
        caption = " ".join(full_caption(self.caption, self.origin, trial=self.trial).split())
        return (
            f":::{{tabularcolumns}} {self._spec()}\n:::\n\n:::{{table}} {caption}\n:name: {self.name}\n"
            f":class: origin-{class_of(self.origin)}{' longtable' if self.long else ''}\n\n{lines}\n:::"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        payload = {"kind": "table", "name": self.name, "myst": self.myst()}
        caption = full_caption(self.caption, self.origin, trial=self.trial)
        preview = table_html(self.frame, self.name, caption, self._kinds(), trial=self.trial)
        return {MIME: payload, "text/html": preview, "text/plain": self.frame.to_string(index=False)}

    def _spec(self) -> str:
        return self.widths or "l" + "r" * (len(self.frame.columns) - 1)

    def _kinds(self) -> list[str]:
        """Return the letter of each column, widths in braces dropped."""
        return re.findall(r"[lrcLRCpX]", re.sub(r"\{[^}]*\}", "", self._spec()))


Figure, Table = Drawing, Sheet  # once shown


def show(thing: Exhibit, name: str, caption: str) -> Exhibit:
    """Return the numbered figure or table; ``caption`` is MyST and states the finding first."""
    if thing.sources is None and not thing.origin:
        raise ValueError(f"{name} must say what it rests on, sources=(...); empty for what shows no results")
    origins, withheld, trial = sources_of(thing.sources or ())
    if withheld:
        said = config().withheld
        panel = _panel(said.sentence) if isinstance(thing, Drawing) else _sheet(said.sentence)
        return cast("Exhibit", replace(panel, name=name, caption=said.paragraph))
    origin, caption = thing.origin or "+".join(origins) or "design", thing.caption or caption
    return replace(thing, name=name, caption=caption, origin=origin, trial=trial)


def _panel(words: str) -> Drawing:
    """Return the figure that says that it is withheld."""
    text = alt.Chart(pd.DataFrame({"text": [words]})).mark_text(fontSize=13, color=theme.INK)
    return Drawing(text.encode(text="text:N").properties(width=theme.WIDTH - 10, height=90), words, "design")


def _sheet(words: str) -> Sheet:
    """Return the table that says that it is withheld."""
    return Sheet(pd.DataFrame({"Result": [words]}), "design", "l")


def full_caption(caption: str, origin: str, *, trial: bool) -> str:
    """Return a caption with the mark of a trial before it and the origin after it."""
    parts = (TRIAL if trial else "", caption.strip(), config().sentence(origin))
    return " ".join(part for part in parts if part)


def class_of(origin: str) -> str:
    """Return the style of an origin: several are mixed."""
    return "mixed" if "+" in origin else origin


def in_order(pdf: bytes) -> bytes:
    """Return the PDF of a chart with the resources of each dictionary sorted by name, its length unchanged.

    vl-convert writes them in an order that differs from run to run.
    """
    return RESOURCES.sub(lambda found: b"".join(sorted(found[0].splitlines(keepends=True))), pdf)


def _is_ledger(column: str, row: dict[str, Any]) -> bool:
    """Return whether a value is the id of a number, not of a person."""
    return column == "id" and bool(ID.fullmatch(str(row[column])))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ") or "&nbsp;"  # LaTeX gives an empty cell two lines
