"""Making the arms comparable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headtohead.lazily import lazily

if TYPE_CHECKING:
    from headtohead.matching.balance import factor_balance, largest_imbalance
    from headtohead.matching.summary import (
        chance_balance,
        lost_to_matching,
        matched_designs,
        overlap,
        pairs_by_stratum,
        score_histogram,
    )
    from headtohead.matching.weights import effective_sample_size

__all__ = [
    "chance_balance", "effective_sample_size", "factor_balance", "largest_imbalance", "lost_to_matching", "matched_designs",
    "overlap", "pairs_by_stratum", "score_histogram",
]  # fmt: skip
__getattr__, __dir__ = lazily(__name__, __file__)
