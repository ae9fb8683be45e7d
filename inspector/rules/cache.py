"""Caching explained: what becomes of a response in caches, and what this exchange was in one."""

from __future__ import annotations

from functools import lru_cache

from inspector.browser.cache_freshness import age_value, shared_lifetime
from inspector.browser.cache_policy import HEURISTIC_STATUSES, Policy
from inspector.browser.verdict import CacheVerdict
from inspector.exchange import Shape
from inspector.fields.browser_date import read_date
from inspector.report import Evidence, Severity
from inspector.rules import cache_texts as texts
from inspector.rules.base import Finding, responded, response_field, rule
from inspector.session.cache import History, policy_of, visit_of
from inspector.subject import Subject
from inspector.words import duration

RFC9111 = "https://www.rfc-editor.org/rfc/rfc9111"
_WORTH_SAYING = frozenset({"cache-control", "expires", "pragma", "etag", "last-modified"})


@rule(
    "cache/explained",
    Severity.INFO,
    "What caches do with this response",
    on=responded(),
    references=(f"{RFC9111}#section-3", f"{RFC9111}#section-4.2"),
    what="""
    Says whether a browser and a shared cache may store this response, for how long they reuse it without asking, and
    how they ask after that. Every directive is given in words and the response's age is counted in.
    """,
    why="""
    A response that is reused costs no time at all; one that is reused for too long shows old content. Five fields
    decide it together, and where none is there a browser guesses.
    """,
    fix="""
    For files whose name changes with their content: `Cache-Control: public, max-age=31536000, immutable`.
    For documents: `Cache-Control: no-cache` with an `ETag`. For anything personal: `Cache-Control: private, no-cache`.
    For what must not stay on disk: `Cache-Control: no-store`.
    """,
    shows="""
    GET https://shop.test/app.js HTTP/2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Cache-Control: max-age=3600, s-maxage=86400
    ETag: "v1"
    Content-Type: text/javascript
    """,
    quiet="""
    POST https://shop.test/basket HTTP/2

    HTTP/2 200
    Content-Type: application/json
    """,
)
def explained(x: Subject) -> Finding | None:
    """The outcome for browsers and shared caches, the directives in words, and what became of an earlier copy."""
    verdict = x.verdicts.cache
    if verdict is None or x.method not in ("GET", "HEAD"):
        return None
    if x.status not in HEURISTIC_STATUSES and _WORTH_SAYING.isdisjoint(x.res.first):
        return None
    policy = policy_of(x)
    title, detail = texts.told(
        policy,
        verdict.reuse,
        verdict.lifetime,
        verdict.age,
        verdict.basis,
        verdict.served_from,
        verdict.validators,
        verdict.because,
        verdict.shared.reuse,
        _shared_lifetime(x, policy) if verdict.shared.reuse == "fresh" else 0.0,
        x.res.get("vary"),
        x.res.get("cache-control"),
    )
    history = x.session.cache.latest(x)
    if history is not None:
        detail = f"{_history_sentence(history)} {detail}".lstrip()
    return Finding(detail, None, _explaining_fields(x, verdict), title)


def _shared_lifetime(x: Subject, policy: Policy) -> float:
    """The lifetime in a shared cache, in whole seconds where it is limited."""
    if policy.shared_max_age is not None and policy.shared_validate is None:
        return float(policy.shared_max_age)  # which no date has a part in
    index = x.res.first
    date = read_date(index["date"]) if "date" in index else None
    generated = x.started if date is None else date
    seconds, _ = shared_lifetime(policy, index.get("expires"), index.get("last-modified"), generated)
    return seconds if seconds > 1e12 else float(int(seconds))


