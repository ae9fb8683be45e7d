"""From a path to the octets of a recording: what contains it is recognised by content, never by name."""

from __future__ import annotations

import codecs
import mmap
import sys
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from msgspec import Struct

from inspector.capture.model import CaptureError
from inspector.patterns import compile_late

if TYPE_CHECKING:
    import zipfile  # imported where it is needed, which is rarely

Buffer = bytes | memoryview

MAPPED_FROM = 1 << 20
"""Files of this size and more are mapped rather than read."""

IN_MEMORY = 32 << 20
"""What unpacks to more than this goes to a temporary file, which is mapped."""

LARGEST = 8 << 30
"""Nothing is unpacked to more than this."""

LARGEST_SIDE_FILE = 256 << 20

_CHUNK = 1 << 20
_FLOWS = compile_late(rb"\d{1,12}:\d{1,12}:[0-9a-z_]")
_WRAPPED = compile_late(rb"(?:\)\]\}'?,?|(?:(?:var|let|const)\s+)?[\w$][\w$.]{0,127}\s*[(=]|/\*\*/)\s*")
_SIDE_FILE = compile_late(r"[0-9a-f]{40}(?:\.[\w.-]{1,32})?")
_SPACE = b" \t\r\n"


class Opened(Struct):
    """A recording's octets, out of whatever contained them."""

    path: str
    kind: Literal["json", "flows"]
    data: Buffer
    notes: list[str]
    archive: zipfile.ZipFile | None = None
    """The archive the recording came in, for the files beside it."""
    folder: Path | None = None

    def side_file(self, name: str) -> bytes | None:
        """The content of a file the recording keeps beside itself (Playwright's ``_file``), ``None`` if it is not.

        Outside an archive only names made of a hash are followed, and only in the recording's own folder: the
        name comes from the recording, and must not pull in somebody's files.
        """
        try:
            if self.archive is not None:
                if self.archive.getinfo(name).file_size > LARGEST_SIDE_FILE:
                    return None
                with self.archive.open(name) as stream:
                    content = stream.read(LARGEST_SIDE_FILE + 1)
                    return content if len(content) <= LARGEST_SIDE_FILE else None
            if self.folder is not None and _SIDE_FILE.fullmatch(name):
                file = self.folder / name
                if file.is_file() and not file.is_symlink() and file.stat().st_size <= LARGEST_SIDE_FILE:
                    return file.read_bytes()
        except Exception:
            return None  # a side file that cannot be had is content that was not kept, whatever the reason
        return None


def open_recording(path: str) -> Opened:
    """Read a recording and unwrap it: byte order mark, UTF-16, gzip, zlib, zip, JSONP, standard input (``"-"``).

    Raises:
        CaptureError: there is nothing to read, or it is not a recording.
    """
    shown = "standard input" if path == "-" else path
    try:
        data = _standard_input() if path == "-" else _file(path)
    except FileNotFoundError:
        raise CaptureError(f"{shown}: no such file") from None
    except IsADirectoryError:
        raise CaptureError(f"{shown}: is a directory, not a recording") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CaptureError(f"{shown}: cannot be read: {reason}") from None
    opened = Opened(shown, "json", data, [], folder=None if path == "-" else Path(path).parent)
    for _ in range(3):  # a gzip file in a zip archive is met, more layers are not
        if not _unpack(opened):
            break
    _as_utf8(opened)
    data = opened.data
    start = bytes(data[:256])
    if not start.strip(_SPACE):
        raise CaptureError(f"{shown}: is empty" if not len(data) else f"{shown}: holds nothing but white space")
    if _FLOWS.match(start):
        opened.kind = "flows"
        return opened
    opened.data = _bare_json(data, start, shown)
    return opened


def _standard_input() -> bytes:
    return sys.stdin.buffer.read()


def _file(path: str) -> Buffer:
    file = Path(path)
    if file.is_dir():
        raise IsADirectoryError
    with file.open("rb") as stream:
        if file.is_file() and file.stat().st_size >= MAPPED_FROM:
            return _mapped(stream)
        return stream.read()


def _mapped(stream: IO[bytes]) -> memoryview:
    # The mapping lives as long as something decoded from it refers to it; it is never closed explicitly.
    return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))


