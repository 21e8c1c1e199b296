"""The paper as a research object (RO-Crate): chapters, what they show, the functions behind it, the data behind those.

The crate is the folder ``machine`` of a version. What lies outside it, chapters, code and data, is described
under its path in the checkout with its checksum. No clock time, no random name: the same paper gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from livingpaper.book.meta import LICENCES, author_names, citation_file
from livingpaper.book.provenance import exhibits
from livingpaper.build.project import Project
from livingpaper.exports.inputs import files_behind

FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".svg": "image/svg+xml",
    ".xml": "application/xml",
}
MAINTAINERS = "#maintainers"


def crate(
    project: Project, chapters: Sequence[str], files: Mapping[str, str], labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return the metadata of the crate, ready for JSON.

    Parameters
    ----------
    project : Project
    chapters : sequence of str
        Page names such as ``book/methods``, in order.
    files : mapping of str to str
        Path in the crate to what the file is; ``figures/fig-key.svg`` and so on.
    labels : mapping of str to str
        Label to printed number of figures and tables, where they have one.
    """
    found = citation_file(project)
    made = ROCrate()
    root = made.root_dataset
    made.name, made.description = found["title"], found.get("abstract", found["title"])
    root["version"], root["datePublished"] = found["version"], found["date-released"]
    root["license"] = LICENCES.get("CC-BY-4.0", "")
    names = ", ".join(author_names(found))
    root["author"] = made.add(_context(made, MAINTAINERS, "Organization", names))
    for path, what in files.items():
        made.add_file(dest_path=path, properties={"name": what, "encodingFormat": FORMATS[Path(path).suffix]})
    shown = [_chapter(made, project, name, labels) for name in chapters]
    root["mentions"] = [*shown, *[e for e in made.contextual_entities if e.type == "CreateAction"]]
    return _sorted(made.metadata.generate())


def _data(made: ROCrate, project: Project, path: str) -> ContextEntity:
    """Describe a file that results rest on."""
    known = made.get(f"#{path}")
    if known:
        return known
    entity = _source(made, project, path, ["CreativeWork", "Dataset"])
    if path.startswith("data/synthetic/"):
        entity["creativeWorkStatus"] = "synthetic"
    return entity


def _chapter(made: ROCrate, project: Project, name: str, labels: Mapping[str, str]) -> ContextEntity:
    """Describe a chapter, everything it shows, and how each of them was made."""
    entity = _source(made, project, f"{name}.md", "Chapter")
    parts = []
    text = (project.root / f"{name}.md").read_text(encoding="utf-8")
    for row in exhibits(text).itertuples():
        code = _code(made, project, str(row.function))
        figure = made.get(f"figures/{row.label}.svg")
        printed = labels.get(str(row.label), str(row.label))
        shown = figure or made.add(_context(made, f"#{row.label}", "CreativeWork", printed))
        shown["alternateName"] = printed
        action = _context(made, f"#make-{row.label}", "CreateAction", f"Make {printed}")
        made.add(action)
        action["agent"], action["instrument"] = made.get(MAINTAINERS), code
        action["result"] = shown
        if data := [_data(made, project, path) for path in files_behind(project, str(row.function))]:
            action["object"] = data
        parts.append(shown)
    if parts:
        entity["hasPart"] = parts
    return entity


def _code(made: ROCrate, project: Project, dotted: str) -> ContextEntity:
    """Describe a function and the file it stands in."""
    module, _, name = dotted.rpartition(".")
    path = f"lib/headtohead/{module.replace('.', '/')}.py"
    file = made.get(f"#{path}") or _source(made, project, path, "SoftwareSourceCode")
    known = made.get(f"#{dotted}")
    if known:
        return known
    function = made.add(_context(made, f"#{dotted}", "SoftwareSourceCode", name))
    function["isPartOf"], function["programmingLanguage"] = file, "Python"
    return function


def _source(made: ROCrate, project: Project, path: str, kind: str | list[str]) -> ContextEntity:
    """Describe a file of the checkout by path and checksum.

    Raises
    ------
    FileNotFoundError
        If there is no such file: a provenance that leads nowhere is none.
    """
    file = project.root / path
    if not file.is_file():
        raise FileNotFoundError(
            f"the research object names {path}, there is no such file; look at the chapter's cells"
        )
    entity = made.add(_context(made, f"#{path}", kind, path))
    entity["identifier"] = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    return entity


def _context(made: ROCrate, id_: str, kind: str | list[str], name: str) -> ContextEntity:
    return ContextEntity(made, id_, properties={"@type": kind, "name": name})


def _sorted(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the graph in the order of ids: it must not depend on the order of adding."""
    graph: Iterable[Any] = metadata["@graph"]
    return {**metadata, "@graph": sorted(graph, key=lambda entity: str(entity["@id"]))}
