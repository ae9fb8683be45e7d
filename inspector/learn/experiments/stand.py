"""What the lesson on the man in the middle stands on: the shop, its keys, recordings, the proxy.

Each function makes one thing for a run of a lesson, to be had by ``bench.have(shop)``.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from inspector.learn.bench import Bench
from inspector.learn.lesson import Unexpected

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from inspector.learn.experiments.middle import Middle
    from inspector.learn.experiments.relay import Chunk
    from inspector.learn.experiments.shop import Met, Shop
    from inspector.learn.lab.zoo import ZooServer
    from inspector.trust.ca import Authority, Issued

Recording = tuple["Chunk", ...]

# -- what the steps stand on: made when first needed, for this run alone ---------------------------------------------


def server_key(_: Bench) -> RSAPrivateKey:
    """The shop's private key."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(65537, 2048)


def authority(_: Bench) -> Authority:
    """Who vouches for the shop. It can vouch for names under `.test` alone, which no real site has."""
    from inspector.trust.ca import Authority

    return Authority.create_root("Authority of this lesson", permitted=["test"])


def certificate(bench: Bench) -> Issued:
    """The shop's certificate, for its RSA key."""
    return bench.have(authority).issue(["shop.test"], key=bench.have(server_key))


def serving(bench: Bench, issued: Issued) -> ssl.SSLContext:
    """A server's settings with a certificate."""
    from cryptography.hazmat.primitives.hashes import SHA256

    name = issued.certificate.fingerprint(SHA256()).hex()
    files = bench.directory / f"{name}.pem", bench.directory / f"{name}.key"
    if not files[0].exists():
        issued.write(bench.directory, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    context.set_alpn_protocols(["http/1.1"])
    context.num_tickets = 0  # tickets for a later visit would make the recordings longer, and say nothing here
    return context


def trusting(*pems: bytes) -> ssl.SSLContext:
    """A client's settings, as Python has them for everybody; it trusts these authorities and no other."""
    context = ssl.create_default_context(cadata="".join(pem.decode("ascii") for pem in pems) or None)
    context.set_alpn_protocols(["http/1.1"])
    return context


def client(bench: Bench) -> ssl.SSLContext:
    """A client that trusts the lesson's authority."""
    return trusting(bench.have(authority).certificate_pem)


def plain_shop(bench: Bench) -> Shop:
    """The shop without TLS."""
    from inspector.learn.experiments.shop import Shop

    return bench.enter(Shop())


def shop(bench: Bench) -> Shop:
    """The shop with TLS as it is today."""
    from inspector.learn.experiments.shop import Shop

    return bench.enter(Shop(serving(bench, bench.have(certificate))))


def recorded_12(bench: Bench) -> Recording:
    """A login over TLS 1.2 with RSA key exchange, as the eavesdropper has it."""
    from inspector.learn.experiments.shop import Shop

    server, user = serving(bench, bench.have(certificate)), client(bench)
    for each in (server, user):
        each.maximum_version = ssl.TLSVersion.TLSv1_2
        each.options |= ssl.OP_NO_TICKET
        try:
            each.set_ciphers("AES128-GCM-SHA256")
        except ssl.SSLError as error:
            raise Unexpected(f"this machine's {ssl.OPENSSL_VERSION} no longer has RSA key exchange") from error
    with Shop(server) as old:
        return overheard(old.port, user)[1]


def recorded_13(bench: Bench) -> tuple[Recording, str]:
    """A login over TLS 1.3, and the key log that the client wrote."""
    user, log = client(bench), bench.directory / "keys.log"
    user.minimum_version = ssl.TLSVersion.TLSv1_3
    user.keylog_filename = str(log)
    return overheard(bench.have(shop).port, user)[1], log.read_text("ascii")


def overheard(port: int, context: ssl.SSLContext | None, proxy: int | None = None) -> tuple[Met, Recording]:
    """A login, and what passed: the relay stands before the proxy where there is one, else before the server."""
    from inspector.learn.experiments.relay import Relay
    from inspector.learn.experiments.shop import visit

    with Relay(proxy or port) as relay:
        met = visit(port, context, proxy=relay.port) if proxy else visit(relay.port, context)
        return met, relay.recording()


def zoo(bench: Bench) -> ZooServer:
    """Certificates broken in one way each."""
    from inspector.learn.lab.zoo import ZooServer

    return bench.enter(ZooServer())


def middle(bench: Bench) -> Middle:
    """The proxy. It accepts the lesson's authority and the zoo's from servers."""
    from inspector.learn.experiments.middle import LOOPBACK, Middle, run_proxy

    animals = bench.have(zoo)
    trusted = bench.have(authority).certificate_pem, animals.root_path.read_bytes()
    proxy, heard = run_proxy(bench.directory / "proxy", trusted, {**animals.names, "shop.test": LOOPBACK})
    return Middle(bench.enter(proxy), heard)


def both_trusted(bench: Bench) -> ssl.SSLContext:
    """A client that trusts the lesson's authority and the proxy's."""
    return trusting(bench.have(authority).certificate_pem, bench.have(middle).ca_path.read_bytes())


def met_or_not(met: Met, good: bool, what: str) -> None:
    """Stop the experiment where it did not go as the lesson tells it."""
    if met.status.endswith("200 OK") != good:
        raise Unexpected(f"{what}: {met.refused or met.status or 'no answer'}")
