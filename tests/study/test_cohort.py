"""The chapters on cohort, methods and dictionary, by running their cells: what counts say, and who is analysed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from headtohead.proportions.counts import TwoByTwo
from livingpaper.build.project import Project
from livingpaper.chapters.cells import ChapterError
from livingpaper.chapters.session import start
from livingpaper.ledger.ledger import WITHHELD, read_ledger
from project_copy import copy_project
from running import Ran, run_chapter
from study.data.load import load_cohort, load_dictionary, load_published
from study.data.published import bounds_on_overlap, by_outcome, further
from study.index.figures import icon_array, key_figure
from study.protocol.protocol import Protocol
from vl_convert import vegalite_to_svg


@pytest.fixture(autouse=True)
def _session_ends(project: Project) -> Iterator[None]:
    yield
    start(project, strict=False)


@pytest.fixture(scope="module")
def ran(project: Project) -> Ran:
    return whole(project)


def whole(project: Project, **given: Any) -> Ran:
    """Return the cohort chapter together with its supplement."""
    return run_chapter(project, "cohort", "supplement-cohort", **given)


def changed(plan: Protocol, **sections: dict[str, Any]) -> Protocol:
    """Return a protocol with other values in some sections."""
    update = {name: getattr(plan, name).model_copy(update=values) for name, values in sections.items()}
    return plan.model_copy(update=update)


def of_cohort(project: Project, ran: Ran) -> Ran:
    """Return the methods chapter and its supplement with what a run of the cohort chapter made."""
    made = {name: ran.variables[name] for name in ("plan", "dictionary", "counts", "margins")}
    return run_chapter(project, "methods", "supplement-methods", **made)


def with_arms(plan: Protocol, treated: str, control: str) -> dict[str, Any]:
    """Return choices, published counts and cohort of the same patients under other drugs."""
    names = {"anakinra": treated, "baricitinib": control}
    published = load_published()
    committed = load_cohort(plan.study.cohort, load_dictionary())
    return {
        "plan": changed(plan, arms={"treated": treated, "control": control}),
        "published": published.assign(arm=published["arm"].replace(names)),
        "everyone": committed.assign(drug=committed["drug"].replace(names)),
    }


@pytest.mark.parametrize(
    ("id_", "printed", "recomputed"),
    [
        ("imv.anakinra.percent", "10.4%", 100 * 13 / 125),
        ("imv.baricitinib.percent", "4.6%", 100 * 10 / 217),
        ("death.anakinra.percent", "17.6%", 100 * 22 / 125),
        ("death.baricitinib.percent", "16.6%", 100 * 36 / 217),
        # n (ad - bc)^2 / (row and column totals), 1 degree of freedom, without correction
        ("imv.p", "0.039", 0.03945394020004616),
        ("death.p", "0.811", 0.810546770058143),
    ],
)
def test_number_of_the_abstract(ran: Ran, id_: str, printed: str, recomputed: float) -> None:
    published, ours = ran.rows.loc[f"published.{id_}"], ran.rows.loc[f"counts.{id_}"]
    assert published["text"] == ours["text"] == printed
    assert ours["estimate"] == pytest.approx(recomputed, rel=1e-12)
    assert ours["method"] == "reproduced"
    assert ran.shown["tbl-recomputed"].frame["Verdict"].tolist() == ["reproduced"] * 6


def test_a_count_that_is_off_by_one_is_noticed(project: Project) -> None:
    other = load_published()
    wrong = other["id"] == "published.death.anakinra"
    other.loc[wrong, "value"], other.loc[wrong, "printed"] = 23, "23"
    verdicts = run_chapter(project, "cohort", published=other).rows["method"]
    assert verdicts["counts.death.anakinra.percent"] == verdicts["counts.death.p"] == "differs"
    assert verdicts["counts.imv.p"] == "reproduced"


def test_a_wrong_printed_number_is_seen(project: Project) -> None:
    other = load_published()
    other.loc[other["id"] == "published.death.p", ["value", "printed"]] = [0.812, "0.812"]
    again = whole(project, published=other)
    verdicts = again.shown["tbl-recomputed"].frame.set_index("Number")["Verdict"]
    assert verdicts[verdicts == "differs"].index.tolist() == ["Death in hospital, p-value"]
    assert "both" not in again.shown["tbl-tests"].frame["Gives the published values"].tolist()


def test_only_the_uncorrected_chi_square_gives_both_p_values(ran: Ran) -> None:
    table = ran.shown["tbl-tests"].frame.set_index("Test")["Gives the published values"]
    assert table[table == "both"].index.tolist() == ["Pearson chi-square"]
    assert len(table) == 8


def test_margin_tests_follow_their_interval(ran: Ran, protocol: Protocol) -> None:
    """Two one-sided tests at alpha pass exactly when the 1 - 2 alpha interval lies inside the margin."""
    points = {"margin": protocol.equivalence.margin_pp, "wide": protocol.equivalence.wide_margin_pp}
    said = ran.shown["tbl-similarity"].frame["Similar shown"].tolist()
    inside = []
    for outcome in ("death", "imv"):
        for name, width in points.items():
            id_ = f"counts.{outcome}.equivalence.{name}"
            low, high = ran.rows.loc[f"{id_}.interval", ["conf_low", "conf_high"]]
            inside.append(-width / 100 < low and high < width / 100)
            assert ran.rows.at[f"{id_}.smallest", "estimate"] == pytest.approx(max(-low, high))
            assert (ran.rows.at[f"{id_}.p", "estimate"] <= protocol.equivalence.alpha) == inside[-1]
    assert said == ["yes" if held else "no" for held in inside] == ["no", "yes", "no", "no"]


def test_bounds_by_hand() -> None:
    counts = {"imv": TwoByTwo(13, 125, 10, 217), "death": TwoByTwo(22, 125, 36, 217)}
    found = bounds_on_overlap(counts).set_index(["arm", "bound"])["count"]
    # at most 13 ventilated among 22 deaths: at least 9 died without; ventilated or dead between 22 and 35
    assert found["treated"].to_dict() == {
        "deaths_without_imv_min": 22 - 13, "composite_min": 22, "composite_max": 22 + 13,
    }  # fmt: skip
    assert found["control"].to_dict() == {
        "deaths_without_imv_min": 36 - 10, "composite_min": 36, "composite_max": 36 + 10,
    }  # fmt: skip
    small = {"imv": TwoByTwo(9, 10, 1, 10), "death": TwoByTwo(5, 10, 0, 10)}
    bounded = bounds_on_overlap(small).set_index(["arm", "bound"])["count"]
    assert bounded["treated", "composite_max"] == 10  # not 9 + 5: there are ten patients
    assert bounded["treated", "deaths_without_imv_min"] == 0


def test_by_outcome_keeps_the_order_and_names_the_outcome() -> None:
    counts = {"imv": TwoByTwo(1, 2, 3, 4), "death": TwoByTwo(0, 5, 1, 6)}
    found = by_outcome(counts, lambda table, more: pd.DataFrame({"n": [table.n_treated, more]}), more=7)
    assert found.to_dict("list") == {"outcome": ["imv", "imv", "death", "death"], "n": [2, 7, 5, 7]}
    assert list(found.index) == [0, 1, 2, 3]


def test_chances_lie_between_nothing_and_certainty(ran: Ran, project: Project) -> None:
    rows = pd.concat([ran.rows, of_cohort(project, ran).rows])
    chances = rows.loc[rows["scale"] == "probability", "estimate"].astype(float)
    assert len(chances) > 10
    assert chances.between(0, 1).all()
    within, worse, better = (
        rows.at[f"counts.death.posterior.{name}", "estimate"]
        for name in ("within_margin", "worse_by_margin", "better_by_margin")
    )
    assert within + worse + better == pytest.approx(1, abs=1e-9)


def test_the_flow_adds_up(ran: Ran) -> None:
    n = ran.rows["estimate"]
    steps = n[n.index.str.startswith("cohort.excluded.step_")]
    assert steps.sum() == n["cohort.excluded.n"] == n["cohort.started.n"] - n["cohort.eligible.n"]
    assert (n["cohort.eligible.anakinra.n"], n["cohort.eligible.baricitinib.n"]) == (125, 217)  # as published
    assert ran.variables["strata"]["n"].sum() == n["cohort.eligible.n"] == 342
    for criterion in ran.rows.loc[steps.index, "method"]:
        assert criterion in str(ran.shown["fig-flow"].chart.to_dict())
    ends = n[n.index.str.startswith("cohort.follow_up.")]
    assert ran.rows.loc[ends.index, "n"].sum() == 342


def test_table_one_is_what_pandas_says(ran: Ran) -> None:
    patients, frame = ran.variables["patients"], ran.shown["tbl-one"].frame
    low, middle, high = patients.loc[patients["treated"], "age"].quantile([0.25, 0.5, 0.75])
    row = frame[frame.iloc[:, 0].str.startswith("Age")].iloc[0]
    assert row.iloc[1] == f"{middle:.1f} ({low:.1f} to {high:.1f})"
    assert list(frame.columns[1:3]) == ["Anakinra, n = 125", "Baricitinib, n = 217"]


OTHER = {
    "estimand": {"primary": "ATT"},
    "balance": {"smd_threshold": 0.2},
    "outcome": {"horizon_days": 14},
    "inference": {"conf_level": 0.9},
    "equivalence": {"margin_pp": 3.0, "alpha": 0.025},
}


def test_every_exhibit_follows_other_choices_arms_and_real_people(
    project: Project, protocol: Protocol
) -> None:
    given = with_arms(changed(protocol, **OTHER), "drug A", "drug B")
    given["everyone"] = given["everyone"].assign(synthetic=0)
    plan, cohort = given["plan"], whole(project, **given)
    methods = of_cohort(project, cohort)
    smd = cohort.variables["smd"]["smd"].abs()
    assert cohort.rows.at["cohort.smd.above_tenth", "estimate"] == (smd > plan.balance.smd_threshold).sum()
    assert cohort.rows.at["counts.death.rd", "conf_level"] == plan.inference.conf_level
    level = f"{100 * (1 - 2 * plan.equivalence.alpha):.0f}% interval, points"
    assert level in cohort.shown["tbl-similarity"].frame
    assert methods.shown["tbl-estimands"].frame["Estimand"].iloc[0] == plan.estimand.primary
    assert f"day {plan.outcome.horizon_days}" in methods.shown["fig-design"].alt
    assert cohort.rows.at["cohort.eligible.drug_a.n", "estimate"] == 125
    assert set(cohort.rows.loc[cohort.rows.index.str.startswith("cohort."), "origin"]) == {"real"}
    assert list(cohort.shown["tbl-one"].frame.columns[1:3]) == ["Drug A, n = 125", "Drug B, n = 217"]
    assert cohort.shown["tbl-one"].origin == "real"
    for exhibit in (*cohort.shown.values(), *methods.shown.values()):
        assert exhibit._repr_mimebundle_()
        assert "nakinra" not in str(getattr(exhibit, "frame", "")) or exhibit.name == "tbl-history"


@pytest.fixture
def blind(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of the project whose outcomes are withheld."""
    copy = copy_project(project, tmp_path / "blind")
    shutil.copytree(project.root / "book", copy.root / "book")
    shutil.copyfile(project.root / "_toc.yml", copy.root / "_toc.yml")
    if (project.root / "paper.toml").is_file():
        shutil.copyfile(project.root / "paper.toml", copy.root / "paper.toml")
    text = copy.protocol.read_text("utf-8")
    copy.protocol.write_text(text.replace("blinded = false", "blinded = true"), "utf-8")
    monkeypatch.chdir(copy.root)
    return copy


