"""Rules of disclosure: the worked examples by hand, attacks that must fail, and errors."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livingpaper.build.project import Project
from livingpaper.disclosure.curves import dominated, group_means, known_within
from livingpaper.disclosure.profiles import (
    PROFILES,
    DisclosureError,
    Profile,
    decimals,
    digits,
    profile_of,
)
from livingpaper.disclosure.protect import Protected, protect
from livingpaper.disclosure.secondary import linked, primary, ranges
from livingpaper.disclosure.traces import small_in
from livingpaper.ledger.ledger import entry, ledger_frame, read_ledger

EIGHT = Profile(threshold=8)  # of the worked examples
PUBLISH, STRICT, INTERNAL = PROFILES["publish"], PROFILES["strict"], PROFILES["internal"]


@pytest.mark.parametrize(
    ("count", "shown"),
    [(3, None), (7, None), (8, 10), (10, 10), (13, 15), (22, 20), (36, 35), (125, 125), (217, 215)],
)
def test_counts_by_hand(count: int, shown: int | None) -> None:
    assert (EIGHT.rounded(count) if EIGHT.may_count(count) else None) == shown


def test_halves_go_to_even() -> None:
    assert [Profile(base=10).rounded(n) for n in (15, 25, 35)] == [20, 20, 40]
    assert [decimals(x, 1) for x in (0.25, 0.35, -0.25, 1.24)] == [0.2, 0.4, -0.2, 1.2]
    assert [digits(x) for x in (0.8437, 2777.31, 56.4)] == [0.84, 2800, 56]


@pytest.mark.parametrize(
    ("profile", "count", "of", "may"),
    [
        (PUBLISH, 9, 100, False), (PUBLISH, 10, 100, True), (PUBLISH, 0, 100, True), (STRICT, 0, 100, False),
        (PUBLISH, 91, 100, False), (PUBLISH, 90, 100, True), (PUBLISH, 100, 100, False),
        (INTERNAL, 4, 100, False), (INTERNAL, 5, 100, True), (INTERNAL, 96, 100, False),
    ],
)  # fmt: skip
def test_a_count_its_complement_and_the_whole_group(profile: Profile, count: int, of: int, may: bool) -> None:
    assert profile.may_count(count, of) is may


@pytest.mark.parametrize(
    ("n", "share", "may"),
    [
        (32, 0.5, True),
        (31, 0.5, False),
        (32, 0.25, True),
        (31, 0.75, False),
        (160, 0.05, True),
        (159, 0.95, False),
        (9999, 0, False),
    ],
)
def test_quantiles_by_hand(n: int, share: float, may: bool) -> None:
    """Eight in each quarter: 32; eight beyond the 5th percentile: 160; a minimum never."""
    assert EIGHT.may_quantile(n, share) is may


def test_profiles_cannot_be_lowered() -> None:
    with pytest.raises(DisclosureError, match="must be 5 at least, found 4"):
        profile_of("publish", threshold=4)
    with pytest.raises(DisclosureError, match="must be one of"):
        profile_of("none")
    with pytest.raises(DisclosureError, match="no such threshold"):
        profile_of("publish", thresold=20)
    assert profile_of("strict", threshold=12).threshold == 12


# the ledger


def ledger(*rows: dict[str, object]) -> pd.DataFrame:
    return ledger_frame([entry(str(row["id"]), "synthetic", str(row.get("scale", "count")), row["estimate"],  # type: ignore[arg-type]
                               code="a.py::f", **{k: v for k, v in row.items() if k not in ("id", "scale", "estimate")})
                         for row in rows])  # fmt: skip


def texts(made: Protected) -> dict[str, str]:
    return dict(zip(made.ledger["id"], made.ledger["text"], strict=True))


def table(values: list[list[int]], stem: str = "t") -> dict[str, int]:
    """Return the ids of a table of two classes with all its totals, as rows of a ledger."""
    inner = {f"{stem}.a{i}.b{j}.n": n for i, row in enumerate(values) for j, n in enumerate(row)}
    rows = {f"{stem}.a{i}.n": sum(row) for i, row in enumerate(values)}
    columns = {f"{stem}.b{j}.n": sum(column) for j, column in enumerate(zip(*values, strict=True))}
    return inner | rows | columns | {f"{stem}.n": sum(map(sum, values))}


def released(values: Mapping[str, int], profile: Profile, **more: Any) -> dict[str, float]:
    """Return the counts as a release shows them, NaN where suppressed."""
    made = protect(ledger(*({"id": id_, "estimate": n} for id_, n in values.items())), profile, **more)
    return dict(zip(made.ledger["id"], made.ledger["estimate"], strict=True))


def hidden(shown: Mapping[str, float]) -> set[str]:
    return {id_ for id_, n in shown.items() if np.isnan(n)}


def test_a_second_cell_goes_by_hand() -> None:
    """Exact counts 3 | 20 and 30 | 40: 3 is small, and so is the rest beside 20 and 30; then 70 - 40 = 30 gives 33 - 30."""
    counts = linked(table([[3, 20], [30, 40]]), {})
    small = "t.a0.b0.n"
    assert primary(counts, INTERNAL) == {small, "t.a0.b1.n", "t.a1.b0.n"}
    assert ranges(counts, {small}, INTERNAL, [small])[small] == (3, 3)
    gone = hidden(released(table([[3, 20], [30, 40]]), INTERNAL))
    assert gone == {f"t.{a}.{b}.n" for a in ("a0", "a1") for b in ("b0", "b1")}
    assert ranges(counts, gone, INTERNAL, [small])[small] == (0, 23)


def test_tables_of_one_release_are_taken_together() -> None:
    """By drug and sex all is large; by drug, sex and ward one cell is 3, and the first table gives it away."""
    first = {"one.a.f.n": 23, "one.a.m.n": 50, "one.b.f.n": 30, "one.b.m.n": 40}
    wards = {"a.f": (3, 20), "a.m": (25, 25), "b.f": (15, 15), "b.m": (20, 20)}
    second = {f"two.{key}.{w}.n": n for key, both in wards.items() for w, n in zip("xy", both, strict=True)}
    assert hidden(released(second, INTERNAL)) == {"two.a.f.x.n"}
    assert hidden(released(first, INTERNAL)) == set()
    assert {"two.a.f.x.n", "two.a.f.y.n"} <= hidden(released(first | second, INTERNAL))


def test_the_people_among_whom_are_a_total_too(project: Project) -> None:
    """Of 60 treated 45, 11 and 4: the 60 stand beside each as n."""
    del project
    values = {"w.x.n": 45, "w.y.n": 11, "w.z.n": 4}
    ward = [{"id": id_, "estimate": v} for id_, v in values.items()]
    assert set(protect(ledger(*ward), INTERNAL).withheld.index) == {"w.z.n"}
    among = [row | {"n": 60} for row in ward]
    assert set(protect(ledger(*among), INTERNAL).withheld.index) == {"w.y.n", "w.z.n"}


def test_tables_that_share_a_sum_nobody_prints(project: Project) -> None:
    """Women are 27 in both tables: 15 + 12 by ward, and 23 + 4 by drug. The 4 may be anything only if 23 goes too."""
    del project
    by_ward = {"s.f.x.n": 15, "s.f.y.n": 12, "s.m.x.n": 31, "s.m.y.n": 40}
    by_drug = {"d.f.a.n": 23, "d.f.b.n": 4, "d.m.a.n": 29, "d.m.b.n": 42}
    assert hidden(released(by_drug, INTERNAL)) == {"d.f.b.n"}
    assert {"d.f.a.n", "d.f.b.n"} <= hidden(released(by_ward | by_drug, INTERNAL))


def test_totals_are_rounded_and_there() -> None:
    values = table([[33, 52], [41, 68]])
    assert released(values, PUBLISH) == {
        "t.a0.b0.n": 35, "t.a0.b1.n": 50, "t.a1.b0.n": 40, "t.a1.b1.n": 70, "t.a0.n": 85, "t.a1.n": 110,
        "t.b0.n": 75, "t.b1.n": 120, "t.n": 195}  # fmt: skip


GRID = np.array(list(itertools.product(range(31), repeat=2)))
EVERY = np.concatenate(
    [np.repeat(GRID, len(GRID), 0), np.tile(GRID, (len(GRID), 1))], 1
)  # a0b0 a0b1 a1b0 a1b1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 14), min_size=4, max_size=4), st.sampled_from([INTERNAL, PUBLISH, STRICT]))
def test_no_table_gives_a_small_cell_away(values: list[int], profile: Profile) -> None:
    """Every table of four counts up to 30 that fits what is shown is tried, without linear programmes."""
    exact = table([values[:2], values[2:]])
    shown = released(exact, profile)
    inner = ["t.a0.b0.n", "t.a0.b1.n", "t.a1.b0.n", "t.a1.b1.n"]
    parts = {
        each: [i for i, c in enumerate(inner) if set(each.split(".")) <= set(c.split("."))] for each in exact
    }
    fits = np.ones(len(EVERY), bool)
    for each, which in parts.items():
        if each not in hidden(shown):
            assert not profile.small(exact[each])
            half = profile.base / 2 if profile.base > 1 else 0
            fits &= np.abs(EVERY[:, which].sum(1) - shown[each]) <= half
    left = EVERY[fits]
    for each, which in parts.items():
        if each in hidden(shown) and 0 < exact[each] < profile.threshold:
            seen = set(left[:, which].sum(1))
            possible = len(seen & {*range(1, profile.threshold)})
            assert 2 * possible >= profile.threshold - 1, "half of the small numbers must remain possible"


def test_a_sum_among_rows_that_stand_beside_each_other(project: Project) -> None:
    """Of 300 who started 4 were excluded: rounded, 300 - 295 says little; exact, one of the others goes."""
    del project
    flow = {"c.started.n": 300, "c.excluded.n": 4, "c.eligible.n": 296}
    assert hidden(released(flow, PUBLISH)) == {"c.excluded.n"}
    assert len(hidden(released(flow, INTERNAL))) == 2


def test_what_an_earlier_release_showed_stays_known(project: Project) -> None:
    """33 were shown; now 37 = 33 + 4 comes beside them: only the total can go."""
    del project
    now = {"w.n": 37, "w.x.n": 33, "w.y.n": 4}
    before = ledger({"id": "w.x.n", "estimate": 33})
    assert hidden(released(now, INTERNAL)) == {"w.x.n", "w.y.n"}
    assert hidden(released(now, INTERNAL, earlier=[before])) >= {"w.n", "w.y.n"}


# shares of a total


def test_dominance_by_hand() -> None:
    """60 of 100 is more than half; 48 and 47 of 100 are more than nine tenths; 12 times 10 are nobody's."""
    assert dominated([60, *[2] * 20], PUBLISH)
    assert dominated([48, 47, 5], PUBLISH)
    assert not dominated([10] * 12, PUBLISH)
    assert known_within([100, 50, 5, 4])  # 9 is less than a tenth of 100
    assert not known_within([100, 50, 6, 5])


