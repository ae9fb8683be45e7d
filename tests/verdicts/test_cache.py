"""Caching verdicts: what is stored, how it is reused, and what a later exchange of the capture was."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.browser.verdict import CacheVerdict
from inspector.engine import INTERNAL_ERROR, Engine
from inspector.exchange import Fields
from inspector.rules.example import parse_example
from inspector.session import cache as session_cache

NOW = "Sun, 01 Mar 2026 12:00:00 GMT"


def judged(
    *lines: str, status: int = 200, request: str = "GET https://a.test/x HTTP/2", said: str = ""
) -> CacheVerdict:
    verdicts = all_judged("\n".join(filter(None, [said, request, "", f"HTTP/2 {status}", *lines])))
    assert verdicts[0] is not None
    return verdicts[0]


def all_judged(*texts: str) -> list[CacheVerdict | None]:
    engine = Engine()
    reports = [engine.observe(exchange) for exchange in parse_example("\n---\n".join(texts))]
    assert not [a for r in reports for a in r.annotations if a.rule == INTERNAL_ERROR]
    return [r.verdicts.cache for r in reports]


@pytest.mark.parametrize(
    ("lines", "stored", "reuse", "lifetime", "basis", "shared"),
    [
        (("Cache-Control: max-age=60",), True, "fresh", 60, "max-age", (True, "fresh")),
        (("Cache-Control: private, max-age=60",), True, "fresh", 60, "max-age", (False, "none")),
        (('Cache-Control: private="x-a", max-age=60',), True, "fresh", 60, "max-age", (True, "fresh")),
        (("Cache-Control: max-age=0, s-maxage=60", 'ETag: "1"'), True, "revalidate", 0, "max-age", (True, "fresh")),
        (("Cache-Control: s-maxage=0, max-age=60", 'ETag: "1"'), True, "fresh", 60, "max-age", (True, "revalidate")),
        (("Cache-Control: no-store, max-age=60",), False, "none", 60, "max-age", (False, "none")),
        (("Cache-Control: no-cache", 'ETag: "1"'), True, "revalidate", 0, "none", (True, "revalidate")),
        (("Cache-Control: no-cache",), True, "none", 0, "none", (True, "none")),
        (('Cache-Control: no-cache="a", max-age=60',), True, "fresh", 60, "max-age", (True, "fresh")),
        (("Cache-Control: must-understand, no-store, max-age=60",), False, "none", 60, "max-age", (True, "fresh")),
        ((), True, "none", 0, "none", (True, "none")),
        (('ETag: W/"1"',), True, "revalidate", 0, "none", (True, "revalidate")),
        (("Last-Modified: Thu, 19 Feb 2026 12:00:00 GMT",), True, "fresh", 86400, "heuristic", (True, "fresh")),
        (("Expires: Sun, 01 Mar 2026 13:00:00 GMT",), True, "fresh", 3600, "expires", (True, "fresh")),
        (("Expires: 0", 'ETag: "1"'), True, "revalidate", 0, "expires", (True, "revalidate")),
        (("Expires: -1", "Last-Modified: Thu, 19 Feb 2026 12:00:00 GMT"), True, "fresh", 86400, "heuristic", (True, "revalidate")),
        (("Pragma: no-cache", "Cache-Control: max-age=60", 'ETag: "1"'), True, "revalidate", 0, "none", (True, "fresh")),
        (("Cache-Control: max-age=60", "Age: 100", 'ETag: "1"'), True, "revalidate", 60, "max-age", (True, "revalidate")),
        (("Cache-Control: max-age=60, stale-while-revalidate=90", "Age: 100"), True, "stale-while-revalidate", 60, "max-age",
         (True, "stale-while-revalidate")),
        (("Cache-Control: s-maxage=60, stale-while-revalidate=90", "Age: 100"), True, "none", 0, "none", (True, "none")),
        (("Cache-Control: max-age=60", "Vary: *", 'ETag: "1"'), True, "revalidate", 60, "max-age", (True, "revalidate")),
    ],
)  # fmt: skip
def test_what_the_fields_permit(lines, stored, reuse, lifetime, basis, shared):
    v = judged(f"Date: {NOW}", *lines)
    assert (v.stored, v.reuse, v.lifetime, v.basis) == (stored, reuse, lifetime, basis)
    assert (v.shared.stored, v.shared.reuse) == shared
    assert v.because.endswith(".")
    assert v.steps


@pytest.mark.parametrize(
    ("status", "lines", "stored", "reuse"),
    [
        (301, (), True, "fresh"),
        (308, (), True, "fresh"),
        (410, (), True, "fresh"),
        (302, (), False, "none"),
        (302, ("Cache-Control: max-age=5",), True, "fresh"),
        (404, (), True, "none"),
        (500, (), False, "none"),
        (500, ("Cache-Control: max-age=5",), True, "fresh"),
        (401, ("Cache-Control: max-age=5",), False, "none"),
        (206, ("Cache-Control: max-age=5",), False, "none"),
    ],
)
def test_statuses(status, lines, stored, reuse):
    v = judged(f"Date: {NOW}", *lines, status=status)
    assert (v.stored, v.reuse) == (stored, reuse)


def test_a_permanent_redirect_has_no_limit():
    assert judged(f"Date: {NOW}", status=301).lifetime is None


@pytest.mark.parametrize("lifting", ["public", "s-maxage=60", "must-revalidate"])
def test_authorization_keeps_shared_caches_out_unless_lifted(lifting):
    request = "GET https://a.test/x HTTP/2\nAuthorization: Bearer abc"
    assert judged("Cache-Control: max-age=60", request=request).shared.stored is False
    assert judged(f"Cache-Control: max-age=60, {lifting}", request=request).shared.stored is True


def test_post_is_kept_by_no_browser_and_by_a_shared_cache_only_with_content_location():
    request = "POST https://a.test/x HTTP/2"
    assert judged("Cache-Control: max-age=60", request=request).stored is False
    assert judged("Cache-Control: max-age=60", request=request).shared.stored is False
    assert judged("Cache-Control: max-age=60", "Content-Location: /x", request=request).shared.stored is True


def test_age_is_the_greater_of_age_and_apparent_age():
    assert judged(f"Date: {NOW}", "Age: 30", "Cache-Control: max-age=600").age == 30
    late = judged(f"Date: {NOW}", "Age: 30", "Cache-Control: max-age=600", said="# at: 2026-03-01T12:05:00Z")
    assert (late.age, late.reuse) == (300, "fresh")
    early = judged(f"Date: {NOW}", "Cache-Control: max-age=600", said="# at: 2026-03-01T11:00:00Z")
    assert early.age == 0


def test_age_of_a_shared_cache_is_no_hit_in_the_browsers():
    assert judged("Age: 30", "Cache-Control: max-age=60", said="# from: network").served_from == "network"
    assert judged("Cache-Control: max-age=60", said="# from: disk-cache").served_from == "cache"
    assert judged("Cache-Control: max-age=60", said="# from: memory-cache").served_from == "cache"
    assert judged("Cache-Control: max-age=60", said="# from: service-worker").served_from == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "GET wss://a.test/x HTTP/1.1\n\nHTTP/1.1 101 Switching Protocols",
        "GET data:text/plain,x HTTP/1.1\n\nHTTP/1.1 200 OK",
        "GET https://a.test/x HTTP/2",
        "OPTIONS https://a.test/x HTTP/2\nOrigin: https://b.test\nAccess-Control-Request-Method: PUT\n\nHTTP/2 204",
    ],
)
def test_no_verdict_where_there_is_nothing_to_cache(text):
    assert all_judged(text) == [None]


FIRST = f'# from: network\nGET https://a.test/x HTTP/2\n\nHTTP/2 200\nDate: {NOW}\nCache-Control: no-cache\nETag: "1"'


def test_a_304_renews_what_was_stored():
    _, second = all_judged(
        FIRST,
        '# from: network\nGET https://a.test/x HTTP/2\nIf-None-Match: "1"\n\nHTTP/2 304\n'
        "Date: Sun, 01 Mar 2026 12:00:01 GMT\nCache-Control: max-age=60",
    )
    assert second is not None
    assert (second.served_from, second.reuse, second.lifetime) == ("revalidated", "fresh", 60)
    assert second.validators == ("etag",)
    assert "exchange 0" in second.steps[0].saw


def history_of(*texts: str) -> session_cache.History | None:
    seen = []
    engine = Engine()
    judge = engine.session.cache.judge

    def watch(x):
        verdict = judge(x)
        seen.append(engine.session.cache.latest(x))
        return verdict

    engine.session.cache.judge = watch  # type: ignore[method-assign]
    for exchange in parse_example("\n---\n".join(texts)):
        engine.observe(exchange)
    return seen[-1]


FRESH = f"# from: network\nGET https://a.test/x HTTP/2\nX-A: 1\n\nHTTP/2 200\nDate: {NOW}\nCache-Control: max-age=60\nVary: X-A"


def again(fields: str, said: str = "# from: network", status: int = 200) -> str:
    return f"{said}\nGET https://a.test/x HTTP/2{fields}\n\nHTTP/2 {status}\nCache-Control: max-age=60"


@pytest.mark.parametrize(
    ("later", "became", "fresh", "cause"),
    [
        (again("\nX-A: 1", "# from: disk-cache"), "reused", True, None),
        (again("\nX-A: 1"), "refetched", True, None),
        (again("\nX-A: 2"), "refetched", True, "`Vary` names `x-a`"),
        (again("\nX-A: 1\nCache-Control: no-cache"), "refetched", True, "`Cache-Control: no-cache`"),
        (again("\nX-A: 1\nPragma: no-cache"), "refetched", True, "`Pragma: no-cache`"),
        (again('\nX-A: 1\nCache-Control: max-age=0\nIf-None-Match: "1"', status=304), "revalidated", True, "max-age=0"),
        (again('\nX-A: 1\nIf-None-Match: "1"'), "changed", True, None),
        (again("\nX-A: 1", "# from: network\n# at: 2026-03-01T12:10:00Z"), "refetched", False, "stale"),
    ],
)
def test_what_became_of_a_stored_copy(later, became, fresh, cause):
    found = history_of(FRESH, later)
    assert found is not None
    assert (found.became, found.was_fresh) == (became, fresh)
    assert (cause is None and found.cause is None) or (cause or "") in (found.cause or "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_an_unsafe_request_removes_the_copy(method):
    unsafe = f"# from: network\n{method} https://a.test/x HTTP/2\n\nHTTP/2 200"
    assert history_of(FRESH, unsafe, again("\nX-A: 1")) is None
    failed = unsafe.replace("200", "500")
    assert history_of(FRESH, failed, again("\nX-A: 1")) is not None


def test_a_later_no_store_removes_the_copy():
    assert history_of(FRESH, again("\nX-A: 1").replace("max-age=60", "no-store"), again("\nX-A: 1")) is None


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(session_cache, "MOST_REMEMBERED", 10)
    engine = Engine()
    exchange = parse_example(FRESH)[0]
    for i in range(50):
        request = msgspec.structs.replace(exchange.request, url=f"https://a.test/{i}")
        engine.observe(msgspec.structs.replace(exchange, index=i, request=request))
    assert len(engine.session.cache._stored) == 10


NAMES = [
    "Cache-Control",
    "Expires",
    "Date",
    "Last-Modified",
    "ETag",
    "Age",
    "Vary",
    "Pragma",
    "Content-Location",
    "Content-Range",
]


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=30)), max_size=6),
    st.sampled_from([200, 204, 206, 301, 304, 404, 500]),
    st.sampled_from(["GET", "HEAD", "POST", "BREW"]),
)
def test_hostile_fields_never_raise(fields, status, method):
    exchange = parse_example(f"# from: network\n{method} https://a.test/x HTTP/2\n\nHTTP/2 {status}")[0]
    assert exchange.response is not None
    exchange = msgspec.structs.replace(
        exchange, response=msgspec.structs.replace(exchange.response, fields=Fields.of(fields))
    )
    engine = Engine()
    for _ in range(2):
        report = engine.observe(exchange)
        assert report.verdicts.cache is not None
        mine = [
            a
            for a in report.annotations
            if a.rule == INTERNAL_ERROR and ("cache/" in a.detail or "verdicts" in a.detail)
        ]
        assert not mine


def test_clear_site_data_keeps_nothing_of_the_origin():
    kept = f"# from: network\nGET https://a.test/x HTTP/2\n\nHTTP/2 200\nDate: {NOW}\nCache-Control: max-age=60"
    for value, stored in (('"cache"', False), ('"*"', False), ('"cookies"', True), ("cache", True)):
        clearing = kept.replace("/x", "/logout") + f"\nClear-Site-Data: {value}"
        engine = Engine()
        *_, verdict = [engine.observe(e).verdicts.cache for e in parse_example(f"{kept}\n---\n{clearing}")]
        assert verdict is not None
        assert (verdict.stored, verdict.reuse) == ((True, "fresh") if stored else (False, "none"))
        assert ("https://a.test/x" in engine.session.cache._stored) is stored
    plain = [part.replace("https", "http") for part in (kept, kept + '\nClear-Site-Data: "cache"')]
    assert [v.reuse for v in all_judged(*plain) if v is not None] == ["fresh", "fresh"]


@pytest.mark.parametrize(
    ("request_cookie", "set_cookie", "reuse"),
    [
        ("", "", "fresh"),
        ("", "\nSet-Cookie: a=1", "revalidate"),
        ("\nCookie: a=1", "\nSet-Cookie: a=1", "fresh"),
        ("\nCookie: a=0", "\nSet-Cookie: a=1", "revalidate"),
        ("\nCookie: a=1", "\nSet-Cookie: a=; Max-Age=0", "revalidate"),
        ("", "\nSet-Cookie: a=; Max-Age=0", "fresh"),
        ("", "\nSet-Cookie: a=1; Path=/elsewhere", "fresh"),
        ("", "\nSet-Cookie: a=1; Domain=other.test", "fresh"),
    ],
)
def test_vary_cookie_of_a_response_that_sets_one(request_cookie, set_cookie, reuse):
    text = f"# from: network\nGET https://a.test/x HTTP/2\nSec-Fetch-Site: none\nSec-Fetch-Mode: navigate{request_cookie}\n\n"
    text += f'HTTP/2 200\nDate: {NOW}\nCache-Control: max-age=60\nETag: "1"\nVary: Cookie{set_cookie}'
    (verdict,) = all_judged(text)
    assert verdict is not None
    assert (verdict.stored, verdict.reuse) == (True, reuse)
