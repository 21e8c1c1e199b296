"""Every kind of misuse, at every public function that takes such an input: the right value, or one clear error.

``door_table.py`` says what each function takes. Nothing here may run for ever: an alarm ends it.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import door_table as table
import headtohead as hh
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from door_table import FUNCTIONS, MODULES, NO_INPUT, Given
from headtohead import errors
from headtohead.door import people

SECONDS = 20
RIGHT = "the same as the right value"
AT = int(
    np.flatnonzero(table.PAIRS.used)[-1]
)  # whose value is made wrong; messages below call this patient WHO
Change = tuple[str, Callable[[Any], Any], Any, str]  # what is done, the input after it, error or RIGHT, found


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TimeoutError(f"no answer in {SECONDS} seconds")

    signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of this process: others may be busy too
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)


def backwards(data: Any) -> Any:
    return data.iloc[::-1]


def put(value: object) -> Callable[[Any], Any]:
    """Return a change of one patient's value, in the first column of a frame."""

    def change(data: Any) -> Any:
        out = data.copy()
        if isinstance(out, np.ndarray):
            out = out.astype(float)
            out.flat[min(AT, out.size - 1)] = value
        elif isinstance(out, pd.Series):
            out = out.astype(object if isinstance(value, str) or out.dtype == object else float)
            out.iloc[AT] = value
        else:
            out[out.columns[0]] = put(value)(out[out.columns[0]])
        return out

    return change


def twice_labelled(data: Any) -> Any:
    return data.set_axis([data.index[1], *data.index[1:]], axis=0)


def blank(dtype: str) -> Callable[[Any], Any]:
    """Return a change to a nullable dtype, with one value missing."""

    def change(data: Any) -> Any:
        out = data.astype(dtype)
        out.iloc[AT] = pd.NA
        return out

    return change


def one_more(data: Any) -> Any:
    return pd.concat([data, data.iloc[:1].set_axis(["new"], axis=0)])


def unlabelled(data: Any) -> Any:
    return data.set_axis([np.nan, *data.index[1:]], axis=0)


def others(data: Any) -> Any:
    return data.set_axis([f"q{k}" for k in range(len(data))], axis=0)


def fewer(data: Any) -> Any:
    return data.iloc[3:]


E = errors
SAME_PATIENTS: list[Change] = [
    ("in another order", backwards, RIGHT, ""),
    ("of other patients", others, E.AlignmentError, "q0|p0"),
    ("of fewer patients", fewer, E.AlignmentError, r"3 .*p0, p1, p2"),
    ("labelled twice", twice_labelled, E.DuplicateError, "1 of 59 occur more than once: p1"),
    ("shuffled", lambda d: d.sample(frac=1, random_state=2), RIGHT, ""),
    (
        "with labels in capitals",
        lambda d: d.set_axis(d.index.str.upper(), axis=0),
        E.AlignmentError,
        "60 .*P0|60 .*p0",
    ),
    ("with numbers as labels", lambda d: d.reset_index(drop=True), E.AlignmentError, "60 .*p0, p1"),
    ("of one more patient", one_more, E.AlignmentError, "1 have no arm .new|1 of 61 have none .new"),
    ("with an unlabelled patient", unlabelled, E.AlignmentError, "nan"),
]
ARMS: list[Change] = [
    ("0 and 1", lambda s: s.astype(int), RIGHT, ""),
    ("0.0 and 1.0", lambda s: s.astype(float), RIGHT, ""),
    ("truth values as objects", lambda s: s.astype(object), RIGHT, ""),
    ("A and B", lambda s: s.map({True: "A", False: "B"}), E.ArmError, "'A', 'B'"),
    ("1 and 2", lambda s: 2 - s.astype(int), E.ArmError, "levels 1, 2"),
    ("three", lambda s: put(7)(s), E.ArmError, "3 levels"),
    ("unknown", put(np.nan), E.ArmError, "1 of 60 have none, first WHO"),
    ("one empty", lambda s: s | True, E.EmptyArmError, "all 60 are in one"),
    ("the other empty", lambda s: s & False, E.EmptyArmError, "all 60 are in one"),
    ("nullable truth values", lambda s: s.astype("boolean"), RIGHT, ""),
    ("nullable, one unknown", blank("boolean"), E.ArmError, "1 of 60 have none, first WHO"),
    (
        "nullable, one no number",
        lambda s: with_a_hole(HOLES["nullable"])(s),
        E.ArmError,
        "1 of 60 have none, first p",
    ),
    ("small whole numbers", lambda s: s.astype("uint8"), RIGHT, ""),
    ("1 and -1", lambda s: 2 * s.astype(int) - 1, E.ArmError, "levels -1, 1"),
    ("words for True and False", lambda s: s.astype(str), E.ArmError, "'False', 'True'"),
    ("categories", lambda s: s.map({True: "A", False: "B"}).astype("category"), E.ArmError, "'A', 'B'"),
    ("nobody", lambda s: s.iloc[:0], E.EmptyArmError, "found none"),
    (
        "two columns",
        lambda s: pd.concat([s, s.rename("again")], axis=1),
        E.InputError,
        "one column|again|DataFrame",
    ),
]
TIMES: list[Change] = [
    ("missing", put(np.nan), E.TimeError, "1 of 60 are not, first WHO"),
    ("negative", put(-3.0), E.TimeError, "first WHO .-3"),
    ("infinite", put(np.inf), E.TimeError, "inf"),
    ("words", lambda s: s.astype(str), E.TimeError, "found"),
    ("dates", lambda s: pd.Timestamp("2026-01-01") + pd.to_timedelta(s, "D"), E.TimeError, "datetime64"),
    ("lengths of time", lambda s: pd.to_timedelta(s, "D"), E.TimeError, "timedelta64"),
    ("nullable", lambda s: s.astype("Float64"), RIGHT, ""),
    ("nullable, one missing", blank("Float64"), E.TimeError, "1 of 60 are not, first WHO"),
    ("minus infinity", put(-np.inf), E.TimeError, "-inf"),
    ("whole numbers", lambda s: s.astype(int), RIGHT, ""),
    ("of no patient", lambda s: s.iloc[:0], E.EmptyArmError, "found none"),
]
EVENTS: list[Change] = [
    ("truth values", lambda s: s == 1, RIGHT, ""),
    ("0.0 and 1.0", lambda s: s.astype(float), RIGHT, ""),
    ("1 and 2", lambda s: s + 1, E.EventError, "values 1, 2"),
    ("yes and no", lambda s: s.map({1: "yes", 0: "no"}), E.EventError, "'no', 'yes'"),
    ("unknown", put(np.nan), E.EventError, "1 of (60|50) are not, first WHO"),
    ("continuous", put(0.4), E.EventError, "0.4"),
    ("nullable", lambda s: s.astype("Int64"), RIGHT, ""),
    ("0 and 1 as words", lambda s: s.astype(str), E.EventError, "'0', '1'"),
    ("0 and 100", lambda s: 100 * s, E.EventError, "values 0, 100"),
    ("1 and -1", lambda s: 2 * s - 1, E.EventError, "values -1, 1"),
    ("counts", put(2), E.EventError, "1 of (60|50) are not, first WHO .values 0, 1, 2"),
    ("infinite", put(np.inf), E.EventError, "inf"),
]
CAUSES: list[Change] = [
    ("as floats", lambda s: s.astype(float), RIGHT, ""),
    ("yes and no", lambda s: s.map({0: "no"}).fillna("yes"), E.EventError, "'no', 'yes'"),
    ("unknown", put(np.nan), E.EventError, "1 of 60 are not, first WHO"),
    ("negative", put(-1), E.EventError, "-1"),
    ("a fraction", put(1.5), E.EventError, "1.5"),
    ("nullable", lambda s: s.astype("Int64"), RIGHT, ""),
    ("nullable, one missing", blank("Int64"), E.EventError, "1 of 60 are not, first WHO"),
    ("infinite", put(np.inf), E.EventError, "1 of 60 are not, first WHO"),
    ("categories", lambda s: s.astype(str).astype("category"), E.EventError, "'0', '1', '2'"),
]
FINITE: list[Change] = [
    ("infinite", put(np.inf), E.NumberError, "'?x?z?.*have infinite values in 1 of 60 patients, first WHO"),
    ("words", put("high"), E.NumberError, "must be numbers"),
    ("minus infinity", put(-np.inf), E.NumberError, "have infinite values in 1 of 60 patients, first WHO"),
    ("complex", lambda d: d.astype(complex), E.NumberError, "must be numbers"),
    ("categories", lambda d: d.astype("category"), E.NumberError, "must be numbers"),
    ("sparse", lambda d: d.astype(pd.SparseDtype(float)), RIGHT, ""),
    ("nullable", lambda d: d.astype("Float64"), RIGHT, ""),
]
COMPLETE: list[Change] = [
    ("missing", put(np.nan), E.MissingError, "have missing values in 1 of 60 patients, first WHO"),
    (
        "missing in all",
        lambda d: d.mask(d.notna()),
        E.MissingError,
        "60 of 60 patients",
    ),
]
COLUMNS_TWICE: list[Change] = [
    (
        "with two columns of a name",
        lambda f: pd.concat([f, f.iloc[:, :1]], axis=1),
        E.DuplicateError,
        "occur more than once",
    ),
]
MODEL: list[Change] = [
    ("with a constant", lambda f: f.assign(flat=3.0), E.DependentError, "one value in all 60: 'flat'"),
    (
        "with a copy",
        lambda f: f.assign(copy=f["x"]),
        E.DependentError,
        "1 of .* are: '(x|copy)' follows from ..(x|copy)'",
    ),
    (
        "with a combination",
        lambda f: f.assign(sum=2 * f["x"] - f["z"]),
        E.DependentError,
        "follows from .'(x|z)', '(z|sum)'",
    ),
    (
        "with all levels",
        lambda f: f.assign(f=f["z"] > 0, m=f["z"] <= 0).astype(float),
        E.DependentError,
        "'[fm]'",
    ),
    (
        "with a nearly constant",
        lambda f: f.assign(flat=np.where(np.arange(60) > 0, 0.1, 0.1)),
        E.DependentError,
        "'flat'",
    ),
    ("with another unit", lambda f: f.assign(copy=32 + 1.8 * f["x"]), E.DependentError, "'(x|copy)'"),
    (
        "with a copy but for rounding",
        lambda f: f.assign(copy=f["x"] * (1 + 1e-13)),
        E.DependentError,
        "'(x|copy)'",
    ),
    ("in a tiny unit", lambda f: 1e-200 * f, E.NumberError, "take another unit"),
    ("in a huge unit", lambda f: 1e200 * f, E.NumberError, "take another unit"),
    ("with nothing", lambda f: f.iloc[:, :0], E.InputError, "column|covariate|none"),
]
WEIGHTS: list[Change] = [
    ("missing", put(np.nan), E.NumberError, "1 of 60 are not, first WHO"),
    ("negative", put(-0.5), E.NumberError, "1 of 60 are not, first WHO"),
    ("infinite", put(np.inf), E.NumberError, "1 of 60 are not, first WHO"),
    ("missing in all", lambda w: w * np.nan, E.NumberError, "60 of 60 are not"),
    ("words", lambda w: w.astype(str), E.NumberError, "must be numbers"),
    ("huge", lambda w: 1e200 * w, E.NumberError, "size that can be squared"),
    ("tiny", lambda w: 1e-200 * w, E.NumberError, "size that can be squared"),
]
NUMBERS = [("no number", "many"), ("none", None)]
NEAR, UNSQUARED = (1e-300, 1 - 1e-16), (1e-300, 1e300)


