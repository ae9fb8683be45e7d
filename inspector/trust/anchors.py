"""Whom to trust: the authorities a verdict starts from. Files of this machine, nothing from the network."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from cryptography import x509
from msgspec import Struct

from inspector.trust.facts import BadCertificate, Facts, load, read_facts, subject_name
from inspector.trust.pem import certificates_in

SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)


class AnchorError(Exception):
    """The authorities cannot be read; the message is one line."""


class Anchors(Struct, frozen=True):
    """A set of trusted authorities.

    `public` are the SHA-256 fingerprints of those that browsers ship (from the certifi package, which is Mozilla's
    list): browsers hold these to stricter rules than authorities that a person added.
    """

    name: str
    ders: tuple[bytes, ...]
    public: frozenset[str] = frozenset()

    @property
    def certificates(self) -> list[x509.Certificate]:
        """All of them."""
        return [load(der) for der in self.ders]

    def named(self, issuer: bytes) -> tuple[bytes, ...]:
        """Those whose subject is `issuer` (DER of the name)."""
        return tuple(der for der in self.ders if subject_name(load(der)) == issuer)

    def facts_of(self, fingerprint: str) -> Facts | None:
        """The anchor of a fingerprint (hex SHA-256)."""
        return next((f for f in map(read_facts, self.ders) if f.sha256 == fingerprint), None)


def from_file(path: Path) -> Anchors:
    """The authorities in a PEM or DER file, and no other. Raises `AnchorError`."""
    try:
        found = _readable(certificates_in(path.expanduser().read_bytes()))
    except OSError as error:
        raise AnchorError(f"cannot read {path}: {error.strerror}") from error
    if not found:
        raise AnchorError(f"{path} holds no certificate")
    return Anchors(f"the authorities in {path}", found, _public(found))


def certifi_anchors() -> Anchors:
    """Mozilla's list, from the certifi package: what mitmproxy checks servers with."""
    found = _mozilla()
    return Anchors("Mozilla's list (certifi)", found, _public(found))


def system_anchors() -> Anchors:
    """The system's own store, where it is a file; else Mozilla's list."""
    for bundle in dict.fromkeys(
        (os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *SYSTEM_BUNDLES)
    ):
        if bundle and Path(bundle).is_file():
            try:
                found = _readable(certificates_in(Path(bundle).read_bytes()))
            except OSError:
                continue
            if found:
                return Anchors(f"this system's store ({bundle})", found, _public(found))
    return certifi_anchors()


def _mozilla() -> tuple[bytes, ...]:
    import certifi

    return _readable(certificates_in(Path(certifi.where()).read_bytes()))


def _public(found: tuple[bytes, ...]) -> frozenset[str]:
    import hashlib

    known = set(_mozilla())
    return frozenset(hashlib.sha256(der).hexdigest() for der in found if der in known)


def _readable(ders: list[bytes]) -> tuple[bytes, ...]:
    kept = []
    for der in dict.fromkeys(ders):
        try:
            load(der)
        except BadCertificate:
            continue
        kept.append(der)
    return tuple(kept)
