"""What is hardly ever so, though no single value is wrong: facts that seldom go together, shares, gaps of a group."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from study.hospital.columns import Ours
from study.hospital.findings import Finding, finding, warning
from study.hospital.rules import LOOK, Rule
from study.hospital.slips import LEAST

FEW, SHARE = 3, 0.03  # rows that a record may get wrong; more are a warning
LATE = 3  # days between the last dose and its reason
SELDOM = (  # the larger part of those who receive these drugs never has it
    "ckd", "copd", "ihd", "cancer", "immunosuppressed", "vte_history", "diabetes", "pressure_injury",
    "secondary_infection", "new_vte", "alt_rise", "aki", "contraindication", "prior_immunomodulator",
)  # fmt: skip
MOST_MISSING = 0.6  # of a column, to speak of a gap in a group
ENOUGH = 20  # patients, to speak of a share


def _apart(frame: pd.DataFrame, day: str) -> pd.Series:
    return (frame[day] - frame["stop_day"]).abs() > LATE


LIKELY: list[Rule] = [
    ("likely.stop", "stop_day", ("stop_reason",), "be known where stop_reason is, and only there", LOOK,
     lambda f: f["stop_day"].isna() != f["stop_reason"].isna()),
    ("likely.stop_death", "stop_day", ("stop_reason", "followup_day"),
     f"lie within {LATE} days of the end if the drug was stopped by it", LOOK,
     lambda f: f["stop_reason"].isin(["death", "discharge"]) & _apart(f, "followup_day")),
    ("likely.stop_icu", "stop_day", ("stop_reason", "icu_day"),
     f"lie within {LATE} days of icu_day if the drug was stopped at intensive care", LOOK,
     lambda f: (f["stop_reason"] == "icu") & _apart(f, "icu_day")),
    ("likely.completed", "stop_day", ("stop_reason", "planned_days"),
     "be at least half of planned_days if the course was completed", LOOK,
     lambda f: (f["stop_reason"] == "completed") & (f["stop_day"] < f["planned_days"] / 2)),
    ("likely.longer", "stop_day", ("planned_days",), "be no more than a week beyond planned_days", LOOK,
     lambda f: f["stop_day"] > f["planned_days"] + 7),
    ("likely.obesity", "obesity", ("bmi",), "be 0 if bmi is below 25", LOOK, lambda f: (f["obesity"] == 1) & (f["bmi"] < 25)),
    ("likely.charlson", "charlson", ("copd", "diabetes", "cancer"), "be above 0 in two of copd, diabetes and cancer", LOOK,
     lambda f: (f["charlson"] == 0) & (f[["copd", "diabetes", "cancer"]].sum(axis=1) >= 2)),
    ("likely.ventilated", "imv_at_start", ("imv_day",), "be 0 if imv_day is empty", LOOK,
     lambda f: (f["imv_at_start"] == 1) & f["imv_day"].isna()),
    ("likely.device", "o2_device", ("spo2_fio2",), "be some oxygen if spo2_fio2 is below 250", LOOK,
     lambda f: (f["o2_device"] == "none") & (f["spo2_fio2"] < 250)),
    ("likely.steroid", "steroid_drug", ("steroid_dose",), "be known where steroid_dose is above 0", LOOK,
     lambda f: f["steroid_drug"].isna() & (f["steroid_dose"] > 0)),
    ("likely.barthel", "barthel", (), "be a multiple of 5", LOOK, lambda f: f["barthel"] % 5 > 0),
]  # fmt: skip


def check_likely(made: Ours) -> Iterator[Finding]:
    """Yield warnings on facts, shares and gaps that somebody must look at; a note where a few rows are meant."""
    for code, column, needs, must, do, broken in LIKELY:
        if made.has(column, *needs):
            rows = np.asarray(broken(made.frame), bool)
            many = rows.sum() > max(FEW, SHARE * len(rows))
            add = ", or acknowledge it" if many else ""
            yield from finding(code, column, must, do + add, rows, level="warning" if many else "note")
    for check in (_often, _kidneys, _gaps, _one_arm):
        yield from check(made)


def _often(made: Ours) -> Iterator[Finding]:
    """Yield what most patients have and hardly could: 0 and 1 may be exchanged."""
    do = "if 1 and 0 are exchanged, say which is which under [levels], else acknowledge it"
    for name in filter(made.has, SELDOM):
        known = made.frame[name].dropna()
        if len(known) >= ENOUGH and (known == 1).mean() > 0.5 + 1 / np.sqrt(len(known)):
            yield from warning("value.often", name, "be 1 in fewer than half", do, found="more")


def _kidneys(made: Ours) -> Iterator[Finding]:
    """Yield chronic kidney disease that goes with a higher filtration rate."""
    if not made.has("ckd", "egfr"):
        return
    without, with_ = (made.frame.loc[made.frame["ckd"] == code, "egfr"].dropna() for code in (0, 1))
    if min(len(without), len(with_)) < ENOUGH:
        return
    chance = 3 * np.sqrt(with_.var() / len(with_) + without.var() / len(without))
    if not with_.mean() < without.mean() + max(5, chance):
        do = "if 1 and 0 are exchanged, say which is which under [levels.ckd], else acknowledge it"
        yield from warning("value.often", "ckd", "go with a lower egfr", do, found="a higher one")


def _gaps(made: Ours) -> Iterator[Finding]:
    """Yield columns of which nothing is known in a whole arm, hospital or period, and most in the others."""
    roles = made.dictionary["role"]
    names = [n for n in made.frame if roles[n] in ("baseline", "safety", "negative control", "eligibility")]
    unknown = made.frame[names].isna()
    unknown = unknown.loc[:, unknown.any() & (unknown.mean() < MOST_MISSING)]
    for by in filter(made.has, ("drug", "hospital", "period") if unknown.shape[1] else ()):
        codes = made.codes(by)
        shares = unknown.groupby(codes).mean()
        large = np.bincount(codes + 1, minlength=2)[shares.index + 1] >= LEAST
        for name in unknown:
            empty = shares.index[(shares[name] == 1) & large & (shares.index >= 0)]
            do = "if it was not recorded there, leave it out or acknowledge it"
            must = f"be known of somebody in each {by}"
            yield from warning("missing.group", name, must, do, np.isin(codes, empty))


def _one_arm(made: Ours) -> Iterator[Finding]:
    """Yield hospitals or periods of which none has patients of both drugs."""
    for by in (name for name in ("hospital", "period") if made.has(name, "drug")):
        both = made.frame.groupby(by, observed=True)["drug"].nunique()
        if len(both) > 1 and made.frame["drug"].nunique() > 1 and (both < 2).all():
            do = f"merge them under [levels.{by}], or leave the comparison: the drug cannot be told from the {by}"
            must = "have patients of both drugs in at least one"
            say = finding if by == "hospital" else warning
            yield from say("arms.apart", by, must, do, found="one drug in each")
