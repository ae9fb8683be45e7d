"""A browser's cache rebuilt from the capture: what was stored, and what became of it when the URL was asked for again.

It remembers a bounded number of responses, the least recently used forgotten first. What it concludes about one
exchange is in `Cache.latest` until the next is judged; rules read it from there.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from inspector.browser.cache import ServedFrom, judge
from inspector.browser.cache_freshness import FOREVER
from inspector.browser.cache_policy import Policy, policy
from inspector.browser.cache_request import Varied, effect, reuse
from inspector.browser.cookies import trustworthy
from inspector.browser.verdict import CacheVerdict, Step
from inspector.exchange import Exchange, Field, Fields
from inspector.fields.browser_date import read_date
from inspector.fields.cache_control import parse_cache_control
from inspector.fields.clear_site_data import parse_clear_site_data
from inspector.fields.etag import parse_etag
from inspector.fields.vary import parse_vary
from inspector.url import join, parse

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_REMEMBERED = 4096
_UNSAFE = frozenset({"POST", "PUT", "DELETE", "PATCH"})

# Fields of a 304 that never replace the stored ones (they describe the message, or content it does not carry).
_KEPT = frozenset(
    {
        "connection",
        "proxy-connection",
        "keep-alive",
        "www-authenticate",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-location",
        "content-md5",
        "etag",
        "content-encoding",
        "content-range",
        "content-type",
        "content-length",
        "x-frame-options",
        "x-xss-protection",
    }
)


class Stored(Struct, frozen=True):
    """One stored response. `received` is seconds since 1970; `fresh_for` and `age` are seconds at that time."""

    exchange: int
    status: int
    fields: Fields
    policy: Policy
    received: float | None
    fresh_for: float
    age: float
    vary: Varied
    """The request fields it was chosen by, with the values it was fetched with."""
    page: str | None = None
    """URL of the page it was fetched for: Chromium keeps a cache for each site visited."""
    visit: str | None = None
    """The recording's id of that visit to the page."""

    def age_at(self, time: float | None) -> float | None:
        """How old it is at a time, ``None`` where either time is unknown."""
        if time is None or self.received is None:
            return None
        return self.age + max(0.0, time - self.received)


Became = Literal["reused", "revalidated", "refetched", "changed"]


class History(Struct, frozen=True):
    """What became of a copy stored earlier when its URL was requested again.

    ``reused``: answered from it. ``revalidated``: a 304 confirmed it. ``changed``: the server was asked with a
    condition and sent a new one. ``refetched``: fetched in full; `cause` says why in a clause, ``None`` if nothing in
    the recording tells. `was_fresh` is whether it could have been reused; `left` the seconds that remained.
    """

    became: Became
    copy: Stored
    age: float | None
    was_fresh: bool | None
    left: float | None
    cause: str | None = None


_NOTHING: tuple[Exchange | None, History | None] = (None, None)


