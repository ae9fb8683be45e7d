"""Signatures against published keys: every outcome, made with real keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from inspector.content.token_signature import Checked, check
from inspector.content.tokens import Token, decode

RSA, OTHER_RSA = (rsa.generate_private_key(65537, 2048) for _ in range(2))
EC, OTHER_EC = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
EDWARDS = ed25519.Ed25519PrivateKey.generate()


def published(key: Any, kid: str | None = None, **more: str) -> dict[str, Any]:
    maker = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    made = next((v for kind, v in maker.items() if isinstance(key, kind)), OKPAlgorithm)
    found: dict[str, Any] = dict(made.to_jwk(key.public_key(), as_dict=True))
    return found | ({"kid": kid} if kid else {}) | more


def token(key: Any, algorithm: str, kid: str | None = None) -> Token:
    raw = jwt.encode({"sub": "ada", "exp": 2_000_000_000}, key, algorithm, headers={"kid": kid} if kid else None)
    found = decode(raw)
    assert found is not None
    return found


def forged(secret: bytes, kid: str | None = None) -> Token:
    """An `HS256` token with any secret at all, PEM texts too, which PyJWT would not sign with."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = {"alg": "HS256"} | ({"kid": kid} if kid else {})
    signed = f"{part(msgspec.json.encode(head))}.{part(b'{"sub":"ada"}')}"
    found = decode(f"{signed}.{part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}")
    assert found is not None
    return found


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS384"), (EC, "ES256"), (EDWARDS, "EdDSA")])
def test_a_signature_that_fits(key: Any, algorithm: str):
    assert check(token(key, algorithm, "k1"), (published(key, "k1"),)) == Checked("verified", "k1")
    assert check(token(key, algorithm), (published(OTHER_RSA), published(OTHER_EC), published(key, "k2"))) == Checked(
        "verified", "k2"
    )


@pytest.mark.parametrize(
    ("signed", "keys", "outcome"),
    [
        (token(RSA, "RS256", "k1"), (published(OTHER_RSA, "k1"),), Checked("wrong", "k1")),
        (token(EC, "ES256"), (published(OTHER_EC), published(RSA)), Checked("wrong")),
        (token(RSA, "RS256", "k3"), (published(RSA, "k1"),), Checked("unknown key", "k3")),
        (token(RSA, "RS256", "k1"), (published(EC, "k1"),), Checked("algorithm", "k1", "the key is a key on an elliptic curve")),
        (token(RSA, "RS256", "k1"), (published(RSA, "k1", alg="PS256"),), Checked("algorithm", "k1", "the key is for `PS256`")),
        (forged(b"a secret of both", "k1"), (published(RSA, "k1"),), Checked("algorithm", "k1", "the key is an RSA key")),
        (forged(b"a secret of both"), (published(RSA, "k1"),), Checked("secret")),
        (token("", "none"), (published(RSA, "k1"),), Checked("unsigned")),
    ],
)  # fmt: skip
def test_one_that_does_not(signed: Token, keys: tuple[dict[str, Any], ...], outcome: Checked):
    assert check(signed, keys) == outcome


def test_keys_for_encryption_sign_nothing():
    assert check(token(RSA, "RS256"), (published(RSA, "k1", use="enc"),)).outcome == "algorithm"


@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_public_key_as_the_secret(form: PublicFormat, end: bytes):
    secret = RSA.public_key().public_bytes(Encoding.PEM, form).rstrip(b"\n") + end
    assert check(forged(secret, "k1"), (published(RSA, "k1"),)) == Checked("public secret", "k1")


def test_a_signature_that_was_taken_out_is_not_called_wrong():
    signed = token(RSA, "RS256", "k1")
    cut = decode(signed.raw.rpartition(".")[0] + ".cmVkYWN0ZWQ")
    assert cut is not None
    assert check(cut, (published(RSA, "k1"),)) == Checked(
        "open", "k1", "a signature of 8 octets cannot be one of this key"
    )


def test_an_algorithm_and_a_key_that_nobody_reads():
    raw = token(EC, "ES256").raw.split(".")
    strange = base64.urlsafe_b64encode(b'{"alg":"XY9"}').rstrip(b"=").decode()
    found = decode(".".join([strange, *raw[1:]]))
    assert found is not None
    assert check(found, (published(EC),)).outcome == "open"
    broken = published(EC, "k1") | {"x": "AAAA"}
    assert check(token(EC, "ES256", "k1"), (broken,)) == Checked("open", "k1", "the published key cannot be read")


KEYS = st.dictionaries(
    st.sampled_from(["kty", "kid", "use", "alg", "crv", "n", "e", "x", "y", "k"]),
    st.sampled_from(["RSA", "EC", "OKP", "oct", "k1", "sig", "RS256", "P-256", "AQAB", "", "ä", "////"])
    | st.integers(),
)


@given(
    st.lists(KEYS, min_size=1, max_size=4),
    st.sampled_from([token(RSA, "RS256", "k1"), token(EC, "ES256"), forged(b"x")]),
)
def test_keys_of_any_shape_raise_nothing(keys: list[dict[str, Any]], signed: Token):
    assert check(signed, tuple(keys)).outcome != "verified"
