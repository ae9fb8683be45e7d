"""Logouts at the site itself: by the address that is asked, and by what becomes of the session's cookie."""

from __future__ import annotations

import pytest

from inspector.engine import Engine
from inspector.report import Story
from inspector.rules.example import parse_example

SESSION = "sessionid=8f14e45fceea167a; theme=dark"
GONE = "Set-Cookie: sessionid=; Max-Age=0; Path=/"


def stories(answer: str, asked: str = "POST https://shop.test/admin/logout/", cookie: str = SESSION) -> list[Story]:
    engine = Engine()
    for exchange in parse_example(f"# type: document\n{asked} HTTP/2\nCookie: {cookie}\n\nHTTP/2 {answer}\n"):
        engine.observe(exchange)
    told = [story for story in engine.finish() if story.kind in ("logout", "internal-error")]
    told = [story for story in told if "OpenID Connect" not in story.title]
    assert "8f14e45f" not in str(told)
    return told


@pytest.mark.parametrize("asked", ["POST https://shop.test/admin/logout/", "GET https://shop.test/users/sign_out"])
@pytest.mark.parametrize("status", ["200\nContent-Type: text/html", "302\nLocation: /"])
def test_its_cookie_deleted(asked: str, status: str):
    (told,) = stories(f"{status}\n{GONE}", asked)
    assert told.title == "Logout at `shop.test`: `sessionid` deleted"
    assert not told.failed
    assert "Whether the server forgets it, too" in told.steps[-1]


def test_a_cookie_of_any_name_that_is_deleted_is_what_the_session_was_in():
    cookie = "_xsrf=2|8f14e45f; username-localhost-8888=2|1:0|10:1764260585"
    deletes = "Set-Cookie: username-localhost-8888=; Max-Age=0; Path=/\nSet-Cookie: _xsrf=; Max-Age=0; Path=/"
    (told,) = stories(f"200\nContent-Type: text/html\n{deletes}", "GET https://shop.test/logout", cookie)
    assert told.title == "Logout at `shop.test`: `username-localhost-8888` deleted"


def test_its_cookie_replaced_or_left_as_it_was():
    (told,) = stories("302\nLocation: /\nSet-Cookie: sessionid=c9f0f895fb98ab91; HttpOnly")
    assert told.title == "Logout at `shop.test`: `sessionid` replaced"
    (told,) = stories("302\nLocation: /")
    assert told.title == "Logout at `shop.test`: `sessionid` left as it was"
    assert "counts where the server forgets" in told.steps[-1]
    (told,) = stories("302\nLocation: /", cookie=f"{SESSION}; remember_token=c9f0f895fb98ab91")
    assert told.title == "Logout at `shop.test`: `sessionid` and `remember_token` left as they were"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            "405\nAllow: POST, OPTIONS",
            "does not take GET here, and permits POST, OPTIONS (`Allow`). The session goes on.",
        ),
        ("403", "need a token against forged requests"),
        ("500", "nothing says that the session is over"),
    ],
)
def test_refused(answer: str, says: str):
    (told,) = stories(answer, "GET https://shop.test/logout")
    assert told.failed
    assert told.title == f"Failed: logout at `shop.test`: refused with {answer[:3]}"
    assert says in told.steps[-1]


@pytest.mark.parametrize(
    ("asked", "answer", "cookie"),
    [
        ("GET https://shop.test/logout", "200\nContent-Type: text/html\n\n<form method=post>Sure?</form>", SESSION),
        ("POST https://shop.test/logout", f"200\n{GONE}", "theme=dark"),  # nobody was logged in
        ("POST https://shop.test/blog/logouts-are-hard", f"200\n{GONE}", SESSION),
        ("GET https://shop.test/logout", "302\nLocation: https://id.test/end?id_token_hint=abc", SESSION),
        ("GET https://shop.test/logout", "302\nLocation: https://id.test/logout", SESSION),
        ("OPTIONS https://shop.test/logout", "204", SESSION),
    ],
)
def test_what_is_no_logout_or_is_told_elsewhere(asked: str, answer: str, cookie: str):
    assert stories(answer, asked, cookie) == []
