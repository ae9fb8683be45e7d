"""The protocol spoken: which version of HTTP, how it was chosen, what else is on offer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from inspector import words
from inspector.fields.alt_svc import Alternative, parse_alt_svc
from inspector.report import Evidence, Severity
from inspector.rules.base import (
    Finding,
    http_version,
    request_field,
    responded,
    response_field,
    response_value,
    rule,
    scheme,
)
from inspector.rules.status_words import brief
from inspector.session.connections import from_network

if TYPE_CHECKING:
    from inspector.subject import Subject

HTTP2 = "https://www.rfc-editor.org/rfc/rfc9113#section-"
HTTP3 = "https://www.rfc-editor.org/rfc/rfc9114#section-"
HTTP1 = "https://www.rfc-editor.org/rfc/rfc9112#section-"
ALPN = "https://www.rfc-editor.org/rfc/rfc7301#section-3"
ALT_SVC = "https://www.rfc-editor.org/rfc/rfc7838#section-"

_MEANING = {
    "1.0": "Each connection carries one exchange and is closed after it, unless both sides agree otherwise.",
    "1.1": "A connection carries one exchange at a time, so a browser opens up to six an origin and queues the rest.",
    "2": "One connection carries many exchanges at the same time, with compressed fields; a lost packet holds up all "
    "of them, because TCP delivers in order.",
    "spdy": "It was Google's forerunner of HTTP/2; browsers have removed it.",
    "3": "One QUIC connection carries many exchanges at the same time, and a lost packet holds up only the one it "
    "belongs to.",
}


def version_name(version: str) -> str:
    """``HTTP/2`` for ``"2"``; another protocol's own name as it is."""
    return f"HTTP/{version}" if version[:1].isdigit() else version.upper()


@rule(
    "protocol/negotiated",
    Severity.INFO,
    "Which HTTP was spoken, and how it was chosen",
    on=responded(),
    references=("https://www.rfc-editor.org/rfc/rfc9110#section-2.5", ALPN, HTTP2 + "3", HTTP3 + "3.1"),
    what="The version of HTTP on each side of the recorder, and how client and server came to it.",
    why="""
        The version decides how many requests share a connection, what a lost packet costs, and which fields are
        allowed.
        A proxy in between can make the two sides differ, so that what a recording shows is not what visitors get.
        """,
    fix="Nothing needs fixing; this explains. Told once an origin.",
    unless="Recorders that do not note the version leave nothing to tell.",
    shows="""
        # alpn: h2
        GET https://shop.test/ HTTP/2

        HTTP/2 200
        Content-Type: text/html
        """,
    quiet="""
        GET https://shop.test/ HTTP/?

        HTTP/? 200
        Content-Type: text/html
        """,
    once="origin",
)
def negotiated(x: Subject) -> Finding | None:
    """Per side: version, and how it was chosen."""
    server, client = x.server_version, x.client_version
    if not from_network(x) or (server is None and client is None) or x.url.scheme not in ("http", "https"):
        return None
    recorder, tls = x.exchange.context.recorder, x.exchange.server.tls
    two_sided = recorder.vantage == "proxy" or recorder.kind in ("proxy", "mitmproxy")
    alpn, offers = (None, None) if tls is None else (tls.alpn, tls.alpn_offers)
    offered_at = None
    if (server or client) == "3":
        seen = x.session.connections.origin(x.url.origin)
        if seen is not None and seen.http3_offered_at != x.exchange.index:
            offered_at = seen.http3_offered_at
    return _negotiated(server, client, x.url.scheme == "https", two_sided, alpn, offers, offered_at)


@lru_cache(maxsize=512)
def _negotiated(
    server: str | None,
    client: str | None,
    encrypted: bool,
    two_sided: bool,
    alpn: str | None,
    offers: tuple[str, ...] | None,
    offered_at: int | None,
) -> Finding:
    """The finding for these versions on either side, made once: most exchanges of a capture agree in all of it.

    `alpn` and `offers` are what the TLS handshake chose and the client offered, as far as they are recorded;
    `offered_at` is the exchange whose ``Alt-Svc`` offered HTTP/3 before this one.
    """
    spoken = server or client or ""
    how, certain = _how(spoken, encrypted, alpn, offers, offered_at)
    evidence = _evidence(spoken, alpn)
    meaning = _MEANING.get(spoken.partition("/")[0], "")
    if two_sided and server and client and server != client:
        detail = (
            f"The client spoke {version_name(client)} to the recording proxy, and the proxy {version_name(server)} to "
            "the "
            f"server. {how} Without the proxy in between the client might have been given another version. {meaning}"
        )
        title = f"{version_name(client)} to the proxy, {version_name(server)} to the server"
    else:
        where = " on both sides of the recording proxy" if two_sided and server and client else ""
        detail = f"{version_name(spoken)} was spoken{where}. {how} {meaning}"
        over = "QUIC" if spoken == "3" else "TLS" if encrypted else "plain TCP"
        title = f"{version_name(spoken)} over {over}"
    return Finding(
        detail.strip(),
        None,
        evidence,
        title=title,
        certainty="certain" if certain else "likely",
    )


