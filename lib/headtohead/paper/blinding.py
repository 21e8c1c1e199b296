"""The paper while its outcomes are withheld: everything is built, no outcome by arm is printed.

With ``blinded = true`` in ``protocol.toml`` the ledger holds no number, and no figure or table any mark,
that rests on the outcomes of an analysed cohort by arm. Baseline, matching, balance, diagnostics,
published numbers and the simulation study stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import altair as alt
import numpy as np
import pandas as pd

from headtohead.outcomes.estimate import ESTIMATE_COLUMNS
from headtohead.paper.ledger import WITHHELD
from headtohead.paper.show import Drawing, Sheet
from headtohead.paper.theme import INK, WIDTH
from headtohead.study.results import Paper

P = ParamSpec("P")
Exhibit = TypeVar("Exhibit", Drawing, Sheet)
SENTENCE = "Withheld until the diagnostics are accepted."
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


def outcome_by_arm(
    make: Callable[Concatenate[Paper, P], Exhibit],
) -> Callable[Concatenate[Paper, P], Exhibit]:
    """Mark a figure or table that tells outcomes by arm: while blinded it gives a panel that says so."""

    @wraps(make)
    def made(paper: Paper, *args: P.args, **kwargs: P.kwargs) -> Exhibit:
        if not paper.protocol.study.blinded:
            return make(paper, *args, **kwargs)
        empty = _panel() if make.__annotations__["return"] == "Drawing" else _sheet()
        return cast("Exhibit", empty)

    return made


def _panel() -> Drawing:
    chart = (
        alt.Chart(pd.DataFrame({"text": [SENTENCE]}))
        .mark_text(fontSize=13, color=INK)
        .encode(text="text:N")
        .properties(width=WIDTH - 10, height=90)
    )
    return Drawing(chart, SENTENCE, "design")


def _sheet() -> Sheet:
    return Sheet(pd.DataFrame({"Result": [SENTENCE]}), "design", "l")
