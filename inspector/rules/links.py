"""What a page's markup loads and opens from other sites without holding them to anything."""

from __future__ import annotations

import re

from inspector import url as urls
from inspector.content.html import Element, HtmlPage, runs_script
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, document, recorded_content, rule
from inspector.rules.status_words import brief
from inspector.site import same_site
from inspector.subject import Subject
from inspector.words import count, listed, ticked

SRI = "https://www.w3.org/TR/SRI/"
_MOST = 400
"""Elements of a page that are looked at."""
_TAKEN_OVER = (
    "polyfill.io",
    "bootcdn.net",
    "bootcss.com",
    "staticfile.net",
    "staticfile.org",
    "unionadjs.com",
)
"""Hosts that were in the hands of those who replaced scripts of polyfill.io in June 2024."""
_TAKEN_AT = 1_719_273_600.0  # 2024-06-25, when it became public
_FIXED = compile_late(
    r"[/@-]v?\d+\.\d+(?:\.\d+)?[\w.-]*(?:/|\.(?:js|css|mjs)|$)|[.-][0-9a-f]{16,64}\.(?:min\.)?(?:js|css|mjs)$",
    re.IGNORECASE,
)
"""Addresses that name one version for good: only those can be held to a hash."""


def _foreign(x: Subject, page: HtmlPage) -> list[tuple[Element, urls.Url]]:
    """The scripts and stylesheets a page loads from other sites, with their addresses."""
    found = []
    for element in (*page.scripts, *page.links)[:_MOST]:
        if element.tag == "script":
            reference = element.get("src") if runs_script(element) else None
        else:
            reference = element.get("href") if "stylesheet" in (element.get("rel") or "").lower().split() else None
        if not reference or "//" not in reference[:10]:
            continue
        there = urls.parse(page.resolve(x.request.url, reference))
        if there.scheme in ("http", "https") and there.host and not same_site(there, x.url, schemeful=False):
            found.append((element, there))
    return found


def foreign(x: Subject) -> list[tuple[Element, urls.Url]]:
    """As `_foreign`, of this exchange's page; empty where there is none."""
    return [] if x.html is None else _foreign(x, x.html)


def _quoted(x: Subject, there: urls.Url) -> Evidence:
    return Evidence("response.body", None, brief(x.masker.url(there.text), 120))


