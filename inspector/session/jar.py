"""A cookie jar rebuilt from the capture: what a browser that made these requests would hold.

Cookies from before the recording, and those that scripts write, are not in it; nothing is invented about them.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from inspector.browser.cookies import JarCookie, domain_matches, jar_site, path_matches, trustworthy
from inspector.browser.cookies_facts import (
    NOTHING_EARLIER,
    SEEN_AS_TOP_LEVEL_ONLY,
    Origins,
    facts_of,
    initiator_of,
    kind_of,
    proven_credentials,
)
from inspector.browser.cookies_judge import WITHOUT_CREDENTIALS
from inspector.browser.cookies_send import NOT_CARRIED, send
from inspector.browser.cookies_site import Circumstances, Credentials, Facts, Kind, circumstances
from inspector.browser.cookies_store import refused_by_clearing, store
from inspector.browser.verdict import CookieVerdict, SetCookieVerdict, StoredAs
from inspector.exchange import Exchange
from inspector.fields.browser_date import read_date
from inspector.fields.clear_site_data import parse_clear_site_data
from inspector.fields.cookie import parse_cookie
from inspector.fields.set_cookie import parse_set_cookie
from inspector.url import Url, join

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_PER_SITE = 180
LEFT_PER_SITE = 150
MOST_COOKIES = 3300
"""Chromium's limits (net/cookies/cookie_monster.h): a site that has more than 180 is left with 150."""
MOST_REDIRECTS = 512
MOST_PAGES = 2048
MOST_REMEMBERED = 256
_PAGES = frozenset({"document", "iframe", "frame"})
_NOT_FROM_NETWORK = frozenset({"memory-cache", "disk-cache", "cache", "service-worker"})


_NO_NAMES: frozenset[str] = frozenset()


class _Site:
    """The cookies of one registrable domain, and answers already given while nothing in it changed."""

    def __init__(self) -> None:
        self.cookies: OrderedDict[tuple[str, str, bool, str, str | None], JarCookie] = OrderedDict()
        self.changed = False
        """Whether the following have to be worked out anew: done when they are needed next, not for each cookie set."""
        self.newest = float("-inf")
        self.next_expiry = float("inf")
        self.paths: tuple[str, ...] = ()
        """The paths other than ``/``."""
        self.namesakes = _NO_NAMES
        """The names that several cookies have."""
        self.answers: dict[tuple[object, ...], tuple[CookieVerdict, ...]] = {}

    def expire(self, now: float) -> int:
        """Forget what has expired; how many cookies that were."""
        expired = [k for k, c in self.cookies.items() if c.expires is not None and c.expires <= now]
        for key in expired:
            del self.cookies[key]
        self.changed = True
        return len(expired)

    def shed(self) -> int:
        """Forget the oldest until `LEFT_PER_SITE` are left, those without ``Secure`` first; how many that were."""
        shed = sorted(self.cookies, key=lambda key: self.cookies[key].secure)[: len(self.cookies) - LEFT_PER_SITE]
        for key in shed:
            del self.cookies[key]
        return len(shed)

    def settle(self) -> None:
        """Work out what the cookies have in common."""
        self.changed = False
        self.answers.clear()
        cookies = self.cookies.values()
        self.newest = max([c.available or float("-inf") for c in cookies], default=float("-inf"))
        self.next_expiry = min([c.expires for c in cookies if c.expires is not None], default=float("inf"))
        self.paths = tuple({c.path for c in cookies if c.path != "/"})
        names = [c.name for c in cookies]
        self.namesakes = _NO_NAMES
        if len(set(names)) < len(names):
            self.namesakes = frozenset([name for name, count in Counter(names).items() if count > 1])


