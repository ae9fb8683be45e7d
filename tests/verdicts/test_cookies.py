"""Verdicts on cookies, set and due, on exchanges written as text."""

from __future__ import annotations

from textwrap import dedent

import msgspec
import pytest

from inspector.browser.cookies import default_path, path_matches
from inspector.browser.cookies_send import send
from inspector.browser.cookies_store import cookie_domain
from inspector.browser.verdict import CookieVerdict, SetCookieVerdict
from inspector.engine import Engine
from inspector.report import ExchangeReport
from inspector.rules.example import RECORDER, parse_example
from inspector.session import jar

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

VISIT = """\
GET https://shop.test/ HTTP/2
Sec-Fetch-Site: none
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: document

HTTP/2 200
Content-Type: text/html
"""


def observe(text: str) -> list[ExchangeReport]:
    engine = Engine()
    return [engine.observe(exchange) for exchange in parse_example(dedent(text))]


def set_on(request: str, *lines: str) -> list[SetCookieVerdict]:
    text = request.rstrip("\n") + "\n" + "\n".join(f"Set-Cookie: {line}" for line in lines)
    return list(observe(text)[0].verdicts.set_cookies)


def visit_then(lines: list[str], request: str) -> dict[str, CookieVerdict]:
    first = VISIT + "\n".join(f"Set-Cookie: {line}" for line in lines)
    reports = observe(first + "\n---\n" + dedent(request))
    return {verdict.name: verdict for verdict in reports[-1].verdicts.cookies}


def request(url: str, *fields: str, method: str = "GET", comment: str = "") -> str:
    head = f"{comment}\n" if comment else ""
    return head + "\n".join([f"{method} {url} HTTP/2", *fields, "", "HTTP/2 200", "Content-Type: text/plain", ""])


IMAGE = ("Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image")
FETCH = ("Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty")
TOP = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
FROM_ELSEWHERE = ("Sec-Fetch-Site: cross-site", "Referer: https://blog.test/")


@pytest.mark.parametrize(
    ("host", "attribute", "expected"),
    [
        ("x.a.test", None, ("x.a.test", True)),
        ("x.a.test", "", ("x.a.test", True)),
        ("x.a.test", ".A.test", ("a.test", False)),
        ("x.a.test", "x.a.test", ("x.a.test", False)),
        ("x.a.test", "..a.test", None),
        ("x.a.test", "y.a.test", None),
        ("x.a.test", "test", None),
        ("x.a.test", "a.test.", None),
        ("x.a.test", "a.test:443", None),
        ("x.a.test", "xa.test", None),
        ("x.a.test", "é.test", None),
        ("a.test", "x.a.test", None),
        ("a.b.co.uk", "co.uk", None),
        ("a.b.co.uk", "b.co.uk", ("b.co.uk", False)),
        ("x.github.io", "github.io", None),
        ("github.io", "github.io", ("github.io", True)),
        ("localhost", "localhost", ("localhost", True)),
        ("x.localhost", "localhost", None),
        ("127.0.0.1", "127.0.0.1", ("127.0.0.1", True)),
        ("127.0.0.1", "0.0.1", None),
        ("127.0.0.1", ".127.0.0.1", ("127.0.0.1", True)),
        ("127.0.0.1", "[127.0.0.1]", None),
        ("::1", "[::1]", ("::1", True)),
        ("::1", "::1", None),
        ("x.xn--bcher-kva.test", "bücher.test", ("xn--bcher-kva.test", False)),
        ("x.xn--bcher-kva.test", ".BÜCHER.test", ("xn--bcher-kva.test", False)),
        ("x.xn--bcher-kva.test", "b%C3%BCcher.test", None),
        ("x.a.test", "ü..test", None),
        ("a.test.", "a.test", None),
    ],
)
def test_domain(host: str, attribute: str | None, expected: tuple[str, bool] | None):
    assert cookie_domain(host, attribute) == expected


