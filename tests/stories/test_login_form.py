"""Logins by form, and challenges with their answers, as stories."""

from __future__ import annotations

import pytest

from inspector.engine import Engine, Options
from inspector.report import Story
from inspector.rules.example import parse_example


def stories(text: str) -> list[Story]:
    engine = Engine(Options(only=frozenset({"none"})))
    told: list[Story] = []
    for exchange in parse_example(text):
        engine.observe(exchange)
        told += engine.stories()
    return [s for s in (*told, *engine.finish()) if s.kind == "login"]


def post(answer: str, form: str = "user=ada&password=correct+horse") -> str:
    return (
        "# type: document\nPOST https://shop.test/login HTTP/2\nContent-Type: application/x-www-form-urlencoded\n\n"
        f"{form}\n\n{answer}\n"
    )


def test_a_session_cookie_and_what_it_means():
    cookie = "Set-Cookie: sid=8f14e45fceea; Path=/; Secure; HttpOnly; SameSite=Lax"
    (told,) = stories(post(f"HTTP/2 303\nLocation: /\n{cookie}"))
    assert told.title == "Login by form at `shop.test`: answered with 303 and a cookie"
    assert "no script can read it (`HttpOnly`)" in told.steps[-1]
    assert "`SameSite=Lax`" in told.steps[-1]
    assert "horse" not in str(told)


def test_a_cookie_for_scripts_and_other_sites():
    (told,) = stories(post("HTTP/2 303\nLocation: /\nSet-Cookie: sid=8f14e45fceea; Secure; SameSite=None"))
    assert "carry it away (no `HttpOnly`)" in told.steps[-1]
    assert "forms need a token" in told.steps[-1]


def test_a_cookie_the_browser_does_not_store():
    (told,) = stories(post("HTTP/2 303\nLocation: /\nSet-Cookie: sid=8f14e45fceea; Domain=other.test"))
    assert told.failed
    assert "`InvalidDomain`" in told.steps[-1]


def test_refused_logins_are_told_once():
    (told,) = stories("---\n".join([post("HTTP/2 401\nContent-Type: text/html")] * 3))
    assert told.failed
    assert told.title.endswith("refused with 401")


@pytest.mark.parametrize(
    "text",
    [
        post("HTTP/2 200\nContent-Type: text/html"),
        post("HTTP/2 303\nLocation: /\nSet-Cookie: a=b", "q=password"),
        post("HTTP/2 303\nLocation: /\nSet-Cookie: a=b", "password=1&new_password=2"),
    ],
)
def test_other_forms_are_no_login(text: str):
    assert stories(text) == []


def challenge(scheme: str, status: int, more: str = "") -> str:
    return (
        f'GET https://api.test/a HTTP/2\n\nHTTP/2 401\nWWW-Authenticate: {scheme} realm="api"\n---\n'
        f"GET https://api.test/a HTTP/2\nAuthorization: {scheme} dXNlcjpwYXNz1\n\nHTTP/2 {status}\nX: y{more}\n"
    )


@pytest.mark.parametrize(
    ("scheme", "status", "end"),
    [
        ("Basic", 200, "Basic, accepted"),
        ("Digest", 200, "Digest, accepted"),
        ("Bearer", 403, "Bearer, not permitted"),
        ("Bearer", 401, "Bearer, refused"),
    ],
)
def test_a_challenge_and_its_answer(scheme: str, status: int, end: str):
    (told,) = stories(challenge(scheme, status))
    assert told.title == f"Challenge and answer at `api.test`: {end}"
    assert told.failed is (status >= 400)
    assert told.exchanges == (0, 1)
    assert "dXNlcjpwYXNz1" not in str(told)


def test_why_a_token_is_refused():
    (told,) = stories(challenge("Bearer", 401, '\nWWW-Authenticate: Bearer error="invalid_token"'))
    assert 'error="invalid_token"' in told.steps[-1]


def test_the_same_again_is_told_once():
    assert len(stories("---\n".join([challenge("Basic", 200)] * 4))) == 1


def test_a_handshake_in_steps_is_no_refusal():
    assert stories(challenge("NTLM", 401)) == []


