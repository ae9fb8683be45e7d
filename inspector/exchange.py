"""The one shape: what is known about one HTTP exchange, wherever it came from.

A HAR entry and a live flow become the same immutable `Exchange`. Nothing after `capture/` and `proxy/` knows
which it was, except through `exchange.context.recorder`, which says what the recording can be trusted for.

Two conventions hold everywhere:

* ``None`` means *unknown*: the source did not say. It is never a guess and never a default.
* *Absent* is said with an empty value: no fields is an empty `Fields`, no content is a `Body` whose state is
  ``"empty"``, no trailers is an empty `Fields`, no TLS is ``Connection.encrypted = False``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache
from typing import Literal

import msgspec
from msgspec import Raw, Struct

HttpVersion = str
"""``"0.9"``, ``"1.0"``, ``"1.1"``, ``"2"``, ``"3"``, or another protocol's own name (``"spdy/3.1"``)."""


class Field(Struct, frozen=True, gc=False):
    """One field line as received: the name in its own case, the value without surrounding whitespace."""

    name: str
    value: str


class Shape(Struct, frozen=True, eq=False):
    """What the names of a message's field lines alone tell. Messages of one server mostly share a shape.

    A shape is equal to itself alone: `shape_of` gives the same names the same shape as long as it is remembered.
    """

    names: tuple[str, ...]
    """The names in lower case, in order."""
    received: dict[str, str]
    """Name in lower case → as it was received first."""
    repeated: frozenset[str]
    """The names in lower case that more than one line has."""
    pseudo: bool
    """Whether a name starts with a colon."""


_LARGEST_SHAPE = 128
"""Lines of a message whose shape is remembered."""


def shape_of(names: tuple[str, ...]) -> Shape:
    """The shape of field lines with these names."""
    return _shape(names) if len(names) <= _LARGEST_SHAPE else _shape.__wrapped__(names)


@lru_cache(maxsize=2048)
def _shape(names: tuple[str, ...]) -> Shape:
    lowered = tuple([name.lower() for name in names])
    received = dict(zip(lowered, names, strict=True))
    repeated: set[str] = set()
    if len(received) < len(names):
        received = {}
        for name, as_received in zip(lowered, names, strict=True):
            if name in received:
                repeated.add(name)
            else:
                received[name] = as_received
    return Shape(lowered, received, frozenset(repeated), ":" in [name[:1] for name in names])


_ONCE_EACH: dict[str, tuple[str, ...]] = {}


class Fields(Struct, frozen=True, eq=False):
    """The field section of a message: every line in order, duplicates kept (RFC 9110, section 5).

    Make one with `Fields.of` or `Fields.of_lines`. Look-ups take the field name in lower case. Pseudo-fields of HTTP/2
    and HTTP/3 are not in here; they live in `Request.pseudo` and `Response.pseudo`.
    """

    lines: tuple[Field, ...]
    shape: Shape
    """What the lines' names alone tell."""
    by_name: dict[str, str]
    """Lower-case field name → its combined value, lines joined by ``", "`` (RFC 9110, section 5.3), those of ``cookie``
    by ``"; "`` (RFC 9113, section 8.2.3). Read-only.

    Not for ``set-cookie``, whose lines must never be joined: use `all`.
    """
    first: dict[str, str]
    """Lower-case field name → the value of its first line. Read-only."""
    repeated: dict[str, tuple[str, ...]]
    """Lower-case field name → the values of its lines, for those that have several. Read-only."""
    text: str
    """All combined values, one after the other with line feeds between: to learn of all at once what none holds."""
    get: Callable[[str], str | None]
    """The combined value of a field, or ``None``: what `by_name` holds, without a call in between."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Fields:
        """Build from ``(name, value)`` pairs, in order."""
        return cls.of_lines(tuple([Field(name, value) for name, value in pairs]))

    @classmethod
    def of_lines(cls, lines: tuple[Field, ...]) -> Fields:
        """Build from field lines, in order."""
        shape = shape_of(tuple([line.name for line in lines]))
        first = by_name = {name: line.value for name, line in zip(shape.names, lines, strict=True)}
        repeated = _ONCE_EACH
        if shape.repeated:
            first = by_name.copy()
            values: dict[str, list[str]] = {name: [] for name in shape.repeated}
            for name, line in zip(shape.names, lines, strict=True):
                if name in values:
                    values[name].append(line.value)
            for name, several in values.items():
                first[name], by_name[name] = several[0], ("; " if name == "cookie" else ", ").join(several)
            repeated = {name: tuple(several) for name, several in values.items()}
        return cls(lines, shape, by_name, first, repeated, "\n".join(by_name.values()), by_name.get)

    def all(self, name: str) -> tuple[str, ...]:
        """Every line's value for a field name, in order; empty where the field is absent."""
        value = self.by_name.get(name)
        if value is None:
            return ()
        return self.repeated.get(name) or (value,)

    def named(self, name: str) -> str:
        """The field's name in the case it was received in; the given name where it is absent."""
        return self.shape.received.get(name, name)

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __iter__(self) -> Iterator[Field]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fields) and self.lines == other.lines

    def __hash__(self) -> int:
        return hash(self.lines)

    def __repr__(self) -> str:
        return f"Fields({self.lines!r})"


