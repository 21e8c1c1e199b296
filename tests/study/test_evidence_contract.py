from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from livingpaper.__main__ import main
from livingpaper.build.project import Project
from study.data.load import load_published
from study.data.reading import ContractError
from study.evidence.check import check_evidence
from study.evidence.contract import load_evidence, rows_of, validate_evidence
from study.evidence.rules import ANALYSES, RULES

CHAPTERS = ("evidence", "supplement-evidence")


@pytest.fixture(scope="module")
def loaded(project: Project) -> pd.DataFrame:
    return load_evidence(project.data / "evidence.csv")


@pytest.fixture
def rows(loaded: pd.DataFrame) -> pd.DataFrame:
    return loaded.copy()


def test_every_row_is_identified_and_reasoned(rows: pd.DataFrame) -> None:
    assert (rows[["doi", "pmid", "registry"]] != "").any(axis=1).all()
    assert (rows["reason"] != "").all()
    assert set(rows["source"]) == {"primary", "secondary"}


def test_the_direct_row_is_the_published_counts(rows: pd.DataFrame, project: Project) -> None:
    value = load_published(project.data / "published.csv").set_index("id")["value"]
    direct = rows_of(rows, "direct").iloc[0]
    for drug, arm in (("anakinra", "drug"), ("baricitinib", "comparator")):
        assert direct[f"n_{arm}"] == value[f"published.n.{drug}"]
        assert direct[f"deaths_{arm}"] == value[f"published.death.{drug}"]


def test_all_violations_are_listed_at_once(rows: pd.DataFrame) -> None:
    broken = rows.astype({"effect": object})
    broken.loc[0, ["doi", "pmid", "registry"]] = ""
    broken.loc[1, "deaths_drug"] = 999
    broken.loc[2, ["conf_low", "conf_high"]] = [2.0, 1.0]
    broken.loc[3, "n_drug"] = None
    broken.loc[4, "source"] = "hearsay"
    broken.loc[5, "id"] = broken.loc[6, "id"]
    broken.loc[7, "reason"] = ""
    broken.loc[8, "effect"] = "about 0.8"
    broken.loc[9, "doi"] = "doi.org/10.1"
    with pytest.raises(ContractError) as caught:
        validate_evidence(broken)
    text = str(caught.value)
    for part in (
        "each row: must have a DOI, a PubMed number or a registry number; 1 row(s) have not, first garcia",
        "each row: must have no more deaths than patients; 1 row(s) have not, first ipd-bari-solidact-28",
        "each row: must have the effect between its limits; 1 row(s) have not, first ipd-actt-2-28",
        "each row: must have all four counts or none",
        "column source: must have one of primary, secondary; 1 row(s) have not, first ipd-tofacov-28",
        "column id: must have each value once",
        "column reason: must have a reason for being in or out; 1 row(s) have not, first ipd-recovery-28",
        "column effect: must have numbers only; 1 row(s) have not, first ipd-tactic-r-28 (about 0.8)",
        "column doi: must have a DOI as 10.1000/xyz, or nothing; 1 row(s) have not",
    ):
        assert part in text, (part, text)


def test_columns_and_a_missing_file(rows: pd.DataFrame, project: Project) -> None:
    with pytest.raises(ContractError) as caught:
        validate_evidence(rows.drop(columns="doi").assign(opinion="good"))
    assert "column doi: is required" in str(caught.value)
    assert "column opinion: is not in the contract of the evidence" in str(caught.value)
    with pytest.raises(FileNotFoundError, match="no.csv, found none; restore it"):
        load_evidence(project.data / "no.csv")


