"""Where a site keeps its session: in a cookie, in a token that its script holds, or in the URL, and what that means.

A site is a registrable domain (or a host that has none), because that is what cookies span and what `SameSite` goes
by: a page at `www` that calls an API at `api` has one session. A token belongs to the site of the page whose script
sends it.

Names alone deceive (statistics call their cookies sessions, too), so a cookie counts where a login set it, or where it
was sent and either the server keeps it from scripts or a framework gave it its name; a token where it goes to the
page's own site or was handed out in the recording.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from inspector import url as urls
from inspector import words
from inspector.browser.cookies import jar_site
from inspector.fields.set_cookie import SetCookie, parse_set_cookie
from inspector.patterns import compile_late
from inspector.report import Story
from inspector.rules.cookies_words import scope, session_like
from inspector.rules.status_words import brief
from inspector.stories.cookies import third_party
from inspector.stories.login_answer import same_form
from inspector.stories.login_post import password_field, password_posted
from inspector.stories.signs import AUTHORIZED, COOKIES, LOGIN, POSTED, SETS_COOKIES
from inspector.stories.telling import Telling, client_name, host_name
from inspector.stories.token_sightings import Sighting, sightings

if TYPE_CHECKING:
    from inspector.browser.verdict import SetCookieVerdict, StoredAs
    from inspector.subject import Subject

MOST_SITES = 64
MOST_COOKIES = 8
MOST_HOSTS = 8
MOST_TOKENS = 256
_FRAMEWORK = compile_late(
    r"(?:__Host-|__Secure-)?(?:PHPSESSID|JSESSIONID|ASP\.NET_SessionId|ASPSESSIONID\w+|\.AspNetCore\.(?:Cookies|Session|"
    r"Identity\.Application)|\.ASPXAUTH|connect\.sid|laravel_session|ci_session|CAKEPHP|sessionid|wordpress_logged_in_\w+|"
    r"S?SESS[0-9a-f]{32}|next-auth\.session-token|authjs\.session-token|express:sess|koa[.:]sess|rack\.session|"
    r"play_session)",
    re.IGNORECASE,
)
"""Names that frameworks give their sessions' cookies."""
_STATISTICS = compile_late(
    r"^_{0,2}(?:ai|amp\w*|ajs|dd|ga|gd|hj\w*|hubspot\w*|intercom|lo|mp|optimizely\w*|parsely|pk|rl|s|sp|utm\w*)[-_]|track|"
    r"stat|visit|analytic",
    re.IGNORECASE,
)
"""Names that statistics and widgets give theirs."""
_IN_URL = compile_late(
    r"(?:[;?&](jsessionid|phpsessid|aspsessionid\w*|sessionid|sessid))=([\w.!-]{16,})", re.IGNORECASE
)
_GUARD = compile_late(r"csrf|xsrf|requestverificationtoken", re.IGNORECASE)
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class _Kept:
    """A cookie that may be the session."""

    __slots__ = ("by_login", "count", "first", "framework", "host", "last", "name", "set_in", "stored")

    def __init__(self, name: str, host: str, *, framework: bool) -> None:
        self.name, self.host, self.framework = name, host, framework
        self.set_in: int | None = None
        self.stored: StoredAs | None = None
        self.by_login = False
        self.first = self.last = self.count = 0

    def sent(self, index: int) -> None:
        """The cookie goes along with an exchange."""
        self.first = index if not self.count else self.first
        self.last, self.count = index, self.count + 1

    def is_that_of(self, stored: StoredAs | None) -> bool:
        """Whether it is for the same hosts as what is stored now, as far as is known."""
        own = self.stored
        return own is None or stored is None or (own.domain, own.host_only) == (stored.domain, stored.host_only)

    def reaches(self, host: str) -> bool:
        """Whether it goes to a host, as far as is known."""
        stored = self.stored
        if stored is None or host == stored.domain:
            return True
        return not stored.host_only and host.endswith("." + stored.domain)

    def counts(self) -> bool:
        """Whether it is told as the session: set by a login, or sent and more than a name."""
        return self.by_login or self.count > 0


