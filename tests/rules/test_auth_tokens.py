"""Rules on credentials, tokens, single sign-on and forged requests: what they say, and above all when they are silent."""

from __future__ import annotations

import base64
import json
import zlib

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.content.saml import decode as decode_saml
from inspector.content.tokens import decode
from inspector.engine import INTERNAL_ERROR, Engine, Options
from inspector.report import Annotation, Severity
from inspector.rules.example import EXAMPLE_START, parse_example

KEY = "k" * 64
NOW = int(EXAMPLE_START)


def told(text: str, *rules: str) -> list[Annotation]:
    engine = Engine(Options(rules=frozenset(rules)))
    found = [a for x in parse_example(text) for a in engine.observe(x).annotations]
    assert INTERNAL_ERROR not in {a.rule for a in found}, found
    return found


def token(
    claims: dict[str, object] | None = None, *, alg: str = "HS256", header: dict[str, object] | None = None
) -> str:
    claims = {"sub": "17", "iat": NOW - 60, "exp": NOW + 600} if claims is None else claims
    return jwt.encode(claims, None if alg == "none" else KEY, algorithm=alg, headers=header)


def bearer(raw: str, status: int = 200) -> str:
    return (
        f"GET https://api.shop.test/ HTTP/2\nAuthorization: Bearer {raw}\n\nHTTP/2 {status}\nContent-Type: text/plain\n"
    )


@pytest.mark.parametrize(
    ("url", "severity"),
    [
        ("https://a.test/x?access_token=9f2c7b1e4d8a6053", "error"),
        ("https://a.test/x?API_KEY=9f2c7b1e4d8a6053", "note"),
        ("https://a.test/x?access_token=", None),
        ("https://a.test/x?access_token=none", None),
        ("https://a.test/x?tokenizer=9f2c7b1e4d8a6053", None),
        ("https://a.test/x?sig=9f2c7b1e4d8a6053&X-Amz-Signature=9f2c7b1e4d8a6053", None),
    ],
)
def test_tokens_in_urls(url: str, severity: str | None):
    found = told(f"GET {url} HTTP/2\n\nHTTP/2 200\nServer: x\n", "auth/token-in-url")
    assert [a.severity for a in found] == ([severity] if severity else [])
    assert not any("9f2c7b1e" in (e.value or "") for a in found for e in a.evidence)


def test_a_token_handed_over_in_a_redirect():
    found = told(
        "GET https://a.test/l HTTP/2\n\nHTTP/2 302\nLocation: https://b.test/#access_token=9f2c7b1e4d8a6053\n",
        "auth/token-in-url",
    )
    assert found[0].severity == "warning"


@pytest.mark.parametrize(
    ("url", "page", "expected"),
    [
        ("http://a.test/c;jsessionid=0A1B2C3D4E5F6789?x=1", "", True),
        ("http://a.test/c?PHPSESSID=0a1b2c3d4e5f6789", "", True),
        ("http://a.test/c?sid=12", "", False),
        ("http://ads.example/p.gif?sid=0a1b2c3d4e5f6789", "# type: image\n# page: http://a.test/\n", False),
    ],
)
def test_session_ids_in_urls(url: str, page: str, expected: bool):
    assert bool(told(f"{page}GET {url} HTTP/1.1\n\nHTTP/1.1 200 OK\nServer: x\n", "auth/session-id-in-url")) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.test/?password=x", True),
        ("https://a.test/?user=x&PWD=y", True),
        ("https://a.test/?password=", False),
        ("https://a.test/?password_reset=1", False),
    ],
)
def test_passwords_in_urls(url: str, expected: bool):
    assert bool(told(f"GET {url} HTTP/2\n\nHTTP/2 200\nServer: x\n", "auth/password-in-url")) is expected


@pytest.mark.parametrize(
    ("line", "where", "severity"),
    [
        ("Authorization: Basic YTpiY2RlZmdo", "http://a.test/", "error"),
        ("Authorization: Digest username=a", "http://a.test/", "warning"),
        ("Authorization: Bearer abc", "http://a.test/", None),
        ("Authorization: Basic YTpiY2RlZmdo", "http://localhost/", None),
        ("Authorization: Basic YTpiY2RlZmdo", "https://a.test/", None),
    ],
)
def test_basic_over_http(line: str, where: str, severity: str | None):
    found = told(f"GET {where} HTTP/1.1\n{line}\n\nHTTP/1.1 200 OK\nServer: x\n", "auth/basic-over-http")
    assert [a.severity for a in found] == ([severity] if severity else [])


