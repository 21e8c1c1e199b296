from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.evidence.pooled import agreement, bucher, disagreement, indirect_comparisons, ratio_row
from headtohead.outcomes.estimate import Interval
from hypothesis import given
from hypothesis import strategies as st

Z = 1.959963984540054


def ratio(estimate: float, se: float, quantile: float = Z) -> Interval:
    return Interval(estimate, se, estimate * np.exp(-quantile * se), estimate * np.exp(quantile * se))


def test_by_hand() -> None:
    # ln 0.9 - ln 0.6 = ln 1.5; variance 0.3^2 + 0.4^2 = 0.5^2
    found = bucher(ratio(0.9, 0.3), ratio(0.6, 0.4), conf_level=0.95)
    assert tuple(found) == pytest.approx((1.5, 0.5, 1.5 * np.exp(-Z / 2), 1.5 * np.exp(Z / 2)))


def test_a_pool_of_few_studies_keeps_its_width() -> None:
    # t with 2 degrees of freedom is 4.303: the comparison cannot be narrower than its part
    part = ratio(0.48, 0.19, quantile=4.303)
    found = bucher(part, ratio(0.77, 0.11), conf_level=0.95)
    assert np.log(found.conf_high / found.conf_low) > np.log(part.conf_high / part.conf_low)


ratios = st.builds(ratio, st.floats(0.1, 10), st.floats(0.01, 2))


@given(ratios, ratios, ratios)
def test_swapping_inverts_and_a_common_part_drops_out(a: Interval, b: Interval, c: Interval) -> None:
    there, back = bucher(a, b, conf_level=0.95), bucher(b, a, conf_level=0.95)
    assert there.estimate * back.estimate == pytest.approx(1)
    assert there.conf_low * back.conf_high == pytest.approx(1)
    chained = bucher(bucher(a, c, conf_level=0.95), bucher(b, c, conf_level=0.95), conf_level=0.95)
    assert chained.estimate == pytest.approx(there.estimate)
    assert chained.std_error >= there.std_error


def test_disagreement_by_hand() -> None:
    # 1.5 with se 0.5 against 1.5 e^-0.98 with se 0: z = 1.96 in the limit
    found, p = disagreement(ratio(1.5, 0.5), ratio(1.5 * np.exp(-0.5 * Z), 1e-9), conf_level=0.95)
    assert p == pytest.approx(0.05, abs=1e-6)
    assert found.conf_low == pytest.approx(1, abs=1e-6)


def test_logarithms_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the second is -0.2 .*; give ratios, not logarithms"):
        bucher(ratio(0.9, 0.3), Interval(-0.2, 0.1, -0.4, 0.0), conf_level=0.95)


def test_comparisons_are_buchers_and_say_their_measure() -> None:
    usual = ratio_row(ratio(0.6, 0.4), "risk ratio", 0.95, "")
    against = {
        "trials": ratio_row(ratio(0.9, 0.3), "risk ratio", 0.95, ""),
        "cohorts": ratio_row(ratio(0.5, 0.3), "hazard ratio", 0.95, ""),
    }
    found = indirect_comparisons(against, usual, conf_level=0.95).set_index("source")
    assert found.loc["trials", ["scale", "estimate", "std_error"]].tolist() == [
        "risk ratio",
        1.5,
        pytest.approx(0.5),
    ]
    assert found.at["cohorts", "scale"] == "ratio"
    direct = ratio_row(ratio(1.5, 0.5), "risk ratio", 0.95, "")
    apart = agreement(direct, found.reset_index(), conf_level=0.95).set_index("source")
    assert apart.loc["trials", ["estimate", "p_value"]].tolist() == pytest.approx([1, 1])
    theirs, p_value = disagreement(ratio(1.5, 0.5), ratio(0.5 / 0.6, 0.5), conf_level=0.95)
    assert apart.loc["cohorts", ["estimate", "conf_low", "p_value"]].tolist() == pytest.approx(
        [theirs.estimate, theirs.conf_low, p_value]
    )


def test_a_comparison_takes_one_ratio() -> None:
    two = pd.concat([ratio_row(ratio(0.9, 0.3), "risk ratio", 0.95, "")] * 2)
    with pytest.raises(ValueError, match="needs one ratio, found 2 rows; choose one"):
        indirect_comparisons({"trials": two}, two.iloc[:1], conf_level=0.95)
