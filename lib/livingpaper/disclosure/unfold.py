"""Everything below a folder as text: pages, notebooks, PDF with what hangs on it, archives, caches, and the past in git."""

import base64
import binascii
import bz2
import gzip
import html
import io
import lzma
import re
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import IndirectObject, NameObject, StreamObject

LARGEST = 256 << 20  # bytes of one file, or of one member of an archive, that are looked into
DEEPEST = 6  # archives in archives
ENCODED = re.compile(rb"(?<![\w+/])[A-Za-z0-9+/]{160,}={0,2}")
ESCAPES = re.compile(r"\\u([0-9a-fA-F]{4})")
RUNS = re.compile(rb"[\x20-\x7e\t\n]{8,}")
PACKED = re.compile(
    rb"zTXt[^\x00]{1,79}\x00\x00|iTXt[^\x00]{1,79}\x00\x01\x00[^\x00]*\x00[^\x00]*\x00"
)  # notes in a PNG
MARKED = re.compile(rb"<(?:!doctype|html|svg|\?xml|div|table|body|p|script)[\s>]", re.I)
UNPACK: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": lambda data: _at_most(gzip.GzipFile(fileobj=io.BytesIO(data)).read),
    b"\xfd7zXZ\0": lambda data: _at_most(lzma.LZMAFile(io.BytesIO(data)).read),  # noqa: SIM115
    b"BZh": lambda data: _at_most(bz2.BZ2File(io.BytesIO(data)).read),
    b"# Sphinx inventory": lambda data: zlib.decompress(data.split(b"zlib.\n", 1)[-1]),
}
CLOSED = {b"7z\xbc\xaf\x27\x1c": "7-Zip", b"Rar!": "RAR", b"\x28\xb5\x2f\xfd": "Zstandard"}


@dataclass(frozen=True)
class Piece:
    """Part of what was built: ``place`` says where, ``text`` what it says, ``raw`` its bytes if it is no text.

    ``fault`` says why it could not be looked into; then there is neither text nor bytes.
    """

    place: str
    text: str = ""
    raw: bytes = b""
    fault: str = ""

    @property
    def name(self) -> str:
        """The last part of the place."""
        return re.split(r"[/!]", self.place)[-1]


def names_and_past(path: Path) -> Iterator[Piece]:
    """Yield every name below a folder, which can be the leak, broken links and the git history."""
    for each in sorted(path.rglob("*")):
        inside = each.relative_to(path)
        if each.is_symlink() and not each.exists():
            yield Piece(inside.as_posix(), text=str(each.readlink()))
        yield Piece(inside.parent.as_posix(), text=each.name)
    yield from past(path)


def in_file(path: Path, place: str) -> Iterator[Piece]:
    """Yield the pieces of a file; nothing is skipped silently."""
    if (size := path.stat().st_size) > LARGEST:
        yield Piece(place, fault=f"is larger than {LARGEST >> 20} MB ({size >> 20} MB)")
    else:
        yield from unfold(place, path.read_bytes())


def unfold(place: str, data: bytes, depth: int = 0) -> Iterator[Piece]:
    """Yield what is in the content of one file, and in what it holds."""
    if depth > DEEPEST:
        yield Piece(place, fault=f"holds archives more than {DEEPEST} deep")
        return
    try:
        yield from _unfold(place, data, depth)
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error, tarfile.TarError, RuntimeError,
            zipfile.BadZipFile, NotImplementedError, PyPdfError, KeyError,
            ImportError) as error:  # fmt: skip
        yield Piece(place, fault=f"cannot be read ({type(error).__name__})")


def _unfold(place: str, data: bytes, depth: int) -> Iterator[Piece]:
    if closed := next((name for start, name in CLOSED.items() if data.startswith(start)), ""):
        yield Piece(place, fault=f"is an archive that cannot be opened here ({closed})")
    elif (start := next(filter(data.startswith, UNPACK), None)) is not None:
        yield from unfold(f"{place}!{Path(place).stem}", UNPACK[start](data), depth + 1)
    elif data.startswith(b"PK\x03\x04"):
        yield from _members(place, data, depth)
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in filter(tarfile.TarInfo.isfile, tar):
                content = tar.extractfile(member)
                yield from _member(place, member.name, member.size, content.read if content else bytes, depth)
    elif data.startswith(b"%PDF"):
        yield from _pdf(place, data, depth)
    elif data.startswith(b"PAR1"):
        yield Piece(place, text=pd.read_parquet(io.BytesIO(data)).to_csv())
    else:
        yield from _plain(place, data, depth)


