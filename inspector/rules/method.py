"""Request methods: unknown ones, content where it has no meaning, and GET requests that change things."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from inspector import words
from inspector.fields.methods import KNOWN
from inspector.fields.statuses import RFC9110
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import (
    Finding,
    method,
    request_content,
    request_field,
    request_value,
    response_field,
    rule,
    unregistered_method,
    url_holds,
    url_parameter,
)
from inspector.rules.status_words import brief

if TYPE_CHECKING:
    from inspector.subject import Subject


@rule(
    "method/get-with-content",
    Severity.NOTE,
    "Content in a request whose method gives it no meaning",
    on=request_content() + request_field("content-length"),
    references=(RFC9110 + "9.3.1", RFC9110 + "9.3.5"),
    what="A GET, HEAD or DELETE request carries content.",
    why="""
        The standard gives that content no meaning: servers may ignore or refuse it, caches and gateways drop it (and
        answer from a URL that does not tell two such requests apart), and browsers cannot send it with GET at all.
        """,
    fix="Put the values into the query, or use POST (or QUERY, where client and server both know it).",
    unless="""
        Search APIs (`/_search` of Elasticsearch and OpenSearch) read it by agreement; there it is information. Empty
        content is not counted, because some recorders note it for every request.
        """,
    shows="""
        GET https://api.shop.test/items HTTP/1.1
        Content-Type: application/json
        Content-Length: 15

        {"color":"red"}

        HTTP/1.1 200 OK
        """,
    quiet="""
        GET https://api.shop.test/items?color=red HTTP/1.1

        HTTP/1.1 200 OK
        """,
)
def get_with_content(x: Subject) -> Finding | None:
    """Only content of a known size above nothing."""
    if x.method not in ("GET", "HEAD", "DELETE"):
        return None
    body = x.request.body
    size = body.size if body.size is not None else body.transferred
    length = x.req.get("content-length")
    if not size:
        if not length or not length.isdigit() or int(length[:12]) == 0:
            return None
        size = int(length[:12])
    search = "_search" in x.url.path or "_count" in x.url.path or "_msearch" in x.url.path
    return Finding(
        f"The {x.method} carries {words.octets(size)} of content, to which the standard gives no meaning. Servers, "
        "gateways and "
        "caches may drop it, refuse the request, or answer from a cache that goes by the URL alone.",
        None if search else "The client puts the values into the query, or sends a POST.",
        (x.request_line(x.method), *((x.request_field("content-length"),) if length else ())),
        title=f"{x.method} with content" + (", as search APIs agree" if search else ""),
        severity=Severity.INFO if search else None,
    )


@rule(
    "method/unknown",
    Severity.NOTE,
    "Unregistered method",
    on=unregistered_method(),
    references=(RFC9110 + "9.1", RFC9110 + "16.1.1"),
    what="The request's method is not in the IANA registry, or is a registered one in another case.",
    why="""
        Methods are case-sensitive: `get` is not GET. Servers answer an unknown method with 501 or 405; gateways and
        firewalls often refuse it before that. In browsers, `fetch()` turns `get`, `post`, `put`, `delete`, `head` and
        `options` into capitals, but not `patch`.
        """,
    fix="Write the method in capitals; for an action of your own, use POST to an address that names it.",
    shows="""
        patch https://api.shop.test/items/7 HTTP/1.1

        HTTP/1.1 405 Method Not Allowed
        Allow: GET, PATCH
        """,
    quiet="""
        PATCH https://api.shop.test/items/7 HTTP/1.1

        HTTP/1.1 200 OK
        """,
)
def unknown_method(x: Subject) -> Finding | None:
    """Not registered, or not so written."""
    name = x.method
    if name in KNOWN or not name:
        return None
    if name in ("PURGE", "BAN"):
        return Finding(
            f"`{name}` is not registered. Varnish, Squid and several CDNs take it as the request to drop an address "
            "from their "
            "cache.",
            None,
            (x.request_line(name),),
            title=f"`{name}`: a cache's own method",
            severity=Severity.INFO,
        )
    proper = name.upper()
    if proper in KNOWN:
        why = ""
        if proper == "PATCH":
            why = " `fetch()` and XMLHttpRequest send it as written: they only put the older methods into capitals."
        return Finding(
            f"The method is written `{brief(name, 30)}`, and methods are case-sensitive: to a server this is not "
            f"{proper}.{why}",
            f"The client writes `{proper}`.",
            (x.request_line(brief(name, 30)),),
            title=f"`{brief(name, 30)}` is not {proper}",
            severity=Severity.WARNING if x.status >= 400 else None,
        )
    return Finding(
        f"`{brief(name, 30)}` is not a registered method. Gateways and firewalls often refuse what they do not know, "
        "and no "
        "cache or client knows whether it may be repeated.",
        "Use POST to an address that names the action.",
        (x.request_line(brief(name, 30)),),
        title=f"Unregistered method `{brief(name, 30)}`",
    )


_LISTED = compile_late(r"(?:^|,)\s*(TRACE|TRACK)\s*(?=,|$)")


@rule(
    "method/trace-enabled",
    Severity.WARNING,
    "TRACE is enabled",
    on=method("TRACE", "TRACK") + response_field("allow", "public"),
    references=(RFC9110 + "9.3.8",),
    what="The server answered a TRACE with success, or lists it in `Allow`.",
    why="""
        TRACE sends the request back as the server got it, including fields the client cannot see or that gateways
        added:
        cookies, credentials, internal addresses. Browsers no longer let pages send it, so the risk is small, and so
        is its
        use.
        """,
    fix="Switch it off: `TraceEnable off` in Apache; nginx does not implement it.",
    shows="""
        OPTIONS https://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        Allow: GET, HEAD, POST, OPTIONS, TRACE
        """,
    quiet="""
        OPTIONS https://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        Allow: GET, HEAD, POST, OPTIONS
        """,
    once="origin",
)
def trace_enabled(x: Subject) -> Finding | None:
    """Answered, or listed."""
    if x.method in ("TRACE", "TRACK"):
        if not 200 <= x.status < 300:
            return None
        return Finding(
            f"The server answered {x.method} with {x.status}, so it sends requests back with all their fields.",
            "Switch TRACE off at the server (`TraceEnable off` in Apache).",
            (x.request_line(x.method), x.status_evidence()),
            title=f"{x.method} is answered",
        )
    for name in ("allow", "public"):
        value = x.res.get(name)
        if value and (found := _LISTED.search(value)):
            return Finding(
                f"`{x.res.named(name)}` lists {found[1]}. Whether it is really answered, this exchange does not show.",
                "Switch TRACE off at the server (`TraceEnable off` in Apache).",
                (x.response_field(name, found[1]),),
                title=f"{found[1]} is listed as allowed",
                severity=Severity.NOTE,
                certainty="likely",
            )
    return None


_ACTIONS = frozenset(
    {
        "delete",
        "remove",
        "destroy",
        "logout",
        "signout",
        "sign-out",
        "log-out",
        "transfer",
        "unsubscribe",
        "purchase",
        "checkout-now",
        "approve",
        "revoke",
        "deactivate",
        "disable",
        "reset-password",
    }
)


@lru_cache(maxsize=2048)
def _action(path: str) -> str | None:
    """The path segment that names an action; whole segments only, and none where a file is asked for."""
    segments = path.strip("/").lower().split("/")
    if "." in segments[-1]:
        return None
    return next((segment for segment in segments if segment in _ACTIONS), None)


@rule(
    "method/unsafe-get",
    Severity.NOTE,
    "GET on an address that names an action",
    on=method("GET"),
    also=url_holds(*sorted(_ACTIONS)),
    references=(RFC9110 + "9.2.1",),
    what="A GET to a path such as `/items/7/delete` or `/logout` was answered with success.",
    why="""
        GET is defined as safe: it asks for no change. So browsers prefetch it, crawlers follow it, mail scanners open
        it, and
        any foreign page can make a visitor's browser send it, with `SameSite=Lax` cookies, by a mere link.
        """,
    fix="Let the GET show a page that asks, and do it on a POST (or DELETE) with a CSRF token.",
    unless="A GET that only shows the form is fine; the recording cannot tell whether it did anything.",
    shows="""
        # type: document
        GET https://shop.test/items/7/delete HTTP/1.1

        HTTP/1.1 302 Found
        Location: /items
        """,
    quiet="""
        # type: document
        POST https://shop.test/items/7/delete HTTP/1.1

        HTTP/1.1 302 Found
        Location: /items
        """,
)
def unsafe_get(x: Subject) -> Finding | None:
    """A redirect says the action is done; a page may be the form that asks."""
    action = _action(x.url.path)
    if action is None or not 200 <= x.status < 400 or x.status == 304:
        return None
    if x.destination in ("image", "script", "style", "font") or not (
        x.is_navigation or x.destination in ("empty", None)
    ):
        return None
    redirected = 300 <= x.status < 400
    if not redirected and x.is_html:
        return None
    again = " It was answered with a redirect, as after an action that is done." if redirected else ""
    return Finding(
        f"The path says `{action}`, and GET is defined to change nothing: prefetching, crawlers and links on foreign "
        "pages send "
        f"it without anybody's intention.{again}",
        "The server does it on a POST only; the GET shows a page with a form that asks.",
        (x.request_line(action),),
        title=f"GET on an address that says `{action}`",
        certainty="depends",
        condition="a fault if the GET itself does what the path says",
    )


_OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override")
_OVERRIDING = compile_late(r"(?:^|[?&])_method=([A-Za-z]{2,20})(?:[&#]|$)")
_LONGEST_FORM = 65_536


def _is_form(value: str) -> bool:
    return value.strip().lower().startswith("application/x-www-form-urlencoded")


@rule(
    "method/override",
    Severity.INFO,
    "A field or parameter overrides the method",
    on=(*request_field(*_OVERRIDES), *url_parameter("_method"), *request_value("content-type", _is_form)),
    also=method("POST"),
    references=(RFC9110 + "9.1", RFC9110 + "9.3.3"),
    what="A POST asks by `X-HTTP-Method-Override` (or a relative) or by a parameter `_method` to count as another.",
    why="""
        It helps clients that can only send GET and POST. Whatever stands in between still sees a POST: firewalls,
        caches and access rules that go by the method do not apply to the method really meant.
        """,
    fix="Send the method itself; all of today's clients can. On the server, accept the field only where it is needed.",
    unless="HTML's forms send GET and POST alone, so frameworks (Rails, Laravel, Symfony) put the method in `_method`.",
    shows="""
        POST https://api.shop.test/items/7 HTTP/1.1
        X-HTTP-Method-Override: DELETE

        HTTP/1.1 204 No Content
        """,
    quiet="""
        DELETE https://api.shop.test/items/7 HTTP/1.1

        HTTP/1.1 204 No Content
        """,
)
def override(x: Subject) -> Finding | None:
    """The fields, and the parameter of the address or of a form; they count with POST."""
    name = next((n for n in _OVERRIDES if n in x.req), None)
    if name is None:
        return _by_parameter(x)
    meant = brief(x.shown("request", name), 30)
    return Finding(
        f"The message is a POST and asks to be treated as {meant}. Caches, firewalls and logs in between see a POST; "
        "whether the "
        "server follows the field, only its behaviour tells.",
        None,
        (x.request_line("POST"), x.request_field(name)),
        title=f"POST that means {meant}",
    )


def _by_parameter(x: Subject) -> Finding | None:
    found, in_form = _OVERRIDING.search(x.request.url), False
    body = x.request.body
    if found is None and body.source is not None and (body.transferred or body.size or 0) <= _LONGEST_FORM:
        found, in_form = _OVERRIDING.search(body.text or ""), True
    if found is None or found[1].upper() == "POST":
        return None
    meant = found[1].upper()
    line = f"_method={found[1]}"
    return Finding(
        f"The message is a POST, and `_method` in its {'form' if in_form else 'address'} says {meant}: frameworks "
        "treat it as that. Caches, firewalls and logs in between see a POST.",
        None,
        (x.request_line("POST"), Evidence("request.body", None, line) if in_form else Evidence("url", None, line)),
        title=f"POST that means {meant}",
    )