def _explaining_fields(x: Subject, verdict: CacheVerdict) -> tuple[Evidence, ...]:
    """The fields the verdict rests on, as far as they are there: what permits or forbids storing, then what counts."""
    index, field = x.res.first, x.response_field
    shown: list[Evidence] = []
    if "cache-control" in index:
        shown.append(field("cache-control"))
    elif "pragma" in index:
        shown.append(field("pragma"))
    if "expires" in index and (verdict.stored or "cache-control" not in index):
        shown.append(field("expires"))
    if verdict.stored:
        if "vary" in index:
            shown.append(field("vary"))
        if verdict.validators and verdict.validators[0] in index:
            shown.append(field(verdict.validators[0]))
        if verdict.age and "age" in index:
            shown.append(field("age"))
    return tuple(shown)


def _history_sentence(history: History) -> str:
    copy = f"the copy from exchange {history.copy.exchange}"
    age = f", {duration(history.age)} old" if history.age is not None and history.age >= 1 else ""
    match history.became:
        case "reused":
            return f"The browser answered this from {copy}{age}."
        case "revalidated":
            return f"The server was asked whether {copy}{age} is still right, and confirmed it."
        case "changed":
            return f"The server was asked whether {copy}{age} is still right, and sent a new one."
    return f"It was fetched again although {copy} is stored: {history.cause}." if history.cause else ""


@rule(
    "cache/refetched",
    Severity.NOTE,
    "Fetched again while a stored copy was still fresh",
    on=responded(),
    references=(f"{RFC9111}#section-4",),
    what="""
    An earlier response of this capture for the same URL could still be reused without asking, and yet the whole
    response was fetched again from the network.
    """,
    why="""
    The transfer and the wait were avoidable. Usual reasons: a reload, developer tools with the cache switched off, a
    `Vary` field that names something that changed, another site's page (browsers keep a cache for each site), or a
    client that keeps no cache at all.
    """,
    fix="""
    Where it was a reload or the developer tools: nothing. Where `Vary` names a field whose value differs between
    requests for no good reason, the server should leave that name out.
    """,
    unless="The person reloaded the page, or the capture was made with the cache switched off.",
    shows="""
    # connection: 1
    # from: network
    GET https://shop.test/app.js HTTP/2
    Accept-Language: de

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Cache-Control: max-age=3600
    Vary: Accept-Language

    let a = 1;
    ---
    # from: network
    GET https://shop.test/app.js HTTP/2
    Accept-Language: en

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:01 GMT
    Cache-Control: max-age=3600
    Vary: Accept-Language

    let a = 1;
    """,
    quiet="""
    # from: network
    GET https://shop.test/app.js HTTP/2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Cache-Control: no-cache
    ETag: "1"

    let a = 1;
    ---
    # from: network
    GET https://shop.test/app.js HTTP/2
    If-None-Match: "1"

    HTTP/2 304
    Date: Sun, 01 Mar 2026 12:00:01 GMT
    Cache-Control: no-cache
    ETag: "1"
    """,
)
def refetched(x: Subject) -> Finding | None:
    """A copy of this capture was fresh and was not used."""
    history = x.session.cache.latest(x)
    if history is None or history.became != "refetched" or not history.was_fresh or history.copy.status >= 400:
        return None
    if x.exchange.context.recorder.vantage == "client":
        return None  # such clients keep no cache
    if history.cause is None and history.copy.visit != visit_of(x):
        return None  # another visit, or another run of a tool that empties the cache between them
    left = (
        "without end" if history.left is None or history.left == float("inf") else f"for {duration(history.left)} more"
    )
    copy = Evidence(
        "exchange", None, f"{x.method} {x.shown_url}", None, "stored here, still fresh", history.copy.exchange
    )
    if history.cause is not None:
        varies = history.cause.startswith("`Vary`")
        return Finding(
            f"The copy from exchange {history.copy.exchange} was fresh {left}, but {history.cause}.",
            severity=Severity.NOTE if varies else Severity.INFO,
            evidence=(copy, x.response_field("vary")) if varies else (copy,),
            fix=None
            if varies
            else "Nothing to do where a person reloaded the page or the developer tools switch the cache off.",
        )
    page = x.page_url
    elsewhere = history.copy.page is not None and page is not None and history.copy.page != page
    why = (
        "It was fetched for another page: Chromium keeps a separate cache for each site, and a tool that measures "
        "cold loads empties it between pages."
        if elsewhere
        else "Nothing in the request explains it: the cache may have been switched off or emptied, or the "
        "response been too large for it."
    )
    return Finding(
        f"The copy from exchange {history.copy.exchange} was fresh {left}. {why}",
        severity=Severity.INFO if elsewhere else None,
        certainty="likely",
        evidence=(copy,),
    )


