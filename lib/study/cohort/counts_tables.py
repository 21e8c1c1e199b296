"""Tables of the published counts, and of what follows from them."""

from __future__ import annotations

import pandas as pd
from livingpaper import Sheet, crosstable, with_interval
from livingpaper.chapters.recording import key
from livingpaper.chapters.session import Ledger
from livingpaper.ledger.format import interval_text, p_value, value_text

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
    pairs = [
        (
            f"{PUBLISHED_OUTCOMES[what]}, {name}",
            ledger[f"published.{what}{end}"],
            ledger[f"counts.{what}{end}"],
        )
        for what in PUBLISHED_OUTCOMES
        for end, name in who.items()
    ]
    rows = [
        [
            what,
            printed["text"],
            f"{ours['estimate']:.4f}%" if ours["scale"] == "percent" else f"{ours['estimate']:.6f}",
            f"{ours['estimate'] - printed['estimate']:+.4f}".replace("-", "−"),
            ours["method"],
            printed["method"].removeprefix("Abstract, "),
        ]
        for what, printed, ours in pairs
    ]
    columns = ["Number", "Published", "From the counts", "Difference", "Verdict", "Place in the abstract"]
    sources = [ours for _, _, ours in pairs]
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
    counts, risks = (
        ledger.select("counts.bounds.{arm}.{bound}"),
        ledger.select("counts.bounds.{arm}.{bound}.risk"),
    )
    count, risk = (rows.set_index(["arm", "bound"])["text"] for rows in (counts, risks))
    patients = counts.set_index("arm")["n"]
    rows = [
        [
            name,
            f"{patients[arm].iloc[0]:.0f}",
            f"at least {count[arm, 'deaths_without_imv_min']} of "
            f"{ledger[f'published.death.{key(getattr(plan.arms, arm))}']['text']}",
            f"{count[arm, 'composite_min']} to {count[arm, 'composite_max']}",
            f"{risk[arm, 'composite_min']} to {risk[arm, 'composite_max']}",
        ]
        for arm, name in arms(plan).items()
    ]
    columns = [
        "Arm",
        "Patients",
        "Deaths never ventilated",
        "Ventilated or died",
        "Risk of ventilation or death",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(counts, risks))


def similarity(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return margin tests and posterior probabilities of both outcomes."""
    tests = ledger.select("counts.{what}.equivalence.{margin}.{part}")
    chances = ledger.select("counts.{what}.posterior.within_{margin}")
    found = pd.concat([tests, chances.assign(part="within")]).set_index(["what", "margin", "part"])
    rows = []
    for what in ("death", "imv"):
        for margin in ("margin", "wide"):
            interval, p, within = (found.loc[(what, margin, part)] for part in ("interval", "p", "within"))
            rows.append(
                [
                    PUBLISHED_OUTCOMES[what],
                    f"±{getattr(plan.equivalence, {'margin': 'margin_pp', 'wide': 'wide_margin_pp'}[margin]):g}",
                    interval_text(interval["conf_low"], interval["conf_high"], interval["scale"]),
                    p_value(p["estimate"]),
                    "yes" if p["estimate"] <= plan.equivalence.alpha else "no",
                    value_text(within["estimate"], within["scale"]),
                ]
            )
    level = f"{100 * (1 - 2 * plan.equivalence.alpha):.0f}% interval, points"
    columns = [
        "Outcome",
        "Margin, points",
        level,
        "p of the margin test",
        "Similar shown",
        "Posterior probability within",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(tests, chances), widths="lrrrrr")


def precision(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return what a study of this size can and cannot show."""
    found = pd.concat([ledger.select(f"counts.precision.{part}.{{name}}") for part in ("mde", "equivalence")])
    found = pd.concat([found, ledger.select("counts.precision.pairs_{name}")])
    cell = {row["id"].removeprefix("counts.precision."): with_interval(row) for _, row in found.iterrows()}
    power = f"{100 * plan.precision.power:.0f}% power"
    margins = {"margin": f"{plan.equivalence.margin_pp:g}", "wide": f"{plan.equivalence.wide_margin_pp:g}"}
    rows = {
        f"Smallest higher risk of death found with {power}": "{mde.harm} points (risk ratio {mde.harm_ratio})",
        f"Smallest lower risk of death found with {power}": "{mde.benefit} points (risk ratio {mde.benefit_ratio})",
        f"The same, higher risk, with {cell['pairs_few']} to {cell['pairs_many']} matched pairs":
            "{mde.pairs_many} to {mde.pairs_few} points",
        f"Smallest hazard ratio of death found with {power}": "{mde.hr_death}",
        f"Smallest hazard ratio of ventilation found with {power}": "{mde.hr_imv}",
        f"Smallest ratio of hazard ratios between two equal subgroups found with {power}": "{mde.interaction}",
    } | {
        f"Power to show equivalence within {width} points if the risks are equal": f"{{equivalence.power_{name}}}"
        for name, width in margins.items()
    } | {
        f"Patients per arm for {power}, margin {width} points": f"{{equivalence.n_{name}}}"
        for name, width in margins.items()
    }  # fmt: skip
    filled = [[what, _filled(text, cell)] for what, text in rows.items()]
    columns = ["What the published numbers of patients and deaths can show", "Value"]
    return Sheet(pd.DataFrame(filled, columns=columns), sources=(found,), widths="p{11.2cm}r")


def _filled(text: str, cells: dict[str, str]) -> str:
    for name, cell in cells.items():
        text = text.replace(f"{{{name}}}", cell)
    return text
