"""The folder of a hospital's own paper beside its table: choices, patients and chapters, ready to be built."""

import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jinja2
import pandas as pd
import yaml
from livingpaper.build.cache import sha, write_changed
from livingpaper.build.project import CONFIG, Project, commit, git, in_repository, text_of
from livingpaper.build.together import alone
from livingpaper.disclosure.profiles import profile_of

from study.hospital.checking import Report
from study.hospital.columns import ENDS
from study.hospital.contract import left_out
from study.hospital.load import PATIENTS, write_patients
from study.hospital.own_choices import load_own_protocol, own_choices
from study.hospital.own_history import Acceptance, as_toml, continued, probe, toml_value
from study.hospital.trial import require_score
from study.protocol.protocol import Protocol

TEMPLATE = "hospital"  # in the repository
CHAPTERS = [
    "index",
    "cohort",
    "matching",
    "outcomes",
    "sensitivity",
    "beside",
    "methods",
    "ledger",
    "references",
]
KEPT = ("book/references.bib", "data/published.csv")  # of the published study
CITED = re.compile(r"\{cite\}`([^`]+)`")
SHOWN = ("_build", "private", "results", "notebooks", "versions")  # what an unblinded build leaves
STAYS = (".lock", "released")


class FolderError(ValueError):
    """The folder of the paper cannot stand where it would."""


@dataclass(frozen=True, slots=True)
class Own:
    """What is written: the report on the table, the published study's choices, and an acceptance if there is one."""

    home: Project  # whose templates are filled in
    report: Report
    plan: Protocol
    acceptance: Acceptance | None


def folder_of(file: Path) -> Path:
    """Return where the paper of a table stands: beside it."""
    return file.parent / f"{file.stem}-paper"


def require_unseen_by_git(folder: Path) -> None:
    """Raise ``FolderError`` if a repository around the folder could pick up the table beside it."""
    around = Project(folder.parent)
    if not in_repository(around):
        return
    try:
        git(around, "check-ignore", "--quiet", str(folder))
    except RuntimeError:
        must = f"a hospital's table must stand outside of every repository, {folder.parent} is in one"
        raise FolderError(f"{must} that does not ignore it; move the table") from None


@alone
def write_folder(target: Project, *, own: Own) -> None:
    """Write the whole folder; whatever an unblinded build left goes first where outcomes are withheld again.

    Raises ``HistoryError`` if choices changed without an entry, ``ProtocolError`` if one cannot be, ``ValueError`` if
    the patients cannot carry them.
    """
    made, settings, root = own.report.made, own.report.made.settings, target.root
    write_changed(root / ".gitignore", b"*\n")
    choices = own_choices(own.plan, made)
    patients = _patients(made.frame, made.dictionary)
    study = {
        "title": settings.paper.title or _title(choices["arms"]),
        "cohort": PATIENTS.as_posix(),
        "patients": fingerprint_of(patients),
        "draft": settings.paper.draft,
    }
    require_score(probe(choices, study), patients)
    sections = continued(choices, study, settings, target.protocol, own.acceptance)
    if sections["study"]["blinded"]:
        _forget_outcomes(target)
    # first: a kill here shows nobody's outcomes too early
    write_changed(target.protocol, as_toml(sections).encode())
    _write_data(target, patients, made.dictionary)
    written = dict(_pages(own.home.root / TEMPLATE, _words(own, sections)))
    written |= {name: text_of(own.home.root / name) for name in KEPT}
    written[KEPT[0]] = _cited(written[KEPT[0]], written.values())
    for name, text in written.items():
        write_changed(root / name, text.encode())
    for path in (*(root / "book").glob("*"), *root.glob("*.toml")):
        if path.relative_to(root).as_posix() not in written and path != target.protocol:
            path.unlink()


def _title(arms: dict[str, str]) -> str:
    return f"{arms['treated'][:1].upper()}{arms['treated'][1:]} versus {arms['control']} in hospital"


