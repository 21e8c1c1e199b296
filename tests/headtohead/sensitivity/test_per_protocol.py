"""Taking the drug as intended: by hand, without deviations, and against a known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.inference import Inference
from headtohead.matching.adjustment import unadjusted
from headtohead.outcomes.endpoint import Endpoint
from headtohead.sensitivity.adherence import NOBODY, PerProtocol, per_protocol
from scipy.special import expit


def run(
    time: np.ndarray,
    cause: np.ndarray,
    left: np.ndarray,
    treated: np.ndarray,
    *,
    baseline: np.ndarray | None = None,
    state: np.ndarray | None = None,
    horizon: int = 28,
    replicates: int = 2,
) -> PerProtocol:
    arm = pd.Series(treated.astype(bool))
    nothing = np.zeros((len(time), 1))
    return per_protocol(
        Endpoint("death", pd.Series(time, dtype=float), pd.Series(cause), ("death", "discharge")), unadjusted(arm),
        pd.Series(left, dtype=float), by=horizon,
        baseline=pd.DataFrame(nothing if baseline is None else baseline),
        changing=[] if state is None else [pd.Series(state, dtype=float)],
        inference=Inference(bootstrap_replicates=replicates),
    )  # fmt: skip


def risk(found: PerProtocol, analysis: str, scale: str = "risk, treated") -> float:
    table = found.estimates.set_index(["analysis", "scale"])
    return float(table.loc[(analysis, scale), "estimate"])  # type: ignore[arg-type]


NAN = np.nan


def test_censoring_by_hand() -> None:
    # treated: death on day 1, rescue on day 1 (death on day 3), discharge on day 2, death on day 4.
    # as started: 3 deaths of 4. Censored: day 1, 1 of 4 die, S = 3/4; the second is then gone;
    # day 2, nobody of 2 dies, 1 goes home, S = 3/8; day 4, 1 of 1 dies: 1/4 + 3/8 = 5/8
    time, cause = (
        np.array([1, 3, 2, 4] * 20),
        np.array([1, 1, 2, 1] * 20),
    )  # ten of each, so that no sample is empty
    left = np.array([NAN, 1, NAN, NAN] * 10 + [NAN] * 40)
    found = run(time, cause, left, np.repeat([1, 0], 40), horizon=5)
    assert risk(found, "as started") == pytest.approx(3 / 4)
    assert risk(found, "censored") == pytest.approx(5 / 8)
    assert risk(found, "censored", "risk, control") == pytest.approx(3 / 4)
    assert found.deviations["left"].tolist() == [10, 0]


def test_leaving_on_the_last_day_is_no_deviation() -> None:
    time, cause = np.array([3, 5, 4, 6]), np.array([1, 2, 1, 2])
    found = run(time, cause, time.astype(float), np.array([1, 1, 0, 0]), horizon=6)
    assert found.deviations["left"].sum() == 0


def test_without_deviations_nothing_changes() -> None:
    rng = np.random.default_rng(3)
    time, cause, arm = rng.integers(1, 28, 200), rng.integers(1, 3, 200), rng.random(200) < 0.5
    found = run(time, cause, np.full(200, NAN), arm)
    table = found.estimates.pivot(index="scale", columns="analysis", values="estimate")
    assert np.ptp(table.to_numpy(), axis=1) == pytest.approx(0, abs=1e-12)
    assert risk(found, "as started") == pytest.approx((cause[arm] == 1).mean())
    assert set(found.weights) == {1.0}


def test_an_arm_that_everybody_leaves_has_no_estimate() -> None:
    time, cause = np.full(8, 10), np.tile([1, 2], 4)
    found = run(time, cause, np.repeat([2.0, NAN], 4), np.repeat([1, 0], 4))
    row = found.estimates.set_index(["analysis", "scale"]).loc[("censored", "risk, treated")]
    assert np.isnan(row["estimate"])
    assert row["method"] == NOBODY


def test_a_missing_covariate_is_refused() -> None:
    with pytest.raises(
        ValueError,
        match=r"covariates of the model of deviating must be finite and complete, 0 have missing values",
    ):
        run(
            np.array([1, 2]),
            np.array([1, 1]),
            np.full(2, NAN),
            np.array([1, 0]),
            baseline=np.array([[NAN], [1]]),
        )


def test_weights_undo_the_bias_of_censoring_the_sick() -> None:
    # From day 2 some are in intensive care; they die more often and are more often given a rescue drug,
    # most of all in the first arm. Leaving changes no outcome, so what happened to everybody is the truth.
    rng = np.random.default_rng(20210906)
    n = 20_000
    arm, frail = rng.random(n) < 0.5, rng.normal(size=n)
    state = np.where(rng.random(n) < expit(frail - 1), 2.0, NAN)
    time, cause, left = np.full(n, 15.0), np.full(n, 2), np.full(n, NAN)
    alive, here = np.ones(n, bool), np.ones(n, bool)
    for day in range(15):
        sick = state <= day
        leaves = here & alive & (rng.random(n) < expit(-5 + 1.5 * arm + 2.2 * sick))
        left[leaves], here = day, here & ~leaves
        dies = alive & (rng.random(n) < np.where(sick, 0.05, 0.004))
        time[dies], cause[dies], alive = day + 1, 1, alive & ~dies
    found = run(time, cause, left, arm, baseline=frail[:, None], state=state)
    truth = (cause[arm] == 1).mean() - (cause[~arm] == 1).mean()
    assert risk(found, "as started", "risk difference") == pytest.approx(truth)
    assert abs(risk(found, "censored", "risk difference") - truth) > 0.03, "the example must be biased"
    # standard error of the difference between the two estimates about 0.006
    assert risk(found, "censored and weighted", "risk difference") == pytest.approx(truth, abs=0.012)
    assert found.weights["mean"] == pytest.approx(1, abs=0.02)
