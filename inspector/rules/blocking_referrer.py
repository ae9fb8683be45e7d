"""`Referer`: what a request told of the page it came from, and what the page's policy would have told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import url as urls
from inspector.browser.referrer import Form, form, referrer
from inspector.fields.referrer_policy import DEFAULT
from inspector.report import Severity
from inspector.rules.base import Finding, request_field, rule
from inspector.rules.blocking_words import kind

if TYPE_CHECKING:
    from inspector.subject import Subject

_TELLS: dict[Form, str] = {
    "none": "nothing",
    "origin": "the page's origin alone",
    "full": "the page's full address",
}
_MORE: dict[Form, int] = {"none": 0, "origin": 1, "full": 2}
_ASKED_BY_MARKUP = frozenset({"script", "iframe", "image", "style", "empty", "video", "audio"})


@rule(
    "blocking/referrer-differs",
    Severity.INFO,
    "`Referer` differs from what the page's policy tells",
    on=request_field("sec-fetch-dest"),
    references=("https://www.w3.org/TR/referrer-policy/#determine-requests-referrer",),
    once="origin",
    what="The request's `Referer` tells more or less than the `Referrer-Policy` of its page says.",
    why="""Without a policy browsers send the full address within the origin, the origin alone to others, and nothing
        from https to http. A `Referrer-Policy` changes that for the page; an attribute changes it for one element.""",
    fix="""Nothing, where an element's `referrerpolicy` (or `rel="noreferrer"`, or an option of `fetch()`) is meant to
        differ. Remove it where it tells other sites the address of a private page.""",
    unless="A user's own settings and extensions may shorten `Referer` too.",
    shows="""
    GET https://shop.test/cart/42 HTTP/2
    Sec-Fetch-Dest: document

    HTTP/2 200
    Content-Type: text/html
    ---
    # page: https://shop.test/cart/42
    GET https://ads.example/a.js HTTP/2
    Referer: https://shop.test/cart/42
    Sec-Fetch-Dest: script
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: cross-site

    HTTP/2 200
    Content-Type: text/javascript
    """,
    quiet="""
    GET https://shop.test/cart/42 HTTP/2
    Sec-Fetch-Dest: document

    HTTP/2 200
    Content-Type: text/html
    Referrer-Policy: unsafe-url
    ---
    # page: https://shop.test/cart/42
    GET https://ads.example/a.js HTTP/2
    Referer: https://shop.test/cart/42
    Sec-Fetch-Dest: script
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: cross-site

    HTTP/2 200
    Content-Type: text/javascript
    """,
)
def referrer_differs(x: Subject) -> Finding | None:
    """The form of ``Referer``: nothing, origin, full address. Its path may differ for pages that rewrite their URL."""
    if x.destination not in _ASKED_BY_MARKUP:
        return None
    document = x.session.blocking.documents.embedder(x)
    if document is None or document.index == x.exchange.index:
        return None
    sent = x.req.get("referer")
    if sent is not None and (urls.parse(sent).origin != document.origin or urls.parse(sent).path.endswith(".css")):
        return None
    expected = referrer(document.referrer_policy, document.url, x.request.url)
    told, due = form(sent), form(expected)
    short = urls.parse(document.url)
    if short.path in ("", "/") and not short.query and "none" not in (told, due):
        return None  # such a page's address is hardly more than its origin
    if told == due or (sent is None and x.fetch_site == "same-origin") or len(x.session.redirects.follow(x)) > 1:
        return None
    policy = document.referrer_policy
    rests = f"its policy `{policy}`" if policy else f"the default `{DEFAULT}`, as it has no policy of its own"
    more = _MORE[told] > _MORE[due]
    detail = (
        f"By {rests}, the page (exchange {document.index}) tells `{x.url.host}` {_TELLS[due]}; this request for a "
        f"{kind(x)} told {_TELLS[told]}. The element, the script or the user's settings decided otherwise."
    )
    fix = "Nothing, if that is meant."
    if more:
        fix = (
            "In the page: remove `referrerpolicy` from the element (or `referrerPolicy` from `fetch()`), unless that "
            "site is to know which page was open."
        )
    title = f"`Referer` tells {'more' if more else 'less'} than the page's policy"
    return Finding(detail, fix, (x.request_field("referer", label=_TELLS[told]),), title, certainty="likely")
