"""What must hold across the cells of a row of the evidence, and across its rows."""

import re
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
from headtohead.evidence.effects import PUBLISHED_LEVEL, log_ratio_of_counts
from scipy.stats import norm

IDENTIFIERS = ("doi", "pmid", "registry")
SIZE = ("n_studies", "n_total")  # of a pooled result
COUNTS = ("n_drug", "deaths_drug", "n_comparator", "deaths_comparator")
PRINTED = ("effect", "conf_low", "conf_high")
EFFECT = (*PRINTED, "p_value")
BIAS = ("risk_of_bias", "risk_of_bias_by")
ASSUMED = "per_1000_comparator"  # deaths per 1,000 with the comparator, as a summary of findings prints them
NUMBERS = (*SIZE, *COUNTS, ASSUMED, *EFFECT)
TRIALS, REVIEWS = ("randomised trial",), ("meta-analysis",)
OBSERVED = ("cohort", "matched cohort", "single arm with matched controls")
ANALYSES = {  # and the designs that each may pool
    "direct": OBSERVED, "jak": TRIALS, "reproduced": REVIEWS, "baricitinib": TRIALS, "anakinra randomised": TRIALS,
    "anakinra observational": OBSERVED, "anakinra trials": REVIEWS, "anakinra five": REVIEWS, "anakinra stay": REVIEWS,
}  # fmt: skip
DIFFERENCE = "risk difference"  # a measure on the scale of shares, not of ratios
OUT_OF_MIDDLE = 0.15  # share of the interval by which rounding and adjustment may move an effect
FIRST_YEAR = 2019  # of a disease; before it nobody can have been studied
COUNTED_APART = 2  # crude standard errors, beyond which adjustment does not turn an effect round
Z_APART, Z_RATIO = 0.5, 1.25  # of the z of a p-value from that of the interval: rounding, other tests
RATIOS = ("odds ratio", "risk ratio", "hazard ratio", "rate ratio")
SAME = ("study", "design", "drug", "comparator", "horizon", "outcome", "measure", "seen_in")
REVIEW = "CRD"  # a number of PROSPERO is that of a review, which many studies share


def plain(name: str) -> str:
    """Return a name without capitals, spaces and signs, by which the same study is known again."""
    return re.sub(r"[\W_]", "", name.casefold())


def _counts_whole(f: pd.DataFrame) -> pd.Series:
    known = f[list(COUNTS)].notna().sum(axis=1)
    return known.isin([0, len(COUNTS)]) & ((f["measure"] != "counts") | (known == len(COUNTS)))


def _on_scale(f: pd.DataFrame) -> list[pd.Series]:
    """Return limits and effect on the scale on which they are symmetric."""
    ratios = f["measure"] != DIFFERENCE
    return [
        np.log(f[name].where(f[name] > 0)).where(ratios, f[name])
        for name in ("conf_low", "conf_high", "effect")
    ]


def _on_its_side(f: pd.DataFrame) -> pd.Series:
    """Return whether effect and counts do not lie far apart on two sides of 1."""
    counts = f[["deaths_drug", "n_drug", "deaths_comparator", "n_comparator"]]
    counts = counts.where((f["n_drug"] > 0) & (f["n_comparator"] > 0))
    crude, variance = log_ratio_of_counts(*counts.T.to_numpy(float))
    effect = np.log(f["effect"].where((f["effect"] > 0) & f["measure"].isin(RATIOS)))
    return ~((effect * crude < 0) & ((effect - crude).abs() > COUNTED_APART * np.sqrt(variance)))


def _named_once(f: pd.DataFrame) -> pd.Series:
    own = f[~f["design"].isin(REVIEWS)].assign(study=f["study"].map(plain))
    doi, trial = own["doi"].where(own["source"] == "primary", ""), own["registry"]
    keys = (doi.str.casefold(), trial.where(~trial.str.startswith(REVIEW), ""))
    shared = [own.groupby(key)["study"].transform("nunique").where(key != "", 1) > 1 for key in keys]
    return ~(shared[0] | shared[1]).reindex(f.index, fill_value=False)


def _in_the_middle(f: pd.DataFrame) -> pd.Series:
    low, high, effect = _on_scale(f)
    return ~((effect - (low + high) / 2).abs() > OUT_OF_MIDDLE * (high - low))


def _p_agrees(f: pd.DataFrame) -> pd.Series:
    low, high, effect = _on_scale(f)
    by_limits = effect.abs() / (high - low) * 2 * norm.ppf(0.5 + PUBLISHED_LEVEL / 2)
    by_p = pd.Series(norm.isf(f["p_value"].where(f["p_value"].between(0, 1, inclusive="right")) / 2), f.index)
    small, large = np.minimum(by_limits, by_p), np.maximum(by_limits, by_p)
    return ~((large > small + Z_APART) & (large > small * Z_RATIO))


