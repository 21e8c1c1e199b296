"""Taking times: the best of several runs, beside the peers' on the same data."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Timing:
    """One line of the table; ``beside`` maps peers, or processor time, to seconds."""

    what: str
    seconds: float
    target: float
    beside: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        verdict = "met" if self.seconds <= self.target else "MISSED"
        others = ", ".join(f"{name} {told(seconds)}" for name, seconds in self.beside.items())
        return (
            f"{self.what:<62}{told(self.seconds):>9}{told(self.target):>9}  {verdict:<6}  {others}".rstrip()
        )


def best_of(work: Work, times: int = 3) -> float:
    """Return the shortest run in seconds, after one that warms up; quick work is repeated for half a second."""
    work()
    seconds = [once(work) for _ in range(times)]
    while sum(seconds) < 0.5:
        seconds.append(once(work))
    return min(seconds)


def once(work: Work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def against(what: str, ours: Work, target: float, peers: Mapping[str, Work], in_r: float | None) -> Timing:
    """Return our time and the peers', all taken now."""
    times = 1 if target > 1 else 3
    beside = {name: best_of(work, times) for name, work in peers.items()}
    return Timing(what, best_of(ours, times), target, beside | ({"R": in_r} if in_r else {}))


def told(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