NO_FIELDS = Fields.of_lines(())

BodyState = Literal["full", "truncated", "omitted", "empty", "unknown"]
"""``full``: the octets are here. ``truncated``: a prefix is. ``omitted``: there was content and it was not kept.
``empty``: there was none. ``unknown``: the recording does not say."""


class Body(Struct, frozen=True, dict=True):
    """The content of one message, as far as the recording has it.

    `size` counts octets after content codings are undone, `transferred` counts them as they crossed the wire;
    ``None`` is unknown. `source` holds the content undecoded so that a body nobody reads costs nothing: raw JSON
    text of a string, a string, octets (content codings undone), or nothing.
    """

    state: BodyState = "unknown"
    size: int | None = None
    transferred: int | None = None
    media_type: str | None = None
    """What the recorder says the type is; the message's own claim is its ``Content-Type`` field."""
    source: Raw | bytes | str | None = None
    base64: bool = False
    undecodable: bool = False
    """Whether the recorder knows the content codings and could not undo them: the octets are not what they say."""

    @cached_property
    def _string(self) -> str | None:
        source = self.source
        if isinstance(source, Raw):
            try:
                return msgspec.json.decode(source, type=str)
            except UnicodeDecodeError:
                return _replaced(source)
            except msgspec.DecodeError:
                return None
        return source if isinstance(source, str) else None

    @cached_property
    def data(self) -> bytes | None:
        """The content as octets, or ``None`` where it is not in the recording.

        A recording that stores text gives its UTF-8 encoding, which may differ from the octets sent.
        """
        if isinstance(self.source, bytes):
            return self.source
        string = self._string
        if string is None:
            return None
        if self.base64:
            return decode_base64(string)
        return string.encode("utf-8", "surrogatepass")

    @cached_property
    def text(self) -> str | None:
        """The content as text (UTF-8, undecodable octets replaced), or ``None`` where it is not recorded."""
        if not self.base64 and not isinstance(self.source, bytes):
            return self._string
        data = self.data
        return None if data is None else data.decode("utf-8", "replace")


def _replaced(source: Raw) -> str | None:
    try:
        return msgspec.json.decode(bytes(source).decode("utf-8", "replace"), type=str)
    except msgspec.DecodeError:
        return None


def decode_base64(text: str) -> bytes | None:
    """Base64 as exporters write it: line breaks and missing padding are accepted; ``None`` where it is none."""
    compact = "".join(text.split())
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


UNKNOWN_BODY = Body()
EMPTY_BODY = Body("empty", 0, 0)


class Request(Struct, frozen=True):
    """A request message. `http_version` is what the *client* spoke."""

    method: str
    url: str
    """The target URI, absolute where the source gives it so, fragment kept where recorded."""
    fields: Fields = NO_FIELDS
    http_version: HttpVersion | None = None
    pseudo: tuple[Field, ...] = ()
    body: Body = UNKNOWN_BODY
    trailers: Fields | None = None


class Response(Struct, frozen=True):
    """A response message. `http_version` is what the *server* spoke."""

    status: int
    reason: str | None = None
    """The reason phrase; ``None`` where unknown, ``""`` where the version has none."""
    fields: Fields = NO_FIELDS
    http_version: HttpVersion | None = None
    pseudo: tuple[Field, ...] = ()
    body: Body = UNKNOWN_BODY
    trailers: Fields | None = None


class Timings(Struct, frozen=True):
    """When an exchange happened, and how long each phase took, in milliseconds.

    `connect` is the transport handshake alone: unlike in a HAR file, `tls` is not contained in it. ``None`` is
    unknown or did not happen; a phase never is negative.
    """

    started: float | None = None
    """Seconds since 1970-01-01T00:00Z."""
    blocked: float | None = None
    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    send: float | None = None
    wait: float | None = None
    receive: float | None = None
    total: float | None = None


class Certificate(Struct, frozen=True):
    """One X.509 certificate of a chain (RFC 5280), already read. Times are seconds since 1970 (UTC)."""

    subject: str
    issuer: str
    names: tuple[str, ...] = ()
    """Subject alternative names, without their type."""
    not_before: float | None = None
    not_after: float | None = None
    serial: str | None = None
    key: str | None = None
    """For example ``"RSA 2048"`` or ``"EC secp256r1"``."""
    signature: str | None = None
    """The signature algorithm, for example ``"ecdsa-with-SHA256"``."""
    is_ca: bool | None = None
    sha256: str | None = None
    der: bytes | None = None


