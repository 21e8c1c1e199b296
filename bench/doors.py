"""What the checks at the door take of every public call of the usual analysis, at the size of a study.

It is what a call would save if its inputs were trusted. The checks of a call are listened to once, those within others
not twice, and then made again, alone, with what they were given, each time after the call itself, so that memory is as
the call left it; the medians of their processor time, less the clock's own, and of the call's are compared. A clock
around each check within the call would add its own time to them.

That says too much, because alone they have to warm up the interpreter, and they convert columns to the arrays that the
call needs anyway. Where it is more than allowed, the call itself is timed in turns with and without them, hundreds of
times, as the difference is near the noise of the call: without them each returns what it had returned, after the
conversion.

They may take 2% of a call. Calls shorter than a millisecond may take as long for them as a function of Python needs to
look once at each of a few columns: an Endpoint, an Inference or the crude comparison only hold and check.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from inspect import isfunction
from typing import Any

import headtohead as hh
import numpy as np
from headtohead import door
from headtohead.inference import checked
from headtohead.matching import adjustment
from headtohead.outcomes import endpoint, estimate
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.fine_gray import fit_fine_gray
from headtohead.outcomes.log_rank import gray_test
from kernels import COVARIATES, STUDY, made_up
from timing import Timing, Work

SHARE = 0.02  # of a call
FLOOR = 25e-6  # seconds: to look once at each of five columns or so
LONG = 1.0  # seconds for all runs of a call
Check = Callable[..., Any]
CONVERT: dict[Check, Check] = dict.fromkeys((door.times, door.events, door.causes, door.weights), door.floats)
BLOCKS, RUNS = 200, 5  # of calls with and without checks; the best run of a block counts
NO_CHECK = {
    "trusted",
    "guarded",
    "floats",
    "some",
    "some_of",
    "wrong_rows",
    "levels_of",
    "levels_in",
    "in_words",
    "in_first_arm",
}  # words, conversions
CHECKS = [
    *(one for name, one in vars(door).items() if isfunction(one) and name not in NO_CHECK),
    checked, adjustment.listed, endpoint.endpoints_of, endpoint.horizons_of, estimate.together,
]  # fmt: skip
CHECKING = (hh.Adjustment, hh.Endpoint, hh.Score, hh.Inference)  # in ``__post_init__``


def doors() -> Iterator[Timing]:
    """Yield the seconds of the checks of each call; the call's own time stands beside them."""
    for name, call in calls().items():
        spent, whole = alone(call)
        if spent > max(SHARE * whole, FLOOR):
            spent, whole = in_turns(call)
        yield Timing(f"checks of {name}", spent, max(SHARE * whole, FLOOR), {"call": whole})


def calls() -> dict[str, Work]:
    """Return a call of every public function at the top, of a score's methods, and of the fits that users call."""
    f, few = made_up(STUDY), hh.Inference(bootstrap_replicates=200)
    f = f.assign(drug=np.where(f["treated"] > 0, "new", "old"), sex=np.where(f["x1"] > 0, "F", "M"))
    X, arm, raw = (
        f[COVARIATES[1:]].copy(),
        f["treated"] > 0,
        [*COVARIATES[1:], "sex"],
    )  # in one piece, as read
    death = hh.Endpoint("death", f["time"], f["death"])
    stay = hh.Endpoint("stay", f["time"], f["cause"], ("death", "discharge"))
    died = hh.Endpoint.recorded("died", f["death"], by=28)
    score = hh.propensity(X, arm)
    crude, ways = score.crude(), [score.crude(), score.match(caliper_sd=0.2), score.weight("ATO")]
    table, curves = hh.balance(ways), hh.incidence_curves(stay, crude, by=28, inference=few)
    given, level = {"by": 28, "inference": few}, {"outcome": "x", "inference": few}
    return {
        "propensity": lambda: hh.propensity(X, arm),
        "propensity, of a formula": lambda: hh.propensity(f, "drug ~ x1 + x2 + sex", treated="new"),
        "design_matrix": lambda: hh.design_matrix(f, ["x1", "x2", "sex"]),
        "score.crude": score.crude,
        "score.match": lambda: score.match(caliper_sd=0.2),
        "score.match_optimal": lambda: score.match_optimal(caliper_sd=0.2),
        "score.weight": lambda: score.weight("ATO"),
        "score.truncate": lambda: score.truncate((0.01, 0.99)),
        "score.entropy": lambda: score.entropy("ATT"),
        "unadjusted": lambda: hh.unadjusted(arm, design=X),
        "table_one": lambda: hh.table_one(f, arm, raw),
        "balance": lambda: hh.balance(ways),
        "balance_report": lambda: hh.balance_report(f[raw], ways),
        "love_plot": lambda: hh.love_plot(table),
        "sample_sizes": lambda: hh.sample_sizes(ways),
        "Endpoint": lambda: hh.Endpoint("death", f["time"], f["death"]),
        "Endpoint.of": lambda: hh.Endpoint.of(f, time="time", event="death"),
        "risks": lambda: hh.risks(died, ways, **given),
        "risks, some censored": lambda: hh.risks(death, ways, **given),
        "incidence_curves": lambda: hh.incidence_curves(stay, ways, **given),
        "curves_plot": lambda: hh.curves_plot(curves, arms=("new", "old")),
        "hazard_ratios": lambda: hh.hazard_ratios(death, ways, by=28),
        "subdistribution_hazard_ratios": lambda: hh.subdistribution_hazard_ratios(stay, ways, by=28),
        "proportional_hazards_tests": lambda: hh.proportional_hazards_tests(death, ways, by=28),
        "gray_tests": lambda: hh.gray_tests(stay, crude, by=28),
        "log_rank": lambda: hh.log_rank(f["time"], f["death"], arm),
        "log_rank_tests": lambda: hh.log_rank_tests(death, ways, by=28),
        "days_lost": lambda: hh.days_lost(stay, ways, event_free="in hospital", **given),
        "win_ratios": lambda: hh.win_ratios(f[["x1", "x2"]], ways, by=28, **level),
        "mean_differences": lambda: hh.mean_differences(f["x1"], ways, **level),
        "standardised_risks": lambda: hh.standardised_risks(died, score, X, estimands=["ATE"], **given),
        "Inference": hh.Inference,
        "fit_cox": lambda: fit_cox(f["time"], f["death"], X),
        "fit_fine_gray": lambda: fit_fine_gray(f["time"], f["cause"], X, cause_number=1),
        "gray_test": lambda: gray_test(f["time"], f["cause"], arm, cause_number=1),
    }  # fmt: skip


