"""A token's life: issued, sent and to whom, told by `Referer`, replaced, given back, used after its time.

Of a token itself nothing is kept but a number that stands for it and its placeholder. Told are tokens that more than
one exchange has to do with; what a single one says of a token, the rules on tokens tell.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from inspector import url as urls
from inspector import words
from inspector.browser.cookies import jar_site
from inspector.content.tokens import Token
from inspector.report import Annotation, Evidence, Severity, Story
from inspector.rules.base import Finding
from inspector.rules.jwt import LEEWAY
from inspector.rules.jwt_words import claim, protected
from inspector.rules.status_words import brief
from inspector.rules.token_story import REFRESH_AGAIN, SEVERAL_SITES
from inspector.site import same_site
from inspector.stories.oauth_grants import posted
from inspector.stories.telling import Telling, client_name, host_name
from inspector.stories.token_sightings import Sighting, brought_back, sightings

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_LIVES = 256
MOST_EVENTS = 40
MOST_ALIKE = 3
"""Everyday lives that are told of one kind of token from one place; of the rest the number is told."""
GRACE = 30
"""Seconds for which a server may take a refresh token that it has replaced without a word about it."""


class _Event:
    """Something that happened to a token, once or over and over: from exchange `first` to `last`."""

    __slots__ = ("count", "first", "host", "how", "kind", "last", "name", "refused", "text")

    def __init__(self, kind: str, index: int, host: str, how: str, name: str, text: str) -> None:
        self.kind, self.first, self.last, self.count = kind, index, index, 0
        self.host, self.how, self.name, self.text = host, how, name, text
        self.refused = 0
        """How many of them the server refused with 401."""


class _Life:
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
        self.events: dict[tuple[str, str, str, str], _Event] = {}
        self.left_out = 0
        self.expires = _end(x, seen)
        self.about = _about(x, seen, self.expires)
        self.audience = _addresses(seen.token, "aud")
        self.issuers = {jar_site(urls.parse(issuer).host) for issuer in _addresses(seen.token, "iss")}
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
            event = self.events[key] = _Event(kind, index, host, how, name, text)
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


_EVERYDAY = frozenset({"issued", "sent", "traded", "replaced", "revoked"})


class TokenStories:
    """Follows every token it meets; exchanges without one cost a few look-ups."""

    def __init__(self) -> None:
        self._lives: OrderedDict[int, _Life] = OrderedDict()
        self._met = 0
        self._cookies: dict[tuple[str, str], int] = {}
        """The token that a cookie holds now."""

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of the tokens of one exchange.

        Where there is no more room, the token that was not seen longest is forgotten; it is told if it is not everyday.
        """
        found = x.memo(sightings)
        if self._lives and "referer" in x.req.index:
            self._told_by_referer(x)
        if not found and not (self._lives and x.method == "POST"):
            return None
        ended: list[Story] = []
        lives = []
        for seen in found:
            life = self._life(x, seen, ended)
            lives.append((hash(seen.raw), seen, life))
            self._note(x, seen, life)
        if x.method == "POST":
            self._posted(x, [(key, seen, life) for key, seen, life in lives if not seen.sent])
        return ended

    def finish(self) -> Iterator[Story]:
        """The lives worth telling, in the order they began; of those that are alike the first few, with the number of
        the others."""
        lives = sorted(filter(_Life.worth_telling, self._lives.values()), key=lambda life: life.number)
        number = Counter(life.everyday() for life in lives)
        told: Counter[tuple[str, str, str] | None] = Counter()
        for life in lives:
            same = life.everyday()
            told[same] += 1
            if same is None or told[same] <= MOST_ALIKE:
                last = same is not None and told[same] == MOST_ALIKE
                yield _tell(life, number[same] - MOST_ALIKE if last else 0)

    def _life(self, x: Subject, seen: Sighting, ended: list[Story]) -> _Life:
        key = hash(seen.raw)
        life = self._lives.get(key)
        if life is None:
            life = self._lives[key] = _Life(x, seen, self._met)
            self._met += 1
            if len(self._lives) > MOST_LIVES:
                gone, old = self._lives.popitem(last=False)
                if old.place is not None and self._cookies.get(old.place) == gone:
                    del self._cookies[old.place]
                if old.worth_telling() and old.everyday() is None:
                    ended.append(_tell(old))
        elif life.kind == "token" and seen.kind != "token":
            life.kind = seen.kind
        self._lives.move_to_end(key)
        return life

    def _note(self, x: Subject, seen: Sighting, life: _Life) -> None:
        host, name = host_name(x.url), brief(x.masker.text(seen.name), 60)
        if not seen.sent:
            if seen.how == "fragment" and x.url.fragment and seen.raw in x.url.fragment:
                life.happened(x, "opened", host, "fragment")
            elif not any(event.kind in ("sent", "late") for event in life.events.values()):
                life.happened(x, "issued", host, seen.how, name, _readable(x, seen))
                life.issuers.add(jar_site(x.url.host))
            if seen.how == "cookie":
                self._kept(x, seen, life)
            return
        late = life.over(x.started) and life.kind != "ID token"  # whose time is about the login alone
        life.happened(x, "late" if late else "sent", host, seen.how, name)
        if seen.how in ("authorization", "field", "url"):
            life.sites.setdefault(jar_site(x.url.host), (x.exchange.index, host))

    def _kept(self, x: Subject, seen: Sighting, life: _Life) -> None:
        """A cookie holds this token from now on, and not the one before it."""
        place, key = (jar_site(x.url.host), seen.name), hash(seen.raw)
        before = self._cookies.get(place)
        if before is not None and before != key and before in self._lives:
            old = self._lives[before]
            old.happened(x, "replaced", host_name(x.url), "cookie", life.shown)
            old.replaced = x.started
        self._cookies[place] = key
        life.place = place

    def _posted(self, x: Subject, issued: list[tuple[int, Sighting, _Life]]) -> None:
        form = x.memo(posted)
        given = form.values if form is not None else {}
        brought = brought_back(x, given)
        key = hash(brought)
        spent = self._lives.get(key)
        if spent is None and brought and issued:
            spent = self._life(x, Sighting(brought, "refresh token", "content", "refresh_token", sent=True), [])
        got = {seen.kind: (number, life) for number, seen, life in issued}
        access, refresh = got.get("access token") or got.get("token"), got.get("refresh token")
        if refresh is not None and access is not None:
            refresh[1].partner = access[0]
        if spent is not None:
            self._spent(x, spent, access, refresh if refresh is not None and refresh[0] != key else None)
        elif "revo" in x.url.path and (life := self._lives.get(hash(given.get("token", "")))) is not None:
            life.happened(x, "revoked", host_name(x.url))

    def _spent(
        self, x: Subject, spent: _Life, access: tuple[int, _Life] | None, refresh: tuple[int, _Life] | None
    ) -> None:
        """A refresh token was traded for another access token, and perhaps for another of its own."""
        host = host_name(x.url)
        spent.happened(x, "declined" if x.status >= 400 else "traded", host)
        before = self._lives.get(spent.partner) if spent.partner is not None else None
        if access is None:
            return
        if before is not None and before is not access[1]:
            before.happened(x, "replaced", host, "refresh", access[1].shown)
            before.replaced = x.started
        again = spent.replaced is not None and x.started is not None and x.started - spent.replaced > GRACE
        if again:
            spent.findings.append(_taken_again(x, spent))
        if refresh is None:
            spent.partner = access[0]
            return
        refresh[1].partner = access[0]
        spent.happened(x, "replaced", host, "refresh", refresh[1].shown)
        if spent.replaced is None:
            spent.replaced = x.started

    def _told_by_referer(self, x: Subject) -> None:
        referer = x.req.index["referer"][0]
        if "token=" not in referer and "eyJ" not in referer:
            return
        page = urls.parse(referer)
        if page.origin == x.url.origin:
            return
        try:
            values = [value for _, value in parse_qsl(page.query, max_num_fields=100)]
        except ValueError:
            return
        for value in values:
            life = self._lives.get(hash(value))
            if life is not None:
                near = same_site(page, x.url, schemeful=False)
                life.happened(x, "near" if near else "told", host_name(x.url), "referer", host_name(page))