def test_basic_is_decoded_and_the_password_masked():
    credentials = base64.b64encode(b"alice:s3cret-words").decode()
    text = f"GET https://a.test/ HTTP/1.1\nAuthorization: Basic {credentials}\n\nHTTP/1.1 200 OK\nServer: x\n"
    (found,) = told(text, "auth/basic-decoded")
    assert "`alice`" in found.detail
    assert "s3cret" not in repr(found)
    assert credentials not in repr(found)
    (broken,) = told(text.replace(credentials, "%%%"), "auth/basic-decoded")
    assert broken.severity == "note"


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("application/x-www-form-urlencoded", "user=a&password=b", True),
        ("application/json", '{"user": "a", "password": "b"}', True),
        ("application/x-www-form-urlencoded", "user=a&password=", False),
        ("application/x-www-form-urlencoded", "note=my+password+is+long", False),
    ],
)
def test_login_forms_over_http(kind: str, content: str, expected: bool):
    text = f"POST http://a.test/ HTTP/1.1\nContent-Type: {kind}\n\n{content}\n\nHTTP/1.1 200 OK\nServer: x\n"
    assert bool(told(text, "auth/password-over-http")) is expected
    assert not told(text.replace("http://a.test", "https://a.test"), "auth/password-over-http")


@pytest.mark.parametrize(
    ("challenge", "expected"),
    [
        ('Digest realm="a", nonce="b"', "MD5 and no `qop`"),
        ('Digest realm="a", nonce="b", qop="auth"', "MD5"),
        ('Digest realm="a", nonce="b", qop="auth", algorithm=SHA-256', ""),
        ('Digest realm="a", nonce="b", qop="auth", algorithm=SHA-256, Digest realm="a", nonce="b", qop="auth"', ""),
        ('Basic realm="a"', ""),
    ],
)
def test_digest(challenge: str, expected: str):
    found = told(
        f"GET https://a.test/ HTTP/1.1\n\nHTTP/1.1 401 Unauthorized\nWWW-Authenticate: {challenge}\n",
        "auth/digest-weak",
    )
    assert bool(found) is bool(expected)
    assert not found or f"with {expected}:" in found[0].detail


def test_a_refused_bearer_token_says_why():
    text = 'GET https://a.test/ HTTP/1.1\n\nHTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer realm="x", error="invalid_token"\n'
    (found,) = told(text, "auth/challenge")
    assert "expired, revoked" in found.detail


# -- tokens --------------------------------------------------------------------------------------------------------


def test_a_token_is_explained_once_and_never_shown():
    raw = token({"iss": "https://login.test", "aud": "shop", "scope": "orders", "iat": NOW - 60, "exp": NOW + 900})
    found = told(f"{bearer(raw)}\n---\n{bearer(raw)}", "jwt/explained")
    assert len(found) == 1
    assert "from `https://login.test`, for `shop` and permitting `orders`" in found[0].detail
    assert "valid for 15 minutes more" in found[0].detail
    assert raw not in repr(found)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("GET https://a.test/?t={} HTTP/2\n\nHTTP/2 200\nServer: x\n", "the URL's parameter `t`"),
        (
            "GET https://a.test/ HTTP/2\nCookie: a=b; sid={}\n\nHTTP/2 200\nServer: x\n",
            "the request field `Cookie: sid`",
        ),
        (
            "GET https://a.test/ HTTP/2\n\nHTTP/2 200\nSet-Cookie: sid={}; Secure\n",
            "the response field `Set-Cookie: sid`",
        ),
        (
            'GET https://a.test/ HTTP/2\n\nHTTP/2 200\nContent-Type: application/json\n\n{{"id_token": "{}"}}',
            "`id_token`",
        ),
        (
            "GET https://a.test/ HTTP/2\n\nHTTP/2 302\nLocation: https://b.test/#id_token={}\n",
            "the response field `Location`",
        ),
    ],
)
def test_tokens_are_found_wherever_they_are(text: str, place: str):
    (found,) = told(text.format(token()), "jwt/explained")
    assert place in found.detail


