"""A cookie's life as a story, and that ordinary lives are none."""

from __future__ import annotations

from inspector.engine import Engine
from inspector.report import Story
from inspector.rules.example import parse_example
from inspector.stories import cookies

LOGIN = """# type: document
POST https://shop.test/login HTTP/2
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: document
Content-Type: application/x-www-form-urlencoded

name=ada

HTTP/2 302
Location: /
Set-Cookie: sid=3f9c2d71aa; Path=/; Secure; HttpOnly; SameSite=Strict"""

PAGE = """# type: document
GET https://shop.test/ HTTP/2
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: navigate
Cookie: sid=3f9c2d71aa

HTTP/2 200
Content-Type: text/html"""

RETURN = """# type: document
GET https://shop.test/return HTTP/2
Sec-Fetch-Site: cross-site
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: document
Referer: https://pay.test/

HTTP/2 200
Content-Type: text/html"""

LOGOUT = """# type: document
GET https://shop.test/logout HTTP/2
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: navigate
Cookie: sid=3f9c2d71aa

HTTP/2 302
Location: /
Set-Cookie: sid=; Path=/; Secure; HttpOnly; Max-Age=0"""


def stories(*blocks: str) -> list[Story]:
    engine = Engine()
    for exchange in parse_example("\n---\n".join(blocks)):
        engine.observe(exchange)
    return [s for s in engine.finish() if s.kind == "cookie"]


def test_set_sent_withheld_and_deleted():
    (told,) = stories(LOGIN, PAGE, PAGE, RETURN, LOGOUT)
    assert told.title == "The life of the cookie `sid`: set, sent, withheld and deleted"
    assert told.steps == (
        "`shop.test` sets it (the site itself) in #0 for `shop.test` alone, until the browser closes, `Secure`, "
        "`HttpOnly` and `SameSite=Strict`.",
        "The browser sends it with 2 requests, #1 to #2.",
        "It is withheld from 1 request to `shop.test`, #3: `SameSiteStrict`.",
        "The browser sends it with 1 request, #4.",
        "`shop.test` deletes it in #4.",
    )
    assert [(a.label, a.exchange, a.failed) for a in told.arrows] == [
        ("sets sid", 0, False),
        ("sends sid ×2", 1, False),
        ("withholds sid: SameSiteStrict", 3, True),
        ("sends sid", 4, False),
        ("deletes sid", 4, False),
    ]
    assert "3f9c2d71aa" not in str(told)


def test_a_refused_cookie_has_failed():
    (told,) = stories(LOGIN.replace("Path=/;", "Path=/; Domain=other.test;"))
    assert told.failed
    assert told.steps == ("The browser refuses to store it from `shop.test`, #0: `InvalidDomain`.",)


def test_a_cookie_that_runs_out():
    later = "# at: 2026-03-01T12:05:00Z\n" + RETURN.replace("cross-site", "same-origin")
    (told,) = stories(LOGIN.replace("Secure;", "Secure; Max-Age=60;"), PAGE, later)
    assert told.title.endswith("set, sent and run out")
    assert told.steps[-1].startswith("Its time is over at 1 March 2026, 12:01:0")


def test_an_everyday_cookie_is_no_story():
    plain = PAGE.replace("Cookie: sid=3f9c2d71aa\n", "").replace(
        "Content-Type: text/html", "Set-Cookie: theme=dark; Path=/"
    )
    assert stories(plain, PAGE, PAGE) == []


def test_a_third_partys_refused_cookie_is_no_story():
    tracker = """# type: image
# page: https://shop.test/
GET https://ads.test/1.gif HTTP/2
Sec-Fetch-Site: cross-site
Sec-Fetch-Mode: no-cors

HTTP/2 200
Set-Cookie: id=8a8a8a8a8a; Path=/"""
    assert stories(tracker, tracker) == []


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(cookies, "MOST_LIVES", 5)
    teller = cookies.CookieStories()
    monkeypatch.setattr("inspector.stories.TELLERS", (lambda: teller,))
    engine = Engine()
    for exchange in parse_example("\n---\n".join(LOGIN.replace("shop.", f"shop{n}.") for n in range(20))):
        engine.observe(exchange)
    assert len(teller._lives) == 5
    assert len(engine.finish()) == 20

    life = cookies._Life("sid", "browser")
    for n in range(3 * cookies.MOST_EVENTS):
        life.happened("sent" if n % 2 else "changed", n, "shop.test")
    assert len(life.events) == cookies.MOST_EVENTS
    assert "more turns of this kind followed" in cookies._tell(life, 0.0).steps[-1]


def test_cookies_of_one_name_on_two_hosts_are_two():
    elsewhere = LOGIN.replace("https://shop.test/", "https://api.shop.test/").replace("3f9c2d71aa", "77aa2d3f9c")
    other, own = stories(LOGIN, elsewhere, PAGE, RETURN, LOGOUT)
    assert own.title == "The life of the cookie `sid`: set, sent, withheld and deleted"
    assert "api.shop.test" not in " ".join(own.steps)
    assert other.title == "The life of the cookie `sid`: set"


def test_cookies_of_one_name_for_two_paths_are_two():
    narrow = LOGIN.replace("Path=/;", "Path=/account;").replace("3f9c2d71aa", "77aa2d3f9c")
    deep, wide = stories(LOGIN, narrow, PAGE, RETURN, LOGOUT)
    assert wide.title == "The life of the cookie `sid`: set, sent, withheld and deleted"
    assert deep.title == "The life of the cookie `sid`: set"


def test_a_host_with_a_port_is_one_party():
    port = "https://shop.test:8443/"
    (told,) = stories(*(block.replace("https://shop.test/", port) for block in (LOGIN, PAGE, RETURN, LOGOUT)))
    assert told.participants == ("browser", "shop.test:8443")
