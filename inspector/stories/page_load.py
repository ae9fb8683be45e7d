"""The story of a page's load: the document, what it led to, what rendering waited for, the longest chain, the hints."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from inspector.report import Annotation, Bar, Moment, Story
from inspector.rules.status_words import brief
from inspector.stories.page_arrows import BROWSER, draw_chain, draw_document, draw_parts, kinds, sites_of
from inspector.stories.page_hints import tell_hints
from inspector.stories.page_parts import PHASES, PageLoad, Pages, Part, phases_of
from inspector.stories.page_prefetch import Prefetches
from inspector.stories.page_tree import Tree, tree_of
from inspector.stories.signs import ANY
from inspector.stories.telling import Telling
from inspector.url import parse
from inspector.words import count, listed, milliseconds, octets

if TYPE_CHECKING:
    from inspector.mask import Masker
    from inspector.subject import Subject

MOST_BARS = 1_000
MOST_FOUND = 1_000
_LONG_GAP = 0.1
"""Seconds between a file's end and the beginning of what it led to that are worth a word."""
_DEEP = 4
"""Exchanges in a chain from which on it is worth shortening."""


class PageStories:
    """One story a page that asked for more than its document."""

    wants = ANY

    def __init__(self) -> None:
        self._pages = Pages()
        self._masker: Masker | None = None
        self._prefetches = Prefetches()
        self._found: set[object] = set()
        """Findings told: the same page loaded again does not repeat them."""

    def observe(self, x: Subject) -> tuple[Story, ...]:
        """Take an exchange in; the stories of pages that are over with it."""
        self._masker = x.masker
        ended = self._pages.observe(x)
        return self._tell(ended, over=False) if ended else ()

    def finish(self) -> tuple[Story, ...]:
        """The stories that are left."""
        return self._tell(self._pages.rest(), over=True)

    def _tell(self, pages: Iterable[PageLoad], *, over: bool) -> tuple[Story, ...]:
        trees = [(page, tree) for page in pages if (tree := tree_of(page)) is not None]
        self._prefetches.coming([tree for _, tree in trees], over=over)
        masker = self._masker
        if masker is None:
            return ()
        return tuple(
            [
                self._once(tell(page, tree, masker, self._prefetches.tell(page, tree, masker)))
                for page, tree in trees
                if len(tree.parts) > 1
            ]
        )

    def _once(self, story: Story) -> Story:
        new = tuple(a for a in story.annotations if _of_what(a) not in self._found)
        if len(self._found) < MOST_FOUND:
            self._found.update(_of_what(a) for a in new)
        return story if len(new) == len(story.annotations) else msgspec.structs.replace(story, annotations=new)


def _of_what(finding: Annotation) -> object:
    """The rule and the hints it speaks of, by which the same finding is known again."""
    return finding.rule, tuple([evidence.value for evidence in finding.evidence])


def tell(page: PageLoad, tree: Tree, masker: Masker, prefetched: tuple[list[str], list[Annotation]]) -> Story:
    """A page's story. `masker` is that of the report, `prefetched` what is told of files for pages to come."""
    document = tree.parts[tree.document]
    origins = {part.address.origin for part in tree.parts}
    size = sum([part.size for part in tree.parts if part.crossed and part.size is not None])
    title = f"Page load of `{brief(document.shown, 100)}`: {count(len(tree.parts), 'exchange')}"
    if len(origins) > 1:
        title += f" with {count(len(origins), 'origin')}"
    if size:
        title += f", {octets(size)}"
    loaded = _since(page.loaded, tree)
    title += (
        f", load event after {milliseconds(loaded)}"
        if loaded is not None
        else f", all there after {milliseconds(1000 * (tree.ended - tree.began))}"
    )
    blocking, blocked = _blocking(page, tree)
    hint_steps, annotations = tell_hints(page, tree, masker)
    ahead, wasted = prefetched
    sites = sites_of(tree)
    telling = Telling("page-load", BROWSER, *sites.named)
    telling.about(*[part.index for part in tree.parts])
    telling.say(_document(page, tree))
    draw_document(telling, tree, sites)
    telling.say(_parts_in_words(tree))
    draw_parts(telling, tree, sites)
    for sentence in blocked:
        telling.say(sentence)
    telling.say(_chain(tree))
    draw_chain(telling, tree, sites)
    for sentence in (*_moments(page, tree), *hint_steps, *ahead):
        telling.say(sentence)
    telling.found(*annotations, *wasted)
    return msgspec.structs.replace(
        telling.story(title),
        timeline=_bars(tree, blocking),
        moments=tuple(
            Moment(name, round(at, 1))
            for name, at in (("DOMContentLoaded", _since(page.content_loaded, tree)), ("load", loaded))
            if at is not None
        ),
    )


