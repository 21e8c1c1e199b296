"""Columns under each other's name: what medians, spreads, associations and frequencies tell apart, and what nothing does."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.hospital.columns import Ours
from study.hospital.findings import Finding, warning

LEAST = 20  # values, to speak of a median
# of how differently two columns should go with others: the share that is opposite, the least
OPPOSITE, KNOWN = 0.5, 0.25
# in logarithms: a better fit; a wider spread; spreads that differ
MEDIANS, SPREADS, ALIKE = 0.5, 0.1, np.log(1.5)
ERRORS, IN_PART = 4.0, 4.5  # that chance may explain: a hundred pairs are compared, in all and in each group
SAMPLE = 20_000  # rows of a part that are looked at
SPREAD = {  # standard deviation of the logarithm in people ill enough for these drugs
    "crp": 0.9, "alt": 0.6, "il6": 1.2, "ldh": 0.37, "ferritin": 0.9, "ddimer": 0.9, "platelets": 0.4, "egfr": 0.4,
    "lymphocytes": 0.5, "neutrophils": 0.5, "resp_rate": 0.25, "bmi": 0.2, "age": 0.25,
}  # fmt: skip
GOES_WITH: dict[str, dict[str, float]] = {  # rank correlations, roughly, as textbooks have them; not known if not named
    "crp": {"spo2_fio2": -0.3}, "il6": {"spo2_fio2": -0.2, "crp": 0.4}, "ldh": {"spo2_fio2": -0.5, "crp": 0.3},
    "ferritin": {"male": 0.25, "spo2_fio2": -0.2, "crp": 0.3, "age": 0.0},
    "ddimer": {"age": 0.25, "spo2_fio2": -0.15, "crp": 0.15, "male": 0.0}, "alt": {"spo2_fio2": 0.0, "crp": 0.0},
    "charlson": {"diagnoses": 0.5, "age": 0.4, "egfr": -0.3, "spo2_fio2": 0.0},
    "sofa": {"spo2_fio2": -0.35, "egfr": -0.2, "age": 0.1, "diagnoses": 0.1},
    "admission_to_dose": {"spo2_fio2": 0.0, "egfr": 0.0, "age": 0.0, "diagnoses": 0.0},
    "sx_to_admission": {"spo2_fio2": 0.0, "egfr": 0.0, "age": 0.0, "diagnoses": 0.0},
    # of yes or no: by how many standard deviations those with it differ
    "hypertension": {"age": 0.5, "egfr": -0.3, "charlson": 0.2, "bmi": 0.2, "spo2_fio2": 0.0},
    "diabetes": {"age": 0.3, "egfr": -0.2, "charlson": 0.8, "bmi": 0.2, "spo2_fio2": 0.0},
    "ckd": {"egfr": -1.2, "charlson": 0.9, "age": 0.5, "bmi": 0.0, "spo2_fio2": 0.0},
    "copd": {"egfr": -0.2, "charlson": 0.9, "age": 0.4, "bmi": 0.0, "spo2_fio2": 0.0},
    "ihd": {"egfr": -0.3, "charlson": 0.8, "age": 0.5, "bmi": 0.0, "spo2_fio2": 0.0},
    "cancer": {"egfr": -0.2, "charlson": 1.0, "age": 0.4, "bmi": 0.0, "spo2_fio2": 0.0},
    "obesity": {"bmi": 1.6, "spo2_fio2": 0.0}, "high_flow_oxygen": {"spo2_fio2": -1.0, "bmi": 0.0},
    "immunosuppressed": {}, "vte_history": {}, "remdesivir": {}, "dni": {"age": 0.8, "bmi": 0.0},
}  # fmt: skip
ANCHORS = tuple(dict.fromkeys(name for each in GOES_WITH.values() for name in each))
EXPECTED = {
    name: np.array([each.get(anchor, np.nan) for anchor in ANCHORS]) for name, each in GOES_WITH.items()
}
DIAGNOSES = ("ckd", "copd", "ihd", "cancer", "diabetes")
SELDOM = ("ckd", "copd", "cancer", "immunosuppressed", "vte_history")
OFTEN = {"hypertension": 2, "diabetes": 1, **dict.fromkeys(SELDOM, 0)}
KINDS = {  # columns that are taken for each other, by what tells them apart
    "numbers": tuple(SPREAD),
    "counts": ("charlson", "sofa", "admission_to_dose", "sx_to_admission"),
    "yes or no": (*(n for n in GOES_WITH if n in {*OFTEN, "ihd", "obesity", "high_flow_oxygen", "remdesivir", "dni"}),),
    "ratios": ("spo2_fio2", "pao2_fio2"),
}  # fmt: skip
# which nothing at baseline tells apart
AFTER = ("pressure_injury", "secondary_infection", "new_vte", "alt_rise", "aki")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Of some patients: how many, and of each column the middle, the spread, the mean and what it goes with."""

    name: str
    middle: dict[str, float]
    spread: dict[str, float]
    mean: dict[str, float]
    n: dict[str, int]
    goes: dict[str, np.ndarray]  # with each of ``ANCHORS``, as in ``GOES_WITH``; NaN where one is not there
    error: dict[str, float]  # of these, by chance alone
    ratios: float  # of how many SpO2/FiO2 is no lower than PaO2/FiO2, NaN if not known of both


