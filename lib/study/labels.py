"""What the paper calls things, by the parts of its ids; each once."""

from collections.abc import Iterable, Mapping

from study.protocol.protocol import Protocol

OUTCOMES = {
    "death": "Death",
    "imv": "Invasive mechanical ventilation",
    "imv_or_death": "Invasive mechanical ventilation or death",
}
PUBLISHED_OUTCOMES = {"imv": "Invasive ventilation", "death": "Death in hospital"}
ADJUSTMENTS = {  # in the order of the tables
    "crude": "Crude",
    "pairs": "Matched pairs",
    "optimal": "Optimal pairs",
    "exact": "Pairs, exact on more",
    "ato": "Overlap weights",
    "atm": "Matching weights",
    "att": "Weights for the treated",
    "atc": "Weights for the controls",
    "entropy": "Entropy balancing",
    "ate": "Inverse probability weights",
    "truncated": "The same, truncated",
}
MATCHINGS = ("pairs", "optimal", "exact")
ANSWERS_FOR = {  # whose effect each adjustment estimates
    "crude": "Crude: arms as they are",
    "pairs": "Pairs: {treated} patients with a match",
    "ato": "ATO: patients in equipoise",
    "atm": "ATM: patients who could be matched",
    "att": "ATT: patients like those on {treated}",
    "atc": "ATC: patients like those on {control}",
    "ate": "ATE: all patients",
}
SPREAD = {"crude": "Crude, unadjusted", "ate": "ATE", "matched": "Matched patients", "ato": "ATO", "atm": "ATM",
          "att": "ATT"}  # fmt: skip
RATIOS = {"rd": "Risk difference, points", "rr": "Risk ratio", "or": "Odds ratio"}
STATES = {"death": "Dead", "discharge": "Out of hospital, alive", "in_hospital": "In hospital"}
WORLDS = {"null": "No-effect world", "harm": "Harm world", "benefit": "Benefit world"}
TERMS = {
    "age": "Age, per 10 years",
    "barthel": "Barthel index, per 10 points",
    "charlson": "Charlson index, per point",
    "log_ldh": "Lactate dehydrogenase, per doubling",
    "high_flow_oxygen": "High-flow oxygen at the start",
    "ventilated": "Ventilated later (not a baseline value)",
}
LIKELIHOODS = {"maximum_likelihood": "Maximum likelihood", "firth": "Firth, profile interval"}
NAIVE = {"none": "As specified", "ventilation": "Mistake: ventilation as a covariate",
         "completers": "Mistake: completers only"}  # fmt: skip
HANDLING = {"complete": "complete cases", "single": "filled once (primary)",
            "multiple": "multiple imputation"}  # fmt: skip
VERDICTS = {
    "harm": "interval above zero",
    "benefit": "interval below zero",
    "similar": "inside the margin",
    "open": "open",
}
BETWEEN_TRIALS = {
    "ml": "maximum likelihood",
    "reml": "restricted maximum likelihood",
    "dl": "DerSimonian-Laird",
    "pm": "Paule-Mandel",
}
POOLED_LIMITS = {"normal": "normal", "hk": "Hartung-Knapp", "modified_hk": "modified Hartung-Knapp"}
SIMULATED = {"null": "No effect", "harm": "Harm", "benefit": "Benefit", "sharp_null": "Sharp null"}
SCENARIOS = {
    "sharp_null": "As specified",
    "hospital_and_period_left_out": "Hospital and period left out",
    "unmeasured_treatment_limitation": "Unmeasured treatment limitation",
    "poor_overlap": "Poor overlap",
    "laboratory_values_missing_by_their_value": "Laboratory values missing by their value",
    "plasmode": "Plasmode",
}
INTERVALS = {
    "crude": "Crude, Newcombe",
    "pairs": "Matched pairs, Tango",
    "iptw_sandwich": "Inverse probability weights, sandwich",
    "iptw_bootstrap": "Inverse probability weights, bootstrap",
    "ow_sandwich": "Overlap weights, sandwich",
    "ow_bootstrap": "Overlap weights, bootstrap",
    "gcomp_sandwich": "Outcome regression, sandwich",
    "aipw_influence": "Augmented weights, influence function",
}
ESTIMATORS = {  # the same whatever their limits
    name: label.split(",")[0] for name, label in INTERVALS.items() if not name.endswith("bootstrap")
}
NAIVE_SIMULATED = {
    "none": "As specified: overlap weights",
    "one_minus_kaplan_meier": "Discharge taken for censoring: difference",
    "one_minus_kaplan_meier_risk_treated": "Discharge taken for censoring: risk, first drug",
    "one_minus_kaplan_meier_risk_control": "Discharge taken for censoring: risk, second drug",
    "adjusted_for_ventilation": "Adjusted for ventilation",
    "completers_only": "Completers only",
    "from_admission": "Followed from admission",
    "from_admission_one_drug_later": "Followed from admission, first drug started later",
}

BREAST_CANCER = {
    "age": "Age", "menostat": "Menopausal status", "tsize": "Tumour size", "tgrade": "Tumour grade",
    "pnodes": "Positive lymph nodes", "progrec": "Progesterone receptor", "estrec": "Oestrogen receptor",
}  # fmt: skip


def among(labels: Mapping[str, str], keys: Iterable[str]) -> dict[str, str]:
    """Return the labels of the keys that are there, in the order of the labels."""
    there = set(keys)
    return {key: label for key, label in labels.items() if key in there}


def arms(plan: Protocol) -> dict[str, str]:
    """Return the printed names of the arms, keyed treated and control."""
    named = plan.arms.model_dump(include={"treated", "control"})
    return {arm: f"{name[:1].upper()}{name[1:]}" for arm, name in named.items()}


def by_risk(plan: Protocol) -> dict[str, str]:
    """Return the heads of a table of risks and their difference, by measure."""
    return {f"risk_{arm}": name for arm, name in arms(plan).items()} | {"rd": "Difference, points"}


def shown(plan: Protocol) -> dict[str, str]:
    """Return the three adjustments that most tables show: crude, pairs and the primary one."""
    return {each: ADJUSTMENTS[each] for each in ("crude", "pairs", plan.estimand.primary.lower())}
