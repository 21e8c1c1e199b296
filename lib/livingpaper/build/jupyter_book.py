"""Jupyter Book in a process of its own, which loads while numbers are still computed; its exit codes cannot be trusted."""

import json
import os
import re
import shutil
import subprocess
import sys
from calendar import timegm
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from livingpaper.build.cache import write_whole
from livingpaper.build.project import Project, commit, digest, pages
from livingpaper.build.state import inputs_digest, sources
from livingpaper.build.surroundings import FIXED

STRICT = ("-n", "-W", "--keep-going")


class BuildError(RuntimeError):
    """The paper could not be built; the last good one is untouched."""


@contextmanager
def jupyter_book(project: Project, builder: str) -> Iterator[Callable[[], None]]:
    """Give the function that lets Jupyter Book build, once; it loads meanwhile, and ends if it is never asked to."""
    command = [sys.executable, "-m", "livingpaper.build.loaded", "build", str(project.root), *STRICT]
    command += ["--path-output", str(project.work.parent), "--builder", builder]
    pipes: Any = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE) | {"stderr": subprocess.STDOUT}
    pipes |= {"text": True, "errors": "replace", "cwd": project.root, "env": build_environment(project)}
    process = subprocess.Popen(command, **pipes, close_fds=False)  # it holds the lock too
    try:
        yield partial(_build, project, builder, process)
    finally:
        process.communicate()


def _build(project: Project, builder: str, process: Any) -> None:
    """Let it build with warnings as errors; ``BuildError`` with what ``_build/<builder>.log`` complains of, if anything."""
    path = project.build / f"{builder}.log"
    with _by_content(project, builder), path.open("w", encoding="utf-8") as log:
        log.writelines(_lines(builder, process))
        if process.wait():
            log.flush()
            shutil.rmtree(project.work, ignore_errors=True)  # a second run would hide its warnings
            told = f"{builder}: the book has warnings or errors:\n{_complaints(path)}"
            raise BuildError(f"{told}\nsee {path}")


def _lines(builder: str, process: Any) -> Iterator[str]:
    """Yield what it says from now on, behind a bar of its progress."""
    with suppress(BrokenPipeError):  # it ended already, its last words say why
        process.stdin.write("1")
        process.stdin.flush()
    with tqdm(total=100, desc=builder, unit="%", leave=False, disable=None) as bar:
        for line in process.stdout:
            if share := re.search(r"(reading sources|writing output)\.\.\.\s*\[\s*(\d+)%\]", line):
                bar.n = int(share[2]) // 2 + (50 if share[1] == "writing output" else 0)
                bar.refresh()
            yield line


@contextmanager
def _by_content(project: Project, builder: str) -> Iterator[None]:
    """Let Sphinx read what has other content than last time: it goes by times, which a copied file brings along."""
    work, chapters = project.work, {page: project.root / f"{page}.md" for page in pages(project)}
    now = {"": digest({*sources(project)} - {*chapters.values()}, project.root)}
    now |= {page: digest([path], project.root) for page, path in chapters.items()}
    now |= {"on every page": f"{inputs_digest(project)} {commit(project)}"}
    mark = work / "made-from.json"
    before = json.loads(mark.read_text("utf-8")) if mark.is_file() else {}
    mark.unlink(missing_ok=True)  # until it is done, nobody knows
    if before.get("") != now[""]:
        shutil.rmtree(work, ignore_errors=True)
    for page in (page for page in chapters if before.get(page) != now[page]):
        (work / ".doctrees" / f"{page}.doctree").unlink(missing_ok=True)
    if builder != "html" or before.get("on every page") != now["on every page"]:
        # else a page without chapter would stay
        shutil.rmtree(work / builder.removeprefix("pdf"), ignore_errors=True)
    yield
    write_whole(mark, json.dumps(now).encode())


def build_environment(project: Project) -> dict[str, str]:
    """Return the environment of Jupyter Book and LaTeX: the clock stands at the release, not at the build."""
    from livingpaper.book.stamp import citation_file  # heavy: sphinx

    released = date.fromisoformat(citation_file(project)["date-released"])
    epoch = str(timegm(released.timetuple()))  # reproducible-builds.org/specs/source-date-epoch
    more = {"SOURCE_DATE_EPOCH": epoch, "FORCE_SOURCE_DATE": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    more |= {"MAKEFLAGS": "-j2"}  # of the make that runs LaTeX: paper and supplement at once
    return os.environ | FIXED | more | {"IPYTHONDIR": str(project.build / ".ipython")}


def _complaints(log: Path) -> str:
    """Return the lines of a log that a reader needs, at most twelve."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log.read_text(encoding="utf-8")).strip()
    none = r"^(?!.*(?:IPKernelApp|NbParserConfig)|\s+raise |RuntimeError: $)"
    wanted = re.compile(none + r".*(?:WARNING|ERROR|Error|! ).*$", re.M)
    kept = list(dict.fromkeys(wanted.findall(plain)[-40:])) or plain.splitlines()[-1:] or ["(no output)"]
    return "\n".join(f"  {line}" for line in kept)