class Jar:
    """Holds the cookies that the responses seen so far have set, at most as many as a browser does."""

    def __init__(self) -> None:
        self._sites: OrderedDict[str, _Site] = OrderedDict()
        self._count = 0
        self._redirects: OrderedDict[str, tuple[str, Kind, Credentials | None]] = OrderedDict()
        self._pages: OrderedDict[str, tuple[bool, bool]] = OrderedDict()
        self._frames: OrderedDict[str, str] = OrderedDict()
        """URLs of documents last loaded in a frame of another site, with their ``Sec-Fetch-Storage-Access``."""
        self._carried = False
        """Whether any request carried a cookie: then the recording keeps them, and what is not there was not sent."""
        self._latest: tuple[Exchange, Facts] | None = None
        """What decides the same-site context of the exchange that was asked about last."""

    # -- sending --------------------------------------------------------------------------------------------------

    def due(self, x: Subject) -> tuple[CookieVerdict, ...]:
        """Which of the jar's cookies this request should carry, and which are withheld and why.

        Only cookies of the URL's registrable domain are named. Nothing is said where nothing can be known: a
        recording without cookies, an answer from a cache, a request made without credentials.
        """
        destination = x.req.get("sec-fetch-dest")
        if destination in _PAGES if destination else x.is_html:
            self._remember_page(x)
        if not self._sites:
            return ()
        if "cookie" in x.req.first:
            self._carried = True
        site = self._sites.get(jar_site(x.url.host))
        if site is None or not site.cookies or not _went_out(x):
            return ()
        now = x.started
        if site.changed:
            site.settle()
        if now is not None and now >= site.next_expiry:
            self._count -= site.expire(now)
        around = circumstances(self._facts(x))
        if around.credentials == "omit":
            return ()
        found = self._among(site, x, around, now)
        return () if _held_back(x, around, found) else found

    def held_back(self, x: Subject) -> bool:
        """Whether a cookie that would be due with credentials was not sent, so that the request was made without."""
        site = self._sites.get(jar_site(x.url.host)) if self._sites else None
        if site is None or not site.cookies or "cookie" in x.req or not _went_out(x):
            return False
        around = circumstances(self._facts(x))
        return _held_back(x, around, self._among(site, x, around, x.started))

    def _left_out(self, x: Subject, facts: Facts) -> bool:
        """Whether a `fetch()` to its own origin was made with ``credentials: 'omit'``: no script can have deleted a
        cookie with ``HttpOnly``, so where one that was due is missing, all were left out.
        """
        if facts.credentials != "include" or "cookie" in x.req.first or x.destination != "empty":
            return False
        site = self._sites.get(jar_site(x.url.host))
        if site is None:
            return False
        missing = {v.name for v in self._among(site, x, circumstances(facts), x.started) if v.condition == NOT_CARRIED}
        return any(c.http_only and c.name in missing for c in site.cookies.values())

    def _among(self, site: _Site, x: Subject, around: Circumstances, now: float | None) -> tuple[CookieVerdict, ...]:
        """The verdicts on all cookies of a site for one request, remembered for the next like it."""
        if site.changed:
            site.settle()
        line = None
        if x.exchange.context.recorder.cookies_recorded is not False:
            line = "; ".join(x.req.all("cookie")) if "cookie" in x.req.first else ""
        if around.young_count or (now is not None and now < site.newest):
            return _judge(site, x, around, now, line, self._carried)
        url = x.url
        lies_under = tuple([p for p in site.paths if path_matches(url.path, p)]) if site.paths else ()
        key = (url.host, url.scheme, around, lies_under, line, self._carried)
        found = site.answers.get(key)
        if found is None:
            if len(site.answers) >= MOST_REMEMBERED:
                site.answers.clear()
            found = site.answers[key] = _judge(site, x, around, now, line, self._carried)
        return found

    # -- storing --------------------------------------------------------------------------------------------------

    def store(self, x: Subject) -> tuple[SetCookieVerdict, ...]:
        """What a browser does with each ``Set-Cookie`` line of the response; keeps what is stored."""
        if 300 <= x.status < 400:
            self._remember_redirect(x)
        if "clear-site-data" in x.res.first and self._cleared(x):
            return tuple(refused_by_clearing(parse_set_cookie(line), x.started) for line in x.res.all("set-cookie"))
        if "set-cookie" not in x.res.first:
            return ()
        lines = x.res.all("set-cookie")
        if not _went_out(x) or (x.status < 200 and x.status != 101):
            # an answer from a cache sets no cookies, nor does an interim response
            return tuple(SetCookieVerdict(parse_set_cookie(line).name, "unknown") for line in lines)
        facts = self._facts(x)
        if (facts.credentials == "unknown" and self.held_back(x)) or self._left_out(x, facts):
            facts = msgspec.structs.replace(facts, credentials="omit")
        around = circumstances(facts)
        now = _arrived(x)
        date = x.res.get("date")
        server_date = read_date(date) if date else None
        verdicts = []
        for line in lines:
            verdict, kept = store(
                parse_set_cookie(line),
                x.url,
                around,
                now=now,
                server_date=server_date,
                index=x.exchange.index,
                overwrites_secure=self._overwrites_secure,
            )
            verdicts.append(verdict)
            if kept is not None:
                self._keep(kept, delete=verdict.outcome == "expired")
        return tuple(verdicts)

    def _cleared(self, x: Subject) -> bool:
        """Whether the response had the browser forget the site's cookies; they are forgotten then.

        W3C Clear Site Data, section 4. Chromium keeps to it over secure channels alone, and not where the request was
        made without credentials; a third party's response reaches no more than partitioned cookies.
        """
        if "cookies" not in parse_clear_site_data(x.res.get("clear-site-data") or ""):
            return False
        around = circumstances(self._facts(x))
        if not trustworthy(x.url) or not _went_out(x) or around.credentials == "omit":
            return False
        if any(context.third_party for context in around.contexts):
            return False
        site = self._sites.pop(jar_site(x.url.host), None)
        self._count -= len(site.cookies) if site is not None else 0
        return True

    def alters_cookies(self, x: Subject) -> bool:
        """Whether what a response set makes the next request to its URL carry other cookies than its own did."""
        if x.exchange.context.recorder.cookies_recorded is False:
            return False
        carried = parse_cookie("; ".join(x.req.all("cookie")))
        for line in x.res.all("set-cookie"):
            name = parse_set_cookie(line).name
            kept = {
                c.value
                for c in self.kept(x.url, name)
                if domain_matches(x.url.host, c) and path_matches(x.url.path, c.path)
            }
            if kept != {value for given, value in carried if given == name}:
                return True
        return False

    def namesakes(self, name: str, stored: StoredAs | None) -> tuple[JarCookie, ...]:
        """Cookies of that name that are kept and that a host of `stored`'s domain would get: missed by a deletion."""
        site = self._sites.get(jar_site(stored.domain)) if stored is not None else None
        if site is None or stored is None:
            return ()
        return tuple(
            c
            for c in site.cookies.values()
            if c.name == name
            and c.doubt is None
            and (_under(stored.domain, c.domain) or _under(c.domain, stored.domain))
        )

    def kept(self, url: Url, names: Iterable[str]) -> tuple[JarCookie, ...]:
        """The cookies of these names that the jar holds for a URL's registrable domain, name by name."""
        site = self._sites.get(jar_site(url.host))
        if site is None:
            return ()
        found: dict[str, list[JarCookie]] = {name: [] for name in names}
        for cookie in site.cookies.values():
            if cookie.name in found:
                found[cookie.name].append(cookie)
        return tuple([cookie for cookies in found.values() for cookie in cookies])

    def _keep(self, cookie: JarCookie, *, delete: bool) -> None:
        name = jar_site(cookie.domain)
        site = self._sites.get(name)
        if site is None:
            if delete:
                return
            site = self._sites[name] = _Site()
        self._sites.move_to_end(name)
        key = cookie.key
        old = site.cookies.pop(key, None)
        self._count -= old is not None
        if not delete:
            if old is not None and old.value == cookie.value and old.available is not None:
                # the cookie was there all along, so a request sent meanwhile carried it
                cookie = _aged(cookie, old)
            site.cookies[key] = cookie
            self._count += 1
            if len(site.cookies) > MOST_PER_SITE:
                self._count -= site.shed()
        site.changed = True
        while self._count > MOST_COOKIES:
            oldest = next(iter(self._sites))
            self._count -= len(self._sites.pop(oldest).cookies)

    def _overwrites_secure(self, cookie: JarCookie) -> bool:
        """RFC 6265bis, section 5.7, step 17: an insecure channel may not shadow a ``Secure`` cookie."""
        site = self._sites.get(jar_site(cookie.domain))
        if site is None:
            return False
        return any(
            kept.secure
            and kept.name == cookie.name
            and kept.partition == cookie.partition
            and kept.doubt is None
            and (_under(kept.domain, cookie.domain) or _under(cookie.domain, kept.domain))
            and path_matches(cookie.path, kept.path)
            for kept in site.cookies.values()
        )

    # -- what earlier exchanges tell of a request's initiator --------------------------------------------------------

    def _facts(self, x: Subject) -> Facts:
        """What decides a request's same-site context: what it shows itself, and what was seen before it."""
        if self._latest is not None and self._latest[0] is x.exchange:
            return self._latest[1]
        initiator = initiator_of(x)
        redirected = self._redirects.get(x.request.url.partition("#")[0]) if self._redirects else None
        by = redirected[0] if redirected is not None else initiator
        top_level_only = self._pages.get(x.url.origin if x.fetch_site == "same-origin" else by) == (True, False)
        access = (
            self._frames.get(x.req.get("referer") or "") if self._frames and x.fetch_site == "same-origin" else None
        )
        if redirected is not None:
            earlier = Origins(*redirected, top_level_only)
        elif access is not None:
            earlier = Origins(storage_access=access)
        else:
            earlier = SEEN_AS_TOP_LEVEL_ONLY if top_level_only else NOTHING_EARLIER
        facts = facts_of(x, initiator, earlier)
        self._latest = (x.exchange, facts)
        return facts

    def _remember_page(self, x: Subject) -> None:
        kind = kind_of(x)
        if self._frames or kind == "frame":
            self._remember_frame(x.url.text.partition("#")[0], x.req.get("sec-fetch-storage-access"))
        if kind == "subresource" or (kind in ("navigation", "unknown") and "referer" in x.req.first):
            return
        top, framed = self._pages.get(x.url.origin, (False, False))
        self._pages[x.url.origin] = (top or kind != "frame", framed or kind == "frame")
        self._latest = None
        if len(self._pages) > MOST_PAGES:
            self._pages.popitem(last=False)

    def _remember_frame(self, url: str, access: str | None) -> None:
        if access is None:
            self._frames.pop(url, None)
            return
        self._frames[url] = access
        if len(self._frames) > MOST_PAGES:
            self._frames.popitem(last=False)

    def _remember_redirect(self, x: Subject) -> None:
        location = x.res.get("location")
        if not location:
            return
        before = self._redirects.get(x.url.text.partition("#")[0])
        credentials = proven_credentials(x, self._facts(x))
        if before is not None:
            initiator, kind, credentials = before[0], before[1], credentials or before[2]
        else:
            # a person's own navigation stays one through redirects: its initiator is then not a site at all
            initiator, kind = initiator_of(x), kind_of(x)
        self._redirects[join(x.url.text, location).partition("#")[0]] = initiator, kind, credentials
        self._latest = None  # it may lead to itself
        if len(self._redirects) > MOST_REDIRECTS:
            self._redirects.popitem(last=False)


