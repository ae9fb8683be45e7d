"""The net under masking: no text that is told may hold a secret of the exchanges it is about, however it got there.

Values are masked where they are quoted (`inspector.mask`). What slipped through all the same, because a server repeats
a secret where nobody looks for one, is found here by comparing with what the exchanges carry as credentials.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING

import msgspec

from inspector.patterns import compile_late
from inspector.report import Annotation, Story
from inspector.sought import FEW, Sought

if TYPE_CHECKING:
    from inspector.mask import Masker

MOST_REMEMBERED = 10_000
"""Exchanges whose secrets are known when a story is told; the oldest are forgotten."""
_CUT = 8
"""Characters of a secret's beginning or end that give it away beside an ellipsis."""
NO_SECRETS = Sought(())


def scrub_annotations(told: list[Annotation], secrets: Sought, masker: Masker) -> tuple[Annotation, ...]:
    """What is told about an exchange with these secrets, without them."""
    if secrets.texts and told:
        shown = secrets.within(_shown(told))
        if shown:
            hide = partial(masker.scrub, secrets=Sought(tuple(shown)))
            return tuple([_annotation(a, hide) for a in told])
    return tuple(told)


class Remembered:
    """The secrets of the exchanges that passed, for the stories that are told of them later."""

    def __init__(self) -> None:
        self._of: OrderedDict[int, Sought] = OrderedDict()
        self._last = NO_SECRETS

    def remember(self, exchange: int, secrets: Sought) -> None:
        """Keep the secrets of the exchange of this index."""
        if secrets.texts == self._last.texts:
            secrets = self._last  # most exchanges of a page carry the same cookies: one copy is enough
        self._of[exchange] = self._last = secrets
        if len(self._of) > MOST_REMEMBERED:
            self._of.popitem(last=False)

    def carried(self, exchanges: Iterable[int]) -> list[Sought]:
        """The secrets of some exchanges; what several of them carry alike stands once."""
        return list(dict.fromkeys(map(self._of.get, exchanges, repeat(NO_SECRETS))))


def scrub_stories(told: list[Story], remembered: Remembered, masker: Masker) -> list[Story]:
    """Stories without the secrets of the exchanges that each is about."""
    carried = [remembered.carried(story.exchanges) for story in told]
    every: _Every | None = None
    scrubbed = []
    for story, sets in zip(told, carried, strict=True):
        if sum([len(one.texts) for one in sets]) <= FEW:
            secrets = _together(sets)
        else:
            every = every or _Every(carried)
            secrets = every.shown_in(_all_of(story), sets)
        scrubbed.append(scrub_story(story, secrets, masker) if secrets else story)
    return scrubbed


def _together(sets: Iterable[Sought]) -> tuple[str, ...]:
    """Each secret once, those that contain others first."""
    return tuple(sorted(dict.fromkeys([secret for one in sets for secret in one.texts]), key=len, reverse=True))


class _Every:
    """The secrets of all exchanges that some stories are about: finds what one of them shows without trying each."""

    def __init__(self, carried: Iterable[list[Sought]]) -> None:
        secrets = _together(dict.fromkeys(chain.from_iterable(carried)))
        self._whole = Sought(secrets)
        self._begins = sorted(secrets)
        self._ends = sorted([secret[::-1] for secret in secrets])

    def shown_in(self, text: str, sets: list[Sought]) -> tuple[str, ...]:
        """The secrets in a text that one of `sets` has. Of those cut at an ellipsis to the same part, one is enough."""
        shown = [secret for secret in self._whole.within(text) if any(secret in one.known for one in sets)]
        for match in _BEFORE_CUT.finditer(text):
            cut = match.end() - 1
            for begin in range(max(match.start() - _CUT, 0), cut - _CUT + 1):
                shown += _one_that_begins(text[begin:cut], self._begins, sets, 1)
        for match in _AFTER_CUT.finditer(text):
            cut = match.start() + 1
            for end in range(cut + _CUT, min(match.end() + _CUT, len(text)) + 1):
                shown += _one_that_begins(text[cut:end][::-1], self._ends, sets, -1)
        return tuple(sorted(dict.fromkeys(shown), key=len, reverse=True))


