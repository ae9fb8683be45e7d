"""Files and answers that show how a site is made: listings, source code, source maps, an API's whole schema."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspector import url as urls
from inspector import words
from inspector.content.html import HtmlPage
from inspector.content.scan import Hit
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, mark, response_field, rule
from inspector.rules.found import as_code, at, content
from inspector.rules.leak_endpoints import inside
from inspector.site import same_site

if TYPE_CHECKING:
    from inspector.subject import Subject

_MEANT_TO_LIST = compile_late(
    r"^(?:ftp|mirrors?|archives?|downloads?|dl|releases?|dist|repo|packages|old-releases)\d*\.|"
    r"/(?:pub|mirrors?|archives?|downloads?|releases?|dist|packages|simple)(?:/|$)",
    re.IGNORECASE,
)


@rule(
    "leak/directory-listing",
    Severity.WARNING,
    "A folder lists its files",
    on=mark("listing"),
    references=(
        "https://cwe.mitre.org/data/definitions/548.html",
        "https://httpd.apache.org/docs/2.4/mod/mod_autoindex.html",
    ),
    what="The server had no page for this folder and made one that lists every file in it.",
    why="Among the files are often some that nobody links to: backups, drafts, uploads, exports.",
    fix="Switch it off: `Options -Indexes` (Apache), `autoindex off;` (nginx), directory browsing (IIS).",
    unless="A download server lists on purpose: where host or path say so, it is information.",
    shows="""
        # type: document
        GET https://shop.test/uploads/ HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/html

        <html><head><title>Index of /uploads</title></head><body><h1>Index of /uploads</h1>
        <a href="../">../</a> <a href="orders-2025.csv">orders-2025.csv</a></body></html>
        """,
    quiet="""
        # type: document
        GET https://shop.test/blog/autoindex HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/html

        <html><head><title>Index of /: what a listing gives away</title></head>
        <body><a href="/blog/">All articles</a></body></html>
        """,
)
def directory_listing(x: Subject) -> Finding | None:
    """The title of a listing, and links as listings have them."""
    page = x.html
    hits = x.marks.of("listing")
    if not hits or page is None or x.local or x.status != 200:
        return None
    files = _files(page, iis=hits[0].mark.id == "listing/iis", above=b"Parent Directory<" in content(x))
    if files is None:
        return None
    meant = _MEANT_TO_LIST.search(x.url.host) or _MEANT_TO_LIST.search(x.url.path)
    some = f": {words.listed([f'`{x.masker.text(name[:40])}`' for name in files], most=4)}" if files else ""
    return Finding(
        f"Whoever asks for this folder gets the list of what is in it{some}."
        + (" By its name it is there for downloads, where that is wanted." if meant else ""),
        None if meant else "In Apache `Options -Indexes`, in nginx `autoindex off;`, or an `index.html` in the folder.",
        (x.request_line(), at(x, hits[0], behind=40)),
        severity=Severity.INFO if meant else None,
    )


def _files(page: HtmlPage, *, iis: bool, above: bool) -> list[str] | None:
    """The names a listing links to; ``None`` where the page is not one. `above`: it names the folder above."""
    links = [e.get("href") or "" for e in page.having("a")]
    up = above or any(link in ("../", "..") or link.startswith(("?C=", "?N=", "?M=")) for link in links)
    names = [link for link in links if link and not link.startswith(("/", "?", "#", ".")) and "://" not in link]
    if page.title.startswith("Directory listing for /"):  # Python's http.server links to no folder above
        return names if len(names) == len(links) else None
    if iis:
        return [link.rstrip("/").rpartition("/")[2] for link in links[1:] if link]
    return names if up or len(names) == len(links) else None


_EXTENSION = compile_late(r"\.(?:php\d?|phtml|aspx?|ascx|jspx?|cgi|pl|py|rb|inc)$", re.IGNORECASE)


@rule(
    "leak/source-code",
    Severity.WARNING,
    "The server sent source code instead of running it",
    on=mark("source"),
    references=(
        "https://cwe.mitre.org/data/definitions/540.html",
        "https://cwe.mitre.org/data/definitions/433.html",
    ),
    what="The response holds code that was to run on the server, or a file of settings.",
    why="It shows how the site works and where it is weak, and often the passwords for what is behind it.",
    fix="""
        Have the server run such files (a handler that went missing after an update is the usual cause), and keep code
        and settings outside the folder that is served. Change every password that stood in what was sent.
        """,
    unless="Pages that show code (in `pre`, `code`, a text field) and scripts offered for download are not reported.",
    shows="""
        GET https://shop.test/cart.php HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/html

        <?php $db = new PDO($dsn, $user, $password); ?>
        """,
    quiet="""
        GET https://docs.shop.test/pdo HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/html

        <p>Connect:</p><pre><?php $db = new PDO($dsn); ?></pre>
        """,
    gravest=Severity.ERROR,
)
def source_code(x: Subject) -> Finding | None:
    """Code where a page was to be, or a file that is known to hold settings."""
    if x.status >= 400 or inside(x.url.path) is not None:
        return None  # `leak/debug-endpoint` tells of files that are known by their address
    data = content(x)
    hit = next((hit for hit in x.marks.of("source") if _sent_by_mistake(x, data, hit)), None)
    if hit is None:
        return None
    settings = hit.mark.id == "source/env"
    return Finding(
        f"The response holds {hit.mark.name}"
        + (", which was meant for the server alone." if settings else ", which the server was to run and not to send."),
        "The file moves out of the folder that is served; what it holds counts as known and is changed."
        if settings
        else "The server gets its handler for this type of file back; passwords in the code are changed.",
        (x.request_line(), Evidence("response.body", *_line(x, data, hit))),
        title=f"Sent to whoever asks: {hit.mark.name}",
        severity=Severity.ERROR if hit.mark.id == "source/env" else None,
    )


def _line(x: Subject, data: bytes, hit: Hit) -> tuple[str, str]:
    """Where it stands, and its line; of settings the name alone, since what follows is the secret."""
    shown = at(x, hit)
    value = shown.value or ""
    if hit.mark.id == "source/env" and not x.masker.reveal:
        value = value.partition("=")[0] + "=…"
    return shown.name or "", value


def _sent_by_mistake(x: Subject, data: bytes, hit: Hit) -> bool:
    kind, path = x.recorded_kind, x.url.path
    if hit.mark.id == "source/git":
        return False  # known by its address, or part of somebody's download
    if hit.mark.id == "source/env":
        return ".env" in path or (kind != "html" and data[: hit.start].count(b"=") + data.count(b"=", hit.end) >= 2)
    if hit.mark.id == "source/script":
        return kind != "other" and _EXTENSION.search(path) is not None
    if kind == "html":
        return not as_code(data, hit.start) and not _in_script(data, hit.start)
    return _EXTENSION.search(path) is not None


def _in_script(data: bytes, start: int) -> bool:
    """Whether a place lies in a script or a comment, where editors and templates keep code as text."""
    before = data[max(start - 50_000, 0) : start].lower()
    return before.rfind(b"<script") > before.rfind(b"</script") or before.rfind(b"<!--") > before.rfind(b"-->")


_LIBRARY = compile_late(
    r"(?:jquery|bootstrap|react|vue|angular|lodash|underscore|backbone|ember|moment|d3|three|chart|leaflet|swiper|popper|"
    r"modernizr|polyfills?|core-js|zone|normalize|font-?awesome|tailwind|foundation|select2|slick|hammer|video|hls|"
    r"socket\.io|axios|rxjs|mootools|prototype|require|knockout|handlebars|mustache|highlight|prism|sentry|gsap)\b",
    re.IGNORECASE,
)


def _own(x: Subject) -> bool:
    """Whether the file belongs to the page's own site and is no library whose source everybody has anyway."""
    page = x.page_url
    if page and not same_site(urls.parse(page), x.url, schemeful=False):
        return False
    return _LIBRARY.search(x.url.path.rpartition("/")[2]) is None


