"""What one certificate says (RFC 5280), read once into a plain shape. No opinions here.

Certificates come from strangers: a part that cannot be read is named in `Facts.unreadable`, and the others still speak.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from msgspec import Struct

T = TypeVar("T")
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

SERVER_AUTH = "server authentication"
ANY_PURPOSE = "any purpose"

_PURPOSES = {
    ExtendedKeyUsageOID.SERVER_AUTH: SERVER_AUTH,
    ExtendedKeyUsageOID.CLIENT_AUTH: "client authentication",
    ExtendedKeyUsageOID.CODE_SIGNING: "code signing",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "e-mail protection",
    ExtendedKeyUsageOID.TIME_STAMPING: "time stamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSP signing",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: ANY_PURPOSE,
}
_USAGES = (
    ("digital_signature", "digital signature"),
    ("content_commitment", "content commitment"),
    ("key_encipherment", "key encipherment"),
    ("data_encipherment", "data encipherment"),
    ("key_agreement", "key agreement"),
    ("key_cert_sign", "certificate signing"),
    ("crl_sign", "CRL signing"),
)
CERT_SIGN = "certificate signing"

_VALIDATION = {
    "2.23.140.1.2.1": "the domain (DV)",
    "2.23.140.1.2.2": "the domain and the organisation (OV)",
    "2.23.140.1.2.3": "the domain and a person (IV)",
    "2.23.140.1.1": "the domain and the organisation, extended (EV)",
}
"""Policies of the CA/Browser Forum's Baseline Requirements (section 7.1.6.1): what the authority checked."""

_UNDERSTOOD = frozenset(
    {
        "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.32", "2.5.29.33",
        "2.5.29.35", "2.5.29.36", "2.5.29.37", "2.5.29.54", "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.24",
        "1.3.6.1.4.1.11129.2.4.2",
    }
)  # fmt: skip
"""Extensions that clients process; any other that is marked critical makes them refuse (section 4.2)."""


class Key(Struct, frozen=True):
    """A public key: ``RSA`` with its length in bits, or the curve of an elliptic-curve key."""

    kind: str
    bits: int | None = None
    curve: str | None = None
    exponent: int | None = None

    def __str__(self) -> str:
        if self.curve:
            return f"{self.kind} {self.curve}"
        return f"{self.kind} {self.bits}" if self.bits else self.kind


class Sct(Struct, frozen=True):
    """A signed certificate timestamp (RFC 6962, section 3.2): a log's promise to publish. Seconds since 1970."""

    log: str
    time: float


class Facts(Struct, frozen=True):
    """What a certificate says of itself. ``None`` is: not said, or not readable. Times are seconds since 1970 (UTC)."""

    subject: str
    """For people: the common name and the organisation."""
    issuer: str
    subject_full: str
    """RFC 4514."""
    issuer_full: str
    common_name: str | None
    dns_names: tuple[str, ...]
    addresses: tuple[str, ...]
    has_names: bool
    """Whether there is a subject alternative name extension at all."""
    not_before: float
    not_after: float
    serial: str
    key: Key
    signature: str
    """For example ``ecdsa-with-SHA256``."""
    hash: str | None
    """The hash in the signature: ``sha256`` …; ``None`` where the algorithm has none of its own (Ed25519)."""
    ca: bool | None
    """Basic constraints; ``None`` where the extension is missing."""
    path_length: int | None
    usages: tuple[str, ...] | None
    purposes: tuple[str, ...] | None
    permitted: tuple[str, ...]
    excluded: tuple[str, ...]
    scts: tuple[Sct, ...]
    ocsp: tuple[str, ...]
    crls: tuple[str, ...]
    issuer_at: tuple[str, ...]
    """Where the issuer's certificate can be fetched (authority information access)."""
    must_staple: bool
    checked: str | None
    """What the authority says it checked, where it uses the Baseline Requirements' policies."""
    self_issued: bool
    self_signed: bool
    """The signature was checked with the certificate's own key."""
    critical_unknown: tuple[str, ...]
    unreadable: tuple[str, ...]
    sha256: str
    spki_sha256: str

    @property
    def lifetime(self) -> float:
        """Seconds from the first to the last moment of validity, both included."""
        return self.not_after - self.not_before + 1

    @property
    def names(self) -> tuple[str, ...]:
        """DNS names and addresses."""
        return self.dns_names + self.addresses


