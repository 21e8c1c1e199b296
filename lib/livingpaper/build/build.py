"""Build the paper; Jupyter Book's exit codes cannot be trusted, so every step looks at what it made before that goes in place."""

import json
import os
import re
import shutil
import subprocess
import sys
from calendar import timegm
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from tqdm import tqdm

from livingpaper.build.apt import ensure_latex
from livingpaper.build.cache import mark_of, say, up_to_date, write_changed, write_whole
from livingpaper.build.project import Project, digest, pages
from livingpaper.build.state import sources, state
from livingpaper.build.surroundings import FIXED
from livingpaper.build.together import PAGES, alone, together
from livingpaper.config import config

NOT_SHIPPED = ("*.map", ".buildinfo")  # a hash of Sphinx's settings, which name folders of this machine
STRICT = ("-n", "-W", "--keep-going")


class BuildError(RuntimeError):
    """The paper could not be built; the last good one is untouched."""


@alone
def build_html(project: Project, *, cold: bool = False) -> None:
    """Make ``_build/html`` unless it is up to date; ``BuildError`` if a warning, an error or a missing page stops it."""
    target, work = project.build / "html", project.work
    if not cold and up_to_date(target, state(project)):
        say("ledger: unchanged\nhtml: up to date")
        return
    from livingpaper.build import numbers  # heavy, and for a paper that changed

    with together(project) as staged:
        numbers.write_numbers(project, exhibits=True)
        numbers.check_conclusions(project)
        numbers.draw_key_figure(project)
        now = state(project)  # anew: the stamp says whether files differ from the commit
        if cold:
            shutil.rmtree(work, ignore_errors=True)
        continued = work.exists()
        try:
            _jupyter_book(project, "html")
        except BuildError:
            if not continued:
                raise
            _jupyter_book(project, "html")  # from nothing: what an earlier build left may be at fault
        least = {"index": 1} | dict.fromkeys(pages(project), 2000)  # bytes
        made = {page: work / "html" / f"{page}.html" for page in least}
        missing = [page for page, at in made.items() if not at.is_file() or at.stat().st_size < least[page]]
        if missing:
            shutil.rmtree(work, ignore_errors=True)
            raise BuildError(f"every chapter must become a page, {missing} did not; see _build/html.log")
        shutil.copytree(work / "html", staged / PAGES, ignore=shutil.ignore_patterns(*NOT_SHIPPED))
        mark_of(staged / PAGES).write_text(now)
    say(f"html: {target / 'index.html'}")


@alone
def build_pdf(project: Project, *, cold: bool = False) -> None:
    """Make paper and supplement unless they are up to date; ``BuildError`` if LaTeX fails."""
    targets, now = [project.build / name for name in config(project).pdfs], state(project)
    if not cold and all(up_to_date(target, now) for target in targets):
        say("pdf: up to date")
        return
    ensure_latex()
    _jupyter_book(project, "pdflatex")
    made = [project.work / "latex" / target.name for target in targets]
    for path in made:
        if not path.is_file() or not path.read_bytes().startswith(b"%PDF"):
            see = f"see _build/pdflatex.log and _build/work/_build/latex/{path.stem}.log"
            raise BuildError(f"LaTeX must write {path.name}, it did not; {see}")
    for path, target in zip(made, targets, strict=True):
        write_changed(target, path.read_bytes())
        mark_of(target).write_text(now)
        say(f"pdf: {target}")


@contextmanager
def _by_content(project: Project, builder: str) -> Iterator[None]:
    """Let Sphinx read what has other content than last time: it goes by times, which a copied file brings along."""
    work, chapters = project.work, {page: project.root / f"{page}.md" for page in pages(project)}
    now = {"": digest({*sources(project)} - {*chapters.values()}, project.root)}
    now |= {page: digest([path], project.root) for page, path in chapters.items()}
    mark = work / "made-from.json"
    before = json.loads(mark.read_text("utf-8")) if mark.is_file() else {}
    mark.unlink(missing_ok=True)  # until it is done, nobody knows
    if before.get("") != now[""]:
        shutil.rmtree(work, ignore_errors=True)
    for page in (page for page in chapters if before.get(page) != now[page]):
        (work / ".doctrees" / f"{page}.doctree").unlink(missing_ok=True)
    shutil.rmtree(work / builder, ignore_errors=True)  # else a page without chapter would stay
    yield
    write_whole(mark, json.dumps(now).encode())


def build_environment(project: Project) -> dict[str, str]:
    """Return the environment of Jupyter Book and LaTeX: the clock stands at the release, not at the build."""
    from livingpaper.book.stamp import citation_file  # heavy: sphinx

    released = date.fromisoformat(citation_file(project)["date-released"])
    epoch = str(timegm(released.timetuple()))  # reproducible-builds.org/specs/source-date-epoch
    clock = {"SOURCE_DATE_EPOCH": epoch, "FORCE_SOURCE_DATE": "1"}
    more = {"PYDEVD_DISABLE_FILE_VALIDATION": "1", "IPYTHONDIR": str(project.build / ".ipython")}
    more |= {"MAKEFLAGS": "-j2"}  # of the make that runs LaTeX: paper and supplement at once
    return os.environ | FIXED | clock | more


def _jupyter_book(project: Project, builder: str) -> None:
    """Run Jupyter Book with warnings as errors; its log goes to ``_build/<builder>.log``."""
    log, work = project.build / f"{builder}.log", project.work
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(project.root), *STRICT]
    command += ["--path-output", str(work.parent), "--builder", builder]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "errors": "replace"}
    pipes |= {"text": True, "close_fds": False}  # it holds the lock too
    bar = tqdm(total=100, desc=builder, unit="%", leave=False, disable=not sys.stderr.isatty())
    with log.open("w", encoding="utf-8") as stream, bar, _by_content(project, builder.removeprefix("pdf")):
        process = subprocess.Popen(command, cwd=project.root, env=build_environment(project), **pipes)
        for line in process.stdout or ():
            stream.write(line)
            if share := re.search(r"(reading sources|writing output)\.\.\.\s*\[\s*(\d+)%\]", line):
                bar.n = int(share[2]) // 2 + (50 if share[1] == "writing output" else 0)
                bar.refresh()
        if process.wait():
            stream.flush()
            shutil.rmtree(work, ignore_errors=True)  # a second run after a failed one would hide its warnings
            raise BuildError(f"{builder}: the book has warnings or errors:\n{_complaints(log)}\nsee {log}")


def _complaints(log: Path) -> str:
    """Return the lines of a log that a reader needs, at most twelve."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log.read_text(encoding="utf-8")).strip()
    wanted = re.compile(r"^(?!.*(?:IPKernelApp|NbParserConfig)).*(?:WARNING|ERROR|Error|! ).*$", re.M)
    kept = list(dict.fromkeys(wanted.findall(plain)[-40:])) or plain.splitlines()[-1:] or ["(no output)"]
    return "\n".join(f"  {line}" for line in kept)
