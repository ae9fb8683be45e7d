"""A token's life as a story: where it comes from, where it goes, and what becomes of it."""

from __future__ import annotations

import jwt as pyjwt
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspector.engine import Engine
from inspector.exchange import Body, Fields, Request, Response
from inspector.report import Severity, Story
from inspector.rules.example import parse_example
from inspector.rules.token_story import REFRESH_AGAIN, SEVERAL_SITES
from inspector.stories import tokens

VALID = (
    "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9."
    "eyJpc3MiOiJodHRwczovL2xvZ2luLnNob3AudGVzdCIsImF1ZCI6InNob3AiLCJzY29wZSI6Im9yZGVycyIsImlhdCI6MTc3MjM2NjA0MCwiZXhwIj"
    "oxNzcyMzY3MDAwfQ.c2ln"
)
"""From https://login.shop.test for `shop`, until 2026-03-01T12:10:00Z."""
OPAQUE, SECOND, REFRESH, NEXT = (
    "2YotnFZFEjr1zCsicMWpAA",
    "mF9B5f41JqMqwErt12345a",
    "tGzv3JOkF0XG5Qx2TlKWIA",
    "8xLOxBtZp8aUkO5s",
)

CALL = """
GET https://api.shop.test/orders HTTP/2
Origin: https://shop.test
Authorization: Bearer {token}

HTTP/2 {status}
Content-Type: application/json
"""


def stories(*blocks: str) -> list[Story]:
    engine = Engine()
    for exchange in parse_example("\n---\n".join(block.strip("\n") for block in blocks)):
        engine.observe(exchange)
        engine_stories = engine.stories()
        assert not any(s.kind == "token" for s in engine_stories)
    return [s for s in engine.finish() if s.kind in ("token", "internal-error")]


def call(token: str = OPAQUE, status: int = 200, at: str = "") -> str:
    return (f"# at: 2026-03-01T{at}Z\n" if at else "") + CALL.format(token=token, status=status).strip()


def granted(given: str, answer: str, status: int = 200, at: str = "12:00:00") -> str:
    return f"""# at: 2026-03-01T{at}Z
POST https://id.example/token HTTP/2
Content-Type: application/x-www-form-urlencoded

{given}

HTTP/2 {status}
Content-Type: application/json

{answer}"""


FIRST = granted(
    "grant_type=authorization_code&code=SplxlOBeZQQYbYS6&client_id=app",
    f'{{"access_token": "{OPAQUE}", "token_type": "Bearer", "expires_in": 300, "refresh_token": "{REFRESH}"}}',
)
RENEWED = granted(
    f"grant_type=refresh_token&refresh_token={REFRESH}",
    f'{{"access_token": "{SECOND}", "expires_in": 300, "refresh_token": "{NEXT}"}}',
    at="12:06:00",
)


def test_issued_sent_late_and_replaced():
    access, refresh = stories(FIRST, call(at="12:00:10"), call(at="12:00:20"), call(status=401, at="12:06:30"), RENEWED)
    assert access.title == "The life of the access token `[masked 1]`: issued, sent, sent after its time and replaced"
    assert access.steps == (
        "`id.example` issues it in #0, in the content of its answer (`access_token`).",
        "It says nothing by itself (it is opaque): what it permits, only its issuer knows. Its issuer lets it count for "
        "5 minutes (`expires_in`).",
        "The browser sends it to `api.shop.test` in `Authorization` with 2 requests, #1 to #2.",
        "Its time is over at 1 March 2026, 12:05:00 UTC.",
        "The browser still sends it to `api.shop.test` in `Authorization` with 1 request, #3, and is refused (401).",
        "It is replaced in #4: `[masked 3]` comes instead.",
    )
    assert [(a.source, a.target, a.exchange, a.failed) for a in access.arrows] == [
        ("id.example", "browser", 0, False),
        ("browser", "api.shop.test", 1, False),
        ("browser", "api.shop.test", 3, True),
        ("id.example", "browser", 4, False),
    ]
    assert access.exchanges == (0, 1, 2, 3, 4)
    assert refresh.title.endswith("issued, brought for a new one and replaced")
    assert OPAQUE not in str((access, refresh))
    assert REFRESH not in str((access, refresh))


