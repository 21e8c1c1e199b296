from __future__ import annotations

import pandas as pd
import pytest
from headtohead.cohort.describe import apply_eligibility
from headtohead.errors import EmptyArmError, UnknownError
from study.protocol.design import Criterion
from study.protocol.protocol import Protocol

ADULT = Criterion(label="Adult", excludes="a child", column="age", rule="at least", value=18)
STEROID = Criterion(label="Steroid", excludes="no steroid", column="steroid_start_day", rule="present")
FREE = Criterion(label="Not ventilated", excludes="ventilated", column="imv_at_start", rule="equal", value=0)
ARMS = {"arm": "drug", "treated": "anakinra", "control": "baricitinib"}


def test_each_patient_is_counted_at_the_first_criterion_failed() -> None:
    # p1 fails age and steroid: counted under age only
    frame = pd.DataFrame(
        {
            "age": [17, 40, 50, 60, 70],
            "steroid_start_day": [None, None, 0, -1, -2],
            "imv_at_start": [0, 0, 0, 1, 0],
            "drug": ["anakinra", "anakinra", "anakinra", "baricitinib", "baricitinib"],
        },
        index=[f"p{i}" for i in range(1, 6)],
    )
    eligible, flow = apply_eligibility(frame, [ADULT, STEROID, FREE], **ARMS)
    assert list(eligible.index) == ["p3", "p5"]
    assert eligible["treated"].tolist() == [True, False]
    excluded = flow.pivot(index="step", columns="arm", values="n_excluded")
    assert excluded["anakinra"].tolist() == [0, 1, 1, 0]
    assert excluded["baricitinib"].tolist() == [0, 0, 0, 1]


def test_the_flow_adds_up(cohort: pd.DataFrame, protocol: Protocol) -> None:
    eligible, flow = apply_eligibility(cohort, protocol.eligibility, **ARMS)
    for arm in ("anakinra", "baricitinib"):
        mine = flow[flow["arm"] == arm].sort_values("step")
        assert (mine["n_remaining"].diff().dropna() == -mine["n_excluded"].iloc[1:]).all()
        assert mine["n_remaining"].iloc[-1] == (eligible["drug"] == arm).sum()
    assert len(eligible) + flow["n_excluded"].sum() == len(cohort)


def test_an_empty_arm_is_named(cohort: pd.DataFrame) -> None:
    old = Criterion(label="Very old", excludes="younger", column="age", rule="at least", value=200)
    with pytest.raises(EmptyArmError, match="'anakinra' in column 'drug' has none of 408 patients"):
        apply_eligibility(cohort, [old], **ARMS)


def test_an_unknown_column_is_named(cohort: pd.DataFrame) -> None:
    wrong = Criterion(label="x", excludes="y", column="nonsense", rule="present")
    with pytest.raises(UnknownError, match="1 are not: 'nonsense'; it has"):
        apply_eligibility(cohort, [wrong], **ARMS)
