"""A first look at another cohort: passages written for other results are left out and marked, not printed.

With ``draft = true`` in ``protocol.toml`` a sentence that the numbers do not bear out no longer stops the
build. Its paragraph goes, so that no page says what its numbers do not; a draft is never released.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from study.protocol.protocol import Protocol

from livingpaper.book.passages import PRINTED, leave_out
from livingpaper.ledger.claims import Claim, ClaimError, holds, words_of

LEFT_OUT = (
    "*Left out of this draft: what stood here was written for other results, and these do not bear it out.*"
)


def unsupported(claims: Iterable[Claim], ledger: pd.DataFrame, protocol: Protocol) -> list[Claim]:
    """Return the conclusions that the ledger, indexed by id, does not bear out or has no number for."""
    return [claim for claim in claims if not _stands(claim, ledger, protocol)]


def _stands(claim: Claim, ledger: pd.DataFrame, protocol: Protocol) -> bool:
    try:
        return holds(claim, ledger, protocol)
    except (ClaimError, ValueError, ZeroDivisionError):
        return False


def leave_out_unsupported(chapter: str, claims: Iterable[Claim], known: Iterable[str]) -> str:
    """Return a chapter's MyST text without the passages that state one of ``claims``, or print an unknown number."""
    said, ids = [claim.says for claim in claims], set(known)

    def goes(passage: str) -> bool:
        words = words_of(passage)
        return not ids.issuperset(PRINTED.findall(passage)) or any(sentence in words for sentence in said)

    return leave_out(chapter, goes, LEFT_OUT)
