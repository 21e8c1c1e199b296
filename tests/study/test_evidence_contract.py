from __future__ import annotations

import re

import pandas as pd
import pytest
from livingpaper.build.project import Project
from study.data.load import load_published
from study.data.reading import ContractError
from study.evidence.contract import ANALYSES, load_evidence, rows_of, validate_evidence


@pytest.fixture
def rows(project: Project) -> pd.DataFrame:
    return load_evidence(project.data / "evidence.csv")


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
    twice = pd.concat([rows, rows.iloc[[1]].assign(id="again")], ignore_index=True)
    with pytest.raises(ContractError, match=r"\['Bari-SolidAct'\] enter 'baricitinib' twice; exclude one"):
        rows_of(validate_evidence(twice), "baricitinib")
    with pytest.raises(ContractError, match=r"'colchicine' has none of \['anakinra', .*'jak'"):
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


def test_the_chapter_asks_for_every_analysis_that_a_row_may_name(project: Project) -> None:
    text = (project.root / "book" / "evidence.md").read_text("utf-8")
    text += (project.root / "lib" / "study" / "evidence" / "printed.py").read_text("utf-8")
    assert set(re.findall(r'rows_of\(evidence, "([^"]+)"\)', text)) == set(ANALYSES)