@rule(
    "sri/missing",
    Severity.NOTE,
    "Code from another site is not held to its content",
    on=recorded_content("html"),
    also=document(),
    references=(SRI + "#the-integrity-attribute", SRI + "#goals"),
    what="A page loads a fixed version of a script or stylesheet from another site, without `integrity`.",
    why="Whoever controls that host, by right or by a break-in, runs code in this page with all its visitor can do. "
    "A hash in `integrity` makes the browser refuse any other content.",
    fix="""
    Add `integrity="sha384-…"` and `crossorigin="anonymous"` to the element, or serve the file yourself. Without
    `crossorigin` the browser cannot read what it should check, and refuses it.
    """,
    unless="Addresses without a version change their content on purpose and cannot have a hash: not told.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><script src="https://cdn.example/jquery/3.7.1/jquery.min.js"></script>
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><script src="https://cdn.example/jquery/3.7.1/jquery.min.js" crossorigin
    integrity="sha384-1H217gwSVyLSIfaLxHbE7dRb3v4mYCKbpQvzx0cegeju1MVsGrX5xXxAvs/HgeFs"></script>
    """,
    once="origin",
)
def sri_missing(x: Subject) -> Finding | None:
    """Other sites, fixed versions; hosts of `sri/taken-over` are that rule's."""
    found = [
        there
        for element, there in foreign(x)
        if not element.get("integrity") and _FIXED.search(there.path) and not _was_taken(there.host)
    ]
    if not found:
        return None
    hosts = list(dict.fromkeys(there.host for there in found))
    return Finding(
        f"{count(len(found), 'file')} of a fixed version from {listed(ticked(brief(h, 60) for h in hosts), most=3)} "
        f"{'comes' if len(found) == 1 else 'come'} without `integrity`: the browser runs whatever that host sends.",
        fix='The page adds `integrity="sha384-…"` with the hash of the file and `crossorigin="anonymous"`, or serves '
        "the file itself. Trap: the host has to answer with `Access-Control-Allow-Origin`, or the file is refused.",
        evidence=tuple(_quoted(x, there) for there in found[:3]),
    )


@rule(
    "sri/taken-over",
    Severity.ERROR,
    "A script from a host that was used for attacks",
    on=recorded_content("html"),
    also=document(),
    references=("https://nvd.nist.gov/vuln/detail/CVE-2024-38526", SRI + "#goals"),
    what="The page loads code from polyfill.io or a host of the same owner, who replaced scripts with malicious ones "
    "in June 2024.",
    why="The code runs in the page with everything its visitor can do. The names may change hands again.",
    fix="Remove the script: browsers of today need no polyfills for what it offered. Where they do, serve the file "
    "yourself.",
    unless="A script with `integrity` cannot be replaced, and is not told.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><script src="https://cdn.polyfill.io/v3/polyfill.min.js"></script>
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><script src="https://cdn.example/v3/polyfill.min.js"></script>
    """,
    once="origin",
)
def sri_taken_over(x: Subject) -> Finding | None:
    """Warned of in recordings from before it happened, where the script was still the real one."""
    found = [there for element, there in foreign(x) if _was_taken(there.host) and not element.get("integrity")]
    if not found:
        return None
    before = x.started is not None and x.started < _TAKEN_AT
    when = " When this was recorded, that had not happened yet." if before else ""
    return Finding(
        f"The page loads code from `{brief(found[0].host, 60)}`. After that name had been sold, visitors of sites that "
        f"used it got malicious code (June 2024).{when}",
        fix="The page leaves the script out (browsers of today do without), or loads it from its own host.",
        severity=Severity.WARNING if before else None,
        evidence=tuple(_quoted(x, there) for there in found[:3]),
    )


def _was_taken(host: str) -> bool:
    return any(host == name or host.endswith("." + name) for name in _TAKEN_OVER)


@rule(
    "link/tabnabbing",
    Severity.NOTE,
    "A page of another site may send this one elsewhere",
    on=recorded_content("html"),
    also=document(),
    references=("https://html.spec.whatwg.org/multipage/links.html#link-type-opener",),
    what="A link opens another site in a new tab and hands it `window.opener` with `rel=opener`.",
    why="The opened page can set `opener.location` and put a look-alike where this page was.",
    fix="Leave `opener` out of `rel`: for `target=_blank` browsers then act as with `noopener`.",
    unless="Without `rel=opener` today's browsers give no `opener`, so a missing `noopener` is not told.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><a href="https://other.example/" target="_blank" rel="opener">Partner</a>
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><a href="https://other.example/" target="_blank">Partner</a>
    """,
    once="origin",
)
def tabnabbing(x: Subject) -> Finding | None:
    """HTML, section 4.6.2: `noopener` and `noreferrer` win over `opener`."""
    page = x.html
    for element in page.having("a", "area", "form") if page is not None else ():
        relations = (element.get("rel") or "").lower().split()
        if "opener" not in relations or {"noopener", "noreferrer"} & set(relations):
            continue
        target = (element.get("target") or "").strip().lower()
        reference = element.get("action" if element.tag == "form" else "href")
        if target != "_blank" or not reference or page is None:
            continue
        there = urls.parse(page.resolve(x.request.url, reference))
        if there.scheme not in ("http", "https") or same_site(there, x.url, schemeful=False):
            continue
        return Finding(
            f"The page opens `{brief(there.host, 80)}` in a new tab with `rel=opener`. That page can then send this "
            "tab to any address.",
            fix="The page leaves `opener` out of `rel`.",
            evidence=(_quoted(x, there),),
        )
    return None
