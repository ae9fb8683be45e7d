"""Logouts by OpenID Connect as stories: begun at a client, told to others, and what shows whether they worked."""

from __future__ import annotations

import jwt
import pytest

from inspector.engine import Engine, Options
from inspector.report import Story
from inspector.rules.example import EXAMPLE_START, parse_example

NOW = int(EXAMPLE_START)
SECRET = "a key of this test, and long enough for it"


def stories(text: str) -> list[Story]:
    engine = Engine(Options(only=frozenset({"oauth"})))
    told: list[Story] = []
    for exchange in parse_example(text):
        engine.observe(exchange)
        told += engine.stories()
    return [s for s in (*told, *engine.finish()) if s.kind == "logout"]


HINT = jwt.encode({"iss": "https://id.example", "aud": "app", "sub": "ada-lovelace"}, SECRET, "HS256")
METADATA = """GET https://id.example/.well-known/openid-configuration HTTP/2

HTTP/2 200
Content-Type: application/json

{"issuer": "https://id.example", "end_session_endpoint": "https://id.example/end"}
---
"""
FRAME = """---
# type: document
GET https://mail.test/signed-out?{0} HTTP/2
Referer: https://id.example/
Sec-Fetch-Site: cross-site
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: iframe
{1}
HTTP/2 {2}
Content-Type: text/html
"""
STILL = "Cookie: session=8f14e45fceea167a\n"
CLEARS = "Set-Cookie: session=; Max-Age=0; Path=/; Secure; HttpOnly"


def logout(
    *,
    hint: str = f"id_token_hint={HINT}&",
    answer: str = "302\nLocation: https://app.test/gone?state=x7Kp2mQ9",
    between: str = "",
    state: str = "?state=x7Kp2mQ9",
    clears: str = CLEARS,
    cookie: str = "",
    after: str = "401",
    back: str = "200",
) -> str:
    ends = f"https://id.example/end?{hint}post_logout_redirect_uri=https%3A%2F%2Fapp.test%2Fgone&state=x7Kp2mQ9"
    return f"""GET https://app.test/me HTTP/2

HTTP/2 401
---
# type: document
GET https://app.test/logout HTTP/2
Cookie: session=8f14e45fceea167a; theme=dark

HTTP/2 303
Location: {ends}
{clears}
---
# type: document
GET {ends} HTTP/2

HTTP/2 {answer}
{between}---
# type: document
GET https://app.test/gone{state} HTTP/2
{cookie}
HTTP/2 {back}
Content-Type: text/html
---
GET https://app.test/me HTTP/2
{cookie}
HTTP/2 {after}
Content-Type: application/json
"""


def test_a_logout_without_a_fault():
    (told,) = stories(logout())
    assert told.title == "Logout of `app.test` at `id.example` by OpenID Connect"
    assert (told.failed, told.annotations, told.exchanges) == (False, (), (1, 2, 3, 4))
    assert told.participants == ("browser", "app.test", "id.example")
    text = " ".join(told.steps)
    for part in (
        "It deletes its cookie `session`.",
        "`id_token_hint` says whose it is, an ID token for `app`.",
        "`state` is the one that was sent.",
        "`GET /me`, without a session cookie, is answered with 401: the session is over here.",
    ):
        assert part in text
    for secret in ("8f14e45fceea167a", "x7Kp2mQ9", HINT, "ada-lovelace"):
        assert secret not in str(told)


@pytest.mark.parametrize(
    ("fault", "failed", "rules", "says"),
    [
        ({"hint": ""}, False, ["oauth/logout-no-hint"], "There is no `id_token_hint`"),
        ({"state": "?state=other123"}, True, ["oauth/logout-state"], "It brings another `state` than it left with"),
        ({"state": ""}, True, ["oauth/logout-state"], "It brings no `state`"),
        (
            {"answer": "400\nContent-Type: text/html\n\n<p>Unknown post_logout_redirect_uri</p>\n"},
            True,
            ["oauth/logout-return"],
            "`https://app.test/gone` has to be registered",
        ),
        (
            {"clears": "Pragma: x", "cookie": STILL},
            False,
            ["oauth/logout-cookie-kept"],
            "still sends the cookie `session`, unchanged; `app.test` answers 401, so it opens nothing any more.",
        ),
        (
            {"clears": "Pragma: x", "cookie": STILL, "after": "200"},
            True,
            ["oauth/logout-session-alive"],
            "answers `GET /me` with 200, which it refused in #0, where there was none: the session goes on.",
        ),
        ({"back": "500"}, True, [], "The client answers 500."),
    ],
)
def test_each_fault(fault: dict[str, str], failed: bool, rules: list[str], says: str):
    (told,) = stories(logout(**fault))
    assert told.failed is failed
    assert [a.rule for a in told.annotations] == rules
    assert says in " ".join(told.steps)
    assert told.title.startswith("Failed: logout of `app.test`") is failed


