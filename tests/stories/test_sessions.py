"""Where a site keeps its session, and that sites without one are left alone."""

from __future__ import annotations

import pytest

from inspector.engine import Engine
from inspector.report import Story
from inspector.rules.example import RECORDER, parse_example
from inspector.stories import sessions

SID, TOKEN = "8f14e45fceea167a", "2YotnFZFEjr1zCsicMWpAA"


def stories(*blocks: str, recorder=RECORDER) -> list[Story]:
    engine = Engine()
    for exchange in parse_example("\n---\n".join(block.strip("\n") for block in blocks), recorder):
        engine.observe(exchange)
    return [s for s in engine.finish() if s.kind in ("session", "internal-error")]


def login(attributes: str = "Secure; HttpOnly; SameSite=Lax", name: str = "sid") -> str:
    return f"""# type: document
POST https://shop.test/login HTTP/2
Content-Type: application/x-www-form-urlencoded

user=ada&password=correct+horse

HTTP/2 303
Location: /
Set-Cookie: {name}={SID}; Path=/; {attributes}"""


def page(cookie: str = f"sid={SID}", more: str = "") -> str:
    return f"# type: document\nGET https://shop.test/ HTTP/2\nCookie: {cookie}\n\nHTTP/2 200\nContent-Type: text/html{more}"


def call(more: str = "", url: str = "https://api.shop.test/orders", method: str = "GET") -> str:
    return f"""# type: fetch
# page: https://app.shop.test/
{method} {url} HTTP/2
Origin: https://app.shop.test
Authorization: Bearer {TOKEN}{more}

HTTP/2 200
Content-Type: application/json"""


SIGN_IN = f"""# type: fetch
POST https://api.shop.test/login HTTP/2
Origin: https://app.shop.test
Content-Type: application/json

{{"email": "ada@shop.test", "password": "correct horse"}}

HTTP/2 200
Content-Type: application/json
Access-Control-Allow-Origin: https://app.shop.test

{{"token": "{TOKEN}"}}"""


def test_a_cookie_of_a_login():
    (told,) = stories(login(), page(), page())
    assert told.title == "Where `shop.test` keeps its session: in the cookie `sid`"
    assert told.steps == (
        "`shop.test` sets the cookie `sid` in #0, as its answer to a login. It goes along with 2 requests, #1 to #2.",
        "It is for `shop.test` alone.",
        "A script that was smuggled into the page (XSS) cannot read `sid` (`HttpOnly`) and so cannot carry the session "
        "away; it can still act with it, as long as the page is open.",
        "Forged requests (CSRF): of the requests that another site makes, only a top-level `GET` carries it "
        "(`SameSite=Lax`), so what is left is what a `GET` changes. Other hosts of the same site count as the site itself.",
    )
    assert [(a.source, a.target, a.label) for a in told.arrows] == [
        ("shop.test", "browser", "sets sid"),
        ("browser", "shop.test", "sends sid ×2"),
    ]
    assert SID not in str(told)


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ("Secure; SameSite=Strict", "can read `sid` (no `HttpOnly`) and carry the session away."),
        ("Secure; SameSite=Strict", "no request that another site makes carries it (`SameSite=Strict`)"),
        ("Secure; HttpOnly; SameSite=None", "every site's requests carry it (`SameSite=None`)"),
        ("Secure; HttpOnly", "it has no `SameSite`. Chromium takes it as `Lax`"),
        (
            "HttpOnly; SameSite=Lax; Domain=shop.test",
            "every host under it. Without `Secure` it goes over plain http, too.",
        ),
    ],
)
def test_what_attributes_mean(attributes: str, says: str):
    (told,) = stories(login(attributes), page())
    assert says in " ".join(told.steps)


def test_a_token_that_script_holds():
    (told,) = stories(SIGN_IN, call(), call())
    assert told.title == "Where `shop.test` keeps its session: in a token that its script holds"
    assert told.steps[0] == (
        "Script of a page at `app.shop.test` sends a token to `api.shop.test` in `Authorization` with 2 requests, #1 to "
        "#2. It was handed out in #0."
    )
    assert "(XSS) can take it and use it elsewhere until it expires" in told.steps[1]
    assert "no request that another site makes carries the token" in told.steps[2]
    assert TOKEN not in str(told)