def test_a_study_may_not_count_twice(rows: pd.DataFrame) -> None:
    once = "a study that enters its analysis once, by name and by registry number; 2 row"
    for cells in (
        {"study": "BARI solidact", "seen_in": "elsewhere"},
        {"study": "Other", "comparator": "none"},
    ):
        twice = pd.concat([rows, rows.iloc[[1]].assign(id="again", **cells)], ignore_index=True)
        twice.loc[[1, len(rows)], "registry"] = (
            "NCT00000002" if cells["study"] == "Other" else "CRD42023431817"
        )
        with pytest.raises(ContractError, match=once):
            validate_evidence(twice)
    same = pd.concat([rows, rows.iloc[[-1]].assign(id="again")], ignore_index=True)
    with pytest.raises(ContractError, match="a result that is its own"):
        validate_evidence(same)
    with pytest.raises(ContractError, match=r"'colchicine' has none of \['anakinra five', .*'jak'"):
        rows_of(rows, "colchicine")


def test_included_rows_need_an_effect_and_an_analysis(rows: pd.DataFrame) -> None:
    out = rows.index[rows["measure"] == "none"][0]
    with pytest.raises(ContractError, match="a p-value, to be included"):
        validate_evidence(rows.assign(**{"include": rows["include"].mask(rows.index == out, "yes")}))
    with pytest.raises(ContractError, match="an analysis if it is included, and only then"):
        validate_evidence(rows.assign(**{"include": rows["include"].mask(rows.index == out, "yes")}))


def with_row(rows: pd.DataFrame, **cells: object) -> pd.DataFrame:
    """Return the evidence with one more row, a sound odds ratio, some of its cells changed."""
    sound = rows[rows["id"] == "ipd-actt-2-28"].iloc[0].to_dict() | {"id": "another", "study": "Another"}
    return pd.concat([rows, pd.DataFrame([sound | cells])], ignore_index=True)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"analysis": "baricitnib"}, "each row: must have analyses among direct, jak"),
        ({"analysis": "jak|Baricitinib"}, "each row: must have analyses among direct, jak"),
        ({"p_value": 1.5}, "column p_value: must have p-values above 0 up to 1"),
        ({"p_value": 0.0}, "column p_value: must have p-values above 0 up to 1"),
        ({"n_drug": 0, "deaths_drug": 0}, "each row: must have patients in each arm that is counted"),
        ({"n_comparator": 0, "deaths_comparator": 0}, "each row: must have patients in each arm"),
        (
            {"effect": 0.8, "conf_low": 0.6, "conf_high": 10.7},
            "each row: must have the effect near the middle",
        ),
        (
            {"effect": 0.8, "conf_low": 0.06, "conf_high": 1.07},
            "each row: must have the effect near the middle",
        ),
        ({"p_value": 0.001}, "each row: must have a p-value that agrees with the effect and its limits"),
        (
            {"effect": 0.5, "conf_low": 0.4, "conf_high": 0.625, "p_value": 0.9},
            "must have a p-value that agrees",
        ),
    ],
)
def test_what_makes_no_sense_across_cells_is_named(
    rows: pd.DataFrame, cells: dict[str, object], said: str
) -> None:
    validate_evidence(with_row(rows))
    with pytest.raises(ContractError) as caught:
        validate_evidence(with_row(rows, **cells))
    assert "in 1 place(s)" in str(caught.value)
    assert said in str(caught.value)
    assert "first another" in str(caught.value)


