"""What a biostatistician who did not know the library typed wrong in an afternoon, and its relatives."""

from __future__ import annotations

import headtohead as hh
import numpy as np
import pandas as pd
import pytest
from headtohead import errors
from headtohead.kernels.pairs import caliper_width
from headtohead.matching.design import design_matrix
from headtohead.outcomes.cox import fit_cox
from headtohead.sensitivity.diagnostics import check
from headtohead.sensitivity.strata import fewest

N = 80
RNG = np.random.default_rng(7)
FRAME = pd.DataFrame(
    {
        "age": RNG.normal(60, 9, N),
        "bmi": RNG.normal(27, 4, N),
        "ward": np.array(list("abcd"))[np.arange(N) % 4],
    }
)
ARM = pd.Series(np.arange(N) % 2 == 0)
STATE = pd.Series(np.arange(N) % 3)
DAYS = pd.Series(1.0 + np.arange(N) % 20)
X = FRAME[["age", "bmi"]]
SCORE = hh.propensity(X, ARM)
CRUDE, PAIRS, WEIGHTS = SCORE.crude(), SCORE.match(caliper_sd=1.0), SCORE.weight("ATO")
NOT_MADE = SCORE.match(caliper_sd=1e-12, key="far", optional=True)
DEATH = hh.Endpoint("death", DAYS, (STATE == 1).astype(int))
KNOWN = hh.Endpoint.recorded("death", (STATE == 1).astype(int), by=10)
STUDIES = pd.DataFrame(
    {
        "deaths_drug": [10, 15, 18],
        "n_drug": [100, 90, 80],
        "deaths_comparator": [12, 20, 19],
        "n_comparator": [99, 91, 83],
    }
)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: hh.risks(KNOWN, CRUDE, by=5),
        lambda: hh.risks([KNOWN], [CRUDE, WEIGHTS], by=[10, 9]),
        lambda: hh.outcomes.discordant_pairs(KNOWN, PAIRS, by=5),
        lambda: hh.standardised_risks(KNOWN, SCORE, X, estimands=["ATE"], by=5),
        lambda: KNOWN.by(9),
        lambda: KNOWN.on(ARM.index[::-1]).by(9),
        lambda: KNOWN.cut(9),
    ],
)
def test_what_is_known_by_a_day_alone_is_not_known_before(ask: object) -> None:
    """The risk was 0, with limits."""
    with pytest.raises(errors.HorizonError, match="'death' is known, day [59] is before 10, .*; give by=10"):
        ask()  # type: ignore[operator]
    assert hh.risks(KNOWN, CRUDE, by=10)["events"].iloc[0] > 0


@pytest.mark.parametrize(
    "estimator",
    ["hazard_ratios", "subdistribution_hazard_ratios", "proportional_hazards_tests", "log_rank_tests", "gray_tests",
     "incidence_curves", "days_lost"],
)  # fmt: skip
def test_what_is_known_by_a_day_alone_has_no_course(estimator: str) -> None:
    """Nobody had lost a day: all events lay on the last."""
    more = {"event_free": "alive"} if estimator == "days_lost" else {}
    with pytest.raises(
        errors.EventError, match="must know when events happened, found what 'death' was by day 10 alone"
    ):
        getattr(hh, estimator)(KNOWN, CRUDE, by=10, **more)


@pytest.mark.parametrize("day", [np.nan, -1, 0, np.inf, None, "28"])
@pytest.mark.parametrize("method", ["by", "cut", "need_follow_up"])
def test_an_endpoint_is_asked_for_a_day_after_time_zero(method: str, day: object) -> None:
    endpoint = hh.Endpoint("death", DAYS, (STATE == 1).astype(int))
    with pytest.raises(errors.HorizonError, match="a number of days above 0"):
        getattr(endpoint, method)(day)


@pytest.mark.parametrize("causes", [["2", "1"], [" 1", "out"], ["death", None], ["death", np.nan]])
def test_numbers_are_no_names_of_numbers(causes: list[object]) -> None:
    """ "2" named the patients of code 1."""
    frame = pd.DataFrame({"days": DAYS, "state": STATE})
    with pytest.raises(errors.EventError, match="say in words what 1, 2"):
        hh.Endpoint.of(frame, time="days", event="state", causes=causes)  # type: ignore[arg-type]
    words = frame.assign(state=frame["state"].astype(str))
    found = hh.Endpoint.of(words, time="days", event="state", causes=["2", "1"], censored="0")
    assert (found.cause == 1).sum() == (STATE == 2).sum()


