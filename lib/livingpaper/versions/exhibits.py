"""What readers see of the history: table and figure of the appendix, its list of changes, the page of all versions."""

import re
from typing import Any

import pandas as pd
from markdown_it import MarkdownIt

from livingpaper.book.forest import factor_of, forest
from livingpaper.book.markup import markup
from livingpaper.book.painting import svg_of
from livingpaper.book.show import Drawing, Sheet
from livingpaper.book.stamp import citation_file, title_of
from livingpaper.book.theme import INK, TREATED, at_each_width
from livingpaper.build.project import Project, find_project
from livingpaper.config import Config, config
from livingpaper.ledger.ledger import LedgerError, read_ledger
from livingpaper.versions.sources import Version, by_version, changelog, history, read_source, versions

SHOWN = 6  # versions in table and figure, the newest; the page of all versions has the rest
HERE = " (this build)"


def numbers_by_version(project: Project) -> pd.DataFrame:
    """Return every followed number in the newest versions and in this build; see ``sources.by_version``."""
    now, names = read_ledger(project.ledger), config(project).followed
    if unknown := [id_ for id_ in names if id_ not in now.index]:
        raise LedgerError(f"a followed number must be in the ledger, {unknown} are not; correct paper.toml")
    editions = {version: read_source(project, version) for version in versions(project)[-SHOWN:]}
    return by_version(editions | {f"{citation_file(project)['version']}{HERE}": now}, names)


def estimates(project: Project | None = None) -> Sheet:
    """Return the table: one row per number and version, the number named where it starts."""
    project = project or find_project()
    found = numbers_by_version(project)
    number = (found["name"] + " (`" + found["id"] + "`)").where(~found["id"].duplicated(), "")
    mark = found["origin"].map(config(project).marks).fillna("")
    columns = {"Number": number, "Version": found["version"], "Value": found["text"], "Origin": mark}
    sources = (found[found["origin"].notna()],)
    return Sheet(pd.DataFrame(columns), sources=sources, widths="p{5.7cm}p{2.7cm}p{5.9cm}l")


@at_each_width
def intervals(project: Project | None = None) -> Drawing:
    """Return the forest of the followed numbers of the first scale that knows no effect, one line per version."""
    project = project or find_project()
    found = _with_interval(numbers_by_version(project), config(project))
    if found.empty:
        raise LedgerError("a followed number must have an interval to be drawn, none has; correct paper.toml")
    scale = found["scale"].iloc[0]
    found = found[found["scale"] == scale]
    present, none = found["version"].str.endswith(HERE), config(project).scales[scale].no_effect
    label = found["name"] + ", " + found["version"].where(~present, "this build")
    chart = _forest(found, label, present, label_width=310, row_height=26)
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
    scale = str(rows["scale"].iloc[0])
    kind = config().scales[scale]
    none = float(kind.no_effect or 0)
    reach = 1.15 * factor_of(scale) * max((rows[["conf_low", "conf_high"]] - none).abs().max())
    words = {"scale": scale, "title": scale.capitalize() + (f", {kind.unit}" if kind.unit else "")} | sizes
    colour = present.map({True: TREATED, False: INK})
    data = rows[["estimate", "conf_low", "conf_high"]].assign(label=label, colour=colour)
    return forest(data, domain=(none - reach, none + reach), null=none, text_width=140, **words)


def changes_myst(project: Project) -> str:
    """Return, newest first, what changed in each version and why, as MyST; one sentence if there is no version yet."""
    if not versions(project):
        return "No version has been frozen yet: what stands here is the present build alone.\n"
    known, version = history(project), str(citation_file(project)["version"])
    told = [(f"**Version {each.name}, {each.date}**: {each.told}.", each.reason) for each in reversed(known)]
    if version not in versions(project):
        date, reason = changelog(project).get(version, ("", ""))
        told.insert(0, (f"**Version {version}{', ' + date if date else ''}**{HERE}.", reason))
    text = "\n\n".join(f"{title}\n\n{reason}" for title, reason in told)
    return re.sub(r"(?m)^#+ *(.*)$", r"*\1*\n", text) + "\n"  # a directive holds no sections


def versions_page(project: Project, known: list[Version], pdfs: dict[str, list[str]]) -> str:
    """Return the page of all versions, each with its ``pdfs``: plain HTML in one file, without server or script."""
    paper, ledgers = config(project), {version.name: version.ledger for version in known}
    numbers = by_version(ledgers, paper.followed).groupby("id", sort=False) if paper.followed else ()
    words = {"title": title_of(project), "versions": known, "origins": paper.origins, "pdfs": pdfs}
    words["numbers"] = [_number(str(id_), rows, paper) for id_, rows in numbers]
    return markup("versions.html", **words, markdown=MarkdownIt("commonmark", {"html": False}).render)


def _number(id_: str, rows: pd.DataFrame, paper: Config) -> dict[str, Any]:
    """Return a number in every version; where each that has it has an interval, with the inside of an SVG figure."""
    there, svg = rows[rows["scale"].notna()], ""
    if len(there) and len(_with_interval(there, paper)) == len(there):
        newest = pd.Series(there.index == there.index[-1], index=there.index)
        chart = _forest(there, "Version " + there["version"], newest, label_width=130)
        svg = svg_of(chart.to_dict()).removeprefix("<svg ")
    drawn, name = there.to_dict("records"), rows["name"].iloc[0]
    return {"id": id_, "name": name, "svg": svg, "rows": rows.to_dict("records"), "drawn": drawn}
