"""Write the made-up cohorts that make_reference.R and the tests read. Seeded; no patient is real."""

from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def cohort(n, seed, integers):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, 5))
    d = pd.DataFrame({"id": np.arange(1, n + 1)})
    d["age"] = np.clip(66 + 13 * z[:, 0], 18, 98).round()
    d["male"] = (rng.random(n) < 0.62).astype(int)
    d["hospital"] = np.where(rng.random(n) < 0.55, "A", "B")
    d["charlson"] = rng.poisson(np.exp(0.05 + 0.3 * z[:, 1]))
    d["barthel"] = np.where(
        z[:, 2] < 0.5, 100, np.clip(100 - 5 * np.ceil((z[:, 2] - 0.5) * 8), 0, 95)
    ).astype(int)
    d["ldh"] = np.exp(np.log(345) + 0.36 * z[:, 3])
    d["spo2_fio2"] = np.clip(np.exp(np.log(255) - 0.38 * z[:, 4]), 70, 470)
    if integers:  # few distinct values, so that propensity scores tie
        d["age"] = (d["age"] / 10).round() * 10
        d["ldh"] = (d["ldh"] / 100).round() * 100
        d["spo2_fio2"] = (d["spo2_fio2"] / 100).round() * 100
    d["ldh"] = d["ldh"].round()
    d["spo2_fio2"] = d["spo2_fio2"].round()
    lp = -1.15 + 0.7 * (d["hospital"] == "A") + 0.4 * z[:, 4] - 0.25 * z[:, 0] + 0.2 * (d["charlson"] - 1)
    d["treated"] = (rng.random(n) < 1 / (1 + np.exp(-lp))).astype(int)
    risk = np.exp(0.5 * z[:, 0] + 0.35 * z[:, 3] + 0.4 * z[:, 4] + 0.2 * d["treated"])
    death = rng.exponential(120 / risk)
    home = rng.exponential(14 * np.exp(0.3 * z[:, 4]))
    lost = rng.uniform(5, 90, n)
    first = np.minimum.reduce([death, home, lost])
    d["time"] = np.ceil(np.minimum(first, 60)).astype(int)
    d["status"] = np.select(
        [first > 60, death == first, home == first], [0, 1, 2], 0
    )  # 0 censored, 1 death, 2 discharge
    d["death28"] = ((d["status"] == 1) & (d["time"] <= 28)).astype(int)
    return d


cohort(342, 1, False).to_csv(HERE / "cohort_342.csv", index=False)
cohort(3000, 2, False).to_csv(HERE / "cohort_3000.csv", index=False)
cohort(600, 3, True).to_csv(HERE / "cohort_ties_600.csv", index=False)
