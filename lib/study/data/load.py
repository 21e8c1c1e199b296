"""Read what is known: the choices, the cohort, its dictionary and the published counts; paths from the project's root."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
from livingpaper.build.project import find_project

from study.data.contract import NUMERIC, ContractError, validate_cohort
from study.protocol.protocol import Protocol, load_protocol

FIRST_DRUG = "anakinra"  # the one called treated in data/synthetic/worlds.csv


def load_plan(path: str | Path = "protocol.toml") -> Protocol:
    """Return the choices of the paper; ``load_protocol`` says what can be wrong with them."""
    return load_protocol(find_project().root / path)


def load_dictionary(path: str | Path = "data/dictionary.csv") -> pd.DataFrame:
    """Return ``data/dictionary.csv``, one row per column of the cohort; empty text, never missing text."""
    frame = pd.read_csv(_existing(path))
    text = [name for name in frame if name not in ("low", "high", "median_low", "median_high")]
    return frame.assign(**{name: frame[name].fillna("") for name in text})


def load_cohort(path: str | Path, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Return the validated cohort of a CSV file, one row per patient, indexed by ``patient_id``.

    Lines that start with ``#`` are comments. Raises ``ContractError`` with every violation.
    """
    text = dictionary.loc[~dictionary["type"].isin(NUMERIC), "name"]
    try:
        lines = _existing(path).read_text(encoding="utf-8-sig").splitlines(keepends=True)
        rows = [line for line in lines if not line.startswith("#")]
        _require_commas(path, rows[0] if rows else "")
        frame = pd.read_csv(io.StringIO("".join(rows)), dtype=dict.fromkeys(text, str))
    except (UnicodeDecodeError, pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise ContractError(
            f"{path} must be a comma-separated table in UTF-8 with one header line, found: {error}; export it again"
        ) from None
    return validate_cohort(frame, dictionary)


def _require_commas(path: str | Path, header: str) -> None:
    """Check the separator, which else would look like every column missing."""
    other = next((mark for mark in (";", "\t") if mark in header and "," not in header), None)
    if other:
        name = {";": "semicolons", "\t": "tabs"}[other]
        raise ContractError(
            f"{path} must be separated by commas, its header is separated by {name}; export it again as CSV with commas"
        )


def load_world(name: str) -> pd.DataFrame:
    """Return the synthetic cohort of one world: "null", "harm" or "benefit"."""
    return load_cohort(f"data/synthetic/cohort_{name}.csv", load_dictionary())


def load_published(path: str | Path = "data/published.csv") -> pd.DataFrame:
    """Return a file of published numbers, each as printed and with its place in the publication."""
    frame = pd.read_csv(_existing(path), dtype={"printed": str})
    return frame.fillna({name: "" for name in ("outcome", "arm") if name in frame})


def load_worlds(path: str | Path = "data/synthetic/worlds.csv") -> pd.DataFrame:
    """Return ``data/synthetic/worlds.csv``: the true effect in each synthetic world, per population."""
    return pd.read_csv(_existing(path), keep_default_na=False)  # a world is called "null"


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


def _existing(path: str | Path) -> Path:
    found = find_project().root / path
    if not found.is_file():
        raise FileNotFoundError(f"a file must exist at {found}, found none; check the path in protocol.toml")
    return found
