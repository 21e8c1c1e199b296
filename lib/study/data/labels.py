"""Printed names of the outcomes."""

OUTCOME_LABELS: dict[str, str] = {
    "death": "Death",
    "imv": "Invasive mechanical ventilation",
    "imv_or_death": "Invasive mechanical ventilation or death",
}