def test_means_of_groups() -> None:
    frame = pd.DataFrame({"g": ["a"] * 12 + ["b"] * 9 + ["c"] * 12, "x": [10.0] * 21 + [1000.0] + [1.0] * 11})
    made = group_means(frame, ["g"], "x", PUBLISH).set_index("g")
    assert made.loc["a"].tolist() == [10, 0, 10]
    assert made.loc["b"].isna().all()  # nine people
    assert np.isnan(made.at["c", "mean"])  # one of them makes it


# rows


def test_rows_by_hand(project: Project) -> None:
    del project
    made = protect(
        ledger(
            {"id": "a.small", "estimate": 9, "n": 100},
            {"id": "a.large", "estimate": 33, "n": 342},
            {"id": "a.rest", "estimate": 95, "n": 100},
            {"id": "b.age.median", "estimate": 67.4, "n": 40, "scale": "value"},
            {"id": "b.age.q25", "estimate": 51.7, "n": 39, "scale": "value"},
            {"id": "b.age.max", "estimate": 97, "n": 342, "scale": "value"},
            {"id": "c.death.crude.risk_treated", "estimate": 22 / 125, "n": 125, "events": 22, "scale": "risk, treated"},
            {"id": "c.death.crude.rr", "estimate": 1.0637, "conf_low": 0.6512, "conf_high": 1.7163, "n": 342, "events": 58,
             "scale": "risk ratio"},
            {"id": "c.death.crude.rd", "estimate": 0.010581, "conf_low": -0.06943, "conf_high": 0.09826, "n": 342, "events": 58,
             "scale": "risk difference"},
            {"id": "d.smd", "estimate": 0.1234, "scale": "smd"},
            {"id": "d.hr", "estimate": 1.23, "n": 11, "scale": "hazard ratio"},
            {"id": "e.log_likelihood.x", "estimate": -12.345, "n": 300, "scale": "value"},
        ),
        PUBLISH,
    )  # fmt: skip
    withheld = {"a.small", "a.rest", "b.age.q25", "b.age.max", "d.smd", "d.hr", "e.log_likelihood.x"}
    assert set(made.withheld.index) == withheld
    said = texts(made)
    assert said["a.large"] == "35"
    assert said["b.age.median"] == "67"
    assert said["c.death.crude.risk_treated"] == "16.0%"  # 20 of 125
    assert said["c.death.crude.rr"] == "1.10 (95% CI 0.65 to 1.70)"
    assert said["c.death.crude.rd"] == "+1.1 percentage points (95% CI −6.9 to +9.8)"
    assert all(said[id_] == "suppressed" for id_ in withheld)
    shown = made.ledger.set_index("id")
    assert shown.loc[list(withheld), ["estimate", "n", "events", "conf_low"]].isna().all(axis=None)
    assert shown.at["c.death.crude.rr", "events"] == 60
    with_people = protect(ledger({"id": "d.smd", "estimate": 0.1234, "scale": "smd"}), PUBLISH, people=342)
    assert texts(with_people) == {"d.smd": "0.12"}


