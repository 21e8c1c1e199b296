from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from livingpaper.build.cache import cached, code_digest, module_files, write_whole


def test_a_result_is_computed_once_per_input(tmp_path: Path) -> None:
    calls: list[int] = []

    def compute() -> int:
        calls.append(1)
        return len(calls)

    assert cached(tmp_path, "x", {"data": "a"}, compute) == 1
    assert cached(tmp_path, "x", {"data": "a"}, compute) == 1
    assert cached(tmp_path, "x", {"data": "b"}, compute) == 2
    assert len(list(tmp_path.glob("x-*.pickle"))) == 1  # the older one is gone


def test_a_torn_file_is_no_result(tmp_path: Path) -> None:
    cached(tmp_path, "x", {"data": "a"}, lambda: [1, 2, 3])
    path = next(tmp_path.glob("x-*.pickle"))
    path.write_bytes(pickle.dumps([1, 2, 3])[:-4])
    assert cached(tmp_path, "x", {"data": "a"}, lambda: "anew") == "anew"


def test_a_failure_stores_nothing_and_a_failed_write_keeps_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ZeroDivisionError):
        cached(tmp_path, "x", {}, lambda: 1 // 0)
    assert not list(tmp_path.iterdir())
    target = tmp_path / "ledger.csv"
    write_whole(target, b"old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(target, b"new")
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["ledger.csv"]


def test_the_code_digest_reaches_what_is_imported() -> None:
    reached = set(module_files("study.whole"))
    assert {
        "headtohead.outcomes.cox",
        "headtohead.outcomes.partial_likelihood",
        "headtohead.matching.pairs",
    } <= reached
    assert code_digest("study.whole") == code_digest("study.whole")
    assert code_digest("study.whole") != code_digest("headtohead.matching.pairs")