class BadCertificate(ValueError):
    """These octets are no certificate that can be read."""


@lru_cache(maxsize=2048)
def load(der: bytes) -> x509.Certificate:
    """A certificate from its DER octets. Raises `BadCertificate`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd about it is for us to say, or not
            return x509.load_der_x509_certificate(der)
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise BadCertificate(f"not a readable certificate: {error}") from error


@lru_cache(maxsize=2048)
def read_facts(der: bytes) -> Facts:
    """Read a certificate. Raises `BadCertificate` where not even its frame can be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _read(load(der), der)


def _read(cert: x509.Certificate, der: bytes) -> Facts:
    unreadable: list[str] = []

    def read(what: str, reader: Callable[[], T], default: T) -> T:
        try:
            return reader()
        except Exception:  # hostile certificates fail in many ways
            unreadable.append(what)
            return default

    extensions: x509.Extensions | None = read("the extensions", lambda: cert.extensions, None)

    def extension(kind: type[_Extension]) -> _Extension | None:
        if extensions is None:
            return None
        try:
            return extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    try:
        not_before, not_after = cert.not_valid_before_utc.timestamp(), cert.not_valid_after_utc.timestamp()
    except (ValueError, OverflowError) as error:
        raise BadCertificate(f"not a readable certificate: its validity is no time ({error})") from error
    alternative = extension(x509.SubjectAlternativeName)
    basic = extension(x509.BasicConstraints)
    usage = extension(x509.KeyUsage)
    extended = extension(x509.ExtendedKeyUsage)
    constraints = extension(x509.NameConstraints)
    access = extension(x509.AuthorityInformationAccess)
    features = extension(x509.TLSFeature)
    stamps = extension(x509.PrecertificateSignedCertificateTimestamps)
    points = extension(x509.CRLDistributionPoints)
    policies = extension(x509.CertificatePolicies)
    subject = read("the subject", lambda: cert.subject, x509.Name([]))
    issuer = read("the issuer", lambda: cert.issuer, x509.Name([]))
    self_issued = subject == issuer and bool(list(subject))
    return Facts(
        subject=_readable(subject, alternative),
        issuer=_readable(issuer, None),
        subject_full=read("the subject", subject.rfc4514_string, ""),
        issuer_full=read("the issuer", issuer.rfc4514_string, ""),
        common_name=_attribute(subject, x509.NameOID.COMMON_NAME),
        dns_names=tuple(alternative.get_values_for_type(x509.DNSName)) if alternative else (),
        addresses=tuple(map(str, alternative.get_values_for_type(x509.IPAddress))) if alternative else (),
        has_names=alternative is not None,
        not_before=not_before,
        not_after=not_after,
        serial=f"{cert.serial_number:x}",
        key=read("the key", lambda: read_key(cert), Key("unknown")),
        signature=read("the signature algorithm", lambda: _signature(cert), "unknown"),
        hash=read("the signature algorithm", lambda: _hash(cert), None),
        ca=basic.ca if basic else None,
        path_length=basic.path_length if basic else None,
        usages=tuple(said for name, said in _USAGES if getattr(usage, name)) if usage else None,
        purposes=tuple(_PURPOSES.get(oid, oid.dotted_string) for oid in extended) if extended else None,
        permitted=_subtrees(constraints.permitted_subtrees) if constraints else (),
        excluded=_subtrees(constraints.excluded_subtrees) if constraints else (),
        scts=read("the certificate timestamps", lambda: _stamps(stamps), ()),
        ocsp=_located(access, AuthorityInformationAccessOID.OCSP),
        crls=tuple(
            name.value
            for point in points or ()
            for name in point.full_name or ()
            if isinstance(name, x509.UniformResourceIdentifier)
        ),
        issuer_at=_located(access, AuthorityInformationAccessOID.CA_ISSUERS),
        must_staple=features is not None and x509.TLSFeatureType.status_request in features,
        checked=next(
            (
                _VALIDATION[policy.policy_identifier.dotted_string]
                for policy in policies or ()
                if policy.policy_identifier.dotted_string in _VALIDATION
            ),
            None,
        ),
        self_issued=self_issued,
        self_signed=self_issued and signed_by(cert, cert) == "good",
        critical_unknown=tuple(
            e.oid.dotted_string for e in extensions or () if e.critical and e.oid.dotted_string not in _UNDERSTOOD
        ),
        unreadable=tuple(dict.fromkeys(unreadable)),
        sha256=hashlib.sha256(der).hexdigest(),
        spki_sha256=read("the key", lambda: _spki(cert), ""),
    )


