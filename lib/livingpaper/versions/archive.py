"""A version as one small archive with checksums, the same for the same input; what versions share lies in ``assets``, once."""

import io
import json
import lzma
import tarfile
from collections.abc import Mapping
from pathlib import Path

from livingpaper.build.cache import sha, write_whole

SUMS, SHARED = "SHA256SUMS", "assets.json"
SHARED_FOLDERS = ("html/_static/",)
MAX_BYTES = 3_000_000
PRESET = 9 | lzma.PRESET_EXTREME


class ArchiveError(RuntimeError):
    """A version is damaged, too large or there already."""


def freeze(files: Mapping[str, bytes], archive: Path, assets: Path, *, date: int) -> int:
    """Write files by name as one archive, what versions share to ``assets``; return its size, at most ``MAX_BYTES``."""
    shared = {name: sha(data) for name, data in files.items() if name.startswith(SHARED_FOLDERS)}
    own = {name: data for name, data in files.items() if name not in shared}
    own[SUMS] = "".join(f"{sha(files[name])}  {name}\n" for name in sorted(files)).encode()
    own[SHARED] = (json.dumps(shared, indent=0, sort_keys=True) + "\n").encode()
    packed = lzma.compress(_tar(own, date), preset=PRESET)
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


def _tar(files: Mapping[str, bytes], date: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(files[name]), date, 0o644
            tar.addfile(member, io.BytesIO(files[name]))
    return out.getvalue()