def _end(x: Subject, seen: Sighting) -> float | None:
    """When its time is over, in seconds since 1970, as it says itself or its issuer does."""
    if seen.token is not None:
        return seen.token.time("exp")
    return x.started + seen.lasts if seen.lasts is not None and x.started is not None else None


def _addresses(token: Token | None, name: str) -> tuple[str, ...]:
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


def _readable(x: Subject, seen: Sighting) -> str:
    """Whether scripts can read the cookie that a token is set as."""
    if seen.how != "cookie":
        return ""
    stored = next((v.stored_as for v in x.verdicts.set_cookies if v.name == seen.name), None)
    if stored is None:
        return ""
    return "which no script can read (`HttpOnly`)" if stored.http_only else "which every script of the site can read"


def _taken_again(x: Subject, spent: _Life) -> Annotation:
    replaced = spent.replaced or 0.0
    ago = words.duration((x.started or replaced) - replaced)
    return REFRESH_AGAIN.annotation(
        Finding(
            f"`{host_name(x.url)}` takes the refresh token {spent.shown} again, {ago} after it was replaced. Whoever "
            "has a copy of it can go on using it unnoticed.",
            "The authorization server refuses a refresh token that was replaced (`invalid_grant`) and withdraws what "
            "came of it; the client keeps the newest, in one place for all its tabs.",
            evidence=(Evidence("request.body", "refresh_token", spent.masked, exchange=x.exchange.index),),
            certainty="likely",
            condition="the old one is not taken on purpose for a short while",
        )
    )


