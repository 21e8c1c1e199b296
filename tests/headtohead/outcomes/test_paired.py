from __future__ import annotations

import numpy as np
import pytest
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.paired import PairCounts, conditional_odds_ratio, mcnemar
from headtohead.outcomes.risk import ONE_SIDED, paired_odds_ratios
from hypothesis import given
from hypothesis import strategies as st
from reference import Reference
from scipy import optimize, stats
from statsmodels.discrete.conditional_models import ConditionalLogit
from statsmodels.stats import contingency_tables

COUNTS = st.integers(0, 40)


def test_by_hand() -> None:
    # of 3 discordant pairs 2 have the treated event: p = 2 x P(X >= 2) = 2 x 4/8 = 1; mid-p 1 - 3/8 = 5/8;
    # (2 - 1)^2 / 3; odds 2. Limits of 2/3: P(X >= 2 | p) = 3 p^2 - 2 p^3 = 0.025, P(X <= 2 | p) = 1 - p^3 = 0.025
    found = mcnemar(PairCounts(5, 2, 1, 9))
    assert found == pytest.approx((1.0, 5 / 8, 1 / 3))
    ratio = conditional_odds_ratio(PairCounts(5, 2, 1, 9), conf_level=0.95)
    low = optimize.brentq(lambda p: 3 * p**2 - 2 * p**3 - 0.025, 0, 1, xtol=1e-14)
    high = 0.975 ** (1 / 3)
    assert ratio == pytest.approx((2.0, np.sqrt(1.5), low / (1 - low), high / (1 - high)))


@given(COUNTS, COUNTS)
def test_equals_statsmodels(b: int, c: int) -> None:
    found = mcnemar(PairCounts(3, b, c, 3))
    if b + c == 0:
        assert found.p_exact == found.p_mid == 1
        assert np.isnan(found.chi_square)
        return
    table = [[3, b], [c, 3]]
    assert found.p_exact == pytest.approx(contingency_tables.mcnemar(table, exact=True).pvalue)
    plain = contingency_tables.mcnemar(table, exact=False, correction=False)
    assert found.chi_square == pytest.approx(plain.statistic)


@given(st.integers(1, 40), st.integers(1, 40))
def test_limits_turn_over_with_the_arms_and_agree_with_the_test(b: int, c: int) -> None:
    one, other = (
        conditional_odds_ratio(PairCounts(0, *pair, 0), conf_level=0.95) for pair in ((b, c), (c, b))
    )
    assert (1 / one.conf_high, 1 / one.conf_low) == pytest.approx((other.conf_low, other.conf_high))
    tail = stats.binom.sf(max(b, c) - 1, b + c, 0.5)
    assert (one.conf_low > 1 or one.conf_high < 1) == (tail < 0.025)


@pytest.mark.filterwarnings("ignore:Dropped")  # concordant pairs, which say nothing
def test_equals_conditional_logistic_regression(reference: Reference) -> None:
    way = reference.propensity.match(caliper_sd=0.2)
    row = paired_odds_ratios(reference.death28, way, by=28).iloc[0]
    used = way.used
    fit = ConditionalLogit(
        reference.frame.loc[used, "death28"].to_numpy(), reference.treated[used].astype(float).to_numpy()[:, None],
        groups=way.matched_set[used].to_numpy(),
    ).fit(method="newton")  # fmt: skip
    assert np.log(row["estimate"]) == pytest.approx(fit.params[0], abs=1e-4)
    assert row["std_error"] == pytest.approx(fit.bse[0], rel=1e-3)
    assert row["n"] == used.sum()
    assert row["events"] == reference.frame.loc[used, "death28"].sum()
    assert row["conf_low"] < row["estimate"] < row["conf_high"]


def test_rows_and_errors_say_why(reference: Reference) -> None:
    score, way = reference.propensity, reference.propensity.match(caliper_sd=0.2)
    nobody = Endpoint.recorded("death", 0 * reference.frame["death28"], by=28)
    row = paired_odds_ratios(nobody, way, by=28).iloc[0]
    assert row["method"] == ONE_SIDED
    assert row["p_exact"] == 1
    with pytest.raises(ValueError, match="one control per treated patient, overlap weights differ"):
        paired_odds_ratios(reference.death28, score.weight("ATO"), by=28)
    unknown = Endpoint.recorded("death", reference.frame["death28"].mask(way.used), by=28)
    with pytest.raises(ValueError, match="must be known for everyone"):
        paired_odds_ratios(unknown, way, by=28)