@rule(
    "leak/source-map",
    Severity.NOTE,
    "The site's own source can be read",
    on=(*mark("source-map"), *response_field("sourcemap", "x-sourcemap")),
    references=(
        "https://tc39.es/ecma426/",
        "https://tc39.es/ecma426/",
    ),
    what="""
        A script or style sheet names its source map (in a `SourceMap` field or a comment at its end), or a map with the
        sources in it was answered.
        """,
    why="""
        With the map, a browser's tools show the files as they were written, comments and names included. That is fine
        where nothing in there is secret; it makes reading the code, and finding its mistakes, much easier.
        """,
    fix="""
        Where that is not wanted, build with hidden source maps (webpack: `devtool: 'hidden-source-map'`; Vite:
        `build.sourcemap: 'hidden'`), upload them to the error tracker, and do not serve them.
        """,
    unless="Libraries whose source is public anyway, other sites' files and a developer's own machine are left out.",
    shows="""
        # page: https://shop.test/
        GET https://shop.test/assets/app.4f1d2a.js HTTP/2

        HTTP/2 200
        Content-Type: text/javascript

        console.log("shop");
        //# sourceMappingURL=app.4f1d2a.js.map
        """,
    quiet="""
        # page: https://shop.test/
        GET https://shop.test/assets/jquery.min.js HTTP/2

        HTTP/2 200
        Content-Type: text/javascript

        console.log("jQuery");
        //# sourceMappingURL=jquery.min.map
        """,
)
def source_map(x: Subject) -> Finding | None:
    """A map that is named is information; one that is answered, with the sources in it, is worth a note."""
    if x.local or x.status != 200 or not _own(x):
        return None
    hits = x.marks.of("source-map")
    data = content(x) if hits else b""
    served = next((hit for hit in hits if hit.mark.id == "source-map/sources"), None)
    if served is not None and (x.url.path.endswith(".map") or data[:1] == b"{"):
        if not x.session.first("leak/source-map served", x.url.origin):
            return None
        return Finding(
            "This source map has the sources in it: every file as it was written, comments included.",
            "The build keeps maps apart (`hidden-source-map`), and the server does not serve `.map` files.",
            (x.request_line(), at(x, served, behind=20)),
        )
    name = next((n for n in ("sourcemap", "x-sourcemap") if n in x.res), None)
    named = next((hit for hit in hits if hit.mark.id == "source-map/comment"), None)
    if name is not None:
        evidence, address = x.response_field(name), x.res.get(name) or ""
    elif named is not None:
        evidence, address = at(x, named, ahead=24, behind=0), data[named.start : named.end].decode("latin-1")
    else:
        return None
    if not x.session.first("leak/source-map named", x.url.origin):
        return None
    within = address.startswith("data:")
    return Finding(
        "The file carries its source map, and with it the sources, within itself; every visitor downloads them."
        if within
        else f"The file says where its source map is: `{x.masker.url(address[:80])}`. Whether the server gives it to "
        "everybody, asking for it tells.",
        "The build writes maps to files of their own, and leaves this comment out (`hidden-source-map`).",
        (evidence,),
        title="The source map travels with the file" if within else "The file names its source map",
        severity=None if within else Severity.INFO,
    )


