"""Who was treated, with what, and what happened to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headtohead.lazily import lazily

if TYPE_CHECKING:
    from headtohead.cohort.describe import apply_eligibility, arm_by_stratum, missingness

__all__ = ["apply_eligibility", "arm_by_stratum", "missingness"]
__getattr__, __dir__ = lazily(__name__, __file__)