def check_swaps(made: Ours, groups: dict[str, np.ndarray]) -> Iterator[Finding]:
    """Yield pairs of columns that fit better under each other's name, in all rows or in a group of them."""
    frame = _looked_at(made)
    parts = [(_part(frame, rows, name), rows) for name, rows in _parts(groups, len(made.lines))]
    usual = _usual(made)
    for one, other in _pairs(made):
        for part, rows in parts:
            if why := _better(usual, part, one, other):
                do = f"if {one} and {other} are swapped, name them right under [columns]; else acknowledge it"
                must = f"not fit better as {other}, by {why}"
                where = {"mask": rows} if part.name else {"found": "the opposite"}
                yield from warning("columns.swapped", one, must, do, **where)
                break


def unseen_swaps(made: Ours) -> list[tuple[str, ...]]:
    """Return sets of columns whose swap would not be seen in this cohort: each pair is exchanged, and looked at."""
    part, usual = _part(_looked_at(made), np.ones(len(made.lines), bool), ""), _usual(made)
    pairs = [pair for pair in _pairs(made) if not _better(usual, part, *pair[::-1], names=pair)]
    pairs += itertools.combinations(filter(made.has, AFTER), 2)
    sets: list[set[str]] = []
    for pair in pairs:
        near = [each for each in sets if each & set(pair)]
        sets = [each for each in sets if each not in near] + [set(pair).union(*near)]
    order = list(made.dictionary.index)
    return sorted(tuple(sorted(each, key=order.index)) for each in sets)


def _pairs(made: Ours) -> Iterator[tuple[str, str]]:
    for names in KINDS.values():
        yield from itertools.combinations(filter(made.has, names), 2)


