"""CORS, too generous or of no effect: answers that permit more than meant, or nobody at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import url as urls
from inspector.browser.cors_check import is_url
from inspector.fields.tokens import lower_list
from inspector.report import Severity
from inspector.rules.base import Finding, Found, request_field, response_field, response_value, rule
from inspector.rules.servers import set_cors, set_field, technology
from inspector.site import same_site

if TYPE_CHECKING:
    from inspector.subject import Subject

_ON = response_field("access-control-allow-origin")
_CREDENTIALS = "https://fetch.spec.whatwg.org/#cors-protocol-and-credentials"
_ALLOW_ORIGIN = "https://fetch.spec.whatwg.org/#http-access-control-allow-origin"
_TESTING = (
    "https://owasp.org/www-project-web-security-testing-guide/stable/4-Web_Application_Security_Testing/"
    "11-Client-side_Testing/07-Testing_Cross_Origin_Resource_Sharing"
)


def _with_credentials(x: Subject) -> bool:
    return x.res.get("access-control-allow-credentials") == "true"


_ALLOW = "access-control-allow-origin"


def _is_null(value: str) -> bool:
    return value == "null"


def _without_tls(value: str) -> bool:
    return value.startswith("http://")


def _why_none(value: str) -> str | None:
    if not value:
        return "is empty"
    if "," in value or " " in value:
        return "is a list"
    if not is_url(value):
        return "is no origin: the scheme is missing" if "://" not in value else "is no origin"
    url = urls.parse(value)
    if "*" in url.host:
        return "has a `*` in it, which only stands for something by itself"
    if url.path or url.query or url.fragment:
        return "has a path" if url.path not in ("", "/") else "ends with a slash"
    if url.scheme in ("http", "https") and value != url.origin:
        return f"is not written as a browser does, `{url.origin}`"
    return None


def _matches_none(value: str) -> bool:
    return value not in ("*", "null") and _why_none(value) is not None


@rule(
    "cors/reflected-origin",
    Severity.NOTE,
    "Another site may read this with its visitors' cookies",
    on=_ON,
    also=request_field("origin"),
    references=(_CREDENTIALS, _TESTING),
    what="The answer permits the origin of another site, with credentials.",
    why="""Where a server copies whatever `Origin` it is sent, every site can read its users' data as they see it
        themselves. From one exchange an echo and a list of trusted partners look the same; from two they do not.""",
    fix="Compare the request's `Origin` with a list, in full, and answer with CORS fields to its members only.",
    unless="The permitted site is a partner from such a list.",
    shows="""
    GET https://api.shop.test/me HTTP/2
    Origin: https://example.com
    Sec-Fetch-Mode: cors
    Sec-Fetch-Site: cross-site
    Cookie: sid=1

    HTTP/2 200
    Access-Control-Allow-Origin: https://example.com
    Access-Control-Allow-Credentials: true
    Vary: Origin
    """,
    quiet="""
    GET https://api.shop.test/me HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Sec-Fetch-Site: same-site
    Cookie: sid=1

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Credentials: true
    Vary: Origin
    """,
)
def reflected_origin(x: Subject) -> Found:
    """An origin of another site echoed with credentials: a note for the first site, a warning from the second on."""
    origin = x.origin
    if origin is None or origin == "null" or x.res.get("access-control-allow-origin") != origin:
        return None
    if not _with_credentials(x) or same_site(urls.parse(origin), x.url, schemeful=False):
        return None
    sites, new = x.session.preflights.echoed(x.url.origin, origin)
    if not new:
        return None
    shown = x.masker.text(origin)
    fix = (
        f"On `{x.url.host}`: compare `Origin` with a list of full origins before echoing it. Testing how it begins or "
        "ends is no substitute: `https://shop.test.example` begins like `https://shop.test`."
    )
    evidence = (
        x.request_field("origin", label="another site"),
        x.response_field("access-control-allow-origin", shown, "echoed"),
        x.response_field("access-control-allow-credentials", "true", "with its visitors' cookies"),
    )
    if sites == 1:
        return Finding(
            f"`{shown}` is another site than `{x.url.host}`, and the answer lets it read this with its visitors' "
            "cookies. "
            "If the server echoes any origin it is sent, every site can. One exchange cannot tell an echo from a list: "
            "ask again with `Origin: https://example.com` and see whether that comes back.",
            fix,
            evidence,
            severity=None if "cookie" in x.req else Severity.INFO,
            certainty="depends",
            condition="a weakness if the server echoes any origin",
        )
    return Finding(
        f"`{x.url.origin}` has now permitted {sites} different sites to read with credentials, each by the very "
        "value of "
        f"`Origin` it was sent, `{shown}` the latest. That looks like an echo, by which every site can read its "
        "users' data.",
        fix,
        evidence,
        "Origins of several sites are echoed, with credentials",
        Severity.WARNING,
        "likely",
    )


@rule(
    "cors/null-origin",
    Severity.WARNING,
    "`null` is permitted: sandboxed frames of any site may read this",
    on=response_value(_ALLOW, _is_null),
    references=(_CREDENTIALS, _TESTING, "https://html.spec.whatwg.org/multipage/browsers.html#concept-origin-opaque"),
    what="`Access-Control-Allow-Origin` is `null`.",
    why="""`null` is no "nobody": it is the name of every opaque origin, and any site gets one with a sandboxed frame.
        With `Access-Control-Allow-Credentials: true`, any site can so read the visitor's own data.""",
    fix="Leave the field out to permit nobody; name the origin to permit one; send `*` for public data.",
    shows="""
    GET https://api.shop.test/me HTTP/2

    HTTP/2 200
    Access-Control-Allow-Origin: null
    """,
    quiet="""
    GET https://api.shop.test/me HTTP/2

    HTTP/2 200
    Access-Control-Allow-Origin: *
    """,
    once="origin",
    gravest=Severity.ERROR,
)
def null_origin(x: Subject) -> Found:
    """An opaque origin permitted; an error with credentials."""
    if x.res.get("access-control-allow-origin") != "null":
        return None
    also = _with_credentials(x)
    detail = (
        "`Access-Control-Allow-Origin: null` permits every opaque origin, and any site gets one by putting its "
        "script in "
        "a sandboxed frame"
        + (", with the visitor's cookies as `Access-Control-Allow-Credentials` is `true`." if also else ".")
    )
    fix = (
        f"On `{x.url.host}`: leave the field out to permit nobody, name one origin, or send `*` for public data. "
        "If `null` is "
        "an echo of the request's `Origin`, compare that with a list first."
    )
    return Finding(
        detail,
        fix,
        (x.response_field("access-control-allow-origin", "null", "every opaque origin"),),
        severity=Severity.ERROR if also else None,
    )