def _usable(f: pd.DataFrame) -> pd.Series:
    spread = f["conf_low"].notna() | f["p_value"].notna()
    published = f["measure"].isin(RATIOS) & f["effect"].notna() & spread
    return (f["include"] == "no") | published | (f["measure"] == "counts")


def _designed(f: pd.DataFrame) -> pd.Series:
    rows = zip(f["design"], f["analysis"].str.split("|"), strict=True)
    fits = [all(design in ANALYSES.get(name, (design,)) for name in names) for design, names in rows]
    return pd.Series(fits, f.index)


def _once(f: pd.DataFrame) -> pd.Series:
    """Return whether no other row of an analysis has the same study or the same registered trial."""
    each = f.assign(analysis=f["analysis"].str.split("|"), study=f["study"].map(plain)).explode("analysis")
    each = each[each["analysis"] != ""]
    trial = each["registry"].where(~each["registry"].str.startswith(REVIEW), "")
    named = each.duplicated(["analysis", "study"], keep=False)
    registered = each.assign(trial=trial).duplicated(["analysis", "trial"], keep=False) & (trial != "")
    return ~f.index.to_series().isin(each.index[named | registered])


RULES: dict[str, tuple[Callable[[pd.DataFrame], pd.Series], tuple[str, ...]]] = {  # each with the cells it looks at
    "a DOI, a PubMed number or a registry number": (lambda f: (f[list(IDENTIFIERS)] != "").any(axis=1), IDENTIFIERS),
    "all four counts or none, and all four if the measure is counts": (_counts_whole, COUNTS),
    "patients in each arm that is counted": (lambda f: ~((f["n_drug"] == 0) | (f["n_comparator"] == 0)), COUNTS),
    "no more deaths than patients": (
        lambda f: ~((f["deaths_drug"] > f["n_drug"]) | (f["deaths_comparator"] > f["n_comparator"])), COUNTS,
    ),
    "the effect between its limits": (
        lambda f: ~((f["conf_low"] >= f["effect"]) | (f["conf_high"] <= f["effect"])), PRINTED,
    ),
    "ratios and their limits above 0": (
        lambda f: (f["measure"] == DIFFERENCE) | ~(f[list(PRINTED)] <= 0).any(axis=1), PRINTED,
    ),
    "the effect near the middle of its limits, of ratios on the scale of logarithms": (_in_the_middle, PRINTED),
    "a p-value that agrees with the effect and its limits": (_p_agrees, EFFECT),
    "a risk difference and its limits as shares from -1 to 1, not in per cent": (
        lambda f: (f["measure"] != DIFFERENCE) | ~(f[list(PRINTED)].abs() > 1).any(axis=1), PRINTED,
    ),
    "the effect on the side of its counts: the arms are not swapped": (_on_its_side, ("measure", *COUNTS, "effect")),
    f"a year from {FIRST_YEAR} to this one, or none": (
        lambda f: f["year"].isin(["", *map(str, range(FIRST_YEAR, date.today().year + 1))]), ("year",),
    ),
    f"analyses among {', '.join(ANALYSES)}": (
        lambda f: f["analysis"].map(lambda text: {*text.split("|")} <= {"", *ANALYSES}), ("analysis",),
    ),
    "both limits or neither": (lambda f: f["conf_low"].isna() == f["conf_high"].isna(), PRINTED),
    "four counts, or an effect with limits or a p-value, to be included": (_usable, (*COUNTS, *EFFECT)),
    "an analysis if it is included, and only then": (
        lambda f: (f["include"] == "yes") == (f["analysis"] != ""), ("include", "analysis"),
    ),
    "the design of its analysis: randomised and observational studies are pooled apart": (
        _designed, ("design", "analysis"),
    ),
    "a judgement of bias and who judged it, or neither": (lambda f: (f[BIAS[0]] == "") == (f[BIAS[1]] == ""), BIAS),
    "a result that is its own: no other row of its study, arms, horizon, outcome, measure and source": (
        lambda f: ~f[list(SAME)].astype(str).apply(lambda cells: cells.map(plain)).duplicated(keep=False), SAME,
    ),
    "a registry number and a DOI of its own that no other study has, but reviews": (_named_once, ("study", *IDENTIFIERS)),
    "a study that enters its analysis once, by name and by registry number": (_once, ("study", "registry", "analysis")),
}  # fmt: skip
CELLS = {said: cells for said, (_, cells) in RULES.items()}
