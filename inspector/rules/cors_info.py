"""CORS, explained: what kind of request this is, what its answer permits, what stays hidden, how long it counts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from inspector.browser.cors_preflight import CHROMIUM_MAX_AGE, DEFAULT_MAX_AGE, FIREFOX_MAX_AGE, parse_max_age
from inspector.browser.cors_request import credentials
from inspector.fields.tokens import lower_list
from inspector.report import Severity
from inspector.rules.base import Finding, Found, cors, response_field, rule
from inspector.rules.cors_words import asker, condition_of
from inspector.rules.servers import set_cors, technology
from inspector.words import duration

if TYPE_CHECKING:
    from inspector.subject import Subject

SAFELISTED_RESPONSE_FIELDS = frozenset(
    {
        "cache-control",
        "content-language",
        "content-length",
        "content-type",
        "expires",
        "last-modified",
        "pragma",
    }
)
"""What a page may read of a cross-origin response unasked (Fetch, "CORS-safelisted response-header name")."""

# Fields that scripts look for. Anything else that is hidden is not worth a word.
_WANTED = frozenset(
    {
        "link",
        "location",
        "etag",
        "content-disposition",
        "content-range",
        "accept-ranges",
        "retry-after",
        "www-authenticate",
        "ratelimit",
        "ratelimit-policy",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "server-timing",
    }
)
_PLUMBING = frozenset(
    {
        "x-powered-by",
        "x-xss-protection",
        "x-content-type-options",
        "x-frame-options",
        "x-cache",
        "x-cache-hits",
        "x-served-by",
        "x-timer",
        "x-robots-tag",
        "x-dns-prefetch-control",
        "x-ua-compatible",
        "x-permitted-cross-domain-policies",
        "x-download-options",
        "x-envoy-upstream-service-time",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "x-runtime",
        "x-varnish",
        "x-firefox-spdy",
        "x-backend",
        "x-host",
    }
)
_PLUMBING_BEGINNINGS = (
    "x-amz-",
    "x-goog-",
    "x-fb-",
    "x-fastly-",
    "x-cdn",
    "x-akamai-",
    "x-azure-",
    "x-ms-",
    "x-guploader-",
)


@rule(
    "cors/request",
    Severity.INFO,
    "Readable across origins",
    on=cors("allowed", "depends"),
    references=("https://fetch.spec.whatwg.org/#http-cors-protocol", "https://fetch.spec.whatwg.org/#cors-check"),
    what="A page of one origin asked another, and the answer permits it to read the response.",
    why="Without that permission a browser would keep the response from the page.",
    fix="Nothing is wrong here.",
    shows="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Credentials: true
    """,
    quiet="""
    POST https://shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Sec-Fetch-Site: same-origin

    HTTP/2 200
    """,
)
def cors_request(x: Subject) -> Found:
    """What this answer permits, and on which condition."""
    verdict = x.verdicts.cors
    allowed = x.res.get("access-control-allow-origin")
    if verdict is None or verdict.is_preflight or allowed is None or not x.status:
        return None
    if verdict.outcome == "depends" and verdict.code not in ("WildcardOriginNotAllowed", "InvalidAllowCredentials"):
        return None
    origin = asker(x)
    if verdict.outcome == "allowed" and allowed != "*" and x.res.get("access-control-allow-credentials") == "true":
        permits = (
            f"`Access-Control-Allow-Origin` names it and `Access-Control-Allow-Credentials` is `true`: {_with(x)}."
        )
    elif allowed == "*":
        permits = "`Access-Control-Allow-Origin: *` permits every origin, as long as credentials are not included."
    else:
        permits = "`Access-Control-Allow-Origin` names it; credentials are not permitted."
    detail = f"{origin.phrase} asked `{x.url.origin}` and may read the response. {permits}"
    title = None
    if verdict.outcome == "depends":
        title = "Readable across origins, unless credentials were included"
        detail += (
            " Whether they were is not to be seen here: with `credentials: 'include'` it is blocked "
            f"(`{verdict.code}`)."
        )
    preflight = verdict.preflight
    if preflight is not None and preflight.needed:
        seen = f"exchange {preflight.exchange}" if preflight.exchange is not None else "not in this recording"
        detail += f" A preflight came first ({seen}), for {_listed(preflight.because)}."
    return Finding(
        detail,
        None,
        (x.request_field("origin"), x.response_field("access-control-allow-origin", allowed, "permitted")),
        title,
        certainty="depends" if verdict.outcome == "depends" else "certain",
        condition=condition_of(verdict),
    )


