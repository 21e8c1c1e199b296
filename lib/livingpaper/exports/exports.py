"""The paper for machines, ``_build/machine``, from the pages as built: ledger, JATS XML, schema.org and a research object."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

from livingpaper.build.cache import made_whole, mark_of, up_to_date, write_whole
from livingpaper.build.project import CONFIG, LEDGER, Project, content_of, digest, pages
from livingpaper.build.state import made_pages
from livingpaper.config import config
from livingpaper.ledger.ledger import LEDGER_COLUMNS, LedgerError, read_ledger

WHAT = {
    "ledger.csv": "Every number of the paper, one row each",
    "ledger.json": "Every number of the paper, one object each",
    "ledger.schema.json": "JSON Schema of ledger.json",
    "paper.jsonld": "The paper and its data after schema.org",
    "paper.jats.xml": "The text of the paper as JATS XML",
}
CODE = Path(__file__).parents[1]
SCHEMA = CODE / "static" / "ledger.schema.json"
NUMBER = re.compile(r"^\$\.numbers\[(\d+)\]")  # where a fault lies, as jsonschema says it
IMAGE = re.compile(r"^(?P<label>.+)-[0-9a-f]{8}\.svg$")


def write_machine(project: Project) -> Path:
    """Make ``_build/machine`` whole from ``_build/html``, unless it is up to date, and return it."""
    html, target = made_pages(project), project.build / "machine"
    own = map(project.root.joinpath, (LEDGER, CONFIG, "CITATION.cff"))
    sources = [html / "book", html / "_images", *own, CODE]
    if not up_to_date(target, state := digest(sources, project.root)):
        with made_whole(target) as fresh:
            for name, content in machine_files(project).items():
                write_whole(fresh / name, content)
        mark_of(target).write_text(state)
    return target


def machine_files(project: Project) -> dict[str, bytes]:
    """Return every file of the folder by its name; the same pages give the same bytes."""
    from livingpaper.book.stamp import article_ld, author_names, citation_file
    from livingpaper.exports.jats import jats
    from livingpaper.exports.ro_crate import crate  # heavy, and needed only when something has changed

    found, html = citation_file(project), project.build / "html"
    chapters = pages(project, parts=1)  # no appendices
    front = {**found, "authors": author_names(found), "date": found["date-released"]}
    front["licence"] = config(project).licence or found.get("license", "")
    images = map(IMAGE.match, sorted(path.name for path in (html / "_images").glob("*.svg")))
    places = {image[0]: f"figures/{image['label']}.svg" for image in images if image}
    texts = {Path(name).name: (html / f"{name}.html").read_text(encoding="utf-8") for name in chapters}
    listed = html / "book" / "references.html"
    references = listed.read_text(encoding="utf-8") if listed.is_file() else ""
    article, labels = jats(texts, references, front, figures=places)
    numbers = ledger_json(read_ledger(project.ledger), title=found["title"], version=found["version"])
    documents = {"ledger.json": numbers, SCHEMA.name: ledger_schema(), "paper.jsonld": article_ld(project)}
    files = {name: as_bytes(document) for name, document in documents.items()}
    files |= {"ledger.csv": content_of(project.ledger), "paper.jats.xml": article}
    shown = {place: name for name, place in places.items() if place.encode() in article}
    files |= {place: (html / "_images" / name).read_bytes() for place, name in shown.items()}
    what = WHAT | {place: f"{labels.get(label := Path(place).stem, label)} as SVG" for place in shown}
    return files | {"ro-crate-metadata.json": as_bytes(crate(project, chapters, what, labels))}


def ledger_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of ``ledger.json``, with the origins of the paper."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text("utf-8"))
    schema["properties"]["numbers"]["items"]["properties"]["origin"]["enum"] = list(config().origins)
    return schema


def ledger_json(ledger: pd.DataFrame, *, title: str, version: str) -> dict[str, Any]:
    """Return the ledger as one object per number; what is missing is null. See ``check_ledger_json`` for errors."""
    rows = ledger[list(LEDGER_COLUMNS)].to_dict("records")
    numbers = [{name: _plain(value) for name, value in row.items()} for row in rows]
    document = {"$schema": SCHEMA.name, "title": title, "version": version, "numbers": numbers}
    check_ledger_json(document)
    return document


def _plain(value: Any) -> Any:
    """Return a cell as JSON knows it: null for NaN, whole numbers without a decimal point."""
    whole = isinstance(value, float) and value.is_integer()
    return None if pd.isna(value) else int(value) if whole else value


def check_ledger_json(document: Any) -> None:
    """Raise ``LedgerError`` that names the first places where a document breaks the schema."""
    from jsonschema import Draft202012Validator  # slow to import

    faults = sorted(Draft202012Validator(ledger_schema()).iter_errors(document), key=lambda f: f.json_path)
    if faults:
        ids = [str(number.get("id", f"number {at}")) for at, number in enumerate(document["numbers"])]
        places = [NUMBER.sub(lambda found: ids[int(found[1])], each.json_path) for each in faults[:5]]
        named = [f"  - {at}: {each.message[:200]}" for at, each in zip(places, faults, strict=False)]
        must = f"ledger.json must keep {SCHEMA.name}, {len(faults)} place(s) do not:"
        cure = "correct the row where a chapter records it, or the schema"
        raise LedgerError("\n".join([must, *named, cure]))


def as_bytes(document: Any) -> bytes:
    """Return JSON text, the same for the same content; never NaN."""
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
