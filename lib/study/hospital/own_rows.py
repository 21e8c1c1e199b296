"""Results on a hospital's patients as rows of the ledger that disclosure control can judge: each says whom it counts."""

from collections.abc import Mapping, Sequence

import headtohead as hh
import numpy as np
import pandas as pd
from headtohead.inference import Stream
from headtohead.matching.adjustment import Adjustment, Adjustments
from headtohead.matching.propensity import Score
from headtohead.outcomes.endpoint import Endpoints
from livingpaper.config import config
from livingpaper.disclosure.profiles import Profile
from livingpaper.ledger.format import value_text

from study.data.endpoints import endpoint
from study.hospital.own_choices import OwnProtocol
from study.matching.terms import with_terms
from study.outcomes.diagnostics import diagnose
from study.outcomes.tables import RULES, UNITS
from study.sensitivity.subgroups import levels, subgroups
from study.sensitivity.subsets import primary_risks

WEEK = 7
LIMIT = {"risk difference": "absolute difference"}  # without a sign
EXTREME = "score_edge"  # one patient's score
ABOUT = ("outcome", "horizon_days", "population", "n", "events")  # what a number is about, to be judged
NO_SCORE = r"the score must be estimable in resamples.*"
QUARTILES = {"median": "centre", "q25": "low", "q75": "high"}


def limits() -> Profile:
    """Return the thresholds of disclosure of this paper."""
    return config().disclosure.limits()


def landmarks(plan: OwnProtocol) -> list[int]:
    """Return the days at which risks are shown: whole weeks up to the horizon, or the horizon alone if it is no week."""
    horizon = plan.outcome.horizon_days
    return [*range(WEEK, horizon + 1, WEEK)] if horizon % WEEK == 0 else [horizon]


def pooled(happened: pd.Series) -> dict[str, int]:
    """Return how many had an outcome (1, 0, NaN if not known), and its ``size``: 0 nobody, 1 few, 2 some, 3 nearly all."""
    n, least = int((happened == 1).sum()), limits().threshold
    few = 0 if n == 0 and limits().zeros else 1
    some = 2 if int((happened == 0).sum()) >= least else 3
    return {"n": n, "size": few if n < least else some}


def flow_rows(flow: pd.DataFrame) -> pd.DataFrame:
    """Return how many each criterion excluded, as ``step``, ``estimate`` and ``method``, small ones taken together.

    What still is too small is suppressed; ``flow`` is that of ``apply_eligibility``.
    """
    profile = limits()
    steps = flow[flow["step"] > 0].groupby(["step", "label"], as_index=False)["n_excluded"].sum()
    small = steps["n_excluded"].map(profile.small)
    rest, few = steps[~small].sort_values("n_excluded"), steps[small]
    while len(few) and len(rest) and profile.small(few["n_excluded"].sum()):
        few, rest = pd.concat([few, rest.iloc[:1]]), rest.iloc[1:]
    rows = [(row.label, row.n_excluded) for row in rest.sort_values("step").itertuples()]
    if len(few):
        words = f"one of {len(few)} {'other ' if rows else ''}criteria"
        rows.append((few["label"].iloc[0] if len(few) == 1 else words, few["n_excluded"].sum()))
    rows = rows or [("no criterion could be applied", 0)]
    made = pd.DataFrame(rows, columns=["method", "estimate"]).astype({"estimate": float})
    return made.assign(step=range(1, len(made) + 1))