class TLS(Struct, frozen=True):
    """What one TLS handshake settled (RFC 8446)."""

    version: str | None = None
    """``"TLSv1.3"``, ``"TLSv1.2"``, ``"QUICv1"`` …"""
    cipher: str | None = None
    alpn: str | None = None
    """The protocol chosen (RFC 7301); ``""`` where the extension was used and nothing was chosen."""
    alpn_offers: tuple[str, ...] | None = None
    sni: str | None = None
    chain: tuple[Certificate, ...] | None = None
    """The certificates this side was shown, leaf first."""
    verified: bool | None = None
    verify_error: str | None = None
    authority: Certificate | None = None
    """The recording proxy's own, where it signed what it showed this side; a proxy does not send it along."""


class Connection(Struct, frozen=True):
    """One side's transport connection."""

    id: str | None = None
    """Equal ids are the same connection within one recording."""
    peer: str | None = None
    """Address of the other end, without brackets."""
    port: int | None = None
    transport: Literal["tcp", "quic"] | None = None
    encrypted: bool | None = None
    reused: bool | None = None
    opened: float | None = None
    """Seconds since 1970."""
    tls: TLS | None = None


UNKNOWN_CONNECTION = Connection()


class Message(Struct, frozen=True):
    """One WebSocket message (RFC 6455). `content` is ``None`` where it was not kept."""

    from_client: bool
    time: float | None = None
    text: bool = True
    content: str | bytes | None = None
    size: int | None = None


class Close(Struct, frozen=True):
    """How a WebSocket connection was closed (RFC 6455, section 7.1.5 and 7.1.6)."""

    code: int | None = None
    reason: str | None = None
    by_client: bool | None = None


class WebSocket(Struct, frozen=True):
    """The conversation after a 101. `dropped` counts messages seen and not kept."""

    messages: tuple[Message, ...] = ()
    close: Close | None = None
    dropped: int = 0


Side = Literal["client", "server", "recorder"]


class Failure(Struct, frozen=True):
    """Why an exchange ended without a complete response, in its recorder's own words."""

    message: str
    code: str | None = None
    """A code such as ``net::ERR_BLOCKED_BY_ORB`` where the recorder gives one."""
    side: Side | None = None
    """Whose doing it was, where that can be told."""


class Recorder(Struct, frozen=True):
    """Who recorded an exchange and what that makes of the things it does not show."""

    kind: Literal["har", "mitmproxy", "proxy"]
    creator: str | None = None
    """Name and version of the program that wrote the recording."""
    browser: str | None = None
    vantage: Literal["browser", "proxy", "client"] | None = None
    """Where it stood: inside a browser (sees what the page got), between (sees the wire), or a plain client."""
    cookies_recorded: bool | None = None
    """False where the exporter removes cookies and credentials, so that their absence proves nothing."""
    preflights_recorded: bool | None = None


class Initiator(Struct, frozen=True):
    """What made the client send the request, as the recorder tells it."""

    type: str | None = None
    """``parser``, ``script``, ``preflight``, ``redirect``, ``other`` …"""
    url: str | None = None
    line: int | None = None


class Page(Struct, frozen=True):
    """A page of the recording. Times are milliseconds after `started`, which is seconds since 1970."""

    id: str
    title: str | None = None
    url: str | None = None
    started: float | None = None
    content_loaded: float | None = None
    loaded: float | None = None


ServedFrom = Literal["network", "memory-cache", "disk-cache", "cache", "service-worker", "push"]


class Context(Struct, frozen=True):
    """What surrounds an exchange: who recorded it, for which page, and why it was requested."""

    recorder: Recorder
    resource_type: str | None = None
    """Lower case, DevTools' names: document, stylesheet, script, image, font, fetch, xhr, preflight, websocket …"""
    initiator: Initiator | None = None
    page: Page | None = None
    frame: str | None = None
    priority: str | None = None
    served_from: ServedFrom | None = None
    comment: str | None = None


class Exchange(Struct, frozen=True):
    """One request and what came of it.

    `index` is the position in its capture (0-based, skipped entries keep theirs). `response` is ``None`` where none
    arrived; `failure` then says why, if the recording does. `client` is the client's connection to whoever
    recorded, `server` the connection to the origin; a browser's own recording only has the second.
    """

    index: int
    request: Request
    context: Context
    response: Response | None = None
    timings: Timings = Timings()
    client: Connection = UNKNOWN_CONNECTION
    server: Connection = UNKNOWN_CONNECTION
    websocket: WebSocket | None = None
    failure: Failure | None = None


def header_text(raw: bytes) -> str:
    """Octets of a field as text: UTF-8 where they are, else one character an octet (as browsers show them)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
