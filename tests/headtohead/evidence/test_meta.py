from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.evidence.effects import log_ratio_of_counts, study_effects
from headtohead.evidence.meta import cochran_q, random_effects
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from livingpaper.build.project import Project
from reference import GOLDENS, golden
from scipy import stats
from statsmodels.regression.linear_model import WLS
from statsmodels.stats.meta_analysis import combine_effects
from study.evidence.contract import load_evidence, rows_of

PRINTED = 6e-5  # metafor prints four decimals
FROM_LIMITS = 4e-5  # standard errors come from limits printed with four decimals, R's had all digits


def bcg() -> tuple[np.ndarray, np.ndarray]:
    d = pd.read_csv(GOLDENS / "bcg.csv")
    vaccinated = d["events_vaccinated"] + d["healthy_vaccinated"]
    control = d["events_control"] + d["healthy_control"]
    return log_ratio_of_counts(d["events_vaccinated"], vaccinated, d["events_control"], control)


def test_two_studies_by_hand() -> None:
    # y = 0 and 1, v = 1/4 each: mean 1/2, Q = 4 (1/4 + 1/4) = 2, DL tau2 = (2 - 1) / (8 - 32/8) = 1/4,
    # weights 1 / (1/4 + 1/4) = 2, so the standard error is 1 / 2.
    found = random_effects(
        np.array([0.0, 1.0]), np.full(2, 0.25), tau2="DL", interval="normal", conf_level=0.95
    )
    assert found.tau2 == pytest.approx(0.25)
    assert found.log_effect.estimate == pytest.approx(0.5)
    assert found.log_effect.std_error == pytest.approx(0.5)
    assert (found.q, found.i2) == pytest.approx((2, 0.5))
    assert np.isnan(found.prediction).all()  # two studies leave no degree of freedom
    # Hartung-Knapp: q = 2 (1/4 + 1/4) / 1 = 1, so the same standard error
    scaled = random_effects(np.array([0.0, 1.0]), np.full(2, 0.25), tau2="DL", interval="HK", conf_level=0.95)
    assert scaled.log_effect.std_error == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("tau2", "estimate", "between"),
    [("REML", -0.7145, 0.3132), ("DL", -0.7141, 0.3088), ("ML", -0.7112, 0.2800), ("PM", -0.7150, 0.3181)],
)
def test_bcg_equals_metafor(tau2: str, estimate: float, between: float) -> None:
    found = random_effects(*bcg(), tau2=tau2, interval="normal", conf_level=0.95)
    assert found.log_effect.estimate == pytest.approx(estimate, abs=PRINTED)
    assert found.tau2 == pytest.approx(between, abs=PRINTED)
    assert found.q == pytest.approx(152.2330, abs=PRINTED)
    assert found.i2 == pytest.approx(0.9212, abs=PRINTED)  # of DerSimonian-Laird, the same for all
    assert (found.tau2_low, found.tau2_high) == pytest.approx((0.1197, 1.1115), abs=PRINTED)


def test_bcg_interval_equals_metafor() -> None:
    normal = random_effects(*bcg(), tau2="REML", interval="normal", conf_level=0.95).log_effect
    assert tuple(normal) == pytest.approx((-0.7145, 0.1798, -1.0669, -0.3622), abs=PRINTED)


def test_hartung_knapp_is_weighted_least_squares() -> None:
    # estimating the residual scale of a weighted mean is the same thing: statsmodels' WLS as the oracle
    y, v = bcg()
    found = random_effects(y, v, tau2="REML", interval="HK", conf_level=0.95)
    fit = WLS(y, np.ones(len(y)), weights=1 / (v + found.tau2)).fit()
    assert found.log_effect.std_error == pytest.approx(fit.bse[0])
    assert tuple(found.log_effect)[2:] == pytest.approx(tuple(fit.conf_int(0.05)[0]))


def test_twelve_jak_inhibitor_trials_equal_r_and_the_publication(project: Project) -> None:
    trials = study_effects(rows_of(load_evidence(project.data / "evidence.csv"), "jak"), prefer="published")
    theirs = golden("reference_survival.json")["jaki_ma"]
    effects = trials["log_effect"], trials["variance"]
    for key, tau2, interval in (("ML_HK", "ML", "HK"), ("REML_HK", "REML", "HK"), ("DL", "DL", "normal")):
        found = random_effects(*effects, tau2=tau2, interval=interval, conf_level=0.95)
        ratio = found.ratio
        assert ratio.estimate == pytest.approx(theirs[key]["or"], abs=FROM_LIMITS)
        assert (ratio.conf_low, ratio.conf_high) == pytest.approx(theirs[key]["ci"], abs=FROM_LIMITS)
        assert found.tau2 == pytest.approx(theirs[key]["tau2"], abs=FROM_LIMITS)
    found = random_effects(*effects, tau2="ML", interval="HK", conf_level=0.95)
    assert (found.k, found.ratio.estimate) == (12, pytest.approx(0.6727, abs=PRINTED))
    assert tuple(found.ratio)[2:] == pytest.approx((0.5488, 0.8247), abs=PRINTED)
    assert tuple(np.exp(found.prediction)) == pytest.approx((0.4507, 1.0041), abs=1e-4)
    assert (found.i2, found.q, found.q_p_value) == pytest.approx((0.162, 13.13, 0.2850), abs=5e-3)
    assert found.tau2_high == pytest.approx(0.3904, abs=1e-4)


