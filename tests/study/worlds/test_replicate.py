from __future__ import annotations

import numpy as np
import pytest
from livingpaper.build.project import Project
from scipy.special import logit
from study.worlds.causal_model import draw_patients
from study.worlds.multistate_model import exact_risks, features
from study.worlds.replicate import draw_replicate, recentred, without_effect
from study.worlds.worlds import Departure, World, read_worlds


@pytest.fixture(scope="module")
def world(project: Project) -> World:
    return read_worlds(project.data / "synthetic" / "worlds.json")["null"]


def test_a_departure_adds_its_log_odds(world: World) -> None:
    patients = draw_patients(200, np.random.default_rng(0))
    moved, as_it_is = (logit(world.score(patients, one)) for one in (Departure(2.5, -1.5), Departure()))
    period = np.select([patients["period"] == 1, patients["period"] == 2], [0.88, 0.08], -0.64)
    np.testing.assert_allclose(moved - as_it_is, 1.5 * period - 1.5 * patients["dni"], atol=1e-9)


def test_departures_keep_the_share_and_move_the_score(world: World) -> None:
    patients = draw_patients(4000, np.random.default_rng(1))
    for departure in (Departure(period_factor=2.5), Departure(limitation=-1.5)):
        moved = recentred(world, patients, departure).score(patients, departure)
        assert moved.mean() == pytest.approx(world.score(patients).mean(), abs=1e-9)
        assert np.abs(moved - world.score(patients)).max() > 0.05


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