def refuse(error: type[Exception], *values: Any, found: str = "") -> list[Change]:
    """Return a misuse for each wrong value; the message shows it."""
    return [(repr(value), lambda _, v=value: v, error, found or re.escape(repr(value))) for value in values]


NAN = float("nan")
ADJUSTMENTS: list[Change] = [
    ("a score", lambda _: table.SCORE, E.InputError, "found Score"),
    ("a name", lambda _: "ato", E.InputError, "found str"),
    ("none", lambda _: [], E.InputError, "found none"),
    ("a dictionary", lambda v: {"a": v}, E.InputError, "found dict"),
    ("two of a key", lambda _: [table.PAIRS, table.PAIRS], E.DuplicateError, "'pairs', 'pairs'"),
]
ENDPOINT: list[Change] = [
    ("in another order", lambda e: dataclasses.replace(e, time_days=backwards(e.time_days)), RIGHT, ""),
    (
        "of other patients",
        lambda e: dataclasses.replace(e, time_days=others(e.time_days), cause=others(e.cause)),
        E.AlignmentError,
        "60 of 60 have none .p0, p1, p2",
    ),
    (
        "of fewer patients",
        lambda e: dataclasses.replace(e, time_days=fewer(e.time_days), cause=fewer(e.cause)),
        E.AlignmentError,
        "3 of 60 have none .p0, p1, p2",
    ),
    ("a name", lambda _: "death", E.InputError, "found str"),
    ("a dictionary", lambda e: {"a": e}, E.InputError, "found dict"),
    ("ended before the horizon", lambda e: e.cut(20), E.HorizonError, "day 28 is after the last day, 20"),
]
OVER_TIME: list[Change] = [("a column alone", lambda _: table.DIED, E.EventError, "the column 'died' alone")]
PLAIN: list[Change] = [
    ("a column of 0 and 1", lambda _: table.DIED.rename("death"), RIGHT, ""),
    ("a column of truth values", lambda _: (table.DIED == 1).rename("death"), RIGHT, ""),
    (
        "a column in another order",
        lambda _: backwards(table.DIED.astype(float)).rename("death"),
        RIGHT,
        "",
    ),
    ("a continuous column", lambda _: table.X["z"], E.EventError, "60 of 60 are not, first p0"),
    ("a column coded 1 and 2", lambda _: table.DIED + 1, E.EventError, "values 1, 2"),
]
SEVERAL: list[Change] = [
    ("two of a name", lambda e: [e, e], E.DuplicateError, "'death', 'death'"),
    ("none", lambda _: [], E.InputError, "found none"),
]
DAYS = refuse(E.HorizonError, 0, -1, NAN, "28", True, np.inf, pd.NaT, None, {28: 1})
COLUMN_NAMES: list[Change] = [
    *refuse(E.UnknownError, ["nonsense"], ["nonsense", "sense"], found="'nonsense'.*it has 'x', 'z', 'b'"),
    *refuse(E.InputError, [1], [None], ["x", ""], found="1 are not: (1|None|'')|terms must be str"),
    ("one that is none", lambda _: "xz", E.UnknownError, "'xz'|`xz`"),
    ("a list in a list", lambda v: [list(v)], E.InputError, "found list|unhashable"),
    ("each twice", lambda v: [*v, *v], E.DuplicateError, "occur more than once: "),
    *((kind.__name__, kind, RIGHT, "") for kind in (tuple, pd.Index, np.array, dict.fromkeys)),
]
KEYS = ({1: 0}, {"": 0}, {None: 0}, {("a", 1): 0}, {"a": 0, 1: 0})


