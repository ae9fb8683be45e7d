"""The proxy's own authority on disk: where it is, who can read its key, when it was used, how it is made anew.

The files and their names are mitmproxy's, which reads them when the proxy starts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import Struct

from inspector.trust.ca import DAY, HOUR, Validity, name_constraints
from inspector.trust.facts import BadCertificate, Facts, read_facts
from inspector.trust.pem import certificates_in, to_pem
from inspector.trust.stores.base import Authority

KEY_FILE = "mitmproxy-ca.pem"
CERTIFICATE_FILE = "mitmproxy-ca-cert.pem"
_KEY_FILES = (KEY_FILE, "mitmproxy-ca.p12")
_OWN_FILES = (*_KEY_FILES, CERTIFICATE_FILE, "mitmproxy-ca-cert.cer", "mitmproxy-ca-cert.p12")
_USED = "inspector-last-used"
RETIRED = "retired"
"""Directory of certificates, without keys, of authorities that were replaced: to find and remove them in stores."""

UNUSED = 30 * 86_400
"""Seconds without use after which trusting the authority is more risk than convenience."""

LIFETIME = 365
"""Days that a new authority lasts unless asked otherwise."""


class AuthorityError(Exception):
    """The authority cannot be used as asked; the message is one line with the fix."""


class Held(Struct, frozen=True):
    """The authority in a directory. `last_used` is in seconds since 1970, ``None`` where never noted."""

    directory: Path
    der: bytes
    facts: Facts
    last_used: float | None

    @property
    def certificate_file(self) -> Path:
        """Its certificate, without the key."""
        return self.directory / CERTIFICATE_FILE

    @property
    def stored(self) -> Authority:
        """What stores are asked for."""
        return as_stored(self.der)


def as_stored(der: bytes) -> Authority:
    """A certificate as stores are asked for it. Raises `BadCertificate`."""
    return Authority(der, hashlib.sha256(der).hexdigest(), hashlib.sha1(der).hexdigest(), read_facts(der).subject)


def find(confdir: Path) -> Held | None:
    """The authority in a directory; ``None`` where there is none yet.

    Raises:
        AuthorityError: others can read its key, or it cannot be read.
    """
    directory = confdir.expanduser()
    check_private(directory)
    try:
        found = certificates_in((directory / KEY_FILE).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuthorityError(f"cannot read {directory / KEY_FILE}: {error.strerror}") from error
    if not found:
        raise AuthorityError(f"{directory / KEY_FILE} holds no certificate; `inspector trust rotate` makes a new one")
    try:
        return Held(directory, found[0], read_facts(found[0]), _last_used(directory))
    except BadCertificate as error:
        raise AuthorityError(f"{directory / KEY_FILE}: {error}") from error


def check_private(confdir: Path) -> None:
    """See that nobody else can read or change the authority's key.

    Raises:
        AuthorityError: somebody can; the message says how to end that.
    """
    if os.name != "posix":
        return
    for name in _KEY_FILES:
        file = confdir.expanduser() / name
        try:
            mode = file.stat().st_mode & 0o777
        except OSError:
            continue
        if mode & 0o077:
            raise AuthorityError(
                f"others on this machine can read the authority's key {file} (mode {mode:04o}): with it they can "
                f"impersonate any site to whoever trusts it; run `chmod 600 {file}`, or make a new one with "
                "`inspector trust rotate`"
            )


# -- use -------------------------------------------------------------------------------------------------------------


def note_use(confdir: Path) -> None:
    """Remember that the authority is in use now."""
    try:
        (confdir.expanduser() / _USED).touch(mode=0o600)
    except OSError:
        pass  # a directory that is read-only: nothing to remember, nothing lost


def _last_used(directory: Path) -> float | None:
    try:
        return (directory / _USED).stat().st_mtime
    except OSError:
        return None


def idle(held: Held, now: float | None = None) -> float | None:
    """Seconds since it was last used, or made; ``None`` where that is less than a month."""
    last = held.last_used or _made(held)
    passed = (now if now is not None else time.time()) - last
    return passed if passed > UNUSED else None


def _made(held: Held) -> float:
    try:
        return (held.directory / KEY_FILE).stat().st_mtime
    except OSError:
        return held.facts.not_before


# -- making ----------------------------------------------------------------------------------------------------------


def rotate(confdir: Path, *, days: int = LIFETIME, only_names: Sequence[str] = ()) -> Held:
    """Make a new authority in place of the old one, whose key is destroyed and whose certificate is kept aside.

    Args:
        confdir: the proxy's directory; made if missing, for its owner alone.
        days: how long it is valid.
        only_names: the only DNS names (with all below them) and networks it can vouch for; empty for any.

    Raises:
        OSError: the directory cannot be written.
        ValueError: a name is neither a host name nor a network.
    """
    directory = confdir.expanduser()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = rsa.generate_private_key(65537, 2048)  # RSA, because every client of a proxy can be expected to know it
    certificate = _certificate(key, Validity.lasting(days * DAY - HOUR), only_names)
    _retire(directory)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    plain = serialization.NoEncryption()
    name = b"mitmproxy"
    _replace(directory / KEY_FILE, private + pem, 0o600)
    _replace(
        directory / "mitmproxy-ca.p12",
        pkcs12.serialize_key_and_certificates(name, key, certificate, None, plain),
        0o600,
    )
    _replace(directory / CERTIFICATE_FILE, pem, 0o644)
    _replace(directory / "mitmproxy-ca-cert.cer", pem, 0o644)
    _replace(
        directory / "mitmproxy-ca-cert.p12",
        pkcs12.serialize_key_and_certificates(name, None, certificate, None, plain),
        0o644,
    )
    (directory / _USED).unlink(missing_ok=True)
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Held(directory, der, read_facts(der), None)


def _certificate(key: rsa.RSAPrivateKey, validity: Validity, only_names: Sequence[str]) -> x509.Certificate:
    name = x509.Name(
        [
            # The date tells authorities apart in lists that show names alone.
            x509.NameAttribute(x509.NameOID.COMMON_NAME, f"inspector {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M}"),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "HTTP inspector on this machine"),
        ]
    )
    signing = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity.start)
        .not_valid_after(validity.end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signing, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if only_names:
        builder = builder.add_extension(name_constraints(only_names), critical=True)
    return builder.sign(key, hashes.SHA256())


def _retire(directory: Path) -> None:
    old = directory / KEY_FILE
    try:
        found = certificates_in(old.read_bytes())
    except FileNotFoundError:
        return
    for der in found[:1]:
        place = directory / RETIRED
        place.mkdir(mode=0o700, exist_ok=True)
        _replace(place / f"{hashlib.sha256(der).hexdigest()[:16]}.pem", to_pem(der), 0o644)


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all, with its mode from the first moment on."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    fresh.replace(path)


def retired(confdir: Path) -> tuple[Authority, ...]:
    """The authorities that were replaced, as stores may still hold them."""
    found = []
    for file in sorted((confdir.expanduser() / RETIRED).glob("*.pem")):
        try:
            found += [as_stored(der) for der in certificates_in(file.read_bytes())[:1]]
        except (OSError, BadCertificate):
            continue
    return tuple(found)


def exported(held: Held, form: str) -> bytes:
    """The certificate, never the key, as ``pem``, ``der`` or ``p12`` (without a password)."""
    if form == "der":
        return held.der
    if form == "p12":
        from inspector.trust.facts import load

        label = held.facts.subject.encode("utf-8")
        return pkcs12.serialize_key_and_certificates(label, None, load(held.der), None, serialization.NoEncryption())
    return to_pem(held.der)
