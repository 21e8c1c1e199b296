from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import survival
from livingpaper.build.project import Project
from reference import golden
from study.evidence.results_evidence import RealCohorts
from study.real_cohorts.public_cohorts import PublicCohort, load_public_cohorts
from study.real_cohorts.real_cohorts import adjustments, analyse_real_cohorts, compare_with_reference

PRINTED = 5e-5  # four decimals


@pytest.fixture(scope="module")
def cohorts(project: Project) -> dict[str, PublicCohort]:
    return {cohort.name: cohort for cohort in load_public_cohorts(project.data / "real")}


@pytest.fixture(scope="module")
def found(project: Project) -> RealCohorts:
    return analyse_real_cohorts(project.data / "real", conf_level=0.95, caliper_sd=0.2)


def test_sizes_by_known_counts(found: RealCohorts) -> None:
    # the counts in the help pages of R's data sets
    sizes = found.sizes.set_index("cohort")
    assert sizes.loc["gbsg2", ["n", "treated", "events"]].tolist() == [686, 246, 299]
    assert sizes.loc["lung", ["n", "treated", "events"]].tolist() == [228, 90, 165]
    assert sizes.loc["veteran", ["n", "treated", "events"]].tolist() == [137, 68, 128]
    assert sizes.loc["mgus2", ["n", "events", "competing"]].tolist() == [1384, 115, 860]
    assert sizes.loc["melanoma", ["n", "events", "competing"]].tolist() == [205, 57, 14]


def test_every_reference_value_is_reproduced(found: RealCohorts) -> None:
    assert (found.comparison["verdict"] == "reproduced").all(), found.comparison
    assert set(found.comparison["cohort"]) == set(found.sizes["cohort"])


def test_the_reference_file_holds_rs_values(found: RealCohorts) -> None:
    r, file = golden("reference_survival.json"), found.comparison.set_index("id")["value"]
    expected = {
        "lung.log_rank": r["lung"]["logrank_sex"]["chisq"],
        "lung.cox1.log_hr": r["lung"]["cox_efron"]["coef"][1],
        "lung.zph1.global": r["lung"]["zph_km"][3]["chisq"],
        "veteran.cox1.log_hr": r["veteran"]["cox"]["coef"][0],
        "veteran.cox1.se": r["veteran"]["cox"]["se"][0],
        "mgus2.cox1.log_hr": r["mgus2"]["cs_pcm"]["coef"][1],
        "mgus2.cox2.se": r["mgus2"]["cs_death"]["se"][1],
        "mgus2.incidence2.treated.120": r["mgus2"]["cif"]["est"][3][1],
        "melanoma.incidence1.treated.1825": r["melanoma"]["cif"]["est"][1][1],
    }
    for name, value in expected.items():
        assert file[name] == pytest.approx(value, abs=PRINTED), name


def test_breast_cancer_equals_the_port_of_r(found: RealCohorts, cohorts: dict[str, PublicCohort]) -> None:
    file, women = found.comparison.set_index("id")["value"], cohorts["gbsg2"]
    weights = adjustments(women, caliper_sd=0.2)[1].weights.to_numpy()
    data = women.covariates.rename(columns=lambda name: name.replace(" ", "_").replace("-", "_")).assign(
        treated=women.treated.astype(float),
        time=women.time,
        event=women.cause,
        who=np.arange(len(women.time)),
    )
    terms = " + ".join(["treated", *(c for c in data if c not in ("treated", "time", "event", "who"))])
    tight = {"eps": 1e-11, "toler_chol": 1e-13}
    full = survival.coxph(f"Surv(time, event) ~ {terms}", data, **tight)
    weighted = survival.coxph(
        "Surv(time, event) ~ treated", data.assign(w=weights), weights=weights, cluster=data["who"], **tight
    )
    assert file["gbsg2.cox1.log_hr"] == pytest.approx(full.coefficients[0], abs=PRINTED)
    assert file["gbsg2.cox1.se"] == pytest.approx(np.sqrt(np.asarray(full.var)[0, 0]), abs=PRINTED)
    assert file["gbsg2.ato.log_hr"] == pytest.approx(weighted.coefficients[0], abs=PRINTED)
    assert file["gbsg2.ato.se"] == pytest.approx(np.sqrt(np.asarray(weighted.var)[0, 0]), abs=PRINTED)


def test_overlap_weights_balance_every_cohort_exactly(found: RealCohorts) -> None:
    # a theorem of Li, Morgan & Zaslavsky for logistic scores
    overlap = found.balance[found.balance["estimand"] == "ATO"]
    assert len(overlap) == 5
    assert overlap["smd"].max() < 1e-6


def test_a_reference_without_counterpart_is_named() -> None:
    reference = pd.DataFrame({"id": ["lung.opinion"], "label": ["x"], "printed": ["1.0"], "source": ["R"]})
    with pytest.raises(ValueError, match=r"1 have none, first \['lung.opinion'\]; correct the id"):
        compare_with_reference(reference, {"lung.log_rank": 1.0})
