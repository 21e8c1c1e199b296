"""Numbers in a text: the forms in which one may be printed, and whether those next to each other are one patient's."""

import re
from collections.abc import Iterator
from math import comb, log2

import numpy as np
import pandas as pd

from livingpaper.disclosure.tables import NUMBER

WINDOWS = (3, 4, 6, 8, 12, 16)  # numbers in a row that are looked at together
DENSE = 0.75  # of the numbers in a window that must be one patient's
SPARE_BITS = 28.0  # beyond one patient in all: a million windows, and one chance in 250 in all of them
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")


def once(tokens: list[str]) -> list[str]:
    """Return the tokens without those that stood just before: one number again is not another one."""
    kept: list[str] = []
    for token in tokens:
        if token not in kept[-WINDOWS[-1] :]:
            kept.append(token)
    return kept


def dense(who: np.ndarray, at: np.ndarray, which: np.ndarray, bits: np.ndarray, n: int) -> set[int]:
    """Return the patients to whom nearly all numbers of some window belong, more than chance would give."""
    order = np.lexsort((at, who))
    who, at, which, bits = who[order], at[order], which[order], bits[order]
    key, total = who * (int(at.max(initial=0)) + 100) + at, np.concatenate([[0.0], np.cumsum(bits)])
    found: set[int] = set()
    for width in WINDOWS:
        ends = np.searchsorted(key, key + width)
        hits = ends - np.arange(len(key))
        need = log2(max(n, 2)) + SPARE_BITS + np.array([log2(comb(width, h)) for h in range(width + 1)])
        told = total[ends] - total[:-1] >= need[np.minimum(hits, width)]
        for start in np.flatnonzero(told & (hits >= np.ceil(DENSE * width))).tolist():
            if int(who[start]) in found:
                continue
            inside = slice(start, int(ends[start]))
            best = pd.Series(bits[inside]).groupby(which[inside]).max()  # each column counts once
            if best.sum() >= need[min(len(best), width)] and len(best) >= 3:
                found.add(int(who[start]))
    return found


def streams(text: str) -> Iterator[list[str]]:
    """Yield the numbers of a text in order; again with commas between thousands, or before decimals, if it has any."""
    text = text.replace("−", "-")
    yield NUMBER.findall(text)
    for comma, instead in ((THOUSANDS, ""), (DECIMAL_COMMA, ".")):
        if ("\t" in text or ";" in text or "<" in text) and comma.search(text):
            yield NUMBER.findall(comma.sub(instead, text))


def normal(token: str) -> str:
    """Return a printed number in one form: no zeros at its ends, no plus, no exponent."""
    if "e" in token.lower() or token.startswith(("0", "-0")):
        return f"{float(token):.10g}"
    return token.rstrip("0").rstrip(".") if "." in token else token


def printed(value: float) -> set[str]:
    """Return a number as it may be printed: to every number of decimals, halves both ways, and to three digits."""
    texts = {f"{value:.10g}", normal(f"{float(f'{value:.3g}'):.10g}")}
    for decimals in range(4):
        scaled = value * 10**decimals
        for whole in {round(scaled), int(np.floor(scaled + 0.5))}:
            texts.add(f"{whole / 10**decimals:.10g}")
    return texts