def test_a_session_cookie_that_is_set_anew_each_time_is_kept_all_the_same():
    again = "Set-Cookie: session=8f14e45fceea167a; Path=/; Secure; HttpOnly"
    (told,) = stories(logout(clears=again, cookie=STILL))
    assert [a.rule for a in told.annotations] == ["oauth/logout-cookie-kept"]
    (told,) = stories(logout(clears=again.replace("8f14", "anon"), cookie=STILL.replace("8f14", "anon")))
    assert told.annotations == ()


def test_an_address_that_is_not_known_to_refuse_strangers_proves_nothing():
    text = logout(clears="Pragma: x", cookie=STILL, after="200").partition("---\n")[2]
    (told,) = stories(text)
    assert not told.failed
    assert [a.rule for a in told.annotations] == ["oauth/logout-cookie-kept"]
    assert told.title.endswith("by OpenID Connect, its session cookie kept")


def test_the_way_back_leads_elsewhere_or_nowhere():
    text = logout(answer="302\nLocation: https://id.example/bye").split(
        "---\n# type: document\nGET https://app.test/gone"
    )
    bye = "---\n# type: document\nGET https://id.example/bye HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n"
    (told,) = stories(text[0] + bye)
    assert told.title.endswith("its end not in this recording")
    assert told.steps[-1] == "The browser does not come back to `app.test` in this recording."
    assert told.annotations == ()
    elsewhere = logout(answer="302\nLocation: https://ads.test/").split(
        "---\n# type: document\nGET https://app.test/gone"
    )
    (told,) = stories(elsewhere[0])
    assert [(a.rule, a.certainty) for a in told.annotations] == [("oauth/logout-return", "likely")]


def test_other_clients_are_told_in_frames():
    front = FRAME.format("iss=https%3A%2F%2Fid.example&sid=08a5", "Cookie: mail_session=1f9c", "200").rstrip("\n")
    text = METADATA + logout(
        answer="200\nContent-Type: text/html\n", between=f"{front}\nSet-Cookie: mail_session=; Max-Age=0\n"
    )
    (told,) = stories(text)
    assert not told.failed, told.steps
    assert "mail.test" in told.participants
    assert any("in a frame, and says whose by `iss` and `sid`." in step for step in told.steps)
    assert "The provider answers with a page of its own." in told.steps


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("iss=https%3A%2F%2Fid.example&sid=08a5", "500", "`mail.test` answers 500: the person may still be logged in"),
        ("sid=08a5", "500", "`iss` and `sid` belong together"),
        ("iss=https%3A%2F%2Fevil.example&sid=08a5", "500", "`iss` is `https://evil.example`, not the provider's"),
    ],
)
def test_what_can_be_wrong_with_a_frame(query: str, status: str, says: str):
    text = logout(answer="200\nContent-Type: text/html\n", between=FRAME.format(query, "", status))
    (told,) = stories(METADATA + text)
    assert told.failed
    assert [a.rule for a in told.annotations] == ["oauth/front-channel-logout"]
    assert says in " ".join(told.steps)


def test_a_cookie_that_a_frame_does_not_get():
    login = """# type: document
GET https://mail.test/ HTTP/2

HTTP/2 200
Content-Type: text/html
Set-Cookie: session=1f9c2d71aab; Secure; HttpOnly; SameSite=Lax
---
"""
    front = FRAME.format("iss=https%3A%2F%2Fid.example", "", "200")
    (told,) = stories(login + logout(answer="200\nContent-Type: text/html\n", between=front))
    assert told.failed
    (found,) = told.annotations
    assert found.rule == "oauth/front-channel-logout"
    assert "`session` of `mail.test` stays behind (`SameSiteLax`), and no `sid` says which session" in found.detail
    front = FRAME.format("iss=https%3A%2F%2Fid.example&sid=08a5", "", "200")
    (told,) = stories(login + logout(answer="200\nContent-Type: text/html\n", between=front))
    assert not told.failed
    assert "has to find the session by the `sid` in the address" in " ".join(told.steps)


def test_frames_of_advertisers_are_no_logout():
    frame = FRAME.format("u=1", "", "200").replace("/signed-out", "/banner")
    (told,) = stories(logout(answer="200\nContent-Type: text/html\n", between=frame))
    assert "mail.test" not in told.participants


def test_the_provider_logs_in_again_without_asking():
    again = """---
# type: document
GET https://id.example/authorize?response_type=code&client_id=app&state=n1&redirect_uri=https%3A%2F%2Fapp.test%2Fback HTTP/2

HTTP/2 302
Location: https://app.test/back?code=SplxlOBeZQQYbYS6&state=n1
"""
    text = logout().rpartition("---\n")[0]
    (told,) = stories(text.rstrip("\n") + "\n" + again)
    assert told.title.endswith(": the provider's session goes on")
    assert [a.rule for a in told.annotations] == ["oauth/logout-session-alive"]


