"""Frames of an analysis as rows that can be recorded: each says how many people stand behind it, and how few.

What is recorded is judged with all other numbers of the paper; only a histogram is made safe by itself.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from livingpaper.disclosure.profiles import DisclosureError, Profile

ARMS = ("treated", "control")
QUANTILES = {"centre": "median", "low": "q25", "high": "q75"}
BASELINE = ["column", "level", "arm", "statistic", "scale", "estimate", "n", "events"]


def baseline_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table one as rows to record: counts of levels, quartiles, missing values, and differences.

    Parameters
    ----------
    table : DataFrame
        Of ``headtohead.table_one``: a row per column or level; ``n_``, ``missing_``, ``centre_``, ``low_``, ``high_``
        of each arm; no ``high_`` where ``centre_`` counts patients.

    Returns
    -------
    DataFrame
        ``column``, ``level`` ("all" of what has none), ``arm`` ("both" of differences), ``statistic`` (n, missing,
        median, q25, q75, smd), ``scale``, ``estimate``, ``n`` and, of a difference of levels, in ``events`` the
        fewest patients who have or have not one of them.
    """
    rows = [row for line in table.to_dict("records") for row in _of_line(line)]
    rows += [_difference(lines) for _, lines in table.groupby("column", sort=False)]
    return pd.DataFrame(rows, columns=BASELINE).drop_duplicates(BASELINE[:4], ignore_index=True)


def _of_line(line: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for arm in ARMS:
        same = {"column": line["column"], "level": str(line["level"]) or "all", "arm": arm}
        n, missing = line[f"n_{arm}"], line[f"missing_{arm}"]
        count = {"scale": "count", "n": n}
        if pd.isna(line[f"high_{arm}"]):
            yield same | count | {"statistic": "n", "estimate": line[f"centre_{arm}"]}
        else:
            for part, name in QUANTILES.items():
                yield same | {"statistic": name, "scale": "value", "estimate": line[f"{part}_{arm}"], "n": n}
        yield same | count | {"level": "all", "statistic": "missing", "estimate": missing, "n": n + missing}


def _difference(lines: pd.DataFrame) -> dict[str, Any]:
    first, sizes = lines.iloc[0], [lines[f"n_{arm}"].iloc[0] for arm in ARMS]
    few = [
        fewest(lines[f"centre_{arm}"], n)
        for arm, n in zip(ARMS, sizes, strict=True)
        if lines[f"high_{arm}"].isna().all()
    ]
    return {"column": first["column"], "level": "all", "arm": "both", "statistic": "smd", "scale": "smd",
            "estimate": first["smd"], "n": sum(sizes), "events": min(few, default=np.nan)}  # fmt: skip


def balance_rows(balance: pd.DataFrame, *, n_treated: int, n_control: int) -> pd.DataFrame:
    """Return differences under each adjustment as rows to record.

    Parameters
    ----------
    balance : DataFrame
        Of ``headtohead.balance``; without a ``variance_ratio`` a covariate is a share of patients.
    n_treated, n_control : int
        Patients of each arm before adjustment. Of a share, ``events`` are the fewest who have or have not what is
        counted, before adjustment: under weights that change little its difference tells as much.
    """
    crude = balance[balance["adjustment"] == "crude"].set_index("covariate")
    shares = crude[crude["variance_ratio"].isna()]
    few = {
        name: min(
            fewest([row.mean_treated * n_treated], n_treated),
            fewest([row.mean_control * n_control], n_control),
        )
        for name, row in zip(shares.index, shares.itertuples(), strict=True)
    }
    made = balance[["covariate", "adjustment", "label", "smd"]].rename(columns={"smd": "estimate"})
    return made.assign(scale="smd", n=n_treated + n_control, events=made["covariate"].map(few))


def fewest(counts: Any, n: float) -> float:
    """Return the smallest of some counts and of what is left of ``n`` beside each, zeros apart; NaN if all are zero."""
    both = np.rint([part for count in counts for part in (count, n - count)])
    return float(min(both[both > 0], default=np.nan))


def merged_bins(bins: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Return a histogram whose bins hold nobody or enough people of each group, with rounded counts.

    Parameters
    ----------
    bins : DataFrame
        ``low`` and ``high`` of neighbouring bins in order, and a column of counts for each group.
    profile : Profile
        The thresholds; bins are put together from the left until none is small.

    Raises
    ------
    DisclosureError
        If even all of them together are too few.
    """
    groups = [name for name in bins.columns if name not in ("low", "high")]
    made: list[dict[str, float]] = []
    gathered = np.zeros(len(groups))
    start = None
    for row in bins.to_dict("records"):
        start = row["low"] if start is None else start
        gathered = gathered + [row[name] for name in groups]
        if not any(map(profile.small, gathered)):
            made.append({"low": start, "high": row["high"], **dict(zip(groups, gathered, strict=True))})
            start, gathered = None, np.zeros(len(groups))
    while start is not None and made and gathered.any():  # what is left joins the last one
        last = made.pop()
        start, gathered = last["low"], gathered + [last[name] for name in groups]
        if not any(map(profile.small, gathered)):
            made.append({"low": start, "high": row["high"], **dict(zip(groups, gathered, strict=True))})
            break
    if not made or all(row[name] == 0 for row in made for name in groups):
        raise DisclosureError(
            f"a histogram must count {profile.threshold} people of each group, it counts fewer"
        )
    frame = pd.DataFrame(made)
    return frame.assign(**{name: frame[name].map(profile.rounded) for name in groups})
