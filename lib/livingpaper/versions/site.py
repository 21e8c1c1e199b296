"""The site of all versions, for any static host: unpacked archives, a list of versions, a feed.

Old versions are unpacked, never rebuilt. What a page must say about later versions is added here; the
archive stays as it was.
"""

from __future__ import annotations

import json
import shutil
from html import escape
from pathlib import Path

from livingpaper.book.meta import PDF_FROM_PAGE, PDF_ON_SITE
from livingpaper.book.stamp import author_names, citation_file, title_of
from livingpaper.build.project import Project
from livingpaper.ledger.report import summary
from livingpaper.versions.archive import ArchiveError, thaw
from livingpaper.versions.exhibits import versions_page
from livingpaper.versions.feed import feed
from livingpaper.versions.history import Version, history
from livingpaper.versions.sources import version_folder

REDIRECT = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=latest/book/index.html">'
    '<title>To the paper</title><a href="latest/book/index.html">To the paper</a>\n'
)
UP = "../../"  # from a page in v1.1.0/book/ to the site; every chapter is there
HEADER = '<div class="article-header-buttons">'
SWITCHER = (
    '<div class="version-switcher__container dropdown pst-js-only"><button id="version-button" type="button" '
    'class="version-switcher__button btn btn-sm dropdown-toggle" data-bs-toggle="dropdown" aria-haspopup="listbox" '
    'aria-controls="version-list" aria-label="Version switcher list">{name}<span class="caret"></span></button>'
    '<div id="version-list" class="version-switcher__menu dropdown-menu list-group-flush py-0" role="listbox" '
    'aria-labelledby="version-button"></div></div>'
)
# Over file:// the list of versions cannot be fetched: the switcher becomes a link to the plain page.
SCRIPT = (
    "<script>if (location.protocol.startsWith('http')) {{ DOCUMENTATION_OPTIONS.theme_switcher_json_url = '{up}switcher.json'; "
    "DOCUMENTATION_OPTIONS.theme_switcher_version_match = '{name}'; }} else {{ "
    "const box = document.querySelector('.version-switcher__container'); if (box) "
    'box.outerHTML = \'<a class="btn btn-sm" href="{up}versions.html">Versions</a>\'; }}</script>'
)


def assemble(project: Project) -> Path:
    """Make ``_build/site`` whole and return it.

    Raises
    ------
    ValueError
        If there is no version.
    ArchiveError
        If an archive is damaged.
    """
    known = history(project)
    target = project.build / "site"
    fresh, old = target.with_name(".site-new"), target.with_name(".site-old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for version in known:
        _unpack(project, version, known[-1], fresh / f"v{version.name}")
    _unpack(project, known[-1], known[-1], fresh / "latest")
    authors = ", ".join(author_names(citation_file(project)))
    _write(fresh / "switcher.json", json.dumps(_switcher(known), indent=1) + "\n")
    _write(fresh / "versions.html", versions_page(project, known))
    (fresh / "feed.xml").write_bytes(feed(title_of(project), authors, known))
    _write(fresh / "index.html", REDIRECT)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def _unpack(project: Project, version: Version, latest: Version, folder: Path) -> None:
    root = project.root / "versions"
    files = thaw(root / f"v{version.name}.tar.xz", root / "assets")
    plain = version_folder(project, version.name) / "ledger.csv"
    if plain.read_bytes() != files["ledger.csv"]:
        raise ArchiveError(
            f"{plain.relative_to(project.root)} must equal the ledger in the archive of the version, it does not; "
            "restore it: git checkout versions"
        )
    for name, data in files.items():
        path = folder / name.removeprefix("html/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.startswith("html/") and name.endswith(".html") and b"<body" in data:
            up = "../" * (path.relative_to(folder).as_posix().count("/") + 1)
            data = dress(data.decode("utf-8"), version, latest, up=up).encode()
        path.write_bytes(data)


def dress(page: str, version: Version, latest: Version, *, up: str = "../../") -> str:
    """Return a page with the version switcher and, on an old version, a banner that says what moved since.

    Parameters
    ----------
    page : str
        HTML.
    version, latest : Version
    up : str
        Way from the page to the site.
    """
    name = escape(version.name)
    page = page.replace(f'content="{PDF_FROM_PAGE}"', f'content="{PDF_ON_SITE}"')
    page = page.replace(HEADER, SWITCHER.format(name=name) + HEADER, 1)
    page = page.replace(
        "</head>", f'<link rel="alternate" type="application/atom+xml" href="{up}feed.xml"></head>', 1
    )
    page = page.replace(
        "</body>", SCRIPT.format(up=up, name="latest" if version.name == latest.name else name) + "</body>", 1
    )
    if version.name == latest.name:
        return page
    banner = (
        f'<div class="old-version" role="note" style="padding:.6rem 1rem;background:#7a1f1f;color:#fff;text-align:center">'
        f"This is version {name} of {escape(version.date)}. "
        f'<a style="color:#fff" href="{up}latest/book/index.html">The latest is {escape(latest.name)}</a>: '
        f'{escape(summary(version.to_latest))} since (<a style="color:#fff" href="{up}versions.html">what changed</a>).</div>'
    )
    start = page.find("<body")
    end = page.find(">", start) + 1
    return page[:end] + banner + page[end:]


def _switcher(known: list[Version]) -> list[dict[str, object]]:
    """Return the list that the theme reads; addresses are relative to a page in ``book/``."""
    newest = known[-1]
    latest = {
        "name": f"{newest.name} (latest)",
        "version": "latest",
        "url": f"{UP}latest/",
        "preferred": True,
    }
    older: list[dict[str, object]] = [
        {"name": version.name, "version": version.name, "url": f"{UP}v{version.name}/"}
        for version in reversed(known[:-1])
    ]
    # the theme appends the page's path to an address: after the mark it does no harm
    every: dict[str, object] = {
        "name": "All versions, and what changed",
        "version": "versions",
        "url": f"{UP}versions.html#",
    }
    return [latest, *older, every]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
