"""A whole release of made-up patients, attacked with everything that it shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from attacker import bounds_of
from livingpaper.build.project import Project
from livingpaper.disclosure.profiles import PROFILES
from livingpaper.disclosure.protect import protect
from livingpaper.ledger.ledger import entry, ledger_frame

pytestmark = pytest.mark.whole

COLUMNS = {"sex": 2, "device": 3, "ckd": 2, "rare": 2, "hospital": 3}


def patients(n: int, seed: int) -> pd.DataFrame:
    """Return patients of two arms, some ineligible, some columns with missing values."""
    rng = np.random.default_rng(seed)
    shares = {
        "sex": [0.4, 0.6],
        "device": [0.7, 0.25, 0.05],
        "ckd": [0.88, 0.12],
        "rare": [0.97, 0.03],
        "hospital": [0.6, 0.3, 0.1],
    }
    made = pd.DataFrame({name: rng.choice(len(p), n, p=p).astype(float) for name, p in shares.items()})
    made["arm"] = rng.choice(["treated", "control"], n, p=[0.4, 0.6])
    made["died"], made["imv"] = rng.random(n) < 0.15, rng.random(n) < 0.05
    made.loc[rng.random(n) < 0.04, "ckd"] = np.nan
    made["step"] = rng.choice(4, n, p=[0.94, 0.03, 0.02, 0.01])
    return made


def rows_of(everyone: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a ledger as the book of a hospital records them."""
    rows = []

    def add(id_: str, scale: str, estimate: float, **more: object) -> None:
        rows.append(entry(id_, "synthetic", scale, float(estimate), code="x", **more))

    eligible = everyone[everyone["step"] == 0]
    for name, many in {
        "started": len(everyone),
        "excluded": (everyone["step"] > 0).sum(),
        "eligible": len(eligible),
    }.items():
        add(f"cohort.{name}.n", "count", many)
    for step in (1, 2, 3):
        add(f"cohort.excluded.step_{step}", "count", (everyone["step"] == step).sum())
    for arm, group in eligible.groupby("arm"):
        add(f"cohort.eligible.{arm}.n", "count", len(group))
        for name, levels in COLUMNS.items():
            for level in range(levels):
                known = group[name].notna().sum()
                add(
                    f"cohort.table.{name}.level_{level}.{arm}", "count", (group[name] == level).sum(), n=known
                )
            add(f"cohort.table.{name}.missing.{arm}", "count", group[name].isna().sum(), n=len(group))
    for (hospital, sex, arm), many in eligible.groupby(["hospital", "sex", "arm"]).size().items():
        add(f"cohort.strata.h{hospital:.0f}.s{sex:.0f}.{arm}.n", "count", many)
    groups = {"all": eligible, "women": eligible[eligible["sex"] == 0], "men": eligible[eligible["sex"] == 1]}
    for who, people in groups.items():
        for outcome in ("died", "imv"):
            of = {"outcome": outcome, "population": who}
            arms = {arm: people.loc[people["arm"] == arm, outcome] for arm in ("treated", "control")}
            for arm, events in arms.items():
                add(
                    f"outcomes.{outcome}.{who}.risk_{arm}",
                    f"risk, {arm}",
                    events.mean(),
                    n=len(events),
                    events=events.sum(),
                    **of,
                )
            p, q = arms["treated"].mean(), arms["control"].mean()
            both = {"n": len(people), "events": people[outcome].sum()} | of
            add(
                f"outcomes.{outcome}.{who}.rd",
                "risk difference",
                p - q,
                conf_low=p - q - 0.08123,
                conf_high=p - q + 0.08123,
                **both,
            )
            add(
                f"outcomes.{outcome}.{who}.rr",
                "risk ratio",
                p / q if q else np.nan,
                method="no events",
                **both,
            )
    return ledger_frame(rows)


