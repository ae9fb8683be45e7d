"""The shape of a verdict: an outcome, a code, how certain, and the steps with the values they saw.

Codes are the Chrome DevTools Protocol's own enum values, so that a person can look them up and a program can
compare them with a browser. These structs are the ``verdicts`` part of the published report.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

StepResult = Literal["pass", "fail", "skip", "unknown"]


class Step(Struct, frozen=True, gc=False):
    """One check of an algorithm, in the order a browser makes it: what was checked, what it saw, how it went."""

    check: str
    saw: str
    result: StepResult


class Preflight(Struct, frozen=True, gc=False):
    """Whether a preflight was needed and because of what; `exchange` is the index of the one that was sent."""

    needed: bool | None
    because: tuple[str, ...] = ()
    exchange: int | None = None


class CorsVerdict(Struct, frozen=True, gc=False):
    """The CORS protocol's outcome (Fetch, "CORS check" and "CORS-preflight fetch").

    `code` is a ``Network.CorsError`` value, for blocked and depends; `parameter` the field or method it names;
    `condition` completes "blocked if …" for depends.
    """

    outcome: Literal["allowed", "blocked", "depends", "unknown"]
    code: str | None = None
    parameter: str | None = None
    condition: str | None = None
    preflight: Preflight | None = None
    steps: tuple[Step, ...] = ()
    is_preflight: bool = False


class StoredAs(Struct, frozen=True, gc=False):
    """The cookie as a browser keeps it. `expires` is seconds since 1970, ``None`` for a session cookie."""

    domain: str
    host_only: bool
    path: str
    secure: bool
    http_only: bool
    same_site: Literal["Strict", "Lax", "None"] | None
    expires: float | None
    partitioned: bool = False


class SetCookieVerdict(Struct, frozen=True, gc=False):
    """What a browser does with one ``Set-Cookie`` line (RFC 6265bis, section 5.7).

    `codes` are ``Network.SetCookieBlockedReason`` values.
    """

    name: str
    outcome: Literal["stored", "expired", "blocked", "depends", "unknown"]
    codes: tuple[str, ...] = ()
    condition: str | None = None
    stored_as: StoredAs | None = None
    steps: tuple[Step, ...] = ()


class CookieVerdict(Struct, frozen=True, gc=False):
    """Whether a cookie the rebuilt jar holds is due on this request (RFC 6265bis, section 5.8.3).

    `codes` are ``Network.CookieBlockedReason`` values; `set_by` is the index of the exchange that set it;
    `recorded` tells whether the request's ``Cookie`` field carries it, ``None`` where cookies are not recorded.
    """

    name: str
    outcome: Literal["sent", "blocked", "depends", "unknown"]
    codes: tuple[str, ...] = ()
    condition: str | None = None
    set_by: int | None = None
    recorded: bool | None = None


Reuse = Literal["fresh", "revalidate", "stale-while-revalidate", "none"]


class SharedCache(Struct, frozen=True, gc=False):
    """The same for a shared cache: a CDN or a proxy."""

    stored: bool | None
    reuse: Reuse


class CacheVerdict(Struct, frozen=True, gc=False):
    """Whether a browser's cache may store this response and what the next plain request does (RFC 9111).

    `lifetime` and `age` are seconds. `served_from` is what this very exchange was.
    """

    stored: bool | None
    reuse: Reuse
    shared: SharedCache
    lifetime: float | None = None
    age: float | None = None
    basis: Literal["max-age", "s-maxage", "expires", "heuristic", "none"] = "none"
    validators: tuple[str, ...] = ()
    served_from: Literal["network", "cache", "revalidated", "unknown"] = "unknown"
    because: str = ""
    steps: tuple[Step, ...] = ()


class BlockVerdict(Struct, frozen=True, gc=False):
    """Any other reason for which a browser refuses a request or its response.

    `code` is a ``Network.BlockedReason`` value, or for what the protocol has no value, the name of the check.
    """

    outcome: Literal["allowed", "blocked", "depends", "unknown"]
    code: str | None = None
    condition: str | None = None
    steps: tuple[Step, ...] = ()


class Verdicts(Struct, frozen=True, gc=False):
    """All verdicts on one exchange; ``None`` where a question does not arise."""

    cors: CorsVerdict | None = None
    set_cookies: tuple[SetCookieVerdict, ...] = ()
    cookies: tuple[CookieVerdict, ...] = ()
    cache: CacheVerdict | None = None
    block: BlockVerdict | None = None


NO_VERDICTS = Verdicts()