DIFFERENCE = {"measure": "risk difference", "include": "no", "analysis": "", "p_value": np.nan}
AGAINST = {"effect": 2.5, "conf_low": 1.7, "conf_high": 3.7}  # as if the arms were swapped
LARGE = {
    "measure": "odds ratio",
    "n_drug": 500,
    "deaths_drug": 40,
    "n_comparator": 500,
    "deaths_comparator": 90,
}


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        *(({"year": year}, "must have a year from 2019 to this") for year in ("20211", "2999", "1998", "2021?", "２０２１")),
        (
            {**DIFFERENCE, "effect": 0.6, "conf_low": -3.6, "conf_high": 4.8},
            "must have a risk difference and its limits as shares",
        ),
        ({**LARGE, **AGAINST}, "must have the effect on the side of its counts"),
        ({**LARGE, **AGAINST, "measure": "hazard ratio"}, "must have the effect on the side of its counts"),
        ({"effect": -0.35, "conf_low": -0.9, "conf_high": 0.2}, "must have ratios and their limits above 0"),
        ({"effect": 0.7, "conf_low": -0.9, "conf_high": 0.2}, "must have ratios and their limits above 0"),
        ({"p_value": "0,03"}, "column p_value: must have numbers only"),
        ({"deaths_drug": 12.5}, "column deaths_drug: must have whole numbers from 0"),
        ({"doi": "10.1038/S41591-021-01499-Z", "source": "primary"}, "must have a registry number and a DOI of its own"),
        ({"registry": "NCT04680949"}, "must have a registry number and a DOI of its own"),
    ],
)  # fmt: skip
def test_relatives_of_what_makes_no_sense_are_named(
    rows: pd.DataFrame, cells: dict[str, object], said: str
) -> None:
    with pytest.raises(ContractError, match=re.escape(said)):
        validate_evidence(with_row(rows.astype(object), **cells))


@pytest.mark.parametrize(
    "cells",
    [
        {
            **DIFFERENCE,
            "effect": 0.03,
            "conf_low": 0.01,
            "conf_high": 0.05,
        },  # in the middle as it is, not of logarithms
        {
            **DIFFERENCE,
            "effect": -0.03,
            "conf_low": -0.05,
            "conf_high": -0.01,
            "p_value": 0.0033,
        },  # 0.03 / 0.0102
        {**LARGE, "effect": 0.4, "conf_low": 0.27, "conf_high": 0.59},
        {"year": ""},
        {"year": "2019"},
        {"registry": "CRD42023431817"},  # of a review, which names many studies
    ],
)
def test_what_makes_sense_is_let_in(rows: pd.DataFrame, cells: dict[str, object]) -> None:
    validate_evidence(with_row(rows, **{"registry": "", **cells}))


def test_the_chapter_asks_for_every_analysis_that_a_row_may_name(project: Project) -> None:
    text = "".join((project.root / "book" / f"{name}.md").read_text("utf-8") for name in CHAPTERS)
    text += (project.root / "lib" / "study" / "evidence" / "printed.py").read_text("utf-8")
    asked = re.findall(r'rows_of\(evidence, "([^"]+)"\)', text)
    asked += [f"anakinra {kind}" for kind in re.findall(r'"(randomised|observational)": hh', text)]
    assert set(asked) == set(ANALYSES)


def lines_of(rows: pd.DataFrame, *new: dict[str, object]) -> pd.DataFrame:
    """Return rows to add: a sound trial of its own, some cells changed."""
    sound = dict.fromkeys(rows.columns, "") | {
        "id": "new-28", "study": "New", "design": "randomised trial", "drug": "baricitinib", "comparator": "placebo",
        "n_drug": 100, "deaths_drug": 9, "n_comparator": 100, "deaths_comparator": 12, "horizon": "day 28",
        "outcome": "death", "measure": "counts", "doi": "10.1000/new", "registry": "NCT00000001", "source": "primary",
        "include": "yes", "analysis": "baricitinib", "reason": "randomised", "seen_in": "article",
    }  # fmt: skip
    return pd.DataFrame([sound | cells for cells in new])


FAULTS = [
    ({"id": ""}, "(nothing): must have a name without spaces, found id nothing;"),
    ({"study": "Recovery"}, "must have a study that enters its analysis once, by name and by registry number, found study Rec"),
    ({"registry": "NCT04381936"}, "must have a study that enters its analysis once"),
    ({"deaths_drug": 101}, "must have no more deaths than patients, found n_drug 100, deaths_drug 101,"),
    (
        {"measure": "risk ratio", "effect": 0.5, "conf_low": 0.6, "conf_high": 0.9},
        "must have the effect between its limits, found effect 0.5, conf_low 0.6, conf_high 0.9;",
    ),
    ({"registry": "NCT123"}, "must have a registry number such as NCT01234567"),
    ({"doi": "", "registry": ""}, "must have a DOI, a PubMed number or a registry number, found doi nothing,"),
    ({"design": "cohort"}, "randomised and observational studies are pooled apart, found design cohort"),
    ({"risk_of_bias": "low"}, "must have a judgement of bias and who judged it, or neither"),
    ({"risk_of_bias": "fine", "risk_of_bias_by": "us"}, "must have one of nothing, low, some concerns"),
    ({"deaths_drug": "nine"}, "must have numbers only, found deaths_drug nine;"),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "said"), FAULTS)