class _Bearer:
    """A token that scripts of a site send to one host; `with_cookie` counts requests with a session's cookie, too."""

    __slots__ = ("count", "first", "handed", "last", "origin", "proof", "with_cookie")

    def __init__(self, index: int, origin: str, handed: int | None) -> None:
        self.first, self.last, self.count = index, index, 0
        self.origin, self.handed = origin, handed
        self.proof = False
        self.with_cookie = 0


class _InUrl:
    __slots__ = ("count", "first", "host", "last", "name")

    def __init__(self, name: str, host: str, index: int) -> None:
        self.name, self.host, self.first, self.last, self.count = name, host, index, index, 0


class _Site:
    __slots__ = ("bearers", "client", "cookies", "cookies_recorded", "guard", "in_url")

    def __init__(self, x: Subject) -> None:
        self.client = client_name(x)
        self.cookies: dict[str, _Kept] = {}
        self.bearers: dict[str, _Bearer] = {}
        self.in_url: _InUrl | None = None
        self.guard: tuple[str, int] | None = None
        """A field against forged requests, and the first exchange it was in."""
        self.cookies_recorded = x.exchange.context.recorder.cookies_recorded is not False


class SessionStories:
    """Collects, for each site, what its session may be kept in."""

    wants = COOKIES | SETS_COOKIES | AUTHORIZED | POSTED | LOGIN

    def __init__(self) -> None:
        self._sites: OrderedDict[str, _Site] = OrderedDict()
        self._handed: OrderedDict[int, int] = OrderedDict()
        """Tokens that answers handed out, as numbers that stand for them, and the exchange."""

    def observe(self, x: Subject) -> None:
        """Take note of the cookies, tokens and session ids of one exchange; most cost a few look-ups."""
        asked = x.req.first
        if x.verdicts.set_cookies:
            self._set(x)
        if "cookie" in asked or (x.verdicts.cookies and self._sites):
            self._sent(x)
        if "authorization" in asked or x.method == "POST":
            self._token(x)
        if "sess" in x.request.url or "SESS" in x.request.url:
            self._url(x)

    def finish(self) -> Iterator[Story]:
        """One story for each site that shows a session."""
        for name, site in self._sites.items():
            cookies = [kept for kept in site.cookies.values() if kept.counts()]
            in_url = site.in_url if site.in_url is not None and site.in_url.count > 1 else None
            if cookies or site.bearers or in_url is not None:
                yield _tell(name, site, cookies, in_url)

    def _site(self, x: Subject, name: str) -> _Site:
        site = self._sites.get(name)
        if site is None:
            site = self._sites[name] = _Site(x)
            if len(self._sites) > MOST_SITES:
                self._sites.popitem(last=False)
        else:
            self._sites.move_to_end(name)
        return site

    def _set(self, x: Subject) -> None:
        lines = x.res.all("set-cookie")
        by_login = (
            x.method == "POST"
            and x.status < 400
            and (how := password_posted(x)) is not None
            and not (how == "form" and same_form(x, password_field(x.request.body.text or "") or ""))
        )
        for line, verdict in zip(lines, x.verdicts.set_cookies, strict=False):
            if verdict.outcome not in ("stored", "depends"):
                continue
            cookie = parse_set_cookie(line)
            if not _may_be_session(cookie, verdict, by_login) or third_party(x):
                continue
            site = self._site(x, jar_site(x.url.host))
            kept = site.cookies.get(cookie.name)
            if kept is None:
                if len(site.cookies) >= MOST_COOKIES:
                    continue
                kept = _Kept(cookie.name, host_name(x.url), framework=_framework(cookie.name))
                site.cookies[cookie.name] = kept
            elif not kept.is_that_of(verdict.stored_as):
                continue  # another host's cookie of that name
            if kept.set_in is None or (by_login and not kept.by_login):
                kept.set_in, kept.host = x.exchange.index, host_name(x.url)
            kept.stored = verdict.stored_as
            kept.by_login = kept.by_login or by_login

    def _sent(self, x: Subject) -> None:
        name, index = jar_site(x.url.host), x.exchange.index
        site = self._sites.get(name)
        sent = x.req.all("cookie")
        carried = _named(sent[0] if len(sent) == 1 else "; ".join(sent)) if sent else ()
        if site is not None:
            for due in x.verdicts.cookies:
                kept = site.cookies.get(due.name)
                if (
                    kept is not None
                    and kept.reaches(x.url.host)
                    and (due.recorded or (due.recorded is None and due.outcome == "sent"))
                ):
                    kept.sent(index)
        for cookie in carried:
            if site is not None and cookie in site.cookies:
                kept = site.cookies[cookie]
                if (kept.last != index or not kept.count) and kept.reaches(x.url.host):
                    kept.sent(index)
            elif not third_party(x):
                site = self._site(x, name)
                if len(site.cookies) < MOST_COOKIES:
                    site.cookies[cookie] = kept = _Kept(cookie, host_name(x.url), framework=True)
                    kept.sent(index)
        if site is not None and site.cookies and site.guard is None and x.method in _UNSAFE:
            guard = next((line.name for line in x.req if _GUARD.search(line.name)), None)
            if guard is not None:
                site.guard = brief(guard, 60), index

    def _token(self, x: Subject) -> None:
        for seen in x.memo(sightings):
            if not seen.sent:
                if seen.kind in ("access token", "token") and seen.how in ("content", "fragment"):
                    self._handed.setdefault(hash(seen.raw), x.exchange.index)
                    if len(self._handed) > MOST_TOKENS:
                        self._handed.popitem(last=False)
            elif seen.how == "authorization":
                self._bearer(x, seen)

    def _bearer(self, x: Subject, seen: Sighting) -> None:
        page = x.origin if x.origin not in (None, "null") else x.page_url
        if not page or client_name(x) != "browser":
            return
        name, handed = jar_site(urls.parse(page).host), self._handed.get(hash(seen.raw))
        if handed is None and name != jar_site(x.url.host):
            return  # a key of somebody else's service, as like as not
        site = self._site(x, name)
        bearers = site.bearers
        host = host_name(x.url)
        bearer = bearers.get(host)
        if bearer is None:
            if len(bearers) >= MOST_HOSTS:
                return
            bearer = bearers[host] = _Bearer(x.exchange.index, host_name(urls.parse(page)), handed)
        bearer.last, bearer.count = x.exchange.index, bearer.count + 1
        bearer.proof = bearer.proof or "dpop" in x.req
        cookie = x.req.get("cookie")
        bearer.with_cookie += cookie is not None and any(f"{kept}=" in cookie for kept in site.cookies)

    def _url(self, x: Subject) -> None:
        found = _IN_URL.search(x.request.url)
        if found is None or third_party(x):
            return
        site = self._site(x, jar_site(x.url.host))
        if site.in_url is None:
            site.in_url = _InUrl(brief(found[1], 40), host_name(x.url), x.exchange.index)
        site.in_url.last, site.in_url.count = x.exchange.index, site.in_url.count + 1


