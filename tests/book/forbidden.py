"""Claims that the built paper may not make unless its numbers carry them.

A sentence is let off where the words are not the paper's own claim:

- a question ("Is that similar mortality?") and the title of the paper, which is one;
- a denial ("do not show similar mortality", "a question of equivalence, not ..."): a word of ``DENIALS`` stands in the
  same sentence, before the words or, for "is not shown", after them;
- words between quotation marks, and sentences that say who concluded so (``OTHERS``): the original study's
  conclusion has to be quoted to be examined;
- an open question in indirect speech ("whether two drugs lead to similar mortality").

An absence of difference needs an interval in the same sentence, an effect in one direction an interval that
leaves out no effect, similarity a passed test of equivalence. A trend towards something is never allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

EQUIVALENCE = "counts.death.equivalence.margin.p"
DENIALS = r"\b(not|no|never|cannot|neither|nor|hardly|without)\b"
OTHERS = (
    r"\b(original|published) (study|article|paper|conclusion|abstract|authors)\b[^.]*\b(concluded?|conclusion|says?|read)"
    r"|\bconcluded that\b"
)
QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|‘[^’]*’")
INTERVAL = re.compile(r"(?P<low>[−+-]?\d+(?:\.\d+)?)%? to (?P<high>[−+-]?\d+(?:\.\d+)?)")
RATIO = re.compile(r"\b(ratio|odds|hazards?)\b", re.I)
SENTENCE = re.compile(r"(?<=[.?!])[\"”’)\]]*\s+(?=[A-Z“\"(])")
DIFFERENCE = r"\bno (significant |statistically significant )?differences?\b"
SIMILAR = r"\bsimilar (mortality|survival|efficacy)\b"
TREND = r"\btrend(s|ed|ing)? towards?\b"
DIRECTION = r"\b(protective|harmful) effects?\b"
OURS = r"\b(we found|our patients|real-world evidence|demonstrat\w*)"


def forbidden_claims(blocks: Iterable[str], ledger: pd.DataFrame) -> list[str]:
    """Return the sentences that claim more than the numbers carry, each with the reason.

    Parameters
    ----------
    blocks : iterable of str
        Paragraphs, headings, captions and cells.
    ledger : DataFrame
        Indexed by id.
    """
    return [
        f"{reason}: {sentence}"
        for block in blocks
        for sentence in SENTENCE.split(block)
        for reason in _reasons(sentence, ledger)
    ]


def _reasons(sentence: str, ledger: pd.DataFrame) -> list[str]:
    own = QUOTED.sub(" ", sentence)
    found = []
    if re.search(DIFFERENCE, own, re.I) and not _intervals(own):
        found.append("no difference, and no interval that says how large it may be")
    if _claims(SIMILAR, own) and not _equivalent(ledger):
        found.append("similarity, and the test of equivalence has not passed")
    if re.search(TREND, own, re.I):
        found.append("a trend is a verdict by a p-value")
    if _claims(DIRECTION, own) and not _leaves_out_no_effect(own):
        found.append("an effect in one direction, and no interval that leaves out no effect")
    if _claims(OURS, own) and (ledger["origin"] == "synthetic").any():
        found.append("a finding about patients, and the patients are synthetic")
    return found


def _claims(words: str, sentence: str) -> bool:
    """Return whether a sentence claims the words as its own: no question, no denial, nobody else's."""
    said = re.search(words, sentence, re.I)
    if not said or sentence.rstrip().endswith("?") or re.search(rf"{words}\?", sentence, re.I):
        return False
    before, after = sentence[: said.start()], sentence[said.end() :]
    denied = re.search(DENIALS, before, re.I) or re.search(r"\b(is|was|are) not (shown|established)\b", after)
    open_ = re.search(r"\bwhether\b", before, re.I)
    return not (denied or open_ or re.search(OTHERS, before, re.I))


def _equivalent(ledger: pd.DataFrame) -> bool:
    """Return whether the published counts pass the test of equivalence at its level, 5%."""
    return EQUIVALENCE in ledger.index and bool(ledger.loc[EQUIVALENCE, "estimate"] < 0.05)


def _intervals(sentence: str) -> list[tuple[float, float]]:
    limits = [(m["low"], m["high"]) for m in INTERVAL.finditer(sentence)]
    return [(float(low.replace("−", "-")), float(high.replace("−", "-"))) for low, high in limits]


def _leaves_out_no_effect(sentence: str) -> bool:
    none = 1.0 if RATIO.search(sentence) else 0.0
    found = _intervals(sentence)
    return bool(found) and all(not low <= none <= high for low, high in found)
