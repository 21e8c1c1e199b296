from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.sensitivity.confounding import confounder_benchmarks, e_value
from headtohead.sensitivity.heterogeneity import interaction


def counted(cells: list[tuple[int, int, int, int]]) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return exposure, arm and outcome from (exposed, treated, event, number)."""
    rows = [(x, a, y) for x, a, y, n in cells for _ in range(n)]
    table = pd.DataFrame(rows, columns=["x", "arm", "y"])
    return table[["x"]].astype(float), table["arm"].astype(bool), table["y"].astype(float)


def test_benchmark_by_hand() -> None:
    # treated: 4 of 10 exposed, 2 of them die, 1 of 6 unexposed; controls: 2 of 10 exposed, 1 dies, 1 of 8
    cells = [
        (1, 1, 1, 2),
        (1, 1, 0, 2),
        (0, 1, 1, 1),
        (0, 1, 0, 5),
        (1, 0, 1, 1),
        (1, 0, 0, 1),
        (0, 0, 1, 1),
        (0, 0, 0, 7),
    ]
    row = confounder_benchmarks(*counted(cells)).iloc[0]
    assert row["with_arm"] == pytest.approx(2.0)
    # (2 x 6/10 + 1 x 8/10) / (1 x 4/10 + 1 x 2/10) = 2.0 / 0.6
    assert row["with_outcome"] == pytest.approx(2.0 / 0.6)
    assert row["bound"] == pytest.approx(2 * (10 / 3) / (2 + 10 / 3 - 1))


def test_the_bound_of_two_equal_ratios_is_what_their_e_value_undoes() -> None:
    # a confounder as strong as E with both moves the ratio by R when E = e_value(R)
    strength = e_value(1.7)
    assert strength * strength / (2 * strength - 1) == pytest.approx(1.7)


def test_order_unknown_values_and_what_cannot_be_estimated() -> None:
    exposures, arm, y = counted(
        [(1, 1, 1, 3), (0, 1, 0, 5), (1, 0, 1, 2), (0, 0, 0, 9), (0, 0, 1, 1), (0, 1, 1, 1)]
    )
    exposures["nobody"] = 0.0
    exposures["partly"] = exposures["x"].where(np.arange(len(y)) % 4 > 0)
    found = confounder_benchmarks(exposures, arm, y).set_index("covariate")
    assert found.index[-1] == "nobody"
    assert found.at["nobody", "method"] == "cannot be estimated, because a prevalence or a risk is 0"
    assert found.at["x", "bound"] >= 1


def test_interaction_by_hand() -> None:
    # 0.1 and 0.3 with errors 0.03 and 0.04: difference 0.2, error 0.05, z = 4, chi-square 16
    found = interaction([0.1, 0.3], [0.03, 0.04], conf_level=0.95, power=0.8, alpha=0.05)
    assert found.chi_square == pytest.approx(16)
    assert found.difference == pytest.approx(0.2)
    assert (found.conf_low, found.conf_high) == pytest.approx((0.102, 0.298), abs=1e-4)
    assert found.detectable == pytest.approx((1.959964 + 0.841621) * 0.05, rel=1e-6)
    assert interaction([1, 1, 1], [1, 2, 3], conf_level=0.9, power=0.8, alpha=0.05).p_value == pytest.approx(
        1
    )
    with pytest.raises(ValueError, match="leave out groups without an estimate"):
        interaction([1, np.nan], [1, 1], conf_level=0.9, power=0.8, alpha=0.05)
