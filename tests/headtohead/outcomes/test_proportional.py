from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import survival
from headtohead.matching.propensity import propensity
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.proportional import proportional_hazards_test, proportional_hazards_tests
from reference import GOLDENS, Reference, golden
from scipy.special import expit

R_RTOL = 1e-6
ADJUSTED = ["treated", "age", "male", "hospitalB", "charlson", "barthel", "ldh", "spo2_fio2"]


@pytest.mark.parametrize("cause", [1, 2])
def test_the_global_statistic_equals_r(reference: Reference, cause: int) -> None:
    frame = reference.frame.assign(hospitalB=(reference.frame["hospital"] == "B").astype(float))
    event = frame["status"] == cause
    fit = fit_cox(frame["time"], event, frame[ADJUSTED])
    table = proportional_hazards_test(frame["time"], event, frame[ADJUSTED], fit).set_index("term")
    np.testing.assert_allclose(
        table.at["GLOBAL", "chi_square"],
        reference.answers["cause_specific"][f"status{cause}"]["zph_global"],
        rtol=R_RTOL,
    )


def test_lung_and_veteran_equal_r() -> None:
    lung = pd.read_csv(GOLDENS / "survival_lung.csv").dropna(subset=["age", "sex", "ph.ecog"])
    columns = ["age", "sex", "ph.ecog"]
    fit = fit_cox(lung["time"], lung["status"] == 2, lung[columns])
    ours = proportional_hazards_test(lung["time"], lung["status"] == 2, lung[columns], fit)
    theirs = pd.DataFrame(golden("reference_survival.json")["lung"]["zph_km"])
    np.testing.assert_allclose(ours["chi_square"], theirs["chisq"], rtol=R_RTOL)
    veteran = pd.read_csv(GOLDENS / "survival_veteran.csv")
    cells = pd.get_dummies(veteran["celltype"], dtype=float)[["smallcell", "adeno", "large"]]
    X = pd.concat([veteran[["trt"]], cells, veteran[["karno", "diagtime", "age", "prior"]]], axis=1).astype(
        float
    )
    terms = {
        "trt": ["trt"],
        "celltype": list(cells),
        **{name: [name] for name in ("karno", "diagtime", "age", "prior")},
    }
    fit = fit_cox(veteran["time"], veteran["status"], X)
    ours = proportional_hazards_test(veteran["time"], veteran["status"], X, fit, terms=terms)
    theirs = pd.DataFrame(golden("reference_survival.json")["veteran"]["zph"])
    np.testing.assert_allclose(ours["chi_square"], theirs["chisq"], rtol=R_RTOL)
    assert ours["df"].tolist() == theirs["df"].tolist()


@pytest.mark.parametrize("transform", ["km", "identity", "log", "rank"])
def test_every_transform_equals_the_port_of_r(reference: Reference, transform: str) -> None:
    frame = reference.frame.reset_index().assign(event=lambda d: (d["status"] == 1).astype(int))
    columns = ["treated", "age", "ldh"]
    X = frame[columns].astype(float)
    theirs = survival.cox_zph(
        survival.coxph("Surv(time, event) ~ treated + age + ldh", frame, eps=1e-11, toler_chol=1e-13),
        transform=transform,
    )
    ours = proportional_hazards_test(
        frame["time"], frame["event"], X, fit_cox(frame["time"], frame["event"], X), transform=transform
    )
    np.testing.assert_allclose(ours["chi_square"], pd.DataFrame(theirs.table)["chisq"], rtol=1e-5)


def test_the_level_is_kept_under_proportional_hazards() -> None:
    rng = np.random.default_rng(11)
    p = []
    for _ in range(300):
        X = pd.DataFrame({"x": rng.integers(0, 2, 120).astype(float)})
        time = pd.Series(np.ceil(rng.exponential(15 / np.exp(0.4 * X["x"]))))
        event = pd.Series(np.ones(120))
        p.append(proportional_hazards_test(time, event, X, fit_cox(time, event, X))["p_value"].iloc[-1])
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09


def weighted(reference: Reference, weights: pd.Series, sandwich: object = None) -> tuple[float, float]:
    time, event = reference.frame["time"].astype(float), reference.frame["status"] == 1
    X = reference.treated.astype(float).to_frame("treated")
    fit = fit_cox(time, event, X, weights=weights, ties="breslow")
    row = proportional_hazards_test(
        time, event, X, fit, weights=weights, ties="breslow", sandwich=sandwich,  # type: ignore[arg-type]
    ).iloc[0]  # fmt: skip
    return float(row["chi_square"]), float(row["p_value"])


