"""The site of all versions, for any static host: archives unpacked, never rebuilt, with what later versions add to them."""

import json
from pathlib import Path

from livingpaper.book.markup import markup
from livingpaper.book.stamp import PDF_FROM_PAGE, PDF_ON_SITE, author_names, citation_file, title_of
from livingpaper.build.cache import made_whole, write_whole
from livingpaper.build.project import Project
from livingpaper.versions.archive import ArchiveError, thaw
from livingpaper.versions.exhibits import feed, versions_page
from livingpaper.versions.sources import Version, history, version_folder

UP = "../../"  # from a page in v1.1.0/book/ to the site; every chapter is there
HEADER = '<div class="article-header-buttons">'


def assemble(project: Project, newest: str | None = None) -> Path:
    """Make ``_build/site`` whole and return it; ``newest`` is the version that must be the last, if given."""
    known, wanted = history(project), (newest or "").removeprefix("v")
    if wanted and wanted != known[-1].name:
        cure = "push the commit that froze it with its tag: git push --follow-tags"
        raise ValueError(f"the newest version must be {wanted}, it is {known[-1].name}; {cure}")
    target, authors = project.build / "site", ", ".join(author_names(citation_file(project)))
    files = {"versions.html": versions_page(project, known), "index.html": markup("redirect.html")}
    files["switcher.json"] = json.dumps(_switcher(known), indent=1) + "\n"
    files["feed.xml"] = feed(title_of(project), authors, known)
    with made_whole(target) as fresh:
        for version in known:
            _unpack(project, version, known[-1], fresh / f"v{version.name}")
        _unpack(project, known[-1], known[-1], fresh / "latest")
        for name, text in files.items():
            write_whole(fresh / name, text.encode())
    return target


def _unpack(project: Project, version: Version, latest: Version, folder: Path) -> None:
    root = project.root / "versions"
    files = thaw(root / f"v{version.name}.tar.xz", root / "assets")
    plain = version_folder(project, version.name) / "ledger.csv"
    if plain.read_bytes() != files["ledger.csv"]:
        must = f"{plain.relative_to(project.root)} must equal the ledger in the archive of the version, it does not"
        raise ArchiveError(f"{must}; restore it: git checkout versions")
    for name, data in files.items():
        place = name.removeprefix("html/")
        if name.startswith("html/") and name.endswith(".html") and b"<body" in data:
            data = dress(data.decode("utf-8"), version, latest, up="../" * (place.count("/") + 1)).encode()
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(data)


def dress(page: str, version: Version, latest: Version, *, up: str = UP) -> str:
    """Return a page, ``up`` being its way to the site, with the switcher and on an old version what moved since."""
    last = version.name == latest.name
    page = page.replace(f'content="{PDF_FROM_PAGE}"', f'content="{PDF_ON_SITE}"')
    feed_link = f'<link rel="alternate" type="application/atom+xml" href="{up}feed.xml">'
    # over file:// the list of versions cannot be fetched: the switcher becomes a link to the plain page
    script = markup("script.html", up=up, name="latest" if last else version.name)
    switcher = markup("switcher.html", name=version.name)
    for place, more in {HEADER: switcher, "</head>": feed_link, "</body>": script}.items():
        page = page.replace(place, more + place, 1)
    if last:
        return page
    words = {"name": version.name, "date": version.date, "up": up, "latest": latest.name}
    end = page.find(">", page.find("<body")) + 1
    return page[:end] + markup("banner.html", **words, moved=version.to_latest) + page[end:]


def _switcher(known: list[Version]) -> list[dict[str, object]]:
    """Return the list that the theme reads; addresses are relative to a page in ``book/``."""
    last, *older = reversed(known)
    entries = [(f"{last.name} (latest)", "latest", "latest/")]
    entries += [(each.name, each.name, f"v{each.name}/") for each in older]
    # the theme appends the page's path to an address: after the mark it does no harm
    entries += [("All versions, and what changed", "versions", "versions.html#")]
    listed = [dict[str, object](name=name, version=key, url=f"{UP}{url}") for name, key, url in entries]
    return [{**listed[0], "preferred": True}, *listed[1:]]
