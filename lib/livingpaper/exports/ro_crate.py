"""The paper as a research object (RO-Crate): chapters, what they show, the functions and data behind it; no clock, no chance."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from livingpaper.book.provenance import behind
from livingpaper.book.stamp import LICENCES, author_names, citation_file
from livingpaper.build.cache import sha
from livingpaper.build.project import Project, content_of
from livingpaper.build.reads import files_behind
from livingpaper.config import config, fits

FORMATS = {
    ".csv": "text/csv", ".json": "application/json", ".jsonld": "application/ld+json", ".svg": "image/svg+xml",
    ".xml": "application/xml",
}  # fmt: skip


def crate(
    project: Project, chapters: Sequence[str], files: Mapping[str, str], labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return the metadata of chapters, files (path to words) and labels; ``FileNotFoundError`` for what leads nowhere."""
    found, made = citation_file(project), _Crate(project)
    root = made.root_dataset
    made.name, made.description = found["title"], found.get("abstract", found["title"])
    root["version"], root["datePublished"] = found["version"], found["date-released"]
    root["license"] = LICENCES["CC-BY-4.0"]
    root["author"] = made.entity("#maintainers", "Organization", ", ".join(author_names(found)))
    for path, what in files.items():
        made.add_file(dest_path=path, properties={"name": what, "encodingFormat": FORMATS[Path(path).suffix]})
    shown = [made.chapter(name, labels) for name in chapters]
    root["mentions"] = [*shown, *(e for e in made.contextual_entities if e.type == "CreateAction")]
    metadata = made.metadata.generate()  # in the order of adding, which must not show
    return {**metadata, "@graph": sorted(metadata["@graph"], key=lambda entity: str(entity["@id"]))}


class _Crate(ROCrate):
    """A crate that knows the checkout; everything is described once."""

    def __init__(self, project: Project) -> None:
        super().__init__()
        self.project = project

    def entity(self, id_: str, kind: str | list[str], name: str, **more: Any) -> ContextEntity:
        properties = {"@type": kind, "name": name, **more}
        return self.get(id_) or self.add(ContextEntity(self, id_, properties=properties))

    def file_at(self, path: str, kind: str | list[str], **more: Any) -> ContextEntity:
        file, cure = self.project.root / path, "look at the chapter's cells"
        if not file.is_file():
            raise FileNotFoundError(f"the research object names {path}, there is no such file; {cure}")
        return self.entity(f"#{path}", kind, path, identifier=f"sha256:{sha(content_of(file))}", **more)

    def function(self, dotted: str) -> ContextEntity:
        module, _, name = dotted.rpartition(".")
        stem = f"lib/{module.replace('.', '/')}"
        package = (self.project.root / stem / "__init__.py").is_file()
        file = self.file_at(f"{stem}/__init__.py" if package else f"{stem}.py", "SoftwareSourceCode")
        made = self.entity(f"#{dotted}", "SoftwareSourceCode", name)
        made["isPartOf"], made["programmingLanguage"] = file, "Python"
        return made

    def chapter(self, name: str, labels: Mapping[str, str]) -> ContextEntity:
        """Describe a chapter, everything it shows, and how each of them was made."""
        entity, found = self.file_at(f"{name}.md", "Chapter"), behind(self.project, name)
        used = [self.function(dotted) for dotted in found.functions]
        data, parts, made_up = [], [], config(self.project).synthetic
        for path in files_behind(self.project, found.chapters):
            status = {"creativeWorkStatus": "synthetic"} if fits(path, made_up) else {}
            data.append(self.file_at(path, ["CreativeWork", "Dataset"], **status))
        for label, maker in found.shown.items():
            printed = labels.get(label, label)
            shown = self.get(f"figures/{label}.svg") or self.entity(f"#{label}", "CreativeWork", printed)
            shown["alternateName"] = printed
            tool = self.function(maker) if maker else entity
            words = {"name": f"Make {printed}", "agent": {"@id": "#maintainers"}}
            self.add_action(tool, f"#make-{label}", object=data, result=shown, properties=words)
            parts.append(shown)
        for key, values in {"hasPart": parts, "mentions": used}.items():
            if values:
                entity[key] = values
        return entity