def test_weights_alone_equal_r_which_counts_them_as_patients(reference: Reference) -> None:
    weights = reference.propensity.weight("ATO").weights
    expected = reference.further["overlap_cox_breslow"]["zph_km"]
    np.testing.assert_allclose(weighted(reference, weights), expected, rtol=R_RTOL)
    assert weighted(reference, 10 * weights)[0] == pytest.approx(10 * expected[0], rel=R_RTOL)


def test_the_robust_test_does_not_depend_on_the_unit_of_the_weights(reference: Reference) -> None:
    weights = reference.propensity.weight("ATO").weights
    one, ten = (
        weighted(reference, k * weights, lambda g, k=k: (k * weights.to_numpy()[:, None] * g).T
                 @ (k * weights.to_numpy()[:, None] * g))[0]
        for k in (1, 10)
    )  # fmt: skip
    assert one == pytest.approx(ten, rel=1e-9)


@pytest.mark.parametrize("size", [1e-50, 0.3, 7.0])
def test_weights_that_are_equal_are_no_weights(reference: Reference, size: float) -> None:
    frame = reference.frame
    endpoint = Endpoint("death", frame["time"].astype(float), (frame["status"] == 1).astype(int))
    crude = propensity(frame[["age"]], frame["treated"] == 1).crude()
    third = np.where(np.arange(len(frame)) % 2, 1 / 3, (0.1 + 0.2) / 0.9)  # the same but for rounding
    for weights in (size * crude.weights, size * crude.weights * third):
        even = replace(crude, kind="weights", estimand="ATE", weights=weights)
        found, right = (proportional_hazards_tests(endpoint, each, by=28) for each in (even, crude))
        assert found["chi_square"].tolist() == right["chi_square"].tolist()


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_what_the_sandwich_is_given_are_derivatives(ties: str) -> None:
    rng, n, h = np.random.default_rng(2), 30, 1e-5
    time, event = pd.Series(rng.integers(1, 12, n).astype(float)), pd.Series(rng.random(n) < 0.7)
    X, w = pd.DataFrame({"z": rng.integers(0, 2, n).astype(float)}), rng.uniform(0.5, 2, n)
    times, at = np.unique(time, return_inverse=True)
    g = times**1.0  # transform "identity"

    def statistic(weights: np.ndarray) -> float:
        """The score for z x g(time) at the fit, from a fit with both terms split by event time."""
        fit = fit_cox(time, event, X, weights=pd.Series(weights), ties=ties)  # type: ignore[arg-type]
        risk, total = weights * np.exp(fit.coefficients["z"] * X["z"].to_numpy()), 0.0
        z, died = X["z"].to_numpy(), event.to_numpy()
        for k, t in enumerate(times):
            dead, here = died & (at == k), time.to_numpy() >= t
            for step in range(dead.sum()):
                out = step / dead.sum() if ties == "efron" else 0.0
                left = risk * here - out * risk * dead
                total -= g[k] * weights[dead].mean() * (left @ z) / left.sum()
            total += g[k] * (weights * z)[dead].sum()
        return float(total)

    seen: list[np.ndarray] = []
    fit = fit_cox(time, event, X, weights=pd.Series(w), ties=ties)  # type: ignore[arg-type]
    proportional_hazards_test(
        time, event, X, fit, weights=pd.Series(w), ties=ties, transform="identity",  # type: ignore[arg-type]
        sandwich=lambda gradient: seen.append(gradient) or gradient.T @ gradient,  # type: ignore[func-returns-value]
    )  # fmt: skip
    for i in range(n):
        up, down = (statistic(w + d * (np.arange(n) == i)) for d in (h, -h))
        assert seen[0][i, 0] == pytest.approx((up - down) / (2 * h), abs=1e-5)


@pytest.mark.whole
def test_known_truth_under_weights() -> None:
    """Proportional hazards: one test in twenty rejects under weights for all patients, however wide they are."""
    rejected = []
    for seed in range(400):
        rng = np.random.default_rng([3, seed])
        x = rng.normal(size=300)
        arm = pd.Series(rng.random(300) < expit(1.2 * x))
        time = pd.Series(rng.exponential(np.where(arm, 14.0, 10.0)))
        way = propensity(pd.DataFrame({"x": x}), arm).weight("ATE")
        endpoint = Endpoint("death", time.clip(upper=20), (time < 20).astype(int))
        rejected.append(
            proportional_hazards_tests(endpoint, way, by=20, score="estimated")["p_value"].iloc[0] < 0.05
        )
    assert 0.02 <= np.mean(rejected) <= 0.085
