"""Readable names of the columns of the propensity model."""

import re

import pandas as pd


def with_terms(table: pd.DataFrame, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Return a table with a column ``term``: the printed name of each column of the model in ``covariate``."""
    known = dictionary.set_index("name")["label"]
    return table.assign(term=[_term(str(name), known) for name in table["covariate"]])


def _term(name: str, known: pd.Series) -> str:
    """Return "Ferritin, logarithm (curvature)" for ``log ferritin'``, "Sex: M" for ``sex[M]``."""
    if name == "(Intercept)":
        return "Intercept"
    base, level = re.sub(r"^log |'+$|\[.*\]$", "", name), re.search(r"\[(.*)\]$", name)
    text = known.get(base, base) + (f": {level.group(1)}" if level else "")
    text += ", logarithm" if name.startswith("log ") else ""
    return text + (" (curvature)" if name.endswith("'") else "")
