"""``traceparent`` (W3C Trace Context, section 3.2)."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from inspector.patterns import compile_late

_TRACEPARENT = compile_late(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)


class TraceParent(Struct, frozen=True):
    """A valid value: which trace this belongs to, which span sent it, and whether that span was recorded."""

    trace: str
    parent: str
    sampled: bool


@lru_cache(maxsize=512)
def parse_traceparent(value: str) -> TraceParent | None:
    """Read a value; ``None`` where it is invalid, and the trace begins anew (section 4.3)."""
    match = _TRACEPARENT.fullmatch(value)
    if match is None or match[1] == "ff" or (match[1] == "00" and match[5]):
        return None
    if not match[2].strip("0") or not match[3].strip("0"):
        return None
    return TraceParent(match[2], match[3], bool(int(match[4], 16) & 1))