def _may_be_session(cookie: SetCookie, verdict: SetCookieVerdict, by_login: bool) -> bool:
    """Whether a cookie that was set may be the session: a value nobody guesses, and a sign besides its name."""
    if not _random(cookie.value):
        return False
    if _framework(cookie.name):
        return True
    stored = verdict.stored_as
    if stored is not None and stored.path != "/":
        return False  # for a part of the site: a login in progress, say
    hidden = stored is not None and stored.http_only
    named = session_like(cookie) and not _STATISTICS.search(cookie.name)
    return (named and (hidden or by_login)) or (by_login and hidden)


def _random(value: str) -> bool:
    return len(value) >= 10 and len(set(value)) >= 6 and any(c.isdigit() for c in value)


@lru_cache(maxsize=1024)
def _framework(name: str) -> bool:
    return _FRAMEWORK.fullmatch(name) is not None and not _STATISTICS.search(name)


@lru_cache(maxsize=512)
def _named(cookie: str) -> tuple[str, ...]:
    """The cookies of a ``Cookie`` field that have a framework's name for a session, and a value to fit."""
    pairs = [pair.strip().partition("=") for pair in cookie.split(";")]
    return tuple(dict.fromkeys(name for name, _, value in pairs if _framework(name) and _random(value)))


def _tell(name: str, site: _Site, cookies: list[_Kept], in_url: _InUrl | None) -> Story:
    telling = Telling("session", site.client)
    older = [kept for kept in cookies if kept.set_in is None]
    if older:
        _say_older(telling, site, older)
    for kept in cookies:
        if kept.set_in is not None:
            _say_cookie(telling, site, kept)
    if cookies and site.guard is not None:
        field, index = site.guard
        telling.say(
            f"Requests that change something carry `{field}` (#{index}), which a page of another site cannot add: if "
            "the server insists on it, a request made elsewhere fails."
        )
    for host, bearer in site.bearers.items():
        _say_bearer(telling, site, host, bearer)
    if in_url is not None:
        _say_url(telling, site, in_url)
    if site.bearers:
        if cookies:
            both = sum(bearer.with_cookie for bearer in site.bearers.values())
            carried = f"{words.count(both, 'request')} carried both" if both else "no request carried both"
            telling.say(
                f"Cookie and token: {carried}. Which of the two the server asks for does not show; where the cookie "
                "alone will do, what is said of the cookie counts."
            )
        elif not site.cookies_recorded:
            telling.say("This recording leaves cookies out, so a session in a cookie besides would not show.")
    places = []
    if cookies:
        named = words.listed(words.ticked(brief(kept.name, 40) for kept in cookies))
        places.append(f"in the {'cookie' if len(cookies) == 1 else 'cookies'} {named}")
    if site.bearers:
        places.append("in a token that its script holds")
    if in_url is not None:
        places.append(f"in the URL (`{in_url.name}`)")
    return telling.story(f"Where `{brief(name, 80)}` keeps its session: {words.listed(places)}")


