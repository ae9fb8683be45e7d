"""A page's load as a sequence diagram: the document, the sites it loaded from with counts, and the critical path."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from inspector.stories.page_parts import Part
from inspector.stories.page_tree import Tree
from inspector.stories.telling import Telling
from inspector.url import parse
from inspector.words import count, listed, milliseconds, octets

BROWSER = "browser"
MOST_SITES = 4
"""Sites with a column of their own: with the browser as many as a terminal has room for."""
MOST_REDIRECTS = 4
MOST_LINKS = 7
_PLURALS = {"data": "data", "media": "media", "other": "other", "HTML": "HTML"}


def kinds(parts: Iterable[Part], most: int = 8) -> str:
    """How many parts of which kind, the most frequent first: ``12 images and 3 scripts``."""
    counted: dict[str, int] = {}
    for part in parts:
        counted[part.kind] = counted.get(part.kind, 0) + 1
    ordered = sorted(counted, key=lambda kind: -counted[kind])
    return listed(
        [f"{counted[kind]:,} {_PLURALS.get(kind) or kind + ('' if counted[kind] == 1 else 's')}" for kind in ordered],
        most=most,
    )


class Sites(Struct, frozen=True):
    """The participants of a page's load beside the browser: the document's site first; `rest` stands for many."""

    named: tuple[str, ...]
    rest: str
    columns: dict[str, str]
    """What a server is called → the participant that exchanges with it are drawn to."""

    def of(self, part: Part) -> str:
        """The participant that an exchange is drawn to."""
        return self.columns[part.server]


def sites_of(tree: Tree) -> Sites:
    """Choose them: the document's, those of the critical path, then those that were asked most often."""
    counted: dict[str, int] = {}
    for part in tree.parts:
        counted[part.server] = counted.get(part.server, 0) + 1
    first = [tree.parts[place].server for place in (tree.document, *reversed(tree.chain))]
    ordered = tuple(dict.fromkeys([*first, *sorted(counted, key=lambda name: -counted[name])]))
    if len(ordered) <= MOST_SITES:
        return Sites(ordered, "", {name: name for name in ordered})
    named = ordered[: MOST_SITES - 1]
    rest = f"{len(ordered) - len(named):,} other sites"
    return Sites(named, rest, {name: name if name in named else rest for name in ordered})


def draw_document(telling: Telling, tree: Tree, sites: Sites) -> None:
    """The document, and the last redirects before it where they are among the page's exchanges."""
    document = tree.parts[tree.document]
    hops = [part for part in tree.parts[: tree.document] if part.leads_to is not None][-MOST_REDIRECTS:]
    mixed = len({part.address.scheme for part in (*hops, document)}) > 1
    for part in (*hops, document):
        site = sites.of(part)
        asks = f"{part.address.scheme}: {_path(part)}" if mixed else _path(part)
        if not part.crossed:
            telling.arrow(BROWSER, BROWSER, f"{_path(part)} out of a cache", part.index)
            continue
        telling.arrow(BROWSER, site, asks, part.index)
        answer = str(part.status) if part.status else "no response"
        took = milliseconds(1000 * (part.ended - part.started))
        telling.arrow(site, BROWSER, f"{answer}, after {took}", part.index, failed=part.refused)


def draw_parts(telling: Telling, tree: Tree, sites: Sites) -> None:
    """What the page led to: one arrow for each site, what it answered as another, and what failed."""
    groups: dict[str, list[Part]] = {}
    cached: list[Part] = []
    before = [part for part in tree.parts[: tree.document] if part.leads_to is None]
    columns = sites.columns
    for part in (*before, *tree.parts[tree.document + 1 :]):
        if part.crossed:
            site = columns[part.server]
            if site in groups:
                groups[site].append(part)
            else:
                groups[site] = [part]
        else:
            cached.append(part)
    order = [*sites.named, sites.rest]
    for site in sorted(groups, key=order.index):
        parts = groups[site]
        telling.arrow(BROWSER, site, f"asks for {kinds(parts, most=4)}", parts[0].index)
        failed = [part for part in parts if part.refused]
        answered = len(parts) - len(failed)
        sizes = sum([part.size for part in parts if part.size])
        if answered:
            size = f", {octets(sizes)}" if sizes else ""
            last = milliseconds(1000 * (max([part.ended for part in parts]) - tree.began))
            telling.arrow(site, BROWSER, f"answers ×{answered:,}{size}, until {last}", None)
        if failed:
            codes = listed(dict.fromkeys(str(part.status or "no response") for part in failed), most=3)
            telling.arrow(site, BROWSER, f"{len(failed):,} failed: {codes}", failed[0].index, failed=True)
    if cached:
        telling.arrow(BROWSER, BROWSER, f"{count(len(cached), 'file')} out of a cache", cached[0].index)


def draw_chain(telling: Telling, tree: Tree, sites: Sites) -> None:
    """The critical path after the document, link by link; of a long one its beginning and its end."""
    links = [(number, tree.parts[place]) for number, place in enumerate(tree.chain, 1) if place != tree.document]
    links = [(number, part) for number, part in links if part.started >= tree.parts[tree.document].started]
    if len(links) > MOST_LINKS:
        links = [*links[:4], *links[-3:]]
    for number, part in links:
        until = milliseconds(1000 * (part.ended - tree.began))
        target = sites.of(part) if part.crossed else BROWSER
        at = f" of {part.server}" if target == sites.rest else ""
        telling.arrow(BROWSER, target, f"critical path {number}: {_name(part)}{at}, until {until}", part.index)


def _path(part: Part) -> str:
    return f"GET {parse(part.shown).path or '/'}"


def _name(part: Part) -> str:
    url = parse(part.shown)
    name = url.path.rstrip("/").rpartition("/")[2] or url.host
    return name if len(name) <= 28 else f"{name[:18]}…{name[-9:]}"
