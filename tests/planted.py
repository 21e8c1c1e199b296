"""Made-up patients to plant where none may be, and the origin of a paper that guards them."""

from __future__ import annotations

import numpy as np
import pandas as pd

OWN = '\n[origins.own]\nmark = "H"\nsays = "hospital"\nguarded = true\n'
N = 240
SYLLABLES = ["Go", "Lo", "Rui", "San", "Iba", "Mar", "Per", "Tor", "Cas", "Dom", "Vel", "Nav"]
LABS = ["age", "ldh", "crp", "ferritin", "creatinine", "stay"]


def patients() -> pd.DataFrame:
    """Return made-up patients with ids, dates, names, notes and laboratory values."""
    rng = np.random.default_rng(20)
    words = [
        "fever",
        "cough",
        "dialysis",
        "stable",
        "transfer",
        "oxygen",
        "delirium",
        "fall",
        "improved",
        "family",
    ]
    return pd.DataFrame(
        {
            "record": [f"HX-{number:05d}" for number in rng.permutation(90_000)[:N] + 10_000],
            "arm": rng.choice(["old", "new"], N),
            "age": rng.integers(18, 97, N),
            "ldh": rng.lognormal(5.9, 0.4, N).round(1),
            "crp": rng.lognormal(4, 0.8, N).round(2),
            "ferritin": rng.lognormal(6.6, 0.8, N).round(0),
            "creatinine": rng.lognormal(0, 0.4, N).round(3),
            "stay": rng.integers(1, 29, N),
            "admitted": pd.Timestamp("2021-01-03") + pd.to_timedelta(rng.integers(0, 300, N), "D"),
            "surname": [f"{a}{b}ez {c}{d}ova" for a, b, c, d in rng.choice(SYLLABLES, (N, 4))],
            "note": [" ".join(rng.choice(words, 7)) for _ in range(N)],
        }
    ).assign(admitted=lambda f: f["admitted"].dt.strftime("%Y-%m-%d"))  # fmt: skip


COHORT = patients()
