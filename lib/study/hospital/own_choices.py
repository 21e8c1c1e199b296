"""The choices of a hospital's own paper: those of ``protocol.toml``, as far as its columns carry them, and its own."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from headtohead.cohort.describe import RULES
from headtohead.matching.design import KNOT_QUANTILES
from pydantic import Field

from study.hospital.columns import Ours
from study.hospital.contract import PATIENTS_TO_FIT, score_columns
from study.protocol import design
from study.protocol import sensitivity as other
from study.protocol.protocol import Protocol, load_protocol, parse_protocol

BOTH_USED = "both_drugs_used"  # a column of ours: whether hospital and period used both drugs
LARGE = 20_000  # patients from which intervals rest on influence functions, not on bootstraps
LOGGED = ("ldh", "crp", "ferritin", "ddimer", "il6", "alt", "neutrophils", "lymphocytes", "platelets")
OWN_PRIORS = ("flat", "sceptical")  # the others are of the two drugs of the published study
STRATA = ("hospital", "period")
Choices = dict[str, Any]


class OwnStudy(design.Section):
    """Which paper this is, which patients it analyses (``patients`` is their fingerprint), and who may see outcomes."""

    title: str
    cohort: str
    patients: str
    blinded: bool
    draft: bool
    world: str = ""


class OwnInference(design.Inference):
    """Intervals and randomness; from ``large_sample`` patients on, errors are those of influence functions."""

    large_sample: int = Field(ge=1000)


class OwnAmendment(other.Amendment):
    """One version; ``accepted`` is the fingerprint of the patients whose diagnostics it accepts."""

    accepted: str = ""


class OwnProtocol(Protocol):
    """Every choice of a hospital's own paper."""

    none_is_a_choice = False

    study: OwnStudy  # type: ignore[assignment]
    inference: OwnInference
    amendment: tuple[OwnAmendment, ...] = Field(min_length=1, strict=False)


def own_choices(plan: Protocol, made: Ours) -> Choices:
    """Return every choice but study and history, as ``protocol.toml`` holds them; ``made`` gets ``BOTH_USED`` if needed.

    Criteria, terms, strata, subgroups and outcomes of columns that are not there, or do not vary among the eligible,
    are left out. Where a hospital or a period used one drug only, that both were used becomes the last criterion.
    """
    choices = plan.model_dump(mode="json", exclude_none=True, exclude={"study", "amendment"})
    if made.settings.arms:
        choices["arms"] |= {"treated": made.settings.arms.treated, "control": made.settings.arms.control}
        choices["further"]["priors"] = [p for p in choices["further"]["priors"] if p["name"] in OWN_PRIORS]
    choices["eligibility"] = [each for each in choices["eligibility"] if made.has(each["column"])]
    eligible = _eligible(made.frame, choices)
    strata = [*filter(made.has, STRATA)]
    used = _both_used(eligible, strata)
    if not used.all():
        made.frame[BOTH_USED] = used.reindex(made.frame.index, fill_value=False).astype(float)
        made.dictionary.loc[BOTH_USED] = made.dictionary.loc["contraindication"]
        words = " and ".join(strata)
        label = f"{words.capitalize()} with both drugs"
        made.dictionary.loc[BOTH_USED, ["label", "definition"]] = [label, "Derived"]
        label, excludes = f"Treated in a {words} that used both drugs", f"{words} used one of the drugs only"
        rule = {"label": label, "excludes": excludes, "column": BOTH_USED, "rule": "equal", "value": 1}
        choices["eligibility"].append(rule)
        eligible = eligible[used]
    _of_columns(choices, made, eligible, score_columns(made, plan))
    choices["inference"]["large_sample"] = LARGE
    return _with_own(choices, made.settings.choices)


def _eligible(frame: pd.DataFrame, choices: Choices) -> pd.DataFrame:
    """Return who meets the criteria; ``ValueError`` names the one that leaves too few of an arm."""
    arms = [choices["arms"][arm] for arm in ("treated", "control")]
    kept = frame["drug"].isin(arms)
    for rule in choices["eligibility"]:
        kept &= RULES[rule["rule"]](frame[rule["column"]], rule.get("value"))
        left = frame["drug"][kept].astype(str).value_counts()
        for arm in arms:
            if left.get(arm, 0) < PATIENTS_TO_FIT:
                must = f"at least {PATIENTS_TO_FIT} patients of {arm!r} must be left by each criterion"
                do = "look at its column, or leave the column out of the file if it was not recorded"
                raise ValueError(f"{must}, {rule['label']!r} leaves fewer; {do}")
    return frame[kept]


