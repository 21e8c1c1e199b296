from __future__ import annotations

import numpy as np
import pandas as pd
from study.data.course import HIERARCHY, course_by_day, outcome_hierarchy

NAN = np.nan
PATIENTS = pd.DataFrame(
    {
        "icu_day": [1, NAN, 0, NAN],
        "imv_day": [2, NAN, NAN, NAN],
        "death_day": [3, NAN, NAN, NAN],
        "discharge_day": [NAN, 2, 9, NAN],
        "end_state": ["dead", "discharged", "discharged", "transferred"],
        "followup_day": [3, 2, 9, 1],
    }
)


def test_states_by_hand() -> None:
    found = course_by_day(PATIENTS, horizon_days=4)
    # ward 0, intensive care 1, ventilated 2, dead 3, discharged 4, censored -1
    assert found.tolist() == [[0, 1, 2, 3, 3], [0, 0, 4, 4, 4], [1, 1, 1, 1, 1], [0, 0, -1, -1, -1]]


def test_hierarchy_by_hand() -> None:
    found = outcome_hierarchy(PATIENTS, horizon_days=4)
    assert tuple(found) == HIERARCHY
    assert found.iloc[0].tolist() == [3, 2, 1, -4]
    assert found.iloc[1].tolist() == [5, 5, 5, -2]
    assert found.iloc[2].tolist() == [5, 5, 0, -4]
    assert found.iloc[3].isna().all()


def test_every_course_of_the_cohort_goes_one_way(cohort: pd.DataFrame) -> None:
    states = course_by_day(cohort, horizon_days=28)
    assert (np.diff(states, axis=1) >= 0).all()
    dead = (cohort["death_day"] <= 28).sum()
    assert (states[:, -1] == 3).sum() == dead
