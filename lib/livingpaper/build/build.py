"""Build the paper: every step looks at what it made before that goes in place."""

import shutil

from livingpaper.build.apt import ensure_latex
from livingpaper.build.cache import mark_of, say, up_to_date, write_changed
from livingpaper.build.jupyter_book import BuildError, jupyter_book
from livingpaper.build.project import Project, pages
from livingpaper.build.state import state
from livingpaper.build.together import PAGES, alone, together
from livingpaper.config import config

NOT_SHIPPED = ("*.map", ".buildinfo")  # a hash of Sphinx's settings, which name folders of this machine


@alone
def build_html(project: Project, *, cold: bool = False) -> None:
    """Make ``_build/html`` unless it is up to date; ``BuildError`` if a warning, an error or a missing page stops it."""
    if not cold and up_to_date(project.build / "html", state(project)):
        say("ledger: unchanged\nhtml: up to date")
    else:
        _make_html(project, cold=cold)


def _make_html(project: Project, *, cold: bool = False) -> None:
    work = project.work
    with together(project) as staged, jupyter_book(project, "html") as build_book:
        from livingpaper.build import key_figure, numbers  # heavy, and for a paper that changed

        numbers.Rules(config(project)).check_choices(project)
        numbers.write_numbers(project, exhibits=True)
        numbers.check_conclusions(project)
        key_figure.draw_key_figure(project)
        now = state(project)  # anew: the stamp says whether files differ from the commit
        if cold:
            shutil.rmtree(work, ignore_errors=True)
        continued = work.exists()
        try:
            build_book()
        except BuildError:
            if not continued:
                raise
            with jupyter_book(project, "html") as build_again:
                build_again()  # from nothing: what an earlier build left may be at fault
        least = {"index": 1} | dict.fromkeys(pages(project), 2000)  # bytes
        made = {page: work / "html" / f"{page}.html" for page in least}
        missing = [page for page, at in made.items() if not at.is_file() or at.stat().st_size < least[page]]
        if missing:
            shutil.rmtree(work, ignore_errors=True)
            raise BuildError(f"every chapter must become a page, {missing} did not; see _build/html.log")
        for path in (path for name in NOT_SHIPPED for path in (work / "html").rglob(name)):
            path.unlink()
        shutil.copytree(work / "html", staged / PAGES)  # the next build goes on from its own
        mark_of(staged / PAGES).write_text(now)
    say(f"html: {project.build / 'html' / 'index.html'}")


@alone
def build_pdf(project: Project, *, cold: bool = False) -> None:
    """Make paper and supplement of what the pages say, unless they are up to date; ``BuildError`` if LaTeX fails."""
    if not up_to_date(project.build / "html", state(project)):
        _make_html(project)  # whose checks hold for both
    targets, now = [project.build / name for name in config(project).pdfs], state(project)
    if not cold and all(up_to_date(target, now) for target in targets):
        say("pdf: up to date")
        return
    ensure_latex()
    with jupyter_book(project, "pdflatex") as build_book:
        build_book()
    made = [project.work / "latex" / target.name for target in targets]
    for path in made:
        if not path.is_file() or not path.read_bytes().startswith(b"%PDF"):
            see = f"see _build/pdflatex.log and _build/work/_build/latex/{path.stem}.log"
            raise BuildError(f"LaTeX must write {path.name}, it did not; {see}")
    for path, target in zip(made, targets, strict=True):
        write_changed(target, path.read_bytes())
        mark_of(target).write_text(now)
        say(f"pdf: {target}")
