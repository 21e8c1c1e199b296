"""Two proportions: counts, tests, intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headtohead.lazily import lazily

if TYPE_CHECKING:
    from headtohead.proportions.counts import TwoByTwo
    from headtohead.proportions.two_by_two import equality_tests, fragility_index, intervals

__all__ = ["TwoByTwo", "equality_tests", "fragility_index", "intervals"]
__getattr__, __dir__ = lazily(__name__, __file__)
