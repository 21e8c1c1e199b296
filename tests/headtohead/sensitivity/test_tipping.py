from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.inference import Inference, stream
from headtohead.kernels.weights import weighted_risks
from headtohead.matching.adjustment import unadjusted
from headtohead.outcomes.endpoint import Endpoint
from headtohead.sensitivity.strata import fewest, tipping_grid

EVENT = pd.Series([1.0, 0, 0, 0, 1, 0, 0, 0] * 25)
TREATED = pd.Series([True, True, True, True, False, False, False, False] * 25)
CRUDE = unadjusted(TREATED)


def grid(**changed: object) -> pd.DataFrame:
    given = {"extra_treated": [0, 30, 75], "extra_control": [0, 30], "margin": 0.05, "alpha": 0.05}
    return tipping_grid(
        Endpoint.recorded("death", EVENT, by=28),
        CRUDE,
        EVENT == 0,
        by=28,
        inference=Inference(bootstrap_replicates=400),
        **(given | changed),  # type: ignore[arg-type]
    )


def test_the_difference_moves_by_hand() -> None:
    # 100 per arm, 25 events each; 30 more of the treated: (25 + 30)/100 - 25/100 = 0.30; all 75: 0.75
    found = grid().set_index(["treated", "control"])
    assert found.at[(0, 0), "estimate"] == pytest.approx(0)
    assert found.at[(30, 0), "estimate"] == pytest.approx(0.30)
    assert found.at[(75, 30), "estimate"] == pytest.approx(1.0 - 0.55)
    assert found.at[(30, 0), "verdict"] == "harm"
    assert found.at[(0, 30), "verdict"] == "benefit"
    assert found.at[(0, 0), "verdict"] == "open"
    assert (found["conf_low"] < found["estimate"]).all()


def test_without_unseen_events_the_error_is_the_bootstraps() -> None:
    draws = CRUDE.resample(stream(1, "unseen deaths", "crude"), 400)
    risk1, risk0 = weighted_risks(EVENT.to_numpy(), TREATED.to_numpy(), draws)
    assert grid().iloc[0]["std_error"] == pytest.approx(np.std(risk1 - risk0, ddof=1), rel=1e-12)


def test_the_error_is_that_of_drawing_who_is_hit() -> None:
    # 400 bootstrap samples: the error of a standard error is 3.5%, three of them are allowed
    found = grid().set_index(["treated", "control"]).at[(30, 30), "std_error"]
    assert found == pytest.approx(np.sqrt(2 * 0.55 * 0.45 / 100), rel=0.11)


def test_nobody_and_everybody_are_no_certainty() -> None:
    """Without an event no bootstrap sample has one, yet the arms are not shown to be similar."""
    nobody = Endpoint.recorded("death", 0 * EVENT, by=28)
    for follow, extra, k in ((TREATED & False, 0, 0), (TREATED | True, 100, 100)):
        found = tipping_grid(
            nobody, CRUDE, follow, by=28, extra_treated=[extra], extra_control=[k], margin=0.01, alpha=0.05
        ).iloc[0]  # fmt: skip
        assert found["estimate"] == 0
        assert found["conf_high"] == pytest.approx(3.8415 / 103.8415, rel=1e-4)  # Wilson for 0 of 100
        assert found["verdict"] == "open"


def test_fewest_and_errors() -> None:
    found = fewest(grid(), "harm")
    assert found is not None
    assert (found["treated"], found["control"]) == (30, 0)
    assert fewest(grid(), "similar") is None
    assert (grid(margin=0.9)["verdict"] == "similar").any()
    with pytest.raises(ValueError, match="76 were asked for and 75 patients"):
        grid(extra_treated=[76])
