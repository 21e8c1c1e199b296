"""Tables of the published counts."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.show import Sheet
from livingpaper.ledger.format import interval_text, p_value, value_text

from study.results import Paper

OUTCOMES = {"imv": "Invasive ventilation", "death": "Death in hospital"}


def published_counts(paper: Paper) -> Sheet:
    """Return the published table: patients, ventilated, died, with percentages and p-values."""
    arms, value = paper.protocol.arms, paper.reanalysis.published.set_index("id")["printed"]
    rows = []
    for outcome, label in OUTCOMES.items():
        cells = [
            f"{value[f'published.{outcome}.{arm}']} ({value[f'published.{outcome}.{arm}.percent']})"
            for arm in (arms.treated, arms.control)
        ]
        rows.append([label, *cells, value[f"published.{outcome}.p"]])
    header = [
        "Outcome",
        *(f"{arm.capitalize()}, n = {value[f'published.n.{arm}']}" for arm in (arms.treated, arms.control)),
        "p-value",
    ]
    return Sheet(pd.DataFrame(rows, columns=header), "published")


def comparison(paper: Paper) -> Sheet:
    """Return each derived number as published, as recomputed, their difference and the verdict."""
    rows = []
    for row in paper.reanalysis.comparison.itertuples():
        percent = row.quantity == "percent"
        what = f"{OUTCOMES[row.outcome]}, {row.arm or 'p-value'}"
        unit = "%" if percent else ""
        rows.append(
            [
                what,
                row.printed,
                f"{row.recomputed:.4f}{unit}" if percent else f"{row.recomputed:.6f}",
                f"{row.difference:+.4f}".replace("-", "−"),
                row.verdict,
                row.place.removeprefix("Abstract, "),
            ]
        )
    columns = ["Number", "Published", "From the counts", "Difference", "Verdict", "Place in the abstract"]
    return Sheet(pd.DataFrame(rows, columns=columns), "counts", "p{4.0cm}rrrp{2.0cm}p{3.3cm}")


def tests(paper: Paper) -> Sheet:
    """Return every test of both outcomes."""
    table = paper.reanalysis.tests
    wide = table.pivot(index="test", columns="outcome", values="p_value").loc[table["test"].unique()]
    both = table.groupby("test")["reproduces"].all()
    rows = [
        [test, p_value(row["imv"]), p_value(row["death"]), "both" if both[test] else "not both"]
        for test, row in wide.iterrows()
    ]
    columns = ["Test", "p, ventilation", "p, death", "Gives the published values"]
    return Sheet(pd.DataFrame(rows, columns=columns), "counts")


def effects(paper: Paper) -> Sheet:
    """Return difference, risk ratio and odds ratio of both outcomes under every interval."""
    names = {
        "risk difference": "Risk difference, points",
        "risk ratio": "Risk ratio",
        "odds ratio": "Odds ratio",
    }
    found = paper.reanalysis.effects
    rows = []
    for scale, label in names.items():
        for method in found.loc[found["scale"] == scale, "method"].unique():
            cells = []
            for outcome in ("death", "imv"):
                row = found[
                    (found["scale"] == scale) & (found["method"] == method) & (found["outcome"] == outcome)
                ].iloc[0]
                cells.append(
                    f"{value_text(row['estimate'], scale)} ({interval_text(row['conf_low'], row['conf_high'], scale)})"
                )
            rows.append([label, method, *cells])
    return Sheet(pd.DataFrame(rows, columns=["Effect", "Interval", "Death", "Ventilation"]), "counts", "llrr")


def bounds(paper: Paper) -> Sheet:
    """Return what the two margins bound but do not tell."""
    rows = []
    arms = {"treated": paper.protocol.arms.treated, "control": paper.protocol.arms.control}
    for row in paper.reanalysis.bounds.itertuples():
        rows.append(
            [
                arms[row.arm].capitalize(),
                f"{row.n}",
                f"at least {row.deaths_without_imv_min} of {row.deaths}",
                f"{row.composite_min} to {row.composite_max}",
                f"{100 * row.composite_min / row.n:.1f}% to {100 * row.composite_max / row.n:.1f}%",
            ]
        )
    columns = [
        "Arm",
        "Patients",
        "Deaths never ventilated",
        "Ventilated or died",
        "Risk of ventilation or death",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), "counts")


def precision(paper: Paper) -> Sheet:
    """Return what a study of this size can and cannot show."""
    found, protocol = paper.reanalysis.numbers.set_index("name"), paper.protocol

    def cell(name: str, scale: str | None = None) -> str:
        return value_text(found.at[name, "value"], scale or found.at[name, "scale"])

    power, margin, wide = (
        f"{100 * protocol.precision.power:.0f}%",
        protocol.equivalence.margin_pp,
        protocol.equivalence.wide_margin_pp,
    )
    rows = [
        [
            f"Smallest higher risk of death found with {power} power",
            f"{cell('precision.mde.harm')} points (risk ratio {cell('precision.mde.harm_ratio')})",
        ],
        [
            f"Smallest lower risk of death found with {power} power",
            f"{cell('precision.mde.benefit')} points (risk ratio {cell('precision.mde.benefit_ratio')})",
        ],
        [
            f"The same, higher risk, with {cell('precision.pairs_few')} to {cell('precision.pairs_many')} matched pairs",
            f"{cell('precision.mde.pairs_many')} to {cell('precision.mde.pairs_few')} points",
        ],
        [f"Smallest hazard ratio of death found with {power} power", cell("precision.mde.hr_death")],
        [f"Smallest hazard ratio of ventilation found with {power} power", cell("precision.mde.hr_imv")],
        [
            f"Smallest ratio of hazard ratios between two equal subgroups found with {power} power",
            cell("precision.mde.interaction"),
        ],
        [
            f"Power to show equivalence within {margin:g} points if the risks are equal",
            cell("precision.equivalence.power_margin"),
        ],
        [
            f"Power to show equivalence within {wide:g} points if the risks are equal",
            cell("precision.equivalence.power_wide"),
        ],
        [
            f"Patients per arm for {power} power, margin {margin:g} points",
            cell("precision.equivalence.n_margin"),
        ],
        [f"Patients per arm for {power} power, margin {wide:g} points", cell("precision.equivalence.n_wide")],
    ]
    return Sheet(
        pd.DataFrame(rows, columns=["What the published numbers of patients and deaths can show", "Value"]),
        "counts",
        "p{11.2cm}r",
    )


def similarity(paper: Paper) -> Sheet:
    """Return margin tests and posterior probabilities of both outcomes."""
    found, numbers, protocol = (
        paper.reanalysis,
        paper.reanalysis.numbers.set_index("name")["value"],
        paper.protocol,
    )
    rows = []
    for outcome in ("death", "imv"):
        for name, pp in (
            ("margin", protocol.equivalence.margin_pp),
            ("wide", protocol.equivalence.wide_margin_pp),
        ):
            test = found.equivalence[outcome, name]
            inside = numbers[f"{outcome}.posterior.within_{name}"]
            rows.append(
                [
                    OUTCOMES[outcome],
                    f"±{pp:g}",
                    interval_text(test.conf_low, test.conf_high, "risk difference"),
                    p_value(test.p_value),
                    "yes" if test.equivalent else "no",
                    value_text(inside, "probability"),
                ]
            )
    level = f"{100 * (1 - 2 * protocol.equivalence.alpha):.0f}% interval, points"
    columns = [
        "Outcome",
        "Margin, points",
        level,
        "p of the margin test",
        "Similar shown",
        "Posterior probability within",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), "counts", "lrrrrr")
