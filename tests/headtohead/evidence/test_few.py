from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.evidence import absolute_effect, few_events, leave_one_out, meta_analysis, study_effects
from headtohead.evidence.few import binomial_normal, mantel_haenszel
from reference import GOLDENS

LEVEL = 0.95


def bcg() -> tuple[np.ndarray, ...]:
    d = pd.read_csv(GOLDENS / "bcg.csv").astype({"events_vaccinated": float, "events_control": float})
    a, c = d["events_vaccinated"], d["events_control"]
    return tuple(np.asarray(part) for part in (a, a + d["healthy_vaccinated"], c, c + d["healthy_control"]))


def trials(*counts: tuple[float, float, float, float]) -> pd.DataFrame:
    names = ["deaths_drug", "n_drug", "deaths_comparator", "n_comparator"]
    frame = pd.DataFrame(list(counts), columns=names)
    frame[["effect", "conf_low", "conf_high", "p_value"]] = np.nan
    id_ = [f"t{i}" for i in range(len(frame))]
    return frame.assign(id=id_, study=id_, design="randomised trial", source="primary", measure="counts")


def test_mantel_haenszel_by_hand() -> None:
    # 1/10 against 2/10 and 0/20 against 4/20: (1*10/20 + 0) / (2*10/20 + 4*20/40) = 0.5 / 3
    log_ratio, _ = mantel_haenszel(*np.array([[1.0, 0], [10, 20], [2, 4], [10, 20]]))
    assert np.exp(log_ratio) == pytest.approx(0.5 / 3)
    # one table: the usual risk ratio and its variance 1/a - 1/n1 + 1/c - 1/n0
    one, se = mantel_haenszel(*np.array([[10.0], [100], [20], [100]]))
    assert (np.exp(one), se**2) == (pytest.approx(0.5), pytest.approx(0.13))


def test_mantel_haenszel_equals_metafor() -> None:
    # metafor, tests/testthat/test_misc_funs.r: leave1out(rma.mh(measure = "RR", dat.bcg)), first row
    log_ratio, se = mantel_haenszel(*(part[1:] for part in bcg()))
    limits = log_ratio + np.array([-1, 1]) * 1.959963985 * se
    np.testing.assert_allclose([log_ratio, se, *limits], [-0.4514, 0.0394, -0.5287, -0.3741], atol=6e-5)


def test_leave_one_out_equals_metafor() -> None:
    # the same file: leave1out(rma(yi, vi, dat.bcg)), first row, by REML with a normal interval
    a, n1, c, n0 = bcg()
    studies = study_effects(trials(*zip(a, n1, c, n0, strict=True)), prefer="counts")
    how = {"tau2": "REML", "interval": "normal", "conf_level": LEVEL}
    rows = leave_one_out(studies, **how)
    assert rows["left_out"].tolist() == studies["id"].tolist()
    first = np.log(rows.loc[0, ["estimate", "conf_low", "conf_high"]].astype(float))
    np.testing.assert_allclose(first, [-0.7071, -1.0794, -0.3348], atol=6e-5)
    again = meta_analysis(studies.drop(index=0), **how)
    assert rows.at[0, "estimate"] == pytest.approx(again.ratio.estimate)


def test_the_binomial_normal_model_equals_metafor_and_the_paper() -> None:
    # Stijnen and others (2010), table VIII, and metafor's test of it: rma.glmm(measure = "IRR", model = "CM.EL") on the
    # nine trials of catheters in dat.nielweise2008: events and days with the treated catheter, then with the other
    x1, t1 = [7, 8, 3, 6, 1, 1, 17, 3, 2], [1344, 1600, 12012, 1536, 370, 729, 6760, 1107, 320]
    x2, t2 = [11, 8, 14, 10, 1, 8, 15, 7, 3], [1988, 1461, 10962, 1503, 483, 913, 6840, 1015, 440]
    found = binomial_normal(*(np.array(part, float) for part in (x1, t1, x2, t2)))
    np.testing.assert_allclose(found, [-0.4762, 0.2377, 0.3501], atol=1e-3)


