"""Cross-origin resource sharing (Fetch, section 3.3) and its neighbours."""

from __future__ import annotations

import re

from inspector.fieldguide.base import FETCH, REQUEST, RESPONSE, Around, known, reads, row
from inspector.fieldguide.say import misfit, odd, quote, quoted, seconds, sentences
from inspector.fields.tokens import split_list
from inspector.url import parse
from inspector.words import duration

_PACKAGE = re.compile(r"[a-z]\w{0,60}(?:\.[a-z_]\w{0,60}){1,8}", re.ASCII)


@reads(
    row(
        "Origin",
        REQUEST,
        "Which origin caused the request; the server decides by it, and the browser compares the answer with it.",
        f"{FETCH}#origin-header",
        "https://shop.test",
    )
)
def origin(value: str, around: Around) -> str:
    """An origin or ``null``."""
    if value == "null":
        return "`null`: the origin is opaque (a sandboxed frame, a file, a `data:` URL) or withheld for privacy."
    came, target = parse(value), parse(around.url)
    if came.origin == "null" or came.path not in ("", "/"):
        return misfit("an origin (scheme, host and perhaps port)", "so that no comparison succeeds")
    if came.origin == target.origin:
        return "The same origin as the target's."
    return f"Another origin than the target's, {quote(target.origin, 80)}." if target.host else ""


@reads(
    row(
        "Access-Control-Allow-Origin",
        RESPONSE,
        "Which origin's scripts may read this response.",
        f"{FETCH}#http-access-control-allow-origin",
        "https://shop.test",
    )
)
def allow_origin(value: str, around: Around) -> str:
    """One origin, ``*`` or ``null``."""
    asked = around.other.get("origin")
    if value == "*":
        return "Any origin's, as long as the request carries no credentials (cookies, HTTP authentication)."
    if value == "null":
        return "Those of opaque origins: any sandboxed frame has one, so this admits whoever makes one."
    if "," in value or " " in value.strip():
        return misfit("one origin: a list or several values", "so it admits none")
    if parse(value).origin == "null":
        return misfit("an origin", "so it admits none")
    if asked is None:
        return f"Those of {quote(value)} alone. The request names no `Origin`, so nothing was compared."
    if asked == value:
        return "Those of the origin that asked."
    return f"Those of {quote(value)} alone; the request came from {quote(asked)}, which is not the same."


@reads(
    row(
        "Access-Control-Allow-Credentials",
        RESPONSE,
        "Whether scripts may read the response when the request carried credentials (cookies, HTTP authentication).",
        f"{FETCH}#http-access-control-allow-credentials",
        "true",
    )
)
def allow_credentials(value: str) -> str:
    """``true``, and no other value."""
    return (
        "They may."
        if value == "true"
        else f"They may not: {quote(value, 30)} is not `true` in lower case, the one value that counts."
    )


def _names(value: str, around: Around, what: str) -> str:
    members = split_list(value)
    if "*" in members:
        but = ", but not `Authorization`, which must be named" if what == "request fields" else ""
        return (
            f"Any {what}{but}; where the request carries credentials, `*` is taken as a plain name and covers nothing."
        )
    return f"{quoted(members)}." if members else "It names none."


@reads(
    row(
        "Access-Control-Allow-Methods",
        RESPONSE,
        "Which methods a page of another origin may use, in answer to a preflight.",
        f"{FETCH}#http-access-control-allow-methods",
        "GET, PUT, DELETE",
    ),
    row(
        "Access-Control-Allow-Headers",
        RESPONSE,
        "Which request fields a page of another origin may set, in answer to a preflight.",
        f"{FETCH}#http-access-control-allow-headers",
        "Authorization, Content-Type",
    ),
)
def allowed(value: str, around: Around) -> str:
    """Methods or field names."""
    what = "methods" if around.name.endswith("methods") else "request fields"
    said = _names(value, around, what)
    preflight = around.method == "OPTIONS" and "access-control-request-method" in around.other
    return said if preflight else f"{said} This is no answer to a preflight, so browsers do not read it here."


@reads(
    row(
        "Access-Control-Expose-Headers",
        RESPONSE,
        "Which response fields a script of another origin may read, besides the seven that are always readable.",
        f"{FETCH}#http-access-control-expose-headers",
        "ETag, X-Request-Id",
    )
)
def expose(value: str, around: Around) -> str:
    """Field names."""
    return _names(value, around, "response fields")