@pytest.mark.parametrize(
    "ask",
    [
        lambda: hh.Endpoint("e", DAYS, STATE, causes={"a", "b"}),  # type: ignore[arg-type]
        lambda: hh.Endpoint.of(pd.DataFrame({"d": DAYS, "s": STATE}), time="d", event="s", causes={"a", "b"}),  # type: ignore[arg-type]
        lambda: hh.curves_plot(
            hh.incidence_curves(hh.Endpoint("e", DAYS, STATE, ("a", "b")), CRUDE, by=10,
                                inference=hh.Inference(bootstrap_replicates=9)),
            arms=frozenset({"new", "old"}),  # type: ignore[arg-type]
        ),
    ],
)  # fmt: skip
def test_names_whose_order_counts_come_in_an_order(ask: object) -> None:
    with pytest.raises(errors.InputError, match="must come in an order, found a (frozen)?set; give a list"):
        ask()  # type: ignore[operator]


def test_one_level_may_be_a_column() -> None:
    level = (STATE != 1).astype(float).rename("alive")
    one = hh.win_ratios(level, CRUDE, outcome="o", by=10).estimates
    pd.testing.assert_frame_equal(one, hh.win_ratios(level.to_frame(), CRUDE, outcome="o", by=10).estimates)
    assert one["estimate"].notna().all()


@pytest.mark.parametrize("size", [1e-200, 1e200])
@pytest.mark.parametrize(
    "ask",
    [
        lambda x: hh.balance(CRUDE, x),
        lambda x: hh.balance_report(x, CRUDE),
        lambda x: hh.table_one(x, ARM, ["age"]),
        lambda x: hh.matching.lost_to_matching(PAIRS, x),
        lambda x: hh.mean_differences(x["age"], CRUDE, outcome="'age'"),
    ],
)
def test_numbers_that_cannot_be_squared_are_refused(ask: object, size: float) -> None:
    """The standardised difference was 0."""
    with pytest.raises(
        errors.NumberError,
        match="('age'|the spread of an outcome) must be of a size that can be squared.*another unit",
    ):
        ask(X.assign(age=X["age"] * size))  # type: ignore[operator]


def test_a_column_without_values_has_no_difference() -> None:
    gone = FRAME.assign(age=np.nan, ward=None)
    assert hh.table_one(gone, ARM, ["age", "ward"])["smd"].isna().all()


def test_tables_put_together_name_one_covariate() -> None:
    both = pd.concat([hh.balance([CRUDE], X[["age"]]), hh.balance([CRUDE], X[["bmi"]])])
    worst = hh.matching.largest_imbalance(both, threshold=0.01).set_index("name").at["largest", "method"]
    assert worst in ("age", "bmi")


@pytest.mark.parametrize(
    "change", [{"deaths_drug": [200, 15, 18]}, {"n_drug": [-1, 90, 80]}, {"deaths_comparator": [12.5, 20, 19]},
               {"n_comparator": [0, 91, 83]}, {"deaths_drug": [-1, 15, 18]}],
)  # fmt: skip
@pytest.mark.parametrize("method", ["Mantel-Haenszel", "binomial-normal"])
def test_counts_of_studies_are_possible(method: str, change: dict[str, list[float]]) -> None:
    with pytest.raises(
        errors.NumberError, match="whole numbers between 0 and the patients, 1 of 3 are not, first 0"
    ):
        hh.evidence.few_events(STUDIES.assign(**change), method=method, conf_level=0.95)  # type: ignore[arg-type]


def test_limits_of_another_level_are_not_taken_for_these() -> None:
    ratio = hh.evidence.few_events(STUDIES, method="Mantel-Haenszel", conf_level=0.95)
    with pytest.raises(errors.NumberError, match="of the level 0.5, found 0.95; pool again"):
        hh.evidence.indirect_comparisons({"x": ratio}, ratio, conf_level=0.5)


def test_who_had_the_event_cannot_have_it_later() -> None:
    had = KNOWN.by(10) == 1
    with pytest.raises(errors.NumberError, match="must not have had the event"):
        hh.sensitivity.tipping_grid(
            KNOWN, CRUDE, had, by=10, extra_treated=[0, 1], extra_control=[0], margin=0.1, alpha=0.05
        )


