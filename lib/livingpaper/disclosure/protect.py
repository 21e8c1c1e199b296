"""The ledger that may be shown: each row by its own rule, then all rows together, then beside every earlier release.

What no rule allows is withheld; a number whose people are not counted is withheld too. Nothing here is a choice of who
writes a chapter: the profile stands in ``paper.toml``.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from livingpaper.disclosure.curves import landmarks
from livingpaper.disclosure.profiles import Profile
from livingpaper.disclosure.rows import NUMBERS, Shown, kind_of, shown
from livingpaper.disclosure.secondary import Cell, Counts, suppress
from livingpaper.ledger.format import estimate_text
from livingpaper.ledger.ledger import HIDDEN, SUPPRESSED

BLANK = dict.fromkeys([*NUMBERS, "conf_level"], np.nan) | {"text": SUPPRESSED}
PLAIN = 1e-5  # by which a share may differ from events over patients
ARMS, CONTRASTS = ("risk_treated", "risk_control"), ("rd", "rr", "or")


@dataclass(frozen=True)
class Protected:
    """What may be shown: the ledger, and a report with a line per number: id, kind, action and reason."""

    ledger: pd.DataFrame
    report: pd.DataFrame

    @property
    def withheld(self) -> pd.Series:
        """The reasons of what is withheld, by id."""
        lines = self.report[self.report["action"] == "withheld"]
        return lines.set_index("id")["reason"]


def protect(
    ledger: pd.DataFrame, profile: Profile, *, people: float = np.nan, earlier: Sequence[pd.DataFrame] = (),
    sums: Mapping[str, Sequence[str]] | None = None,
) -> Protected:  # fmt: skip
    """Return the ledger that may be shown, and what was done to each number.

    Parameters
    ----------
    ledger : DataFrame
        Exact rows of the ledger; its index is not looked at.
    profile : Profile
        The thresholds.
    people : float
        The people behind rows without ``n``; unknown by default, and such rows are withheld.
    earlier : sequence of DataFrame
        The exact ledgers of every earlier release, which stay in the house.
    sums : mapping of str to sequence of str
        Totals of counts and their parts, by id; those that ids tell (``a.n`` of ``a.{level}.n``) are found.
    """
    exact = ledger.reset_index(drop=True)
    made = [
        Shown(row, "hidden") if row["text"] in HIDDEN else shown(row, profile, people=people)
        for row in exact.to_dict("records")
    ]
    why = {str(id_): one.why for id_, one in zip(exact["id"], made, strict=True) if one.why}
    why |= {
        id_: reason for id_, reason in _given_away(exact, profile, why, sums or {}).items() if id_ not in why
    }
    for rule in (_daily, _near, _beside):
        why |= {id_: reason for id_, reason in rule(exact, profile, why).items() if id_ not in why}
    for before in earlier:
        why |= {id_: reason for id_, reason in _moved(exact, before, profile).items() if id_ not in why}
    rows = [
        row.row | (BLANK | {"method": why[row.row["id"]]} if row.row["id"] in why else _text(row.row))
        for row in made
    ]
    safe = pd.DataFrame(rows, columns=[*exact.columns]).set_axis(ledger.index)
    lines = [
        (
            one.row["id"],
            one.kind,
            "withheld" if one.row["id"] in why else "coarsened",
            why.get(one.row["id"], ""),
        )
        for one in made
    ]
    return Protected(safe, pd.DataFrame(lines, columns=["id", "kind", "action", "reason"]))


def _text(row: dict[str, Any]) -> dict[str, Any]:
    """Return the text of a row that was coarsened."""
    estimate, low, high, level = (
        float(row[name]) for name in ("estimate", "conf_low", "conf_high", "conf_level")
    )
    if estimate != estimate:
        return {}  # it says why it cannot be estimated, or is withheld
    return {"text": estimate_text(estimate, low, high, 0.95 if level != level else level, str(row["scale"]))}


def sums_of(ids: Mapping[str, float]) -> dict[str, list[str]]:
    """Return which counts are sums of which, as their ids and numbers tell: ``a.n`` of ``a.x.n`` and ``a.y.n``."""
    groups: dict[tuple[str, int], list[str]] = defaultdict(list)
    for id_ in ids:
        parts = id_.split(".")
        for at in range(1, len(parts)):
            groups[".".join(parts[:at] + parts[at + 1 :]), at].append(id_)
    whole = {key: parts for key, parts in groups.items() if key[0] in ids and len(parts) > 1}
    return {
        f"{total}@{at}": parts
        for (total, at), parts in whole.items()
        if sum(map(ids.__getitem__, parts)) == ids[total]
    }


def _given_away(
    ledger: pd.DataFrame, profile: Profile, why: Mapping[str, str], sums: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return which counts go so that no withheld one can be worked out."""
    counted = ledger[[kind == "Frequencies" for kind in map(kind_of, ledger.to_dict("records"))]]
    values = {
        str(id_): int(n)
        for id_, n in zip(counted["id"], counted["estimate"], strict=True)
        if n == n and n % 1 == 0
    }
    known = sums_of(values) | {total: [*parts] for total, parts in sums.items()}

    def cell(id_: str) -> Cell:
        return frozenset({("id", id_)})

    linked = {each for total, parts in known.items() for each in (total.split("@")[0], *parts)}
    if not linked & (set(why) | {id_ for id_, n in values.items() if profile.small(n)}):
        return {}
    relations = tuple((cell(total.split("@")[0]), tuple(map(cell, parts))) for total, parts in known.items())
    counts = Counts({cell(id_): values[id_] for id_ in linked}, relations)
    return {next(iter(one))[1]: reason for one, reason in suppress(counts, profile).items()}


