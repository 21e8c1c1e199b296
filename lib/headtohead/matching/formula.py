"""The model of a score in the user's words: a formula or a list of columns, and an arm given as column and level."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from formulaic import Formula
from formulaic.errors import FormulaicError

from headtohead.errors import need_complete
from headtohead.matching.design import constant_columns, design_matrix, restricted_cubic_spline

COLOURS = re.compile("\x1b\\[[0-9;]*m|[⧛⧚]")  # in which formulaic underlines what it cannot read


class Column(NamedTuple):
    """A term of the model: a column, how it enters, and with how many knots."""

    column: str
    form: str = "linear"
    knots: int | None = None


def read_model(
    frame: pd.DataFrame, arm: pd.Series | str, terms: str | Sequence[str] | None, treated: object = None
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the design, shape (n, p), and who is in the first arm, Series of bool.

    A formula is read by ``formulaic``: ``C(x)`` for categories, ``bs``, ``poly`` and ``cr(x, df=3,
    constraints="center")`` for curves, ``np.log``; ``rcs(x, 4)`` is the restricted cubic spline of
    ``design_matrix`` with 4 knots. In a list, numbers enter linearly and everything else as categories.
    Raises ValueError if the arm or the covariates are named twice or not at all.
    """
    if isinstance(arm, pd.Series):
        if treated is not None:
            raise ValueError("a Series says who is treated by itself, found treated as well; leave it out")
        return frame if terms is None else design_of(frame, terms), arm
    if ("~" in arm) != (terms is None):
        raise ValueError(
            f"arm and covariates must be named once, found {arm!r} and terms {terms!r}; "
            'write "arm ~ covariates", or the column of the arm and then the covariates'
        )
    if terms is None:
        arm, terms = (side.strip() for side in arm.split("~", 1))
    return design_of(frame, terms), first_arm(frame, arm, treated)


def design_of(frame: pd.DataFrame, covariates: str | Sequence[str]) -> pd.DataFrame:
    """Return the covariates of a formula without left side, or of a list of columns, as a design without intercept."""
    if not isinstance(covariates, str):
        words = [name for name in covariates if not pd.api.types.is_numeric_dtype(frame.get(name, 0.0))]
        return design_matrix(
            frame, [Column(name, "category" if name in words else "linear") for name in covariates]
        )
    try:
        formula = Formula(covariates)
        needed = [name for name in frame if name in formula.required_variables]
        need_complete(
            frame[needed], "the covariates of a score must be complete", "; fill them, or leave them out"
        )
        found = formula.get_model_matrix(frame, na_action="raise", context={"rcs": _rcs, "np": np})
    except FormulaicError as error:
        found = " ".join(COLOURS.sub("", str(error)).split())
        raise ValueError(f"the formula {covariates.strip()!r} cannot be read: {found}; correct it") from None
    design = pd.DataFrame(found).astype(float).drop(columns="Intercept", errors="ignore")
    if design.empty:
        raise ValueError(
            f"a score needs covariates and patients, found a design of shape {design.shape}; name some"
        )
    constant_columns(design)
    return design


def _rcs(x: pd.Series, knots: int = 4) -> dict[str, np.ndarray]:
    basis = restricted_cubic_spline(np.asarray(x, float), knots=knots)
    return {str(j): column for j, column in enumerate(basis.T, 1)}


def first_arm(frame: pd.DataFrame, column: str, treated: object = None) -> pd.Series:
    """Return who is in the first arm, Series of bool, shape (n,); ``treated`` is its level.

    Raises ValueError if the column is unknown or has not two levels, or the level is not one of them or not given.
    """
    if column not in frame:
        raise ValueError(f"the arm must be a column, {column!r} is none; found {list(frame)[:8]}")
    values = frame[column]
    levels = sorted(values.dropna().unique().tolist(), key=str)
    if len(levels) != 2 or values.isna().any():
        raise ValueError(
            f"the arm must have two levels and no gaps, {column!r} has {levels[:5]} and {int(values.isna().sum())} "
            "missing; restrict the frame to the two arms"
        )
    level = 1 if treated is None and set(levels) == {0, 1} else treated
    if level not in levels:
        raise ValueError(
            f"treated must be one of the levels {levels} of {column!r}, found {level!r}; give it"
        )
    return (values == level).rename("treated")