@pytest.mark.parametrize(
    "formula", ["age + as.factor(ward)", "age + ns(bmi, 3)", "I(age^2)", "age +", "rcs(age, '4')"]
)
def test_a_formula_of_r_is_answered_in_the_words_of_this_one(formula: str) -> None:
    with pytest.raises(
        errors.UnknownError, match=r"C\(x\) is a factor, rcs\(x, 4\).* I\(x\*\*2\) is a square"
    ):
        design_matrix(FRAME, formula)


@pytest.mark.parametrize("formula", ["log(bmi)", "age + np.sqrt(bmi)", "I(1 / bmi) + age"])
def test_the_logarithm_of_no_positive_number_is_not_missing(formula: str) -> None:
    wrong = FRAME.assign(bmi=FRAME["bmi"].where(FRAME.index != 3, 0 if "/" in formula else -1))
    with pytest.raises(
        errors.NumberError, match="finite numbers for every patient, 1 of 80 are not, first 3; look at"
    ):
        design_matrix(wrong, formula)


def test_a_formula_does_not_impute_and_says_so() -> None:
    gap = FRAME.assign(bmi=FRAME["bmi"].where(FRAME.index != 3))
    with pytest.raises(errors.MissingError, match="impute_from needs the terms as a list, found a formula"):
        design_matrix(gap, "age + bmi", impute_from=["age"])


def test_a_covariate_far_from_zero_has_the_ratio_of_one_near_it() -> None:
    event = (STATE == 1).astype(int)
    near, far = (
        hh.outcomes.cox_few_events(DAYS, event, X + shift, conf_level=0.95)["estimate"] for shift in (0, 1e9)
    )
    np.testing.assert_allclose(far, near, rtol=1e-4)