# -- caches on the way -------------------------------------------------------------------------------------------

_HIT_FIELDS = {
    "cf-cache-status": "Cloudflare",
    "x-vercel-cache": "Vercel",
    "x-nextjs-cache": "Next.js",
    "x-cache": "a cache on the way",
    "x-cache-status": "a cache on the way",
    "x-proxy-cache": "a cache on the way",
    "cdn-cache": "a CDN",
    "x-drupal-cache": "Drupal's page cache",
    "x-varnish-cache": "Varnish",
    "x-litespeed-cache": "LiteSpeed",
    "x-iinfo-cache": "a cache on the way",
}
_STATES = {
    "hit": ("answered from its store", "hit"),
    "tcp_hit": ("answered from its store", "hit"),
    "tcp_mem_hit": ("answered from its memory", "hit"),
    "miss": ("had no copy and fetched it from the origin", "miss"),
    "tcp_miss": ("had no copy and fetched it from the origin", "miss"),
    "expired": ("had a copy that was too old and fetched it from the origin", "miss"),
    "stale": ("answered from its store with a copy that is no longer fresh", "stale hit"),
    "updating": ("answered from its store with an old copy while it fetches a new one", "stale hit"),
    "revalidated": ("asked the origin, which confirmed its copy", "confirmed hit"),
    "tcp_refresh_hit": ("asked the origin, which confirmed its copy", "confirmed hit"),
    "refreshhit": ("asked the origin, which confirmed its copy", "confirmed hit"),
    "bypass": ("was told not to use its store", "passed through"),
    "pass": ("was told not to use its store", "passed through"),
    "dynamic": ("does not consider it cacheable by its own settings and fetched it from the origin", "passed through"),
    "none": ("does not consider it cacheable", "passed through"),
    "prerender": ("answered with a page built ahead of time", "hit"),
    "error": ("could not fetch it and sent an error of its own", "error"),
}


_TELLING = ("age", "cache-status", *_HIT_FIELDS)


def _state(value: str) -> tuple[str, str] | None:
    """What an ``X-Cache``-like value says, by its first known word."""
    word = value.partition(",")[0].strip().lower()
    for end in (" ", ";"):
        word = word.partition(end)[0]
    return _STATES.get(word.replace("-", "_")) or _STATES.get(word.replace("_", "").replace("-", ""))


@lru_cache(maxsize=1024)
def _sentence(field: str, said: str, shown_name: str, shown_value: str) -> str | None:
    """An ``X-Cache``-like field in words, ``None`` where its value says nothing known."""
    state = _state(said)
    if state is None:
        return None
    owner = "CloudFront" if "cloudfront" in said.lower() else _HIT_FIELDS[field]
    return f"{owner[0].upper()}{owner[1:]} {state[0]} (`{shown_name}: {shown_value}`)."


