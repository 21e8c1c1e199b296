"""Tables of the matching chapter."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.show import Sheet
from livingpaper.ledger.format import value_text

from study.cells import number
from study.cohort.figures import origin
from study.matching.figures import term_labels
from study.results import Paper

ORDER = ("crude", "pairs", "optimal", "exact", "ato", "atm", "att", "entropy", "ate", "truncated")
NAMES = {
    "crude": "Crude",
    "pairs": "Matched pairs",
    "optimal": "Optimal pairs",
    "exact": "Pairs, exact on more",
    "ato": "Overlap weights",
    "atm": "Matching weights",
    "att": "Weights for the treated",
    "entropy": "Entropy balancing",
    "ate": "Inverse probability weights",
    "truncated": "The same, truncated",
}


def sizes(paper: Paper) -> Sheet:
    """Return effective sample sizes, largest weight and worst imbalance of each adjustment."""
    found, arms = paper.study.matching, paper.protocol.arms
    table = found.sizes.set_index(["key", "arm"])
    worst = found.balance.groupby("key")["smd"].agg(lambda s: s.abs().max())
    above = found.balance.groupby("key")["smd"].agg(
        lambda s: int((s.abs() > paper.protocol.balance.smd_threshold).sum())
    )
    rows = []
    for key in ORDER:
        if key in found.skipped:
            rows.append([NAMES[key], *["–"] * 5])
            continue
        treated, control = table.loc[(key, "treated")], table.loc[(key, "control")]
        largest = max(treated["max_relative_weight"], control["max_relative_weight"])
        rows.append(
            [
                NAMES[key],
                f"{treated['ess']:.0f} of {treated['n']}",
                f"{control['ess']:.0f} of {control['n']}",
                number(largest, 1),
                value_text(worst[key], "smd"),
                str(above[key]),
            ]
        )
    columns = [
        "Adjustment",
        f"{arms.treated.capitalize()}, effective n",
        f"{arms.control.capitalize()}, effective n",
        "Largest weight / mean",
        "Largest SMD",
        f"SMD above {paper.protocol.balance.smd_threshold:g}",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "lrrrrr")


def balance(paper: Paper) -> Sheet:
    """Return SMD, variance ratio and KS distance of each covariate, crude, in pairs and weighted."""
    labels, table = term_labels(paper), paper.study.matching.balance
    table = table[table["key"].isin(["crude", "pairs", "ato"])]
    wide = table.pivot(index="covariate", columns="key", values=["smd", "variance_ratio", "ks"]).loc[
        table["covariate"].unique()
    ]
    rows = []
    for term, row in wide.iterrows():
        cells = [number(row["smd", key], 2) for key in ("crude", "pairs", "ato")]
        cells += [number(row["variance_ratio", key], 2) for key in ("crude", "pairs", "ato")]
        cells += [number(row["ks", key], 2) for key in ("crude", "pairs", "ato")]
        rows.append([labels[str(term)], *cells])
    columns = [
        "Covariate",
        *(f"{what} {way}" for what in ("SMD", "VR", "KS") for way in ("crude", "pairs", "overlap")),
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{3.2cm}" + "r" * 9)


def coefficients(paper: Paper) -> Sheet:
    """Return the coefficients of the score: a description of prescribing, not a result."""
    labels = term_labels(paper) | {"(Intercept)": "Intercept"}
    rows = [
        [labels[row.term], f"{row.estimate:.3g}".replace("-", "−"), f"{row.std_error:.3g}"]
        for row in paper.study.matching.coefficients.itertuples()
    ]
    return Sheet(pd.DataFrame(rows, columns=["Term", "Log odds per unit", "Standard error"]), origin(paper))


def lost(paper: Paper) -> Sheet:
    """Return how treated patients without a pair differ from those with one."""
    labels, found = term_labels(paper), paper.study.matching.lost
    ranked = found.reindex(found["smd"].abs().sort_values(ascending=False).index)
    rows = [
        [labels[row.covariate], f"{row.mean_matched:.3g}", f"{row.mean_lost:.3g}", number(row.smd, 2)]
        for row in ranked.itertuples()
    ]
    columns = [
        "Covariate",
        f"Matched, mean (n = {paper.study.matching.pairs['n']:.0f})",
        f"Left out, mean (n = {paper.study.matching.pairs['unmatched']:.0f})",
        "Difference, SD",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper))
