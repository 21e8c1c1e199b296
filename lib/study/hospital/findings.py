"""What is found in a cohort: a column, what must hold, in how many rows it does not, and what to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

Level = Literal["error", "warning", "note"]
FIRST = 3  # rows that are named
ORDER = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One rule that does not hold; a warning counts until ``cohort.toml`` acknowledges its ``code`` with a reason.

    ``rows`` are positions in the frame that was checked, empty if the column or the file as a whole is meant.
    No value of a patient may stand in ``must``, ``found`` or ``do``.
    """

    code: str
    column: str
    must: str
    do: str
    rows: np.ndarray
    level: Level = "error"
    found: str = ""

    def said(self, lines: np.ndarray, ids: Sequence[str] | None = None) -> str:
        """Return it as one line; ``lines`` are the row numbers of the file, ``ids`` are said only if given."""
        subject = f"column {self.column}" if self.column else "the file"
        where = self.found
        if len(self.rows):
            first = self.rows[:FIRST]
            named = ", ".join(
                f"{lines[at]}" + (f" (id {ids[at]})" if ids is not None else "") for at in first
            )
            count = f"{len(self.rows)} row{'s' if len(self.rows) > 1 else ''}"
            where = ", ".join(filter(None, [where, f"{count}, first {named}"]))
        return f"[{self.code}] {subject}: must {self.must}; found {where or 'otherwise'}; {self.do}"


def at(mask: object) -> np.ndarray:
    """Return the positions where a mask is true."""
    return np.flatnonzero(np.asarray(mask, bool))


def finding(
    code: str,
    column: str,
    must: str,
    do: str,
    mask: object = None,
    *,
    level: Level = "error",
    found: str = "",
) -> list[Finding]:
    """Return the finding in a list; an empty list if a mask is given and nowhere true."""
    rows = np.empty(0, int) if mask is None else at(mask)
    return [] if mask is not None and not len(rows) else [Finding(code, column, must, do, rows, level, found)]


warning, note = partial(finding, level="warning"), partial(finding, level="note")


def sorted_findings(found: Iterable[Finding], columns: Sequence[str]) -> list[Finding]:
    """Return errors first, then warnings, then notes; each in the order of the columns, the file as a whole first."""
    rank = {name: number for number, name in enumerate(["", *columns])}
    return sorted(
        found, key=lambda each: (ORDER.index(each.level), rank.get(each.column, len(rank)), each.code)
    )
