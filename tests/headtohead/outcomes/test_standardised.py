from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from headtohead.inference import Inference
from headtohead.matching.propensity import propensity
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.standardised import standardised_risks
from reference import Reference


def risks(
    event: pd.Series,
    treated: pd.Series,
    one: pd.DataFrame,
    two: pd.DataFrame,
    *estimands: str,
    replicates: int = 200,
) -> pd.DataFrame:
    rows = standardised_risks(
        Endpoint.recorded("death", event, by=28),
        propensity(two, treated),
        one,
        by=28,
        estimands=estimands,
        inference=Inference(bootstrap_replicates=replicates),
    )
    return rows.set_index(["estimand", "approach", "scale"]).sort_index()


def test_heart_transplants_of_what_if() -> None:
    # Hernan & Robins, table 2.2: standardised risks 1/2 and 1/2, risk ratio 1 (crude 7/13 over 3/7). The
    # drug has no effect at either level of L, so the model without interaction is exact.
    cells = [(0, 0, 4, 1), (0, 1, 4, 1), (1, 0, 3, 2), (1, 1, 9, 6)]
    rows = [(L, A, i < d) for L, A, n, d in cells for i in range(n) for _ in range(10)]
    frame = pd.DataFrame(rows, columns=["L", "A", "Y"], dtype=float)
    found = risks(frame["Y"], frame["A"] == 1, frame[["L"]], frame[["L"]], "ATE", "ATT")["estimate"]
    for approach in ("standardisation", "augmented weights"):
        mine = found["ATE", approach][["risk, treated", "risk, control", "risk difference", "risk ratio"]]
        np.testing.assert_allclose(mine, [0.5, 0.5, 0, 1], atol=1e-9)
    # among the treated, 4 of 13 have L = 0: (4 x 1/4 + 9 x 2/3) / 13 = 7/13
    assert found["ATT", "standardisation", "risk, control"] == pytest.approx(7 / 13)


def test_standardisation_equals_predictions_of_statsmodels(reference: Reference) -> None:
    y, treated, design = reference.frame["death28"].astype(float), reference.treated, reference.design
    X = sm.add_constant(design.assign(treated=treated.astype(float)))
    fit = sm.Logit(y, X).fit(disp=0, tol=1e-12)
    expected = [fit.predict(X.assign(treated=a)).mean() for a in (1.0, 0.0)]
    found = risks(y, treated, design, design, "ATE")["estimate"]["ATE", "standardisation"]
    np.testing.assert_allclose(found[["risk, treated", "risk, control"]], expected, rtol=1e-6)


def test_without_an_outcome_model_augmented_weights_are_weights(reference: Reference) -> None:
    y, treated = reference.frame["death28"].astype(float), reference.treated
    ps = reference.propensity.ps
    nothing = pd.DataFrame({"constant": np.ones(len(y))}, index=y.index)
    found = risks(y, treated, nothing.iloc[:, :0], reference.design, "ATO", "ATE")["estimate"]
    for estimand, w in (("ATO", (1 - ps).where(treated, ps)), ("ATE", (1 / ps).where(treated, 1 / (1 - ps)))):
        rd = np.average(y[treated], weights=w[treated]) - np.average(y[~treated], weights=w[~treated])
        assert found[estimand, "augmented weights", "risk difference"] == pytest.approx(rd, abs=1e-7)


def test_influence_error_is_near_the_bootstrap(reference: Reference) -> None:
    y, treated, design = reference.frame["death28"].astype(float), reference.treated, reference.design
    row = risks(y, treated, design, design, "ATE").loc[("ATE", "augmented weights", "risk difference")]
    assert 0.75 < row["influence_error"] / row["std_error"] < 1.25


@pytest.mark.parametrize("wrong", ["outcome", "score"])
def test_one_wrong_model_is_forgiven_and_standardisation_alone_is_not(wrong: str) -> None:
    rng, n = np.random.default_rng(11), 30_000
    x = rng.normal(size=n)
    treated = pd.Series(rng.random(n) < 1 / (1 + np.exp(0.5 - 0.9 * x)))
    base = -1 + 1.2 * x
    p1, p0 = 1 / (1 + np.exp(-base - 0.5)), 1 / (1 + np.exp(-base))
    y = pd.Series((rng.random(n) < np.where(treated, p1, p0)).astype(float))
    right, useless = pd.DataFrame({"x": x}), pd.DataFrame({"noise": rng.normal(size=n)})
    designs = (useless, right) if wrong == "outcome" else (right, useless)
    found = risks(y, treated, *designs, "ATE", replicates=40)
    augmented = found.loc[("ATE", "augmented weights", "risk difference")]
    truth = (p1 - p0).mean()
    assert abs(augmented["estimate"] - truth) < 4 * augmented["std_error"]
    if wrong == "outcome":
        assert abs(found.at[("ATE", "standardisation", "risk difference"), "estimate"] - truth) > 0.1


def test_unknown_outcomes_and_too_many_terms_are_refused(reference: Reference) -> None:
    y, treated = reference.frame["death28"].astype(float), reference.treated
    with pytest.raises(ValueError, match="1 of .* have none"):
        risks(y.mask(y.index == y.index[0]), treated, reference.design, reference.design, "ATE")
    rare = pd.Series(0.0, index=y.index)
    rare.iloc[0] = 1.0
    row = risks(rare, treated, reference.design, reference.design, "ATE").iloc[0]
    assert np.isnan(row["estimate"])
    assert row["method"].endswith("use fewer terms")
