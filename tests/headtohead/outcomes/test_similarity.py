from __future__ import annotations

import numpy as np
import pytest
from headtohead.outcomes.equivalence import equivalence_of_counts, margin_tests
from headtohead.outcomes.posterior import RiskPosterior, risk_posterior_density, risk_posteriors
from headtohead.proportions.counts import TwoByTwo

TABLE = TwoByTwo(22, 125, 36, 217)
MARGINS = {"narrow": 0.05, "wide": 0.10}


def test_each_margin_has_its_test_in_rows() -> None:
    rows = margin_tests(TABLE, MARGINS, alpha=0.05).set_index(["margin", "name"])
    for name, width in MARGINS.items():
        test = equivalence_of_counts(TABLE, margin=width, alpha=0.05)
        assert rows.at[(name, "p"), "estimate"] == test.p_value
        assert rows.at[(name, "smallest"), "estimate"] == test.smallest_margin
        limits = rows.loc[(name, "interval"), ["estimate", "conf_low", "conf_high", "conf_level"]]
        assert list(limits) == [test.estimate, test.conf_low, test.conf_high, 0.9]
    with pytest.raises(ValueError, match="margin 'none' must be a number above 0 and below 1, found 0.0"):
        margin_tests(TABLE, {"none": 0.0}, alpha=0.05)


def test_the_posterior_of_exchanged_arms_is_mirrored() -> None:
    rows = risk_posteriors(TABLE, MARGINS, conf_level=0.95).set_index("name")
    other = risk_posteriors(TwoByTwo(36, 217, 22, 125), MARGINS, conf_level=0.95).set_index("name")
    chance, mirrored = rows["estimate"], other["estimate"]
    assert chance["worse"] + mirrored["worse"] == pytest.approx(1, abs=1e-8)
    assert chance["within_wide"] == pytest.approx(mirrored["within_wide"], abs=1e-8)
    assert chance["worse_by_narrow"] == pytest.approx(mirrored["better_by_narrow"], abs=1e-8)
    assert chance["rd"] == pytest.approx(-mirrored["rd"], abs=1e-8)
    assert list(rows.loc["rd", ["conf_low", "conf_high"]]) == pytest.approx(
        [-other.at["rd", "conf_high"], -other.at["rd", "conf_low"]], abs=1e-8
    )


def test_the_density_has_the_posterior_chances() -> None:
    found = risk_posterior_density(TABLE, np.linspace(-0.4, 0.4, 1601))
    step = np.diff(found["difference"])[0]
    below = found.loc[found["difference"] < 0, "density"].sum() * step
    assert below == pytest.approx(RiskPosterior(TABLE).probability_below(0), abs=5e-3)