def _say_older(telling: Telling, site: _Site, cookies: list[_Kept]) -> None:
    """Cookies of which only the sending is in the recording."""
    one = len(cookies) == 1
    first, last = min(kept.first for kept in cookies), max(kept.last for kept in cookies)
    most = max(kept.count for kept in cookies)
    names = words.listed(words.ticked(brief(kept.name, 40) for kept in cookies))
    which = f"the cookie {names}, which by its name is" if one else f"the cookies {names}, which by their names are"
    where = f"#{first}" if first == last else f"#{first} to #{last}"
    telling.say(
        f"The {site.client} sends {which} a session's, with {words.count(most, 'request')}, {where}. What was set came "
        "before this recording, so whether scripts can read it and other sites' requests carry it does not show."
    )
    for kept in cookies:
        telling.arrow(site.client, kept.host, f"sends {kept.name}{_often(kept.count)}", kept.first)
        telling.about(kept.last)


def _often(times: int) -> str:
    return f" ×{times:,}" if times > 1 else ""


def _say_cookie(telling: Telling, site: _Site, kept: _Kept) -> None:
    name, host, client = f"`{brief(kept.name, 40)}`", brief(kept.host, 80), site.client
    stored = kept.stored
    where = f"#{kept.first}" if kept.count == 1 else f"#{kept.first} to #{kept.last}"
    goes = f"It goes along with {words.count(kept.count, 'request')}, {where}." if kept.count else ""
    why = (
        "as its answer to a login"
        if kept.by_login
        else "which by its name and its value is a session's; whether somebody is logged in by it does not show"
    )
    telling.say(f"`{host}` sets the cookie {name} in #{kept.set_in}, {why}. {goes}".rstrip())
    telling.arrow(host, client, f"sets {kept.name}", kept.set_in)
    if kept.count:
        telling.arrow(client, host, f"sends {kept.name}{_often(kept.count)}", kept.first)
        telling.about(kept.last)
    if stored is None:
        return
    telling.say(
        f"It is for {scope(stored)}.{'' if stored.secure else ' Without `Secure` it goes over plain http, too.'}"
    )
    telling.say(
        f"A script that was smuggled into the page (XSS) cannot read {name} (`HttpOnly`) and so cannot carry the "
        "session away; it can still act with it, as long as the page is open."
        if stored.http_only
        else f"A script that was smuggled into the page (XSS) can read {name} (no `HttpOnly`) and carry the session "
        "away."
    )
    telling.say(f"Forged requests (CSRF): {_FORGED[stored.same_site]}")