def test_a_horizon_may_come_from_numpy() -> None:
    right = hh.risks(KNOWN, CRUDE, by=10)
    for by in (np.int64(10), np.array(10), np.float32(10)):
        pd.testing.assert_frame_equal(hh.risks(KNOWN, CRUDE, by=by), right, check_dtype=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", [lambda n: SCORE.match(caliper_sd=n), lambda n: hh.risks(KNOWN, CRUDE, by=n)])
def test_a_whole_number_of_any_size_is_refused_in_words(ask: object) -> None:
    with pytest.raises(errors.InputError, match="; "):
        ask(10**400)  # type: ignore[operator]


def test_both_arms_are_offered() -> None:
    """The message named the first in the alphabet: who copied it turned the effect round."""
    with pytest.raises(errors.ArmError, match="treated='No' or treated='Yes'"):
        hh.propensity(X, pd.Series(np.where(ARM, "Yes", "No")))


def test_columns_that_occur_twice_are_not_told_to_number_the_patients() -> None:
    with pytest.raises(errors.DuplicateError, match="name each once"):
        hh.propensity(FRAME.assign(arm=ARM), "arm", ["age", "age"])


def test_exact_tests_of_many_patients_are_left_out_instead_of_running_for_ever() -> None:
    few, many = (hh.proportions.TwoByTwo(n // 5, n, n // 4, n) for n in (60, 20_000))
    names = [set(hh.proportions.equality_tests(one)["test"]) for one in (few, many)]
    assert names[0] - names[1] == {"Boschloo exact", "Barnard exact"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda: check("k", "d", "smd", 1, rule="at mots", threshold=2),  # type: ignore[arg-type]
        lambda: fewest(pd.DataFrame({"verdict": ["harm"]}), "worse"),
    ],
)
def test_a_word_that_is_no_choice_is_not_taken_for_the_last_one(ask: object) -> None:
    with pytest.raises(errors.ChoiceError, match="must be one of 'at most'|must be one of 'harm'"):
        ask()  # type: ignore[operator]


@pytest.mark.parametrize("unknown", [ARM, ~ARM, ARM | True])
def test_an_exposure_that_an_arm_does_not_know_says_so(unknown: pd.Series) -> None:
    exposures = pd.DataFrame({"smokes": (STATE == 1).astype(float).mask(unknown)})
    row = hh.sensitivity.confounder_benchmarks(exposures, ARM, (STATE == 2).astype(int)).iloc[0]
    assert row["method"] == "cannot be estimated, because the exposure is unknown in an arm"
    assert row[["with_arm", "with_outcome", "bound"]].isna().all()


@pytest.mark.parametrize(
    "ask",
    [
        lambda: hh.sensitivity.confounder_benchmarks(FRAME[[]], ARM, (STATE == 2).astype(int)),
        lambda: hh.outcomes.state_occupation(np.zeros((N, 3)), [], names=["ill"]),
        lambda: hh.outcomes.state_occupation(np.zeros((N, 3)), [NOT_MADE], names=["ill"]),
        lambda: hh.incidence_curves(DEATH, [NOT_MADE], by=5),
        lambda: hh.matching.pairs_by_stratum(PAIRS, by=[]),
        lambda: hh.matching.pairs_by_stratum([], by=[FRAME["ward"]]),
        lambda: hh.matching.pairs_by_stratum([CRUDE, NOT_MADE], by=[FRAME["ward"]]),
        *(lambda ask=ask: ask(FRAME[["ward"]], NOT_MADE) for ask in (hh.matching.factor_balance, hh.balance_report)),
        *(lambda ask=ask: ask(FRAME[[]], CRUDE) for ask in (hh.matching.factor_balance, hh.balance_report)),
        lambda: hh.balance(NOT_MADE, X),
        lambda: hh.balance(CRUDE, X[[]]),
        lambda: hh.matching.lost_to_matching(PAIRS, X[[]]),
    ],
)  # fmt: skip
def test_none_of_what_is_needed_is_one_clear_error(ask: object) -> None:
    """It was pandas's, or a table without rows."""
    with pytest.raises(errors.InputError, match="found none; "):
        ask()  # type: ignore[operator]


@pytest.mark.parametrize("numbers", [FRAME["age"], STATE, STATE.astype("float32"), STATE.astype("Int64")])
def test_amounts_are_no_categories(numbers: pd.Series) -> None:
    """Each age was a category of its own, and the arms were 8.8 standard deviations apart."""
    with pytest.raises(
        errors.NumberError, match="must be words, or 0 and 1, 'g' holds .*; convert codes with"
    ):
        hh.matching.factor_balance(numbers.to_frame("g"), CRUDE)
    found = [
        hh.matching.factor_balance(STATE.astype(kind).to_frame("g"), CRUDE) for kind in (str, "category")
    ]
    pd.testing.assert_frame_equal(*found)
    assert len(hh.matching.factor_balance((STATE == 1).astype(float).to_frame("g"), CRUDE)) == 1


@pytest.mark.parametrize("kind", [bool, "boolean"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda days: hh.Endpoint("e", days, ARM.astype(int)),
        lambda days: hh.log_rank(days, ARM.astype(int), ARM),
        lambda days: hh.outcomes.cox_few_events(days, ARM.astype(int), X, conf_level=0.95),
        lambda days: hh.sensitivity.per_protocol(DEATH, CRUDE, days, by=5, baseline=X, changing=[]),
        lambda days: hh.sensitivity.per_protocol(DEATH, CRUDE, DAYS, by=5, baseline=X, changing=[days]),
    ],
)
def test_truth_values_are_no_days(ask: object, kind: str) -> None:
    """Who was in intensive care had died on day 1."""
    with pytest.raises(errors.InputError, match="must be numbers, found bool"):
        ask((DAYS > 3).astype(kind))  # type: ignore[operator]


@pytest.mark.parametrize("name", ["", "ward"])
def test_a_name_is_no_column_to_match_exactly_on(name: str) -> None:
    for match in (SCORE.match, SCORE.match_optimal):
        with pytest.raises(errors.InputError, match="to match exactly on must be a Series .*found str"):
            match(caliper_sd=1.0, exact=name)


@pytest.mark.parametrize(
    "more", [{}, {"replace": True}, {"mahalanobis": ["age"]}, {"mahalanobis": ["age"], "replace": True}]
)
def test_more_controls_than_there_are_can_be_asked_for(more: dict[str, object]) -> None:
    """The memory for a thousand million rounds was asked for."""
    every, many, some = (
        SCORE.match(caliper_sd=1.0, ratio=n, **more) for n in (len(ARM), 10**9, np.uint8(200))
    )  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(every.matches.pairs, many.matches.pairs)  # type: ignore[union-attr]
    pd.testing.assert_frame_equal(every.matches.pairs, some.matches.pairs)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "ask",
    [
        lambda n, p: hh.outcomes.minimum_detectable_difference(p, n, n, power=3 * p, alpha=p / 2),
        lambda n, p: hh.outcomes.power_of_equivalence(p, n, n, margin=p, alpha=p / 2),
        lambda n, p: hh.outcomes.patients_per_arm_for_equivalence(p, margin=p, alpha=p / n, power=3 * p),
        lambda n, p: hh.outcomes.minimum_detectable_hazard_ratio(n, p, power=3 * p, alpha=p / 2),
        lambda n, p: hh.sensitivity.e_value(n + p, to=n),
        lambda n, p: hh.sensitivity.e_value(n, to=n - 150 + p),
    ],
)
def test_small_numbers_of_numpy_are_the_numbers_that_they_say(ask: object) -> None:
    share = np.float32(0.1)
    right, found = ask(200, float(share)), ask(np.uint8(200), share)  # type: ignore[operator]
    np.testing.assert_allclose(found, right, rtol=1e-6)


EFFECTS = hh.evidence.study_effects(
    STUDIES.assign(id=list("abc"), study=list("ABC"), design="trial", source="x", measure="risk ratio")
    .assign(effect=0.9, conf_low=0.7, conf_high=1.2, p_value=0.4),
    prefer="counts",
)  # fmt: skip
POOL = {"tau2": "DL", "interval": "normal", "conf_level": 0.95}
RATIO = hh.evidence.combined(EFFECTS, **POOL)  # type: ignore[arg-type]
EVIDENCE = [
    (STUDIES, "n_drug", lambda rows: hh.evidence.few_events(rows, method="Mantel-Haenszel", conf_level=0.95)),
    (EFFECTS.assign(effect=0.9, p_value=0.4), "p_value", lambda rows: hh.evidence.study_effects(rows, prefer="counts")),
    (EFFECTS.assign(effect=0.9, p_value=0.4), "deaths_drug", lambda rows: hh.evidence.study_effects(rows, prefer="counts")),
    (EFFECTS, "variance", lambda rows: hh.evidence.meta_analysis(rows, **POOL)),  # type: ignore[arg-type]
    (EFFECTS, "log_effect", lambda rows: hh.evidence.leave_one_out(rows, **POOL)),  # type: ignore[arg-type]
    (EFFECTS, "variance", lambda rows: hh.evidence.random_effects(rows["log_effect"], rows["variance"], **POOL)),  # type: ignore[arg-type]
    (EFFECTS, "variance", lambda rows: hh.sensitivity.pool(rows["log_effect"], rows["variance"], conf_level=0.9, df_complete=9)),
    (EFFECTS, "std_error", lambda rows: hh.sensitivity.shrink(rows["log_effect"], rows["std_error"], tau_sd=1.0, conf_level=0.9)),
    (RATIO, "estimate", lambda rows: hh.evidence.absolute_effect(rows, 0.1)),
    (RATIO, "conf_low", lambda rows: hh.evidence.indirect_comparisons({"x": rows}, RATIO, conf_level=0.95)),
    (RATIO, "std_error", lambda rows: hh.outcomes.posteriors(rows.iloc[0], [hh.outcomes.Prior("flat", "no")], margins={"a": 1})),
    (RATIO, "estimate", lambda rows: hh.outcomes.equivalence_tests(rows.iloc[0], {"a": 1}, alpha=0.05)),
    (hh.balance(CRUDE, X), "smd", hh.love_plot),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "column", "ask"), EVIDENCE)
