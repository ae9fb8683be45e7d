"""Single values as exporters write them → values, or ``None`` where they say nothing. Pure; nothing here raises."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from inspector.patterns import compile_late

_VERSIONS = {
    "http/0.9": "0.9",
    "http/1.0": "1.0",
    "1.0": "1.0",
    "http/1.1": "1.1",
    "HTTP/1.1": "1.1",
    "1.1": "1.1",
    "h2": "2",
    "h2c": "2",
    "http/2": "2",
    "http/2.0": "2",
    "HTTP/2.0": "2",
    "2": "2",
    "2.0": "2",
    "h3": "3",
    "http/3": "3",
    "http/3.0": "3",
    "3": "3",
    "3.0": "3",
}
_DRAFT = compile_late(r"h([23])-[a-z]?\d+")
_OVER_QUIC = compile_late(r"(?:http/2|h2|http/3|h3)\+quic(?:/.*)?")
_SPDY = compile_late(r"spdy(?:/[\d.]+)?")
# WebPageTest cuts three characters out of the status line: "HTTP/2 200" leaves "2 2".
_CUT = compile_late(r"2 [1-5]")

_LARGEST = 2**53
LONGEST = 1e15
"""Milliseconds that no phase takes."""
_EARLIEST = 1e8  # 1973: what is earlier is no date of an exchange, as Fiddler's 0001-01-01 for "not set"
_TIME_LIMIT = 253_402_300_800.0  # the year 10000


def http_version(text: str | None) -> str | None:
    """An exporter's ``httpVersion`` as `exchange.HttpVersion`; ``None`` where it names none (never a guess)."""
    if not text:
        return None
    known = _VERSIONS.get(text)
    if known is not None:
        return known
    return _odd_version(text) if len(text) < 64 else None


@lru_cache(maxsize=256)
def _odd_version(text: str) -> str | None:
    version = text.strip().lower()
    known = _VERSIONS.get(version)
    if known is not None:
        return known
    draft = _DRAFT.fullmatch(version)
    if draft:
        return draft[1]
    if _OVER_QUIC.fullmatch(version):
        return "3"
    if _SPDY.fullmatch(version):
        return version
    return "2" if _CUT.fullmatch(version) else None


def transport(text: str | None) -> Literal["tcp", "quic"] | None:
    """Which transport an ``httpVersion`` runs over, ``None`` where it does not say."""
    version = http_version(text)
    if version is None:
        return None
    return "quic" if version == "3" else "tcp"


def timestamp(text: str) -> float | None:
    """A date as seconds since 1970: ISO 8601 with any offset (none is UTC) and any precision, or epoch digits."""
    return _timestamp(text) if len(text) < 64 else _timestamp.__wrapped__(text)


@lru_cache(maxsize=8192)  # asked for the order of the entries, and again for each
def _timestamp(text: str) -> float | None:
    stripped = text.strip()
    if stripped[4:5] != "-" and stripped.replace(".", "", 1).isdecimal():
        return epoch(float(stripped[:32]))  # before ISO 8601, which takes thirteen digits for a year, month, day …
    try:
        moment = datetime.fromisoformat(stripped)
    except ValueError:
        return _odd_timestamp(stripped)
    return _seconds(moment)


def _odd_timestamp(text: str) -> float | None:
    from email.utils import parsedate_to_datetime  # rarely needed, and slow to import

    try:
        return _seconds(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _seconds(moment: datetime) -> float | None:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        seconds = moment.timestamp()
    except (OverflowError, ValueError, OSError):
        return None
    return seconds if seconds >= _EARLIEST else None


def epoch(number: float) -> float | None:
    """An epoch number in seconds, milliseconds or microseconds as seconds; ``None`` before 1973 (not a date)."""
    if not math.isfinite(number) or number < _EARLIEST:
        return None
    if number >= 1e14:
        number /= 1e6
    elif number >= 1e11:
        number /= 1e3
    return number if number < _TIME_LIMIT else None


def duration(number: float | None) -> float | None:
    """Milliseconds of a phase; negative (-1: "does not apply") and impossible numbers are ``None``."""
    if number is None or not 0 <= number < LONGEST:
        return None
    return number


def count(number: float | None) -> int | None:
    """A number of octets; negative (-1: "not known") and impossible numbers are ``None``."""
    if number is None or not 0 <= number <= _LARGEST:
        return None
    return int(number)


def port(text: str | int | None) -> int | None:
    """A TCP or UDP port number, ``None`` where it is none."""
    try:
        number = int(text) if text is not None else 0
    except ValueError:
        return None
    return number if 0 < number < 65536 else None


def address(text: str | None) -> tuple[str | None, int | None]:
    """``(address, port)`` of an IP address as exporters write it: with brackets, half of them, or a port."""
    if not text:
        return None, None
    value = text.strip()
    if value.startswith("[") and "]:" in value:
        host, _, number = value.rpartition(":")
        return host.strip("[]") or None, port(number)
    if value.count(":") == 1:
        host, _, number = value.partition(":")
        return host or None, port(number)
    return value.strip("[]") or None, None


_FIDDLER_PORT = compile_late(r"EgressPort:(\d+)")


def connection_id(text: str | None) -> str | None:
    """The id in an entry's ``connection``; ``"0"`` and ``"-1"`` mean none, Fiddler names its egress port."""
    if not text:
        return None
    value = text.strip()
    if "Port:" in value:
        found = _FIDDLER_PORT.search(value)
        value = found[1] if found else ""
    return None if value in ("", "0", "-1") else value


def tls_version(text: str | None) -> str | None:
    """``"TLS 1.3"`` as `exchange.TLS.version` writes it."""
    if not text:
        return None
    return text.strip().replace("TLS 1", "TLSv1") or None


_CODE = compile_late(r"(?:net::ERR_|NS_ERROR_|NS_BINDING_)[A-Z0-9_]+")


def failure_code(text: str) -> str | None:
    """The error code a browser's message holds (``net::ERR_ABORTED``, ``NS_ERROR_NET_RESET``)."""
    found = _CODE.search(text)
    return found[0] if found else None
