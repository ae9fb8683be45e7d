"""Which connections were opened to which origin, and what was spoken on them.

Only what the recording says is counted: where it names no connection, the number of connections stays unknown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING

from inspector.fields.alt_svc import AltSvc, parse_alt_svc

if TYPE_CHECKING:
    from inspector.subject import Subject

NETWORK = frozenset({None, "network"})
"""What recorders say of an exchange that crossed the network, or do not say."""
MOST_ORIGINS = 256
MOST_CONNECTIONS = 128
MOST_SPANS = 1_000


class Origin:
    """What was seen of one origin. Counters only grow; the connections remembered are bounded."""

    __slots__ = (
        "alt_svc",
        "closing",
        "connections",
        "exchanges",
        "http3_offered_at",
        "opened",
        "opening",
        "origin",
        "tls",
        "versions",
    )

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.exchanges = 0
        """Exchanges that crossed the network, as far as is known."""
        self.versions: defaultdict[str, int] = defaultdict(int)
        """HTTP version the server spoke → exchanges."""
        self.connections: OrderedDict[str, None] = OrderedDict()
        """The ids of the connections that carried them."""
        self.opened = 0
        """Exchanges that had to open their connection (a connect or TLS time was recorded)."""
        self.opening = 0.0
        """Milliseconds spent on TCP and TLS handshakes."""
        self.tls: dict[str, int] = {}
        """TLS version → the first exchange that was made with it."""
        self.closing = 0
        """Responses with ``Connection: close``."""
        self.alt_svc: AltSvc | None = None
        self.http3_offered_at: int | None = None
        """The first exchange that offered HTTP/3 with ``Alt-Svc``."""


class TimedOrigin(Origin):
    """The same, and what its connections cost in time. The lists are bounded."""

    __slots__ = ("blocked", "ends", "handshakes", "longest_blocked", "starts", "unknown", "waited")

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self.unknown = 0
        """Exchanges whose connection is not recorded."""
        self.handshakes: list[tuple[float, float]] = []
        """(connect, TLS) in milliseconds, of each connection opened."""
        self.blocked = 0.0
        """Milliseconds requests were held back before they could be sent."""
        self.longest_blocked = 0.0
        self.waited = 0
        """Exchanges held back for 20 ms or more without opening a connection meanwhile."""
        self.starts: list[float] = []
        self.ends: list[float] = []
        """When exchanges started and ended, in seconds since 1970."""

    @property
    def in_flight(self) -> int | None:
        """The largest number of exchanges under way at one moment; ``None`` where times are unknown.

        Those held back count, too. Overlaps of a millisecond are how recorders round. Where none was held back,
        HTTP/1.x has room for one exchange a connection: a few more are the recorder's error, many more are multiplexed.
        """
        if not self.starts:
            return None
        ends = sorted(self.ends)
        most = max([begun - bisect_right(ends, start) for begun, start in enumerate(sorted(self.starts), 1)])
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
        if name in self._origins:
            seen = self._origins[name]
        else:
            seen = self._origins[name] = Origin(name)
            if len(self._origins) > MOST_ORIGINS:
                self._origins.popitem(last=False)
        if x.exchange.context.served_from in NETWORK:
            record(seen, x)


def from_network(x: Subject) -> bool:
    """Whether the exchange crossed the network, as far as the recording tells (a cache or worker did not answer)."""
    return x.exchange.context.served_from in NETWORK


def record(seen: Origin, x: Subject) -> bool:
    """Count one exchange that crossed the network into an origin's statistics. Whether it opened its connection."""
    exchange = x.exchange
    seen.exchanges += 1
    version = x.server_version or x.client_version
    if version is not None:
        seen.versions[version] += 1
    fields = x.res.first
    if "connection" in fields and "close" in fields["connection"].lower():
        seen.closing += 1
    if "alt-svc" in fields:
        _offer(seen, x)
    server = exchange.server
    handshake = server.tls
    if handshake is not None and handshake.version is not None:
        seen.tls.setdefault(handshake.version, exchange.index)
    connection = server.id
    if connection is not None:
        if connection == "0" or connection in seen.connections:
            return False
        seen.connections[connection] = None
        if len(seen.connections) > MOST_CONNECTIONS:
            seen.connections.popitem(last=False)
    connect, tls = exchange.timings.connect, exchange.timings.tls
    if not (connect or tls) or server.reused is True:
        return False
    seen.opened += 1
    seen.opening += (connect or 0.0) + (tls or 0.0)
    return True


def record_timed(seen: TimedOrigin, x: Subject) -> None:
    """The same, and the time it took."""
    opened = record(seen, x)
    timings, connection = x.exchange.timings, x.exchange.server.id
    if connection is None or connection == "0":
        seen.unknown += 1
    if opened:
        if len(seen.handshakes) < MOST_CONNECTIONS:
            seen.handshakes.append((timings.connect or 0.0, timings.tls or 0.0))
    elif blocked := timings.blocked:
        seen.blocked += blocked
        if blocked > seen.longest_blocked:
            seen.longest_blocked = blocked
        if blocked >= HELD_BACK:
            seen.waited += 1
    started, total = timings.started, timings.total
    if started is not None and total and len(seen.starts) < MOST_SPANS:
        seen.starts.append(started)
        seen.ends.append(max(started, started + total / 1000 - _ROUNDED))


def _offer(seen: Origin, x: Subject) -> None:
    offered = parse_alt_svc(x.res.get("alt-svc") or "")
    if offered is not None:
        seen.alt_svc = offered
        if seen.http3_offered_at is None and any(a.protocol.startswith("h3") for a in offered.alternatives):
            seen.http3_offered_at = x.exchange.index
