from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from inspector.proxy.content import codings, decode

TEXT = b"hello, " * 5000
PACKED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "br": brotli.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
}


@pytest.mark.parametrize("coding", PACKED)
def test_each_coding(coding: str) -> None:
    assert decode(PACKED[coding], (coding,)) == decode(TEXT, ())
    cut = decode(PACKED[coding][: len(PACKED[coding]) * 2 // 3], (coding,))
    assert not cut.complete
    assert cut.data is None or TEXT.startswith(cut.data)
    wrong = decode(b"this is plain text, whatever the field says", (coding,))
    assert wrong.data is None
    assert not wrong.complete


@pytest.mark.parametrize("coding", PACKED)
def test_a_bomb_is_bounded(coding: str) -> None:
    limit = 10_000
    bombs = {
        "gzip": lambda: gzip.compress(bytes(50_000_000)),
        "x-gzip": lambda: gzip.compress(bytes(1_000_000)) * 50,
        "deflate": lambda: zlib.compress(bytes(50_000_000)),
        "br": lambda: brotli.compress(bytes(50_000_000), quality=1),
        "zstd": lambda: zstandard.compress(bytes(50_000_000)),
    }
    decoded = decode(bombs[coding](), (coding,), limit)
    assert decoded.data is not None
    assert len(decoded.data) <= limit
    assert not decoded.complete


def test_raw_deflate_several_members_and_several_codings() -> None:
    assert decode(zlib.compress(TEXT, wbits=-15), ("deflate",)).data == TEXT
    assert decode(gzip.compress(b"one ") + gzip.compress(b"two") + b"\0\0", ("gzip",)).data == b"one two"
    assert decode(brotli.compress(gzip.compress(TEXT)), codings("gzip, identity , BR")).data == TEXT


def test_an_unknown_coding_gives_nothing() -> None:
    """Python has codecs named rot13 and hex; a server must not be able to call them."""
    for name in ("rot13", "hex", "utf8", "dcb", "aws-chunked"):
        assert decode(b"abcd", codings(name)).data is None


@given(st.binary(max_size=300), st.lists(st.sampled_from([*PACKED, "identity", "nonsense"]), max_size=3))
def test_hostile_content_never_raises(data: bytes, applied: list[str]) -> None:
    decoded = decode(data, tuple(applied), 1000)
    assert decoded.data is None or len(decoded.data) <= max(1000, len(data))
