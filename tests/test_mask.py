import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.engine import Engine, Options
from inspector.exchange import Context, Exchange, Fields, Recorder, Request
from inspector.mask import Masker, secrets_of
from inspector.rules.example import parse_example

SECRETS = ("s3cr3t-session-1", "t0ken-in-the-query", "YWxhZGRpbjpvcGVu0")


def test_same_secret_same_placeholder():
    masker = Masker()
    assert masker.field("Cookie", "sid=abc; theme=dark; again=abc") == (
        "sid=[masked 1]; theme=[masked 2]; again=[masked 1]"
    )
    assert masker.field("Set-Cookie", "sid=abc; Path=/; Secure") == "sid=[masked 1]; Path=/; Secure"


def test_a_deleted_cookie_has_nothing_to_hide():
    assert Masker().field("set-cookie", "sid=; Max-Age=0") == "sid=; Max-Age=0"


def test_auth_scheme_stays_readable():
    assert Masker().field("Authorization", "Bearer abc.def") == "Bearer [masked 1]"
    assert Masker().field("X-Api-Key", "abc") == "[masked 1]"
    assert Masker().field("X-CSRF-Token", "abc") == "[masked 1]"


def test_urls():
    masker = Masker()
    assert masker.url("https://u:p@shop.test/?q=shoes&access_token=abc#id_token=xyz") == (
        "https://[masked 1]@shop.test/?q=shoes&access_token=[masked 2]#id_token=[masked 3]"
    )
    assert masker.url("https://shop.test/?keyboard=1&monkey=2") == "https://shop.test/?keyboard=1&monkey=2"
    assert masker.field("Location", "https://shop.test/cb?code=abcd") == "https://shop.test/cb?code=[masked 4]"


def test_relative_location():
    assert Masker().field("location", "/cb?session_id=abcd") == "/cb?session_id=[masked 1]"


def test_tokens_are_found_anywhere():
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    assert Masker().text(f"see {jwt} there") == "see [masked 1] there"
    assert Masker().field("x-anything", jwt) == "[masked 1]"


def test_reveal_shows_everything():
    assert Masker(reveal=True).field("cookie", "sid=abc") == "sid=abc"


def test_memory_is_bounded():
    masker = Masker(limit=10)
    for number in range(1000):
        masker.secret(f"secret {number}")
    assert len(masker._numbers) <= 10


EXAMPLE = f"""
GET https://api.test/items?access_token={SECRETS[1]} HTTP/1.1
Cookie: sid={SECRETS[0]}
Authorization: Basic {SECRETS[2]}
Origin: https://shop.test
Referer: https://shop.test/?access_token={SECRETS[1]}

HTTP/1.1 302 Found
Location: https://shop.test/?access_token={SECRETS[1]}
Set-Cookie: sid={SECRETS[0]}; Domain=other.test

{SECRETS[0]}
"""


def test_no_secret_reaches_the_report_and_reveal_shows_them():
    (exchange,) = parse_example(EXAMPLE)
    assert set(secrets_of(exchange)) == set(SECRETS)
    hidden = repr(Engine(Options(fields=True)).observe(exchange))
    assert not any(secret in hidden for secret in SECRETS)
    assert SECRETS[0] in repr(Engine(Options(fields=True, reveal=True)).observe(exchange))


@given(st.sampled_from(["cookie", "set-cookie", "authorization", "location", "x-token", "referer"]), st.text())
def test_masking_never_raises(name, value):
    assert isinstance(Masker().field(name, value), str)


def test_a_request_line_recorded_as_a_field_name_is_masked():
    (exchange,) = parse_example(
        "GET https://shop.test/ HTTP/1.1\nGET /?access_token=abcd1234 HTTP/1.1: x\n\nHTTP/1.1 200 OK\n"
    )
    shown = Engine(Options(fields=True)).observe(exchange)
    assert "abcd1234" not in repr(shown.fields)


def test_a_token_behind_a_hyphen_is_masked_alone():
    assert Masker().text("session-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln and more") == "session-[masked 1] and more"


@pytest.mark.parametrize("piece", ["x", "eyJ-", "eyJaaaaa-", "a eyJaaaaa", "a=1;"])
def test_a_value_of_megabytes_is_looked_through_in_one_go(piece):
    # Looking through the rest of it from each character on would take hours.
    value = piece * (2_000_000 // len(piece))
    request = Request("GET", f"https://shop.test/?{value}", Fields.of([("Cookie", value)]))
    exchange = Exchange(0, request, Context(Recorder("har")))
    assert len(secrets_of(exchange)) <= 1
    masker = Masker()
    assert masker.field("cookie", value)
    assert masker.field("x-a", value) == value
    assert masker.url(request.url)
