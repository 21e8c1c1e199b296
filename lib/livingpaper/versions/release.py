"""Freezing a version: a cold build of a clean commit, all gates, one archive, one tag.

The build happens in a worktree of the commit, so nothing of the working folder can get in. Every step
can be repeated: a release that was interrupted is completed by running it again.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Callable
from datetime import date as date_type
from pathlib import Path

from livingpaper.build.cache import write_whole
from livingpaper.build.project import CONFIG, Project, git
from livingpaper.build.reproduce import check_root, run_steps, steps_of, worktree
from livingpaper.versions.archive import files_of, freeze
from livingpaper.versions.sources import version_folder, version_key, versions

GATES = ("pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "-m")
VERSIONED = ("pyproject.toml", "CITATION.cff")
FROZEN = (CONFIG, "protocol.toml", "claims.toml", "CITATION.cff", "CHANGELOG.md")
HEADING = r"^## \[{version}\] - (\d{{4}}-\d{{2}}-\d{{2}})$(?P<reason>(?:\n(?!## ).*)*)"
TAG = re.compile(r"v\d+\.\d+\.\d+")


class ReleaseError(RuntimeError):
    """The version cannot be released; nothing was changed that running it again would not complete."""


def build_checkout(copy: Path) -> None:
    """Build HTML and PDF of a checkout from nothing and run its gates, if it has tests."""
    steps = steps_of(copy)
    if (copy / "tests").is_dir():
        steps |= {"gates": [*GATES, "book or gate"]}
    for name in run_steps(copy, steps, ReleaseError):
        _say(f"{name} of the commit: done")
        if name == "html" and _git(Project(copy), "status", "--porcelain", "results").strip():
            raise ReleaseError(
                "the committed ledger must equal a fresh run, it does not; run: livingpaper ledger, and commit"
            )


def release(
    project: Project,
    version: str,
    *,
    revision: str | None = None,
    build: Callable[[Path], None] = build_checkout,
) -> Path:
    """Freeze a version and return its archive.

    Parameters
    ----------
    version : str
        Three numbers, higher than every version there is; with a section in ``CHANGELOG.md``.
    revision : str, optional
        Commit to release (default: the present one, in which the version is set first).
    build : callable
        Makes ``_build`` in a checkout, or raises.

    Raises
    ------
    ReleaseError
        If the tree is dirty, the version exists or is not the highest, its changes are not described, or
        a build or a gate fails.
    """
    version = ".".join(map(str, version_key(version)))
    check_root(project)
    for leftover in (project.root / "versions").rglob(".*"):
        leftover.unlink()  # half written by a release that was stopped
    date = changelog_date(project, version)
    check(project, version, date, revision=revision)
    if revision is None:
        set_version(project, version, date)
    commit = _git(project, "rev-parse", f"{revision or 'HEAD'}^{{commit}}").strip()
    with worktree(project, commit, "paper") as copy:
        build(copy)
        size = _freeze(project, copy, version, date)
    _say(f"frozen: versions/v{version}.tar.xz, {size / 1e6:.2f} MB")
    _tag(project, version, commit)
    _git(project, "add", f"versions/v{version}", f"versions/v{version}.tar.xz", "versions/assets")
    if _git(project, "status", "--porcelain", "versions").strip():
        _git(project, "commit", "-q", "-m", f"Freeze version {version}", "--", "versions")
    return project.root / "versions" / f"v{version}.tar.xz"


def check(project: Project, version: str, date: str, *, revision: str | None = None) -> None:
    """Raise ``ReleaseError`` unless this version can be released from this state."""
    key = version_key(version)
    ours = (f"versions/v{version}", "versions/assets", *_half_set(project, version, date))
    changed = [
        line
        for line in _git(project, "status", "--porcelain").splitlines()
        if not line[3:].startswith(ours) and line[3:] != "versions/"
    ]
    if changed:
        raise ReleaseError(
            f"the tree must be clean, {len(changed)} file(s) differ from the commit ({changed[0][3:]}); "
            "commit or stash them"
        )
    done = _git(project, "ls-tree", "-r", "--name-only", "HEAD", f"versions/v{version}/ledger.csv").strip()
    if done and version in _tags(project):
        raise ReleaseError(
            f"version {version} is released already; a version never changes, choose the next number"
        )
    _same_commit(project, version, revision or "HEAD")
    known = {*versions(project), *_tags(project)} - {version}
    highest = max(map(version_key, known), default=(0, 0, 0))
    if key <= highest and revision is None:
        raise ReleaseError(
            f"a version must be higher than all before it, {version} is not above "
            f"{'.'.join(map(str, highest))}; choose a higher number"
        )


def changelog_date(project: Project, version: str) -> str:
    """Return the date in the heading of a version in ``CHANGELOG.md``.

    Raises
    ------
    ReleaseError
        If there is no such heading: readers are owed the reason of every change.
    """
    text = (project.root / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(HEADING.format(version=re.escape(version)), text, flags=re.M)
    fault = "no such heading" if not found else "no such day" if not _is_date(found[1]) else ""
    if found and not fault and not found["reason"].strip():
        fault = "no text below it"
    if not found or fault:
        raise ReleaseError(
            f"CHANGELOG.md must say what changed and why under '## [{version}] - YYYY-MM-DD', found {fault}; "
            "write it and commit it"
        )
    return found[1]


def _is_date(text: str) -> bool:
    try:
        return bool(date_type.fromisoformat(text))
    except ValueError:
        return False


def set_version(project: Project, version: str, date: str) -> None:
    """Set version and date in ``pyproject.toml`` and ``CITATION.cff`` and commit that, unless it is so already."""
    files = _versioned_files(project)
    for path in files:
        write_whole(path, _versioned(path.read_text(encoding="utf-8"), version, date).encode())
    names = [path.name for path in files]
    if _git(project, "status", "--porcelain", *names).strip():
        _git(project, "commit", "-q", "-m", f"Set version {version}", "--", *names)


def _versioned_files(project: Project) -> list[Path]:
    return [path for name in VERSIONED if (path := project.root / name).is_file()]


def _versioned(text: str, version: str, date: str) -> str:
    """Return a file with version and date of release set: TOML's or YAML's line, whichever it has."""
    for pattern, new in (
        (r'(?m)^version = "[^"]*"', f'version = "{version}"'),
        (r"(?m)^version: .*", f"version: {version}"),
        (r"(?m)^date-released: .*", f"date-released: {date}"),
    ):
        text = re.sub(pattern, new, text, count=1)
    return text


def _half_set(project: Project, version: str, date: str) -> list[str]:
    """Return the files in which a release that was stopped has set the version, and changed nothing else."""
    return [
        path.name
        for path in _versioned_files(project)
        if path.read_text(encoding="utf-8")
        == _versioned(_git(project, "show", f"HEAD:{path.name}"), version, date)
    ]


def _freeze(project: Project, copy: Path, version: str, date: str) -> int:
    """Put pages, PDF, ledger and choices of a built checkout under ``versions/``."""
    files = files_of(copy / "_build" / "html", "html")
    files["paper.pdf"] = (copy / "_build" / "paper.pdf").read_bytes()
    files["ledger.csv"] = (copy / "results" / "ledger.csv").read_bytes()
    files |= {name: (copy / name).read_bytes() for name in FROZEN if (copy / name).is_file()}
    files |= files_of(copy / "_build" / "machine", "machine")  # an old commit makes none
    root = project.root / "versions"
    epoch = timegm((int(date[:4]), int(date[5:7]), int(date[8:]), 0, 0, 0))
    size = freeze(files, root / f"v{version}.tar.xz", root / "assets", date=epoch)
    for name in ("claims.toml", "ledger.csv"):  # the ledger last: with it the version is there
        if name in files:
            write_whole(version_folder(project, version) / name, files[name])
    return size


def _tags(project: Project) -> set[str]:
    """Return the versions that are tagged, without the v."""
    return {tag[1:] for tag in _git(project, "tag", "--list", "v*").split() if TAG.fullmatch(tag)}


def _tag(project: Project, version: str, commit: str) -> None:
    """Tag the commit, unless a release that was stopped has done so."""
    if version not in _tags(project):
        _git(project, "tag", "-a", f"v{version}", "-m", f"Version {version}", commit)


def _same_commit(project: Project, version: str, revision: str) -> None:
    """Check that a tag of a release that was stopped points to the commit that is released."""
    if version not in _tags(project):
        return
    commit, tagged = (_git(project, "rev-parse", f"{name}^{{commit}}") for name in (revision, f"v{version}"))
    if commit != tagged:
        raise ReleaseError(
            f"the tag v{version} must point to {commit[:10]}, it points to {tagged[:10]}; "
            f"unless it is published: git tag -d v{version}"
        )


def _git(project: Project, *arguments: str) -> str:
    return git(project, *arguments, error=ReleaseError)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
