"""What readers see of the history: table and figure of the appendix, its list of changes, the page of all versions."""

from __future__ import annotations

from html import escape
from string import Template
from typing import Any

import pandas as pd
from markdown_it import MarkdownIt

from livingpaper.book.show import Drawing, Sheet
from livingpaper.book.stamp import STATIC, citation_file, title_of
from livingpaper.build.project import Project, find_project
from livingpaper.config import Config, config
from livingpaper.ledger.ledger import LedgerError, read_ledger
from livingpaper.ledger.report import as_text, summary
from livingpaper.versions.history import Version, by_version, changelog, history
from livingpaper.versions.sources import read_source, versions

SHOWN = 6  # versions in table and figure, the newest; the page of all versions has the rest
HERE = " (this build)"


def part(template: str, /, **words: str) -> str:
    """Return a part of the site with its words filled in."""
    return Template((STATIC / "site" / f"{template}.html").read_text("utf-8")).substitute(words)


def numbers_by_version(project: Project) -> pd.DataFrame:
    """Return every followed number in the newest versions and in this build; see ``history.by_version``.

    Raises
    ------
    LedgerError
        If a followed number is not in the present ledger.
    """
    now, names = read_ledger(project.ledger), config(project).followed
    if unknown := [id_ for id_ in names if id_ not in now.index]:
        raise LedgerError(f"a followed number must be in the ledger, {unknown} are not; correct paper.toml")
    editions = {version: read_source(project, version) for version in versions(project)[-SHOWN:]}
    return by_version(editions | {f"{citation_file(project)['version']}{HERE}": now}, names)


def estimates(project: Project | None = None) -> Sheet:
    """Return the table: one row per number and version, the number named where it starts."""
    project = project or find_project()
    found = numbers_by_version(project)
    frame = pd.DataFrame(
        {
            "Number": (found["name"] + " (`" + found["id"] + "`)").where(~found["id"].duplicated(), ""),
            "Version": found["version"],
            "Value": found["text"],
            "Origin": found["origin"].map(config(project).marks).fillna(""),
        }
    )
    there = found[found["origin"].notna()]
    return Sheet(frame, sources=(there,), widths="p{5.7cm}p{2.7cm}p{5.9cm}l")


def intervals(project: Project | None = None) -> Drawing:
    """Return the forest of the followed numbers of the first scale that knows no effect, one line per version."""
    project = project or find_project()
    found = _with_interval(numbers_by_version(project), config(project))
    if found.empty:
        raise LedgerError("a followed number must have an interval to be drawn, none has; correct paper.toml")
    found = found[found["scale"] == found["scale"].iloc[0]]
    label = found["name"] + ", " + found["version"].where(~found["version"].str.endswith(HERE), "this build")
    chart = _forest(found, label, found["version"].str.endswith(HERE), label_width=310, row_height=26)
    none = config(project).scales[found["scale"].iloc[0]].no_effect
    crossing = int(((found["conf_low"] < none) & (found["conf_high"] > none)).sum())
    alt = (
        f"Horizontal lines, one per number and edition, {len(found)} in all from {found['version'].nunique()} edition(s), "
        f"the present one in blue and earlier ones in black. Of them {crossing} cross the vertical line at "
        f"{'zero' if none == 0 else 'one'}."
    )
    return Drawing(chart, alt, sources=(found,))


def _with_interval(rows: pd.DataFrame, paper: Config) -> pd.DataFrame:
    """Return the rows that have an interval and a value that means no effect."""
    known = [name for name, scale in paper.scales.items() if scale.no_effect is not None]
    return rows[rows["scale"].isin(known) & rows["conf_low"].notna()]


def _forest(rows: pd.DataFrame, label: pd.Series, present: pd.Series, **sizes: Any) -> Any:
    """Draw one scale; what is ``present`` in colour."""
    from livingpaper.book.forest import factor_of, forest  # heavy: altair
    from livingpaper.book.theme import INK, TREATED

    scale = str(rows["scale"].iloc[0])
    kind, factor = config().scales[scale], factor_of(scale)
    none = float(kind.no_effect or 0)
    reach = 1.15 * factor * max((rows[["conf_low", "conf_high"]] - none).abs().max())
    title = scale.capitalize() + (f", {kind.unit}" if kind.unit else "")
    colour = present.map({True: TREATED, False: INK})
    data = rows[["estimate", "conf_low", "conf_high"]].assign(label=label, colour=colour)
    domain = (none - reach, none + reach)
    return forest(data, scale=scale, title=title, domain=domain, null=none, text_width=140, **sizes)


