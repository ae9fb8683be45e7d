"""Logins by OAuth and OpenID Connect as stories: without a fault, and with each fault that shows."""

from __future__ import annotations

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from inspector.engine import Engine, Options
from inspector.report import Story
from inspector.rules.example import EXAMPLE_START, parse_example
from inspector.stories import login_oauth
from inspector.stories.login_oauth import s256

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
BACK = "https%3A%2F%2Fapp.test%2Fback"
NOW = int(EXAMPLE_START)


def stories(text: str) -> list[Story]:
    engine = Engine(Options(only=frozenset({"oauth"})))
    told: list[Story] = []
    for exchange in parse_example(text):
        engine.observe(exchange)
        told += engine.stories()
    return [s for s in (*told, *engine.finish()) if s.kind.startswith("login")]


def id_token(algorithm: str = "HS256", **claims: object) -> str:
    said = {"iss": "https://id.example", "aud": "app", "nonce": "n-0S6", "iat": NOW, "exp": NOW + 300, **claims}
    key = "" if algorithm == "none" else "a key of this test, and long enough for it"
    return jwt.encode({k: v for k, v in said.items() if v is not None}, key, algorithm=algorithm)


def login(
    *,
    returned: str = "state=x7Kp2mQ9",
    more: str = "&state=x7Kp2mQ9&nonce=n-0S6",
    verifier: str | None = VERIFIER,
    token: str | None = None,
    status: int = 200,
    answer: str | None = None,
    origin: str = "Access-Control-Allow-Origin: https://app.test",
    scope: str = "openid",
) -> str:
    shown = answer or f'{{"access_token": "2YotnFZFEjr1zCsicMWpAA", "id_token": "{token or id_token()}"}}'
    proof = "" if verifier is None else f"&code_verifier={verifier}"
    return f"""
GET https://id.example/.well-known/openid-configuration HTTP/2

HTTP/2 200
Content-Type: application/json

{{"issuer": "https://id.example", "token_endpoint": "https://id.example/token"}}
---
# type: document
GET https://id.example/authorize?response_type=code&client_id=app&scope={scope}&redirect_uri={BACK}{more}\
&code_challenge={s256(VERIFIER)}&code_challenge_method=S256 HTTP/2

HTTP/2 200
Content-Type: text/html
---
# type: document
POST https://id.example/login HTTP/2
Content-Type: application/x-www-form-urlencoded

user=ada

HTTP/2 302
Location: https://app.test/back?code=SplxlOBeZQQYbYS6&{returned}
---
# type: document
GET https://app.test/back?code=SplxlOBeZQQYbYS6&{returned} HTTP/2

HTTP/2 200
Content-Type: text/html
---
# type: fetch
POST https://id.example/token HTTP/2
Origin: https://app.test
Sec-Fetch-Mode: cors
Sec-Fetch-Site: cross-site
Content-Type: application/x-www-form-urlencoded

grant_type=authorization_code&code=SplxlOBeZQQYbYS6&redirect_uri={BACK}&client_id=app{proof}

HTTP/2 {status}
Content-Type: application/json
{origin}

{shown}
"""


def test_a_login_without_a_fault():
    (told,) = stories(login())
    assert told.title == "Login of `app` at `id.example` by OpenID Connect (authorization code with PKCE)"
    assert not told.failed
    assert told.annotations == ()
    assert told.participants == ("browser", "app.test", "id.example")
    assert told.exchanges == (1, 2, 3, 4)
    text = " ".join(told.steps)
    for part in ("`state` is the one that was sent", "PKCE fits", "fit this login", "`access_token` and `id_token`"):
        assert part in text
    assert "SplxlOBeZQQYbYS6" not in str(told)
    assert VERIFIER not in str(told)


