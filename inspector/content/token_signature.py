"""Whether a JSON Web Token's signature fits the keys that its issuer published (RFC 7515, RFC 7517).

Verification is PyJWT's. What cannot be decided is said to be so: a key that only client and issuer know, a signature
that was taken out of the recording.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from inspector.content.tokens import Token

Outcome = Literal["verified", "wrong", "unknown key", "algorithm", "public secret", "unsigned", "secret", "open"]
"""``algorithm``: the token's algorithm is none that its key is for; ``public secret``: the secret of an HMAC is a key
that everybody has; ``secret``: only the parties know the key; ``open``: nothing can be said, and `Checked.why` tells
the reason.
"""

_KEY_TYPES = {f"{kind}{size}": "RSA" for kind in ("RS", "PS") for size in (256, 384, 512)} | {
    "ES256": "EC",
    "ES256K": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "EdDSA": "OKP",
}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}
_LENGTHS = {"ES256": (64,), "ES256K": (64,), "ES384": (96,), "ES512": (132,), "EdDSA": (64, 114)}
_HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class Checked(Struct, frozen=True):
    """What checking showed. `key` is the id of the key that decided, `why` a clause that says why."""

    outcome: Outcome
    key: str | None = None
    why: str = ""


def check(token: Token, keys: tuple[dict[str, Any], ...]) -> Checked:
    """Check a token's signature against published keys (members of a JWK Set as decoded, at least one)."""
    algorithm = token.algorithm
    kid = token.header.get("kid")
    kid = kid if isinstance(kid, str) else None
    if not token.signed or algorithm.lower() == "none":
        return Checked("unsigned")
    named = [k for k in keys if kid is not None and k.get("kid") == kid]
    kind = _KEY_TYPES.get(algorithm)
    if algorithm in _HASHES:
        public = _public_secret(token, keys)
        if public is not None:
            return Checked("public secret", public)
        if named and named[0].get("kty") != "oct":
            return Checked("algorithm", kid, _is_for(named[0]))
        return Checked("secret")
    if kind is None:
        return Checked("open", None, "this algorithm is not one that can be checked here")
    if kid is not None and not named:
        return Checked("unknown key", kid)
    fits = [k for k in named or keys if _suits(k, algorithm, kind)]
    if not fits:
        return Checked("algorithm", kid, _is_for((named or list(keys))[0]))
    length = len(_decoded(token.raw.rpartition(".")[2]))
    due = [n for k in fits for n in _due(k, algorithm)]
    if length not in due:
        return Checked("open", kid, f"a signature of {length} octets cannot be one of this key")
    outcomes = [_verified(token.raw, _canonical(k), algorithm) for k in fits]
    for key, outcome in zip(fits, outcomes, strict=True):
        if outcome:
            name = key.get("kid")
            return Checked("verified", name if isinstance(name, str) else None)
    if None in outcomes:
        return Checked("open", kid, "the published key cannot be read")
    return Checked("wrong", kid)


def _suits(key: dict[str, Any], algorithm: str, kind: str) -> bool:
    """Whether a key is one for signatures of this algorithm (RFC 7517, sections 4.1, 4.2 and 4.4)."""
    if key.get("kty") != kind or key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        return False
    return kind != "EC" or key.get("crv") == _CURVES.get(algorithm)


def _is_for(key: dict[str, Any]) -> str:
    """What a key is for, in words that need no masking: names of the standard, and nothing else that it says."""
    said = key.get("alg")
    if isinstance(said, str) and len(said) <= 12 and said.isalnum():
        return f"the key is for `{said}`"
    kinds = {"RSA": "an RSA key", "EC": "a key on an elliptic curve", "OKP": "an Edwards-curve key", "oct": "a secret"}
    return f"the key is {kinds.get(str(key.get('kty')), 'of another kind')}"


def _due(key: dict[str, Any], algorithm: str) -> tuple[int, ...]:
    """How many octets a signature by this key has."""
    return _LENGTHS.get(algorithm) or (len(_decoded(str(key.get("n", ""))).lstrip(b"\0")),)


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _canonical(key: dict[str, Any]) -> bytes:
    return msgspec.json.encode(key, order="sorted")


@lru_cache(maxsize=64)
def _verified(raw: str, key: bytes, algorithm: str) -> bool | None:
    """Whether a key verifies a token; ``None`` where it cannot be read."""
    import jwt

    try:
        public = jwt.PyJWK(msgspec.json.decode(key), algorithm)
        jwt.PyJWS().decode_complete(raw, public, algorithms=[algorithm])
    except jwt.InvalidSignatureError:
        return False
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return True


def _public_secret(token: Token, keys: tuple[dict[str, Any], ...]) -> str | None:
    """The id of a public key whose PEM text is the secret of this token's HMAC (RFC 8725, section 2.1)."""
    import hashlib  # which brings OpenSSL along
    import hmac

    signed, _, signature = token.raw.rpartition(".")
    due, name = _decoded(signature), _HASHES[token.algorithm]
    for key in keys:
        for secret in _pem(_canonical(key)):
            if hmac.compare_digest(hmac.new(secret, signed.encode(), getattr(hashlib, name)).digest(), due):
                return str(key.get("kid") or "")
    return None


@lru_cache(maxsize=64)
def _pem(key: bytes) -> tuple[bytes, ...]:
    """A public key's PEM texts, with and without the line end after them."""
    return tuple(_texts(key))


def _texts(key: bytes) -> Iterator[bytes]:
    import jwt
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    decoded = msgspec.json.decode(key)
    if decoded.get("kty") not in ("RSA", "EC"):
        return
    try:
        public = jwt.PyJWK(decoded, decoded.get("alg") or ("RS256" if decoded["kty"] == "RSA" else None)).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return
    formats = [PublicFormat.SubjectPublicKeyInfo]
    if decoded["kty"] == "RSA":
        formats.append(PublicFormat.PKCS1)
    for form in formats:
        text: bytes = public.public_bytes(Encoding.PEM, form)
        yield text
        yield text.rstrip(b"\n")
