"""How few people stand behind a difference of shares, so that it can be judged."""

import numpy as np
import pandas as pd

LEVELS = 12  # of a column that classifies


def fewest(patients: pd.DataFrame, treated: pd.Series) -> pd.Series:
    """Return by column the fewest patients of an arm who have, or have not, one of its levels: the ``events`` of an SMD.

    Parameters
    ----------
    patients : DataFrame
        Baseline columns. Of those that measure, with many numbers, it is NaN.
    treated : Series of bool
        The arm of each, on the same index.
    """
    found = {}
    for name in patients:
        values = patients[name]
        measured = pd.api.types.is_numeric_dtype(values) and values.nunique() > 2
        counts = [values[arm].value_counts() for arm in (treated, ~treated)]
        both = [count for each in counts for count in (*each, *(each.sum() - each))]
        left = [count for count in both if count > 0]
        found[name] = np.nan if measured or values.nunique() > LEVELS else float(min(left, default=np.nan))
    return pd.Series(found, dtype=float)


def few_behind(balance: pd.DataFrame, *, n_treated: int, n_control: int) -> pd.DataFrame:
    """Return balance under each adjustment with ``n`` and, of shares, ``events``, as a difference of shares is judged.

    Parameters
    ----------
    balance : DataFrame
        Of ``headtohead.balance``; without a ``variance_ratio`` a covariate is a share of patients.
    n_treated, n_control : int
        Patients of each arm before adjustment, where ``events`` are counted: under weights that change little a
        difference tells as much.
    """
    crude = balance[(balance["adjustment"] == "crude") & balance["variance_ratio"].isna()]
    treated, control = crude["mean_treated"] * n_treated, crude["mean_control"] * n_control
    both = pd.concat([treated, control, n_treated - treated, n_control - control], axis=1).round()
    few = both.where(both > 0).min(axis=1).set_axis(crude["covariate"])
    return balance.assign(n=n_treated + n_control, events=balance["covariate"].map(few))