@reads(
    row(
        "Access-Control-Max-Age",
        RESPONSE,
        "How long the browser remembers what a preflight allowed, and asks no further one.",
        f"{FETCH}#http-access-control-max-age",
        "600",
    )
)
def max_age(value: str) -> str:
    """Seconds; browsers cap them."""
    span = seconds(value)
    if span is None:
        return (
            "Not at all: every such request is preceded by a preflight."
            if value.strip() == "-1"
            else misfit("a whole number of seconds", "so the default of 5 seconds holds")
        )
    if span == 0:
        return "Not at all: every such request is preceded by a preflight."
    caps = " Chromium stops at 2 hours" + (", Firefox at a day." if span > 86_400 else ".") if span > 7_200 else ""
    return f"{duration(span).capitalize()}.{caps}"


@reads(
    row(
        "Access-Control-Request-Method",
        REQUEST,
        "Which method the page is about to use: this makes an `OPTIONS` request a preflight.",
        f"{FETCH}#http-access-control-request-method",
        "PUT",
    ),
    row(
        "Access-Control-Request-Headers",
        REQUEST,
        "Which fields the page is about to set that need permission.",
        f"{FETCH}#http-access-control-request-headers",
        "content-type,x-requested-with",
    ),
)
def requested(value: str) -> str:
    """A method or field names."""
    members = split_list(value)
    return f"About to use {quoted(members)}." if members else "It names none."


@reads(
    row(
        "Access-Control-Request-Private-Network",
        REQUEST,
        "That a page of the public internet asks for something in a private network; an experiment of Chromium.",
        "https://wicg.github.io/private-network-access/#headers",
        "true",
    ),
    row(
        "Access-Control-Allow-Private-Network",
        RESPONSE,
        "Whether a page of the public internet may ask for things in this private network; an experiment of Chromium.",
        "https://wicg.github.io/private-network-access/#headers",
        "true",
    ),
)
def private_network(value: str) -> str:
    """``true``."""
    return "" if value == "true" else misfit("`true`, the one value there is")


@reads(
    row(
        "Timing-Allow-Origin",
        RESPONSE,
        "Which origins' scripts may read how long this took in detail, and how large it was (Resource Timing).",
        "https://www.w3.org/TR/resource-timing/#sec-timing-allow-origin",
        "*",
    )
)
def timing_allow_origin(value: str) -> str:
    """Origins or ``*``."""
    members = split_list(value)
    if "*" in members:
        return "Any origin's."
    return f"Those of {quoted(members)}." if members else "Nobody else's."


@reads(
    row(
        "Cross-Origin-Resource-Policy",
        RESPONSE,
        "Which sites may load this as part of their pages at all (image, script, font …).",
        f"{FETCH}#cross-origin-resource-policy-header",
        "same-site",
    )
)
def resource_policy(value: str) -> str:
    """One of three values."""
    words = {
        "same-origin": "Pages of exactly this origin alone.",
        "same-site": "Pages of this site: the same registrable domain and scheme.",
        "cross-origin": "Anybody's pages.",
    }
    return words.get(value.strip(" \t")) or misfit(
        "one of the three values, in lower case", "so anybody's pages may, as without it"
    )


@reads(
    row(
        "X-Requested-With",
        REQUEST,
        "By a convention of script libraries, what made the request; a page of another origin needs a preflight to "
        "set it.",
        "https://api.jquery.com/jQuery.ajax/",
        "XMLHttpRequest",
    )
)
def requested_with(value: str) -> str:
    """A library's mark, or an Android package."""
    if value == "XMLHttpRequest":
        return "The mark that jQuery and other script libraries put on requests by `XMLHttpRequest`."
    if value.startswith("ShockwaveFlash/"):
        return "The Flash plug-in made it."
    if _PACKAGE.fullmatch(value):
        return sentences(f"{quote(value, 60)}, as Android's WebView puts the name of the app it is in")
    return odd(value)


MISSPELT = known(
    row(
        "Access-Control-Allow-Method",
        RESPONSE,
        "No field of CORS: its name ends in `Methods`, so browsers pass over this one.",
        f"{FETCH}#http-access-control-allow-methods",
        "OPTIONS",
    )
)
