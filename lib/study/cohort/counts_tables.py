"""Tables of the published counts, and of what follows from them."""

from __future__ import annotations

from itertools import product

import pandas as pd
from livingpaper import Sheet, crosstable, with_interval
from livingpaper.chapters.recording import key
from livingpaper.chapters.session import Ledger
from livingpaper.ledger.format import interval_text

from study.labels import PUBLISHED_OUTCOMES, RATIOS, arms
from study.protocol.protocol import Protocol

TESTS = (
    "Pearson chi-square", "Pearson chi-square, N - 1", "Likelihood ratio", "Yates-corrected chi-square",
    "Fisher exact", "Fisher exact, mid-p", "Boschloo exact", "Barnard exact",
)  # fmt: skip
INTERVALS = ("Newcombe", "Katz log", "Woolf log", "Miettinen-Nurminen", "Wald", "Conditional exact")


def published_counts(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return the published table: patients, ventilated, died, with percentages and p-values."""
    said = pd.concat(
        [ledger.select("published.{what}.{arm}"), ledger.select("published.{what}.{arm}.percent")]
    )
    text = said.set_index("id")["text"]
    names = {key(getattr(plan.arms, arm)): name for arm, name in arms(plan).items()}
    header = [f"{name}, n = {text[f'published.n.{arm}']}" for arm, name in names.items()]
    rows = [
        [
            label,
            *(f"{text[f'published.{what}.{arm}']} ({text[f'published.{what}.{arm}.percent']})" for arm in names),
            text[f"published.{what}.p"],
        ]
        for what, label in PUBLISHED_OUTCOMES.items()
    ]  # fmt: skip
    return Sheet(pd.DataFrame(rows, columns=["Outcome", *header, "p-value"]), sources=(said,))


def comparison(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return each derived number as published, as recomputed, their difference and the verdict."""
    who = {f".{key(arm)}.percent": arm for arm in (plan.arms.treated, plan.arms.control)} | {".p": "p-value"}
    pairs = {
        f"{label}, {name}": (ledger[f"published.{what}{end}"], ledger[f"counts.{what}{end}"])
        for what, label in PUBLISHED_OUTCOMES.items()
        for end, name in who.items()
    }
    rows = [
        [
            what,
            printed["text"],
            f"{ours['estimate']:.4f}%" if ours["scale"] == "percent" else f"{ours['estimate']:.6f}",
            f"{ours['estimate'] - printed['estimate']:+.4f}".replace("-", "−"),
            ours["method"],
            printed["method"].removeprefix("Abstract, "),
        ]
        for what, (printed, ours) in pairs.items()
    ]
    columns = ["Number", "Published", "From the counts", "Difference", "Verdict", "Place in the abstract"]
    sources = [ours for _, ours in pairs.values()]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=sources, widths="p{4.0cm}rrrp{2.0cm}p{3.3cm}")


def tests(ledger: Ledger) -> Sheet:
    """Return every test of both outcomes."""
    rows = ledger.select("counts.{what}.p.{test}")
    names = dict(zip(rows["test"], rows["method"], strict=True))
    order = {test: names[test] for test in sorted(names, key=list(map(key, TESTS)).index)}
    cells = crosstable(
        rows, ("test", order), ("what", {"imv": "p, ventilation", "death": "p, death"}), corner="Test"
    )
    agrees = rows["text"] == [ledger[f"published.{what}.p"]["text"] for what in rows["what"]]
    both = agrees.groupby(rows["test"]).all()
    verdict = ["both" if both[test] else "not both" for test in order]
    return Sheet(cells.assign(**{"Gives the published values": verdict}), sources=(rows,))


def effects_of_counts(ledger: Ledger) -> pd.DataFrame:
    """Return the rows of every interval of the counts, columns ``what`` and ``measure``, in the order of the table."""
    rows = pd.concat(
        [ledger.select("counts.{what}.{measure}"), ledger.select("counts.{what}.{measure}.{interval}")]
    )
    rows = rows[rows["measure"].isin(RATIOS)]
    place = [
        (list(RATIOS).index(m), INTERVALS.index(i))
        for m, i in zip(rows["measure"], rows["method"], strict=True)
    ]
    return rows.assign(place=place).sort_values("place", kind="stable", ignore_index=True)


def effects(ledger: Ledger) -> Sheet:
    """Return difference, risk ratio and odds ratio of both outcomes under every interval."""
    rows = effects_of_counts(ledger)
    labels = {place: RATIOS[m] for place, m in zip(rows["place"], rows["measure"], strict=True)}
    methods = dict(zip(rows["place"], rows["method"], strict=True))
    cells = crosstable(
        rows, ("place", labels), ("what", {"death": "Death", "imv": "Ventilation"}), corner="Effect"
    )
    cells.insert(1, "Interval", list(methods.values()))
    return Sheet(cells, sources=(rows,), widths="llrr")


