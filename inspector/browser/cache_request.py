"""What a later request makes of a stored response: its own fields can refuse what the response permits.

RFC 9111, sections 4.1 and 5.2.1, as Chromium does it: of the request directives it heeds ``no-cache`` and ``max-age=0``
alone (and ``Pragma: no-cache``); ``no-store``, ``min-fresh``, ``max-age=5`` or ``only-if-cached`` change nothing.
"""

from __future__ import annotations

from typing import Literal

from inspector.browser.verdict import CacheVerdict, Reuse
from inspector.exchange import Fields
from inspector.fields.cache_control import parse_cache_control, split_list

Varied = tuple[tuple[str, str | None], ...]
"""The names in ``Vary`` with the values the stored response was fetched with."""

Effect = Literal["plain", "validate", "bypass", "other-variant"]
"""``plain``: the response's own terms decide. ``validate``: the server is asked first. ``bypass``: the cache is not
looked at. ``other-variant``: ``Vary`` does not match."""


def effect(request: Fields, varied: Varied, cookies_recorded: bool = True) -> tuple[Effect, str | None]:
    """What a request's fields do to the reuse of a stored response, and why in a clause (``None`` for ``plain``)."""
    index = request.by_name
    asked = index.get("cache-control")
    if asked is not None:
        cc = parse_cache_control(asked)
        if cc.plain("no-cache"):
            return (
                "bypass",
                "the request says `Cache-Control: no-cache` (a forced reload, or the cache is switched off)",
            )
        if cc.plain("max-age=0"):
            return "validate", "the request says `Cache-Control: max-age=0` (a reload)"
    pragma = index.get("pragma")
    if pragma is not None and any(m.lower() == "no-cache" for m in split_list(pragma)):
        return "bypass", "the request says `Pragma: no-cache`"
    for name in ("if-match", "if-unmodified-since", "if-range"):
        if name in index:
            return "bypass", f"the request carries a condition of its own (`{request.named(name)}`)"
    if varied:
        different = differing(request, varied, cookies_recorded)
        if different == "*":
            return "other-variant", "`Vary: *` matches no later request"
        if different is not None:
            return "other-variant", f"`Vary` names `{different}`, whose value here differs from the stored copy's"
    return "plain", None


def reuse(asked: Effect, verdict: CacheVerdict, conditional: bool) -> Reuse:
    """What a request with this effect does with a response that got this verdict.

    `conditional`: the status is one that a browser asks about with a condition (`Policy.conditional`).
    """
    if not verdict.stored or asked == "plain":
        return verdict.reuse
    if asked == "bypass":
        return "none"
    usable = ("etag",) if asked == "other-variant" else ("etag", "last-modified")
    return "revalidate" if conditional and any(v in verdict.validators for v in usable) else "none"


def differing(request: Fields, varied: Varied, cookies_recorded: bool = True) -> str | None:
    """The first name in ``Vary`` for which this request differs (RFC 9111, section 4.1); ``None`` where none does."""
    for name, value in varied:
        if name == "*":
            return name
        if name == "cookie" and not cookies_recorded:
            continue
        if request.get(name) != value:
            return name
    return None
