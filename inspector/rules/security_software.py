"""Fields that browsers no longer heed, and fields that tell which software runs."""

from __future__ import annotations

from functools import lru_cache

from inspector.patterns import compile_late
from inspector.report import Severity
from inspector.rules import security_texts as texts
from inspector.rules.base import Finding, response_field, response_value, rule
from inspector.subject import Subject
from inspector.words import listed

_DEPRECATED = {
    "x-xss-protection": "the filter it controlled is gone from every browser, and could itself be abused",
    "expect-ct": "certificate transparency is enforced without it; Chromium removed it in version 107",
    "public-key-pins": "browsers removed key pinning, because a mistake locked sites out",
    "public-key-pins-report-only": "browsers removed key pinning",
    "feature-policy": "`Permissions-Policy` has replaced it; Chromium still reads it, other browsers do not",
    "p3p": "only Internet Explorer looked at it",
    "x-content-security-policy": "a trial name of `Content-Security-Policy` that current browsers do not know",
    "x-webkit-csp": "a trial name of `Content-Security-Policy` that current browsers do not know",
    "x-download-options": "only Internet Explorer looked at it",
    "tk": "the tracking preference it answers was abandoned",
}


@rule(
    "security/deprecated-field",
    Severity.INFO,
    "A field that browsers no longer heed",
    on=response_field(*_DEPRECATED),
    references=("https://owasp.org/www-project-secure-headers/#deprecated-headers",),
    what="The response carries a field from an earlier time, which current browsers ignore.",
    why="It costs bytes in every response and gives a feeling of protection that is not there.",
    fix="Leave it out; where there is a successor, send that.",
    unless="`X-XSS-Protection: 0` does no harm and is not reported.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    X-XSS-Protection: 1; mode=block
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    X-XSS-Protection: 0
    """,
    once="origin",
)
def deprecated_field(x: Subject) -> Finding | None:
    """Each such field, with its fate."""
    if not texts.of_the_page(x):
        return None
    index = x.res.first
    there = [
        n for n in _DEPRECATED if n in index and not (n == "x-xss-protection" and index[n].strip().startswith("0"))
    ]
    if not there:
        return None
    return Finding(
        "; ".join(f"`{x.res.named(n)}`: {_DEPRECATED[n]}" for n in there) + ".",
        title=f"No longer heeded: {listed([f'`{x.res.named(n)}`' for n in there], most=4)}",
        evidence=tuple(x.response_field(n) for n in there),
    )


_VERSIONED = ("server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator")
_VERSION = compile_late(r"(?:^|[/ v(-])(\d{1,4}(?:\.\d{1,6}){1,3}[\w.-]{0,20}|\d{1,4}(?=$|[ ;)]))")


@lru_cache(maxsize=1024)
def _version(value: str) -> str | None:
    """The version number in what a field says of the software, ``None`` where there is none."""
    if value.startswith("Apache-Coyote"):
        return None
    match = _VERSION.search(value[:200])
    return match[1] if match else None


@rule(
    "security/server-version",
    Severity.NOTE,
    "The server tells the version of its software",
    on=tuple(trigger for name in _VERSIONED for trigger in response_value(name, _version)),
    references=(
        "https://owasp.org/www-project-web-security-testing-guide/stable/4-Web_Application_Security_Testing/01-Information_Gathering/02-Fingerprint_Web_Server",
    ),
    what="`Server`, `X-Powered-By` or a similar field contains a version number.",
    why="Who looks for servers with a known hole finds this one by its version. It does not make the server weaker.",
    fix="Switch the version off: `server_tokens off;` (nginx), `ServerTokens Prod` (Apache), `expose_php = Off` (PHP).",
    unless="A product name without a version is not reported.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Server: nginx/1.18.0
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Server: nginx
    """,
    once="origin",
)
def server_version(x: Subject) -> Finding | None:
    """A version in one of these fields."""
    if x.local or not texts.of_the_page(x):
        return None
    index = x.res.first
    found = [(n, v) for n in _VERSIONED if n in index and (v := _version(x.res.get(n) or ""))]
    if not found:
        return None
    shown = [f"`{x.res.named(n)}: {x.shown('response', n)[:80]}`" for n, _ in found]
    return Finding(
        f"{listed(shown)} {'tells' if len(found) == 1 else 'tell'} everybody which version runs here.",
        fix=_switch_off(x, [name for name, _ in found]),
        evidence=tuple(x.response_field(n, mark=version) for n, version in found),
    )


_SWITCH_OFF = (
    ("server", "nginx/", "In nginx: `server_tokens off;`."),
    ("server", "openresty/", "In OpenResty: `server_tokens off;`."),
    ("server", "apache/", "In Apache: `ServerTokens Prod` and `ServerSignature Off`."),
    ("server", "microsoft-iis/", 'In IIS 10: `removeServerHeader="true"` on `requestFiltering`.'),
    ("x-powered-by", "php/", "In PHP: `expose_php = Off` in `php.ini`."),
    ("x-aspnet-version", "", 'In ASP.NET: `enableVersionHeader="false"` on `httpRuntime`.'),
    ("x-aspnetmvc-version", "", "In ASP.NET MVC: `MvcHandler.DisableMvcResponseHeader = true;` at the start."),
)
"""By field and what its value begins with, in lower case: how the one who set it up switches it off."""


def _switch_off(x: Subject, names: list[str]) -> str:
    fixes = [
        fix
        for name, product, fix in _SWITCH_OFF
        if name in names and (x.res.get(name) or "").lower().startswith(product)
    ]
    return " ".join(fixes) or "The server should be set up to send the product name at most."
