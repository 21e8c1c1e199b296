"""What rests on the outcomes by arm of an analysed cohort: numbers, conclusions, paragraphs, captions.

With ``blinded = true`` in ``protocol.toml`` none of these is printed. Baseline, matching, balance,
diagnostics, published numbers and the simulation study stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS

from livingpaper.book.passages import PRINTED, leave_out
from livingpaper.ledger.claims import Claim, words_of
from livingpaper.ledger.ledger import WITHHELD

SENTENCE = "Withheld until the diagnostics are accepted."
PARAGRAPH = (
    "Outcomes by arm, and what was concluded from them, are withheld until the diagnostics are accepted."
)
BY_ARM = re.compile(
    r"outcomes\..*"
    r"|worlds\.\w+\.(?!truth\.|pairs\.n$).*"
    r"|sensitivity\.per_protocol\..*"
    r"|sensitivity\..*\.(rd|rr|or|hr)(\..*)?"
    r"|multiverse\.(?!(product|excluded|valid|failed|joint\.nulls)$).*"
    r"|matching\.regression\..*"
    r"|cohort\.follow_up\..*"
    r"|robustness\..*"
)
BLANK = [name for name in ESTIMATE_COLUMNS if name not in ("estimand", "population", "outcome", "scale")]


def rests_on_outcomes(id_: str) -> bool:
    """Return whether a number of the ledger tells an outcome of an analysed cohort by arm."""
    return BY_ARM.fullmatch(id_) is not None


def withhold_rows(rows: Iterable[dict[str, Any]], *, blinded: bool) -> Iterator[dict[str, Any]]:
    """Yield the rows of the ledger; while blinded, those that tell an outcome keep only their name."""
    for row in rows:
        if blinded and rests_on_outcomes(row["id"]):
            yield row | dict.fromkeys(BLANK, np.nan) | {"text": WITHHELD, "method": WITHHELD}
        else:
            yield row


def tells_outcomes(claim: Claim) -> bool:
    """Return whether a conclusion rests on an outcome of an analysed cohort by arm."""
    return any(map(rests_on_outcomes, claim.ids))


def withhold_paragraphs(chapter: str, claims: Iterable[Claim]) -> str:
    """Return a chapter's MyST text without the paragraphs and captions that tell an outcome by arm.

    One does if it prints a withheld number or states one of the ``claims`` that rest on one. Headings,
    tables (whose cells say themselves that they are withheld) and code stay.
    """
    said = [claim.says for claim in claims if tells_outcomes(claim)]
    return leave_out(chapter, lambda passage: _tells(passage, said), PARAGRAPH)


def _tells(paragraph: str, said: Iterable[str]) -> bool:
    if any(map(rests_on_outcomes, PRINTED.findall(paragraph))):
        return True
    words = words_of(paragraph)
    return any(sentence in words for sentence in said)
