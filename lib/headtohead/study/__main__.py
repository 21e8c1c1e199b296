"""Run the whole paper and write ``results/ledger.csv``: ``python -m headtohead.study``."""

from __future__ import annotations

import sys

from headtohead.paper.ledger import write_ledger
from headtohead.paper.numbers import paper_ledger
from headtohead.project import find_project
from headtohead.study.load import load_paper


def main() -> None:
    """Compute what is not cached, write the ledger and say whether it changed."""
    project = find_project()
    ledger = paper_ledger(load_paper(project))
    changed = write_ledger(ledger, project.ledger)
    state = "changed: review its diff" if changed else "unchanged"
    print(f"{project.ledger.relative_to(project.root)}: {len(ledger)} numbers, {state}")  # noqa: T201


if __name__ == "__main__":
    try:
        main()
    except (ValueError, FileNotFoundError, KeyError) as error:
        sys.exit(f"study: {error}")
