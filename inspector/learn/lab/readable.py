"""Whether the visitor's page may read a cross-origin answer: the CORS check, as the Fetch standard words it.

The visitor needs this to behave as a browser does (no request after a failed preflight). It is kept apart from the
verdicts the product gives on traffic, so that the two can be compared. Codes are ``Network.CorsError`` values.
"""

from __future__ import annotations

from collections.abc import Iterable

import httpx

_SAFE_METHODS = ("GET", "HEAD", "POST")


def cors_error(response: httpx.Response, origin: str, *, credentials: bool) -> str | None:
    """Why a page of `origin` may not read a response (Fetch, "CORS check"); ``None`` if it may."""
    given = response.headers.get("access-control-allow-origin")
    if given is None:
        return "MissingAllowOriginHeader"
    if given == "*":
        return "WildcardOriginNotAllowed" if credentials else None
    if "," in given or " " in given:
        return "MultipleAllowOriginValues"
    if given != origin:
        return "AllowOriginMismatch"
    if credentials and response.headers.get("access-control-allow-credentials") != "true":
        return "InvalidAllowCredentials"
    return None


def preflight_error(
    response: httpx.Response, origin: str, *, method: str, fields: Iterable[str], credentials: bool
) -> str | None:
    """Why a preflight fails (Fetch, "CORS-preflight fetch"); ``None`` if the request may follow.

    `fields` are the lower-case names the script set beyond the safelisted ones.
    """
    if response.is_redirect:
        return "PreflightDisallowedRedirect"
    refused = cors_error(response, origin, credentials=credentials)
    if refused is not None:
        return f"Preflight{refused}"
    if not response.is_success:
        return "PreflightInvalidStatus"
    methods = _listed(response, "access-control-allow-methods")
    anything = "*" in methods and not credentials
    if method not in methods and method not in _SAFE_METHODS and not anything:
        return "MethodDisallowedByPreflightResponse"
    allowed = {name.lower() for name in _listed(response, "access-control-allow-headers")}
    anything = "*" in allowed and not credentials
    for name in fields:
        if name not in allowed and (not anything or name == "authorization"):
            return "HeaderDisallowedByPreflightResponse"
    return None


def _listed(response: httpx.Response, name: str) -> list[str]:
    return [part.strip() for part in response.headers.get(name, "").split(",") if part.strip()]