def keyed() -> list[Change]:
    """Return misuses of the keys of a dictionary; its values stay."""
    found: list[Change] = [
        (
            f"keys {list(keys)}",
            lambda v, keys=keys: dict.fromkeys(keys, next(iter(v.values()))),
            E.InputError,
            "must be words, found",
        )
        for keys in KEYS
    ]
    return [*found, ("a list", lambda v: list(v.values()), E.InputError, "found")]


CHANGES: dict[str, list[Change]] = {
    "free": [],
    "arms": ARMS,
    "times": TIMES,
    "events": EVENTS,
    "causes": CAUSES,
    "array times": [(name, change, error, ".") for name, change, error, _ in TIMES[:3]],
    "array causes": [
        (name, change, error, ".") for name, change, error, _ in CAUSES if name in ("negative", "a fraction")
    ]
    + [("of fewer patients", lambda a: a[:-1], E.AlignmentError, "60")],
    "array": [
        ("missing", put(np.nan), E.NumberError, "found 1 that are not"),
        ("infinite", put(np.inf), E.NumberError, "found 1 that are not"),
        ("words", lambda a: a.astype(str), E.NumberError, "found no numbers"),
        ("of fewer patients", lambda a: a[:-1], ValueError, "59|have|match|empty|one row"),
    ],
    "array events": [
        (name, put(value), E.EventError, "1 of 60 are not") for name, value in (("2", 2.0), ("nan", NAN))
    ]
    + [("of fewer patients", lambda a: a[:-1], E.AlignmentError, "59")],
    "flag": refuse(E.ChoiceError, "no", 1, None),
    "limit": refuse(E.NumberError, -1.0, NAN, "wide", None),
    "one gappy": FINITE,
    "one mixed": [],
    "array weights": [(name, change, error, ".") for name, change, error, _ in WEIGHTS],
    "numbers": FINITE + COMPLETE,
    "levels": [change for change in FINITE if "infin" not in change[0]] + COMPLETE + COLUMNS_TWICE,
    "model": FINITE + COMPLETE + COLUMNS_TWICE + MODEL,
    "model or none": FINITE + COMPLETE + COLUMNS_TWICE + MODEL[:-1],
    "gappy": FINITE,
    "mixed": COLUMNS_TWICE,
    "flags": [("of another coding", put(2.0), E.EventError, "1 of 60 are not, first WHO .values 0, 1, 2")],
    "sets": [
        ("missing for one of positive weight", put(np.nan), E.NumberError, "1 of 60 are not, first WHO"),
        ("a fraction", put(0.5), E.NumberError, "1 of 60 are not, first WHO"),
        ("negative", put(-1.0), E.NumberError, "1 of 60 are not, first WHO"),
        ("words", lambda s: s.astype(str), E.NumberError, "60 of 60 are not"),
    ],
    "weights": WEIGHTS,
    "groups": [(name, put(np.nan), error, found) for name, _, error, found in COMPLETE[:1]],
    "entry": [("after the end", put(99.0), E.TimeError, "1 of 60 are not, first WHO"), *TIMES[:2]],
    "days": [
        ("negative", put(-1.0), E.TimeError, "1 of 60 are not, first WHO"),
        ("words", put("x"), E.NumberError, "'left'"),
    ],
    "scores": [("missing", put(np.nan), E.NumberError, "1 of 60 are not, first WHO")],
    "probabilities": [("1", put(1.0), errors.SeparationError, "1 of 60 are not, first WHO")],
    "states": [
        ("without a name", put(7), E.EventError, "1 of 60 are not, first WHO"),
        ("missing", put(np.nan), E.MissingError, "first WHO"),
        ("a fraction", put(0.5), E.EventError, "1 of 60 are not, first WHO"),
    ],
    "exact": [
        ("in another order", lambda s: [backwards(s[0])], RIGHT, ""),
        ("one column alone", lambda s: s[0], RIGHT, ""),
        ("of other patients", lambda s: [others(s[0])], E.AlignmentError, "60 of 60"),
        ("a frame", lambda s: s[0].to_frame(), RIGHT, ""),
        ("a dictionary", lambda s: {"a": s[0]}, RIGHT, ""),
        ("a name", lambda _: ["sex"], E.InputError, "found str"),
    ],
    "subsets": [
        ("in another order", lambda s: {name: backwards(one) for name, one in s.items()}, RIGHT, ""),
        ("none", lambda _: {}, E.UnknownError, "found none"),
        *keyed(),
        ("unknown", lambda s: {name: put(np.nan)(one) for name, one in s.items()}, E.EventError, "first WHO"),
    ],
    "frame": [
        ("labelled twice", twice_labelled, E.DuplicateError, "p1"),
        ("a list", lambda _: [1, 2], E.InputError, "found list"),
        ("empty", lambda f: f.iloc[:0], E.EmptyArmError, "found none"),
    ],
    "columns": [*COLUMN_NAMES, ("none", lambda _: [], E.InputError, "found none")],
    "columns or none": COLUMN_NAMES,
    "column": refuse(E.UnknownError, "nonsense"),
    "table": [
        ("without a column", lambda f: f.iloc[:, 1:], E.UnknownError, "1 are not|2 are not"),
        ("a list", lambda _: [1, 2], E.InputError, "found list"),
    ],
    "ratio": [
        ("without a limit", lambda f: f.drop(columns="conf_low"), E.UnknownError, "'conf_low'"),
        ("a logarithm", lambda f: f.assign(estimate=-0.2), E.NumberError, "-0.2"),
    ],
    "interval": [
        ("a logarithm", lambda r: r._replace(estimate=-0.2), E.NumberError, "-0.2"),
        ("turned round", lambda r: r._replace(conf_low=2.0), E.NumberError, "2 to 0.98"),
        ("without a limit", lambda r: r._replace(conf_high=NAN), E.NumberError, "nan"),
    ],
    "studies": [
        (
            "without a column",
            lambda f: f.drop(columns=list(f.columns.intersection(["log_effect", "effect"]))),
            E.UnknownError,
            "effect",
        )
    ],
    "adjustments": ADJUSTMENTS,
    "adjustment": ADJUSTMENTS[:2],
    "score": refuse(E.InputError, "ps", table.CRUDE, found="found str|found Adjustment"),
    "crude": [("pairs", lambda _: table.PAIRS, errors.InputError, "found matched pairs")],
    "endpoint": ENDPOINT + OVER_TIME,
    "endpoints": ENDPOINT + OVER_TIME + SEVERAL,
    "plain endpoint": ENDPOINT + PLAIN,
    "plain endpoints": ENDPOINT + PLAIN + SEVERAL,
    "by": DAYS + refuse(E.HorizonError, 500, found="day 500 is after the last day, 28"),
    "bys": DAYS + refuse(E.HorizonError, 500, found="day 500") + refuse(E.HorizonError, [], [7, 7]),
    "horizon": DAYS,
    "cuts": refuse(E.HorizonError, (28,), (0, 28, 10), (-3, 5), (0, 500), found="28|-3|500"),
    "levels named": [
        ("one unnamed", lambda _: ["died"], E.EventError, "'how' has .'home'. in"),
        ("misspelt", lambda _: ["Died", "home"], E.EventError, "'how' has .'died'. in"),
        ("twice", lambda _: ["died", "died"], E.DuplicateError, "occur more than once: died"),
    ],
    "level named": [
        ("unnamed", lambda _: None, E.EventError, "'how' has .'here'. in"),
        ("a cause", lambda _: "died", E.DuplicateError, "occur more than once: died"),
    ],
    "outcome": [change for change in EVENTS if change[0] != "unknown"],
    "names": refuse(
        E.InputError,
        ("new",),
        ("new", "new"),
        ("a", "b", "c"),
        "ab",
        (1, 2),
        ("a", ""),
        found="two names|more than|words",
    ),
    "size": refuse(E.NumberError, -1.0, 0.0, NAN, "wide", found="-1|0|nan|wide"),
    "level": refuse(E.NumberError, 95, 0, 1, NAN, -0.1, "0.95", "95%", True, np.inf, None, *NEAR),
    "share": refuse(E.NumberError, 95, -0.2, NAN, 1.0, None, *NEAR),
    "positive": refuse(
        E.NumberError, -1.0, 0.0, NAN, "wide", None, *UNSQUARED, found="-1|0|nan|wide|None|1e"
    ),
    "spread": refuse(E.NumberError, -1.0, 0.0, NAN, "wide", found="-1|0|nan|wide"),
    "caliper": refuse(E.NumberError, -1.0, NAN, -np.inf, True, "wide", None),
    "calipers": refuse(E.NumberError, [], [NAN], [-0.2], found="none|nan|-0.2"),
    "count": refuse(E.NumberError, -1, 1.5, NAN, "two", None, 10**30),
    "seed": refuse(E.NumberError, -1, 1.5, NAN, "two", None),
    "counts": refuse(E.NumberError, [-1], [0.5], [99], found="-1|0.5|99"),
    "cell": refuse(ValueError, -1, 1.5, NAN, "two", found="-1|1.5|nan|two"),
    "number": refuse(E.NumberError, NAN, np.inf, "x"),
    "gammas": refuse(E.NumberError, [], [0.5], [NAN], [np.inf], [1.0, np.inf]),
    "quantiles": [
        *refuse(E.NumberError, (0.9, 0.1), (-0.1, 0.5), (NAN, 0.5), found="0.9|-0.1|nan"),
        ("three", lambda _: (0.1, 0.5, 0.9), E.InputError, "must be tuple"),
    ],
    "margins": refuse(
        E.NumberError,
        {},
        {"m": -0.1},
        {"m": NAN},
        {"m": "b"},
        {"m": True},
        {"m": np.inf},
        {"m": 1.0},
        {"wide": 0.1, "m": 5},
        found="none|-0.1|nan|'b'|True|inf|'m' .* below 1, found 1.0; 5 percent is|found 5; 5 percent is 0.05",
    )
    + keyed(),
    "sources": keyed(),
    "states named": [
        *refuse(
            E.InputError, [], "abc", [1, 2, 3], ["a", "b", ""], ["a", None, "c"], found="must be words, found"
        ),
        ("twice", lambda v: [*v, *v], E.DuplicateError, "occur more than once"),
        ("too few", lambda v: v[:2], E.EventError, "below 2"),
    ],
    "priors": [
        ("none", lambda _: [], E.NumberError, "found none"),
        ("two of a name", lambda p: [*p, *p], E.DuplicateError, "flat"),
    ],
    "row": [("without an error", lambda r: r.drop("std_error"), E.UnknownError, "'std_error'")],
    "rng": [],
    "choice": [
        *refuse(E.ChoiceError, "nonsense", None, 3),
        ("in capitals", lambda v: v.swapcase(), E.ChoiceError, "found"),
        ("with a blank", lambda v: v + " ", E.ChoiceError, "found"),
        ("cut short", lambda v: v[:-1], E.ChoiceError, "found"),
        ("in a list", lambda v: [v], E.ChoiceError, "found"),
    ],
    "choices": refuse(E.ChoiceError, ["ate"], "ATE", [], found=r"'ate'|'ATE'|\[\]"),
    "inference": [
        ("a level alone", lambda _: 0.95, E.InputError, "found float; give Inference"),
        (
            "95 percent",
            lambda _: SimpleNamespace(conf_level=95, bootstrap_replicates=20, seed=1),
            E.NumberError,
            "95",
        ),
        (
            "one sample",
            lambda _: SimpleNamespace(conf_level=0.95, bootstrap_replicates=1, seed=1),
            E.NumberError,
            "found 1",
        ),
        (
            "no seed",
            lambda _: SimpleNamespace(conf_level=0.95, bootstrap_replicates=20, seed=None),
            E.NumberError,
            "None",
        ),
    ],
    "list": [
        ("missing", lambda v: [NAN, *list(v)[1:]], ValueError, "finite|are not|have them|have not"),
        ("infinite", lambda v: [np.inf, *list(v)[1:]], ValueError, "finite|are not|have them|have not"),
    ],
}
ALIGNED = {
    "arms",
    "events",
    "causes",
    "numbers",
    "model",
    "model or none",
    "gappy",
    "mixed",
    "levels",
    "flags",
    "weights",
    "groups",
    "entry",
    "days",
    "probabilities",
    "states",
    "sets",
    "one gappy",
    "one mixed",
}
PATIENTS = ALIGNED | {"times", "frame", "scores"}


