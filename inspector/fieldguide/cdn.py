"""Content delivery networks and caches: who answered, where, and whether from store."""

from __future__ import annotations

import re

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, known, reads, row
from inspector.fieldguide.say import identity, number, odd, quote, quoted, shape, sized
from inspector.fields.airports import city_of
from inspector.words import count, milliseconds, moment

_CLOUDFLARE = "https://developers.cloudflare.com/fundamentals/reference/http-headers/"
_CF_CACHE = "https://developers.cloudflare.com/cache/concepts/cache-responses/"
_FASTLY = "https://www.fastly.com/documentation/reference/http/http-headers/"
_CLOUDFRONT = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/"
_AKAMAI = "https://techdocs.akamai.com/edge-diagnostics/docs/pragma-headers"
_VERCEL = "https://vercel.com/docs/headers/response-headers"


def place_words(code: str) -> str:
    """An airport's code as the city it stands for."""
    city = city_of(code)
    return f"{city} ({quote(code.upper())})" if city else f"the place it calls {quote(code.upper())}"


@reads(
    row(
        "CF-Ray",
        BOTH,
        "Cloudflare's label for this request, and which of its data centres handled it.",
        f"{_CLOUDFLARE}#cf-ray",
        "230b030023ae2822-FRA",
    )
)
def cf_ray(value: str) -> str:
    """An id and an airport's code."""
    ray, dash, code = value.strip().partition("-")
    if not ray:
        return "Empty."
    named = dash and code.isalpha() and len(code) == 3
    return f"Handled in {place_words(code)}." if named else "It names no data centre."


@reads(row("CF-Cache-Status", RESPONSE, "What Cloudflare's cache did.", f"{_CF_CACHE}", "HIT"))
def cf_cache_status(value: str) -> str:
    """One of Cloudflare's words."""
    words = {
        "HIT": "Answered from its store.",
        "MISS": "It had nothing, and asked the server; it may keep the answer.",
        "EXPIRED": "It had a copy that was too old, and fetched anew.",
        "STALE": "It served an old copy, since the server could not be reached.",
        "BYPASS": "The server's answer (or a rule) forbids keeping it, so it asked the server.",
        "REVALIDATED": "Its old copy was still the current one, as the server confirmed.",
        "UPDATING": "It served an old copy while it fetches a new one.",
        "DYNAMIC": "Not a kind of content it keeps by itself, so it asked the server.",
        "NONE/UNKNOWN": "Cloudflare made the answer itself, or does not say.",
        "NONE": "Cloudflare made the answer itself, or does not say.",
    }
    return words.get(value.strip().upper()) or odd(value)


@reads(
    row(
        "CF-BGJ",
        RESPONSE,
        "How Cloudflare changed the content: it shrank scripts and styles, or made images smaller.",
        f"{_CLOUDFLARE}",
        "minify",
    ),
    row(
        "CF-Polished",
        RESPONSE,
        "How Cloudflare made the image smaller.",
        "https://developers.cloudflare.com/images/polish/cf-polished-statuses/",
        "origSize=2379",
    ),
)
def cf_changed(value: str) -> str:
    """What was done."""
    if value.strip().lower() == "minify":
        return "A script or style sheet was shrunk."
    match = re.search(r"origSize=([0-9]{1,15})", value)
    if match:
        return f"It had {sized(int(match[1]))} before."
    return odd(value)


_CF_NOTES = known(
    row(
        "CF-Mitigated",
        RESPONSE,
        "That Cloudflare itself answered with a challenge (a captcha, say) instead of the page.",
        "https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/",
        "challenge",
    ),
    row(
        "CF-H2-Pushed",
        RESPONSE,
        "What Cloudflare pushed over HTTP/2 along with this; browsers no longer take pushes.",
        "https://developers.cloudflare.com/speed/optimization/protocol/http2-server-push/",
        "</style.css>",
    ),
    row(
        "X-HTTP2-Push",
        RESPONSE,
        "That something was pushed over HTTP/2; browsers no longer take pushes.",
        "https://www.rfc-editor.org/rfc/rfc9113#section-8.4",
        "1",
    ),
)


@reads(
    row(
        "X-Amz-Cf-Pop",
        RESPONSE,
        "Which of Amazon CloudFront's places answered.",
        f"{_CLOUDFRONT}understanding-response-headers-policies.html",
        "FRA56-C1",
    )
)
def cf_pop(value: str) -> str:
    """An airport's code and a number."""
    match = re.match(r"([A-Z]{3})[0-9]", value.strip())
    return f"In {place_words(match[1])}." if match else odd(value)