def json_post(content: str, answer: str, path: str = "/login") -> str:
    return (
        f"# type: fetch\nPOST https://api.shop.test{path} HTTP/2\nOrigin: https://shop.test\n"
        f"Content-Type: application/json\n\n{content}\n\n{answer}\n"
    )


ADA = '{"email": "ada@shop.test", "password": "correct horse"}'
PERMITTED = "Access-Control-Allow-Origin: https://shop.test\nContent-Type: application/json"
TOKEN = f'HTTP/2 200\n{PERMITTED}\n\n{{"user": {{"token": "2YotnFZFEjr1zCsicMWpAA"}}}}'


def test_a_login_by_json_and_its_token():
    (told,) = stories(json_post(ADA, TOKEN))
    assert told.title == "Login by JSON at `api.shop.test`: answered with 200 and a token"
    assert told.steps == (
        "The page's script posts name and password to the server as JSON.",
        "The server answers 200 with `token` in its content. Whoever has it is logged in until it expires: the page's "
        "script holds it, so every script on the page may come by it, and no request that another site makes carries it.",
    )
    assert "horse" not in str(told)
    assert "2YotnFZF" not in str(told)


def test_a_login_by_json_with_a_cookie_besides():
    (told,) = stories(json_post(ADA, TOKEN.replace("HTTP/2 200", "HTTP/2 200\nSet-Cookie: sid=8f14e45fceea; Secure")))
    assert told.title == "Login by JSON at `api.shop.test`: answered with 200, a token and a cookie"
    assert "If the session is in it and not in the cookie alone" in told.steps[1]
    (told,) = stories(json_post(ADA, "HTTP/2 204\nSet-Cookie: sid=8f14e45fceea; Secure; HttpOnly"))
    assert told.title == "Login by JSON at `api.shop.test`: answered with 204 and a cookie"


def test_a_login_by_json_that_fails():
    (told,) = stories("---\n".join([json_post(ADA, "HTTP/2 401\nContent-Type: application/json\n\n{}")] * 2))
    assert told.title == "Failed: login by JSON at `api.shop.test`: refused with 401"
    (told,) = stories(json_post(ADA, TOKEN.replace(PERMITTED, "Content-Type: application/json")))
    assert told.title == "Failed: login by JSON at `api.shop.test`: CORS keeps the answer from the page"


@pytest.mark.parametrize(
    "text",
    [
        json_post(
            '{"user": {"username": "ada", "email": "a@b.test", "password": "x9x9x9"}}', TOKEN
        ),  # an account is made
        json_post(ADA, TOKEN, "/register"),
        json_post('{"email": "a@b.test", "old_password": "x", "new_password": "y"}', TOKEN),
        json_post('{"password": "correct horse"}', TOKEN),  # nobody is named: a share's password, say
        json_post('{"email": "a@b.test", "password": null}', TOKEN),
        json_post(ADA, f"HTTP/2 200\n{PERMITTED}\n\n{{}}"),  # nothing says how it ended
        json_post(ADA, 'HTTP/2 200\nContent-Type: application/json\n\n{"message": "a token was sent by mail"}'),
        json_post("[" * 5000 + '"user", "password"', TOKEN),
        json_post('"user and password"', TOKEN),
    ],
)
def test_other_json_is_no_login(text: str):
    assert stories(text) == []


FORM = "<!doctype html><form method=post><input name=user><input type=password name=password></form>"
HOME = "<!doctype html><h1>Hello Ada</h1>"
SENT = "user=ada&password=correct+horse"


def led(answer: str, page: str, *, cookie: str = "", at: str = "/home", between: str = "") -> str:
    """A login by form, its answer, and the page that was loaded then."""
    return (
        f"# type: document\nPOST https://shop.test/login HTTP/2\n{cookie}Content-Type: application/x-www-form-urlencoded\n\n"
        f"{SENT}\n\nHTTP/2 {answer}\n---\n{between}# type: document\nGET https://shop.test{at} HTTP/2\n\n"
        f"HTTP/2 200\nContent-Type: text/html\n\n{page}\n"
    )


NEW = "303\nLocation: /home\nSet-Cookie: sid=8f14e45fceea167a; Secure; HttpOnly"
BROUGHT = "Cookie: sid=8f14e45fceea167a; theme=dark-00000001\n"


