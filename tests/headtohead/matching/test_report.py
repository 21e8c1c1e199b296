from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.matching.adjustment import matched_pairs, unadjusted
from headtohead.matching.balance import balance_report, balance_table
from headtohead.matching.pairs import Matches, match_nearest
from headtohead.matching.summary import lost_to_matching, pairs_by_stratum
from reference import Reference


def test_by_hand() -> None:
    # age: 60, 70 | 50, 60 and one missing; crude SMD 10 / sqrt((50 + 50) / 2); ward: a, a | a, b, b
    frame = pd.DataFrame({"age": [60, 70, 50, 60, np.nan], "ward": list("aaabb"), "icu": [1, 0, 0, 0, 0]})
    treated = pd.Series([True, True, False, False, False])
    table = balance_report(frame, unadjusted(treated))
    assert list(zip(table["column"], table["level"], table["kind"], strict=True)) == [
        ("age", "", "mean"), ("ward", "a", "share"), ("ward", "b", "share"), ("icu", "", "share"),
    ]  # fmt: skip
    age, ward = table.iloc[0], table.iloc[1]
    assert (age["mean_treated"], age["mean_control"]) == (65, 55)
    assert age["sd_treated"] == pytest.approx(np.sqrt(50))
    assert age["smd"] == pytest.approx(np.sqrt(2))
    assert (age["missing_treated"], age["missing_control"]) == (0, 1)
    assert ward["mean_control"] == pytest.approx(1 / 3)
    assert np.isnan(ward["sd_treated"])


def test_rows_are_those_of_the_balance_table_checked_against_cobalt(reference: Reference) -> None:
    treated, design = reference.treated, reference.design.drop(columns="hospital[B]")
    ways = [reference.propensity.crude(), reference.propensity.weight("ATO")]
    table = balance_report(design, ways, denominator="treated")
    for way in ways:
        theirs = balance_table(design, treated, way.weights, denominator="treated")
        ours = table[table["adjustment"] == way.key].reset_index()
        np.testing.assert_array_equal(
            ours[["smd", "variance_ratio", "ks"]], theirs[["smd", "variance_ratio", "ks"]]
        )
        ratio = (ours["sd_treated"] / ours["sd_control"]) ** 2
        np.testing.assert_allclose(ratio, theirs["variance_ratio"])


def test_it_takes_any_two_arms_and_text_of_any_kind() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=30),
            "grade": pd.Categorical(rng.choice(["low", "high"], 30)),
            "flag": rng.random(30) < 0.5,
            "text": rng.choice(np.array(["u", "v", None], dtype=object), 30),
        }
    )
    treated = pd.Series(rng.random(30) < 0.5)
    table = balance_report(frame, unadjusted(treated))
    assert set(table["level"]) == {"", "high", "low", "u", "v"}
    missing = table.set_index("level").loc["u", ["missing_treated", "missing_control"]].sum()
    assert missing == frame["text"].isna().sum()


def test_report_errors() -> None:
    treated = pd.Series([True, True, False])
    frame = pd.DataFrame({"x": [1.0, 2.0, np.nan]})
    with pytest.raises(ValueError, match="known value of 'x' under crude, found 2 and 0; leave it out"):
        balance_report(frame, unadjusted(treated))
    with pytest.raises(ValueError, match="an adjustment is needed, found none"):
        balance_report(frame, [])
    whole = frame.fillna(3.0)
    backwards = balance_report(whole.iloc[::-1], unadjusted(treated))
    pd.testing.assert_frame_equal(backwards, balance_report(whole, unadjusted(treated)))


def test_pairs_by_stratum_by_hand() -> None:
    treated = pd.Series({"t1": True, "t2": True, "t3": True, "c1": False, "c2": False, "c3": False})
    ward = pd.Series(list("aabaab"), index=treated.index, name="ward")
    pairs = pd.DataFrame({"treated_id": ["t1", "t3"], "control_id": ["c1", "c2"], "distance": 0.0})
    table = pairs_by_stratum(matched_pairs(Matches(pairs, pd.Index(["t2"]), 1.0), treated), by=[ward])
    assert table.to_dict("list") == {
        "ward": ["a", "b"],
        "treated": [2, 1],
        "control": [2, 1],
        "matched_treated": [1, 1],
        "matched_control": [2, 0],
        "within": [1, 0],  # t3 of ward b has a partner in ward a
        "adjustment": ["pairs", "pairs"],
    }


def test_exact_pairs_stay_within_their_stratum_and_add_up(reference: Reference) -> None:
    hospital, treated = reference.frame["hospital"], reference.treated
    found = match_nearest(
        reference.propensity.linear_predictor,
        treated,
        ratio=1,
        caliper=0.1,
        order="largest",
        exact=[hospital],
    )
    table = pairs_by_stratum(matched_pairs(found, treated), by=[hospital])
    assert (table["within"] == table["matched_treated"]).all()
    assert (table["matched_control"] == table["matched_treated"]).all()
    assert table["within"].sum() == found.n_pairs
    assert table[["treated", "control"]].to_numpy().sum() == len(treated)


def test_lost_patients_by_hand() -> None:
    # treated at 0, 2 matched and 7 lost: SD of (0, 2, 7) is sqrt(13), 7 - 1 = 6
    treated = pd.Series([True, True, True, False, False])
    x = pd.DataFrame({"x": [0.0, 2.0, 7.0, 0.0, 2.0]})
    pairs = pd.DataFrame({"treated_id": [0, 1], "control_id": [3, 4], "distance": 0.0})
    way = matched_pairs(Matches(pairs, pd.Index([2]), 1.0), treated)
    row = lost_to_matching(way, x).iloc[0]
    assert (row["mean_matched"], row["mean_lost"]) == (1, 7)
    assert row["smd"] == pytest.approx(6 / np.sqrt(13))
    pairs.loc[2] = [2, 4, 0.0]
    everyone = matched_pairs(Matches(pairs, pd.Index([]), 1.0), treated)
    assert lost_to_matching(everyone, x).empty
