"""A figure or a table of guarded patients by any function that sees nothing but what may be shown."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pandas as pd

from livingpaper.chapters.session import Ledger, current
from livingpaper.config import config
from livingpaper.disclosure.profiles import DisclosureError
from livingpaper.disclosure.safe import Safe, safe_frame

WORDS = (str, int, float, bool, type(None))


def drawn(draw: Callable[..., Any], *shown: Any, **look: Any) -> Any:
    """Return what a function makes of the ledger, of selections of it, of choices, words and frames that are safe.

    No function of what may be shown shows more, so the data in its charts and tables may be shown too.

    Raises
    ------
    DisclosureError
        If it is given anything else: patients could be in it.
    """
    for each in (*shown, *look.values()):
        _require_shown(each)
    made = draw(*shown, **look)
    safe_frame(*([made.frame] if hasattr(made, "frame") else filter(None, (made.chart, made.narrow))))
    return made


def _require_shown(each: Any) -> None:
    each = vars(each) if isinstance(each, SimpleNamespace) else each
    if isinstance(each, (list, tuple, dict)):
        for part in each.values() if isinstance(each, dict) else each:
            _require_shown(part)
    elif isinstance(each, pd.DataFrame) and "id" in each and "origin" in each:
        Safe.of_rows(each)
    elif not (
        isinstance(each, (*WORDS, Ledger))
        or type(each) is type(config(current().project).plan())
        or (isinstance(each, pd.DataFrame) and "frame" in each.attrs)
        or _is_dictionary(each)
    ):
        must = "what draws patients may see the ledger, selections of it, choices and words"
        raise DisclosureError(f"{must}, it was given a {type(each).__name__}; record what it needs")


def _is_dictionary(each: Any) -> bool:
    """Return whether a frame says what columns mean: their names, labels and units."""
    return isinstance(each, pd.DataFrame) and {"name", "label", "unit"} <= {*each.columns, *each.index.names}
