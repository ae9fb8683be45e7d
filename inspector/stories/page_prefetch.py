"""Files that a page fetched for pages to come (`prefetch`), followed across pages: used later, asked for again, or not.

A browser keeps what it prefetched for minutes; a page that needs it then asks nobody. Where a later page asks for it
over the network all the same, the prefetch was for nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector.report import Annotation, Evidence
from inspector.rules.base import Finding
from inspector.rules.hints_page import PREFETCH_AGAIN
from inspector.rules.status_words import brief
from inspector.stories.page_parts import PageLoad, Part
from inspector.stories.page_tree import Tree
from inspector.url import parse
from inspector.words import count, duration, listed, octets

if TYPE_CHECKING:
    from inspector.mask import Masker

MOST_REMEMBERED = 512
MOST_NAMED = 4


class Fetched(Struct, frozen=True):
    """A file that was prefetched: in which exchange, when it had come, and by which page (masked)."""

    index: int
    ended: float
    page: str


class Prefetches:
    """What pages prefetched, across the pages of a session. Bounded."""

    def __init__(self) -> None:
        self._fetched: OrderedDict[str, Fetched] = OrderedDict()
        self._trees: tuple[Tree, ...] = ()
        self._by_url: dict[str, list[Part]] = {}
        """Their parts; empty until it is asked for."""
        self._over = False

    def coming(self, trees: Iterable[Tree], *, over: bool) -> None:
        """The pages that are told now, in order; `over` says that no others follow them."""
        self._trees, self._by_url, self._over = tuple(trees), {}, over

    def tell(self, page: PageLoad, tree: Tree, masker: Masker) -> tuple[list[str], list[Annotation]]:
        """What a page took of what others prefetched, and what it prefetched itself: sentences, and findings."""
        steps: list[str] = []
        findings: list[Annotation] = []
        hinted = page.markup.hinted if page.markup is not None else ()
        wanted = dict.fromkeys(one.url for one in hinted if one.hint.relation == "prefetch")
        if self._fetched:
            self._taken(tree, wanted, masker, steps, findings)
        if wanted:
            steps.append(self._own(tree, wanted, masker, findings))
        return steps, findings

    def _taken(
        self, tree: Tree, wanted: Iterable[str], masker: Masker, steps: list[str], findings: list[Annotation]
    ) -> None:
        seen: set[str] = set()
        for part in tree.parts:
            fetched = self._fetched.get(part.url)
            if fetched is None or part.url in seen or part.url in wanted or part.index <= fetched.index:
                continue
            seen.add(part.url)
            text = f"`{_name(masker, part.url)}` was prefetched by `{fetched.page}` (#{fetched.index})"
            if not part.crossed:
                steps.append(f"{text} and came out of the cache when this page needed it (#{part.index}).")
            elif part.status == 304:
                steps.append(f"{text}; this page asked whether it is still good (#{part.index}, 304).")
            elif not part.failed and part.status < 400:
                steps.append(f"{text} and requested again over the network (#{part.index}).")
                findings.append(_again(part, fetched, masker))

    def _later(self, url: str, after: float) -> Part | None:
        """The first exchange for a file on the pages that are told now that began after a moment."""
        if not self._by_url:
            for tree in self._trees:
                for part in tree.parts:
                    self._by_url.setdefault(part.url, []).append(part)
        return next((part for part in self._by_url.get(url, ()) if part.started > after), None)

    def _own(self, tree: Tree, wanted: Iterable[str], masker: Masker, findings: list[Annotation]) -> str:
        by_url: dict[str, list[Part]] = {url: [] for url in wanted}
        for part in tree.parts:
            if part.url in by_url:
                by_url[part.url].append(part)
        document = tree.parts[tree.document]
        told: list[str] = []
        missing = 0
        for url in wanted:
            found = by_url.get(url, ())
            if not found:
                missing += 1
                continue
            first = found[0]
            fetched = self._fetched[url] = Fetched(first.index, first.ended, brief(document.shown, 80))
            self._fetched.move_to_end(url)
            if len(self._fetched) > MOST_REMEMBERED:
                self._fetched.popitem(last=False)
            again = next((part for part in found[1:] if part.crossed and part.status == 200), None)
            later = self._later(url, tree.ended)
            name = f"`{_name(masker, url)}` (#{first.index}"
            if again is not None:
                told.append(f"{name}, and once more in #{again.index})")
                findings.append(_again(again, fetched, masker))
            elif later is not None:
                told.append(f"{name}, asked for later in #{later.index})")
            else:
                told.append(f"{name}, not asked for later in this recording)" if self._over else f"{name})")
        number = len(told) + missing
        text = f"{count(number, 'file')} for pages to come (`prefetch`)"
        if not told:
            return f"{text}: none of them fetched during this load."
        rest = f"; {missing} not fetched during this load" if missing else ""
        return f"{text}: {listed(told, most=MOST_NAMED)}{rest}."


def _again(part: Part, fetched: Fetched, masker: Masker) -> Annotation:
    size = f" ({octets(part.size)})" if part.size else ""
    since = part.started - fetched.ended
    after = f", {duration(since)} after it had come" if since >= 1 else ""
    return PREFETCH_AGAIN.annotation(
        Finding(
            f"`{_name(masker, part.url)}` was prefetched in #{fetched.index} and fetched anew{size} in "
            f"#{part.index}{after}: the browser did not take the copy it had.",
            evidence=(
                Evidence("url", None, brief(part.shown, 140), exchange=part.index),
                Evidence("response.body", None, f"rel=prefetch {brief(masker.url(part.url), 120)}"),
            ),
        )
    )


def _name(masker: Masker, url: str) -> str:
    shown = parse(masker.url(url))
    return brief(shown.path.rstrip("/").rpartition("/")[2] or shown.path or shown.text, 60)
