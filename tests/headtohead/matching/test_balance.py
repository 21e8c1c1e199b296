from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.matching.adjustment import matched_pairs, unadjusted
from headtohead.matching.balance import balance, balance_table, largest_imbalance, weighted_variance
from headtohead.matching.pairs import Matches
from headtohead.matching.summary import lost_to_matching, overlap, sample_sizes, score_histogram
from reference import GOLDENS, Reference

R_ATOL = 1e-8  # the scores, listed as "distance", differ in the 8th digit


def covariates(reference: Reference) -> pd.DataFrame:
    """The columns of MatchIt's summary and cobalt's table."""
    table = reference.design.assign(distance=reference.propensity.linear_predictor)
    table["hospitalB"] = table["hospital_B"] = table.pop("hospital[B]")
    return table.assign(hospitalA=1 - table["hospitalB"])


def matched(reference: Reference, variant: str) -> pd.Series:
    pairs = pd.read_csv(GOLDENS / f"{reference.name}_{variant}_pairs.csv").assign(distance=0.0)
    return matched_pairs(Matches(pairs, pd.Index([]), np.inf), reference.treated).weights


def test_by_hand() -> None:
    # treated 1, 3 (weights 1, 3): mean 2.5; controls 0, 2: mean 1; variances 2 and 2, so SMD = 1.5 / sqrt 2
    x = pd.DataFrame({"x": [1.0, 3, 0, 2]})
    treated, weights = pd.Series([True, True, False, False]), pd.Series([1.0, 3, 1, 1])
    row = balance_table(x, treated, weights, denominator="pooled").iloc[0]
    assert row["smd"] == pytest.approx(1.5 / np.sqrt(2))
    # distribution gap: at 0 the controls have 1/2, the treated 0; at 1: 1/4 against 1/2; at 2: 1/4 against 1
    assert row["ks"] == pytest.approx(0.75)
    # weighted variance: (1 x 1.5^2 + 3 x 0.5^2) x 4 / (16 - 10) = 2
    assert weighted_variance(np.array([1.0, 3]), np.array([1.0, 3])) == pytest.approx(2.0)


@pytest.mark.parametrize(
    "variant", ["caliper", "nocaliper", "caliper_exact_hospital", "caliper_data_order", "ratio2_caliper"]
)
def test_equals_matchit_summary(reference: Reference, variant: str) -> None:
    table, answers, ones = (
        covariates(reference),
        reference.answers["match"][variant],
        pd.Series(1.0, reference.treated.index),
    )
    before = balance_table(table, reference.treated, ones, denominator="treated").set_index("covariate")
    after = balance_table(
        table, reference.treated, matched(reference, variant), denominator="treated"
    ).set_index("covariate")
    for frame, column, key in (
        (before, "smd", "smd_before_treated_sd"),
        (after, "smd", "smd_after_treated_sd"),
        (after, "variance_ratio", "var_ratio_after"),
        (after, "ks", "ecdf_max_after"),
    ):
        theirs = {name: value for name, value in answers[key].items() if value != "NA"}
        np.testing.assert_allclose(
            frame.loc[list(theirs), column], list(theirs.values()), atol=R_ATOL, err_msg=key
        )


def test_equals_cobalt_with_pooled_denominator(reference: Reference) -> None:
    table, theirs = covariates(reference), reference.answers["cobalt_pooled"]
    ones = pd.Series(1.0, reference.treated.index)
    frames = {
        "before": balance_table(table, reference.treated, ones, denominator="pooled"),
        "after": balance_table(table, reference.treated, matched(reference, "caliper"), denominator="pooled"),
    }
    for when, frame in frames.items():
        ours = frame.set_index("covariate").loc[theirs["row"]]
        for column, key in (("smd", "smd"), ("variance_ratio", "vr"), ("ks", "ks")):
            expected = [np.nan if value == "NA" else value for value in theirs[f"{key}_{when}"]]
            np.testing.assert_allclose(ours[column], expected, atol=R_ATOL, err_msg=f"{column} {when}")


