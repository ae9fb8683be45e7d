"""Revocation lists (RFC 5280, section 5) that a person has as files."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from inspector.trust.facts import load


class BadCrl(ValueError):
    """This is no revocation list that can be used; the message is one line."""


def revoked_by(data: bytes, certificates: Iterable[bytes]) -> frozenset[tuple[str, str]] | None:
    """Which certificates a list (PEM or DER) names, as (issuer's full name, serial in hex).

    The list counts only where one of `certificates` (DER) is its issuer and its signature is good; ``None`` where none
    is.

    Raises:
        BadCrl: it cannot be read.
    """
    try:
        crl = x509.load_pem_x509_crl(data) if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl(data)
        name = crl.issuer.rfc4514_string()
    except Exception as error:
        raise BadCrl("the revocation list cannot be read") from error
    for der in certificates:
        cert = load(der)
        if cert.subject == crl.issuer and _signed(crl, cert):
            return frozenset((name, f"{entry.serial_number:x}") for entry in crl)
    return None


def _signed(crl: x509.CertificateRevocationList, cert: x509.Certificate) -> bool:
    try:
        return crl.is_signature_valid(cert.public_key())  # type: ignore[arg-type]
    except Exception:  # a key of a kind that signs nothing
        return False