def _both_used(eligible: pd.DataFrame, strata: list[str]) -> pd.Series:
    """Return who was treated where and when both drugs were used; leaving some out can leave others alone."""
    used = pd.Series(True, eligible.index)
    for _ in range(len(eligible)):
        left = eligible[used]
        alone = pd.Series(False, left.index)
        for name in strata:
            alone |= left.groupby(left[name].astype(str))["drug"].transform("nunique") < 2
        if not alone.any() or alone.all():
            break
        used[alone.index[alone]] = False
    return used


def _of_columns(choices: Choices, made: Ours, eligible: pd.DataFrame, score: Sequence[str]) -> None:
    """Leave to the score its columns, and to everything else the columns that are there and vary."""
    varying = {name for name in eligible if eligible[name].nunique() > 1}
    complete = {name for name in varying if eligible[name].notna().all()}

    def there(parts: list[Choices]) -> list[Choices]:
        return [each for each in parts if each["column"] in varying]

    forms = {term["column"]: term for term in choices["propensity"]["terms"]}
    terms = (forms.get(name) or _term(made, name) for name in score if name in varying)
    choices["propensity"]["terms"] = [_without_knots(term, eligible) for term in terms]
    wanted = [*choices["propensity"]["impute_from"], "age", "sex"]
    choices["propensity"]["impute_from"] = [name for name in dict.fromkeys(wanted) if name in complete]
    for name in ("exact", "exact_finer"):
        choices["matching"][name] = [each for each in choices["matching"][name] if each in complete]
    age = [{"column": "age", "form": "linear"}]
    for section, name in (("further", "outcome_terms"), ("further", "predictors"), ("deviations", "terms")):
        choices[section][name] = there(choices[section][name]) or age
    choices["sensitivity"]["subgroups"] = there(choices["sensitivity"]["subgroups"])
    for group in choices["multiverse"]["covariates"]:
        group["adds"] = [name for name in group["adds"] if name in varying]
        if not set(group.get("interaction", ())) <= complete:
            group["interaction"] = []
    if not made.has("imv_day"):
        choices["outcome"]["secondary"] = []


def _term(made: Ours, name: str) -> Choices:
    """Return the term of a column that the score of ``protocol.toml`` has not."""
    if made.dictionary.at[name, "levels"] or made.dictionary.at[name, "type"] == "category":
        return {"column": name, "form": "category"}
    positive = name in LOGGED and bool((made.frame[name].dropna() > 0).all())
    return {"column": name, "form": "log" if positive else "linear"}


def _without_knots(term: Choices, eligible: pd.DataFrame) -> Choices:
    """Return a term whose spline has as many distinct knots as it asks for, else without the spline."""
    if "knots" not in term:
        return term
    at = np.nanquantile(eligible[term["column"]].to_numpy(float), KNOT_QUANTILES[term["knots"]])
    if len(np.unique(at)) == term["knots"]:
        return term
    return {"column": term["column"], "form": "log" if "log" in term["form"] else "linear"}


def _with_own(choices: Choices, own: Choices) -> Choices:
    """Return the choices with those that ``cohort.toml`` names; ``ValueError`` if one is none."""
    changed = copy.deepcopy(choices)
    for name, value in own.items():
        section, _, key = name.partition(".")
        known = changed.get(section)
        if not isinstance(known, dict) or key not in known or section in ("arms", "propensity"):
            must = "[choices] of cohort.toml must name choices of protocol.toml as section.key"
            raise ValueError(f"{must}, found {name!r}; arms and score have parts of their own")
        known[key] = value
    return changed


def parse_own(choices: Choices, source: str = "cohort.toml") -> OwnProtocol:
    """Return the protocol of a hospital's own paper; ``ProtocolError`` with every choice that cannot be."""
    return cast(OwnProtocol, parse_protocol(choices, source, OwnProtocol))


def load_own_protocol(path: Path) -> OwnProtocol:
    """Return the choices of a hospital's own paper from its ``protocol.toml``; see ``load_protocol`` for errors."""
    return cast(OwnProtocol, load_protocol(path, OwnProtocol))
