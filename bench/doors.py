"""What the checks at the door take of every public call of the usual analysis, at the size of a study."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import isfunction

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
from timing import Timing, Work, best_of, once

SHARE = 0.02  # of a call
FLOOR = 2e-7  # where a call is so short that this is less: a function that is called and looks at one name
NO_CHECK = ("guarded", "trusted")  # a door that passes calls or things on
CHECKS = [
    *(one for name, one in vars(door).items() if isfunction(one) and name not in NO_CHECK),
    checked, adjustment.listed, endpoint.endpoints_of, endpoint.horizons_of, estimate.together,
]  # fmt: skip
CHECKING = {
    hh.Adjustment: "__post_init__", hh.Endpoint: "__post_init__", hh.Score: "__post_init__", hh.Inference: "__post_init__",
}  # fmt: skip


def doors() -> Iterator[Timing]:
    """Yield the seconds of the checks within each call; its own time stands beside them."""
    for name, call in calls().items():
        whole = best_of(call, 3)
        spent = whole * within(call, max(5, min(300, int(0.5 / whole))))
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


def within(call: Work, times: int) -> float:
    """Return the share of a call, the median of ``times``, that is spent in checks, those within others not twice."""
    spent: list[float] = []
    with watched(spent) as watch:
        for _ in range(100):
            watch(nothing)()
        idle, found = min(spent) - min(once(nothing) for _ in range(100)), []
        for _ in range(times):
            spent.clear()
            whole = once(call)
            found.append((sum(spent) - idle * len(spent)) / (whole - idle * len(spent)))
    return max(float(np.median(found)), 0.0)


def nothing() -> None: ...


@contextmanager
def watched(spent: list[float]) -> Iterator[Callable[[Callable[..., object]], Callable[..., object]]]:
    """Let every check say how long it took, and give what makes it do so."""
    inside: list[float] = []

    def watch(check: Callable[..., object]) -> Callable[..., object]:
        def timed(*args: object, **named: object) -> object:
            if inside:
                return check(*args, **named)
            inside.append(time.perf_counter())
            try:
                return check(*args, **named)
            finally:
                spent.append(time.perf_counter() - inside.pop())

        return timed

    modules = [
        each for name, each in sys.modules.items()
        if name.startswith("headtohead") and not name.startswith("headtohead.door.")
    ]  # fmt: skip
    ids = set(map(id, CHECKS))
    kept = [(each, name, one) for each in modules for name, one in vars(each).items() if id(one) in ids]
    kept += [(kind, name, getattr(kind, name)) for kind, name in CHECKING.items()]
    for owner, name, one in kept:
        setattr(owner, name, watch(one))
    try:
        yield watch
    finally:
        for owner, name, one in kept:
            setattr(owner, name, one)