@reads(
    row(
        "X-Timer",
        RESPONSE,
        "When Fastly got the request and how long it took.",
        f"{_FASTLY}X-Timer/",
        "S1451137933.569497,VS0,VE127",
    )
)
def timer(value: str) -> str:
    """Start, and milliseconds until answered."""
    match = re.match(r"S([0-9]{1,12})\.[0-9]{1,9},VS([0-9]{1,9})(?:,VE([0-9]{1,9}))?", value.strip())
    if match is None:
        return odd(value)
    spent = (
        f", {milliseconds(int(match[3]))} from then to the answer"
        if match[3] and match[3] != "0"
        else ", answered within a millisecond"
        if match[3]
        else ""
    )
    return f"Received on {moment(int(match[1]))}{spent}."


@reads(
    row(
        "X-Vercel-Id",
        RESPONSE,
        "Which of Vercel's regions handled the request, and its label for it.",
        f"{_VERCEL}#x-vercel-id",
        "fra1::iad1::xq5cd-1714561200000-0123456789ab",
    ),
)
def vercel_id(value: str) -> str:
    """Regions, then an id."""
    parts = value.split("::")
    places = [match[1] for part in parts[:-1] if (match := re.fullmatch(r"([a-z]{3})[0-9]{1,2}", part.strip()))]
    if not places:
        return f"It is {shape(value)}."
    said = [place_words(place) for place in places]
    return f"Received in {said[0]}{f', computed in {said[-1]}' if len(said) > 1 else ''}."


@reads(
    row(
        "X-Amz-Cf-Id",
        BOTH,
        "Amazon CloudFront's label for this request; its support asks for it.",
        f"{_CLOUDFRONT}RequestAndResponseBehaviorCustomOrigin.html",
        "2XlfAYjOQxYtSOXis4z4goY2aZacWMbDrEnnunh0gB9Do9TxAQ-eoQ==",
    ),
    row(
        "X-Fastly-Request-ID",
        RESPONSE,
        "Fastly's label for this request.",
        f"{_FASTLY}",
        "59ef76ea13f629e14dec9012430d45acde930f30",
    ),
    row(
        "Fastly-Debug-Digest",
        RESPONSE,
        "The name (a digest) under which Fastly files this response, shown on request.",
        f"{_FASTLY}Fastly-Debug/",
        "9325fe7cc90f2a469e88fa2ef20422437867d4cb3c0b0829074df61fdd49acfc",
    ),
    row(
        "X-Azure-Ref",
        BOTH,
        "Azure Front Door's label for this request; its support asks for it.",
        "https://learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol",
        "0zxV+XAAAAABKMMOjBv2NT4TY6SQVjC0zV1NURURHRTA2MTkANDM3YzgyY2QtMzYwYS00YTU0LTk0YzMtNWZmNzA3NjQ3Nzgz",
    ),
    row(
        "X-MSEdge-Ref",
        RESPONSE,
        "The label for this request of Microsoft's own network.",
        "https://learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol",
        "Ref A: 07E2127777CC4618A35FD8E6F0583120 Ref B: SOF01EDGE0110 Ref C: 2018-11-15T12:00:00Z",
    ),
    row(
        "X-Nf-Request-Id",
        RESPONSE,
        "Netlify's label for this request; its support asks for it.",
        "https://docs.netlify.com/manage/monitoring/x-nf-request-id/",
        "01HX2Y3Z4A5B6C7D8E9F0G1H2J",
    ),
    row("X-Akamai-Request-ID", RESPONSE, "Akamai's label for this request.", _AKAMAI, "5f2d1c3"),
    row(
        "Akamai-GRN",
        RESPONSE,
        "Akamai's label for this request, to be looked up in its tools.",
        "https://techdocs.akamai.com/edge-diagnostics/docs/global-request-number",
        "0.44952317.1714561200.5f2d1c3",
    ),
    row(
        "X-Iinfo",
        RESPONSE,
        "Imperva's notes on this request, for its support.",
        "https://docs.imperva.com/",
        "8-1234567-0 0NNN RT(1714561200000 0) q(0 -1 -1 1) r(0 -1) B12",
    ),
    row(
        "X-Sucuri-ID",
        RESPONSE,
        "Which of Sucuri's servers answered.",
        "https://docs.sucuri.net/website-firewall/",
        "15012",
    ),
    row(
        "EagleId",
        RESPONSE,
        "Alibaba Cloud's label for this request.",
        "https://www.alibabacloud.com/help/en/cdn/",
        "2ff6359d17145612000001234e",
    ),
    row(
        "X-Instart-Request-ID",
        RESPONSE,
        "Instart's label for this request; Akamai bought this CDN in 2020.",
        "https://www.akamai.com/",
        "13714301321752363417:FGB02-NPPRY03:1542283818:0",
    ),
    row(
        "CF-Request-ID",
        RESPONSE,
        "Cloudflare's label for this request, until 2021; `CF-Ray` is the one in use.",
        f"{_CLOUDFLARE}",
        "02ab3c4d5e0000c2d01b2a3000000001",
    ),
)
def label(value: str) -> str:
    """An id."""
    return identity(value)