@pytest.mark.parametrize(
    ("raw", "rules"),
    [
        (token(), set()),
        (token(alg="none"), {"jwt/alg-none"}),
        (
            token(alg="none").replace(
                token(alg="none").split(".")[0], base64.urlsafe_b64encode(b'{"alg":"NoNe"}').decode().rstrip("=")
            ),
            {"jwt/alg-none"},
        ),
        (token({"sub": "1", "exp": NOW - 61}), {"jwt/expired"}),
        (token({"sub": "1", "exp": NOW - 59, "iat": NOW - 600}), set()),
        (token({"sub": "1", "exp": NOW + 600, "nbf": NOW + 120, "iat": NOW}), {"jwt/expired"}),
        (token({"sub": "1"}), {"jwt/no-exp"}),
        (token({"sub": "1", "iat": NOW, "exp": NOW + 90_000}), {"jwt/no-exp"}),
        (token({"sub": "1", "typ": "Refresh", "iat": NOW, "exp": NOW + 9_000_000}), set()),
        (token({"sub": "1", "exp": NOW + 600, "password": "x"}), {"jwt/sensitive-claims"}),
        (token({"sub": "1", "exp": NOW + 600, "password": True, "pin": ""}), set()),
        (token({"sub": "1", "exp": NOW + 600, "spinning": "yes"}), set()),
        (token(header={"kid": "2026-03"}), set()),
        (token(header={"kid": "../../etc/passwd"}), {"jwt/header-risk"}),
        (token(header={"kid": "x' UNION SELECT 'y"}), {"jwt/header-risk"}),
        (token(header={"jku": "https://evil.example/keys"}), {"jwt/header-risk"}),
        (token(header={"typ": "dpop+jwt", "jwk": {"kty": "EC"}}), set()),
    ],
)
def test_what_worries_in_a_token(raw: str, rules: set[str]):
    assert {a.rule for a in told(bearer(raw)) if a.rule.startswith("jwt/") and a.rule != "jwt/explained"} == rules


def test_an_expired_token_explains_its_401_and_an_accepted_one_is_only_likely():
    raw = token({"sub": "1", "exp": NOW - 7200})
    (refused,) = told(bearer(raw, 401), "jwt/expired")
    assert "expired 2 hours before this request, which is reason enough for the 401" in refused.detail
    (accepted,) = told(bearer(raw, 200), "jwt/expired")
    assert accepted.certainty == "likely"


def test_how_long_ago_a_token_ended_is_counted_from_the_exchange():
    (found,) = told(bearer(token({"sub": "1", "exp": NOW - 7200}), 401), "jwt/explained")
    assert found.title == "Token: expired 2 hours before this exchange"


def test_a_token_that_is_over_is_not_said_to_stay_valid():
    raw = token({"sub": "1", "iat": NOW - 900_000, "exp": NOW - 7200})
    assert "jwt/no-exp" not in {a.rule for a in told(bearer(raw, 401))}


def test_the_token_of_an_implicit_login_is_told_once():
    ask = "GET https://login.test/authorize?{} HTTP/2\n\nHTTP/2 302\nLocation: https://a.test/#access_token=9f2c7b1e4d8a6053\n"
    implicit = ask.format("response_type=id_token+token&client_id=a&state=x&nonce=n")
    assert {a.rule for a in told(implicit) if a.rule.startswith(("auth/", "oauth/"))} == {"oauth/implicit"}
    assert told(ask.format("state=x"), "auth/token-in-url")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("response_type=code&state=x", "comes back over http"),
        ("response_type=id_token&nonce=x&response_mode=form_post", "comes back over http"),
        ("response_type=token&state=x", "can change its scripts"),
        ("response_type=code&state=x&response_mode=fragment", "can change its scripts"),
    ],
)
def test_what_travels_over_http_depends_on_where_the_answer_stands(asked: str, said: str):
    text = f"GET https://login.test/authorize?client_id=a&{asked}&redirect_uri=http://a.test/ HTTP/2\n\nHTTP/2 200\nServer: x\n"
    (found,) = told(text, "oauth/redirect-uri-http")
    assert said in found.detail


def test_an_encrypted_token_is_not_read():
    header = base64.urlsafe_b64encode(json.dumps({"alg": "RSA-OAEP", "enc": "A256GCM"}).encode()).decode().rstrip("=")
    (found,) = told(bearer(f"{header}.a.b.c.d"), "jwt/explained")
    assert found.title == "An encrypted token (JWE)"


@given(
    st.text(alphabet="eyJ.abcXYZ0189-_", max_size=200)
    | st.binary(max_size=100).map(lambda b: f"eyJ{b.hex()}.{b.hex()}.x")
)
def test_no_token_is_too_strange(raw: str):
    decode(raw)


