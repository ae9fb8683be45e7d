"""Fetch metadata: what the browser, and not the page, says about its request. Scripts cannot set or change these."""

from __future__ import annotations

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, Around, known, reads, row
from inspector.fieldguide.say import misfit, odd, quote

_SPEC = "https://www.w3.org/TR/fetch-metadata/#sec-fetch-"

_SITE = {
    "same-origin": "The page and the target have the same origin.",
    "same-site": "The page and the target belong to the same site, as different origins.",
    "cross-site": "The page, or one on the way by redirects, belongs to another site.",
    "none": "No page: the person asked, by address bar, bookmark or the like.",
}
_MODE = {
    "navigate": "A navigation: the answer becomes a page.",
    "cors": "With CORS: the answer has to allow the page to read it.",
    "no-cors": "Without CORS, as `<img>` and `<script>` ask: the page may use the answer but not read it.",
    "same-origin": "Within the same origin alone.",
    "websocket": "A WebSocket's handshake.",
}
_DEST = {
    "document": "The page of a tab.",
    "iframe": "The page of an `<iframe>`.",
    "frame": "The page of a `<frame>`.",
    "embed": "An `<embed>`.",
    "object": "An `<object>`.",
    "empty": "No element: a script asked, by `fetch()`, `XMLHttpRequest`, `sendBeacon()`, a WebSocket or the like.",
    "script": "A script.",
    "style": "A style sheet.",
    "image": "An image.",
    "font": "A font.",
    "audio": "An `<audio>`.",
    "video": "A `<video>`.",
    "track": "Subtitles.",
    "worker": "A worker's script.",
    "sharedworker": "A shared worker's script.",
    "serviceworker": "A service worker's script.",
    "audioworklet": "An audio worklet's script.",
    "paintworklet": "A paint worklet's script.",
    "manifest": "The web application's manifest.",
    "report": "A report the browser sends by itself.",
    "xslt": "A style sheet in XSLT.",
    "json": "A JSON module.",
    "webidentity": "A credential for signing in (FedCM).",
    "fencedframe": "The page of a fenced frame.",
}


@reads(
    row(
        "Sec-Fetch-Site", REQUEST, "How the page that asks and the target relate.", f"{_SPEC}site-header", "cross-site"
    ),
    row(
        "Sec-Fetch-Mode",
        REQUEST,
        "In which way the browser asks, which decides what the page may do with the answer.",
        f"{_SPEC}mode-header",
        "navigate",
    ),
    row("Sec-Fetch-Dest", REQUEST, "What the answer is for.", f"{_SPEC}dest-header", "document"),
)
def metadata(value: str, around: Around) -> str:
    """Tokens of Fetch."""
    words = {"sec-fetch-site": _SITE, "sec-fetch-mode": _MODE, "sec-fetch-dest": _DEST}[around.name]
    return words.get(value.strip()) or f"{quote(value, 40)} is none of the values known here."


@reads(
    row(
        "Sec-Fetch-User",
        REQUEST,
        "That a person's action (a click, a key) started this navigation.",
        f"{_SPEC}user-header",
        "?1",
    )
)
def user(value: str) -> str:
    """``?1``."""
    return "" if value.strip() == "?1" else misfit("`?1`, the one value that is sent")


@reads(
    row(
        "Sec-Fetch-Storage-Access",
        REQUEST,
        "Whether the frame that asks has its cookies although it is embedded in another site.",
        "https://privacycg.github.io/storage-access-headers/",
        "inactive",
    )
)
def storage_access(value: str) -> str:
    """Three states."""
    words = {
        "none": "It has none and no permission.",
        "inactive": "It has permission, which is not in use: the answer may ask for it with `Activate-Storage-Access`.",
        "active": "It has them.",
    }
    return words.get(value.strip()) or misfit("`none`, `inactive` or `active`")


@reads(
    row(
        "Activate-Storage-Access",
        RESPONSE,
        "Puts a permission for cookies in an embedded frame to use, without a script.",
        "https://privacycg.github.io/storage-access-headers/",
        'retry; allowed-origin="https://shop.test"',
    )
)
def activate(value: str) -> str:
    """``retry`` or ``load``."""
    action = value.partition(";")[0].strip()
    words = {"retry": "The browser asks again, now with cookies.", "load": "The page is loaded with its cookies."}
    return words.get(action) or misfit("`retry` or `load`")


