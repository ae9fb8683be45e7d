"""Caching scenarios written from RFC 9111 and RFC 9110 clause by clause, and from what servers really send."""

from __future__ import annotations

from tests.browser.cache_lab import Scenario
from tests.browser.cache_scenarios import DATE, ETAG, FRESH, MODIFIED, scenario

_CONTROL = (
    "max-age=60 ,", ",max-age=60", "max-age=60 max-age=0", "max-age:60", "max-age=60;no-store", "no-store no-cache", "no_store", "nostore", "no-cache=", "no-store=",
    'no-store="x"', "private=", "max-age", "max-age=", "max-age=, max-age=60", "max-age=\t60", "s-maxage=60, max-age=0", "s-maxage=0", "max-age=2147483647", "max-age=2147483648",
    "max-age=4294967296", "max-age=9223372036854775807", "max-age=9223372036854775808", "max-age=1e3", "max-age=0x3c", "max-age='60'", "max-age=60, no-cache=x", "No-Cache, max-age=60",
    "must-revalidate, max-age=0", "immutable, max-age=60", "stale-while-revalidate=60, max-age=0, no-cache", "max-age=0, stale-while-revalidate", "max-age=0, stale-while-revalidate=abc",
    "max-age=0, stale-while-revalidate=-1", "max-age=0, stale-while-revalidate=60.5", "no-transform", "only-if-cached", "public, max-age=60", "public, no-cache", "private, no-store",
    "private, no-cache", "public, private, max-age=60", 'x="a, no-store", max-age=60', 'x="a, max-age=0, b", max-age=60', 'x="a\\", no-store", max-age=60', 'x="a, no-store', "max-age=60, max-age=60",
    "max-age=60, s-maxage=5, no-transform", "no-cache, no-store, must-revalidate, max-age=0", "no-cache, no-store, max-age=0, must-revalidate, post-check=0, pre-check=0", "max-age=31536000, immutable",
    "max-age=0, private, must-revalidate", "no-cache, private", "stale-if-error=600, max-age=0", "must-understand", "must-understand, max-age=60", "no-cache, must-understand, no-store", "max-age=-0",
    "max-age=--60", "max-age=6 0", "max-age=60\u00e9", "\u00e9, max-age=60", "=60", "max-age==60", "max-age=60=1", "MAX-AGE=60, No-STORE", "public=1, max-age=60", "max-age=60, must-revalidate=1",
    "no-cache;max-age=60", "no-cache; no-store", "max-age=60, no-store;", "max-age=60 , no-store", "private; max-age=60", "max-age=1", "no-store, no-store", "proxy-revalidate", "max-age=0, immutable, stale-while-revalidate=100",
)  # fmt: skip
_STATUSES = (
    203,
    205,
    208,
    226,
    299,
    305,
    306,
    309,
    399,
    402,
    406,
    408,
    409,
    411,
    412,
    413,
    415,
    417,
    421,
    422,
    425,
    426,
    428,
    431,
    499,
    502,
    504,
    505,
    508,
    511,
    598,
)