def test_the_interval_of_the_variance_is_empty_where_studies_agree_too_well() -> None:
    # Q = 2 * 0.005^2 / 0.25 = 0.0002, below the 2.5 % point of chi-square with 1 df, 0.00098: no tau2 >= 0 fits
    found = random_effects(
        np.array([0.0, 0.01]), np.full(2, 0.25), tau2="REML", interval="normal", conf_level=0.95
    )
    assert found.q == pytest.approx(0.0002)
    assert found.tau2 == 0
    assert np.isnan([found.tau2_low, found.tau2_high]).all()


studies = st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), min_size=3, max_size=12)


@settings(deadline=None)
@given(studies)
def test_paule_mandel_equals_statsmodels_and_solves_its_equation(pairs: list[tuple[float, float]]) -> None:
    y, v = map(np.array, zip(*pairs, strict=True))
    found = random_effects(y, v, tau2="PM", interval="normal", conf_level=0.95)
    if found.tau2 == 0:
        assert cochran_q(y, v, 0.0) <= len(y) - 1 + 1e-9
        return
    assert cochran_q(y, v, found.tau2) == pytest.approx(len(y) - 1, rel=1e-6)
    theirs = combine_effects(y, v, method_re="pm", atol=1e-10, maxiter=500)
    assume(theirs.tau2 > 0)
    assert found.tau2 == pytest.approx(theirs.tau2, rel=1e-4, abs=1e-7)  # statsmodels iterates to 1e-5


@settings(deadline=None)
@given(studies, st.sampled_from(["ML", "REML", "DL", "PM"]), st.floats(-3, 3))
def test_a_shift_moves_the_mean_and_modified_hartung_knapp_is_never_narrower(
    pairs: list[tuple[float, float]], tau2: str, shift: float
) -> None:
    y, v = map(np.array, zip(*pairs, strict=True))
    here, there = (
        random_effects(one, v, tau2=tau2, interval="modified HK", conf_level=0.95) for one in (y, y + shift)
    )
    # the search for tau2 stops where the likelihood is flat to rounding
    assert there.log_effect.estimate == pytest.approx(here.log_effect.estimate + shift, abs=1e-4)
    assert here.weights.sum() == pytest.approx(1)
    assert here.tau2 >= 0
    for kind in ("normal", "HK"):
        other = random_effects(y, v, tau2=tau2, interval=kind, conf_level=0.95).log_effect
        assert here.log_effect.conf_high >= other.conf_high - 1e-12


def test_studies_that_found_the_same_leave_no_certainty() -> None:
    """q is 0, and the interval would be a point: then it is that of q = 1, by hand t(0.975, 2) / sqrt(25 + 20 + 10)."""
    y, v = np.log([0.8, 0.8, 0.8]), np.array([0.04, 0.05, 0.1])
    found = random_effects(y, v, tau2="REML", interval="HK", conf_level=0.95)
    half = stats.t.ppf(0.975, 2) / np.sqrt(55)
    assert found.log_effect.conf_high - found.log_effect.estimate == pytest.approx(half)
    assert found.log_effect.estimate - found.log_effect.conf_low == pytest.approx(half)
    assert found.method == "random effects, tau2 by REML, interval modified HK"


def test_hartung_knapp_collapses_when_studies_agree_and_the_modified_one_does_not() -> None:
    y, v = np.array([-0.8, -0.7, -0.73]), np.array([0.16, 0.12, 0.07])
    width = {
        kind: np.ptp(random_effects(y, v, tau2="REML", interval=kind, conf_level=0.95).log_effect[2:])
        for kind in ("normal", "HK", "modified HK")
    }
    assert width["HK"] < 0.5 * width["normal"] < width["normal"] < width["modified HK"]


def test_errors_say_what_to_do() -> None:
    choices = {"tau2": "REML", "interval": "HK", "conf_level": 0.95}
    with pytest.raises(ValueError, match="at least two studies, found 1; report the one study"):
        random_effects(np.array([0.1]), np.array([0.1]), **choices)
    with pytest.raises(ValueError, match=r"variance above 0, 2 of 3 have not, at places \[0, 2\]"):
        random_effects(np.array([0.1, 0.2, np.nan]), np.array([0.0, 0.1, 0.1]), **choices)
    with pytest.raises(ValueError, match="must be one of .*'modified HK'.*, found 'wide'"):
        random_effects(np.array([0.1, 0.2]), np.ones(2), **(choices | {"interval": "wide"}))


def test_coverage_of_known_truth() -> None:
    # 400 syntheses of 8 studies, true mean -0.3, true tau2 0.05: the interval should hold the mean in 95%;
    # four standard errors of 400 draws are 4.4 points.
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        v = rng.uniform(0.02, 0.3, 8)
        y = rng.normal(-0.3, np.sqrt(0.05 + v))
        found = random_effects(y, v, tau2="REML", interval="modified HK", conf_level=0.95).log_effect
        hits += found.conf_low <= -0.3 <= found.conf_high
    assert 0.92 <= hits / 400 <= 1.0
