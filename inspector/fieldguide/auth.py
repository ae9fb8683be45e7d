"""Credentials and challenges. What is secret is never quoted: schemes, sizes and parameters are what is told."""

from __future__ import annotations

import base64
import binascii

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, RFC, Around, known, reads, row
from inspector.fieldguide.say import misfit, quote, sentences, shape
from inspector.fields.challenges import parse_challenges

_SCHEMES = {
    "basic": "user name and password in Base64, which anybody can undo",
    "bearer": "a token: whoever holds it is let in",
    "digest": "proof of a password by a hash of it, without sending it",
    "negotiate": "Kerberos or NTLM, as in company networks",
    "ntlm": "NTLM, as in old company networks",
    "kerberos": "Kerberos",
    "dpop": "a token bound to a key, which a `DPoP` field has to prove",
    "mutual": "proof of a password on both sides",
    "hoba": "a key of the user's own, without passwords",
    "scram-sha-256": "proof of a password, salted, without sending it",
    "vapid": "the sender of push messages, by a signed token",
    "aws4-hmac-sha256": "AWS signature version 4: the request is signed with a secret key, which is not sent",
    "token": "a token, as GitHub and some others write it",
    "apikey": "an API key",
    "gnap": "a grant by GNAP",
    "privatetoken": "a privacy pass token, which proves something without saying who",
    "oauth": "OAuth 1.0: a signed request",
    "hawk": "Hawk: a signed request",
}


@reads(
    row(
        "Authorization",
        REQUEST,
        "Who the client claims to be, with proof.",
        f"{RFC}9110#section-11.6.2",
        "Bearer mF_9.B5f-4.1JqM",
    ),
    row(
        "Proxy-Authorization",
        REQUEST,
        "Who the client claims to be towards the proxy, with proof.",
        f"{RFC}9110#section-11.7.2",
        "Basic YWxhZGRpbjpvcGVuc2VzYW1l",
    ),
)
def authorization(value: str) -> str:
    """The scheme, and the size of the credentials."""
    scheme, space, rest = value.strip().partition(" ")
    if not space:
        return f"No scheme, just {shape(value)}; recipients may take it by a convention of their own."
    rest = rest.strip()
    words = _SCHEMES.get(scheme.lower())
    lead = f"By {quote(scheme, 30)}: {words}" if words else "By a scheme not known here"
    if scheme.lower() in ("bearer", "dpop", "token") and rest.count(".") == 2 and rest.startswith("eyJ"):
        algorithm = _algorithm(rest)
        return sentences(
            lead,
            f"It is a JSON Web Token{f', signed by {algorithm}' if algorithm else ''}: anybody can read its claims",
        )
    if scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(rest, validate=True)
        except (binascii.Error, ValueError):
            return sentences(lead, "These credentials are not Base64, so they do not work")
        return sentences(
            lead, "" if b":" in decoded else "There is no colon between name and password, so they do not work"
        )
    return sentences(lead)


def _algorithm(token: str) -> str:
    """The signature algorithm a JSON Web Token's header names, where it is a registered one."""
    import msgspec

    header = token.partition(".")[0][:2000]
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return ""
    name = found.get("alg") if isinstance(found, dict) else None
    known_names = {
        "HS256",
        "HS384",
        "HS512",
        "RS256",
        "RS384",
        "RS512",
        "ES256",
        "ES384",
        "ES512",
        "PS256",
        "PS384",
        "PS512",
        "EdDSA",
    }
    return name if isinstance(name, str) and name in known_names else ""


@reads(
    row(
        "WWW-Authenticate",
        RESPONSE,
        "How the client can show who it is.",
        f"{RFC}9110#section-11.6.1",
        'Bearer realm="shop", error="invalid_token", Basic realm="shop"',
    ),
    row(
        "Proxy-Authenticate",
        RESPONSE,
        "How the client can show the proxy who it is.",
        f"{RFC}9110#section-11.7.1",
        'Basic realm="office"',
    ),
)
def challenge(value: str) -> str:
    """Challenges."""
    found = parse_challenges(value)
    if found is None:
        return misfit('a list of challenges (`Basic realm="…"`)', "so the client cannot tell how")
    said = []
    for each in found[:4]:
        words = _SCHEMES.get(each.scheme.lower())
        text = f"by {quote(each.scheme, 30)}{f' ({words})' if words else ''}"
        if realm := each.parameters.get("realm"):
            text += f" for {quote(realm, 40)}"
        if scope := each.parameters.get("scope"):
            text += f", with the scope {quote(scope, 60)}"
        if error := each.parameters.get("error"):
            text += f"; the last try failed with {quote(error, 40)}"
        said.append(text)
    return sentences("; or ".join(said))


@reads(
    row(
        "DPoP",
        REQUEST,
        "Proof that the client holds the key its token is bound to: a signed note about this very request.",
        f"{RFC}9449#section-4",
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2In0.eyJodG0iOiJHRVQifQ.c2lnbmF0dXJl",
    )
)
def dpop(value: str) -> str:
    """A JSON Web Token."""
    if value.count(".") != 2 or not value.startswith("eyJ"):
        return misfit("a JSON Web Token", "so the server refuses the token it goes with")
    algorithm = _algorithm(value)
    return f"Signed by {algorithm}." if algorithm else "Its algorithm is none that is common."


