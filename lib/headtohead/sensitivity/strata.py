"""Does the answer hang on where, when or how closely patients were matched?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from headtohead import door
from headtohead.errors import NumberError, UnknownError, cannot
from headtohead.inference import DEFAULT, InferenceChoices
from headtohead.kernels.pairs import CaliperScale, Order
from headtohead.matching.balance import Denominator, balance
from headtohead.matching.propensity import Score
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.risk import risks

Estimate = Callable[[pd.DataFrame], pd.DataFrame]


def estimate_in_subsets(
    frame: pd.DataFrame, subsets: Mapping[str, pd.Series], estimate: Estimate
) -> pd.DataFrame:
    """Return ``estimate`` on each subset, labelled ``subset``; a subset that fails says why.

    ``frame`` holds patients, with the bool column ``treated``; ``estimate`` takes those of a subset and returns
    result rows.
    """
    door.patients(frame, "the frame")
    if not subsets:
        raise UnknownError("subsets are needed, found none; give {'women': frame['sex'] == 'F'}, say")
    masks = {}
    for label, mask in subsets.items():
        what = f"the subset {label!r}"
        masks[label] = door.events(door.aligned(mask, frame.index, what), what) > 0
    parts = []
    for label, mask in masks.items():
        try:
            rows = estimate(frame[mask])
        except ValueError as error:
            rows = pd.DataFrame([{"scale": "risk difference", "method": cannot(error)}])
        parts.append(rows.assign(subset=label))
    return pd.concat(parts, ignore_index=True)


def concurrent_periods(period: pd.Series, treated: pd.Series, *, min_share: float) -> pd.Series:
    """Return who was treated in a period in which both drugs were in real use.

    A period counts if each drug has at least ``min_share`` of its first doses.
    """
    door.between("min_share", min_share, 0, 0.5, "give a share below one half")
    door.patients(period, "periods")
    treated = door.arms(door.aligned(treated, period.index, "periods"))
    door.complete(period.to_frame(), "periods")
    share = treated.groupby(period).mean()
    both = share[(share >= min_share) & (share <= 1 - min_share)].index
    return period.isin(both)


def caliper_grid(
    endpoint: Endpoint, score: Score, *, by: int, calipers_sd: Sequence[float],
    caliper_scale: CaliperScale = "pooled", order: Order = "largest", exact: Sequence[pd.Series] = (),
    denominator: Denominator = "pooled", inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:  # fmt: skip
    """Return the risk difference in pairs for each caliper width.

    DataFrame of ``ESTIMATE_COLUMNS``, ``adjustment``, ``caliper_sd``, ``n_pairs``, ``n_unmatched`` and
    ``largest_smd`` (of the score's design); where no pair is found the row says so.
    """
    if not len(calipers_sd):
        raise NumberError("calipers are needed, found none; give (0.1, 0.2), say")
    rows = []
    for width in calipers_sd:
        pairs = score.match(
            caliper_sd=width, caliper_scale=caliper_scale, order=order, exact=exact, optional=True
        )
        found = risks(endpoint, pairs, by=by, inference=inference)
        row = found[found["scale"] == "risk difference"].iloc[0].to_dict()
        row |= {"caliper_sd": width, "n_pairs": 0}
        if pairs.matches is not None:
            smd = balance(pairs, denominator=denominator)["smd"]
            row |= {"n_pairs": pairs.matches.n_pairs, "n_unmatched": len(pairs.matches.unmatched),
                    "largest_smd": float(smd.abs().max())}  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)
