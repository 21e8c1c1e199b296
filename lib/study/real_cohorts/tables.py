"""Tables of the five public cohorts in the appendix."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.show import Sheet

from study.cells import number, with_interval
from study.results import Paper

WAYS = {"crude": "Crude", "ATO": "Overlap weights", "matched": "Matched pairs"}


def against_r(paper: Paper) -> Sheet:
    """Return each reference value beside ours."""
    found = paper.real_cohorts
    titles = found.sizes.set_index("cohort")["title"]
    rows = []
    last = ""
    for row in found.comparison.itertuples():
        places = len(row.printed.split(".")[1])
        cohort, last = ("" if row.cohort == last else titles[row.cohort]), row.cohort
        value = number(row.value, places)
        rows.append(
            [cohort, row.label, value, number(row.ours, places), number(row.difference, places + 1), row.verdict, row.source]
        )  # fmt: skip
    columns = ["Cohort", "Number", "Reference", "Ours", "Difference", "Verdict", "Source"]
    return Sheet(pd.DataFrame(rows, columns=columns), "real", "p{2.4cm}p{4.4cm}rrrlp{2.6cm}")


def two_arms(paper: Paper) -> Sheet:
    """Return the hazard ratio of the first arm in each cohort, crude, weighted and matched."""
    found = paper.real_cohorts
    rows = []
    for size in found.sizes.itertuples():
        effects = found.effects[found.effects["cohort"] == size.cohort].set_index("estimand")
        smd = found.balance[found.balance["cohort"] == size.cohort].set_index("estimand")["smd"]
        people = f"{size.treated:,} or {size.n - size.treated:,}"
        ratios = [with_interval(effects.loc[way]) for way in WAYS]
        rows.append([size.title, size.arms, people, f"{size.events:,}", number(smd["crude"], 2), *ratios])
    columns = ["Cohort", "Arms", "People", "Events", "Largest difference, crude", *WAYS.values()]
    return Sheet(pd.DataFrame(rows, columns=columns), "real", "p{1.9cm}p{1.9cm}" + "p{1.5cm}" * 6)
