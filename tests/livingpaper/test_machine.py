"""The folder for programs, made from the smallest built paper."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from living_pages import INDEX, METHODS, REFERENCES
from livingpaper.book.stamp import highwire
from livingpaper.build.cache import mark_of
from livingpaper.build.project import Project, pages
from livingpaper.build.reads import keep_reads
from livingpaper.exports.exports import machine_files, write_machine
from livingpaper.exports.ro_crate import crate
from livingpaper.versions.site import dress
from livingpaper.versions.sources import Version


@pytest.fixture
def built(project: Project, tmp_path: Path) -> Project:
    """Return a project with sources of its own and three pages."""
    root = tmp_path / "paper"
    for name in ("book", "data", "lib"):
        shutil.copytree(project.root / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "results").mkdir()
    shutil.copy(project.ledger, root / "results")
    for name in ("protocol.toml", "paper.toml", "CITATION.cff"):
        shutil.copy(project.root / name, root)
    parts = [{"chapters": [{"file": "book/methods"}]}, {"chapters": [{"file": "book/references"}]}]
    (root / "_toc.yml").write_text(json.dumps({"root": "book/index", "parts": parts}))  # JSON is YAML
    read = ["data/published.csv", "data/synthetic/cohort_null.csv"]
    html = root / "_build" / "html"
    (html / "book").mkdir(parents=True)
    (html / "_images").mkdir()
    for name, page in (("index", INDEX), ("methods", METHODS), ("references", REFERENCES)):
        (html / "book" / f"{name}.html").write_text(page)
    (html / "_images" / "fig-key-0123abcd.svg").write_text("<svg/>")
    (html / "_images" / "fig-other-0123abcd.svg").write_text("<svg/>")
    keep_reads(Project(root), Path("index.md"), [str(root / name) for name in read])
    return Project(root)


def entities(files: dict[str, bytes]) -> dict[str, Any]:
    return {entity["@id"]: entity for entity in json.loads(files["ro-crate-metadata.json"])["@graph"]}


def test_same_pages_same_bytes_and_no_clock(built: Project) -> None:
    files = machine_files(built)
    assert machine_files(built) == files
    assert set(files) == {
        "ledger.csv", "ledger.json", "ledger.schema.json", "paper.jsonld", "paper.jats.xml", "figures/fig-key.svg",
        "ro-crate-metadata.json",
    }  # fmt: skip
    dates = [e["datePublished"] for e in entities(files).values() if "datePublished" in e]
    assert dates == [next(line.split(": ")[1] for line in (built.root / "CITATION.cff").read_text().splitlines()
                          if line.startswith("date-released"))]  # fmt: skip


def test_a_figure_leads_to_its_function_and_its_data(built: Project) -> None:
    found = entities(machine_files(built))
    action = found["#make-fig-key"]
    assert action["@type"] == "CreateAction"
    assert action["result"] == {"@id": "figures/fig-key.svg"}
    function = found[action["instrument"]["@id"]]
    assert function["isPartOf"] == {"@id": "#lib/study/index/figures.py"}
    assert [item["@id"] for item in action["object"]] == [
        "#data/published.csv",
        "#data/synthetic/cohort_null.csv",
    ]
    assert found["#book/index.md"]["hasPart"][0] == {"@id": "figures/fig-key.svg"}
    assert found["#data/synthetic/cohort_null.csv"]["creativeWorkStatus"] == "synthetic"
    named = {part["@id"] for part in found["./"]["hasPart"]}
    assert named == set(machine_files(built)) - {"ro-crate-metadata.json"}


def test_every_link_of_the_crate_leads_somewhere(built: Project) -> None:
    found = entities(machine_files(built))
    aims = {value["@id"] for entity in found.values() for values in entity.values()
            for value in (values if isinstance(values, list) else [values]) if isinstance(value, dict)}  # fmt: skip
    assert {aim for aim in aims if not aim.startswith("http")} <= set(found)


def test_a_file_that_is_not_there_is_an_error(built: Project) -> None:
    keep_reads(built, Path("index.md"), [str(built.root / "data" / "published_gone.csv")])
    with pytest.raises(FileNotFoundError, match=r"names data/published_gone\.csv"):
        crate(built, pages(built, parts=1), {}, {})


def test_the_folder_is_replaced_whole_and_only_when_needed(built: Project) -> None:
    folder = write_machine(built)
    (folder / "left-over").touch()
    write_machine(built)
    assert (folder / "left-over").exists()  # nothing changed, nothing was done
    (built.build / "html" / "book" / "methods.html").write_text(METHODS.replace("Here", "There"))
    write_machine(built)
    assert not (folder / "left-over").exists()
    assert b"There" in (folder / "paper.jats.xml").read_bytes()


def test_without_pages_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run: livingpaper html"):
        write_machine(Project(tmp_path))


def test_the_pdf_is_found_from_a_built_page_and_from_the_site(built: Project) -> None:
    """``_build/html/book/x.html`` has the PDF two folders up, ``v1.0.0/book/x.html`` one."""
    tags = highwire(built, references=False)
    assert '<meta name="citation_pdf_url" content="../../paper.pdf" />' in tags
    version = Version("1.0.0", "2026-12-01", "", None, "", "", "")  # type: ignore[arg-type]
    page = dress(f"<html><head>{tags}</head><body></body></html>", version, version)
    assert '<meta name="citation_pdf_url" content="../paper.pdf" />' in page


def test_pages_of_other_sources_are_not_written_out(built: Project) -> None:
    """Else a chapter that was changed since is told to machines as it was."""
    write_machine(built)
    mark_of(built.build / "html").write_text("of another chapter")
    with pytest.raises(
        FileNotFoundError, match="must be those of the sources here, .*html has others; run: livingpaper html"
    ):
        write_machine(built)