def _held_back(x: Subject, around: Circumstances, verdicts: tuple[CookieVerdict, ...]) -> bool:
    return (
        around.credentials == "unknown"
        and "cookie" not in x.req
        and any(v.recorded is False and v.condition == f"not sent if {WITHOUT_CREDENTIALS}" for v in verdicts)
    )


def _aged(cookie: JarCookie, old: JarCookie) -> JarCookie:
    return msgspec.structs.replace(cookie, created=old.created, available=old.available)


def _under(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)


def _went_out(x: Subject) -> bool:
    """Whether this exchange was one with a server, so that cookies took part."""
    if x.exchange.context.served_from in _NOT_FROM_NETWORK:
        return False
    if x.method == "CONNECT" or "non-authoritative-reason" in x.res.first:
        return False  # the second: the browser's own redirect to https, which no server saw
    return x.response is not None or "cookie" in x.req.first


def _arrived(x: Subject) -> float | None:
    """When the response had arrived, in seconds since 1970, so far as timings tell."""
    t = x.exchange.timings
    if t.started is None:
        return None
    if t.wait is not None:
        phases = (t.blocked, t.dns, t.connect, t.tls, t.send, t.wait)
        return t.started + sum([phase for phase in phases if phase is not None]) / 1000
    return t.started + (t.total or 0.0) / 1000


def _judge(
    site: _Site, x: Subject, around: Circumstances, now: float | None, line: str | None, carries_some: bool
) -> tuple[CookieVerdict, ...]:
    carried = parse_cookie(line) if line else ()
    names = dict(carried)
    recorded: bool | None = None
    verdicts = []
    for cookie in site.cookies.values():
        if line is not None:
            recorded = cookie.name in names
            if recorded and cookie.name in site.namesakes:
                recorded = (cookie.name, cookie.value) in carried and domain_matches(x.url.host, cookie)
        if not recorded and now is not None and cookie.available is not None and now < cookie.available:
            continue  # set by a response that arrived after this request had started
        verdict = send(cookie, x.url, around, now, recorded, carries_some)
        if verdict is not None:
            verdicts.append(verdict)
    return tuple(verdicts)
