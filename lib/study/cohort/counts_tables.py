"""Tables of the published counts, and of what follows from them."""

from itertools import product

import pandas as pd
from livingpaper import Ledger, Sheet, crosstable, with_interval
from livingpaper.chapters.recording import key
from livingpaper.ledger.format import interval_text, value_text

from study.labels import PUBLISHED_OUTCOMES, RATIOS, arms
from study.protocol.protocol import Protocol

TESTS = (
    "Pearson chi-square", "Pearson chi-square, N - 1", "Likelihood ratio", "Yates-corrected chi-square",
    "Fisher exact", "Fisher exact, mid-p", "Boschloo exact", "Barnard exact",
)  # fmt: skip
INTERVALS = ("Newcombe", "Katz log", "Woolf log", "Miettinen-Nurminen", "Wald", "Conditional exact")


def published_counts(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return the published table: patients, ventilated, died, with percentages and p-values."""
    said = pd.concat([ledger.select(f"published.{{what}}.{{arm}}{end}") for end in ("", ".percent")])
    text = said.set_index("id")["text"]
    names = {key(getattr(plan.arms, arm)): name for arm, name in arms(plan).items()}
    cells = {"Outcome": list(PUBLISHED_OUTCOMES.values())}
    for arm, name in names.items():
        of = [f"published.{what}.{arm}" for what in PUBLISHED_OUTCOMES]
        cells[f"{name}, n = {text[f'published.n.{arm}']}"] = [
            f"{text[id_]} ({text[f'{id_}.percent']})" for id_ in of
        ]
    cells["p-value"] = [text[f"published.{what}.p"] for what in PUBLISHED_OUTCOMES]
    return Sheet(pd.DataFrame(cells), sources=(said,))


def comparison(ledger: Ledger, plan: Protocol, further: pd.DataFrame) -> Sheet:
    """Return each derived number of the abstract as published, as recomputed, their difference and the verdict.

    What the article prints ``further`` follows beside the number of this paper that answers to it, if one does.
    """
    who = {f".{key(arm)}.percent": arm for arm in (plan.arms.treated, plan.arms.control)} | {".p": "p-value"}
    rows, sources = [], []
    for (what, label), (end, name) in product(PUBLISHED_OUTCOMES.items(), who.items()):
        printed, ours = ledger[f"published.{what}{end}"], ledger[f"counts.{what}{end}"]
        new = f"{ours['estimate']:.4f}%" if ours["scale"] == "percent" else f"{ours['estimate']:.6f}"
        off = ledger[f"counts.{what}{end.removesuffix('.percent').removesuffix('.p')}.difference"]
        apart = value_text(off["estimate"], "signed4")
        rows.append([f"{label}, {name}", printed["text"], new, apart, ours["method"], printed["method"]])
        sources += [printed, ours, off]
    for said in further.itertuples():
        ours = ledger[said.beside] if said.beside else None
        of = ["–", "–", "not computed"] if ours is None else [ours["text"], "–", f"beside, {ours['origin']}"]
        rows.append([said.named, said.printed, *of, said.place])
        sources += [] if ours is None else [ours]
    sources += [further] if len(further) else []
    columns = ["Number", "Published", "Ours", "Difference", "Verdict", "Place"]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=sources, widths="p{4.0cm}rrrp{2.0cm}p{3.3cm}")


def tests(ledger: Ledger) -> Sheet:
    """Return every test of both outcomes."""
    rows = ledger.select("counts.{what}.p.{test}")
    heads = {"imv": "p, ventilation", "death": "p, death"}
    cells = crosstable(rows, ("test", {key(test): test for test in TESTS}), ("what", heads), corner="Test")
    agrees = rows["text"] == [ledger[f"published.{what}.p"]["text"] for what in rows["what"]]
    both = agrees.groupby(rows["test"]).all()
    verdict = ["both" if both[key(test)] else "not both" for test in TESTS]
    return Sheet(cells.assign(**{"Gives the published values": verdict}), sources=(rows,))


def effects_of_counts(ledger: Ledger) -> pd.DataFrame:
    """Return the rows of every interval of the counts, columns ``what`` and ``measure``, in the order of the table."""
    rows = pd.concat([ledger.select(f"counts.{{what}}.{{measure}}{end}") for end in ("", ".{interval}")])
    rows = rows[rows["measure"].isin(RATIOS)]
    order = {"measure": list(RATIOS).index, "method": INTERVALS.index}
    return rows.sort_values(
        [*order], key=lambda by: by.map(order[str(by.name)]), kind="stable", ignore_index=True
    )


def effects(ledger: Ledger) -> Sheet:
    """Return difference, risk ratio and odds ratio of both outcomes under every interval."""
    rows = effects_of_counts(ledger)
    rows = rows.assign(line=rows["measure"] + " " + rows["method"])
    lines = rows.drop_duplicates("line").set_index("line")
    heads = {"death": "Death", "imv": "Ventilation"}
    names = lines["measure"].map(RATIOS).to_dict()
    cells = crosstable(rows, ("line", names), ("what", heads), corner="Effect")
    cells.insert(1, "Interval", list(lines["method"]))
    return Sheet(cells, sources=(rows,), widths="llrr")


def bounds(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return what the two margins bound but do not tell."""
    counts = ledger.select("counts.bounds.{arm}.{bound}")
    risks = ledger.select("counts.bounds.{arm}.{bound}.risk")
    count, risk = (rows.pivot(index="arm", columns="bound", values="text") for rows in (counts, risks))
    patients, rows = counts.groupby("arm")["n"].first(), []
    for arm, name in arms(plan).items():
        deaths = ledger[f"published.death.{key(getattr(plan.arms, arm))}"]["text"]
        least = f"at least {count.at[arm, 'deaths_without_imv_min']} of {deaths}"
        limits = (part.loc[arm, ["composite_min", "composite_max"]] for part in (count, risk))
        ends = [" to ".join(pair) for pair in limits]
        rows.append([name, f"{patients[arm]:.0f}", least, *ends])
    columns = ["Arm", "Patients", "Deaths never ventilated", "Ventilated or died",
               "Risk of ventilation or death"]  # fmt: skip
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(counts, risks))


