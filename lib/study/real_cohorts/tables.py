"""Tables of the appendix on cohorts of real people."""

import pandas as pd
from livingpaper import Ledger, Sheet, crosstable

from study.cells import compared
from study.labels import ADJUSTMENTS
from study.real_cohorts.public_cohorts import ARMS, TITLES

RATIOS = {name: ADJUSTMENTS[key] for name, key in (("crude", "crude"), ("ato", "ato"), ("matched", "pairs"))}


def nhefs(ledger: Ledger, published: pd.DataFrame) -> Sheet:
    """Return each published NHEFS number beside ours."""
    cells, rows = compared(ledger, "nhefs.reference.{number}.{part}", published, Source="place")
    return Sheet(cells, sources=(rows,), widths="p{5.6cm}rrrll")


def against_r(ledger: Ledger, reference: pd.DataFrame) -> Sheet:
    """Return each reference value beside ours."""
    cells, rows = compared(ledger, "real.reference.{number}.{part}", reference, Source="source")
    titles = reference["id"].str.split(".").str[0].map(TITLES)
    cells.insert(0, "Cohort", titles.mask(titles == titles.shift(), ""))
    cells = cells.rename(columns={"Published": "Reference"})
    return Sheet(cells, sources=(rows,), widths="p{2.4cm}p{4.4cm}rrrlp{2.6cm}")


def two_arms(ledger: Ledger) -> Sheet:
    """Return the hazard ratio of the first arm in each cohort, crude, weighted and matched."""
    down = ("cohort", TITLES)
    sizes = ledger.select("real.{cohort}.{what}")
    gaps = ledger.select("real.{cohort}.{adjustment}.smd")
    ratios = ledger.select("real.{cohort}.{adjustment}.hr")
    counts, gap = (rows.pivot(index="cohort", columns=column, values="text").loc[[*TITLES]]
                   for rows, column in ((sizes, "what"), (gaps, "adjustment")))  # fmt: skip
    cells = pd.DataFrame({
        "Cohort": TITLES, "Arms": ARMS, "People": counts["treated"] + " versus " + counts["control"],
        "Events": counts["events"], "Largest difference, crude": gap["crude"],
    }, index=[*TITLES]).reset_index(drop=True)  # fmt: skip
    cells = cells.join(crosstable(ratios, down, ("adjustment", RATIOS))[list(RATIOS.values())])
    return Sheet(cells, sources=(sizes, gaps, ratios), widths="p{1.9cm}p{1.9cm}" + "p{1.5cm}" * 6)