def _how(
    version: str, encrypted: bool, alpn: str | None, offers: tuple[str, ...] | None, offered_at: int | None
) -> tuple[str, bool]:
    """How the version was chosen, and whether that is certain."""
    if version == "3":
        return _how_http3(offered_at)
    if version == "2":
        if not encrypted:
            return (
                'Without TLS there is no ALPN: the client knew beforehand that the server speaks it ("prior '
                'knowledge"), or '
                "a proxy in front took TLS off. Browsers speak HTTP/2 over TLS only.",
                True,
            )
        if alpn:
            return (
                f"In the TLS handshake the server chose it (`{brief(alpn, 20)}`) from the client's offers (ALPN).",
                True,
            )
        return "Over TLS that is settled in the handshake, by ALPN (`h2`).", True
    if version in ("1.1", "1.0"):
        if not encrypted:
            return "Without TLS nothing is negotiated, and browsers speak nothing newer than HTTP/1.1 then.", True
        if alpn is not None:
            if "h2" in (offers or ()):
                return "The client offered `h2` by ALPN in the TLS handshake, and the server did not take it.", True
            if offers is not None:
                return (
                    "The client did not offer `h2` by ALPN in the TLS handshake, so nothing newer was possible.",
                    True,
                )
            return "ALPN in the TLS handshake led to nothing newer.", True
        return (
            "Over TLS the version is settled by ALPN: client or server, or a proxy in between, did not offer HTTP/2.",
            True,
        )
    return "", True


def _how_http3(offered_at: int | None) -> tuple[str, bool]:
    if offered_at is not None:
        return (
            f"The origin offered it with `Alt-Svc` (exchange {offered_at}), and the client switched to it.",
            False,
        )
    return (
        "The client knew that the origin speaks it before asking: from an `Alt-Svc` it remembered, or from an HTTPS "
        "record in "
        "the DNS. The recording does not show which.",
        True,
    )


def _evidence(version: str, alpn: str | None) -> tuple[Evidence, ...]:
    found = [Evidence("connection", "version", version_name(version))]
    if alpn:
        found.append(Evidence("tls", "alpn", brief(alpn, 40)))
    return tuple(found)


@rule(
    "protocol/alt-svc",
    Severity.INFO,
    "Another protocol is on offer",
    on=response_field("alt-svc"),
    references=(ALT_SVC + "3", HTTP3 + "3.1.1"),
    what="What `Alt-Svc` offers: which protocol, on which host and port, for how long the offer is remembered.",
    why="""
        It is how a browser learns of HTTP/3: the first visit uses HTTP/2 over TCP, later ones QUIC. The origin stays
        the same
        in everything the page sees (URL, cookies, certificate name).
        """,
    fix="Nothing needs fixing; this explains. UDP on the port offered has to be open, or browsers fall back silently.",
    shows="""
        GET https://shop.test/ HTTP/2

        HTTP/2 200
        Alt-Svc: h3=":443"; ma=86400
        """,
    quiet="""
        GET https://shop.test/ HTTP/2

        HTTP/2 200
        Content-Type: text/html
        """,
    once="origin",
)
def alt_svc(x: Subject) -> Finding | None:
    """Offered, cleared, or unreadable."""
    read = parse_alt_svc(x.res.get("alt-svc") or "")
    evidence = (x.response_field("alt-svc"),)
    if read is None:
        return Finding(
            f"`Alt-Svc: {brief(x.shown('response', 'alt-svc'), 80)}` cannot be read, so browsers ignore it.",
            'The server sends for example `Alt-Svc: h3=":443"; ma=86400`.',
            evidence,
            title="`Alt-Svc` cannot be read",
            severity=Severity.NOTE,
        )
    if read.clear:
        return Finding(
            "`clear` makes the client forget every alternative it remembers for this origin; the next connections are "
            "made to "
            "the origin itself, over TCP.",
            None,
            evidence,
            title="Alternatives withdrawn: `Alt-Svc: clear`",
        )
    if x.url.scheme != "https":
        return Finding(
            "Browsers take offers from `https:` origins only, so this one on plain HTTP has no effect.",
            None,
            evidence,
            title="`Alt-Svc` without effect on plain HTTP",
        )
    offers = words.listed([_offer(x, a) for a in read.alternatives])
    http3 = any(a.protocol == "h3" for a in read.alternatives)
    already = x.server_version == "3"
    if already:
        then = "This exchange uses it already."
    elif http3:
        then = "Browsers may use it from one of the next connections on; this exchange did not yet."
    else:
        then = "Today's browsers take `h3` only, so these drafts and older protocols have no effect any more."
    return Finding(
        f"The origin is also to be had over {offers}. {then}",
        None,
        evidence,
        title="HTTP/3 is on offer" if http3 else "Another protocol is on offer",
    )


