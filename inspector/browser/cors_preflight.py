"""What a preflight's response permits, and for how long (Fetch, "CORS-preflight fetch"; Chromium's order and codes)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from inspector.browser.cors_check import Failure, check
from inspector.browser.cors_safelist import is_safelisted_method
from inspector.fields.tokens import is_token, split_list
from inspector.patterns import compile_late

DEFAULT_MAX_AGE = 5
"""Seconds a preflight is remembered without ``Access-Control-Max-Age`` (Fetch, "CORS-preflight fetch", step 7.10)."""

CHROMIUM_MAX_AGE = 7200
"""Seconds after which Chromium asks again, whatever the server says."""

FIREFOX_MAX_AGE = 86400

_INTEGER = compile_late(r"[+-]?[0-9]+")
_LARGEST = 2**63

PREFLIGHT_CODE = {
    "WildcardOriginNotAllowed": "PreflightWildcardOriginNotAllowed",
    "MissingAllowOriginHeader": "PreflightMissingAllowOriginHeader",
    "MultipleAllowOriginValues": "PreflightMultipleAllowOriginValues",
    "InvalidAllowOriginValue": "PreflightInvalidAllowOriginValue",
    "AllowOriginMismatch": "PreflightAllowOriginMismatch",
    "InvalidAllowCredentials": "PreflightInvalidAllowCredentials",
}


class Permit(Struct, frozen=True):
    """What a preflight's response says: the combined values of its fields, ``None`` where absent.

    `redirect` is whether it sends the browser elsewhere: a redirect's status and a ``Location``.
    """

    status: int
    allow_origin: str | None = None
    allow_credentials: str | None = None
    allow_methods: str | None = None
    allow_headers: str | None = None
    max_age: str | None = None
    redirect: bool = False


@lru_cache(maxsize=1024)
def parse_max_age(value: str | None) -> int:
    """Seconds for which Chromium remembers a preflight: 5 where the value is absent or no integer, 7200 at most."""
    if value is None or not _INTEGER.fullmatch(value):
        return DEFAULT_MAX_AGE
    seconds = int(value) if len(value) < 20 else _LARGEST
    if not -_LARGEST <= seconds < _LARGEST:
        return DEFAULT_MAX_AGE
    return min(max(seconds, 0), CHROMIUM_MAX_AGE)


@lru_cache(maxsize=1024)
def allowed_methods(value: str | None) -> frozenset[str] | None:
    """The methods of ``Access-Control-Allow-Methods``, in their own case; ``None`` where it does not parse."""
    members = split_list(value) if value else ()
    return frozenset(members) if all(map(is_token, members)) else None


@lru_cache(maxsize=1024)
def allowed_headers(value: str | None) -> frozenset[str] | None:
    """The names of ``Access-Control-Allow-Headers`` in lower case; ``None`` where it does not parse."""
    members = split_list(value) if value else ()
    return frozenset(member.lower() for member in members) if all(map(is_token, members)) else None


def check_preflight(permit: Permit, origin: str, include: bool) -> Failure | None:
    """The preflight's own check: origin and credentials first, then the status (Fetch, step 7)."""
    if permit.redirect:
        return Failure("PreflightDisallowedRedirect")
    failure = check(permit.allow_origin, permit.allow_credentials, origin, include)
    if failure is not None:
        return Failure(PREFLIGHT_CODE[failure.code], failure.parameter)
    if not 200 <= permit.status <= 299:
        return Failure("PreflightInvalidStatus")
    if allowed_methods(permit.allow_methods) is None:
        return Failure("InvalidAllowMethodsPreflightResponse")
    if allowed_headers(permit.allow_headers) is None:
        return Failure("InvalidAllowHeadersPreflightResponse")
    return None


def check_request(
    permit: Permit, method: str, names: Iterable[str], include: bool, lenient: bool = False
) -> Failure | None:
    """Whether a preflight's response permits a method and the fields of these names (lower case).

    Only for a permit that passed `check_preflight`. Methods are compared case-sensitively and the safelisted ones
    are always permitted; ``*`` permits all where credentials are not included, but never ``Authorization``. `lenient`
    lets it stand for that too, as Chromium still does.
    """
    methods = allowed_methods(permit.allow_methods) or frozenset()
    if not (is_safelisted_method(method) or method in methods or ("*" in methods and not include)):
        return Failure("MethodDisallowedByPreflightResponse", method)
    headers = allowed_headers(permit.allow_headers) or frozenset()
    wildcard = "*" in headers and not include
    for name in names:
        if name not in headers and (not wildcard or (name == "authorization" and not lenient)):
            return Failure("HeaderDisallowedByPreflightResponse", name)
    return None


def judge(
    permit: Permit, origin: str, method: str, names: Iterable[str], include: bool, lenient: bool = False
) -> Failure | None:
    """Both of the above, as a browser makes them: ``None`` where the request may be sent."""
    return check_preflight(permit, origin, include) or check_request(permit, method, names, include, lenient)
