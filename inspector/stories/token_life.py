"""What is known of one token: what it says, and what happened to it. Of the token itself a placeholder is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import url as urls
from inspector import words
from inspector.browser.cookies import jar_site
from inspector.content.tokens import Token
from inspector.report import Annotation
from inspector.rules.jwt import LEEWAY
from inspector.rules.jwt_words import claim, protected
from inspector.rules.status_words import brief
from inspector.stories.telling import client_name
from inspector.stories.token_sightings import Sighting

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_EVENTS = 40
_EVERYDAY = frozenset({"issued", "passed", "sent", "traded", "replaced", "revoked"})


class Event:
    """Something that happened to a token, once or over and over: from exchange `first` to `last`."""

    __slots__ = ("count", "first", "host", "how", "kind", "last", "name", "refused", "text")

    def __init__(self, kind: str, index: int, host: str, how: str, name: str, text: str) -> None:
        self.kind, self.first, self.last, self.count = kind, index, index, 0
        self.host, self.how, self.name, self.text = host, how, name, text
        self.refused = 0
        """How many of them the server refused with 401."""


class Life:
    """What a token says and who had to do with it, from its first sighting on. `shown` is its placeholder."""

    __slots__ = (
        "about", "audience", "client", "events", "expires", "findings", "issuers", "kind", "left_out", "masked",
        "number", "partner", "place", "replaced", "shown", "sites",
    )  # fmt: skip

    def __init__(self, x: Subject, seen: Sighting, number: int) -> None:
        self.number = number
        """How many tokens were met before it."""
        self.masked = brief(x.masker.secret(seen.raw), 40)
        self.shown = f"`{self.masked}`"
        self.kind, self.client = seen.kind, client_name(x)
        self.events: dict[tuple[str, str, str, str], Event] = {}
        self.left_out = 0
        self.expires = _end(x, seen)
        self.about = _about(x, seen, self.expires)
        self.audience = addresses(seen.token, "aud")
        self.issuers = {jar_site(urls.parse(issuer).host) for issuer in addresses(seen.token, "iss")}
        self.sites: dict[str, tuple[int, str]] = {}
        """Sites it was sent to in a field or URL: the first exchange, and the host."""
        self.partner: int | None = None
        """Of a refresh token, the access token that it came with."""
        self.replaced: float | None = None
        """When it was."""
        self.place: tuple[str, str] | None = None
        """Host and name of the cookie it is kept in."""
        self.findings: list[Annotation] = []

    def happened(self, x: Subject, kind: str, host: str, how: str = "", name: str = "", text: str = "") -> None:
        """Note an event, or once more one like it."""
        key, index = (kind, host, how, name), x.exchange.index
        event = self.events.get(key)
        if event is None:
            if len(self.events) >= MOST_EVENTS:
                self.left_out += 1
                return
            event = self.events[key] = Event(kind, index, host, how, name, text)
        if event.last != index or not event.count:
            event.last, event.count = index, event.count + 1
            event.refused += x.status == 401 and kind in ("sent", "late")

    def over(self, now: float | None) -> bool:
        """Whether its time was over at `now`, by more than clocks differ."""
        return self.expires is not None and now is not None and now - self.expires > LEEWAY

    def everyday(self) -> tuple[str, str, str] | None:
        """Where and as what it came, if there is nothing to it but coming, going along and being replaced."""
        came = next(iter(self.events.values()))
        if self.findings or len(self.sites) > 1 or {e.kind for e in self.events.values()} - _EVERYDAY:
            return None
        return came.host, self.kind, came.name

    def worth_telling(self) -> bool:
        """Whether more than one exchange has to do with it, and something was done with it."""
        kinds = {event.kind for event in self.events.values()}
        exchanges = {index for event in self.events.values() for index in (event.first, event.last)}
        return len(exchanges) > 1 and bool(kinds - {"issued", "replaced"})


def _end(x: Subject, seen: Sighting) -> float | None:
    """When its time is over, in seconds since 1970, as it says itself or its issuer does."""
    if seen.token is not None:
        return seen.token.time("exp")
    return x.started + seen.lasts if seen.lasts is not None and x.started is not None else None


def addresses(token: Token | None, name: str) -> tuple[str, ...]:
    """The values of a claim that are addresses: most issuers and some audiences."""
    value = (token.claims or {}).get(name) if token is not None else None
    values = value if isinstance(value, list) else [value]
    return tuple([v for v in values[:20] if isinstance(v, str) and v.startswith(("https://", "http://"))])


def _about(x: Subject, seen: Sighting, expires: float | None) -> str:
    """What the token is and says, as a sentence or two."""
    token = seen.token
    until = f" It counts until {words.moment(expires)}." if expires is not None else ""
    if token is None:
        said = "It says nothing by itself (it is opaque): what it permits, only its issuer knows."
        return said + (
            f" Its issuer lets it count for {words.duration(seen.lasts)} (`expires_in`)." if seen.lasts else ""
        )
    if token.claims is None:
        return f"It is encrypted (JWE), so only its addressee can read what it says.{until}"
    parts = [
        f"{word} `{claim(x.masker, token, name)}`"
        for word, name in (("is from", "iss"), ("is for", "aud"), ("permits", "scope"), ("permits", "scp"))
        if name in token.claims
    ]
    lead = f"By what it says, it {words.listed(parts)}. " if parts else ""
    return f"{lead}{protected(token)}, and it is not encrypted: everyone who sees it can read it.{until}"


def readable(x: Subject, seen: Sighting) -> str:
    """Whether scripts can read the cookie that a token is set as."""
    if seen.how != "cookie":
        return ""
    stored = next((v.stored_as for v in x.verdicts.set_cookies if v.name == seen.name), None)
    if stored is None:
        return ""
    return "which no script can read (`HttpOnly`)" if stored.http_only else "which every script of the site can read"
