"""The ledger that may be shown: each row by its own rule, then all rows together, then beside every earlier release.

What no rule allows is withheld; a number whose people are not counted is withheld too. Nothing here is a choice of who
writes a chapter: the profile stands in ``paper.toml``.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from livingpaper.disclosure.curves import landmarks
from livingpaper.disclosure.profiles import Profile, decimals, digits
from livingpaper.disclosure.rows import NUMBERS, Shown, kind_of, shown, unweighted
from livingpaper.disclosure.secondary import REASON, Counts, linked, primary, suppress
from livingpaper.ledger.format import estimate_text
from livingpaper.ledger.ledger import HIDDEN, SUPPRESSED

BLANK = dict.fromkeys([*NUMBERS, "conf_level"], np.nan) | {"text": SUPPRESSED}
OF_OUTCOMES = ("Proportions", "CalculatedRatios", "StatisticalHypothesisTests", "HazardSurvivalTables")
ARMS, ENDS = ("risk, treated", "risk, control"), ("conf_low", "conf_high")
WHERE = ("outcome", "horizon_days", "population")
# parts of ids that name no column
NO_NAMES = frozenset(["n", "all", "both", "pairs", "treated", "control", "smd", "balance", "largest"])
DIGITS = re.compile(r"\d[\d,]*")


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
    kinds = {str(row["id"]): one.kind for row, one in zip(records, made, strict=True)}
    why = {str(row["id"]): one.why for row, one in zip(records, made, strict=True) if one.why}
    for before in earlier:
        why |= {id_: says for id_, says in _moved(exact, before, profile).items() if id_ not in why}
    for rule in (_daily, _near, _of_small_arms, _of_few, _between_landmarks):
        why |= {id_: says for id_, says in rule(exact, profile, why, kinds).items() if id_ not in why}
    why |= _given_away(exact, profile, why, kinds, earlier)
    rows = [
        row.row | (BLANK | {"method": why[row.row["id"]]} if row.row["id"] in why else _text(row.row))
        for row in made
    ]
    rows = _without_near(rows, profile) if profile.base == 1 else _from_rounded(rows, records)
    lines = [(id_, kind, "withheld" if id_ in why else "hidden" if kind == "hidden" else "coarsened",
              why.get(id_, "")) for id_, kind in kinds.items()]  # fmt: skip
    safe = pd.DataFrame(rows, columns=[*exact.columns]).set_axis(ledger.index)
    return Protected(safe, pd.DataFrame(lines, columns=["id", "kind", "action", "reason"]))


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
    risks = {
        row["id"]: row["estimate"]
        for row in rows
        if row["id"] in plain and row["estimate"] == row["estimate"]
    }
    made = []
    for row, was in zip(rows, exact, strict=True):
        stem = str(row["id"]).rpartition(".")[0]
        p, q = (risks.get(f"{stem}.risk_{arm}", np.nan) for arm in ("treated", "control"))
        if row["scale"] == "risk difference" and p == p and q == q and row["estimate"] == row["estimate"]:
            by = (p - q) - float(was["estimate"])
            row = row | {name: decimals(float(was[name]) + by, 2) for name in ENDS} | {"estimate": p - q}
            row |= {"std_error": np.nan} | _text(row)
        elif (
            row["scale"] == "risk ratio" and p == p and q > 0 and p > 0 and row["estimate"] == row["estimate"]
        ):
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


def counts_in(exact: pd.DataFrame, kinds: Mapping[str, str]) -> dict[str, int]:
    """Return the whole numbers among the counts of a ledger, by id."""
    pairs = zip(exact["id"], exact["estimate"], strict=True)
    return {str(id_): int(n) for id_, n in pairs if kinds[id_] == "Frequencies" and n % 1 == 0}


def _numbers_shown(exact: pd.DataFrame, why: Collection[str]) -> set[float]:
    """Return the numbers of people that open rows print as ``n`` or ``events``: what equals one, cannot be hidden."""
    open_ = exact[~exact["id"].isin(list(why))]
    return {*open_["n"].dropna(), *open_["events"].dropna()}


def _given_away(
    exact: pd.DataFrame, profile: Profile, why: Mapping[str, str], kinds: Mapping[str, str],
    earlier: Sequence[pd.DataFrame],
) -> dict[str, str]:  # fmt: skip
    """Return which counts go so that no withheld one can be worked out."""
    values = counts_in(exact, kinds)
    among = dict(zip(exact["id"].astype(str), exact["n"], strict=True))
    before = {
        str(id_)
        for release in earlier
        for id_, n in zip(release["id"], release["estimate"], strict=True)
        if values.get(id_) == n
    }
    said = _numbers_shown(exact, why)
    before |= {id_ for id_, n in values.items() if n in said and n >= profile.threshold}
    counts = linked(values, among, before - why.keys()) if values else Counts({}, ())
    first = (values.keys() & why.keys()) | primary(counts, profile)
    found = dict.fromkeys(first - why.keys(), f"the rest of its group is below {profile.threshold}")
    return {
        str(id_): says
        for id_, says in (found | dict.fromkeys(suppress(counts, profile, first), REASON)).items()
        if id_ not in why
    }


def _daily(
    ledger: pd.DataFrame, _profile: Profile, _why: Mapping[str, str], _kinds: Mapping[str, str]
) -> dict[str, str]:
    """Return the rows of curves that stand for single days."""
    keep = landmarks(ledger.assign(curve=_undated(ledger["id"])), ["curve", "scale", "population"])
    return dict.fromkeys(ledger["id"][~keep], "a daily step is somebody's day; whole weeks are shown")


def _undated(ids: pd.Series) -> pd.Series:
    """Return ids without the numbers that end their parts: those of one curve are the same."""
    return ids.str.replace(r"(?<=[._])\d+(?=[._]|$)|(?<=[a-z])\d+(?=[._]|$)", "#", regex=True)


def _between_landmarks(
    ledger: pd.DataFrame, profile: Profile, why: Mapping[str, str], _kinds: Mapping[str, str]
) -> dict[str, str]:
    """Return landmarks after which too few events of an arm follow before the next: the two together would tell them."""
    stems = ledger["id"].str.rpartition(".")[0]
    open_ = ledger["scale"].isin(ARMS) & ledger["events"].notna() & ~ledger["id"].isin(list(why))
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
    says = "too few events of an arm follow before the next landmark"
    return dict.fromkeys(ledger["id"][stems.isin(found)], says)


def _of_small_arms(
    ledger: pd.DataFrame, profile: Profile, why: Mapping[str, str], kinds: Mapping[str, str]
) -> dict[str, str]:
    """Return what compares arms of which one has too few events: with the other, it would give them away.

    A difference with one decimal and the other arm's rounded count leave one answer; so does the width of an
    interval. What does not name its outcome goes with any.
    """
    arms = ledger[ledger["scale"].isin(ARMS)]
    small = [row for row in arms.to_dict("records") if row["id"] in why]
    names = set(ledger["outcome"].dropna())
    says = f"an arm has fewer than {profile.threshold} events, or than {profile.threshold} without"
    return {
        str(row["id"]): says
        for row in (ledger.to_dict("records") if small else ())
        if kinds[row["id"]] in OF_OUTCOMES and any(_may_be_of(row, arm, names) for arm in small)
    }


def _of_few(
    ledger: pd.DataFrame, profile: Profile, why: Mapping[str, str], kinds: Mapping[str, str]
) -> dict[str, str]:
    """Return differences of what too few have, as the counts say that are named like them."""
    del profile
    counts = [id_ for id_ in why if kinds[id_] == "Frequencies" and "missing" not in id_]
    words = {word for id_ in counts for word in id_.split(".")[1:]}
    smd = ledger[ledger["scale"] == "smd"]
    named = [not words.isdisjoint(set(id_.split(".")[1:]) - NO_NAMES) for id_ in smd["id"]]
    return dict.fromkeys(smd["id"][named], "with the other arm it would give a suppressed count away")


def _may_be_of(row: Mapping[str, Any], arm: Mapping[str, Any], names: Collection[str]) -> bool:
    """Return whether a row can be about the people and the outcome of an arm."""
    if pd.isna(row["outcome"]):
        words = {word.rstrip("0123456789") for word in str(row["id"]).split(".")}
        named = {name for name in names if name in words or f"{name}_stay" in words}
        row = {**row, "outcome": arm["outcome"] if arm["outcome"] in named or not named else "another"}
    return all(pd.isna(row[name]) or pd.isna(arm[name]) or row[name] == arm[name] for name in WHERE)


def _near(
    ledger: pd.DataFrame, profile: Profile, why: Mapping[str, str], kinds: Mapping[str, str]
) -> dict[str, str]:
    """Return rows of populations that differ from a larger one by a few people or events (differencing).

    Effective numbers are nobody's, and two ways to match give no population within another.
    """
    found, says = (
        dict[str, str](),
        f"differs by fewer than {profile.threshold} people from another population",
    )
    of_outcomes = ledger["id"].map(kinds).isin((*OF_OUTCOMES, "LinearAggregations"))
    ledger = ledger[of_outcomes & ~ledger["id"].isin(list(_weighted(ledger)))]
    whole = ledger[~ledger["id"].isin(list(why)) & ledger["n"].notna()]
    for _, same in whole.groupby(["outcome", "horizon_days", "scale"], dropna=False):
        kept: list[tuple[str, float, float]] = []
        for row in same.sort_values("n", ascending=False).itertuples():
            who = DIGITS.sub("", str(row.population)) if pd.notna(row.population) else str(row.id)
            one = who, float(row.n), float(row.events)
            others = (each for each in kept if each[0] != who)
            if any(_few(n - one[1], profile) or _few(e - one[2], profile) for _, n, e in others):
                found[str(row.id)] = says
            else:
                kept.append(one)
    return found


def _weighted(ledger: pd.DataFrame) -> Iterator[str]:
    """Yield the ids of risks under weights and of all beside them: their ``n`` is an effective number."""
    arms = ledger[ledger["scale"].isin(ARMS)]
    stems = {str(row["id"]).rpartition(".")[0] for row in arms.to_dict("records") if not unweighted(row)}
    return (id_ for id_ in ledger["id"] if str(id_).rpartition(".")[0] in stems)


def _moved(now: pd.DataFrame, before: pd.DataFrame, profile: Profile) -> dict[str, str]:
    """Return rows whose people or events changed by a few since an earlier release."""
    both = now.merge(before, on="id", suffixes=("", "_before"))
    counted = [kind_of(row) == "Frequencies" for row in both.to_dict("records")]
    changes = [both[name] - both[f"{name}_before"] for name in ("n", "events")]
    changes.append((both["estimate"] - both["estimate_before"]).where(counted))
    few = np.logical_or.reduce([change.map(lambda by: _few(by, profile)) for change in changes])
    return dict.fromkeys(
        both["id"][few], f"changed by fewer than {profile.threshold} people since an earlier release"
    )


def _few(difference: float, profile: Profile) -> bool:
    return 0 < abs(difference) < profile.threshold
