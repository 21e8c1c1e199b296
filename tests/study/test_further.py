"""The further analyses of the outcomes, on the cohort of the paper with few bootstraps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from headtohead.cohort.flow import apply_eligibility
from study.matching.sample import Sample, adjust
from study.outcomes.further import estimate_further, posteriors, standardised
from study.outcomes.further_results import FurtherResults
from study.protocol.protocol import Protocol

PRIMARY = pd.Series(
    {
        "estimand": "ATO", "population": "", "outcome": "death", "horizon_days": 28, "scale": "risk difference",
        "estimate": 0.02, "std_error": 0.04, "conf_low": -0.06, "conf_high": 0.1, "conf_level": 0.95, "n": 300,
        "events": 50, "method": "given",
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def few(protocol: Protocol) -> Protocol:
    return protocol.model_copy(
        update={"inference": protocol.inference.model_copy(update={"bootstrap_replicates": 40})}
    )


@pytest.fixture(scope="module")
def sample(cohort: pd.DataFrame, few: Protocol) -> Sample:
    arms = few.arms
    frame, _ = apply_eligibility(
        cohort, few.eligibility, arm=arms.column, treated=arms.treated, control=arms.control
    )
    return adjust(frame, few)


@pytest.fixture(scope="module")
def found(sample: Sample, few: Protocol) -> FurtherResults:
    return estimate_further(sample, PRIMARY, few)


def test_every_estimate_has_its_interval_or_says_why_not(found: FurtherResults) -> None:
    for table in (
        found.standardised,
        found.subdistribution,
        found.days,
        found.split,
        found.wins,
        found.mistakes,
    ):
        known = table["estimate"].notna()
        assert (table.loc[known, "conf_low"] <= table.loc[known, "estimate"] + 1e-9).all()
        assert table.loc[~known, "method"].str.startswith("cannot be estimated, because").all()


def test_days_and_states_add_up(found: FurtherResults, few: Protocol) -> None:
    horizon = few.outcome.horizon_days
    sums = found.days.groupby(["key", "scale"])["estimate"].sum()
    np.testing.assert_allclose(sums.xs("mean days, treated", level="scale"), horizon)
    np.testing.assert_allclose(found.occupation.groupby(["arm", "day"])["probability"].sum(), 1)
    dead = found.occupation[(found.occupation["state"] == "dead") & (found.occupation["arm"] == "treated")]
    area = found.days.set_index(["key", "state", "scale"])["estimate"]["ato", "death", "mean days, treated"]
    assert dead["probability"].iloc[:-1].sum() == pytest.approx(area)  # the same curve, day by day


def test_win_components_add_up_to_the_net_benefit(found: FurtherResults) -> None:
    for key, part in found.win_components.groupby("key"):
        net = found.wins[(found.wins["key"] == key) & (found.wins["scale"] == "net benefit")][
            "estimate"
        ].iloc[0]
        assert part["wins"].sum() - part["losses"].sum() == pytest.approx(net)


def test_the_flat_prior_leaves_the_estimate_and_the_others_pull(few: Protocol) -> None:
    rows = posteriors(PRIMARY, few)[0].set_index("prior")
    assert rows.at["flat", "mean"] == pytest.approx(0.02)
    assert abs(rows.at["sceptical", "mean"]) < 0.02
    assert rows.at["sceptical", "within_margin"] > rows.at["flat", "within_margin"]


def test_an_outcome_model_without_events_is_said_in_words(sample: Sample, few: Protocol) -> None:
    alive = sample.frame.assign(end_state="discharged", death_day=np.nan)
    without = replace(sample, frame=alive)
    rows = standardised(without, few)
    assert rows["estimate"].isna().all()
    assert rows["method"].str.startswith("cannot be estimated, because the outcome model needs events").all()
