"""From everyone who started one of the drugs to the patients analysed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import pandas as pd

from headtohead import door
from headtohead.errors import EmptyArmError

RULES = ("present", "equal", "at least")


@runtime_checkable
class Criterion(Protocol):
    """What an eligibility criterion must say."""

    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def excludes(self) -> str: ...  # noqa: D102
    @property
    def column(self) -> str: ...  # noqa: D102
    @property
    def rule(self) -> str: ...  # noqa: D102
    @property
    def value(self) -> float | int | str | None: ...  # noqa: D102


def apply_eligibility(
    frame: pd.DataFrame, criteria: Sequence[Criterion], *, arm: str, treated: str, control: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the eligible patients and how many each criterion removed from each arm.

    Of everyone in the frame, ``treated`` and ``control`` are the values of the column ``arm`` that name the arms. Criteria
    are applied in order; a patient is counted at the first one failed. The eligible patients have the bool column
    ``treated``; the other DataFrame has ``step`` (0 = everyone), ``label`` (whom the step excludes), ``arm``,
    ``n_excluded`` and ``n_remaining``. Raises EmptyArmError if an arm is empty at the end.
    """
    door.patients(frame, "the frame")
    door.columns(frame, [arm, *(each.column for each in criteria)], "eligibility and arms")
    for each in criteria:
        door.choice(f"the rule on {each.column!r}", each.rule, RULES)
    current, names = frame[frame[arm].isin([treated, control])], (treated, control)
    rows = [_step(0, "started one of the two drugs", current, current, arm, name) for name in names]
    for step, criterion in enumerate(criteria, start=1):
        kept = current[_meets(current[criterion.column], criterion)]
        rows += [_step(step, criterion.excludes, current, kept, arm, name) for name in names]
        current = kept
    for name in names:
        if not (current[arm] == name).any():
            raise EmptyArmError(
                f"each arm needs at least one eligible patient, {name!r} in column {arm!r} has none of "
                f"{len(frame)} patients; check the arm names and the eligibility rules in protocol.toml"
            )
    return current.assign(treated=current[arm] == treated), pd.DataFrame(rows)


def _meets(values: pd.Series, criterion: Criterion) -> pd.Series:
    if criterion.rule == "present":
        return values.notna()
    return values == criterion.value if criterion.rule == "equal" else values >= criterion.value


def _step(
    step: int, label: str, before: pd.DataFrame, after: pd.DataFrame, arm: str, name: str
) -> dict[str, object]:
    remaining = int((after[arm] == name).sum())
    excluded = int((before[arm] == name).sum()) - remaining
    return {"step": step, "label": label, "arm": name, "n_excluded": excluded, "n_remaining": remaining}
