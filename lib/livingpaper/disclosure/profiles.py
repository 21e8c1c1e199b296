"""How careful: the thresholds of what may be shown of patients. ``publish`` holds where nothing else is said.

The rules are those of OpenSAFELY, ACRO and the Office for National Statistics, the stricter where they differ:
counts below a threshold are not shown and the others rounded, what is computed from counts is computed from the
rounded ones, no minimum and no maximum, quantiles with a threshold of people on each side, ten degrees of freedom.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import floor
from types import MappingProxyType
from typing import Any

LOWEST = 5  # no profile may go below
NAMES = ("internal", "publish", "strict")


class DisclosureError(ValueError):
    """Something would show patients, or it cannot be told whether it would."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Thresholds of one profile.

    Attributes
    ----------
    name : str
        ``internal`` (inside the hospital), ``publish`` or ``strict`` (zeros are small counts too).
    threshold : int
        People below which a count, the rest of its group, a quarter or a model's category is not shown.
    base : int
        Shown counts are multiples of it; 1 leaves them exact.
    dof : int
        Residual degrees of freedom that a model needs.
    zeros : bool
        Whether a count of zero is shown.
    largest, most : float
        Share of a total that its largest, and its two largest contributors may have.
    percent_of : int
        The smallest denominator of a percentage.
    steps : int
        Events of an arm between two landmarks, below which the first is left out.
    """

    name: str = "publish"
    threshold: int = 10
    base: int = 5
    dof: int = 10
    zeros: bool = True
    largest: float = 0.5
    most: float = 0.9
    percent_of: int = 20
    steps: int = 6

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise DisclosureError(f"a profile must be one of {NAMES}, found {self.name!r}")
        if self.threshold < LOWEST:
            must = f"the threshold of disclosure must be {LOWEST} at least, found {self.threshold}"
            raise DisclosureError(f"{must}; nothing smaller is safe to show")
        if self.base < 1 or self.steps < LOWEST:
            must = f"counts must be rounded to 1 or more and landmarks lie {LOWEST} events apart"
            raise DisclosureError(f"{must}, found {self.base} and {self.steps}")

    def rounded(self, count: float) -> int:
        """Return a count to the nearest multiple of ``base``, halves to the even multiple."""
        return round(count / self.base) * self.base

    def small(self, count: float) -> bool:
        """Return whether a count stands for too few; a zero only where zeros are not shown."""
        return 0 < count < self.threshold or (count == 0 and not self.zeros)

    def may_count(self, count: float, of: float | None = None) -> bool:
        """Return whether a count may be shown: neither it nor the rest of its group is small, nor is it the whole group.

        That all of a group died, says of each that he died.
        """
        if self.small(count):
            return False
        return of is None or (count != of and not self.small(of - count)) or of == count == 0

    def may_quantile(self, n: float, share: float) -> bool:
        """Return whether a quantile may be shown: a threshold of people on each side, for a median in each quarter."""
        tail = min(share, 1 - share, 0.25)
        return tail > 0 and n * tail >= self.threshold - 1e-9


PROFILES: Mapping[str, Profile] = MappingProxyType({
    "internal": Profile("internal", threshold=LOWEST, base=1),
    "publish": Profile("publish"),
    "strict": Profile("strict", zeros=False),
})  # fmt: skip


def profile_of(name: str = "publish", **thresholds: Any) -> Profile:
    """Return a profile with some of its thresholds changed; ``DisclosureError`` if it is unknown or too low."""
    try:
        return replace(PROFILES.get(name) or Profile(name), **thresholds)
    except TypeError as error:
        raise DisclosureError(f"a profile has no such threshold: {error}") from None


def digits(value: float, significant: int = 2) -> float:
    """Return a number to so many significant digits."""
    return float(f"{value:.{significant}g}")


def decimals(value: float, places: int) -> float:
    """Return a number to so many decimals, halves to even; NaN stays."""
    if value != value:
        return value
    scaled = value * 10**places
    whole = floor(scaled + 0.5) if abs(scaled % 1 - 0.5) > 1e-9 else 2 * round(scaled / 2)
    return whole / 10**places