_PROTOCOLS = {
    "h3": "HTTP/3",
    "h2": "HTTP/2",
    "http/1.1": "HTTP/1.1",
    "h2c": "HTTP/2 without TLS",
    "quic": "Google's old QUIC",
}


def _offer(x: Subject, a: Alternative) -> str:
    name = _PROTOCOLS.get(a.protocol, "a draft of HTTP/3" if a.protocol.startswith("h3-") else "")
    shown = f"{name} (`{brief(a.protocol, 20)}`)" if name else f"`{brief(a.protocol, 20)}`"
    where = f" at `{brief(a.host, 60)}`" if a.host and a.host != x.url.host else ""
    port = f" on port {a.port}" if a.port != x.url.port else ""
    return f"{shown}{where}{port} for {words.duration(a.max_age)}" + (", even in another network" if a.persist else "")


@rule(
    "protocol/http10",
    Severity.NOTE,
    "The server speaks HTTP/1.0",
    on=http_version("1.0", "0.9"),
    references=(HTTP1 + "2.3", HTTP1 + "9.3"),
    what="The response came as HTTP/1.0 (or 0.9).",
    why="""
        HTTP/1.0 knows no chunked content and keeps no connection open unless asked: every exchange pays for a new
        one, and
        content of unknown length ends with the connection, so that a cut-off response looks complete.
        """,
    fix=(
        "Switch the server, or the proxy in front of it, to HTTP/1.1 or HTTP/2 (nginx to its backend: "
        "`proxy_http_version 1.1`)."
    ),
    unless="On this machine (loopback) it is a development server: information.",
    shows="""
        GET http://shop.test/ HTTP/1.1

        HTTP/1.0 200 OK
        Content-Type: text/html
        """,
    quiet="""
        GET http://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/html
        """,
    once="origin",
)
def http10(x: Subject) -> Finding | None:
    """The server's version, not the client's."""
    version = x.server_version
    if version not in ("1.0", "0.9"):
        return None
    return Finding(
        f"The server answered with HTTP/{version}: the connection ends after this response unless both sides ask to "
        "keep it, and "
        "content without a `Content-Length` ends wherever the connection does.",
        "Let the server, or the proxy in front of it, speak HTTP/1.1 or newer.",
        (Evidence("connection", "version", f"HTTP/{version}"),),
        title=f"HTTP/{version} response",
        severity=Severity.INFO if x.local else None,
    )


MANY = 6
"""Connections a browser opens to one HTTP/1.1 origin; from as many requests on they may have to queue."""


@rule(
    "protocol/no-h2",
    Severity.INFO,
    "No HTTP/2 on this origin",
    on=http_version("1.1"),
    also=scheme("https"),
    references=(HTTP2 + "1", ALPN),
    what="An `https:` origin got six or more requests, all over HTTP/1.1, and offers nothing newer.",
    why=(
        "Over HTTP/1.1 a browser opens six connections to an origin and queues what is beyond; HTTP/2 needs one and no "
        "queue."
    ),
    fix="Switch HTTP/2 on at the server or CDN (nginx: `http2 on;`). It needs TLS, which is there already.",
    unless="A recording proxy that speaks HTTP/1.1 itself hides what the server could do; then nothing is told.",
    shows="\n---\n".join(
        f"GET https://shop.test/{n}.png HTTP/1.1\n\nHTTP/1.1 200 OK\nContent-Type: image/png" for n in range(6)
    ),
    quiet="""
        GET https://shop.test/1.png HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: image/png
        """,
    once="origin",
)
def no_h2(x: Subject) -> Finding | None:
    """By the sixth request of the session, all HTTP/1.1."""
    if x.url.scheme != "https" or x.local or x.server_version != "1.1":
        return None
    seen = x.session.connections.origin(x.url.origin)
    if seen is None or seen.exchanges < MANY or len(seen.versions) != 1 or seen.alt_svc is not None:
        return None
    tls = x.exchange.server.tls
    proxied = x.exchange.context.recorder.vantage != "browser"
    if proxied and (tls is None or "h2" not in (tls.alpn_offers or ())):
        return None
    offered = tls is not None and "h2" in (tls.alpn_offers or ())
    return Finding(
        f"All {seen.exchanges} requests to `{x.url.origin}` so far went over HTTP/1.1"
        + (", although the client offered `h2` by ALPN." if offered else ".")
        + " Over HTTP/2 they would share one connection instead of queueing for six.",
        "Switch HTTP/2 on at the server or CDN; with nginx, `http2 on;`.",
        (Evidence("connection", "version", "HTTP/1.1"),),
        certainty="certain" if offered else "likely",
        condition=None if offered else "unless this browser or a proxy on the way cannot speak HTTP/2",
    )


