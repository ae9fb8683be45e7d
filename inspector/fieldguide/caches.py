"""Private words of caches: did one answer, how often, from where."""

from __future__ import annotations

import re

from inspector.fieldguide.base import RESPONSE, reads, row
from inspector.fieldguide.cdn import place_words
from inspector.fieldguide.say import misfit, number, odd, quote, seconds, sentence
from inspector.fields.tokens import split_list
from inspector.words import count, duration

_FASTLY = "https://www.fastly.com/documentation/reference/http/http-headers/"
_VERCEL = "https://vercel.com/docs/headers/response-headers"
_AKAMAI = "https://techdocs.akamai.com/edge-diagnostics/docs/pragma-headers"

_HITS = {
    "hit": "answered from store",
    "miss": "had nothing, and asked further on",
    "pass": "passed it on without looking",
    "error": "made an error page itself",
    "hit-stale": "answered from store with an old copy",
    "hit-cluster": "answered from a neighbour's store",
    "miss-cluster": "had nothing, nor had its neighbours",
    "expired": "had a copy that was too old, and asked further on",
    "stale": "answered with an old copy",
    "bypass": "was told to stay out",
    "updating": "answered with an old copy while fetching a new one",
    "revalidated": "found that its old copy is still the current one",
    "synth": "made the answer itself",
    "prerender": "answered with a page built beforehand",
    "none": "played no part",
    "cached": "answered from store",
    "tcp_hit": "answered from store",
    "tcp_miss": "had nothing, and asked further on",
    "tcp_mem_hit": "answered from memory",
    "tcp_refresh_hit": "found that its old copy is still the current one",
    "tcp_refresh_miss": "found that its old copy has changed",
    "tcp_expired_miss": "had a copy that was too old, and asked further on",
    "tcp_negative_hit": "answered with an error it had kept",
    "tcp_imshit": "answered a conditional request from store",
    "tcp_refresh_fail_hit": "answered with an old copy, since the server could not be reached",
    "tcp_denied": "refused the request",
    "tcp_cookie_deny": "refused the request for lack of a cookie",
    "config_nocache": "is set not to keep this",
    "private_nostore": "must not keep this",
    "origin": "asked the server",
}


@reads(
    row(
        "X-Cache",
        RESPONSE,
        "Whether a cache answered: the word of Fastly, CloudFront, Varnish, Squid, Akamai and others.",
        f"{_FASTLY}X-Cache/",
        "HIT, MISS",
    ),
    row(
        "X-Cache-Status",
        RESPONSE,
        "Whether a cache answered (nginx's, often).",
        "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_cache_status",
        "HIT",
    ),
    row(
        "X-Proxy-Cache",
        RESPONSE,
        "Whether a cache answered (nginx's, often).",
        "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_cache_status",
        "HIT",
    ),
    row("X-Cache-Action", RESPONSE, "Whether a cache answered; a convention.", f"{_FASTLY}X-Cache/", "HIT"),
    row(
        "X-Fastly-Cache-Status",
        RESPONSE,
        "What Fastly's cache did, as a site has chosen to show it.",
        "https://www.fastly.com/documentation/reference/vcl/variables/miscellaneous/fastly-info-state/",
        "HIT-STALE",
    ),
    row(
        "X-FastCGI-Cache",
        RESPONSE,
        "Whether nginx answered from its store of FastCGI responses.",
        "https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_cache",
        "HIT",
    ),
    row(
        "X-Nginx-Cache",
        RESPONSE,
        "Whether nginx answered from its store.",
        "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_cache_status",
        "HIT",
    ),
    row(
        "X-Drupal-Cache",
        RESPONSE,
        "Whether Drupal answered from its store of whole pages.",
        "https://www.drupal.org/docs/administering-a-drupal-site/internal-page-cache",
        "HIT",
    ),
    row(
        "X-Drupal-Dynamic-Cache",
        RESPONSE,
        "Whether Drupal put the page together from stored parts.",
        "https://www.drupal.org/docs/8/core/modules/dynamic-page-cache/overview",
        "MISS",
    ),
    row(
        "X-LiteSpeed-Cache",
        RESPONSE,
        "Whether LiteSpeed answered from its store.",
        "https://docs.litespeedtech.com/lscache/",
        "hit",
    ),
    row(
        "X-Sucuri-Cache",
        RESPONSE,
        "Whether Sucuri's firewall answered from its store.",
        "https://docs.sucuri.net/website-firewall/performance/caching-options/",
        "HIT",
    ),
    row("X-Vercel-Cache", RESPONSE, "Whether Vercel answered from its store.", f"{_VERCEL}#x-vercel-cache", "HIT"),
    row(
        "X-Nextjs-Cache",
        RESPONSE,
        "Whether Next.js answered with a page built before.",
        "https://nextjs.org/docs/app/guides/incremental-static-regeneration",
        "HIT",
    ),
    row(
        "CDN-Cache",
        RESPONSE,
        "Whether bunny.net answered from its store.",
        "https://docs.bunny.net/docs/cdn-cache-response-headers",
        "HIT",
    ),
    row(
        "X-Cache-Remote",
        RESPONSE,
        "Whether another Akamai server, asked by the first, answered from store.",
        _AKAMAI,
        "TCP_MISS from a23-1-2-3.deploy.akamaitechnologies.com",
    ),
    row(
        "X-Cache-Lookup",
        RESPONSE,
        "Whether a Squid cache had a copy, before asking whether it may be used.",
        "https://wiki.squid-cache.org/SquidFaq/SquidLogs",
        "HIT from proxy.test:3128",
    ),
    row(
        "X-Rack-Cache",
        RESPONSE,
        "What Rack::Cache, a cache within Ruby applications, did.",
        "https://rtomayko.github.io/rack-cache/",
        "miss",
    ),
)
def x_cache(value: str) -> str:
    """Words of caches, one a layer."""
    said: list[str] = []
    for part in split_list(value)[:6]:
        text = part.lower()
        word, _, rest = text.partition(" from ")
        word = word.removesuffix(" cloudfront").strip()
        by = (
            f"the cache {quote(rest.partition(' ')[0], 60)}"
            if rest and rest != "cloudfront"
            else "CloudFront"
            if rest
            else ""
        )
        meaning = (
            _HITS.get(word)
            or _HITS.get(word.replace("refreshhit", "tcp_refresh_hit"))
            or _HITS.get(word.partition("-")[0])
        )
        if meaning is None and word.startswith("lambdagenerated"):
            meaning = "made the answer with a function at the edge"
        if meaning is None and word.startswith("redirect"):
            meaning = "redirected by itself"
        by = by or ("one" if said else "a cache")
        said.append(f"{by} {meaning}" if meaning else f"{by} says {quote(word or part, 40)}")
    if not said:
        return "Empty."
    if len(said) > 1:
        return sentence(f"from the one nearest to the server on: {'; then '.join(said)}")
    return sentence(said[0])


