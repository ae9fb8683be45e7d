"""Security fields that a document lacks, and what those it has do. Judged on successful documents, once an origin."""

from __future__ import annotations

import re

from inspector.fields.csp import parse_csp
from inspector.fields.framing import admits_all
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules import security_texts as texts
from inspector.rules.base import Finding, answered_with, document, method, response_field, rule, status
from inspector.rules.cache_privacy import session_like
from inspector.subject import Subject
from inspector.url import ip_address
from inspector.words import count, listed

_FETCH_NOSNIFF = "https://fetch.spec.whatwg.org/#x-content-type-options-header"
# Every name under these top-level domains is on the browsers' preload list.
_PRELOADED_TLDS = frozenset(
    [
        "app",
        "dev",
        "page",
        "new",
        "day",
        "zip",
        "mov",
        "foo",
        "gle",
        "google",
        "how",
        "soy",
        "meme",
        "channel",
        "dad",
        "phd",
        "prof",
        "nexus",
        "esq",
        "ing",
        "boo",
        "rsvp",
        "android",
        "chrome",
        "bank",
        "insurance",
        "youtube",
        "play",
        "gmail",
        "hangout",
        "search",
    ]
)
_SNIFFED = frozenset(
    {"text/html", "text/css", "text/javascript", "application/javascript", "application/json", "text/plain"}
)
_FORM = compile_late(r"<form[\s>]|type\s*=\s*[\"']?password", re.IGNORECASE)
_FRAMES = ("iframe", "frame", "embed", "object", "fencedframe")
_LOOKED_AT = 256 * 1024


def _page(x: Subject) -> bool:
    """Whether this is a document that stands for its origin: HTML, successful, not framed, not on this machine."""
    if not 200 <= x.status < 300 or x.status in (204, 205) or not x.is_document or not x.is_html or x.local:
        return False
    return x.req.get("sec-fetch-dest") not in _FRAMES and texts.of_the_page(x)


def _markup(x: Subject) -> str:
    """The beginning of the document's markup, where it is recorded."""
    text = x.response.body.text if x.response is not None else None
    return text[:_LOOKED_AT] if text else ""


def _at_stake(x: Subject) -> str | None:
    """What a stranger could gain on this page: a form to trick people into, or a session to use."""
    if any(session_like(line.partition("=")[0].strip()) for line in x.res.all("set-cookie")):
        return "it sets a session cookie"
    return "it has a form" if _FORM.search(_markup(x)) else None