@rule(
    "cors/vary-origin",
    Severity.NOTE,
    "One origin is permitted, and `Vary` does not name `Origin`",
    on=_ON,
    also=request_field("origin"),
    references=(
        "https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches",
        "https://www.rfc-editor.org/rfc/rfc9111#section-4.1",
    ),
    what="The answer names a single origin and may be cached, but does not vary by `Origin`.",
    why="""A cache may give the copy made for one page to another, whose origin it does not name: that page is then
        blocked, now and again, without any change on the server.""",
    fix="On the server: send `Vary: Origin` on every answer of this URL, those to requests without `Origin` included.",
    unless="The server sends this same value whoever asks; then nothing varies.",
    shows="""
    GET https://cdn.shop.test/font.woff2 HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Cache-Control: max-age=3600
    """,
    quiet="""
    GET https://cdn.shop.test/font.woff2 HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Cache-Control: max-age=3600
    Vary: Origin
    """,
    once="origin",
)
def vary_origin(x: Subject) -> Found:
    """An echo of the origin in a response that a cache may reuse."""
    allowed = x.res.get("access-control-allow-origin")
    if allowed in (None, "*", "null") or allowed != x.origin or x.method not in ("GET", "HEAD") or x.status != 200:
        return None
    if not lower_list(x.res.get("vary") or "").isdisjoint(("origin", "*")):
        return None
    control = (x.res.get("cache-control") or "").lower()
    if any(word in control for word in ("no-store", "no-cache", "private", "max-age=0")):
        return None
    if "max-age=" not in control and "s-maxage=" not in control:
        return None
    shown = x.masker.text(allowed or "")
    detail = (
        f"The answer permits `{shown}` alone, and a cache may keep it"
        f" (`Cache-Control: {x.shown('response', 'cache-control')}`). `Vary` does not name `Origin`, so the copy "
        "may be given to a page of another origin, which is then blocked."
    )
    evidence = (
        x.response_field("access-control-allow-origin", shown, "for this origin only"),
        x.response_field("vary", label="does not name `Origin`"),
    )
    fix = f"On `{x.url.host}`: `Vary: Origin`, also where the request has no `Origin`.{set_field(x, 'Vary', 'Origin')}"
    return Finding(
        detail, fix, evidence, certainty="depends", condition="a defect unless the server sends this value whoever asks"
    )


