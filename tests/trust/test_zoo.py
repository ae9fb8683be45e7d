"""Every certificate of the zoo over a real handshake: what `trust show` says of it, and what OpenSSL does with it."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path

import pytest

from inspector.learn.lab.zoo import ZooServer, write_zoo
from inspector.report import Severity
from inspector.trust.anchors import Anchors
from inspector.trust.explain import Explained
from inspector.trust.facts import read_facts
from inspector.trust.pem import certificates_in, holds_private_key
from inspector.trust.sources import Asked, cases
from inspector.trust.zoo import SPECIMENS, Specimen

NAMES = [each.name for each in SPECIMENS]
CHROMIUM = {
    None: {"good", "good-wildcard", "key-reuse", "untidy-chain", "rsa-1024", "authority-as-leaf", "too-long-lived", "must-staple"},
    "ERR_CERT_DATE_INVALID": {"expired", "not-yet-valid", "expired-intermediate"},
    "ERR_CERT_COMMON_NAME_INVALID": {
        "wrong-name", "wildcard-depth", "wildcard-partial", "wildcard-suffix", "no-san", "address-as-name",
    },
    "ERR_CERT_AUTHORITY_INVALID": {"self-signed", "untrusted-root", "missing-intermediate", "forged-signature"},
    "ERR_CERT_INVALID": {
        "sha1", "weak-curve", "wrong-purpose", "outside-constraints", "path-too-long", "leaf-as-authority",
        "critical-unknown",
    },
    "ERR_SSL_KEY_USAGE_INCOMPATIBLE": {"wrong-key-usage"},
    "ERR_CERT_REVOKED": {"revoked"},
}  # fmt: skip
"""What Chromium says; `test_chromium` asks it."""

OPENSSL = {
    "expired": "certificate has expired",
    "expired-intermediate": "certificate has expired",
    "not-yet-valid": "certificate is not yet valid",
    "wrong-name": "Hostname mismatch",
    "wildcard-depth": "Hostname mismatch",
    "wildcard-partial": None,  # OpenSSL by default takes a wildcard that is part of a label; Python's ssl does not
    "self-signed": "self-signed certificate",
    "untrusted-root": "self-signed certificate in certificate chain",
    "missing-intermediate": "unable to get local issuer certificate",
    "forged-signature": "certificate signature failure",
    "rsa-1024": "EE certificate key too weak",
    "sha1": "CA signature digest algorithm too weak",
    "wrong-purpose": "unsuitable certificate purpose",
    "outside-constraints": "permitted subtree violation",
    "path-too-long": "path length constraint exceeded",
    "leaf-as-authority": "invalid CA certificate",
    "critical-unknown": "unhandled critical extension",
}


def specimen(name: str) -> Specimen:
    return next(each for each in SPECIMENS if each.name == name)


def explained(zoo: ZooServer, anchors: Anchors, name: str, crl: bytes | None = None) -> Explained:
    asked = Asked(anchors, address="127.0.0.1", crl=crl)
    (case,) = cases(f"{specimen(name).host}:{zoo.port}", asked)
    assert case.presented is not None
    return case.presented


@pytest.mark.parametrize("name", NAMES)
def test_each_specimen_is_explained_for_its_own_fault(zoo: ZooServer, anchors: Anchors, crl: bytes, name: str):
    chain = explained(zoo, anchors, name, crl)
    codes = [finding.code for finding in chain.findings]
    wanted = specimen(name).code
    assert (wanted in codes) if wanted else codes == []
    refusal = next(code for code, names in CHROMIUM.items() if name in names)
    assert chain.verdict.code == refusal
    others = {"path-too-long"} if name == "leaf-as-authority" else {"untidy"} if name == "forged-signature" else set()
    assert set(codes) - {wanted} <= others  # one fault each, and nothing made up
    if chain.verdict.outcome == "accepted":
        assert chain.verdict.verifier is None
        assert chain.path.anchored
        assert all(finding.severity is not Severity.ERROR for finding in chain.findings)
    for finding in chain.findings:
        assert finding.detail.endswith(".")
        assert finding.fix.endswith((".", ")"))


def test_there_are_enough_and_each_is_told_apart():
    assert len({each.code for each in SPECIMENS}) >= 19
    assert len(SPECIMENS) >= 28
    assert sorted(name for names in CHROMIUM.values() for name in names) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_openssl_says_the_same(zoo: ZooServer, name: str):
    context = ssl.create_default_context(cafile=zoo.root_path)
    host = specimen(name).host
    said = None
    try:
        with (
            socket.create_connection(("127.0.0.1", zoo.port), 5) as connection,
            context.wrap_socket(connection, server_hostname=host),
        ):
            pass
    except ssl.SSLCertVerificationError as error:
        said = error.verify_message
    except ssl.SSLError as error:
        said = error.reason
    if OPENSSL.get(name):
        assert said is not None
        assert OPENSSL[name] in said
    elif name in (
        "good",
        "good-wildcard",
        "key-reuse",
        "untidy-chain",
        "revoked",
        "must-staple",
        "too-long-lived",
        "no-san",
    ):
        assert said is None


def test_revocation_needs_the_list(zoo: ZooServer, anchors: Anchors):
    chain = explained(zoo, anchors, "revoked")
    assert chain.verdict.outcome == "accepted"
    assert chain.path.links[0].facts.crls == ("http://crl.zoo.test/intermediate.crl",)


def test_the_chain_is_told_link_by_link(zoo: ZooServer, anchors: Anchors):
    path = explained(zoo, anchors, "untidy-chain").path
    assert [link.facts.common_name for link in path.links] == [
        "untidy-chain.zoo.test", "Zoo lower intermediate", "Zoo upper intermediate", "Zoo root",
    ]  # fmt: skip
    assert [link.position for link in path.links] == [0, 3, 1, None]
    assert [link.voucher.signature for link in path.links] == ["good", "good", "good", "good"]
    assert path.unused == (2,)
    forged = explained(zoo, anchors, "forged-signature").path
    assert forged.links[-1].voucher.signature == "bad"
    assert not forged.anchored


def test_another_name_can_be_asked_for(zoo: ZooServer, anchors: Anchors):
    asked = Asked(anchors, name="good.zoo.test")
    (case,) = cases(f"127.0.0.1:{zoo.port}", asked)
    assert case.presented is not None
    assert case.presented.host == "good.zoo.test"
    assert case.presented.verdict.outcome == "accepted"


def test_as_files_nobody_else_can_read_a_key(tmp_path: Path, anchors: Anchors):
    place = write_zoo(tmp_path / "zoo")
    assert place.stat().st_mode & 0o077 == 0
    for each in SPECIMENS:
        assert (place / f"{each.name}.key").stat().st_mode & 0o077 == 0
        assert read_facts(certificates_in((place / f"{each.name}.pem").read_bytes())[0])
        assert not holds_private_key((place / f"{each.name}.pem").read_bytes())
    with pytest.raises(FileExistsError):
        write_zoo(place)


def test_time_can_be_chosen(zoo: ZooServer, anchors: Anchors):
    asked = Asked(anchors, address="127.0.0.1", at=time.time() + 40 * 86_400)
    (case,) = cases(f"good.zoo.test:{zoo.port}", asked)
    assert case.presented is not None
    assert case.presented.verdict.code == "ERR_CERT_DATE_INVALID"
    assert len([f for f in case.presented.findings if f.code == "expired"]) == 3
