"""Files written whole, and what a fingerprint of code reaches."""

from __future__ import annotations

from pathlib import Path

import pytest
from livingpaper.build.cache import code_digest, module_files, write_whole


def test_a_failed_write_keeps_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "ledger.csv"
    write_whole(target, b"old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(target, b"new")
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["ledger.csv"]


def test_the_code_digest_reaches_what_is_imported() -> None:
    reached = set(module_files("headtohead.outcomes.hazard"))
    assert {
        "headtohead.outcomes.cox",
        "headtohead.outcomes.partial_likelihood",
    } <= reached
    assert code_digest("headtohead.outcomes.hazard") == code_digest("headtohead.outcomes.hazard")
    assert code_digest("headtohead.outcomes.hazard") != code_digest("headtohead.matching.pairs")


def test_a_package_that_loads_lazily_counts_with_all_its_parts() -> None:
    """``import headtohead as hh`` runs no other import, and a change of any part changes what hh.risks gives."""
    reached = set(module_files("headtohead"))
    assert {
        "headtohead.outcomes.risk",
        "headtohead.sensitivity.confounding",
        "headtohead.inference",
        "headtohead.kernels.logistic",
    } <= reached
    assert "headtohead.outcomes.risk" not in module_files("headtohead.proportions.counts")
