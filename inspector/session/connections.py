"""Which connections were opened to which origin, and what was spoken on them.

Only what the recording says is counted: where it names no connection, the number of connections stays unknown.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from inspector.fields.alt_svc import AltSvc, parse_alt_svc

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_ORIGINS = 256
MOST_CONNECTIONS = 128
MOST_SPANS = 1_000


class Origin:
    """What was seen of one origin. Counters only grow; the lists are bounded."""

    __slots__ = (
        "alpn",
        "alt_svc",
        "blocked",
        "closing",
        "connections",
        "exchanges",
        "first",
        "handshakes",
        "http3_offered_at",
        "longest_blocked",
        "opened",
        "opening",
        "origin",
        "spans",
        "tls",
        "unknown",
        "versions",
        "waited",
    )

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.exchanges = 0
        """Exchanges that crossed the network, as far as is known."""
        self.first: int | None = None
        self.versions: dict[str, int] = {}
        """HTTP version the server spoke → exchanges."""
        self.alpn: set[str] = set()
        self.connections: OrderedDict[str, int] = OrderedDict()
        """Connection id → exchanges over it."""
        self.unknown = 0
        """Exchanges whose connection is not recorded."""
        self.opened = 0
        """Exchanges that had to open their connection (a connect or TLS time was recorded)."""
        self.opening = 0.0
        """Milliseconds spent on TCP and TLS handshakes."""
        self.tls: dict[str, int] = {}
        """TLS version → the first exchange that was made with it."""
        self.handshakes: list[tuple[float, float]] = []
        """(connect, TLS) in milliseconds, of each connection opened."""
        self.blocked = 0.0
        """Milliseconds requests were held back before they could be sent."""
        self.longest_blocked = 0.0
        self.waited = 0
        """Exchanges held back for 20 ms or more without opening a connection meanwhile."""
        self.spans: list[tuple[float, float]] = []
        """(start, end) of exchanges, in seconds since 1970; kept only where `record` is told to."""
        self.closing = 0
        """Responses with ``Connection: close``."""
        self.alt_svc: AltSvc | None = None
        self.http3_offered_at: int | None = None
        """The first exchange that offered HTTP/3 with ``Alt-Svc``."""

    @property
    def in_flight(self) -> int | None:
        """The largest number of exchanges under way at one moment; ``None`` where times are unknown.

        Those held back count, too. Overlaps of a millisecond are how recorders round. Where none was held back,
        HTTP/1.x has room for one exchange a connection: a few more are the recorder's error, many more are multiplexed.
        """
        if not self.spans:
            return None
        ends = [(max(start, end - _ROUNDED), -1) for start, end in self.spans]
        events = sorted([(start, 1) for start, end in self.spans] + ends)
        now = most = 0
        for _, change in events:
            now += change
            most = max(most, now)
        if (
            self.connections
            and not self.unknown
            and not self.blocked
            and self.versions
            and not {"2", "3"}.intersection(self.versions)
        ):
            room = len(self.connections)
            return min(most, room) if most <= _MANY * room else most
        return most


_ROUNDED = 0.001
"""Seconds."""
_MANY = 3
"""Exchanges at once for each connection up to which a recorder's times may be wrong."""
HELD_BACK = 20.0
"""Milliseconds of blocking from which a request counts as held back; less is scheduling."""


class Connections:
    """Counts exchanges and connections an origin."""

    def __init__(self) -> None:
        self._origins: OrderedDict[str, Origin] = OrderedDict()

    def origin(self, origin: str) -> Origin | None:
        """What is known of an origin, or ``None``."""
        return self._origins.get(origin)

    def origins(self) -> tuple[Origin, ...]:
        """Every origin remembered, in the order they were first met."""
        return tuple(self._origins.values())

    def observe(self, x: Subject) -> None:
        """Take note of one exchange."""
        name = x.url.origin
        if name == "null":
            return
        seen = self._origins.get(name)
        if seen is None:
            seen = self._origins[name] = Origin(name)
            if len(self._origins) > MOST_ORIGINS:
                self._origins.popitem(last=False)
        if from_network(x):
            record(seen, x)


def from_network(x: Subject) -> bool:
    """Whether the exchange crossed the network, as far as the recording tells (a cache or worker did not answer)."""
    return x.exchange.context.served_from in (None, "network")


def record(seen: Origin, x: Subject, *, spans: bool = False) -> None:
    """Count one exchange that crossed the network into an origin's statistics.

    `spans` keeps the time it took, for `Origin.in_flight`.
    """
    exchange = x.exchange
    seen.exchanges += 1
    if seen.first is None:
        seen.first = exchange.index
    version = x.server_version or x.client_version
    if version is not None:
        seen.versions[version] = seen.versions.get(version, 0) + 1
    server, timings = exchange.server, exchange.timings
    if server.tls is not None:
        if server.tls.alpn:
            seen.alpn.add(server.tls.alpn)
        if server.tls.version is not None:
            seen.tls.setdefault(server.tls.version, exchange.index)
    connection = server.id
    new = False
    if connection is None or connection == "0":
        seen.unknown += 1
    elif connection in seen.connections:
        seen.connections[connection] += 1
    else:
        new = True
        seen.connections[connection] = 1
        if len(seen.connections) > MOST_CONNECTIONS:
            seen.connections.popitem(last=False)
    connect, tls = timings.connect or 0.0, timings.tls or 0.0
    if (connect > 0 or tls > 0) and server.reused is not True and (new or connection is None):
        seen.opened += 1
        seen.opening += connect + tls
        if len(seen.handshakes) < MOST_CONNECTIONS:
            seen.handshakes.append((connect, tls))
    elif blocked := timings.blocked:
        seen.blocked += blocked
        if blocked > seen.longest_blocked:
            seen.longest_blocked = blocked
        seen.waited += blocked >= HELD_BACK
    if spans:
        started, total = timings.started, timings.total
        if started is not None and total and len(seen.spans) < MOST_SPANS:
            seen.spans.append((started, started + total / 1000))
    index = x.res.first
    if "connection" in index and "close" in index["connection"].lower():
        seen.closing += 1
    if "alt-svc" in index:
        _offer(seen, x)


def _offer(seen: Origin, x: Subject) -> None:
    offered = parse_alt_svc(x.res.get("alt-svc") or "")
    if offered is not None:
        seen.alt_svc = offered
        if seen.http3_offered_at is None and any(a.protocol.startswith("h3") for a in offered.alternatives):
            seen.http3_offered_at = x.exchange.index
