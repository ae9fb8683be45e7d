"""What kind of failure a recording proxy saw, told from its words, and the evidence for it.

mitmproxy says what went wrong in a sentence, its own or OpenSSL's or the system's; each kind is known by words that all
versions in use have in common. A browser's recording has codes instead, which `status/no-response` explains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import words
from inspector.patterns import compile_late
from inspector.report import Evidence
from inspector.rules.status_words import brief

if TYPE_CHECKING:
    from inspector.exchange import Certificate, Failure
    from inspector.subject import Subject

_CLIENT = (
    ("client-distrusts", ("the client does not trust the proxy's certificate",)),
    ("client-left", ("the client disconnected during the handshake", "left without a request", "unexpected eof")),
    (
        "client-no-common",
        ("cannot agree on a tls version", "no shared cipher", "unsupported protocol", "version too low"),
    ),
    ("client-distrusts", ("alert certificate", "alert unsupported certificate", "alert access denied")),
    ("client-handshake", ("may not trust", "cannot parse clienthello", "the tls handshake with the client failed")),
)
_SERVER = (
    ("upstream-expired", ("certificate has expired",)),
    ("upstream-not-yet-valid", ("certificate is not yet valid",)),
    ("upstream-wrong-name", ("hostname mismatch", "ip address mismatch")),
    ("upstream-self-signed", ("self-signed certificate", "self signed certificate")),
    ("upstream-unknown-issuer", ("unable to get local issuer", "unable to get issuer", "unable to verify the first")),
    ("upstream-weak", ("too weak", "key too small", "dh key", "wrong signature type", "insecure")),
    ("upstream-revoked", ("revoked",)),
    ("upstream-unfit", ("certificate verify failed",)),
    ("upstream-not-tls", ("does not speak tls", "wrong version number", "packet length too long", "http request")),
    ("upstream-wants-certificate", ("alert certificate required", "alert bad certificate", "alert unknown ca")),
    ("upstream-unknown-name", ("unrecognized name",)),
    (
        "upstream-no-common",
        (
            "cannot agree on a tls version",
            "alert protocol version",
            "unsupported protocol",
            "handshake failure",
            "no ciphers available",
            "insufficient security",
            "no application protocol",
        ),
    ),
    ("upstream-handshake", ("openssl error", "ssl routines", "tls handshake")),
    (
        "name-not-found",
        ("name or service not known", "nodename nor servname", "getaddrinfo", "name resolution", "no address"),
    ),
    ("refused", ("errno 111", "errno 61]", "10061", "connection refused")),
    ("timeout", ("errno 110", "errno 60]", "10060", "timed out", "timeout")),
    ("unreachable", ("errno 101", "errno 113", "errno 51]", "errno 65]", "unreachable", "no route to host")),
    ("loop", ("request destination unknown",)),
    ("upstream-proxy", ("upstream proxy",)),
    ("stream-error", ("stream reset by",)),
    ("protocol-error", ("protocol error", "cannot parse", "unexpected server response", "invalid header", "smuggling")),
    (
        "reset",
        ("errno 104", "errno 54]", "10054", "server closed connection", "server disconnected", "connection closed"),
    ),
    ("fence", ("this machine only",)),
)
_OWN = (
    ("idle", ("nothing passed for",)),
    ("own-trailers", ("notimplementederror",)),
    ("own-early-response", ("was taken for the final one",)),
    ("own-limit", ("body exceeds mitmproxy",)),
    ("own-fault", ("mitmproxy failed inside",)),
)
_REFUSED_CONNECT = compile_late(r"refused HTTP CONNECT request: (\d{3})")
_ALERT = compile_late(r"alert ([a-z ]+)")


def kind_of(x: Subject) -> str | None:
    """The kind of failure, as the slug of the rule that explains it; ``None`` where none does."""
    return x.memo(_kind_of)


def _kind_of(x: Subject) -> str | None:
    exchange = x.exchange
    failure = exchange.failure
    if failure is None or exchange.context.recorder.vantage != "proxy":
        return None
    return kind_of_failure(failure, bool(x.status))


def kind_of_failure(failure: Failure, answered: bool = False) -> str | None:
    """The same for a failure by itself. `answered` says that a response, or its beginning, had arrived."""
    said = failure.message.lower()
    own = _first(_OWN, said)
    if own is not None:
        return own
    if said.strip(". ") in ("killed", "connection killed"):
        return "own-killed"
    if failure.side == "client":
        found = _first(_CLIENT, said)
        if found is None and (said.startswith("http/") or "smuggling" in said):
            return "client-protocol"
        left = "disconnect" in said or ("client" in said and "clos" in said)
        return found or ("client-gone" if left else None)
    found = _first(_SERVER, said)
    return "cut-short" if found in ("reset", "protocol-error") and answered else found


def _first(table: tuple[tuple[str, tuple[str, ...]], ...], said: str) -> str | None:
    return next((kind for kind, marks in table if any(mark in said for mark in marks)), None)


def message(x: Subject, mark: str | None = None) -> Evidence:
    """Evidence: the recorder's own words."""
    failure = x.exchange.failure
    said = x.masker.text(brief(failure.message, 240)) if failure is not None else ""
    return Evidence("exchange", "error", said, mark if mark and mark in said else None)


def alert(x: Subject) -> str | None:
    """The TLS alert the other side sent (RFC 8446, section 6), as OpenSSL names it: ``unknown ca``."""
    failure = x.exchange.failure
    if failure is None:
        return None
    found = _ALERT.search(failure.message)
    if found is not None:
        return found[1].strip()
    said = failure.message.lower()
    return next((name for name in ("unknown ca", "certificate unknown", "bad certificate") if name in said), None)


def refused_connect(x: Subject) -> int | None:
    """The status with which the next proxy refused a tunnel (RFC 9110, section 9.3.6)."""
    failure = x.exchange.failure
    found = _REFUSED_CONNECT.search(failure.message) if failure is not None else None
    return int(found[1]) if found is not None else None


def host(x: Subject) -> str:
    """The host that was asked for, in backticks."""
    return f"`{brief(_authority(x)[0], 100)}`"


def target(x: Subject) -> str:
    """Host and port that were asked for, in backticks."""
    name, port = _authority(x)
    return f"`{brief(f'{name}:{port}' if port else name, 110)}`"


def _authority(x: Subject) -> tuple[str, str]:
    if x.method == "CONNECT":  # its target is host:port and no URL (RFC 9110, section 7.1)
        name, _, port = x.request.url.rpartition(":")
        return name, port
    name = f"[{x.url.host}]" if ":" in x.url.host else x.url.host
    return name or x.request.url, str(x.url.port or "")


def presented(x: Subject) -> Certificate | None:
    """The certificate the server showed, if it got that far."""
    tls = x.exchange.server.tls
    return tls.chain[0] if tls is not None and tls.chain else None


def certificate_evidence(x: Subject) -> tuple[Evidence, ...]:
    """Evidence: what the server's certificate says of itself."""
    shown = presented(x)
    if shown is None:
        return ()
    found = []
    if shown.names:
        found.append(Evidence("tls", "names", brief(", ".join(shown.names), 160)))
    if shown.not_before is not None and shown.not_after is not None:
        found.append(Evidence("tls", "valid", f"{words.moment(shown.not_before)} to {words.moment(shown.not_after)}"))
    found.append(Evidence("tls", "issuer", brief(shown.issuer, 160)))
    return tuple(found)
