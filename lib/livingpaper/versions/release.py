"""Freeze a version: a cold build in a worktree of its commit, gates, archive, tag; running it again completes a stopped one."""

import re
from calendar import timegm
from datetime import date as date_type
from functools import partial
from pathlib import Path

from livingpaper.build.cache import files_of, say, write_changed, write_whole
from livingpaper.build.project import CONFIG, Project, git, text_of
from livingpaper.build.reproduce import MADE, STEPS, Build, check_root, run_steps, worktree
from livingpaper.versions.site import freeze
from livingpaper.versions.sources import changelog, version_folder, version_key, versions

GATES = ("pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "-m", "book or gate")
FROZEN = (CONFIG, "protocol.toml", "claims.toml", "CITATION.cff", "CHANGELOG.md")
VERSIONED = ("pyproject.toml", "CITATION.cff")
SET = (  # the lines that say version and date, in TOML or YAML, whichever a file has
    (r'(?m)^version = "[^"]*"', 'version = "{version}"'),
    (r"(?m)^version: .*", "version: {version}"),
    (r"(?m)^date-released: .*", "date-released: {date}"),
)


class ReleaseError(RuntimeError):
    """The version cannot be released; nothing was changed that running it again would not complete."""


_git = partial(git, error=ReleaseError)


def build_checkout(copy: Path) -> None:
    """Build everything of a checkout from nothing and run its gates, if it has tests."""
    steps = STEPS | ({"gates": GATES} if (copy / "tests").is_dir() else {})
    for name in run_steps(copy, steps, ReleaseError):
        say(f"{name} of the commit: done")
        if name == "html" and _git(Project(copy), "status", "--porcelain", "results"):
            must = "the committed ledger must equal a fresh run, it does not"
            raise ReleaseError(f"{must}; run: livingpaper ledger, and commit")


def release(
    project: Project, version: str, *, revision: str | None = None, build: Build = build_checkout
) -> Path:
    """Freeze a version of ``revision``, or of HEAD with the version set, and return its archive, or ``ReleaseError``."""
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
    archive = f"versions/v{version}.tar.xz"
    say(f"frozen: {archive}, {size / 1e6:.2f} MB")
    if version not in _tags(project):  # else a release that was stopped has set it
        _git(project, "tag", "-a", f"v{version}", "-m", f"Version {version}", commit)
    _git(project, "add", f"versions/v{version}", archive, "versions/assets")
    _commit(project, f"Freeze version {version}", "versions")
    return project.root / archive


def check(project: Project, version: str, date: str, *, revision: str | None = None) -> None:
    """Raise ``ReleaseError`` if the tree is dirty, or the version is released already or not the highest."""
    wanted = _wanted(project, version, date).items()  # and no more a release that was stopped may have set
    half_set = (name for name, text in wanted if text_of(project.root / name) == text)
    ours = (f"versions/v{version}", "versions/assets", *half_set)
    files = [line[3:] for line in _git(project, "status", "--porcelain").splitlines()]
    if changed := [name for name in files if not name.startswith(ours) and name != "versions/"]:
        found = f"{len(changed)} file(s) differ from the commit ({changed[0]})"
        raise ReleaseError(f"the tree must be clean, {found}; commit or stash them")
    tags = _tags(project)
    if version in tags and _git(project, "ls-tree", "HEAD", f"versions/v{version}/ledger.csv"):
        cure = "a version never changes, choose the next number"
        raise ReleaseError(f"version {version} is released already; {cure}")
    if version in tags:  # by a release that was stopped
        names = (revision or "HEAD", f"v{version}")
        commit, tagged = (_git(project, "rev-parse", f"{name}^{{commit}}")[:10] for name in names)
        if commit != tagged:
            cure = f"unless it is published: git tag -d v{version}"
            raise ReleaseError(f"the tag v{version} must point to {commit}, it points to {tagged}; {cure}")
    highest = max({*versions(project), *tags} - {version}, default="0.0.0", key=version_key)
    if version_key(version) <= version_key(highest) and revision is None:
        must = f"a version must be higher than all before it, {version} is not above {highest}"
        raise ReleaseError(f"{must}; choose a higher number")


def changelog_date(project: Project, version: str) -> str:
    """Return the date of a version in ``CHANGELOG.md``; ``ReleaseError`` if it has no day or no reason there."""
    date, reason = changelog(project).get(version, (None, ""))
    try:
        known = date_type.fromisoformat(date or "").isoformat() == date
    except ValueError:
        known = False
    if date and known and reason:
        return date
    fault = "no such heading" if date is None else "no text below it" if known else "no such day"
    must = f"CHANGELOG.md must say what changed and why under '## [{version}] - YYYY-MM-DD'"
    raise ReleaseError(f"{must}, found {fault}; write it and commit it")


def set_version(project: Project, version: str, date: str) -> None:
    """Set version and date in the files ``VERSIONED`` and commit that, unless it is so already."""
    wanted = _wanted(project, version, date)
    for name, text in wanted.items():
        write_changed(project.root / name, text.encode())
    _commit(project, f"Set version {version}", *wanted)


def _wanted(project: Project, version: str, date: str) -> dict[str, str]:
    """Return what the files that say a version must hold: what is committed, but with this version and its date."""
    found = {}
    for name in (name for name in VERSIONED if (project.root / name).is_file()):
        found[name] = _git(project, "show", f"HEAD:./{name}")
        for pattern, new in SET:
            found[name] = re.sub(pattern, new.format(version=version, date=date), found[name], count=1)
    return found


def _freeze(project: Project, copy: Path, version: str, date: str) -> int:
    """Put pages, PDFs, ledger and choices of a built checkout under ``versions/``."""
    files = files_of(copy / "_build", *MADE) | files_of(copy, *FROZEN)
    files["ledger.csv"] = (copy / "results" / "ledger.csv").read_bytes()
    folder, epoch = version_folder(project, version), timegm(date_type.fromisoformat(date).timetuple())
    size = freeze(files, folder.parent / f"{folder.name}.tar.xz", folder.parent / "assets", date=epoch)
    for name in ("claims.toml", "ledger.csv"):  # the ledger last: with it the version is there
        if name in files:
            write_whole(folder / name, files[name])
    return size


def _tags(project: Project) -> set[str]:
    """Return the versions that are tagged, without the v."""
    return {*re.findall(r"(?m)^v(\d+\.\d+\.\d+)$", _git(project, "tag", "--list", "v*"))}


def _commit(project: Project, message: str, *paths: str) -> None:
    """Commit what differs at these paths, if anything does."""
    if _git(project, "status", "--porcelain", "--", *paths):
        _git(project, "commit", "-q", "-m", message, "--", *paths)