def test_refreshed_by_json():
    login, renewal = (
        f"POST https://api.shop.test/{path} HTTP/2\nContent-Type: application/json\n\n{asked}\n\nHTTP/2 200\n"
        f'Content-Type: application/json\n\n{{"accessToken": "{access}", "refreshToken": "{refresh}"}}'
        for path, asked, access, refresh in (
            ("login", '{"email": "a@b.test", "password": "x"}', OPAQUE, REFRESH),
            ("refresh", f'{{"refreshToken": "{REFRESH}"}}', SECOND, NEXT),
        )
    )
    access, refresh, second = stories(login, call(), renewal, call(SECOND))
    assert access.title.endswith("issued, sent and replaced")
    assert refresh.title.endswith("issued, brought for a new one and replaced")
    assert second.title.endswith("issued and sent")


def test_a_client_with_a_secret_may_use_its_refresh_token_again():
    page = REFRESH_AGAIN.page.shows.replace("&client_id=app", "&client_id=app&client_secret=7f3a9c21b8")
    assert [a for story in stories(*page.split("\n---\n")) for a in story.annotations] == []


def test_what_a_jwt_says_is_told_and_not_what_it_is():
    (told,) = stories(call(VALID), call(VALID))
    assert told.title == "The life of the access token `[masked 1]`: sent"
    assert told.steps[0] == (
        "Where it was issued does not show in this recording. By what it says, it is from `https://login.shop.test`, "
        "is for `shop` and permits `orders`. It is protected by `RS256`, RSA: checked with a public key, made with the "
        "private one, and it is not encrypted: everyone who sees it can read it. It counts until 1 March 2026, "
        "12:10:00 UTC."
    )
    assert VALID not in str(told)


def test_a_cookie_that_holds_a_token():
    sets = f"""
POST https://shop.test/login HTTP/2

HTTP/2 204
Set-Cookie: auth={VALID}; Path=/; Secure; HttpOnly; SameSite=Lax"""
    sent = f"GET https://shop.test/ HTTP/2\nCookie: auth={VALID}\n\nHTTP/2 200\nContent-Type: text/html"
    (told,) = stories(sets, sent, sent)
    assert told.steps[0].endswith("as the cookie `auth`, which no script can read (`HttpOnly`).")
    assert told.steps[-1] == "The browser sends it to `shop.test` as the cookie `auth` with 2 requests, #1 to #2."


def test_an_encrypted_token_is_not_said_to_be_readable():
    jwe = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9k.48V1_ALb6US0.5eym8TW_c8SuK0lt.XFBoMYUZodetZdvTiFvSkQ"
    (told,) = stories(call(jwe), call(jwe))
    assert "encrypted (JWE)" in told.steps[0]
    assert "not encrypted" not in told.steps[0]


def test_told_by_referer():
    page = f"# type: document\nGET https://shop.test/in?access_token={OPAQUE} HTTP/2\n\nHTTP/2 200\nContent-Type: text/html"
    ours, theirs = (
        f"GET https://{host}/a.png HTTP/2\nReferer: https://shop.test/in?access_token={OPAQUE}\n\nHTTP/2 200"
        for host in ("static.shop.test", "ads.example")
    )
    same = theirs.replace("ads.example", "shop.test")
    (told,) = stories(page, same, ours, theirs)
    assert told.failed
    assert told.steps[-2:] == (
        "`Referer` tells it to `static.shop.test`, of the same site, with 1 request, #2.",
        "`Referer` tells it to `ads.example`, another site, with 1 request, #3: it stands in the address of the page at "
        "`shop.test`, and whoever reads the logs there has it.",
    )
    assert stories(page, same) == []


def test_a_page_copies_its_token_out_of_the_fragment():
    redirect = f"GET https://id.example/in HTTP/2\n\nHTTP/2 302\nLocation: https://shop.test/b#access_token={OPAQUE}"
    theirs = f"GET https://ads.example/a.png HTTP/2\nReferer: https://shop.test/b?access_token={OPAQUE}\n\nHTTP/2 200"
    (told,) = stories(redirect, theirs)
    assert told.failed
    assert told.steps[-1] == "`Referer` never has what is behind `#`, so the page copied it into its query."


