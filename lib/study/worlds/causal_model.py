"""Who the synthetic patients are: the causal model before a drug is chosen.

Nothing is fitted to patients' data. The marginal distributions are assumptions near what published
cohorts of moderate-to-severe COVID-19 report (``data/README.md`` lists the sources); severity, frailty
and the laboratory values share a Gaussian copula.
"""

import numpy as np
import pandas as pd
from scipy.special import expit

LATENT = ("age", "frailty", "severity", "crp", "ferritin", "ddimer", "lymphocytes", "il6")
CORRELATION = np.array(
    [
        [1.00, 0.50, 0.10, 0.05, -0.05, 0.25, -0.15, 0.05],
        [0.50, 1.00, 0.05, 0.05, -0.05, 0.20, -0.10, 0.05],
        [0.10, 0.05, 1.00, 0.35, 0.30, 0.25, -0.30, 0.35],
        [0.05, 0.05, 0.35, 1.00, 0.35, 0.20, -0.20, 0.45],
        [-0.05, -0.05, 0.30, 0.35, 1.00, 0.15, -0.15, 0.25],
        [0.25, 0.20, 0.25, 0.20, 0.15, 1.00, -0.10, 0.20],
        [-0.15, -0.10, -0.30, -0.20, -0.15, -0.10, 1.00, -0.20],
        [0.05, 0.05, 0.35, 0.45, 0.25, 0.20, -0.20, 1.00],
    ]
)
CHOLESKY = np.linalg.cholesky(CORRELATION)
PERIOD_SHARE = {"A": (0.30, 0.40, 0.30), "B": (0.20, 0.35, 0.45)}
MEAN_AGE, SD_AGE = 66.0, 13.5


