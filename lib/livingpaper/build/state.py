"""What pages and numbers rest on, as fingerprints of content; nothing here draws or counts, so that asking is quick."""

import os
import re
from pathlib import Path

from livingpaper.build.cache import home_of, installed, mark_of, sha, up_to_date
from livingpaper.build.project import CONFIG, RESULTS, Project, chapters, commit, digest, not_reading, text_of

ASIDE = ("private", "_build", "notebooks", "versions", "examples", "bench")  # made, or no part of the pages
TABLES = {".csv", ".tsv", ".json", ".xlsx", ".parquet", ".feather", ".dta", ".sas7bdat", ".rds"}
MACHINERY = Path(__file__).parents[1]
IMPORTED = re.compile(r"^\s*(?:from|import) (\w+)", re.M)


def state(project: Project) -> str:
    """Return the fingerprint of everything the pages rest on, the commit they print included."""
    return f"{digest(sources(project), project.root)} {inputs_digest(project)} {commit(project)}"


def sources(project: Project, *, aside: tuple[str, ...] = ()) -> list[Path]:
    """Return all files that pages may be made from, whatever a configuration or a chapter names, but hidden ones."""
    own = (path for path in project.root.iterdir() if path.name[0] != "." and path.name not in ASIDE + aside)
    top = [path for path in own if not (path / "pyvenv.cfg").is_file()]
    files = {file for path in top for file in (path, *path.rglob("*")) if file.is_file()}
    return sorted(files - {project.root / name for name in RESULTS})


def made_pages(project: Project) -> Path:
    """Return the folder of the pages; ``FileNotFoundError`` if there are none, or they were made from other sources."""
    html, again = project.build / "html", "run: livingpaper html"
    if not (html / "book").is_dir():
        raise FileNotFoundError(f"the pages must be in {html}, there are none; {again}")
    if mark_of(html).is_file() and not up_to_date(html, state(project)):
        raise FileNotFoundError(f"the pages must be those of the sources here, {html} has others; {again}")
    return html


def inputs_digest(project: Project) -> str:
    """Return the hash of everything the chapters' outputs rest on, apart from the chapters themselves."""
    root, frozen = project.root, project.root.glob("versions/v*/*")
    parts = [root / "lib", MACHINERY, root / CONFIG, project.protocol, project.ledger, *frozen]
    files = filter(Path.exists, [*parts, *fixed_files(project), *_packages(project)])
    return sha(digest(files, root) + installed())[:16]


def fixed_files(project: Project) -> list[Path]:
    """Return data, locked packages, tables wherever they lie, and the files that the choices name: they may lie elsewhere."""
    with not_reading():  # only the names are looked for
        choices = text_of(project.protocol) if project.protocol.is_file() else ""
    named = [str(project.root / found[1]) for found in re.findall(r"""(["'])(.+?)\1""", choices)]
    files = [Path(name) for name in named if os.path.isfile(name)]  # noqa: PTH113  # Path fails at a long sentence
    tables = [path for path in sources(project, aside=("lib", "tests")) if path.suffix.lower() in TABLES]
    return [project.data, project.lock, *files, *tables]


def _packages(project: Project) -> list[Path]:
    """Return the packages that chapters import and no lock pins, wherever their code stands."""
    listed = chapters(project.root) if (project.root / "_toc.yml").is_file() else []
    with not_reading():
        names = {name for path in listed for name in IMPORTED.findall(text_of(path))}
    return [home for home in map(home_of, sorted(names)) if home and home != MACHINERY]