def test_the_published_difference_has_several_counts_behind_it(project: Project) -> None:
    """The solver of the methods: deaths of 125 and 217 that give +1.1 points, when arms are rounded to 20 and 35."""
    del project
    pairs = [(a, b) for a in range(18, 23) for b in range(33, 38) if decimals(a / 125 - b / 217, 3) == 0.011]
    assert (22, 36) not in pairs
    exact = decimals(22 / 125 - 36 / 217, 3)
    assert exact == 0.010
    behind = [(a, b) for a in range(126) for b in range(218) if decimals(a / 125 - b / 217, 3) == exact]
    assert len(behind) >= 3


def test_counts_that_add_up(project: Project) -> None:
    """Of 50 in a ward 43, 4 and 3: the small ones go, and 50 - 43 says nothing of either; of 23 = 20 + 3 both go."""
    del project
    three = ledger(
        *({"id": f"w.{k}n", "estimate": v} for k, v in {"": 50, "x.": 43, "y.": 4, "z.": 3}.items())
    )
    found = linked({"w.n": 50, "w.x.n": 43, "w.y.n": 4, "w.z.n": 3}, {})
    assert found.sums == (("w.n", ("w.x.n", "w.y.n", "w.z.n")),)
    assert {"w.y.n", "w.z.n"} <= set(protect(three, INTERNAL).withheld.index)
    two = ledger(*({"id": f"w.{k}n", "estimate": v} for k, v in {"": 23, "x.": 20, "y.": 3}.items()))
    assert set(protect(two, INTERNAL).withheld.index) == {"w.x.n", "w.y.n"}


