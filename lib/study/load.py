"""The results of the paper, from the cache when nothing they rest on has changed.

Chapters import only this: it is light, and loads the analysis itself only when something must be
computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from livingpaper.build.cache import cached, code_digest
from livingpaper.build.project import Project, digest, find_project

from study.protocol.protocol import load_protocol
from study.results import Paper

if TYPE_CHECKING:
    from livingpaper.book.show import Drawing


def load_paper(project: Project | None = None) -> Paper:
    """Return the results of the whole paper, from the cache if nothing they rest on has changed."""
    project = project or find_project()
    protocol = load_protocol(project.protocol)

    def compute() -> Paper:
        from study.whole import compute_paper  # heavy: lifelines, statsmodels, numba

        return compute_paper(project, protocol)

    return cached(project.build / "cache", "paper", paper_inputs(project), compute)


def ledger(project: Project) -> pd.DataFrame:
    """Return every number of the paper."""

    def compute() -> pd.DataFrame:
        from study.numbers import paper_ledger  # heavy: the analysis

        return paper_ledger(load_paper(project))

    inputs = paper_inputs(project) | {"numbers": code_digest("study.numbers")}
    return cached(project.build / "cache", "ledger", inputs, compute)


def key_figure(_ledger: pd.DataFrame) -> Drawing:
    """Return the figure of the front page and of README.md."""
    from study.index import figures  # heavy: altair

    return figures.key_figure(load_paper())


def paper_inputs(project: Project) -> dict[str, str]:
    """Return the hashes of everything the results rest on: data, choices, lock, committed results and code."""
    protocol = load_protocol(project.protocol)
    committed = sorted({*(project.root / "results").glob("*.csv")} - {project.ledger})
    return {
        "data": digest([project.data, project.root / protocol.study.cohort], project.root),
        "protocol": digest([project.protocol], project.root),
        "lock": digest([project.lock], project.root) if project.lock.is_file() else "",
        "artefacts": digest(committed, project.root),
        "code": code_digest("study.whole"),
    }
