"""Requests a browser refuses or rewrites before they are sent: mixed content, HSTS, redirects, the local network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import url as urls
from inspector.browser import mixed_content, refused
from inspector.browser.redirects import location_url
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, blocking, rule
from inspector.rules.blocking_words import finding_of, kind, page_line, so, verdict_of
from inspector.session.blocking import HSTS, INTERNAL_REDIRECT

if TYPE_CHECKING:
    from inspector.subject import Subject

_ON = blocking("blocked", "depends")
_MIXED = "https://www.w3.org/TR/mixed-content/#should-block-fetch"
_UPGRADE = "https://www.w3.org/TR/mixed-content/#upgrade-algorithm"
_REDIRECT = "https://fetch.spec.whatwg.org/#http-redirect-fetch"


def _https(x: Subject) -> str:
    return x.masker.url("https" + x.request.url[4:] if x.url.scheme == "http" else "wss" + x.request.url[2:])


def _page_evidence(x: Subject) -> Evidence:
    page = x.exchange.context.page
    if page is not None and page.url:
        return Evidence("exchange", "page", x.masker.url(page.url), urls.parse(page.url).scheme + ":", "a secure page")
    return page_line(x, "a secure page")


@rule(
    "blocking/mixed-content",
    Severity.ERROR,
    "Blocked: mixed content",
    on=_ON,
    references=(_MIXED,),
    what="An https page asks for something over http.",
    why="""Whoever is on the network could change what comes over http, and with it the page. Browsers refuse to send
        such a request at all; images, audio and video they ask for over https instead.""",
    fix="Load it over https. Until every link is changed: `Content-Security-Policy: upgrade-insecure-requests`.",
    unless="Addresses of this machine (`localhost`, `127.0.0.1`) count as secure.",
    shows="""
    # page: https://shop.test/
    # type: script
    GET http://cdn.shop.test/app.js HTTP/1.1
    """,
    quiet="""
    # page: https://shop.test/
    # type: fetch
    GET http://127.0.0.1:8080/state HTTP/1.1
    """,
)
def mixed(x: Subject) -> Finding | None:
    """Never sent."""
    verdict = verdict_of(x, mixed_content.CODE)
    if verdict is None:
        return None
    detail = (
        f"The page is secure and asks for this {kind(x)} over `{x.url.scheme}:`. Browsers do not send such a request: "
        "there is no response because there was no request."
    )
    fix = (
        f"In the page: use `{_https(x)}`. If many links are to be changed, send `Content-Security-Policy: "
        "upgrade-insecure-requests` with the page; the other server has to speak https in either case."
    )
    return finding_of(
        mixed, verdict, detail, fix, (_page_evidence(x), x.request_line(f"{x.url.scheme}:", "not secure"))
    )


@rule(
    "blocking/mixed-content-sent",
    Severity.WARNING,
    "Sent over http for an https page: browsers of today do not",
    on=blocking("allowed"),
    references=(_MIXED, _UPGRADE),
    once="origin",
    what="The recording shows an https page whose resources were loaded over http.",
    why="""The client that was recorded allowed it. Browsers of today refuse scripts, style sheets, frames and `fetch()`
        over http, and ask for images, audio and video over https instead, where a server without https loses them.""",
    fix="Load it over https.",
    shows="""
    # page: https://shop.test/
    # type: image
    GET http://img.shop.test/logo.png HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: image/png
    """,
    quiet="""
    # page: http://shop.test/
    # type: image
    GET http://img.shop.test/logo.png HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: image/png
    """,
)
def mixed_sent(x: Subject) -> Finding | None:
    """Mixed content that was sent and answered."""
    verdict = verdict_of(x, mixed_content.CODE)
    if verdict is None or verdict.outcome != "allowed":
        return None
    destination = x.destination or ("image" if x.media_type.startswith("image/") else "")
    now = "ask for it over https instead" if mixed_content.is_upgraded(destination, x.url) else "do not send it"
    detail = (
        f"The recording names an https page, and this {kind(x)} was sent over http and answered. Browsers of today "
        f"{now}; on the way it could be read and changed by anybody."
    )
    fix = f"In the page: use `{_https(x)}`, and see that `{x.url.host}` answers there."
    return Finding(detail, fix, (_page_evidence(x), x.request_line(f"{x.url.scheme}:", "not secure")))


@rule(
    "blocking/internal-redirect",
    Severity.INFO,
    "No server sent this redirect: the browser made it",
    on=blocking("allowed"),
    references=("https://www.rfc-editor.org/rfc/rfc6797#section-8.3",),
    what="The recording shows a 307 that never crossed the network: the browser's own note of rewriting a URL.",
    why="""Chromium records its own rewriting as `307 Internal Redirect` with `Non-Authoritative-Reason`. `HSTS` means
        that the host has asked to be reached over https alone, so the plain request never left the machine.""",
    fix="""Nothing has to be fixed for the browser. Links that say `https:` at once spare first-time visitors, whose
        browser does not know the host yet, a request over http.""",
    shows="""
    GET http://shop.test/ HTTP/1.1

    HTTP/1.1 307 Internal Redirect
    Location: https://shop.test/
    Non-Authoritative-Reason: HSTS
    """,
    quiet="""
    GET http://shop.test/ HTTP/1.1

    HTTP/1.1 307 Temporary Redirect
    Location: https://shop.test/
    """,
)
def internal_redirect(x: Subject) -> Finding | None:
    """``Non-Authoritative-Reason``."""
    verdict = verdict_of(x, HSTS, INTERNAL_REDIRECT)
    if verdict is None or "non-authoritative-reason" not in x.res:
        return None
    evidence = (x.status_evidence("made by the browser"), x.response_field("non-authoritative-reason"))
    reason = x.shown("response", "non-authoritative-reason")
    if verdict.code == INTERNAL_REDIRECT:
        return Finding(
            f"The browser recorded its own rewriting of the URL as a redirect; the reason it gives is `{reason}`, as "
            "for an extension or a service worker that took the request over. The server never saw this request.",
            "Nothing on the server. To see the server's own answer, try again in a window without extensions.",
            evidence,
        )
    known = x.session.blocking.hsts.find(x.url.host, x.started)
    by = "an earlier visit or the browser's built-in list told it so"
    if known is not None:
        by = f"`Strict-Transport-Security` of `{known.host}` (exchange {known.index}) told it so"
    return Finding(
        f"`{x.url.host}` is to be reached over https alone: {by}. The browser turned the URL into https before "
        "sending anything; this 307 is its own note, and the server never saw a request over http.",
        "Let links say `https:` at once; a browser that has not been there yet still asks over http first.",
        evidence,
        title="No server sent this redirect: HSTS turned the URL into https",
    )


@rule(
    "blocking/hsts-not-applied",
    Severity.INFO,
    "Sent over http although the host had asked for https",
    on=blocking("allowed"),
    references=("https://www.rfc-editor.org/rfc/rfc6797#section-8.3",),
    once="origin",
    what="Earlier in the recording the host sent `Strict-Transport-Security`, and this request still went over http.",
    why="""A browser that has heeded the field turns every later http URL of the host into https. That this one was sent
        means that the client is no browser, or that the browser did not heed it.""",
    fix="""See whether the client is a browser, and whether the https answer came without a certificate warning, in
        which case the field counts for nothing. Links should say `https:`.""",
    shows="""
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: text/html
    Strict-Transport-Security: max-age=31536000
    ---
    GET http://shop.test/old HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: text/html
    """,
    quiet="""
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: text/html
    Strict-Transport-Security: max-age=31536000
    ---
    GET http://other.shop.test/old HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: text/html
    """,
)
def hsts_not_applied(x: Subject) -> Finding | None:
    """A plain request to a host on the rebuilt list."""
    verdict = verdict_of(x, HSTS)
    known = x.session.blocking.hsts.find(x.url.host, x.started)
    if verdict is None or known is None or "non-authoritative-reason" in x.res:
        return None
    covers = "" if known.host == x.url.host.rstrip(".") else " with `includeSubDomains`"
    detail = (
        f"`{known.host}` sent `Strict-Transport-Security`{covers} in exchange {known.index}, so a browser that heeded "
        "it would have asked over https. This request went over http and was answered with "
        f"{x.status}: the client is no browser, or did not heed the field."
    )
    return Finding(
        detail,
        "Let links and clients use `https:`. Trap: a browser ignores the field where the certificate had errors.",
        (x.request_line("http:", "not secure"),),
        certainty="likely",
    )


@rule(
    "blocking/redirect-refused",
    Severity.ERROR,
    "Redirect not followed",
    on=_ON,
    references=(_REDIRECT, "https://fetch.spec.whatwg.org/#concept-response-location-url"),
    what="A redirect leads where browsers do not follow: another scheme than http and https, or no valid URL.",
    why="""A server must not be able to send a request on to `file:`, `data:` or `javascript:`. A `Location` that is no
        URL, or several that differ, leave nothing to follow.""",
    fix="Send one `Location` with an http or https URL. Data belongs into a response, not into a redirect.",
    unless="A link that redirects to `mailto:` or an application's own scheme works when a person follows it.",
    shows="""
    GET https://shop.test/avatar HTTP/2
    Sec-Fetch-Dest: image
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: same-origin

    HTTP/2 302
    Location: data:image/gif;base64,R0lGODlhAQABAAAAACw=
    """,
    quiet="""
    GET https://shop.test/avatar HTTP/2
    Sec-Fetch-Dest: image
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: same-origin

    HTTP/2 302
    Location: https://cdn.shop.test/avatar.png
    """,
)
def redirect_refused(x: Subject) -> Finding | None:
    """Where a redirect leads, or that it leads nowhere."""
    verdict = verdict_of(x, refused.REDIRECT_SCHEME, refused.REDIRECT_INVALID, refused.REDIRECT_AMBIGUOUS)
    if verdict is None or "location" not in x.res:
        return None
    fix = f"On `{x.url.host}`: send one `Location` with an http or https URL."
    if verdict.code == refused.REDIRECT_AMBIGUOUS:
        detail = (
            "The response has several `Location` lines that differ: where it leads is ambiguous, and Chromium refuses."
        )
    elif verdict.code == refused.REDIRECT_INVALID:
        detail = (
            "`Location` is no valid URL: it has no host, or a port above 65535. The browser reports a network error."
        )
    else:
        scheme = urls.parse(location_url(x.request.url, x.res.all("location")[0])).scheme
        detail = (
            f"The redirect leads to `{x.masker.text(scheme)}:`, and browsers follow redirects to `http:` and `https:` "
            "alone. The request ends with a network error."
        )
        if scheme in ("data", "blob"):
            fix = f"On `{x.url.host}`: answer with the content itself and status 200, in place of the redirect."
    return finding_of(
        redirect_refused,
        verdict,
        detail,
        fix,
        (x.status_evidence(), x.response_field("location", label="not followed")),
    )


@rule(
    "blocking/local-network",
    Severity.ERROR,
    "Blocked: a public page asked for the local network",
    on=_ON,
    references=("https://wicg.github.io/local-network-access/",),
    what="A page from the public network asked for an address of this machine or of the local network.",
    why="""Such requests reach routers, printers and programs that trust whoever can reach them. Chromium asks the user
        first, and refuses pages that are not https without asking.""",
    fix="""The page is served over https and the user allows it to reach the local network; `fetch()` can announce the
        target with `targetAddressSpace`.""",
    shows="""
    # page: https://shop.test/
    # server: 93.184.215.14
    GET https://shop.test/ HTTP/2
    Sec-Fetch-Dest: document

    HTTP/2 200
    Content-Type: text/html
    ---
    # page: https://shop.test/
    # type: fetch
    GET https://192.168.1.1/status HTTP/1.1
    Referer: https://shop.test/
    """,
    quiet="""
    # page: https://shop.test/
    # server: 192.168.1.2
    GET https://shop.test/ HTTP/2
    Sec-Fetch-Dest: document

    HTTP/2 200
    Content-Type: text/html
    ---
    # page: https://shop.test/
    # type: fetch
    GET https://192.168.1.1/status HTTP/1.1
    Referer: https://shop.test/
    """,
)
def local_network(x: Subject) -> Finding | None:
    """A request into a less public address space."""
    verdict = verdict_of(x, refused.LOCAL_NETWORK)
    if verdict is None:
        return None
    detail = (
        f"A page of the public network asked for `{x.url.host}`, an address of this machine or of the local network, "
        f"and got no response. {so(verdict, 'the browser refused it')}"
    )
    fix = (
        "Serve the page over https, and allow it to reach the local network when the browser asks. A server there that "
        "is not running looks the same in this recording."
    )
    return finding_of(
        local_network, verdict, detail, fix, (_page_evidence(x), x.request_line(x.url.host, "not public"))
    )
