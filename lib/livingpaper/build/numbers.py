"""The numbers of a paper: its chapters run, and what its sentences say holds."""

from livingpaper.book.drafts import is_withheld, unsupported
from livingpaper.build.cache import say
from livingpaper.build.project import Project
from livingpaper.build.together import alone
from livingpaper.chapters.run import run_chapters
from livingpaper.config import config
from livingpaper.ledger.claims import Rules, check_claims, load_claims
from livingpaper.ledger.ledger import read_ledger
from livingpaper.ledger.verdicts import check_verdicts


def write_numbers(project: Project, *, exhibits: bool = False) -> None:
    """Run the chapters whose inputs changed, write the ledger and draw README's figure; with ``exhibits`` they also show."""
    changed = run_chapters(project, exhibits=exhibits, figure=not exhibits)
    say(f"ledger: {'changed; review it with: livingpaper diff' if changed else 'unchanged'}")


@alone
def make_ledger(project: Project) -> None:
    """Write the ledger and the key figure anew."""
    write_numbers(project)


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
