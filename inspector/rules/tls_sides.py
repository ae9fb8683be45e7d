"""Topic ``tls``: versions that differ, on the two sides of a proxy and among the connections to one origin."""

from __future__ import annotations

from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, handshake_recorded, recorded_by, rule, scheme
from inspector.rules.status_words import brief
from inspector.subject import Subject
from inspector.words import listed

TLS13 = "https://www.rfc-editor.org/rfc/rfc8446#"
_VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""From the oldest to the newest."""


def _said(version: str) -> str:
    return version.replace("v", " ", 1)


@rule(
    "tls/sides-differ",
    Severity.INFO,
    "The two sides of the proxy speak different versions of TLS",
    on=scheme("https", "wss"),
    also=recorded_by("proxy"),
    references=(TLS13 + "section-4.2.1", TLS13 + "appendix-D.1"),
    what="The client speaks a newer version of TLS with the proxy than the proxy does with the server.",
    why="""
    A proxy that reads along makes two connections, and each agrees on a version by itself. What the browser's padlock
    tells is the client's side alone: the way from the proxy to the server may be protected less.
    """,
    fix="Nothing, where the older one is TLS 1.2; the server's operator can switch on TLS 1.3.",
    unless="The client's side being older than the server's is the client's own limit, and not told.",
    shows="""
    # recorder: proxy
    # client-tls: TLSv1.3
    # tls: TLSv1.2
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    """,
    quiet="""
    # recorder: proxy
    # client-tls: TLSv1.3
    # tls: TLSv1.3
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    """,
    once="origin",
)
def sides_differ(x: Subject) -> Finding | None:
    """The client's version newer than the server's."""
    client, server = x.exchange.client.tls, x.exchange.server.tls
    if client is None or server is None or client.version not in _VERSIONS or server.version not in _VERSIONS:
        return None
    near, far = client.version, server.version
    if _VERSIONS.index(near) <= _VERSIONS.index(far):
        return None
    host = brief(x.url.host, 80)
    return Finding(
        f"The client and the proxy agreed on {_said(near)}, the proxy and `{host}` on {_said(far)}. So the server goes "
        f"no further than {_said(far)} with this proxy, and the client cannot see that.",
        title=f"{_said(near)} to the proxy, {_said(far)} to the server",
        evidence=(Evidence("tls", "client", near), Evidence("tls", "server", far)),
    )


@rule(
    "tls/mixed-versions",
    Severity.NOTE,
    "Connections to one server use different versions of TLS",
    on=scheme("https", "wss"),
    also=handshake_recorded(),
    references=(TLS13 + "section-4.1.3", TLS13 + "section-4.2.1"),
    what="The same client got different versions of TLS from the same origin, on different connections.",
    why="""
    A server and a client always agree on the newest version that both have. Where the outcome changes, several servers
    answer for the name and are set up differently, or something on the way holds the version down.
    """,
    fix="Give all servers that answer for the name the same TLS settings, the newest version included.",
    unless="HTTP/3 has TLS 1.3 built in and does not count; a new setting on its way to all servers passes by itself.",
    shows="""
    # tls: TLSv1.3
    # connection: 1
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    ---
    # tls: TLSv1.2
    # connection: 2
    GET https://shop.test/app.js HTTP/1.1

    HTTP/1.1 200 OK
    """,
    quiet="""
    # tls: TLSv1.3
    # connection: 1
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    ---
    # tls: TLSv1.3
    # connection: 2
    GET https://shop.test/app.js HTTP/1.1

    HTTP/1.1 200 OK
    """,
    once="origin",
)
def mixed_versions(x: Subject) -> Finding | None:
    """Two versions, each with the exchange that had it first."""
    if x.exchange.server.tls is None:
        return None
    seen = x.session.connections.origin(x.url.origin)
    first = {version: at for version, at in seen.tls.items() if version in _VERSIONS} if seen is not None else {}
    if len(first) < 2:
        return None
    host = brief(x.url.host, 80)
    which = listed([f"{_said(version)} (first in exchange {at})" for version, at in first.items()])
    return Finding(
        f"The connections to `{host}` use {which}. One server would agree on the same each time.",
        title=f"{listed([_said(version) for version in first])} with one origin",
        fix=f"Who runs `{host}` gives all servers behind that name the same TLS settings. Trap: a load balancer and a "
        "CDN have settings of their own.",
        evidence=tuple(Evidence("tls", "version", version, exchange=at) for version, at in first.items()),
        certainty="likely",
    )