def _since(moment: float | None, tree: Tree) -> float | None:
    """Milliseconds from the page's beginning to a moment; ``None`` where it is unknown or makes no sense."""
    return 1000 * (moment - tree.began) if moment is not None and moment >= tree.began else None


def _named(part: Part) -> str:
    """A part by its file's name and the number of its exchange, already masked."""
    url = parse(part.shown)
    name = url.path.rstrip("/").rpartition("/")[2] or url.host or part.shown
    return f"`{brief(name, 60)}` (#{part.index})"


def _document(page: PageLoad, tree: Tree) -> str:
    document = tree.parts[tree.document]
    timings = document.timings
    began = 1000 * (document.started - tree.parts[0].started)
    text = f"The document (#{document.index}"
    text += f", {document.status})" if document.status else ", without a response)"
    if not document.crossed:
        text += " came from the browser's cache or a service worker"
    else:
        text += f" took {milliseconds(1000 * (document.ended - document.started))}"
        if timings.wait is not None:
            text += f", {milliseconds(timings.wait)} of them waiting for the first byte"
        opening = (timings.dns or 0) + (timings.connect or 0) + (timings.tls or 0)
        if opening >= 1:
            text += f" and {milliseconds(opening)} opening the connection"
    redirects = sum(part.leads_to is not None for part in tree.parts[: tree.document])
    if redirects and began >= 1:
        text += f", after {count(redirects, 'redirect')} that took {milliseconds(began)}"
    elif page.redirects:
        took = [hop.duration for hop in page.redirects if hop.duration is not None]
        text += f", after {count(len(page.redirects), 'redirect')}"
        text += f" that took {milliseconds(sum(took))}" if took else ""
    early = _early(tree) if document.version in ("2", "3") else []  # over HTTP/1.1 recorders' clocks differ there
    if early:
        text += (
            f". {count(len(early), 'exchange')} began before its first byte: `103 Early Hints`, server push or a "
            "service worker can do that"
        )
    return text + "."


def _early(tree: Tree) -> list[Part]:
    """What the document led to, and began before its first byte had come."""
    document = tree.parts[tree.document]
    wait, receive = document.timings.wait, document.timings.receive
    if wait is None or receive is None:
        return []
    first_byte = document.ended - receive / 1000
    return [
        part
        for part, parent in zip(tree.parts, tree.parents, strict=True)
        if document.started < part.started < first_byte - 0.02 and part.crossed and parent == tree.document
    ]


def _parts_in_words(tree: Tree) -> str:
    """How many of what kind, and which of them the document did not ask for itself."""
    document = tree.parts[tree.document]
    rest = [part for part in tree.parts if part.leads_to is None and part is not document]
    if not rest:
        return "It led to nothing else but redirects."
    text = f"It led to {count(len(rest), 'further exchange')}: {kinds(rest)}."
    by_others: dict[int, int] = {}
    for parent in tree.parents:
        if parent is not None and parent != tree.document and tree.parts[parent].leads_to is None:
            by_others[parent] = by_others.get(parent, 0) + 1
    if by_others:
        ordered = sorted(by_others, key=lambda parent: -by_others[parent])
        most = listed([f"{by_others[p]:,} by {_named(tree.parts[p])}" for p in ordered], most=4)
        text += f" Not asked for by the document itself but found later: {most}."
    failed = [part for part in rest if part.refused]
    if failed:
        text += f" {len(failed):,} failed: {listed([f'#{part.index}' for part in failed], most=5)}."
    cached = len([part for part in rest if not part.crossed])
    if cached:
        text += f" {cached:,} came out of a cache or a service worker."
    return text


