"""The second paper: its chapters give its ledger, its sentences hold, its version can be compared, it builds."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from livingpaper.__main__ import main
from livingpaper.build.numbers import check_conclusions
from livingpaper.build.project import Project
from livingpaper.chapters.cells import own_chapters, read_cells
from livingpaper.chapters.run import run_chapters
from livingpaper.ledger.ledger import read_ledger
from livingpaper.versions.release import release
from livingpaper.versions.sources import read_source, versions

EXAMPLE = Path(__file__).parents[2] / "examples" / "legislators"


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a copy of the paper, outside of this repository."""
    root = tmp_path / "legislators"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("_build", ".ipynb_checkpoints"))
    monkeypatch.chdir(root)
    return Project(root)


@pytest.mark.whole
def test_the_chapters_give_the_committed_ledger(example: Project) -> None:
    assert not run_chapters(example), "results/ledger.csv of the example must be what its chapters record"
    check_conclusions(example)


def test_the_data_are_those_of_the_package() -> None:
    from causaldata import black_politicians

    ours = pd.read_csv(EXAMPLE / "data" / "legislators.csv")
    theirs = black_politicians.load_pandas().data.reset_index(drop=True)
    pd.testing.assert_frame_equal(ours, theirs[list(ours)], check_dtype=False)


def test_numbers_by_hand(example: Project) -> None:
    found = read_ledger(example.ledger)
    # 1,476 of 2,629 constituents and 746 of 2,600 strangers were answered by other legislators
    # 86 of 185 constituents and 57 of 179 strangers by Black ones
    assert found.loc["answered.other.constituent", ["events", "n"]].tolist() == [1476, 2629]
    fall = {"other": 746 / 2600 - 1476 / 2629, "black": 57 / 179 - 86 / 185}
    for group, value in fall.items():
        assert found.loc[f"answers.everyone.drop_{group}.rd", "estimate"] == pytest.approx(value, rel=1e-5)
    assert found.loc["answers.everyone.drops.rd", "estimate"] == pytest.approx(
        fall["black"] - fall["other"], rel=1e-5
    )
    # published in the article's table 2, as 0.128 with a robust standard error
    assert found.loc["answers.everyone.drops.rd", "text"].startswith("+12.8 percentage points")


def test_the_difference_of_the_falls_is_the_sum_of_its_parts(example: Project) -> None:
    found = read_ledger(example.ledger)["estimate"]
    for who in ("everyone", "democrats", "pairs", "overlap"):
        of = {name: found[f"answers.{who}.{name}.rd"] for name in ("drops", "strangers", "constituents")}
        assert of["drops"] == pytest.approx(of["strangers"] - of["constituents"], abs=1e-5)


def test_it_is_made_without_this_study(example: Project) -> None:
    used = {
        name.split(".")[0]
        for path in own_chapters(example).values()
        for cell in read_cells(path, example.root)
        for node in ast.walk(ast.parse(cell.source))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert used == {"headtohead", "livingpaper", "pandas", "statsmodels"}
    assert not (example.root / "lib").exists()
    assert "study" not in (example.root / "paper.toml").read_text("utf-8")


def test_its_version_can_be_compared(example: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert versions(example) == ["1.0.0"]
    assert main(["diff", "1.0.0"]) == 1  # numbers, no conclusions
    said = capsys.readouterr().out
    assert "pairs.n: 180 → 156" in said
    assert "answers.everyone" not in said, "what the lot compares does not hang on the caliper"


def test_a_commit_is_read_from_the_folder_of_the_paper(example: Project) -> None:
    repository = example.root.parent
    (repository / "results").mkdir()
    (repository / "results" / "ledger.csv").write_text("another paper's\n")
    for command in (
        ["init", "-q"],
        ["add", "results", "legislators/results", "legislators/claims.toml"],
        ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "Two papers"],
    ):
        subprocess.run(["git", "-C", str(repository), *command], check=True, capture_output=True)
    assert read_source(example, "HEAD").equals(read_ledger(example.ledger))
    with pytest.raises(
        RuntimeError, match=r"legislators is not the root of one; give the paper its own: git init"
    ):
        release(example, "1.1.0")