def test_where_studies_agree_both_methods_are_the_ratio_of_all_together() -> None:
    same = trials(*[(10, 100, 20, 100)] * 3)
    for method in ("Mantel-Haenszel", "binomial-normal"):
        row = few_events(same, method=method, conf_level=LEVEL).iloc[0]
        assert row["estimate"] == pytest.approx(0.5, abs=1e-4)
        assert row["method"] == f"{method}, 3 studies"


@pytest.mark.parametrize("method", ["Mantel-Haenszel", "binomial-normal"])
def test_an_empty_arm_counts_as_it_is_and_an_empty_trial_changes_nothing(method: str) -> None:
    some = trials((10, 100, 20, 100), (12, 100, 20, 100))
    base = few_events(some, method=method, conf_level=LEVEL).iloc[0]
    more = few_events(
        pd.concat([some, trials((0, 60, 6, 60))], ignore_index=True), method=method, conf_level=LEVEL
    ).iloc[0]
    assert more["estimate"] < base["estimate"]
    none = few_events(
        pd.concat([some, trials((0, 60, 0, 60))], ignore_index=True), method=method, conf_level=LEVEL
    ).iloc[0]
    assert none["estimate"] == pytest.approx(base["estimate"], abs=1e-5)
    assert none["method"].endswith("3 studies, 1 of them without a contrast")


def test_swapping_the_arms_inverts_the_ratio() -> None:
    some = trials((1, 50, 5, 60), (0, 40, 3, 41), (9, 90, 14, 80))
    turned = trials((5, 60, 1, 50), (3, 41, 0, 40), (14, 80, 9, 90))
    for method in ("Mantel-Haenszel", "binomial-normal"):
        one, other = (few_events(each, method=method, conf_level=LEVEL).iloc[0] for each in (some, turned))
        assert one["estimate"] * other["estimate"] == pytest.approx(1, abs=1e-4)
        assert one["conf_low"] * other["conf_high"] == pytest.approx(1, abs=1e-3)


def test_only_the_model_with_variation_sees_that_trials_contradict_each_other() -> None:
    apart = trials((10, 400, 30, 400), (30, 400, 10, 400))
    fixed, varied = (
        few_events(apart, method=m, conf_level=LEVEL).iloc[0] for m in ("Mantel-Haenszel", "binomial-normal")
    )
    assert fixed["estimate"] == pytest.approx(1)
    assert varied["std_error"] > 2 * fixed["std_error"]


def test_errors_say_what_must_hold() -> None:
    with pytest.raises(ValueError, match="the drug has none in any; no ratio follows"):
        few_events(trials((0, 10, 2, 10)), method="Mantel-Haenszel", conf_level=LEVEL)
    with pytest.raises(ValueError, match="each study needs its four counts"):
        few_events(trials((1, 10, np.nan, 10)), method="Mantel-Haenszel", conf_level=LEVEL)
    with pytest.raises(ValueError, match="Peto"):
        few_events(trials((1, 10, 2, 10)), method="Peto", conf_level=LEVEL)
    one = study_effects(trials((1, 10, 2, 10)), prefer="counts")
    with pytest.raises(ValueError, match="at least two studies, found 1"):
        leave_one_out(one, tau2="REML", interval="HK", conf_level=LEVEL)
    with pytest.raises(ValueError, match="risk must be a number above 0 and below 1, found 23"):
        absolute_effect(
            meta_analysis(
                pd.concat([one, one], ignore_index=True), tau2="DL", interval="normal", conf_level=LEVEL
            ).estimate(),
            23,
        )


def test_absolute_effects_as_a_published_summary_of_findings_prints_them() -> None:
    # doi:10.1186/s40001-023-01072-z: 232 per 1,000 and 0.96 (0.64 to 1.45) are 9 fewer (84 fewer to 104 more)
    ratio = pd.DataFrame({"estimate": [0.96], "conf_low": [0.64], "conf_high": [1.45], "conf_level": [0.95]})
    row = absolute_effect(ratio, 0.232).iloc[0]
    assert [round(1000 * row[name]) for name in ("estimate", "conf_low", "conf_high")] == [-9, -84, 104]
