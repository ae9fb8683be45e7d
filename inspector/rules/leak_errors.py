"""What a server tells of its inside: stack traces, fields for developers, private addresses."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from inspector import url as urls
from inspector.content.scan import Hit
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, mark, response_field, response_value, rule
from inspector.rules.found import as_code, at, content
from inspector.words import listed

if TYPE_CHECKING:
    from inspector.subject import Subject

_WSTG = "https://owasp.org/www-project-web-security-testing-guide/stable/4-Web_Application_Security_Testing/"
_DEBUG_PAGES = frozenset({"trace/django", "trace/werkzeug", "trace/laravel", "trace/symfony"})
_PRODUCTION = {
    "trace/python": "In production the server logs the traceback and answers with an error page (Django: "
    "`DEBUG = False`; Flask: no `debug=True`).",
    "trace/django": "In production: `DEBUG = False` in Django's settings.",
    "trace/werkzeug": "Take `debug=True` (or `FLASK_DEBUG=1`) away at once: the console on this page runs code.",
    "trace/java": "With Spring Boot: `server.error.include-stacktrace=never`; with Tomcat, an `ErrorReportValve` with "
    "`showReport` false.",
    "trace/dotnet": 'In `web.config`: `<customErrors mode="On">`; with ASP.NET Core, no '
    "`UseDeveloperExceptionPage()` in production.",
    "trace/php": "In `php.ini`: `display_errors = Off` and `log_errors = On`.",
    "trace/laravel": "In production: `APP_DEBUG=false`.",
    "trace/symfony": "In production: `APP_ENV=prod` and `APP_DEBUG=0`.",
    "trace/node": "With Express: `NODE_ENV=production`, or an error handler that does not send `err.stack`.",
    "trace/ruby": "With Rails: `config.consider_all_requests_local = false` in production.",
}


@rule(
    "leak/stack-trace",
    Severity.WARNING,
    "An error shows the inside of the application",
    on=mark("trace", "error-page"),
    references=(
        _WSTG + "08-Testing_for_Error_Handling/02-Testing_for_Stack_Traces",
        "https://cwe.mitre.org/data/definitions/209.html",
    ),
    what="The response holds a stack trace, or the debug page of a framework.",
    why="""
        It names files, functions and libraries with their versions, sometimes values and settings too. For an attacker
        it is a map; for a visitor it is noise.
        """,
    fix="Log the trace on the server under a number, and answer with that number and a sentence a person understands.",
    unless="""
        Articles and manuals show traces on purpose: in a successful page, one inside `pre` or `code` is not reported.
        """,
    shows="""
        GET https://api.shop.test/orders/7 HTTP/1.1

        HTTP/1.1 500 Internal Server Error
        Content-Type: text/plain

        Traceback (most recent call last):
          File "/srv/shop/orders.py", line 118, in place_order
        KeyError: 'price'
        """,
    quiet="""
        GET https://docs.shop.test/errors HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/html

        <p>An example:</p><pre>Traceback (most recent call last):
          File "orders.py", line 118, in place_order
        KeyError: 'price'</pre>
        """,
)
def stack_trace(x: Subject) -> Finding | None:
    """A trace in an error, or in a successful response where it is not shown as code."""
    if x.local:
        return None
    hits = x.marks.of("trace") or x.marks.of("error-page")
    data = content(x)
    if x.status < 400:
        hits = tuple(h for h in hits if h.mark.id in _DEBUG_PAGES or not _shown_on_purpose(x, data, h))
    if not hits:
        return None
    debug = next((hit for hit in hits if hit.mark.id in _DEBUG_PAGES), None)
    hit = debug or hits[0]
    generic = hit.mark.group == "error-page"
    detail = f"The response shows {hit.mark.name}"
    detail += (
        ": nobody made a page for this error, and the framework answers in its own name."
        if generic
        else ", with names of files and functions that visitors have no use for and attackers do."
    )
    return Finding(
        detail,
        _PRODUCTION.get(hit.mark.id),
        (x.status_evidence(), at(x, hit, hit.mark.name, behind=80)),
        title=f"The response shows {hit.mark.name}",
        severity=Severity.NOTE if generic else None,
        certainty="certain" if x.status >= 400 or debug else "likely",
    )


def _shown_on_purpose(x: Subject, data: bytes, hit: Hit) -> bool:
    """In a page that succeeded: inside an element for code, or one of several kinds, as articles have them."""
    if x.recorded_kind == "text":
        return True
    kinds = {other.mark.id for other in x.marks.of("trace")}
    return x.is_html and (len(kinds) > 2 or as_code(data, hit.start))


_TOOLBARS = {
    "x-debug-token-link": "Symfony's profiler, which shows settings, queries and sessions",
    "x-debug-token": "Symfony's profiler",
    "x-chromelogger-data": "log entries for a browser extension",
    "x-chromephp-data": "log entries for a browser extension",
    "x-wf-protocol-1": "log entries for FirePHP",
    "phpdebugbar": "PHP Debug Bar, with queries and timings",
    "phpdebugbar-id": "PHP Debug Bar, with queries and timings",
    "x-clockwork-id": "Clockwork, a profiler",
    "x-debugkit-id": "CakePHP's debug kit",
    "x-miniprofiler-ids": "MiniProfiler, with queries and timings",
}
_INNER = {
    "x-backend-server": "the server behind",
    "x-backend": "the server behind",
    "x-backend-host": "the server behind",
    "x-upstream": "the server behind",
    "x-upstream-addr": "the server behind",
    "x-served-by-host": "the server behind",
    "x-runtime": "how long the application took",
    "x-sourcefiles": "the path of the file on the developer's machine",
}


@rule(
    "leak/debug-header",
    Severity.WARNING,
    "A field for developers in a public response",
    on=response_field(*_TOOLBARS, *_INNER),
    references=(_WSTG + "01-Information_Gathering/08-Fingerprint_Web_Application_Framework",),
    what="The response carries a field that a debugging tool or a server behind put there for those who run the site.",
    why="""
        Where the tool's field is, the tool is often on as well, and its pages show queries, settings and sessions.
        Names of inner servers help who is already half inside.
        """,
    fix="Switch the tool off in production; have the reverse proxy remove fields that name inner servers.",
    unless="On a developer's own machine it is in its place. `X-Runtime` and names of servers are information.",
    shows="""
        GET https://shop.test/ HTTP/2

        HTTP/2 200
        X-Debug-Token-Link: https://shop.test/_profiler/4f1d2a
        """,
    quiet="""
        GET http://localhost:8000/ HTTP/1.1

        HTTP/1.1 200 OK
        X-Debug-Token-Link: http://localhost:8000/_profiler/4f1d2a
        """,
    once="origin",
)
def debug_header(x: Subject) -> Finding | None:
    """Fields of debugging tools; failing those, fields that name the inside."""
    if x.local:
        return None
    index = x.res.first
    tools = [name for name in _TOOLBARS if name in index]
    inner = [name for name in _INNER if name in index]
    names = tools or inner
    if not names:
        return None
    told = "; ".join(f"`{x.res.named(n)}`: {_TOOLBARS.get(n) or _INNER[n]}" for n in names)
    if tools:
        detail, fix = f"A debugging tool runs here in public: {told}.", "The application runs without it in production."
    else:
        detail, fix = f"The response tells of the inside: {told}.", None
        if names != ["x-runtime"]:
            name = x.res.named(names[0])
            fix = f"In nginx: `proxy_hide_header {name};`; in Apache: `Header unset {name}`."
    return Finding(
        detail,
        fix,
        tuple(x.response_field(name) for name in names[:4]),
        title=f"For developers: {listed([f'`{x.res.named(n)}`' for n in names], most=3)}",
        severity=None if tools else Severity.INFO,
    )


_HEADERS = (
    "location",
    "content-location",
    "via",
    "link",
    *_INNER,
    "x-served-by",
    "x-host",
    "x-server",
    "x-forwarded-for",
    "x-real-ip",
)
_IN_FIELD = compile_late(
    r"(?<![\w.-])(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}"
    r"|169\.254(?:\.\d{1,3}){2}"
    r"|(?:[\w-]{1,63}\.)+(?:internal|intranet|corp|lan))(?![\w.-])"
)


_LEADS = ("location", "content-location", "link")
"""Fields that hold addresses, in which only the host counts."""


@lru_cache(maxsize=1024)
def _address_in(value: str, host_alone: bool) -> str | None:
    value = value[:500]
    match = _IN_FIELD.search(value)
    if match is None or (host_alone and value[max(match.start() - 2, 0) : match.start()] != "//"):
        return None
    return match[0]


def _names_one(value: str) -> bool:
    return _IN_FIELD.search(value[:500]) is not None


@lru_cache(maxsize=512)
def _private_host(host: str) -> bool:
    address = urls.ip_address(host)
    if address is not None:
        return not address.is_global
    return "." not in host or host.rpartition(".")[2] in ("internal", "intranet", "corp", "lan", "local", "localdomain")


@rule(
    "leak/private-address",
    Severity.NOTE,
    "A public response names an address of the inner network",
    on=(
        *mark("private-address"),
        *(trigger for name in _HEADERS for trigger in response_value(name, _names_one)),
    ),
    references=("https://www.rfc-editor.org/rfc/rfc1918#section-3", "https://cwe.mitre.org/data/definitions/200.html"),
    what="A field or the content of the response names an address that exists in a private network only.",
    why="""
        For visitors such a link leads nowhere, or to a machine of their own network. It also tells how the network
        behind the site is numbered.
        """,
    fix="Have the application build addresses from its public name (`X-Forwarded-Host` from its own proxy, a setting).",
    unless="Between private hosts it is in its place. In content, the addresses of every router's manual do not count.",
    shows="""
        GET https://shop.test/account HTTP/1.1

        HTTP/1.1 302 Found
        Location: http://10.20.0.7:8080/login
        """,
    quiet="""
        GET http://10.20.0.7:8080/account HTTP/1.1

        HTTP/1.1 302 Found
        Location: http://10.20.0.7:8080/login
        """,
    once="origin",
    gravest=Severity.WARNING,
)
def private_address(x: Subject) -> Finding | None:
    """An address in one of the fields that servers put them in, else in the content."""
    if not x.url.host or _private_host(x.url.host):
        return None
    index = x.res.first
    for name in _HEADERS:
        if name in index:
            found = _address_in(x.res.get(name) or "", name in _LEADS)
            if found is not None:
                return _inner(x, found, x.response_field(name, found), f"`{x.res.named(name)}`", name)
    hits = x.marks.of("private-address")
    if hits:
        data = content(x)
        hits = tuple(hit for hit in hits if not as_code(data, hit.start))
    if not hits:
        return None
    found = content(x)[hits[0].start : hits[0].end].decode("latin-1")
    return _inner(x, found, at(x, hits[0], ahead=24, behind=16), "The content", "")


def _inner(x: Subject, found: str, evidence: Evidence, who: str, field: str) -> Finding:
    shown = x.masker.text(found[:80])
    leads = field in _LEADS
    return Finding(
        f"{who} names `{shown}`, which is an address of a private network."
        + (
            " Visitors cannot reach it, and in their own network it is some other machine."
            if leads or not field
            else ""
        ),
        "The application builds addresses from its public name."
        if leads or not field
        else f"The reverse proxy removes `{x.res.named(field)}`.",
        (evidence,),
        title=f"An address of the inner network: `{shown}`",
        severity=Severity.WARNING if field == "location" else None,
    )