def _parts(groups: dict[str, np.ndarray], n: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the rows of all, and of each hospital, arm and period where there are several."""
    yield "", np.ones(n, bool)
    for by, codes in groups.items():
        sizes = np.bincount(codes[codes >= 0])
        if (sizes > 0).sum() > 1:
            for code in np.flatnonzero(sizes >= LEAST):
                yield f"{by} {code}", codes == code


def _looked_at(made: Ours) -> pd.DataFrame:
    """Return what tells columns apart, as numbers: they, and what they go with."""
    named = dict.fromkeys((*itertools.chain(*KINDS.values()), *DIAGNOSES, *ANCHORS))
    frame = made.frame[[*filter(made.has, named)]].astype(float)
    if made.has("sex"):
        sex = made.frame["sex"].astype(object)
        frame["male"] = (sex == "M").astype(float).where(sex.isin(["F", "M"]))
    if made.has(*DIAGNOSES[:3]):
        frame["diagnoses"] = frame[[*filter(made.has, DIAGNOSES)]].sum(axis=1, min_count=3)
    return frame


def _part(frame: pd.DataFrame, rows: np.ndarray, name: str) -> Part:
    at = np.flatnonzero(rows)
    values = frame.to_numpy()[at[:: max(1, len(at) // SAMPLE)]]
    known, names = ~np.isnan(values), list(frame)
    n = known.sum(axis=0)
    mean = np.where(n > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(n, 1), np.nan)
    squares = np.where(known, values - mean, 0.0) ** 2
    yes = np.clip(np.sqrt(squares.sum(axis=0) / np.maximum(n, 1)), 0.05, None)
    yes = np.where(np.isin(names, KINDS["yes or no"]), yes, 1.0)
    goes = _correlations(values, names) / yes[:, None]
    middle, spread = {}, {}
    for each in filter(names.__contains__, SPREAD):
        column = values[:, names.index(each)]
        column = np.log(column[column > 0])
        if len(column) >= LEAST:
            low, middle[each], high = np.quantile(column, [0.05, 0.5, 0.95])
            spread[each] = float(np.log(max(high - low, 1e-3)))
    both = values[:, [names.index(each) for each in KINDS["ratios"] if each in names]]
    both = both[~np.isnan(both).any(axis=1)]
    ratios = float((both[:, 0] >= both[:, 1]).mean()) if both.shape[1] == 2 and len(both) else np.nan
    error = 1 / (yes * np.sqrt(np.maximum(n, 1)))
    means, counts, with_, errors = (dict(zip(names, each, strict=True)) for each in (mean, n, goes, error))
    return Part(name, middle, spread, means, counts, with_, errors, ratios)


def _correlations(values: np.ndarray, names: list[str]) -> np.ndarray:
    """Return the rank correlations of each column with the anchors; what is unknown or does not vary counts as 0."""
    ranks = pd.DataFrame(values).rank().to_numpy()
    known = ~np.isnan(ranks)
    away = np.where(
        known, ranks - np.where(known, ranks, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), 0.0
    )
    size = np.sqrt((away**2).sum(axis=0))
    standard = away / np.where(size > 0, size, np.inf)
    table = np.full((len(names), len(ANCHORS)), np.nan)
    there = [i for i, each in enumerate(ANCHORS) if each in names]
    table[:, there] = standard.T @ standard[:, [names.index(ANCHORS[i]) for i in there]]
    return table


def _usual(made: Ours) -> dict[str, float]:
    """Return the middle of the medians that each number may have, in logarithms."""
    table = made.dictionary.loc[list(SPREAD), ["median_low", "median_high"]].astype(float)
    return np.log(table).mean(axis=1).to_dict()


def _better(
    usual: dict[str, float], part: Part, one: str, other: str, names: tuple[str, str] | None = None
) -> str:
    """Return by what two columns fit better under each other's name, empty if by nothing; ``names`` are what they are called."""
    a, b = names or (one, other)
    n = min(part.n[one], part.n[other])
    if n < LEAST:
        return ""
    errors = IN_PART if part.name else ERRORS
    if a == "spo2_fio2":
        return _ratios(part, one == a)
    if one in part.middle and other in part.middle:
        own, theirs = usual[a], usual[b]
        x, y = part.middle[one], part.middle[other]
        gain = abs(x - own) + abs(y - theirs) - abs(y - own) - abs(x - theirs)
        if gain > MEDIANS + (3 / np.sqrt(n) if part.name else 0):
            return "medians"
        wider = np.log(SPREAD[a] / SPREAD[b])
        gain = -np.sign(wider) * (part.spread[one] - part.spread[other])
        if abs(wider) >= ALIKE and gain > SPREADS + errors * 1.25 / np.sqrt(n):
            return "spreads"
    if a in OFTEN and b in OFTEN and OFTEN[a] != OFTEN[b]:
        x, y = part.mean[one], part.mean[other]
        more = (y - x) * np.sign(OFTEN[a] - OFTEN[b])
        if more > 0.1 * min(x, y) + errors * np.sqrt(max(x * (1 - x) + y * (1 - y), 1e-9) / n):
            return "how often they are 1"
    return _associations(part, one, other, (a, b), errors)


def _ratios(part: Part, as_named: bool) -> str:
    """SpO2/FiO2 lies above PaO2/FiO2 in nearly all who are short of oxygen (Rice and others, Chest 2007;132:410)."""
    higher = part.ratios if as_named else 1 - part.ratios
    usual = 0.5 if part.name else 0.75
    return "size" if higher < usual - 2.5 * np.sqrt(usual * (1 - usual) / max(1, part.n["pao2_fio2"])) else ""


def _associations(part: Part, one: str, other: str, names: tuple[str, str], errors: float) -> str:
    """Return what both should go with differently, if they do the opposite by more than chance."""
    a, b = names
    differ = EXPECTED[a] - EXPECTED[b] if a in EXPECTED and b in EXPECTED else np.full(len(ANCHORS), np.nan)
    opposite = part.goes[other] - part.goes[one]
    used = (differ != 0) & ~np.isnan(differ + opposite) & [each not in names for each in ANCHORS]
    differ, opposite = differ[used], opposite[used]
    if differ @ differ < KNOWN**2:
        return ""
    chance = np.hypot(part.error[one], part.error[other]) * np.sqrt(differ @ differ)
    if differ @ opposite > max(errors * chance, OPPOSITE * float(differ @ differ)):
        return f"what they go with ({', '.join(np.array(ANCHORS)[used])})"
    return ""
