"""What the paper calls things: outcomes, adjustments, worlds; each once."""

from __future__ import annotations

from study.protocol.protocol import Protocol

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
PUBLISHED_OUTCOMES = {"imv": "Invasive ventilation", "death": "Death in hospital"}
RATIOS = {"rd": "Risk difference, points", "rr": "Risk ratio", "or": "Odds ratio"}


def arms(plan: Protocol) -> dict[str, str]:
    """Return the printed names of the arms, keyed treated and control."""
    return {"treated": plan.arms.treated.capitalize(), "control": plan.arms.control.capitalize()}
