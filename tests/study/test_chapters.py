"""What the chapters on matching and sensitivity bind and record hangs together."""

from __future__ import annotations

import pandas as pd
import pytest
from running import Paper


def test_the_parts_of_matching_add_up(paper: Paper) -> None:
    rows, space = paper.chapters["matching"].rows["estimate"], paper["matching"]
    assert set(paper.chapters["supplement-matching"].variables["designs"]["adjustment"]) == {
        "pairs",
        "optimal",
        "exact",
    }
    pairs = space["pairs"]
    assert rows["matching.pairs.n"] == pairs.matches.n_pairs == (pairs.treated & pairs.used).sum()
    assert rows["matching.pairs.n"] + rows["matching.pairs.unmatched"] == pairs.treated.sum()
    assert [each.key for each in space["adjustments"]][:3] == [
        "crude",
        "pairs",
        space["plan"].estimand.all[0].lower(),
    ]
    assert set(space["balance"]["term"]) == set(space["coefficients"]["term"]) - {"Intercept"}


def test_the_parts_of_sensitivity_add_up(paper: Paper) -> None:
    first, more = paper.chapters["sensitivity"].rows, paper.chapters["supplement-sensitivity"].rows
    rows, space = pd.concat([first, more])["estimate"], paper["sensitivity"]
    assert rows["multiverse.valid"] + rows["multiverse.excluded"] == rows["multiverse.product"]
    chosen = f"{round(100 * space['plan'].matching.caliper_sd):03d}"
    assert rows[f"sensitivity.caliper.{chosen}.pairs"] == space["pairs"].matches.n_pairs
    single = rows[f"robustness.missing.single.{space['weighted'].key}.rd"]
    committed = paper.rows["estimate"][f"outcomes.death28.{space['weighted'].key}.rd"]
    assert single == pytest.approx(committed, rel=1e-5)