def test_arms_days_and_neighbours(project: Project) -> None:
    del project
    risk = {"scale": "risk, treated", "n": 125, "events": 4, "estimate": 0.032}
    other = risk | {"scale": "risk, control", "events": 60, "n": 217, "estimate": 0.27}
    arms = ledger({"id": "o.imv.risk_treated", **risk}, {"id": "o.imv.risk_control", **other})
    assert set(protect(arms, PUBLISH).withheld.index) == {"o.imv.risk_treated", "o.imv.risk_control"}
    daily = ledger(*({"id": f"o.day_{d}.risk", "scale": "risk", "estimate": 0.2, "n": 342, "events": 60, "horizon_days": d}
                     for d in (6, 7, 8, 14, 15)))  # fmt: skip
    assert set(protect(daily, PUBLISH).withheld.index) == {"o.day_6.risk", "o.day_8.risk", "o.day_15.risk"}
    near = ledger(*({"id": f"o.{name}.rd", "scale": "risk difference", "estimate": 0.01, "n": n, "events": 60}
                    for name, n in (("all", 342), ("but_three", 339), ("half", 170))))  # fmt: skip
    assert set(protect(near, PUBLISH).withheld.index) == {"o.but_three.rd"}


def test_landmarks_between_which_few_die(project: Project) -> None:
    """Of 20, 34, 38 and 60 deaths four fall in the third week: one landmark of it goes, with both arms and difference."""
    del project
    deaths = {7: (20, 40), 14: (34, 48), 21: (38, 60), 28: (60, 60)}
    rows = [
        {"id": f"o.death{day}.ato.{name}", "scale": scale, "n": n, "events": events, "estimate": share, "horizon_days": day,
         "outcome": "death"}
        for day, (one, two) in deaths.items()
        for name, scale, n, events, share in (
            ("risk_treated", "risk, treated", 200, one, one / 200), ("risk_control", "risk, control", 200, two, two / 200),
            ("rd", "risk difference", 400, one + two, (one - two) / 200))
    ]  # fmt: skip
    gone = protect(ledger(*rows), PUBLISH).withheld
    assert set(gone.index) == {f"o.death14.ato.{name}" for name in ("risk_treated", "risk_control", "rd")}
    assert gone.str.startswith("too few events of an arm follow").all()
    assert not gone.map(lambda says: small_in(says, 10)).any(), "what leaves is searched for small counts"


