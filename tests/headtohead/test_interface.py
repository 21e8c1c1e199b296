"""What the package offers by name, and that asking for the package loads none of it."""

from __future__ import annotations

import subprocess
import sys
import time
from importlib import import_module
from types import ModuleType

import headtohead as hh
import pytest

PARTS = ("cohort", "evidence", "matching", "outcomes", "proportions", "sensitivity")


@pytest.mark.parametrize("part", PARTS)
def test_every_name_of_a_part_is_what_it_is_called_even_after_its_modules_are_loaded(part: str) -> None:
    package = getattr(hh, part)
    assert isinstance(package, ModuleType)
    for name in package.__all__:
        assert getattr(package, name).__name__ == name
    for name in package.__all__:  # a module of the same name would now stand in its place
        assert callable(getattr(package, name)), f"{part}.{name} is a module: give the module another name"
    assert dir(package) == sorted(package.__all__)


def test_every_name_at_the_top_exists_and_is_told() -> None:
    assert dir(hh) == sorted(hh.__all__)
    for name in hh.__all__:
        found = getattr(hh, name)
        assert found.__name__ == (f"headtohead.{name}" if name in PARTS else name)
        assert f"``{name}``" in str(hh.__doc__) or f"``hh.{name}``" in str(hh.__doc__), name
    assert len(hh.__all__) - len(PARTS) <= 30, "the top is for the usual analysis; the rest belongs in a part"


def test_a_name_of_a_part_is_told_where_it_is_and_an_unknown_one_refused() -> None:
    with pytest.raises(
        AttributeError, match="has no 'e_value': it is headtohead.sensitivity.e_value; see dir"
    ):
        _ = hh.e_value
    with pytest.raises(AttributeError, match="headtohead has no 'risk'; see dir"):
        _ = hh.risk
    with pytest.raises(AttributeError, match=r"headtohead\.evidence has no 'risks'; see dir"):
        _ = import_module("headtohead.evidence").risks


def test_importing_the_package_loads_no_estimator_and_takes_no_second() -> None:
    code = (
        "import sys, time; start = time.perf_counter(); import headtohead; took = time.perf_counter() - start\n"
        "print([n for n in sys.modules if n.startswith(('headtohead.', 'numpy', 'pandas'))], took < 1)"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['headtohead.lazily'] True"
    assert time.perf_counter() - start < 5
