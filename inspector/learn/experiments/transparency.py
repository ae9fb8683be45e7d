"""A certificate transparency log of one's own (RFC 6962): it signs promises to publish, and anybody can check them."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from inspector.trust.ca import Authority, Issued

_SCT_LIST = ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS
_ECDSA_SHA256 = b"\x04\x03"


class Log:
    """A log: a key whose promises clients know. What it was shown is in `entries`, for anybody to read."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.entries: list[tuple[str, ...]] = []

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        """What a client needs to check promises."""
        return self._key.public_key()

    @property
    def id(self) -> bytes:
        """The log's name: the hash of its public key (section 3.2)."""
        return hashlib.sha256(_spki(self.public_key)).digest()

    def promise(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
        """Take a certificate in, and sign a promise to publish it: the octets of one SCT (section 3.2)."""
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.entries.append(tuple(names.get_values_for_type(x509.DNSName)))
        stamp = int(time.time() * 1000)
        signature = self._key.sign(
            _signed(stamp, issuer, certificate.tbs_precertificate_bytes), ec.ECDSA(hashes.SHA256())
        )
        return b"\0" + self.id + stamp.to_bytes(8) + b"\0\0" + _ECDSA_SHA256 + len(signature).to_bytes(2) + signature


def with_promises(authority: Authority, issued: Issued, logs: Sequence[Log]) -> Issued:
    """The same certificate, signed again with a promise of each log in it."""
    issuer = authority.certificate
    draft = _again(authority, issued.certificate, b"")  # a log signs the certificate without the list of promises
    promises = [log.promise(draft, issuer) for log in logs]
    packed = b"".join(len(each).to_bytes(2) + each for each in promises)
    return Issued(_again(authority, issued.certificate, packed), issued.key, issued.intermediates)


def promises_kept(certificate: x509.Certificate, issuer: x509.Certificate, logs: Sequence[Log]) -> int:
    """How many promises in a certificate were signed by one of the logs, for this very certificate.

    This is what a browser does with each SCT: the signature is checked with the key of a log it knows.
    """
    try:
        stamps = certificate.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    except x509.ExtensionNotFound:
        return 0
    known = {log.id: log.public_key for log in logs}
    good = 0
    for stamp in stamps:
        key = known.get(stamp.log_id)
        if key is None:
            continue
        moment = round(stamp.timestamp.replace(tzinfo=dt.UTC).timestamp() * 1000)
        try:
            key.verify(
                stamp.signature,
                _signed(moment, issuer, certificate.tbs_precertificate_bytes),
                ec.ECDSA(hashes.SHA256()),
            )
        except InvalidSignature:
            continue
        good += 1
    return good


def _signed(stamp: int, issuer: x509.Certificate, tbs: bytes) -> bytes:
    """What a log signs for a certificate that is still to be issued (section 3.2)."""
    issuer_key = hashlib.sha256(_spki(issuer.public_key())).digest()
    return b"\0\0" + stamp.to_bytes(8) + b"\0\1" + issuer_key + len(tbs).to_bytes(3) + tbs + b"\0\0"


def _again(authority: Authority, certificate: x509.Certificate, packed: bytes) -> x509.Certificate:
    body = len(packed).to_bytes(2) + packed
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(certificate.public_key())
        .serial_number(certificate.serial_number)
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(certificate.not_valid_after_utc)
    )
    for extension in certificate.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    octets = b"\x04" + _length(len(body)) + body
    return builder.add_extension(x509.UnrecognizedExtension(_SCT_LIST, octets), critical=False).sign(
        authority.key, hashes.SHA256()
    )


def _length(size: int) -> bytes:
    """A length in DER."""
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(octets)]) + octets


def _spki(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded
