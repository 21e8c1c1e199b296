"""``headtohead release-folder``: what may leave the house, in one folder, as those who check outputs open it.

Pages, tables as CSV, figures as PNG with their data as CSV, ``outputs.json`` with checksums in the form that
SACRO-Viewer reads (its version 0.4), the thresholds in ``config.json``, and one page in plain words that answers what
output checkers refuse most. The folder is made whole or not at all, and not where the search finds a patient in it.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import vl_convert

from livingpaper.book.markup import markup
from livingpaper.book.theme import VEGA_LITE
from livingpaper.build.cache import up_to_date
from livingpaper.build.project import Project
from livingpaper.build.state import state
from livingpaper.config import Config, config
from livingpaper.disclosure.profiles import DisclosureError, Profile
from livingpaper.disclosure.released import remember_release, require_other_people, require_protected
from livingpaper.disclosure.scan import findings, read_table, report
from livingpaper.ledger.ledger import HIDDEN, SUPPRESSED, read_ledger

FORM = "0.4.12"  # of outputs.json, the version that SACRO-Viewer supports
CHART = re.compile(r'<script type="application/json" data-chart="([\w-]+)">(.*?)</script>', re.S)
COLUMNS = ["id", "text", "estimate", "conf_low", "conf_high", "conf_level", "n", "events", "scale", "population",
           "outcome", "method"]  # fmt: skip
PER_INCH = 150
OURS = "^text outputs.json: .* cells of free text"  # the comments of outputs, which are of this module


def make_release_folder(project: Project, cohort: Path | None = None) -> Path:
    """Return the folder ``_build/release``, made anew from the last build and the ledger.

    Parameters
    ----------
    project : Project
        A paper whose pages are built; else ``FileNotFoundError``.
    cohort : Path, optional
        The table of patients, which must not be found in the folder; a guarded paper needs it.

    Raises
    ------
    DisclosureError
        If a number of a guarded origin did not pass disclosure control, the pages are older than the numbers, too few
        patients were added since an earlier release, or something that may not leave is found in the folder.
    """
    paper, ledger, pages = config(project), read_ledger(project.ledger), project.build / "html"
    if not (pages / "index.html").is_file():
        raise FileNotFoundError(f"the pages must stand in {pages}, there are none; run: headtohead html")
    guarded = ledger[ledger["origin"].map(paper.guards)]
    if len(guarded) and cohort is None:
        must = "a folder with numbers of guarded patients must be searched for them"
        raise DisclosureError(f"{must}; give --cohort FILE")
    if not up_to_date(pages, state(project)):
        must = f"the pages must be of what is there now, {pages} are not"
        raise DisclosureError(f"{must}; run: headtohead html")
    table = None if cohort is None else read_table(cohort)
    judged = None
    if len(guarded) and table is not None:
        require_other_people(table, project)
        judged = require_protected(guarded, project).report
    with tempfile.TemporaryDirectory(dir=project.build) as place:
        made = Path(place) / "release"
        results = _write(made, ledger, pages, paper)
        if judged is not None:
            judged.to_csv(made / "numbers.csv", index=False)
        _explain(made, results, ledger, paper)
        _search(made, table, paper)
        if judged is not None and table is not None:
            remember_release(project, table)  # first: what left unnoticed would not be compared with
        target = project.build / "release"
        if target.is_dir():
            target.rename(Path(place) / "before")
        return made.rename(target)


def tree_digest(folder: Path) -> str:
    """Return the hash of all files of a folder, which who signs for it writes down."""
    lines = [f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}"
             for path in sorted(folder.rglob("*")) if path.is_file()]  # fmt: skip
    return sha256("\n".join(lines).encode()).hexdigest()


def _write(folder: Path, ledger: pd.DataFrame, pages: Path, paper: Config) -> dict[str, Any]:
    """Write tables, figures, pages, checksums and their list; return the outputs by name."""
    (folder / "checksums").mkdir(parents=True)
    profile, results = paper.disclosure.limits(), dict[str, Any]()
    for chapter, rows in ledger.groupby(ledger["id"].str.partition(".")[0]):
        name = f"table-{chapter}"
        rows[COLUMNS].to_csv(folder / f"{name}.csv", index=False)
        results[name] = _table(name, rows, paper)
    for name, spec, origin in _charts(pages):
        files = [*_figure(folder, name, spec)]
        guarded = any(one.says in origin and one.guarded for one in paper.origins.values())
        results[name] = _output(name, "custom", files, guarded, f"figure; {spec.get('description', '')}")
    shutil.copytree(pages, folder / "pages")
    for result in results.values():
        for file in result["files"]:
            digest = sha256((folder / file["name"]).read_bytes()).hexdigest()
            (folder / "checksums" / f"{file['name']}.txt").write_text(digest)
    _json(folder / "outputs.json", {"version": FORM, "results": results})
    _json(folder / "config.json", thresholds(profile))
    return results


def _explain(folder: Path, results: dict[str, Any], ledger: pd.DataFrame, paper: Config) -> None:
    """Write the page in plain words, which answers the usual reasons of refusal and names what a person must judge."""
    guarded = ledger[ledger["origin"].map(paper.guards)]
    words = markup(
        "leaves.html",
        title=paper.short_title,
        outputs=results,
        profile=paper.disclosure.limits(),
        guarded=len(guarded),
        hidden=int(guarded["text"].isin(HIDDEN).sum()),
        types=sorted({path.suffix[1:] for path in folder.rglob("*") if path.suffix}),
        digest=tree_digest(folder),
        harmless=paper.disclosure.harmless,
    )
    (folder / "read-me-first.html").write_text(words, "utf-8")


def _json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def thresholds(profile: Profile) -> dict[str, Any]:
    """Return the thresholds by the names that ACRO gives them."""
    return {
        "profile": profile.name, "safe_threshold": profile.threshold, "safe_dof_threshold": profile.dof, "safe_nk_n": 2,
        "safe_nk_k": profile.most, "safe_pratio_p": 0.1, "zeros_are_disclosive": not profile.zeros,
        "safe_round_base": profile.base, "survival_safe_threshold": profile.threshold, "suppress": True,
    }  # fmt: skip


def _output(
    name: str, kind: str, files: list[dict[str, Any]], guarded: bool, summary: str, comment: str = ""
) -> dict[str, Any]:
    now, status = datetime.now(UTC).isoformat(timespec="seconds"), "review" if guarded else "pass"
    return {
        "uid": name, "status": status, "type": kind, "properties": {"method": kind}, "files": files, "outcome": {},
        "command": "headtohead release-folder", "summary": f"{status}; {summary}", "timestamp": now,
        "comments": [comment] if comment else [], "exception": "",
    }  # fmt: skip


def _table(name: str, rows: pd.DataFrame, paper: Config) -> dict[str, Any]:
    """Return a table of numbers as an output: which cells are suppressed, and what people are in it."""
    at = COLUMNS.index("estimate") - 1  # the viewer counts columns after the first, the index
    cells = [[line, at] for line, text in enumerate(rows["text"]) if text == SUPPRESSED]
    names = ("negative", "missing", "p-ratio", "nk-rule", "all-values-are-same")
    sdc = {
        "summary": {"suppressed": bool(cells), "threshold": len(cells), **dict.fromkeys(names, 0)},
        "cells": {"threshold": cells, **{each: [] for each in names}},
    }
    guarded = bool(rows["origin"].map(paper.guards).any())
    says = f"threshold: {len(cells)} cells are suppressed; " if cells else "no cell is suppressed; "
    origins = ", ".join(paper.origins[each].says for each in sorted(set(rows["origin"])))
    rounded = " Counts are rounded before anything is computed from them." if guarded else ""
    files = [{"name": f"{name}.csv", "sdc": sdc}]
    return _output(name, "table", files, guarded, says, f"Rests on: {origins}.{rounded}")


def _charts(pages: Path) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield name, specification and origin of every chart of the pages, each once."""
    seen: dict[str, str] = {}
    for page in sorted(pages.rglob("*.html")):
        for name, text in CHART.findall(page.read_text("utf-8")):
            seen.setdefault(name, text)
    for name, text in seen.items():
        spec = json.loads(text.replace("<\\/", "</"))
        spec = spec["both"] | spec["wide"] if "both" in spec else spec  # as ``show`` writes both widths
        yield name, spec, str(spec.get("usermeta", {}).get("origin", ""))


def _figure(folder: Path, name: str, spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Write a chart as PNG, checkers refuse SVG, and its data as CSV."""
    scale = PER_INCH / 72
    (folder / f"{name}.png").write_bytes(vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=scale))
    yield {"name": f"{name}.png", "sdc": {}}
    for number, rows in enumerate(spec.get("datasets", {}).values(), 1):
        file = f"{name}-data-{number}.csv"
        pd.DataFrame(rows).to_csv(folder / file, index=False)
        yield {"name": file, "sdc": {}}


def _search(folder: Path, table: pd.DataFrame | None, paper: Config) -> None:
    """Raise ``DisclosureError`` if something is found in the folder that nobody declared harmless in ``paper.toml``."""
    limits = paper.disclosure
    harmless = [re.compile(each) for each in (OURS, *limits.harmless)]
    found = findings(folder, table, threshold=limits.limits().threshold)
    if wrong := [one for one in found if not one.matches(harmless)]:
        must = "what leaves must hold nothing of a patient, found; no folder was made"
        cure = "take it out, or what is harmless: [disclosure] harmless of paper.toml"
        raise DisclosureError(f"{must}:\n{report(wrong)}\n{cure}")
