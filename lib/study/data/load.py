"""Read what is known: the choices, the cohort, its dictionary and the published counts; paths from the project's root."""

from pathlib import Path

import pandas as pd
from livingpaper.config import config

from study.data.contract import NUMERIC, validate_cohort
from study.data.reading import read_table
from study.protocol.protocol import Protocol

FIRST_DRUG = "anakinra"  # the one called treated in data/synthetic/worlds.csv


def load_plan() -> Protocol:
    """Return the choices of the paper; ``load_protocol`` says what can be wrong with them."""
    return config().plan()


def load_dictionary(path: str | Path = "data/dictionary.csv") -> pd.DataFrame:
    """Return ``data/dictionary.csv``, one row per column of the cohort; empty text, never missing text."""
    return read_table(path, numbers=("low", "high", "median_low", "median_high"), keep_missing=False)


def load_cohort(path: str | Path, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Return the validated cohort of a CSV file, one row per patient, indexed by ``patient_id``.

    Raises ``ContractError`` with every violation.
    """
    numbers = dictionary.loc[dictionary["type"].isin(NUMERIC), "name"]
    return validate_cohort(read_table(path, numbers=numbers), dictionary)


def load_world(name: str) -> pd.DataFrame:
    """Return the synthetic cohort of one world: "null", "harm" or "benefit"."""
    return load_cohort(f"data/synthetic/cohort_{name}.csv", load_dictionary())


def load_published(path: str | Path = "data/published.csv") -> pd.DataFrame:
    """Return a file of published numbers, each as printed and with its place in the publication."""
    return read_table(path, numbers=("value",), keep_missing=False)


def load_worlds(path: str | Path = "data/synthetic/worlds.csv") -> pd.DataFrame:
    """Return ``data/synthetic/worlds.csv``: the true effect in each synthetic world, per population."""
    numbers = ("horizon_days", "risk_treated", "risk_control", "rd")
    return read_table(path, numbers=numbers, keep_missing=False)  # a world is called "null"


def load_truth(plan: Protocol) -> pd.DataFrame:
    """Return the true effects in each world by the days of the plan, its first arm against its second.

    Raises
    ------
    ValueError
        If the horizon is not among the days for which the truth was computed.
    """
    truth, days = load_worlds(), plan.outcome.horizon_days
    if days not in (known := truth["horizon_days"].unique().tolist()):
        raise ValueError(
            f"the truth of the synthetic worlds must be known by the horizon, it is by days {known} and not by {days}; "
            "choose one of them as outcome.horizon_days in protocol.toml"
        )
    truth = truth[truth["horizon_days"].isin([days, plan.outcome.whole_stay_days])]
    if plan.arms.treated == FIRST_DRUG:
        return truth
    arms = {"risk_treated": "risk_control", "risk_control": "risk_treated"}
    return truth.replace({"ATT": "ATC", "ATC": "ATT"}).rename(columns=arms).assign(rd=-truth["rd"])
