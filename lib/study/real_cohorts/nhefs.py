"""Real people: the same functions on the NHEFS cohort, against published results.

NHEFS (1,629 cigarette smokers aged 25 to 74 at baseline) is the teaching cohort of Hernan and Robins.
The synthetic cohort shows that the library recovers a truth we wrote; this shows that it reproduces
what others published on real data. The propensity model is the book's.

References
----------
Hernan & Robins (2020) Causal Inference: What If. Chapman & Hall/CRC. Chapters 11, 12 and 17.
"""

from __future__ import annotations

import causaldata
import numpy as np
import pandas as pd
from headtohead.inference import Inference
from headtohead.matching.balance import balance
from headtohead.matching.score import propensity
from headtohead.matching.summary import matched_designs
from headtohead.matching.weights import effective_sample_size
from headtohead.outcomes.hazard import log_rank
from headtohead.outcomes.mean import mean_differences

from study.results import Nhefs

SQUARED = ("age", "smokeintensity", "smokeyrs", "wt71")
CATEGORIES = ("education", "exercise", "active")
FOLLOW_UP_MONTHS = 120


def load_nhefs() -> pd.DataFrame:
    """Return NHEFS as shipped in the PyPI package ``causaldata``, indexed by person."""
    return causaldata.nhefs.load_pandas().data.set_index("seqn")


def nhefs_design(people: pd.DataFrame) -> pd.DataFrame:
    """Return the book's covariates: squares of the continuous ones, dummies of the categories."""
    design = people[["sex", "race", *SQUARED]].astype(float)
    for name in SQUARED:
        design[f"{name}^2"] = design[name] ** 2
    for name in CATEGORIES:
        for level in sorted(people[name].unique())[1:]:
            design[f"{name}[{level}]"] = (people[name] == level).astype(float)
    return design


def analyse_nhefs(published: pd.DataFrame, *, conf_level: float, caliper_sd: float) -> Nhefs:
    """Return score, weights, pairs, balance, weight change and death on the NHEFS cohort.

    ``published`` is ``data/published_nhefs.csv``.
    """
    people = load_nhefs()
    complete = people.dropna(subset=["wt82_71"])
    treated = complete["qsmk"] == 1
    design = nhefs_design(complete)
    score = propensity(design, treated)
    pairs = score.match(caliper_sd=caliper_sd)
    ways = [score.crude(), score.weight("ATE"), score.weight("ATO"), pairs]
    table = mean_differences(
        complete["wt82_71"], ways, outcome="weight change, kg", inference=Inference(conf_level)
    )
    sizes = matched_designs(pairs).iloc[0]
    chi_square, p_value = _death_by_1992(people)
    return Nhefs(
        effects=table,
        balance=balance(ways).drop(columns="adjustment").rename(columns={"label": "adjustment"}),
        n=len(people),
        n_complete=len(complete),
        n_pairs=int(sizes["n_pairs"]),
        n_unmatched=int(sizes["unmatched"]),
        ess={way.estimand: effective_sample_size(way.weights) for way in ways},
        log_rank_chi_square=chi_square,
        log_rank_p=p_value,
        comparison=_compare(published, table.set_index("estimand"), chi_square),
    )


def _compare(published: pd.DataFrame, effects: pd.DataFrame, chi_square: float) -> pd.DataFrame:
    """Return the published numbers with ours, the difference and whether ours rounds to the printed one."""
    ours = {
        "weight.crude": effects.at["crude", "estimate"],
        "weight.ate": effects.at["ATE", "estimate"],
        "weight.ate.low": effects.at["ATE", "conf_low"],
        "weight.ate.high": effects.at["ATE", "conf_high"],
        "death.log_rank": chi_square,
    }
    table = published.assign(ours=published["id"].map(ours))
    places = table["printed"].str.split(".").str[1].str.len()
    same = [
        round(new, digits) == old
        for new, digits, old in zip(table["ours"], places, table["value"], strict=True)
    ]
    verdict = pd.Series(same, index=table.index).map({True: "reproduced", False: "differs"})
    return table.assign(difference=table["ours"] - table["value"], verdict=verdict)


def _death_by_1992(people: pd.DataFrame) -> tuple[float, float]:
    """Return the log-rank test of death in the 120 months from January 1983."""
    died = people["death"] == 1
    months = (people["yrdth"] - 83) * 12 + people["modth"]
    time = pd.Series(np.where(died, months, FOLLOW_UP_MONTHS), index=people.index).astype(float)
    return log_rank(time, died.astype(int), people["qsmk"] == 1)
