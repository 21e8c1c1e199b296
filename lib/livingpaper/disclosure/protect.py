"""The ledger that may be shown: each row by its own rule, then all rows together, then beside every earlier release.

What no rule allows is withheld; a number whose people are not counted is withheld too. Nothing here is a choice of who
writes a chapter: the profile stands in ``paper.toml``.
"""

import re
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from livingpaper.disclosure.curves import landmarks
from livingpaper.disclosure.profiles import Profile, decimals, digits
from livingpaper.disclosure.rows import NUMBERS, Shown, kind_of, shown, unweighted
from livingpaper.disclosure.secondary import REASON, linked, primary, suppress
from livingpaper.ledger.format import estimate_text
from livingpaper.ledger.ledger import HIDDEN, SUPPRESSED

BLANK = dict.fromkeys([*NUMBERS, "conf_level"], np.nan) | {"text": SUPPRESSED}
OF_OUTCOMES = ("Proportions", "CalculatedRatios", "StatisticalHypothesisTests", "HazardSurvivalTables")
ARMS, ENDS = ("risk, treated", "risk, control"), ("conf_low", "conf_high")
WHERE = ("outcome", "horizon_days", "population")
# parts of ids that name no column
NO_NAMES = frozenset(["n", "all", "both", "pairs", "treated", "control", "smd", "balance", "largest"])
DIGITS = re.compile(r"\d[\d,]*")
Withheld = tuple[Collection[Hashable], str]  # ids of rows, and why


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
    ledger: pd.DataFrame, profile: Profile, *, people: float = np.nan, earlier: Sequence[pd.DataFrame] = ()
) -> Protected:
    """Return the ledger that may be shown, and what was done to each number.

    Parameters
    ----------
    ledger : DataFrame
        Exact rows of the ledger, all of a release; its index is not looked at.
    profile : Profile
        The thresholds.
    people : float
        The people of the cohort; see ``rows.shown``.
    earlier : sequence of DataFrame
        The exact rows that each earlier release showed, which stay in the house.
    """
    exact = ledger.reset_index(drop=True)
    records = exact.to_dict("records")
    made = [
        Shown(row, "hidden") if row["text"] in HIDDEN else shown(row, profile, people=people)
        for row in records
    ]
    judged = exact.assign(kind=[one.kind for one in made], why=[one.why for one in made])
    for before in earlier:
        _withhold(judged, *_moved(exact, before, profile))
    for rule in (_daily, _near, _of_small_arms, _of_few, _between_landmarks):
        _withhold(judged, *rule(judged, profile))
    for given_away in _given_away(judged, profile, earlier):
        _withhold(judged, *given_away)
    why = judged["why"]
    rows = [
        one.row | (BLANK | {"method": says} if says else _text(one.row))
        for one, says in zip(made, why, strict=True)
    ]
    rows = _without_near(rows, profile) if profile.base == 1 else _from_rounded(rows, records)
    action = np.select([why != "", judged["kind"] == "hidden"], ["withheld", "hidden"], "coarsened")
    report = pd.DataFrame({"id": exact["id"], "kind": judged["kind"], "action": action, "reason": why})
    return Protected(pd.DataFrame(rows, columns=[*exact.columns]).set_axis(ledger.index), report)


def _withhold(judged: pd.DataFrame, ids: Collection[Hashable], says: str) -> None:
    """Say why rows are withheld that nothing else withholds yet."""
    judged.loc[judged["id"].isin(list(ids)) & (judged["why"] == ""), "why"] = says


def _text(row: dict[str, Any]) -> dict[str, Any]:
    """Return the text of a row that was coarsened."""
    estimate, low, high, level = (
        float(row[name]) for name in ("estimate", "conf_low", "conf_high", "conf_level")
    )
    if estimate != estimate:
        return {}  # it says why it cannot be estimated, or is withheld
    return {"text": estimate_text(estimate, low, high, 0.95 if level != level else level, str(row["scale"]))}