def _closes(value: str) -> bool:
    return "close" in value.lower()


@rule(
    "protocol/connection-close",
    Severity.NOTE,
    "The server closes the connection after each response",
    on=response_value("connection", _closes),
    references=(HTTP1 + "9.3", HTTP1 + "9.6"),
    what="An HTTP/1.1 server answers several requests with `Connection: close`.",
    why="Each further request has to open a new connection: one round trip for TCP, one or two more for TLS.",
    fix="Let the server keep connections open (nginx `keepalive_timeout`, Apache `KeepAlive On`).",
    unless="The first such response is not told: closing a connection now and then is normal.",
    shows="""
        GET http://shop.test/a.css HTTP/1.1

        HTTP/1.1 200 OK
        Connection: close
        ---
        GET http://shop.test/b.css HTTP/1.1

        HTTP/1.1 200 OK
        Connection: close
        ---
        GET http://shop.test/c.css HTTP/1.1

        HTTP/1.1 200 OK
        Connection: close
        """,
    quiet="""
        GET http://shop.test/a.css HTTP/1.1

        HTTP/1.1 200 OK
        Connection: keep-alive
        """,
    once="origin",
)
def connection_close(x: Subject) -> Finding | None:
    """At the third."""
    if x.status == 101:
        return None
    seen = x.session.connections.origin(x.url.origin)
    if seen is None or seen.closing < 3 or x.server_version in ("2", "3"):
        return None
    cost = ""
    if seen.opened >= 2:
        cost = f" So far {seen.opened} connections took {words.milliseconds(seen.opening)} to open."
    return Finding(
        f"{seen.closing} of {seen.exchanges} responses from `{x.url.origin}` so far end their connection, so each next "
        "request has "
        f"to open a new one.{cost}",
        "The server keeps connections open and drops `Connection: close`.",
        (x.response_field("connection"),),
    )


@rule(
    "protocol/h2c-upgrade",
    Severity.NOTE,
    "Upgrade to HTTP/2 without TLS",
    on=request_field("http2-settings") + response_field("upgrade"),
    references=(HTTP2 + "3.1", "https://www.rfc-editor.org/rfc/rfc7540#section-3.2"),
    what="A request asks (`Upgrade: h2c`), or a response offers, to go on with HTTP/2 on an unencrypted connection.",
    why="""
        The mechanism is obsolete since RFC 9113: no browser used it. A gateway that passes it on unawares opens a
        tunnel
        past its own access rules ("h2c smuggling").
        """,
    fix="Use TLS with ALPN, or HTTP/2 with prior knowledge between own services. Gateways remove `Upgrade: h2c`.",
    shows="""
        GET http://shop.test/ HTTP/1.1
        Connection: Upgrade, HTTP2-Settings
        Upgrade: h2c
        HTTP2-Settings: AAMAAABkAAQAAP__

        HTTP/1.1 101 Switching Protocols
        Connection: Upgrade
        Upgrade: h2c
        """,
    quiet="""
        GET http://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        Upgrade: websocket
        """,
    once="origin",
)
def h2c_upgrade(x: Subject) -> Finding | None:
    """Asked for, granted, or merely offered."""
    asked = "h2c" in (x.req.get("upgrade") or "").lower()
    offered = any(part in (x.res.get("upgrade") or "").lower() for part in ("h2c", "h2"))
    if asked:
        granted = x.status == 101 and offered
        detail = "The client asks to go on with HTTP/2 on this unencrypted connection, "
        detail += "and the server agrees." if granted else "and the server goes on with HTTP/1.1."
        return Finding(
            detail + " RFC 9113 has dropped this way; gateways that pass it on can be used to get past their rules.",
            "The client uses TLS with ALPN, or prior knowledge. A gateway in front removes the field.",
            (x.request_field("upgrade"), x.status_evidence()),
            title="`Upgrade: h2c` " + ("granted" if granted else "asked for, not granted"),
        )
    if offered:
        return Finding(
            f"`Upgrade: {brief(x.shown('response', 'upgrade'), 40)}` offers HTTP/2 by an upgrade, which no browser "
            "uses: over TLS "
            "the version is settled by ALPN. The field does nothing but take up room.",
            "The server leaves it out (Apache: `Protocols` without `h2c`, or `H2Upgrade off`).",
            (x.response_field("upgrade"),),
            title="An offer to upgrade to HTTP/2 that no browser takes",
            severity=Severity.INFO,
        )
    return None
