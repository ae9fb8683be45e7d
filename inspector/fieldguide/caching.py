"""Caching: how long a response may be kept, by whom, and how old it is (RFC 9111 and its relatives)."""

from __future__ import annotations

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, RFC, Around, known, reads, row
from inspector.fieldguide.say import date, misfit, quote, quoted, relative, seconds, sentences, unparsed
from inspector.fields.cache_control import Directive, parse_cache_control
from inspector.fields.structured import bare, items, parse_structured
from inspector.fields.tokens import split_list
from inspector.words import duration, listed, moment

_RESPONSE = {
    "no-store": "no cache may keep it",
    "no-cache": "a stored copy has to be checked with the server before each reuse",
    "private": "only the browser's own cache may keep it, no shared one",
    "public": "any cache may keep it, also where the request was authorised",
    "must-revalidate": "once stale it must not be used without asking the server",
    "proxy-revalidate": "once stale, shared caches must not use it without asking the server",
    "no-transform": "nobody on the way may change the content (recompress images, say)",
    "immutable": "it will not change while fresh, so that even a reload need not ask",
    "must-understand": "a cache keeps it only where it knows what the status code means",
}
_REQUEST = {
    "no-cache": "a stored copy has to be checked with the server first",
    "no-store": "no cache may keep this request or its response",
    "no-transform": "nobody on the way may change the content",
    "only-if-cached": "only a stored copy will do; without one, a cache answers 504",
}
_TIMED_RESPONSE = {
    "max-age": "fresh for {}",
    "s-maxage": "in shared caches, fresh for {}",
    "stale-while-revalidate": "for {} more it may be served stale while a new one is fetched",
    "stale-if-error": "for {} more it may be served stale where the server fails",
}
_TIMED_REQUEST = {
    "max-age": "no stored copy older than {} will do",
    "max-stale": "a copy stale for up to {} will do",
    "min-fresh": "it has to stay fresh for {} more",
    "stale-if-error": "a copy stale for up to {} will do where the server fails",
}
_FORBIDS_STORING_ZERO = {"max-age": "stale at once", "s-maxage": "in shared caches, stale at once"}


def _directive(directive: Directive, request: bool) -> str:
    name = directive.name
    timed = (_TIMED_REQUEST if request else _TIMED_RESPONSE).get(name)
    if timed is not None:
        if request and name == "max-stale" and directive.argument is None:
            return "any stale copy will do"
        length = directive.seconds
        if length is None:
            return f"{quote(directive.text, 40)} has no number of seconds that can be read"
        if length == 0 and not request and name in _FORBIDS_STORING_ZERO:
            return _FORBIDS_STORING_ZERO[name]
        if length == 0 and request and name == "max-age":
            return "a stored copy has to be checked with the server first"
        return timed.format(duration(length))
    plain = (_REQUEST if request else _RESPONSE).get(name)
    if plain is None:
        return f"{quote(directive.text, 40)} is no standard directive, and caches that do not know it pass over it"
    if directive.argument and name in ("no-cache", "private"):
        what = (
            "are left out of a stored copy until it is checked"
            if name == "no-cache"
            else "are not kept by shared caches"
        )
        return f"the fields {quote(directive.argument, 60)} {what}"
    return plain


@reads(
    row(
        "Cache-Control",
        BOTH,
        "Who may keep the response and for how long it may be reused; in a request, what the client will take.",
        f"{RFC}9111#section-5.2",
        "public, max-age=31536000, immutable",
    )
)
def cache_control(value: str, around: Around) -> str:
    """Directives, each in words."""
    return _cache_control(value, around.message == "request")


def _cache_control(value: str, request: bool) -> str:
    directives = parse_cache_control(value).directives
    if not directives:
        return "An empty value, which says nothing."
    said = list(dict.fromkeys(_directive(directive, request) for directive in directives))
    names = {directive.name for directive in directives}
    if not request and "no-store" in names and len(names) > 1:
        return sentences("No cache may keep it (`no-store`); the other directives then hardly matter")
    return sentences("; ".join(said[:8]) + (f"; and {len(said) - 8} more" if len(said) > 8 else ""))


@reads(
    row(
        "CDN-Cache-Control",
        RESPONSE,
        "Cache directives for content delivery networks alone, which take it before `Cache-Control`.",
        f"{RFC}9213#section-3.1",
        "max-age=600",
    ),
    row(
        "Cloudflare-CDN-Cache-Control",
        RESPONSE,
        "Cache directives for Cloudflare alone.",
        "https://developers.cloudflare.com/cache/concepts/cdn-cache-control/",
        "max-age=600",
    ),
    row(
        "Vercel-CDN-Cache-Control",
        RESPONSE,
        "Cache directives for Vercel's network alone.",
        "https://vercel.com/docs/headers/cache-control-headers",
        "max-age=600",
    ),
    row(
        "Netlify-CDN-Cache-Control",
        RESPONSE,
        "Cache directives for Netlify's network alone.",
        "https://docs.netlify.com/platform/caching/",
        "public, max-age=600",
    ),
    row(
        "Surrogate-Control",
        RESPONSE,
        "Cache directives for a surrogate (a cache that acts for the server); it should take them out again.",
        "https://www.w3.org/TR/edge-arch/",
        "max-age=3600",
    ),
)
def targeted_cache_control(value: str) -> str:
    """Cache directives for one kind of cache."""
    if value.startswith("content="):
        return f"The surrogate has to process the content: {quote(value, 60)}."
    return _cache_control(value, False)