def _several_sites(life: _Life) -> Annotation | None:
    """A finding where the token goes to sites that neither issued it nor belong together."""
    others = {site: place for site, place in life.sites.items() if site not in life.issuers}
    if len(others) < 2:
        return None
    meant = {jar_site(urls.parse(address).host) for address in life.audience} & others.keys()
    beyond = [host for site, (_, host) in others.items() if site not in meant]
    named = words.listed(words.ticked(brief(host, 60) for _, host in others.values()))
    detail = f"The {life.kind} {life.shown} is sent to {named}."
    if meant:
        detail += f" Its `aud` names addresses of {words.listed(words.ticked(sorted(meant)))} alone."
    return SEVERAL_SITES.annotation(
        Finding(
            detail,
            f"The client sends it to {words.listed(words.ticked(sorted(meant)))} alone: it adds `Authorization` for "
            f"those origins and leaves {words.listed(words.ticked(brief(h, 60) for h in beyond))} out."
            if meant
            else "The client adds `Authorization` for the hosts the token was issued for, and not to every request.",
            tuple(
                Evidence("request.field", "Authorization", life.masked, None, brief(host, 60), index)
                for index, host in list(others.values())[:5]
            ),
            severity=Severity.WARNING if meant and beyond else None,
            certainty="likely",
            condition="the sites do not belong together",
        )
    )


_ISSUED = {
    "content": "in the content of its answer ({name})",
    "cookie": "as the cookie {name}",
    "url": "in the query of the address it redirects to, which servers log and `Referer` may tell",
    "fragment": "behind the `#` of the address it redirects to, where scripts and the history find it",
    "field": "in the field {name}",
    "authorization": "in the field {name}",
}
_SENT = {
    "authorization": "in {name}",
    "field": "in {name}",
    "cookie": "as the cookie {name}",
    "url": "in the URL, where histories and logs keep it",
    "content": "in the request's content",
}


