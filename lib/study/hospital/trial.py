"""Whether a cohort can carry its score, before the cores are busy."""

import headtohead as hh
import pandas as pd

from study.hospital.own_choices import OwnProtocol


def require_score(plan: OwnProtocol, everyone: pd.DataFrame) -> None:
    """Raise ``ValueError``, in one line, if the score of the eligible cannot be fitted.

    ``everyone`` has a row per patient; from ``inference.large_sample`` on, the score is left to the chapters.
    """
    arms = plan.arms
    eligible, _ = hh.cohort.apply_eligibility(
        everyone, plan.eligibility, arm=arms.column, treated=arms.treated, control=arms.control
    )
    if len(eligible) >= plan.inference.large_sample:
        return
    if not plan.propensity.terms:
        must = "the score must have a column that differs between the eligible patients, found none"
        raise ValueError(f"{must}; name others under [score] of cohort.toml")
    design = hh.design_matrix(eligible, plan.propensity.terms, impute_from=plan.propensity.impute_from)
    try:
        hh.propensity(design, eligible["treated"])
    except ValueError as error:
        raise ValueError(f"the score cannot be fitted: {error} (under [score] of cohort.toml)") from None
