"""Where the project is on disk, and the fingerprints of its inputs."""

import hashlib
import os
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

NO_COMMIT = "no commit"
CONFIG = "paper.toml"
BY_PRODUCT = re.compile(r"/(__pycache__|\.ipynb_checkpoints)/|\.egg-info|\.(pyc|nbi|nbc)$")
OF_GIT = (  # which repository, index and work tree; what git is configured with stays
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_CEILING_DIRECTORIES",
)  # fmt: skip
RESULTS = LEDGER, KEY_FIGURE = ("results/ledger.csv", "results/key-figure.svg")
STAGED = ".staged"  # where a build makes results and pages
STAGE = "LIVINGPAPER_STAGE"  # names that place while it works
hashing: list[bool] = []  # not empty while what is opened does not count as read


def _stage(project: "Project") -> Path:
    """Return the folder of the results: the paper's, in the processes of a build that where it makes them."""
    staged, stage = project.build / STAGED, os.environ.get(STAGE, "")
    return staged if stage and os.path.realpath(staged) == os.path.realpath(stage) else project.root


class _Below(str):
    """A place in a paper; in the processes of a build a result is the one that is made, which takes its place later."""

    def __get__(self, project: "Project", _owner: type) -> Path:
        return (_stage(project) if self in RESULTS else project.root) / self


@dataclass(frozen=True)
class Project:
    """The checkout of a paper: ``root`` holds its ``paper.toml``."""

    root: Path
    protocol = _Below("protocol.toml")  # the choices
    claims = _Below("claims.toml")  # the conclusions of the text, and the rules under which they hold
    data = _Below("data")
    lock = _Below("requirements.txt")  # exact versions of all packages
    ledger = _Below(LEDGER)
    key_figure = _Below(KEY_FIGURE)  # of README.md
    build = _Below("_build")  # everything made; can be deleted
    work = _Below("_build/work/_build")  # where Jupyter Book builds, before that replaces the last good one

    @property
    def steps(self) -> Path:
        """Results of long steps; they hold patients, so those of a guarded paper are not among what is built."""
        from livingpaper.config import config  # which knows this module

        guarded = (self.root / CONFIG).is_file() and config(self).guarded
        return self.root / ("private/steps" if guarded else "_build/cache/steps")


def find_project(start: Path | None = None) -> Project:
    """Return the paper around ``start`` (default: the working folder); ``FileNotFoundError`` if there is none."""
    here = start.resolve() if start else Path.cwd()
    for folder in (here, *here.parents):
        if os.path.isfile(f"{folder}/{CONFIG}"):  # noqa: PTH113  # asked for every number
            return Project(folder)
    must = f"a {CONFIG} must stand in {here} or above it, found none"
    raise FileNotFoundError(f"{must}; go to the folder of a paper")


def pages(project: Project, *, parts: int | None = None, below: str = "") -> list[str]:
    """Return the pages that ``_toc.yml`` lists, the root first; of its ``parts`` the first so many, or all.

    ``below`` is a page: it and its ``sections`` alone.
    """
    toc = mapping_of(project.root / "_toc.yml")
    listed = _entries(toc | {"parts": (toc.get("parts") or [])[:parts]})
    if below:
        listed = (each for entry in listed if _page(entry) == below for each in _entries(entry))
    return list(filter(None, map(_page, listed)))


def chapters(root: Path) -> list[Path]:
    """Return the files of the pages of a paper in their order."""
    return list(filter(Path.is_file, (root / f"{page}.md" for page in pages(Project(root)))))


def mapping_of(path: Path) -> dict[str, Any]:
    """Return names and values of a YAML file; ``ValueError`` if it is not of that kind."""
    return _mapping(text_of(path), path)


@cache
def _mapping(text: str, path: Path) -> dict[str, Any]:  # by text: a chapter asks a hundred times
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        fault = " ".join(str(error).split())
        raise ValueError(f"{path} must be valid YAML, found: {fault}; correct it") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path} must hold names with values, found {found!r:.40}; correct it")
    return found


def runs(text: str) -> bool:
    """Return whether a page is a notebook: its head names a kernel."""
    return "\nkernelspec:" in text[:800]


