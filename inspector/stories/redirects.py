"""The story of a redirect chain: hop by hop, what changed on the way, where it ended, and whether it had to be."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector import url as urls
from inspector import words
from inspector.browser.redirects import MOST_REDIRECTS, redirected_method
from inspector.report import Story
from inspector.rules.redirect import looped, only_corrects
from inspector.rules.status_words import brief
from inspector.stories.signs import ANY
from inspector.stories.telling import Telling, client_name, host_name

if TYPE_CHECKING:
    from inspector.session.redirects import Hop
    from inspector.subject import Subject

MOST_CHAINS = 200


class _Noted(Struct, frozen=True):
    """What a hop does not say of itself. Everything is masked."""

    client: str
    content: bool
    fragment: bool
    """Whether the fragment is replaced by that of ``Location``."""
    kept: str
    """For how long the redirect is remembered, in words; empty where it is not."""
    authorized: bool
    withheld: tuple[str, ...]
    own: str
    """Why no server was asked; empty where one was."""


class _Chain:
    __slots__ = ("hops", "navigation", "noted", "told")

    def __init__(self, navigation: bool) -> None:
        self.hops: tuple[Hop, ...] = ()
        self.navigation = navigation
        self.noted: dict[int, _Noted] = {}
        self.told = False


class RedirectStories:
    """Chains of two redirects or more, and of one where a person was sent along (a navigation)."""

    wants = ANY

    def __init__(self) -> None:
        self._chains: OrderedDict[int, _Chain] = OrderedDict()

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of an exchange that belongs to a chain; tells the chain when it has come to its end."""
        hops = x.session.redirects.follow(x)
        if not hops:
            return None
        first = hops[0].index
        chain = self._chains.get(first)
        ended: list[Story] = []
        if chain is None:
            chain = self._chains[first] = _Chain(x.is_navigation)
            if len(self._chains) > MOST_CHAINS:
                _, gone = self._chains.popitem(last=False)
                ended += _tell(gone)
        if chain.told:
            return ended
        chain.hops = hops
        chain.noted[x.exchange.index] = _note(x)
        last = hops[-1]
        if last.target is None:
            del self._chains[first]
            ended += _tell(chain)
        elif len(hops) > MOST_REDIRECTS or x.exchange.failure is not None:
            ended += _tell(chain)
            chain.told = True
        return ended

    def finish(self) -> Iterator[Story]:
        """The chains that came to no end, in the order they began."""
        for _, chain in sorted(self._chains.items()):
            if not chain.told:
                yield from _tell(chain)


def _note(x: Subject) -> _Noted:
    kept = ""
    cache = x.verdicts.cache
    if x.status in (301, 308) and (cache is None or cache.stored is not False):
        limited = cache is not None and cache.basis in ("max-age", "expires") and cache.lifetime
        kept = f"remembered for {words.duration(limited)}" if limited else "for good"
    own = ""
    if "non-authoritative-reason" in x.res or (x.response is not None and x.response.reason == "Internal Redirect"):
        own = "by the browser itself, which knows that this host wants `https:` (HSTS); no server was asked"
    elif cache is not None and cache.served_from == "cache":
        own = "from the browser's cache; no server was asked"
    withheld = tuple(v.name for v in x.verdicts.cookies if v.outcome == "blocked" and _by_same_site(v.codes))
    return _Noted(
        client_name(x),
        x.request.body.state not in ("empty", "unknown"),
        bool(x.url.fragment) and "#" in (x.res.get("location") or ""),
        kept,
        "authorization" in x.req,
        tuple(brief(n, 40) for n in withheld[:4]),
        own,
    )


def _by_same_site(codes: tuple[str, ...]) -> bool:
    return any("SameSite" in code for code in codes)


