from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.cohort.describe import arm_by_stratum, category_smd, crude_smd, missingness, table_one


def test_smd_by_hand() -> None:
    # means 2 and 4, both variances 1: SMD = -2
    values, treated = pd.Series([1.0, 2, 3, 3, 4, 5]), pd.Series([True] * 3 + [False] * 3)
    assert crude_smd(values, treated) == pytest.approx(-2.0)
    assert crude_smd(-values, treated) == pytest.approx(2.0)


def test_smd_of_two_levels_is_the_usual_one() -> None:
    # shares 0.5 and 0.25: |0.25| / sqrt((0.25 + 0.1875) / 2)
    values, treated = pd.Series(list("abab") + list("abbb")), pd.Series([True] * 4 + [False] * 4)
    assert category_smd(values, treated) == pytest.approx(0.25 / np.sqrt((0.25 + 0.1875) / 2))


def test_table_one_counts_missing_and_carries_no_p_value(
    cohort: pd.DataFrame, dictionary: pd.DataFrame
) -> None:
    treated = cohort["drug"] == "anakinra"
    table = table_one(cohort, treated, ["age", "sex", "ldh", "dni"], dictionary)
    assert not [name for name in table if name.startswith("p_")]
    ldh = table[table["column"] == "ldh"].iloc[0]
    assert ldh["missing_treated"] + ldh["missing_control"] == cohort["ldh"].isna().sum()
    assert ldh["centre_treated"] == cohort.loc[treated, "ldh"].median()
    sex = table[table["column"] == "sex"]
    assert sex["centre_treated"].sum() == treated.sum()


def test_empty_strata_are_shown() -> None:
    frame = pd.DataFrame({"hospital": ["A", "A", "B"], "period": ["1", "2", "1"]})
    strata = arm_by_stratum(frame, pd.Series([True, False, True]), by=["hospital", "period"])
    empty = strata[(strata["hospital"] == "B") & (strata["period"] == "2")].iloc[0]
    assert (empty["treated"], empty["control"], empty["n"]) == (0, 0, 0)


def test_missingness_adds_up(cohort: pd.DataFrame) -> None:
    table = missingness(cohort, ["il6", "ldh"], by=["hospital", "period"])
    assert table.groupby("column")["missing"].sum().to_dict() == {
        "il6": cohort["il6"].isna().sum(),
        "ldh": cohort["ldh"].isna().sum(),
    }
