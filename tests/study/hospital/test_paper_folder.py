"""The folder of a hospital's own paper: blinded until accepted, no change without an entry, nothing left of what was shown."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hospital_cohort import good
from livingpaper.__main__ import main
from livingpaper.build.cache import files_of
from livingpaper.build.project import Project
from study.hospital.checking import as_text, check_file
from study.hospital.contract import CORE
from study.hospital.folder import FolderError, Own, folder_of, require_unseen_by_git, write_folder
from study.hospital.load import read_patients
from study.hospital.own_choices import BOTH_USED, OwnProtocol, load_own_protocol
from study.hospital.own_history import Acceptance, HistoryError, as_toml
from study.hospital.settings import NAME
from study.protocol.history import History
from study.protocol.protocol import ProtocolError, load_protocol

pytestmark = pytest.mark.whole

GOOD = good()
SCORE = '[score]\ncolumns = ["age", "sex", "charlson"]\n'
YES = Acceptance("A. Clinician", "overlap and balance suffice")
LEFT = ("results/ledger.csv", "_build/html/index.html", "_build/paper.pdf", "_build/.jupyter_cache/global.db",
        "_build/work/html/x.json", "notebooks/outcomes.ipynb", "private/exact.csv",
        "private/steps/take-outcomes.pickle")  # fmt: skip


def written(
    project: Project, folder: Path, frame: pd.DataFrame = GOOD, settings: str = SCORE,
    accept: Acceptance | None = None,
) -> OwnProtocol:  # fmt: skip
    """Write the folder of a cohort and return its choices; ``ValueError`` if something stands against the cohort."""
    folder.mkdir(exist_ok=True)
    file = folder / "mine.csv"
    frame.to_csv(file, index=False)
    (folder / NAME).write_text(settings, "utf-8")
    report = check_file(project, file)
    if report.stands:
        raise ValueError(as_text(report))
    target = Project(folder_of(file))
    write_folder(target, own=Own(project, report, load_protocol(project.protocol), accept))
    return load_own_protocol(target.protocol)


def shown(folder: Path) -> list[Path]:
    """Return the files of a build, planted."""
    paths = [folder / "mine-paper" / name for name in LEFT]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a number")
    return paths


def test_a_paper_is_blinded_until_its_diagnostics_are_accepted(project: Project, tmp_path: Path) -> None:
    assert written(project, tmp_path).study.blinded
    shown(tmp_path)
    plan = written(project, tmp_path, accept=YES)
    assert not plan.study.blinded
    first, accepted = plan.amendment
    assert (accepted.what, accepted.why) == ("Diagnostics accepted by A. Clinician", YES.reason)
    assert accepted.accepted == plan.study.patients
    assert not accepted.outcomes_seen
    assert History(plan).faults == []
    again = written(project, tmp_path, accept=YES)  # said twice, as after a PDF that failed
    assert again == plan
    assert first.version != "this file"


def test_what_was_never_seen_cannot_be_accepted(project: Project, tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="have no blinded paper yet; build it first"):
        written(project, tmp_path, accept=YES)
    written(project, tmp_path)
    with pytest.raises(HistoryError, match="have no blinded paper yet"):  # written, but not built
        written(project, tmp_path, accept=YES)
    shown(tmp_path)
    with pytest.raises(HistoryError, match="have no blinded paper yet"):  # built of other patients
        written(project, tmp_path, GOOD.iloc[1:], accept=YES)


@pytest.mark.parametrize("words", ["", "me", "me,", ", because it is fine", "A. Clinician, fine"])
def test_an_acceptance_has_a_name_and_a_reason(words: str) -> None:
    with pytest.raises(HistoryError, match='must be "name, reason"'):
        Acceptance.of(words)


def test_going_back_leaves_nothing_of_what_was_shown(project: Project, tmp_path: Path) -> None:
    written(project, tmp_path)
    kept = shown(tmp_path)
    written(project, tmp_path)
    assert all(path.exists() for path in kept), "what was always blinded may stay"
    written(project, tmp_path, accept=YES)
    released = tmp_path / "mine-paper" / "private" / "released" / "1.csv"
    released.parent.mkdir()
    released.write_text("what has left the house")
    plan = written(project, tmp_path, settings=f"{SCORE}[paper]\nblinded = true\n")
    assert released.exists()
    assert plan.study.blinded
    assert not any(path.exists() for path in kept)
    assert plan.amendment[-1].accepted, "the history still says that outcomes were shown"


def test_other_patients_are_blinded_again(project: Project, tmp_path: Path) -> None:
    written(project, tmp_path)
    kept = shown(tmp_path)
    written(project, tmp_path, accept=YES)
    assert written(project, tmp_path, GOOD.iloc[1:]).study.blinded
    assert not any(path.exists() for path in kept)
    assert not written(project, tmp_path, GOOD.sample(frac=1, random_state=1)).study.blinded, (
        "the same in another order"
    )


def test_a_change_of_choices_needs_an_entry(project: Project, tmp_path: Path) -> None:
    before = written(project, tmp_path)
    shown(tmp_path)
    written(project, tmp_path, accept=YES)
    other = SCORE.replace('"charlson"', '"charlson", "crp"')
    with pytest.raises(HistoryError, match=r"propensity\.terms changed without one; add \[\[change\]\]"):
        written(project, tmp_path, settings=other)
    entry = (
        '[[change]]\nwhat = "C-reactive protein in the score"\nwhy = "Clinicians say that they go by it"\n'
    )
    after = written(project, tmp_path, settings=other + entry)
    assert after.study.blinded, "these choices have no accepted diagnostics"
    assert History(after).faults == []
    change = after.amendment[-1]
    assert change.outcomes_seen
    assert list(change.was) == ["propensity.terms"]
    assert not History(after).kept("propensity.terms")
    assert History(after).kept("matching")
    assert len(written(project, tmp_path, settings=other + entry).amendment) == len(after.amendment)
    with pytest.raises(HistoryError, match="changed without one"):  # an entry serves once
        written(project, tmp_path, settings=SCORE + entry)
    assert len(before.propensity.terms) == 3


def test_a_refusal_changes_nothing(project: Project, tmp_path: Path) -> None:
    written(project, tmp_path)
    shown(tmp_path)
    written(project, tmp_path, accept=YES)
    shown(tmp_path)
    before = files_of(tmp_path / "mine-paper", ".")
    for settings in (SCORE.replace("charlson", "crp"), f"{SCORE}[choices]\nmargin = 3\n"):
        with pytest.raises(ValueError, match=r"change of choices|section\.key"):
            written(project, tmp_path, settings=settings)
    assert files_of(tmp_path / "mine-paper", ".") == before


def test_choices_of_the_protocol_can_be_others(project: Project, tmp_path: Path) -> None:
    chosen = f'{SCORE}[choices]\n"outcome.horizon_days" = 14\n"equivalence.margin_pp" = 3.0\n'
    plan = written(project, tmp_path / "a", settings=chosen)
    assert (plan.outcome.horizon_days, plan.equivalence.margin_pp) == (14, 3.0)
    with pytest.raises(ValueError, match="must name choices of protocol.toml as section.key, found 'margin'"):
        written(project, tmp_path / "b", settings=f"{SCORE}[choices]\nmargin = 3\n")
    with pytest.raises(ProtocolError, match=r"outcome\.horizon_days: .*120"):
        written(project, tmp_path / "c", settings=f'{SCORE}[choices]\n"outcome.horizon_days" = 500\n')


def test_the_core_alone_makes_a_paper(project: Project, tmp_path: Path) -> None:
    only = GOOD[[*CORE, "charlson"]].assign(hospital="NA")
    plan = written(project, tmp_path, only)
    assert [term.column for term in plan.propensity.terms] == ["age", "sex", "charlson"]
    assert [rule.column for rule in plan.eligibility] == ["age"]
    assert plan.matching.exact == plan.matching.exact_finer == plan.outcome.secondary == ()
    named = {group.column for group in plan.sensitivity.subgroups} | set(plan.baseline_columns)
    assert named <= set(only)


def test_other_drugs_bring_no_prior_of_the_published_ones(project: Project, tmp_path: Path) -> None:
    frame = GOOD.replace({"drug": {"anakinra": "tocilizumab", "baricitinib": "imatinib"}}).drop(
        columns="dose_mg_day"
    )
    arms = '[arms]\ntreated = "tocilizumab"\ncontrol = "imatinib"\n'
    plan = written(project, tmp_path, frame, SCORE + arms)
    assert (plan.arms.treated, plan.arms.control) == ("tocilizumab", "imatinib")
    assert [prior.name for prior in plan.further.priors] == ["flat", "sceptical"]
    assert plan.study.title.startswith("Tocilizumab versus imatinib")


def test_where_one_drug_was_used_only_is_a_criterion_of_its_own(project: Project, tmp_path: Path) -> None:
    hospital = GOOD["hospital"].mask(GOOD.index < 12, "Sierra")
    frame = GOOD.assign(hospital=hospital, drug=GOOD["drug"].mask(GOOD.index < 12, "baricitinib"))
    frame["dose_mg_day"] = np.where(frame["drug"] == "anakinra", "200", "4")
    plan = written(project, tmp_path, frame)
    assert plan.eligibility[-1].column == BOTH_USED
    made = read_patients(tmp_path / "mine-paper" / "data" / "patients.parquet")
    assert (made[BOTH_USED] == 0).sum() == 12
    assert set(made.loc[made[BOTH_USED] == 0, "hospital"]) == {"Sierra"}


def test_fifty_hospitals_make_a_paper(project: Project, tmp_path: Path) -> None:
    frame = good(1500).assign(hospital=[f"Centre {i % 50:02d}" for i in range(1500)])
    plan = written(project, tmp_path, frame)
    assert "hospital" in plan.matching.exact


def test_patients_are_those_of_the_file(project: Project, tmp_path: Path) -> None:
    written(project, tmp_path)
    made = read_patients(tmp_path / "mine-paper" / "data" / "patients.parquet")
    theirs = GOOD.sort_values("patient_id")
    assert made["patient_id"].tolist() == theirs["patient_id"].tolist()
    assert made["crp"].tolist() == theirs["crp"].astype(float).tolist()
    assert made["sex"].tolist() == theirs["sex"].tolist()
    assert made["sex"].dtype == object
    il6 = pd.to_numeric(theirs["il6"])
    assert made["il6"].isna().tolist() == il6.isna().tolist()


def test_a_criterion_that_empties_an_arm_is_named(project: Project, tmp_path: Path) -> None:
    frame = GOOD.assign(prior_immunomodulator=(GOOD["drug"] == "anakinra").astype(int))
    with pytest.raises(ValueError, match="'No earlier immunomodulator in this admission' leaves fewer"):
        written(project, tmp_path, frame)


def test_a_score_that_cannot_be_fitted_is_named(project: Project, tmp_path: Path) -> None:
    frame = GOOD.assign(remdesivir=(GOOD["drug"] == "anakinra").astype(int))
    with pytest.raises(ValueError, match=r"the score cannot be fitted: .*remdesivir.* predict the drug"):
        written(project, tmp_path, frame, SCORE.replace("charlson", "remdesivir"))


def test_git_cannot_pick_up_a_table(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    with pytest.raises(FolderError, match="must stand outside of every repository"):
        require_unseen_by_git(tmp_path / "mine-paper")
    (tmp_path / ".gitignore").write_text("own/\n")
    (tmp_path / "own").mkdir()
    require_unseen_by_git(tmp_path / "own" / "mine-paper")


def test_the_folder_hides_itself_from_git(project: Project, tmp_path: Path) -> None:
    written(project, tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path / "mine-paper"], check=True)
    status = ["git", "-C", tmp_path / "mine-paper", "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.run(status, check=True, capture_output=True).stdout == b""


def test_a_table_with_faults_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    GOOD.assign(age="old").to_csv(tmp_path / "mine.csv", index=False)
    assert main(["hospital", str(tmp_path / "mine.csv")]) == 1
    assert "column age" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
    assert main(["hospital", str(tmp_path / "none.csv")]) == 3
    assert "there is no such file" in capsys.readouterr().err


def test_toml_holds_what_toml_must() -> None:
    import tomllib

    what = {"a": {"x": ['é"\\\n\x7f', 1, 2.5, True, {"b c": -1}]}, "b": [{"y": "z"}, {"y": []}]}
    assert tomllib.loads(as_toml(what)) == what
    with pytest.raises(TypeError, match="found NoneType"):
        as_toml({"a": {"x": None}})
