"""Freezing a version: a cold build of a clean commit, all gates, one archive, one tag.

The build happens in a worktree of the commit, so nothing of the working folder can get in. Every step
can be repeated: a release that was interrupted is completed by running it again.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Callable
from datetime import date as date_type
from functools import partial
from pathlib import Path

from livingpaper.build.cache import files_of, say, write_changed, write_whole
from livingpaper.build.project import CONFIG, Project, git
from livingpaper.build.reproduce import STEPS, check_root, run_steps, worktree
from livingpaper.versions.archive import freeze
from livingpaper.versions.sources import changelog, version_folder, version_key, versions

GATES = ("pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "-m", "book or gate")
FROZEN = (CONFIG, "protocol.toml", "claims.toml", "CITATION.cff", "CHANGELOG.md")
VERSIONED = ("pyproject.toml", "CITATION.cff")
SET = (  # the lines that say version and date, in TOML or YAML, whichever a file has
    (r'(?m)^version = "[^"]*"', 'version = "{version}"'),
    (r"(?m)^version: .*", "version: {version}"),
    (r"(?m)^date-released: .*", "date-released: {date}"),
)
TAG = re.compile(r"v\d+\.\d+\.\d+")


class ReleaseError(RuntimeError):
    """The version cannot be released; nothing was changed that running it again would not complete."""


_git = partial(git, error=ReleaseError)


def build_checkout(copy: Path) -> None:
    """Build everything of a checkout from nothing and run its gates, if it has tests."""
    steps = STEPS | ({"gates": GATES} if (copy / "tests").is_dir() else {})
    for name in run_steps(copy, steps, ReleaseError):
        say(f"{name} of the commit: done")
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
    """Freeze a version, three numbers with a section in ``CHANGELOG.md``, and return its archive.

    ``revision`` is the commit to release (default: the present one, in which the version is set first), and
    ``build`` makes ``_build`` in a checkout, or raises. ``ReleaseError`` as ``check``, or if a build or a gate fails.
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
    say(f"frozen: versions/v{version}.tar.xz, {size / 1e6:.2f} MB")
    if version not in _tags(project):  # else a release that was stopped has set it
        _git(project, "tag", "-a", f"v{version}", "-m", f"Version {version}", commit)
    _git(project, "add", f"versions/v{version}", f"versions/v{version}.tar.xz", "versions/assets")
    _commit(project, f"Freeze version {version}", "versions")
    return project.root / "versions" / f"v{version}.tar.xz"


def check(project: Project, version: str, date: str, *, revision: str | None = None) -> None:
    """Raise ``ReleaseError`` if the tree is dirty, or the version is released already or not the highest."""
    wanted = _wanted(
        project, version, date
    )  # a release that was stopped may have set it, and changed nothing else
    half_set = (name for name, text in wanted.items() if (project.root / name).read_text("utf-8") == text)
    ours = (f"versions/v{version}", "versions/assets", *half_set)
    files = [line[3:] for line in _git(project, "status", "--porcelain").splitlines()]
    if changed := [name for name in files if not name.startswith(ours) and name != "versions/"]:
        raise ReleaseError(
            f"the tree must be clean, {len(changed)} file(s) differ from the commit ({changed[0]}); "
            "commit or stash them"
        )
    tags = _tags(project)
    if version in tags and _git(project, "ls-tree", "HEAD", f"versions/v{version}/ledger.csv").strip():
        raise ReleaseError(
            f"version {version} is released already; a version never changes, choose the next number"
        )
    if version in tags:  # by a release that was stopped
        names = (revision or "HEAD", f"v{version}")
        commit, tagged = (_git(project, "rev-parse", f"{name}^{{commit}}") for name in names)
        if commit != tagged:
            raise ReleaseError(
                f"the tag v{version} must point to {commit[:10]}, it points to {tagged[:10]}; "
                f"unless it is published: git tag -d v{version}"
            )
    highest = max(map(version_key, {*versions(project), *tags} - {version}), default=(0, 0, 0))
    if version_key(version) <= highest and revision is None:
        raise ReleaseError(
            f"a version must be higher than all before it, {version} is not above "
            f"{'.'.join(map(str, highest))}; choose a higher number"
        )


def changelog_date(project: Project, version: str) -> str:
    """Return the date of a version in ``CHANGELOG.md``; ``ReleaseError`` if it has no day or no reason there."""
    found = changelog(project)
    date, reason = found.get(version, ("", ""))
    fault = "no such heading" if version not in found else "" if _is_date(date) else "no such day"
    if fault := fault or ("" if reason else "no text below it"):
        raise ReleaseError(
            f"CHANGELOG.md must say what changed and why under '## [{version}] - YYYY-MM-DD', found {fault}; "
            "write it and commit it"
        )
    return date


def _is_date(text: str) -> bool:
    try:
        return date_type.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def set_version(project: Project, version: str, date: str) -> None:
    """Set version and date in ``pyproject.toml`` and ``CITATION.cff`` and commit that, unless it is so already."""
    wanted = _wanted(project, version, date)
    for name, text in wanted.items():
        write_changed(project.root / name, text.encode())
    _commit(project, f"Set version {version}", *wanted)


def _wanted(project: Project, version: str, date: str) -> dict[str, str]:
    """Return what the files that say a version must hold: what is committed, but with this version and its date."""
    names = [name for name in VERSIONED if (project.root / name).is_file()]
    found = {name: _git(project, "show", f"HEAD:./{name}") for name in names}
    for name in names:
        for pattern, new in SET:
            found[name] = re.sub(pattern, new.format(version=version, date=date), found[name], count=1)
    return found


def _freeze(project: Project, copy: Path, version: str, date: str) -> int:
    """Put pages, PDF, ledger and choices of a built checkout under ``versions/``."""
    files = files_of(copy / "_build", "html", "machine") | files_of(copy, *FROZEN)
    files["paper.pdf"] = (copy / "_build" / "paper.pdf").read_bytes()
    files["ledger.csv"] = (copy / "results" / "ledger.csv").read_bytes()
    root = project.root / "versions"
    epoch = timegm(date_type.fromisoformat(date).timetuple())
    size = freeze(files, root / f"v{version}.tar.xz", root / "assets", date=epoch)
    for name in ("claims.toml", "ledger.csv"):  # the ledger last: with it the version is there
        if name in files:
            write_whole(version_folder(project, version) / name, files[name])
    return size


def _tags(project: Project) -> set[str]:
    """Return the versions that are tagged, without the v."""
    return {tag[1:] for tag in _git(project, "tag", "--list", "v*").split() if TAG.fullmatch(tag)}


def _commit(project: Project, message: str, *paths: str) -> None:
    """Commit what differs at these paths, if anything does."""
    if _git(project, "status", "--porcelain", "--", *paths).strip():
        _git(project, "commit", "-q", "-m", message, "--", *paths)
