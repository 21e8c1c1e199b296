"""What moved between two ledgers: estimates beyond tolerance, and conclusions, of an interval or of ``claims.toml``."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd

from livingpaper.config import Config, Scale
from livingpaper.ledger.claims import Claim, ClaimError, Looked, Rules, holds
from livingpaper.ledger.format import scale_of, value_text

WORDS = ["text", "scale", "origin"]
COUNTS = ["n", "events"]
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "n", "events"]
TOLERANCE = 2e-6  # relative; the ledger has six digits, the last may differ between machines
FLOOR = 1e-9
SHOWN = 40  # of a list, in a terminal
FOLDED = "Chapter "
TURNS = {  # a claim now, and before
    True: ("holds", "held"),
    False: ("no longer holds", "did not hold"),
    None: ("can no longer be judged", "could not be judged"),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two ledgers."""

    # by id: old_text, text, scale, code; change or NaN; origin and conclusion, words or empty
    moved: pd.DataFrame
    added: pd.DataFrame  # rows found in one ledger only
    removed: pd.DataFrame
    claims: pd.DataFrame  # claim, before, after (None: cannot be judged) of those whose verdict differs
    n_within: int  # rows that differ by less than is printed, or by no more than the tolerance
    stated: tuple[str, ...]  # claims that only the new edition makes; a sentence in new words is one of each
    withdrawn: tuple[str, ...]  # claims that only the old one makes

    @property
    def n_conclusions(self) -> int:
        """How many conclusions changed: readings of single numbers and sentences."""
        return int((self.moved["conclusion"] != "").sum()) + len(self.claims)

    @property
    def status(self) -> int:
        """0 nothing moved, 1 numbers moved, 2 a conclusion changed."""
        news = (self.moved, self.added, self.removed, self.stated, self.withdrawn)
        return 2 if self.n_conclusions else int(any(map(len, news)))


def compare(
    old: pd.DataFrame, new: pd.DataFrame, *, claims: Sequence[Claim], paper: Config, tolerance: float = TOLERANCE,
    old_claims: Sequence[Claim] | None = None,
) -> Comparison:  # fmt: skip
    """Return what moved from one ledger, indexed by id, to another; up to a relative ``tolerance`` a number is the same.

    ``claims`` are judged on both; without ``old_claims``, those of the old edition, none counts as new or withdrawn.
    """
    now = [claim.name for claim in claims]
    then = now if old_claims is None else [claim.name for claim in old_claims]
    both, rules = old.index.intersection(new.index), Rules(paper)
    before, after = old.loc[both], new.loc[both]
    left, right = before[NUMBERS].to_numpy(float), after[NUMBERS].to_numpy(float)
    other = before[[*WORDS, *COUNTS]].astype(str) != after[[*WORDS, *COUNTS]].astype(str)
    beyond = other[COUNTS].any(axis=1) & _differ(left, right, tolerance)
    moved = (other[WORDS].any(axis=1) | beyond).to_numpy()
    then_now = Looked(old), Looked(new)
    verdicts = [(claim.name, *(_verdict(claim, seen, rules) for seen in then_now)) for claim in claims]
    turned = [each for each in verdicts if each[1] not in (None, each[2])]  # None: nothing to turn from
    frame = after.loc[moved, ["text", "scale", "code"]].assign(old_text=before["text"][moved])
    marks = before["origin"] + " → " + after["origin"]
    frame["origin"] = marks.where(before["origin"] != after["origin"], "")[moved]
    frame["change"] = (after["estimate"] - before["estimate"])[moved]
    frame["conclusion"] = [_turn(before.loc[i], after.loc[i], rules) for i in both[moved]]
    return Comparison(
        moved=frame,
        added=new.loc[new.index.difference(old.index)],
        removed=old.loc[old.index.difference(new.index)],
        claims=pd.DataFrame(turned, columns=["claim", "before", "after"], dtype=object),
        n_within=int((_differ(left, right, 0.0) & ~moved).sum()),
        stated=tuple(name for name in now if name not in then),
        withdrawn=tuple(name for name in then if name not in now),
    )


def _differ(before: np.ndarray, after: np.ndarray, tolerance: float) -> np.ndarray:
    size = np.maximum(np.abs(before), np.abs(after))
    same = (np.abs(after - before) <= tolerance * size + FLOOR) | (np.isnan(before) & np.isnan(after))
    return ~same.all(axis=1)


def reading(row: pd.Series, rules: Rules) -> tuple[str, ...]:
    """Return what a reader concludes from one row of the ledger, in words; empty without an interval."""
    scale = rules.paper.scales.get(str(row["scale"]), Scale(format=""))
    none, low, high = scale.no_effect, row["conf_low"], row["conf_high"]
    if none is None or pd.isna(low) or pd.isna(high):
        return ()
    side = "is above" if low > none else "is below" if high < none else "includes"
    if not scale.margin:
        return (f"{side} no effect",)
    margin = rules.margins[scale.margin]
    inside = -margin < low and high < margin
    return f"{side} no effect", "lies inside the margin" if inside else "reaches beyond the margin"


