"""Every public function with right inputs on a small cohort, and the kind of each input (test_door.py misuses them)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import headtohead as hh
import numpy as np
import pandas as pd
from headtohead.matching.pairs import Matches, match_nearest
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.estimate import Interval


class Given(NamedTuple):
    """One input: its kind, for which the misuses are generated, and a right value."""

    kind: str
    value: Any


RNG = np.random.default_rng(11)
N = 60
INDEX = pd.Index([f"p{k}" for k in range(N)], name="id")
X = pd.DataFrame(
    {"x": RNG.normal(size=N), "z": RNG.normal(size=N), "b": (RNG.random(N) < 0.5).astype(float)}, index=INDEX
)
ARM = pd.Series(RNG.random(N) < 1 / (1 + np.exp(-0.6 * X["x"])), INDEX, name="arm")
TIME = pd.Series(RNG.integers(1, 28, N).astype(float), INDEX, name="time")
CAUSE = pd.Series(RNG.choice([1, 2], N), INDEX, name="cause")
STAYS = RNG.random(N) < 0.3
TIME[STAYS], CAUSE[STAYS] = 28.0, 0
DIED = (CAUSE == 1).astype(int).rename("died")
DEATH = hh.Endpoint("death", TIME, CAUSE, ("death", "discharge"))
FRAME = X.assign(
    drug=np.where(ARM, "new", "old"),
    sex=np.where(X["b"] > 0, "F", "M"),
    ward=np.where(X["z"] > 0, "north", "south"),
)
SCORE = hh.propensity(X, ARM)
CRUDE, PAIRS, WEIGHTED = SCORE.crude(), SCORE.match(caliper_sd=1.0), SCORE.weight("ATO")
MATCHES = PAIRS.matches
WAYS = [CRUDE, PAIRS, WEIGHTED]
FEW = hh.Inference(bootstrap_replicates=20)
ROW = pd.Series({"estimate": 0.02, "std_error": 0.05})
TABLE = hh.proportions.TwoByTwo(12, 60, 9, 50)
MARGINS = {"narrow": 0.05}
PRIORS = [hh.outcomes.Prior("flat", "no prior")]
DICTIONARY = pd.DataFrame(
    [("x", "x", "m", "number", ""), ("sex", "sex", "", "category", "F|M")],
    columns=["name", "label", "unit", "type", "levels"],
)
STUDIES = pd.DataFrame(
    {
        "id": ["a", "b", "c"],
        "study": ["A", "B", "C"],
        "design": "trial",
        "source": "x",
        "measure": "risk ratio",
        "effect": [0.8, 0.9, 1.1],
        "conf_low": [0.6, 0.7, 0.8],
        "conf_high": [1.1, 1.2, 1.5],
        "p_value": np.nan,
        "n_drug": 100.0,
        "deaths_drug": [10.0, 12, 14],
        "n_comparator": 100.0,
        "deaths_comparator": [13.0, 12, 11],
    }
)
EFFECTS = hh.evidence.study_effects(STUDIES, prefer="published")
RATIO = hh.evidence.combined(EFFECTS, tau2="DL", interval="normal", conf_level=0.95)
PRINTED = Interval(0.8, 0.1, 0.65, 0.98)
BALANCE = hh.balance(WAYS)
CURVES = hh.incidence_curves(DEATH, CRUDE, by=28, inference=FEW)
STATES = pd.DataFrame(RNG.integers(0, 3, (N, 4)), index=INDEX)
CRITERION = SimpleNamespace(label="x", excludes="no x", column="x", rule="present", value=None)
DEVIATION = pd.Series(np.where(RNG.random(N) < 0.2, 3.0, np.nan), INDEX, name="left")
LATER = pd.Series(RNG.random(N) < 0.2, INDEX, name="later") & (CAUSE != 1)
EVERY = {name: pd.Series(X["b"] == level, INDEX) for name, level in (("yes", 1), ("no", 0))}
STUDY_ROWS = {"studies": Given("studies", EFFECTS)}
POOLING = {
    "tau2": Given("choice", "DL"),
    "interval": Given("choice", "normal"),
    "conf_level": Given("level", 0.95),
}


def endpoint(**more: Given) -> dict[str, Given]:
    """Return the inputs of an estimator over time."""
    return {
        "endpoints": Given("endpoints", DEATH),
        "adjustments": Given("adjustments", WAYS),
        "by": Given("by", 28),
        **more,
    }


def free(**values: Any) -> dict[str, Given]:
    return {name: Given("free", value) for name, value in values.items()}


SCORE_IS = {"score": Given("choice", "known")}
INFERENCE = {"inference": Given("inference", FEW)}
PRECISION = {"power": Given("share", 0.8), "alpha": Given("share", 0.05)}
SIZES = {"n_treated": Given("positive", 100.0), "n_control": Given("positive", 120.0)}
FUNCTIONS: dict[str, dict[str, Given]] = {
    "Adjustment": free(key="k", name="K", kind="weights", estimand="ATE", population="all", resampling=None)
    | {
        "kind": Given("choice", "weights"),
        "treated": Given("arms", ARM),
        "weights": Given("weights", WEIGHTED.weights),
        "design": Given("gappy", X),
        "matched_set": Given("sets", pd.Series(np.arange(N) // 2.0, INDEX)),
        **free(matches=None, reason=None, estimation=None),
        "optional": Given("flag", False),
    },
    "Endpoint": free(name="death", causes=("death", "discharge"))
    | {"time_days": Given("times", TIME), "cause": Given("causes", CAUSE)},
    "Inference": {
        "conf_level": Given("level", 0.95),
        "bootstrap_replicates": Given("count", 20),
        "seed": Given("seed", 1),
    },
    "Prior": free(name="p", label="P") | {"mean": Given("number", 0.0), "sd": Given("spread", 0.1)},
    "Score": {"design": Given("numbers", X), "ps": Given("probabilities", SCORE.ps)}
    | {"linear_predictor": Given("numbers", SCORE.linear_predictor)}
    | free(
        coefficients=SCORE.coefficients,
        log_likelihood=0.0,
        c_statistic=0.5,
    )
    | {"treated": Given("arms", ARM)},
    "TwoByTwo": {
        "events_treated": Given("cell", 3),
        "n_treated": Given("cell", 9),
        "events_control": Given("cell", 2),
        "n_control": Given("cell", 8),
    },
    "agreement": {
        "direct": Given("ratio", RATIO),
        "conf_level": Given("level", 0.95),
        "indirect": Given("ratio", hh.evidence.indirect_comparisons({"t": RATIO}, RATIO, conf_level=0.95)),
    },
    "apply_eligibility": free(treated="new", control="old", criteria=[CRITERION])
    | {"frame": Given("frame", FRAME), "arm": Given("column", "drug")},
    "arm_by_stratum": {
        "frame": Given("frame", FRAME),
        "treated": Given("arms", ARM),
        "by": Given("columns", ["ward"]),
    },
    "balance": {
        "adjustments": Given("adjustments", WAYS),
        "covariates": Given("gappy", X),
        "denominator": Given("choice", "pooled"),
    },
    "balance_report": {
        "frame": Given("mixed", FRAME),
        "adjustments": Given("adjustments", WAYS),
        "denominator": Given("choice", "pooled"),
    },
    "bounds": {
        "treated_only": Given("count", 5),
        "control_only": Given("count", 3),
        "gammas": Given("gammas", [1.0, 2.0]),
    },
    "bucher": {
        "a_versus_common": Given("interval", PRINTED),
        "b_versus_common": Given("interval", PRINTED),
        "conf_level": Given("level", 0.95),
    },
    "caliper_grid": {
        "endpoint": Given("plain endpoint", DEATH),
        "score": Given("free", SCORE),
        "by": Given("by", 28),
        "calipers_sd": Given("calipers", [0.5, 1.0]),
        "caliper_scale": Given("choice", "pooled"),
        "order": Given("choice", "largest"),
        "exact": Given("exact", [FRAME["sex"]]),
        "denominator": Given("choice", "pooled"),
        **INFERENCE,
    },
    "chance_balance": {
        "pairs": Given("adjustment", PAIRS),
        "covariates": Given("numbers", X),
        "threshold": Given("positive", 0.1),
        "denominator": Given("choice", "pooled"),
        "replicates": Given("count", 50),
        "seed": Given("free", 1),
    },
    "combined": STUDY_ROWS | POOLING,
    "concurrent_periods": {
        "period": Given("groups", FRAME["ward"]),
        "treated": Given("arms", ARM),
        "min_share": Given("share", 0.1),
    },
    "confounder_benchmarks": {
        "exposures": Given("flags", X[["b"]].assign(c=(X["x"] > 0).astype(float))),
        "treated": Given("arms", ARM),
        "event": Given("events", DIED),
        **free(by=None),
    },
    "cox_few_events": {
        "time": Given("times", TIME),
        "event": Given("events", DIED),
        "covariates": Given("model", X[["x", "z"]]),
        "conf_level": Given("level", 0.95),
    },
    "days_lost": endpoint(**INFERENCE, **free(event_free="in hospital", stream="s")),
    "design_matrix": {
        "frame": Given("frame", FRAME),
        "terms": Given("columns", ["x", "sex"]),
        "impute_from": Given("columns or none", ["z"]),
    },
    "discordant_pairs": {
        "event": Given("events", DIED),
        "adjustment": Given("adjustment", PAIRS),
        **free(by=None),
    },
    "e_value": {"risk_ratio": Given("positive", 1.5), "to": Given("positive", 1.1)},
    "e_value_of_interval": {"conf_low": Given("positive", 1.1), "conf_high": Given("positive", 2.0)},
    "effective_sample_size": {"weights": Given("weights", WEIGHTED.weights)},
    "equality_tests": free(table=TABLE),
    "equivalence_tests": {
        "row": Given("row", ROW),
        "margins": Given("margins", MARGINS),
        "alpha": Given("share", 0.05),
    },
    "estimate_in_subsets": free(estimate=lambda part: pd.DataFrame({"n": [len(part)]}))
    | {"frame": Given("frame", FRAME), "subsets": Given("subsets", EVERY)},
    "few_events": {
        "studies": Given("table", STUDIES[["n_drug", "deaths_drug", "n_comparator", "deaths_comparator"]]),
        "method": Given("choice", "Mantel-Haenszel"),
        "conf_level": Given("level", 0.95),
    },
    "leave_one_out": STUDY_ROWS | POOLING,
    "absolute_effect": {"ratio": Given("ratio", RATIO), "risk": Given("share", 0.2)},
    "every_meta_analysis": STUDY_ROWS | {"conf_level": Given("level", 0.95)},
    "fragility_index": {
        "table": Given("free", TABLE),
        "test": Given("choice", "fisher"),
        "alpha": Given("share", 0.05),
    },
    "gray_tests": {
        "endpoints": Given("endpoints", DEATH),
        "crude": Given("crude", CRUDE),
        "by": Given("by", 28),
    },
    "hazard_ratios": endpoint(**INFERENCE, **SCORE_IS),
    "hiding_gamma": {
        "treated_only": Given("count", 5),
        "control_only": Given("count", 3),
        "alpha": Given("share", 0.05),
    },
    "impute": {
        "values": Given("gappy", X),
        "predictors": Given("numbers", X[["z", "b"]].add_prefix("p")),
        "imputations": Given("count", 2),
        "iterations": Given("count", 1),
        "donors": Given("count", 3),
        "rng": Given("rng", 1),
    },
    "incidence_curves": endpoint(**INFERENCE, **free(stream="s")),
    "indirect_comparisons": {
        "against": Given("sources", {"t": RATIO}),
        "common": Given("ratio", RATIO),
        "conf_level": Given("level", 0.95),
    },
    "interaction": {
        "estimates": Given("list", [0.1, 0.2]),
        "std_errors": Given("list", [0.1, 0.1]),
        "conf_level": Given("level", 0.95),
        **PRECISION,
    },
    "intervals": {"table": Given("free", TABLE), "conf_level": Given("level", 0.95)},
    "kaplan_meier_error": {
        "endpoint": Given("endpoint", DEATH),
        "crude": Given("crude", CRUDE),
        "by": Given("by", 28),
    },
    "largest_gamma": {
        "treated_only": Given("count", 5),
        "control_only": Given("count", 3),
        "alpha": Given("share", 0.05),
    },
    "largest_imbalance": {"table": Given("table", BALANCE), "threshold": Given("positive", 0.1)},
    "log_rank": {"time": Given("times", TIME), "event": Given("events", DIED), "treated": Given("arms", ARM)},
    "logistic_few_events": {
        "event": Given("events", DIED),
        "covariates": Given("model", X[["x", "z"]]),
        "conf_level": Given("level", 0.95),
    },
    "lost_to_matching": {
        "pairs": Given("adjustment", SCORE.match(caliper_sd=0.05)),
        "covariates": Given("gappy", X),
    },
    "margin_tests": {
        "table": Given("free", TABLE),
        "margins": Given("margins", MARGINS),
        "alpha": Given("share", 0.05),
    },
    "matched_designs": {"adjustments": Given("adjustments", WAYS)},
    "matched_regressions": {
        "endpoints": Given("plain endpoints", DEATH),
        "adjustments": Given("adjustments", PAIRS),
        "by": Given("bys", 28),
        **INFERENCE,
    },
    "mean_differences": {
        "values": Given("numbers", X["z"]),
        "adjustments": Given("adjustments", WAYS),
        "outcome": Given("free", "z"),
        **INFERENCE,
    },
    "meta_analysis": STUDY_ROWS | POOLING,
    "minimum_detectable_difference": {"risk_control": Given("share", 0.3), **SIZES, **PRECISION},
    "minimum_detectable_hazard_ratio": {
        "events": Given("positive", 50),
        "share_treated": Given("share", 0.4),
        **PRECISION,
    },
    "minimum_detectable_interaction": {
        "events": Given("positive", 50),
        "share_treated": Given("share", 0.4),
        **PRECISION,
    },
    "missingness": {
        "frame": Given("frame", FRAME),
        "columns": Given("columns", ["x"]),
        "by": Given("columns", ["ward"]),
    },
    "overlap": {"score": Given("score", SCORE)},
    "pairs_by_stratum": {"adjustments": Given("adjustments", WAYS), "by": Given("exact", [FRAME["ward"]])},
    "patients_per_arm_for_equivalence": {
        "risk": Given("share", 0.2),
        "margin": Given("share", 0.1),
        **PRECISION,
    },
    "per_protocol": {
        "endpoint": Given("endpoint", DEATH),
        "adjustment": Given("adjustment", CRUDE),
        "deviation_day": Given("days", DEVIATION),
        "by": Given("by", 28),
        "baseline": Given("numbers", X),
        "changing": Given("free", []),
        **INFERENCE,
        **free(stream="s"),
    },
    "piecewise_hazard_ratios": {
        "endpoints": Given("endpoints", DEATH),
        "adjustments": Given("adjustments", WAYS),
        "cuts": Given("cuts", (0, 10, 28)),
        **SCORE_IS,
        **INFERENCE,
    },
    "pool": {
        "estimates": Given("list", [0.1, 0.2]),
        "variances": Given("list", [0.1, 0.1]),
        "conf_level": Given("level", 0.95),
        "df_complete": Given("positive", 50.0),
    },
    "posterior_densities": {
        "row": Given("row", ROW),
        "priors": Given("priors", PRIORS),
        "grid": Given("list", np.array([0.0, 0.1])),
    },
    "posteriors": {
        "row": Given("row", ROW),
        "priors": Given("priors", PRIORS),
        "margins": Given("margins", MARGINS),
        **INFERENCE,
    },
    "power_of_equivalence": {
        "risk": Given("share", 0.2),
        **SIZES,
        "margin": Given("share", 0.1),
        "alpha": Given("share", 0.05),
    },
    "propensity": {
        "frame": Given("model", X),
        "arm": Given("arms", ARM),
        **free(terms=None, treated=None, impute_from=()),
    },
    "proportional_hazards_tests": endpoint(**SCORE_IS),
    "log_rank_tests": endpoint(**SCORE_IS, strata=Given("groups", FRAME["ward"])),
    "paired_odds_ratios": {
        "endpoints": Given("plain endpoints", DEATH),
        "adjustments": Given("adjustments", PAIRS),
        "by": Given("bys", 28),
        **INFERENCE,
    },
    "factor_balance": {
        "frame": Given("mixed", FRAME[["sex", "ward"]]),
        "adjustments": Given("adjustments", WAYS),
    },
    "love_plot": {
        "table": Given("table", BALANCE),
        "threshold": Given("positive", 0.1),
        "largest": Given("size", 1.0),
        "width": Given("positive", 320),
        **free(labels=True, title=""),
    },
    "curves_plot": {
        "table": Given("table", CURVES),
        "arms": Given("names", ("new", "old")),
        "width": Given("positive", 220),
        **free(time="Days"),
    },
    "random_effects": {
        "log_effect": Given("list", [0.1, 0.2]),
        "variance": Given("list", [0.1, 0.1]),
        **POOLING,
    },
    "reproduction": {
        "reference": Given("table", pd.DataFrame({"id": ["a"], "printed": ["0.10"]})),
        "ours": Given("free", {"a": 0.1}),
    },
    "risk_posterior_density": {
        "table": Given("free", TABLE),
        "differences": Given("list", np.array([0.0, 0.1])),
    },
    "risk_posteriors": {
        "table": Given("free", TABLE),
        "margins": Given("margins", MARGINS),
        "conf_level": Given("level", 0.95),
    },
    "risks": {
        "endpoints": Given("plain endpoints", DEATH),
        "adjustments": Given("adjustments", WAYS),
        "by": Given("bys", 28),
        **INFERENCE,
        **free(stream="s"),
    },
    "sample_sizes": {"adjustments": Given("adjustments", WAYS)},
    "score_histogram": {"score": Given("score", SCORE)},
    "shrink": {
        "estimates": Given("list", [0.1, 0.2]),
        "std_errors": Given("list", [0.1, 0.1]),
        "tau_sd": Given("positive", 0.1),
        "conf_level": Given("level", 0.95),
    },
    "standardised_risks": {
        "endpoints": Given("plain endpoints", DEATH),
        "score": Given("free", SCORE),
        "outcome_design": Given("model or none", X[["x", "z"]]),
        "by": Given("by", 28),
        "estimands": Given("choices", ["ATE"]),
        **INFERENCE,
        **free(stream="s"),
    },
    "state_occupation": {
        "states": Given("states", STATES),
        "adjustments": Given("adjustments", WAYS),
        "names": Given("states named", list("abc")),
    },
    "study_effects": {
        "rows": Given("studies", STUDIES),
        "prefer": Given("choice", "published"),
        "no_contrast": Given("choice", "exclude"),
        "conf_level": Given("level", 0.95),
    },
    "subdistribution_hazard_ratios": endpoint(**INFERENCE, **SCORE_IS, censoring=Given("choice", "together")),
    "table_one": free(dictionary=DICTIONARY)
    | {
        "frame": Given("frame", FRAME),
        "treated": Given("arms", ARM),
        "columns": Given("columns", ["x", "sex"]),
    },
    "tipping_grid": {
        "endpoint": Given("plain endpoint", DEATH),
        "adjustment": Given("adjustment", CRUDE),
        "may_follow": Given("events", LATER.astype(int)),
        "by": Given("by", 28),
        "extra_treated": Given("counts", [0, 1]),
        "extra_control": Given("counts", [0, 1]),
        "margin": Given("share", 0.05),
        "alpha": Given("share", 0.05),
        **INFERENCE,
        **free(stream="s"),
    },
    "unadjusted": {"treated": Given("arms", ARM), "design": Given("gappy", X)},
    "win_ratios": {
        "levels": Given("levels", pd.DataFrame({"a": -DIED.astype(float), "t": TIME})),
        "adjustments": Given("adjustments", WAYS),
        "outcome": Given("free", "wins"),
        "by": Given("horizon", 28),
        **INFERENCE,
        **free(stream="s"),
    },
}
NO_INPUT = {"CannotAdjustError"}
FIT = fit_cox(TIME, DIED, X)
TRAILS = np.ones((1, N))
MODULES: dict[
    str, dict[str, Given]
] = {  # what a user can import from a module and call with columns or arrays
    "outcomes.cox.fit_cox": {
        "time": Given("times", TIME),
        "event": Given("events", DIED),
        "covariates": Given("model", X),
        "ties": Given("choice", "efron"),
        "weights": Given("weights", WEIGHTED.weights),
        "strata": Given("groups", FRAME["ward"]),
        "clusters": Given("groups", FRAME["ward"]),
        "entry": Given("entry", TIME * 0.0),
    },
    "outcomes.endpoint.Endpoint.of": {
        "frame": Given("frame", FRAME.assign(day=TIME, how=CAUSE.map({0: "here", 1: "died", 2: "home"}))),
        "time": Given("column", "day"),
        "event": Given("column", "how"),
        "causes": Given("levels named", ["died", "home"]),
        "censored": Given("level named", "here"),
    },
    "outcomes.endpoint.Endpoint.recorded": {
        "happened": Given("outcome", DIED),
        "by": Given("horizon", 28),
        **free(name="died"),
    },
    "outcomes.fine_gray.fit_fine_gray": {
        "time": Given("times", TIME),
        "cause": Given("causes", CAUSE),
        "covariates": Given("model", X),
        "cause_number": Given("count", 1),
        "rule": Given("choice", "crr"),
        "weights": Given("weights", WEIGHTED.weights),
        "clusters": Given("groups", FRAME["ward"]),
    },
    "outcomes.log_rank.gray_test": {
        "time": Given("times", TIME),
        "cause": Given("causes", CAUSE),
        "treated": Given("arms", ARM),
        "cause_number": Given("count", 1),
    },
    "outcomes.proportional.proportional_hazards_test": {
        "time": Given("times", TIME),
        "event": Given("events", DIED),
        "covariates": Given("model", X),
        "fit": Given("free", FIT),
        "transform": Given("choice", "km"),
        "ties": Given("choice", "efron"),
        "strata": Given("groups", FRAME["ward"]),
        "terms": Given("free", None),
    },
    "outcomes.competing.aalen_johansen": {
        "time": Given("array times", TIME.to_numpy()),
        "cause": Given("array causes", CAUSE.to_numpy()),
        "weights": Given("array weights", WEIGHTED.weights.to_numpy()),
        "n_causes": Given("free", 2),
    },
    "matching.balance.balance_table": {
        "covariates": Given("gappy", X),
        "treated": Given("arms", ARM),
        "weights": Given("weights", WEIGHTED.weights),
        "denominator": Given("choice", "pooled"),
    },
    "matching.pairs.match_nearest": {
        "linear_predictor": Given("scores", SCORE.linear_predictor),
        "treated": Given("arms", ARM),
        "ratio": Given("count", 1),
        "caliper": Given("caliper", 0.5),
        "order": Given("choice", "largest"),
        "exact": Given("exact", [FRAME["sex"]]),
    },
    "matching.pairs.match_optimal": {
        "linear_predictor": Given("scores", SCORE.linear_predictor),
        "treated": Given("arms", ARM),
        "caliper": Given("caliper", 0.5),
        "exact": Given("exact", [FRAME["sex"]]),
    },
    "matching.weights.weights_from_ps": {
        "ps": Given("probabilities", SCORE.ps),
        "treated": Given("arms", ARM),
        "estimand": Given("choice", "ATE"),
    },
    "matching.weights.entropy_weights": {
        "design": Given("model", X),
        "treated": Given("arms", ARM),
        "estimand": Given("choice", "ATT"),
    },
    "kernels.pairs.caliper_width": free(linear_predictor=SCORE.linear_predictor)
    | {
        "treated": Given("array events", ARM.to_numpy()),
        "caliper_sd": Given("positive", 0.2),
        "scale": Given("choice", "all"),
    },
    "sensitivity.missing.cumulative_hazard": {
        "time_days": Given("times", TIME),
        "event": Given("events", DIED),
    },
    "proportions.two_by_two.wilson": free(events=2, n=9) | {"conf_level": Given("level", 0.95)},
    "proportions.score.score_interval": {
        "table": Given("free", TABLE),
        "scale": Given("choice", "risk ratio"),
        "conf_level": Given("level", 0.95),
    },
    "matching.propensity.Score.match": {
        "self": Given("free", SCORE),
        "caliper_sd": Given("caliper", 0.5),
        "caliper_scale": Given("choice", "pooled"),
        "order": Given("choice", "largest"),
        "ratio": Given("count", 1),
        "exact": Given("exact", [FRAME["sex"]]),
        **free(key="k", name="K"),
        "optional": Given("flag", False),
    },
    "matching.propensity.Score.match_optimal": {
        "self": Given("free", SCORE),
        "caliper_sd": Given("caliper", 0.5),
        "caliper_scale": Given("choice", "pooled"),
        "exact": Given("exact", [FRAME["sex"]]),
        **free(key="k", name="K"),
        "optional": Given("flag", False),
    },
    "matching.propensity.Score.weight": {
        "self": Given("free", SCORE),
        "estimand": Given("choice", "ATE"),
        **free(key="k"),
        "optional": Given("flag", False),
    },
    "matching.propensity.Score.entropy": {
        "self": Given("free", SCORE),
        "estimand": Given("choice", "ATT"),
        **free(key="k"),
        "optional": Given("flag", False),
    },
    "matching.propensity.Score.truncate": {
        "self": Given("free", SCORE),
        "quantiles": Given("quantiles", (0.01, 0.99)),
        **free(key="k"),
        "optional": Given("flag", False),
    },
}


MODULES |= {  # arrays, and columns of a table one
    "kernels.logistic.fit_logistic": {
        "X": Given("array", SCORE.crude().regressors),
        "y": Given("array events", ARM.to_numpy(float)),
        "weights": Given("array weights", TRAILS),
        "ridge": Given("limit", 0.1),
    },
    "kernels.weights.tilt_to_means": {
        "X": Given("array", X.to_numpy()),
        "base": Given("array weights", TRAILS),
        "targets": Given("array", X.to_numpy().mean(axis=0)[None]),
    },
    "sensitivity.diagnostics.preference_score": {
        "ps": Given("probabilities", SCORE.ps),
        "treated": Given("arms", ARM),
    },
    "sensitivity.diagnostics.share_in_equipoise": {
        "ps": Given("probabilities", SCORE.ps),
        "treated": Given("arms", ARM),
        **free(low=0.3, high=0.7),
    },
}
for _name in (
    "outcomes.cox.fit_cox",
    "outcomes.fine_gray.fit_fine_gray",
    "outcomes.proportional.proportional_hazards_test",
):
    MODULES[_name]["sandwich"] = Given("free", None)
MODULES["outcomes.fine_gray.fit_fine_gray"]["censoring"] = Given("groups", FRAME["ward"])
MODULES["outcomes.proportional.proportional_hazards_test"]["weights"] = Given("weights", 1 + WEIGHTED.weights)
for _name in ("matching.pairs.match_nearest", "matching.propensity.Score.match"):
    MODULES[_name]["replace"] = Given("flag", False)
MODULES["matching.pairs.match_nearest"]["mahalanobis"] = Given("model", X[["x", "z"]])
MODULES["matching.propensity.Score.match"]["mahalanobis"] = Given("columns", ["x", "z"])


def one_pair() -> Any:
    """Return the adjustment of one matched pair."""
    found = match_nearest(SCORE.linear_predictor, ARM, ratio=1, caliper=np.inf, order="largest")
    first = Matches(found.pairs.head(1), found.unmatched, np.inf)
    from headtohead.matching.adjustment import matched_pairs

    return matched_pairs(first, ARM, design=X)
