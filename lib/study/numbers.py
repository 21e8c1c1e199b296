"""Which results go into the ledger, and under which id: one module per chapter."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.drafts import withhold_rows
from livingpaper.ledger.ledger import ledger_frame

from study.cohort import numbers as cohort
from study.cohort import published_numbers as published
from study.evidence import numbers as evidence
from study.matching import numbers as matching
from study.outcomes import diagnostics_numbers as diagnostics
from study.outcomes import further_numbers as further
from study.outcomes import numbers as outcomes
from study.real_cohorts import nhefs_numbers as real
from study.real_cohorts import numbers as real_cohorts
from study.results import Paper
from study.sensitivity import multiverse_numbers as multiverse
from study.sensitivity import numbers as sensitivity
from study.sensitivity import robustness_numbers as robustness
from study.simulation import numbers as simulation


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
