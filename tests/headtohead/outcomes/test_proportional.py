from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import survival
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.proportional import proportional_hazards_test
from reference import GOLDENS, Reference, golden

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
