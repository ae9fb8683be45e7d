"""From where a request was made, as far as a recording shows it: the "site for cookies" (RFC 6265bis, section 5.2).

Cookies with ``SameSite`` look at three things no recording holds outright: the site of the top-level page, the sites
of the frames between it and the request, and who started a navigation. What shows them:

===================================  ================================================================================
seen                                 means
===================================  ================================================================================
``Sec-Fetch-Site: none``             a person started the navigation: same-site
``same-origin``, ``same-site``       initiator and all redirects are same-site (scheme included)
``cross-site``                       initiator *or one hop of the redirects* is not. Chromium does not count redirects
                                     for cookies, so `Referer` or `Origin` (which name the initiator) decide
``Sec-Fetch-Storage-Access``         Chromium 133 and later send it, to secure URLs, exactly where cookies are included
                                     and the context is third-party. So its presence proves a cross-site context, and
                                     its absence a first-party one (or that no cookies were to be sent); ``active``
                                     means that third-party cookies are let through, ``none`` that they are not
page of the recording                the top-level page's URL
===================================  ================================================================================

What remains open is kept open: `Circumstances.contexts` holds every context that is possible.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from inspector.browser.cookies import jar_site, site_of, trustworthy
from inspector.patterns import compile_late
from inspector.url import Url, parse


class Level(IntEnum):
    """Chromium's same-site context types, in their order."""

    CROSS = 0
    LAX_UNSAFE = 1
    """A cross-site top-level navigation with an unsafe method (POST)."""
    LAX = 2
    """A cross-site top-level navigation with a safe method."""
    STRICT = 3


class SiteContext(Struct, frozen=True):
    """One possible context: its level with the scheme counted, and without (which only chooses the code)."""

    level: Level
    schemeless: Level
    third_party: bool = False


Credentials = Literal["include", "omit", "unknown"]
ThirdParty = Literal["allowed", "blocked", "unknown"]
Kind = Literal["top", "frame", "navigation", "subresource", "unknown"]


class Facts(Struct, frozen=True):
    """What is visible of a request's circumstances, reduced to what decides, so that equal ones are judged once.

    `initiator` and `page` are origins; ``""`` is unknown. `user` tells that a person started it (``none``).
    """

    target: str
    kind: Kind
    safe: bool
    site: str
    storage_access: str
    tells_storage_access: bool
    initiator: str
    page: str
    credentials: Credentials
    lax_by_default: bool
    top_level_only: bool = False
    """The initiator's origin was seen as a top-level page and never in a frame."""
    redirected: bool = False


class Circumstances(Struct, frozen=True, cache_hash=True):
    """The same-site contexts a request may have been made in, the likeliest first, and why it is not known better."""

    contexts: tuple[SiteContext, ...]
    because: str
    doubt: str
    """Completes "blocked if …" where contexts differ; empty where there is one."""
    credentials: Credentials
    third_party: ThirdParty
    lax_by_default: bool
    partition: str | None
    """The top-level site, where known."""
    young_count: bool
    """Whether a cookie's age may decide: it does for "Lax+POST"."""

    @property
    def top_navigation(self) -> bool:
        """Whether this certainly is a top-level navigation, which may set any cookie."""
        return all(c.level > Level.CROSS for c in self.contexts) and not any(c.third_party for c in self.contexts)


_STRICT = SiteContext(Level.STRICT, Level.STRICT)
IN_A_FRAME = " (within a frame of another site)"
"""Completes a partition: partitioned cookies of the top-level page's own site are not those of a frame in a frame."""
FRAMED = "the page that made the request is framed by a page of another site"
LINKED = "a page of another site led here"
ELSEWHERE = "a page of another site made the request"
MOVED = "the request came by way of another site's frame, not only of its redirect"


@lru_cache(maxsize=4096)
def circumstances(facts: Facts) -> Circumstances:
    """Work out the possible contexts from what is visible (see the table above)."""
    target = parse(facts.target)
    same, schemeless, because = _relation(facts, target)
    if facts.kind == "top":
        contexts, doubt = _top_level(facts, same, schemeless)
    elif facts.kind in ("navigation", "unknown"):
        contexts, doubt = _either(facts, target, same, schemeless)
    else:
        contexts, doubt = _within_page(facts, target, same, schemeless)
    partition = None
    if facts.kind == "top":
        partition = site_of(target)
    elif facts.page:
        partition = site_of(parse(facts.page))
        if partition == site_of(target) and all(context.third_party for context in contexts):
            partition += IN_A_FRAME
    elif len(contexts) == 1 and contexts[0].level is Level.STRICT:
        partition = site_of(target)
    third: ThirdParty = "unknown"
    if facts.storage_access:
        third = "allowed" if facts.storage_access == "active" else "blocked"
    young_count = any(context.level is Level.LAX_UNSAFE for context in contexts)
    return Circumstances(
        contexts, because, doubt, facts.credentials, third, facts.lax_by_default, partition, young_count
    )


