"""Preflights seen, so that a request can be judged together with the preflight it was sent under.

Like a browser's preflight cache (Fetch, "CORS-preflight cache") it is keyed by origin and URL; unlike it, it also
keeps preflights that failed, because the request that waited for one fails with it and shows nothing else.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector import url as urls
from inspector.browser import cors, refused
from inspector.browser.arrival import never_sent, reached_page
from inspector.browser.cors_check import Failure, check
from inspector.browser.cors_preflight import Permit, check_request, parse_max_age
from inspector.browser.cors_redirect import REDIRECTS
from inspector.browser.cors_request import (
    NOT_CORS_TYPES,
    Credentials,
    Requester,
    chromium_version,
    page_origin,
    request_fields,
    requester,
)
from inspector.browser.cors_safelist import reasons, unsafe_names
from inspector.browser.verdict import CorsVerdict, Preflight, Step
from inspector.site import registrable_domain

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_URLS = 2000
MOST_EACH = 16

_AT_ONCE = 0.05
"""Seconds between a preflight's answer and the end of the request it refuses; Chromium needs a few milliseconds."""

# Schemes `fetch()` and XMLHttpRequest reach without CORS standing in the way.
_FETCHABLE = frozenset({"http", "https", "data", "blob", "ws", "wss", ""})

# Schemes of WebSockets, which a script's request can only be sent to by a redirect.
_SOCKETS = frozenset({"ws", "wss"})

_CHECKED_ALWAYS = frozenset({"fetch", "xhr", "font"})

# Schemes that Chromium keeps from web pages before CORS is asked ("not allowed to load local resource").
_LOCAL = frozenset({"file", "chrome", "devtools", "view-source"})


class Asked(Struct):
    """One preflight: what it asked, what it was told, and whether the request it was for has been seen."""

    index: int
    origin: str
    method: str
    names: tuple[str, ...]
    permit: Permit
    plain: Failure | None
    included: Failure | None
    answered: bool
    until: float | None
    ended: float | None
    """When its answer had arrived, in seconds since 1970."""
    doubt: str | None = None
    """Completes "blocked if …" where browsers differ on `plain`."""
    used: bool = False
    software: tuple[str, str] = ("", "")
    """``X-Powered-By`` and ``Server`` of its answer."""


