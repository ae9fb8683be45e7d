"""The zoo: certificates each broken in one way, and two that are not, for looking at, learning and testing.

`build` makes all of them anew, with keys that never leave the caller. `lab.zoo` serves them; `trust show` explains
them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import Struct

from inspector.trust.ca import DAY, HOUR, Authority, Issued, PrivateKey, Validity

DOMAIN = "zoo.test"
_YEAR = 365 * DAY
_CRL_AT = f"http://crl.{DOMAIN}/intermediate.crl"


class Keepers(Struct, frozen=True):
    """The authorities of one zoo. `root` is the one to trust; `stranger` is one that nobody trusts."""

    root: Authority
    intermediate: Authority
    stranger: Authority
    now: dt.datetime


class Specimen(Struct, frozen=True):
    """One certificate to look at: which host to ask for, what is wrong with it, and how it is made.

    `code` is the finding that `trust show` must make, ``None`` where there is nothing to find.
    """

    name: str
    host: str
    wrong: str
    code: str | None
    make: Callable[[Keepers, str], Issued]


class Zoo(Struct, frozen=True):
    """All specimens, made. `crl` is the intermediate's revocation list."""

    keepers: Keepers
    issued: Mapping[str, Issued]
    crl: x509.CertificateRevocationList

    @property
    def root(self) -> Authority:
        """The authority to trust."""
        return self.keepers.root


def build(now: dt.datetime | None = None) -> Zoo:
    """Make every certificate of the zoo; takes about a tenth of a second. `now` is the time they are judged at."""
    moment = now or dt.datetime.now(dt.UTC)
    life = Validity(moment - HOUR, moment + 30 * DAY)
    # The address as a *name* is for one specimen; no DNS name looks like that.
    permitted: list[str | x509.GeneralName] = ["test", "127.0.0.0/8", x509.DNSName("127.0.0.1")]
    root = Authority.create_root("Zoo root", validity=life, permitted=permitted)
    keepers = Keepers(
        root,
        root.create_intermediate("Zoo intermediate", validity=life),
        Authority.create_root("Stranger's root", validity=life, permitted=["test"]),
        moment,
    )
    issued = {each.name: each.make(keepers, each.host) for each in SPECIMENS}
    return Zoo(keepers, issued, keepers.intermediate.revoke(issued["revoked"].certificate))


# -- how each is made ------------------------------------------------------------------------------------------------


def _validity(keepers: Keepers, start: dt.timedelta, end: dt.timedelta) -> Validity:
    return Validity(keepers.now + start, keepers.now + end)


