"""The primary estimate under three ways of handling missing covariates."""

from collections.abc import Callable
from functools import cache
from itertools import product

import headtohead as hh
import numpy as np
import pandas as pd
from headtohead import inference
from headtohead.errors import cannot
from headtohead.matching.adjustment import Adjustment
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS
from headtohead.sensitivity.missing import cumulative_hazard, impute, pool
from livingpaper import remember

from study.data.endpoints import endpoint
from study.protocol.protocol import Protocol

DONORS = 5  # as in mice; White, Royston & Wood (2011) doi:10.1002/sim.4067


def compare_handling(patients: pd.DataFrame, plan: Protocol) -> pd.DataFrame:
    """Return the primary difference from complete cases, single filling and multiple imputation.

    One row per ``handling`` and ``adjustment`` (primary weights, pairs), with ``patients``, ``pairs_low``,
    ``pairs_high``, ``fmi`` and ``mc_error``; one that cannot be estimated says why.
    """
    whole = patients[patients[plan.propensity.columns].notna().all(axis=1)]
    copies = cache(lambda: remember(completed)(patients, plan))  # once for both adjustments
    tries: dict[str, Callable[[str], pd.DataFrame]] = {
        "complete": lambda adjustment: remember(_one)(whole, adjustment, plan, "complete cases"),
        "single": lambda adjustment: remember(_one)(patients, adjustment, plan, "risks"),
        "multiple": lambda adjustment: remember(_multiple)(copies(), adjustment, plan),
    }
    rows = []
    for adjustment, handling in product((plan.estimand.primary.lower(), "pairs"), tries):
        try:
            row = tries[handling](adjustment)
        except ValueError as error:
            row = pd.DataFrame([{"method": cannot(error)}])
        rows.append(row.assign(handling=handling, adjustment=adjustment))
    extra = ["patients", "pairs_low", "pairs_high", "fmi", "mc_error", "handling", "adjustment"]
    return pd.concat(rows, ignore_index=True).reindex(columns=[*ESTIMATE_COLUMNS, *extra])


def completed(frame: pd.DataFrame, plan: Protocol) -> list[pd.DataFrame]:
    """Return the frame with its missing covariates imputed, several times.

    Covariates that enter the score as logarithms are imputed as such. Among the predictors are arm,
    outcomes and the cumulative hazard of the primary one.
    """
    logs = {term.column for term in plan.propensity.terms if "log" in term.form}
    names = [name for name in plan.propensity.columns if frame[name].isna().any()]
    values = frame[names].astype(float)
    values = values.assign(**{name: np.log(values[name]) for name in names if name in logs})
    copies = impute(
        values, _predictors(frame, [name for name in plan.propensity.columns if name not in names], plan),
        imputations=plan.sensitivity.imputations, iterations=plan.sensitivity.imputation_rounds,
        donors=DONORS, rng=inference.stream(plan.inference.seed, "imputation"),
    )  # fmt: skip
    back = [copy.assign(**{name: np.exp(copy[name]) for name in names if name in logs}) for copy in copies]
    return [frame.assign(**{name: copy[name] for name in names}) for copy in back]


def _predictors(frame: pd.DataFrame, complete: list[str], plan: Protocol) -> pd.DataFrame:
    numeric = [name for name in complete if pd.api.types.is_numeric_dtype(frame[name])]
    words = [name for name in complete if name not in numeric]
    parts = [frame[numeric].astype(float), frame["treated"].astype(float).rename("arm")]
    parts += [pd.get_dummies(frame[name], prefix=name, drop_first=True, dtype=float) for name in words]
    for name in (plan.outcome.primary, *plan.outcome.secondary):
        outcome = endpoint(frame, name)
        parts.append((outcome.cause == 1).astype(float).rename(f"event {name}"))
        if name == plan.outcome.primary:
            parts.append(cumulative_hazard(outcome.time_days, outcome.cause == 1))
    return pd.concat(parts, axis=1)


def _adjusted(frame: pd.DataFrame, adjustment: str, plan: Protocol) -> Adjustment:
    design = hh.design_matrix(frame, plan.propensity.terms, impute_from=plan.propensity.impute_from)
    score = hh.propensity(design, frame["treated"])
    if adjustment != "pairs":
        return score.weight(plan.estimand.primary)
    rule = plan.matching.model_dump(exclude={"exact", "exact_finer"})
    return score.match(**rule, exact=[frame[name] for name in plan.matching.exact])


def _one(frame: pd.DataFrame, adjustment: str, plan: Protocol, stream: str | tuple[str, ...]) -> pd.DataFrame:
    """Return the primary risk difference of one frame, one row."""
    made, outcome = _adjusted(frame, adjustment, plan), endpoint(frame, plan.outcome.primary)
    found = hh.risks(outcome, made, by=plan.outcome.horizon_days, inference=plan.inference, stream=stream)
    pairs = np.nan if made.matched_set is None else made.matched_set.nunique()
    mine = found[found["scale"] == "risk difference"]
    return mine.assign(patients=len(frame), pairs_low=pairs, pairs_high=pairs)


def _multiple(copies: list[pd.DataFrame], adjustment: str, plan: Protocol) -> pd.DataFrame:
    """Return the pooled primary risk difference; matching and weighting are done in each completed set."""
    few = plan.fewer_bootstraps(plan.sensitivity.imputation_bootstraps)
    each = pd.concat([_one(copy, adjustment, few, ("imputed", str(i))) for i, copy in enumerate(copies)])
    variances, level = (each["std_error"] ** 2).tolist(), plan.inference.conf_level
    pooled = pool(each["estimate"].tolist(), variances, conf_level=level, df_complete=np.inf)
    return each.iloc[[0]].assign(
        estimate=pooled.estimate, std_error=pooled.std_error, conf_low=pooled.low, conf_high=pooled.high,
        n=round(each["n"].mean()), events=round(each["events"].mean()),
        method=f"{len(each)} imputations, adjusted in each and pooled by Rubin's rules",
        pairs_low=each["pairs_low"].min(), pairs_high=each["pairs_high"].max(),
        fmi=pooled.fmi, mc_error=pooled.mc_error,
    )  # fmt: skip
