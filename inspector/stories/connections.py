"""The story of a page's connections: how many, which HTTP on them, what they cost and what waited for them.

Told from what the recording says alone: where it names no connections, their number is not guessed.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from inspector import words
from inspector.report import Story
from inspector.rules.http_version import version_name
from inspector.session.connections import TimedOrigin, from_network, record_timed
from inspector.stories.signs import ANY

if TYPE_CHECKING:
    from inspector.exchange import Page
    from inspector.mask import Masker
    from inspector.subject import Subject

MOST_PAGES = 24
MOST_ORIGINS = 96
MOST_INDICES = 1_000
MOST_STEPS = 8
"""Origins told one by one; the others are told together."""


class _Page:
    __slots__ = ("indices", "left_out", "name", "origins")

    def __init__(self, name: str) -> None:
        self.name = name
        self.indices: list[int] = []
        self.origins: dict[str, TimedOrigin] = {}
        self.left_out = 0
        """Exchanges with origins beyond `MOST_ORIGINS`."""

    @property
    def exchanges(self) -> int:
        """All of them."""
        return self.left_out + sum([origin.exchanges for origin in self.origins.values()])


class ConnectionStories:
    """One story a page; one for the whole capture where it knows no pages."""

    wants = ANY

    def __init__(self) -> None:
        self._pages: OrderedDict[str, _Page] = OrderedDict()

    def observe(self, x: Subject) -> None:
        """Count one exchange that crossed the network."""
        name, exchange = x.url.origin, x.exchange
        if not from_network(x) or name == "null" or (x.response is None and exchange.server.id is None):
            return
        page = exchange.context.page
        found = self._pages.get("" if page is None else page.id) or self._begun(page, x.masker)
        indices = found.indices
        if len(indices) < MOST_INDICES:
            indices.append(exchange.index)
        origin = found.origins.get(name)
        if origin is None:
            if len(found.origins) >= MOST_ORIGINS:
                found.left_out += 1
                return
            origin = found.origins[name] = TimedOrigin(name)
        record_timed(origin, x)

    def _begun(self, page: Page | None, masker: Masker) -> _Page:
        if len(self._pages) >= MOST_PAGES:
            self._pages.popitem(last=False)
        if page is None:
            begun = self._pages[""] = _Page("")
        else:
            begun = self._pages[page.id] = _Page(masker.url(page.title or page.url or page.id))
        return begun

    def finish(self) -> tuple[Story, ...]:
        """The stories of pages with at least two exchanges."""
        return tuple(_tell(page) for page in self._pages.values() if page.exchanges > 1)


def _tell(page: _Page) -> Story:
    origins = sorted(page.origins.values(), key=lambda o: -o.exchanges)
    connections = len({c for o in origins for c in o.connections})
    known = all(o.unknown == 0 for o in origins)
    title = f"Connections: {words.count(page.exchanges, 'exchange')} with {words.count(len(origins), 'origin')}"
    if known and connections:
        title += f" over {words.count(connections, 'connection')}"
    if page.name:
        title += f", for {page.name[:80]}"
    steps = [_origin(origin) for origin in origins[:MOST_STEPS]]
    rest = origins[MOST_STEPS:]
    if rest:
        steps.append(_together(rest))
    steps += _coalesced(origins)
    queued = [o for o in origins if _queued(o)]
    steps += [
        f"`{o.origin[:100]}`: {len(o.handshakes):,} exchanges have a time for connecting, and a browser opens six "
        "connections to a host and keeps them. This recorder counts the wait for a free one as connecting, so what "
        "opening them took is not known."
        for o in queued[:MOST_STEPS]
    ]
    steps += _costs([o for o in origins if o not in queued])
    if not known:
        without = sum(o.unknown for o in origins)
        which = "any exchange" if without >= page.exchanges - page.left_out else f"{without} of the exchanges"
        steps.append(f"Not known: the recording does not say over which connection {which} went.")
    return Story("connections", title, tuple(page.indices), tuple(steps))


def _versions(origin: TimedOrigin) -> str:
    names = [version_name(v) for v in sorted(origin.versions, key=lambda v: -origin.versions[v])]
    return words.listed(names)


def _origin(origin: TimedOrigin) -> str:
    """One origin: how much over what, and what that meant here."""
    opened = len(origin.connections)
    text = f"`{origin.origin[:100]}`: {words.count(origin.exchanges, 'exchange')}"
    text += f" over {_versions(origin)}" if origin.versions else " (HTTP version not recorded)"
    if opened and not origin.unknown:
        text += f" on {words.count(opened, 'connection')}"
    flight = origin.in_flight
    if flight is not None and flight > 1:
        text += f", up to {flight} pending at once"
    text += "."
    version = next(iter(origin.versions), None) if len(origin.versions) == 1 else None
    shared = opened and not origin.unknown and not origin.blocked and flight is not None and flight > opened
    if version in ("1.0", "1.1") and shared:
        return (
            f"{text} A connection of HTTP/{version} carries one at a time, so these shared theirs by something newer "
            "(HTTP/2, or SPDY before it), which the recording does not name."
        )
    if version in ("2", "3") and opened == 1 and not origin.unknown and flight is not None and flight > 1:
        text += " They shared the one connection (multiplexing)"
        text += (
            ": over TCP a lost packet would hold up all of them."
            if version == "2"
            else ": over QUIC a lost packet holds up only the exchange it belongs to."
        )
    elif version == "2" and opened > 1 and not origin.unknown:
        text += (
            " HTTP/2 needs one connection; more can come from requests with and without credentials, which browsers "
            "keep apart."
        )
    elif version == "1.1" and origin.waited:
        text += (
            f" Each connection carries one exchange at a time: {words.count(origin.waited, 'request')} "
            f"{'was' if origin.waited == 1 else 'were'} held back before being sent, up to "
            f"{words.milliseconds(origin.longest_blocked)}."
        )
    elif version == "1.1" and opened > 1 and not origin.unknown and flight is not None and flight > 1:
        text += " Each connection carries one exchange at a time, so several were opened."
    elif version == "1.1" and opened == origin.exchanges > 2 and not origin.unknown:
        text += " No connection was used twice."
    if origin.closing > 1 and version in ("1.0", "1.1", None):
        text += (
            f" {origin.closing:,} of the responses ended their connection (`Connection: close`): what is asked "
            f"for next has "
            "to open another."
        )
    return text


def _together(rest: list[TimedOrigin]) -> str:
    exchanges = sum(o.exchanges for o in rest)
    single = sum(o.exchanges == 1 for o in rest)
    text = f"{words.count(len(rest), 'further origin')} with {words.count(exchanges, 'exchange')} together"
    if single > 1:
        text += f"; {single} of them got a single request, and each needs a connection of its own for that"
    return text + "."


_AT_ONCE = 6
"""Connections of HTTP/1.x that browsers open to one host."""


def _queued(origin: TimedOrigin) -> bool:
    """Whether connecting was recorded more often than a browser that keeps its connections can have connected."""
    return (
        origin.unknown == origin.exchanges
        and {"1.0", "1.1"}.issuperset(origin.versions)
        and len(origin.handshakes) - origin.closing > _AT_ONCE
    )


def _costs(origins: list[TimedOrigin]) -> list[str]:
    """What opening connections and waiting for them took, in sum."""
    steps: list[str] = []
    handshakes = [h for o in origins for h in o.handshakes]
    if handshakes:
        tcp, tls = sum(h[0] for h in handshakes), sum(h[1] for h in handshakes)
        with_tls = sum(h[1] > 0 for h in handshakes)
        text = (
            f"{words.count(len(handshakes), 'connection')} had to be opened: {words.milliseconds(tcp)} of TCP "
            "handshakes"
        )
        if with_tls:
            text += f" and {words.milliseconds(tls)} of TLS handshakes"
        if len(handshakes) > 1:
            slowest = words.milliseconds(sum(max(handshakes, key=sum)))
            text += f" in sum (some of them side by side); the slowest took {slowest}"
        text += "."
        steps.append(text)
    reused = sum(o.exchanges - len(o.connections) for o in origins if o.connections and not o.unknown)
    if reused > 0:
        steps.append(f"{words.count(reused, 'exchange')} found a connection open and paid for no handshake.")
    return [*steps, *_estimates(origins), *_alternatives(origins)]


def _estimates(origins: list[TimedOrigin]) -> list[str]:
    """What newer versions would have saved, out of this capture's own times; each with what it assumes."""
    steps: list[str] = []
    old = [o for o in origins if set(o.versions) == {"1.1"} and o.waited and o.origin.startswith("https:")]
    if old:
        waited, longest, whole = (
            sum(o.waited for o in old),
            max(o.longest_blocked for o in old),
            sum(o.blocked for o in old),
        )
        saved = (
            f"between {words.milliseconds(longest)} (the longest wait, if all ran side by side) and "
            f"{words.milliseconds(whole)} (all of them)"
            if waited > 1 and whole > 1.2 * longest
            else f"up to {words.milliseconds(longest)}"
        )
        text = (
            f"Estimate: over HTTP/2 or HTTP/3 the {words.count(waited, 'request')} held back on "
            f"{words.listed(words.ticked(o.origin[:60] for o in old), most=3)} could have been sent at once, and "
            f"{saved} of waiting saved, if the server answers as fast when asked for all at once. Part of such "
            f"a wait can "
            "be the browser's own scheduling by priority."
        )
        spare = [sum(h) for o in old for h in sorted(o.handshakes, key=sum)[:-1]]
        if spare:
            text += (
                f" {words.count(len(spare), 'connection')} fewer would have been opened: "
                f"{words.milliseconds(sum(spare))} of handshakes in sum."
            )
        steps.append(text)
    both = [h for o in origins if "3" not in o.versions for h in o.handshakes if h[0] >= 1 and h[1] >= 1]
    if both:
        from statistics import median  # slow to import, and needed for few

        low, high = median(min(h) for h in both), median(h[1] for h in both)
        saved = (
            words.milliseconds(high) if high - low < 1 else f"{words.milliseconds(low)} to {words.milliseconds(high)}"
        )
        steps.append(
            f"Estimate: HTTP/3 opens a connection in one round trip, TLS included. The median of "
            f"{words.count(len(both), 'connection')} with both handshakes would have been open {saved} sooner, taking "
            "the TCP handshake for one round trip. On a way that loses packets or blocks UDP it would be less."
        )
    return steps