# Only where a run begins: from everywhere within it, a long one without an ellipsis would be read over and over.
_BEFORE_CUT = compile_late(r"(?<![^\s…])[^\s…]*…")
_AFTER_CUT = compile_late(r"…[^\s…]*")


def _one_that_begins(part: str, among: list[str], sets: list[Sought], step: int) -> Iterable[str]:
    """The first of the sorted texts `among` that begins with `part` and, read by `step`, is in one of `sets`."""
    for place in range(bisect_left(among, part), len(among)):
        text = among[place]
        if not text.startswith(part):
            break
        if any(text[::step] in one.known for one in sets):
            return (text[::step],)
    return ()


def _all_of(told: Story) -> str:
    """All that a story says and draws, in lines."""
    labels = [arrow.label for arrow in told.arrows] + [bar.label for bar in told.timeline]
    labels += [moment.name for moment in told.moments]
    return "\n".join([told.title, *told.steps, *told.participants, *labels, _shown(told.annotations)])


def scrub_story(told: Story, secrets: tuple[str, ...], masker: Masker) -> Story:
    """A story without the secrets of its exchanges, also where a label was cut and shows a part of one."""
    shown = _all_of(told)
    cut = "…" in shown
    found = [(s[:_CUT], s[-_CUT:], s) for s in secrets if s[:_CUT] in shown or (cut and s[-_CUT:] in shown)]
    if not found:
        return told

    def hide(text: str) -> str:
        cut = "…" in text
        for begins, ends, secret in found:
            if begins in text or (cut and ends in text):
                text = _without(text, secret, masker)
        return text

    replace = msgspec.structs.replace
    return replace(
        told,
        title=hide(told.title),
        steps=tuple(map(hide, told.steps)),
        participants=tuple(map(hide, told.participants)),
        arrows=tuple(
            [replace(a, source=hide(a.source), target=hide(a.target), label=hide(a.label)) for a in told.arrows]
        ),
        timeline=tuple(
            [bar if (label := hide(bar.label)) == bar.label else replace(bar, label=label) for bar in told.timeline]
        ),
        moments=tuple([replace(moment, name=hide(moment.name)) for moment in told.moments]),
        annotations=tuple([_annotation(a, hide) for a in told.annotations]),
    )


def _shown(annotations: Iterable[Annotation]) -> str:
    """All that annotations say and quote, in lines."""
    texts: list[str | None] = []
    for a in annotations:
        texts += (a.title, a.detail, a.fix, a.condition)
        for e in a.evidence:
            texts += (e.name, e.value, e.label)
    return "\n".join(filter(None, texts))


def _annotation(a: Annotation, hide: Callable[[str], str]) -> Annotation:
    def maybe(text: str | None) -> str | None:
        return hide(text) if text else text

    return msgspec.structs.replace(
        a,
        title=hide(a.title),
        detail=hide(a.detail),
        fix=maybe(a.fix),
        condition=maybe(a.condition),
        evidence=tuple(
            [
                msgspec.structs.replace(
                    e,
                    name=maybe(e.name),
                    value=maybe(e.value),
                    mark=e.mark if maybe(e.value) == e.value else None,
                    label=maybe(e.label),
                )
                for e in a.evidence
            ]
        ),
    )


def _without(text: str, secret: str, masker: Masker) -> str:
    """A text without a secret, and without the parts of it that stand beside an ellipsis."""
    if secret in text:
        text = text.replace(secret, masker.secret(secret))
    if "…" not in text:
        return text
    begins, ends = secret[:_CUT], secret[-_CUT:]
    if begins in text:
        text = re.sub(rf"{re.escape(begins)}([^\s…]*)…", partial(_cut, secret=secret, ahead=True, masker=masker), text)
    if ends in text:
        text = re.sub(rf"…([^\s…]*){re.escape(ends)}", partial(_cut, secret=secret, ahead=False, masker=masker), text)
    return text


def _cut(match: re.Match[str], *, secret: str, ahead: bool, masker: Masker) -> str:
    part = match[0].strip("…")
    if not (secret.startswith(part) if ahead else secret.endswith(part)):
        return match[0]
    return f"{masker.secret(secret)}…" if ahead else f"…{masker.secret(secret)}"
