"""What would change the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headtohead.lazily import lazily

if TYPE_CHECKING:
    from headtohead.sensitivity.adherence import per_protocol
    from headtohead.sensitivity.confounding import (
        bounds,
        confounder_benchmarks,
        e_value,
        e_value_of_interval,
        hiding_gamma,
        largest_gamma,
    )
    from headtohead.sensitivity.heterogeneity import interaction, shrink
    from headtohead.sensitivity.missing import impute, pool
    from headtohead.sensitivity.strata import (
        caliper_grid,
        concurrent_periods,
        estimate_in_subsets,
        tipping_grid,
    )

__all__ = [
    "bounds", "caliper_grid", "concurrent_periods", "confounder_benchmarks", "e_value",
    "e_value_of_interval", "estimate_in_subsets", "hiding_gamma", "impute", "interaction",
    "largest_gamma", "per_protocol", "pool", "shrink", "tipping_grid",
]  # fmt: skip
__getattr__, __dir__ = lazily(__name__, __file__)
