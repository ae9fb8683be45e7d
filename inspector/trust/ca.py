"""A small certificate authority: roots, intermediates and server certificates (RFC 5280), made in memory.

Everything here is for servers on this machine. Keys are elliptic-curve (P-256), so that making a whole chain
takes about a millisecond. Nothing touches the disk unless `write` functions are called; private keys are
written readable by their owner alone.

The options that make a certificate wrong (another validity, no names, another purpose) are ordinary
arguments: a teacher's broken certificate is a valid call, not a trick.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Extra = tuple[x509.ExtensionType, bool]
"""An extension and whether it is critical."""

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


class Validity(Struct, frozen=True):
    """When a certificate is valid, both ends included (RFC 5280, section 4.1.2.5). Aware times in UTC."""

    start: dt.datetime
    end: dt.datetime

    @classmethod
    def lasting(cls, lifetime: dt.timedelta, *, start: dt.datetime | None = None) -> Validity:
        """From `start` (an hour ago if not given, so that a slow clock still accepts it) for `lifetime`."""
        begin = start if start is not None else dt.datetime.now(dt.UTC) - HOUR
        return cls(begin, begin + lifetime)


class Issued(Struct, frozen=True):
    """A certificate, its private key and the certificates above it, nearest first and without the root."""

    certificate: x509.Certificate
    key: PrivateKey
    intermediates: tuple[x509.Certificate, ...] = ()

    @property
    def chain_pem(self) -> bytes:
        """What a TLS server sends (RFC 8446, section 4.4.2): its own certificate, then the intermediates."""
        return b"".join(certificate_pem(each) for each in (self.certificate, *self.intermediates))

    @property
    def key_pem(self) -> bytes:
        """The private key, unencrypted PKCS #8 in PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def write(self, directory: Path, name: str) -> tuple[Path, Path]:
        """Write ``NAME.pem`` (the chain) and ``NAME.key`` (mode 0600) and return both paths.

        Raises:
            OSError: the directory is missing or not writable, or one of the files exists already.
        """
        chain, key = directory / f"{name}.pem", directory / f"{name}.key"
        write_new(chain, self.chain_pem, mode=0o644)
        write_new(key, self.key_pem, mode=0o600)
        return chain, key


