"""Resource hints against what the page then did: told by the story of the page's load, which sees both."""

from __future__ import annotations

from inspector.report import Severity
from inspector.rules.base import story_rule

_LINKS = "https://html.spec.whatwg.org/multipage/links.html#"
PRELOAD = _LINKS + "link-type-preload"
CONSUME = _LINKS + "consume-a-preloaded-resource"
PRECONNECT = _LINKS + "link-type-preconnect"
DNS = _LINKS + "link-type-dns-prefetch"
CONNECTIONS = "https://fetch.spec.whatwg.org/#connections"

_PAGE = """
    # type: document
    # page: https://shop.test/
    # duration: 80
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html>{}
    ---
    # type: {}
    # page: https://shop.test/
    # duration: 40
    GET https://{} HTTP/2

    HTTP/2 200
    Content-Type: {}

    {}
    """

PRELOAD_UNUSED = story_rule(
    "hints/preload-unused",
    Severity.NOTE,
    "A preload that the page did not use",
    references=(PRELOAD, CONSUME),
    what="A file was preloaded, and neither the page's markup nor any script or stylesheet of it names that file.",
    why="It was fetched early and at a high priority, and took bandwidth from what the page needs first.",
    fix="Take the preload out, or preload what the page does use; a file for the next page is a `prefetch`.",
    unless="Told only where the contents of all the page's scripts and stylesheets are recorded. A script may still "
    "put the file's name together from pieces.",
    shows=_PAGE.format(
        "<link rel=preload as=image href=/old-hero.avif><p>Cups", "image", "shop.test/old-hero.avif", "image/avif", "…"
    ),
    quiet=_PAGE.format(
        "<link rel=preload as=image href=/hero.avif><img src=/hero.avif>",
        "image",
        "shop.test/hero.avif",
        "image/avif",
        "…",
    ),
)

PRELOAD_WRONG_AS = story_rule(
    "hints/preload-wrong-as",
    Severity.NOTE,
    "A preload for another purpose than the file's use",
    references=(PRELOAD, CONSUME),
    what="A file was preloaded with one destination in `as`, and used with another.",
    why="A preload is taken for the same destination alone. The file is requested a second time, and the first time it "
    "was asked for at the wrong priority, under the wrong part of the Content Security Policy.",
    fix="Write in `as` what the file is used for.",
    shows=_PAGE.format(
        "<link rel=preload as=image href=/app.js><script src=/app.js></script>",
        "script",
        "shop.test/app.js",
        "text/javascript",
        "run()",
    ),
    quiet=_PAGE.format(
        "<link rel=preload as=script href=/app.js><script src=/app.js></script>",
        "script",
        "shop.test/app.js",
        "text/javascript",
        "run()",
    ),
)

PREFETCH_AGAIN = story_rule(
    "hints/prefetch-again",
    Severity.NOTE,
    "A prefetched file was fetched again",
    references=(_LINKS + "link-type-prefetch",),
    what="A page fetched a file ahead for pages to come (`prefetch`), and when it was needed, it was requested over "
    "the network once more.",
    why="The first transfer was for nothing, and competed with what the page itself needed.",
    fix="The server lets the file be kept (no `no-store`; a `max-age` of some minutes) and does not vary it by what "
    "differs between the two requests. Where it cannot, the page leaves the prefetch out.",
    unless="Between the two, more time passed than the file may be kept, or the person reloaded the page.",
    shows="""
    # type: document
    # page: https://shop.test/
    # duration: 80
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><link rel=prefetch href=/next.js>
    ---
    # type: script
    # page: https://shop.test/
    # duration: 40
    GET https://shop.test/next.js HTTP/2

    HTTP/2 200
    Content-Type: text/javascript
    Cache-Control: no-store
    ---
    # type: script
    # page: https://shop.test/
    # duration: 40
    GET https://shop.test/next.js HTTP/2

    HTTP/2 200
    Content-Type: text/javascript
    Cache-Control: no-store
    """,
    quiet=_PAGE.format("<link rel=prefetch href=/next.js>", "script", "shop.test/next.js", "text/javascript", "run()"),
)

CONNECTION_UNUSED = story_rule(
    "hints/connection-unused",
    Severity.INFO,
    "A connection was hinted at and not used",
    references=(PRECONNECT, DNS),
    what="The page has `preconnect` or `dns-prefetch` for an origin that it then asked for nothing.",
    why="A connection that nobody uses costs a handshake with certificates, and competes with those that are used.",
    fix="Take the hint out, or correct the host in it.",
    unless="What people do on the page may ask that origin later, and what a content blocker stops is not recorded.",
    shows=_PAGE.format(
        "<link rel=preconnect href=https://old-cdn.test><script src=/app.js></script>",
        "script",
        "shop.test/app.js",
        "text/javascript",
        "run()",
    ),
    quiet=_PAGE.format(
        "<link rel=preconnect href=https://cdn.test><script src=https://cdn.test/a.js></script>",
        "script",
        "cdn.test/a.js",
        "text/javascript",
        "run()",
    ),
)

HINT_LATE = story_rule(
    "hints/too-late",
    Severity.INFO,
    "A hint that comes after what it hints at",
    references=(PRELOAD, PRECONNECT),
    what="The markup loads a file, or something of an origin, before the hint for it.",
    why="Browsers read the markup from the top: when they meet the hint, they have asked already. Chrome then fetches "
    "a file that no cache may keep a second time, for a preload nobody takes.",
    fix="Put the hint above what it is for, or take it out; a `Link` field or `103 Early Hints` comes even earlier.",
    shows=_PAGE.format(
        "<script src=/app.js></script><link rel=preload as=script href=/app.js>",
        "script",
        "shop.test/app.js",
        "text/javascript",
        "run()",
    ),
    quiet=_PAGE.format(
        "<link rel=preload as=script href=/app.js><script src=/app.js></script>",
        "script",
        "shop.test/app.js",
        "text/javascript",
        "run()",
    ),
)

PRECONNECT_MODE = story_rule(
    "hints/preconnect-crossorigin",
    Severity.NOTE,
    "A preconnect in the wrong mode",
    references=(PRECONNECT, CONNECTIONS),
    what="An origin is preconnected without `crossorigin`, and the page only asks it for fonts (or the other way "
    "round).",
    why="Browsers keep connections with and without credentials apart: the one opened ahead is not taken, and a "
    "second one has to be opened.",
    fix="`<link rel=preconnect href=… crossorigin>` for fonts and for `fetch()` without credentials; without "
    "`crossorigin` for scripts, styles and images that are not asked for with CORS.",
    unless="Chrome may carry requests without credentials over a connection with them where the server uses HTTP/2 and "
    "asks for no client certificate; told only where a new connection was recorded.",
    shows="""
    # type: document
    # page: https://shop.test/
    # duration: 80
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><link rel=preconnect href=https://fonts.test><style>@font-face{src:url(https://fonts.test/a.woff2)}</style>
    ---
    # type: font
    # page: https://shop.test/
    # connect: 40
    # duration: 90
    GET https://fonts.test/a.woff2 HTTP/2

    HTTP/2 200
    Content-Type: font/woff2
    """,
    quiet="""
    # type: document
    # page: https://shop.test/
    # duration: 80
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><link rel=preconnect href=https://fonts.test crossorigin>
    <style>@font-face{src:url(https://fonts.test/a.woff2)}</style>
    ---
    # type: font
    # page: https://shop.test/
    # connect: 40
    # duration: 90
    GET https://fonts.test/a.woff2 HTTP/2

    HTTP/2 200
    Content-Type: font/woff2
    """,
)