class Cache:
    """Remembers what was stored, to tell what a later exchange was."""

    def __init__(self) -> None:
        self._stored: OrderedDict[str, Stored] = OrderedDict()
        self._removed: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._latest = _NOTHING
        self._policy: tuple[Exchange, Policy] | None = None

    def latest(self, x: Subject) -> History | None:
        """What became of an earlier copy in the exchange judged last, if that is this one."""
        exchange, history = self._latest
        return history if exchange is x.exchange else None

    def judge(self, x: Subject) -> CacheVerdict | None:
        """The caching verdict on an exchange; ``None`` where there is nothing to store or reuse."""
        self._latest = _NOTHING
        exchange, response = x.exchange, x.response
        if (
            response is None
            or response.status < 200
            or x.url.scheme not in ("http", "https")
            or x.is_preflight
            or x.method == "CONNECT"
            or exchange.websocket is not None
        ):
            return None
        key = x.request.url
        if "#" in key:
            key = key.partition("#")[0]
        received, delay = _clock(x)
        served = served_from(x)
        earlier = self._stored.get(key)
        fields, status = response.fields, response.status
        if status == 304:
            if earlier is not None:
                fields, status = _freshened(earlier.fields, fields), earlier.status
            else:
                status = 200
            rules = _policy(x, status, fields)
        else:
            rules = self.policy(x)
        verdict = judge(rules, fields, received, delay, served, response.http_version in ("1.0", "0.9"))
        if "clear-site-data" in fields.first and self._cleared(x, fields):
            return _unstored(verdict, "`Clear-Site-Data` empties the cache")
        if verdict.stored and "vary" in fields.first and "set-cookie" in fields.first:
            verdict = _with_cookies_changed(verdict, rules, x, fields)
        if earlier is None and not verdict.stored:
            if x.method in _UNSAFE and status < 400:
                self._removed_by(key, x)
            return verdict
        if earlier is not None:
            history = self._history(x, earlier, served, received)
            if history is not None:
                self._latest = (exchange, history)
                verdict = _with_step(verdict, _told(history))
        self._keep(x, key, earlier, verdict, fields, rules, received, served)
        return verdict

    def policy(self, x: Subject) -> Policy:
        """The caching policy of an exchange's response by its own fields; a 304 counts as the 200 it confirms."""
        known, exchange = self._policy, x.exchange
        if known is not None and known[0] is exchange:
            return known[1]
        rules = _policy(x, 200 if x.status == 304 else x.status, x.res)
        self._policy = (exchange, rules)
        return rules

    def stored(self, x: Subject) -> Stored | None:
        """The copy of this URL from before this exchange, whatever its age; ``None`` where none is known."""
        return self._stored.get(x.request.url.partition("#")[0])

    def fresh_copy(self, x: Subject) -> Stored | None:
        """The copy of this URL that answers a plain request, ``None`` where there is none for certain."""
        copy = self.stored(x)
        if copy is None or copy.policy.validate is not None or any(name == "*" for name, _ in copy.vary):
            return None
        age = copy.age_at(x.started)
        return copy if age is not None and age < copy.fresh_for else None

    def removed_by(self, x: Subject) -> tuple[str, int] | None:
        """The method and index of an exchange that removed a copy of this URL before, if one did."""
        return self._removed.get(x.request.url.partition("#")[0])

    def _removed_by(self, key: str, x: Subject) -> None:
        """RFC 9111, section 4.4: a successful unsafe request makes stored copies of its URL unusable."""
        if self._stored.pop(key, None) is not None:
            self._removed[key] = (x.method, x.exchange.index)
            if len(self._removed) > MOST_REMEMBERED:
                self._removed.popitem(last=False)

    def _cleared(self, x: Subject, fields: Fields) -> bool:
        """Whether the response had the browser forget all it stored of this origin (W3C Clear Site Data, section 4)."""
        asked = parse_clear_site_data(fields.get("clear-site-data") or "")
        if "cache" not in asked or not trustworthy(x.url):
            return False
        for key in [key for key in self._stored if parse(key).origin == x.url.origin]:
            del self._stored[key]
        return True

    def _keep(
        self,
        x: Subject,
        key: str,
        earlier: Stored | None,
        verdict: CacheVerdict,
        fields: Fields,
        rules: Policy,
        received: float | None,
        served: ServedFrom,
    ) -> None:
        if x.method != "GET":
            if x.method in _UNSAFE and x.status < 400:
                self._removed_by(key, x)
            return
        if served == "cache" and earlier is not None:
            self._stored.move_to_end(key)
            return
        if not verdict.stored:
            if x.status == 304 or not rules.private:
                self._stored.pop(key, None)
            return
        page = x.exchange.context.page
        vary: Varied = ()
        if "vary" in fields.first:
            get = x.req.get
            vary = tuple([(name, get(name)) for name in parse_vary(fields.get("vary") or "")])
        self._stored[key] = Stored(
            x.exchange.index,
            rules.status,
            fields,
            rules,
            received,
            FOREVER if verdict.lifetime is None else verdict.lifetime,
            verdict.age or 0.0,
            vary,
            x.page_url,
            None if page is None else page.id,
        )
        if earlier is not None:
            self._stored.move_to_end(key)
        elif len(self._stored) > MOST_REMEMBERED:
            self._stored.popitem(last=False)

    def _history(self, x: Subject, copy: Stored, served: ServedFrom, received: float | None) -> History | None:
        if x.method not in ("GET", "HEAD"):
            return None
        status = x.status
        if served not in ("cache", "network") and status != 304:
            return None
        age = copy.age_at(x.started)
        fresh: bool | None = None
        left: float | None = None
        if age is not None:
            left = copy.fresh_for - age
            fresh = left > 0 and copy.policy.validate is None and not (copy.vary and _any_request_differs(copy.vary))
        if served == "cache":
            return History("reused", copy, age, fresh, left)
        _, cause = effect(x.req, copy.vary, x.exchange.context.recorder.cookies_recorded is True)
        if status == 304:
            return History("revalidated", copy, age, fresh, left, cause)
        request = x.req.first
        if cause is None:
            if "range" in request:
                cause = "the request asks for a range"
            elif fresh is False:
                cause = _stale_cause(copy)
        asked = "if-none-match" in request or "if-modified-since" in request
        return History("changed" if asked else "refetched", copy, age, fresh, left, cause)


def policy_of(x: Subject) -> Policy:
    """The caching policy of an exchange's response: see `Cache.policy`."""
    return x.session.cache.policy(x)


def _policy(x: Subject, status: int, fields: Fields) -> Policy:
    """The policy of a response with these fields to the exchange's request."""
    get, index, request, method = fields.get, fields.first, x.req.by_name, x.method
    return policy(
        method,
        status,
        get("cache-control"),
        get("pragma"),
        "expires" in index,
        "authorization" in request,
        status != 206 or _whole(x, index),
        "cache-control" in request and parse_cache_control(request["cache-control"]).has("no-store"),
        method == "POST" and "content-location" in index and _is_own(x, index["content-location"]),
    )