def test_numbers_of_tables_are_numbers_or_missing(rows: pd.DataFrame, column: str, ask: object) -> None:
    """Words that look like one were taken for it; what was missing was pandas's error, or called no plain number."""

    def with_first(value: object) -> pd.DataFrame:
        return rows.astype({column: object}).assign(**{column: [value, *rows[column].iloc[1:]]})

    right, same = ask(rows), ask(with_first(rows[column].iloc[0]))  # type: ignore[operator]
    if isinstance(right, pd.DataFrame):
        pd.testing.assert_frame_equal(same, right, check_dtype=False)
    for wrong in ("0.9", "none", [1]):
        with pytest.raises(errors.NumberError, match="must be numbers or missing, found ('|.1)"):
            ask(with_first(wrong))  # type: ignore[operator]
    for missing in (None, pd.NA):
        try:
            ask(with_first(missing))  # type: ignore[operator]
        except errors.InputError as error:
            assert "plain numbers" not in str(error)  # noqa: PT017


@pytest.mark.parametrize("printed", ["0,85", None, 0.85, pd.NA, ""])
def test_reference_values_are_numbers_as_text(printed: object) -> None:
    with pytest.raises(errors.NumberError, match="must be numbers as text, found"):
        hh.evidence.reproduction(pd.DataFrame({"id": ["a"], "printed": [printed]}), {"a": 0.85})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("ask", "size", "words"),
    [
        (lambda x: hh.outcomes.logistic_few_events((STATE == 1).astype(int), x, conf_level=0.95), 1e-9, "ratio per unit"),
        (lambda x: hh.outcomes.cox_few_events(DAYS, (STATE == 1).astype(int), x, conf_level=0.95), 1e-9, "ratio per unit"),
        (lambda x: hh.sensitivity.per_protocol(DEATH, CRUDE, DAYS, by=5, baseline=x, changing=[]), 1e306, "be squared"),
        (lambda x: fit_cox(DAYS, (STATE == 1).astype(int), x), 1e306, "be squared"),
        (lambda x: caliper_width(x["age"], ARM, caliper_sd=0.2, scale="all"), 1e306, "be squared"),
    ],
)  # fmt: skip
def test_what_overflows_is_refused_by_name(ask: object, size: float, words: str) -> None:
    """With warnings as errors it was a RuntimeWarning, otherwise a ratio of infinity."""
    with pytest.raises(errors.NumberError, match=f"{words}.*(larger|another) unit"):
        ask(X * size)  # type: ignore[operator]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("smd", [1.7e308, np.inf, -1e307])
