"""Does the answer hang on where, when or how closely patients were matched, or on outcomes that nobody saw?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from headtohead import door
from headtohead.errors import CannotEstimateError, NumberError, UnknownError, cannot
from headtohead.inference import DEFAULT, InferenceChoices, Stream, checked
from headtohead.kernels.pairs import CaliperScale, Order
from headtohead.kernels.weights import weighted_risks
from headtohead.matching.adjustment import Adjustment
from headtohead.matching.balance import Denominator, balance
from headtohead.matching.propensity import Score
from headtohead.matching.weights import effective_number
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.estimate import TINY, effective_intervals, nothing_seen, resamples, together, too_few
from headtohead.outcomes.risk import need_known, risks

Estimate = Callable[[pd.DataFrame], pd.DataFrame]


def estimate_in_subsets(
    frame: pd.DataFrame, subsets: Mapping[str, pd.Series], estimate: Estimate
) -> pd.DataFrame:
    """Return ``estimate`` on each subset, labelled ``subset``; one that an error of ours says not to suffice says why.

    ``frame`` holds patients, with the bool column ``treated``; ``estimate`` takes those of a subset and returns
    result rows.
    """
    door.patients(frame, "the frame")
    if not subsets:
        raise UnknownError("subsets are needed, found none; give {'women': frame['sex'] == 'F'}, say")
    what = {label: f"the subset {label!r}" for label in door.words(subsets, "names of subsets")}
    known = {one: door.events(door.aligned(subsets[one], frame.index, it), it) for one, it in what.items()}
    parts = []
    for label, mask in known.items():
        try:
            rows = estimate(frame[mask > 0])
        except door.OURS as error:
            rows = pd.DataFrame([{"scale": "risk difference", "method": cannot(error)}])
        parts.append(rows.assign(subset=label))
    return pd.concat(parts, ignore_index=True)


def concurrent_periods(period: pd.Series, treated: pd.Series, *, min_share: float) -> pd.Series:
    """Return who was treated in a period in which each drug has at least ``min_share`` of the first doses."""
    door.between("min_share", min_share, 0, 0.5, "give a share below one half")
    door.patients(period, "periods")
    treated = door.arms(door.aligned(treated, period.index, "periods"))
    door.complete(period, "periods")
    code, arm = pd.factorize(period)[0], treated.to_numpy()
    share = np.bincount(code, arm) / np.bincount(code)
    both = (share >= min_share) & (share <= 1 - min_share)
    return pd.Series(both[code], period.index, name=period.name)


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
    match = partial(score.match, caliper_scale=caliper_scale, order=order, exact=exact, optional=True)
    rows = []
    for width in calipers_sd:
        pairs = match(caliper_sd=width)
        found = risks(endpoint, pairs, by=by, inference=inference)
        row = found[found["scale"] == "risk difference"].iloc[0].to_dict()
        row |= {"caliper_sd": width, "n_pairs": 0}
        if pairs.matches is not None:
            smd = balance(pairs, denominator=denominator)["smd"]
            row |= {"n_pairs": pairs.matches.n_pairs, "n_unmatched": len(pairs.matches.unmatched),
                    "largest_smd": float(smd.abs().max())}  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)


def tipping_grid(
    endpoint: Endpoint, adjustment: Adjustment, may_follow: pd.Series,
    *, by: int, extra_treated: Sequence[int], extra_control: Sequence[int], margin: float, alpha: float,
    inference: InferenceChoices = DEFAULT, stream: Stream = "unseen deaths",
) -> pd.DataFrame:  # fmt: skip
    """Return the risk difference after unseen events in each arm.

    DataFrame with ``treated``, ``control`` (unseen events), ``estimate``, ``std_error``, ``conf_low``,
    ``conf_high`` and ``verdict``: "harm" or "benefit" if the interval lies above or below 0, "similar" if the
    equivalence interval lies inside the margin, "open" otherwise.

    Which patients the unseen events hit is unknown: each of the n_f who may follow has one with
    probability q = k / n_f. The variance is that of the bootstrap with the expected outcome plus that of
    who is hit, q (1 - q) times the sum of the squared normalised weights. Limits are normal.

    ``endpoint`` is as observed, known for everyone by the horizon; ``may_follow``, Series of bool, is who left
    observation without the event and may have had it later; ``extra_treated`` and ``extra_control`` are the numbers of
    unseen events, at most as many. Equivalence within ``margin`` is judged by the interval of level 1 - 2 alpha.
    """
    checked(inference)
    door.margin(margin)
    door.between("alpha", alpha, 0, 0.5, "5 percent is 0.05")
    (endpoint,), (adjustment,), (by,) = together(endpoint, adjustment, by, plain=True)
    event, may_follow = endpoint.by(by), door.aligned(may_follow, adjustment.treated.index, "who may follow")
    need_known(event.to_frame())
    y, arm = event.to_numpy(), adjustment.arm
    follow = door.events(may_follow, "who may follow").astype(bool)
    if (had := follow & (y == 1)).any():
        must = "who may follow must not have had the event"
        raise NumberError(f"{must}, {door.wrong_rows(had, event)}; leave them out")
    if (reason := too_few(adjustment)) is not None:
        raise CannotEstimateError(reason)
    w, rows = adjustment.weights.to_numpy(float), []
    for extra in (*extra_treated, *extra_control):
        door.at_least("unseen events", extra, 0)
    for side, extras in ((arm, extra_treated), (~arm, extra_control)):
        if max(extras, default=0) > (follow & side).sum():
            raise NumberError(
                f"unseen events must be possible, {max(extras)} were asked for and {int((follow & side).sum())} "
                "patients of the arm left observation without one; ask for fewer"
            )
    draws = resamples(adjustment, inference, stream)
    sizes = [effective_number(w[side & (w > 0)]) for side in (arm, ~arm)]
    z, z_equivalence = stats.norm.ppf(0.5 + inference.conf_level / 2), stats.norm.isf(alpha)
    for k1 in extra_treated:
        for k0 in extra_control:
            later = np.where(arm, k1 / max((follow & arm).sum(), 1), k0 / max((follow & ~arm).sum(), 1))
            chance = np.where(follow, later, 0.0)
            point1, point0 = weighted_risks(y + chance, arm, w[None, :])
            risk1, risk0 = weighted_risks(y + chance, arm, draws)
            share = w / np.where(arm, w[arm].sum(), w[~arm].sum())
            hit = float(np.sum(share**2 * chance * (1 - chance)))
            estimate = float(point1[0] - point0[0])
            error = float(np.sqrt(np.var(risk1 - risk0, ddof=1) + hit))
            if error <= TINY or nothing_seen((point1[0], point0[0])):
                error = effective_intervals((point1[0], point0[0]), sizes, inference.conf_level)[2].std_error
            low, high = estimate - z * error, estimate + z * error
            similar = abs(estimate) + z_equivalence * error < margin
            verdict = "harm" if low > 0 else "benefit" if high < 0 else "similar" if similar else "open"
            rows.append((k1, k0, estimate, error, low, high, verdict))
    columns = ["treated", "control", "estimate", "std_error", "conf_low", "conf_high", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def fewest(grid: pd.DataFrame, verdict: str) -> pd.Series | None:
    """Return the cell with the fewest unseen events that gives the verdict, None if none does."""
    door.choice("verdict", verdict, ("harm", "benefit", "similar", "open"))
    found = grid[grid["verdict"] == verdict]
    return None if found.empty else found.loc[(found["treated"] + found["control"]).idxmin()]