def test_the_page_that_a_redirect_leads_to_shows_how_a_login_ended():
    (told,) = stories(led(NEW, HOME))
    assert told.title == "Login by form at `shop.test`: accepted with 303 and a cookie"
    assert "The page it leads to (#1) asks for no password: the person is logged in, by the cookie." in told.steps[1]
    (told,) = stories(led(NEW, FORM))
    assert told.failed
    assert told.title == "Failed: login by form at `shop.test`: refused with 303, the form again"
    assert told.exchanges == (0, 1)
    (told,) = stories(led(NEW, HOME, at="/elsewhere"))
    assert told.title == "Login by form at `shop.test`: answered with 303 and a cookie"
    (told,) = stories(led(NEW, ""))  # nothing recorded of the page's content
    assert told.title == "Login by form at `shop.test`: answered with 303 and a cookie"


def test_it_is_followed_over_several_redirects():
    hop = "# type: document\nGET https://shop.test/home HTTP/2\n\nHTTP/2 302\nLocation: https://shop.test/en\n---\n"
    (told,) = stories(led(NEW, FORM, at="/en", between=hop))
    assert told.failed
    (told,) = stories(led(NEW, HOME, at="/en", between=hop))
    assert told.title.endswith("accepted with 303 and a cookie")


def test_the_form_again_is_a_refusal_whatever_it_sets():
    """As Django does it (a new `csrftoken`), and Flask (a session for the message)."""
    page = f"Content-Type: text/html\nSet-Cookie: session=eyJfZmxhc2hlcyI6MX0.x1; HttpOnly\n\n{FORM}"
    (told,) = stories("---\n".join([post(f"HTTP/2 200\n{page}")] * 2))
    assert told.title == "Failed: login by form at `shop.test`: refused with 200, the form again"
    other = page.replace("name=password", "name=one_time_code")
    (told,) = stories(post(f"HTTP/2 200\n{other}"))
    assert not told.failed
    assert stories(post(f"HTTP/2 200\n{page.replace('session=', 'csrftoken=')}".replace(FORM, HOME))) == []


def test_a_session_that_keeps_its_id_with_the_login():
    same = NEW.replace("; Secure", "; Max-Age=60; Secure")
    for text in (led("302\nLocation: /home", HOME, cookie=BROUGHT), led(same, HOME, cookie=BROUGHT)):
        (told,) = stories(text)
        assert not told.failed
        assert "its value is the one that the browser brought" in told.steps[-1]
    engine = Engine()
    for exchange in parse_example(led("302\nLocation: /home", HOME, cookie=BROUGHT)):
        engine.observe(exchange)
    (found,) = [a for s in engine.finish() if s.kind == "login" for a in s.annotations]
    assert found.rule == "auth/session-id-kept"
    assert "8f14e45f" not in str(found)


@pytest.mark.parametrize(
    "text",
    [
        led(NEW.replace("8f14", "c9f0"), HOME, cookie=BROUGHT),  # a new id
        led(NEW, HOME),  # the first one
        led(NEW, FORM, cookie=BROUGHT),  # refused
        led(NEW, HOME, cookie=BROUGHT, at="/elsewhere"),  # nobody knows
        led("302\nLocation: /home", HOME, cookie=BROUGHT.replace("sid=", "auth_verification=")),  # a login in progress
        led(  # a provider's own session comes on the way
            "303\nLocation: /home",
            HOME,
            cookie=BROUGHT,
            at="/en",
            between="# type: document\nGET https://shop.test/home HTTP/2\n\nHTTP/2 303\nLocation: /en\n"
            "Set-Cookie: _session=c9f0f895fb98ab91\n---\n",
        ),
        led(NEW.replace("8f14e45fceea167a", "[removed]"), HOME, cookie="Cookie: sid=[removed]\n"),
    ],
)
def test_nothing_is_said_of_an_id_that_is_new_or_of_a_login_that_may_have_failed(text: str):
    assert not any("the browser brought" in step for told in stories(text) for step in told.steps)


def test_a_login_without_any_cookie_is_not_told():
    assert stories(led("302\nLocation: /home", HOME)) == []