_FORGED = {
    "Strict": "no request that another site makes carries it (`SameSite=Strict`). Other hosts of the same site count "
    "as the site itself.",
    "Lax": "of the requests that another site makes, only a top-level `GET` carries it (`SameSite=Lax`), so what is "
    "left is what a `GET` changes. Other hosts of the same site count as the site itself.",
    "None": "every site's requests carry it (`SameSite=None`), where the browser lets other sites have cookies at all, "
    "so the server has to check a token, `Origin` or `Sec-Fetch-Site`.",
    None: "it has no `SameSite`. Chromium takes it as `Lax`, except for a `POST` in its first two minutes; Firefox and "
    "Safari send it with every site's requests, so the server has to check a token, `Origin` or `Sec-Fetch-Site`.",
}


def _say_bearer(telling: Telling, site: _Site, host: str, bearer: _Bearer) -> None:
    origin, client = brief(bearer.origin, 80), site.client
    where = f"#{bearer.first}" if bearer.count == 1 else f"#{bearer.first} to #{bearer.last}"
    handed = f" It was handed out in #{bearer.handed}." if bearer.handed is not None else ""
    telling.say(
        f"Script of a page at `{origin}` sends a token to `{brief(host, 80)}` in `Authorization` with "
        f"{words.count(bearer.count, 'request')}, {where}.{handed}"
    )
    telling.arrow(client, host, f"Authorization{_often(bearer.count)}", bearer.first)
    telling.about(bearer.last)
    if bearer.handed is not None:
        telling.about(bearer.handed)
    telling.say(
        "Each such request carries a proof made with a key (`DPoP`): whoever takes the token without the key cannot "
        "use it. A script that was smuggled into the page (XSS) can have the page make proofs while it is open."
        if bearer.proof
        else "Script has to hold the token to send it, so a script that was smuggled into the page (XSS) can take it "
        "and use it elsewhere until it expires, unless a worker keeps it apart. Whether it is kept in memory or in "
        "storage does not show."
    )
    telling.say(
        "Forged requests (CSRF): browsers add no `Authorization` of this kind by themselves, so no request that "
        "another site makes carries the token."
    )


def _say_url(telling: Telling, site: _Site, in_url: _InUrl) -> None:
    telling.say(
        f"A session's id stands in the URL, as `{in_url.name}`, of {words.count(in_url.count, 'request')}, "
        f"#{in_url.first} to #{in_url.last}. Whoever comes by such an address, from a log, from `Referer`, from a "
        "link that was shared, has the session."
    )
    telling.arrow(site.client, in_url.host, f"{in_url.name} in the URL", in_url.first)
    telling.about(in_url.last)
    telling.say(
        "A script in the page can read it. Another site cannot forge a request without knowing it, and can send people "
        "links with an id of its own, under which they then log in, if the server takes ids it did not give (fixation)."
    )