def test_a_logout_by_form_and_one_without_parameters():
    form = f"""POST https://id.example/end HTTP/2
Content-Type: application/x-www-form-urlencoded

id_token_hint={HINT}

HTTP/2 200
Content-Type: text/html
"""
    (told,) = stories(form)
    assert told.title == "Logout at `id.example` by OpenID Connect"
    assert "It names no `post_logout_redirect_uri`: the person stays at the provider." in told.steps
    bare = "GET https://id.example/end HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n"
    assert len(stories(METADATA + bare)) == 1
    assert stories(bare) == []


def test_a_login_with_a_hint_is_no_logout():
    text = f"""GET https://id.example/authorize?response_type=code&client_id=app&id_token_hint={HINT}&prompt=none HTTP/2

HTTP/2 200
Content-Type: text/html
"""
    assert stories(text) == []


def logout_token(**claims: object) -> str:
    said = {"iss": "https://id.example", "aud": "app", "sub": "ada", "jti": "b1", "iat": NOW, "exp": NOW + 120}
    said |= {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}} | claims
    return jwt.encode({k: v for k, v in said.items() if v is not None}, SECRET, "HS256")


def back_channel(token: str, status: str = "200") -> str:
    return f"""POST https://app.test/backchannel HTTP/1.1
Content-Type: application/x-www-form-urlencoded

logout_token={token}

HTTP/1.1 {status}
Cache-Control: no-store
"""


def test_a_logout_from_server_to_server():
    (told,) = stories(back_channel(logout_token()))
    assert told.title == "Logout of `app.test` by `https://id.example`, from server to server"
    assert told.steps[-1] == "The client answers 200: it ended the session."
    assert not told.failed


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"events": None}, "`events` does not name the logout"),
        ({"sub": None}, "it has neither `sub` nor `sid`"),
        ({"nonce": "n1"}, "it has a `nonce`, which makes it an ID token"),
        ({"exp": NOW - 3600}, "it expired 1 hour before it came"),
    ],
)
def test_a_logout_token_that_is_none(claims: dict[str, object], says: str):
    (told,) = stories(back_channel(logout_token(**claims)))
    assert told.failed
    assert [a.rule for a in told.annotations] == ["oauth/logout-token"]
    assert says in told.annotations[0].detail


def test_a_client_that_refuses_a_good_token():
    (told,) = stories(back_channel(logout_token(), "400"))
    assert told.failed
    assert told.steps[-1] == "The client refuses: 400. The person stays logged in there."


def test_it_is_told_as_soon_as_it_shows_and_after_half_a_minute_at_the_latest():
    def when(text: str) -> list[int]:
        engine = Engine(Options(only=frozenset({"none"})))
        told: list[int] = []
        for place, exchange in enumerate(parse_example(text)):
            engine.observe(exchange)
            told += [place for story in engine.stories() if story.kind == "logout"]
        return told

    assert when(logout()) == [4]
    later = "---\n".join("GET https://app.test/a HTTP/2\n\nHTTP/2 200\n" for _ in range(40))
    assert when(logout(after="200") + "---\n" + later) == [3 + 31]


def test_logouts_in_progress_are_bounded():
    ask = (
        "GET https://id.example/end?post_logout_redirect_uri=https%3A%2F%2Fapp.test%2F{0} HTTP/2\n\nHTTP/2 200\nA: b\n"
    )
    told = stories("---\n".join(ask.format(n) for n in range(40)))
    assert len(told) == 40


def test_a_refused_logout_has_nothing_to_do_with_the_next():
    refused = logout(answer="400\nContent-Type: text/html\n\n<p>No</p>\n").split(
        "---\n# type: document\nGET https://app.test/gone"
    )
    front = FRAME.format("iss=https%3A%2F%2Fid.example&sid=08a5", "", "200")
    first, second = stories(
        f"{refused[0]}---\n" + logout(answer="200\nContent-Type: text/html\n", between=front).partition("---\n")[2]
    )
    assert first.title.endswith(": the provider answered 400")
    assert "mail.test" not in first.participants
    assert "mail.test" in second.participants


def test_a_way_back_that_ends_with_the_host_leads_to_its_root():
    text = logout().replace("app.test%2Fgone", "app.test").replace("https://app.test/gone?", "https://app.test?", 1)
    (told,) = stories(text.replace("GET https://app.test/gone?", "GET https://app.test/?"))
    assert told.title == "Logout of `app.test` at `id.example` by OpenID Connect"
    assert told.annotations == ()
