"""What the lessons claim, asserted: each experiment on its own, on real sockets."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from inspector.learn.bench import Bench
from inspector.learn.experiments.opened import (
    NotOpened,
    application_data,
    open_with_key_log,
    open_with_server_key,
)
from inspector.learn.experiments.records import hello, messages, records
from inspector.learn.experiments.relay import Chunk, Relay, sent_by, without_tunnel
from inspector.learn.experiments.shop import LOGIN, WELCOME, Shop, visit
from inspector.learn.experiments.stand import (
    authority,
    both_trusted,
    certificate,
    client,
    middle,
    overheard,
    plain_shop,
    recorded_12,
    recorded_13,
    server_key,
    serving,
    shop,
    trusting,
)
from inspector.learn.experiments.transparency import Log, promises_kept, with_promises
from inspector.trust.ca import Authority, spki_sha256


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """One bench for all; when it is left, nothing must be left of it."""
    with Bench() as held:
        yield held
        ports = [held.have(shop).port, held.have(plain_shop).port, held.have(middle).port]
        place = held.directory
        assert place.stat().st_mode & 0o077 == 0
    assert not place.exists()
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)


def test_the_relay_changes_nothing(bench: Bench):
    met, recording = overheard(bench.have(plain_shop).port, None)
    assert met.status == "HTTP/1.1 200 OK"
    assert sent_by("client", recording) == LOGIN
    assert sent_by("server", recording) == met.answer
    assert met.answer.endswith(WELCOME)
    assert [chunk.at for chunk in recording] == sorted(chunk.at for chunk in recording)


def test_a_recording_of_tls_12_with_rsa_opens_with_the_servers_key(bench: Bench):
    recording = bench.have(recorded_12)
    assert not any(b"sesame" in chunk.data for chunk in recording)
    opened = open_with_server_key(recording, bench.have(server_key))
    assert application_data(opened.said, "client") == LOGIN
    assert application_data(opened.said, "server").endswith(WELCOME)
    assert len(opened.premaster) == 48
    assert [each.name for each in opened.said][:2] == ["Finished", "Finished"]
    assert [each.name for each in messages(recording)][:5] == [
        "ClientHello",
        "ServerHello",
        "Certificate",
        "ServerHelloDone",
        "ClientKeyExchange",
    ]


def test_and_with_no_other_key(bench: Bench):
    another = rsa.generate_private_key(65537, 2048)
    with pytest.raises(NotOpened, match="not the key"):
        open_with_server_key(bench.have(recorded_12), another)


def test_a_recording_of_tls_12_with_diffie_hellman_does_not(bench: Bench):
    user = client(bench)
    user.maximum_version = ssl.TLSVersion.TLSv1_2
    met, recording = overheard(bench.have(shop).port, user)
    assert met.version == "TLSv1.2"
    assert "ServerKeyExchange" in [each.name for each in messages(recording)]
    with pytest.raises(NotOpened, match="agreed on"):
        open_with_server_key(recording, bench.have(server_key))


def test_a_recording_of_tls_13_opens_with_the_key_log_alone(bench: Bench):
    recording, log = bench.have(recorded_13)
    with pytest.raises(NotOpened, match="no ClientKeyExchange"):
        open_with_server_key(recording, bench.have(server_key))
    said = open_with_key_log(recording, log)
    assert application_data(said, "client") == LOGIN
    names = [each.name for each in said]
    assert names[:5] == ["EncryptedExtensions", "Certificate", "CertificateVerify", "Finished", "Finished"]
    assert bench.have(certificate).certificate.public_bytes(Encoding.DER) in said[1].data
    with pytest.raises(NotOpened, match="no secrets of this connection"):
        open_with_key_log(recording, "# empty\n")


def test_what_tls_13_shows(bench: Bench):
    recording, _ = bench.have(recorded_13)
    first, second = messages(recording)[:2]
    assert hello(first.data).server_name == "shop.test"
    assert hello(second.data).server_name is None
    assert len(hello(first.data).key_share or b"") == len(hello(second.data).key_share or b"") == 32
    assert "Certificate" not in [each.name for each in messages(recording)]
    whole = b"".join(chunk.data for chunk in recording)
    assert sum(len(record.data) for record in records(recording)) == len(whole)
    assert b"sesame" not in whole


def test_records_do_not_depend_on_how_octets_arrive(bench: Bench):
    recording, _ = bench.have(recorded_13)
    crumbs = [Chunk(chunk.sender, chunk.at, bytes([octet])) for chunk in recording for octet in chunk.data]
    assert records(crumbs) == records(recording)


@given(st.lists(st.tuples(st.sampled_from(["client", "server"]), st.binary(max_size=60)), max_size=8))
def test_what_is_no_tls_is_cut_without_harm(pieces: list[tuple[str, bytes]]):
    recording = [Chunk(sender, 0.0, data) for sender, data in pieces]  # type: ignore[arg-type]
    assert sum(len(record.data) for record in records(recording)) <= sum(len(data) for _, data in pieces)
    messages(recording)


# -- the proxy -------------------------------------------------------------------------------------------------------


def test_a_client_that_does_not_trust_the_proxy_says_so_and_sends_nothing(bench: Bench):
    proxy = bench.have(middle)
    since = proxy.overheard.count
    met, recording = overheard(bench.have(shop).port, client(bench), proxy.port)
    assert met.answer == b""
    assert met.code == 20
    assert "Alert: unknown_ca" in [each.name for each in messages(without_tunnel(recording))]
    heard = proxy.overheard.next(since)
    assert heard is not None
    assert "tls/client-distrusts" in [each.rule for each in heard[1].annotations]
    assert heard[0].response is None


def test_a_client_that_trusts_it_is_read(bench: Bench):
    proxy = bench.have(middle)
    since = proxy.overheard.count
    met, recording = overheard(bench.have(shop).port, bench.have(both_trusted), proxy.port)
    assert met.answer.endswith(WELCOME)
    heard = proxy.overheard.next(since, lambda x: x.response is not None)
    assert heard is not None
    assert heard[0].request.body.data == b"user=ada&password=open+sesame"
    assert not any(b"sesame" in chunk.data for chunk in recording)


def test_a_pin_tells_the_proxy_from_the_server(bench: Bench):
    port, user = bench.have(shop).port, bench.have(both_trusted)
    pins = []
    for proxy in (None, bench.have(middle).port):
        der = visit(port, user, proxy=proxy).certificate
        assert der is not None
        pins.append(spki_sha256(x509.load_der_x509_certificate(der)))
    assert pins[0] == spki_sha256(bench.have(certificate).certificate) != pins[1]


def test_a_client_certificate_does_not_pass_the_proxy(bench: Bench):
    issuer, proxy = bench.have(authority), bench.have(middle)
    staff = serving(bench, bench.have(certificate))
    staff.verify_mode = ssl.CERT_OPTIONAL
    staff.load_verify_locations(cadata=issuer.certificate_pem.decode())
    user = trusting(issuer.certificate_pem, proxy.ca_path.read_bytes())
    user.load_cert_chain(
        *issuer.issue(["ada.test"], usages=[ExtendedKeyUsageOID.CLIENT_AUTH]).write(bench.directory, "ada")
    )
    with Shop(staff) as server:
        assert visit(server.port, client(bench)).status.startswith("HTTP/1.1 400")
        assert visit(server.port, user).status == "HTTP/1.1 200 OK"
        assert visit(server.port, user, proxy=proxy.port).status.startswith("HTTP/1.1 400")


# -- transparency ----------------------------------------------------------------------------------------------------


def test_promises_are_signed_for_one_certificate_by_one_log():
    issuer, stranger = (Authority.create_root(name, permitted=["test"]) for name in ("Authority", "Another"))
    one, other, unknown = Log(), Log(), Log()
    issued = with_promises(issuer, issuer.issue(["shop.test"]), [one, other])
    made, above = issued.certificate, issuer.certificate
    assert promises_kept(made, above, [one, other]) == 2
    assert promises_kept(made, above, [other]) == 1
    assert promises_kept(made, above, [unknown]) == 0
    assert promises_kept(made, stranger.certificate, [one, other]) == 0
    assert promises_kept(issuer.issue(["shop.test"]).certificate, above, [one, other]) == 0
    assert one.entries == [("shop.test",)]
    made.verify_directly_issued_by(above)
    stamps = made.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    assert all(abs(now - stamp.timestamp) < dt.timedelta(minutes=5) for stamp in stamps)


def test_promises_moved_to_another_certificate_do_not_count():
    from inspector.learn.experiments import transparency

    issuer, log = Authority.create_root("Authority", permitted=["test"]), Log()
    good = with_promises(issuer, issuer.issue(["shop.test"]), [log]).certificate
    (stamp,) = good.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    copied = b"\0" + stamp.log_id + good.public_bytes(Encoding.DER).partition(stamp.log_id)[2]
    size = 1 + 32 + 8 + 2 + 2 + 2 + len(stamp.signature)
    packed = size.to_bytes(2) + copied[:size]
    moved = transparency._again(issuer, issuer.issue(["bank.test"]).certificate, packed)
    assert (
        len(list(moved.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value)) == 1
    )
    assert promises_kept(moved, issuer.certificate, [log]) == 0


# -- ends ------------------------------------------------------------------------------------------------------------


def test_a_relay_nobody_comes_to_ends_at_once():
    with Relay(9) as relay:
        pass
    assert relay.recording() == ()