def _turn(before: pd.Series, after: pd.Series, rules: Rules) -> str:
    was, now = reading(before, rules), reading(after, rules)
    if before["scale"] != after["scale"]:
        return f"the scale was {before['scale']}, is {after['scale']}"
    if bool(was) != bool(now):
        return "the interval is new" if now else "the interval is gone"
    turned = [f"{new} (before: {old})" for old, new in zip(was, now, strict=True) if old != new]
    return "the interval " + " and ".join(turned) if turned else ""


def _verdict(claim: Claim, ledger: Looked, rules: Rules) -> bool | None:
    try:
        return holds(claim, ledger, rules)
    except ClaimError:
        return None


def summary(result: Comparison) -> str:
    """Return the sentence that matters, for example "2 estimates moved, 0 conclusions changed"."""
    moved, turned = _count(len(result.moved), "estimate"), _count(result.n_conclusions, "conclusion")
    told = f"{moved} moved, {turned} changed"
    if result.stated or result.withdrawn:
        told += f" ({len(result.stated)} new, {len(result.withdrawn)} withdrawn)"
    told += f", {_count(len(result.added), 'number')} new" if len(result.added) else ""
    return told + (f", {len(result.removed)} removed" if len(result.removed) else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def as_text(result: Comparison, old: str, new: str, told: dict[str, list[str]], paper: Config) -> str:
    """Return the comparison for a terminal: choices and inputs ``told``, conclusions, then numbers."""
    lines = [f"{old} to {new}: {summary(result)}"]
    for title, items in (told | sections(result, paper)).items():
        shown = [*items[:SHOWN], f"and {len(items) - SHOWN} more"] if len(items) > SHOWN else items
        lines += ["", title, *(f"  {item}" for item in shown)]
    if result.n_within:
        lines += ["", f"{_count(result.n_within, 'number')} equal to the printed digits"]
    return "\n".join(lines) + "\n"


def as_markdown(result: Comparison, old: str, new: str, told: dict[str, list[str]], paper: Config) -> str:
    """Return the comparison as Markdown, whole: what comes first is open, the rest is folded by chapter."""
    lines = [f"**{summary(result)}** ({old} to {new})"]
    for title, items in (told | sections(result, paper)).items():
        folded = title.startswith(FOLDED)
        head = f"<details><summary>{title}</summary>" if folded else f"### {title}"
        lines += ["", head, "", *(f"- {item}" for item in items), *["", "</details>"] * folded]
    return "\n".join(lines) + "\n"


def sections(result: Comparison, paper: Config) -> dict[str, list[str]]:
    """Return what moved in the order of its weight: conclusions, numbers followed, primary results, chapter by chapter."""
    said = '"{}" {} (before: {})'.format
    claims = [said(name, TURNS[now][0], TURNS[then][1]) for name, then, now in result.claims.to_numpy()]
    moved = result.moved
    turned, followed = moved["conclusion"] != "", moved.index.isin(list(paper.followed))
    first = turned | followed | moved.index.map(lambda id_: fnmatchcase(id_, paper.primary_ids)).astype(bool)
    kinds = {
        "Conclusions that changed": claims + [_moved(row) for row in moved[turned].itertuples()],
        "Conclusions first stated": list(result.stated),
        "Conclusions withdrawn, or in other words": list(result.withdrawn),
        "Numbers that are followed": [_moved(row) for row in moved[followed & ~turned].itertuples()],
        "Primary result": [_moved(row) for row in moved[first & ~turned & ~followed].itertuples()],
    }
    return {title: items for title, items in kinds.items() if items} | _by_chapter(result, moved[~first])


def _by_chapter(result: Comparison, moved: pd.DataFrame) -> dict[str, list[str]]:
    """Return the other numbers under one heading for each chapter, which says how many moved, came and went."""
    told = [(_chapter(row.code), "moved", _moved(row)) for row in moved.itertuples()]
    for word, rows in (("new", result.added), ("removed", result.removed)):
        told += [(_chapter(row.code), word, f"{row.id}: {row.text} ({word})") for row in rows.itertuples()]
    found = {}
    for chapter, lines in pd.DataFrame(told, columns=["chapter", "word", "line"]).groupby("chapter"):
        counts = ", ".join(f"{times:,} {word}" for word, times in Counter(lines["word"]).items())
        found[f"{FOLDED}{chapter}: {counts}"] = lines["line"].tolist()
    return found


def _chapter(code: object) -> str:
    """Return the chapter of "book/cohort.md::deaths"."""
    return str(code).partition("::")[0].rpartition("/")[2].removesuffix(".md")


def _moved(row: Any) -> str:
    text, change = f"{row.Index}: {row.old_text} → {row.text}", row.change
    text += f"; origin: {row.origin}" if row.origin else ""
    if row.conclusion:
        return f"{text}; {row.conclusion}"
    if pd.isna(change) or change == 0 or scale_of(row.scale).format not in ("points", "percent"):
        return text
    return f"{text} ({value_text(abs(change), row.scale).lstrip('+')} {'up' if change > 0 else 'down'})"
