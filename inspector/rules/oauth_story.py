"""OAuth and OpenID Connect: what shows only in several exchanges together. Told by `inspector.stories.login_oauth`."""

from __future__ import annotations

from inspector.report import Severity
from inspector.rules.base import story_rule

RFC6749 = "https://www.rfc-editor.org/rfc/rfc6749#section-"
RFC7636 = "https://www.rfc-editor.org/rfc/rfc7636#section-"
OIDC = "https://openid.net/specs/openid-connect-core-1_0.html#"

_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""The pair of RFC 7636, appendix B."""


def _login(state: str = "x7Kp2mQ9", verifier: str = _VERIFIER, answer: str = "", status: str = "200") -> str:
    answer = answer or '{"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer"}'
    return f"""
GET https://id.example/authorize?response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fback\
&state=x7Kp2mQ9&code_challenge={_CHALLENGE}&code_challenge_method=S256 HTTP/2

HTTP/2 302
Location: https://app.test/back?code=SplxlOBeZQQYbYS6&state={state}
---
GET https://app.test/back?code=SplxlOBeZQQYbYS6&state={state} HTTP/2

HTTP/2 200
Content-Type: text/html
---
POST https://id.example/token HTTP/2
Content-Type: application/x-www-form-urlencoded

grant_type=authorization_code&code=SplxlOBeZQQYbYS6&redirect_uri=https%3A%2F%2Fapp.test%2Fback&client_id=app\
&code_verifier={verifier}

HTTP/2 {status}
Content-Type: application/json

{answer}
"""


STATE_MISMATCH = story_rule(
    "oauth/state-mismatch",
    Severity.ERROR,
    "The login's answer does not carry the `state` that was asked with",
    references=(RFC6749 + "10.12",),
    what="The address the browser is sent back to has another `state` than the authorization request, or none.",
    why="""`state` ties the answer to the browser that began the login. A client that accepts another one lets an
        attacker log the visitor in as somebody else; a client that checks it, as it should, ends the login here.""",
    fix="""The authorization server returns `state` exactly as it received it. The client keeps it for each login it
        begins, not one for all tabs.""",
    unless="Two logins ran at once and the recording lacks the beginning of one of them.",
    shows=_login(state="somebodyElses1"),
    quiet=_login(),
)

PKCE_MISMATCH = story_rule(
    "oauth/pkce-mismatch",
    Severity.ERROR,
    "The `code_verifier` does not fit the `code_challenge`",
    references=(RFC7636 + "4.6",),
    what="""The token request's `code_verifier` is missing, or its SHA-256 hash is not the `code_challenge` that the
        login began with.""",
    why="""The verifier proves that whoever brings the code is the one who began the login. A server that gives tokens
        without this proof leaves PKCE without effect.""",
    fix="""The client keeps the verifier it made for this login until the token request, and sends that very string; the
        challenge is its SHA-256 hash in base64url without `=`. The server refuses any other.""",
    shows=_login(verifier="anotherVerifierThatIsLongEnoughToBeOneButWrong"),
    quiet=_login(),
)

TOKEN_REFUSED = story_rule(
    "oauth/token-refused",
    Severity.WARNING,
    "The token endpoint gave no token",
    references=(RFC6749 + "5.2",),
    what="The request to the token endpoint was answered with an error.",
    why="Without a token the client cannot act for the person; what it was about to do ends here.",
    fix="See what the error code means in the finding; `error_description` often says it in the server's own words.",
    unless="`authorization_pending` and `slow_down` are how a device waits for the person.",
    shows=_login(status="400", answer='{"error": "invalid_grant", "error_description": "code expired"}'),
    quiet=_login(),
)

SESSION_LOST = story_rule(
    "oauth/session-lost",
    Severity.WARNING,
    "The client's cookie stays behind when the login comes back",
    references=(
        "https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-8.8.2",
        RFC6749 + "10.12",
    ),
    what="""On the way back from the authorization server, the browser withholds a cookie that the client set before,
        because of its `SameSite`.""",
    why="""The client usually keeps in that cookie which login it began. Without it the client cannot check `state`, and
        takes the visitor for a stranger.""",
    fix="""The client sets the cookie that carries a login in progress with `SameSite=Lax`; where the answer comes as a
        form (`response_mode=form_post`), with `SameSite=None; Secure`.""",
    unless="The login in progress is kept elsewhere, and the cookie is for something else.",
    shows="""
# page: https://app.test/
# type: document
GET https://app.test/login HTTP/2

HTTP/2 302
Set-Cookie: login=7f3a9c21; Secure; HttpOnly; SameSite=Strict
Location: https://id.example/authorize?response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fback\
&state=x7
---
# type: document
GET https://id.example/authorize?response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fback\
&state=x7 HTTP/2
Sec-Fetch-Site: cross-site
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: document

HTTP/2 302
Location: https://app.test/back?code=SplxlOBeZQQYbYS6&state=x7
---
# type: document
GET https://app.test/back?code=SplxlOBeZQQYbYS6&state=x7 HTTP/2
Sec-Fetch-Site: cross-site
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: document