PARTS = {name: getattr(hh, name) for name in hh.__all__ if inspect.ismodule(getattr(hh, name))}
HOMES = {name: part for part in PARTS.values() for name in part.__all__} | {
    name: hh for name in hh.__all__ if name not in PARTS
}


def function_of(name: str) -> Callable[..., Any]:
    if name in FUNCTIONS:
        return getattr(HOMES[name], name)
    module, *rest = name.split(".")[:2], *name.split(".")[2:]
    found: Any = import_module("headtohead." + ".".join(module))
    for part in rest:
        found = getattr(found, part)
    return found


def inputs_of(name: str) -> dict[str, Given]:
    return FUNCTIONS.get(name) or MODULES[name]


def run(name: str, /, **changed: Any) -> Any:
    given = {each: one.value for each, one in inputs_of(name).items()} | changed
    for each, one in inputs_of(name).items():
        if one.kind == "rng":
            given[each] = np.random.default_rng(one.value)
    method = ".Score." in name
    args = [given.pop("self")] if method else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function_of(name)(*args, **given)


def changes(name: str, parameter: str) -> list[Change]:
    """Return what may be done to an input: its kind's misuses, and those of patients where there are others."""
    given = inputs_of(name)
    kind = given[parameter].kind
    partners = [each for each, one in given.items() if one.kind in PATIENTS | {"adjustments", "adjustment"}]
    shared = len(partners) > 1 and kind in ALIGNED
    return CHANGES[kind] + (SAME_PATIENTS if shared else [])


def assert_same(found: Any, right: Any) -> None:
    """Compare results of any kind; rows of patients by label."""
    if isinstance(right, pd.DataFrame | pd.Series):
        if right.index.is_unique:
            found = found.reindex(right.index)
        compare: Any = (
            pd.testing.assert_frame_equal
            if isinstance(right, pd.DataFrame)
            else pd.testing.assert_series_equal
        )
        compare(found, right, check_dtype=False, check_categorical=False, rtol=1e-9)
    elif dataclasses.is_dataclass(right):
        for field in dataclasses.fields(right):
            assert_same(getattr(found, field.name), getattr(right, field.name))
    elif isinstance(right, tuple | list):
        for one, other in zip(found, right, strict=True):
            assert_same(one, other)
    elif isinstance(right, np.ndarray | float):
        np.testing.assert_allclose(found, right, rtol=1e-9)
    elif hasattr(right, "to_dict"):  # a chart; its data and the names of its parts are made from them
        assert found.to_dict()["datasets"].keys() == right.to_dict()["datasets"].keys()
    elif isinstance(right, pd.Index):
        assert set(found) == set(right)
    elif not callable(right):
        assert found == right


