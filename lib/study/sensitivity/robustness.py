"""Stage five, for the paper's cohort only: what else could have made or hidden the primary estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.risk import discordant_pairs, risks
from headtohead.sensitivity.benchmarks import confounder_benchmarks
from headtohead.sensitivity.rosenbaum import bounds, hiding_gamma, largest_gamma
from headtohead.sensitivity.tipping import tipping_grid

from study.data.endpoints import endpoint
from study.matching.sample import Sample, adjust, keyed
from study.protocol.protocol import Protocol
from study.sensitivity.imputed import compare_handling
from study.sensitivity.results_robustness import Robustness
from study.sensitivity.subgroups import interactions, shrunken, subgroups

GRID_SIDE = 15  # at most so many numbers of unseen deaths per arm: a chart carries 250 rows
MIN_EVENTS = 5  # fewer events in an arm give a bootstrap interval without width on that side
NO_PAIRS = "cannot be estimated, because the matched sets are no pairs"


def check_robustness(frame: pd.DataFrame, protocol: Protocol) -> Robustness:
    """Return every robustness check of eligible patients whose outcomes are known."""
    sample = adjust(frame, protocol)
    groups = subgroups(frame, protocol)
    discordant, hidden, gammas = hidden_bias(sample, protocol)
    return Robustness(
        missing=compare_handling(frame, protocol),
        hidden_bias=hidden,
        discordant=discordant,
        gammas=gammas,
        negative=negative_controls(sample, protocol),
        tipping=unseen_deaths(sample, protocol),
        benchmarks=benchmarks(frame, protocol),
        subgroups=groups,
        interactions=interactions(groups, protocol),
        shrunken=shrunken(groups, protocol),
    )


def hidden_bias(
    sample: Sample, protocol: Protocol
) -> tuple[dict[str, float], pd.DataFrame, dict[str, float | None]]:
    """Return discordant pairs, Rosenbaum's bounds and the strengths of bias that would matter."""
    gammas, alpha = protocol.sensitivity.gammas, (1 - protocol.inference.conf_level) / 2
    pairs = sample.matches.pairs
    if pairs["treated_id"].duplicated().any():
        none = pd.DataFrame({"gamma": gammas, "p_low": np.nan, "p_high": np.nan, "method": NO_PAIRS})
        return {"treated": np.nan, "control": np.nan}, none, {"overturn": None, "hide": None}
    event = endpoint(sample.frame, protocol.outcome.primary).by(protocol.outcome.horizon_days)
    counts = discordant_pairs(event, sample.adjustments["pairs"])
    b, c = counts.treated_only, counts.control_only
    strengths = {
        "overturn": largest_gamma(b, c, alpha=alpha),
        "hide": hiding_gamma(b, c, alpha=alpha),
    }
    return {"treated": b, "control": c}, bounds(b, c, gammas=gammas), strengths


def negative_controls(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return the differences of outcomes on which no drug can have acted, under the shown adjustments."""
    choice, frame = protocol.sensitivity, sample.frame
    stay, early = protocol.outcome.whole_stay_days, endpoint(frame, "imv_or_death")
    control = Endpoint.recorded(choice.negative_control, frame[choice.negative_control], by=stay)
    shown = [sample.adjustments[key] for key in ("crude", "pairs", protocol.estimand.primary.lower())]
    parts = [
        risks(outcome, shown, by=days, inference=protocol.inference, stream="negative controls")
        for outcome, days in ((control, stay), (early, choice.early_days))
    ]
    table = keyed(pd.concat(parts, ignore_index=True))
    table = table[table["scale"] != "risk ratio"].reset_index(drop=True)
    events = pd.concat([control.by(stay), early.by(choice.early_days)], axis=1)
    few = events.groupby(sample.treated).sum().min() < MIN_EVENTS
    rare = (table["outcome"] == "imv_or_death") & (table["horizon_days"] == choice.early_days)
    hide = ((rare & few.iloc[1]) | (~rare & few.iloc[0])) & (table["key"] != "crude")
    blank = ["estimate", "std_error", "conf_low", "conf_high"]
    table.loc[hide, blank] = np.nan
    table.loc[hide, "method"] = f"cannot be estimated, because an arm has fewer than {MIN_EVENTS} events"
    return table


def unseen_deaths(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return the primary difference if some of those discharged by the horizon died before it."""
    frame, horizon = sample.frame, protocol.outcome.horizon_days
    outcome = endpoint(frame, protocol.outcome.primary)
    left = (
        (frame["end_state"] == "discharged") & (frame["followup_day"] < horizon) & (outcome.by(horizon) == 0)
    )
    extras = [_counts(protocol.sensitivity.unseen_deaths, int((left & arm).sum())) for arm in
              (sample.treated, ~sample.treated)]  # fmt: skip
    return tipping_grid(
        outcome,
        sample.adjustments[protocol.estimand.primary.lower()],
        left,
        by=horizon,
        extra_treated=extras[0],
        extra_control=extras[1],
        margin=protocol.equivalence.margin_pp / 100,
        alpha=protocol.equivalence.alpha,
        inference=protocol.inference,
    )


def _counts(most: int, possible: int) -> range:
    top = min(most, possible)
    return range(0, top + 1, max(1, -(-top // (GRID_SIDE - 1))))


def benchmarks(frame: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return how much each covariate of the score, split in two, could confound."""
    split: dict[str, pd.Series] = {}
    for name in dict.fromkeys(term.column for term in protocol.propensity.terms):
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values):
            if set(values.dropna().unique()) <= {0.0, 1.0}:
                split[f"{name}|"] = values
            else:
                cut = float(values.median())
                split[f"{name}|below {cut:g}"] = (values < cut).astype(float).where(values.notna())
        else:
            levels = sorted(values.unique(), key=str)
            for level in levels[1:] if len(levels) == 2 else levels:
                split[f"{name}|{level}"] = (values == level).astype(float)
    event = endpoint(frame, protocol.outcome.primary).by(protocol.outcome.horizon_days)
    return confounder_benchmarks(pd.DataFrame(split), frame["treated"], event)