def _plain(place: str, data: bytes, depth: int) -> Iterator[Piece]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16").encode()
    text = data.decode("utf-8", "replace") if b"\0" not in data[:8192] else ""
    if text:
        yield Piece(place, text=readable(text) if MARKED.search(data[:4096]) else plain(text))
    else:
        yield Piece(place, text=data.decode("latin-1"), raw=data)
        yield from (Piece(place, text=said) for said in _said_in(data))
    for number, found in enumerate(ENCODED.finditer(data) if text else ()):
        try:
            inner = base64.b64decode(found[0] + b"=" * (-len(found[0].rstrip(b"=")) % 4))
        except binascii.Error:
            continue
        yield from unfold(f"{place}!base64-{number}", inner, depth + 1)


def plain(text: str) -> str:
    """Return text with what JSON and addresses escape written out."""
    text = ESCAPES.sub(lambda found: chr(int(found[1], 16)), text).replace('\\"', '"')
    return unquote(text) if "%2C" in text or "%0A" in text or "%3B" in text else text


def readable(text: str) -> str:
    """Return HTML or SVG with its entities written out; tags stay, as their attributes are read too."""
    return plain(html.unescape(text))


def _at_most(read: Callable[[int], bytes]) -> bytes:
    """Return what is unpacked, ``ValueError`` where it is more than ``LARGEST``: the packed size says nothing."""
    data = read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"more than {LARGEST >> 20} MB")
    return data


def _members(place: str, data: bytes, depth: int) -> Iterator[Piece]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if member.flag_bits & 1:
                yield Piece(f"{place}!{member.filename}", fault="is encrypted")
            elif not member.is_dir():
                read = archive.open(member).read
                yield from _member(place, member.filename, member.file_size, read, depth)


def _member(place: str, name: str, size: int, read: Callable[[], bytes], depth: int) -> Iterator[Piece]:
    inside = f"{place}!{name}"
    yield Piece(place, text=name)
    if size > LARGEST:
        yield Piece(inside, fault=f"is larger than {LARGEST >> 20} MB ({size >> 20} MB)")
    else:
        yield from unfold(inside, read(), depth + 1)


def _pdf(place: str, data: bytes, depth: int) -> Iterator[Piece]:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        yield Piece(place, fault="is encrypted")
        return
    yield Piece(place, text="\n".join(_strings(reader.trailer)))
    for number, page in enumerate(reader.pages, 1):
        yield Piece(f"{place}!page {number}", text=page.extract_text())
    for name, contents in reader.attachments.items():
        yield Piece(place, text=name)
        for content in contents:
            yield from unfold(f"{place}!{name}", content, depth + 1)


def _strings(start: Any) -> Iterator[str]:
    """Yield every text that a PDF holds beside its pages: of titles, notes, forms, bookmarks, and what describes it."""
    waiting, seen = [start], set[tuple[int, int]]()
    while waiting:
        part = waiting.pop()
        if isinstance(part, IndirectObject):
            if (at := (part.idnum, part.generation)) not in seen:
                seen.add(at)
                waiting.append(part.get_object())
        elif isinstance(part, (str, bytes)) and not isinstance(part, NameObject):
            yield part if isinstance(part, str) else part.decode("latin-1")
        elif isinstance(part, dict):
            waiting += part.values()
            if isinstance(part, StreamObject) and part.get("/Type") == "/Metadata":
                yield readable(part.get_data().decode("utf-8", "replace"))
        elif isinstance(part, list):
            waiting += part


def _said_in(data: bytes) -> Iterator[str]:
    """Yield the runs of characters in a file of bytes, those that a PNG has packed unpacked."""
    yield "\n".join(run.decode("latin-1") for run in RUNS.findall(data))
    for found in PACKED.finditer(data) if data.startswith(b"\x89PNG") else ():
        with suppress(zlib.error):
            yield zlib.decompressobj().decompress(data[found.end() :], LARGEST).decode("utf-8", "replace")


def past(path: Path) -> Iterator[Piece]:
    """Yield every commit and every file that git ever kept of a folder, also what no branch leads to any more."""
    own = (path / ".git").exists()
    which = ["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]
    objects = _git(path, *(which if own else ["rev-list", "--objects", "--all", "--", "."])).decode()
    names = dict(line.partition(" ")[::2] for line in objects.splitlines())
    answer = _git(path, "cat-file", "--batch", given="\n".join(names).encode()) if names else b""
    while answer:
        head, _, rest = answer.partition(b"\n")
        id_, kind, size = head.decode().split()
        content, answer = rest[: int(size)], rest[int(size) + 1 :]
        if kind in ("blob", "commit", "tag"):
            yield from unfold(f".git {kind} {id_[:10]} {names.get(id_, '')}".rstrip(), content)


def _git(path: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Return what git says; nothing where there is no git or no repository."""
    command = ["git", "-C", str(path), *arguments]
    try:
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return b""
