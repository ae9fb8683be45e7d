"""`inspector trust show` on hosts, recordings, files and hostile octets, through the command line."""

from __future__ import annotations

import datetime as dt
import json
import ssl
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.cli import main
from inspector.learn.lab import Lab
from inspector.learn.lab.zoo import ZooServer
from inspector.proxy.master import RunningProxy
from inspector.proxy.options import ProxyOptions
from inspector.trust.anchors import Anchors, from_file, system_anchors
from inspector.trust.ca import DAY, Authority, Validity
from inspector.trust.checks_trust import public_limit
from inspector.trust.explain import explain_chain
from inspector.trust.facts import BadCertificate, read_facts
from inspector.trust.pem import certificates_in, to_pem
from tests.conftest import needs_real_captures, real_captures
from tests.proxy.conftest import Collected

NOW = dt.datetime.now(dt.UTC).timestamp()


def show(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["trust", "show", *arguments])


@pytest.fixture(scope="module")
def recorded(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A flow file of one exchange through the real proxy, and the proxy's authority."""
    place = tmp_path_factory.mktemp("recorded")
    options = ProxyOptions(
        port=0, confdir=place / "ca", upstream_ca=lab.ca.certificate_path, resolve=lab.host_rules, only_loopback=True,
        save=place / "traffic.mitm",
    )  # fmt: skip
    with RunningProxy(options, Collected()) as proxy:
        context = ssl.create_default_context(cafile=proxy.ca_certificate)
        with httpx.Client(proxy=proxy.url, verify=context, trust_env=False) as client:
            for _ in range(2):
                assert client.get(f"{lab.origins.shop}/").status_code == 200
    return place / "traffic.mitm", place / "ca/mitmproxy-ca-cert.pem"


def test_a_recording_of_the_proxy_shows_both_chains(recorded: tuple[Path, Path], lab: Lab):
    traffic, _ = recorded
    shown = show(str(traffic), "--ca", str(lab.ca.certificate_path))
    assert shown.exit_code == 0, shown.output
    said = " ".join(shown.output.split())
    assert "entries 0, 1 of the recording" in said
    assert "✓ accepted" in said
    assert "Both chains side by side" in said
    assert "How the client could have noticed" in said
    assert "shows `mitmproxy` where the server's own says `HTTP inspector lab" in said
    (case,) = json.loads(show(str(traffic), "--ca", str(lab.ca.certificate_path), "--format", "json").output)["chains"]
    assert case["presented"]["verdict"]["outcome"] == "accepted"
    assert (
        case["shown"]["verdict"]["code"] == "ERR_CERT_AUTHORITY_INVALID"
    )  # without the proxy's authority in the store
    assert [finding["code"] for finding in case["shown"]["findings"]] == ["proxy-authority", "key-reuse"]
    assert "vouched by `mitmproxy` (known from the recording)" in said
    assert [link["voucher"]["kind"] for link in case["shown"]["path"]["links"]] == ["known", "itself"]
    assert "keeps the server's certificate alone" not in said
    assert case["sides"]["intercepted"] is True


def test_through_a_proxy_both_are_asked(lab: Lab, recorded: tuple[Path, Path], tmp_path: Path):
    options = ProxyOptions(
        port=0,
        confdir=recorded[1].parent,
        upstream_ca=lab.ca.certificate_path,
        resolve=lab.host_rules,
        only_loopback=True,
    )
    both = tmp_path / "both.pem"
    both.write_bytes(recorded[1].read_bytes() + lab.ca.certificate_path.read_bytes())
    with RunningProxy(options, Collected()) as proxy:
        target = lab.origins.shop.removeprefix("https://")
        shown = show(target, "--address", "127.0.0.1", "--proxy", proxy.url, "--ca", str(both))
    said = " ".join(shown.output.split())
    assert shown.exit_code == 0
    assert said.count("✓ accepted") == 2
    assert "The authority's key: what the client was shown has the same key" in said


def test_a_har_says_what_it_knows_and_what_it_does_not(tmp_path: Path):
    entry = {
        "startedDateTime": "2026-01-01T00:00:00Z",
        "request": {"method": "GET", "url": "https://shop.test/", "headers": []},
        "response": {
            "status": 200,
            "headers": [],
            "_securityDetails": {
                "protocol": "TLS 1.3", "subjectName": "shop.test", "issuer": "Some CA", "sanList": ["*.shop.test"],
                "validFrom": 1700000000, "validTo": 1760000000,
            },
        },
    }  # fmt: skip
    file = tmp_path / "x.har"
    file.write_text(
        json.dumps({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": [entry]}})
    )
    shown = show(str(file))
    said = " ".join(shown.output.split())
    assert shown.exit_code == 0, shown.output
    assert "The key, the signature and who made it" in said
    assert "Some CA, it says" in said


@needs_real_captures
def test_real_recordings_are_read_or_refused_in_one_line():
    for path in real_captures()[:8]:
        shown = show(str(path))
        assert shown.exit_code in (0, 2)
        assert shown.exit_code == 0 or shown.stderr.count("\n") == 1


def test_a_file(tmp_path: Path, zoo: ZooServer):
    issued = zoo.zoo.issued["good"]
    file = tmp_path / "good.pem"
    file.write_bytes(b"some words\n" + issued.chain_pem + issued.key_pem)
    shown = show(str(file), "--ca", str(zoo.root_path))
    assert "It speaks for the names it lists: `good.zoo.test`" in " ".join(shown.output.split())
    assert "A private key is in the same file" in shown.output
    assert "✗ refused" in show(str(file), "--ca", str(zoo.root_path), "--name", "other.test").output
    der = tmp_path / "good.crt"
    der.write_bytes(issued.certificate.public_bytes(Encoding.DER))
    assert "The chain ends before" in show(str(der), "--ca", str(zoo.root_path)).output
    root = show(str(zoo.root_path), "--ca", str(zoo.root_path))
    assert "This is an authority's certificate" in root.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/nowhere/file.pem"], "there is no file"),
        (["127.0.0.1:1"], "cannot connect to 127.0.0.1:1"),
        (["a b"], "neither a file, a host"),
        (["shop.test", "--ca", "/nowhere.pem"], "cannot read"),
        (["shop.test", "--crl", "/nowhere.crl"], "/nowhere.crl"),
        (["shop.test", "--address", "127.0.0.1", "--proxy", "ftp://x"], "HTTP proxy"),
    ],
)
def test_what_cannot_be_explained_is_said_in_one_line(arguments: list[str], said: str):
    from inspector.cli import LazyGroup

    assert isinstance(main, LazyGroup)
    shown = CliRunner().invoke(main, ["trust", "show", *arguments])
    assert shown.exit_code == 2
    assert said in shown.stderr
    assert shown.stderr.count("\n") == 1
    assert "Traceback" not in shown.output


def test_names_from_strangers_cannot_move_the_cursor(tmp_path: Path, anchors: Anchors):
    key = zoo_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "evil\x1b[2J\u202ename")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(dt.datetime(2026, 1, 1)).not_valid_after(dt.datetime(2027, 1, 1)).sign(key, None)
    )  # fmt: skip
    file = tmp_path / "evil.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM))
    shown = show(str(file), "--name", "shop.test")
    assert shown.exit_code == 0
    assert "\x1b" not in shown.output
    assert "\u202e" not in shown.output
    codes = [f.code for f in explain_chain(certificates_in(file.read_bytes()), anchors, NOW, "shop.test").findings]
    assert "weak-key" in codes  # browsers take no Ed25519 in certificates
    assert "self-signed" in codes


