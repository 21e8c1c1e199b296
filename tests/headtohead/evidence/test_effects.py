from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.evidence.effects import (
    log_ratio_of_counts,
    study_effects,
    variance_of_interval,
    variance_of_p_value,
)
from headtohead.evidence.meta import meta_analysis
from reference import GOLDENS


def test_counts_by_hand_and_a_half_for_an_empty_cell() -> None:
    # 10/100 against 20/100: ln 0.5, variance 1/10 - 1/100 + 1/20 - 1/100 = 0.13
    y, v = log_ratio_of_counts(np.array([10, 0]), np.array([100, 53]), np.array([20, 2]), np.array([100, 54]))
    assert y[0] == pytest.approx(np.log(0.5))
    assert v[0] == pytest.approx(0.13)
    # 0/53 against 2/54: 0.5/54 against 2.5/55
    assert y[1] == pytest.approx(np.log(0.5 / 54) - np.log(2.5 / 55))
    assert v[1] == pytest.approx(1 / 0.5 - 1 / 54 + 1 / 2.5 - 1 / 55)


def test_bcg_equals_metafors_escalc() -> None:
    # first and last rows of metafor's dat.bcg after escalc(measure = "RR"), as printed there
    d = pd.read_csv(GOLDENS / "bcg.csv")
    y, v = log_ratio_of_counts(
        d["events_vaccinated"],
        d["events_vaccinated"] + d["healthy_vaccinated"],
        d["events_control"],
        d["events_control"] + d["healthy_control"],
    )
    np.testing.assert_allclose([y[0], v[0]], [-0.8893, 0.3256], atol=6e-5)
    np.testing.assert_allclose([y[12], v[12]], [-0.0173, 0.0714], atol=6e-5)


def test_interval_and_p_value_give_back_the_standard_error() -> None:
    se, effect = 0.25, np.log(0.6)
    limits = np.exp(effect + np.array([-1, 1]) * 1.959963985 * se)
    assert variance_of_interval(limits[:1], limits[1:], 0.95) == pytest.approx(se**2)
    from scipy.stats import norm

    assert variance_of_p_value(effect, 2 * norm.sf(abs(effect) / se)) == pytest.approx(se**2)


def rows() -> pd.DataFrame:
    frame = pd.DataFrame({"id": ["a", "b"], "study": ["A", "B"], "design": "cohort", "source": "primary"})
    frame[["n_drug", "deaths_drug", "n_comparator", "deaths_comparator"]] = [[100, 10, 100, 20], [np.nan] * 4]
    frame[["effect", "conf_low", "conf_high", "p_value"]] = [
        [0.4, 0.2, 0.8, np.nan],
        [0.45, np.nan, np.nan, 0.045],
    ]
    return frame.assign(measure="odds ratio")


def test_what_is_preferred_is_taken() -> None:
    published, counts = (study_effects(rows(), prefer=prefer) for prefer in ("published", "counts"))
    assert published["basis"].tolist() == ["limits", "p-value"]
    assert counts["basis"].tolist() == ["counts", "p-value"]
    assert counts["measure"].tolist() == ["risk ratio", "odds ratio"]
    assert np.exp(published["log_effect"]).tolist() == pytest.approx([0.4, 0.45])
    assert np.exp(counts["log_effect"].iloc[0]) == pytest.approx(0.5)


def test_a_study_with_neither_is_named() -> None:
    frame = rows()
    frame.loc[1, "p_value"] = np.nan
    with pytest.raises(ValueError, match=r"1 have neither, first \['B'\]; complete or exclude them"):
        study_effects(frame, prefer="published")


def test_the_ratio_of_each_study_has_its_wald_limits_and_its_printed_ones() -> None:
    found = study_effects(rows(), prefer="published", conf_level=0.9).set_index("id")
    # limits 0.2 and 0.8 at 95%: se = ln 4 / (2 * 1.96); at 90% ln 0.4 -+ 1.645 se
    se = np.log(4) / (2 * 1.959963985)
    assert found.at["a", "std_error"] == pytest.approx(se)
    assert found.at["a", "conf_low"] == pytest.approx(0.4 * np.exp(-1.644853627 * se))
    assert (found.at["a", "printed_low"], found.at["a", "printed_high"]) == (0.2, 0.8)
    assert found.loc["b", ["printed_low", "printed_high"]].isna().all()
    assert found["scale"].tolist() == ["odds ratio", "odds ratio"]


def trials(*counts: tuple[int, int, int, int]) -> pd.DataFrame:
    """Return trials by deaths and patients with the drug, then with the comparator."""
    frame = pd.DataFrame(counts, columns=["deaths_drug", "n_drug", "deaths_comparator", "n_comparator"])
    named = frame.assign(id=[f"t{i}" for i in frame.index], study=[f"T{i}" for i in frame.index])
    nothing = dict.fromkeys(["effect", "conf_low", "conf_high", "p_value"], np.nan)
    return named.assign(design="trial", source="primary", measure="counts", **nothing)


@pytest.mark.parametrize("empty", [(0, 40, 0, 40), (0, 1, 0, 400), (40, 40, 40, 40), (3, 3, 90, 90)])
def test_a_trial_without_contrast_moves_no_pool_and_keeps_its_row(empty: tuple[int, int, int, int]) -> None:
    sound = [(1, 50, 3, 50), (2, 60, 1, 55)]
    how = {"tau2": "REML", "interval": "normal", "conf_level": 0.95}
    two = meta_analysis(study_effects(trials(*sound), prefer="counts"), **how)
    three = meta_analysis(study_effects(trials(*sound, empty), prefer="counts"), **how)
    pd.testing.assert_frame_equal(three.estimate(), two.estimate())
    assert (three.k, three.totals()["n"]) == (2, two.totals()["n"])
    last = three.studies.iloc[-1]
    assert last["weight"] == 0
    assert np.isnan(last["estimate"])
    assert (
        last["method"]
        == "cannot be estimated, because both arms have no event, or only events: no ratio follows"
    )
    half = meta_analysis(study_effects(trials(*sound, empty), prefer="counts", no_contrast="half"), **how)
    assert half.k == 3  # the half claims equal risks: the interval moves although nothing was learnt
    assert half.ratio.conf_high != pytest.approx(two.ratio.conf_high, rel=1e-3)


def test_an_event_in_one_arm_only_is_a_contrast() -> None:
    assert (
        study_effects(trials((0, 40, 3, 40), (3, 40, 0, 40), (40, 40, 37, 40)), prefer="counts")["estimate"]
        .notna()
        .all()
    )


@pytest.mark.parametrize(
    "wrong", [(0, 0, 3, 40), (3, 40, 0, 0), (41, 40, 3, 40), (3, 40, -1, 40), (2.5, 40, 3, 40)]
)
def test_counts_that_are_none_are_refused(wrong: tuple[float, int, int, int]) -> None:
    with pytest.raises(ValueError, match="counts must lie between 0 and the patients.*T1"):
        study_effects(trials((1, 50, 3, 50), wrong), prefer="counts")
