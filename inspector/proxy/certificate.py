"""Certificates of a flow as `Certificate` (RFC 5280). The cryptography package is imported on first use."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from inspector.exchange import Certificate

if TYPE_CHECKING:
    from mitmproxy import certs


@lru_cache(maxsize=512)
def read_certificate(cert: certs.Cert) -> Certificate:
    """Read one certificate. Cached by its fingerprint. A part that cannot be read is left unknown, never guessed."""
    x = cert.to_cryptography()
    key = _or_none(lambda: _key_name(x.public_key()))
    return Certificate(
        subject=_or_none(lambda: x.subject.rfc4514_string()) or "",
        issuer=_or_none(lambda: x.issuer.rfc4514_string()) or "",
        names=_or_none(lambda: _names(x)) or (),
        not_before=_or_none(lambda: x.not_valid_before_utc.timestamp()),
        not_after=_or_none(lambda: x.not_valid_after_utc.timestamp()),
        serial=_or_none(lambda: f"{x.serial_number:x}"),
        key=key,
        signature=_or_none(lambda: _signature_name(x)),
        is_ca=_or_none(lambda: _is_ca(x)),
        sha256=cert.fingerprint().hex(),
        der=_der(x),
    )


def read_chain(listed: Any) -> tuple[Certificate, ...] | None:
    """A list of mitmproxy certificates, leaf first; ``None`` where there are none to read."""
    return tuple(map(read_certificate, listed)) if listed else None


@lru_cache(maxsize=64)
def read_der(der: bytes) -> Certificate | None:
    """Read a certificate from its octets; ``None`` where they are none."""
    from cryptography import x509
    from mitmproxy import certs

    try:
        return read_certificate(certs.Cert(x509.load_der_x509_certificate(der)))
    except Exception:  # the octets come from a file that anybody may have written
        return None


def _or_none(read: Any) -> Any:
    try:
        return read()
    except Exception:  # hostile certificates fail in many ways; each part stands for itself
        return None


def _der(x: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    data: bytes = x.public_bytes(Encoding.DER)
    return data


def _names(x: Any) -> tuple[str, ...]:
    from cryptography.x509 import ExtensionNotFound, SubjectAlternativeName

    try:
        found = x.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return ()
    return tuple(str(getattr(name, "value", name)) for name in found)


def _is_ca(x: Any) -> bool:
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    try:
        return bool(x.extensions.get_extension_for_class(BasicConstraints).value.ca)
    except ExtensionNotFound:
        return False


def _key_name(key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec

    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    name = type(key).__name__.lstrip("_").removesuffix("PublicKey")
    size = getattr(key, "key_size", None)
    return f"{name} {size}" if size else name


def _signature_name(x: Any) -> str:
    name: str = x.signature_algorithm_oid._name
    return name