def _is_own(x: Subject, location: str) -> bool:
    return join(x.request.url, location) == x.request.url


def served_from(x: Subject) -> ServedFrom:
    """What this very exchange was, as far as its recording tells: `Age` speaks of shared caches and does not count."""
    context = x.exchange.context
    said = context.served_from
    if said in ("memory-cache", "disk-cache", "cache"):
        return "cache"
    if x.status == 304:
        return "revalidated"
    if said is not None:
        return "unknown" if said == "service-worker" else "network"
    response, recorder = x.response, context.recorder
    if response is not None and response.body.transferred:
        return "network"
    if recorder.vantage in ("proxy", "client") or recorder.kind != "har":
        return "network"
    return "network" if recorder.creator is not None and recorder.creator.startswith("WebInspector") else "unknown"


def visit_of(x: Subject) -> str | None:
    """The recording's id of the visit to a page that an exchange belongs to."""
    page = x.exchange.context.page
    return page.id if page is not None else None


def _clock(x: Subject) -> tuple[float | None, float]:
    """When the response was received (seconds since 1970), and how many seconds after its request was sent."""
    t = x.exchange.timings
    delay = ((t.wait or 0.0) + (t.send or 0.0)) / 1000
    if t.started is None:
        return None, delay
    before = t.blocked or 0.0
    if t.dns or t.connect or t.tls:
        before = before + (t.dns or 0.0) + (t.connect or 0.0) + (t.tls or 0.0)
    return t.started + before / 1000 + delay, delay


def _whole(x: Subject, index: dict[str, str]) -> bool:
    """Whether Chromium could put this 206 together: a range was asked for and named, and the validator is strong."""
    if "range" not in x.req or "content-range" not in index or x.server_version in ("0.9", "1.0"):
        return False
    etag = index.get("etag")
    if etag is not None:
        tag = parse_etag(etag)
        return not etag.startswith("W/") and (tag is None or not tag.weak)
    modified, date = index.get("last-modified"), index.get("date")
    if modified is None or date is None:
        return False
    since, sent = read_date(modified), read_date(date)
    return since is not None and sent is not None and sent - since >= 60


def _freshened(stored: Fields, update: Fields) -> Fields:
    """RFC 9111, section 4.3.4: the stored fields with those of the 304 put in their place."""
    replaced = {name for name in update.first if name not in _KEPT and not name.startswith(("x-content-", "x-webkit-"))}
    kept: list[Field] = [line for line in stored.lines if line.name.lower() not in replaced]
    kept += [line for line in update.lines if line.name.lower() in replaced]
    return Fields.of_lines(tuple(kept))


def _any_request_differs(varied: Varied) -> bool:
    return any(name == "*" for name, _ in varied)


def _stale_cause(copy: Stored) -> str:
    if copy.policy.validate is not None:
        return f"{copy.policy.validate} demands a check before every reuse"
    if copy.fresh_for <= 0:
        return "nothing made the copy fresh for any time"
    return "the copy had become stale"


def _told(history: History) -> Step:
    copy = history.copy
    saw = f"exchange {copy.exchange}"
    if history.age is not None:
        saw += f", {int(history.age)} s old"
    saw += f": {history.became}"
    if history.cause:
        saw += f" ({history.cause})"
    return Step("an earlier copy of this URL", saw, "pass" if history.became in ("reused", "revalidated") else "fail")


def _unstored(v: CacheVerdict, because: str) -> CacheVerdict:
    step = Step("nothing empties the cache at once", because, "fail")
    return replace(v, stored=False, reuse="none", because=f"Not stored: {because}.", steps=(*v.steps, step))


def _with_cookies_changed(v: CacheVerdict, rules: Policy, x: Subject, fields: Fields) -> CacheVerdict:
    """The verdict where the response itself makes the next request another variant: by ``Vary: Cookie``."""
    if "cookie" not in parse_vary(fields.get("vary") or "") or not x.session.jar.alters_cookies(x):
        return v
    then = reuse("other-variant", v, rules.conditional)
    asks = "so it asks with `If-None-Match`" if then == "revalidate" else "so it is fetched anew"
    because = (
        "Stored, but `Vary` names `Cookie`, and the cookies that this response sets make the next request another "
        f"variant, {asks}."
    )
    step = Step("`Vary` matches the next request", "`Cookie`, which this response changes", "fail")
    return replace(v, reuse=then, because=because, steps=(*v.steps, step))


def _with_step(v: CacheVerdict, step: Step) -> CacheVerdict:
    """The verdict with a step before its own."""
    return CacheVerdict(
        v.stored,
        v.reuse,
        v.shared,
        v.lifetime,
        v.age,
        v.basis,
        v.validators,
        v.served_from,
        v.because,
        (step, *v.steps),
    )