def _patients(frame: pd.DataFrame, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of the dictionary, text as text, sorted by patient."""
    names = [name for name in dictionary.index if name in frame]
    words = {name: frame[name].astype(object) for name in names if frame[name].dtype.kind not in "fiub"}
    return frame[names].assign(**words).sort_values("patient_id", ignore_index=True)


def fingerprint_of(patients: pd.DataFrame) -> str:
    """Return 12 hex digits of the patients: another value, row or column gives others."""
    rows = pd.util.hash_pandas_object(patients, index=False).to_numpy()
    return sha("\0".join(patients.columns).encode() + rows.tobytes())[:12]


def _forget_outcomes(target: Project) -> None:
    """Delete everything that was made where outcomes had been shown; what was always blinded stays.

    What was released before has left the house: it stays, for the next release to be compared with.
    """
    if target.protocol.is_file() and load_own_protocol(target.protocol).study.blinded:
        return
    inside = [path for name in SHOWN for path in (target.root / name).glob("*") if path.name not in STAYS]
    for path in inside:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _write_data(target: Project, patients: pd.DataFrame, dictionary: pd.DataFrame) -> None:
    target.data.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=target.root, prefix=".data-") as fresh:
        write_patients(patients, Path(fresh, PATIENTS.name))
        write_changed(target.root / PATIENTS, Path(fresh, PATIENTS.name).read_bytes())
    there = dictionary.loc[list(patients.columns)].reset_index()
    table = there[["name", *(name for name in there if name != "name")]].to_csv(index=False)
    write_changed(target.data / "dictionary.csv", table.encode())


def _words(own: Own, sections: dict[str, Any]) -> dict[str, Any]:
    """Return what the templates can ask."""
    made, study, settings = own.report.made, sections["study"], own.report.made.settings
    history, smallest = sections["amendment"], settings.disclosure.smallest_cell
    return {
        "has": made.has,
        "hospitals": int(made.frame["hospital"].nunique()),
        "treated": sections["arms"]["treated"],
        "control": sections["arms"]["control"],
        "title": study["title"],
        "authors": list(settings.paper.authors) or ["The authors, not yet named"],
        "version": settings.paper.version,
        "date": str(settings.paper.date or history[-1]["date"]),
        "left_out": [(each.analysis, each.columns) for each in left_out(made, own.plan)],
        "n": len(made.frame),
        "blinded": study["blinded"],
        "draft": study["draft"],
        "plan": sections,
        "history": history,
        "open_stays": bool((~made.frame["end_state"].isin(list(ENDS)[:2])).any()),
        "large": len(made.frame) >= sections["inference"]["large_sample"],
        "made_with": commit(own.home),
        "disclosure": {"profile": settings.disclosure.profile}
        | ({"threshold": smallest} if smallest else {}),
        "scales": as_toml({"scales": _scales(own)}),
    }


def _scales(own: Own) -> dict[str, Any]:
    """Return the scales of the published study; where counts are rounded, risks are whole percentages."""
    scales: dict[str, Any] = tomllib.loads(text_of(own.home.root / CONFIG))["scales"]
    if profile_of(own.report.made.settings.disclosure.profile).base > 1:
        for scale in scales.values():
            scale["format"] = {"percent": "whole percent"}.get(scale["format"], scale["format"])
    return scales


def _pages(folder: Path, words: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each file of the template, filled in, by its place in the folder of the paper."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        line_statement_prefix="%%",
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
    )
    environment.filters |= {"toml": toml_value, "opened": _opened}
    files = {path.name for path in (folder / "book").iterdir()}
    chapters = [name for name in CHAPTERS if f"{name}.md" in files]
    for name in sorted(environment.list_templates(filter_func=lambda name: "__pycache__" not in name)):
        yield name, environment.get_template(name).render(words, chapters=chapters)
    yield "CITATION.cff", yaml.safe_dump(_citation(words), sort_keys=False, allow_unicode=True)
    changes = [f"- {each['date']}: {each['what']}. {_opened(each['why'])}." for each in words["history"]]
    yield "CHANGELOG.md", "# Changelog\n\n" + "\n".join(reversed(changes)) + "\n"


def _opened(sentence: str) -> str:
    """Return a sentence that begins with a capital and has no full stop."""
    return f"{sentence[:1].upper()}{sentence[1:].rstrip('. ')}"


def _cited(bibliography: str, texts: Iterable[str]) -> str:
    """Return the entries of a bibliography that some text cites."""
    keys = {key.strip() for text in texts for found in CITED.findall(text) for key in found.split(",")}
    entries = re.split(r"(?m)^(?=@)", bibliography)
    return "".join(each for each in entries if each.partition("{")[2].partition(",")[0].strip() in keys)


def _citation(words: dict[str, Any]) -> dict[str, Any]:
    return {
        "cff-version": "1.2.0",
        "title": words["title"],
        "message": "Cite the version you read.",
        "type": "article",
        "authors": [{"name": name} for name in words["authors"]],
        "version": words["version"],
        "date-released": words["date"],
    }
