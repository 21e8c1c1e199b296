"""Hidden bias in pairs, negative controls and deaths that nobody saw, for this study's outcomes."""

from collections.abc import Sequence

import headtohead as hh
import numpy as np
import pandas as pd
from headtohead.matching.adjustment import Adjustment
from headtohead.sensitivity.confounding import bounds, hiding_gamma, largest_gamma
from headtohead.sensitivity.strata import fewest, tipping_grid
from livingpaper import remember

from study.data.endpoints import endpoint
from study.protocol.protocol import Protocol

GRID_SIDE = 15  # at most so many numbers of unseen deaths per arm: a chart carries 250 rows
MIN_EVENTS = 5  # fewer events in an arm give a bootstrap interval without width on that side
NO_PAIRS = "cannot be estimated, because the matched sets are no pairs"
MEASURES = {"risk, treated": "risk_treated", "risk, control": "risk_control", "risk difference": "rd"}
NO_GAMMA = {"overturn": "none", "hide": "cannot be estimated, because no pair is discordant"}
NEVER = "no number up to the largest supposed"


def hidden_bias(
    patients: pd.DataFrame, pairs: Adjustment, plan: Protocol
) -> tuple[dict[str, float], pd.DataFrame, pd.DataFrame]:
    """Return discordant pairs, Rosenbaum's bounds by ``gamma``, and the strengths of bias that would matter.

    The strengths are rows: ``name`` "overturn" or "hide", ``estimate`` (NaN for none) and ``method``.
    """
    gammas, alpha = plan.sensitivity.gammas, (1 - plan.inference.conf_level) / 2
    strengths: dict[str, float | None] = {"overturn": None, "hide": None}
    if pairs.matched_set is None or not (pairs.matched_set.value_counts() == 2).all():
        discordant = {"treated": np.nan, "control": np.nan}
        table = pd.DataFrame({"gamma": gammas, "p_low": np.nan, "p_high": np.nan, "method": NO_PAIRS})
    else:
        event = endpoint(patients, plan.outcome.primary).by(plan.outcome.horizon_days)
        counts = hh.outcomes.discordant_pairs(event, pairs)
        b, c = counts.treated_only, counts.control_only
        discordant, table = {"treated": b, "control": c}, bounds(b, c, gammas=gammas)
        strengths = {"overturn": largest_gamma(b, c, alpha=alpha), "hide": hiding_gamma(b, c, alpha=alpha)}
    rows = [(name, *((np.nan, NO_GAMMA[name]) if g is None else (g, ""))) for name, g in strengths.items()]
    return discordant, table, pd.DataFrame(rows, columns=["name", "estimate", "method"])


def negative_controls(patients: pd.DataFrame, shown: Sequence[Adjustment], plan: Protocol) -> pd.DataFrame:
    """Return risks and differences of outcomes on which no drug can have acted; columns ``control``, ``measure``.

    The negative control of the protocol ("outcome") and early events ("early"). Where an arm has few
    events, bootstrap intervals mean nothing and are not given.
    """
    choice, stay = plan.sensitivity, plan.outcome.whole_stay_days
    control = hh.Endpoint.recorded(choice.negative_control, patients[choice.negative_control], by=stay)
    tried = {"outcome": (control, stay), "early": (endpoint(patients, "imv_or_death"), choice.early_days)}
    parts = []
    for name, (outcome, days) in tried.items():
        risks = remember(hh.risks, each="adjustments")
        rows = risks(outcome, shown, by=days, inference=plan.inference, stream="negative controls")
        few = outcome.by(days).groupby(patients["treated"]).sum().min() < MIN_EVENTS
        hide = few & (rows["adjustment"] != "crude")
        rows.loc[hide, ["estimate", "std_error", "conf_low", "conf_high"]] = np.nan
        rows.loc[hide, "method"] = f"cannot be estimated, because an arm has fewer than {MIN_EVENTS} events"
        parts.append(rows.assign(control=name, measure=rows["scale"].map(MEASURES)).dropna(subset="measure"))
    return pd.concat(parts, ignore_index=True)


def unseen_deaths(patients: pd.DataFrame, weights: Adjustment, plan: Protocol) -> pd.DataFrame:
    """Return the primary difference if some of those discharged by the horizon died before it."""
    horizon, outcome = plan.outcome.horizon_days, endpoint(patients, plan.outcome.primary)
    home = (patients["end_state"] == "discharged") & (patients["followup_day"] < horizon)
    left = home & (outcome.by(horizon) == 0)
    most = plan.sensitivity.unseen_deaths
    treated = patients["treated"]
    extra_treated, extra_control = (_counts(most, int((left & arm).sum())) for arm in (treated, ~treated))
    return tipping_grid(
        outcome, weights, left, by=horizon, extra_treated=extra_treated, extra_control=extra_control,
        margin=plan.equivalence.margin_pp / 100, alpha=plan.equivalence.alpha, inference=plan.inference,
    )  # fmt: skip


def _counts(most: int, possible: int) -> range:
    top = min(most, possible)
    return range(0, top + 1, max(1, -(-top // (GRID_SIDE - 1))))


def fewest_unseen(grid: pd.DataFrame) -> pd.DataFrame:
    """Return per ``verdict`` the fewest unseen deaths that give it and the difference then; NaN where none does.

    Harm and benefit are tried with deaths in one arm alone, similarity with any.
    """
    alone = {"harm": grid[grid["control"] == 0], "benefit": grid[grid["treated"] == 0], "similar": grid}
    rows = []
    for verdict, part in alone.items():
        cell = fewest(part, verdict)
        found = {} if cell is None else dict(cell) | {"deaths": cell["treated"] + cell["control"]}
        rows.append(found | {"verdict": verdict})
    return pd.DataFrame(rows, columns=["verdict", "deaths", "estimate", "conf_low", "conf_high"])
