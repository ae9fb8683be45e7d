"""The entries of a HAR file that is not valid JSON as a whole: cut short, damaged, or followed by something else."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from msgspec import Raw, Struct

from inspector.capture import har_tolerant
from inspector.capture.recognise import Buffer
from inspector.patterns import compile_late

# Possessive, so that a string without an end costs one pass and not one for every character in it.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_TOKEN = compile_late(_STRING + rb'|["{}\[\]]', re.DOTALL)
_ENTRIES = compile_late(rb'"entries"\s*:\s*\[')
_GAP = compile_late(rb"[\s,]*+")
_SCALAR = compile_late(rb"[^,\]\s]++")
_MEMBER_FOLLOWS = compile_late(rb"\s*+,\s*+" + _STRING + rb"\s*+:", re.DOTALL)
_FIRST_MEMBER = compile_late(rb'\{\s*"(\w{1,40})"\s*:')
_DEEPEST = 500

_FIRST_MEMBERS = frozenset(
    b"startedDateTime _initiator pageref _connectionId _fromCache _requestId _request_id _frameref _monotonicTime "
    b"serverIPAddress _priority _resourceType _wallTime _requestWillBeSentTime".split()
)
_COMMON = frozenset(b"name value id url type time functionName scriptId lineNumber opcode data text size".split())
"""Members that objects inside an entry begin with, so that nothing can be told from them."""


class Salvaged(Struct):
    """What is left of a broken file. `entries` are the octets of each entry found, whole or not."""

    entries: list[memoryview]
    cut: bool
    """The file ends before its list of entries does."""


def salvage(data: Buffer) -> Salvaged | None:
    """Find the entries in broken JSON; ``None`` where there is no list of entries in it.

    An entry reaches from its opening brace to the matching one. Where that gives no JSON by any reading, octets are
    damaged and the braces prove nothing: the entry then ends at the next thing that looks like the beginning of
    one, so that damage costs one entry and not the rest of the file.
    """
    view = memoryview(data)
    opening = _ENTRIES.search(view)
    if opening is not None:
        position = opening.end()
    elif bytes(view[:1]) == b"[":
        position = 1
    else:
        return None
    entries: list[memoryview] = []
    names = set(_FIRST_MEMBERS)
    while True:
        gap = _GAP.match(view, position)
        start = gap.end() if gap is not None else position
        if start >= len(view):
            return Salvaged(entries, True)
        if view[start] in b"]}":
            return Salvaged(entries, view[start] != 0x5D)
        end = _value_end(view, start)
        # Where a member follows an element, a brace too many closed it before its time.
        if end is not None and _MEMBER_FOLLOWS.match(view, end) is None and _is_json(view[start:end]):
            first = _FIRST_MEMBER.match(view, start, end)
            if first is not None and first[1] not in _COMMON:
                names.add(first[1])
        else:
            following = _next_entry(view, start + 1, names)
            if following is None:
                entries.append(view[start:])
                return Salvaged(entries, True)
            end = following
        entries.append(view[start:end])
        position = end


def _is_json(piece: memoryview) -> bool:
    try:
        msgspec.json.decode(piece, type=Raw)
        return True
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        har_tolerant.load(piece)
        return True
    except har_tolerant.Unreadable:
        return False


def _next_entry(view: memoryview, position: int, names: set[bytes]) -> int | None:
    """Where the next entry seems to begin: an object after another, with a member that only entries begin with."""
    for found in re.compile(rb'\{\s*"(?:' + b"|".join(map(re.escape, names)) + rb')"\s*:').finditer(view, position):
        before = bytes(view[max(0, found.start() - 64) : found.start()]).rstrip()
        if before.endswith(b",") and before[:-1].rstrip().endswith(b"}"):
            return found.start()
    return None


def _value_end(view: memoryview, start: int) -> int | None:
    """Where the value that begins at `start` ends; ``None`` where its end is missing."""
    if view[start] not in b'{["':
        scalar = _SCALAR.match(view, start)
        return scalar.end() if scalar is not None else start + 1
    depth = 0
    for token in _TOKEN.finditer(view, start):
        kind = view[token.start()]
        if kind in b"{[":
            depth += 1
            if depth > _DEEPEST:
                return None
        elif kind in b"}]":
            depth -= 1
        elif token.end() - token.start() == 1:
            return None  # a quote that nothing closes
        if depth <= 0:
            return token.end()
    return None


def member(data: Buffer, name: str) -> Any:
    """The first readable value of a member of ``log`` by its name, wherever it is; ``None`` where there is none."""
    view = memoryview(data)
    for found in re.finditer(rb'"' + name.encode() + rb'"\s*:\s*(?=[{\[])', view):
        end = _value_end(view, found.end())
        if end is None or end - found.end() > 1 << 24:
            continue
        try:
            return json.loads(bytes(view[found.end() : end]).decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            continue
    return None
