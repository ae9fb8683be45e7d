"""Caching rules: the finer points beyond each page's two examples."""

import pytest

from inspector.engine import Engine
from inspector.report import Annotation, Severity
from inspector.rules.cache_lifetimes import fingerprint
from inspector.rules.cache_privacy import session_like
from inspector.rules.example import parse_example

DATE = "Date: Sun, 01 Mar 2026 12:00:00 GMT"


def told(text: str) -> dict[str, Annotation]:
    """The annotations on the last exchange, by rule."""
    engine = Engine()
    reports = [engine.observe(exchange) for exchange in parse_example(text)]
    return {a.rule: a for a in reports[-1].annotations}


def response(*lines: str, request: str = "GET https://a.test/x HTTP/2", status: int = 200) -> dict[str, Annotation]:
    return told("\n".join([request, "", f"HTTP/2 {status}", DATE, *lines]))


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        (("Cache-Control: no-store",), "Not stored: `no-store`"),
        (("Cache-Control: max-age=3600",), "Reusable for 1 hour"),
        (("Cache-Control: max-age=3600", "Age: 1800"), "Reusable for 30 minutes more"),
        (("Cache-Control: no-cache", 'ETag: "1"'), "Stored, checked before every reuse"),
        (("Cache-Control: max-age=60", "Age: 61", 'ETag: "1"'), "Stored, but stale: checked before reuse"),
        (("Last-Modified: Thu, 19 Feb 2026 12:00:00 GMT",), "Reusable for 1 day by Chromium's guess"),
        ((), "Stored, but fetched anew every time"),
        (("Cache-Control: stale-while-revalidate=60",), "Stale, but usable while the browser renews it"),
    ],
)
def test_titles_name_the_outcome(lines, title):
    assert response(*lines)["cache/explained"].title == title


def test_numbers_and_both_caches_in_one_text():
    detail = response("Cache-Control: max-age=3600, s-maxage=86400", 'ETag: "1"')["cache/explained"].detail
    assert "without asking for 1 hour" in detail
    assert "Shared caches may reuse it for 1 day" in detail
    assert "`If-None-Match`" in detail


def test_directives_beside_no_store_are_called_void():
    detail = response("Cache-Control: no-store, no-cache, max-age=0")["cache/explained"].detail
    assert "Beside it `no-cache` and `max-age=0` have no effect." in detail


def test_silence_on_what_nobody_caches():
    assert "cache/explained" not in response(request="POST https://a.test/x HTTP/2")
    assert "cache/explained" not in response(status=302)
    assert "cache/explained" not in response(status=500)


@pytest.mark.parametrize(
    ("value", "fires"),
    [
        ("no-store, max-age=60", True),
        ("public, private", True),
        ("no-cache, immutable", True),
        ("max-age=1, max-age=2", True),
        ("max-age=1, max-age=1", False),
        ("no-cache, max-age=60", False),
        ('no-cache="set-cookie", max-age=60', False),
        ('private="x", public', False),
        ("must-understand, no-store, max-age=60", False),
        ("no-store, no-cache, max-age=0, must-revalidate", False),
    ],
)
def test_conflicts(value, fires):
    assert ("cache/conflict" in response(f"Cache-Control: {value}")) is fires


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("max_age=60", "max-age=60"),
        ("maxage=60", "max-age=60"),
        ("max-age:60", "max-age=60"),
        ("s-max-age=60", "s-maxage=60"),
        ("nocache", "no-cache"),
        ("no_store", "no-store"),
        ("must_revalidate", "must-revalidate"),
        ('max-age="60"', "max-age=60"),
        ("max-age=60.5", "max-age=60"),
        ("max-age=1h", "max-age=1"),
        ("max-age", "max-age=<seconds>"),
        ("public; max-age=60", "public, max-age=60"),
        ("x-unknown, community=UCI, pre-check=0, Max-Age=60", None),
        ("no-cache, NO-STORE", None),
    ],
)
def test_misspelt_directives_come_with_the_right_spelling(value, right):
    found = response(f"Cache-Control: {value}").get("cache/directive-syntax")
    if right is None:
        assert found is None
    else:
        assert found is not None
        assert found.fix is not None
        assert f"`{right}`" in found.fix


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/app.3f9c1b7a.js", "3f9c1b7a"),
        ("/assets/index-BsK3jd9x.js", "BsK3jd9x"),
        ("/main.cefc54005ce944c486e4fa2935e9f0b0.css", "cefc54005ce944c486e4fa2935e9f0b0"),
        ("/20260301.js", None),
        ("/jquery-3.7.1.min.js", None),
        ("/GillSansW01Light.woff", None),
        ("/mediumSquare149.jpg", None),
        ("/54f7155119430bf03f00010b.js", None),
        ("/deadbeef/app.js", None),
        ("/facade.js", None),
    ],
)
def test_names_made_from_content(path, found):
    assert fingerprint(path) == found


