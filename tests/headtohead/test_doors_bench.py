"""The bench of the checks sees a check that is slow, once, wherever it is called."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path
from typing import Any

import headtohead as hh
import numpy as np
import pandas as pd
import pytest
from headtohead.outcomes.log_rank import gray_test

BENCH = Path(__file__).parents[2] / "bench"
SLOW = 2e-3  # seconds of processor time


def waste() -> None:
    end = time.process_time() + SLOW
    while time.process_time() < end:
        pass


def test_the_column_that_a_call_needs_is_no_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    doors = import_module("doors")
    monkeypatch.setattr(doors, "BLOCKS", 5)
    days, arm = pd.Series(np.arange(40.0)), pd.Series(np.arange(40) % 2)
    cause = (days > 20).astype(int)
    own = doors.CONVERT[hh.door.times]

    def slow(values: Any) -> Any:
        waste()
        return own(values)

    monkeypatch.setitem(doors.CONVERT, hh.door.times, slow)
    monkeypatch.setattr("headtohead.door.people.floats", slow)
    spent, whole = doors.in_turns(lambda: gray_test(days, cause, arm, cause_number=1))
    assert whole > SLOW
    assert spent < SLOW / 4


@pytest.mark.parametrize("measure", ["alone", "in_turns"])
def test_a_slow_check_is_seen_once_and_slow_work_that_is_no_check_is_not(
    monkeypatch: pytest.MonkeyPatch, measure: str
) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    doors = import_module("doors")
    monkeypatch.setattr(doors, "LONG", 0.1)
    monkeypatch.setattr(doors, "BLOCKS", 5)
    saved = getattr(doors, measure)
    arm = pd.Series(np.arange(40) % 2, name="arm")

    def call() -> object:
        waste()
        return hh.unadjusted(arm)

    fast, whole = saved(call)
    assert fast < SLOW / 4
    assert whole > SLOW
    own = hh.door.arms

    def slow(*args: Any, **named: Any) -> Any:
        waste()
        return own(*args, **named)

    def twice(*args: Any, **named: Any) -> Any:
        return slow(*args, **named)

    for check in (slow, twice):  # one within another counts once
        monkeypatch.setattr(hh.door, "arms", check)
        monkeypatch.setattr(doors, "CHECKS", [*doors.CHECKS, slow, twice])
        seen, whole = saved(call)
        assert SLOW <= seen < 1.5 * SLOW
        assert whole > 2 * SLOW
    assert hh.door.arms is twice, "what was listened to stands as before"