def _blocking(page: PageLoad, tree: Tree) -> tuple[frozenset[int], list[str]]:
    """What rendering waited for: the places of the parts, and the sentence."""
    markup = page.markup
    if markup is None or not markup.known:
        return frozenset(), ["What rendering waited for is not known: the recording keeps no content of the document."]
    place_of: dict[str, int] = {}
    for place, part in enumerate(tree.parts):
        place_of.setdefault(part.url, place)
    places: list[int] = []
    for one in markup.blocking:
        found = place_of.get(one.url)
        while found is not None and tree.parts[found].leads_to is not None:
            found = place_of.get(tree.parts[found].leads_to or "")
        if found is not None and found not in places and not tree.parts[found].failed:
            places.append(found)
    for place, part in enumerate(tree.parts):  # what such a stylesheet imports, rendering waits for too
        if part.kind == "stylesheet" and tree.parents[place] in places and place not in places:
            places.append(place)
    if not places:
        return frozenset(), (
            []
            if markup.blocking or any(part.kind == "stylesheet" for part in tree.parts)
            else ["No external stylesheet or script of the head held up rendering."]
        )
    those = kinds([tree.parts[place] for place in places])
    last = max(places, key=lambda place: tree.parts[place].ended)
    at = milliseconds(1000 * (tree.parts[last].ended - tree.began))
    text = f"Nothing could be painted before {those} of the document's head had come"
    text += (
        f": {_named(tree.parts[last])} was the last of them, after {at}."
        if len(places) > 1
        else f": {_named(tree.parts[last])}, after {at}."
    )
    scripts = [place for place in places if tree.parts[place].kind == "script"]
    if scripts:
        text += (
            f" The {'script has' if len(scripts) == 1 else 'scripts have'} neither `defer` nor `async`, so the parser "
            "stops there until they have run."
            if len(scripts) > 1
            else " The script has neither `defer` nor `async`, so the parser stops there until it has run."
        )
    return frozenset(places), [text]


def _chain(tree: Tree) -> str:
    chain = [tree.parts[place] for place in tree.chain]
    whole = 1000 * (chain[-1].ended - tree.began)
    if len(chain) == 1:
        return (
            "Critical path: the document alone; nothing that the load event waits for ended after its "
            f"{milliseconds(whole)}."
        )
    links = []
    for before, part in zip([None, *chain[:-1]], chain, strict=True):
        text = f"{_named(part)} until {milliseconds(1000 * (part.ended - tree.began))}"
        if before is not None and part.started - before.ended >= _LONG_GAP:
            text += f", begun {milliseconds(1000 * (part.started - before.ended))} after the one before had ended"
        links.append(text)
    if len(links) > 8:
        links = [*links[:4], f"{len(links) - 7} more", *links[-3:]]
    text = f"Critical path, estimated from what led to what and when it ended: {' → '.join(links)}."
    gap, after = max((b.started - a.ended, n) for n, (a, b) in enumerate(pairwise(chain)))
    deep = sum(part.leads_to is None for part in chain)
    if gap * 1000 > whole / 2:
        text += (
            f" Most of it is the gap before {_named(chain[after + 1])}: work of scripts, or the browser's own order of "
            "loading, which a recording does not show."
        )
    elif deep >= _DEEP:
        text += (
            f" {deep} exchanges one after the other: what comes last can be named in the document (an element, "
            "or a `preload`) to begin earlier."
        )
    return text


def _moments(page: PageLoad, tree: Tree) -> list[str]:
    content, loaded = _since(page.content_loaded, tree), _since(page.loaded, tree)
    told = []
    if content is not None:
        told.append(f"`DOMContentLoaded` after {milliseconds(content)}")
    if loaded is not None:
        told.append(f"`load` after {milliseconds(loaded)}")
    if not told:
        return []
    text = listed(told)
    if page.loaded is not None:
        after = len([part for part in tree.parts if part.started > page.loaded]) + tree.later
        if after:
            text += f"; {count(after, 'exchange')} began after the load event"
    return [text + "."]


def _bars(tree: Tree, blocking: frozenset[int]) -> tuple[Bar, ...]:
    parts, began, critical = tree.parts, tree.began, frozenset(tree.chain)
    bars: list[Bar] = []
    for place, (part, parent) in enumerate(zip(parts[:MOST_BARS], tree.parents, strict=False)):
        started, lengths = part.started, phases_of(part.timings)
        phases = {name: round(length, 2) for name, length in zip(PHASES, lengths, strict=True) if length}
        bars.append(
            Bar(
                part.index,
                part.shown,
                part.kind,
                round(1000 * (started - began), 2),
                round(1000 * (part.ended - started), 2),
                phases,
                None if parent is None else parts[parent].index,
                part.size,
                place in critical,
                place in blocking,
            )
        )
    return tuple(bars)