def _good(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([host])


def _good_wildcard(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([f"*.{host.partition('.')[2]}"])


def _expired(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([host], validity=_validity(keepers, -90 * DAY, -2 * DAY))


def _not_yet_valid(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([host], validity=_validity(keepers, 2 * DAY, 90 * DAY))


def _expired_intermediate(keepers: Keepers, host: str) -> Issued:
    old = _validity(keepers, -_YEAR, -2 * DAY)
    return keepers.root.create_intermediate("Zoo intermediate, expired", validity=old).issue([host])


def _wrong_name(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([f"another.{DOMAIN}", f"www.another.{DOMAIN}"])


def _wildcard_depth(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([f"*.{DOMAIN}"])


def _wildcard_partial(keepers: Keepers, host: str) -> Issued:
    first, _, rest = host.partition(".")
    return keepers.intermediate.issue([f"{first[:4]}*.{rest}"])


def _wildcard_suffix(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue(["*.test"])


def _address_as_name(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([x509.DNSName(host)], common_name=host)


def _no_names(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([], common_name=host)


def _self_signed(keepers: Keepers, host: str) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    alone = Authority.create_root(host, validity=_validity(keepers, -HOUR, 30 * DAY), key=key)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(alone.certificate.not_valid_before_utc)
        .not_valid_after(alone.certificate.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Issued(certificate, key)


def _untrusted_root(keepers: Keepers, host: str) -> Issued:
    issued = keepers.stranger.create_intermediate("Stranger's intermediate").issue([host])
    return Issued(issued.certificate, issued.key, (*issued.intermediates, keepers.stranger.certificate))


def _missing_intermediate(keepers: Keepers, host: str) -> Issued:
    issued = keepers.intermediate.issue([host])
    return Issued(issued.certificate, issued.key)


def _forged(keepers: Keepers, host: str) -> Issued:
    """Signed by somebody who calls itself like the intermediate, which is sent along."""
    impostor = Authority.create_root("Zoo intermediate", validity=_validity(keepers, -HOUR, 30 * DAY))
    mask = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Zoo intermediate")])
    key = ec.generate_private_key(ec.SECP256R1())
    real = keepers.intermediate.issue([host], key=key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(real.certificate.subject)
        .issuer_name(mask)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(real.certificate.not_valid_before_utc)
        .not_valid_after(real.certificate.not_valid_after_utc)
    )
    for extension in real.certificate.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return Issued(builder.sign(impostor.key, hashes.SHA256()), key, real.intermediates)


def _sha1(keepers: Keepers, host: str) -> Issued:
    life = _validity(keepers, -HOUR, 30 * DAY)
    old = keepers.root.create_intermediate("Zoo intermediate of old", validity=life, key=_rsa(2048))
    issued = old.issue([host], key=_rsa(2048))
    return Issued(_signed_with_sha1(issued.certificate, old.key), issued.key, issued.intermediates)


def _signed_with_sha1(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """Sign a certificate once more, with RSA and SHA-1 (RFC 8017): no library does that for certificates any more."""
    assert isinstance(key, rsa.RSAPrivateKey)
    sha256, sha1 = (bytes.fromhex(f"06092a864886f70d0101{last}") for last in ("0b", "05"))
    tbs = certificate.tbs_certificate_bytes.replace(sha256, sha1)
    signature = key.sign(tbs, padding.PKCS1v15(), hashes.SHA1())
    return x509.load_der_x509_certificate(
        _der(0x30, tbs + _der(0x30, sha1 + b"\x05\x00") + _der(0x03, b"\0" + signature))
    )


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def _rsa(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def _rsa_1024(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([host], key=_rsa(1024))


def _weak_curve(keepers: Keepers, host: str) -> Issued:
    weak = ec.generate_private_key(ec.SECP224R1())
    return keepers.root.create_intermediate("Zoo intermediate, weak curve", key=weak).issue([host])


def _key_reuse(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([host], key=keepers.intermediate.key)


def _wrong_purpose(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([host], usages=[ExtendedKeyUsageOID.CLIENT_AUTH])


def _wrong_key_usage(keepers: Keepers, host: str) -> Issued:
    agreement = x509.KeyUsage(False, False, False, False, True, False, False, False, False)
    return keepers.intermediate.issue([host], key_usage=agreement)


def _outside_constraints(keepers: Keepers, host: str) -> Issued:
    bound = keepers.root.create_intermediate("Zoo intermediate for the aviary", permitted=[f"aviary.{DOMAIN}"])
    return bound.issue([host])


def _path_too_long(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.create_intermediate("Zoo intermediate too many").issue([host])


def _leaf_as_authority(keepers: Keepers, host: str) -> Issued:
    """A server's certificate signs another, as if it were an authority."""
    server = keepers.intermediate.issue([f"keeper.{DOMAIN}"])
    return Authority(server.certificate, server.key, (server.certificate, *server.intermediates)).issue([host])


def _authority_as_leaf(keepers: Keepers, host: str) -> Issued:
    return keepers.root.issue([host], as_authority=True)


def _too_long_lived(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([host], validity=_validity(keepers, -HOUR, 10 * _YEAR))


def _critical_unknown(keepers: Keepers, host: str) -> Issued:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    return keepers.intermediate.issue([host], extra=[(unknown, True)])


def _revoked(keepers: Keepers, host: str) -> Issued:
    points = x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier(_CRL_AT)], None, None, None)]
    )
    return keepers.intermediate.issue([host], extra=[(points, False)])


def _must_staple(keepers: Keepers, host: str) -> Issued:
    return keepers.intermediate.issue([host], extra=[(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)])


def _untidy(keepers: Keepers, host: str) -> Issued:
    """Everything needed, in the wrong order, with the root and a stranger among it."""
    lower = keepers.root.create_intermediate("Zoo upper intermediate", path_length=1)
    issued = lower.create_intermediate("Zoo lower intermediate").issue([host])
    near, far = issued.intermediates
    return Issued(issued.certificate, issued.key, (far, keepers.stranger.certificate, near, keepers.root.certificate))


def _specimen(
    name: str, wrong: str, code: str | None, make: Callable[[Keepers, str], Issued], host: str | None = None
) -> Specimen:
    return Specimen(name, host or f"{name}.{DOMAIN}", wrong, code, make)


SPECIMENS: tuple[Specimen, ...] = (
    _specimen("good", "Nothing: a name, a purpose, a month, an intermediate that is sent along.", None, _good),
    _specimen("good-wildcard", "Nothing: a wildcard for one label, used for one label.", None, _good_wildcard),
    _specimen("expired", "Its validity ended two days ago.", "expired", _expired),
    _specimen("not-yet-valid", "Its validity begins in two days.", "not-yet-valid", _not_yet_valid),
    _specimen("expired-intermediate", "The intermediate above it has expired.", "expired", _expired_intermediate),
    _specimen("wrong-name", "It is for other hosts.", "name-mismatch", _wrong_name),
    _specimen(
        "wildcard-depth",
        "A wildcard covers one label, and the host is two below.",
        "name-mismatch",
        _wildcard_depth,
        f"two.labels.{DOMAIN}",
    ),
    _specimen("wildcard-partial", "Its wildcard is part of a label.", "name-mismatch", _wildcard_partial),
    _specimen(
        "wildcard-suffix",
        "A wildcard for a whole top-level domain.",
        "name-mismatch",
        _wildcard_suffix,
        "zoo-suffix.test",
    ),
    _specimen("no-san", "Its name is only in the common name.", "no-names", _no_names),
    _specimen(
        "address-as-name",
        "The address is listed as if it were a DNS name.",
        "name-mismatch",
        _address_as_name,
        "127.0.0.1",
    ),
    _specimen("self-signed", "It vouches for itself.", "self-signed", _self_signed),
    _specimen("untrusted-root", "The authority above it is nobody's.", "untrusted-root", _untrusted_root),
    _specimen("missing-intermediate", "The intermediate is not sent.", "missing-issuer", _missing_intermediate),
    _specimen("forged-signature", "The signature was not made by the key of its issuer.", "bad-signature", _forged),
    _specimen("sha1", "It is signed with SHA-1.", "weak-signature", _sha1),
    _specimen("rsa-1024", "Its RSA key has 1024 bits.", "weak-key", _rsa_1024),
    _specimen(
        "weak-curve", "The intermediate's key is on a curve that browsers do not use (P-224).", "weak-key", _weak_curve
    ),
    _specimen("key-reuse", "It has the very key of the authority that signed it.", "key-reuse", _key_reuse),
    _specimen("wrong-purpose", "It is for clients, not for servers.", "wrong-purpose", _wrong_purpose),
    _specimen("wrong-key-usage", "Its key may not sign, which a handshake needs.", "wrong-key-usage", _wrong_key_usage),
    _specimen(
        "outside-constraints", "Its issuer may vouch for other names only.", "name-constraint", _outside_constraints
    ),
    _specimen("path-too-long", "One intermediate more than the path length allows.", "path-too-long", _path_too_long),
    _specimen("leaf-as-authority", "A server's certificate signed it.", "not-an-authority", _leaf_as_authority),
    _specimen(
        "authority-as-leaf", "An authority's certificate used by a server.", "authority-as-leaf", _authority_as_leaf
    ),
    _specimen("too-long-lived", "It is valid for ten years.", "too-long-lived", _too_long_lived),
    _specimen("critical-unknown", "A critical extension that nobody knows.", "critical-extension", _critical_unknown),
    _specimen("revoked", "Its issuer has taken it back.", "revoked", _revoked),
    _specimen("must-staple", "It demands a stapled OCSP answer, and none is sent.", "must-staple", _must_staple),
    _specimen("untidy-chain", "Nothing is missing, but the order is wrong and there is too much.", "untidy", _untidy),
)
