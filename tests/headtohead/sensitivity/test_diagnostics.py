"""Whether the design holds: each check by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.outcomes.equivalence import power_of_risk_difference
from headtohead.sensitivity.diagnostics import (
    COLUMNS,
    check,
    detectable,
    distance_from_certainty,
    largest_missing_share,
    largest_standardised_coefficient,
    panel,
    preference_score,
    share_in_equipoise,
)

TREATED = pd.Series([True, False, False, False])


def test_the_preference_score_by_hand() -> None:
    # one in four treated: prior odds 1/3. Score 0.25 has odds 1/3: preference odds 1, preference 0.5;
    # score 0.5 has odds 1: preference odds 3, preference 0.75; score 0.1: odds 1/9 * 3 = 1/3, 0.25
    ps = pd.Series([0.25, 0.5, 0.1, 0.25])
    assert preference_score(ps, TREATED).tolist() == pytest.approx([0.5, 0.75, 0.25, 0.5])


def test_the_arm_with_less_equipoise_counts() -> None:
    # preferences 0.5 | 0.75, 0.25, 0.5: in 0.3 to 0.7 are 1 of 1 treated and 1 of 3 controls
    ps = pd.Series([0.25, 0.5, 0.1, 0.25])
    assert share_in_equipoise(ps, TREATED, low=0.3, high=0.7) == pytest.approx(1 / 3)


def test_how_common_a_drug_is_does_not_matter() -> None:
    for share in (0.1, 0.5, 0.9):
        treated = pd.Series(np.arange(100) < 100 * share)
        ps = pd.Series(share, index=treated.index)  # randomised: nobody is favoured
        assert preference_score(ps, treated).tolist() == pytest.approx([0.5] * 100)


def test_missing_extreme_and_steep_by_hand() -> None:
    frame = pd.DataFrame({"a": [1, np.nan, 3, 4], "b": [np.nan, np.nan, 1, 1]})
    assert largest_missing_share(frame) == ("b", 0.5)
    held = frame.apply(
        lambda s: pd.Series(pd.arrays.FloatingArray(s.to_numpy(float), np.zeros(len(s), bool)))
    )
    assert largest_missing_share(held) == ("b", 0.5)
    assert distance_from_certainty(pd.Series([0.3, 0.98, 0.04])) == pytest.approx(0.02)
    # sd of 0, 2 is sqrt(2), of 0, 20 ten times that: slopes -3 and 0.2 per unit become 3 sqrt 2 and 2 sqrt 2
    design = pd.DataFrame({"x": [0.0, 2], "y": [0.0, 20]})
    fit = pd.DataFrame({"term": ["(Intercept)", "x", "y"], "estimate": [50.0, -3, 0.2]})
    assert largest_standardised_coefficient(design, fit) == ("x", pytest.approx(3 * np.sqrt(2)))


def test_the_detectable_difference_has_the_power() -> None:
    found, reason = detectable(0.17, 110, 190, power=0.8, alpha=0.05)
    assert reason == ""
    assert power_of_risk_difference(0.17, found, 110, 190, alpha=0.05) == pytest.approx(0.8, abs=1e-6)
    none, reason = detectable(0.0, 110, 190, power=0.8, alpha=0.05)
    assert np.isnan(none)
    assert reason.startswith("cannot be estimated, because even a fall")


@pytest.mark.parametrize(
    ("value", "rule", "threshold", "limits", "passed"),
    [
        (0.1, "at most", 0.1, {}, True),
        (0.11, "at most", 0.1, {}, False),
        (8.0, "at least", 8, {}, True),
        (7.9, "at least", 8, {}, False),
        (0.02, "within", 0.06, {"low": -0.01, "high": 0.05}, True),
        (0.02, "within", 0.05, {"low": -0.06, "high": 0.03}, False),
    ],
)
def test_a_check_holds_or_not(value: float, rule: str, threshold: float, limits: dict, passed: bool) -> None:
    row = check("x", "words", "smd", value, rule=rule, threshold=threshold, **limits)  # type: ignore[arg-type]
    assert row["passed"] is passed
    assert tuple(panel([row])) == COLUMNS


def test_what_cannot_be_measured_fails_with_a_reason() -> None:
    row = check("x", "w", "smd", np.nan, rule="at most", threshold=1, method="cannot be estimated, because z")
    assert row["passed"] is False
    with pytest.raises(ValueError, match="a check without a value must say why, 'x' does not"):
        check("x", "w", "smd", np.nan, rule="at most", threshold=1)