def test_in_the_url():
    (told,) = stories(*[f"GET https://shop.test/in?access_token={OPAQUE} HTTP/2\n\nHTTP/2 200"] * 2)
    assert told.steps[-1] == (
        "The client sends it to `shop.test` in the URL with 2 requests, #0 to #1. Histories and logs keep it."
    ).replace("client", told.participants[0])


def test_what_stands_behind_the_hash_is_not_sent():
    redirect = f"GET https://id.example/in HTTP/2\n\nHTTP/2 302\nLocation: https://shop.test/b#access_token={OPAQUE}&expires_in=300"
    opened = (
        f"# type: document\nGET https://shop.test/b#access_token={OPAQUE} HTTP/2\n\nHTTP/2 200\nContent-Type: text/html"
    )
    (told,) = stories(redirect, opened, call())
    assert "behind the `#` of the address it redirects to" in told.steps[0]
    assert told.steps[2].startswith("In #1 it stands behind the `#` of an address at `shop.test`")
    assert [a.label for a in told.arrows] == [
        "issues the access token",
        "has the access token in its address",
        "Authorization",
    ]


def test_given_back():
    revoke = f"POST https://id.example/revoke HTTP/2\nContent-Type: application/x-www-form-urlencoded\n\ntoken={OPAQUE}&client_id=app\n\nHTTP/2 200"
    (told,) = stories(FIRST, call(), revoke)
    assert told.steps[-1].startswith("The browser gives it back to `id.example` in #2")


@pytest.mark.parametrize("rule", [SEVERAL_SITES, REFRESH_AGAIN], ids=lambda r: r.id)
def test_pages_show_and_keep_quiet(rule):
    def says(text: str) -> list[str]:
        return [a.rule for story in stories(*text.split("\n---\n")) for a in story.annotations]

    assert says(rule.page.shows) == [rule.id]
    assert says(rule.page.quiet) == []


def test_an_audience_makes_another_site_a_warning():
    token = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOiJodHRwczovL2FwaS5zaG9wLnRlc3QifQ.c2ln"  # from https://id.example for https://api.shop.test
    other, issuer = (call(token).replace("api.shop.test", host) for host in ("count.test", "id.example"))
    (told,) = stories(call(token), other)
    (found,) = told.annotations
    assert found.severity is Severity.WARNING
    assert "Its `aud` names addresses of `shop.test` alone." in found.detail
    (told,) = stories(call(token), issuer)
    assert told.annotations == ()


def test_an_audience_that_fits_and_one_that_does_not():
    token = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOiJodHRwczovL2FwaS5zaG9wLnRlc3QifQ.c2ln"
    (told,) = stories(call(token), call(token))
    assert told.steps[-1] == "It is sent to whom it is for: the host is one that `aud` names."
    (told,) = stories(*[call(token).replace("api.shop.test", "api.other.test")] * 2)
    assert told.steps[-1].startswith("`aud` names `api.shop.test`, and it is sent elsewhere.")
    assert told.annotations == ()
    (told,) = stories(*[call(token).replace("api.shop.test", "orders.shop.test")] * 2)
    assert "`aud`" not in told.steps[-1]


@pytest.mark.parametrize(
    "blocks",
    [
        (call(),),  # a single exchange is for the rules
        (FIRST,),
        (call("Basic"), call("Basic")),
        ("GET https://shop.test/?token=2YotnFZFEjr1zCsicMWpAA HTTP/2\n\nHTTP/2 200",) * 2,
    ],
)
def test_what_is_no_story(blocks: tuple[str, ...]):
    assert stories(*blocks) == []