def sums_of(exact: pd.DataFrame) -> tuple[dict[str, int], list[tuple[str, list[str]]]]:
    """Return every number of people in the ledger by name, also its columns n and events, and what they sum up to."""
    counted = exact[exact["scale"] == "count"]
    known = dict(zip(counted["id"], counted["estimate"].astype(int), strict=True))
    for row in exact.to_dict("records"):
        known |= {f"{name}:{row['id']}": int(row[name]) for name in ("n", "events") if row[name] == row[name]}
    steps = [f"cohort.excluded.step_{step}" for step in (1, 2, 3)]
    sums = [("cohort.started.n", ["cohort.excluded.n", "cohort.eligible.n"]), ("cohort.excluded.n", steps),
            ("cohort.eligible.n", ["cohort.eligible.treated.n", "cohort.eligible.control.n"])]  # fmt: skip
    strata = [id_ for id_ in known if id_.startswith("cohort.strata.")]
    for arm in ("treated", "control"):
        for name, levels in COLUMNS.items():
            stem = f"cohort.table.{name}"
            parts = [f"{stem}.level_{level}.{arm}" for level in range(levels)]
            sums += [(f"cohort.eligible.{arm}.n", [*parts, f"{stem}.missing.{arm}"])]
            sums += [(f"n:{part}", parts) for part in parts]
        for place, name in ((2, "hospital"), (3, "sex")):
            for level in range(COLUMNS[name]):
                own = [id_ for id_ in strata if id_.split(".")[place][1:] == str(level) and arm in id_]
                sums += [(f"cohort.table.{name}.level_{level}.{arm}", own)] if own else []
        sums += [(f"n:outcomes.{o}.{who}.risk_{arm}", [of]) for o in ("died", "imv") for who, of in (
            ("all", f"cohort.eligible.{arm}.n"), ("women", f"cohort.table.sex.level_0.{arm}"),
            ("men", f"cohort.table.sex.level_1.{arm}"))]  # fmt: skip
        sums += [(f"events:outcomes.{o}.all.risk_{arm}", [f"events:outcomes.{o}.{who}.risk_{arm}" for who in ("women", "men")])
                 for o in ("died", "imv")]  # fmt: skip
    sums += [(f"{what}:outcomes.{o}.{who}.rd", [f"{what}:outcomes.{o}.{who}.risk_{arm}" for arm in ("treated", "control")])
             for what in ("n", "events") for o in ("died", "imv") for who in ("all", "women", "men")]  # fmt: skip
    return known, sums


CASES = [
    (n, seed, name)
    for n in (40, 150, 300, 900)
    for seed in (1, 2)
    for name in ("internal", "publish", "strict")
]


@pytest.mark.parametrize(("n", "seed", "name"), CASES)
def test_no_suppressed_count_can_be_worked_out(n: int, seed: int, name: str, project: Project) -> None:
    del project
    profile, exact = PROFILES[name], rows_of(patients(n, seed))
    ledger = protect(exact, profile, people=n).ledger.set_index("id", drop=False)
    known, sums = sums_of(exact)
    places = {
        each: ("n", each[2:])
        if each.startswith("n:")
        else ("events", each[7:])
        if ":" in each
        else ("estimate", each)
        for each in known
    }
    shown = {each: float(ledger.at[id_, column]) for each, (column, id_) in places.items()}
    assert any(np.isnan(value) for value in shown.values())
    assert any(value > 0 for each, value in shown.items() if ":" not in each)
    told = []
    for each, (low, high) in bounds_of(known, shown, sums, profile.base).items():
        true, k = known[each], profile.threshold
        possible = [each for each in range(1, k) if low - 1e-6 <= each <= high + 1e-6]
        if 0 < true < k and 2 * len(possible) < k - 1:
            told.append(f"{each}: {true} lies between {low:.1f} and {high:.1f}")
    assert told == []


@pytest.mark.parametrize(("n", "seed"), [(150, 1), (300, 1), (900, 2)])
def test_a_comparison_tells_no_more_than_its_rounded_risks(n: int, seed: int, project: Project) -> None:
    """Where an arm has few events nothing is shown; else difference and ratio are those of the rounded risks."""
    del project
    exact = rows_of(patients(n, seed))
    shown = protect(exact, PROFILES["publish"], people=n).ledger.set_index("id")
    few, many = 0, 0
    for stem in exact["id"][exact["scale"] == "risk difference"].str.rpartition(".")[0]:
        arms = [f"{stem}.risk_treated", f"{stem}.risk_control"]
        counts = exact.set_index("id").loc[arms, ["events", "n"]]
        if ((counts["events"] < 10) & (counts["events"] > 0)).any():
            assert shown.loc[[*arms, f"{stem}.rd", f"{stem}.rr"], "estimate"].isna().all()
            few += 1
        elif shown.loc[arms, "estimate"].notna().all():
            p, q = shown.loc[arms, "events"] / shown.loc[arms, "n"]
            risks = [np.floor(100 * each + 0.5) / 100 for each in (p, q)]
            assert shown.loc[arms, "estimate"].tolist() == pytest.approx(risks, abs=0.0051)
            difference = np.subtract(*shown.loc[arms, "estimate"])
            assert shown.at[f"{stem}.rd", "estimate"] == pytest.approx(difference)
            low, high = shown.loc[f"{stem}.rd", ["conf_low", "conf_high"]].astype(float)
            assert round(100 * low) == pytest.approx(100 * low)
            assert high - low == pytest.approx(2 * 0.08123, abs=0.011)
            many += 1
    assert few
    assert many or n == 150


def test_the_attacker_works(project: Project) -> None:
    """Of exact numbers he knows any that is left out."""
    del project
    known, sums = sums_of(rows_of(patients(300, 1)))
    left_out = "cohort.table.rare.level_1.treated"
    shown = {each: np.nan if each == left_out else float(n) for each, n in known.items()}
    assert bounds_of(known, shown, sums, 1) == {left_out: pytest.approx((known[left_out],) * 2)}
