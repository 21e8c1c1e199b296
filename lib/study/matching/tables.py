"""Tables of the matching chapter."""

import pandas as pd
from livingpaper import Ledger, Sheet, crosstable
from livingpaper.ledger.format import percent, value_text

from study.cells import number, significant
from study.labels import ADJUSTMENTS, MATCHINGS, OUTCOMES, among, arms
from study.protocol.protocol import Protocol

STAGES = {"crude": "before", "pairs": "pairs"}


def sizes(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return effective sample sizes, largest weight and worst imbalance of each adjustment."""
    ess, apart = ledger.select("matching.ess.{adjustment}.{arm}"), ledger.select("matching.smd.{what}.{key}")
    ess = ess.set_index(["adjustment", "arm"])
    weight = ledger.select("matching.weight.largest.{adjustment}").set_index("adjustment")
    asked = {*MATCHINGS, "crude", "entropy", "truncated", *(name.lower() for name in plan.estimand.all)}
    rows = []
    for each, name in among(ADJUSTMENTS, asked).items():
        cells = ["–"] * 5
        if each in weight.index:
            found = [ess.loc[(each, arm)] for arm in arms(plan)]
            used = [f"{row['estimate']:.0f} of {row['n']:.0f}" for row in found]
            cells = [*used, number(weight.at[each, "estimate"], 1), *_imbalance(ledger, each)]
        rows.append([name, *cells])
    heads = (f"{arm}, effective n" for arm in arms(plan).values())
    columns = ["Adjustment", *heads, "Largest weight / mean", *_heads(plan)]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(ess, weight, apart), widths="lrrrrr")


def _imbalance(ledger: Ledger, adjustment: str) -> list[str]:
    """Return the largest difference under an adjustment, and how many exceed the threshold."""
    return [str(ledger[f"matching.smd.{name}.{adjustment}"]["text"]) for name in ("largest", "above_tenth")]


def _heads(plan: Protocol) -> list[str]:
    return ["Largest SMD", f"SMD above {plan.balance.smd_threshold:g}"]


def balance(table: pd.DataFrame, plan: Protocol) -> Sheet:
    """Return SMD, variance ratio and KS distance of each term, crude, in pairs and weighted."""
    primary = plan.estimand.primary.lower()
    stages = {"crude": "crude", "pairs": "pairs", primary: "overlap" if primary == "ato" else "weighted"}
    what = {"smd": "SMD", "variance_ratio": "VR", "ks": "KS"}
    wide = table.pivot(index="term", columns="adjustment", values=list(what)).loc[table["term"].unique()]
    cells = {
        f"{head} {label}": [number(value, 2) for value in wide[part, each]]
        for part, head in what.items() for each, label in stages.items()
    }  # fmt: skip
    frame = pd.DataFrame({"Covariate": wide.index} | cells)
    return Sheet(frame, sources=(table,), widths="p{3.2cm}" + "r" * 9)


def coefficients(table: pd.DataFrame) -> Sheet:
    """Return the coefficients of the score: a description of prescribing, not a result."""
    cells = {"Term": table["term"], "Log odds per unit": table["estimate"].map(_value),
             "Standard error": table["std_error"].map(_value)}  # fmt: skip
    return Sheet(pd.DataFrame(cells), sources=(table,))


def _value(value: float) -> str:
    return value_text(value, "value")


def lost(table: pd.DataFrame, ledger: Ledger) -> Sheet:
    """Return how treated patients without a pair differ from those with one, the largest difference first."""
    ranked = table.sort_values("smd", key=abs, ascending=False)
    made, left = (ledger[f"matching.pairs.{name}"]["text"] for name in ("n", "unmatched"))
    cells = {
        "Covariate": ranked["term"],
        f"Matched, mean (n = {made})": ranked["mean_matched"].map(_value),
        f"Left out, mean (n = {left})": ranked["mean_lost"].map(_value),
        "Difference, SD": [number(smd, 2) for smd in ranked["smd"]],
    }
    return Sheet(pd.DataFrame(cells), sources=(table,))


def means(table: pd.DataFrame, dictionary: pd.DataFrame, plan: Protocol) -> Sheet:
    """Return means or shares of the recorded covariates before, in pairs and under the primary weights."""
    known = dictionary.set_index("name")["label"]
    stages = STAGES | {plan.estimand.primary.lower(): "weighted"}
    levels = table.groupby("column")["level"].unique()
    rows = []
    for (column, level), part in table.groupby(["column", "level"], sort=False):
        if len(levels[column]) == 2 and level == levels[column][1]:
            continue  # the other of two levels says the same
        cells = part.set_index("adjustment")
        row = [known.get(column, column) + (f": {level}" if level else "")]
        for each in stages:
            row += [*(_centre(cells.loc[each], arm) for arm in arms(plan)), number(cells.at[each, "smd"], 2)]
        crude = cells.loc["crude"]
        rows.append([*row, f"{crude['missing_treated']:.0f}, {crude['missing_control']:.0f}"])
    heads = [f"{what}, {name}" for name in stages.values() for what in (*arms(plan).values(), "SMD")]
    frame = pd.DataFrame(rows, columns=["Covariate", *heads, "Missing"])
    return Sheet(frame, sources=(table,), widths="p{1.65cm}" + "p{1.27cm}p{1.27cm}p{1.04cm}" * 3 + "p{0.9cm}")


def _centre(row: pd.Series, arm: str) -> str:
    """Return "mean (SD)" of a number, a percentage of a share."""
    if row["kind"] == "share":
        return percent(row[f"mean_{arm}"])
    return f"{significant(row[f'mean_{arm}'])} ({significant(row[f'sd_{arm}'])})"


def designs(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return pairs, distances and remaining imbalance of each matching."""
    made = ledger.select("matching.design.{adjustment}.{measure}")
    apart = ledger.select("matching.smd.{what}.{key}")
    cells = made.set_index(["adjustment", "measure"])["estimate"]
    rows = []
    for each in MATCHINGS:
        row = ["0", *["–"] * 5]
        if each in cells.index:
            counts = [f"{cells[each, name]:.0f}" for name in ("pairs", "unmatched")]
            distances = [number(cells[each, "total"], 2), number(cells[each, "widest"], 3)]
            row = [*counts, *distances, *_imbalance(ledger, each)]
        rows.append([ADJUSTMENTS[each], *row])
    columns = ["Matching", "Pairs", "Left out", "Total distance", "Widest pair", *_heads(plan)]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(made, apart), widths="lrrrrrr")