def test_blinded_the_ends_of_follow_up_are_withheld_and_the_counts_stay(blind: Project) -> None:
    ran = whole(blind)
    ends = ran.rows[ran.rows.index.str.startswith("cohort.follow_up.")]
    assert set(ends["method"]) == {WITHHELD}
    assert ends["estimate"].isna().all()
    assert ran.shown["tbl-ends"].frame.shape == (1, 1)
    assert len(ran.shown["tbl-baseline"].frame) > 30 > len(ran.shown["tbl-one"].frame) > 10
    assert ran.rows.at["counts.death.rd", "estimate"] == pytest.approx(22 / 125 - 36 / 217)


@pytest.mark.parametrize("primary", ["ATO", "ATT"])
def test_the_key_figure_shows_the_primary_estimand(
    project: Project, protocol: Protocol, primary: str
) -> None:
    ledger = read_ledger(project.ledger)
    drawing = key_figure(ledger, changed(protocol, estimand={"primary": primary}))
    for world in ("null", "harm", "benefit"):
        estimate = ledger.at[f"worlds.{world}.death_stay.{primary.lower()}.rd", "text"].split(" ")[0]
        truth = ledger.at[f"worlds.{world}.truth.death_stay.{primary.lower()}.rd", "text"].split(" ")[0]
        assert f"adjusted {estimate} (" in drawing.alt
        assert f"truth {truth}" in drawing.alt
    assert "Of 4 intervals" in drawing.alt