def _from_rounded(rows: list[dict[str, Any]], exact: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with differences and ratios of plain shares computed from the rounded ones; intervals move along."""
    plain = {str(row["id"]) for row in exact if row["scale"] in ARMS and unweighted(row)}
    risks = {row["id"]: row["estimate"] for row in rows if row["id"] in plain}
    made = []
    for row, was in zip(rows, exact, strict=True):
        stem = str(row["id"]).rpartition(".")[0]
        p, q = (risks.get(f"{stem}.risk_{arm}", np.nan) for arm in ("treated", "control"))
        known = p == p and q == q and row["estimate"] == row["estimate"]
        if row["scale"] == "risk difference" and known:
            by = (p - q) - float(was["estimate"])
            row = row | {name: decimals(float(was[name]) + by, 2) for name in ENDS} | {"estimate": p - q}
            row |= {"std_error": np.nan} | _text(row)
        elif row["scale"] == "risk ratio" and known and p > 0 and q > 0:
            by = (p / q) / float(was["estimate"])
            row = row | {name: digits(float(was[name]) * by) for name in ENDS} | {"estimate": digits(p / q)}
            row |= {"std_error": np.nan} | _text(row)
        made.append(row)
    return made


def _without_near(rows: list[dict[str, Any]], profile: Profile) -> list[dict[str, Any]]:
    """Return rows without an exact ``n`` that is a few below another: the difference counts those few."""
    seen = np.unique([row["n"] for row in rows if row["n"] == row["n"]])
    near = {n for n in seen if ((seen > n) & (seen - n < profile.threshold)).any()}
    return [row | ({"n": np.nan} if row["n"] in near else {}) for row in rows]


def _given_away(
    judged: pd.DataFrame, profile: Profile, earlier: Sequence[pd.DataFrame]
) -> tuple[Withheld, Withheld]:
    """Return which counts go so that no withheld one can be worked out: the rests of groups, and others beside them."""
    counted = judged[(judged["kind"] == "Frequencies") & (judged["estimate"] % 1 == 0)]
    values = dict(zip(counted["id"], counted["estimate"].astype(int), strict=True))
    before = {
        id_
        for release in earlier
        for id_, n in zip(release["id"], release["estimate"], strict=True)
        if values.get(id_) == n
    }
    withheld = set(judged["id"][judged["why"] != ""])
    # what equals a number of people that open rows print, cannot be hidden
    said = set(judged.loc[judged["why"] == "", ["n", "events"]].to_numpy().ravel())
    before |= {id_ for id_, n in values.items() if n in said and n >= profile.threshold}
    counts = linked(values, dict(zip(judged["id"], judged["n"], strict=True)), before - withheld)
    first = (values.keys() & withheld) | primary(counts, profile)
    rest = f"the rest of its group is below {profile.threshold}"
    return (first, rest), (suppress(counts, profile, first), REASON)


def _daily(ledger: pd.DataFrame, _profile: Profile) -> Withheld:
    """Return the rows of curves that stand for single days."""
    keep = landmarks(ledger.assign(curve=_undated(ledger["id"])), ["curve", "scale", "population"])
    return ledger["id"][~keep], "a daily step is somebody's day; whole weeks are shown"


def _undated(ids: pd.Series) -> pd.Series:
    """Return ids without the numbers that end their parts: those of one curve are the same."""
    return ids.str.replace(r"(?<=[._])\d+(?=[._]|$)|(?<=[a-z])\d+(?=[._]|$)", "#", regex=True)


def _between_landmarks(ledger: pd.DataFrame, profile: Profile) -> Withheld:
    """Return landmarks after which too few events of an arm follow before the next: the two together would tell them."""
    stems = ledger["id"].str.rpartition(".")[0]
    open_ = ledger["scale"].isin(ARMS) & ledger["events"].notna() & (ledger["why"] == "")
    found = set[str]()
    for _, curve in ledger[open_].groupby([_undated(stems[open_]), "population"], dropna=False):
        later = None
        for _, day in sorted(curve.groupby("horizon_days"), reverse=True):
            events = day.set_index("scale")["events"]
            between = pd.Series(dtype=float) if later is None else later - events
            if ((between > 0) & (between < profile.steps)).any():
                found |= set(stems[day.index])
            else:
                later = events
    return ledger["id"][stems.isin(found)], "too few events of an arm follow before the next landmark"


def _of_small_arms(ledger: pd.DataFrame, profile: Profile) -> Withheld:
    """Return what compares arms of which one has too few events: with the other, it would give them away.

    A difference with one decimal and the other arm's rounded count leave one answer; so does the width of an
    interval. What does not name its outcome goes with any.
    """
    small = ledger[ledger["scale"].isin(ARMS) & (ledger["why"] != "")].to_dict("records")
    names = set(ledger["outcome"].dropna())
    rows = ledger[ledger["kind"].isin(OF_OUTCOMES)].to_dict("records") if small else []
    found = [row["id"] for row in rows if any(_may_be_of(row, arm, names) for arm in small)]
    return found, f"an arm has fewer than {profile.threshold} events, or than {profile.threshold} without"


def _of_few(ledger: pd.DataFrame, _profile: Profile) -> Withheld:
    """Return differences of what too few have, as the counts say that are named like them."""
    counts = ledger["id"][(ledger["why"] != "") & (ledger["kind"] == "Frequencies")]
    words = {word for id_ in counts if "missing" not in id_ for word in id_.split(".")[1:]}
    smd = ledger["id"][ledger["scale"] == "smd"]
    named = [id_ for id_ in smd if not words.isdisjoint(set(id_.split(".")[1:]) - NO_NAMES)]
    return named, "with the other arm it would give a suppressed count away"


def _may_be_of(row: Mapping[str, Any], arm: Mapping[str, Any], names: Collection[str]) -> bool:
    """Return whether a row can be about the people and the outcome of an arm."""
    if pd.isna(row["outcome"]):
        words = {word.rstrip("0123456789") for word in str(row["id"]).split(".")}
        named = {name for name in names if name in words or f"{name}_stay" in words}
        row = {**row, "outcome": arm["outcome"] if arm["outcome"] in named or not named else "another"}
    return all(pd.isna(row[name]) or pd.isna(arm[name]) or row[name] == arm[name] for name in WHERE)


def _near(ledger: pd.DataFrame, profile: Profile) -> Withheld:
    """Return rows of populations that differ from a larger one by a few people or events (differencing).

    Effective numbers are nobody's, and two ways to match give no population within another.
    """
    found = list[str]()
    of_outcomes = ledger["kind"].isin((*OF_OUTCOMES, "LinearAggregations"))
    open_ = of_outcomes & ~ledger["id"].isin(list(_weighted(ledger))) & (ledger["why"] == "")
    whole = ledger[open_ & ledger["n"].notna()]
    for _, same in whole.groupby(["outcome", "horizon_days", "scale"], dropna=False):
        kept: list[tuple[str, float, float]] = []
        for row in same.sort_values("n", ascending=False).itertuples():
            who = DIGITS.sub("", str(row.population)) if pd.notna(row.population) else str(row.id)
            one = who, float(row.n), float(row.events)
            others = (each for each in kept if each[0] != who)
            if any(_few(n - one[1], profile) or _few(e - one[2], profile) for _, n, e in others):
                found.append(row.id)
            else:
                kept.append(one)
    return found, f"differs by fewer than {profile.threshold} people from another population"


def _weighted(ledger: pd.DataFrame) -> Iterator[str]:
    """Yield the ids of risks under weights and of all beside them: their ``n`` is an effective number."""
    arms = ledger[ledger["scale"].isin(ARMS)]
    stems = {str(row["id"]).rpartition(".")[0] for row in arms.to_dict("records") if not unweighted(row)}
    return (id_ for id_ in ledger["id"] if str(id_).rpartition(".")[0] in stems)


def _moved(now: pd.DataFrame, before: pd.DataFrame, profile: Profile) -> Withheld:
    """Return rows whose people or events changed by a few since an earlier release."""
    both = now.merge(before, on="id", suffixes=("", "_before"))
    counted = [kind_of(row) == "Frequencies" for row in both.to_dict("records")]
    by = pd.DataFrame({name: both[name] - both[f"{name}_before"] for name in ("n", "events", "estimate")})
    by["estimate"] = by["estimate"].where(counted)
    few = by.map(lambda change: _few(change, profile)).any(axis=1)
    return both["id"][few], f"changed by fewer than {profile.threshold} people since an earlier release"


def _few(difference: float, profile: Profile) -> bool:
    return 0 < abs(difference) < profile.threshold