def draw_patients(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return ``n`` synthetic patients as they are at time zero, complete, before a drug is chosen.

    Returns
    -------
    DataFrame with the baseline columns of the contract, units as there, plus ``severity`` (latent, in
    standard deviations), which no cohort file contains.
    """
    z = dict(zip(LATENT, (rng.standard_normal((n, len(LATENT))) @ CHOLESKY.T).T, strict=True))
    u = rng.random((n, 12))
    noise = rng.standard_normal((n, 8))
    at_a = u[:, 0] < 0.55
    share = np.where(at_a[:, None], PERIOD_SHARE["A"], PERIOD_SHARE["B"])
    frame = pd.DataFrame(
        {
            "hospital": np.where(at_a, "A", "B"),
            "period": 1 + (u[:, [1]] > np.cumsum(share, axis=1)[:, :2]).sum(axis=1),
            "age": np.clip(MEAN_AGE + SD_AGE * z["age"], 18, 98).round(),
            "sex": np.where(u[:, 2] < 0.62, "M", "F"),
            "severity": z["severity"],
            "barthel": _barthel(z["frailty"]),
        }
    )
    load = np.exp(0.05 + 0.25 * (frame["age"] - MEAN_AGE) / SD_AGE + 0.30 * z["frailty"])
    frame["charlson"] = np.minimum(rng.poisson(load), 10)
    spo2_fio2 = np.clip(np.exp(np.log(255) - 0.38 * z["severity"]), 70, 470).round()
    ldh_z = 0.75 * z["severity"] + 0.66 * noise[:, 0]
    male = (frame["sex"] == "M").astype(float)
    frame = frame.assign(
        spo2_fio2=spo2_fio2,
        pao2_fio2=np.clip(0.9 * spo2_fio2 + 25 * noise[:, 1], 45, 500).round(),
        ldh=np.clip(345 * np.exp(0.36 * ldh_z), 100, 2500).round(),
        crp=_lognormal(95, 0.85, z["crp"], 0.5, 550).round(1),
        ferritin=_lognormal(850, 0.85, z["ferritin"] + 0.15 * male / 0.85, 10, 25000).round(),
        ddimer=_lognormal(750, 0.80, z["ddimer"], 60, 50000).round(),
        lymphocytes=_lognormal(0.88, 0.48, z["lymphocytes"], 0.1, 5).round(2),
        il6=_lognormal(38, 1.1, z["il6"], 1.5, 4000).round(1),
        bmi=_lognormal(28.5, 0.17, noise[:, 2], 16, 60).round(1),
        egfr=np.clip(
            95 - 0.8 * (frame["age"] - 50) + 18 * noise[:, 3] - 4 * frame["charlson"], 16, 130
        ).round(),
        alt=_lognormal(36, 0.55, noise[:, 4], 5, 900).round(),
        neutrophils=_lognormal(6, 0.45, noise[:, 5], 0.8, 30).round(1),
        platelets=_lognormal(220, 0.40, noise[:, 6], 30, 900).round(),
        resp_rate=np.clip(23 + 5 * (0.5 * z["severity"] + 0.87 * noise[:, 7]), 12, 50).round(),
    )
    frame["high_flow_oxygen"] = (u[:, 3] < expit(-2.6 + 1.5 * z["severity"])).astype(int)
    limits = expit(
        -3.1 + 0.07 * (frame["age"] - 70) + 0.03 * (100 - frame["barthel"]) + 0.25 * frame["charlson"]
    )
    frame["dni"] = (u[:, 4] < limits).astype(int)
    return frame.join(_background(frame, u[:, 5:], rng))


def _lognormal(median: float, sigma: float, z: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip(median * np.exp(sigma * np.asarray(z)), low, high)


def _barthel(frailty: np.ndarray) -> np.ndarray:
    """Return the Barthel index: 100 for seven in ten, a tail in steps of five for the frail."""
    deficit = 5 * np.ceil((frailty - 0.55) * 7)
    return np.where(frailty < 0.55, 100, np.clip(100 - deficit, 0, 95))


def _background(frame: pd.DataFrame, u: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Return history, timing and concomitant care, which no arrow links to the outcome except by age."""
    n = len(frame)
    old = (frame["age"] - MEAN_AGE) / SD_AGE
    prevalence = {"hypertension": 0.52, "diabetes": 0.24, "ckd": 0.10, "copd": 0.12, "ihd": 0.13,
                  "cancer": 0.08, "immunosuppressed": 0.06, "vte_history": 0.04}  # fmt: skip
    draws = rng.random((n, len(prevalence)))
    history = {
        name: (draws[:, j] < expit(np.log(p / (1 - p)) + 0.4 * old)).astype(int)
        for j, (name, p) in enumerate(prevalence.items())
    }
    lag = rng.geometric(np.where(frame["period"] == 1, 0.40, 0.55)) - 1
    device = np.select(
        [(frame["high_flow_oxygen"] == 1) & (u[:, 0] < 0.2), frame["high_flow_oxygen"] == 1,
         frame["spo2_fio2"] < 200, frame["spo2_fio2"] < 380],
        ["non-invasive", "high flow", "reservoir", "low"],
        "none",
    )  # fmt: skip
    methylprednisolone = u[:, 1] < np.where(frame["period"] == 1, 0.45, 0.25)
    organ_load = np.exp(0.1 + 0.35 * frame["severity"] - 0.008 * (frame["egfr"] - 80))
    return pd.DataFrame(
        {
            **history,
            "obesity": (frame["bmi"] >= 30).astype(int),
            "sx_to_admission": np.clip(rng.poisson(7.0, n), 0, 30),
            "admission_to_dose": np.minimum(lag, 14),
            "o2_device": device,
            "sofa": np.minimum(1 + rng.poisson(organ_load), 20),
            "steroid_drug": np.where(methylprednisolone, "methylprednisolone", "dexamethasone"),
            "steroid_dose": np.where(
                methylprednisolone, np.choose((u[:, 2] * 3).astype(int), [7.5, 15, 23.5]), 6.0
            ),
            "steroid_start_day": -np.minimum(lag, rng.integers(0, 3, n)),
            "remdesivir": ((frame["period"] > 1) & (u[:, 3] < 0.20)).astype(int),
            "anticoagulation": np.select(
                [u[:, 4] < 0.05, u[:, 4] < 0.90], ["none", "prophylactic"], "therapeutic"
            ),
        }
    )