@pytest.mark.parametrize(
    ("path", "cookie_path", "matches"),
    [
        ("/a", "/a", True),
        ("/a/b", "/a", True),
        ("/ab", "/a", False),
        ("/a/b", "/a/", True),
        ("/a", "/a/", False),
        ("/A", "/a", False),
        ("", "/", True),
    ],
)
def test_path(path: str, cookie_path: str, matches: bool):
    assert path_matches(path, cookie_path) is matches


@pytest.mark.parametrize(
    ("path", "directory"), [("/", "/"), ("/x", "/"), ("/x/", "/x"), ("/x/y", "/x"), ("", "/"), ("//x", "/")]
)
def test_default_path(path: str, directory: str):
    assert default_path(path) == directory


@pytest.mark.parametrize(
    ("url", "line", "outcome", "codes"),
    [
        ("https://shop.test/", "a=1", "stored", ()),
        ("https://shop.test/", "a=1; Max-Age=0", "expired", ()),
        ("https://shop.test/", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "expired", ()),
        ("https://shop.test/", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=5", "stored", ()),
        ("https://shop.test/", "a=1; Domain=other.test", "blocked", ("InvalidDomain",)),
        ("https://shop.test/", "a=1; SameSite=None", "blocked", ("SameSiteNoneInsecure",)),
        ("https://shop.test/", "__host-a=1; Secure", "blocked", ("InvalidPrefix",)),
        ("https://shop.test/", "__Http-a=1; Secure", "blocked", ("InvalidPrefix",)),
        ("https://shop.test/", "=__Secure-a=1; Secure", "blocked", ("InvalidPrefix",)),
        ("https://shop.test/", "__Host-a=1; Secure; Path=/; Domain=", "stored", ()),
        ("https://shop.test/", "a=1; Partitioned", "blocked", ()),
        ("https://shop.test/", "a\tb=1", "blocked", ("DisallowedCharacter",)),
        ("https://shop.test/", "; Path=/", "blocked", ("NoCookieContent",)),
        ("http://shop.test/", "a=1; Secure", "blocked", ("SecureOnly",)),
        ("http://shop.test/", "__Secure-a=1; Secure", "blocked", ("InvalidPrefix",)),
        ("http://localhost:8080/", "a=1; Secure", "stored", ()),
        ("http://127.0.0.1/", "__Host-a=1; Secure; Path=/", "stored", ()),
    ],
)
def test_lines_on_a_visit(url: str, line: str, outcome: str, codes: tuple[str, ...]):
    (verdict,) = set_on(request(url, "Sec-Fetch-Site: none", *TOP), line)
    assert (verdict.outcome, verdict.codes) == (outcome, codes)
    assert (verdict.stored_as is not None) == (outcome in ("stored", "expired"))


def test_stored_as():
    (verdict,) = set_on(
        request("https://www.shop.test/a/b", "Sec-Fetch-Site: none", *TOP),
        "a=1; Domain=.Shop.test; HttpOnly; Max-Age=99999999",
    )
    stored = verdict.stored_as
    assert stored is not None
    assert (stored.domain, stored.host_only, stored.path, stored.http_only, stored.same_site) == (
        "shop.test",
        False,
        "/a",
        True,
        None,
    )
    assert stored.expires == pytest.approx(1_772_366_400 + 400 * 86_400)


def test_expires_is_read_by_the_servers_clock():
    visit = (
        request("https://shop.test/", "Sec-Fetch-Site: none", *TOP).rstrip() + "\nDate: Sun, 01 Mar 2026 10:00:00 GMT\n"
    )
    (verdict,) = set_on(visit, "a=1; Expires=Sun, 01 Mar 2026 11:00:00 GMT")
    assert verdict.outcome == "stored"  # by the recording's clock, at 12:00, it would have expired
    assert verdict.stored_as is not None
    assert verdict.stored_as.expires == pytest.approx(1_772_366_400 + 3600)


@pytest.mark.parametrize(
    ("fields", "line", "outcome", "codes"),
    [
        ((*FROM_ELSEWHERE, *IMAGE), "a=1", "blocked", ("SameSiteUnspecifiedTreatedAsLax",)),
        ((*FROM_ELSEWHERE, *IMAGE), "a=1; SameSite=Strict", "blocked", ("SameSiteStrict",)),
        ((*FROM_ELSEWHERE, *IMAGE), "a=1; SameSite=None; Secure", "depends", ("UserPreferences",)),
        ((*FROM_ELSEWHERE, *IMAGE), "a=1; SameSite=None; Secure; Partitioned", "stored", ()),
        ((*FROM_ELSEWHERE, *IMAGE, "Sec-Fetch-Storage-Access: active"), "a=1; SameSite=None; Secure", "stored", ()),
        (
            (*FROM_ELSEWHERE, *IMAGE, "Sec-Fetch-Storage-Access: none"),
            "a=1; SameSite=None; Secure",
            "blocked",
            ("UserPreferences",),
        ),
        ((*FROM_ELSEWHERE, *TOP), "a=1; SameSite=Strict", "stored", ()),
        (
            ("Sec-Fetch-Site: cross-site", "Referer: http://shop.test/", *IMAGE),
            "a=1; SameSite=Lax",
            "blocked",
            ("SchemefulSameSiteLax",),
        ),
        ((f"User-Agent: {FIREFOX}", *FROM_ELSEWHERE, *IMAGE), "a=1", "depends", ("SameSiteUnspecifiedTreatedAsLax",)),
        ((f"User-Agent: {FIREFOX}", *FROM_ELSEWHERE, *IMAGE), "a=1; SameSite=Lax", "blocked", ("SameSiteLax",)),
        ((f"User-Agent: {CHROME}", *FROM_ELSEWHERE, *FETCH), "a=1; SameSite=None; Secure", "blocked", ()),
        (("Sec-Fetch-Site: same-origin", f"User-Agent: {CHROME}", *IMAGE), "a=1; SameSite=Strict", "stored", ()),
        # `same-origin` is credentials mode enough for it, and only with `include` would Chrome tell that it is framed
        (
            ("Sec-Fetch-Site: same-origin", f"User-Agent: {CHROME}", *FETCH),
            "a=1; SameSite=Strict",
            "depends",
            ("SameSiteStrict", "UserPreferences"),
        ),
        (
            ("Sec-Fetch-Site: same-origin", f"User-Agent: {FIREFOX}", *FETCH),
            "a=1; SameSite=Strict",
            "depends",
            ("SameSiteStrict", "UserPreferences"),
        ),
        ((), "a=1; SameSite=Strict", "stored", ()),
    ],
)
def test_lines_in_contexts(fields: tuple[str, ...], line: str, outcome: str, codes: tuple[str, ...]):
    (verdict,) = set_on(request("https://shop.test/x", *fields), line)
    assert (verdict.outcome, verdict.codes) == (outcome, codes)
    assert (verdict.condition is not None) == (outcome == "depends")


def test_a_chain_of_redirects_through_another_site_does_not_count():
    fields = ("Sec-Fetch-Site: cross-site", "Referer: https://shop.test/", f"User-Agent: {CHROME}", *IMAGE)
    (verdict,) = set_on(request("https://shop.test/x", *fields), "a=1; SameSite=Strict")
    assert verdict.outcome == "stored"


def test_preflights_cached_answers_and_browser_redirects_set_nothing():
    preflight = request(
        "https://shop.test/x", "Origin: https://a.test", "Access-Control-Request-Method: PUT", method="OPTIONS"
    )
    assert set_on(preflight, "a=1")[0].outcome == "blocked"
    assert set_on(request("https://shop.test/x", comment="# from: disk-cache"), "a=1")[0].outcome == "unknown"


def test_a_304_sets_cookies():
    text = request("https://shop.test/", "Sec-Fetch-Site: none", *TOP).replace("HTTP/2 200", "HTTP/2 304")
    assert set_on(text, "a=1")[0].outcome == "stored"


SEEDS = [
    "s=1; SameSite=Strict",
    "l=1; SameSite=Lax",
    "u=1",
    "n=1; SameSite=None; Secure",
    "p=1; Path=/admin",
    "d=1; Domain=shop.test",
]


def codes(verdicts: dict[str, CookieVerdict]) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {name: (v.outcome, v.codes) for name, v in verdicts.items()}


def test_sent_to_the_same_site():
    found = codes(visit_then(SEEDS, request("https://shop.test/api", "Sec-Fetch-Site: same-origin", *FETCH)))
    assert found.pop("p") == ("blocked", ("NotOnPath",))
    assert set(found.values()) == {("sent", ())}


def test_a_link_from_elsewhere_carries_lax_and_not_strict():
    found = codes(visit_then(SEEDS, request("https://shop.test/api", *FROM_ELSEWHERE, *TOP)))
    assert found["s"] == ("blocked", ("SameSiteStrict",))
    assert found["l"] == found["u"] == found["n"] == ("sent", ())


def test_a_form_post_from_elsewhere_carries_young_cookies_without_samesite():
    post = request("https://shop.test/api", *FROM_ELSEWHERE, *TOP, method="POST")
    found = codes(visit_then(SEEDS, post))
    assert found["l"] == ("blocked", ("SameSiteLax",))
    assert found["u"] == ("sent", ())
    old = codes(visit_then(SEEDS, "# at: 2026-03-01T12:02:01Z\n" + post))
    assert old["u"] == ("blocked", ("SameSiteUnspecifiedTreatedAsLax",))


def test_an_image_elsewhere_carries_none_where_third_party_cookies_are_let_through():
    found = visit_then(SEEDS, request("https://shop.test/api", *FROM_ELSEWHERE, *IMAGE))
    assert found["l"].codes == ("SameSiteLax",)
    assert (found["n"].outcome, found["n"].codes) == ("depends", ("UserPreferences",))
    carried = visit_then(SEEDS, request("https://shop.test/api", "Cookie: n=1", *FROM_ELSEWHERE, *IMAGE))
    assert (carried["n"].outcome, carried["n"].recorded) == ("sent", True)


def test_other_hosts_and_plain_http():
    found = codes(visit_then([*SEEDS, "t=1; Secure"], request("http://www.shop.test/")))
    assert found["d"] == ("sent", ())
    assert found["t"] == ("blocked", ("SecureOnly", "DomainMismatch"))
    assert visit_then(SEEDS, request("https://unrelated.test/")) == {}


def test_without_credentials_nothing_is_said_to_be_sent():
    cross_origin = (f"User-Agent: {CHROME}", "Origin: https://blog.test", *FROM_ELSEWHERE, *FETCH)
    assert visit_then(SEEDS, request("https://shop.test/api", *cross_origin)) == {}
    same_site = ("Origin: https://www.shop.test", "Sec-Fetch-Site: same-site", *FETCH)
    found = visit_then(SEEDS, request("https://shop.test/api", *same_site))
    assert found["n"].outcome == "depends"
    assert "credentials" in (found["n"].condition or "")


def test_a_websocket_from_elsewhere_is_cross_site():
    handshake = request("wss://shop.test/live", "Origin: https://blog.test", "Upgrade: websocket").replace("200", "101")
    found = visit_then(SEEDS, handshake)
    assert found["l"].codes == ("SameSiteLax",)
    own = visit_then(SEEDS, handshake.replace("blog.test", "shop.test"))
    assert own["s"].outcome == "sent"


def test_deleted_and_expired_cookies_are_gone():
    reports = observe(
        VISIT
        + "Set-Cookie: a=1\nSet-Cookie: b=1; Max-Age=60\n---\n"
        + VISIT.replace("none", "same-origin")
        + "Set-Cookie: a=; Max-Age=0\n---\n"
        + "# at: 2026-03-01T12:05:00Z\n"
        + VISIT.replace("none", "same-origin")
    )
    assert [v.name for v in reports[1].verdicts.cookies] == ["a", "b"]
    assert reports[2].verdicts.cookies == ()


def test_a_secure_cookie_is_not_overwritten_from_http():
    over = request("http://shop.test/").rstrip() + "\nSet-Cookie: a=2; Path=/\n"
    reports = observe(VISIT + "Set-Cookie: a=1; Secure\n---\n" + over)
    assert reports[1].verdicts.set_cookies[0].codes == ("OverwriteSecure",)


def test_a_request_that_had_started_before_the_cookie_came_is_not_expected_to_carry_it():
    first = "# wait: 5000\n" + VISIT + "Set-Cookie: a=1\n"
    reports = observe(first + "---\n" + request("https://shop.test/x", "Sec-Fetch-Site: same-origin", *FETCH))
    assert reports[1].verdicts.cookies == ()


def test_a_recording_without_cookies_says_nothing_of_what_was_carried():
    exchanges = parse_example(VISIT + "Set-Cookie: a=1\n---\n" + VISIT)
    engine = Engine()
    removed = msgspec.structs.replace(RECORDER, cookies_recorded=False)
    for exchange in exchanges:
        context = msgspec.structs.replace(exchange.context, recorder=removed)
        report = engine.observe(msgspec.structs.replace(exchange, context=context))
    assert [v.recorded for v in report.verdicts.cookies] == [None]


def test_the_jar_is_bounded():
    engine = Engine()
    text = VISIT + "\n".join(f"Set-Cookie: c{i}=1" for i in range(250))
    engine.observe(parse_example(text)[0])
    report = engine.observe(parse_example(VISIT)[0])
    assert len(report.verdicts.cookies) == 157  # each time there are more than 180, 150 are left
    assert report.verdicts.cookies[0].name == "c93"
    for site in range(40):
        lines = "\n".join(f"Set-Cookie: c{i}=1" for i in range(100))
        engine.observe(parse_example(VISIT.replace("shop.test", f"s{site}.test") + lines)[0])
    assert engine.observe(parse_example(VISIT)[0]).verdicts.cookies == ()


def test_cookies_are_judged_once_for_requests_that_are_alike(monkeypatch):
    """What a jar costs, counted: fifty cookies and two hundred requests are fifty judgements, until a cookie changes."""
    judged: list[str] = []

    def counting(cookie, *given):
        judged.append(cookie.name)
        return send(cookie, *given)

    monkeypatch.setattr(jar, "send", counting)
    engine = Engine()
    engine.observe(parse_example(VISIT + "\n".join(f"Set-Cookie: c{i}=1" for i in range(50)))[0])
    alike = [request(f"https://shop.test/{i}", "Sec-Fetch-Site: same-origin", *FETCH) for i in range(200)]
    for exchange in parse_example("\n---\n".join(alike)):
        assert len(engine.observe(exchange).verdicts.cookies) == 50
    assert len(judged) == 50
    engine.observe(parse_example(VISIT + "Set-Cookie: c7=2")[0])
    judged.clear()
    engine.observe(parse_example(alike[0])[0])
    assert len(judged) == 50


SITE_OF_ITS_OWN = "Sec-Fetch-Site: same-origin"


def test_what_is_due_and_not_carried_was_not_sent():
    """Where the recording has `Cookie` fields: an example without any may just leave them out."""
    api = ("https://shop.test/api", SITE_OF_ITS_OWN, *FETCH)
    reports = observe(
        "---\n".join(
            (
                VISIT + "Set-Cookie: a=1; SameSite=Lax\nSet-Cookie: b=1; SameSite=Lax\n",
                request(*api),
                request(*api, "Cookie: a=1"),
                request(*api),
            )
        )
    )
    assert [[v.outcome for v in report.verdicts.cookies] for report in reports] == [
        [], ["sent", "sent"], ["sent", "unknown"], ["unknown", "unknown"],
    ]  # fmt: skip


def test_a_fetch_that_left_out_a_cookie_no_script_can_delete_sets_none():
    for attribute, outcome in (("HttpOnly", "blocked"), ("Secure", "stored")):
        reports = observe(
            "---\n".join(
                (
                    VISIT + f"Set-Cookie: a=1; {attribute}\n",
                    request("https://shop.test/", SITE_OF_ITS_OWN, *TOP, "Cookie: a=1"),
                    request("https://shop.test/api", SITE_OF_ITS_OWN, *FETCH) + "Set-Cookie: b=2\n",
                )
            )
        )
        assert [v.outcome for v in reports[-1].verdicts.set_cookies] == [outcome]


def test_clear_site_data_empties_the_jar_of_the_site():
    def after(value: str, url: str = "https://www.shop.test/logout") -> list[str]:
        reports = observe(
            "---\n".join(
                (
                    VISIT + "Set-Cookie: a=1; Domain=shop.test\nSet-Cookie: b=1\n",
                    request(url, "Sec-Fetch-Site: same-site", *TOP) + f"Clear-Site-Data: {value}\nSet-Cookie: c=1\n",
                    request("https://shop.test/", SITE_OF_ITS_OWN, *TOP),
                )
            )
        )
        assert [v.outcome for v in reports[1].verdicts.set_cookies] == [
            "stored" if reports[2].verdicts.cookies else "blocked"
        ]
        return [v.name for v in reports[2].verdicts.cookies]

    assert after('"cache", "cookies"') == after('"*"') == []
    for value in ('"cache"', "cookies", '"Cookies"'):
        assert after(value) == ["a", "b", "c"]
    assert after('"cookies"', "http://www.shop.test/logout") == ["a", "b", "c"]


def framed(*requests: str) -> list[ExchangeReport]:
    """A page of another site with a frame of this one, in which requests are made."""
    first = VISIT + "Set-Cookie: s=1; SameSite=Strict\nSet-Cookie: n=1; SameSite=None; Secure\n"
    agent = f"User-Agent: {CHROME}"
    frame = request(
        "https://shop.test/frame", agent, *FROM_ELSEWHERE, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe",
        "Sec-Fetch-Storage-Access: none",
    )  # fmt: skip
    return observe("---\n".join((first, frame, *requests)))


def test_a_frame_of_another_sites_page_stays_one_for_its_own_requests():
    """With credentials mode `same-origin` Chrome does not send `Sec-Fetch-Storage-Access`: its document's counts."""
    agent = f"User-Agent: {CHROME}"
    reports = framed(
        request("https://shop.test/api", agent, SITE_OF_ITS_OWN, "Referer: https://shop.test/frame", *FETCH),
        request("https://shop.test/api", agent, SITE_OF_ITS_OWN, "Referer: https://shop.test/", *FETCH),
    )
    own, pages = (codes({v.name: v for v in report.verdicts.cookies}) for report in reports[-2:])
    assert own == {"s": ("blocked", ("SameSiteStrict", "UserPreferences")), "n": ("blocked", ("UserPreferences",))}
    assert pages["s"][0] != "blocked"


def test_a_redirected_request_keeps_its_credentials_mode():
    agent, page = f"User-Agent: {CHROME}", ("Origin: https://blog.test", "Referer: https://blog.test/", *FETCH)
    first = request(
        "https://shop.test/a", agent, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Storage-Access: active", *page
    )
    second = request("https://blog.test/b", agent, "Sec-Fetch-Site: cross-site", "Origin: null", *FETCH)
    redirect = first.replace("HTTP/2 200", "HTTP/2 302") + "Location: https://blog.test/b\n"
    text = "---\n".join((VISIT.replace("shop.test", "blog.test"), redirect, second + "Set-Cookie: a=1; SameSite=Lax\n"))
    assert [v.outcome for v in observe(text)[-1].verdicts.set_cookies] == ["stored"]


def test_a_name_with_a_dot_at_its_end_is_another_site():
    reports = observe("---\n".join((VISIT + "Set-Cookie: a=1\n", VISIT.replace("shop.test", "shop.test."))))
    assert reports[-1].verdicts.cookies == ()


def test_a_link_without_a_referrer_from_elsewhere_is_cross_site_on_its_own_page_too():
    """The page of a top-level navigation is the document itself, so it says nothing of who led there."""
    there = request("https://shop.test/", f"User-Agent: {CHROME}", "Sec-Fetch-Site: cross-site", *TOP, "Cookie: b=1")
    text = (
        VISIT
        + "Set-Cookie: a=1; SameSite=Strict\nSet-Cookie: b=1; SameSite=Lax\n---\n# page: https://shop.test/\n"
        + there
    )
    found = {v.name: (v.outcome, v.codes) for v in observe(text)[-1].verdicts.cookies}
    assert found == {"a": ("blocked", ("SameSiteStrict",)), "b": ("sent", ())}
