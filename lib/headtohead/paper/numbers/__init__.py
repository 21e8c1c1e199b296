"""Which results go into the ledger, and under which id: one module per chapter."""

from __future__ import annotations

import pandas as pd

from headtohead.paper.ledger import ledger_frame
from headtohead.paper.numbers import (
    cohort,
    diagnostics,
    evidence,
    further,
    matching,
    multiverse,
    outcomes,
    published,
    real,
    real_cohorts,
    robustness,
    sensitivity,
    simulation,
)
from headtohead.paper.withheld import withhold_rows
from headtohead.study.results import Paper


def paper_ledger(paper: Paper) -> pd.DataFrame:
    """Return the ledger of the whole paper; outcomes by arm are withheld while the study is blinded."""
    rows = [
        *published.rows(paper),
        *cohort.rows(paper),
        *matching.rows(paper),
        *diagnostics.rows(paper),
        *outcomes.rows(paper),
        *further.rows(paper),
        *sensitivity.rows(paper),
        *real.rows(paper),
        *evidence.rows(paper),
        *real_cohorts.rows(paper),
        *multiverse.rows(paper),
        *simulation.rows(paper),
        *robustness.rows(paper),
    ]
    return ledger_frame(withhold_rows(rows, blinded=paper.protocol.study.blinded))