@pytest.mark.parametrize(
    ("fault", "rule", "says"),
    [
        ({"returned": "state=other123"}, "oauth/state-mismatch", "not the one that was sent"),
        ({"returned": "x=1"}, "oauth/state-mismatch", "has no `state`"),
        ({"verifier": "w" * 43}, "oauth/pkce-mismatch", "does not belong"),
        ({"verifier": None}, "oauth/pkce-mismatch", "is missing"),
        ({"token": id_token(nonce="other")}, "oauth/id-token", "`nonce` is not the one"),
        ({"token": id_token(nonce=None)}, "oauth/id-token", "`nonce` is missing"),
        ({"token": id_token(aud="another")}, "oauth/id-token", "`aud` is `another`, not `app`"),
        ({"token": id_token(iss="https://evil.example")}, "oauth/id-token", "`iss` is `https://evil.example`"),
        ({"token": id_token(exp=NOW - 3600)}, "oauth/id-token", "it expired 1 hour"),
        ({"token": id_token(iat=NOW + 3600)}, "oauth/id-token", "two clocks differ"),
        ({"status": 400, "answer": '{"error": "invalid_grant"}'}, "oauth/token-refused", "`invalid_grant`"),
        ({"status": 401, "answer": '{"error": "invalid_client"}'}, "oauth/token-refused", "who it is"),
    ],
)
def test_each_fault_fails_the_story_and_is_found(fault: dict, rule: str, says: str):
    (told,) = stories(login(**fault))
    assert told.failed
    assert told.title.startswith("Failed: login of `app`")
    assert [a.rule for a in told.annotations] == [rule]
    assert says in " ".join(told.steps)


def test_what_a_rule_of_one_exchange_tells_is_only_mentioned():
    (told,) = stories(login(token=id_token("none")))
    assert "not signed (`alg: none`)" in " ".join(told.steps)
    assert told.annotations == ()


def test_cors_keeps_the_tokens_from_the_page():
    (told,) = stories(login(origin="Vary: Origin"))
    assert told.failed
    assert told.title.endswith("CORS keeps the tokens from the page")
    assert "`MissingAllowOriginHeader`" in " ".join(told.steps)


def test_plain_oauth_without_anything_that_ties():
    (told,) = stories(login(more="", returned="x=1", scope="mail").replace("&code_challenge", "&ignored"))
    assert "by OAuth (authorization code)" in told.title
    assert "nothing in it ties the answer" in " ".join(told.steps)


def begun(answer: str, kind: str = "code") -> str:
    return f"""
# type: document
GET https://id.example/authorize?response_type={kind}&client_id=app&redirect_uri={BACK}&state=x7Kp2mQ9 HTTP/2

{answer}
"""


def test_the_provider_refuses_the_redirect_uri():
    (told,) = stories(begun("HTTP/2 400\nContent-Type: text/html\n\n<p>Invalid redirect_uri</p>"))
    assert told.failed
    assert "`https://app.test/back` has to be registered" in " ".join(told.steps)


def test_the_person_says_no():
    back = "https://app.test/back?error=access_denied&state=x7Kp2mQ9"
    (told,) = stories(
        begun(f"HTTP/2 302\nLocation: {back}")
        + f"---\n# type: document\nGET {back} HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n"
    )
    assert told.failed
    assert told.title.endswith(": `access_denied`")


def test_the_implicit_grant_and_why_not():
    (told,) = stories(
        begun("HTTP/2 302\nLocation: https://app.test/back#access_token=2YotnFZFEjr1zC&state=x7Kp2mQ9", "token")
        + "---\n# type: document\nGET https://app.test/back HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n"
    )
    assert "(implicit)" in told.title
    assert "`response_type=code` with PKCE replaces it" in " ".join(told.steps)
    assert "2YotnFZFEjr1zC" not in str(told)


def test_a_client_that_is_a_server_exchanges_out_of_sight():
    back = "https://app.test/back?code=SplxlOBeZQQYbYS6&state=x7Kp2mQ9"
    answer = "HTTP/2 303\nLocation: /\nSet-Cookie: session=8f14e45fceea; Secure; HttpOnly; SameSite=Lax"
    (told,) = stories(
        begun(f"HTTP/2 302\nLocation: {back}") + f"---\n# type: document\nGET {back} HTTP/2\n\n{answer}\n"
    )
    assert not told.failed
    assert "does not pass here" in " ".join(told.steps)
    assert "sets `session`" in " ".join(told.steps)


def test_an_answer_as_a_form():
    text = begun("HTTP/2 200\nContent-Type: text/html") + (
        "---\n# type: document\nPOST https://app.test/back HTTP/2\nContent-Type: application/x-www-form-urlencoded\n\n"
        "code=SplxlOBeZQQYbYS6&state=x7Kp2mQ9\n\nHTTP/2 303\nLocation: /\n"
    )
    (told,) = stories(text)
    assert "in a form" in " ".join(told.steps)


