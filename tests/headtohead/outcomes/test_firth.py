from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from headtohead.errors import CannotEstimateError, DependentError
from headtohead.outcomes.firth import cox_few_events, logistic_few_events
from reference import Reference, load_reference
from scipy import optimize, stats

SOLVED = 1e-5  # both stop when a step falls below 1e-6


def of(table: pd.DataFrame, approach: str) -> pd.DataFrame:
    return table[table["approach"] == approach].set_index("term")


def two_by_two(a: int, b: int, c: int, d: int) -> tuple[pd.Series, pd.DataFrame]:
    y = np.repeat([1.0, 0, 1, 0], [a, b, c, d])
    return pd.Series(y), pd.DataFrame({"treated": np.repeat([1.0, 0], [a + b, c + d])})


def test_one_binary_covariate_is_half_an_event_in_every_cell() -> None:
    # 0 of 10 against 4 of 12: (0.5 x 8.5) / (10.5 x 4.5) = 0.0899; the maximum does not exist
    table = logistic_few_events(*two_by_two(0, 10, 4, 8), conf_level=0.95)
    assert of(table, "Firth").at["treated", "estimate"] == pytest.approx(0.5 * 8.5 / (10.5 * 4.5), rel=SOLVED)
    plain = of(table, "maximum likelihood").loc["treated"]
    assert np.isnan(plain["estimate"])
    assert "no maximum" in plain["method"]
    assert plain["events_per_variable"] == 4


def test_profile_limits_are_where_the_penalised_likelihood_has_fallen() -> None:
    y, X = two_by_two(3, 20, 9, 30)
    arm = X["treated"].to_numpy()

    def penalised(b0: float, b1: float) -> float:
        p = 1 / (1 + np.exp(-b0 - b1 * arm))
        w = p * (1 - p)
        D = np.column_stack([np.ones(len(arm)), arm])
        loglik = (np.log(p) * y + np.log(1 - p) * (1 - y)).sum()
        return float(loglik + 0.5 * np.linalg.slogdet((D * w[:, None]).T @ D)[1])

    def profile(b1: float) -> float:
        return -optimize.minimize_scalar(lambda b0: -penalised(b0, b1), bounds=(-8, 6), method="bounded",
                                         options={"xatol": 1e-10}).fun  # fmt: skip

    row = of(logistic_few_events(y, X, conf_level=0.9), "Firth").loc["treated"]
    top = profile(np.log(row["estimate"]))
    for limit in ("conf_low", "conf_high"):
        fall = 2 * (top - profile(np.log(row[limit])))
        assert fall == pytest.approx(stats.chi2.ppf(0.9, 1), abs=1e-3)


def test_maximum_likelihood_equals_statsmodels(reference: Reference) -> None:
    y, X = reference.frame["death28"], reference.design[["age", "ldh"]]
    fit = sm.Logit(y, sm.add_constant(X)).fit(disp=0, tol=1e-12)
    ours = of(logistic_few_events(y, X, conf_level=0.95), "maximum likelihood")
    np.testing.assert_allclose(ours["estimate"], np.exp(fit.params[1:]), rtol=1e-6)
    np.testing.assert_allclose(ours["conf_low"], np.exp(fit.conf_int()[0][1:]), rtol=1e-5)


def test_with_many_events_both_agree() -> None:
    reference = load_reference("cohort_3000")
    X = reference.design[["age", "charlson"]]
    for table in (
        logistic_few_events(reference.frame["death28"], X, conf_level=0.95),
        cox_few_events(
            reference.frame["time"].astype(float), reference.frame["status"] == 1, X, conf_level=0.95
        ),
    ):
        a, b = of(table, "maximum likelihood"), of(table, "Firth")
        np.testing.assert_allclose(a["estimate"], b["estimate"], rtol=0.02)
        np.testing.assert_allclose(a["conf_high"], b["conf_high"], rtol=0.03)


def test_cox_with_an_arm_without_events() -> None:
    # three deaths, all of controls, on days 1 to 3, of 4 + 4: L(h) = prod 1 / (4h + n_t) with n = 4, 3, 2,
    # plus half the log information, maximised directly
    time, event = pd.Series([1.0, 2, 3, 9, 9, 9, 9, 9]), pd.Series([1, 1, 1, 0, 0, 0, 0, 0])
    X = pd.DataFrame({"treated": [0.0] * 4 + [1.0] * 4})

    def minus(b: float) -> float:
        p = np.array([4 * np.exp(b) / (4 * np.exp(b) + n) for n in (4, 3, 2)])
        return float(-np.log(1 - p).sum() - 0.5 * np.log((p * (1 - p)).sum()))

    best = optimize.minimize_scalar(minus, bounds=(-12, 3), method="bounded", options={"xatol": 1e-11}).x
    table = cox_few_events(time, event, X, conf_level=0.95)
    assert np.log(of(table, "Firth").at["treated", "estimate"]) == pytest.approx(best, abs=1e-4)
    assert of(table, "maximum likelihood")["estimate"].isna().all()
    assert of(table, "Firth").at["treated", "conf_high"] < np.inf


def test_no_event_is_refused() -> None:
    y, X = two_by_two(0, 5, 0, 5)
    with pytest.raises(CannotEstimateError, match="found 0 events in 10 patients"):
        logistic_few_events(y, X, conf_level=0.95)
    with pytest.raises(CannotEstimateError, match="found 0 events"):
        cox_few_events(y + 1, y, X, conf_level=0.95)


def test_a_constant_covariate_is_refused() -> None:
    y, X = two_by_two(2, 5, 1, 5)
    for call in (
        lambda: logistic_few_events(y, X.assign(imv=0.0), conf_level=0.95),
        lambda: cox_few_events(y + 1, y, X.assign(imv=0.0), conf_level=0.95),
    ):
        with pytest.raises(
            DependentError, match="must vary between patients, 1 have one value in all 13: 'imv'"
        ):
            call()
