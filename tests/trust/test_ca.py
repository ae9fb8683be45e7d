"""The certificate authority: what it issues is accepted, or refused for the one reason that was asked for."""

from __future__ import annotations

import datetime as dt
import os
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from inspector.trust.ca import DAY, HOUR, Authority, Issued, Validity, spki_sha256, write_new


def handshake(issued: Issued, trusted: x509.Certificate, host: str, tmp_path: Path) -> str | None:
    """A real TLS handshake over a socket pair; the client's verification error, or None."""
    from inspector.trust.ca import certificate_pem

    chain, key = issued.write(tmp_path, f"leaf-{issued.certificate.serial_number:x}")
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(chain, key)
    client_context = ssl.create_default_context(cadata=certificate_pem(trusted).decode())
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs:
            try:
                server_context.wrap_socket(theirs, server_side=True).close()
            except (ssl.SSLError, OSError):
                pass  # the client refused, which the client's side of the test reports

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours, client_context.wrap_socket(ours, server_hostname=host):
            return None
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        thread.join()


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.create_root("Test root", permitted=["test", "localhost", "127.0.0.0/8"])


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (["shop.test"], "shop.test"),
        (["*.shop.test"], "api.shop.test"),
        (["localhost", "127.0.0.1"], "127.0.0.1"),
    ],
)
def test_a_leaf_is_accepted(root: Authority, names: list[str], host: str, tmp_path: Path):
    assert handshake(root.issue(names), root.certificate, host, tmp_path) is None


def test_a_chain_with_an_intermediate_is_accepted_and_without_it_refused(root: Authority, tmp_path: Path):
    issued = root.create_intermediate("Test intermediate").issue(["shop.test"])
    assert len(issued.intermediates) == 1
    assert handshake(issued, root.certificate, "shop.test", tmp_path) is None
    bare = Issued(issued.certificate, issued.key)
    (tmp_path / "bare").mkdir()
    refused = handshake(bare, root.certificate, "shop.test", tmp_path / "bare")
    assert refused == "unable to get local issuer certificate"


def test_each_flaw_is_refused_for_its_own_reason(root: Authority, tmp_path: Path):
    now = dt.datetime.now(dt.UTC)
    flaws = {
        "certificate has expired": root.issue(["shop.test"], validity=Validity(now - 2 * DAY, now - DAY)),
        "certificate is not yet valid": root.issue(["shop.test"], validity=Validity.lasting(DAY, start=now + HOUR)),
        "permitted subtree violation": root.issue(["bank.example"]),
        "unsuitable certificate purpose": root.issue(["shop.test"], usages=[ExtendedKeyUsageOID.CLIENT_AUTH]),
    }
    for reason, issued in flaws.items():
        host = "bank.example" if "subtree" in reason else "shop.test"
        assert handshake(issued, root.certificate, host, tmp_path) == reason
    message = handshake(root.issue(["shop.test"]), root.certificate, "other.test", tmp_path)
    assert message is not None
    assert "Hostname mismatch" in message
    message = handshake(root.issue([]), root.certificate, "shop.test", tmp_path)
    assert message is not None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_constraints_on_names_leave_no_address_free(address: str, tmp_path: Path):
    named = Authority.create_root("Names only", permitted=["test"])
    refused = handshake(named.issue([address]), named.certificate, address, tmp_path)
    assert refused == "excluded subtree violation"
    local = Authority.create_root("One network", permitted=["test", "127.0.0.0/8"])
    outside = "::1" if address == "127.0.0.1" else "192.0.2.1"
    assert handshake(local.issue([outside]), local.certificate, outside, tmp_path) == "permitted subtree violation"


def test_a_stranger_is_not_trusted(root: Authority, tmp_path: Path):
    stranger = Authority.create_root("Test root")
    assert handshake(stranger.issue(["shop.test"]), root.certificate, "shop.test", tmp_path) is not None


def test_validity_cannot_end_before_it_starts(root: Authority):
    now = dt.datetime.now(dt.UTC)
    with pytest.raises(ValueError):
        root.issue(["shop.test"], validity=Validity(now, now - DAY))


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_the_key_is_for_its_owner_alone_whatever_the_umask(root: Authority, tmp_path: Path):
    before = os.umask(0)
    try:
        _, key = root.issue(["shop.test"]).write(tmp_path, "leaf")
    finally:
        os.umask(before)
    assert key.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE KEY" not in root.certificate_pem


def test_nothing_is_overwritten(tmp_path: Path):
    write_new(tmp_path / "file", b"first", mode=0o600)
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "file", b"second", mode=0o600)
    assert (tmp_path / "file").read_bytes() == b"first"


def test_the_hash_names_the_key(root: Authority):
    one, other = root.issue(["shop.test"]), root.issue(["shop.test"])
    assert spki_sha256(one.certificate) != spki_sha256(other.certificate)
    assert len(spki_sha256(one.certificate)) == 44