def subject_name(cert: x509.Certificate) -> bytes | None:
    """The DER of the subject's name, for comparing; ``None`` where it cannot be read."""
    try:
        return cert.subject.public_bytes()
    except Exception:  # hostile certificates fail in many ways
        return None


def issuer_name(cert: x509.Certificate) -> bytes | None:
    """The DER of the issuer's name, for comparing; ``None`` where it cannot be read."""
    try:
        return cert.issuer.public_bytes()
    except Exception:  # as above
        return None


Signature = Literal["good", "bad", "unchecked"]


def signed_by(cert: x509.Certificate, issuer: x509.Certificate) -> Signature:
    """Check a certificate's signature with another's key (RFC 5280, section 6.1.3 (a) (1)), nothing else.

    ``unchecked``: the algorithm is one that is no longer computed here (MD5, for example), or the key is of another
    kind.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        key = issuer.public_key()
        hash = cert.signature_hash_algorithm
        signature, data = cert.signature, cert.tbs_certificate_bytes
        if isinstance(key, rsa.RSAPublicKey) and hash is not None:
            parameters = cert.signature_algorithm_parameters
            scheme = parameters if isinstance(parameters, padding.PSS) else padding.PKCS1v15()
            key.verify(signature, data, scheme, hash)
        elif isinstance(key, ec.EllipticCurvePublicKey) and hash is not None:
            key.verify(signature, data, ec.ECDSA(hash))
        elif isinstance(key, dsa.DSAPublicKey) and hash is not None:
            key.verify(signature, data, hash)
        elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
            key.verify(signature, data)
        else:
            return "unchecked"
    except InvalidSignature:
        return "bad"
    except Exception:  # an algorithm or a key that the library does not take
        return "unchecked"
    return "good"


def read_key(cert: x509.Certificate) -> Key:
    """The public key of a certificate. Raises `ValueError` or `UnsupportedAlgorithm` for those the library lacks."""
    key = cert.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return Key("RSA", key.key_size, exponent=key.public_numbers().e)
    if isinstance(key, ec.EllipticCurvePublicKey):
        names = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
        return Key("EC", key.curve.key_size, names.get(key.curve.name, key.curve.name))
    return Key(type(key).__name__.lstrip("_").removesuffix("PublicKey"), getattr(key, "key_size", None))


def _signature(cert: x509.Certificate) -> str:
    name: str = getattr(cert.signature_algorithm_oid, "_name", "")
    return name if name and name != "Unknown OID" else cert.signature_algorithm_oid.dotted_string


def _hash(cert: x509.Certificate) -> str | None:
    hash = cert.signature_hash_algorithm
    return hash.name if hash is not None else None


def _spki(cert: x509.Certificate) -> str:
    spki = cert.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else None


def _readable(name: x509.Name, alternative: x509.SubjectAlternativeName | None) -> str:
    common = _attribute(name, x509.NameOID.COMMON_NAME)
    organization = _attribute(name, x509.NameOID.ORGANIZATION_NAME)
    if common and organization and organization not in common:
        return f"{common} ({organization})"
    shown = common or organization or name.rfc4514_string()
    if not shown and alternative:
        return next(iter(alternative.get_values_for_type(x509.DNSName)), "no name")
    return shown or "no name"


def _subtrees(names: list[x509.GeneralName] | None) -> tuple[str, ...]:
    return tuple(str(name.value) for name in names or ())


def _located(access: x509.AuthorityInformationAccess | None, method: x509.ObjectIdentifier) -> tuple[str, ...]:
    return tuple(
        str(each.access_location.value)
        for each in access or ()
        if each.access_method == method and isinstance(each.access_location, x509.UniformResourceIdentifier)
    )


def _stamps(stamps: Any) -> tuple[Sct, ...]:
    import datetime as dt

    return tuple(Sct(each.log_id.hex(), each.timestamp.replace(tzinfo=dt.UTC).timestamp()) for each in stamps or ())
