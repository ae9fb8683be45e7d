"""What led to what in a page's load, and the chain of exchanges that took longest: pure functions over its parts.

Which exchange led to another is what the recorder says (its initiator), else what `Referer` names, else the document.
The chain is an estimate: it ends with the last file that the load event had to wait for, and goes back from initiator
to initiator; the work of scripts and the browser's own queueing show in it as gaps.
"""

from __future__ import annotations

from msgspec import Struct

from inspector.stories.page_parts import PageLoad, Part

PAUSE = 5.0
"""Seconds without an exchange after which what follows no longer belongs to the load."""
_SLACK = 0.005
"""Seconds by which a recorder's clock for the load event may be off."""
LONGEST_CHAIN = 24
_WAITED_FOR = frozenset({"document", "frame", "HTML", "stylesheet", "script", "image", "font", "media"})
"""Kinds that the load event waits for (HTML, "delay the load event"); data that scripts ask for is not among them."""
_LEADS_ON = frozenset({"document", "frame", "HTML", "stylesheet", "script"})
"""Kinds that ask for others."""


class Tree(Struct, frozen=True):
    """A page's load, put in order. `parts` begin with the document or with redirects to it, sorted by their start.

    `parents` holds for each part the place of the one that led to it (``None`` for the first), `chain` the places of
    the longest chain, first to last, and `later` how many exchanges came long after the load.
    """

    parts: tuple[Part, ...]
    document: int
    parents: tuple[int | None, ...]
    chain: tuple[int, ...]
    began: float
    ended: float
    later: int


def tree_of(page: PageLoad) -> Tree | None:
    """Put a page's exchanges in order; ``None`` where no document was recorded."""
    document = page.document
    if document is None:
        return None
    parts = sorted(page.parts, key=lambda part: (part.started, part.index))
    limit = (page.loaded or 0.0) + PAUSE
    kept = parts
    for number, part in enumerate(parts):
        started, ended = part.started, part.ended
        if started > limit and number:
            kept = parts[:number]
            break
        if ended + PAUSE > limit:
            limit = max(limit, min(ended, started + 60) + PAUSE)
    if document not in kept:
        kept = [part for part in parts if part.started >= document.started][:1] or [document]
    place = kept.index(document)
    parents = _parents(kept, place)
    icons = page.markup.icons if page.markup is not None else frozenset()
    chain = _chain(kept, parents, place, page.loaded, icons)
    began = kept[0].started
    if page.started is not None and 0 <= began - page.started < PAUSE:
        began = page.started  # what the recorder counts its events from
    return Tree(tuple(kept), place, parents, chain, began, max([part.ended for part in kept]), len(parts) - len(kept))


def _parents(parts: list[Part], document: int) -> tuple[int | None, ...]:
    by_url: dict[str | None, int] = {}
    redirected: dict[str, int] = {}
    parents: list[int | None] = []
    for place, part in enumerate(parts):
        url = part.url
        parent = redirected.pop(url, None) if redirected else None
        if parent is None and place != document:
            parent = by_url.get(part.initiator)
            if parent is None:
                parent = by_url.get(part.referrer)
            if parent is None and place > document:
                parent = document
        parents.append(parent)
        if part.leads_to is not None:
            redirected[part.leads_to] = place
        elif part.kind in _LEADS_ON:
            by_url.setdefault(url, place)
    return tuple(parents)


def _chain(
    parts: list[Part], parents: tuple[int | None, ...], document: int, loaded: float | None, icons: frozenset[str]
) -> tuple[int, ...]:
    place: int | None = document
    ends = [part.ended for part in parts]
    for late in sorted(range(document, len(parts)), key=ends.__getitem__, reverse=True):
        part = parts[late]
        if (
            (loaded is None or part.ended <= loaded + _SLACK)
            and part.kind in _WAITED_FOR
            and not part.failed
            and part.url not in icons
            and not part.url.endswith("/favicon.ico")
        ):
            place = late
            break
    chain: list[int] = []
    while place is not None and place not in chain and len(chain) < LONGEST_CHAIN:
        chain.append(place)
        place = parents[place]
    return tuple(reversed(chain))
