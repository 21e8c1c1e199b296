"""What only a large cohort shows: differences of zero to four places, intervals without bootstraps."""

from __future__ import annotations

import pandas as pd
from livingpaper.build.project import Project
from study.matching.figures import love_plot
from study.protocol.protocol import load_protocol


def test_perfect_balance_can_be_drawn(project: Project) -> None:
    table = pd.DataFrame(
        {
            "term": ["Age", "Sex"] * 2,
            "smd": 0.00004,
            "adjustment": ["crude"] * 2 + ["ato"] * 2,
            "id": list("abcd"),
        }
    )
    plan = load_protocol(project.protocol)
    first = love_plot(table.assign(origin="own"), plan).chart.to_dict()["hconcat"][0]
    ends = {
        layer["encoding"]["x"]["scale"]["domain"][1]
        for layer in first["layer"]
        if "scale" in layer["encoding"].get("x", {})
    }
    assert ends == {1.04 * plan.balance.smd_threshold}
