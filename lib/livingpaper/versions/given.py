"""What an edition was made from, its choices and its inputs, and which of them differ between two editions."""

import json
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livingpaper.build.cache import sha
from livingpaper.build.project import Project, content_of, git
from livingpaper.config import config, fits
from livingpaper.ledger.compare import TOLERANCE, as_markdown, as_text, compare
from livingpaper.ledger.verdicts import stated
from livingpaper.versions.sources import read_claims, read_source, version_folder

CRATE = "machine/ro-crate-metadata.json"
RESULTS = "results/"  # what an edition computes is no input of it


@dataclass(frozen=True, slots=True)
class Given:
    """Choices by dotted name, and the checksums of the public inputs; None where they cannot be known."""

    choices: Mapping[str, Any] | None
    inputs: Mapping[str, str] | None


def given_here(project: Project) -> Given:
    """Return what the paper stands on now."""
    files = filter(Path.is_file, [*(project.root / "data").rglob("*"), project.protocol])
    names = (path.relative_to(project.root).as_posix() for path in files)
    return _read(project, names, lambda name: content_of(project.root / name))


def given_at(project: Project, revision: str) -> Given:
    """Return what the paper stood on at a git revision."""
    names = git(project, "ls-tree", "-r", "--name-only", revision, "--", "data", project.protocol.name)
    return _read(
        project, names.splitlines(), lambda name: git(project, "show", f"{revision}:./{name}").encode()
    )


def given_in(project: Project, archive: Path) -> Given:
    """Return what a frozen version stood on."""
    from livingpaper.versions.site import thaw  # heavy: Sphinx

    files = thaw(archive, archive.parent / "assets")
    choices = _choices(project, files.get(project.protocol.name, b"").decode())
    if CRATE not in files:
        return Given(choices, None)
    inputs = {}
    for each in json.loads(files[CRATE])["@graph"]:
        name, (kind, _, mark) = each["@id"].removeprefix("#"), str(each.get("identifier")).partition(":")
        if kind == "sha256" and _is_input(project, name):
            inputs[name] = mark
    return Given(choices, inputs)


def _read(project: Project, names: Iterable[str], read: Callable[[str], bytes]) -> Given:
    there = [*names]
    protocol = read(project.protocol.name).decode() if project.protocol.name in there else ""
    inputs = {name: sha(read(name)) for name in there if _is_input(project, name)}
    return Given(_choices(project, protocol), inputs)


def _is_input(project: Project, name: str) -> bool:
    paper = config(project)
    return fits(name, paper.public) and not name.startswith(RESULTS) and name != project.protocol.name


def _choices(project: Project, text: str) -> dict[str, Any] | None:
    """Return the choices of a text of ``protocol.toml`` by dotted name, or None if it is none."""
    try:
        found = dict(_flat(tomllib.loads(text)))
    except tomllib.TOMLDecodeError:
        return None
    aside = config(project).choices.aside
    return {name: value for name, value in found.items() if not name.startswith(aside)} if text else None


def _flat(value: Any, name: str = "") -> list[tuple[str, Any]]:
    """Return nested choices with dotted names; tables in a list by their place."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = {str(place): part for place, part in enumerate(value, 1)}
    if not isinstance(value, dict):
        return [(name, value)]
    return [pair for key, part in value.items() for pair in _flat(part, f"{name}.{key}".lstrip("."))]


def changes(before: Given, after: Given) -> dict[str, list[str]]:
    """Return under headings, one line each, which choices and inputs differ; nothing of what is not known."""
    found = {}
    if before.choices is not None and after.choices is not None:
        found["Choices that changed"] = _choices_that_changed(before.choices, after.choices)
    if before.inputs is not None and after.inputs is not None:
        then, now = before.inputs, after.inputs
        word = dict.fromkeys(now.keys() - then, " (new)") | dict.fromkeys(then.keys() - now, " (gone)")
        differ = (name for name in sorted({*then, *now}) if then.get(name) != now.get(name))
        found["Inputs that changed"] = [f"{name}{word.get(name, '')}" for name in differ]
    return {title: lines for title, lines in found.items() if lines}


def _choices_that_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return each choice with its values, sections that came or went as a whole."""
    sections = [{name.partition(".")[0] for name in side} for side in (before, after)]
    lines: list[str] = []
    for name in dict.fromkeys([*after, *before]):
        section = name.partition(".")[0]
        if section not in sections[0] & sections[1]:
            lines.append(f"{section}: {'new' if section in sections[1] else 'gone'}, as a whole")
        elif before.get(name) != after.get(name):
            lines.append(f"{name}: {_said(before, name)} → {_said(after, name)}")
    return list(dict.fromkeys(lines))


def _said(choices: Mapping[str, Any], name: str) -> str:
    return json.dumps(choices[name], ensure_ascii=False) if name in choices else "none"


def read_given(project: Project, name: str) -> Given:
    """Return the choices and inputs behind a version, a revision or the project's own ledger, as far as they are known."""
    if Path(name).exists():
        return given_here(project) if Path(name).resolve() == project.ledger.resolve() else Given(None, None)
    archive = version_folder(project, name).with_name(f"v{name.removeprefix('v')}.tar.xz")
    return given_in(project, archive) if archive.is_file() else given_at(project, name)


def diff(project: Project, old: str, new: str | None, format: str, tolerance: float | None) -> int:
    """Print what moved between two ledgers, as ``text`` or ``markdown``; return the status of the comparison."""
    here = new or str(project.ledger)
    names = [Path(name).name if Path(name).is_file() else name for name in (old, here)]
    ledgers, then = [read_source(project, name) for name in (old, here)], read_claims(project, old)
    now, paper = read_claims(project, here) or stated(project.claims), config(project)
    least = TOLERANCE if tolerance is None else tolerance
    result = compare(*ledgers, claims=now, old_claims=then, paper=paper, tolerance=least)
    told = changes(read_given(project, old), read_given(project, here))
    write = as_markdown if format == "markdown" else as_text
    sys.stdout.write(write(result, names[0], names[1], told, paper))
    return result.status