@rule(
    "cors/insecure-origin",
    Severity.WARNING,
    "An `http:` origin may read this, with credentials",
    on=response_value(_ALLOW, _without_tls),
    references=(_TESTING, "https://w3c.github.io/webappsec-secure-contexts/#threat-models"),
    what="A response over HTTPS permits an origin without TLS, with credentials.",
    why="Whoever sits on the network of a visitor can put a script into an `http:` page, and so read this with "
    "their cookies.",
    fix="Permit the `https:` origin only.",
    shows="""
    GET https://api.shop.test/me HTTP/2
    Origin: http://shop.test

    HTTP/2 200
    Access-Control-Allow-Origin: http://shop.test
    Access-Control-Allow-Credentials: true
    """,
    quiet="""
    GET https://api.shop.test/me HTTP/2
    Origin: http://localhost:3000

    HTTP/2 200
    Access-Control-Allow-Origin: http://localhost:3000
    Access-Control-Allow-Credentials: true
    """,
    once="origin",
)
def insecure_origin(x: Subject) -> Found:
    """TLS on one side only."""
    allowed = x.res.get("access-control-allow-origin") or ""
    if not allowed.startswith("http://") or x.url.scheme != "https" or not _with_credentials(x):
        return None
    if urls.parse(allowed).loopback or x.local:
        return None
    shown = x.masker.text(allowed)
    detail = (
        f"This response came over TLS, yet a page of `{shown}` may read it with the visitor's cookies. That page "
        "has no TLS: "
        "anyone on the visitor's network can change its scripts."
    )
    fix = f"On `{x.url.host}`: permit `https://{shown[7:]}` in its place, and serve that page over HTTPS."
    return Finding(detail, fix, (x.response_field("access-control-allow-origin", "http://", "without TLS"),))


def _is_wildcard(allowed: str) -> bool:
    return allowed == "*"


@rule(
    "cors/wildcard-on-private",
    Severity.NOTE,
    "Every website may read this private-network server",
    on=response_value("access-control-allow-origin", _is_wildcard),
    references=("https://wicg.github.io/local-network-access/", _TESTING),
    what="A server at a private address permits every origin.",
    why="""Such a server is protected by being unreachable from outside. A page from outside, open in a browser inside,
        is inside: with `*` it can read what the server answers.""",
    fix="On the server: name the origins that need it.",
    unless="""What it serves is public anyway. Chrome asks the person, from version 142 on, before a page from
        outside may reach such an address; programs and other browsers do not.""",
    shows="""
    GET http://192.168.1.20/status.json HTTP/1.1
    Origin: https://shop.test

    HTTP/1.1 200 OK
    Access-Control-Allow-Origin: *
    """,
    quiet="""
    GET https://api.shop.test/status.json HTTP/2
    Origin: https://shop.test

    HTTP/2 200
    Access-Control-Allow-Origin: *
    """,
    once="origin",
)
def wildcard_on_private(x: Subject) -> Found:
    """``*`` from an address that only a local network reaches."""
    address = urls.ip_address(x.url.host)
    if address is None or x.local or not address.is_private or address.is_loopback:
        return None
    detail = (
        f"`{x.url.host}` is an address of a private network, and `Access-Control-Allow-Origin: *` lets a page of "
        "any website "
        "read this answer, if it is open in a browser on that network."
    )
    fix = f"On `{x.url.host}`: name the origins that need this instead of `*`.{set_cors(technology(x), 'origin', 'https://…')}"
    return Finding(detail, fix, (x.response_field("access-control-allow-origin", "*", "every website"),))