def _tell(chain: _Chain) -> Iterator[Story]:
    hops, noted = chain.hops, chain.noted
    last = hops[-1]
    redirects = [hop for hop in hops if hop.target is not None]
    if len(hops) < 2 or (len(redirects) < 2 and not chain.navigation):
        return
    loop = looped(hops)
    begin = f"`{brief(hops[0].shown.partition('?')[0], 80)}`"
    count = words.count(len(redirects), "redirect")
    if loop is not None:
        title = f"Redirect loop: {count} from {begin}, back to where it was"
    elif last.target is not None:
        title = f"{count} from {begin}, and no end in this recording"
    else:
        end = f"`{brief(last.shown.partition('?')[0], 80)}`"
        title = f"{count} from {begin} to {end} ({last.status or 'no response'})"
    client = noted[hops[0].index].client
    telling = Telling("redirect-chain", client)
    carried = False
    for hop in hops:
        note = noted[hop.index]
        telling.say(_step(hop, note, carried))
        carried = note.authorized
        _draw(telling, client, hop, note)
    if loop is not None:
        telling.arrow(client, client, f"back at hop {loop + 1}: a loop", failed=True)
    if loop is not None or last.status == 0 or last.status >= 400:
        telling.fail()
    for lesson in _lessons(hops, redirects, loop):
        telling.say(lesson)
    yield telling.story(title)


def _draw(telling: Telling, client: str, hop: Hop, note: _Noted) -> None:
    here = urls.parse(hop.shown)
    server = host_name(here) or brief(hop.shown, 40)
    path = here.path or "/"
    method = brief(hop.method, 12)
    if note.own:
        telling.arrow(client, client, f"{method} {path}: {hop.status}, no server asked", hop.index)
        return
    over = "http: " if here.scheme == "http" else ""
    telling.arrow(client, server, f"{over}{method} {path}", hop.index)
    if not hop.status:
        telling.arrow(server, client, "no response", hop.index, failed=True)
        return
    there = urls.parse(hop.target) if hop.target else here
    to = f", to {there.host}" if there.host != here.host else ", to https" if there.scheme != here.scheme else ""
    cookie = ", sets a cookie" if hop.cookies_set else ""
    telling.arrow(server, client, f"{hop.status}{to}{cookie}", hop.index, failed=hop.status >= 400)


def _step(hop: Hop, note: _Noted, carried: bool) -> str:
    """One hop: asked, answered, and what changes for the next one. `carried`: the hop before had `Authorization`."""
    took = f", after {words.milliseconds(hop.duration)}" if hop.duration else ""
    text = f"{brief(hop.method, 20)} `{brief(hop.shown, 120)}` → {hop.status or 'no response'}{took}"
    changes: list[str] = []
    if note.own:
        changes.append(note.own)
    if carried and not note.authorized:
        changes.append("`Authorization` was not sent on to here")
    if note.withheld:
        changes.append(f"{words.listed(words.ticked(note.withheld))} withheld because of `SameSite`")
    if hop.target is not None:
        method = redirected_method(hop.status, hop.method)
        if method != hop.method:
            changes.append(f"{brief(hop.method, 20)} becomes {method}")
            if note.content:
                changes.append("its content is dropped")
        if note.fragment:
            changes.append("the fragment is replaced by the one in `Location`")
        here, there = urls.parse(hop.url), urls.parse(hop.target)
        if here.scheme != there.scheme:
            changes.append(f"`{here.scheme}:` becomes `{brief(there.scheme, 20)}:`")
        if here.host != there.host:
            changes.append(f"on to the host `{brief(there.host, 80)}`")
        if hop.cookies_set:
            changes.append("a cookie is set")
        if note.kept:
            changes.append(note.kept)
    return text + (f": {', '.join(changes)}" if changes else "")


def _lessons(chain: tuple[Hop, ...], redirects: list[Hop], loop: int | None) -> list[str]:
    told: list[str] = []
    if loop is not None:
        told.append(f"The last redirect leads back to hop {loop + 1} with the same method: a loop.")
    corrections = [hop for hop in redirects if hop.target is not None and only_corrects(hop.url, hop.target)]
    if len(corrections) > 1:
        told.append(
            f"{len(corrections)} of the hops only correct the address (scheme, `www.` or slash). One redirect to the "
            "final address would do."
        )
    down = next(
        (h for h in redirects if h.url.startswith("https:") and (h.target or "").startswith("http:")),
        None,
    )
    if down is not None:
        told.append(f"After `{brief(down.shown, 80)}` the way goes on without encryption.")
    took = [hop.duration for hop in redirects if hop.duration is not None]
    if took and len(took) == len(redirects) and sum(took) >= 1:
        after = " before the final request could be sent" if len(redirects) < len(chain) else ""
        told.append(f"The redirects took {words.milliseconds(sum(took))}{after}.")
    return told
