"""The page of all versions: plain HTML in one file, readable without a server or a script."""

from __future__ import annotations

from html import escape

import pandas as pd
import vl_convert as vlc
from markdown_it import MarkdownIt

from livingpaper.book.forest import forest
from livingpaper.book.theme import INK, TREATED
from livingpaper.ledger.ledger import MARKS, ORIGINS
from livingpaper.ledger.report import as_text, summary
from livingpaper.versions.history import Version, by_version

STYLE = """
:root { color-scheme: light dark; }
body { font: 17px/1.55 "Source Serif 4", Georgia, serif; max-width: 50rem; margin: 3rem auto; padding: 0 1.2rem; }
body { background: Canvas; color: CanvasText; } a { color: LinkText; }
h1, h2, h3, table, figcaption, .small { font-family: system-ui, sans-serif; }
table { border-collapse: collapse; font-size: .82rem; width: 100%; border-top: 1.5px solid; border-bottom: 1.5px solid; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; vertical-align: top; border-bottom: 1px solid #8883; }
.wide { overflow-x: auto; } figure { margin: 1.5rem 3rem 1.5rem 0; }
figure svg { max-width: 100%; height: auto; overflow: visible; }
@media (prefers-color-scheme: dark) { figure svg { filter: invert(.88) hue-rotate(180deg); } }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .78rem; background: #8881; padding: 1rem; }
"""


def versions_page(title: str, history: list[Version], followed: dict[str, str]) -> str:
    """Return the page: versions, each followed number by version, and what changed and why."""
    rows = "".join(_version_row(version) for version in reversed(history))
    changes = "".join(_change(version, history) for version in reversed(history))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Versions: {escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style>'
        '<link rel="alternate" type="application/atom+xml" href="feed.xml" title="Changes of the estimates"></head><body>'
        f"<h1>Versions</h1><p>{escape(title)}. A version never changes once released; each can be read and cited as it was.</p>"
        '<div class="wide"><table><thead><tr><th>Version</th><th>Released</th><th>Read</th><th>Since the version before</th>'
        f"<th>Moved since</th></tr></thead><tbody>{rows}</tbody></table></div>"
        f"<h2>Estimates by version</h2>{_estimates(history, followed)}<h2>What changed, and why</h2>{changes}</body></html>\n"
    )


def _version_row(version: Version) -> str:
    here = f"v{version.name}"
    since = summary(version.since) if version.since else "first version"
    read = (
        f'<a href="{here}/book/index.html">pages</a> · <a href="{here}/paper.pdf">PDF</a> · '
        f'<a href="{here}/ledger.csv">numbers</a>'
    )
    return (
        f"<tr><td>{escape(version.name)}</td><td>{escape(version.date)}</td><td>{read}</td><td>{escape(since)}</td>"
        f"<td>{escape(summary(version.to_latest))}</td></tr>"
    )


def _estimates(history: list[Version], followed: dict[str, str]) -> str:
    head = "".join(f"<th>{escape(version.name)}</th>" for version in history)
    body = "".join(
        f"<tr><td>{escape(name)}<br><code>{escape(id_)}</code></td>"
        + "".join(f"<td>{_text(version, id_)}</td>" for version in history)
        + "</tr>"
        for id_, name in followed.items()
    )
    table = f'<div class="wide"><table><thead><tr><th>Number</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    return table + "".join(_forest(history, id_, name) for id_, name in followed.items())


def _text(version: Version, id_: str) -> str:
    if id_ not in version.ledger.index:
        return "not in this version"
    row = version.ledger.loc[id_]
    return f'{escape(str(row["text"]))} <span title="{escape(ORIGINS[row["origin"]])}">{MARKS[row["origin"]]}</span>'


def _forest(history: list[Version], id_: str, name: str) -> str:
    """Return the number's interval in each version as an SVG figure; nothing without intervals."""
    rows = by_version(history, id_)
    if rows.empty or rows["conf_low"].isna().any() or rows["scale"].iloc[0] != "risk difference":
        return ""
    newest = rows.index[-1]
    drawn = pd.DataFrame(
        {
            "label": [f"Version {version}" for version in rows["version"]],
            "estimate": rows["estimate"],
            "conf_low": rows["conf_low"],
            "conf_high": rows["conf_high"],
            "colour": [TREATED if i == newest else INK for i in rows.index],
        }
    )
    edge = 1.15 * 100 * max(rows["conf_high"].max(), -rows["conf_low"].min())
    chart = forest(
        drawn,
        scale="risk difference",
        title="Risk difference, percentage points",
        domain=(-edge, edge),
        label_width=130,
        text_width=140,
    )
    words = "; ".join(f"version {row.version}: {row.text}" for row in rows.itertuples())
    svg = vlc.vegalite_to_svg(chart.to_dict()).replace(
        "<svg ", f'<svg role="img" aria-label="{escape(f"Intervals of {name}. {words}.")}" ', 1
    )
    origin = ORIGINS[rows["origin"].iloc[0]]
    return f"<figure>{svg}<figcaption>{escape(name)}, by version; {escape(origin)}.</figcaption></figure>"


def _change(version: Version, history: list[Version]) -> str:
    reason = MarkdownIt("commonmark", {"html": False}).render(version.reason)
    text = f"<h3>Version {escape(version.name)}, {escape(version.date)}</h3>{reason}"
    if version.since is None:
        return text
    before = history[history.index(version) - 1].name
    return text + f"<pre>{escape(as_text(version.since, before, version.name))}</pre>"