def test_swapping_the_arms_flips_the_sign(reference: Reference) -> None:
    ones = pd.Series(1.0, reference.treated.index)
    one = balance_table(reference.design, reference.treated, ones, denominator="pooled")
    other = balance_table(reference.design, ~reference.treated, ones, denominator="pooled")
    np.testing.assert_allclose(one["smd"], -other["smd"], atol=1e-12)
    np.testing.assert_allclose(one["variance_ratio"], 1 / other["variance_ratio"])
    np.testing.assert_allclose(one["ks"], other["ks"])


def test_missing_values_are_left_out() -> None:
    x = pd.DataFrame({"x": [1.0, 3, np.nan, 0, 2, np.nan]})
    treated = pd.Series([True, True, True, False, False, False])
    full = balance_table(
        x.dropna(), treated[x["x"].notna()], pd.Series(1.0, x.dropna().index), denominator="pooled"
    )
    pd.testing.assert_frame_equal(
        balance_table(x, treated, pd.Series(1.0, x.index), denominator="pooled"), full
    )


def test_an_unknown_denominator_is_refused() -> None:
    with pytest.raises(ValueError, match="found 'matched'"):
        balance_table(pd.DataFrame(), pd.Series(dtype=bool), pd.Series(dtype=float), denominator="matched")


def test_summaries_add_up(reference: Reference) -> None:
    ps, treated = reference.propensity.ps, reference.treated
    bins = score_histogram(reference.propensity)
    assert bins["treated"].sum() == treated.sum()
    assert bins["control"].sum() == (~treated).sum()
    shared = overlap(reference.propensity).set_index("name")["estimate"]
    inside = ps.between(shared["common_low"], shared["common_high"]).sum()
    assert inside + shared["outside"] == len(ps)
    assert shared["terms"] == reference.design.shape[1]
    sizes = sample_sizes([reference.propensity.crude(), reference.propensity.weight("ATO")])
    sizes = sizes.set_index(["adjustment", "arm"])
    assert sizes.loc[("crude", "treated"), ["n", "ess"]].tolist() == [treated.sum(), treated.sum()]
    for key in ("crude", "ato"):
        assert sizes.at[(key, "both"), "ess"] == sizes.loc[(key, ["treated", "control"]), "ess"].sum()


def test_balance_goes_over_adjustments_and_names_the_worst_covariate(reference: Reference) -> None:
    table = balance([reference.propensity.crude(), reference.propensity.weight("ATO")])
    assert list(table["label"].unique()) == ["Crude", "Overlap weights"]
    found = largest_imbalance(table, threshold=0.1).set_index(["adjustment", "name"])
    crude = table[table["adjustment"] == "crude"].set_index("covariate")["smd"].abs()
    assert found.at[("crude", "largest"), "method"] == crude.idxmax()
    assert found.at[("crude", "above_threshold"), "estimate"] == (crude > 0.1).sum()
    assert found.at[("ato", "above_threshold"), "estimate"] == 0  # exact balance of overlap weights
    with pytest.raises(ValueError, match="crude has no design; give them"):
        balance(unadjusted(reference.treated))


def test_who_is_lost_is_compared_with_who_is_kept() -> None:
    x = pd.DataFrame({"x": [1.0, 3, 5, 9, 0]}, index=list("abcde"))
    treated = pd.Series([True, True, True, False, False], index=x.index)
    pairs = pd.DataFrame({"treated_id": ["a", "b"], "control_id": ["d", "e"], "distance": 0.0})
    table = lost_to_matching(matched_pairs(Matches(pairs, pd.Index(["c"]), 1.0), treated), x)
    assert table.iloc[0][["mean_matched", "mean_lost", "smd"]].tolist() == [
        2.0,
        5.0,
        1.5,
    ]  # SD of 1, 3, 5 is 2