def test_blinded_the_key_figure_shows_the_counts_alone(project: Project, protocol: Protocol) -> None:
    ledger = read_ledger(project.ledger).copy()
    worlds = ledger.index.str.match(r"worlds\.\w+\.(?!truth)")
    ledger.loc[worlds, ["estimate", "conf_low", "conf_high"]] = np.nan
    ledger.loc[worlds, ["text", "method"]] = WITHHELD
    drawing = key_figure(ledger, protocol)
    assert "Of 1 intervals" in drawing.alt
    assert "world" not in drawing.alt


def test_the_dictionary_shows_every_column_once(project: Project) -> None:
    ran = run_chapter(project, "dictionary")
    shown = pd.concat([table.frame for table in ran.shown.values()])["Column"].str.strip("`")
    assert sorted(shown) == sorted(ran.variables["dictionary"]["name"])


def test_the_size_of_a_study_by_hand(ran: Ran, project: Project) -> None:
    # n = 2 p (1 - p) (z / margin)^2 with z = 1.645 + 1.282 for alpha 5%, power 80%, p = 36 / 217
    found = of_cohort(project, ran).rows["estimate"]
    risk = 36 / 217
    by_hand = 2 * risk * (1 - risk) * ((1.6449 + 1.2816) / 0.05) ** 2
    assert found["counts.precision.equivalence.n_margin"] == pytest.approx(by_hand, rel=2e-3)
    harm, ratio = (found[f"counts.precision.mde.{name}"] for name in ("harm", "harm_ratio"))
    assert ratio == pytest.approx(1 + harm / risk)
    pairs = [found[f"counts.precision.mde.pairs_{name}"] for name in ("few", "many")]
    assert pairs[0] > pairs[1] > harm


