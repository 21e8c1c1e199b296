"""The paper as a research object (RO-Crate): chapters, what they show, the functions behind it, the data behind those.

The crate is the folder ``machine`` of a version. What lies outside it, chapters, code and data, is described
under its path in the checkout with its checksum. No clock time, no random name: the same paper gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from livingpaper.book.provenance import behind
from livingpaper.book.stamp import LICENCES, author_names, citation_file
from livingpaper.build.project import Project
from livingpaper.build.reads import files_behind
from livingpaper.config import config, fits

FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".svg": "image/svg+xml",
    ".xml": "application/xml",
}


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
    made = _Crate(project)
    root = made.root_dataset
    made.name, made.description = found["title"], found.get("abstract", found["title"])
    root["version"], root["datePublished"] = found["version"], found["date-released"]
    root["license"] = LICENCES.get("CC-BY-4.0", "")
    root["author"] = made.entity("#maintainers", "Organization", ", ".join(author_names(found)))
    for path, what in files.items():
        made.add_file(dest_path=path, properties={"name": what, "encodingFormat": FORMATS[Path(path).suffix]})
    shown = [made.chapter(name, labels) for name in chapters]
    root["mentions"] = [*shown, *[e for e in made.contextual_entities if e.type == "CreateAction"]]
    metadata = made.metadata.generate()  # in the order of adding, which must not show
    return {**metadata, "@graph": sorted(metadata["@graph"], key=lambda entity: str(entity["@id"]))}


class _Crate(ROCrate):
    """A crate that knows the checkout."""

    def __init__(self, project: Project) -> None:
        super().__init__()
        self.project = project

    def entity(self, id_: str, kind: str | list[str], name: str) -> ContextEntity:
        """Return what has this id, described once."""
        return self.get(id_) or self.add(ContextEntity(self, id_, properties={"@type": kind, "name": name}))

    def file_at(self, path: str, kind: str | list[str]) -> ContextEntity:
        """Describe a file of the checkout by path and checksum.

        Raises
        ------
        FileNotFoundError
            If there is no such file: a provenance that leads nowhere is none.
        """
        file = self.project.root / path
        if not file.is_file():
            raise FileNotFoundError(
                f"the research object names {path}, there is no such file; look at the chapter's cells"
            )
        entity = self.entity(f"#{path}", kind, path)
        entity["identifier"] = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
        return entity

    def data(self, path: str) -> ContextEntity:
        """Describe a file that results rest on."""
        entity = self.file_at(path, ["CreativeWork", "Dataset"])
        if fits(path, config(self.project).synthetic):
            entity["creativeWorkStatus"] = "synthetic"
        return entity

    def function(self, dotted: str) -> ContextEntity:
        """Describe a function and the file it stands in."""
        module, _, name = dotted.rpartition(".")
        stem = f"lib/{module.replace('.', '/')}"
        package = (self.project.root / stem / "__init__.py").is_file()
        file = self.file_at(f"{stem}/__init__.py" if package else f"{stem}.py", "SoftwareSourceCode")
        function = self.entity(f"#{dotted}", "SoftwareSourceCode", name)
        function["isPartOf"], function["programmingLanguage"] = file, "Python"
        return function

    def chapter(self, name: str, labels: Mapping[str, str]) -> ContextEntity:
        """Describe a chapter, everything it shows, and how each of them was made."""
        entity, found = self.file_at(f"{name}.md", "Chapter"), behind(self.project, name)
        used = [self.function(dotted) for dotted in found.functions]
        data = [self.data(path) for path in files_behind(self.project, found.chapters)]
        parts = []
        for label, maker in found.shown.items():
            printed = labels.get(label, label)
            figure = self.get(f"figures/{label}.svg")
            shown = figure or self.entity(f"#{label}", "CreativeWork", printed)
            shown["alternateName"] = printed
            action = self.entity(f"#make-{label}", "CreateAction", f"Make {printed}")
            action["agent"], action["result"] = self.get("#maintainers"), shown
            action["instrument"] = self.function(maker) if maker else entity
            if data:
                action["object"] = data
            parts.append(shown)
        if parts:
            entity["hasPart"] = parts
        if used:
            entity["mentions"] = used
        return entity