@reads(
    row(
        "Pragma",
        BOTH,
        "What HTTP/1.0 had before `Cache-Control`.",
        f"{RFC}9111#section-5.4",
        "no-cache",
    )
)
def pragma(value: str, around: Around) -> str:
    """``no-cache``, mostly."""
    if "no-cache" not in [member.lower() for member in split_list(value)]:
        return f"{quote(value, 40)} has no meaning in any standard, and caches pass over it."
    if around.message == "response":
        return "In a response `no-cache` was never defined; caches heed `Cache-Control`, and this only by habit."
    beside = " (`Cache-Control` beside it says the same to everybody else)" if "cache-control" in around.fields else ""
    return f"A stored copy has to be checked with the server first; for caches of the nineties{beside}."


@reads(
    row(
        "Expires",
        RESPONSE,
        "Until when the response is fresh; `max-age` overrides it.",
        f"{RFC}9111#section-5.3",
        "Thu, 01 Dec 2022 16:00:00 GMT",
    )
)
def expires(value: str, around: Around) -> str:
    """A moment, relative to the response."""
    when = date(value)
    overridden = "max-age" in (around.fields.get("cache-control") or "").lower()
    note = "`max-age` in `Cache-Control` overrides it" if overridden else ""
    if when is None:
        return sentences(f"{quote(value, 40)} is no date, which counts as already expired", note)
    if around.sent is None:
        return sentences(f"Fresh until {moment(when)}", note)
    if when <= around.sent:
        long_ago = around.sent - when > 86_400 * 365
        said = "long expired when it was sent" if long_ago else f"expired {relative(when, around)}"
        return sentences(f"{said}: stale at once", note)
    return sentences(f"expires {relative(when, around)}", note)


@reads(
    row(
        "Age",
        RESPONSE,
        "How long ago a cache got this response from the server, or last checked it.",
        f"{RFC}9111#section-5.1",
        "3600",
    )
)
def age(value: str, around: Around) -> str:
    """Seconds in caches."""
    old = seconds(value)
    if old is None:
        return misfit("a whole number of seconds")
    if old == 0:
        return "Fetched from the server, or checked with it, within the second. That the field is here shows a cache."
    said = f"It has been in caches for {duration(old)}"
    lifetime = parse_cache_control(around.fields.get("cache-control") or "")
    span = lifetime.seconds("s-maxage") or lifetime.seconds("max-age")
    if span and old <= span:
        return sentences(f"{said}, of the {duration(span)} it stays fresh")
    if span:
        return sentences(f"{said}, longer than the {duration(span)} for which it is fresh")
    return sentences(said)


@reads(
    row(
        "Date",
        BOTH,
        "When the message was made, by its sender's clock.",
        f"{RFC}9110#section-6.6.1",
        "Tue, 15 Nov 1994 08:12:31 GMT",
    )
)
def made(value: str, around: Around) -> str:
    """A moment, compared with the recording's clock."""
    when = date(value)
    if when is None:
        return misfit("a date", "so a cache takes the moment it arrived")
    if around.started is None:
        return f"Made {moment(when)}."
    apart = when - around.started
    if abs(apart) < 60:
        return f"Made {moment(when)}, which agrees with the clock of the recording."
    cause = (
        " It comes from a cache, as `Age` shows."
        if apart < 0 and "age" in around.fields
        else " Either it comes from a cache or the clocks differ."
        if apart < 0
        else " The clocks differ, or the recording's start is not the request's."
    )
    side = "after" if apart > 0 else "before"
    return f"Made {moment(when)}, {duration(abs(apart))} {side} the request was recorded.{cause}"


@reads(
    row(
        "Last-Modified",
        RESPONSE,
        "When the resource was last changed, as far as the server knows; a later request can ask whether it has since.",
        f"{RFC}9110#section-8.8.2",
        "Mon, 07 Nov 1994 08:12:31 GMT",
    )
)
def last_modified(value: str, around: Around) -> str:
    """A moment, relative to the response."""
    when = date(value)
    if when is None:
        return misfit("a date")
    if around.sent is not None and abs(when - around.sent) < 2:
        return "Changed the very moment this response was sent: made on the fly, most likely."
    return sentences(f"changed {relative(when, around)}")