TOKEN = """
POST https://id.example/token HTTP/2
Content-Type: application/x-www-form-urlencoded

{0}

HTTP/2 {1}
Content-Type: application/json

{2}
"""
GRANTED = '{"access_token": "2YotnFZFEjr1zC"}'


@pytest.mark.parametrize(
    ("form", "title"),
    [
        ("grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Q", "Refresh at `id.example`: granted"),
        ("grant_type=client_credentials&client_id=job", "Client credentials at `id.example`: granted"),
        ("grant_type=password&username=ada&password=x", "Password grant at `id.example`: granted"),
        ("grant_type=authorization_code&code=1234abcd", "Code exchange at `id.example`: granted"),
    ],
)
def test_other_grants(form: str, title: str):
    (told,) = stories(TOKEN.format(form, 200, GRANTED))
    assert told.title == title
    assert not told.failed


def test_a_refresh_that_is_refused():
    (told,) = stories(TOKEN.format("grant_type=refresh_token&refresh_token=tGzv3", 400, '{"error": "invalid_grant"}'))
    assert told.failed
    assert [a.rule for a in told.annotations] == ["oauth/token-refused"]


def test_a_device_waits_for_the_person():
    asked = '{"device_code": "GmRhmhcxhwAzkoEq", "verification_uri": "https://id.example/device"}'
    poll = "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=GmRhmhcxhwAzkoEq&client_id=tv"
    text = "---".join(
        [
            TOKEN.format("client_id=tv", 200, asked),
            TOKEN.format(poll, 400, '{"error": "authorization_pending"}'),
            TOKEN.format(poll, 400, '{"error": "slow_down"}'),
            TOKEN.format(poll, 200, GRANTED),
        ]
    )
    (told,) = stories(text)
    assert told.title == "Login of a device at `id.example`: granted"
    assert told.exchanges == (0, 1, 2, 3)
    assert "2 times too early" in " ".join(told.steps)


@pytest.mark.parametrize(
    "text",
    [
        "GET https://shop.test/voucher?code=SAVE20 HTTP/2\n\nHTTP/2 200\nContent-Type: text/html",
        "GET https://shop.test/a?code=1&state=2 HTTP/2\n\nHTTP/2 302\nLocation: /b?code=1&error=0",
        "GET https://ads.test/p?response_type=json&client_id=4 HTTP/2\n\nHTTP/2 200\nContent-Type: text/html",
        "POST https://shop.test/f HTTP/2\nContent-Type: application/x-www-form-urlencoded\n\ncode=1\n\nHTTP/2 200\nA: b",
    ],
)
def test_what_only_looks_like_a_login_is_none(text: str):
    assert stories(text) == []


def test_logins_in_progress_are_bounded():
    ask = (
        "GET https://id.example/authorize?response_type=code&client_id=app&state={0}&redirect_uri="
        + BACK
        + " HTTP/2\n\n"
        "HTTP/2 200\nContent-Type: text/html\n"
    )
    engine = Engine(Options(only=frozenset({"none"})))
    for exchange in parse_example("---\n".join(ask.format(n) for n in range(100))):
        engine.observe(exchange)
    teller = next(t for t in engine._stories._tellers if isinstance(t, login_oauth.OAuthStories))
    assert len(teller._logins) <= login_oauth.MOST_LOGINS


def test_the_answer_to_a_form_is_an_address_all_the_same():
    (told,) = stories(login())
    assert any("back with `code` in the address" in step for step in told.steps)


def test_a_code_that_is_brought_twice():
    text = login()
    again = text[text.index("# type: fetch") :].partition("HTTP/2 200")[0]
    first, second = stories(
        f'{text}---\n{again}HTTP/2 400\nContent-Type: application/json\n\n{{"error": "invalid_grant"}}'
    )
    assert not first.failed
    assert (second.kind, second.failed) == ("login-token", True)
    assert second.steps[0] == "The client brings a code that was exchanged before. A code counts once."


KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def signed(key: ec.EllipticCurvePrivateKey = KEY, kid: str = "spring", **more: object) -> str:
    said = {"iss": "https://id.example", "aud": "app", "nonce": "n-0S6", "iat": NOW, "exp": NOW + 300, **more}
    return jwt.encode(said, key, algorithm="ES256", headers={"kid": kid})


def keys(fields: str = "", status: str = "200") -> str:
    told = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "spring"}
    content = msgspec.json.encode({"keys": [told]}).decode()
    return f"---\nGET https://id.example/keys HTTP/2\n\nHTTP/2 {status}\nContent-Type: application/json\n{fields}\n{content}\n"


def test_a_signature_is_verified_with_keys_that_come_after_the_token():
    (told,) = stories(login(token=signed()) + keys())
    assert not told.failed
    assert told.steps[-1] == (
        "Its signature is verified: `ES256`, with the key `spring` that `id.example` published in #5."
    )
    assert told.exchanges[-1] == 5
    assert told.arrows[-1].label == "public keys (JWKS)"


def test_and_with_keys_that_came_before_it():
    first, rest = login(token=signed()).split("---\n", 1)
    (told,) = stories(f"{first}{keys()}---\n{rest}")
    assert "in #1." in told.steps[-1]


@pytest.mark.parametrize(
    ("token", "says"),
    [
        (signed(OTHER), "Its signature does not fit the key `spring` that `id.example` published in #5"),
        (
            signed(kid="autumn"),
            "It names the key `autumn`, and the only key that `id.example` published in #5 is another",
        ),
        (id_token("HS256"), ""),
    ],
)
def test_a_signature_that_does_not_fit_is_found(token: str, says: str):
    (told,) = stories(login(token=token) + keys())
    assert told.failed is bool(says)
    assert [a.rule for a in told.annotations] == (["oauth/id-token-signature"] if says else [])
    assert says in told.steps[-1]


@pytest.mark.parametrize("fields", ["Age: 3600\n", "Date: Sun, 01 Mar 2026 12:00:05 GMT\nAge: 60\nX-Cache: HIT\n"])
def test_old_keys_say_nothing_of_a_key_they_lack(fields: str):
    (told,) = stories(login(token=signed(kid="autumn")) + keys(fields))
    assert not told.failed
    assert told.annotations == ()
    assert "its signature cannot be checked" in told.steps[-1]


def test_without_keys_nothing_is_claimed():
    (told,) = stories(login(token=signed(OTHER)))
    assert not told.failed
    assert told.steps[-1].startswith("Whether its signature fits is not known")
    (told,) = stories(login())
    assert told.steps[-1].startswith("`HS256` signs with a secret that the client and the provider share")


def test_a_login_waits_for_keys_a_few_seconds_at_most():
    engine = Engine(Options(only=frozenset({"oauth"})))
    later = "---\n".join("GET https://app.test/a HTTP/2\n\nHTTP/2 204\n" for _ in range(10))
    told: list[tuple[int, str]] = []
    for place, exchange in enumerate(parse_example(f"{login(token=signed())}---\n{later}")):
        engine.observe(exchange)
        told += [(place, story.kind) for story in engine.stories() if story.kind == "login"]
    assert told == [(4 + 6, "login")]


def test_an_algorithm_that_the_metadata_does_not_name():
    text = login(token=signed()).replace(
        '"token_endpoint"', '"id_token_signing_alg_values_supported": ["RS256"], "token_endpoint"'
    )
    (told,) = stories(text + keys())
    assert told.steps[-1].endswith("does not name this algorithm, though: it names `RS256`.")


def test_many_issuers_at_one_address_are_told_apart():
    text = login(token=signed(iss="https://id.example/9a"))
    assert stories(text)[0].failed
    template = text.replace('"issuer": "https://id.example"', '"issuer": "https://id.example/{tenant}"')
    assert not stories(template)[0].failed
    two = text.replace("https://id.example/.well-known", "https://id.example/9a/.well-known", 1).replace(
        '"issuer": "https://id.example"',
        '"issuer": "https://id.example/9a", "authorization_endpoint": "https://id.example/authorize"',
    )
    other = text.split("---\n")[0]
    assert not stories(f"{two.replace('---', f'---{other}---', 1)}")[0].failed