def _alternatives(origins: list[TimedOrigin]) -> list[str]:
    """HTTP/3 offered with ``Alt-Svc``, and whether it was used."""
    offers = [o for o in origins if o.http3_offered_at is not None]
    steps = [
        f"HTTP/3 was offered (`Alt-Svc`) by `{o.origin[:60]}` (first in #{o.http3_offered_at}) and used for "
        f"{o.versions['3']:,} of {words.count(o.exchanges, 'exchange')}."
        for o in offers
        if "3" in o.versions
    ][:MOST_STEPS]
    unused = [o for o in offers if "3" not in o.versions]
    if unused:
        steps.append(
            f"HTTP/3 was offered (`Alt-Svc`) by {words.listed(words.ticked(o.origin[:60] for o in unused), most=3)} "
            "and not used yet."
        )
    return steps


def _coalesced(origins: list[TimedOrigin]) -> list[str]:
    """Origins whose exchanges went over one and the same connection (RFC 9113, section 9.1.1)."""
    over: dict[str, list[TimedOrigin]] = {}
    for o in origins:
        for connection in o.connections:
            over.setdefault(connection, []).append(o)
    groups = {tuple(o.origin for o in those) for those in over.values() if len(those) > 1}
    return [
        f"{words.listed(words.ticked(name[:60] for name in group), most=4)} shared a connection: HTTP/2 and "
        f"HTTP/3 allow it "
        "where they have the same address and the certificate names all of them."
        for group in sorted(groups)[: MOST_STEPS // 2]
        if all(not o.versions or {"2", "3"} & set(o.versions) for o in origins if o.origin in group)
    ]
