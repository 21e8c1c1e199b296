"""What the paper calls things: outcomes, adjustments, worlds; each once."""

from __future__ import annotations

OUTCOMES = {
    "death": "Death",
    "imv": "Invasive mechanical ventilation",
    "imv_or_death": "Invasive mechanical ventilation or death",
}
ADJUSTMENTS = {  # in the order of the tables
    "crude": "Crude",
    "pairs": "Matched pairs",
    "optimal": "Optimal pairs",
    "exact": "Pairs, exact on more",
    "ato": "Overlap weights",
    "atm": "Matching weights",
    "att": "Weights for the treated",
    "atc": "Weights for the controls",
    "entropy": "Entropy balancing",
    "ate": "Inverse probability weights",
    "truncated": "The same, truncated",
}
MATCHINGS = ("pairs", "optimal", "exact")
WORLDS = {"null": "No-effect world", "harm": "Harm world", "benefit": "Benefit world"}
