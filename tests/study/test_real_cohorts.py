from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import survival
from livingpaper.build.project import Project
from reference import golden
from running import Ran, run_chapter
from study.protocol.protocol import Protocol
from study.real_cohorts.public_cohorts import TITLES, PublicCohort, load_public_cohorts

PRINTED = 5e-5  # four decimals
OTHER = [(0.9, 0.1), (0.99, 0.05), (0.8, 1.0)]  # level and caliper


def changed(protocol: Protocol, level: float, caliper: float) -> Protocol:
    inference = protocol.inference.model_copy(update={"conf_level": level})
    matching = protocol.matching.model_copy(update={"caliper_sd": caliper})
    return protocol.model_copy(update={"inference": inference, "matching": matching})


@pytest.fixture(scope="module")
def cohorts(project: Project) -> dict[str, PublicCohort]:
    return load_public_cohorts(project.data / "real")


@pytest.fixture(scope="module")
def ran(project: Project, protocol: Protocol) -> Ran:
    return run_chapter(project, "real-cohorts", plan=changed(protocol, 0.95, 0.2))


@pytest.fixture(scope="module")
def printed(ran: Ran) -> pd.Series:
    """Return the reference values by their ids."""
    return ran.variables["reference"].set_index("id")["printed"].astype(float)


def test_sizes_by_known_counts(ran: Ran, cohorts: dict[str, PublicCohort]) -> None:
    # the counts in the help pages of R's data sets
    known = {
        "gbsg2": {"n": 686, "treated": 246, "control": 440, "events": 299},
        "lung": {"n": 228, "treated": 90, "events": 165},
        "veteran": {"n": 137, "treated": 68, "events": 128},
        "mgus2": {"n": 1384, "events": 115},
        "melanoma": {"n": 205, "events": 57},
    }
    for cohort, sizes in known.items():
        for what, size in sizes.items():
            assert ran.rows.at[f"real.{cohort}.{what}", "estimate"] == size, (cohort, what)
    competing = {name: (cohort.endpoint.cause == 2).sum() for name, cohort in cohorts.items()}
    assert competing == {"gbsg2": 0, "lung": 0, "veteran": 0, "mgus2": 860, "melanoma": 14}


def test_every_reference_value_is_reproduced(ran: Ran, printed: pd.Series) -> None:
    table = ran.shown["tbl-against-r"].frame
    assert (table["Verdict"] == "reproduced").all(), table
    # 0.1884 was rounded twice, to 0.1885
    assert (table["Ours"] == table["Reference"]).all(), table
    assert table["Cohort"][table["Cohort"] != ""].tolist() == list(TITLES.values())
    assert set(printed.index.str.split(".").str[0]) == set(TITLES)


def test_the_reference_file_holds_rs_values(printed: pd.Series) -> None:
    r = golden("reference_survival.json")
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
        assert printed[name] == pytest.approx(value, abs=PRINTED), name


def test_breast_cancer_equals_the_port_of_r(
    ran: Ran, printed: pd.Series, cohorts: dict[str, PublicCohort]
) -> None:
    women = cohorts["gbsg2"]
    weights = ran.variables["adjusted"]["gbsg2"][1].weights.to_numpy()
    data = women.covariates.rename(columns=lambda name: name.replace(" ", "_").replace("-", "_")).assign(
        treated=women.treated.astype(float),
        time=women.endpoint.time_days,
        event=women.endpoint.cause,
        who=np.arange(len(women.treated)),
    )
    terms = " + ".join(["treated", *(c for c in data if c not in ("treated", "time", "event", "who"))])
    tight = {"eps": 1e-11, "toler_chol": 1e-13}
    full = survival.coxph(f"Surv(time, event) ~ {terms}", data, **tight)
    weighted = survival.coxph(
        "Surv(time, event) ~ treated", data.assign(w=weights), weights=weights, cluster=data["who"], **tight
    )
    assert printed["gbsg2.cox1.log_hr"] == pytest.approx(full.coefficients[0], abs=PRINTED)
    assert printed["gbsg2.cox1.se"] == pytest.approx(np.sqrt(np.asarray(full.var)[0, 0]), abs=PRINTED)
    assert printed["gbsg2.ato.log_hr"] == pytest.approx(weighted.coefficients[0], abs=PRINTED)
    assert printed["gbsg2.ato.se"] == pytest.approx(np.sqrt(np.asarray(weighted.var)[0, 0]), abs=PRINTED)


def test_overlap_weights_balance_every_cohort_exactly(ran: Ran) -> None:
    # a theorem of Li, Morgan & Zaslavsky for logistic scores
    overlap = ran.rows["estimate"][ran.rows.index.str.endswith(".ato.smd")]
    assert len(overlap) == 5
    assert overlap.max() < 1e-6


@pytest.mark.parametrize(("level", "caliper"), OTHER)
def test_every_exhibit_under_other_choices(
    level: float, caliper: float, project: Project, protocol: Protocol, ran: Ran
) -> None:
    other = run_chapter(project, "real-cohorts", plan=changed(protocol, level, caliper))
    assert other.shown.keys() == ran.shown.keys()
    assert (other.shown["tbl-against-r"].frame == ran.shown["tbl-against-r"].frame).all(axis=None)
    assert (other.shown["tbl-nhefs"].frame == ran.shown["tbl-nhefs"].frame).all(axis=None)
    before, after = (each.rows.loc["real.lung.crude.hr"] for each in (ran, other))
    assert after["estimate"] == before["estimate"]
    assert (after["conf_high"] > before["conf_high"]) == (level > 0.95)
    # a wider caliper loses nobody who had a partner
    pairs = other.rows.at["nhefs.pairs.n", "estimate"] - ran.rows.at["nhefs.pairs.n", "estimate"]
    assert pairs * (caliper - 0.2) >= 0