@reads(
    row(
        "Sec-Purpose",
        REQUEST,
        "That the request is made ahead of need.",
        "https://fetch.spec.whatwg.org/#sec-purpose-header",
        "prefetch;prerender",
    ),
    row(
        "Purpose",
        REQUEST,
        "That the request is made ahead of need; what Chrome sent before `Sec-Purpose`.",
        "https://fetch.spec.whatwg.org/#sec-purpose-header",
        "prefetch",
    ),
    row(
        "X-Purpose",
        REQUEST,
        "That the request is made ahead of need; what Safari sent before `Sec-Purpose`.",
        "https://fetch.spec.whatwg.org/#sec-purpose-header",
        "preview",
    ),
    row(
        "X-Moz",
        REQUEST,
        "That the request is made ahead of need; what Firefox sent before `Sec-Purpose`.",
        "https://fetch.spec.whatwg.org/#sec-purpose-header",
        "prefetch",
    ),
)
def purpose(value: str) -> str:
    """Prefetching or prerendering."""
    said = value.lower()
    if "prerender" in said:
        return "The page is built in the background, in case the person goes there."
    if "prefetch" in said:
        return "It is fetched in case the person goes there."
    if "preview" in said:
        return "It is for a preview, such as a thumbnail."
    return odd(value)


@reads(
    row(
        "Upgrade-Insecure-Requests",
        REQUEST,
        "That the browser would rather have the page over HTTPS, and understands the policy that upgrades its parts.",
        "https://www.w3.org/TR/upgrade-insecure-requests/#preference",
        "1",
    )
)
def upgrade_insecure(value: str) -> str:
    """``1``."""
    return "" if value.strip() == "1" else misfit("`1`, the one value there is")


WORKERS = known(
    row(
        "Service-Worker",
        REQUEST,
        "That the browser fetches a service worker's script, so that a server can refuse to let a file be one.",
        "https://www.w3.org/TR/service-workers/#service-worker-script-request",
        "script",
    ),
    row(
        "Service-Worker-Navigation-Preload",
        REQUEST,
        "That the page is fetched while the service worker starts, which may expect something else than the whole "
        "page.",
        "https://www.w3.org/TR/service-workers/#navigation-preload-manager",
        "true",
    ),
    row(
        "Sec-Browsing-Topics",
        REQUEST,
        "Topics of interest Chrome derived from the person's history, for advertising; withdrawn in 2025.",
        "https://patcg-individual-drafts.github.io/topics/#the-sec-browsing-topics-http-request-header-header",
        "(123);v=chrome.1:1:2, ();p=P0000000000",
    ),
    row(
        "Observe-Browsing-Topics",
        BOTH,
        "Lets a visit count towards the topics Chrome derived for advertising; withdrawn in 2025.",
        "https://patcg-individual-drafts.github.io/topics/#the-observe-browsing-topics-http-response-header-header",
        "?1",
    ),
    row(
        "Attribution-Reporting-Eligible",
        REQUEST,
        "Whether the answer may register an advertisement's view, click or success (Attribution Reporting).",
        "https://wicg.github.io/attribution-reporting-api/#attribution-reporting-eligible",
        "event-source",
    ),
    row(
        "Attribution-Reporting-Register-Source",
        RESPONSE,
        "Registers an advertisement's view or click, to be matched with a later success (Attribution Reporting).",
        "https://wicg.github.io/attribution-reporting-api/",
        '{"destination":"https://shop.test"}',
    ),
    row(
        "Attribution-Reporting-Register-Trigger",
        RESPONSE,
        "Registers a success (a purchase, say) that an earlier advertisement may have led to (Attribution Reporting).",
        "https://wicg.github.io/attribution-reporting-api/",
        '{"event_trigger_data":[{"trigger_data":"1"}]}',
    ),
    row(
        "X-Client-Data",
        REQUEST,
        "Which experiments this Chrome takes part in; sent to Google's own servers alone.",
        "https://www.google.com/chrome/privacy/whitepaper.html#variations",
        "CIa2yQEIorbJAQ==",
    ),
    row(
        "X-DevTools-Emulate-Network-Conditions-Client-Id",
        REQUEST,
        "No field on the wire: Chrome's developer tools mark requests for which they imitate a slow network.",
        "https://chromedevtools.github.io/devtools-protocol/tot/Network/#method-emulateNetworkConditions",
        "7A1B2C3D4E5F60718293A4B5C6D7E8F9",
    ),
    row(
        "Chrome-Proxy",
        REQUEST,
        "Marks requests through Chrome's data saver, a compressing proxy of Google's that ended in 2022.",
        "https://developer.chrome.com/docs/multidevice/data-compression",
        "frfr",
    ),
)
