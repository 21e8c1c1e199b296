"""Five public cohorts through the same functions as the study, every number beside that of R."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from headtohead.inference import Inference
from headtohead.matching.adjustment import Adjustment
from headtohead.matching.balance import balance
from headtohead.matching.score import propensity
from headtohead.outcomes.competing import aalen_johansen
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.hazard import hazard_ratios, log_rank
from headtohead.outcomes.proportional import proportional_hazards_test

from study.evidence.results_evidence import RealCohorts
from study.real_cohorts.public_cohorts import PublicCohort, load_public_cohorts

INCIDENCE_AT = {"mgus2": (60, 120, 240), "melanoma": (365, 1825, 3650)}  # where R's values were taken


def analyse_real_cohorts(folder: Path, *, conf_level: float, caliper_sd: float) -> RealCohorts:
    """Return sizes, the comparison with R, two-arm hazard ratios and balance of every cohort."""
    cohorts = load_public_cohorts(folder)
    reference = pd.read_csv(folder / "reference.csv", dtype={"printed": str})
    ours: dict[str, float] = {}
    effects, balances = [], []
    for cohort in cohorts:
        full = cohort.complete()
        ways = adjustments(full, caliper_sd=caliper_sd)
        table = _two_arms(full, ways, conf_level)
        ours |= {f"{cohort.name}.{key}": value for key, value in _numbers(cohort, table)}
        effects.append(table.assign(cohort=cohort.name))
        smd = balance(ways).groupby("adjustment")["smd"].agg(lambda values: values.abs().max())
        balances += [(cohort.name, way.estimand, smd[way.key]) for way in ways]
    return RealCohorts(
        sizes=_sizes(cohorts),
        comparison=compare_with_reference(reference, ours),
        effects=pd.concat(effects, ignore_index=True),
        balance=pd.DataFrame(balances, columns=["cohort", "estimand", "smd"]),
    )


def adjustments(cohort: PublicCohort, *, caliper_sd: float) -> list[Adjustment]:
    """Return the crude, the overlap-weighted and the matched comparison of the arms."""
    score = propensity(cohort.covariates, cohort.treated)
    return [score.crude(), score.weight("ATO"), score.match(caliper_sd=caliper_sd)]


def _two_arms(cohort: PublicCohort, ways: list[Adjustment], conf_level: float) -> pd.DataFrame:
    outcome = Endpoint("event of interest", cohort.time, cohort.cause)
    return hazard_ratios(outcome, ways, by=int(cohort.time.max()) + 1, inference=Inference(conf_level))


def _numbers(cohort: PublicCohort, effects: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """Return every number that may have a reference value, by its key in ``reference.csv``."""
    for row in effects.itertuples():
        yield f"{row.estimand.lower()}.log_hr", float(np.log(row.estimate))
        yield f"{row.estimand.lower()}.se", float(row.std_error)
    yield "log_rank", log_rank(cohort.time, (cohort.cause == 1).astype(int), cohort.treated)[0]
    yield from _models(cohort.complete())
    for arm, mask in (("treated", cohort.treated), ("control", ~cohort.treated)):
        curve = aalen_johansen(cohort.time[mask].to_numpy(float), cohort.cause[mask].to_numpy(int))
        at = INCIDENCE_AT.get(cohort.name, ())
        for when, causes in zip(at, curve.at(at) if at else (), strict=True):
            for number, value in enumerate(causes, start=1):
                yield f"incidence{number}.{arm}.{when}", float(value)


def _models(cohort: PublicCohort) -> Iterator[tuple[str, float]]:
    """Return the adjusted cause-specific Cox model of each cause and its test of proportionality."""
    X = pd.concat([cohort.treated.astype(float).rename("treated"), cohort.covariates], axis=1)
    for number in range(1, int(cohort.cause.max()) + 1):
        event = cohort.cause == number
        fit = fit_cox(cohort.time, event, X)
        tested = proportional_hazards_test(cohort.time, event, X, fit).set_index("term")["chi_square"]
        yield f"cox{number}.log_hr", float(fit.coefficients["treated"])
        yield f"cox{number}.se", float(fit.std_errors["treated"])
        yield f"zph{number}.treated", float(tested["treated"])
        yield f"zph{number}.global", float(tested["GLOBAL"])


def _sizes(cohorts: list[PublicCohort]) -> pd.DataFrame:
    rows = [
        (c.name, c.title, c.arms, len(c.time), int(c.treated.sum()), int((c.cause == 1).sum()), int((c.cause == 2).sum()))
        for c in cohorts
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["cohort", "title", "arms", "n", "treated", "events", "competing"])


def compare_with_reference(reference: pd.DataFrame, ours: dict[str, float]) -> pd.DataFrame:
    """Return the reference values with ours, the difference and whether ours rounds to the printed one.

    Raises
    ------
    ValueError
        If a reference value has no counterpart.
    """
    unknown = [name for name in reference["id"] if name not in ours]
    if unknown:
        raise ValueError(
            f"each reference value needs one of ours, {len(unknown)} have none, first {unknown[:3]}; correct the id"
        )
    table = reference.assign(ours=reference["id"].map(ours), cohort=reference["id"].str.split(".").str[0])
    table["value"] = table["printed"].astype(float)
    places = table["printed"].str.split(".").str[1].str.len()
    same = [round(new, n) == old for new, n, old in zip(table["ours"], places, table["value"], strict=True)]
    verdict = pd.Series(same, index=table.index).map({True: "reproduced", False: "differs"})
    return table.assign(difference=table["ours"] - table["value"], verdict=verdict)
