"""Every figure and table of the paper, found in its modules, called with the results."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import study
from livingpaper.book.show import Drawing, Sheet
from study.results import Paper

OUTCOMES = ("death", "imv", "imv_or_death")
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "outcome": OUTCOMES,
    "key": ("crude", "pairs", "ato"),
    "pool": ("baricitinib", "anakinra"),
    "domain": ((0.1, 5),),
    "roles": (("baseline",), ("outcome", "safety")),
}
Make = Callable[[Paper], Drawing | Sheet]


def makers() -> dict[str, Make]:
    """Return each public function of results to a drawing or a sheet, once per choice of its arguments."""
    return dict(_found())


def _found() -> Iterator[tuple[str, Make]]:
    for module in pkgutil.walk_packages(study.__path__, "study."):
        kind = module.name.rpartition(".")[2].rpartition("_")[2]
        if kind not in ("figures", "tables"):
            continue
        inside = importlib.import_module(module.name)
        for name, function in vars(inside).items():
            if inspect.isfunction(function) and function.__module__ == inside.__name__:
                if function.__annotations__.get("return") not in ("Drawing", "Sheet") or name[0] == "_":
                    continue
                if "paper" not in inspect.signature(function).parameters:
                    continue  # of a chapter that shows the ledger: its own test makes it
                yield from _choices(f"{kind}.{module.name}.{name}", function)


def _choices(label: str, function: Callable[..., Any]) -> Iterator[tuple[str, Make]]:
    names = list(inspect.signature(function).parameters)[1:]
    for values in product(*(ARGUMENTS[name] for name in names)):
        chosen = dict(zip(names, values, strict=True))
        extra = ", ".join(str(value) for value in values)
        yield (f"{label}({extra})" if extra else label), partial(function, **chosen)
