"""Certificates in files (RFC 7468): PEM, DER, PKCS #7. Octets in, DER octets out; nothing is judged."""

from __future__ import annotations

import base64
import binascii
import re

_BLOCK = re.compile(
    rb"-----BEGIN (?P<label>CERTIFICATE|X509 CERTIFICATE|TRUSTED CERTIFICATE|PKCS7)-----"
    rb"(?P<body>[^-]*)-----END (?P=label)-----"
)
_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")


def certificates_in(data: bytes) -> list[bytes]:
    """All certificates of a file in order, as DER: PEM blocks (anything around them is ignored), or one in DER.

    Blocks whose base64 is broken are left out. Whether the octets are certificates is not looked at.
    """
    found: list[bytes] = []
    for block in _BLOCK.finditer(data):
        try:
            der = base64.b64decode(b"".join(block["body"].split()), validate=True)
        except (binascii.Error, ValueError):
            continue
        found.extend(_pkcs7(der) if block["label"] == b"PKCS7" else [der])
    if not found and data[:1] == b"\x30":
        return [data]
    return found


def holds_private_key(data: bytes) -> bool:
    """Whether a PEM file has a private key in it."""
    return _KEY.search(data) is not None


def to_pem(der: bytes) -> bytes:
    """One certificate in PEM."""
    lines = base64.encodebytes(der).replace(b"\n", b"")
    wrapped = b"\n".join(lines[i : i + 64] for i in range(0, len(lines), 64))
    return b"-----BEGIN CERTIFICATE-----\n" + wrapped + b"\n-----END CERTIFICATE-----\n"


def _pkcs7(der: bytes) -> list[bytes]:
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    try:
        return [c.public_bytes(Encoding.DER) for c in pkcs7.load_der_pkcs7_certificates(der)]
    except Exception:  # not one, or of a kind the library does not take
        return []
