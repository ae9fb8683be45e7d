"""Scenarios for comparing caching verdicts with a real Chromium: written ones, and combinations by a seeded generator."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from time import time

from tests.browser.cache_lab import Scenario

DATE = "Date: {now}"
ETAG = 'ETag: "v1"'
MODIFIED = "Last-Modified: {now-864000}"
FRESH = "Cache-Control: max-age=60"


def scenario(name: str, *lines: str, **more: object) -> Scenario:
    """A scenario from field lines."""
    pairs = tuple((line.partition(":")[0], line.partition(":")[2].strip()) for line in lines)
    return Scenario(name, pairs, **more)  # type: ignore[arg-type]


def written() -> list[Scenario]:
    """Each rule on its own."""
    s = scenario
    control = [
        "max-age=60", "MAX-AGE=60", 'max-age="60"', "max-age=60.5", "max-age=-1", "max-age=0, max-age=60",
        "max-age=60, max-age=0", "max-age=x, max-age=60", "max-age=99999999999999999999999", "max-age = 60",
        "max-age= 60", "max-age =60", "public; max-age=60", "max-age=60; public", "max-age=+60", "max-age=60s",
        "max-age=00060", "no-cache, max-age=60", 'no-cache="set-cookie", max-age=60', "no-store, max-age=60",
        "NO-STORE, max-age=60", "no-store=1, max-age=60", "must-understand, no-store, max-age=60", "private",
        "private, max-age=60", 'private="x", max-age=60', "s-maxage=60", "s-maxage=0, max-age=60", "must-revalidate",
        "max-age=60, must-revalidate", "immutable", "max-age=0, immutable", "max-age=0, stale-while-revalidate=600",
        "stale-while-revalidate=600", 'max-age=0, stale-while-revalidate="600"', "public", "", "max_age=60", '"no-cache", max-age=60',
        'private="x, max-age=60', 'foo="no-store", max-age=60', "max-age=0, stale-if-error=600", "proxy-revalidate, max-age=60",
        "no-cache, stale-while-revalidate=600", "max-age=0, must-revalidate, stale-while-revalidate=600",
    ]  # fmt: skip
    found = [s(f"cc {value} {tail}", DATE, f"Cache-Control: {value}", *extra) for value in control
             for tail, extra in (("bare", ()), ("etag", (ETAG,)), ("modified", (MODIFIED,)))]  # fmt: skip
    for status in (200, 201, 202, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 416, 418, 429,
                   451, 500, 501, 503, 599):  # fmt: skip
        found += [
            s(f"{status} nothing", DATE, status=status),
            s(f"{status} modified", DATE, MODIFIED, status=status),
            s(f"{status} max-age", DATE, FRESH, status=status),
            s(f"{status} stale etag", DATE, "Cache-Control: max-age=0", ETAG, status=status),
            s(f"{status} expires 0", DATE, "Expires: 0", status=status),
            s(f"{status} swr", DATE, "Cache-Control: max-age=0, stale-while-revalidate=60", status=status),
            s(f"{status} no-cache", DATE, "Cache-Control: no-cache", MODIFIED, status=status),
        ]
    found += [
        s("pragma beside max-age", DATE, FRESH, "Pragma: no-cache", ETAG),
        s("pragma alone", DATE, "Pragma: no-cache", MODIFIED),
        s("pragma in a list", DATE, FRESH, "Pragma: foo, no-cache", ETAG),
        s("pragma in quotes", DATE, FRESH, 'Pragma: "no-cache"', ETAG),
        s("two lines, the first counts", DATE, FRESH, "Cache-Control: max-age=0", ETAG),
        s("two lines, no-store in the second", DATE, FRESH, "Cache-Control: no-store", ETAG),
        s("age over", DATE, "Age: 100", FRESH, ETAG),
        s("age under", DATE, "Age: 10", FRESH, ETAG),
        s("age no number", DATE, "Age: abc", FRESH, ETAG),
        s("age negative", DATE, "Age: -100", FRESH, ETAG),
        s("age fraction", DATE, "Age: 100.5", FRESH, ETAG),
        s("age twice", DATE, "Age: 10", "Age: 100", FRESH, ETAG),
        s("age list", DATE, "Age: 100, 10", FRESH, ETAG),
        s("age without date", "Age: 100", FRESH, ETAG),
        s("date old", "Date: {now-100}", FRESH, ETAG),
        s("date ahead", "Date: {now+100}", FRESH, ETAG),
        s("date bad", "Date: yesterday", FRESH, ETAG),
        s("no date", FRESH, ETAG),
        s("heuristic without date", MODIFIED),
        s("modified ahead", DATE, "Last-Modified: {now+1000}"),
        s("modified now", DATE, "Last-Modified: {now}"),
        s("modified bad", DATE, "Last-Modified: foo"),
        s("vary star etag", DATE, "Vary: *", FRESH, ETAG),
        s("vary star modified", DATE, "Vary: *", FRESH, MODIFIED),
        s("vary star in a list", DATE, "Vary: X-A, *", FRESH, ETAG),
        s("vary same", DATE, "Vary: X-A", FRESH, ETAG, first={"X-A": "1"}, second={"X-A": "1"}),
        s("vary other etag", DATE, "Vary: X-A", FRESH, ETAG, first={"X-A": "1"}, second={"X-A": "2"}),
        s("vary other modified", DATE, "Vary: X-A", FRESH, MODIFIED, first={"X-A": "1"}, second={"X-A": "2"}),
        s("vary absent then there", DATE, "Vary: X-A", FRESH, ETAG, second={"X-A": "2"}),
        s("vary encoding", DATE, "Vary: Accept-Encoding", FRESH, ETAG),
        s("vary cookie", DATE, "Vary: Cookie", FRESH, ETAG),
        s("vary empty", DATE, "Vary:", FRESH, ETAG),
        s("vary other, stale allowed", DATE, "Age: 100", "Vary: X-A",
          "Cache-Control: max-age=60, stale-while-revalidate=600", ETAG, second={"X-A": "1"}),
        s("weak etag", DATE, 'ETag: W/"v1"'),
        s("etag without quotes", DATE, "ETag: v1"),
        s("etag empty", DATE, "ETag:"),
        s("both validators", DATE, ETAG, MODIFIED, "Cache-Control: no-cache"),
        s("authorization", DATE, FRESH, first={"Authorization": "Basic x"}),
        s("post", DATE, FRESH, method="POST"),
        s("post twice", DATE, FRESH, method="POST", second_method="POST"),
        s("head then get", DATE, FRESH, method="HEAD"),
        s("range then range", DATE, FRESH, ETAG, "Content-Range: bytes 0-39/100", status=206,
          first={"Range": "bytes=0-39"}, second={"Range": "bytes=0-39"}),
        s("range asked, all sent", DATE, FRESH, ETAG, first={"Range": "bytes=0-9"}),
        s("range of a weak tag", DATE, FRESH, 'ETag: W/"1"', "Content-Range: bytes 0-39/100", status=206,
          first={"Range": "bytes=0-39"}, second={"Range": "bytes=0-39"}),
        s("range by date alone", DATE, FRESH, MODIFIED, "Content-Range: bytes 0-39/100", status=206,
          first={"Range": "bytes=0-39"}, second={"Range": "bytes=0-39"}),
        s("HTTP/1.0 etag", DATE, "Cache-Control: no-cache", ETAG, version="1.0"),
        s("HTTP/1.0 modified", DATE, "Cache-Control: no-cache", MODIFIED, version="1.0"),
        s("HTTP/1.0 max-age", DATE, FRESH, version="1.0"),
        s("range, HTTP/1.0 etag", DATE, FRESH, ETAG, "Content-Range: bytes 0-39/100", status=206, version="1.0",
          first={"Range": "bytes=0-39"}, second={"Range": "bytes=0-39"}),
        s("206 unasked", DATE, FRESH, ETAG, "Content-Range: bytes 0-39/40", status=206),
        *[s(f"after {method}", DATE, FRESH, between=method) for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS")],
        s("request no-cache", DATE, FRESH, ETAG, second={"Cache-Control": "no-cache"}),
        s("request max-age=0", DATE, FRESH, ETAG, second={"Cache-Control": "max-age=0"}),
        s("request no-store", DATE, FRESH, ETAG, second={"Cache-Control": "no-store"}),
        s("request pragma", DATE, FRESH, ETAG, second={"Pragma": "no-cache"}),
        s("request only-if-cached", DATE, "Cache-Control: max-age=0", ETAG, second={"Cache-Control": "only-if-cached"}),
        s("request max-age=5", DATE, "Age: 30", FRESH, ETAG, second={"Cache-Control": "max-age=5"}),
        s("request min-fresh", DATE, FRESH, ETAG, second={"Cache-Control": "min-fresh=100"}),
        s("first request no-store", DATE, FRESH, first={"Cache-Control": "no-store"}),
        s("mode reload", DATE, FRESH, ETAG, second_mode="reload"),
        s("mode no-store", DATE, FRESH, ETAG, second_mode="no-store"),
        s("mode no-cache", DATE, FRESH, ETAG, second_mode="no-cache"),
        s("a cookie set", DATE, FRESH, "Set-Cookie: a=b; Path=/never"),
        s("field for CDNs", DATE, "CDN-Cache-Control: max-age=60", ETAG),
    ]  # fmt: skip
    return found + dates()


def dates() -> list[Scenario]:
    """``Expires`` in the notations servers use, two days ahead, and some that are no dates."""
    ahead = datetime.fromtimestamp(time() + 2 * 86_400, UTC)
    forms = {
        "IMF-fixdate": "%a, %d %b %Y %H:%M:%S GMT",
        "rfc850": "%A, %d-%b-%y %H:%M:%S GMT",
        "asctime": "%a %b %d %H:%M:%S %Y",
        "no weekday": "%d %b %Y %H:%M:%S GMT",
        "UTC": "%a, %d %b %Y %H:%M:%S UTC",
        "no zone": "%a, %d %b %Y %H:%M:%S",
        "ISO 8601": "%Y-%m-%dT%H:%M:%SZ",
        "no seconds": "%a, %d %b %Y %H:%M GMT",
        "lower case zone": "%a, %d %b %Y %H:%M:%S gmt",
        "hyphens": "%a, %d-%b-%Y %H:%M:%S GMT",
        "wrong weekday": "Foo, %d %b %Y %H:%M:%S GMT",
        "+0000": "%a, %d %b %Y %H:%M:%S +0000",
        "slashes": "%m/%d/%Y %H:%M:%S",
        "US order": "%b %d, %Y %H:%M:%S GMT",
        "long month": "%A, %d %B %Y %H:%M:%S GMT",
        "no comma": "%a %d %b %Y %H:%M:%S GMT",
        "something after": "%a, %d %b %Y %H:%M:%S GMT; foo",
        "24:00": "%a, %d %b %Y 24:00:00 GMT",
    }
    odd = ["0", "-1", "", "never", "00", '"0"', "1700000000", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 31 Feb 2030 00:00:00 GMT",
           "Thursday, 01-Jan-70 00:00:00 GMT", "Thursday, 01-Jan-69 00:00:00 GMT", "{now-60}", "{now+60}"]  # fmt: skip
    found = [
        scenario(f"Expires {name}", DATE, f"Expires: {ahead.strftime(form)}", ETAG) for name, form in forms.items()
    ]
    found += [scenario(f"Expires {v!r} etag", DATE, f"Expires: {v}", ETAG) for v in odd]
    found += [scenario(f"Expires {v!r} modified", DATE, f"Expires: {v}", MODIFIED) for v in odd]
    for hours, zone in (
        (-0.5, "EST"),
        (-0.5, "PDT"),
        (0.5, "+0100"),
        (0.5, "CET"),
        (0.5, "MET"),
        (0.5, "EET"),
        (0.5, "JST"),
    ):
        when = datetime.fromtimestamp(time() + hours * 3600, UTC)
        found.append(scenario(f"Expires in zone {zone}", DATE, f"Expires: {when:%a, %d %b %Y %H:%M:%S} {zone}", ETAG))
    return [
        *found,
        scenario("Expires without date", "Expires: {now+60}"),
        scenario("Expires past, max-age", DATE, "Expires: {now-60}", FRESH),
        scenario("Expires ahead, max-age=0", DATE, "Expires: {now+600}", "Cache-Control: max-age=0", ETAG),
        scenario("Expires twice", DATE, "Expires: {now+60}", "Expires: {now-60}", ETAG),
    ]


def combined(count: int, seed: int = 1) -> list[Scenario]:
    """Combinations of fields that are each plausible; the same for the same seed."""
    pick = random.Random(seed)
    members = ["max-age=60", "max-age=0", "max-age=1000", "s-maxage=60", "no-cache", "private", "public", "must-revalidate",
               "immutable", "stale-while-revalidate=500", "no-transform", 'no-cache="x"', "max-age=abc", "proxy-revalidate",
               "no-store"]  # fmt: skip
    weights = [4, 3, 3, 2, 2, 2, 3, 2, 1, 3, 1, 1, 1, 1, 1]
    found = []
    for number in range(count):
        lines = []
        if pick.random() < 0.9:
            lines.append("Date: {now" + pick.choice(["", "", "", "-30", "-300", "+90"]) + "}")
        if pick.random() < 0.75:
            chosen = pick.choices(members, weights, k=pick.choice([1, 1, 2, 2, 3]))
            lines.append("Cache-Control: " + ", ".join(chosen))
        for chance, choices in (
            (0.3, ("Expires: {now+400}", "Expires: {now-400}", "Expires: 0", "Expires: -1")),
            (0.35, (MODIFIED, "Last-Modified: {now-5000}", "Last-Modified: {now+50}")),
            (0.4, (ETAG, 'ETag: W/"w"')),
            (0.25, ("Age: 0", "Age: 40", "Age: 90", "Age: 700")),
            (0.25, ("Vary: Accept-Encoding", "Vary: *", "Vary: X-A", "Vary: Origin, Accept")),
            (0.08, ("Pragma: no-cache",)),
        ):
            if pick.random() < chance:
                lines.append(pick.choice(choices))
        status = pick.choice([200] * 8 + [203, 204, 301, 302, 307, 308, 404, 410, 500])
        sent = {"X-A": "1"} if any("X-A" in line for line in lines) else {}
        second = {"X-A": pick.choice("12")} if sent else {}
        found.append(scenario(f"combination {number}", *lines, status=status, first=sent, second=second))
    return found
