"""A page's resource hints against what it then asked for: used, unused, too late, for another purpose, fetched twice.

Whether the browser took a preload cannot be seen in a recording: one that is used and one that is not are both one
request. What tells is the markup, else whether any file of the page names the preloaded one, else a second request.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from inspector.report import Annotation, Evidence
from inspector.rules.base import Finding, Rule
from inspector.rules.hints_page import (
    CONNECTION_UNUSED,
    HINT_LATE,
    PRECONNECT_MODE,
    PRELOAD_UNUSED,
    PRELOAD_WRONG_AS,
)
from inspector.rules.status_words import brief
from inspector.stories.page_markup import Hinted
from inspector.stories.page_parts import PageLoad, Part
from inspector.stories.page_tree import Tree
from inspector.url import parse
from inspector.words import count, listed, octets, ticked

if TYPE_CHECKING:
    from inspector.mask import Masker

MOST_NAMED = 3
_KIND_OF_AS = {"style": "stylesheet", "fetch": "data", "track": "media"}
_AS_OF_KIND = {"stylesheet": "style", "data": "fetch"}


def tell_hints(page: PageLoad, tree: Tree, masker: Masker) -> tuple[list[str], list[Annotation]]:
    """What became of the hints: sentences, and findings."""
    markup = page.markup
    if markup is None or not markup.hinted:
        return [], []
    reader = _Reader(page, tree, masker)
    for one in markup.hinted:
        relation = one.hint.relation
        if relation in ("preconnect", "dns-prefetch"):
            reader.connection(one)
        elif relation != "prefetch":  # those concern other pages: see `page_prefetch`
            reader.preload(one)
    return reader.steps(), reader.annotations()


class _Reader:
    """Sorts the hints of one page."""

    def __init__(self, page: PageLoad, tree: Tree, masker: Masker) -> None:
        self.page, self.masker = page, masker
        self.by_url: dict[str, list[Part]] = {}
        self.by_origin: dict[str, list[Part]] = {}
        document = tree.parts[tree.document]
        for part in tree.parts:
            if part is not document:
                self.by_url.setdefault(part.url, []).append(part)
                self.by_origin.setdefault(parse(part.url).origin, []).append(part)
        self.used: list[Hinted] = []
        self.unclear: list[Hinted] = []
        self.twice: list[tuple[Hinted, Part, Part]] = []
        self.unused: list[tuple[Hinted, Part]] = []
        self.wrong: list[tuple[Hinted, str, Part]] = []
        self.late: list[Hinted] = []
        self.connected: list[Hinted] = []
        self.not_connected: list[Hinted] = []
        self.wrong_mode: list[tuple[Hinted, Part]] = []

    def preload(self, one: Hinted) -> None:
        found = self.by_url.get(one.url, [])
        if one.late:
            self.late.append(one)
            return
        if not found:
            return  # for another screen, of a type this browser does not know, or out of its memory: nothing was asked
        destination = "script" if one.hint.relation == "modulepreload" else one.hint.destination
        other = one.used_as or next(
            (
                _AS_OF_KIND.get(part.kind, part.kind)
                for part in found
                if part.kind in ("stylesheet", "script", "font", "image")
                and len(found) > 1
                and part.kind != _KIND_OF_AS.get(destination, destination)
            ),
            None,
        )
        if other is not None and destination and not one.used:
            self.wrong.append((one, other, found[-1]))
        elif len(found) > 1 and not one.used:
            self.twice.append((one, found[0], found[1]))
        elif one.used or self._named(one):
            self.used.append(one)
        elif one.other_mode or not one.names or self._unread(found[0]):
            self.unclear.append(one)
        else:
            self.unused.append((one, found[0]))

    def _named(self, one: Hinted) -> bool:
        markup = self.page.markup
        assert markup is not None
        names = set(one.names)
        return bool(names & markup.named) or any(names & part.words for part in self.page.parts)

    def _unread(self, part: Part) -> bool:
        markup = self.page.markup
        assert markup is not None
        return self.page.unread or markup.truncated or not markup.known or part.failed or bool(self.page.left_out)

    def connection(self, one: Hinted) -> None:
        if one.origin == "null" or one.origin == parse(self.page.parts[0].url).origin:
            return
        found = self.by_origin.get(one.origin)
        if not found:
            self.not_connected.append(one)
        elif one.late:
            self.late.append(one)
        else:
            opened = [p for p in found if (p.timings.connect or 0) > 0]
            kinds = {part.kind for part in found}
            anonymous = one.hint.crossorigin is not None
            otherwise = (
                kinds <= {"stylesheet", "image"} and all(p.mode == "no-cors" for p in found)
                if anonymous
                else kinds == {"font"}
            )
            if one.hint.relation == "preconnect" and opened and opened[0] is found[0] and otherwise:
                self.wrong_mode.append((one, opened[0]))
            else:
                self.connected.append(one)

    # -- telling -------------------------------------------------------------------------------------------------

    def _names(self, those: Iterable[Hinted]) -> str:
        return listed(ticked(dict.fromkeys(self._short(one) for one in those)), most=MOST_NAMED)

    def _short(self, one: Hinted) -> str:
        if one.hint.relation in ("preconnect", "dns-prefetch"):
            return brief(one.origin, 80)
        shown = parse(self.masker.url(one.url))
        return brief(shown.path.rpartition("/")[2] or shown.path or shown.text, 60)

    def steps(self) -> list[str]:
        told: list[str] = []
        if self.used:
            told.append(f"Preloaded and used: {self._names(self.used)}.")
        if self.unclear:
            why = (
                "the recording keeps no content of the page's scripts and stylesheets that would tell"
                if self.page.unread or (self.page.markup is not None and not self.page.markup.known)
                else "nothing in the recording tells"
            )
            told.append(f"Preloaded, and whether it was used is not known ({why}): {self._names(self.unclear)}.")
        for one, first, second in self.twice[:MOST_NAMED]:
            again = "out of a cache" if not second.crossed else "over the network"
            told.append(
                f"`{self._short(one)}` was preloaded (#{first.index}) and requested once more (#{second.index}, "
                f"{again}): the browser did not take what was preloaded, as happens where mode or "
                "credentials are others than those of its use."
            )
        if self.connected:
            told.append(f"Connections hinted at and used: {self._names(self.connected)}.")
        return told

    def annotations(self) -> list[Annotation]:
        told: list[Annotation] = []
        if self.unused:
            told.append(self._unused())
        for one, other, part in self.wrong[:MOST_NAMED]:
            told.append(self._wrong(one, other, part))
        if self.not_connected:
            ones = list({one.origin: one for one in self.not_connected}.values())
            names = self._names(ones)
            told.append(
                _annotation(
                    CONNECTION_UNUSED,
                    f"The page hints at {count(len(ones), 'origin')} to connect to ({names}), and no request of it in "
                    "this recording went there.",
                    f"The page leaves out {'the hint' if len(ones) == 1 else 'the hints'}, unless something people do "
                    "on it needs the connection at once.",
                    ones,
                    self.masker,
                )
            )
        if self.late:
            ones = self.late
            verb = "its hint stands" if len(ones) == 1 else "their hints stand"
            told.append(
                _annotation(
                    HINT_LATE,
                    f"The markup loads from {self._names(ones)} before {verb}: the browser has asked already when it "
                    "reads the hint.",
                    "The page moves the hint to the top of its head, or leaves it out.",
                    ones,
                    self.masker,
                )
            )
        for one, part in self.wrong_mode[:MOST_NAMED]:
            without = one.hint.crossorigin is None
            told.append(
                _annotation(
                    PRECONNECT_MODE,
                    f"`{self._short(one)}` is preconnected {'without' if without else 'with'} `crossorigin`, and all "
                    f"the page asks it for is fetched {'without' if without else 'with'} credentials: #{part.index} "
                    "had to open a connection of its own.",
                    f"The page {'adds `crossorigin` to' if without else 'takes `crossorigin` out of'} the preconnect.",
                    [one],
                    self.masker,
                )
            )
        return told

    def _unused(self) -> Annotation:
        sizes = [part.size for _, part in self.unused if part.size]
        ones = [one for one, _ in self.unused]
        cost = f" ({octets(sum(sizes))})" if sizes else ""
        where = listed([f"#{part.index}" for _, part in self.unused], most=6)
        return PRELOAD_UNUSED.annotation(
            Finding(
                f"{self._names(ones)} {'was' if len(ones) == 1 else 'were'} preloaded{cost}, and neither the markup "
                f"nor any script or stylesheet of the page names {'it' if len(ones) == 1 else 'them'} ({where}).",
                fix="The page, or the server's `Link` field, leaves the preload out.",
                evidence=_evidence(ones, self.masker),
                certainty="likely",
                condition="unless a script puts the name together from pieces",
            )
        )

    def _wrong(self, one: Hinted, other: str, part: Part) -> Annotation:
        return _annotation(
            PRELOAD_WRONG_AS,
            f"`{self._short(one)}` is preloaded with `as={brief(one.hint.destination, 20)}` and used as `{other}` "
            f"(#{part.index}). The browser does not take the preloaded copy, and requests the file again.",
            f"The preload says `as={other}`."
            + (" A font needs `crossorigin` besides." if other == "font" and one.hint.crossorigin is None else ""),
            [one],
            self.masker,
        )


def _evidence(ones: list[Hinted], masker: Masker) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            "response.field" if one.hint.by_field else "response.body",
            "Link" if one.hint.by_field else None,
            brief(f"rel={one.hint.relation} {masker.url(one.hint.target)}", 140),
        )
        for one in ones[:MOST_NAMED]
    )


def _annotation(rule: Rule, detail: str, fix: str, ones: list[Hinted], masker: Masker) -> Annotation:
    return rule.annotation(Finding(detail, fix=fix, evidence=_evidence(ones, masker)))