def _daily(ledger: pd.DataFrame, _profile: Profile, _why: Mapping[str, str]) -> dict[str, str]:
    """Return the rows of curves that stand for single days."""
    stems = ledger["id"].str.replace(r"(?<=[._])\d+(?=[._]|$)|(?<=[a-z])\d+(?=[._]|$)", "#", regex=True)
    keep = landmarks(ledger.assign(curve=stems), ["curve", "scale", "population"])
    return dict.fromkeys(ledger["id"][~keep], "a daily step is somebody's day; whole weeks are shown")


def _beside(ledger: pd.DataFrame, _profile: Profile, why: Mapping[str, str]) -> dict[str, str]:
    """Return what would give a withheld risk away: the other arm; of a plain share of patients also what compares them."""
    rows, found = ledger.set_index("id"), dict[str, str]()
    for id_ in why:
        stem, _, last = str(id_).rpartition(".")
        if last in ARMS:
            estimate, events, n = rows.loc[id_, ["estimate", "events", "n"]].astype(float)
            plain = n > 0 and abs(estimate - events / n) < PLAIN
            for other in (*ARMS, *(CONTRASTS if plain else ())):
                if other != last and f"{stem}.{other}" in rows.index:
                    found[f"{stem}.{other}"] = "with others it would give the risk in an arm away"
    return found


def _near(ledger: pd.DataFrame, profile: Profile, why: Mapping[str, str]) -> dict[str, str]:
    """Return rows of populations that differ from a larger one by a few people or events (differencing)."""
    found = dict[str, str]()
    open_ = ledger[~ledger["id"].isin(list(why)) & ledger["n"].notna()]
    for _, same in open_.groupby(["outcome", "horizon_days", "scale"], dropna=False):
        kept: list[tuple[float, float]] = []
        for row in same.sort_values("n", ascending=False).itertuples():
            pair = float(row.n), float(row.events)
            if any(_few(a - b, profile) for one in kept for a, b in zip(one, pair, strict=True)):
                found[str(row.id)] = (
                    f"differs by fewer than {profile.threshold} people from another population"
                )
            else:
                kept.append(pair)
    return found


def _moved(now: pd.DataFrame, before: pd.DataFrame, profile: Profile) -> dict[str, str]:
    """Return rows whose people or events changed by a few since an earlier release."""
    both = now.merge(before, on="id", suffixes=("", "_before"))
    counted = both["scale"].isin(["count"])
    changes = [both[name] - both[f"{name}_before"] for name in ("n", "events")]
    changes.append((both["estimate"] - both["estimate_before"]).where(counted))
    few = np.logical_or.reduce([change.map(lambda by: _few(by, profile)) for change in changes])
    return dict.fromkeys(
        both["id"][few], f"changed by fewer than {profile.threshold} people since an earlier release"
    )


def _few(difference: float, profile: Profile) -> bool:
    return 0 < abs(difference) < profile.threshold
