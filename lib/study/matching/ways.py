"""Other ways of making the arms comparable, shown beside the primary ones.

None of them decides the paper, so one that cannot be made is reported with its reason and the analysis
goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from headtohead.matching.adjustment import Adjustment, matched_pairs
from headtohead.matching.entropy import EntropyError, entropy_weights
from headtohead.matching.optimal import match_optimal
from headtohead.matching.pairs import Matches, NoMatchError, match_nearest
from headtohead.matching.propensity import Propensity
from headtohead.matching.truncated import truncated_weights

from study.protocol.protocol import Protocol


@dataclass(frozen=True, slots=True)
class OtherWays:
    """Adjustments, the matches behind them, and why any could not be made; by key."""

    adjustments: dict[str, Adjustment]
    designs: dict[str, Matches]
    skipped: dict[str, str]


def other_ways(
    frame: pd.DataFrame, design: pd.DataFrame, score: Propensity, caliper: float, protocol: Protocol
) -> OtherWays:
    """Return optimal pairs, pairs exact on more columns, entropy balancing and truncated weights."""
    treated, match = frame["treated"], protocol.matching
    found, skipped = _designs(frame, score, caliper, protocol)
    names = {"optimal": "Optimal pairs", "exact": f"Pairs within {' and '.join(match.exact_finer)}"}
    ways = {key: matched_pairs(matches, treated, name=names[key]) for key, matches in found.items()}
    try:
        ways["entropy"] = entropy_weights(design, treated, estimand=protocol.weighting.entropy)
    except EntropyError as error:
        skipped["entropy"] = f"cannot be estimated, because {error}"
    ways["truncated"] = truncated_weights(score, design, treated, quantiles=protocol.weighting.truncate)
    return OtherWays(ways, found, skipped)


def _designs(
    frame: pd.DataFrame, score: Propensity, caliper: float, protocol: Protocol
) -> tuple[dict[str, Matches], dict[str, str]]:
    """Return the matches of each other design, and why any has none."""
    treated, match, lp = frame["treated"], protocol.matching, score.linear_predictor
    coarse = [frame[name] for name in match.exact]
    fine = [frame[name] for name in match.exact_finer]
    tries: dict[str, Callable[[], Matches]] = {
        "optimal": lambda: match_optimal(lp, treated, caliper=caliper, exact=coarse),
        "exact": lambda: match_nearest(
            lp, treated, ratio=match.ratio, caliper=caliper, order=match.order, exact=fine
        ),
    }
    found, skipped = {}, {}
    for key, attempt in tries.items():
        try:
            found[key] = attempt()
        except NoMatchError as error:
            skipped[key] = f"cannot be estimated, because {error}"
    return found, skipped
