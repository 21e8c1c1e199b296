"""Versions as small archives with checksums, and the site of all: unpacked, never rebuilt, with what later versions add."""

import io
import json
import lzma
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from livingpaper.book.markup import markup
from livingpaper.book.stamp import PDF_FROM_PAGE, PDF_ON_SITE, author_names, citation_file, title_of
from livingpaper.build.cache import made_whole, sha, write_whole
from livingpaper.build.project import Project
from livingpaper.ledger.ledger import ledger_csv
from livingpaper.versions.exhibits import versions_page
from livingpaper.versions.sources import Version, history, version_folder

UP = "../../"  # from a page in v1.1.0/book/ to the site; every chapter is there
HEADER = '<div class="article-header-buttons">'
SUMS, SHARED = "SHA256SUMS", "assets.json"
SHARED_FOLDERS = ("html/_static/",)  # what versions share lies in assets, once
MAX_BYTES = 3_000_000
PRESET: Any = 9 | lzma.PRESET_EXTREME


class ArchiveError(RuntimeError):
    """A version is damaged, too large or there already."""


def freeze(files: Mapping[str, bytes], archive: Path, assets: Path, *, date: int) -> int:
    """Write files by name as one archive, what versions share to ``assets``; return its size, at most ``MAX_BYTES``."""
    shared = {name: sha(data) for name, data in files.items() if name.startswith(SHARED_FOLDERS)}
    own = {name: data for name, data in files.items() if name not in shared}
    own[SUMS] = "".join(f"{sha(files[name])}  {name}\n" for name in sorted(files)).encode()
    own[SHARED] = (json.dumps(shared, indent=0, sort_keys=True) + "\n").encode()
    packed = _packed(own, date)
    if len(packed) > MAX_BYTES:
        found = f"a version may take {MAX_BYTES / 1e6:.0f} MB, this one takes {len(packed) / 1e6:.1f} MB"
        raise ArchiveError(f"{found}; look for large images or embedded data in _build/html")
    for name, mark in shared.items():
        if not (assets / f"{mark}.xz").is_file():
            write_whole(assets / f"{mark}.xz", lzma.compress(files[name], preset=PRESET))
    write_whole(archive, packed)
    return len(packed)


def thaw(archive: Path, assets: Path) -> dict[str, bytes]:
    """Return the files of a version; ``ArchiveError`` if one is missing, not in the list or not as its checksum says."""
    cure = "restore it: git checkout versions"
    try:
        with tarfile.open(fileobj=io.BytesIO(lzma.decompress(archive.read_bytes()))) as tar:
            files = {each.name: stream.read() for each in tar if (stream := tar.extractfile(each))}
        for name, mark in json.loads(files.pop(SHARED)).items():
            files[name] = lzma.decompress((assets / f"{mark}.xz").read_bytes())
        sums = {line[66:]: line[:64] for line in files.pop(SUMS).decode().splitlines()}
    except (OSError, lzma.LZMAError, tarfile.TarError, KeyError, ValueError) as error:
        raise ArchiveError(f"{archive.name} cannot be read ({error}); {cure}") from None
    found = {name: sha(data) for name, data in files.items()}
    if wrong := sorted({name for name, _ in found.items() ^ sums.items()}):
        raise ArchiveError(f"{archive.name} must hold what its checksums say, {wrong[:3]} do not; {cure}")
    return files


def _packed(files: Mapping[str, bytes], date: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz", preset=PRESET, format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(files[name]), date, 0o644
            tar.addfile(member, io.BytesIO(files[name]))
    return out.getvalue()


def assemble(project: Project, newest: str | None = None) -> Path:
    """Make ``_build/site`` whole and return it; ``newest`` is the version that must be the last, if given."""
    known, wanted = history(project), (newest or "").removeprefix("v")
    if wanted and wanted != known[-1].name:
        cure = "push the commit that froze it with its tag: git push --follow-tags"
        raise ValueError(f"the newest version must be {wanted}, it is {known[-1].name}; {cure}")
    target, title, authors = project.build / "site", title_of(project), author_names(citation_file(project))
    marks = {version.name: sha(version.name + ledger_csv(version.ledger)) for version in known}
    told = {"title": title, "id": sha(title), "authors": ", ".join(authors), "versions": known, "ids": marks}
    files = {"index.html": markup("redirect.html"), "feed.xml": markup("feed.xml", **told)}
    files["switcher.json"] = markup("switcher.json", versions=known, up=UP)
    with made_whole(target) as fresh:
        for version in known:
            _unpack(project, version, known[-1], fresh / f"v{version.name}")
        _unpack(project, known[-1], known[-1], fresh / "latest")
        found = {each.name: sorted((fresh / f"v{each.name}").glob("*.pdf")) for each in known}
        pdfs = {name: [path.name for path in paths] for name, paths in found.items()}
        files["versions.html"] = versions_page(project, known, pdfs)
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
    page = re.sub(r'href="\.\./\.\./(paper|supplement)\.pdf"', r'href="../\1.pdf"', page)
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