@rule(
    "security/hsts-missing",
    Severity.WARNING,
    "Browsers are not told to insist on https",
    on=document(),
    references=(
        "https://www.rfc-editor.org/rfc/rfc6797#section-6.1",
        "https://www.rfc-editor.org/rfc/rfc6797#section-7.1",
    ),
    what="A document came over https without `Strict-Transport-Security`.",
    why="""
    Somebody who types the bare name or follows an old link first goes over http, where whoever runs the network can
    answer instead of the server. With the field a browser that has been here once never does that again.
    """,
    fix="Send `Strict-Transport-Security: max-age=31536000; includeSubDomains` on every https response.",
    unless="The domain is on the browsers' preload list, or a parent domain's field covers it (`includeSubDomains`).",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Strict-Transport-Security: max-age=31536000
    """,
    once="origin",
)
def hsts_missing(x: Subject) -> Finding | None:
    """An https document without the field, on a host that can have it."""
    if x.url.scheme != "https" or "strict-transport-security" in x.res or not _page(x):
        return None
    host = x.url.host
    if ip_address(host) is not None or host.rpartition(".")[2] in _PRELOADED_TLDS:
        return None
    return Finding(
        f"Nothing tells browsers to use https only for `{host}`: a first request over http can be answered by "
        "anybody on the "
        "way.",
        fix="The server should send `Strict-Transport-Security: max-age=31536000` on its https responses; add "
        "`includeSubDomains` only when every subdomain speaks https.",
        evidence=(x.response_field("strict-transport-security"),),
        certainty="likely",
        condition="the domain is not on the browsers' preload list and no parent domain covers it",
    )


@rule(
    "security/frame-protection-missing",
    Severity.NOTE,
    "Any site may show this page in a frame",
    on=document(),
    references=(
        "https://www.w3.org/TR/CSP3/#directive-frame-ancestors",
        "https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-x-frame-options-header",
    ),
    what="A document has neither an enforced `frame-ancestors` nor an `X-Frame-Options` that limits framing.",
    why="""
    Another site can lay the page invisibly under its own buttons, so that a click meant for it does something here
    in the
    visitor's name (clickjacking).
    """,
    fix="Send `Content-Security-Policy: frame-ancestors 'self'` (or `'none'`, or the sites that may).",
    unless="The page is made to be embedded, or nothing can be done on it.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: frame-ancestors *
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    X-Frame-Options: sameorigin
    """,
    once="origin",
    gravest=Severity.WARNING,
)
def frame_protection_missing(x: Subject) -> Finding | None:
    """A page of its own, not made for a frame, that anybody may frame."""
    if not _page(x):
        return None
    policy = x.res.get("content-security-policy")
    ancestors = texts.framing(parse_csp(policy)) if policy else None
    if ancestors is not None and not texts.frees_everybody(ancestors):
        return None
    options = x.res.get("x-frame-options")
    if ancestors is None and options is not None and not admits_all(options):
        return None  # it protects, or `security/xfo-invalid` says that it does not
    stake = _at_stake(x)
    why = f", and {stake}" if stake else ""
    evidence: list[Evidence] = []
    if ancestors is not None:
        open_to = f"`frame-ancestors {' '.join(ancestors)}` admits every site"
        evidence.append(x.response_field("content-security-policy", mark="frame-ancestors"))
    elif options is not None:
        open_to = f"`X-Frame-Options: {x.shown('response', 'x-frame-options')}` admits every site"
        evidence.append(x.response_field("x-frame-options"))
    else:
        open_to = "neither `frame-ancestors` nor `X-Frame-Options` is there"
        evidence.append(x.response_field("x-frame-options"))
    return Finding(
        f"Other sites can show it inside their own page and lead clicks into it: {open_to}{why}.",
        severity=Severity.WARNING if stake else None,
        fix="The server should send `Content-Security-Policy: frame-ancestors 'self'`; it replaces "
        "`X-Frame-Options` in "
        "every current browser. In a `<meta>` element it has no effect.",
        evidence=tuple(evidence),
    )


@rule(
    "security/nosniff-missing",
    Severity.NOTE,
    "Browsers may guess another type than the one stated",
    on=status(200),
    also=answered_with("html", "style", "script", "json", "text"),
    without=(*response_field("x-content-type-options"), *method("OPTIONS")),
    references=(_FETCH_NOSNIFF,),
    what="A document, script, style or data response has no `X-Content-Type-Options`.",
    why="""
    Without it a browser may look at the content and take an uploaded text or picture for a script or a page.
    """,
    fix="Send `X-Content-Type-Options: nosniff` on every response, with the right `Content-Type`.",
    unless="The server delivers only files of its own.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    X-Content-Type-Options: nosniff
    """,
    once="origin",
)
def nosniff_missing(x: Subject) -> Finding | None:
    """A response of a type that matters, without the field."""
    if x.media_type not in _SNIFFED or x.local:
        return None
    if not texts.of_the_page(x):
        return None
    return Finding(
        f"`Content-Type` says `{x.media_type}`, and nothing keeps browsers from treating content of this origin "
        "as another "
        "type: an upload as a script, say.",
        fix="The server should send `X-Content-Type-Options: nosniff` on all responses. Trap: scripts and styles "
        "with a wrong "
        "`Content-Type` are refused from then on.",
        evidence=(x.response_field("x-content-type-options"),),
    )


@rule(
    "security/fields",
    Severity.INFO,
    "What this document's security fields do",
    on=document(),
    references=("https://owasp.org/www-project-secure-headers/",),
    what="Lists the security fields a document has, and what each does with the value it has here.",
    why="The names say little; what matters is what the values make a browser do.",
    fix="Nothing to fix here: what is missing or weak is told separately.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: DENY
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """,
    once="origin",
)
def fields(x: Subject) -> Finding | None:
    """Each field there is, in words."""
    index = x.res.first
    there = [name for name in texts.SECURITY_FIELDS if name in index]
    if not there:
        return None
    secure = x.url.secure
    said = []
    for name in there:
        value = index[name] if name == "strict-transport-security" else x.res.get(name) or ""
        said.append(f"`{x.res.named(name)}`: {texts.meaning(name, value, secure)}")
    return Finding(
        "; ".join(said) + ".",
        title=f"{count(len(there), 'security field')}: " + listed([f"`{x.res.named(n)}`" for n in there], most=4),
        evidence=tuple(x.response_field(name) for name in there),
    )
