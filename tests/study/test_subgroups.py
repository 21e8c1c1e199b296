"""The levels of each subgroup column: compared on two scales, and drawn towards each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from running import Paper
from scipy import stats
from study.protocol.protocol import Protocol
from study.protocol.sensitivity import Subgroup
from study.sensitivity.subgroups import interactions, levels, shrunken


def rows(scale: str, estimates: list[float], errors: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "column": "age",
            "level": ["young", "old"],
            "scale": scale,
            "estimate": estimates,
            "std_error": errors,
        }
    )


def test_both_scales_by_hand(protocol: Protocol) -> None:
    # differences: (0.10 - 0.02) / hypot(0.03, 0.04) = 1.6; ratios: log(3 / 1.5) / hypot(0.3, 0.4) = 1.386
    groups = pd.concat(
        [rows("risk difference", [0.02, 0.10], [0.03, 0.04]), rows("hazard ratio", [1.5, 3.0], [0.3, 0.4])]
    )
    found = interactions(groups, protocol).set_index("name")
    z = np.array([1.6, np.log(2) / 0.5])
    p_values = found.loc[["p", "rhr_p"], "estimate"].tolist()
    assert p_values == pytest.approx((2 * stats.norm.sf(z)).tolist())
    assert found.loc[["rd", "rhr"], "estimate"].tolist() == pytest.approx([0.08, 2.0])
    limit, power = stats.norm.ppf(0.975), stats.norm.ppf(0.8)
    assert found.at["rhr", "conf_high"] == pytest.approx(2 * np.exp(limit * 0.5))
    assert found.at["rhr_detectable", "estimate"] == pytest.approx(np.exp((limit + power) * 0.5))
    assert found.at["detectable", "estimate"] == pytest.approx((limit + power) * 0.05)


def test_a_level_without_an_estimate_is_said_on_each_scale(protocol: Protocol) -> None:
    groups = pd.concat(
        [
            rows("risk difference", [0.02, np.nan], [0.03, np.nan]),
            rows("hazard ratio", [1.5, 3.0], [0.3, 0.4]).head(1),
        ]
    )
    found = interactions(groups, protocol)
    assert found["estimate"].isna().all()
    assert found["method"].str.contains("1 of 2 have them").all()
    assert shrunken(groups, protocol).empty


def test_the_prior_is_the_one_of_the_protocol(protocol: Protocol) -> None:
    groups = rows("risk difference", [-0.10, 0.10], [0.05, 0.05])

    def spread(sd_pp: float) -> float:
        chosen = protocol.sensitivity.model_copy(update={"shrinkage_sd_pp": sd_pp})
        return float(
            np.ptp(shrunken(groups, protocol.model_copy(update={"sensitivity": chosen}))["estimate"])
        )

    assert spread(0.01) < 0.001 < spread(2.0) < spread(5.0) < spread(50.0) < 0.2


def test_in_the_paper_each_level_is_drawn_towards_the_others(paper: Paper) -> None:
    groups, drawn, tests = (paper["sensitivity"][name] for name in ("groups", "drawn", "tests"))
    raw = groups.query("scale == 'risk difference'").set_index(["column", "level"])["estimate"]
    drawn = drawn.set_index(["column", "level"])["estimate"]
    assert len(drawn) >= 10
    for column, part in drawn.groupby(level="column"):
        mine = raw.loc[part.index]
        assert np.ptp(part) < np.ptp(mine), column
        assert part.rank().tolist() == mine.rank().tolist(), column
    assert {"rd", "rhr"} <= set(tests["name"])


def test_levels_leave_out_the_unknown(cohort: pd.DataFrame) -> None:
    found = levels(cohort, Subgroup(column="ldh", cut=350.0))
    assert list(found) == ["below 350", "350 or above"]
    assert sum(mask.sum() for mask in found.values()) == cohort["ldh"].notna().sum() < len(cohort)
    assert list(levels(cohort, Subgroup(column="obesity"))) == ["no", "yes"]