def test_earlier_releases(project: Project) -> None:
    """Between 100 and 103 there are three patients; twelve more are enough."""
    del project
    before = ledger(
        {"id": "a.n", "estimate": 100}, {"id": "b.n", "estimate": 100}, {"id": "c.n", "estimate": 100}
    )
    now = ledger(
        {"id": "a.n", "estimate": 103}, {"id": "b.n", "estimate": 112}, {"id": "c.n", "estimate": 100}
    )
    assert set(protect(now, PUBLISH, earlier=[before]).withheld.index) == {"a.n"}


def test_people_in_words(project: Project) -> None:
    del project
    row = {"id": "a.rd", "scale": "risk difference", "estimate": 0.01, "n": 228, "events": 40,
           "population": "treated patients with a match (3 without are left out)", "method": "of 114 pairs"}  # fmt: skip
    made = protect(ledger(row), PUBLISH).ledger.iloc[0]
    assert made["population"] == "treated patients with a match (fewer than 10 without are left out)"
    assert made["method"] == "of 115 pairs"


def test_the_whole_ledger_of_this_paper_as_if_it_were_a_hospitals(project: Project) -> None:
    exact = read_ledger(project.ledger)
    made = protect(exact, PUBLISH, people=342)
    counts = made.ledger[made.ledger["scale"] == "count"]["estimate"].dropna()
    assert len(counts) > 100
    assert ((counts == 0) | (counts >= 10)).all()
    assert (counts % 5 == 0).all()
    for name in ("n", "events"):
        assert (made.ledger[name].dropna() % 5 == 0).all()
    assert len(made.report) == len(exact)
