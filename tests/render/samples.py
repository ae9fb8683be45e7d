"""A small report with one of everything a renderer draws."""

from __future__ import annotations

from inspector.browser.verdict import (
    CacheVerdict,
    CookieVerdict,
    CorsVerdict,
    Preflight,
    SetCookieVerdict,
    SharedCache,
    Step,
    StoredAs,
    Verdicts,
)
from inspector.report import (
    SCHEMA,
    Annotation,
    CaptureInfo,
    Evidence,
    ExchangeReport,
    FieldLine,
    HttpVersions,
    MessageFields,
    PageInfo,
    Report,
    Severity,
    Skipped,
    Story,
    summarize,
)

MISMATCH = Annotation(
    "cors/allow-origin-mismatch",
    Severity.ERROR,
    "Blocked by CORS: `Access-Control-Allow-Origin` names another origin",
    "The page at `https://shop.test` asked for this, and the response admits `https://www.shop.test` alone. The two "
    "are compared character by character, so the browser withholds the response from the page.",
    "The server answers with `Access-Control-Allow-Origin: https://shop.test`, taken from a list of the origins it "
    "trusts, and with `Vary: Origin`, so that a cache does not give one origin's answer to another.",
    (
        Evidence("request.field", "Origin", "https://shop.test", "https://shop.test", "the page's origin"),
        Evidence(
            "response.field",
            "Access-Control-Allow-Origin",
            "https://www.shop.test",
            "https://www.shop.test",
            "the only origin admitted",
        ),
    ),
    ("https://fetch.spec.whatwg.org/#cors-check",),
)
CREDENTIALS = Annotation(
    "cors/wildcard-credentials",
    Severity.WARNING,
    "`*` does not admit requests with credentials",
    "This response admits every origin with `*`, which the browser accepts only where the request carries no cookies.",
    "The server names the origin instead of `*`.",
    (Evidence("response.field", "Access-Control-Allow-Origin", "*", "*", "never matches a request with cookies"),),
    ("https://fetch.spec.whatwg.org/#cors-check",),
    "depends",
    "blocked if the page asked with `credentials: 'include'`.",
)
NO_SAME_SITE = Annotation(
    "cookies/no-samesite",
    Severity.NOTE,
    "Cookie `sid` leaves `SameSite` to the browser",
    "Chrome treats it as `Lax`, Safari and Firefox do not.",
    "The server adds `SameSite=Lax`.",
    (Evidence("response.field", "Set-Cookie", "sid=[masked 1]; Path=/; Secure; HttpOnly"),),
    ("https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-the-samesite-attribute",),
)
FOUND = Annotation(
    "status/explained",
    Severity.INFO,
    "`200`: the request succeeded",
    "The content is a representation of the resource the URL names.",
    references=("https://www.rfc-editor.org/rfc/rfc9110#section-15.3.1",),
)
NOT_STORED = Annotation(
    "cache/not-stored",
    Severity.INFO,
    "Not stored: `no-store`",
    "`Cache-Control: no-store` forbids every cache to keep this response, so the next request goes to the server.",
    references=("https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.5",),
)

VERDICTS = Verdicts(
    cors=CorsVerdict(
        "blocked",
        "AllowOriginMismatch",
        "https://www.shop.test",
        preflight=Preflight(True, ("method `PUT`",), 0),
        steps=(
            Step("`Access-Control-Allow-Origin` is present", "https://www.shop.test", "pass"),
            Step("it is `*` or the request's origin", "https://shop.test", "fail"),
        ),
    ),
    set_cookies=(
        SetCookieVerdict(
            "sid", "stored", stored_as=StoredAs("shop.test", True, "/", True, True, None, 1_800_000_000.0, False)
        ),
    ),
    cookies=(CookieVerdict("theme", "blocked", ("SameSiteStrict",), None, 1, False),),
    cache=CacheVerdict(
        False,
        "none",
        SharedCache(False, "none"),
        because="`no-store` forbids it.",
        steps=(Step("`no-store` is absent", "no-store", "fail"),),
    ),
)


def exchange(index: int, url: str, status: int | None, *annotations: Annotation, **more) -> ExchangeReport:
    return ExchangeReport(
        index,
        more.pop("capture", 0),
        more.pop("method", "GET"),
        url,
        status,
        more.pop("verdicts", Verdicts()),
        annotations,
        http_version=HttpVersions("2", "2"),
        started=1_772_366_400.0 + index,
        duration=more.pop("duration", 34.2),
        size=more.pop("size", 12_400),
        **more,
    )


def small() -> Report:
    fields = MessageFields(
        (FieldLine("Origin", "https://shop.test"), FieldLine("Cookie", "sid=[masked 1]")),
        (FieldLine("Access-Control-Allow-Origin", "https://www.shop.test"), FieldLine("Cache-Control", "no-store")),
    )
    exchanges = (
        exchange(0, "https://shop.test/", 200, NO_SAME_SITE, FOUND, page="p1", media_type="text/html"),
        exchange(
            1,
            "https://api.shop.test/v1/items?page=2&sort=price",
            200,
            MISMATCH,
            FOUND,
            NOT_STORED,
            page="p1",
            method="PUT",
            media_type="application/json",
            resource_type="fetch",
            verdicts=VERDICTS,
            fields=fields,
        ),
        exchange(2, "https://api.shop.test/v1/items?page=3", 200, MISMATCH, CREDENTIALS, page="p1", method="PUT"),
        exchange(3, "https://api.shop.test/slow", None, page="p1", error="net::ERR_TIMED_OUT", size=None),
    )
    stories = (
        Story("preflight", "A preflight and its request", (0, 1), ("`OPTIONS` asks for `PUT`", "`PUT` is refused")),
    )
    info = CaptureInfo(
        "shop.har",
        "har",
        "WebInspector 537.36",
        5,
        (Skipped(4, "entry has no request"),),
        ("This recording was exported without cookies.",),
        (PageInfo("p1", "The shop", "https://shop.test/", 1_772_366_400.0, 840.0, 2104.0),),
    )
    return Report(SCHEMA, (info,), exchanges, stories, summarize(exchanges, stories))