def similarity(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return margin tests and posterior probabilities of both outcomes."""
    tests = ledger.select("counts.{what}.equivalence.{margin}.{part}")
    chances = ledger.select("counts.{what}.posterior.within_{margin}")
    found = pd.concat([tests, chances.assign(part="within")]).set_index(["what", "margin", "part"])
    rows = []
    for what, (margin, width) in product(("death", "imv"), plan.equivalence.margins.items()):
        interval, p, within = (found.loc[(what, margin, part)] for part in ("interval", "p", "within"))
        similar = "yes" if p["estimate"] <= plan.equivalence.alpha else "no"
        limits = interval_text(interval["conf_low"], interval["conf_high"], interval["scale"])
        cells = [limits, with_interval(p), similar, with_interval(within)]
        rows.append([PUBLISHED_OUTCOMES[what], f"±{100 * width:g}", *cells])
    level = f"{100 * (1 - 2 * plan.equivalence.alpha):.0f}% interval, points"
    columns = ["Outcome", "Margin, points", level, "p of the margin test", "Similar shown",
               "Posterior probability within"]  # fmt: skip
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(tests, chances), widths="lrrrrr")


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
    for said, number in (("Power to show equivalence within {} points if the risks are equal", "power"),
                         (f"Patients per arm for {power}, margin {{}} points", "n")):  # fmt: skip
        for name, width in plan.equivalence.margins.items():
            rows[said.format(f"{100 * width:g}")] = cell[f"equivalence.{number}_{name}"]
    columns = ["What the published numbers of patients and deaths can show", "Value"]
    return Sheet(pd.DataFrame([*rows.items()], columns=columns), sources=(found,), widths="p{11.2cm}r")
