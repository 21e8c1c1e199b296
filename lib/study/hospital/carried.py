"""What the patients cannot carry of the analysis, said before it begins: criteria, score, exact matching, subgroups, events."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from study.hospital.columns import Ours
from study.hospital.contract import LeftOut
from study.hospital.findings import Finding, finding, note
from study.protocol.protocol import Protocol

FEW_EVENTS, SMALL_ARM, PER_TERM = 10, 20, 10


def check_carried(made: Ours, plan: Protocol) -> tuple[list[Finding], list[LeftOut]]:
    """Return what stops the analysis of these patients, and what is left out of it although its columns are there."""
    from study.hospital.own_choices import LARGE, own_choices
    from study.hospital.own_history import probe
    from study.hospital.trial import require_score

    if len(made.frame) >= LARGE:
        return [], []
    trial = replace(made, frame=made.frame.copy(deep=False), dictionary=made.dictionary.copy())
    try:
        choices = own_choices(plan, trial)
        terms, few = len(choices["propensity"]["terms"]), min(trial.frame["drug"].value_counts())
        if not terms:
            must = "have a column in the score that differs between its patients"
            return finding("choices.carry", "", must, "name others under [score]", found="none"), []
        if few < PER_TERM * terms:  # with more, it is fitted, and the fit takes seconds to be loaded
            study = {"title": "", "cohort": "", "patients": "", "draft": True}
            require_score(probe(choices, study), trial.frame)
    except ValueError as error:
        found, _, do = " ".join(str(error).split()).rpartition("; ")
        do = do if found else "name other columns under [score]"
        return finding("choices.carry", "", "carry its choices", do, found=f"that {found or error}"), []
    return [*_few(trial, choices["arms"])], _left_out(made, plan, choices)


def _left_out(made: Ours, plan: Protocol, choices: dict[str, Any]) -> list[LeftOut]:
    kept = {each["column"] for each in choices["sensitivity"]["subgroups"]}
    lost = [each.column for each in plan.sensitivity.subgroups if each.column not in kept]
    exact = [each for each in plan.matching.exact if each not in choices["matching"]["exact"]]
    return [
        LeftOut(f"{analysis} by {name}", (f"all are alike in {name}, or not all are known",))
        for analysis, names in (("exact matching", exact), ("subgroups", lost))
        for name in filter(made.has, names)
    ]


def _few(made: Ours, arms: dict[str, str]) -> Iterator[Finding]:
    """Yield notes on an arm of few patients, and of few deaths."""
    died = made.frame["end_state"] == "dead" if made.has("end_state") else pd.Series(True, made.frame.index)
    for arm in (arms["treated"], arms["control"]):
        here = made.frame["drug"] == arm
        if here.sum() < SMALL_ARM:
            must = f"have {SMALL_ARM} patients of {arm!r} for each analysis"
            do = "expect wide intervals, and some left out"
            yield from note("arms.small", "drug", must, do, found="fewer")
        if (here & died).sum() < FEW_EVENTS:
            must = f"have {FEW_EVENTS} deaths in {arm!r} for its risks to be shown"
            do = "nothing to do: its risks, and the contrasts of deaths, are withheld or left out"
            yield from note("arms.events", "end_state", must, do, found="fewer")