WORDS = known(
    row(
        "X-Akamai-Transformed",
        RESPONSE,
        "That Akamai changed the content on the way (compressed it, say).",
        _AKAMAI,
        "9 68108 0 pmb=mTOE,4",
    ),
    row("X-Check-Cacheable", RESPONSE, "Whether Akamai may keep this, shown on request.", _AKAMAI, "YES"),
    row(
        "X-Cacheable",
        RESPONSE,
        "Whether the cache in front may keep this, and why (or why not); Varnish's, by convention.",
        "https://varnish-cache.org/docs/trunk/users-guide/vcl-built-in-subs.html",
        "YES",
    ),
    row(
        "X-CDN",
        RESPONSE,
        "Which content delivery network answered; a convention.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-7.6.3",
        "Imperva",
    ),
    row(
        "X-Edge-Location",
        RESPONSE,
        "At which of its places the content delivery network answered (CDN77, and others by convention).",
        "https://www.rfc-editor.org/rfc/rfc9110#section-7.6.3",
        "pragueCZ",
    ),
    row(
        "X-Edge-IP",
        RESPONSE,
        "The address of the network's server that answered (CDN77, and others by convention).",
        "https://www.rfc-editor.org/rfc/rfc9110#section-7.6.3",
        "185.152.65.49",
    ),
    row(
        "X-Backend",
        RESPONSE,
        "Which server behind the proxy made this; a convention.",
        "https://varnish-cache.org/docs/trunk/users-guide/vcl-backends.html",
        "default",
    ),
    row(
        "X-Backend-Server",
        RESPONSE,
        "Which server behind the proxy made this; a convention.",
        "https://httpd.apache.org/docs/current/mod/mod_headers.html#header",
        "web12",
    ),
    row(
        "CDN-PullZone",
        RESPONSE,
        "Which customer's zone of bunny.net this is.",
        "https://docs.bunny.net/docs/cdn-cache-response-headers",
        "12345",
    ),
    row(
        "CDN-RequestCountryCode",
        RESPONSE,
        "The country bunny.net places the client's address in.",
        "https://docs.bunny.net/docs/cdn-cache-response-headers",
        "AT",
    ),
    row(
        "X-Varnish-Cache",
        RESPONSE,
        "Whether a Varnish cache answered; a convention.",
        "https://varnish-cache.org/docs/trunk/users-guide/troubleshooting.html",
        "HIT",
    ),
)


@reads(
    row(
        "X-HW",
        RESPONSE,
        "The path through StackPath's network (formerly Highwinds), each server with its time.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-7.6.3",
        "1440877502.dop010.dc1.t,1440877501.cds003.dc1.shn",
    ),
)
def highwinds(value: str) -> str:
    """Time, server, place and kind, joined by dots."""
    hops = [part.split(".") for part in value.split(",") if part.strip()]
    servers = [hop[1] for hop in hops if len(hop) > 2]
    return f"By way of {quoted(servers, 5)}." if servers else odd(value)


DEBUG = known(
    row("Fastly-Debug", REQUEST, "Asks Fastly to show how it handled the request.", f"{_FASTLY}Fastly-Debug/", "1")
)


@reads(
    row(
        "X-Fastly-Backend-Reqs",
        RESPONSE,
        "How many requests Fastly made to the server for this one.",
        f"{_FASTLY}",
        "1",
    )
)
def backend_requests(value: str) -> str:
    """A number."""
    many = number(value)
    return f"{count(many, 'request')}." if many is not None else odd(value)