@reads(
    row(
        "DPoP-Nonce",
        RESPONSE,
        "A number the client has to put into its next `DPoP` proof, so that none is made in advance.",
        f"{RFC}9449#section-8",
        "eyJ7S_zG.eyJH0-Z.HX4w-7v",
    ),
    row(
        "Authentication-Info",
        RESPONSE,
        "What follows from an authentication that succeeded: the server's own proof, say.",
        f"{RFC}9110#section-11.6.3",
        'nextnonce="47364c23432d2e131a5fb210812c"',
    ),
    row(
        "Proxy-Authentication-Info",
        RESPONSE,
        "The same from a proxy: what follows from an authentication that succeeded.",
        f"{RFC}9110#section-11.7.3",
        'nextnonce="47364c23432d2e131a5fb210812c"',
    ),
    row(
        "X-API-Key",
        REQUEST,
        "A key that names the client's application or account, by a common convention: whoever holds it is let in.",
        "https://swagger.io/docs/specification/v3_0/authentication/api-keys/",
        "abcdef12345",
    ),
    row(
        "Api-Key",
        REQUEST,
        "A key that names the client's application or account, by a common convention: whoever holds it is let in.",
        "https://swagger.io/docs/specification/v3_0/authentication/api-keys/",
        "abcdef12345",
    ),
    row(
        "X-Auth-Token",
        BOTH,
        "A token that lets its holder in, by a common convention (OpenStack's and others').",
        "https://docs.openstack.org/api-ref/identity/v3/",
        "abcdef12345",
    ),
    row(
        "Private-Token",
        REQUEST,
        "A GitLab access token: whoever holds it is let in.",
        "https://docs.gitlab.com/api/rest/authentication/",
        "abcdef12345",
    ),
    row(
        "X-CSRF-Token",
        BOTH,
        "A secret that proves the request comes from the site's own page, since others cannot read it.",
        "https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html",
        "i8XNjC4b8KVok4uw5RftR38Wgp2BFwql",
    ),
    row(
        "X-XSRF-Token",
        BOTH,
        "A secret that proves the request comes from the site's own page; Angular and Axios copy it from a cookie.",
        "https://angular.dev/best-practices/security#httpclient-xsrf-csrf-security",
        "i8XNjC4b8KVok4uw5RftR38Wgp2BFwql",
    ),
    row(
        "CSRF-Token",
        BOTH,
        "A secret that proves the request comes from the site's own page, since others cannot read it.",
        "https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html",
        "i8XNjC4b8KVok4uw5RftR38Wgp2BFwql",
    ),
    row(
        "X-Amz-Security-Token",
        REQUEST,
        "The session token that goes with temporary AWS credentials.",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html",
        "IQoJb3JpZ2luX2VjEXAMPLE",
    ),
    row(
        "X-Goog-IAP-JWT-Assertion",
        REQUEST,
        "Google's Identity-Aware Proxy vouches for who the person is.",
        "https://cloud.google.com/iap/docs/signed-headers-howto",
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    ),
    row(
        "CF-Access-JWT-Assertion",
        REQUEST,
        "Cloudflare Access vouches for who the person is.",
        "https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    ),
    row(
        "Sec-Token-Binding",
        REQUEST,
        "Binds cookies and tokens to this TLS connection; browsers gave it up in 2018.",
        f"{RFC}8473#section-2",
        "AIkAAgBBQFzK4_bhAqLDwRQxqJWte33d7hZ0hZWHwk-miKPg4E9fcgs7gBPoz-9RfuDfN9WCw6keHEw1ZPQMGs9CxpuHm-YM",
    ),
)
def secret(value: str) -> str:
    """A secret's shape, and no more."""
    return f"It is {shape(value)}." if value.strip() else "An empty value."


CERTIFICATES = known(
    row(
        "Client-Cert",
        REQUEST,
        "The certificate the client showed in TLS, as the gateway in front passes it on.",
        f"{RFC}9440#section-2.2",
        ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncw==:",
    ),
    row(
        "Client-Cert-Chain",
        REQUEST,
        "The certificates between the client's and a root, as the gateway in front passes them on.",
        f"{RFC}9440#section-2.3",
        ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncw==:",
    ),
    row(
        "X-GitHub-OTP",
        BOTH,
        "GitHub's question for a second factor, and the answer.",
        "https://docs.github.com/rest/authentication/authenticating-to-the-rest-api",
        "required; app",
    ),
)


@reads(
    row(
        "X-Amz-Content-Sha256",
        REQUEST,
        "The SHA-256 digest of the content, which the AWS signature covers.",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html",
        "UNSIGNED-PAYLOAD",
    ),
    row(
        "X-Amz-Date",
        REQUEST,
        "When the request was signed for AWS; it must be within minutes of AWS's clock.",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html",
        "20240501T120000Z",
    ),
)
def signed_for_aws(value: str, around: Around) -> str:
    """A digest or a moment."""
    if around.name.endswith("sha256"):
        words = {"UNSIGNED-PAYLOAD": "The content is not signed."}
        return words.get(value.strip()) or (
            "The content comes in signed pieces." if value.startswith("STREAMING-") else ""
        )
    from datetime import UTC, datetime

    from inspector.fieldguide.say import relative

    try:
        when = datetime.strptime(value.strip(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return misfit("a moment (`20240501T120000Z`)")
    return sentences(f"signed {relative(when, around)}")