@reads(
    row(
        "X-Cache-Hits",
        RESPONSE,
        "How often each cache had served its copy by then (Fastly's, Varnish's).",
        f"{_FASTLY}X-Cache-Hits/",
        "1, 5",
    )
)
def cache_hits(value: str) -> str:
    """Numbers, one a layer."""
    counts = [number(part) for part in split_list(value)]
    if not counts or None in counts:
        return odd(value)
    said = [count(n, "time") if n else "not at all" for n in counts if n is not None]
    return sentence(f"{', then '.join(said)}{', from the one nearest to the server on' if len(said) > 1 else ''}")


@reads(
    row(
        "X-Served-By",
        RESPONSE,
        "Which servers answered; with Fastly, the caches on the way.",
        f"{_FASTLY}X-Served-By/",
        "cache-iad-kiad7000025-IAD, cache-fra1235-FRA",
    )
)
def served_by(value: str) -> str:
    """Fastly's cache names end in an airport's code."""
    names = split_list(value)
    places = [match[1] if (match := re.fullmatch(r"cache-[a-z0-9-]+-([A-Z]{3,4})", name)) else None for name in names]
    if names and all(places):
        said = [place_words(place) for place in places if place]
        if len(said) == 1:
            return f"A Fastly cache in {said[0]}."
        return f"Fastly caches, from the one nearest to the server on: in {', then '.join(said[:4])}."
    return ""


@reads(
    row(
        "X-Varnish",
        RESPONSE,
        "Varnish's number for this request; a second one is the request that had filled the store.",
        "https://varnish-cache.org/docs/trunk/users-guide/troubleshooting.html",
        "2072003290 2071932251",
    )
)
def varnish(value: str) -> str:
    """One number or two."""
    numbers = value.split()
    if len(numbers) >= 2:
        return "Two numbers: answered from store, where an earlier request had put it."
    return "One number: it was fetched from further on."


@reads(
    row(
        "X-Cache-Age",
        RESPONSE,
        "How long the cache had kept it, in seconds; a convention beside `Age`.",
        "https://www.rfc-editor.org/rfc/rfc9111#section-5.1",
        "45469",
    ),
    row(
        "X-Age",
        RESPONSE,
        "How long a cache had kept it, in seconds; a convention beside `Age`.",
        "https://www.rfc-editor.org/rfc/rfc9111#section-5.1",
        "120",
    ),
)
def private_age(value: str) -> str:
    """Seconds."""
    old = seconds(value)
    return f"{duration(old)}, if the value counts seconds." if old is not None else odd(value)


@reads(
    row(
        "X-Restarts",
        RESPONSE,
        "How often Varnish or Fastly began anew with this request.",
        "https://varnish-cache.org/docs/trunk/reference/vcl-var.html#req-restarts",
        "0",
    )
)
def restarts(value: str) -> str:
    """A number."""
    times = number(value)
    return misfit("a whole number") if times is None else "Not at all." if times == 0 else f"{count(times, 'time')}."
