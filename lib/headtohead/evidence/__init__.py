"""What other studies found: published effects, pooled and compared indirectly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headtohead.lazily import lazily

if TYPE_CHECKING:
    from headtohead.evidence.effects import reproduction, study_effects
    from headtohead.evidence.few import few_events
    from headtohead.evidence.meta import (
        combined,
        every_meta_analysis,
        leave_one_out,
        meta_analysis,
        random_effects,
    )
    from headtohead.evidence.pooled import absolute_effect, agreement, bucher, indirect_comparisons

__all__ = [
    "absolute_effect", "agreement", "bucher", "combined", "every_meta_analysis", "few_events", "indirect_comparisons",
    "leave_one_out", "meta_analysis", "random_effects", "reproduction", "study_effects",
]  # fmt: skip
__getattr__, __dir__ = lazily(__name__, __file__)