def baseline_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return Table 1 of ``table_one``: ``column``, ``level`` (median, q25, q75 or level_1, ...), ``arm``, the ledger's columns.

    Disclosure control hides small levels, and what would give them away.
    """
    parts = [
        _numbers(part, arm) if pd.notna(part["high_treated"]).any() or pd.notna(part["high_control"]).any()
        else _levels(part, arm)
        for _, part in table.groupby("column", sort=False) for arm in ("treated", "control")
    ]  # fmt: skip
    made = pd.concat(parts, ignore_index=True)
    # each row stands for itself: arms are no populations that differ by a few
    return made.assign(outcome=made["column"] + " " + made["level"] + " " + made["arm"])


def _numbers(part: pd.DataFrame, arm: str) -> pd.DataFrame:
    row = part.iloc[0]
    return pd.DataFrame({
        "column": row["column"], "level": list(QUARTILES), "arm": arm,
        "estimate": [row[f"{at}_{arm}"] for at in QUARTILES.values()], "scale": "value", "n": row[f"n_{arm}"],
        "population": "", "method": "",
    })  # fmt: skip


def _levels(part: pd.DataFrame, arm: str) -> pd.DataFrame:
    return pd.DataFrame({
        "column": part["column"].iloc[0], "level": [f"level_{at}" for at in range(1, len(part) + 1)], "arm": arm,
        "estimate": part[f"centre_{arm}"].to_numpy(float), "scale": "count", "n": part[f"n_{arm}"].iloc[0],
        "population": part["level"].to_numpy(), "method": "",
    })  # fmt: skip


def counted(found: pd.DataFrame, adjustments: Sequence[Adjustment]) -> pd.DataFrame:
    """Return risks whose ``n`` are the patients used, also under weights: an effective number counts nobody."""
    used: dict[tuple[str, str], int] = {}
    for each in adjustments:
        arms = {f"risk, {arm}": int((mask & each.used).sum()) for arm, mask in each.arms}
        used |= {(each.key, scale): n for scale, n in arms.items()} | {(each.key, ""): sum(arms.values())}
    keys = zip(found["adjustment"], found["scale"], strict=True)
    return named(found.assign(n=[used.get((key, scale), used[key, ""]) for key, scale in keys]))


def named(found: pd.DataFrame) -> pd.DataFrame:
    """Return results that all name their population: one that could not be made is no other's, and hides none.

    Why it could not is said without the advice to whoever analyses.
    """
    instead = "in too many bootstrap samples no score can be fitted"
    why = found["method"].str.replace(NO_SCORE, instead, regex=True)
    return found.assign(
        population=found["population"].where(found["population"].notna(), found["adjustment"]),
        method=found["method"].where(found["estimate"].notna(), why.str.partition(";")[0]),
    )


def risks(
    endpoints: Endpoints, adjustments: Adjustments, *, by: int | Sequence[int], plan: OwnProtocol, stream: Stream = "risks"
) -> pd.DataFrame:  # fmt: skip
    """Return risks, difference and ratio with the patients used as ``n``; no rows where there is no day.

    Small cohorts have bootstrap intervals; from ``inference.large_sample`` patients on they are those of influence functions.
    """
    if by == []:
        return pd.DataFrame(columns=["outcome", "horizon_days", "adjustment", "scale", "estimate"])
    found = hh.risks(endpoints, adjustments, by=by, inference=plan.inference, stream=stream)
    return counted(found, [adjustments] if isinstance(adjustments, Adjustment) else list(adjustments))


def pairs_rows(pairs: Adjustment) -> pd.DataFrame:
    """Return how many pairs there are and who has none; without numbers if there are no pairs."""
    if pairs.matches is None:
        return pd.DataFrame({"name": ["n", "unmatched"], "estimate": np.nan, "method": ["no", "all"]})
    sizes = [float(pairs.matches.n_pairs), float(len(pairs.matches.unmatched))]
    return pd.DataFrame({"name": ["n", "unmatched"], "estimate": sizes})


def design_checks(
    patients: pd.DataFrame, score: Score, pairs: Adjustment, primary: Adjustment, plan: OwnProtocol
) -> pd.DataFrame:
    """Return the panel of diagnostics without pairs that there are not, and a negative control that nobody recorded."""
    made = pairs if pairs.matches is not None else score.crude()
    checks = diagnose(patients, score, made, primary, plan)
    absent = ["smd_crude", *([] if plan.diagnostics.negative_control in patients else ["negative_control"])]
    return checks[~checks["key"].isin(absent)].reset_index(drop=True)


def check_names(checks: pd.DataFrame, dictionary: pd.DataFrame) -> dict[str, str]:
    """Return the words of each check of the design by its key; columns and terms by their labels."""
    named = checks["diagnostic"].str.extract(r"^(.*?)(?: \((\D.*)\))?$")
    terms = with_terms(named.fillna("").rename(columns={1: "covariate"}), dictionary)["term"]
    words = named[0] + [f" ({term})" if term else "" for term in terms]
    return dict(zip(checks["key"], words, strict=True))


def check_rows(checks: pd.DataFrame, plan: OwnProtocol) -> pd.DataFrame:
    """Return the checks of the design as rows of the ledger; of an extreme score is said only whether it passes."""
    limit = [
        RULES[rule].format(value_text(float(at), LIMIT.get(scale, scale))) + UNITS.get(scale, "")
        for rule, at, scale in checks[["rule", "threshold", "scale"]].itertuples(index=False)
    ]
    said = checks["passed"].map({True: "pass, ", False: "fail, "}) + limit
    rows = checks.rename(columns={"value": "estimate", "low": "conf_low", "high": "conf_high"})
    rows.loc[rows["key"] == EXTREME, "estimate"] = np.nan
    control = rows["key"] == "negative_control"
    outcome = np.where(control, plan.diagnostics.negative_control, "the design")
    return rows.assign(method=said, outcome=outcome)


def e_values(ratio: pd.Series) -> pd.DataFrame:
    """Return the E-values of a risk ratio and of its interval, or why there are none."""
    rows = pd.DataFrame({"name": ["estimate", "interval"], "estimate": np.nan, "method": ratio["method"]})
    if ratio["estimate"] > 0 and pd.notna(ratio["conf_low"]):
        of_interval = hh.sensitivity.e_value_of_interval(ratio["conf_low"], ratio["conf_high"])
        rows["estimate"] = [hh.sensitivity.e_value(ratio["estimate"]), of_interval]
    return rows.assign(**{name: ratio[name] for name in ABOUT})


def group_rows(patients: pd.DataFrame, plan: OwnProtocol, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Return the primary difference in each level of the subgroups that may be shown, named by ``column`` and ``k``."""
    shown, labels = open_groups(patients, plan), dictionary.set_index("name")["label"]
    if not shown.sensitivity.subgroups:
        return pd.DataFrame(columns=["column", "k", "scale", "estimate"])
    groups = subgroups(patients, shown, primary_risks).query("scale == 'risk difference'")
    named = labels[groups["column"]].to_numpy() + ": " + groups["level"].to_numpy()
    sizes = {
        (group.column, level): int(mask.sum())
        for group in shown.sensitivity.subgroups
        for level, mask in levels(patients, group).items()
    }
    n = [sizes[at] for at in zip(groups["column"], groups["level"], strict=True)]
    k = groups.groupby("column").cumcount() + 1
    estimate = groups.get("estimate", np.nan)  # of none, if all fail
    return groups.assign(estimate=estimate, population=named, outcome=named, n=n, k=k)


def open_groups(patients: pd.DataFrame, plan: OwnProtocol) -> OwnProtocol:
    """Return the choices with those subgroups alone whose levels have enough patients and events, every one of them.

    Where one level were hidden, the others and all patients would give it away.
    """
    event = endpoint(patients, plan.outcome.primary).by(plan.outcome.horizon_days)
    kept = tuple(
        group
        for group in plan.sensitivity.subgroups
        if _open(levels(patients, group), event, patients["treated"])
    )
    sensitivity = plan.sensitivity.model_copy(update={"subgroups": kept})
    return plan.model_copy(update={"sensitivity": sensitivity})


def _open(masks: Mapping[str, pd.Series], event: pd.Series, treated: pd.Series) -> bool:
    least, arms = limits().threshold, (treated, ~treated)
    cells = [mask & arm for mask in masks.values() for arm in arms]
    events = [int((cell & (event == happened)).sum()) for cell in cells for happened in (0, 1)]
    without = len(treated) - sum(int(cell.sum()) for cell in cells)
    return len(masks) > 1 and min(events) >= least and (without == 0 or without >= least)