class Authority(Struct, frozen=True):
    """A certificate authority: its certificate, its key, and the intermediates between it and its root."""

    certificate: x509.Certificate
    key: PrivateKey
    intermediates: tuple[x509.Certificate, ...] = ()

    @classmethod
    def create_root(
        cls,
        name: str,
        *,
        organization: str = "HTTP inspector",
        validity: Validity | None = None,
        path_length: int | None = None,
        permitted: Sequence[str | x509.GeneralName] = (),
        key: PrivateKey | None = None,
    ) -> Authority:
        """Make a self-signed root.

        Args:
            name: its common name.
            organization: its organisation, shown by certificate viewers.
            validity: a day from now if not given.
            path_length: how many intermediates may follow it, ``None`` for any number (section 4.2.1.9).
            permitted: the only DNS names (with all names under them) and IP networks it can vouch for; name
                constraints (section 4.2.1.10), so that trusting it by accident puts no other site at risk. With
                DNS names alone, it can vouch for no address. Empty: for anything.
            key: its private key; a new one (P-256) if not given.

        Raises:
            ValueError: `validity` ends before it starts.
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = _name(name, organization)
        builder = _builder(subject, subject, key.public_key(), validity or Validity.lasting(DAY))
        builder = _as_authority(builder, key.public_key(), path_length)
        if permitted:
            builder = builder.add_extension(name_constraints(permitted), critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    def create_intermediate(
        self,
        name: str,
        *,
        validity: Validity | None = None,
        path_length: int | None = 0,
        permitted: Sequence[str | x509.GeneralName] = (),
        key: PrivateKey | None = None,
    ) -> Authority:
        """Make an authority below this one, which signs in its stead. `path_length` 0: it signs servers only.

        `permitted` and `key` are as in `create_root`.

        Raises:
            ValueError: `validity` ends before it starts.
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = _builder(
            _name(name, None), self.certificate.subject, key.public_key(), validity or Validity.lasting(DAY)
        )
        builder = _as_authority(builder, key.public_key(), path_length)
        builder = builder.add_extension(_authority_key(self), critical=False)
        if permitted:
            builder = builder.add_extension(name_constraints(permitted), critical=True)
        certificate = builder.sign(self.key, hashes.SHA256())
        return Authority(certificate, key, (certificate, *self.intermediates))

    def issue(
        self,
        names: Sequence[str | x509.GeneralName],
        *,
        common_name: str | None = None,
        validity: Validity | None = None,
        usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.SERVER_AUTH,),
        key: PrivateKey | None = None,
        key_usage: x509.KeyUsage | None = None,
        as_authority: bool = False,
        extra: Sequence[Extra] = (),
    ) -> Issued:
        """Issue a server's certificate.

        Args:
            names: DNS names (``*.shop.test`` included) and IP addresses for its subject alternative names
                (section 4.2.1.6); an empty sequence leaves the extension out, which no browser accepts.
            common_name: shown by viewers, ignored by clients (RFC 9525); the first of `names` if not given.
            validity: a day from now if not given.
            usages: the purposes it may be used for (section 4.2.1.12).
            key: the server's private key; a new one (P-256) if not given.
            key_usage: what the key may do (section 4.2.1.3); digital signatures if not given.
            as_authority: it may sign certificates itself, which a server's never should.
            extra: further extensions.

        Raises:
            ValueError: `validity` ends before it starts, or a name is not ASCII (give the ``xn--`` form).
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        shown = common_name if common_name is not None else str(next(iter(names), "no name"))
        builder = _builder(
            _name(shown, None), self.certificate.subject, key.public_key(), validity or Validity.lasting(DAY)
        )
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=as_authority, path_length=None), critical=True)
            .add_extension(key_usage or _key_usage(authority=as_authority, server=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_authority_key(self), critical=False)
        )
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if names:
            alternatives = x509.SubjectAlternativeName([_general_name(each) for each in names])
            builder = builder.add_extension(alternatives, critical=False)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical)
        return Issued(builder.sign(self.key, hashes.SHA256()), key, self.intermediates)

    def revoke(self, *certificates: x509.Certificate) -> x509.CertificateRevocationList:
        """A revocation list (section 5) that names `certificates`, valid for a week."""
        now = dt.datetime.now(dt.UTC) - HOUR
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now)
            .next_update(now + 7 * DAY)
            .add_extension(_authority_key(self), critical=False)
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        for certificate in certificates:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(now)
            reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
            builder = builder.add_revoked_certificate(entry.add_extension(reason, critical=False).build())
        return builder.sign(self.key, hashes.SHA256())

    @property
    def certificate_pem(self) -> bytes:
        """Its certificate in PEM: what a client is told to trust. The key is not in it."""
        return certificate_pem(self.certificate)


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """A certificate in PEM (RFC 7468)."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def spki_sha256(certificate: x509.Certificate) -> str:
    """The base64 SHA-256 of a certificate's public key.

    Chromium's ``--ignore-certificate-errors-spki-list`` takes it. It names the key and not the certificate:
    one renewed with the same key has the same hash (the "pin" of RFC 7469, section 2.4).
    """
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(spki).digest()).decode("ascii")


def name_constraints(permitted: Sequence[str | x509.GeneralName]) -> x509.NameConstraints:
    """An authority that may vouch for these names (and those below them) and networks alone (section 4.2.1.10).

    A constraint binds names of its own kind only: DNS names alone would leave all addresses free, so addresses are
    excluded where none are permitted, and the other way round names that are not.
    """
    allowed = [_general_name(each, network=True) for each in permitted]
    refused: list[x509.GeneralName] = []
    if not any(isinstance(each, x509.IPAddress) for each in allowed):
        refused += [_general_name(each, network=True) for each in ("0.0.0.0/0", "::/0")]
    if not any(isinstance(each, x509.DNSName) for each in allowed):
        refused.append(x509.DNSName(""))
    return x509.NameConstraints(allowed, refused or None)


def write_new(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that does not exist yet, with its mode from the first moment on.

    A file created first and restricted later is readable by others in between.

    Raises:
        OSError: it exists already (``FileExistsError``) or cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _name(common_name: str, organization: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def _builder(subject: x509.Name, issuer: x509.Name, key: PublicKey, validity: Validity) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity.start)
        .not_valid_after(validity.end)
    )


def _as_authority(builder: x509.CertificateBuilder, key: PublicKey, path_length: int | None) -> x509.CertificateBuilder:
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _authority_key(authority: Authority) -> x509.AuthorityKeyIdentifier:
    own = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def _key_usage(*, authority: bool, server: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=server or not authority,
        content_commitment=False,
        key_encipherment=False,  # an EC key agrees on secrets, it does not encrypt them
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(text: str | x509.GeneralName, *, network: bool = False) -> x509.GeneralName:
    if isinstance(text, x509.GeneralName):
        return text
    try:
        return x509.IPAddress(ipaddress.ip_network(text) if network else ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