def with_further(**beside: str) -> pd.DataFrame:
    """Return the published file with two made-up rows from elsewhere in the article."""
    made = pd.DataFrame({
        "id": ["published.further.hr", "published.further.pairs"], "outcome": ["death", ""], "arm": ["", ""],
        "quantity": ["hazard ratio", "matched pairs"], "value": [1.23, 99.0], "printed": ["1.23 (0.45 to 3.21)", "99"],
        "place": ["Table 9, row 9", "Results, paragraph 9"], "beside": ["outcomes.death28.crude.hr.death", ""],
    })  # fmt: skip
    return pd.concat([load_published(), made.assign(**beside)], ignore_index=True).fillna({"beside": ""})


def test_further_published_numbers_stand_beside_ours_and_change_nothing_else(
    project: Project, ran: Ran
) -> None:
    again = run_chapter(project, "cohort", published=with_further())
    ledger, table = read_ledger(project.ledger), again.shown["tbl-recomputed"].frame
    assert table.iloc[-2].tolist() == [
        "Hazard ratio, death", "1.23 (0.45 to 3.21)", ledger.at["outcomes.death28.crude.hr.death", "text"], "–",
        "beside, synthetic", "Table 9, row 9",
    ]  # fmt: skip
    assert table.iloc[-1].tolist() == [
        "Matched pairs",
        "99",
        "–",
        "–",
        "not computed",
        "Results, paragraph 9",
    ]
    pd.testing.assert_frame_equal(table.iloc[:-2], ran.shown["tbl-recomputed"].frame)
    assert again.shown["tbl-recomputed"].origin == "published+counts+synthetic"
    pd.testing.assert_frame_equal(again.rows, ran.rows.loc[again.rows.index])


def test_a_further_number_needs_its_text_and_its_place_and_a_number_that_exists(project: Project) -> None:
    for column, cell in {"printed": " ", "place": ""}.items():
        with pytest.raises(
            ValueError, match=r"\['published.further.hr', 'published.further.pairs'\] have not; correct"
        ):
            further(with_further(**{column: cell}))
    with pytest.raises(ChapterError, match="LedgerError: .* must have the id 'no.such.number'"):
        run_chapter(project, "cohort", published=with_further(beside="no.such.number"))


def test_the_icon_array_counts_the_dead_of_a_hundred(project: Project, protocol: Protocol) -> None:
    drawing = icon_array(read_ledger(project.ledger), protocol)
    rows = pd.DataFrame(next(iter(drawing.spec()["datasets"].values()))).set_index("drug")
    assert rows["died"].to_dict() == {
        "Anakinra: 18 of 100 died": 18,
        "Baricitinib: 17 of 100 died": 17,
    }  # 22/125, 36/217
    assert (rows["died"] + rows["left"]).tolist() == [100, 100]
    squares = vegalite_to_svg(drawing.spec())
    assert squares.count('aria-roledescription="square"') == 200
    assert squares.count("fate: Died in hospital;") == 18 + 17
    assert "18 in that of anakinra and 17 in that of baricitinib" in drawing.alt
