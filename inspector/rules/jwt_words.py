"""How a token's parts are put into words: algorithm, claims, times, and which kind of token it is."""

from __future__ import annotations

from inspector.content.tokens import Carried, Token
from inspector.mask import Masker
from inspector.words import duration, listed, moment

RFC7519 = "https://www.rfc-editor.org/rfc/rfc7519#section-"
RFC8725 = "https://www.rfc-editor.org/rfc/rfc8725#section-"

_ALGORITHMS = {
    "HS": "a keyed hash (HMAC): whoever can check the token can also make one",
    "RS": "RSA: checked with a public key, made with the private one",
    "PS": "RSA-PSS: checked with a public key, made with the private one",
    "ES": "an elliptic curve: checked with a public key, made with the private one",
    "ED": "an Edwards curve: checked with a public key, made with the private one",
}
_SHOWN = 60


def algorithm(token: Token) -> str:
    """What the algorithm in the header means (RFC 7518, section 3.1)."""
    name = token.algorithm
    if name.lower() == "none":
        return "no signature at all (`none`)"
    meaning = _ALGORITHMS.get(name[:2].upper())
    return f"`{name[:_SHOWN]}`, {meaning}" if meaning else f"`{name[:_SHOWN]}`"


def protected(token: Token) -> str:
    """How a signed token is kept from being changed, as the beginning of a sentence."""
    if token.algorithm.lower() == "none":
        return "It has no signature (`none`), so that anyone can change it"
    return f"It is protected by {algorithm(token)}"


def kind(carried: Carried) -> str:
    """Which token of OAuth or OpenID Connect it is, as far as name, type and claims tell; else ``token``."""
    token, name = carried.token, carried.name.lower()
    claims = token.claims or {}
    typ = str(token.header.get("typ", "")).lower()
    if "id_token" in name or ("nonce" in claims and "at_hash" in claims):
        return "ID token"
    use = str(claims.get("token_type") or claims.get("typ") or "").lower()  # Django's simplejwt, Keycloak
    if "refresh" in name or "refresh" in (typ, use):
        return "refresh token"
    if (
        typ in ("at+jwt", "application/at+jwt")
        or use == "access"
        or "access_token" in name
        or "scope" in claims
        or "scp" in claims
    ):
        return "access token"
    if typ in ("dpop+jwt", "logout+jwt", "secevent+jwt"):
        return f"`{typ}` token"
    return "token"


def times(token: Token, now: float | None) -> str:
    """When it was made and until when it counts, seen from the exchange; ``""`` where it says nothing of it."""
    issued, expires = token.time("iat"), token.time("exp")
    said = []
    if issued is not None and now is not None and now - issued >= 0:
        said.append(f"made {duration(max(now - issued, 1))} before this exchange")
    if expires is not None:
        if now is None:
            said.append(f"valid until {moment(expires)}")
        elif expires > now:
            said.append(f"valid for {duration(max(expires - now, 1))} more")
        else:
            said.append(f"expired {duration(max(now - expires, 1))} before {'it' if said else 'this exchange'}")
    return listed(said)


def claim(masker: Masker, token: Token, name: str) -> str:
    """A claim's value as it may be shown: short, on one line, masked."""
    value = (token.claims or {}).get(name)
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return masker.text(text)[:_SHOWN]
