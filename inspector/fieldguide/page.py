"""What a response tells a page, its tools and its scripts besides the content."""

from __future__ import annotations

from inspector.fieldguide.base import BOTH, HTML, REQUEST, RESPONSE, RFC, known, reads, row
from inspector.fieldguide.say import misfit, quote, sentence, sentences, url
from inspector.fields.link import parse_link
from inspector.words import count

_RELATIONS = {
    "preload": "fetch {} now, it is needed soon",
    "modulepreload": "fetch the script module {} now, it is needed soon",
    "prefetch": "fetch {} when there is time, for a later page",
    "preconnect": "open a connection to {} now",
    "dns-prefetch": "look up the address of {} now",
    "prerender": "build the page {} in the background",
    "stylesheet": "apply the style sheet {}",
    "canonical": "the preferred address of this is {}",
    "alternate": "another form of this is {}",
    "next": "the next page is {}",
    "prev": "the page before is {}",
    "first": "the first page is {}",
    "last": "the last page is {}",
    "self": "this is {}",
    "shortlink": "a short address of this is {}",
    "shortcut": "its icon is {}",
    "icon": "its icon is {}",
    "https://api.w.org/": "WordPress's interface for programs is at {}",
    "describedby": "it is described at {}",
    "license": "its licence is {}",
    "amphtml": "its AMP version is {}",
    "hub": "updates are published by {}",
    "pingback": "notices of links to it go to {}",
    "original": "the resource itself is {}",
    "timegate": "past states are chosen at {}",
    "timemap": "past states are listed at {}",
    "service-desc": "its interface is described for machines at {}",
    "compression-dictionary": "fetch {} as a dictionary for later compression",
}
_AS = {
    "script": "the script",
    "style": "the style sheet",
    "font": "the font",
    "image": "the image",
    "fetch": "the data",
    "document": "the page",
}


@reads(
    row(
        "Link",
        BOTH,
        "Relations of this resource to others; to a browser, also what to fetch ahead.",
        f"{RFC}8288#section-3",
        "</style.css>; rel=preload; as=style, <https://cdn.test>; rel=preconnect",
    ),
)
def link(value: str) -> str:
    """Targets by relation."""
    links = parse_link(value)
    if links is None:
        return misfit("a list of links (`<url>; rel=…`)")
    said = []
    for each in links[:4]:
        target = url(each.target, 80)
        words = next((_RELATIONS[r] for r in each.relations if r in _RELATIONS), None)
        if words is None:
            said.append(
                f"{target} is its {quote(' '.join(each.relations), 60)}"
                if each.relations
                else f"{target} has no relation named"
            )
            continue
        kind = _AS.get(each.parameters.get("as", "").lower())
        text = words.format(f"{kind} {target}" if kind and "{}" in words and "fetch {}" in words else target)
        if "nopush" in each.parameters:
            text += " (without pushing it)"
        said.append(text)
    if len(links) > 4:
        said.append(f"and {count(len(links) - 4, 'more link')}")
    return sentence("; ".join(said))


PLACES = known(
    row(
        "SourceMap",
        RESPONSE,
        "Where the map is that leads from this built script or style sheet back to its sources, for developer tools.",
        "https://tc39.es/ecma426/",
        "/maps/app.js.map",
    ),
    row(
        "X-SourceMap",
        RESPONSE,
        "Where the map is that leads from this built script back to its sources; the name before `SourceMap`.",
        "https://tc39.es/ecma426/",
        "/maps/app.js.map",
    ),
    row(
        "X-Pingback",
        RESPONSE,
        "Where others may announce that they link to this page (WordPress and other blogs).",
        "https://www.hixie.ch/specs/pingback/pingback#TOC2.1",
        "https://blog.test/xmlrpc.php",
    ),
    row(
        "X-Accel-Redirect",
        RESPONSE,
        "Tells an nginx in front which file to send instead; it should never reach a client.",
        "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ignore_headers",
        "/protected/report.pdf",
    ),
    row(
        "X-Sendfile",
        RESPONSE,
        "Tells the web server in front which file to send instead; it should never reach a client.",
        "https://tn123.org/mod_xsendfile/",
        "/srv/report.pdf",
    ),
    row(
        "Service-Worker-Allowed",
        RESPONSE,
        "Under which path this script may act as a service worker, if not just under its own.",
        "https://www.w3.org/TR/service-workers/#service-worker-allowed",
        "/",
    ),
)


@reads(
    row(
        "X-DNS-Prefetch-Control",
        RESPONSE,
        "Whether the browser may look up the hosts of the page's links ahead.",
        "https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-DNS-Prefetch-Control",
        "off",
    ),
    row(
        "X-Accel-Buffering",
        RESPONSE,
        "Whether an nginx in front may collect the response before it sends it on; `no` keeps a stream flowing.",
        "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering",
        "no",
    ),
)
def on_off(value: str) -> str:
    """On or off."""
    words = {"on": "It may.", "yes": "It may.", "off": "It may not.", "no": "It may not."}
    return words.get(value.strip().lower()) or misfit("`on` or `off`, `yes` or `no`")


@reads(
    row(
        "X-UA-Compatible",
        RESPONSE,
        "As which version Internet Explorer was to behave; no current browser reads it.",
        "https://learn.microsoft.com/openspecs/ie_standards/ms-iedoco/380e2488-f5eb-4457-a07a-0cb1b6e4b4b5",
        "IE=edge",
    )
)
def ua_compatible(value: str) -> str:
    """Modes of Internet Explorer."""
    said = value.lower().replace(" ", "")
    chrome = "with the Chrome Frame plug-in where it was installed" if "chrome=" in said else ""
    if "ie=edge" in said:
        return sentences(f"as the newest it could{f', {chrome}' if chrome else ''}")
    return sentences(f"it says {quote(value, 40)}")


@reads(
    row(
        "Last-Event-ID",
        REQUEST,
        "The last server-sent event the client got, so that the stream goes on from there.",
        f"{HTML}server-sent-events.html#the-last-event-id-header",
        "42",
    )
)
def last_event(value: str) -> str:
    """An id."""
    return f"It is {quote(value, 60)}." if value else "Empty: it begins anew."


PINGS = known(
    row(
        "Ping-From",
        REQUEST,
        "The page whose link was followed, in a hyperlink audit.",
        f"{HTML}links.html#ping-from",
        "https://shop.test/",
    ),
    row(
        "Ping-To",
        REQUEST,
        "Where the followed link leads, in a hyperlink audit.",
        f"{HTML}links.html#ping-to",
        "https://other.test/",
    ),
)


DICTIONARIES = known(
    row(
        "Available-Dictionary",
        REQUEST,
        "Which dictionary for compression the browser has, by its SHA-256 digest.",
        f"{RFC}9842#section-2.2",
        ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=:",
    ),
    row(
        "Dictionary-ID",
        REQUEST,
        "The server's own name for the dictionary the browser has.",
        f"{RFC}9842#section-2.3",
        '"/app/main.js"',
    ),
    row(
        "Use-As-Dictionary",
        RESPONSE,
        "For which later URLs this response may serve as a dictionary for compression.",
        f"{RFC}9842#section-2.1",
        'match="/app/*/main.js"',
    ),
)