def test_every_public_name_and_parameter_is_in_the_table() -> None:
    assert set(FUNCTIONS) | NO_INPUT == set(HOMES)
    for name in [*FUNCTIONS, *MODULES]:
        assert set(inspect.signature(function_of(name)).parameters) == set(inputs_of(name)), name


EVERY = pytest.mark.parametrize("name", [*FUNCTIONS, *MODULES])


@EVERY
def test_misuse(name: str) -> None:
    """Right inputs are accepted, and every misuse of every input is met as its kind says; all that are not are told."""
    right = right_of(name)
    cases = [(each, *change) for each in inputs_of(name) for change in changes(name, each)]
    met = {f"{parameter} {words}": fault_of(name, parameter, right, *how) for parameter, words, *how in cases}
    assert not {case: fault for case, fault in met.items() if fault}


@cache
def right_of(name: str) -> Any:
    return run(name)


def fault_of(
    name: str, parameter: str, right: Any, alter: Callable[[Any], Any], outcome: Any, found: str
) -> str:
    """Return what is wrong with how a changed input is met, nothing if it is as it should be."""
    wrong = alter(inputs_of(name)[parameter].value)
    try:
        result = run(name, **{parameter: wrong})
    except Exception as error:
        said = str(error)
        if outcome is RIGHT or not isinstance(error, outcome) or not isinstance(error, ValueError):
            return repr(error)
        matched = re.search(found.replace("WHO", table.INDEX[AT]), said)
        return "" if matched and "; " in said else f"{said!r} says not {found!r}, or not what to do"
    if outcome is not RIGHT:
        return "accepted"
    try:
        assert_same(result, right)
    except AssertionError as error:
        return f"another result: {error}"
    return ""


@EVERY
def test_words_are_words(name: str) -> None:
    """Names, keys and titles could be anything that prints: every parameter of words refuses what is none."""
    function = function_of(name)
    hints = {
        each: hint
        for each, hint in inspect.get_annotations(inspect.unwrap(function)).items()
        if each != "return"
    }
    if inspect.isclass(function):
        hints = {each.name: each.type for each in dataclasses.fields(function)}
    for parameter in [each for each, hint in hints.items() if hint in ("str", "str | None")]:
        for wrong in (object(), 3, ["a"], b"a", np.nan):
            with pytest.raises(
                errors.InputError, match=f"{parameter} must be str.*, found {type(wrong).__name__};"
            ):
                run(name, **{parameter: wrong})


@pytest.mark.parametrize(
    "causes", ["death", ("death", 2), ("death", None), ("death", ""), [object(), "b"], 3]
)
def test_causes_are_words(causes: Any) -> None:
    with pytest.raises(errors.InputError, match="causes must be"):
        dataclasses.replace(table.DEATH, causes=causes)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"kind": "crude"}, "weights of 1, found others"),
        ({"kind": "none"}, "a reason if there is none of it"),
        ({"reason": "too few"}, "only then, found 'too few'"),
        ({"kind": "pairs", "matched_set": None}, "60 of 60 are not"),
        ({"resampling": "boot"}, "functions that repeat it, found 'boot'"),
        ({"estimation": 3}, "functions that repeat it, found 3"),
        ({"matches": table.X}, "found DataFrame; give what match_nearest returns"),
        ({"design": table.X["x"]}, "a DataFrame"),
        ({"weights": table.X}, "a Series"),
    ],
)
def test_an_adjustment_made_by_hand_agrees_with_itself(fields: dict[str, Any], found: str) -> None:
    with pytest.raises(errors.InputError, match=found):
        run("Adjustment", **fields)


def test_an_adjustment_without_a_bootstrap_says_so() -> None:
    own = hh.Adjustment("own", "Own", "weights", "ATE", "all", table.ARM, table.WEIGHTED.weights, None)
    assert len(hh.balance(own, table.X)) == 3
    for name in ("risks", "days_lost", "win_ratios", "incidence_curves"):
        with pytest.raises(errors.InputError, match="'own', it has no resampling; give"):
            run(name, adjustments=own)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"ps": table.SCORE.ps * 2}, "strictly between 0 and 1"),
        ({"ps": table.X}, "found DataFrame"),
        ({"design": table.X["x"]}, "a DataFrame as design"),
        ({"linear_predictor": table.X}, "a Series as linear_predictor"),
        ({"linear_predictor": put(np.nan)(table.SCORE.linear_predictor)}, "missing values in 1 of 60"),
        ({"linear_predictor": others(table.SCORE.linear_predictor)}, "60 of 60 have none"),
        ({"coefficients": table.SCORE.coefficients[["term"]]}, "2 are not: 'estimate', 'std_error'"),
        ({"coefficients": table.SCORE.coefficients.astype(str)}, "in .estimate. must be numbers"),
        ({"log_likelihood": "good"}, "finite number, found 'good'"),
        ({"c_statistic": np.nan}, "finite number, found nan"),
    ],
)
def test_a_score_made_by_hand_agrees_with_itself(fields: dict[str, Any], found: str) -> None:
    with pytest.raises((errors.InputError, errors.SeparationError), match=found):
        run("Score", **fields)


def test_numbers_among_objects_are_no_categories() -> None:
    """Each would be a level of its own; truth values with gaps are levels."""
    frame = FRAME.assign(x=FRAME["x"].astype(object))
    for name in ("balance_report", "design_matrix"):
        with pytest.raises(E.NumberError, match="'x' must be numbers or words.*astype"):
            run(name, frame=frame)
    with pytest.raises(E.NumberError, match="'x' must be numbers or words"):
        hh.table_one(frame, table.ARM, ["x"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pd.Timestamp("2020-01-01"), pd.Timestamp("2020-02-01")), (date(2020, 1, 1), date(2020, 1, 2)),
        (pd.Period("2020-01", "M"), pd.Period("2020-02", "M")), (pd.Interval(0, 1), pd.Interval(1, 2)),
        (("A", 1), ("A", 2)), (("A",), ("B",)), (b"A", b"B"), (1.5, 2.5), (2, 1), (True, False),
        (np.datetime64("2020-01-01"), np.datetime64("2020-02-01")), (np.timedelta64(1, "D"), np.timedelta64(2, "D")),
        (2**53, 2**53 + 1), (np.int8(1), np.int8(2)), (np.str_("A"), np.str_("B")),
    ],
)  # fmt: skip
def test_an_arm_is_named_by_whatever_its_patients_are_labelled_with(first: Any, second: Any) -> None:
    design, arm = table.X, table.ARM
    named = pd.Series([first if one else second for one in arm], arm.index)
    for labels in (named, named.astype(object)):
        for said in (first, float(first)) if isinstance(first, int) else (first,):
            found = hh.propensity(design, labels, treated=said)
            pd.testing.assert_series_equal(found.treated, arm, check_names=False)
            pd.testing.assert_series_equal(found.ps, hh.propensity(design, arm).ps)


def test_masked_numbers_are_missing_and_a_level_is_named_as_python_writes_it() -> None:
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    for dtype in (float, int, bool):
        np.testing.assert_array_equal(people.floats(masked.astype(dtype)), [dtype(1), np.nan])
    with pytest.raises(E.ArmError, match=r"treated=1 or treated=2$"):
        people.arms(pd.Series([1, 2]))