def test_many_alike_are_counted():
    calls = [call(f"{OPAQUE}{n}") for n in range(6) for _ in range(2)]
    told = stories(*calls)
    assert len(told) == tokens.MOST_ALIKE
    assert told[-1].steps[-1] == "3 more tokens of this kind went the same way."


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tokens, "MOST_LIVES", 5)
    teller = tokens.TokenStories()
    monkeypatch.setattr("inspector.stories.TELLERS", (lambda: teller,))
    engine = Engine()
    sets = "GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nSet-Cookie: a{n}={token}"
    for exchange in parse_example("\n---\n".join(sets.format(n=n, token=f"{VALID}{n:04}") for n in range(20))):
        engine.observe(exchange)
    assert len(teller._lives) == len(teller._cookies) == 5


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.text(), min_size=6, max_size=6))
def test_hostile_values_raise_nothing(texts: list[str]):
    url, bearer, referer, location, cookie, content = texts
    fields = [
        ("Authorization", f"Bearer {bearer}{OPAQUE}"),
        ("Referer", f"https://a.test/?token={referer}"),
        ("Cookie", cookie),
    ]
    (plain,) = parse_example(FIRST)
    engine = Engine()
    for body in (content, f'{{"access_token": "{OPAQUE}{content}", "expires_in": {content or 1}}}'):
        response = Response(
            200,
            None,
            Fields.of(
                [
                    ("Content-Type", "application/json"),
                    ("Location", f"#access_token={location}"),
                    ("Set-Cookie", f"sid=eyJ{cookie}.e30.; {cookie}"),
                ]
            ),
            body=Body("full", source=body),
        )
        request = Request(
            "POST",
            f"https://a.test/{url}?access_token={url}",
            Fields.of([*fields, ("Content-Type", "application/json")]),
            body=Body("full", source=f'{{"refreshToken": {content or 1}}}'),
        )
        engine.observe(msgspec.structs.replace(plain, request=request, response=response))
    assert not [s for s in engine.finish() if s.kind == "internal-error"]
    assert not engine._stories.faults


def test_whoever_passes_a_token_on_did_not_issue_it():
    passing = f"""GET https://shop.test/leave HTTP/2

HTTP/2 303
Location: https://id.example/leave?access_token={OPAQUE}"""
    arriving = f"GET https://id.example/leave?access_token={OPAQUE} HTTP/2\n\nHTTP/2 200\nContent-Type: text/html"
    (told,) = stories(FIRST, passing, arriving)
    assert told.steps[0].startswith("`id.example` issues it in #0")
    assert any(step.startswith("`shop.test` hands it on in #1, in the query") for step in told.steps)


def test_graphql_hands_a_token_out_within_the_field_that_was_asked_for():
    asked = """
POST https://api.shop.test/graphql HTTP/2
Content-Type: application/json

{"query": "mutation Login { login { token } }"}

HTTP/2 200
Content-Type: application/json

"""
    (told,) = stories(f'{asked}{{"data": {{"login": {{"token": "{OPAQUE}"}}}}}}', call())
    assert told.steps[0] == "`api.shop.test` issues it in #0, in the content of its answer (`token`)."


def test_a_refresh_token_of_djangos_simplejwt_is_called_refresh():
    def made(use: str, number: int) -> str:
        claims = {"token_type": use, "exp": 1772369000, "jti": f"{number:032x}"}
        return pyjwt.encode(claims, "a-key-of-this-test-of-32-octets-", "HS256")

    refresh, access, second = made("refresh", 1), made("access", 2), made("access", 3)
    asked = "POST https://api.shop.test/api/token/{} HTTP/2\nContent-Type: application/json\n\n{}\n\nHTTP/2 200\n"
    first = asked.format("", '{"username": "ada", "password": "correct horse"}')
    then = asked.format("refresh/", f'{{"refresh": "{refresh}"}}')
    given = "Content-Type: application/json\n\n"
    kept, used, *_ = stories(
        f'{first}{given}{{"refresh": "{refresh}", "access": "{access}"}}',
        call(access),
        f'{then}{given}{{"access": "{second}"}}',
        call(second),
    )
    assert kept.title == "The life of the refresh token `[masked 1]`: issued and brought for a new one"
    assert used.title == "The life of the access token `[masked 2]`: issued, sent and replaced"
