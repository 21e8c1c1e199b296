"""What leaves and what stays: the exact numbers of guarded patients, which stay in the house, and those that left.

They stand in the folder ``private`` of the paper, beside the results of long steps, never among what is built.
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from livingpaper.build.cache import write_whole
from livingpaper.build.project import Project
from livingpaper.config import config
from livingpaper.disclosure.people import marks_of, too_near
from livingpaper.disclosure.profiles import DisclosureError
from livingpaper.disclosure.protect import Protected, protect
from livingpaper.disclosure.rows import differing
from livingpaper.ledger.ledger import HIDDEN

EXACT, LEFT = "private/exact.csv", "private/released"


def guard(exact: pd.DataFrame, project: Project, *, keep: bool = False) -> pd.DataFrame:
    """Return a whole ledger as it may be shown; with ``keep`` its exact rows stay in the house.

    Only rows of guarded origins change.
    """
    guarded = exact["origin"].map(config(project).guards).astype(bool)
    if not guarded.any():
        return exact
    made = protected(exact[guarded], project)
    if keep:
        (path := project.root / EXACT).parent.mkdir(exist_ok=True)
        exact[guarded].to_csv(path, index=False)
    return pd.concat([exact[~guarded], made.ledger]).sort_index()


def exact_beside(ledger: pd.DataFrame, project: Project, own: Collection[str]) -> pd.DataFrame:
    """Return a ledger with the exact numbers instead of those that are shown, but for the ``own`` of a notebook."""
    path = project.root / EXACT
    kept = _read(path) if path.is_file() else ledger.iloc[:0]
    kept = kept[kept["id"].isin(ledger["id"]) & ~kept["id"].isin(list(own))]
    rest = ledger[~ledger["id"].isin(kept["id"])]
    return pd.concat([rest, kept]).sort_values("id", ignore_index=True) if len(kept) else ledger


def protected(rows: pd.DataFrame, project: Project) -> Protected:
    """Return exact rows of guarded origins as they may be shown beside every earlier release."""
    limits = config(project).disclosure
    people = rows["estimate"][rows["id"] == limits.people]
    number = float(people.iloc[0]) if len(people) else np.nan
    return protect(rows, limits.limits(), people=number, earlier=earlier(project))


def earlier(project: Project) -> list[pd.DataFrame]:
    """Return the exact rows that each earlier release showed, the first one first."""
    return [_read(path) for path in sorted((project.root / LEFT).glob("*.csv"))]


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"text": str}, float_precision="round_trip")


def require_protected(shown: pd.DataFrame, project: Project) -> Protected:
    """Return what disclosure control does to the exact numbers; ``DisclosureError`` unless that is what is shown.

    It is also one if the cohort differs by a few people from that of an earlier release: then everything does.
    """
    path = project.root / EXACT
    if not path.is_file():
        raise DisclosureError(f"the exact numbers must stand in {EXACT}, they do not; run: headtohead ledger")
    exact = _read(path)
    _require_distance(exact, project)
    made = protected(exact, project)
    wrong = sorted(set(shown["id"]) ^ set(exact["id"]))
    # to the digits that a ledger keeps
    if wrong := wrong or differing(shown, made.ledger.set_index("id"), rtol=1e-5):
        must = "every number of guarded patients must be as disclosure control leaves it"
        found = f"{len(wrong)} are not, the first of {wrong[0]!r}"
        raise DisclosureError(f"{must}, {found}; run: headtohead ledger, then html")
    return made


def _require_distance(exact: pd.DataFrame, project: Project) -> None:
    limits = config(project).disclosure
    for number, before in enumerate(earlier(project), 1):
        both = exact[exact["id"] == limits.people].merge(before, on="id")
        by = (both["estimate_x"] - both["estimate_y"]).abs()
        if ((by > 0) & (by < limits.limits().threshold)).any():
            must = f"a cohort must differ by {limits.limits().threshold} people or none from those of earlier releases"
            found = f"it differs by fewer from release {number}"
            raise DisclosureError(f"{must}, {found}: the difference would show them; wait for more patients")


def require_other_people(table: pd.DataFrame, project: Project) -> None:
    """Raise ``DisclosureError`` if a table differs by a few patients from that of an earlier release, though none are more.

    Where some were exchanged or corrected, every number that moved would be theirs.
    """
    folder, least = project.root / LEFT, config(project).disclosure.limits().threshold
    marks = sorted(folder.glob("*.parquet"))
    if lost := {path.stem for path in folder.glob("*.csv")} - {path.stem[:4] for path in marks}:
        must = f"the marks of patients must stand in {LEFT} for each earlier release"
        raise DisclosureError(f"{must}, those of {min(lost)} do not; fetch them from a backup")
    if near := too_near(marks_of(table), marks, least):
        must = f"a table must differ by {least} rows or none from those of earlier releases"
        found = f"it differs by fewer from {near}"
        raise DisclosureError(f"{must}, {found}: what moved would show them; wait for more")


def remember_release(project: Project, table: pd.DataFrame) -> Path:
    """Keep the exact rows of what is shown now, and marks of the patients, as those of a release; the same is none."""
    exact = _read(project.root / EXACT)
    made = protected(exact, project).ledger
    shown = exact[~made["text"].isin(HIDDEN)].to_csv(index=False)
    (folder := project.root / LEFT).mkdir(parents=True, exist_ok=True)
    last = sorted(folder.glob("*.csv"))
    again = bool(last) and last[-1].read_text("utf-8") == shown
    path, marks = last[-1] if again else folder / f"{len(last) + 1:04d}.csv", marks_of(table)
    known = [*folder.glob(f"{path.stem}-*.parquet")]  # other patients may give the same numbers
    if not any(marks.equals(pd.read_parquet(each)) for each in known):
        write_whole(folder / f"{path.stem}-{len(known) + 1}.parquet", marks.to_parquet())
    write_whole(path, shown.encode())
    return path
