"""Every exhibit of every chapter under other admissible choices: it is drawn, and says what the choices say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from livingpaper.book.show import Figure, Table
from livingpaper.build.project import Project
from livingpaper.config import config
from own_cohort import COMMITTED, rows_of
from project_copy import FEW, links_to
from running import Paper, broken, run_paper
from scipy.stats import norm
from study.data.load import load_truth, load_worlds
from study.labels import ADJUSTMENTS, SIMULATED
from study.protocol.protocol import Protocol

pytestmark = pytest.mark.whole

NAMES = {name: key for key, name in ADJUSTMENTS.items()}
FIRST = {
    'primary = "ATO"': 'primary = "ATT"',
    'all = ["ATO", "ATT", "ATM", "ATE"]': 'all = ["ATT", "ATE", "ATO"]',
    'smd_denominator = "pooled"': 'smd_denominator = "treated"',
    "smd_threshold = 0.1": "smd_threshold = 0.2",
    "caliper_sd = 0.2": "caliper_sd = 0.1",
    'caliper_scale = "pooled" ': 'caliper_scale = "all" ',
}
OTHERS = {
    COMMITTED: '"cohort.csv"',
    'treated = "anakinra"': 'treated = "baricitinib"',
    'control = "baricitinib"': 'control = "anakinra"',
    "horizon_days = 28": "horizon_days = 14",
    "conf_level = 0.95": "conf_level = 0.9",
    "wide_margin_pp = 10.0": "wide_margin_pp = 8.0",
    "margin_pp = 5.0": "margin_pp = 4.0",
    "alpha = 0.05": "alpha = 0.025",
    "split_day = 7": "split_day = 5",
}


def under(project: Project, root: Path, changes: dict[str, str]) -> Paper:
    """Run the paper under other choices; its cohort has the columns in another order."""
    made = links_to(
        project, root, FEW | {"bootstrap_replicates = 2000": "bootstrap_replicates = 5"} | changes
    )
    rows = rows_of(project)
    rows[rows.columns[::-1]].to_csv(made.root / "cohort.csv", index=False)
    follow_the_horizon(made)
    return run_paper(made)


def drawn(paper: Paper, name: str) -> list[dict[str, Any]]:
    """Return all that a figure draws."""
    figure = paper.shown[name]
    assert isinstance(figure, Figure)
    return [row for rows in figure.spec()["datasets"].values() for row in rows]


def follow_the_horizon(made: Project) -> None:
    """Let the page of versions follow numbers that are there."""
    text, days = (made.root / "paper.toml").read_text("utf-8"), config(made).plan().outcome.horizon_days
    (made.root / "paper.toml").unlink()
    (made.root / "paper.toml").write_text(text.replace(".death28.", f".death{days}."), "utf-8")


def test_another_primary_population_threshold_denominator_and_caliper(
    project: Project, tmp_path: Path
) -> None:
    paper = under(project, tmp_path / "p", FIRST)
    assert broken(paper) == []
    assert paper["outcomes"]["primary"]["estimand"] == "ATT"
    assert "atm" not in paper["outcomes"]["found"]["adjustment"].unique()
    primary = paper["outcomes"]["primary"]["estimate"]
    assert paper.rows.at["outcomes.death28.att.rd", "estimate"] == pytest.approx(primary, rel=1e-5)
    smd = paper["matching"]["balance"].set_index("adjustment")["smd"].abs()
    for label in ("tbl-sizes", "tbl-designs"):
        table = paper.shown[label]
        assert isinstance(table, Table)
        assert "SMD above 0.2" in table.frame
        for name, count in table.frame.set_index(table.frame.columns[0])["SMD above 0.2"].items():
            key = NAMES[name]
            prose = paper.rows.at[f"matching.smd.above_tenth.{key}", "text"]
            assert prose == count == str((smd[key] > 0.2).sum()), (label, name)


def test_other_arms_horizon_level_and_margins(project: Project, tmp_path: Path) -> None:
    paper = under(project, tmp_path / "p", OTHERS)
    assert broken(paper) == []
    rows = paper.rows
    assert rows.at["outcomes.death14.ato.rd", "conf_level"] == 0.9
    assert "outcomes.death28.ato.rd" not in rows.index
    assert rows.at["counts.death.rd", "estimate"] == pytest.approx(
        36 / 217 - 22 / 125, abs=5e-7
    )  # turned round
    truth = load_worlds().query(
        "world == 'harm' and estimand == 'ATC' and outcome == 'death' and horizon_days == 14"
    )
    assert rows.at["worlds.harm.truth.death14.att.rd", "estimate"] == pytest.approx(
        -truth["rd"].item(), rel=1e-5
    )
    assert "90% interval" in paper.shown["tbl-worlds"].frame
    assert {"Higher by over 4", "Within 4", "Within 8"} <= set(paper.shown["tbl-posterior"].frame)
    assert "Baricitinib" in paper.shown["tbl-death"].frame.columns[2]
    curve, z = paper["sensitivity"]["curve"], norm.ppf(0.95)
    half = [row["high"] - row["estimate"] for row in drawn(paper, "fig-curve") if row.get("primary")]
    assert half == pytest.approx(100 * z * curve.loc[curve["primary"], "std_error"], abs=2e-3)
    panels = [row for row in drawn(paper, "fig-simulation") if row.get("estimator") == "Crude"]
    half = {row["world"]: row["bias_high"] - row["bias"] for row in panels}
    errors = {
        world: rows.at[f"simulation.{name}.crude.bias", "std_error"] for name, world in SIMULATED.items()
    }
    assert half == pytest.approx({world: 100 * z * error for world, error in errors.items()}, abs=2e-3)


def test_a_day_whose_truth_is_unknown_is_refused(protocol: Protocol) -> None:
    outcome = protocol.outcome.model_copy(update={"horizon_days": 21})
    with pytest.raises(ValueError, match=r"it is by days \[14, 28, 60, 120\] and not by 21; choose one"):
        load_truth(protocol.model_copy(update={"outcome": outcome}))
