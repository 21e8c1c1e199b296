"""A version as one small archive: pages, PDF, ledger and protocol, with a list of checksums.

Files that versions share (style sheets, fonts, scripts) are stored once, compressed, under their
checksum in ``versions/assets``. The same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Mapping
from pathlib import Path

from livingpaper.build.cache import write_whole

SUMS, SHARED = "SHA256SUMS", "assets.json"
SHARED_FOLDERS = ("html/_static/",)
MAX_BYTES = 3_000_000
PRESET = 9 | lzma.PRESET_EXTREME


class ArchiveError(RuntimeError):
    """A version is damaged, too large or there already."""


def freeze(files: Mapping[str, bytes], archive: Path, assets: Path, *, date: int) -> int:
    """Write files as one archive and return its size in bytes.

    Parameters
    ----------
    files : mapping of str to bytes
        Name inside the version, for example ``html/book/index.html``, to content.
    archive : Path
        ``versions/v1.1.0.tar.xz``; written whole or not at all.
    assets : Path
        Folder of what versions share.
    date : int
        Seconds since 1970 that every entry bears.

    Raises
    ------
    ArchiveError
        If the archive would exceed three megabytes.
    """
    shared = {name: _sha(data) for name, data in files.items() if name.startswith(SHARED_FOLDERS)}
    own = {name: data for name, data in files.items() if name not in shared}
    own[SUMS] = "".join(f"{_sha(files[name])}  {name}\n" for name in sorted(files)).encode()
    own[SHARED] = (json.dumps(shared, indent=0, sort_keys=True) + "\n").encode()
    packed = lzma.compress(_tar(own, date), preset=PRESET)
    if len(packed) > MAX_BYTES:
        raise ArchiveError(
            f"a version may take {MAX_BYTES / 1e6:.0f} MB, this one takes {len(packed) / 1e6:.1f} MB; "
            "look for large images or embedded data in _build/html"
        )
    for name, sha in shared.items():
        if not (assets / f"{sha}.xz").is_file():
            write_whole(assets / f"{sha}.xz", lzma.compress(files[name], preset=PRESET))
    write_whole(archive, packed)
    return len(packed)


def thaw(archive: Path, assets: Path) -> dict[str, bytes]:
    """Return the files of a version, every one checked against its checksum.

    Raises
    ------
    ArchiveError
        If a file is missing, damaged or not in the list.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(lzma.decompress(archive.read_bytes()))) as tar:
            files = {
                member.name: stream.read()
                for member in tar
                if (stream := tar.extractfile(member)) is not None
            }
        shared = json.loads(files.pop(SHARED))
        for name, sha in shared.items():
            files[name] = lzma.decompress((assets / f"{sha}.xz").read_bytes())
        sums = {line[66:]: line[:64] for line in files.pop(SUMS).decode().splitlines()}
    except (OSError, lzma.LZMAError, tarfile.TarError, KeyError, ValueError) as error:
        raise ArchiveError(
            f"{archive.name} cannot be read ({error}); restore it: git checkout versions"
        ) from None
    wrong = sorted(
        name for name in set(files) | set(sums) if name not in files or _sha(files[name]) != sums.get(name)
    )
    if wrong:
        raise ArchiveError(
            f"{archive.name} must hold what its checksums say, {wrong[:3]} do not; restore it: git checkout versions"
        )
    return files


def files_of(folder: Path, prefix: str) -> dict[str, bytes]:
    """Return every file of a folder by its name under a prefix."""
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _tar(files: Mapping[str, bytes], date: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(files[name]), date, 0o644
            tar.addfile(member, io.BytesIO(files[name]))
    return out.getvalue()