def _tell(life: _Life, alike: int = 0) -> Story:
    """The story of a token, after which `alike` others of its kind and place are only counted."""
    telling = Telling("token", life.client)
    events = list(life.events.values())
    if not any(event.kind in ("issued", "opened") for event in events):
        telling.say(f"Where it was issued does not show in this recording. {life.about}")
    late = False
    for position, event in enumerate(events):
        if event.kind == "late" and not late and life.expires is not None:
            late = True
            telling.say(f"Its time is over at {words.moment(life.expires)}.")
        _say(telling, life, event)
        if position == 0 and event.kind in ("issued", "opened"):
            telling.say(life.about)
        telling.about(event.first, event.last)
    if alike:
        telling.say(f"{words.count(alike, 'more token')} of this kind went the same way.")
    if life.left_out:
        telling.say(f"{words.count(life.left_out, 'more use')} of it followed.")
    finding = _several_sites(life)
    telling.found(*life.findings, *([finding] if finding else []))
    kinds = dict.fromkeys(_IN_SHORT[event.kind] for event in events)
    return telling.story(f"The life of the {life.kind} {life.shown}: {words.listed(kinds)}")


_IN_SHORT = {
    "issued": "issued",
    "opened": "handed over in an address",
    "sent": "sent",
    "late": "sent after its time",
    "told": "told by `Referer`",
    "near": "told by `Referer` within the site",
    "traded": "brought for a new one",
    "declined": "declined",
    "replaced": "replaced",
    "revoked": "given back",
}


def _say(telling: Telling, life: _Life, event: _Event) -> None:
    host, client, first, times = brief(event.host, 80), life.client, event.first, event.count
    where = f"#{first}" if times == 1 else f"#{first} to #{event.last}"
    requests = words.count(times, "request")
    name = f"`{event.name}`" if event.name else "without a name"
    match event.kind:
        case "issued":
            place = _ISSUED[event.how].format(name=name)
            text = f", {event.text}" if event.text else ""
            telling.say(f"`{host}` issues it in #{first}, {place}{text}.")
            telling.arrow(host, client, f"issues the {life.kind}", first)
        case "opened":
            telling.say(
                f"In {where} it stands behind the `#` of an address at `{host}`: for scripts, not for the server."
            )
            telling.arrow(client, client, f"has the {life.kind} in its address", first)
        case "sent" | "late":
            refused = _refused(event)
            still = "still " if event.kind == "late" else ""
            telling.say(
                f"The {client} {still}sends it to `{host}` {_SENT[event.how].format(name=name)} with {requests}, "
                f"{where}{refused}."
            )
            label = f"{event.name or event.how}{f' ×{times:,}' if times > 1 else ''}"
            telling.arrow(client, host, label, first, failed=event.refused == times)
        case "told":
            telling.say(
                f"`Referer` tells it to `{host}`, another site, with {requests}, {where}: it stands in the address of "
                f"the page at `{brief(event.name, 80)}`, and whoever reads the logs there has it."
            )
            telling.arrow(client, host, "Referer, with the token", first, failed=True)
            telling.fail()
        case "near":
            telling.say(f"`Referer` tells it to `{host}`, of the same site, with {requests}, {where}.")
            telling.arrow(client, host, "Referer, with the token", first)
        case "traded":
            telling.say(f"The {client} brings it to `{host}` for a new access token, {where}.")
            telling.arrow(client, host, "refresh", first)
        case "declined":
            telling.say(f"`{host}` gives no new access token for it, {where}.")
            telling.arrow(client, host, "refresh, declined", first, failed=True)
        case "replaced":
            how = (
                f"the cookie holds {event.name} from now on" if event.how == "cookie" else f"{event.name} comes instead"
            )
            telling.say(f"It is replaced in #{first}: {how}.")
            telling.arrow(host, client, "a new one", first)
        case "revoked":
            telling.say(f"The {client} gives it back to `{host}` in #{first}, and from then on it should open nothing.")
            telling.arrow(client, host, "revoke", first)


def _refused(event: _Event) -> str:
    if not event.refused:
        return ", and the server answers as before" if event.kind == "late" else ""
    if event.refused == event.count:
        return ", and is refused (401)" if event.count == 1 else ", and all are refused (401)"
    return f", and {event.refused:,} of them are refused (401)"
