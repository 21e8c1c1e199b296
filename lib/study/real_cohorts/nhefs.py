"""NHEFS, real people: the cohort, the published propensity model, and the numbers that are published.

NHEFS (1,629 cigarette smokers aged 25 to 74 at baseline) is the teaching cohort of Hernan and Robins.
The synthetic cohort shows that the library recovers a truth we wrote; this shows that it reproduces
what others published on real data.

References
----------
Hernan & Robins (2020) Causal Inference: What If. Chapman & Hall/CRC. Chapters 11, 12 and 17.
"""

import causaldata
import numpy as np
import pandas as pd
from headtohead.evidence.effects import PUBLISHED_LEVEL
from headtohead.outcomes.endpoint import Endpoint
from scipy.stats import norm

MODEL = (  # the covariates of the book's chapter 12
    "sex + race + C(education) + C(exercise) + C(active) + age + I(age**2) + smokeintensity + I(smokeintensity**2)"
    " + smokeyrs + I(smokeyrs**2) + wt71 + I(wt71**2)"
)
FOLLOW_UP_MONTHS = 120


def load_nhefs() -> pd.DataFrame:
    """Return NHEFS as shipped in the PyPI package ``causaldata``, indexed by person."""
    return causaldata.nhefs.load_pandas().data.set_index("seqn")


def death_by_1992(people: pd.DataFrame) -> Endpoint:
    """Return death in the 120 months from January 1983; time is in months."""
    died = people["death"] == 1
    months = (people["yrdth"] - 83) * 12 + people["modth"]
    time = pd.Series(np.where(died, months, FOLLOW_UP_MONTHS), index=people.index).astype(float)
    return Endpoint("death", time, died.astype(int), ("death",))


def published_by_us(change: pd.DataFrame, log_rank: float) -> dict[str, float]:
    """Return our values of the published numbers, by the ids of ``data/published_nhefs.csv``.

    ``change`` holds the weight change by adjustment; its published limits are of 95%, whatever ours are.
    """
    rows = change.set_index("adjustment")
    half = norm.ppf(0.5 + PUBLISHED_LEVEL / 2) * rows.at["ate", "std_error"]
    apart = {"": 0.0, ".low": -half, ".high": half}
    crude = {"weight.crude": rows.at["crude", "estimate"], "death.log_rank": log_rank}
    return crude | {f"weight.ate{part}": rows.at["ate", "estimate"] + off for part, off in apart.items()}
