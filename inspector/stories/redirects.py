"""The story of a redirect chain: hop by hop, what changed on the way, where it ended, and whether it had to be."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from inspector import url as urls
from inspector import words
from inspector.browser.redirects import redirected_method
from inspector.report import Story
from inspector.rules.redirect import looped, only_corrects
from inspector.rules.status_words import brief

if TYPE_CHECKING:
    from inspector.session.redirects import Hop
    from inspector.subject import Subject

MOST_CHAINS = 200


class RedirectStories:
    """Chains of two redirects or more, and of one where a person was sent along (a navigation)."""

    def __init__(self) -> None:
        self._chains: OrderedDict[int, tuple[Hop, ...]] = OrderedDict()
        self._navigations: set[int] = set()

    def observe(self, x: Subject) -> None:
        """Take note of an exchange that belongs to a chain."""
        chain = x.session.redirects.follow(x)
        if not chain:
            return
        first = chain[0].index
        if x.is_navigation and len(chain) == 1:
            self._navigations.add(first)
        redirects = len(chain) - (chain[-1].target is None)
        if len(chain) > 1 and (redirects > 1 or first in self._navigations):
            self._chains[first] = chain
            if len(self._chains) > MOST_CHAINS:
                gone, _ = self._chains.popitem(last=False)
                self._navigations.discard(gone)
        if len(self._navigations) > 2 * MOST_CHAINS:
            self._navigations = {index for index in self._navigations if index in self._chains or index == first}

    def finish(self) -> tuple[Story, ...]:
        """The chains, in the order they began."""
        return tuple(_tell(chain) for _, chain in sorted(self._chains.items()))


def _tell(chain: tuple[Hop, ...]) -> Story:
    last = chain[-1]
    redirects = [hop for hop in chain if hop.target is not None]
    loop = looped(chain)
    begin = f"`{brief(chain[0].shown.partition('?')[0], 80)}`"
    count = words.count(len(redirects), "redirect")
    if loop is not None:
        title = f"Redirect loop: {count} from {begin}, back to where it was"
    elif last.target is not None:
        title = f"{count} from {begin}, and no end in this recording"
    else:
        end = f"`{brief(last.shown.partition('?')[0], 80)}`"
        title = f"{count} from {begin} to {end} ({last.status or 'no response'})"
    steps = [_step(hop) for hop in chain]
    steps += _lessons(chain, redirects, loop)
    return Story("redirect-chain", title, tuple(hop.index for hop in chain), tuple(steps))


def _step(hop: Hop) -> str:
    """One hop: asked, answered, and what changes for the next one."""
    took = f", after {words.milliseconds(hop.duration)}" if hop.duration else ""
    text = f"{brief(hop.method, 20)} `{brief(hop.shown, 120)}` → {hop.status or 'no response'}{took}"
    if hop.target is None:
        return text
    changes: list[str] = []
    method = redirected_method(hop.status, hop.method)
    if method != hop.method:
        changes.append(f"{brief(hop.method, 20)} becomes {method}, its content is dropped")
    here, there = urls.parse(hop.url), urls.parse(hop.target)
    if here.scheme != there.scheme:
        changes.append(f"`{here.scheme}:` becomes `{brief(there.scheme, 20)}:`")
    if here.host != there.host:
        changes.append(f"on to the host `{brief(there.host, 80)}`")
    if hop.cookies_set:
        changes.append("a cookie is set")
    if hop.status in (301, 308):
        changes.append("for good")
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
