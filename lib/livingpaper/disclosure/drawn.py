"""A drawing of guarded patients by any function that sees nothing but what may be shown: ledger, choices and words."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from livingpaper.chapters.session import Ledger, current
from livingpaper.config import config
from livingpaper.disclosure.profiles import DisclosureError
from livingpaper.disclosure.safe import Safe, safe_data

WORDS = (str, int, float, bool, type(None))


def drawn(draw: Callable[..., Any], *shown: Any, **look: Any) -> Any:
    """Return what a function draws of the ledger, of selections of it, of choices, words and frames that are safe.

    No function of what may be shown shows more, so the data in its charts may be shown too; they are let through.

    Raises
    ------
    DisclosureError
        If it is given anything else: patients could be in it.
    """
    for each in (*shown, *look.values()):
        _require_shown(each)
    made = draw(*shown, **look)
    for chart in filter(None, (made.chart, made.narrow)):
        safe_data(chart.to_dict())
    return made


def _require_shown(each: Any) -> None:
    if isinstance(each, (list, tuple)):
        for part in each:
            _require_shown(part)
    elif isinstance(each, pd.DataFrame) and "id" in each:
        Safe.of_rows(each, current().ledger())
    elif not (
        isinstance(each, (*WORDS, Ledger))
        or type(each) is type(config(current().project).plan())
        or (isinstance(each, pd.DataFrame) and "frame" in each.attrs)
    ):
        must = "a drawing of patients may see the ledger, selections of it, choices and words"
        raise DisclosureError(f"{must}, it was given a {type(each).__name__}; record what it needs")
