"""A version as one archive."""

from __future__ import annotations

import lzma
import random
from pathlib import Path

import pytest
from livingpaper.versions.site import ArchiveError, freeze, thaw

FILES = {
    "html/book/index.html": b"<html>",
    "html/_static/a.css": b"a{}",
    "paper.pdf": b"%PDF-1",
    "ledger.csv": b"id\n",
}


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    freeze(FILES, tmp_path / "v1.tar.xz", tmp_path / "assets", date=0)
    assert thaw(tmp_path / "v1.tar.xz", tmp_path / "assets") == FILES


def test_same_input_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        freeze(
            dict(reversed(FILES.items())) if name == "b" else FILES,
            tmp_path / name,
            tmp_path / "assets",
            date=7,
        )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_shared_files_are_stored_once(tmp_path: Path) -> None:
    for name in ("v1", "v2"):
        freeze(FILES | {"ledger.csv": name.encode()}, tmp_path / name, tmp_path / "assets", date=0)
    assert len(list((tmp_path / "assets").iterdir())) == 1


@pytest.mark.parametrize("fault", ["archive cut", "asset changed", "asset missing"])
def test_damage_is_found(tmp_path: Path, fault: str) -> None:
    archive, assets = tmp_path / "v1.tar.xz", tmp_path / "assets"
    freeze(FILES, archive, assets, date=0)
    asset = next(assets.iterdir())
    if fault == "archive cut":
        archive.write_bytes(archive.read_bytes()[:-20])
    elif fault == "asset changed":
        asset.write_bytes(lzma.compress(b"b{}"))
    else:
        asset.unlink()
    with pytest.raises(ArchiveError, match="restore it: git checkout versions"):
        thaw(archive, assets)


def test_a_version_that_is_too_large_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(3_100_000)
    with pytest.raises(ArchiveError, match="a version may take 3 MB"):
        freeze({"paper.pdf": noise}, tmp_path / "v1.tar.xz", tmp_path / "assets", date=0)
    assert not (tmp_path / "v1.tar.xz").exists()
