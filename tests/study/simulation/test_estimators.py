from __future__ import annotations

import numpy as np
import pandas as pd
from headtohead.inference import Inference, stream
from headtohead.outcomes.risk import risks
from reference import Reference
from study.simulation.estimators import COLUMNS, ESTIMATORS, estimate_replicate

NAMES = list(ESTIMATORS)


def test_a_replicate_is_analysed_as_the_paper_analyses_its_cohort(reference: Reference) -> None:
    treated, score = reference.treated, reference.propensity
    event = reference.frame["death28"].astype(float)
    rows = estimate_replicate(
        event.to_numpy(), treated.to_numpy(bool), reference.design.to_numpy(float), [],
        caliper_sd=0.2, caliper_scale="pooled", order="largest", conf_level=0.95, bootstrap_replicates=200,
        rng=stream(4, "risks", "ato"),
    )  # fmt: skip
    found = pd.DataFrame(rows, index=NAMES, columns=list(COLUMNS))
    ways = {"ow_bootstrap": score.weight("ATO"), "pairs": score.match(caliper_sd=0.2)}
    for name, way in ways.items():
        theirs = risks(reference.death28, way, by=28, inference=Inference(0.95, 200, 4))
        theirs = theirs.set_index("scale").loc["risk difference"]
        # same resamples, two Newton fits
        np.testing.assert_allclose(
            found.loc[name].to_numpy(), theirs[list(COLUMNS)].to_numpy(float), atol=1e-8
        )