def _unpack(opened: Opened) -> bool:
    """Take one container away; False where there is none."""
    magic = bytes(opened.data[:4])
    if magic[:2] == b"\x1f\x8b":
        opened.data = _inflated(opened, 31, "gzip")
    elif magic[:1] == b"\x78" and magic[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"):
        opened.data = _inflated(opened, 15, "zlib")
    elif magic in (b"PK\x03\x04", b"PK\x05\x06"):
        _from_archive(opened)
    else:
        return False
    return True


class _Sink:
    """Collects octets in memory, and in a temporary file when they become many."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.size = 0
        import tempfile

        self.stream: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115

    def write(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > LARGEST:
            raise CaptureError(f"{self.path}: unpacks to more than {LARGEST >> 30} GiB")
        try:
            self.stream.write(piece)
        except OSError as error:
            raise CaptureError(f"{self.path}: cannot be unpacked: {error.strerror}") from None

    def buffer(self) -> Buffer:
        with self.stream:
            self.stream.seek(0)
            return _mapped(self.stream) if self.size > IN_MEMORY else self.stream.read()


def _inflated(opened: Opened, window: int, name: str) -> Buffer:
    sink = _Sink(opened.path)
    data = memoryview(opened.data)
    decoder = zlib.decompressobj(window)
    position = 0
    try:
        while position < len(data) or decoder.unconsumed_tail:
            if decoder.unconsumed_tail:
                piece: Buffer = decoder.unconsumed_tail
            else:
                piece = data[position : position + _CHUNK]
                position += len(piece)
            sink.write(decoder.decompress(piece, _CHUNK))
            if decoder.eof:
                position -= len(decoder.unused_data)
                if bytes(data[position : position + 2]) != b"\x1f\x8b":
                    break
                decoder = zlib.decompressobj(window)  # gzip files may be concatenated (RFC 1952, section 2.2)
        if not decoder.eof:
            sink.write(decoder.flush())
        complete = decoder.eof
    except zlib.error:
        complete = False
    if not complete:
        if not sink.size:
            raise CaptureError(f"{opened.path}: is a damaged {name} file")
        opened.notes.append(f"The {name} file is damaged or cut short; what could be unpacked was read.")
    return sink.buffer()


def _from_archive(opened: Opened) -> None:
    import zipfile

    try:
        archive = zipfile.ZipFile(_Stream(opened.data))
        members = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise CaptureError(f"{opened.path}: is a damaged zip archive") from None
    chosen = _recording_in(members)
    if chosen is None:
        hint = ""
        if any(info.filename.startswith("raw/") for info in members):
            hint = "; a Fiddler archive (.saz) has to be exported as HAR (File, Export Sessions, HTTPArchive)"
        raise CaptureError(f"{opened.path}: there is no .har file in this archive{hint}")
    others = sum(info.filename.lower().endswith((".har", ".har.gz")) for info in members) - 1
    if others > 0:
        opened.notes.append(f"The archive holds {others + 1} HAR files; only `{chosen.filename}` was read.")
    sink = _Sink(opened.path)
    try:
        with archive.open(chosen) as stream:
            while piece := stream.read(_CHUNK):
                sink.write(piece)
    except RuntimeError:
        raise CaptureError(f"{opened.path}: the archive is encrypted") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        if not sink.size:
            raise CaptureError(f"{opened.path}: `{chosen.filename}` in this archive is damaged") from None
        opened.notes.append(f"`{chosen.filename}` in the archive is damaged; what could be unpacked was read.")
    opened.data = sink.buffer()
    opened.archive = archive


def _recording_in(members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo | None:
    """Playwright's ``har.har``, else the largest .har, else the largest that looks like one by its name."""
    for info in members:
        if info.filename == "har.har":
            return info
    for endings in ((".har", ".har.gz"), (".zhar", ".harp", ".mitm", ".flow", ".flows"), (".json",)):
        matching = [info for info in members if info.filename.lower().endswith(endings)]
        if matching:
            return max(matching, key=lambda info: info.file_size)
    return None


class _Stream:
    """A buffer as the seekable stream that `zipfile` wants, without copying it."""

    def __init__(self, data: Buffer) -> None:
        self._view = memoryview(data)
        self._position = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._position, len(self._view))[whence]
        if base + offset < 0:
            raise OSError("negative seek")
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        end = len(self._view) if size is None or size < 0 else self._position + size
        piece = bytes(self._view[self._position : end])
        self._position += len(piece)
        return piece


_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _as_utf8(opened: Opened) -> None:
    data = opened.data
    start = bytes(data[:4])
    if start[:3] == codecs.BOM_UTF8:
        opened.data = memoryview(data)[3:]
        return
    encoding = next((name for mark, name in _WIDE if start.startswith(mark)), None)
    if encoding is None and len(start) == 4:
        if start[0] and not start[1] and start[2] and not start[3]:
            encoding = "utf-16-le"
        elif start[1] and not start[0] and start[3] and not start[2]:
            encoding = "utf-16-be"
    if encoding is not None:
        text = bytes(data).decode(encoding, "replace")
        opened.data = text.encode("utf-8", "replace")


_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\x0a\x0d\x0d\x0a", "is a packet capture (pcapng); export a HAR file from the browser instead"),
    (b"\xd4\xc3\xb2\xa1", "is a packet capture (pcap); export a HAR file from the browser instead"),
    (b"\xa1\xb2\xc3\xd4", "is a packet capture (pcap); export a HAR file from the browser instead"),
    (b"SQLite format 3", "is a database, not a recording"),
    (b"\x89PNG", "is a picture, not a recording"),
    (b"%PDF", "is a PDF document, not a recording"),
    (b"<", "is HTML or XML, not a recording"),
    (b'{"constants"', "is a Chrome network log (NetLog); export a HAR file from DevTools instead"),
)


def _bare_json(data: Buffer, start: bytes, shown: str) -> Buffer:
    """The part of the data that begins with the JSON value; JSONP's and the like's wrapping taken off."""
    stripped = start.lstrip(_SPACE)
    for magic, what in _OTHERS:
        if start.startswith(magic) or stripped.startswith(magic):
            raise CaptureError(f"{shown}: {what}")
    offset = len(start) - len(stripped)
    wrapped = _WRAPPED.match(stripped)
    while wrapped:
        offset += wrapped.end()
        stripped = stripped[wrapped.end() :]
        wrapped = _WRAPPED.match(stripped)
    if stripped[:1] not in (b"{", b"["):
        raise CaptureError(f"{shown}: is not a recording this program knows (HAR, or mitmproxy flows)")
    view = memoryview(data)[offset:]
    if not offset or stripped is start:
        return view
    # The wrapping's end: only its own characters may follow the value.
    end = len(view)
    tail = bytes(view[max(0, end - 64) :]).rstrip(b");" + _SPACE)
    return view[: max(0, end - 64) + len(tail)]