def _relation(facts: Facts, target: Url) -> tuple[bool | None, bool | None, str]:
    """Whether initiator and target are same-site with and without the scheme (``None``: unknown), and what says so."""
    if facts.site in ("same-origin", "same-site", "none"):
        return True, True, f"`Sec-Fetch-Site: {facts.site}`"
    if facts.initiator:
        initiator = parse(facts.initiator)
        said = f"the request was made by `{facts.initiator}`"
        return site_of(initiator) == site_of(target), jar_site(initiator.host) == jar_site(target.host), said
    if facts.site == "cross-site":
        own = facts.kind != "top" and facts.page and site_of(parse(facts.page)) == site_of(target)
        if facts.redirected or own:
            return None, None, "`Sec-Fetch-Site: cross-site`, which also counts the redirects on the way"
        return False, False, "`Sec-Fetch-Site: cross-site`"
    return None, None, "nothing in the request says who made it"


def _top_level(facts: Facts, same: bool | None, schemeless: bool | None) -> tuple[tuple[SiteContext, ...], str]:
    linked = Level.LAX if facts.safe else Level.LAX_UNSAFE
    if same:
        return (_STRICT,), ""
    if same is None:
        return (_STRICT, SiteContext(linked, linked)), LINKED
    return (SiteContext(linked, Level.STRICT if schemeless else linked),), ""


def _within_page(
    facts: Facts, target: Url, same: bool | None, schemeless: bool | None
) -> tuple[tuple[SiteContext, ...], str]:
    cross = SiteContext(Level.CROSS, Level.CROSS, True)
    if facts.storage_access:
        alike = SiteContext(Level.CROSS, Level.STRICT, True)
        return (alike if schemeless and not same else cross,), ""
    page = parse(facts.page) if facts.page else None
    page_same = None if page is None else site_of(page) == site_of(target)
    told = facts.tells_storage_access and facts.credentials == "include" and trustworthy(target)
    if same is False:
        if facts.kind == "frame" and page_same:
            # a frame of another site that navigates itself: no third party if the frames above are same-site
            aside = SiteContext(Level.CROSS, Level.STRICT if schemeless else Level.CROSS)
            return ((aside,), "") if told else ((aside, cross), FRAMED)
        return (SiteContext(Level.CROSS, Level.STRICT if schemeless else Level.CROSS, True),), ""
    if told:
        return (_STRICT,), ""
    if page_same is False:
        alike_but_scheme = page is not None and jar_site(page.host) == jar_site(target.host)
        return (SiteContext(Level.CROSS, Level.STRICT if alike_but_scheme else Level.CROSS, True),), ""
    if same and (page_same or facts.top_level_only):
        return (_STRICT,), ""
    return (_STRICT, cross), FRAMED if same else MOVED if facts.site == "cross-site" else ELSEWHERE


def _either(
    facts: Facts, target: Url, same: bool | None, schemeless: bool | None
) -> tuple[tuple[SiteContext, ...], str]:
    """A navigation of a page or of a frame, or something of which not even that is known."""
    top, doubt = _top_level(facts, same, schemeless)
    if not (facts.site or facts.initiator or facts.page or facts.kind == "navigation"):
        return top, doubt  # no page in sight: a client of its own, or an address typed in
    within, framed = _within_page(facts, target, same, schemeless)
    contexts = tuple(dict.fromkeys((*top, *within)))
    if len(contexts) == 1:
        return contexts, ""
    if same is False:
        return contexts, "the request was not a top-level navigation, but made from inside a page of another site"
    return contexts, framed or doubt or ELSEWHERE


_CHROMIUM = compile_late(r"Chrom(?:e|ium)/(\d+)")
_OTHER_ENGINE = compile_late(r"Firefox/|Version/[\d.]+ (?:Mobile/\w+ )?Safari/|Trident/|MSIE ")


@lru_cache(maxsize=1024)
def chromium_version(user_agent: str) -> int | None:
    """The major version of a Chromium-based browser; ``None`` for anything else, 0 for another browser's engine."""
    found = _CHROMIUM.search(user_agent)
    if found:
        return int(found[1])
    return 0 if _OTHER_ENGINE.search(user_agent) else None