def test_each_fault_of_a_new_row_is_one_line(
    rows: pd.DataFrame, project: Project, tmp_path: Path, cells: dict[str, object], said: str
) -> None:
    file, before = tmp_path / "new.csv", (project.data / "evidence.csv").read_bytes()
    lines_of(rows, {}).to_csv(file, index=False)
    assert check_evidence(project, file).startswith("new.csv: 1 row(s) are sound")
    lines_of(rows, {"id": "other", "study": "Other", "registry": "", "doi": "10.1000/other"}, cells).to_csv(
        file, index=False
    )
    with pytest.raises(ContractError) as caught:
        check_evidence(project, file)
    found = [line for line in str(caught.value).split("\n") if said in line]
    assert len(found) == 1, str(caught.value)
    assert found[0].startswith("  - row 2 (")
    assert "row 1 (" not in str(caught.value)
    assert (project.data / "evidence.csv").read_bytes() == before


def test_all_faults_of_a_file_come_at_once(rows: pd.DataFrame, project: Project, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    lines_of(rows, {"id": "a", "registry": "NCT123", "deaths_drug": 101}, {"id": "b", "doi": "x"}).to_csv(
        file, index=False
    )
    with pytest.raises(ContractError) as caught:
        check_evidence(project, file)
    text = str(caught.value)
    for part in (
        "row 1 (a): must have a registry",
        "row 1 (a): must have no more deaths",
        "row 2 (b): must have a DOI as",
    ):
        assert part in text
    lines_of(rows, {}).drop(columns="doi").to_csv(file, index=False)
    with pytest.raises(ContractError, match="column doi: is required"):
        check_evidence(project, file)


def test_the_file_itself_and_a_copy_with_a_row_are_sound(
    rows: pd.DataFrame, project: Project, tmp_path: Path
) -> None:
    here = project.data / "evidence.csv"
    assert f"{len(rows)} row(s) are sound" in check_evidence(project, here)
    file = tmp_path / "copy.csv"
    pd.concat([pd.read_csv(here, dtype=str, keep_default_na=False), lines_of(rows, {})]).to_csv(
        file, index=False
    )
    assert f"{len(rows) + 1} row(s) are sound" in check_evidence(project, file)


def test_the_command_ends_with_the_faults_and_no_traceback(
    rows: pd.DataFrame,
    project: Project,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(project.root)
    file = tmp_path / "new.csv"
    lines_of(rows, {"id": "a", "deaths_drug": 101}).to_csv(file, index=False)
    assert main(["evidence", "check", str(file)]) == 1
    assert "  - row 1 (a): must have no more deaths than patients" in capsys.readouterr().err
    lines_of(rows, {"id": "a"}).to_csv(file, index=False)
    assert main(["evidence", "check", str(file)]) == 0
    assert "1 row(s) are sound" in capsys.readouterr().out


def test_every_rule_says_which_cells_it_looks_at(rows: pd.DataFrame) -> None:
    assert all(cells and set(cells) <= set(rows.columns) for _, cells in RULES.values())


@pytest.mark.parametrize(
    "number",
    [
        "NCT00000001",
        "2020-001497-30",
        "ISRCTN40580903",
        "ChiCTR2000029765",
        "IRCT20081027001411N4",
        "CRD42023431817",
        "",
    ],
)
def test_known_registries_are_accepted(rows: pd.DataFrame, number: str) -> None:
    validate_evidence(with_row(rows, registry=number, doi="10.1000/x"))
