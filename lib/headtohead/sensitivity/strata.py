"""Does the answer hang on where, when or how closely patients were matched?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from headtohead.matching.adjustment import matched_pairs
from headtohead.matching.balance import Denominator, balance_table
from headtohead.matching.pairs import CaliperScale, NoMatchError, Order, caliper_width, match_nearest
from headtohead.outcomes.risk import risk_contrast

Estimate = Callable[[pd.DataFrame], pd.DataFrame]


def estimate_in_subsets(
    frame: pd.DataFrame, subsets: Mapping[str, pd.Series], estimate: Estimate
) -> pd.DataFrame:
    """Return ``estimate`` on each subset, labelled ``subset``; a subset that fails says why.

    Parameters
    ----------
    frame : DataFrame
        Patients, with the bool column ``treated``.
    subsets : mapping of label to Series of bool
        Which patients.
    estimate : callable
        Takes the patients of a subset and returns result rows.
    """
    parts = []
    for label, mask in subsets.items():
        try:
            rows = estimate(frame[mask])
        except ValueError as error:
            rows = pd.DataFrame(
                [{"scale": "risk difference", "method": f"cannot be estimated, because {error}"}]
            )
        parts.append(rows.assign(subset=label))
    return pd.concat(parts, ignore_index=True)


def concurrent_periods(period: pd.Series, treated: pd.Series, *, min_share: float) -> pd.Series:
    """Return who was treated in a period in which both drugs were in real use.

    A period counts if each drug has at least ``min_share`` of its first doses.
    """
    share = treated.groupby(period).mean()
    both = share[(share >= min_share) & (share <= 1 - min_share)].index
    return period.isin(both)


def caliper_grid(
    linear_predictor: pd.Series,
    treated: pd.Series,
    event: pd.DataFrame,
    covariates: pd.DataFrame,
    *,
    calipers_sd: Sequence[float],
    scale: CaliperScale,
    order: Order,
    exact: Sequence[pd.Series],
    denominator: Denominator,
    conf_level: float,
) -> pd.DataFrame:
    """Return pairs, unmatched, largest imbalance and risk difference for each caliper width."""
    rows = []
    for width in calipers_sd:
        caliper = caliper_width(linear_predictor, treated, caliper_sd=width, scale=scale)
        try:
            matches = match_nearest(
                linear_predictor, treated, ratio=1, caliper=caliper, order=order, exact=exact
            )
        except NoMatchError as error:
            rows.append(
                {
                    "caliper_sd": width,
                    "n_pairs": 0,
                    "method": f"cannot be estimated, because {error}",
                }
            )
            continue
        pairs = matched_pairs(matches, treated)
        balance = balance_table(covariates, treated, pairs.weights, denominator=denominator)
        contrast = risk_contrast(
            event,
            treated,
            pairs,
            conf_level=conf_level,
            bootstrap_replicates=2,
            rng=np.random.default_rng(0),
        )
        difference = contrast[contrast["scale"] == "risk difference"].iloc[0]
        rows.append(
            {
                **difference.to_dict(),
                "caliper_sd": width,
                "n_pairs": matches.n_pairs,
                "n_unmatched": len(matches.unmatched),
                "largest_smd": float(balance["smd"].abs().max()),
            }
        )
    return pd.DataFrame(rows)