def zoo_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_certificates_are_refused_or_explained(data: st.DataObject):
    damaged = bytearray(_DER)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_facts(bytes(damaged))
    except BadCertificate:
        return
    explained = explain_chain([bytes(damaged)], _ANCHORS, NOW, "shop.test")
    assert bytes(damaged) == _DER or explained.verdict.outcome in ("refused", "unknown")


_ROOT = Authority.create_root("Damaged")
_DER = _ROOT.issue(["shop.test"]).certificate.public_bytes(Encoding.DER)
_ANCHORS = Anchors("a test's", (_ROOT.certificate.public_bytes(Encoding.DER),))


def test_authorities_that_browsers_ship_are_held_to_their_rules(zoo: ZooServer):
    root = Authority.create_root("Public", validity=Validity.lasting(900 * DAY))
    der = root.certificate.public_bytes(Encoding.DER)
    anchors = Anchors("public", (der,), frozenset({read_facts(der).sha256}))
    leaf = root.issue(["shop.test"], validity=Validity.lasting(300 * DAY)).certificate.public_bytes(Encoding.DER)
    found = explain_chain([leaf], anchors, NOW, "shop.test")
    assert found.verdict.code == "ERR_CERT_VALIDITY_TOO_LONG"
    assert "no-timestamps" in [finding.code for finding in found.findings]


@pytest.mark.parametrize(
    ("issued", "days"),
    [("2026-03-14", 398), ("2026-03-15", 200), ("2027-03-15", 100), ("2029-03-15", 47), ("2019-01-01", 825)],
)
def test_lifetimes_of_public_certificates(issued: str, days: int):
    assert public_limit(dt.datetime.fromisoformat(issued).replace(tzinfo=dt.UTC).timestamp()) == days


def test_every_authority_of_this_system_can_be_read():
    anchors = system_anchors()
    assert len(anchors.ders) > 50
    assert anchors.public
    for der in anchors.ders:
        facts = read_facts(der)
        assert facts.subject
        assert not facts.unreadable
        assert certificates_in(to_pem(der)) == [der]


def test_a_revocation_list_must_be_signed_by_the_issuer(zoo: ZooServer, tmp_path: Path):
    forged = Authority.create_root("Zoo intermediate").revoke(zoo.zoo.issued["good"].certificate)
    file = tmp_path / "forged.crl"
    file.write_bytes(forged.public_bytes(Encoding.PEM))
    target = f"good.zoo.test:{zoo.port}"
    options = ("--address", "127.0.0.1", "--ca", str(zoo.root_path), "--crl", str(file))
    shown = show(target, *options)
    assert "✓ accepted" in shown.output
    assert "Revocation was not looked up" in shown.output
    file.write_bytes(b"nonsense")
    assert show(target, *options).exit_code == 2


def test_a_file_of_authorities_is_read(tmp_path: Path, zoo: ZooServer):
    anchors = from_file(zoo.root_path)
    assert anchors.named(zoo.zoo.root.certificate.subject.public_bytes()) == anchors.ders
    assert zoo.zoo.root.certificate.fingerprint(hashes.SHA256()).hex() == read_facts(anchors.ders[0]).sha256
