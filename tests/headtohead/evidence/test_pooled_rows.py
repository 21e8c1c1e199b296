"""What a meta-analysis says as rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.evidence.effects import study_effects
from headtohead.evidence.meta import combined, every_meta_analysis, meta_analysis, random_effects
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS

HOW = {"tau2": "REML", "interval": "modified HK", "conf_level": 0.95}


def evidence(**other: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "id": ["a", "b", "c"], "study": ["A", "B", "C"], "design": "trial", "source": "primary",
            "measure": "counts", "effect": np.nan, "conf_low": np.nan, "conf_high": np.nan, "p_value": np.nan,
            "n_drug": [100, 200, 50], "deaths_drug": [10, 30, 4],
            "n_comparator": [100, 190, 50], "deaths_comparator": [20, 33, 9],
        }
    )  # fmt: skip
    return frame.assign(**other)


@pytest.fixture
def trials() -> pd.DataFrame:
    return study_effects(evidence(), prefer="counts")


def test_rows_are_the_numbers_of_the_pool(trials: pd.DataFrame) -> None:
    found = meta_analysis(trials, **HOW)
    plain = random_effects(trials["log_effect"], trials["variance"], **HOW)
    row = found.estimate()
    assert row[list(ESTIMATE_COLUMNS)].shape == (1, len(ESTIMATE_COLUMNS))
    assert row.loc[0, "scale"] == "risk ratio"
    assert row.loc[0, ["estimate", "conf_low", "conf_high"]].tolist() == pytest.approx(
        list(np.exp([plain.log_effect.estimate, plain.log_effect.conf_low, plain.log_effect.conf_high]))
    )
    assert found.studies is not None
    assert found.studies["weight"].tolist() == pytest.approx(plain.weights.tolist())
    parts = found.heterogeneity().set_index("part")
    assert parts["estimate"].tolist() == pytest.approx(
        [plain.ratio.estimate, 3, plain.i2, plain.tau2, plain.q]
    )
    assert parts.loc["prediction", ["conf_low", "conf_high"]].tolist() == pytest.approx(
        np.exp(plain.prediction).tolist()
    )
    assert found.shares().sum() == pytest.approx(100)


def test_added_counts_by_hand(trials: pd.DataFrame) -> None:
    found = meta_analysis(trials, **HOW)
    assert found.totals().to_dict() == {"n": 690, "deaths": 106}
    risks = found.risks().set_index("arm")
    assert risks.at["treated", "estimate"] == pytest.approx(44 / 350)
    assert risks.loc["control", ["n", "events"]].tolist() == [340, 62]
    difference = found.risk_difference().loc[0]
    ratio = found.ratio
    assert difference[["estimate", "conf_low", "conf_high"]].tolist() == pytest.approx(
        [(value - 1) * 62 / 340 for value in (ratio.estimate, ratio.conf_low, ratio.conf_high)]
    )


def test_a_study_without_counts_leaves_no_totals() -> None:
    ratio = {
        "effect": [0.5, np.nan, np.nan],
        "conf_low": [0.2, np.nan, np.nan],
        "conf_high": [1.25, np.nan, np.nan],
    }
    rows = evidence(**ratio, measure=["hazard ratio", "counts", "counts"])
    rows.loc[0, ["n_drug", "deaths_drug", "n_comparator", "deaths_comparator"]] = np.nan
    found = meta_analysis(study_effects(rows, prefer="counts"), **HOW)
    assert found.scale == "ratio"  # a hazard ratio and two risk ratios
    assert found.totals().isna().all()
    assert found.risk_difference()["estimate"].isna().all()


def test_arrays_have_no_studies() -> None:
    found = random_effects(np.array([0.0, 1.0]), np.full(2, 0.25), **HOW)
    with pytest.raises(ValueError, match=r"arrays were pooled; pool with meta_analysis"):
        found.totals()


def test_every_estimator_and_interval_is_the_pool_under_it(trials: pd.DataFrame) -> None:
    ways = every_meta_analysis(trials, conf_level=0.9)
    assert len(ways) == 12
    for row in ways.itertuples():
        one = meta_analysis(trials, tau2=row.estimator, interval=row.interval, conf_level=0.9)
        assert (row.estimate, row.conf_low, row.tau2) == (one.ratio.estimate, one.ratio.conf_low, one.tau2)


def test_one_study_stays_as_printed_and_several_are_pooled(trials: pd.DataFrame) -> None:
    # printed limits are not symmetric to rounding: 0.96 (0.64 to 1.45)
    printed = {"effect": 0.96, "conf_low": 0.64, "conf_high": 1.45, "measure": "risk ratio"}
    review = study_effects(evidence(**printed).iloc[:1], prefer="published")
    row = combined(review, **HOW).loc[0]
    assert (row["estimate"], row["conf_low"], row["conf_high"]) == pytest.approx((0.96, 0.64, 1.45), abs=0)
    se = np.log(1.45 / 0.64) / (2 * 1.959963985)
    other = combined(review, **(HOW | {"conf_level": 0.9})).loc[0]
    assert other["conf_high"] == pytest.approx(0.96 * np.exp(1.644853627 * se))
    assert combined(trials, **HOW).equals(meta_analysis(trials, **HOW).estimate())