class Preflights:
    """Remembers preflights and what they allowed, and judges exchanges with them. Bounded."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, list[Asked]] = OrderedDict()
        self._echoed: OrderedDict[str, set[str]] = OrderedDict()

    def judge(self, x: Subject) -> CorsVerdict | None:
        """The CORS verdict on an exchange, ``None`` where CORS plays no part."""
        if x.origin is None:
            if x.status == 0:
                return self._unanswered(x)
            if x.mode is None:
                return _redirected_from_home(x) if x.status in REDIRECTS else None
            sent = x.req.first
            if sent["sec-fetch-mode"] != "cors":
                return None
            if sent.get("sec-fetch-site", "same-origin") in ("same-origin", "none"):
                return _redirected_from_home(x) if x.status in REDIRECTS else None
        elif x.is_preflight:
            return self._preflight(x)
        elif x.req.first["origin"] == x.url.origin:
            return _redirected_from_home(x) if x.status in REDIRECTS else None
        if x.status == 0:
            return self._unanswered(x)
        who = requester(x)
        return None if who is None else self._answered(x, who)

    def asked_by(self, index: int, url: str) -> Asked | None:
        """The preflight with this exchange index for a URL, as far as it is remembered."""
        return next((asked for asked in self._asked.get(_bare(url), ()) if asked.index == index), None)

    def echoed(self, target: str, origin: str) -> tuple[int, bool]:
        """Note that origin `target` permitted the site of `origin` by its very name, with credentials.

        How many sites it has so permitted, and whether this one is new.
        """
        sites = self._echoed.pop(target, None)
        if sites is None:
            sites = set()
            if len(self._echoed) >= MOST_URLS:
                self._echoed.popitem(last=False)
        self._echoed[target] = sites
        host = urls.parse(origin).host
        site = registrable_domain(host) or host
        if site in sites or len(sites) >= MOST_EACH:
            return len(sites), False
        sites.add(site)
        return len(sites), True

    def _preflight(self, x: Subject) -> CorsVerdict:
        origin = x.origin or "null"
        method = x.req.get("access-control-request-method") or ""
        names = cors.asked_names(x)
        permit = cors.permit_of(x)
        chromium = chromium_version(x.req.get("user-agent") or "") is not None
        plain, included, doubt = cors.failures(permit, origin, method, names, chromium)
        held_back = _held_back(x, origin)
        if held_back is not None:
            plain, included, doubt = held_back, held_back, None
        ended = _ended(x)
        until = None
        if ended is not None and (plain is None or doubt is not None):
            until = ended + parse_max_age(permit.max_age)
        answered = x.response is not None or held_back is not None
        self._remember(
            _bare(x.request.url),
            Asked(
                x.exchange.index,
                origin,
                method,
                names,
                permit,
                plain,
                included,
                answered,
                until,
                ended,
                doubt,
                software=(x.res.get("x-powered-by") or "", x.res.get("server") or ""),
            ),
        )
        if held_back is not None:
            step = Step("the address is as public as the page", "no: the browser let nothing out to it", "fail")
            return CorsVerdict("blocked", held_back.code, "", None, Preflight(True), (step,), True)
        return cors.judge_preflight(x, permit, plain, included, doubt)

    def _remember(self, url: str, asked: Asked) -> None:
        kept = self._asked.pop(url, None)
        if kept is None:
            kept = []
            if len(self._asked) >= MOST_URLS:
                self._asked.popitem(last=False)
        kept.append(asked)
        del kept[:-MOST_EACH]
        self._asked[url] = kept

    def _waiting(self, x: Subject, origin: str | None) -> Asked | None:
        """The latest preflight whose request has not been seen yet and may be this one."""
        kept = self._asked.get(_bare(x.request.url)) if self._asked else None
        if not kept:
            return None
        sent = x.req.first
        hidden = x.exchange.context.recorder.cookies_recorded is False or x.response is None
        for asked in reversed(kept):
            if asked.used or asked.method != x.method or (origin is not None and asked.origin != origin):
                continue
            if all(name in sent or (hidden and name == "authorization") for name in asked.names):
                asked.used = True
                return asked
        if x.response is None and "accept" not in sent and not reasons("GET", request_fields(x)):
            # What follows a redirect and fails before it is sent is recorded without the fields the page set.
            for asked in kept:
                if not asked.used and asked.method == x.method and asked.included is not None:
                    asked.used = True
                    return asked
        return None

    def _in_force(self, x: Subject, origin: str) -> Asked | None:
        """The latest preflight whose answer a browser would still remember, and that permits this request."""
        kept = self._asked.get(_bare(x.request.url)) if self._asked else None
        if not kept or x.started is None:
            return None
        names = [name for name, value in request_fields(x) if reasons("GET", ((name, value),))]
        for asked in reversed(kept):
            if asked.until is None or x.started > asked.until or asked.origin != origin:
                continue
            if check_request(asked.permit, x.method, names, False, lenient=True) is None:
                return asked
        return None

    def _answered(self, x: Subject, who: Requester) -> CorsVerdict:
        because = reasons(x.method, request_fields(x))
        asked = self._waiting(x, who.origin if who.stated else None)
        if asked is not None:
            because = reasons(x.method, request_fields(x), asked.names) or (cors.UPLOAD,)
            if who.mode == "cors":
                who = who._replace(doubt=None)  # nothing but CORS sends a preflight
        elif because:
            asked = self._in_force(x, who.origin)
        preflight = Preflight(bool(because), because, asked.index if asked is not None else None)
        told = None
        if asked is not None and asked.included is not None and asked.plain is None:
            told = Credentials(False, f"with `include` the preflight, exchange {asked.index}, would have failed")
        copy = x.session.cache.stored(x) if x.status == 304 else None
        return cors.judge_response(x, who, preflight, None if copy is None else copy.fields, told)

    def _by_copy(self, x: Subject) -> CorsVerdict | None:
        """A request that a copy in the browser's cache answered, fetched earlier without CORS and so without consent.

        Chromium makes the CORS check on the copy's fields; what fails it is recorded as a request without response.
        """
        origin = x.origin or page_origin(x)
        if origin is None or origin == x.url.origin or x.method != "GET":
            return None
        copy = x.session.cache.fresh_copy(x)
        if copy is None or any(name == "origin" for name, _ in copy.vary):
            return None
        allow_origin = copy.fields.get("access-control-allow-origin")
        allow_credentials = copy.fields.get("access-control-allow-credentials")
        plain = check(allow_origin, allow_credentials, origin, False)
        included = check(allow_origin, allow_credentials, origin, True)
        failure = x.exchange.failure
        error = failure.code if failure is not None else None
        if error not in (None, "net::ERR_FAILED"):
            return None
        told = None if error is None else True
        outcome, why, condition = cors.weigh(plain, included, told if plain is None else None)
        if why is None:
            return None
        if not x.exchange.context.resource_type and x.origin is None:
            outcome = "depends"
            condition = _IN_CORS_MODE if plain is not None else cors.ASKED_TO_INCLUDE
        who = Requester(origin, "cors")
        steps = [
            cors.crossing(x, who),
            Step(
                "response",
                f"the browser's cache has one, fetched in exchange {copy.exchange}; its fields count",
                "pass",
            ),
            *cors.origin_steps(allow_origin, allow_credentials, origin, told),
        ]
        return CorsVerdict(outcome, why.code, x.masker.text(why.parameter), condition, None, tuple(steps))

    def _unanswered(self, x: Subject) -> CorsVerdict | None:
        """A request without a response: what its preflight came to, if there was one."""
        context = x.exchange.context
        kind = context.resource_type or ""
        if x.url.scheme in _SOCKETS:
            step = Step("scheme can be asked across origins", f"redirected to `{x.url.scheme}:`", "fail")
            if kind in ("fetch", "xhr"):
                return CorsVerdict("blocked", "CorsDisabledScheme", "", None, None, (step,))
            if not kind and len(x.session.redirects.follow(x)) > 1:
                return CorsVerdict("depends", "CorsDisabledScheme", "", _IN_CORS_MODE, None, (step,))
        if x.url.scheme not in _FETCHABLE:
            if x.url.scheme.endswith("-extension") or (x.url.scheme in _LOCAL and page_origin(x) is not None):
                return None
            sure = kind in ("fetch", "xhr")
            if sure or (not kind and never_sent(x) and page_origin(x) is not None):
                step = Step("scheme can be asked across origins", f"`{x.url.scheme}:`", "fail")
                if sure:
                    return CorsVerdict("blocked", "CorsDisabledScheme", "", None, None, (step,))
                return CorsVerdict("depends", "CorsDisabledScheme", "", _IN_CORS_MODE, None, (step,))
            return None
        if kind in _CHECKED_ALWAYS or ((not kind or x.origin is not None) and never_sent(x)):
            found = self._by_copy(x)
            if found is not None:
                return found
        if not self._asked or kind in NOT_CORS_TYPES - {"ping", "beacon"}:
            return _unseen(x)
        origin = x.origin or page_origin(x)
        asked = self._waiting(x, x.origin) if origin != x.url.origin or x.origin is None else None
        if asked is None:
            return _unseen(x)
        because = reasons(x.method, request_fields(x), asked.names)
        preflight = Preflight(True, because or (cors.UPLOAD,), asked.index)
        include = None
        failure = x.exchange.failure
        code = failure.code if failure is not None else None
        if asked.plain is None and asked.included is not None:
            include = True if code == "net::ERR_FAILED" or (code is None and _ended_with(x, asked)) else None
        plain, included = _first_of(x, asked, False), _first_of(x, asked, True)
        outcome, why, condition = cors.weigh(plain, included, include, asked.doubt)
        steps = [
            cors.crossing(x, Requester(asked.origin, "cors")),
            Step("preflight", f"needed for {', '.join(preflight.because)}; exchange {asked.index}", "pass"),
        ]
        if not asked.answered or outcome == "allowed" or (outcome == "depends" and code is not None):
            steps.append(Step("a response arrived", "none, and the preflight does not explain it", "unknown"))
            return CorsVerdict("unknown", preflight=preflight, steps=tuple(steps))
        if include is None:
            steps.append(Step("credentials mode", cors.mode_of_preflight(asked.plain, asked.included), "unknown"))
        result = f"exchange {asked.index} did not permit the request, so it was never sent"
        steps.append(Step("the preflight permits it", result, "fail" if outcome == "blocked" else "unknown"))
        parameter = x.masker.text(why.parameter) if why else None
        return CorsVerdict(outcome, why.code if why else None, parameter, condition, preflight, tuple(steps))


def _ended(x: Subject) -> float | None:
    """When an exchange ended, in seconds since 1970."""
    return None if x.started is None else x.started + (x.exchange.timings.total or 0) / 1000


def _ended_with(x: Subject, asked: Asked) -> bool:
    """Whether a request never left Chrome and ended as its preflight's answer came: the answer is why.

    What Chrome sends gets fields of the network's own; they are missing where a request was given up before.
    """
    ended = _ended(x)
    if ended is None or asked.ended is None or not never_sent(x):
        return False
    return abs(ended - asked.ended) <= _AT_ONCE


def _first_of(x: Subject, asked: Asked, include: bool) -> Failure | None:
    """Why a preflight did not permit a request, by the credentials mode: of several fields the request's first.

    Chromium looks at fields in the request's order, in which the recording has them; the preflight names them sorted.
    Only of ``Authorization``, which an exporter may have removed, the place is not known (see `cors.likely_first`).
    """
    failure = asked.included if include else asked.plain
    if failure is None or failure.code != "HeaderDisallowedByPreflightResponse":
        return failure
    names = unsafe_names([(name, value) for name, value in request_fields(x) if name in asked.names])
    if "authorization" in asked.names and "authorization" not in x.req:
        names = ["authorization", *names]
    return check_request(asked.permit, asked.method, names, include) or failure


def _held_back(x: Subject, origin: str) -> Failure | None:
    """Why Chrome kept a preflight from a less public address (Local Network Access), where its recording says so."""
    failure = x.exchange.failure
    if failure is None or refused.code_of(failure.code, failure.message) != refused.LOCAL_NETWORK:
        return None
    page = urls.parse(origin)
    secure = page.secure or page.loopback
    return Failure("LocalNetworkAccessPermissionDenied" if secure else "InsecureLocalNetwork")


_IN_CORS_MODE = "a script asked in `cors` mode, as `fetch()` does unless told otherwise"


def _bare(url: str) -> str:
    return url.partition("#")[0]


def _scripts(x: Subject) -> bool:
    """Whether a script can have made this request: by its resource type, or where that is unknown by its looks."""
    kind = x.exchange.context.resource_type
    if kind:
        return kind in ("fetch", "xhr")
    return "upgrade-insecure-requests" not in x.req and not (x.req.get("accept") or "").startswith("text/html")


def _redirected_from_home(x: Subject) -> CorsVerdict | None:
    """A request to its own origin that is redirected to another one with a user name or password in the URL."""
    location = x.res.get("location")
    if location is None or "@" not in location:
        return None
    if x.mode != "cors" and (x.mode is not None or not _scripts(x)):
        return None
    failure = cors.redirect_failure(x, x.url.origin)
    if failure is None or reached_page(x):  # the latter: the page asked not to have redirects followed
        return None
    there = urls.parse(urls.join(x.url.text, location)).origin
    step = Step("`Location` has no user name or password", f"redirected from `{x.url.origin}` to `{there}`", "fail")
    if x.mode is None and reached_page(x) is None:
        if page_origin(x) != x.url.origin:
            return None  # across origins, a request made with CORS would have an `Origin`
        return CorsVerdict("depends", failure.code, failure.parameter, _IN_CORS_MODE, None, (step,))
    return CorsVerdict("blocked", failure.code, failure.parameter, None, None, (step,))


def _unseen(x: Subject) -> CorsVerdict | None:
    """A cross-origin request made with CORS that Chrome gave up, where neither response nor preflight tells why.

    So are all those of workers from a ``blob:`` or ``data:`` URL, and of worklets: nothing is kept of their responses.
    """
    failure, kind = x.exchange.failure, x.exchange.context.resource_type or ""
    if failure is None or failure.code != "net::ERR_FAILED":
        return None  # what mixed content or a policy stopped is recorded without any error
    named = x.origin is not None and x.method in ("GET", "HEAD") and kind not in NOT_CORS_TYPES
    if kind not in _CHECKED_ALWAYS and x.mode != "cors" and not named:
        return None
    origin = x.origin or page_origin(x) or ""
    if origin == x.url.origin or x.url.scheme not in ("http", "https"):
        return None
    because = reasons(x.method, request_fields(x))
    preflight = Preflight(bool(because) or None, because)
    saw = "no response and no preflight in this recording; the browser's console names the reason"
    steps = (cors.crossing(x, Requester(origin, "cors")), Step("a response arrived", saw, "unknown"))
    return CorsVerdict("unknown", preflight=preflight, steps=steps)