@lru_cache(maxsize=1024)
def _cache_status(value: str) -> tuple[tuple[str, str], ...]:
    """``Cache-Status`` (RFC 9211): each cache, the origin's nearest first, and what it did; ``()`` if invalid."""
    import http_sf  # pure Python and rarely needed

    try:
        members = http_sf.parse(value.encode(), tltype="list")
    except (ValueError, TypeError, http_sf.StructuredFieldError):
        return ()
    told: list[tuple[str, str]] = []
    for member in members if isinstance(members, list) else ():
        name, parameters = member if isinstance(member, tuple) else (member, {})
        if parameters.get("hit"):
            did = "hit"
        elif "fwd" in parameters:
            did = f"passed on ({parameters['fwd']!s})"
        else:
            did = "says neither hit nor passed on"
        if parameters.get("stored"):
            did += ", stored"
        ttl = parameters.get("ttl")
        if isinstance(ttl, int):
            did += f", fresh for {duration(ttl)} more" if ttl > 0 else ", stale"
        told.append((str(name), did))
    return tuple(told)


@lru_cache(maxsize=2048)
def _telling(shape: Shape) -> tuple[str, ...]:
    """The fields of a response by which caches on the way tell of themselves."""
    return tuple([name for name in _TELLING if name in shape.received])


@rule(
    "cache/hit-explained",
    Severity.INFO,
    "A shared cache on the way took part",
    on=response_field(*_TELLING),
    references=("https://www.rfc-editor.org/rfc/rfc9211", f"{RFC9111}#section-5.1"),
    what="""
    Reads what CDNs and proxies say about themselves (`Age`, `Cache-Status`, `X-Cache`, `CF-Cache-Status` and the like):
    whether one of them answered from its store, and how old that copy was.
    """,
    why="""
    It tells where the time went and whether a change on the server can be visible yet. `Age` counts against the
    lifetime: a response that is already 50 minutes old and fresh for an hour is reused by a browser for 10 minutes.
    """,
    fix="Where a miss is a surprise: look at what the cache keys on (`Vary`, cookies, query) and at its own settings.",
    shows="""
    GET https://shop.test/logo.png HTTP/2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Cache-Control: max-age=3600
    Age: 600
    X-Cache: HIT
    """,
    quiet="""
    GET https://shop.test/logo.png HTTP/2

    HTTP/2 200
    Cache-Control: max-age=3600
    """,
)
def hit_explained(x: Subject) -> Finding | None:
    """What caches on the way say of themselves, and how old the copy is."""
    index = x.res.first
    there = _telling(x.res.shape)
    sentences: list[str] = []
    for name in there:
        if name == "age":
            continue
        if name == "cache-status":
            sentences += [
                f"The cache `{x.masker.text(cache)[:60]}`: {did}."
                for cache, did in _cache_status(x.res.get("cache-status") or "")
            ]
        else:
            said = x.res.all(name)[-1]
            sentence = _sentence(name, said, x.res.named(name), x.masker.text(said)[:60])
            if sentence is not None:
                sentences.append(sentence)
    cached = " ".join(sentences)
    age = age_value(index["age"]) if "age" in index else None
    if age is not None and age > 0:
        sentences.append(f"`Age: {age}` says that the copy had been in shared caches for {duration(age)}.")
        verdict = x.verdicts.cache
        if verdict is not None and verdict.stored and verdict.lifetime and verdict.basis != "none":
            lifetime, old = verdict.lifetime, verdict.age or 0
            left = texts.left_of(lifetime, old)
            if old > age + max(60, age / 10):  # the older of the two counts (RFC 9111, section 4.2.3)
                sentences.append(f"By `Date` it was {duration(old)} old when it arrived.")
            if old >= lifetime:
                sentences.append(f"It was fresh for {duration(lifetime)} only, and no longer so when it arrived.")
            elif left == lifetime:
                sentences.append(f"Of its {duration(lifetime)} of freshness the browser has nearly all left.")
            else:
                sentences.append(f"Of its {duration(lifetime)} of freshness the browser has {duration(left)} left.")
    if not sentences:
        return None
    if age:
        title = f"From a shared cache: {duration(age)} old"
    elif "from its store" in cached or ": hit" in cached:
        title = "From a shared cache"
    else:
        title = "A shared cache on the way passed the request on"
    return Finding(" ".join(sentences), None, tuple([x.response_field(name) for name in there]), title)
