from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from livingpaper.build.project import Project
from study.data.load import load_published, load_worlds
from study.data.published import published_tables
from study.worlds.causal_model import draw_patients
from study.worlds.multistate_model import Course, exact_risks, features, simulate
from study.worlds.worlds import (
    TRUE_LOG_HR_DEATH,
    World,
    moment_residuals,
    read_worlds,
    reference_population,
    true_effects,
)


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return reference_population()


def test_every_world_reproduces_the_published_counts_in_expectation(
    project: Project, patients: pd.DataFrame
) -> None:
    tables = published_tables(
        load_published(project.data / "published.csv"), treated="anakinra", control="baricitinib"
    )
    x = features(patients)
    for world in read_worlds(project.data / "synthetic" / "worlds.json").values():
        residuals = moment_residuals(world, tables["imv"], tables["death"], patients, x)
        np.testing.assert_allclose(residuals, 0, atol=1e-9, err_msg=world.name)


def test_the_worlds_differ_in_truth_only_where_they_should(project: Project, patients: pd.DataFrame) -> None:
    worlds = read_worlds(project.data / "synthetic" / "worlds.json")
    assert {name: world.course.drug[1] for name, world in worlds.items()} == TRUE_LOG_HR_DEATH
    truth = load_worlds(project.data / "synthetic" / "worlds.csv")
    att = truth.query("estimand == 'ATT' and outcome == 'death' and horizon_days == 28").set_index("world")[
        "rd"
    ]
    assert att["harm"] > 0.02 > abs(att["null"])
    assert att["benefit"] < -0.03
    recomputed = pd.concat([true_effects(world, patients, horizons=(28,)) for world in worlds.values()])
    stored = truth[truth["horizon_days"] == 28]
    np.testing.assert_allclose(recomputed["rd"], stored["rd"], atol=1e-8)


def test_exact_risks_equal_simulated_shares() -> None:
    rng = np.random.default_rng(5)
    patients = draw_patients(4000, rng)
    from livingpaper.build.project import find_project

    world = read_worlds(find_project().data / "synthetic" / "worlds.json")["harm"]
    x = features(patients)
    drawn = simulate(x, world.course, 1.0, rng.random((4000, 120, 2)))
    exact = exact_risks(x, world.course, 1.0)
    for name, share in (
        ("death", drawn["dead"].mean()),
        ("imv", (drawn["imv_day"] > 0).mean()),
        ("icu", (drawn["icu_day"] > 0).mean()),
    ):
        expected = getattr(exact, name)[-1].mean()
        assert share == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 4000)), name
    by_day_14 = ((drawn["dead"] == 1) & (drawn["end_day"] <= 14)).mean()
    assert by_day_14 == pytest.approx(exact.death[13].mean(), abs=0.02)


def test_the_same_uniforms_give_the_same_course_without_a_drug_effect() -> None:
    rng = np.random.default_rng(2)
    x = features(draw_patients(50, rng))
    course = Course((-4.0, -7.0, -2.95, -3.6, -3.2, -3.1, -3.45, -4.2), (0.0,) * 8)
    u = rng.random((50, 120, 2))
    one, other = simulate(x, course, 1.0, u), simulate(x, course, 0.0, u)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_steering_sends_the_sicker_to_anakinra() -> None:
    patients = draw_patients(5000, np.random.default_rng(3))
    ill = patients["severity"] > 0
    ps = World("ill first", Course((), ()), intercept=-1.0, steering=0.5).score(patients)
    assert ps[ill].mean() > ps[~ill].mean() + 0.05