def corners() -> list[Scenario]:
    """All of them."""
    s = scenario
    found = [
        s(f"control {value!r} {tail}", DATE, f"Cache-Control: {value}", *extra)
        for value in _CONTROL
        for tail, extra in (
            ("bare", ()),
            ("etag", (ETAG,)),
            ("modified", (MODIFIED,)),
            ("expires", ("Expires: {now+600}", ETAG)),
        )
    ]
    for status in _STATUSES:
        for tail, lines in (
            ("nothing", ()), ("modified", (MODIFIED,)), ("fresh", (FRESH,)), ("stale etag", ("Cache-Control: max-age=0", ETAG)), ("public", ("Cache-Control: public", MODIFIED)),
            ("expires", ("Expires: {now+60}",)), ("no-cache", ("Cache-Control: no-cache", ETAG)), ("private", ("Cache-Control: private", MODIFIED)),
        ):  # fmt: skip
            found.append(s(f"status {status} {tail}", DATE, *lines, status=status))
    for age in (
        "0",
        " 100",
        "+100",
        "0100",
        "100,",
        ",100",
        "1e2",
        "4294967296",
        "18446744073709551616",
        "-1",
        "59",
        "61",
        "abc, 100",
        "100abc",
        '"100"',
        "100;1",
        "",
    ):
        found += [
            s(f"age {age!r}", DATE, f"Age: {age}", FRESH, ETAG),
            s(f"age {age!r}, expires", DATE, f"Age: {age}", "Expires: {now+60}", ETAG),
        ]
    for offset in ("-30", "-59", "-61", "-3600", "+30", "+3600", "+86400"):
        date = f"Date: {{now{offset}}}"
        found += [
            s(f"date {offset}", date, FRESH, ETAG),
            s(f"date {offset}, age 50", date, "Age: 50", FRESH, ETAG),
            s(f"date {offset}, expires", date, "Expires: {now+60}", ETAG),
            s(f"date {offset}, modified", date, "Last-Modified: {now-86400}"),
            s(f"date {offset}, modified just now", date, "Last-Modified: {now-9}"),
            s(f"date {offset}, swr", date, "Cache-Control: max-age=10, stale-while-revalidate=3000", ETAG),
        ]
    found += [
        s("two dates", DATE, "Date: {now-600}", FRESH, ETAG),
        s("two dates, old first", "Date: {now-600}", DATE, FRESH, ETAG),
    ]
    for modified in (
        "{now-1}",
        "{now-9}",
        "{now-20}",
        "{now-100}",
        "{now-31536000}",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "0",
        "-1",
        "now",
        "",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ):
        found += [
            s(f"modified {modified!r}", DATE, f"Last-Modified: {modified}"),
            s(f"modified {modified!r} no-cache", DATE, f"Last-Modified: {modified}", "Cache-Control: no-cache"),
            s(
                f"modified {modified!r} must-revalidate",
                DATE,
                f"Last-Modified: {modified}",
                "Cache-Control: must-revalidate",
            ),
            s(f"modified {modified!r} etag", DATE, f"Last-Modified: {modified}", ETAG),
        ]
    for tag in (
        'W/""',
        '""',
        "*",
        "v1",
        "'v1'",
        'w/"v1"',
        '"v"1"',
        '"v 1"',
        "W/v1",
        '"\u00e9"',
        '"a", "b"',
        " ",
        '"v1";x',
    ):
        found += [
            s(f"etag {tag!r}", DATE, f"ETag: {tag}", "Cache-Control: no-cache"),
            s(f"etag {tag!r} fresh", DATE, f"ETag: {tag}", FRESH),
        ]
    found.append(s("two etags", DATE, ETAG, 'ETag: "v2"', "Cache-Control: no-cache"))
    for vary in (
        "*",
        "Accept, *",
        "x-a",
        "X-A, X-B",
        "User-Agent",
        "Origin",
        "Sec-Fetch-Dest",
        ",",
        "ACCEPT-ENCODING",
        "X-A,,X-B",
        "x a",
        '"X-A"',
        "X-B",
        "Cookie, X-B",
        "Accept-Language",
        "*, X-A",
        "X-*",
        "Referer",
    ):
        for sent, again in (
            ({"X-A": "1"}, {"X-A": "1"}),
            ({"X-A": "1"}, {"X-A": "2"}),
            ({}, {"X-B": "1"}),
            ({"X-A": "1"}, {}),
        ):
            for tail, lines in (
                ("etag", (FRESH, ETAG)),
                ("modified", (FRESH, MODIFIED)),
                ("bare", (FRESH,)),
                ("stale", ("Cache-Control: max-age=0", ETAG)),
            ):
                found.append(
                    s(f"vary {vary!r} {sent} {again} {tail}", DATE, f"Vary: {vary}", *lines, first=sent, second=again)
                )
    found.append(
        s("vary in two lines", DATE, "Vary: X-B", "Vary: X-A", FRESH, ETAG, first={"X-A": "1"}, second={"X-A": "2"})
    )
    for pragma in ("no-cache", "No-Cache", "no-cache=x", "no-store", "public", "x, no-cache", '"no-cache"', ""):
        found += [
            s(f"pragma {pragma!r} {tail}", DATE, f"Pragma: {pragma}", *lines)
            for tail, lines in (
                ("fresh", (FRESH, ETAG)),
                ("expires", ("Expires: {now+60}", ETAG)),
                ("modified", (MODIFIED,)),
            )
        ]
    for name, value in (
        ("Cache-Control", "max-age=30"), ("Cache-Control", "max-stale"), ("Cache-Control", "max-stale=600"), ("Cache-Control", "min-fresh=10"), ("Cache-Control", "NO-CACHE"), ("Cache-Control", "max-age=0, max-stale"),
        ("Cache-Control", 'max-age="0"'), ("Cache-Control", "no-cache=x"), ("Cache-Control", "max-age=00"), ("Cache-Control", "x, no-cache"), ("Pragma", "No-Cache"), ("Pragma", "x"), ("If-None-Match", '"v1"'), ("If-None-Match", '"v2"'),
        ("If-None-Match", "*"), ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"), ("If-Match", '"v1"'), ("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Range", "bytes=0-9"), ("Range", "bytes=5-"),
        ("Authorization", "Bearer x"), ("X-A", "1"), ("Accept", "text/html"),
    ):  # fmt: skip
        found += [
            s(f"second asks {name}: {value} {tail}", DATE, *lines, second={name: value})
            for tail, lines in (
                ("fresh", (FRESH, ETAG)),
                ("stale", ("Cache-Control: max-age=0", ETAG)),
                ("no validator", (FRESH,)),
                ("modified", (FRESH, MODIFIED)),
            )
        ]
        found.append(s(f"first asks {name}: {value}", DATE, FRESH, ETAG, first={name: value}))
    for mode in ("default", "no-store", "reload", "no-cache", "force-cache"):
        found += [
            s(f"mode {mode} {tail}", DATE, *lines, second_mode=mode)
            for tail, lines in (
                ("fresh", (FRESH, ETAG)), ("stale", ("Cache-Control: max-age=0", ETAG)), ("no-store", ("Cache-Control: no-store", ETAG)), ("bare", ()), ("stale bare", ("Cache-Control: max-age=0",)), ("vary", (FRESH, ETAG, "Vary: *")),
                ("swr", ("Cache-Control: max-age=0, stale-while-revalidate=100", ETAG)), ("no-cache", ("Cache-Control: no-cache", MODIFIED)),
            )
        ]  # fmt: skip
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "GET"):
        found += [
            s(f"between {method} stale", DATE, "Cache-Control: max-age=0", ETAG, between=method)
            if method not in ("GET", "HEAD")
            else s(f"first {method}", DATE, FRESH, ETAG, method=method),
            s(f"both {method}", DATE, FRESH, ETAG, method=method, second_method=method),
            s(f"second {method}", DATE, FRESH, ETAG, second_method=method),
        ]
    found += [
        s("clear-site-data", DATE, FRESH, ETAG, 'Clear-Site-Data: "storage"'),
        s("set-cookie", DATE, FRESH, "Set-Cookie: c=1; Path=/never", ETAG),
        s("set-cookie heuristic", DATE, MODIFIED, "Set-Cookie: c=1; Path=/never"),
        s("warning", DATE, FRESH, 'Warning: 110 - "stale"', ETAG),
        s("connection names it", DATE, FRESH, ETAG, "Connection: keep-alive"),
        s("surrogate", DATE, "Surrogate-Control: max-age=60", ETAG),
        s("location on 200", DATE, FRESH, "Location: /x", ETAG),
        s("empty content", DATE, FRESH, ETAG, content=""),
        s("large content", DATE, FRESH, ETAG, content="x" * 300_000),
        s("query string", DATE, MODIFIED),
        s("nothing at all"),
        s("nothing but a date", DATE),
        s("only expires ahead", "Expires: {now+60}"),
        s("only expires past", "Expires: {now-60}"),
        s("only an etag", ETAG),
        s("only a modification date", MODIFIED),
    ]  # fmt: skip
    return found