def toml_of(text: str, path: object, error: type[ValueError]) -> dict[str, Any]:
    """Return names and values of a text of TOML named ``path``; an ``error`` if it is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise error(f"{path} must be valid TOML, found: {fault}; correct that line") from None


def _entries(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield entry
    for parts in filter(lambda value: isinstance(value, list), entry.values()):
        for part in parts:
            yield from _entries(part)


def _page(entry: dict[str, Any]) -> str:
    return str(entry.get("root") or entry.get("file", "")).removesuffix(".md")


def git(project: Project, *arguments: str, error: type[RuntimeError] = RuntimeError) -> str:
    """Return what git says of the repository around a paper, and of no other; what it refuses is an ``error``."""
    command = ["git", "-C", str(project.root), *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in OF_GIT}
    try:
        done = subprocess.run(command, env=environment | {"LC_ALL": "C"}, capture_output=True, check=False)
    except FileNotFoundError:
        raise error("git is needed and not found; install it") from None
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise error(f"git {' '.join(arguments[:2])} failed: {said}")
    return done.stdout.decode("utf-8", "surrogateescape")


def in_repository(project: Project) -> bool:
    """Return whether there is a repository that git must know, or refuse in its own words."""
    return any((folder / ".git").exists() for folder in (project.root, *project.root.parents))


def commit(project: Project) -> str:
    """Return the short commit, with a plus sign if files differ from it; "no commit" where git knows no ``paper.toml``."""
    known = in_repository(project) and git(project, "ls-files", CONFIG)
    if not known or not git(project, "rev-list", "--max-count=1", "--all"):
        return NO_COMMIT
    head = git(project, "rev-parse", "--short=10", "HEAD").strip()
    made = dict(_awaited(project))
    aside = [":/", *(f":(exclude){name}" for name in made)] if made else []
    changed = git(project, "status", "--porcelain", "--untracked-files=all", "--", *aside)
    unseen = git(project, "ls-files", "--others", "--ignored", "--exclude-standard", "--", "data", "book")
    inputs = [name for name in unseen.splitlines() if not BY_PRODUCT.search(f"/{name}")]
    blind = re.search(r"^(?:[a-z]|S) ", git(project, "ls-files", "-v"), re.M)  # it was told not to look
    return head + ("+" if changed.strip() or any(made.values()) or inputs or blind else "")


def _awaited(project: Project) -> Iterator[tuple[str, bool]]:
    """Yield each new result that waits for its pages, and whether it will differ from the commit once it is in place."""
    for name in RESULTS:
        made, there = _stage(project) / name, project.root / name
        new = made != there and made.is_file()
        if new and not (there.is_file() and made.read_bytes() == there.read_bytes()):
            own = git(project, "hash-object", f"--path={name}", str(made)).strip()
            yield name, own not in git(project, "ls-tree", "HEAD", name)


def placed(path: Path, root: Path) -> Path:
    """Return where a file of a paper belongs: a result that a build makes, beside those that are committed."""
    staged = root / "_build" / STAGED
    return root / path.relative_to(staged) if path.is_relative_to(staged) else path


def plain(content: bytes) -> bytes:
    """Return bytes as they are; of text the same, whatever line ends and byte-order mark a checkout gave it."""
    if b"\0" in content[:8000]:
        return content
    return content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")


def content_of(path: Path) -> bytes:
    """Return the ``plain`` bytes of a file."""
    return plain(path.read_bytes())


def text_of(path: Path) -> str:
    """Return the text of a file, without byte-order mark and with plain line ends; ``ValueError`` if it is not UTF-8."""
    try:
        return content_of(path).decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be text in UTF-8, found: {error}; save it as UTF-8") from None


@contextmanager
def not_reading() -> Iterator[None]:
    """Let what is opened inside not count as read: for a fingerprint, or because who reads says which part."""
    hashing.append(True)
    try:
        yield
    finally:
        hashing.pop()


def digest(paths: Iterable[Path], root: Path) -> str:
    """Return the sha256 of files by relative name and content, folders taken with all they hold."""
    found = {inside for path in paths for inside in (path, *path.rglob("*")) if inside.is_file()}
    total = hashlib.sha256()
    with not_reading():
        for place, path in sorted((placed(path, root), path) for path in found):
            if not BY_PRODUCT.search(place.as_posix()):
                name = place.relative_to(root).as_posix() if place.is_relative_to(root) else place.name
                total.update(name.encode() + b"\0" + content_of(path) + b"\0")
    return total.hexdigest()