@rule(
    "cors/allow-origin-syntax",
    Severity.WARNING,
    "`Access-Control-Allow-Origin` can match no origin",
    on=response_value(_ALLOW, _matches_none),
    references=(_ALLOW_ORIGIN, "https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin"),
    what="The value is neither `*` nor a single origin, so the field permits nobody.",
    why="The value is compared with the page's origin octet by octet. A slash, a path, a pattern or a list "
    "equals none.",
    fix="Send one origin, `https://shop.test`, without anything after it, or `*`.",
    shows="""
    GET https://api.shop.test/items HTTP/2

    HTTP/2 200
    Access-Control-Allow-Origin: https://*.shop.test
    """,
    quiet="""
    GET https://api.shop.test/items HTTP/2

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test:8443
    """,
    once="origin",
)
def allow_origin_syntax(x: Subject) -> Found:
    """A value that would block whoever asks; said here only where nobody has asked."""
    value = x.res.get("access-control-allow-origin")
    verdict = x.verdicts.cors
    if value is None or value in ("*", "null") or (verdict is not None and verdict.outcome != "allowed"):
        return None
    if value == x.origin:
        return None
    why = _why_none(value)
    if why is None:
        return None
    shown = x.shown("response", "access-control-allow-origin")
    detail = (
        f"`{shown}` {why}, so it equals no page's origin and the field permits nobody. This exchange is not "
        "affected; a page of another origin would be blocked."
    )
    fix = (
        f"On `{x.url.host}`: the page's origin alone, as its `Origin` field has it, and `Vary: Origin`; "
        "or `*` for public data."
    )
    return Finding(detail, fix, (x.response_field("access-control-allow-origin", shown or None, "equals no origin"),))


@rule(
    "cors/wildcard-and-credentials",
    Severity.NOTE,
    "`Access-Control-Allow-Credentials` is without effect beside `*`",
    on=_ON,
    also=response_field("access-control-allow-credentials"),
    references=(_CREDENTIALS,),
    what="The answer permits every origin and credentials, a pair that browsers do not accept.",
    why="""`*` only covers requests without credentials, and for those the second field has no meaning. A page that does
        include credentials is blocked.""",
    fix="For public data: leave `Access-Control-Allow-Credentials` out. For users' data: name the origin in "
    "place of `*`.",
    shows="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: *
    Access-Control-Allow-Credentials: true
    """,
    quiet="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: *
    """,
    once="origin",
)
def wildcard_and_credentials(x: Subject) -> Found:
    """A contradictory pair that has not blocked anything here."""
    if x.res.get("access-control-allow-origin") != "*" or not _with_credentials(x):
        return None
    verdict = x.verdicts.cors
    if verdict is not None and verdict.outcome == "blocked":
        return None
    detail = (
        "`*` permits requests without credentials only, so `Access-Control-Allow-Credentials: true` permits "
        "nothing here. "
        "A page that asks with `credentials: 'include'` is blocked (`WildcardOriginNotAllowed`)."
    )
    fix = (
        f"On `{x.url.host}`: leave `Access-Control-Allow-Credentials` out if this is public; else name the page's "
        "origin in "
        "place of `*`, with `Vary: Origin`."
    )
    evidence = (
        x.response_field("access-control-allow-origin", "*", "only without credentials"),
        x.response_field("access-control-allow-credentials", "true", "of no effect"),
    )
    return Finding(detail, fix, evidence)