_TYPES = compile_late(rb'"kind"\s*:\s*"(?:OBJECT|INPUT_OBJECT|ENUM|INTERFACE|UNION)"')


@rule(
    "leak/graphql-introspection",
    Severity.NOTE,
    "The GraphQL API describes itself to whoever asks",
    on=mark("graphql"),
    references=(
        "https://spec.graphql.org/October2021/#sec-Introspection",
        "https://cheatsheetseries.owasp.org/cheatsheets/GraphQL_Cheat_Sheet.html#introspection-graphiql",
    ),
    what="An introspection query (`__schema`) was answered: every type, field and mutation of the API.",
    why="""
        For developers it is what makes GraphQL pleasant. In production it also lists what is not linked anywhere,
        and guards that were forgotten are found by going through the list.
        """,
    fix="Switch introspection off in production (Apollo Server: `introspection: false`), or keep it for developers.",
    unless="An API that is open to everybody has a public schema. It hides nothing that its own checks do not protect.",
    shows="""
        POST https://api.shop.test/graphql HTTP/2
        Content-Type: application/json

        {"query": "{ __schema { types { name } } }"}

        HTTP/2 200
        Content-Type: application/json

        {"data": {"__schema": {"types": [{"name": "Query"}]}}}
        """,
    quiet="""
        POST https://api.shop.test/graphql HTTP/2
        Content-Type: application/json

        {"query": "{ items { name } }"}

        HTTP/2 200
        Content-Type: application/json

        {"data": {"items": [{"name": "Chair"}]}}
        """,
    once="origin",
)
def graphql_introspection(x: Subject) -> Finding | None:
    """An answered introspection, and how much it told."""
    hits = x.marks.of("graphql")
    if x.local or not hits or x.status >= 400:
        return None
    types = len(_TYPES.findall(content(x)[:2_000_000]))
    signed = "authorization" in x.req or "cookie" in x.req
    return Finding(
        f"The answer holds the API's schema{f', {words.count(types, "type")}' if types else ''}"
        + (", for a request with credentials." if signed else ", for a request without credentials."),
        "With Apollo Server: `introspection: false` in production; other servers have a switch of the same kind.",
        (x.request_line(), at(x, hits[0], behind=30)),
        severity=Severity.INFO if signed else None,
    )
