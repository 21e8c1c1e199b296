"""The figure that README.md shows."""

from livingpaper.build.cache import write_changed, write_whole
from livingpaper.build.project import Project, digest
from livingpaper.build.state import inputs_digest
from livingpaper.config import config
from livingpaper.ledger.ledger import read_ledger


def draw_key_figure(project: Project) -> None:
    """Draw the figure that README.md shows, on white, if the paper has one and what it rests on, or itself, changed."""
    paper, mark = config(project), project.build / ".key-figure"
    if not paper.hooks.key_figure or (mark.is_file() and mark.read_text("utf-8") == _drawn_from(project)):
        return
    from livingpaper.book.show import show  # heavy: altair, vl-convert

    drawing = paper.hook(paper.hooks.key_figure)(read_ledger(project.ledger))
    write_changed(project.key_figure, (show(drawing, "fig-key", "").svg("white") + "\n").encode())
    write_whole(mark, _drawn_from(project).encode())


def _drawn_from(project: Project) -> str:
    return f"{inputs_digest(project)} {digest([project.key_figure], project.root)}"
