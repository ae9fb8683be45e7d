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
from inspector.browser.cookies import jar_site
from inspector.report import Story
from inspector.rules.status_words import brief
from inspector.site import same_site
from inspector.stories.oauth_grants import posted
from inspector.stories.signs import AUTHORIZED, DATA, LOCATED, POSTED, REFERRED, TOKEN
from inspector.stories.telling import host_name
from inspector.stories.token_life import Life, readable
from inspector.stories.token_sightings import Sighting, brought_back, sightings
from inspector.stories.token_telling import taken_again, tell

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_LIVES = 256
MOST_ALIKE = 3
"""Everyday lives that are told of one kind of token from one place; of the rest the number is told."""
_PROOFS = frozenset({"client_secret", "client_assertion"})
_WANTED = TOKEN | DATA | LOCATED | AUTHORIZED | POSTED
GRACE = 30
"""Seconds for which a server may take a refresh token that it has replaced without a word about it."""


class TokenStories:
    """Follows every token it meets; exchanges without one cost a few look-ups."""

    def __init__(self) -> None:
        self._lives: OrderedDict[int, Life] = OrderedDict()
        self._met = 0
        self._cookies: dict[tuple[str, str], int] = {}
        """The token that a cookie holds now."""

    @property
    def wants(self) -> int:
        """What may hold a token; when some are known, also what may tell them to others."""
        return _WANTED | REFERRED if self._lives else _WANTED

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of the tokens of one exchange.

        Where there is no more room, the token that was not seen longest is forgotten; it is told if it is not everyday.
        """
        found = x.memo(sightings)
        if self._lives and "referer" in x.req.first:
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
        lives = sorted(filter(Life.worth_telling, self._lives.values()), key=lambda life: life.number)
        number = Counter(life.everyday() for life in lives)
        told: Counter[tuple[str, str, str] | None] = Counter()
        for life in lives:
            same = life.everyday()
            told[same] += 1
            if same is None or told[same] <= MOST_ALIKE:
                last = same is not None and told[same] == MOST_ALIKE
                yield tell(life, number[same] - MOST_ALIKE if last else 0)

    def _life(self, x: Subject, seen: Sighting, ended: list[Story]) -> Life:
        key = hash(seen.raw)
        life = self._lives.get(key)
        if life is None:
            life = self._lives[key] = Life(x, seen, self._met)
            self._met += 1
            if len(self._lives) > MOST_LIVES:
                gone, old = self._lives.popitem(last=False)
                if old.place is not None and self._cookies.get(old.place) == gone:
                    del self._cookies[old.place]
                if old.worth_telling() and old.everyday() is None:
                    ended.append(tell(old))
        elif life.kind == "token" and seen.kind != "token":
            life.kind = seen.kind
        self._lives.move_to_end(key)
        return life

    def _note(self, x: Subject, seen: Sighting, life: Life) -> None:
        host, name = host_name(x.url), brief(x.masker.text(seen.name), 60)
        if not seen.sent:
            if seen.how == "fragment" and x.url.fragment and seen.raw in x.url.fragment:
                life.happened(x, "opened", host, "fragment")
            elif (kinds := {event.kind for event in life.events.values()}).isdisjoint(("sent", "late")):
                site = jar_site(x.url.host)
                passed = "issued" in kinds and site not in life.issuers
                life.happened(x, "passed" if passed else "issued", host, seen.how, name, readable(x, seen))
                life.issuers.add(site)
            if seen.how == "cookie":
                self._kept(x, seen, life)
            return
        late = life.over(x.started) and life.kind != "ID token"  # whose time is about the login alone
        life.happened(x, "late" if late else "sent", host, seen.how, name)
        if seen.how in ("authorization", "field", "url"):
            life.sites.setdefault(jar_site(x.url.host), (x.exchange.index, host))

    def _kept(self, x: Subject, seen: Sighting, life: Life) -> None:
        """A cookie holds this token from now on, and not the one before it."""
        place, key = (jar_site(x.url.host), seen.name), hash(seen.raw)
        before = self._cookies.get(place)
        if before is not None and before != key and before in self._lives:
            old = self._lives[before]
            old.happened(x, "replaced", host_name(x.url), "cookie", life.shown)
            old.replaced = x.started
        self._cookies[place] = key
        life.place = place

    def _posted(self, x: Subject, issued: list[tuple[int, Sighting, Life]]) -> None:
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
        self, x: Subject, spent: Life, access: tuple[int, Life] | None, refresh: tuple[int, Life] | None
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
        form = x.memo(posted)
        proven = "authorization" in x.req or (form is not None and form.values.keys() & _PROOFS)
        again = spent.replaced is not None and x.started is not None and x.started - spent.replaced > GRACE
        if again and not proven:  # a client with a secret of its own loses little with an old refresh token
            spent.findings.append(taken_again(x, spent))
        if refresh is None:
            spent.partner = access[0]
            return
        refresh[1].partner = access[0]
        spent.happened(x, "replaced", host, "refresh", refresh[1].shown)
        if spent.replaced is None:
            spent.replaced = x.started

    def _told_by_referer(self, x: Subject) -> None:
        referer = x.req.first["referer"]
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
