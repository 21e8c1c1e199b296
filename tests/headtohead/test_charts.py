"""The charts hold the numbers of their tables, and say what they cannot draw."""

from __future__ import annotations

import headtohead as hh
import pandas as pd
import pytest

TABLE = pd.DataFrame(
    {
        "covariate": ["age", "sex", "age", "sex"],
        "smd": [-0.2, 0.5, 0.01, -0.02],
        "adjustment": ["crude", "crude", "ato", "ato"],
        "label": ["Crude", "Crude", "Overlap weights", "Overlap weights"],
    }
)


def test_the_love_plot_draws_absolute_differences_the_crudest_first() -> None:
    limit, points = hh.love_plot(TABLE, threshold=0.2).layer
    assert limit.data["at"].tolist() == [0.2]
    assert points.data["smd"].tolist() == [0.2, 0.5, 0.01, 0.02]
    told = points.to_dict()["encoding"]
    assert told["y"]["sort"] == ["sex", "age"]
    assert told["color"]["scale"]["domain"] == ["Crude", "Overlap weights"]


def test_a_report_is_drawn_level_by_level() -> None:
    report = TABLE.rename(columns={"covariate": "column"}).drop(columns="label")
    report["level"] = ["", "F", "", "F"]
    points = hh.love_plot(report).layer[1]
    assert points.data["covariate"].tolist() == ["age", "sex [F]"] * 2
    assert points.data["adjustment"].tolist() == ["crude", "crude", "ato", "ato"]


def test_more_adjustments_than_marks_are_refused() -> None:
    many = pd.concat([TABLE.assign(label=f"way {k}") for k in range(8)])
    with pytest.raises(ValueError, match="tells 7 adjustments apart, found 8; draw fewer"):
        hh.love_plot(many)


def test_curves_are_drawn_for_every_adjustment_and_cause_under_the_names_of_the_arms() -> None:
    rows = pd.DataFrame({"arm": ["treated", "control"], "day": 1, "incidence": [0.1, 0.2], "cause": "died"})
    rows = rows.assign(conf_low=0.05, conf_high=[0.3, 0.4], adjustment=["crude", "ato"], outcome="died")
    told = hh.curves_plot(rows, arms=("new", "old"), time="Weeks").to_dict()
    (data,) = told["datasets"].values()
    assert [(row["arm"], row["incidence"], row["conf_high"]) for row in data] == [
        ("new", 0.1, 0.3),
        ("old", 0.2, 0.4),
    ]
    assert told["facet"]["column"]["sort"] == ["crude", "ato"]
    band, line = told["spec"]["layer"]
    assert band["encoding"]["y"]["scale"]["domain"] == [0, 0.4] == line["encoding"]["y"]["scale"]["domain"]
    assert line["encoding"]["x"]["title"] == "Weeks"