@pytest.mark.parametrize(
    ("name", "session"),
    [("sid", True), ("PHPSESSID", True), ("JSESSIONID", True), ("connect.sid", True), ("session_id", True), ("auth-token", True),
     ("_ga", False), ("theme", False), ("consent", False), ("residence", False), ("_gid", False)],
)  # fmt: skip
def test_session_like_names(name, session):
    assert session_like(name) is session


def test_expires_minus_one_with_last_modified_is_reused_by_chromium():
    found = response("Expires: -1", "Last-Modified: Thu, 19 Feb 2026 12:00:00 GMT")["cache/expires-invalid"]
    assert "1 day" in found.detail
    assert "cache/expires-invalid" not in response("Expires: -1")
    assert "cache/expires-invalid" not in response("Expires: 0", "Last-Modified: Thu, 19 Feb 2026 12:00:00 GMT")


def test_deleting_a_session_cookie_is_not_sharing_it():
    public = "Cache-Control: public, max-age=60"
    assert "cache/private-data-public" in response(public, "Set-Cookie: sid=abc", "Content-Type: text/html")
    for line in ("sid=; Max-Age=0", "sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "_ga=abc"):
        assert "cache/private-data-public" not in response(public, f"Set-Cookie: {line}", "Content-Type: text/html")


def test_a_session_cookie_on_a_script_is_a_warning():
    found = response("Cache-Control: public, max-age=60", "Set-Cookie: sid=abc", "Content-Type: text/javascript")
    assert found["cache/private-data-public"].severity is Severity.WARNING


def test_secrets_are_not_shown():
    request = "GET https://a.test/x HTTP/2\nAuthorization: Bearer tokn-9f8e7d6c5b"
    found = told(f"{request}\n\nHTTP/2 200\n{DATE}\nCache-Control: public, max-age=60")
    assert "tokn-9f8e7d6c5b" not in repr(found)
    assert "cache/auth-shared" in found


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("X-Cache: HIT", "answered from its store"),
        ("X-Cache: Miss from cloudfront", "CloudFront had no copy"),
        ("X-Cache: RefreshHit from cloudfront", "confirmed its copy"),
        ("CF-Cache-Status: DYNAMIC", "Cloudflare does not consider it cacheable"),
        ('Cache-Status: "Origin Shield"; hit; ttl=60, edge; fwd=stale; stored', "passed on (stale), stored"),
        ("Cache-Status: ;;;", None),
        ("X-Cache: something", None),
    ],
)
def test_caches_on_the_way(line, says):
    found = response("Cache-Control: max-age=60", line).get("cache/hit-explained")
    if says is None:
        assert found is None
    else:
        assert found is not None
        assert says in found.detail


def test_a_longer_copy_of_a_private_page_is_told_though_a_shorter_was():
    def page(path: str, seconds: int) -> str:
        return (
            f"GET https://a.test/{path} HTTP/2\nCookie: session_id=f3a9c2d17b\n\nHTTP/2 200\n{DATE}\n"
            f"Content-Type: text/html\nCache-Control: private, max-age={seconds}\n"
        )

    rule = "cache/sensitive-storable"
    assert told(page("a", 600))[rule].severity is Severity.NOTE
    assert "for 10 minutes" in told(page("a", 600))[rule].detail
    assert rule not in told(page("a", 600) + "---\n" + page("b", 600))
    assert told(page("a", 600) + "---\n" + page("b", 31536000))[rule].severity is Severity.WARNING


def test_sentences_of_one_exchange_tell_the_same_time():
    found = response("Cache-Control: max-age=86400", "Age: 5")
    assert found["cache/explained"].title == "Reusable for 1 day"
    assert "for 1 day (`max-age`)" in found["cache/explained"].detail
    assert "Of its 1 day of freshness the browser has nearly all left" in found["cache/hit-explained"].detail
    found = response("Cache-Control: max-age=86400", "Age: 43200")
    assert found["cache/explained"].title == "Reusable for 12 hours more"
    assert "for 12 hours:" in found["cache/explained"].detail
    assert "the browser has 12 hours left" in found["cache/hit-explained"].detail