def _with(x: Subject) -> str:
    return "with cookies too" if credentials(x).include is not False else "it could even include credentials"


def _listed(because: tuple[str, ...]) -> str:
    return ", ".join(f"`{each}`" for each in because)


@rule(
    "cors/preflight",
    Severity.INFO,
    "Preflight: the browser asks before it sends the request",
    on=cors("allowed", "depends"),
    references=(
        "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
        "https://fetch.spec.whatwg.org/#cors-safelisted-request-header",
    ),
    what="An `OPTIONS` request that no page made: the browser asks whether it may send one a form could not send.",
    why="""Servers older than CORS expect only what links and forms can send. Anything beyond (`PUT`, `DELETE`, JSON,
        fields of one's own) is sent only after the server has agreed.""",
    fix="Nothing is wrong here. `Access-Control-Max-Age` saves repeating the question.",
    shows="""
    OPTIONS https://api.shop.test/items/7 HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: PUT
    Access-Control-Request-Headers: content-type

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Methods: PUT
    Access-Control-Allow-Headers: content-type
    """,
    quiet="""
    OPTIONS https://api.shop.test/items/7 HTTP/2

    HTTP/2 204
    Allow: GET, PUT
    """,
)
def preflight(x: Subject) -> Found:
    """For what the browser asked, why it had to, and how long the answer counts."""
    verdict = x.verdicts.cors
    if verdict is None or not verdict.is_preflight or verdict.preflight is None:
        return None
    if verdict.outcome == "depends" and verdict.code in _NAMED_ELSEWHERE:
        return None
    value = x.res.get("access-control-max-age")
    kept = parse_max_age(value)
    how_long = "is not remembered" if kept == 0 else f"counts for {duration(kept)} for this URL"
    detail = (
        f"{asker(x).phrase} wants to send `{x.req.get('access-control-request-method')}` to this URL. The browser "
        "asks first, "
        f"because of {_listed(verdict.preflight.because)}; the server agrees. In Chromium the answer {how_long}."
    )
    title = None
    if verdict.outcome == "depends":
        title = "Preflight: permitted, unless credentials are included"
        detail += f" If {verdict.condition}, the answer does not suffice (`{verdict.code}`)."
    evidence = [x.request_field("access-control-request-method", label="asked for")]
    if "access-control-request-headers" in x.req:
        evidence.append(x.request_field("access-control-request-headers", label="asked for"))
    return Finding(
        detail,
        None,
        tuple(evidence),
        title,
        certainty="depends" if verdict.outcome == "depends" else "certain",
        condition=condition_of(verdict),
    )


_NAMED_ELSEWHERE = ("MethodDisallowedByPreflightResponse", "HeaderDisallowedByPreflightResponse")


@rule(
    "cors/hidden-fields",
    Severity.INFO,
    "Response fields the page cannot read",
    on=cors("allowed", "depends"),
    references=(
        "https://fetch.spec.whatwg.org/#http-access-control-expose-headers",
        "https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name",
    ),
    what="The page may read this response, but not every field of it.",
    why="""Across origins a script sees seven fields (`Content-Type`, `Cache-Control`, `Last-Modified` and the like).
        All others are absent for it, unless `Access-Control-Expose-Headers` names them.""",
    fix="On the server: name what the page needs in `Access-Control-Expose-Headers`.",
    unless="Where no script looks for these fields, nothing is lost.",
    shows="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Sec-Fetch-Dest: empty

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    X-Total-Count: 311
    """,
    quiet="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Sec-Fetch-Dest: empty

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Expose-Headers: x-total-count
    X-Total-Count: 311
    """,
    once="origin",
)
def hidden_fields(x: Subject) -> Found:
    """Fields a script may look for and does not see."""
    verdict = x.verdicts.cors
    if verdict is None or verdict.is_preflight or verdict.code not in (None, *_CREDENTIAL_CODES):
        return None
    if x.destination != "empty" or not 200 <= x.status <= 499 or 300 <= x.status <= 399:
        return None
    names = [name for name in x.res.first if _looked_for(name)]
    if not names:
        return None
    exposed = x.res.get("access-control-expose-headers") or ""
    shown = lower_list(exposed)
    include = credentials(x).include
    if "*" in shown and include is not True:
        return None
    hidden = [name for name in names if name not in shown]
    if not hidden:
        return None
    listed = ", ".join(f"`{x.res.named(name)}`" for name in hidden[:6])
    more = f" and {len(hidden) - 6} more" if len(hidden) > 6 else ""
    detail = f"A script of {asker(x).phrase} can read this response, but for it {listed}{more} do not exist: "
    if "*" in shown:
        detail += "`Access-Control-Expose-Headers: *` stands for every field only where credentials are not included."
    else:
        detail += "`Access-Control-Expose-Headers` does not name them."
    if len(hidden) == 1:
        detail = detail.replace(" do not exist: ", " does not exist: ").replace(" name them.", " name it.")
    members = [each.strip() for each in exposed.split(",") if each.strip() and each.strip() != "*"]
    names = [*members, *(x.res.named(name) for name in hidden[:6])]
    fix = f"If a script needs them, on `{x.url.host}`: `Access-Control-Expose-Headers: {', '.join(names)}`."
    fix += set_cors(technology(x), "expose", names[-1], names)
    return Finding(detail, fix, tuple(x.response_field(name, label="hidden from the page") for name in hidden[:3]))