def as_is(data: Any, change: Callable[[pd.Series], pd.Series]) -> Any:
    return change(data) if isinstance(data, pd.Series) else data.apply(change)


TYPES: dict[str, Callable[[Any], Any]] = {
    **{kind: lambda d, kind=kind: as_is(d, lambda s: s.astype(kind))
       for kind in ("object", "category", "Float64", "boolean", "string")},
    "sparse": lambda d: as_is(d, lambda s: s.astype(pd.SparseDtype(float))),
    "of another machine": lambda d: as_is(d, lambda s: s.astype(s.dtype.newbyteorder(">")) if s.dtype.kind in "fi" else s),
    "long": lambda d: as_is(d, lambda s: s.astype(np.longdouble) if s.dtype.kind == "f" else s),
    "without duplicates": lambda d: d.set_flags(allows_duplicate_labels=False),
    "unused category": lambda d: as_is(d, lambda s: s.astype(str).astype("category").cat.add_categories("none")),
    "dates": lambda d: as_is(d, lambda s: pd.Timestamp("2026-01-01") + pd.to_timedelta(s.astype(float), "D")),
    "lengths of time": lambda d: as_is(d, lambda s: pd.to_timedelta(s.astype(float), "D")),
    "lists": lambda d: as_is(d, lambda s: s.map(lambda value: [value])),
    "none": lambda d: as_is(d, lambda s: s.astype(object).where(np.arange(len(s)) != AT, None)),
    "huge": lambda d: as_is(d, lambda s: 1e200 * s.astype(float)),
    "zero": lambda d: as_is(d, lambda s: 0 * s),
    "nobody": lambda d: d.iloc[:0],
    "one row": lambda d: d.iloc[:1],
    "rows of two labels": lambda d: d.set_axis(pd.MultiIndex.from_arrays([d.index, range(len(d))]), axis=0),
    "columns of two labels": lambda d: d.set_axis(pd.MultiIndex.from_product([["a"], d.columns]), axis=1),
}  # fmt: skip


def encoded(words: pd.Series) -> pd.Series:
    held = pd.arrays.ArrowExtensionArray(pa.array(words, pa.string(), from_pandas=True).dictionary_encode())
    return pd.Series(held, words.index, name=words.name)


STORED: dict[
    str, Callable[[pd.Series], pd.Series]
] = {  # the same values as Arrow, Parquet or polars hold them
    "arrow": lambda s: s.convert_dtypes(convert_integer=False, dtype_backend="pyarrow"),
    "nullable": lambda s: s.convert_dtypes(convert_integer=False),
    "whole numbers of arrow": lambda s: s.astype("int64[pyarrow]") if s.dtype.kind in "biu" else s,
    "dictionaries of arrow": lambda s: encoded(s) if s.dtype == object else s,
    "categories": lambda s: s.astype("category") if s.dtype == object else s,
    "small": lambda s: s.astype({"i": "int8", "f": "float16"}[s.dtype.kind]) if in_a_byte(s) else s,
}


def in_a_byte(s: pd.Series) -> bool:
    return s.dtype.kind in "if" and bool(((s == np.floor(s)) & (s.abs() < 128)).all())


@EVERY
def test_columns_mean_the_same_however_they_are_stored(name: str) -> None:
    """A column or a table of numbers, truth values or words in turn, from Arrow, as polars gives them, or nullable."""
    faults = {}
    for parameter, given in inputs_of(name).items():
        for kind, how in STORED.items():
            stored = as_stored(given.value, how)
            if stored is not None:
                case = (right_of(name), lambda _, stored=stored: stored, RIGHT, "")
                faults[f"{parameter}: {kind}"] = fault_of(name, parameter, *case)
    assert not {case: fault for case, fault in faults.items() if fault}


HOLES: dict[str, Callable[[np.ndarray], Any]] = {  # no number, which neither of them calls missing
    "nullable": lambda x: pd.arrays.FloatingArray(x, np.zeros(len(x), bool)),
    "arrow": lambda x: pd.arrays.ArrowExtensionArray(pa.array(x)),
}


def with_a_hole(how: Callable[[np.ndarray], Any]) -> Callable[[pd.Series], pd.Series]:
    """Return a change of a column to numbers, or those of its levels: one is none."""

    def change(s: pd.Series) -> pd.Series:
        x = np.array(s if s.dtype.kind in "biuf" else pd.factorize(s)[0], float)
        x[(AT - len(str(s.name))) % len(x)] = np.nan  # not the same patient's in each column
        return pd.Series(how(x), s.index, name=s.name)

    return change


def outcome_of(name: str, parameter: str, value: Any) -> Any:
    try:
        return run(name, **{parameter: value})
    except Exception as error:
        return type(error).__name__, re.sub(r"np.float64\((.*?)\)", r"\1", str(error))


@EVERY
def test_what_is_no_number_in_a_nullable_column_is_missing(name: str) -> None:
    """It is left out, counted or refused as in a column of numpy's."""
    faults = {}
    for parameter, given in inputs_of(name).items():
        for kind, how in HOLES.items():
            if (wrong := as_stored(given.value, with_a_hole(how))) is None:
                continue
            plain = as_stored(wrong, lambda s: s.astype(float))
            found, right = (outcome_of(name, parameter, each) for each in (wrong, plain))
            try:
                assert isinstance(found, tuple) == isinstance(right, tuple), (found, right)
                assert_same(found, right)
            except AssertionError as error:
                faults[f"{parameter}: {kind}"] = str(error)
    assert not faults


def as_stored(data: Any, how: Callable[[pd.Series], pd.Series]) -> Any:
    """Return columns, or those in a list or a dictionary, stored so; None if there are none that it changes."""
    if isinstance(data, dict):
        found = {key: as_stored(one, how) for key, one in data.items()}
        return found if data and all(one is not None for one in found.values()) else None
    if isinstance(data, list):
        several = [as_stored(one, how) for one in data]
        return several if data and all(one is not None for one in several) else None
    if not isinstance(data, pd.Series | pd.DataFrame):
        return None
    found = as_is(data, how)
    before, after = (
        one.dtypes if isinstance(one, pd.DataFrame) else pd.Series([one.dtype]) for one in (data, found)
    )
    return None if before.tolist() == after.tolist() else found


OURS = (errors.InputError, errors.CannotAdjustError, errors.CannotEstimateError)


def unclear(name: str, cases: dict[str, tuple[str, Any]]) -> dict[str, str]:
    """Return what is said, of changed inputs that are not used, where it is a fault or not what to do."""
    said = {}
    for case, (parameter, wrong) in cases.items():
        try:
            run(name, **{parameter: wrong})
        except OURS as error:
            said[case] = str(error)
        except Exception as error:
            said[case] = repr(error).replace("; ", ", ")
    return {case: words for case, words in said.items() if "; " not in words}


@pytest.mark.whole
@EVERY
def test_a_column_of_another_type_or_shape(name: str) -> None:
    """Every column and table in turn: it is used, or refused in words that say what to do."""
    cases = {}
    for parameter, given in inputs_of(name).items():
        for kind, change in TYPES.items() if isinstance(given.value, pd.Series | pd.DataFrame) else ():
            try:
                cases[f"{parameter}: {kind}"] = (parameter, change(given.value))
            except (TypeError, ValueError, AttributeError):
                continue  # no such column can be made of this one
    assert not unclear(name, cases)