@reads(
    row(
        "Warning",
        BOTH,
        "A cache's remark on a response; taken out of HTTP in 2022, since hardly anybody read it.",
        f"{RFC}9111#section-5.5",
        '110 - "Response is Stale"',
    )
)
def warning(value: str) -> str:
    """Warn codes."""
    codes = {
        "110": "the response is stale",
        "111": "the check with the server failed, so a stale copy is served",
        "112": "the cache is cut off from the network",
        "113": "a heuristic lifetime of more than a day was assumed",
        "199": "a remark of any kind",
        "214": "a proxy changed the content",
        "299": "a lasting remark of any kind",
    }
    said = codes.get(value[:3])
    return sentences(f"Code {value[:3]}: {said}") if said else misfit("a registered warn code")


@reads(
    row(
        "Surrogate-Key",
        RESPONSE,
        "Labels under which a CDN files this response, so that all that carry one can be purged together.",
        "https://www.fastly.com/documentation/guides/full-site-delivery/purging/working-with-surrogate-keys/",
        "article-12 front-page",
    ),
    row(
        "Cache-Tag",
        RESPONSE,
        "Labels under which a CDN files this response, so that all that carry one can be purged together.",
        "https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-tags/",
        "article-12,front-page",
    ),
    row(
        "Edge-Cache-Tag",
        RESPONSE,
        "Labels under which Akamai files this response, so that all that carry one can be purged together.",
        "https://techdocs.akamai.com/property-mgr/docs/edge-cache-tag",
        "article-12,front-page",
    ),
)
def cache_keys(value: str) -> str:
    """Labels separated by spaces or commas."""
    labels = value.replace(",", " ").split()
    return f"Labels: {quoted(labels)}." if labels else "No label."


@reads(
    row(
        "No-Vary-Search",
        RESPONSE,
        "Which parameters of the URL's query do not matter, so that a stored response serves URLs that differ in them.",
        "https://datatracker.ietf.org/doc/draft-ietf-httpbis-no-vary-search/",
        'key-order, params=("utm_source" "utm_campaign")',
    )
)
def no_vary_search(value: str) -> str:
    """A structured dictionary."""
    parsed = parse_structured(value, "dictionary")
    if parsed.failed:
        return unparsed(parsed, "dictionary", "so every parameter matters")
    said = []
    members = parsed.value
    if bare(members.get("key-order"))[0] is True:
        said.append("the order of parameters does not matter")
    params = members.get("params")
    if params is not None:
        inner, _ = bare(params)
        if inner is True:
            kept = [str(item) for item in items(members["except"])] if "except" in members else []
            said.append(f"no parameter matters{f' but {quoted(kept)}' if kept else ''}")
        elif isinstance(inner, list):
            said.append(f"the parameters {quoted(str(item) for item in items(params))} do not matter")
    return sentences(*said) if said else "Every parameter matters, as without the field."


@reads(
    row(
        "Clear-Site-Data",
        RESPONSE,
        "What the browser has to delete of all it keeps for this origin.",
        "https://w3c.github.io/webappsec-clear-site-data/#header",
        '"cache", "cookies", "storage"',
    )
)
def clear_site_data(value: str) -> str:
    """A list of quoted types."""
    kinds = {
        '"cache"': "its HTTP cache",
        '"cookies"': "its cookies, and those of the whole site",
        '"storage"': "its storage (localStorage, IndexedDB, service workers)",
        '"executioncontexts"': "the state of its open pages, by reloading them",
        '"clienthints"': "the client hints it was promised",
        '"prefetchcache"': "its prefetched pages",
        '"prerendercache"': "its prerendered pages",
        '"*"': "everything",
    }
    members = split_list(value)
    said = [kinds[member.lower()] for member in members if member.lower() in kinds]
    wrong = [member for member in members if member.lower() not in kinds]
    return sentences(
        f"The browser deletes {listed(said)}" if said else "The browser deletes nothing",
        f"{quoted(wrong, 3)} is none of the known types, which are written in double quotes" if wrong else "",
    )


@reads(
    row(
        "X-Accel-Expires",
        RESPONSE,
        "How long an nginx in front may keep the response; it takes the field out before it sends the response on.",
        "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_valid",
        "3600",
    )
)
def accel_expires(value: str) -> str:
    """Seconds, or ``@`` and a moment."""
    if value.startswith("@") and (when := seconds(value[1:])) is not None:
        return f"Until {moment(when)}."
    span = seconds(value)
    if span is None:
        return misfit("a number of seconds")
    return "Not at all." if span == 0 else f"For {duration(span)}."


CAPABILITY = known(
    row(
        "Surrogate-Capability",
        REQUEST,
        "What a surrogate in front of the server can do, such as putting pages together (ESI).",
        "https://www.w3.org/TR/edge-arch/",
        'key="ESI/1.0"',
    ),
)