_CREDENTIAL_CODES = ("WildcardOriginNotAllowed", "InvalidAllowCredentials")


@lru_cache(maxsize=1024)
def _looked_for(name: str) -> bool:
    if name in _WANTED:
        return True
    return name.startswith("x-") and name not in _PLUMBING and not name.startswith(_PLUMBING_BEGINNINGS)


@rule(
    "cors/max-age",
    Severity.INFO,
    "`Access-Control-Max-Age` does not count as written",
    on=response_field("access-control-max-age"),
    references=(
        "https://fetch.spec.whatwg.org/#http-access-control-max-age",
        "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
    ),
    what="The preflight's answer says for how long it counts, and a browser takes another time.",
    why="""Without a number the answer counts for 5 seconds. Chromium remembers one for 7,200 seconds at most, Firefox
        for 86,400; 0 or less means that every request is preceded by a preflight.""",
    fix="Send `Access-Control-Max-Age: 7200` in the answer to `OPTIONS`, or the time you mean in seconds.",
    shows="""
    OPTIONS https://api.shop.test/items/7 HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: PUT

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Methods: PUT
    Access-Control-Max-Age: 1728000
    """,
    quiet="""
    OPTIONS https://api.shop.test/items/7 HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: PUT

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Methods: PUT
    Access-Control-Max-Age: 600
    """,
    once="origin",
)
def max_age(x: Subject) -> Found:
    """A time above the cap, none at all, or no number."""
    value = x.res.get("access-control-max-age")
    if value is None or not x.is_preflight:
        return None
    shown = x.shown("response", "access-control-max-age")
    kept = parse_max_age(value)
    fix = None
    number = value.lstrip("+-").isascii() and value.lstrip("+-").isdigit()
    if number and kept == 0:
        title = "Every such request is preceded by a preflight"
        detail = (
            f"`Access-Control-Max-Age` is `{shown}`, so the answer is not remembered and the browser asks "
            "again each time."
        )
        fix = "On the server: `Access-Control-Max-Age: 7200` saves a round trip for each of these requests."
    elif not number or (kept == DEFAULT_MAX_AGE and value.lstrip("+") != str(DEFAULT_MAX_AGE)):
        title = "`Access-Control-Max-Age` is no number of seconds"
        detail = (
            f"`{shown}` is not a whole number, so the default counts: the preflight is remembered for "
            f"{DEFAULT_MAX_AGE} seconds."
        )
        fix = "On the server: a number alone, such as `Access-Control-Max-Age: 7200`."
    elif kept == CHROMIUM_MAX_AGE and int(value) > CHROMIUM_MAX_AGE:
        title = "Preflight remembered for 2 hours in Chromium"
        detail = (
            f"`Access-Control-Max-Age` asks for {duration(int(value))}. Chromium remembers a preflight for 7,200 "
            "seconds at "
            f"most, Firefox for {'24 hours' if int(value) > FIREFOX_MAX_AGE else 'the time asked for'}."
        )
    else:
        return None
    return Finding(detail, fix, (x.response_field("access-control-max-age", shown),), title)
