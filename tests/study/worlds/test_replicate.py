from __future__ import annotations

import numpy as np
import pytest
from livingpaper.build.project import Project
from study.worlds.causal_model import draw_patients, propensity
from study.worlds.disease_course import exact_risks, features
from study.worlds.replicate import Departure, draw_replicate, recentred, true_score, without_effect
from study.worlds.worlds import World, read_worlds


@pytest.fixture(scope="module")
def world(project: Project) -> World:
    return read_worlds(project.data / "synthetic" / "worlds.json")["null"]


def test_without_departure_the_score_is_that_of_the_model(world: World) -> None:
    patients = draw_patients(200, np.random.default_rng(0))
    mine = true_score(world, patients, Departure())
    np.testing.assert_allclose(
        mine, propensity(patients, intercept=world.intercept, steering=world.steering), rtol=1e-12
    )


def test_departures_keep_the_share_and_move_the_score(world: World) -> None:
    patients = draw_patients(4000, np.random.default_rng(1))
    for departure in (Departure(period_factor=2.5), Departure(limitation=-1.5)):
        moved = true_score(recentred(world, patients, departure), patients, departure)
        assert moved.mean() == pytest.approx(true_score(world, patients, Departure()).mean(), abs=1e-9)
        assert np.abs(moved - true_score(world, patients, Departure())).max() > 0.05


def test_the_sharp_null_changes_nobody(world: World) -> None:
    x = features(draw_patients(50, np.random.default_rng(2)))
    course = without_effect(world).course
    np.testing.assert_array_equal(
        exact_risks(x, course, 1.0, days=28).death, exact_risks(x, course, 0.0, days=28).death
    )


def test_drawn_deaths_have_the_exact_risk(world: World) -> None:
    frame = draw_replicate(world, 20_000, np.random.default_rng(3), days=28, columns=())
    x = features(frame)
    risk = np.where(
        frame["treated"],
        exact_risks(x, world.course, 1.0, days=28).death[-1],
        exact_risks(x, world.course, 0.0, days=28).death[-1],
    )
    error = np.sqrt((risk * (1 - risk)).sum()) / len(frame)
    assert abs(frame["dead"].mean() - risk.mean()) < 4 * error


def test_values_go_missing_where_asked_and_by_their_size(world: World) -> None:
    plain = draw_replicate(world, 8000, np.random.default_rng(4), days=2, columns=("ldh", "barthel"))
    assert plain["ldh"].isna().mean() == pytest.approx(0.05, abs=0.012)
    assert plain["ferritin"].notna().all()
    by_value = draw_replicate(
        world, 8000, np.random.default_rng(4), days=2, columns=("ldh",), departure=Departure(lab_missing=1.5)
    )
    assert by_value["ldh"].median() < plain["ldh"].median()  # high values are the ones that are lost