# -- single sign-on ------------------------------------------------------------------------------------------------

AUTHORIZE = "https://login.test/authorize?client_id=a&"


@pytest.mark.parametrize(
    ("query", "rules"),
    [
        ("response_type=code&state=x", set()),
        ("response_type=code&code_challenge=x&code_challenge_method=S256", set()),
        ("response_type=code", {"oauth/no-state-pkce"}),
        ("response_type=code&nonce=x", set()),
        ("response_type=code&request_uri=urn:x", set()),
        ("response_type=code&state=x&code_challenge=x", {"oauth/no-state-pkce"}),
        ("response_type=token&state=x", {"oauth/implicit"}),
        ("response_type=id_token&response_mode=form_post&nonce=x", set()),
        ("response_type=id_token", {"oauth/no-state-pkce"}),
        ("response_type=code&state=x&redirect_uri=http%3A%2F%2Fa.test%2F", {"oauth/redirect-uri-http"}),
        ("response_type=code&state=x&redirect_uri=http%3A%2F%2Flocalhost%3A8%2F", set()),
        ("response_type=code&state=x&redirect_uri=https%3A%2F%2F*.a.test%2F", {"oauth/redirect-uri-http"}),
    ],
)
def test_authorization_requests(query: str, rules: set[str]):
    text = f"GET {AUTHORIZE}{query} HTTP/2\n\nHTTP/2 200\nServer: x\n"
    assert {a.rule for a in told(text) if a.rule.startswith("oauth/")} == rules


def test_a_login_error_is_told_in_words():
    text = "GET https://l.test/ HTTP/2\n\nHTTP/2 302\nLocation: https://a.test/?error=invalid_scope&error_description=no+such\n"
    (found,) = told(text, "oauth/error")
    assert "no such" in found.detail
    assert told(text.replace("invalid_scope", "access_denied"), "oauth/error")[0].severity == "info"
    assert not told(text.replace("invalid_scope", "E_17"), "oauth/error")


def test_saml_is_decoded_and_document_types_are_refused():
    xml = '<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" Destination="https://idp.test/"/>'
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(deflater.compress(xml.encode()) + deflater.flush()).decode()
    message = decode_saml(packed, redirect=True)
    assert message is not None
    assert (message.kind, message.destination) == ("AuthnRequest", "https://idp.test/")
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + xml
    assert decode_saml(base64.b64encode(bomb.encode()).decode(), redirect=False) is None
    assert decode_saml(base64.b64encode(b"<html/>").decode(), redirect=False) is None
    inflated = zlib.compressobj(9, zlib.DEFLATED, -15)
    huge = base64.b64encode(inflated.compress(b"a" * 50_000_000) + inflated.flush()).decode()
    assert decode_saml(huge, redirect=True) is None


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: base64.b64encode(b).decode()), st.booleans())
def test_no_saml_is_too_strange(value: str, redirect: bool):
    decode_saml(value, redirect=redirect)


# -- forged requests -----------------------------------------------------------------------------------------------

PAGE = """
GET https://a.test/account HTTP/2
{cookie}

HTTP/2 200
Content-Type: text/html
{set_cookie}

{html}
"""
FORM = '<form method=post action="/x"><input name=email></form>'


@pytest.mark.parametrize(
    ("html", "set_cookie", "severity"),
    [
        (FORM, "Set-Cookie: sessionid=a; Secure; SameSite=None", "warning"),
        (FORM, "Set-Cookie: sessionid=a; Secure; SameSite=Lax", None),
        (FORM, "Server: x", "note"),
        (FORM.replace("email", "csrf_token"), "Server: x", None),
        (FORM.replace("post", "get"), "Server: x", None),
        (FORM.replace("/x", "https://other.example/x"), "Server: x", None),
        (FORM.replace("name=email", "type=password name=p"), "Server: x", None),
        (f'<meta name="csrf-token" content=x>{FORM}', "Server: x", None),
        ("<p>none</p>", "Server: x", None),
    ],
)
def test_forms_without_a_token(html: str, set_cookie: str, severity: str | None):
    text = PAGE.format(cookie="Cookie: sessionid=8f14e45f", set_cookie=set_cookie, html=html)
    assert [a.severity for a in told(text, "csrf/no-token")] == ([severity] if severity else [])


def test_without_a_session_there_is_nothing_to_forge():
    assert not told(PAGE.format(cookie="Cookie: theme=dark", set_cookie="Server: x", html=FORM), "csrf/no-token")


