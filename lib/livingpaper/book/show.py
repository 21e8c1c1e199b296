"""How a result is shown: one call in a chapter, as MyST for the book, so that captions may cite, as HTML in JupyterLab."""

import base64
import json
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any, ClassVar, TypeVar, cast

import altair as alt
import numpy as np
import pandas as pd

from livingpaper.book import theme
from livingpaper.book.carried import carried, tables_of
from livingpaper.book.controls import Controls
from livingpaper.book.markup import IN_LAB, markup
from livingpaper.book.painting import paint, svg_of
from livingpaper.chapters.session import NAMED_LIKE_PATIENTS, sources_of
from livingpaper.config import MIME, config
from livingpaper.disclosure.profiles import DisclosureError
from livingpaper.lab.texts import inline_html
from livingpaper.ledger.ledger import ID, SUPPRESSED

MAX_ROWS = 250
RESOURCES = re.compile(rb"(?:[ \t]*/[A-Za-z]+\d+ \d+ 0 R\n){2,}")
Chart = alt.TopLevelMixin
Kinds = Collection[str] | None
TOO_FEW = "Nothing can be shown here without showing too few patients."
TRIAL = "Trial: not the paper's numbers."


def asked(include: Kinds) -> Collection[str]:
    """Return in which formats something is to be shown: those that Jupyter asks for, or all that are of use."""
    return include or {"text/html", "text/plain", *([] if IN_LAB in os.environ else [MIME])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """What figures and tables have in common; ``show`` gives them name and caption."""

    origin: str = ""  # of paper.toml, several joined by "+", or "design"; ``show`` takes it from the sources
    caption: str = ""  # MyST, the finding first
    # selections or rows of the ledger, and registered frames: origin, withholding and the mark of a trial follow
    sources: Sequence[pd.DataFrame | pd.Series] | None = None  # empty for what shows no results
    name: str = ""  # label for cross-references, ``fig-...``
    trial: bool = False  # whether it shows what a reader tried, and not the paper's numbers
    on_pages: ClassVar[frozenset[str]] = frozenset({MIME, "text/plain"})  # of what it can be shown as

    @property
    def full_caption(self) -> str:
        """The caption with the mark of a trial before it and the origin after it."""
        parts = (TRIAL if self.trial else "", self.caption.strip(), config().sentence(self.origin))
        return " ".join(part for part in parts if part)

    @property
    def style(self) -> str:
        """The origin as pages know it: several are mixed."""
        return "mixed" if "+" in self.origin else self.origin

    def preview(self, **what: Any) -> str:
        """Return the drawing or the cells with the numbered caption, as JupyterLab shows it."""
        words = {"name": self.name, "caption": self.full_caption, "trial": self.trial}
        return markup("shown.html", **what, **words, inline=inline_html)


@dataclass(frozen=True, slots=True)
class Drawing(Exhibit):
    """A figure: an Altair chart, and in ``alt`` what is seen, for those who cannot see it."""

    chart: Chart
    alt: str
    controls: Controls | None = None  # what a reader may move
    narrow: Chart | None = None  # the same for a phone, see ``theme.at_each_width``

    def _repr_mimebundle_(self, include: Kinds = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        svg, kinds = drawn(spec := self.spec()), asked(include)
        made = {MIME: lambda: self._printed(spec, svg), "text/html": lambda: self.preview(svg=svg)}
        shown = {kind: make() for kind, make in made.items() if kind in kinds}
        return shown | {"text/plain": self.alt.strip()}

    def _printed(self, spec: dict[str, Any], svg: str) -> dict[str, Any]:
        """Return what pages and PDF are made of: the drawing as both, that for a phone, its data and its controls."""
        pdf, words = in_order(paint("svg_to_pdf", svg)), self.alt.strip()
        payload: dict[str, Any] = {"kind": "figure", "name": self.name, "origin": self.style, "alt": words}
        payload |= {"caption": self.full_caption, "svg": svg, "pdf": base64.b64encode(pdf).decode()}
        specs = {"wide": spec}
        if self.narrow is not None:
            specs["narrow"] = replace(self, chart=self.narrow, narrow=None).spec(width=theme.NARROW)
            payload["narrow"] = drawn(specs["narrow"])
        payload["vega"] = json.dumps(_once(specs), sort_keys=True, separators=(",", ":"))
        tables = tables_of(spec) or (self.controls.tables if self.controls else [])
        payload["table"] = carried(self.name, tables)
        payload["controls"] = self.controls.html(self.name) if self.controls else ""
        return payload

    def svg(self, background: str = "transparent", *, width: int = theme.WIDTH) -> str:
        """Return the chart as SVG text."""
        return drawn(self.spec(width=width), background)

    def spec(self, *, width: int = theme.WIDTH) -> dict[str, Any]:
        """Return the Vega-Lite specification, its origin inside; ``DisclosureError`` if it carries more than aggregates."""
        known = config().origins
        origin = known[self.origin].says if self.origin in known else self.origin
        spec = self.chart.to_dict(validate=width == theme.WIDTH)
        spec |= {"description": self.alt.strip(), "usermeta": {"origin": origin}}
        if config().guards(self.origin) or (config().guarded and not self.origin):
            from livingpaper.disclosure.safe import require_safe  # scipy, for guarded origins only

            require_safe(spec, self.name or "the chart")
        for rows in spec.get("datasets", {}).values():
            cells = [(name, str(value)) for row in rows for name, value in row.items()]
            # the id of a number is not that of a person
            columns = {name.lower() for name, text in cells if name != "id" or not ID.fullmatch(text)}
            named = sorted(filter(NAMED_LIKE_PATIENTS.fullmatch, columns))
            if len(rows) > MAX_ROWS or named:
                found = f"{self.name!r} has {len(rows)} rows and the columns {named}"
                must = f"a chart may carry at most {MAX_ROWS} aggregated rows and no identifier"
                raise DisclosureError(f"{must}, {found}; aggregate before drawing")
        if mark := wrap(config().sentence(self.origin), width // theme.LETTER):
            # whoever saves the picture saves what it rests on
            spec["title"] = theme.MARK | {"text": mark}
        return spec


@dataclass(frozen=True, slots=True)
class Sheet(Exhibit):
    """A table: cells as they are printed, column names are the header."""

    frame: pd.DataFrame
    widths: str = ""  # LaTeX column specification, ``lrr`` or ``p{4cm}rr``; default left, then right
    long: bool = False  # starts where it stands on paper and may go over pages, instead of floating

    def __post_init__(self) -> None:
        if self.name and config().guards(self.origin):
            from livingpaper.disclosure.safe import require_safe_table  # scipy, for guarded origins only

            require_safe_table(self.frame, self.name)

    def myst(self) -> str:
        """Return the table as a MyST directive."""
        marks = [":--" if side == "left" else "--:" for side in self._sides]
        body = [self._head, marks, *self.frame.astype(str).to_numpy().tolist()]
        lines = "\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in body)
        caption = " ".join(self.full_caption.split())
        return (
            f":::{{tabularcolumns}} {self._columns}\n:::\n\n:::{{table}} {caption}\n:name: {self.name}\n"
            f":class: origin-{self.style}{' longtable' if self.long else ''}\n\n{lines}\n:::"
        )

    def _repr_mimebundle_(self, include: Kinds = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        made: dict[str, Any] = {MIME: {"kind": "table", "name": self.name, "myst": self.myst()}}
        if "text/html" in asked(include):
            body = self.frame.astype(str).to_numpy()
            made["text/html"] = self.preview(head=self._head, body=body, sides=self._sides)
        return made | {"text/plain": self.frame.to_string(index=False)}

    @property
    def _head(self) -> list[str]:
        """The names of the columns, the first with the origin: it stands in the table itself, and so goes where that goes."""
        known = config().origins.get(self.origin)
        word = "mixed origins" if "+" in self.origin else (known.brief or known.says) if known else ""
        first, *others = map(str, self.frame.columns)
        return [f"{first} *({word})*".strip() if word else first, *others]

    @property
    def _columns(self) -> str:
        return self.widths or "l" + "r" * (len(self.frame.columns) - 1)

    @property
    def _sides(self) -> list[str]:
        kinds = re.findall(r"[lrcLRCpX]", re.sub(r"\{[^}]*\}", "", self._columns))  # widths in braces dropped
        return ["left" if kind in "lLp" else "right" for kind in kinds]


Figure, Table = Drawing, Sheet  # once shown
Shown = TypeVar("Shown", Drawing, Sheet)


def show(thing: Shown, name: str, caption: str) -> Shown:
    """Return the numbered figure or table; ``caption`` is MyST and states the finding first."""
    if thing.sources is None and not thing.origin:
        raise ValueError(f"{name} must say what it rests on, sources=(...); empty for what shows no results")
    origins, withheld, trial = sources_of(thing.sources or ())
    if withheld or _all_suppressed(thing.sources or ()):
        said = config().withheld.sentence if withheld else TOO_FEW
        whole = config().withheld.paragraph if withheld else f"{caption.strip()} {said}"
        frame = pd.DataFrame({"Result": [said]})
        panel = in_words(said) if isinstance(thing, Drawing) else Sheet(frame, widths="l")
        return cast("Shown", replace(panel, origin="design", name=name, caption=whole))
    origin = thing.origin or "+".join(origins) or "design"
    return replace(thing, name=name, caption=caption, origin=origin, trial=trial)


def _all_suppressed(sources: Sequence[pd.DataFrame | pd.Series]) -> bool:
    """Return whether every number that something rests on would show patients."""
    texts = [text for rows in sources if "text" in rows for text in np.atleast_1d(rows["text"])]
    return bool(texts) and set(texts) == {SUPPRESSED}


@theme.at_each_width
def in_words(sentence: str) -> Drawing:
    """Return a sentence in the place of a figure."""
    rows = pd.DataFrame({"text": [theme.lines(sentence, theme.width() - 40)]})
    text = (
        alt.Chart(rows).mark_text(fontSize=13, lineHeight=18, color=theme.INK).encode(text=alt.Text("text:N"))
    )
    return Drawing(text.properties(width=theme.width() - 10, height=90), sentence)


def drawn(spec: dict[str, Any], background: str = "transparent") -> str:
    """Return a specification as SVG text, the same on every machine: vl-convert brings the font."""
    return svg_of(spec | {"background": background}, vl_version=theme.VEGA_LITE)


def _once(specs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the specifications of a chart with what they share, data above all, written once."""
    wide, phone = specs["wide"], specs.get("narrow", specs["wide"])
    data = {"datasets": wide["datasets"] | phone["datasets"]} if "datasets" in wide else {}
    both = {key: value for key, value in wide.items() if phone.get(key) == value} | data
    own = {name: {key: spec[key] for key in spec if key not in both} for name, spec in specs.items()}
    return {"both": both} | own


def in_order(pdf: bytes) -> bytes:
    """Return a PDF of vl-convert with its resources sorted by name: their order differs from run to run."""
    return RESOURCES.sub(lambda found: b"".join(sorted(found[0].splitlines(keepends=True))), pdf)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ") or "&nbsp;"  # LaTeX gives an empty cell two lines
