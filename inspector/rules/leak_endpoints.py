"""Addresses that are meant for those who run a site: settings, repositories, backups, profilers, status pages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, mark, rule, url_holds
from inspector.rules.found import at

if TYPE_CHECKING:
    from inspector.subject import Subject


class _Inside(NamedTuple):
    """An address that is meant for those who run a site."""

    name: str
    severity: Severity
    fix: str
    page: bool
    """Whether an HTML page is what it answers with; where not, HTML is somebody's error page with a 200."""
    group: str = ""
    """The group of marks its content has, where it has some."""


_DENY_DOTS = (
    "The web server refuses what begins with a dot (nginx: `location ~ /\\.(?!well-known/) { deny all; }`; Apache: "
    '`RedirectMatch 404 "/\\.(?!well-known/)"`), all but `/.well-known/`, by which certificates are renewed.'
)
_REPLACE = " Every password and key in it must count as known, and is replaced."
_ERROR, _WARNING, _NOTE, _INFO = Severity.ERROR, Severity.WARNING, Severity.NOTE, Severity.INFO

_ENV = _Inside("a file of settings (`.env`)", _ERROR, _DENY_DOTS + _REPLACE, False, "source")
_GIT = _Inside("a Git repository", _ERROR, _DENY_DOTS + _REPLACE, False)
_REPOSITORY = _Inside("a repository", _ERROR, _DENY_DOTS + _REPLACE, False)
_SETTINGS = _Inside(
    "the server's settings", _ERROR, "The file moves out of the folder that is served." + _REPLACE, False
)
_FOLDER = _Inside("a folder's index of macOS", _NOTE, _DENY_DOTS, False)
_BACKUP = _Inside("a backup", _ERROR, "The file moves out of the folder that is served." + _REPLACE, False)
_ACTUATOR = _Inside(
    "Spring's actuator", _WARNING, "In Spring Boot: `management.endpoints.web.exposure.include=health`.", False
)
_PPROF = _Inside("Go's profiler", _WARNING, "Serve `net/http/pprof` on a port of its own, bound to loopback.", True)
_STATUS = _Inside("Apache's status page", _WARNING, "In Apache: `Require local` for this location.", True, "debug")
_DEBUGGER = _Inside("a framework's debugger", _WARNING, "The application runs without debugging in production.", True)
_AXD = _Inside("ASP.NET's error log", _WARNING, "In `web.config`, allow no remote access to it.", True)
_RAILS = _Inside("Rails' own description", _WARNING, "Rails runs in production mode.", True)
_DATABASE = _Inside("a database's front end", _WARNING, "It moves to an inner address.", True)
_METRICS = _Inside("metrics for Prometheus", _NOTE, "The scraper asks on an inner address.", False, "debug")
_API = _Inside("an API's description", _INFO, "", True)
_PHPINFO = _Inside("PHP's configuration (`phpinfo()`)", _WARNING, "The file that calls `phpinfo()` goes.", True)

_BY_PATH = tuple(
    (compile_late(pattern, re.IGNORECASE), inside)
    for pattern, inside in (
        (r"/\.env(?:\.[\w.-]+)?$", _ENV),
        (r"/\.git/(?:config|HEAD|index|logs/HEAD)$", _GIT),
        (r"/\.svn/(?:entries|wc\.db)$|/\.hg/", _REPOSITORY),
        (r"/\.ht(?:passwd|access)$|/web\.config$|/WEB-INF/", _SETTINGS),
        (r"/\.DS_Store$", _FOLDER),
        (r"/[\w.-]+\.(?:sql|bak|swp)(?:\.gz|\.zip)?$", _BACKUP),
        (r"/actuator/?$|/actuator/(?:env|beans|configprops|mappings|loggers)\b", _ACTUATOR),
        (r"/actuator/(?:heapdump|threaddump|httptrace|httpexchanges|logfile)\b", _ACTUATOR),
        (r"/debug/(?:pprof|vars)(?:/|$)", _PPROF),
        (r"/server-(?:status|info)/?$", _STATUS),
        (r"/_profiler(?:/|$)|/_debugbar/|/__debug__/|/telescope(?:/requests)?/?$|/_ignition/", _DEBUGGER),
        (r"/(?:elmah|trace)\.axd$", _AXD),
        (r"/rails/info/(?:properties|routes)$", _RAILS),
        (r"/(?:adminer|phpmyadmin/index)\.php$", _DATABASE),
        (r"/metrics/?$", _METRICS),
        (r"/swagger-ui(?:\.html|/index\.html|/)?$|/v[23]/api-docs/?$", _API),
        (r"/swagger(?:/v\d[\w.]*)?/swagger\.json$|/(?:openapi|swagger)\.(?:json|ya?ml)$", _API),
    )
)
_BY_MARK = {
    "debug/phpinfo": _PHPINFO,
    "debug/server-status": _STATUS,
    "debug/pprof": _PPROF,
    "debug/actuator": _ACTUATOR,
    "debug/metrics": _METRICS,
    "debug/swagger": _API,
}