def alone(call: Work) -> tuple[float, float]:
    """Return what the checks of a call take alone, and the whole call, in seconds of processor time."""
    call()
    checks, _ = checks_of(call)

    def checking() -> None:
        for check in checks:
            check()

    def nothing() -> None:
        for _ in checks:
            pass

    found: list[tuple[float, ...]] = []
    while len(found) < 9 or (len(found) < 500 and sum(map(sum, found)) < LONG):
        found.append((timed(call), timed(checking), timed(call), timed(nothing)))
    whole, spent, _, clock = np.median(found, axis=0).tolist()
    return spent - clock, whole


def in_turns(call: Work) -> tuple[float, float]:
    """Return the median difference of a call with and without its checks, and the call, in seconds."""
    _, results = checks_of(call)
    answers = iter(results)

    def without(check: Check) -> Check:
        def answered(*args: Any, **_: Any) -> Any:
            if check in CONVERT:
                CONVERT[check](args[0])
            return next(answers)

        return answered

    def best() -> float:
        nonlocal answers
        took = []
        for _ in range(1 + RUNS):  # the first warms up
            answers = iter(results)
            took.append(timed(call))
        return min(took[1:])

    with_and_without = np.empty((BLOCKS, 2))
    for block in with_and_without:
        with replaced(without):
            block[1] = best()
        block[0] = best()
    return float(np.median(with_and_without @ [1, -1])), float(np.median(with_and_without[:, 0]))


def timed(work: Work) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def checks_of(call: Work) -> tuple[list[Work], list[Any]]:
    """Return the checks that a call makes, in order and with what they are given, and what they return."""
    made: list[Work] = []
    returned: list[Any] = []
    inside: list[Check] = []

    def listening(check: Check) -> Check:
        def heard(*args: Any, **named: Any) -> Any:
            if inside:
                return check(*args, **named)
            inside.append(check)
            made.append(partial(check, *args, **named))
            try:
                returned.append(check(*args, **named))
            finally:
                inside.pop()
            return returned[-1]

        return heard

    with replaced(listening):
        call()
    return made, returned


@contextmanager
def replaced(by: Callable[[Check], Check]) -> Iterator[None]:
    """Let something else stand wherever a check is called from outside the door."""
    modules = [
        each for name, each in sys.modules.items()
        if name.startswith("headtohead") and not name.startswith("headtohead.door.")
    ]  # fmt: skip
    ids = set(map(id, CHECKS))
    kept: list[tuple[Any, str, Check]] = [
        (each, name, one) for each in modules for name, one in vars(each).items() if id(one) in ids
    ]
    kept += [(kind, "__post_init__", kind.__post_init__) for kind in CHECKING]
    for owner, name, one in kept:
        setattr(owner, name, by(one))
    try:
        yield
    finally:
        for owner, name, one in kept:
            setattr(owner, name, one)
