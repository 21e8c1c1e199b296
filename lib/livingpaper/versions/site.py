"""The site of all versions, for any static host: unpacked archives, a list of versions, a feed.

Old versions are unpacked, never rebuilt. What a page must say about later versions is added here; the
archive stays as it was.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

from livingpaper.book.stamp import PDF_FROM_PAGE, PDF_ON_SITE, author_names, citation_file, title_of
from livingpaper.build.cache import fresh_folder, replace_folder
from livingpaper.build.project import Project
from livingpaper.ledger.report import summary
from livingpaper.versions.archive import ArchiveError, thaw
from livingpaper.versions.exhibits import part, versions_page
from livingpaper.versions.feed import feed
from livingpaper.versions.history import Version, history
from livingpaper.versions.sources import version_folder

UP = "../../"  # from a page in v1.1.0/book/ to the site; every chapter is there
HEADER = '<div class="article-header-buttons">'


def assemble(project: Project, newest: str | None = None) -> Path:
    """Make ``_build/site`` whole and return it; ``newest`` is the version that must be the last, if given.

    Raises
    ------
    ValueError
        If there is no version, or the last one is another.
    ArchiveError
        If an archive is damaged.
    """
    known, wanted = history(project), (newest or "").removeprefix("v")
    if wanted and wanted != known[-1].name:
        raise ValueError(
            f"the newest version must be {wanted}, it is {known[-1].name}; "
            "push the commit that froze it with its tag: git push --follow-tags"
        )
    target = project.build / "site"
    fresh = fresh_folder(target)
    for version in known:
        _unpack(project, version, known[-1], fresh / f"v{version.name}")
    _unpack(project, known[-1], known[-1], fresh / "latest")
    authors = ", ".join(author_names(citation_file(project)))
    _write(fresh / "switcher.json", json.dumps(_switcher(known), indent=1) + "\n")
    _write(fresh / "versions.html", versions_page(project, known))
    (fresh / "feed.xml").write_bytes(feed(title_of(project), authors, known))
    _write(fresh / "index.html", part("redirect"))
    replace_folder(fresh, target)
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
    name, last = escape(version.name), version.name == latest.name
    page = page.replace(f'content="{PDF_FROM_PAGE}"', f'content="{PDF_ON_SITE}"')
    page = page.replace(HEADER, part("switcher", name=name) + HEADER, 1)
    feed_link = f'<link rel="alternate" type="application/atom+xml" href="{up}feed.xml"></head>'
    page = page.replace("</head>", feed_link, 1)
    # over file:// the list of versions cannot be fetched: the switcher becomes a link to the plain page
    page = page.replace("</body>", part("script", up=up, name="latest" if last else name) + "</body>", 1)
    if last:
        return page
    moved, end = escape(summary(version.to_latest)), page.find(">", page.find("<body")) + 1
    told = part(
        "banner", name=name, date=escape(version.date), up=up, latest=escape(latest.name), moved=moved
    )
    return page[:end] + told + page[end:]


def _switcher(known: list[Version]) -> list[dict[str, object]]:
    """Return the list that the theme reads; addresses are relative to a page in ``book/``."""
    older = {version.name: version.name for version in reversed(known[:-1])}
    names = {"latest": f"{known[-1].name} (latest)", **older}
    listed: list[dict[str, object]] = [
        {"name": name, "version": key, "url": f"{UP}{key if key == 'latest' else f'v{key}'}/"}
        for key, name in names.items()
    ]
    listed[0]["preferred"] = True
    # the theme appends the page's path to an address: after the mark it does no harm
    every: dict[str, object] = {
        "name": "All versions, and what changed",
        "version": "versions",
        "url": f"{UP}versions.html#",
    }
    return [*listed, every]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