def strata(table: pd.DataFrame, plan: Protocol) -> Sheet:
    """Return the pairs of each matching by the finer strata."""
    by, made = list(plan.matching.exact_finer), list(table["adjustment"].unique())
    rows = []
    for levels, part in table.groupby(by, sort=True):
        cells = part.set_index("adjustment")
        everyone = [f"{cells.at[made[0], arm]:.0f}" for arm in arms(plan)]
        paired = [
            f"{cells.at[each, 'matched_treated']:.0f} ({cells.at[each, 'within']:.0f})" for each in made
        ]
        rows.append([f"{by[0].capitalize()} {levels[0]}", *map(str, levels[1:]), *everyone, *paired])
    columns = [*map(str.capitalize, by), *arms(plan).values(), *(ADJUSTMENTS[each] for each in made)]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(table,))


def chance(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return the imbalance of the pairs beside that of randomised trials of the same patients."""
    rows = ledger.select("matching.chance.{what}")
    text, threshold = rows.set_index("what")["text"], plan.balance.smd_threshold
    within = "no" if rows.set_index("what").at["observed_above", "estimate"] else "yes"
    limits = f"{text['expected_largest']} ({text['largest_low']} to {text['largest_high']})"
    named = f"Terms above {threshold:g}, of {text['n_covariates']}"
    cells = [
        ["Largest difference", text["observed_largest"], limits],
        [named, text["observed_above"], text["expected_above"]],
        [f"No term above {threshold:g}", within, f"in {text['prob_all']} of trials"],
    ]
    sizes = f"Trials of {text['n_treated']} and {text['n_control']}"
    columns = ["", f"Pairs (n = {text['n_treated']})", sizes]
    return Sheet(pd.DataFrame(cells, columns=columns), sources=(rows,))


def regression(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return risk differences in each matched sample, plain and with covariates."""
    outcome = f"{plan.outcome.primary}{plan.outcome.horizon_days}"
    rows = ledger.select(f"matching.regression.{{adjustment}}.{{model}}.{outcome}.rd")
    made = among({each: ADJUSTMENTS[each] for each in MATCHINGS}, rows["adjustment"])
    plain = f"Difference in {OUTCOMES[plan.outcome.primary].lower()}, plain"
    models = {"plain": plain, "adjusted": "With covariates"}
    cells = crosstable(rows, ("adjustment", made), ("model", models), corner="Matching")
    pairs = rows[rows["model"] == "plain"].set_index("adjustment")["n"]
    cells.insert(1, "Pairs", [f"{pairs[each] / 2:.0f}" for each in made])
    return Sheet(cells, sources=(rows,))
