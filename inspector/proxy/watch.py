"""Learning from mitmproxy's hooks what a flow itself does not tell: see `facts`."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector.proxy.facts import FACTS, note_fact

if TYPE_CHECKING:
    from cryptography import x509
    from mitmproxy import certs, connection, http, tls
    from mitmproxy.proxy import server_hooks


class _Seen(Struct):
    """What is known of one open connection."""

    uses: int = 0
    shaking: float | None = None
    tls: float | None = None
    verify_error: str | None = None
    authority: bytes | None = None


class Watcher:
    """Counts the exchanges of each connection, times handshakes, and keeps certificates mitmproxy forgets.

    Remembers open connections only. `name` tells several of them apart in one mitmproxy.
    """

    def __init__(self, name: str = "inspector-watcher") -> None:
        self.name = name
        self._connections: dict[str, _Seen] = {}

    # -- connections ---------------------------------------------------------------------------------------------

    def tls_start_client(self, data: tls.TlsData) -> None:
        """A handshake with a client begins."""
        self._seen(data.conn).shaking = time.perf_counter()

    def tls_start_server(self, data: tls.TlsData) -> None:
        """A handshake with a server begins. mitmproxy's own times would include waiting for the client."""
        self._seen(data.conn).shaking = time.perf_counter()

    def tls_established_client(self, data: tls.TlsData) -> None:
        """A client accepted us: keep the certificate it was shown, where mitmproxy has a place for it."""
        self._shaken(data.conn)
        shown = data.ssl_conn.get_certificate() if data.ssl_conn is not None else None
        if shown is not None and data.context.client.mitmcert is None:
            from mitmproxy import certs

            data.context.client.mitmcert = certs.Cert.from_pyopenssl(shown)
        if data.context.client.mitmcert is not None:
            self._seen(data.conn).authority = _authority_of(data.context.client.mitmcert)

    def tls_established_server(self, data: tls.TlsData) -> None:
        """A server was accepted: because its certificate is good, or because nobody was to check it."""
        from mitmproxy import ctx

        self._shaken(data.conn)
        seen = self._seen(data.conn)
        if not ctx.options.ssl_insecure:
            seen.verify_error = ""
        elif data.ssl_conn is not None:
            seen.verify_error = _unchecked(data)

    def tls_failed_server(self, data: tls.TlsData) -> None:
        """A server was rejected: keep the chain it showed, which mitmproxy only keeps of those it accepts."""
        self._shaken(data.conn)
        if data.ssl_conn is None or data.conn.certificate_list:
            return
        from mitmproxy import certs

        chain = []
        for shown in data.ssl_conn.get_peer_cert_chain() or ():
            try:
                chain.append(certs.Cert.from_pyopenssl(shown))
            except ValueError:  # a certificate that cannot even be parsed
                break
        data.conn.certificate_list = chain

    def client_disconnected(self, client: connection.Client) -> None:
        """Forget a connection."""
        self._connections.pop(client.id, None)

    def server_disconnected(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Forget a connection."""
        self._connections.pop(data.server.id, None)

    # -- exchanges -----------------------------------------------------------------------------------------------

    def response(self, flow: http.HTTPFlow) -> None:
        """An exchange has its response."""
        self._note(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """An exchange failed. Where an alert of the server's ended its connection, that is why."""
        from inspector.proxy.late_alert import alert_after_handshake

        alert = alert_after_handshake(flow.server_conn)
        if flow.live and flow.error is not None and alert is not None and alert not in flow.error.msg:
            flow.error.msg = f"{flow.error.msg} after a TLS alert: {alert}"
        self._note(flow)

    def _note(self, flow: http.HTTPFlow) -> None:
        if not flow.live or "client_use" in flow.metadata.get(FACTS, ()):
            return  # read from a file, with facts of its own; or counted already
        client = self._seen(flow.client_conn)
        client.uses += 1
        note_fact(flow, "client_use", client.uses)
        if client.uses == 1 and client.tls is not None:
            note_fact(flow, "client_tls", client.tls)
        if client.authority is not None:
            note_fact(flow, "authority", client.authority)
        server = self._connections.get(flow.server_conn.id)
        if server is None:
            if flow.server_conn.timestamp_start is None:
                return  # nobody was connected to
            server = self._seen(flow.server_conn)
        server.uses += 1
        note_fact(flow, "server_use", server.uses)
        if server.uses == 1 and server.tls is not None:
            note_fact(flow, "server_tls", server.tls)
        if server.verify_error is not None:
            note_fact(flow, "verify_error", server.verify_error)

    def _seen(self, conn: connection.Connection) -> _Seen:
        seen = self._connections.get(conn.id)
        if seen is None:
            seen = self._connections[conn.id] = _Seen()
        return seen

    def _shaken(self, conn: connection.Connection) -> None:
        seen = self._seen(conn)
        if seen.shaking is not None:
            seen.tls = round((time.perf_counter() - seen.shaking) * 1000, 3)


def _authority_of(shown: certs.Cert) -> bytes | None:
    """The certificate of mitmproxy's authority, if that signed this one: a person may have given it others to show."""
    from mitmproxy import ctx

    try:
        authority = ctx.master.addons.get("tlsconfig").certstore.default_ca.to_cryptography()  # type: ignore[no-untyped-call]
        shown.to_cryptography().verify_directly_issued_by(authority)
        return _der(authority)
    except Exception:  # not signed by it, or an internal of mitmproxy that is not as expected: then it is not told
        return None


@lru_cache(maxsize=8)
def _der(authority: x509.Certificate) -> bytes:
    """Its octets: one and the same object for all the exchanges that are kept."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return authority.public_bytes(Encoding.DER)


def _unchecked(data: tls.TlsData) -> str | None:
    """What checking the certificate would have said (``""``: nothing to object to), ``None`` where OpenSSL hides it."""
    from OpenSSL import SSL

    try:
        assert data.ssl_conn is not None
        result: int = SSL._lib.SSL_get_verify_result(data.ssl_conn._ssl)  # type: ignore[attr-defined]
        if result == 0:
            return ""
        text: bytes = SSL._ffi.string(SSL._lib.X509_verify_cert_error_string(result))  # type: ignore[attr-defined]
    except Exception:  # not a public interface: without it the question stays open
        return None
    return text.decode("ascii", "replace")