_ASSETS = frozenset({"image", "font", "media", "script", "style"})


_TELLING = (
    *("/.", "actuator", "debug", "server-", "_profiler", "telescope", "_ignition", ".axd", "rails/", "adminer"),
    *("phpmyadmin", "metrics", "swagger", "api-docs", "openapi", ".sql", ".bak", ".swp", "web.config", "web-inf"),
)
"""What a path holds, in lower case, where any of the patterns matches: most paths hold none of it."""


@lru_cache(maxsize=2048)
def inside(path: str) -> _Inside | None:
    """What is known to be at a path that only those who run a site should see; ``None`` for any other."""
    lower = path.lower()
    if not any(telling in lower for telling in _TELLING):
        return None
    return next((found for pattern, found in _BY_PATH if pattern.search(path)), None)


@rule(
    "leak/debug-endpoint",
    Severity.WARNING,
    "A page for those who run the site answers everybody",
    on=(*mark("debug"), *url_holds(*_TELLING)),
    references=("https://cwe.mitre.org/data/definitions/538.html", "https://cwe.mitre.org/data/definitions/215.html"),
    what="""
        A file or page that is meant for those who run the site was answered with 200: settings, a repository, a backup,
        a profiler, a status page.
        """,
    why="Scanners ask every site for these addresses. What they get ranges from a list of visitors to every password.",
    fix="Refuse the path in the web server, or serve it on an inner address; move files out of the served folder.",
    unless="""
        A site that answers every address with the same page gives a 200 too: an HTML page where a file is expected is
        not reported. An API's description may be public on purpose. On a developer's own machine it is in its place.
        """,
    shows="""
        GET https://shop.test/.git/config HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: application/octet-stream

        [core]
        repositoryformatversion = 0
        """,
    quiet="""
        GET https://shop.test/.git/config HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/html

        <!doctype html><title>Shop</title>
        """,
    gravest=Severity.ERROR,
)
def debug_endpoint(x: Subject) -> Finding | None:
    """By what the content is, or by the address where the content does not speak against it."""
    if x.local or x.status != 200 or x.method not in ("GET", "POST") or x.content_kind in _ASSETS:
        return None
    hits = x.marks.of("debug")
    known = inside(x.url.path)
    evidence: tuple[Evidence, ...] = (x.request_line(), x.status_evidence())
    if hits:
        found = _BY_MARK[hits[0].mark.id]
        return _open(x, found, (x.request_line(), at(x, hits[0])), certain=True)
    if known is None or (x.is_html and not known.page):
        return None
    recorded = x.recorded_kind is not None
    if known.group and recorded and not x.marks.of(known.group):
        return None
    if not recorded and not _some_content(x):
        return None
    return _open(x, known, evidence, certain=recorded)


def _some_content(x: Subject) -> bool:
    return x.response is not None and x.response.body.state in ("omitted", "truncated", "full")


def _open(x: Subject, what: _Inside, evidence: tuple[Evidence, ...], *, certain: bool) -> Finding:
    plain = what.severity is Severity.INFO
    return Finding(
        f"`{x.masker.text(x.url.path[:80])}` answers with {what.name}. "
        + (
            "Where the API is public, so may its description be; it also lists what nobody was meant to find."
            if plain
            else "It is meant for those who run the site, and this request needed no more than the address."
            if "authorization" not in x.req and "cookie" not in x.req
            else "It is meant for those who run the site. What the request carried may be what opens it: a request "
            "without cookies and `Authorization` would tell."
        ),
        what.fix or None,
        evidence,
        title=f"Open to whoever asks: {what.name}" if not plain else f"Published: {what.name}",
        severity=what.severity,
        certainty="certain" if certain else "likely",
    )
