"""Results of long steps: kept under what they rest on, forgotten when the folder is full, safe with two writers."""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from livingpaper.build.project import Project
from livingpaper.chapters import store
from livingpaper.chapters.store import Shelf, hash_of, remember, stored
from livingpaper.chapters.tracked import Tracked
from pydantic import BaseModel
from small_book import small_book

STEP = '''"""A step."""
from pathlib import Path

import helper


def mean(frame, *, by=1):
    with Path("runs.txt").open("a") as runs:
        runs.write("run\\n")
    return frame["a"].mean() * by + helper.EXTRA
'''


@dataclass(frozen=True)
class Choice:
    caliper: float


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Return a book whose analysis stands beside it: two modules of its own names."""
    project = small_book(tmp_path)
    (tmp_path / "step.py").write_text(STEP)
    (tmp_path / "helper.py").write_text("EXTRA = 0\n")
    for path in ("step.py", "helper.py"):
        os.utime(tmp_path / path, (1, 1))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    from livingpaper.build.cache import home_of

    home_of.cache_clear()
    yield project
    home_of.cache_clear()
    for name in ("step", "helper"):
        sys.modules.pop(name, None)


def keep(folder: Path, name: str, compute: Callable[[], Any]) -> Any:
    """Keep a result that rests on no choices."""
    return stored(Shelf(folder, name, {"a": "1"}), compute, lambda _files: set())


def results(folder: Path, name: str) -> list[Path]:
    return [file for file in folder.glob(f"{name}-*.pickle") if "-reads-" not in file.name]


def runs() -> int:
    path = Path("runs.txt")
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_large_arrays_stand_apart_and_whoever_changes_them_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    many = 20_000
    names = np.array(["Norte", "Sur", np.nan, "Sur"], object)[np.arange(many) % 4]
    people = pd.DataFrame({"a": np.arange(many, dtype=float), "where": names, "b": np.arange(many) % 3})
    first = keep(tmp_path, "step", lambda: (people, people, people["a"]))
    (path,) = results(tmp_path, "step")
    before = path.read_bytes()
    assert first[0] is first[1]  # as in one pickle
    first[0].iloc[0, 0] = 7.0
    again = keep(tmp_path, "step", lambda: pytest.fail("it is kept"))
    pd.testing.assert_frame_equal(again[0], people)
    assert again[0]["where"].map(type).value_counts().to_dict() == {str: 15_000, float: 5_000}
    assert path.read_bytes() == before


@pytest.mark.parametrize("part", [0, 1, 100, -1])
def test_a_torn_result_is_computed_anew(tmp_path: Path, part: int) -> None:
    keep(tmp_path, "step", lambda: np.arange(20_000))
    (path,) = results(tmp_path, "step")
    path.write_bytes(path.read_bytes()[:part])
    assert keep(tmp_path, "step", lambda: np.arange(20_000) * 2)[1] == 2


@pytest.mark.parametrize("odd", [None, 3, True, b"x", float("nan")])
def test_what_is_no_text_comes_back_as_it_was(tmp_path: Path, odd: object) -> None:
    mixed = np.array(["Norte", odd] * 1_000, object)
    assert [*map(repr, keep(tmp_path, "step", lambda: mixed))] == [*map(repr, mixed)]


@pytest.mark.usefixtures("book")
def test_a_step_runs_once_for_the_same_arguments() -> None:
    step = importlib.import_module("step")
    people = pd.DataFrame({"a": [1.0, 3.0]})
    assert [remember(step.mean)(people), remember(step.mean)(people.copy())] == [2.0, 2.0]
    assert runs() == 1
    assert remember(step.mean)(people, by=2) == 4.0
    assert remember(step.mean)(people + 1) == 3.0
    assert runs() == 3


def test_a_step_runs_again_when_a_module_behind_it_changes(book: Project) -> None:
    """A new process, as after an edit: this one still runs what it has loaded."""
    code = "import pandas as pd, step\nfrom livingpaper import remember\n"
    code += "print(remember(step.mean)(pd.DataFrame({'a': [1.0, 3.0]})))"

    def run() -> str:
        environment = {**os.environ, "PYTHONPATH": str(book.root)}
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
        ).stdout

    assert (run(), run(), runs()) == ("2.0\n", "2.0\n", 1)
    (book.root / "helper.py").write_text("EXTRA = 5\n")
    assert (run(), run(), runs()) == ("7.0\n", "7.0\n", 2)
    (book.root / "helper.py").write_text("EXTRA = 0\n")
    assert (run(), runs()) == ("2.0\n", 2)


def test_what_an_edited_module_gave_in_a_running_process_is_not_kept(book: Project) -> None:
    step = importlib.import_module("step")
    (book.root / "helper.py").write_text("EXTRA = 5\n")
    people = pd.DataFrame({"a": [1.0, 3.0]})
    assert remember(step.mean)(people) == 2.0  # as loaded; the file says 7
    assert not list(book.steps.glob("*.pickle"))


CHOOSING = '''"""A step that reads choices."""
import pickle
from pathlib import Path


def note():
    with Path("runs.txt").open("a") as runs:
        runs.write("run\\n")


def one(plan):
    note()
    return plan.matching.caliper * 10 if plan.switch else plan.other


def whole(section):
    note()
    return pickle.dumps(section)


def both(plan):
    from livingpaper import remember

    return remember(one)(plan) + plan.matching.ratio


def holding(plan):
    note()
    return {"kept": plan.matching}


def rows(items, plan):
    import pandas as pd

    note()
    return pd.DataFrame({"item": items, "double": [2 * item * plan.switch for item in items]})
'''


def plan_of(*, caliper: float = 0.2, ratio: int = 1, switch: bool = True, other: int = 5) -> SimpleNamespace:
    return SimpleNamespace(matching=SimpleNamespace(caliper=caliper, ratio=ratio), switch=switch, other=other)


def choosing(book: Project) -> ModuleType:
    (book.root / "step.py").write_text(CHOOSING)
    os.utime(book.root / "step.py", (1, 1))
    return importlib.import_module("step")


def test_of_choices_only_those_that_are_read_count(book: Project) -> None:
    one = remember(choosing(book).one)
    assert [one(plan_of()), one(plan_of(ratio=2)), one(plan_of(other=6))] == [2.0, 2.0, 2.0]
    assert runs() == 1
    assert one(plan_of(caliper=0.1)) == 1.0
    assert one(plan_of(caliper=0.1, switch=False)) == 5  # now another choice is read
    assert one(plan_of(caliper=0.3, switch=False)) == 5
    assert one(plan_of(switch=False, other=6)) == 6
    assert [one(plan_of()), one(plan_of(caliper=0.1))] == [2.0, 1.0]
    assert runs() == 4


def test_choices_that_are_looked_at_as_a_whole_count_as_a_whole(book: Project) -> None:
    whole = remember(choosing(book).whole)
    assert pickle.loads(whole(plan_of().matching)) == plan_of().matching
    whole(plan_of(other=6).matching)
    assert runs() == 1
    whole(plan_of(ratio=2).matching)
    assert runs() == 2


def test_what_a_step_in_a_step_reads_counts_for_both(book: Project) -> None:
    both = remember(choosing(book).both)
    assert [both(plan_of()), both(plan_of(other=6)), both(plan_of(caliper=0.1))] == [3.0, 3.0, 2.0]
    assert runs() == 2
    assert [both(plan_of(ratio=2)), both(plan_of(caliper=0.1, ratio=2))] == [4.0, 3.0]
    assert runs() == 2  # of the inner step the results are there


def test_choices_in_a_result_count_as_read(book: Project) -> None:
    holding = remember(choosing(book).holding)
    for plan in (plan_of(), plan_of(ratio=2)):
        assert holding(plan) == {"kept": plan.matching}
    assert (runs(), holding(plan_of(other=6))) == (2, {"kept": plan_of().matching})


def test_tracked_choices_are_the_choices() -> None:
    class Section(BaseModel):
        caliper: float = 0.2
        ratio: int = 1

        def half(self) -> float:
            return self.caliper / 2

    seen: set[str] = set()
    tracked = Tracked(SimpleNamespace(matching=Section(), n=3), seen.add, "plan")
    assert isinstance(tracked.matching, Section)
    assert tracked.n == 3
    assert seen == {"plan.n"}
    assert tracked.matching.half() == 0.1
    assert seen == {"plan.n", "plan.matching.caliper"}
    assert tracked.matching == Section()
    assert tracked.matching.model_dump() == {"caliper": 0.2, "ratio": 1}
    assert seen == {"plan.n", "plan.matching.caliper", "plan.matching"}
    assert repr(tracked.matching) == "Section(caliper=0.2, ratio=1)"
    with pytest.raises(AttributeError, match="no_such"):
        _ = tracked.matching.no_such
    assert "plan.matching.no_such" in seen  # it might be there another time


def test_a_copy_with_another_value_reads_the_others_only() -> None:
    class Section(BaseModel):
        caliper: float = 0.2
        ratio: int = 1

    class Plan(BaseModel):
        matching: Section = Section()
        seed: int = 3

        def wider(self) -> Plan:
            return self.model_copy(update={"matching": self.matching.model_copy(update={"caliper": 0.4})})

    seen: set[str] = set()
    wider = Tracked(Plan(), seen.add, "plan").wider()
    assert (wider.matching.caliper, seen) == (0.4, set())
    assert (wider.matching.ratio, wider.seed, seen) == (1, 3, {"plan.matching.ratio", "plan.seed"})
    assert pickle.loads(pickle.dumps(wider.matching.ratio)) == 1


def test_each_item_is_kept_alone(book: Project) -> None:
    rows = remember(choosing(book).rows, each="items")
    assert rows([1, 2], plan_of()).to_dict("list") == {"item": [1, 2], "double": [2, 4]}
    assert runs() == 2
    assert rows([2, 3, 1], plan=plan_of(other=1)).to_dict("list") == {"item": [2, 3, 1], "double": [4, 6, 2]}
    assert runs() == 3


def test_arguments_are_told_apart_by_content() -> None:
    assert hash_of(Choice(0.2)) == hash_of(Choice(0.2)) != hash_of(Choice(0.1))
    one, two = pd.DataFrame({"a": ["x", "y"]}), pd.DataFrame({"a": ["x", "z"]})
    assert hash_of(one) == hash_of(one.copy()) == hash_of(pickle.loads(pickle.dumps(one))) != hash_of(two)
    assert hash_of([one, one]) == hash_of([one, one.copy()]) != hash_of([one, two])
    texts = [
        ["ab", "c"],
        ["a", "bc"],
        ["c", "ab"],
        ["ab", None],
        ["ab", "None"],
        [["ab"], ["c"]],
        ["ab", {"c"}],
    ]
    assert len({hash_of(np.array(each, dtype=object)) for each in texts}) == len(texts)
    assert hash_of(pd.Series(["ab", "c"])) == hash_of(pd.Series(["ab", "".join(["", "c"])]))


def test_equal_arguments_are_equal_in_another_process() -> None:
    """The order of a set of texts differs between processes."""
    code = "from livingpaper.chapters.store import hash_of; print(hash_of({'a': {'x', 'y', 'z', frozenset('uvw')}}))"
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1] == hash_of({"a": {"x", "y", "z", frozenset("uvw")}}) + "\n"
    assert hash_of({"x", "y"}) != hash_of({"x", "z"})


def test_a_function_of_a_cell_cannot_be_remembered() -> None:
    with pytest.raises(
        ValueError, match="remember takes a function of a module of the project, found .*<lambda>; move it"
    ):
        remember(lambda: 1)
    with pytest.raises(ValueError, match="found numpy.mean; move it"):
        remember(np.mean)


def test_a_torn_file_is_no_result(tmp_path: Path) -> None:
    assert keep(tmp_path, "x", lambda: [1, 2]) == [1, 2]
    (file,) = results(tmp_path, "x")
    file.write_bytes(file.read_bytes()[:-4])
    assert keep(tmp_path, "x", lambda: [3]) == [3]
    assert keep(tmp_path, "x", lambda: [4]) == [3]


def test_what_was_used_longest_ago_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i, name in enumerate("abc"):
        keep(tmp_path, name, lambda: bytes(1000))
        for file in tmp_path.glob(f"{name}-*.pickle"):
            os.utime(file, (i + 1, i + 1))
    keep(tmp_path, "a", lambda: bytes(1000))  # used again
    monkeypatch.setattr(store, "LIMIT", 2500)
    keep(tmp_path, "d", lambda: bytes(1000))
    assert [name for name in "abcd" if results(tmp_path, name)] == ["a", "d"]


def test_who_comes_second_waits_for_the_first(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom livingpaper.chapters.store import Shelf, stored\n"
        "def compute():\n    time.sleep(1)\n    open('runs', 'a').write('run\\n')\n    return 1\n"
        "assert stored(Shelf(Path('kept'), 'x', {}), compute, lambda files: set()) == 1"
    )
    two = [subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path) for _ in range(2)]
    assert [process.wait() for process in two] == [0, 0]
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_failed_step_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> int:
        raise KeyError("no")

    with pytest.raises(KeyError):
        keep(tmp_path, "x", fail)
    started = time.time()
    assert keep(tmp_path, "x", lambda: 2) == 2
    assert time.time() - started < 5  # the lock was given back
