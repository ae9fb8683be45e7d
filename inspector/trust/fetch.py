"""What a server shows: one TLS handshake that judges nothing, so that the broken can be looked at too.

Directly, or through an HTTP proxy (``CONNECT``), where an intercepting one shows a certificate of its own making.
"""

from __future__ import annotations

import socket
import struct
from urllib.parse import urlsplit

from msgspec import Struct
from OpenSSL import SSL

from inspector.trust.explain import Handshake
from inspector.trust.names import is_address

TIMEOUT = 10.0
_HEAD = 65_536


class FetchError(Exception):
    """No chain could be had; the message is one line that says where it went wrong."""


class Shown(Struct, frozen=True):
    """The certificates (DER, the server's own first) and what else the handshake settled."""

    chain: tuple[bytes, ...]
    handshake: Handshake


def fetch_chain(
    host: str,
    port: int,
    *,
    name: str | None = None,
    address: str | None = None,
    proxy: str | None = None,
    timeout: float = TIMEOUT,
) -> Shown:
    """Shake hands with a server and return what it showed.

    Args:
        host: whom to connect to.
        port: where.
        name: the name to ask for (SNI); `host` if not given. Never sent for addresses (RFC 6066, section 3).
        address: connect here instead of looking `host` up.
        proxy: ``http://HOST:PORT`` of a proxy to go through.
        timeout: seconds for each step.

    Raises:
        FetchError: there is no such host, nobody answers, or the handshake fails before a certificate is shown.
    """
    connection = _connect(host, port, address, proxy, timeout)
    try:
        return _shake(connection, name or host, timeout)
    finally:
        connection.close()


def _connect(host: str, port: int, address: str | None, proxy: str | None, timeout: float) -> socket.socket:
    if proxy is None:
        return _open(address or host, port, timeout, f"{host}:{port}")
    parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    try:
        proxy_host, proxy_port = parts.hostname, parts.port or 8080
    except ValueError as error:
        raise FetchError(f"'{proxy}' is not the address of a proxy") from error
    if proxy_host is None or parts.scheme not in ("", "http"):
        raise FetchError(f"'{proxy}' is not the address of an HTTP proxy: write http://127.0.0.1:8080")
    connection = _open(proxy_host, proxy_port, timeout, f"the proxy at {proxy_host}:{proxy_port}")
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode("ascii"))
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(4096)
            if not received or len(head) > _HEAD:
                raise FetchError(
                    f"the proxy at {proxy_host}:{proxy_port} hung up instead of answering CONNECT {target}"
                )
            head += received
    except OSError as error:
        connection.close()
        raise FetchError(f"the proxy at {proxy_host}:{proxy_port} did not answer: {error.strerror or error}") from error
    status = head.split(b"\r\n", 1)[0].decode("latin-1")
    if status.split(" ")[1:2] != ["200"]:
        connection.close()
        raise FetchError(f"the proxy does not connect to {target}: it answered {status[:120]}")
    return connection


def _open(host: str, port: int, timeout: float, shown: str) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout)
    except socket.gaierror as error:
        raise FetchError(f"there is no host {host}: {error.strerror}") from error
    except TimeoutError as error:
        raise FetchError(f"nobody answers at {shown} within {timeout:.0f} seconds") from error
    except (OSError, UnicodeError) as error:
        raise FetchError(f"cannot connect to {shown}: {getattr(error, 'strerror', None) or error}") from error


def _shake(connection: socket.socket, name: str, timeout: float) -> Shown:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")  # to look at what is too weak to be used
    stapled: list[bool] = []

    def ocsp(_: SSL.Connection, answer: bytes, __: object) -> bool:
        stapled.append(bool(answer))
        return True

    context.set_ocsp_client_callback(ocsp)
    tls = SSL.Connection(context, connection)
    tls.request_ocsp()
    tls.set_alpn_protos([b"h2", b"http/1.1"])
    if not is_address(name):
        tls.set_tlsext_host_name(name.encode("ascii"))
    tls.set_connect_state()
    # A blocking socket with the system's own time limit: pyOpenSSL does not know Python's.
    connection.settimeout(None)
    limit = struct.pack("ll", int(timeout), 0)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        connection.setsockopt(socket.SOL_SOCKET, option, limit)
    try:
        tls.do_handshake()
    except (SSL.Error, OSError) as error:
        chain = _chain(tls)
        if chain:
            return Shown(chain, Handshake(stapled=any(stapled)))
        raise FetchError(
            f"the TLS handshake with {name} failed before a certificate was shown: {_why(error)}"
        ) from error
    alpn = tls.get_alpn_proto_negotiated().decode("latin-1") or None
    return Shown(
        _chain(tls), Handshake(tls.get_protocol_version_name(), tls.get_cipher_name(), alpn, stapled=any(stapled))
    )


def _chain(tls: SSL.Connection) -> tuple[bytes, ...]:
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        shown = tls.get_peer_cert_chain(as_cryptography=True) or []
    except ValueError:  # one of them cannot even be parsed
        return ()
    return tuple(each.public_bytes(Encoding.DER) for each in shown)


def _why(error: Exception) -> str:
    if isinstance(error, SSL.SysCallError):
        return "the other side hung up"
    if isinstance(error, (TimeoutError, SSL.WantReadError)):
        return "no answer in time"
    reasons = error.args[0] if error.args else ()
    said = str(reasons[0][-1]) if isinstance(reasons, list) and reasons else str(error) or "no reason was given"
    return (
        "what answers there does not speak TLS"
        if said in ("wrong version number", "http request", "packet length too long")
        else said
    )
