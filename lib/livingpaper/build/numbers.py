"""The numbers of a paper: its chapters run, what its sentences say holds, and the figure of README.md is drawn."""

from livingpaper.book.drafts import is_withheld, unsupported
from livingpaper.build.cache import say, write_changed, write_whole
from livingpaper.build.project import Project, digest
from livingpaper.build.state import inputs_digest
from livingpaper.build.together import alone
from livingpaper.chapters.run import run_chapters
from livingpaper.config import config
from livingpaper.ledger.claims import Rules, check_claims, load_claims
from livingpaper.ledger.ledger import read_ledger
from livingpaper.ledger.verdicts import check_verdicts


def write_numbers(project: Project, *, exhibits: bool = False) -> None:
    """Run the chapters whose inputs changed, and write the ledger; with ``exhibits`` they also show."""
    changed = run_chapters(project, exhibits=exhibits)
    say(f"ledger: {'changed; review it with: livingpaper diff' if changed else 'unchanged'}")


@alone
def make_ledger(project: Project) -> None:
    """Write the ledger and the key figure anew."""
    write_numbers(project)
    draw_key_figure(project)


def check_conclusions(project: Project) -> None:
    """Raise ``ClaimError`` if the ledger or the history do not bear out what the paper prints; a draft only says which."""
    paper, stated = config(project), load_claims(project.claims)
    claims = [claim for claim in stated if not (paper.blinded and is_withheld(claim, paper))]
    ledger, rules = read_ledger(project.ledger), Rules(paper)
    check_verdicts(project.claims, project.root / "book", ledger, rules)
    if not paper.draft:
        check_claims(claims, project.root / "book", ledger, rules)
        return
    broken = unsupported(claims, ledger, rules)
    say(f"draft: {len(broken)} of {len(claims)} conclusions do not hold here, their passages are left out:")
    say("\n".join(f"  - {claim.name}" for claim in broken))


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