def changes_myst(project: Project) -> str:
    """Return, newest first, what changed in each version and why, as MyST; one sentence if there is no version yet."""
    if not versions(project):
        return "No version has been frozen yet: what stands here is the present build alone.\n"
    known = history(project)
    version = str(citation_file(project)["version"])
    told = []
    if version not in {edition.name for edition in known}:
        date, reason = changelog(project.root / "CHANGELOG.md").get(version, ("", ""))
        told = [f"**Version {version}{', ' + date if date else ''}**{HERE}.\n\n{_flat(reason)}"]
    for edition in reversed(known):
        since = summary(edition.since) if edition.since else "first version"
        told.append(f"**Version {edition.name}, {edition.date}**: {since}.\n\n{_flat(edition.reason)}")
    return "\n\n".join(told) + "\n"


def _flat(reason: str) -> str:
    """Return a section of the changelog with its headings as plain paragraphs: a directive holds no sections."""
    lines = [f"*{line.lstrip('# ')}*\n" if line.startswith("#") else line for line in reason.splitlines()]
    return "\n".join(lines)


def versions_page(project: Project, known: list[Version]) -> str:
    """Return the page of all versions: plain HTML in one file, readable without a server or a script."""
    pairs = list(zip(known, [None, *known[:-1]], strict=True))
    return part(
        "versions",
        title=escape(title_of(project)),
        versions="".join(map(_version_row, reversed(known))),
        estimates=_estimates(project, known),
        changes="".join(_change(*pair) for pair in reversed(pairs)),
    )


def _version_row(version: Version) -> str:
    kept = {"pages": "book/index.html", "PDF": "paper.pdf", "numbers": "ledger.csv"}
    read = " · ".join(f'<a href="v{version.name}/{file}">{name}</a>' for name, file in kept.items())
    since = summary(version.since) if version.since else "first version"
    moved = escape(summary(version.to_latest))
    cells = (escape(version.name), escape(version.date), read, escape(since), moved)
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _estimates(project: Project, known: list[Version]) -> str:
    """Return every followed number in every version, as a table and, where it has intervals, as a figure."""
    paper = config(project)
    if not paper.followed:
        return "<p>No number is followed.</p>"
    found = by_version({version.name: version.ledger for version in known}, paper.followed)
    head = "".join(f"<th>{escape(version.name)}</th>" for version in known)
    body, figures = "", ""
    for id_, rows in found.groupby("id", sort=False):
        name = str(rows["name"].iloc[0])
        cells = "".join(f"<td>{_text(row, paper)}</td>" for _, row in rows.iterrows())
        body += f"<tr><td>{escape(name)}<br><code>{escape(str(id_))}</code></td>{cells}</tr>"
        figures += _figure(rows[rows["scale"].notna()], name, paper)
    return (
        f'<div class="wide"><table><thead><tr><th>Number</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        + figures
    )


def _text(row: pd.Series, paper: Config) -> str:
    text = escape(str(row["text"]))
    if pd.isna(row["origin"]):
        return text
    origin = paper.origins[row["origin"]]
    return f'{text} <span title="{escape(origin.says)}">{origin.mark}</span>'


def _figure(rows: pd.DataFrame, name: str, paper: Config) -> str:
    """Return a number's interval in each version as an SVG figure; nothing unless each has one."""
    if rows.empty or len(_with_interval(rows, paper)) < len(rows):
        return ""
    import vl_convert as vlc

    newest = pd.Series(rows.index == rows.index[-1], index=rows.index)
    chart = _forest(rows, "Version " + rows["version"], newest, label_width=130)
    words = "; ".join(f"version {row.version}: {row.text}" for row in rows.itertuples())
    said = escape(f"Intervals of {name}. {words}.")
    svg = vlc.vegalite_to_svg(chart.to_dict()).replace("<svg ", f'<svg role="img" aria-label="{said}" ', 1)
    origin = paper.origins[rows["origin"].iloc[0]].says
    return f"<figure>{svg}<figcaption>{escape(name)}, by version; {escape(origin)}.</figcaption></figure>"


def _change(version: Version, before: Version | None) -> str:
    reason = MarkdownIt("commonmark", {"html": False}).render(version.reason)
    text = f"<h3>Version {escape(version.name)}, {escape(version.date)}</h3>{reason}"
    if version.since is None or before is None:
        return text
    return text + f"<pre>{escape(as_text(version.since, before.name, version.name))}</pre>"
