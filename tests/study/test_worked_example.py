"""The worked example is the plain use of the library: its numbers are those of the port of R, and of lifelines."""

from __future__ import annotations

import numpy as np
import pytest
import survival
from lifelines import KaplanMeierFitter
from lifelines.datasets import load_gbsg2
from lifelines.utils import restricted_mean_survival_time
from livingpaper.build.project import Project
from running import Ran, run_chapter
from study.protocol.protocol import Protocol
from study.real_cohorts.public_cohorts import FIVE_YEARS


@pytest.fixture(scope="module")
def ran(project: Project, protocol: Protocol) -> Ran:
    return run_chapter(project, "worked-example", plan=protocol)


def test_hazard_ratios_equal_the_port_of_r(ran: Ran) -> None:
    women = load_gbsg2()
    late = women["time"] > FIVE_YEARS
    data = women.assign(
        treated=(women["horTh"] == "yes").astype(float), who=np.arange(len(women)),
        time=women["time"].mask(late, FIVE_YEARS).astype(float), cens=women["cens"].mask(late, 0),
    )  # fmt: skip
    tight = {"eps": 1e-11, "toler_chol": 1e-13}
    crude = survival.coxph("Surv(time, cens) ~ treated", data, **tight)
    weights = ran.variables["adjustments"][2].weights.to_numpy()
    weighted = survival.coxph(
        "Surv(time, cens) ~ treated", data.assign(w=weights), weights=weights, cluster=data["who"], **tight
    )
    for key, theirs in (("crude", crude), ("ato", weighted)):
        row = ran.rows.loc[f"gbsg2.{key}.hr"]
        assert np.log(row["estimate"]) == pytest.approx(theirs.coefficients[0], rel=1e-8)
        assert row["std_error"] == pytest.approx(np.sqrt(np.asarray(theirs.var)[0, 0]), rel=1e-8)


def test_days_without_recurrence_equal_the_restricted_mean_of_lifelines(ran: Ran) -> None:
    women = load_gbsg2()
    means = [
        restricted_mean_survival_time(KaplanMeierFitter().fit(part["time"], part["cens"]), t=FIVE_YEARS)
        for _, part in women.groupby("horTh")
    ]
    assert ran.rows.at["gbsg2.days.crude", "estimate"] == pytest.approx(means[1] - means[0], rel=1e-6)


def test_risk_differences_are_those_of_kaplan_meier(ran: Ran) -> None:
    # one cause: Aalen-Johansen is one minus Kaplan-Meier
    women = load_gbsg2()
    risks = [
        1 - KaplanMeierFitter().fit(part["time"], part["cens"]).predict(FIVE_YEARS)
        for _, part in women.groupby("horTh")
    ]
    assert ran.rows.at["gbsg2.crude.rd", "estimate"] == pytest.approx(risks[1] - risks[0], rel=1e-9)
    assert ran.rows.at["gbsg2.ato.rd", "estimate"] < 0 > ran.rows.at["gbsg2.ato.rd", "conf_high"]


def test_overlap_weights_balance_what_the_formula_holds_exactly(ran: Ran) -> None:
    # a theorem of Li, Morgan & Zaslavsky for logistic scores; the formula holds every covariate linearly as well
    smd = ran.rows["estimate"].filter(like="gbsg2.smd.")
    assert smd["gbsg2.smd.ato"] < 1e-6 < smd["gbsg2.smd.pairs"] < smd["gbsg2.smd.crude"]


def test_the_balance_figure_draws_every_level_and_the_curves_both_arms(ran: Ran) -> None:
    report = ran.variables["report"]
    assert set(report["column"]) == set(ran.variables["baseline"])
    assert (report["column"] == "tgrade").sum() == 3 * 3  # levels, ways of comparing
    months = ran.variables["months"]
    assert set(zip(months["adjustment"], months["arm"], strict=True)) == {
        (key, arm) for key in ("crude", "ato") for arm in ("treated", "control")
    }
    assert {row["origin"] for _, row in ran.rows.iterrows()} == {"real"}
