"""How each analysis did over the replicates, every measure with its Monte Carlo error.

References
----------
Morris, White & Crowther (2019) Stat Med 38:2074-2102, table 6. doi:10.1002/sim.8086
"""

import numpy as np
import pandas as pd

from study.simulation.estimators import ESTIMATORS
from study.simulation.naive_analyses import NAIVE

MEASURES = {  # with the scale on which each is printed
    "bias": "risk difference", "empirical_se": "absolute difference", "mean_se": "absolute difference",
    "coverage": "risk", "rejects": "risk",
}  # fmt: skip
METHOD = "over replicates; std_error is the Monte Carlo error"


def performance(results: np.ndarray, truth: np.ndarray) -> pd.DataFrame:
    """Return the performance of each estimator; those that were not run are left out.

    Parameters
    ----------
    results : array, shape (replicates, estimators, 4)
        From ``estimate_replicate``.
    truth : array, shape (estimators,)
        True risk difference of each estimator's estimand.

    Returns
    -------
    DataFrame with ``estimator``, ``replicates``, ``failed`` (no estimate exists), ``truth``, ``bias``,
    ``empirical_se``, ``mean_se`` (root mean square), ``coverage``, ``rejects`` (share of intervals without
    0: the power or, where there is no effect, the type-I error) and the error of each, ``..._mc``.
    """
    run = [j for j in range(len(ESTIMATORS)) if not np.isnan(results[:, j]).all()]
    return pd.DataFrame([{"estimator": list(ESTIMATORS)[j], **_one(results[:, j], truth[j])} for j in run])


def _one(results: np.ndarray, truth: float) -> dict[str, float]:
    done = results[~np.isnan(results[:, 0])]
    estimate, error, low, high = done.T
    r, spread, mean_se = len(done), float(estimate.std(ddof=1)), float(np.sqrt((error**2).mean()))
    covered, rejects = ((low <= truth) & (truth <= high)).mean(), ((low > 0) | (high < 0)).mean()
    measures = {
        "bias": (estimate.mean() - truth, spread / np.sqrt(r)),
        "empirical_se": (spread, spread / np.sqrt(2 * (r - 1))),
        "mean_se": (mean_se, (error**2).std(ddof=1) / (2 * mean_se * np.sqrt(r))),
        "coverage": (covered, np.sqrt(covered * (1 - covered) / r)),
        "rejects": (rejects, np.sqrt(rejects * (1 - rejects) / r)),
    }
    found = {name: float(value) for name, (value, _) in measures.items()}
    found |= {f"{name}_mc": float(error) for name, (_, error) in measures.items()}
    return {"replicates": r, "failed": len(results) - r, "truth": truth, **found}


def naive_bias(results: np.ndarray, truth: np.ndarray) -> pd.DataFrame:
    """Return the mean error of each naive analysis with its Monte Carlo error, and how many replicates failed.

    Parameters
    ----------
    results : array, shape (replicates, analyses)
    truth : array, shape (analyses,)
    """
    rows = []
    for name, found, true in zip(NAIVE, results.T, truth, strict=True):
        done = found[~np.isnan(found)]
        if len(done) > 1:
            counts = {"mistake": name, "replicates": len(done), "failed": len(found) - len(done)}
            bias, error = float(done.mean() - true), float(done.std(ddof=1) / np.sqrt(len(done)))
            rows.append({**counts, "truth": float(true), "bias": bias, "bias_mc": error})
    return pd.DataFrame(rows)


def by_measure(table: pd.DataFrame) -> pd.DataFrame:
    """Return the measures one below the other: ``measure``, ``scale``, ``estimate``, ``std_error`` and ``n``.

    ``std_error`` is the Monte Carlo error, ``n`` the number of replicates.
    """
    shared = table[["scenario", "estimator"]].assign(n=table["replicates"])
    parts = [
        shared.assign(measure=name, scale=scale, estimate=table[name], std_error=table[f"{name}_mc"])
        for name, scale in MEASURES.items()
    ]
    return pd.concat(parts, ignore_index=True)
