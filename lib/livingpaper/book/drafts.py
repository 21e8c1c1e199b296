"""What a chapter may not say yet: passages on withheld numbers, and in a draft those that the numbers do not bear out.

A passage is a paragraph or a caption; headings, tables and code stay. A draft is never released.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from livingpaper.config import Config, config
from livingpaper.ledger.claims import Claim, ClaimError, Looked, Rules, holds, plain_text
from livingpaper.ledger.ledger import ESTIMATE_COLUMNS, WITHHELD

LEFT_OUT = (
    "*Left out of this draft: what stood here was written for other results, and these do not bear it out.*"
)
PRINTED = re.compile(r"\{result\}`([^` ]+)")  # the id of a number that a passage prints
STRUCTURE = re.compile(r"\s*$|:{3,}|`{3}|\(.*\)=$|#|\||:\w+:|show\(|\"{3}")
BLANK = [name for name in ESTIMATE_COLUMNS if name not in ("estimand", "population", "outcome", "scale")]


def withhold_rows(rows: Iterable[dict[str, Any]], *, blinded: bool) -> Iterator[dict[str, Any]]:
    """Yield rows of the ledger; while blinded, those that may not be seen keep only their name."""
    withholds = config().withholds if blinded else lambda _id: False
    hidden = dict.fromkeys(BLANK, np.nan) | {"text": WITHHELD, "method": WITHHELD}
    yield from (row | hidden if withholds(row["id"]) else row for row in rows)


def is_withheld(claim: Claim, paper: Config) -> bool:
    """Return whether a conclusion rests on a number that may not be seen."""
    return any(map(paper.withholds, claim.ids))


def withhold_paragraphs(chapter: str, claims: Iterable[Claim], paper: Config) -> str:
    """Return a chapter's MyST text without passages that print a withheld number or conclude from one."""
    hidden = [claim for claim in claims if is_withheld(claim, paper)]
    return leave_out(chapter, hidden, paper.withholds, paper.withheld.paragraph)


def unsupported(claims: Iterable[Claim], ledger: pd.DataFrame, rules: Rules) -> list[Claim]:
    """Return the conclusions that the ledger, indexed by id, does not bear out or has no number for."""
    broken, seen = [], Looked(ledger)
    for claim in claims:
        with suppress(ClaimError, ValueError, ZeroDivisionError):
            if holds(claim, seen, rules):
                continue
        broken.append(claim)
    return broken


def leave_out(
    chapter: str, claims: Iterable[Claim], wrong: Callable[[str], bool], instead: str = LEFT_OUT
) -> str:
    """Return a chapter's MyST text with ``instead`` for passages that print a ``wrong`` number or state one of the claims."""
    said, blocks = [claim.says for claim in claims], []
    for is_text, run in groupby(_marked(chapter), key=itemgetter(0)):
        text = "\n".join(line for _, line in run)
        gone = any(map(wrong, PRINTED.findall(text))) or any(words in plain_text(text) for words in said)
        blocks.append(instead if is_text and gone else text)
    return "\n".join(blocks)


def _marked(chapter: str) -> Iterator[tuple[bool, str]]:
    """Yield each line and whether it is running text: a paragraph, or a caption within a cell."""
    front = code = caption = False
    for number, line in enumerate(chapter.split("\n")):
        if line == "---":
            front = number == 0
        code ^= line.startswith("```")
        inside = not front and (caption or not code) and not STRUCTURE.match(line)
        caption ^= code and line.count('"""') == 1
        yield inside, line