def bounds(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return what the two margins bound but do not tell."""
    counts = ledger.select("counts.bounds.{arm}.{bound}")
    risks = ledger.select("counts.bounds.{arm}.{bound}.risk")
    count, risk = (rows.pivot(index="arm", columns="bound", values="text") for rows in (counts, risks))
    patients = counts.groupby("arm")["n"].first()
    deaths = {arm: ledger[f"published.death.{key(getattr(plan.arms, arm))}"]["text"] for arm in arms(plan)}
    cells = {
        "Arm": [*arms(plan).values()],
        "Patients": [f"{patients[arm]:.0f}" for arm in arms(plan)],
        "Deaths never ventilated": [
            f"at least {count.at[arm, 'deaths_without_imv_min']} of {deaths[arm]}" for arm in arms(plan)
        ],
    } | {
        name: [f"{part.at[arm, 'composite_min']} to {part.at[arm, 'composite_max']}" for arm in arms(plan)]
        for name, part in (("Ventilated or died", count), ("Risk of ventilation or death", risk))
    }  # fmt: skip
    return Sheet(pd.DataFrame(cells), sources=(counts, risks))


def similarity(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return margin tests and posterior probabilities of both outcomes."""
    tests = ledger.select("counts.{what}.equivalence.{margin}.{part}")
    chances = ledger.select("counts.{what}.posterior.within_{margin}")
    found = pd.concat([tests, chances.assign(part="within")]).set_index(["what", "margin", "part"])
    points = {"margin": plan.equivalence.margin_pp, "wide": plan.equivalence.wide_margin_pp}
    rows = []
    for what, margin in product(("death", "imv"), points):
        interval, p, within = (found.loc[(what, margin, part)] for part in ("interval", "p", "within"))
        similar = "yes" if p["estimate"] <= plan.equivalence.alpha else "no"
        limits = interval_text(interval["conf_low"], interval["conf_high"], interval["scale"])
        cells = [limits, with_interval(p), similar, with_interval(within)]
        rows.append([PUBLISHED_OUTCOMES[what], f"±{points[margin]:g}", *cells])
    level = f"{100 * (1 - 2 * plan.equivalence.alpha):.0f}% interval, points"
    columns = (
        f"Outcome|Margin, points|{level}|p of the margin test|Similar shown|Posterior probability within"
    )
    return Sheet(pd.DataFrame(rows, columns=columns.split("|")), sources=(tests, chances), widths="lrrrrr")


def precision(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return what a study of this size can and cannot show."""
    patterns = ("mde.{name}", "equivalence.{name}", "pairs_{name}")
    found = pd.concat([ledger.select(f"counts.precision.{pattern}") for pattern in patterns])
    cell = {row["id"].removeprefix("counts.precision."): with_interval(row) for _, row in found.iterrows()}
    power = f"{100 * plan.precision.power:.0f}% power"
    rows = {
        f"Smallest higher risk of death found with {power}":
            f"{cell['mde.harm']} points (risk ratio {cell['mde.harm_ratio']})",
        f"Smallest lower risk of death found with {power}":
            f"{cell['mde.benefit']} points (risk ratio {cell['mde.benefit_ratio']})",
        f"The same, higher risk, with {cell['pairs_few']} to {cell['pairs_many']} matched pairs":
            f"{cell['mde.pairs_many']} to {cell['mde.pairs_few']} points",
        f"Smallest hazard ratio of death found with {power}": cell["mde.hr_death"],
        f"Smallest hazard ratio of ventilation found with {power}": cell["mde.hr_imv"],
        f"Smallest ratio of hazard ratios between two equal subgroups found with {power}": cell["mde.interaction"],
    }  # fmt: skip
    widths = {
        "margin": f"{plan.equivalence.margin_pp:g} points",
        "wide": f"{plan.equivalence.wide_margin_pp:g} points",
    }
    for name, width in widths.items():
        rows[f"Power to show equivalence within {width} if the risks are equal"] = cell[
            f"equivalence.power_{name}"
        ]
    for name, width in widths.items():
        rows[f"Patients per arm for {power}, margin {width}"] = cell[f"equivalence.n_{name}"]
    columns = ["What the published numbers of patients and deaths can show", "Value"]
    return Sheet(pd.DataFrame([*rows.items()], columns=columns), sources=(found,), widths="p{11.2cm}r")