def test_both_and_a_guard():
    (told,) = stories(
        login("Secure; HttpOnly; Domain=shop.test"), call(f"\nCookie: sid={SID}\nX-CSRF-Token: a1b2c3", method="POST")
    )
    assert told.title == "Where `shop.test` keeps its session: in the cookie `sid` and in a token that its script holds"
    assert any("carry `X-CSRF-Token` (#1)" in step for step in told.steps)
    assert told.steps[-1].startswith("Cookie and token: 1 request carried both.")
    (told,) = stories(login(), page(), call("\nCookie: theme=dark"))
    assert told.steps[-1].startswith("Cookie and token: no request carried both.")


def test_a_bound_token():
    (told,) = stories(call("\nDPoP: eyJ0eXAiOiJkcG9wK2p3dCJ9"), call())
    assert "proof made with a key (`DPoP`)" in told.steps[1]


def test_cookies_left_out_are_mentioned():
    import msgspec

    (told,) = stories(call(), call(), recorder=msgspec.structs.replace(RECORDER, cookies_recorded=False))
    assert told.steps[-1].startswith("This recording leaves cookies out")


def test_a_cookie_from_before_the_recording():
    (told,) = stories(page(f"PHPSESSID={SID}; theme=dark"), page(f"PHPSESSID={SID}"))
    assert told.title == "Where `shop.test` keeps its session: in the cookie `PHPSESSID`"
    assert told.steps == (
        "The browser sends the cookie `PHPSESSID`, which by its name is a session's, with 2 requests, #0 to #1. What was "
        "set came before this recording, so whether scripts can read it and other sites' requests carry it does not show.",
    )


def test_an_id_in_the_url():
    urls = [
        f"# type: document\nGET https://shop.test/{n};jsessionid={SID.upper()} HTTP/1.1\n\nHTTP/1.1 200 OK"
        for n in "ab"
    ]
    (told,) = stories(*urls)
    assert told.title == "Where `shop.test` keeps its session: in the URL (`jsessionid`)"
    assert SID.upper() not in str(told)
    assert stories(urls[0]) == []


@pytest.mark.parametrize(
    "blocks",
    [
        (page("_ga=GA1.2.1234567890; raygun4js-sid=8f14e45fceea167a"), page("mm_identity=8f14e45fceea167a")),
        (page("", "\nSet-Cookie: ai_session=8f14e45fceea167a; HttpOnly; Secure"), page("ai_session=8f14e45fceea167a")),
        (
            page("", "\nSet-Cookie: login=8f14e45fceea167a; HttpOnly; Path=/back"),
            page("login=8f14e45fceea167a").replace("test/", "test/back"),
        ),
        (page("", "\nSet-Cookie: logged_in=no; HttpOnly; Secure"), page("logged_in=no")),
        (page("", "\nSet-Cookie: _gh_sess=8f14e45fceea167a; HttpOnly; Secure"),),  # never seen to be sent
        (call(url="https://cdn.contents.example/entries"),) * 2,  # a key for somebody else's service
        (
            "GET https://api.shop.test/ HTTP/2\nAuthorization: Basic dXNlcjpwYXNz\nOrigin: https://shop.test\n\nHTTP/2 200",
        ),
        (
            "# type: image\n# page: https://shop.test/\nGET https://ads.example/1.gif HTTP/2\nSec-Fetch-Site: cross-site\n"
            "Sec-Fetch-Mode: no-cors\nCookie: JSESSIONID=8f14e45fceea167a\n\nHTTP/2 200",
        )
        * 2,
    ],
)
def test_nothing_like_a_session(blocks: tuple[str, ...]):
    assert stories(*blocks) == []


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sessions, "MOST_SITES", 3)
    monkeypatch.setattr(sessions, "MOST_TOKENS", 4)
    teller = sessions.SessionStories()
    monkeypatch.setattr("inspector.stories.TELLERS", (lambda: teller,))
    engine = Engine()
    blocks = [
        text.replace("shop.test", f"shop{n}.test").replace(TOKEN, f"{TOKEN}{n}")
        for n in range(10)
        for text in (login(name=f"sid{n}"), SIGN_IN)
    ]
    for exchange in parse_example("\n---\n".join(blocks)):
        engine.observe(exchange)
    assert (len(teller._sites), len(teller._handed)) == (3, 4)


def test_another_hosts_cookie_of_that_name_is_not_mixed_in():
    elsewhere = (
        login("Secure").replace("https://shop.test/", "https://blog.shop.test/").replace(SID, "a1b2c3d4e5f60718")
    )
    there = page("sid=a1b2c3d4e5f60718").replace("https://shop.test/", "https://blog.shop.test/")
    alone, mixed = stories(login(), page()), stories(login(), page(), elsewhere, there)
    assert alone == mixed