HTTP/2 403
Content-Type: text/html
""",
    quiet=_login(),
)

ID_TOKEN = story_rule(
    "oauth/id-token",
    Severity.ERROR,
    "An ID token that this login must not accept",
    references=(OIDC + "IDTokenValidation",),
    what="""The ID token that a login ended with has another `nonce` or `aud` than the request asked for, another
        issuer than the provider's metadata names, or times that do not fit the moment it was issued.""",
    why="""The claims say for whom and for which login the token was made. A client that does not compare them takes a
        token that was made for another client, or stolen from another login.""",
    fix="""The provider copies `nonce` from the request, puts the client's id into `aud`, its issuer exactly as its
        metadata writes it into `iss`, and keeps its clock right. The client refuses what does not fit.""",
    shows="""
GET https://id.example/authorize?response_type=id_token&client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fback\
&nonce=n1&state=x7 HTTP/2

HTTP/2 302
Location: https://app.test/back#state=x7&id_token=eyJhbGciOiJSUzI1NiJ9\
.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOiJvdGhlciIsIm5vbmNlIjoibjEiLCJleHAiOjE3NzIzNzAwMDB9.c2ln
""",
    quiet=_login(),
)


_SIGNED = (
    "eyJhbGciOiJFUzI1NiIsImtpZCI6InNwcmluZyIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOiJhcHAiLCJz"
    "dWIiOiJhZGEiLCJpYXQiOjE3NzIzNjY0MDAsImV4cCI6MTc3MjM2NjcwMH0."
)
_FITS = "7C9yyLFXHpktf1WUEJaAHBBlbOHPxwOiBWJc7dOSnNchEGeOrE8mPMVs5MCzpi1T65O79Gtk9ocZ68LzCkZRRw"
_OF_ANOTHER_KEY = "9OhJgUveRdAhuLuhictUWb8QV06LB7c2ntC6p2kYW0QgFMa_vhotaLbSn6O9ic7Mo92RqLjXZCu0-SaNH3xNJg"
_KEYS = """
---
GET https://id.example/jwks.json HTTP/2

HTTP/2 200
Content-Type: application/json

{"keys": [{"kty": "EC", "crv": "P-256", "kid": "spring", "x": "FtOix9nB0ZLLTXJvhhBwarsBCZBNsDVBsp9E9CZNYbM", \
"y": "7xMLtM_BeW-lYXOMikiNuIJnIRjMLVjQbkP0eThgSU4"}]}
"""
"""The public half of a key that was made for these examples and thrown away."""

ID_TOKEN_SIGNATURE = story_rule(
    "oauth/id-token-signature",
    Severity.ERROR,
    "The ID token's signature does not fit the provider's keys",
    references=(OIDC + "IDTokenValidation", "https://www.rfc-editor.org/rfc/rfc8725#section-3.1"),
    what="""The ID token that a login ended with was checked against the keys that the provider published in the same
        recording, and it does not fit: another key signed it, it names a key that is not published, or its algorithm is
        none that the key is for.""",
    why="""The signature is all that tells the provider's token from one that anybody wrote. A client that takes
        this one lets in whoever made it. One that takes the algorithm from the token's header can be
        made to use a public key as a secret.""",
    fix="""The client refuses the token, and accepts no algorithm but the one it expects. The provider signs with the
        private key of a key under its `jwks_uri`, and publishes a new key there before it signs with it.""",
    unless="""The recording was changed after it was made, as tools do that take personal data out of tokens; or the
        provider took a key out of use between signing and publishing.""",
    shows=_login(answer=f'{{"access_token": "2YotnFZFEjr1zC", "id_token": "{_SIGNED}{_OF_ANOTHER_KEY}"}}') + _KEYS,
    quiet=_login(answer=f'{{"access_token": "2YotnFZFEjr1zC", "id_token": "{_SIGNED}{_FITS}"}}') + _KEYS,
)


def _with_picture(referer: str) -> str:
    return f"""
GET https://id.example/authorize?response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fback\
&state=x7Kp2mQ9 HTTP/2

HTTP/2 302
Location: https://app.test/back?code=SplxlOBeZQQYbYS6&state=x7Kp2mQ9
---
GET https://app.test/back?code=SplxlOBeZQQYbYS6&state=x7Kp2mQ9 HTTP/2

HTTP/2 200
Content-Type: text/html
Referrer-Policy: unsafe-url
---
GET https://count.example/1.gif HTTP/2
Referer: {referer}

HTTP/2 200
Content-Type: image/gif
"""


CODE_IN_REFERER = story_rule(
    "oauth/code-in-referer",
    Severity.WARNING,
    "`Referer` tells another origin the code of a login",
    references=(
        "https://www.rfc-editor.org/rfc/rfc9700#section-4.2.4",
        "https://www.w3.org/TR/referrer-policy/#information-leakage",
    ),
    what="""The page a login comes back to loads something of another origin while the code is in its address, and
        `Referer` carries that address whole.""",
    why="""Whoever reads the other origin's logs has the code. A code that nobody exchanged yet is as good as a login,
        unless the client proves itself with a secret or by PKCE.""",
    fix="""The page that the login comes back to sends `Referrer-Policy: no-referrer` and redirects to an address
        without the code before it loads anything of others. The login uses PKCE, and the server takes a code once.""",
    unless="The code was exchanged before the request was made, and the server takes no code twice; it is a note then.",
    shows=_with_picture("https://app.test/back?code=SplxlOBeZQQYbYS6&state=x7Kp2mQ9"),
    quiet=_with_picture("https://app.test/"),
)
