"""Undoing content codings (RFC 9110, section 8.4.1), never further than a bound: a few kilobytes can hold gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO

from msgspec import Struct

DECODED_LIMIT = 8 * 1024 * 1024
"""Octets of decoded content kept for one message."""


class Decoded(Struct, frozen=True):
    """Content with its codings undone. `data` is ``None`` where that failed; `complete` is False for a prefix."""

    data: bytes | None
    complete: bool = True


@lru_cache(maxsize=256)
def codings(content_encoding: str) -> tuple[str, ...]:
    """The codings a ``Content-Encoding`` value lists, in the order they were applied, ``identity`` left out."""
    listed = (part.strip().lower() for part in content_encoding.split(","))
    return tuple(coding for coding in listed if coding and coding != "identity")


def decode(data: bytes, applied: tuple[str, ...], limit: int = DECODED_LIMIT) -> Decoded:
    """Undo the codings, last applied first, keeping at most `limit` octets of each step.

    Content that is cut short gives what can be read of it, with `complete` False. An unknown coding, or content that
    is not what its coding says, gives no data: octets that were not decoded must not pass for the content.
    """
    complete = True
    for coding in reversed(applied):
        decoder = _DECODERS.get(coding)
        if decoder is None:
            return Decoded(None, False)
        if not data:
            return Decoded(b"", complete)
        try:
            data, whole = decoder(data, limit)
        except Exception:  # each library has its own error type; all mean the same here
            return Decoded(None, False)
        complete = complete and whole
    return Decoded(data, complete)


def all_known(applied: tuple[str, ...]) -> bool:
    """Whether every coding is one that `decode` can undo."""
    return all(coding in _DECODERS for coding in applied)


def _zlib(data: bytes, limit: int, wbits: int) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    room = limit
    while data and room > 0:
        inflate = zlib.decompressobj(wbits)
        part = inflate.decompress(data, room)
        parts.append(part)
        room -= len(part)
        if not inflate.eof:
            return b"".join(parts), False
        data = inflate.unused_data  # gzip may have several members (RFC 1952, section 2.2)
        if data and data[:2] != b"\x1f\x8b":
            break  # what follows the end is not content; browsers ignore it too
    return b"".join(parts), room > 0


def _gzip(data: bytes, limit: int) -> tuple[bytes, bool]:
    return _zlib(data, limit, 31)


def _deflate(data: bytes, limit: int) -> tuple[bytes, bool]:
    try:
        return _zlib(data, limit, 15)
    except zlib.error:
        return _zlib(data, limit, -15)  # without the zlib wrapper, as some servers send it and every browser accepts


def _brotli(data: bytes, limit: int) -> tuple[bytes, bool]:
    import brotli  # type: ignore[import-untyped, unused-ignore]

    decompressor = brotli.Decompressor()
    parts: list[bytes] = []
    room, chunk = limit, data
    while room > 0:
        part: bytes = decompressor.process(chunk, output_buffer_limit=room)
        parts.append(part)
        room -= len(part)
        chunk = b""
        if decompressor.is_finished():
            return b"".join(parts), True
        if not part or decompressor.can_accept_more_data():
            break
    return b"".join(parts)[:limit], False


def _zstd(data: bytes, limit: int) -> tuple[bytes, bool]:
    import zstandard

    # the window a browser accepts (RFC 9659, section 3), so that a frame cannot ask for gigabytes
    decompressor = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024)
    decoded = decompressor.stream_reader(BytesIO(data), read_across_frames=True).read(limit)
    if len(decoded) >= limit:
        return decoded, False
    # the reader does not tell a frame's end from the input's; now that the output is known to be small, this does
    whole = decompressor.decompressobj(read_across_frames=False)
    whole.decompress(data)
    return decoded, whole.eof


_DECODERS: dict[str, Callable[[bytes, int], tuple[bytes, bool]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
