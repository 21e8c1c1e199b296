"""Tables of the appendix on cohorts of real people."""

from __future__ import annotations

PUBLISHED_NHEFS = (  # Hernan & Robins, Causal Inference: What If, chapters 12 and 17
    ("Weight change, crude, kg", "crude", ("estimate",), (2.5,), 1),
    (
        "Weight change, inverse probability weighted, kg",
        "ATE",
        ("estimate", "conf_low", "conf_high"),
        (3.4, 2.4, 4.5),
        1,
    ),
)