def test_a_difference_of_any_size_lies_outside_a_love_plot(smd: float) -> None:
    table = hh.balance([CRUDE, WEIGHTS], X)
    table.loc[0, "smd"] = smd
    assert hh.love_plot(table).layer[1].data["smd"][0] == np.inf


def test_a_fault_of_the_function_is_not_called_a_fault_of_the_subset() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        hh.sensitivity.estimate_in_subsets(FRAME, {"all": ARM | True}, lambda _: int("x"))  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("kind", [int, np.int64, np.uint8])
def test_whole_numbers_are_margins_and_results(kind: type) -> None:
    """The negative of numpy's small 3 is 253, and its whole numbers have no power of -2."""

    def asked(one: type) -> list[pd.DataFrame]:
        row = pd.Series({"estimate": one(1), "std_error": one(2)}).astype(object)
        row["scale"], margins = "mean difference", {"a": one(3)}
        priors = [hh.outcomes.Prior("flat", "none"), hh.outcomes.Prior("sceptical", "0", 0, one(2))]
        densities = hh.outcomes.posterior_densities(row.iloc[:2].astype(one), priors, grid=np.array([0]))
        tests = hh.outcomes.equivalence_tests(row, margins, alpha=0.05)
        return [hh.outcomes.posteriors(row, priors, margins=margins), tests, densities]

    for found, right in zip(asked(kind), asked(float), strict=True):
        pd.testing.assert_frame_equal(found, right)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [list, pd.Index])
def test_dates_as_objects_name_patients_and_strata(kind: type) -> None:
    """pandas warned that it will no longer take them for dates."""
    days = pd.Index(list(pd.date_range("2020-01-01", periods=N)), dtype=object if kind is list else None)
    score = hh.propensity(X.set_axis(days, axis=0), ARM.set_axis(days))
    week = pd.Series(
        [pd.Timestamp("2020-01-01") + pd.Timedelta(days=k % 2) for k in STATE], days, dtype=object
    )
    pairs = score.match(caliper_sd=1.0, exact=[week])
    found = hh.matching.pairs_by_stratum(pairs, by=[week.rename("week")])
    assert (found["within"] == found["matched_treated"]).all()
    table = hh.cohort.arm_by_stratum(
        FRAME.set_axis(days, axis=0).assign(week=week), score.treated, by=["week", "ward"]
    )
    assert table["n"].sum() == N


def test_strata_with_gaps_are_counted_where_they_are_known() -> None:
    """Words and None could not be sorted."""
    gaps = FRAME.assign(site=pd.Series(["b", None, "a", pd.NA] * (N // 4), dtype=object))
    found = hh.cohort.arm_by_stratum(gaps, ARM, by=["site", "ward"])
    assert found["n"].sum() == N / 2
    assert found["site"].unique().tolist() == ["a", "b"]