LABELS = {
    "categories": "pd.CategoricalIndex([f'p{k}' for k in range(N)])",
    "two levels": "pd.MultiIndex.from_arrays([np.arange(N) // 2, np.arange(N) % 2], names=['a', 'b'])",
    "days of a place": "pd.date_range('2026-01-01', periods=N, tz='Europe/Berlin')",
    "numbers like places": "pd.Index(np.random.default_rng(3).permutation(N))",
    "called like a column": "pd.Index([f'p{k}' for k in range(N)], name='x')",
    "called like the arm": "pd.Index([f'p{k}' for k in range(N)], name='treated')",
}
NAMED = """INDEX = pd.Index([f"p{k}" for k in range(N)], name="id")"""


@pytest.mark.parametrize("labels", [*LABELS])
def test_results_do_not_hang_on_how_patients_are_labelled(
    labels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole table anew, with other labels: what tells no patient apart is the same."""
    rights = {name: right_of(name) for name in [*FUNCTIONS, *MODULES]}
    source, again = Path(table.__file__).read_text("utf-8"), ModuleType("door_table_again")
    assert source.count(NAMED) == 1
    exec(source.replace(NAMED, f"INDEX = {LABELS[labels]}"), vars(again))
    monkeypatch.setattr(
        sys.modules[__name__], "inputs_of", lambda name: (again.FUNCTIONS | again.MODULES)[name]
    )
    for name, right in rights.items():
        found = run(name)
        if isinstance(right, pd.DataFrame | pd.Series):
            assert_same(found.reset_index(drop=True), right.reset_index(drop=True))


SWAPPED = [name for name in FUNCTIONS if {"power", "alpha"} <= set(FUNCTIONS[name])]


@pytest.mark.parametrize("name", SWAPPED)
def test_power_and_alpha_are_not_taken_for_each_other(name: str) -> None:
    with pytest.raises(E.NumberError, match="power must be above alpha, found 0.05 and 0.8; .*power=0.8"):
        run(name, power=0.05, alpha=0.8)


def test_a_seed_may_have_128_bits() -> None:
    assert hh.Inference(seed=1 << 127).seed == 1 << 127


def test_errors_that_cannot_be_squared_are_refused() -> None:
    for name in ("interaction", "shrink"):
        for size in (1e-200, 1e200):
            with pytest.raises(E.NumberError, match="std_errors must be of a size that can be squared"):
                run(name, std_errors=[0.1 * size, 0.2 * size])


WHEN, NOBODY = table.TIME * 0 + 28, table.CAUSE * 0
COURSES = {
    "nobody has an event": (WHEN, NOBODY),
    "all are censored early": (WHEN - 25, NOBODY),
    "all are censored on day 0": (WHEN - 28, NOBODY),
    "all have it on day 0": (WHEN - 28, NOBODY + 1),
    "all have it on one day": (WHEN, NOBODY + 1),
    "all of an arm have it on day 0": (WHEN.where(~table.ARM, 0), NOBODY + table.ARM),
    "only the other event happens": (table.TIME, NOBODY + 2),
    "one patient has it": (WHEN, NOBODY.where(table.INDEX != "p0", 1)),
    "no treated patient has it": (WHEN, NOBODY + ~table.ARM),
    "no control has it": (table.TIME.where(table.ARM, 28), NOBODY + table.ARM),
    "an arm is censored early": (WHEN.where(~table.ARM, 2), NOBODY + ~table.ARM),
    "a huge unit": (1e200 * table.TIME, table.CAUSE),
    "a tiny unit": (1e-200 * table.TIME, table.CAUSE),
}
ENDPOINTS = [
    (name, each)
    for name in [*FUNCTIONS, *MODULES]
    for each, one in inputs_of(name).items()
    if "endpoint" in one.kind
]


@pytest.mark.parametrize(("name", "parameter"), ENDPOINTS)
def test_an_outcome_that_says_little(name: str, parameter: str) -> None:
    """A row without a number says why; nothing is certain, infinite or a fault."""
    for course, (time, cause) in COURSES.items():
        endpoint = hh.Endpoint("death", time, cause, ("death", "discharge"))
        try:
            found = run(name, **{parameter: endpoint})
        except OURS:
            assert not unclear(name, {course: (parameter, endpoint)})
        else:
            assert_honest(found, course)


def assert_honest(found: Any, course: str) -> None:
    frame = (
        found
        if isinstance(found, pd.DataFrame)
        else found[0]
        if isinstance(found, tuple)
        else found.estimates
    )
    for number in {"estimate", "chi_square"} & set(frame):
        value = frame[number].astype(float)
        assert not np.isinf(value).any(), course
        if value.isna().any():
            assert frame["method"][value.isna()].str.contains("cannot|because").all(), course
    if "std_error" in frame:
        assert not (frame["std_error"].astype(float) == 0).any(), course


WRONG = {
    "nothing": None,
    "a word": "nonsense",
    "a number": 3.7,
    "a dict": {"a": 1},
    "a list": ["a", object()],
    "a frame of words": pd.DataFrame({"q": ["a", "b"]}),
    "a fit": table.FIT,
    "an object": object(),
    "nothing left": iter(()),
}


@EVERY
def test_a_thing_of_another_kind(name: str) -> None:
    """Every input in turn is nothing of the kind: it is used where it may be, or refused in one way, never a fault."""
    inputs = set(inputs_of(name)) - {"self"}
    assert not unclear(name, {f"{each}: {thing}": (each, WRONG[thing]) for each in inputs for thing in WRONG})


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (
            {"table": None},
            "fragility_index: table must be TwoByTwo, found NoneType; see help.fragility_index",
        ),
        ({"alpha": []}, "alpha must be a number above 0"),
    ],
)
def test_an_error_of_kind_says_what_was_needed(wrong: dict[str, Any], found: str) -> None:
    with pytest.raises(errors.InputError, match=found):
        run("fragility_index", **wrong)


def test_columns_that_differ_little_are_kept() -> None:
    """A correlation of 0.999999 is no combination; one of 1 is, to rounding, whichever way it is found out."""
    noise, x = np.random.default_rng(3).normal(size=60), table.X["x"]
    for size in (1e-1, 1e-3, 1e-6):
        assert list(hh.door.covariates(table.X.assign(near=x + size * noise), "X")) == ["x", "z", "b", "near"]
    for size in (1e-9, 1e-12, 0.0):
        with pytest.raises(E.DependentError, match="'near'|'x'"):
            hh.door.covariates(table.X.assign(near=x + size * noise), "X")


def test_a_design_that_was_changed_after_it_was_checked_is_looked_at_again() -> None:
    design = table.X.copy()
    way = hh.propensity(design, table.ARM).weight("ATO")
    run("risks", adjustments=way)
    design.iloc[3, 0] = np.nan
    with pytest.raises(E.MissingError, match="'x' have missing values in 1 of 60 patients, first p3"):
        run("risks", adjustments=way)
    design["x"] = 2 * design["z"]
    with pytest.raises(E.DependentError, match="1 of 3 are: '[xz]' follows from ..[xz]'"):
        run("risks", adjustments=way)


def test_a_fault_inside_is_no_error_of_input() -> None:
    """What fails for another reason than a wrong kind keeps its error, and a call without an argument too."""
    with pytest.raises(ZeroDivisionError):
        run("estimate_in_subsets", estimate=lambda part: len(part) / 0)
    with pytest.raises(TypeError, match="missing 1 required"):
        hh.proportions.fragility_index(table.TABLE)
    with pytest.raises(TypeError, match="missing 1 required"):
        hh.Endpoint(table.TIME, table.CAUSE)


@pytest.mark.parametrize(
    ("name", "adjustments"),
    [
        (name, parameter)
        for name, given in FUNCTIONS.items()
        for parameter, one in given.items()
        if one.kind in ("adjustments", "adjustment") and "inference" in given
    ],
)
def test_one_pair_is_no_certainty(name: str, adjustments: str) -> None:
    if name == "tipping_grid":  # its verdicts would have no meaning
        with pytest.raises(errors.CannotEstimateError, match="one matched set"):
            run(name, **{adjustments: table.one_pair()})
        return
    found = run(name, **{adjustments: table.one_pair()})
    frame = found[0] if isinstance(found, tuple) else found
    if "std_error" in frame:
        assert frame["std_error"].isna().all()
        assert frame["method"].str.startswith("cannot be estimated, because one matched set").all()


def test_a_score_from_raw_rows_equals_that_of_its_design() -> None:
    """A column with the drugs' names, and columns or a formula, say the same as a design and a truth value."""
    frame = table.FRAME
    design = table.X[["x"]].assign(male=(frame["sex"] == "M").astype(float))
    right = hh.propensity(design, table.ARM)
    for terms in (["x", "sex"], "x + C(sex)"):
        found = hh.propensity(frame, "drug", terms, treated="new")
        pd.testing.assert_series_equal(found.ps, right.ps)
        pd.testing.assert_series_equal(found.treated, right.treated, check_names=False)
    mirrored = hh.propensity(frame, frame["drug"], "x + C(sex)", treated="old")
    np.testing.assert_allclose(mirrored.ps, 1 - right.ps, rtol=1e-6)


FRAME = table.FRAME


@pytest.mark.parametrize(
    ("frame", "terms", "treated", "error", "found"),
    [
        (FRAME, "x", "nobody", E.UnknownError, "found 'nobody', levels are 'new', 'old'"),
        (FRAME, "x", None, E.ArmError, "levels 'new', 'old'; name the first one"),
        (
            FRAME.assign(drug=FRAME["drug"].where(FRAME["x"] > 0)),
            "z",
            "new",
            E.ArmError,
            "of 60 have none, first",
        ),
        (FRAME, "x + nonsense", "new", E.UnknownError, "`nonsense`.* It has 'x', 'z', 'b', 'sex'"),
        (FRAME, "x + C(sex, Treatment('Q'))", "new", E.UnknownError, "'Q'.*not among the provided levels"),
        (FRAME, ["x", "nonsense"], "new", E.UnknownError, "1 are not: 'nonsense'; it has 'x', 'z'"),
        (FRAME, ["x", "x"], "new", E.DuplicateError, "1 of 1 occur more than once: x"),
        (FRAME, "drug ~ x", "new", E.ChoiceError, "has one side"),
        (FRAME, "1", "new", E.InputError, "found none in '1'"),
        (FRAME, [], "new", E.InputError, "found none"),
        (FRAME, "x + np.log(z)", "new", E.NumberError, "must be finite numbers.*30 of 60.*logarithms"),
        (
            FRAME.assign(sex=FRAME["sex"].where(FRAME["x"] > 0)),
            "x + sex",
            "new",
            E.MissingError,
            "'sex' have missing",
        ),
        (FRAME, "x + sex + C(sex == 'F')", "new", E.DependentError, "follows from .'sex.T.M.'"),
        (FRAME, [SimpleNamespace(column="sex", form="linear", knots=None)], "new", E.NumberError, "'sex'"),
        (
            FRAME,
            [SimpleNamespace(column="x", form="cubic", knots=None)],
            "new",
            E.ChoiceError,
            "found 'cubic'",
        ),
        (FRAME, [SimpleNamespace(column="x", form="spline", knots=9)], "new", E.ChoiceError, "found '9'"),
    ],
)
def test_misuse_of_raw_rows(
    frame: pd.DataFrame, terms: Any, treated: Any, error: type[Exception], found: str
) -> None:
    with pytest.raises(error, match=found):
        hh.propensity(frame, "drug", terms, treated=treated)


def test_a_column_of_0_and_1_is_an_endpoint_known_by_the_horizon() -> None:
    known = hh.Endpoint.recorded("died", table.DIED, by=28)
    found = hh.risks(table.DIED, table.WAYS, by=28, inference=table.FEW)
    pd.testing.assert_frame_equal(found, hh.risks(known, table.WAYS, by=28, inference=table.FEW))
    with pytest.raises(E.EventError, match="must know when events happened"):
        hh.risks(table.DIED, table.CRUDE, by=[7, 28])


@pytest.mark.parametrize("name", ["discordant_pairs", "confounder_benchmarks"])
def test_an_endpoint_is_an_event_by_a_horizon(name: str) -> None:
    for endpoint in (table.DEATH, dataclasses.replace(table.DEATH, time_days=backwards(table.TIME))):
        assert_same(run(name, event=endpoint, by=28), run(name))
    with pytest.raises(E.HorizonError, match="by=28"):
        run(name, event=table.DEATH)
    with pytest.raises(E.HorizonError, match="day 500 is after the last day"):
        run(name, event=table.DEATH, by=500)


@pytest.mark.parametrize(
    "name", [name for name, given in FUNCTIONS.items() if "endpoints" in given and "adjustments" in given]
)
def test_adjustments_of_other_orders_come_into_the_first_ones(name: str) -> None:
    turned = [table.PAIRS, hh.unadjusted(backwards(table.ARM), design=backwards(table.X))]
    kept = [table.PAIRS, table.CRUDE]
    if name in ("matched_regressions", "paired_odds_ratios"):
        turned, kept = [table.PAIRS], [table.PAIRS]
    assert_same(run(name, adjustments=turned), run(name, adjustments=kept))


def alone() -> Any:
    return hh.unadjusted(pd.Series([True] + [False] * 59, table.INDEX), design=table.X)


def test_one_patient_shows_no_spread() -> None:
    means = run("mean_differences", adjustments=alone()).iloc[0]
    assert np.isnan(means["std_error"])
    assert means["method"].startswith("cannot be estimated, because an arm of one patient")
    days = run("days_lost", adjustments=alone(), by=12)
    assert days["std_error"].isna().all()
    assert (
        days["method"].str.contains("of 20 bootstrap samples have nobody in an arm of 1 or 59 patients").all()
    )
    assert np.isnan(run("balance", adjustments=alone())["smd"][0])


def test_a_likelihood_that_is_no_number_ends() -> None:
    """What the door refuses would once have halved Newton's step for ever; behind the door nothing does."""
    from headtohead.outcomes import partial_likelihood as pl
    from headtohead.outcomes.cox import fit_checked, fit_risk_sets

    ones, died = np.ones(60), table.DIED.to_numpy(bool)
    rows = {"time": table.TIME, "event": table.DIED, **dict.fromkeys(("weights", "clusters", "sandwich"))}
    for bad in (np.nan, np.inf):
        wrong = put(bad)(table.X)
        with pytest.raises((E.MissingError, E.NumberError), match="'x' have (missing|infinite) values in 1"):
            fit_checked(**rows, covariates=wrong)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sets = pl.risk_sets(
                table.TIME.to_numpy(), died, wrong.to_numpy(), weights=ones, strata=np.zeros(60, int), entry=None,
                ties="efron",
            )  # fmt: skip
            with pytest.raises(
                errors.CannotEstimateError, match="no finite estimate: .*halved 40 times|collinear"
            ):
                fit_risk_sets(sets, np.ones(3), {**rows, "covariates": table.X}, None)


def test_every_error_of_input_is_one_kind_of_value_error() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert all(issubclass(kind, ValueError) for kind in kinds)
    assert len([kind for kind in kinds if issubclass(kind, errors.InputError)]) == 13
