"""Models of the public cohorts whose numbers R gives too."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from headtohead.outcomes.competing import aalen_johansen
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.hazard import log_rank
from headtohead.outcomes.proportional import proportional_hazards_test

from study.real_cohorts.public_cohorts import PublicCohort

INCIDENCE_AT = {"mgus2": (60, 120, 240), "melanoma": (365, 1825, 3650)}  # where R's values were taken


def reference_numbers(cohorts: dict[str, PublicCohort], ratios: pd.DataFrame) -> dict[str, float]:
    """Return every number of ours that may have a value of R, by the ids of ``data/real/reference.csv``.

    ``ratios`` are two-arm hazard ratios by ``cohort`` and ``adjustment``; models use complete rows.
    """
    ours = {}
    for row in ratios.itertuples():
        ours[f"{row.cohort}.{row.adjustment}.log_hr"] = float(np.log(row.estimate))
        ours[f"{row.cohort}.{row.adjustment}.se"] = float(row.std_error)
    for name, cohort in cohorts.items():
        event = (cohort.endpoint.cause == 1).astype(int)
        ours[f"{name}.log_rank"] = log_rank(cohort.endpoint.time_days, event, cohort.treated)[0]
        found = [*_models(cohort.complete()), *_incidence(cohort)]
        ours |= {f"{name}.{number}": value for number, value in found}
    return ours


def _incidence(cohort: PublicCohort) -> Iterator[tuple[str, float]]:
    """Yield the cumulative incidence of each cause per arm, where R's was taken."""
    at = INCIDENCE_AT.get(cohort.name, ())
    for arm, mask in (("treated", cohort.treated), ("control", ~cohort.treated)) if at else ():
        time, cause = cohort.endpoint.time_days[mask], cohort.endpoint.cause[mask]
        curve = aalen_johansen(time.to_numpy(float), cause.to_numpy(int))
        for when, causes in zip(at, curve.at(at), strict=True):
            for number, value in enumerate(causes, start=1):
                yield f"incidence{number}.{arm}.{when}", float(value)


def _models(cohort: PublicCohort) -> Iterator[tuple[str, float]]:
    """Yield the adjusted cause-specific Cox model of each cause and its test of proportionality."""
    X = pd.concat([cohort.treated.astype(float).rename("treated"), cohort.covariates], axis=1)
    time, cause = cohort.endpoint.time_days, cohort.endpoint.cause
    for number in range(1, int(cause.max()) + 1):
        fit = fit_cox(time, cause == number, X)
        tested = proportional_hazards_test(time, cause == number, X, fit).set_index("term")["chi_square"]
        yield f"cox{number}.log_hr", float(fit.coefficients["treated"])
        yield f"cox{number}.se", float(fit.std_errors["treated"])
        yield f"zph{number}.treated", float(tested["treated"])
        yield f"zph{number}.global", float(tested["GLOBAL"])