POST = """
POST https://a.test/x HTTP/2
{lines}

{body}

HTTP/2 {status}
Server: x
"""


@pytest.mark.parametrize(
    ("lines", "body", "status", "severity"),
    [
        ("Sec-Fetch-Site: cross-site\nOrigin: https://b.test\nCookie: sid=1", "a=b", 200, "warning"),
        ("Origin: https://b.test\nCookie: sid=1", "a=b", 302, "warning"),
        ("Origin: https://www.a.test\nCookie: sid=1", "a=b", 200, None),
        ("Sec-Fetch-Site: same-site\nOrigin: https://b.test\nCookie: sid=1", "a=b", 200, None),
        ("Sec-Fetch-Site: cross-site\nCookie: theme=1", "a=b", 200, None),
        ("Sec-Fetch-Site: cross-site\nCookie: sid=1", "a=b", 403, None),
        ("Sec-Fetch-Site: cross-site\nCookie: sid=1", "csrf_token=x", 200, None),
        ("Sec-Fetch-Site: cross-site\nCookie: sid=1\nX-CSRF-Token: x", "a=b", 200, None),
        ("Sec-Fetch-Site: cross-site\nCookie: sid=1", "SAMLResponse=x&RelayState=token", 302, "info"),
    ],
)
def test_cross_site_requests_that_were_carried_out(lines: str, body: str, status: int, severity: str | None):
    found = told(POST.format(lines=lines, body=body, status=status), "csrf/cross-site-accepted")
    assert [a.severity for a in found] == ([severity] if severity else [])


def test_a_saml_response_for_another_site_is_told():
    from inspector.rules.sso import _posted

    text = "\n".join(line.strip() for line in _posted("2026-03-01T12:05:00Z").strip().splitlines()) + "\n"
    assert not told(text, "saml/weak-response")
    [found] = told(text.replace("https://shop.test/acs", "https://evil.test/acs"), "saml/weak-response")
    assert found.severity is Severity.ERROR
    assert found.certainty == "likely"
    assert "`https://shop.test/acs`" in found.detail
    [refused] = told(
        text.replace("https://shop.test/acs", "https://evil.test/acs").replace("HTTP/2 302", "HTTP/2 403"),
        "saml/weak-response",
    )
    assert (refused.severity, refused.certainty) == (Severity.WARNING, "certain")


@pytest.mark.parametrize(
    ("sent", "status", "severity"),
    [
        ("grant_type=password&username=a&password=b", 200, Severity.WARNING),
        ("username=a&password=b&grant_type=password", 401, Severity.NOTE),
        ("grant_type=password", 200, None),
        ("grant_type=password-less&username=a", 200, None),
        ("note=grant_type%3Dpassword&username=a", 200, None),
        ("grant_type=client_credentials&note=grant_type=password&username=a", 200, None),
    ],
)
def test_the_password_grant(sent: str, status: int, severity: Severity | None):
    text = (
        "POST https://a.test/token HTTP/2\nContent-Type: application/x-www-form-urlencoded\n\n"
        f"{sent}\n\nHTTP/2 {status}\nContent-Type: application/json\n"
    )
    assert [a.severity for a in told(text, "oauth/password-grant")] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("url", "body", "expected"),
    [
        ("http://a.test/", '<form><input type="PASSWORD"></form>', True),
        ("http://a.test/", '<input type="password">', True),
        ("http://a.test/", '<form action="https://a.test/in"><input type=password></form>', True),
        ("http://a.test/", '<form><input type="text" name="password"></form>', False),
        ("http://localhost/", "<input type=password>", False),
        ("https://a.test/", "<input type=password>", False),
        ("http://a.test/", "<p>&lt;input type=password&gt;</p>", False),
    ],
)
def test_pages_over_http_that_ask_for_a_password(url: str, body: str, expected: bool):
    text = f"# type: document\nGET {url} HTTP/1.1\n\nHTTP/1.1 200\nContent-Type: text/html\n\n{body}\n"
    found = told(text, "auth/login-form-over-http")
    assert bool(found) is expected
    if "https://a.test/in" in body:
        assert "its target is https does not help" in found[0].detail


def test_a_token_that_nobody_signed_is_said_to_be_so():
    [found] = told(bearer(token(alg="none")), "jwt/explained")
    assert "It has no signature (`none`), so that anyone can change it, and it is not encrypted" in found.detail
