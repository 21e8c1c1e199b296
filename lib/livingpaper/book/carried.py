"""The data that a figure carries, in words: as a table under it, and as files of comma-separated values."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd
from docutils import nodes
from sphinx import addnodes

from livingpaper.book.markup import markup

INSIDE = ("layer", "concat", "hconcat", "vconcat", "spec")  # views within a view
LIMITS = {"low": "Lower limit", "high": "Upper limit"}
ALWAYS = LIMITS | {f"conf_{side}": words for side, words in LIMITS.items()} | {"arm": "Arm"}
UNTITLED = {"label": "Shown", "numbers": "As printed", "rd": "Risk difference"}
UNTITLED |= {"smd": "Standardised mean difference"}
PLACES = re.compile("[xy][12]?|angle|order|rank|colour")  # columns that say where and how to draw
MARKS = 3  # rows at most of what only draws lines and bands


class _Seen(NamedTuple):
    data: str
    panel: str
    field: str
    title: str


def tables_of(spec: dict[str, Any]) -> list[pd.DataFrame]:
    """Return what a chart of Vega-Lite shows: a frame for each set of columns, words as heads, panels named.

    Left out are columns that only place or colour what is drawn, and lines that only mark a value. Where nothing can be
    shown, as all is withheld, the table has heads and no row. ``ValueError`` if it draws a column that its data have not.
    """
    seen, datasets = list(_seen(spec | {"title": ""}, "", "", ())), spec.get("datasets", {})
    _require_columns(seen, spec)
    parts: dict[tuple[str, ...], list[pd.DataFrame]] = {}
    for data, panel in dict.fromkeys((one.data, one.panel) for one in seen):
        titles = {one.field: one.title for one in reversed(seen) if one.data == data and one.title}
        rows = pd.DataFrame(datasets.get(data, [])).map(_joined)
        fields = {one.field for one in seen if one.data == data and not PLACES.fullmatch(one.field)}
        part = rows[[name for name in rows if name in fields]]
        if not part.empty and (len(part) > MARKS or len(part.select_dtypes(object).columns)):
            part = _headed(part, titles)
            parts.setdefault(tuple(part), []).append(part.assign(Panel=panel) if panel else part)
    withheld = [one for one in seen if datasets.get(one.data) == []]
    void: dict[str, list[str]] = {_head(one.field, {one.field: one.title}): [] for one in withheld}
    return [_together(each) for each in parts.values()] or ([pd.DataFrame(void)] if void else [])


def _require_columns(seen: Sequence[_Seen], spec: dict[str, Any]) -> None:
    """Raise unless each column is one of the data or made on the way: Vega draws nothing where there is none."""
    data = spec.get("datasets", {})
    known = {field for rows in data.values() for row in rows for field in row}
    for made in re.findall(r'"as": (\[.*?\]|".*?")', json.dumps(spec)):
        known |= {*re.findall(r'"(.*?)"', made)}
    if absent := sorted({one.field for one in seen if data.get(one.data)} - known):
        raise ValueError(f"a figure must draw columns of its data, they have no {absent}; correct the names")


def _seen(view: dict[str, Any], data: str, panel: str, above: Sequence[Any]) -> Iterator[_Seen]:
    """Yield each column that a view or one inside it shows, with its data, panel and title."""
    data, title = view.get("data", {}).get("name", data), view.get("title") or ""
    panel = _joined(title["text"] if isinstance(title, dict) else title) or panel
    shown = [*above, *_channels(view.get("encoding", {}))]
    inside = [part for name in INSIDE for part in _listed(view.get(name, []))]
    for part in inside:
        yield from _seen(part, data, panel, shown)
    if not inside or "facet" in view:
        facets = view.get("facet", {})
        found = [*shown, *_channels({"facet": facets} if "field" in facets else facets)]
        yield from (_Seen(data, panel, field, words) for field, words in found if data)


def _channels(encoding: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each column of an encoding with its title, that of a tooltip first."""
    for _, given in sorted(encoding.items(), key=lambda each: each[0] != "tooltip"):
        for one in (one for one in _listed(given) if "field" in one):
            parts = [one, *(one.get(part) or {} for part in ("axis", "legend", "header"))]
            yield one["field"], _joined(next(filter(None, (part.get("title") for part in parts)), ""))


def _listed(given: Any) -> list[dict[str, Any]]:
    return [one for one in (given if isinstance(given, list) else [given]) if isinstance(one, dict)]


def _joined(words: Any) -> Any:
    return " ".join(map(str, words)) if isinstance(words, list) else words


def _head(name: str, titles: dict[str, str]) -> str:
    return ALWAYS.get(name) or titles.get(name) or UNTITLED.get(name) or name.replace("_", " ").capitalize()


def _headed(part: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """Return columns under their heads; of two with one head that differ, the later one has a name of its own."""
    found: dict[str, str] = {}
    for name in part:
        head = _head(name, titles)
        other = head in found and not part[name].equals(part[found[head]])
        found.setdefault(_head(name, {}) if other else head, name)
    return part[list(found.values())].set_axis(list(found), axis=1)


def _together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    whole = pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)
    if "Panel" in whole and whole["Panel"].nunique() < 2:  # one panel needs no name
        whole = whole.drop(columns="Panel").drop_duplicates(ignore_index=True)
    names = whole.select_dtypes(object).columns  # before numbers, and the panel first
    return whole[sorted(whole, key=lambda name: (name != "Panel", name not in names))]


def carried(name: str, tables: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """Return tables as HTML to unfold and as CSV; ``ValueError`` if a figure has none."""
    if not tables:
        must = f"{name} must carry data for its table, it carries none"
        raise ValueError(f"{must}; draw it from a frame, or give it controls")
    cells = [(list(table), table.map(_printed).to_numpy().tolist()) for table in tables]
    csv = [table.to_csv(index=False, float_format="%.6g", lineterminator="\n") for table in tables]
    return {"html": markup("carried.html", name=name, tables=cells), "csv": csv}


def _printed(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}".replace("-", "−")
    return str(value)


def beside(renderer: Any, name: str, table: dict[str, Any]) -> nodes.Element:
    """Return what stands under a figure on a page: its table to unfold, its data to take along, the way to its code."""
    part = nodes.container("", nodes.raw("", table["html"], format="html"), classes=["carried"])
    for at, text in enumerate(table["csv"], 1):
        more = f"-{at}" if len(table["csv"]) > 1 else ""
        uri = renderer.write_file([f"{name}{more}.csv"], text.encode(), overwrite=True)
        words = nodes.inline("", f"Data{more.replace('-', ' ')} (CSV)")
        part += [addnodes.download_reference("", "", words, reftarget=uri), nodes.Text(" ")]
    part += nodes.raw("", f'<a href="#made-{name}">Code that draws it</a>', format="html")
    return addnodes.only("", part, expr="html")
