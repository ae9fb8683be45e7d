"""The net under masking: no text that is told may hold a secret of the exchanges it is about, however it got there.

Values are masked where they are quoted (`inspector.mask`). What slipped through all the same, because a server repeats
a secret where nobody looks for one, is found here by comparing with what the exchanges carry as credentials.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING

import msgspec

from inspector.report import Annotation, Story

if TYPE_CHECKING:
    from inspector.mask import Masker

MOST_REMEMBERED = 10_000
"""Exchanges whose secrets are known when a story is told; the oldest are forgotten."""
_CUT = 8
"""Characters of a secret's beginning or end that give it away beside an ellipsis."""


def scrub_annotations(told: list[Annotation], secrets: tuple[str, ...], masker: Masker) -> tuple[Annotation, ...]:
    """What is told about an exchange with these secrets, without them."""
    if secrets and told:
        shown = _shown(told)
        for secret in secrets:
            if secret in shown:
                hide = partial(masker.scrub, secrets=secrets)
                return tuple([_annotation(a, hide) for a in told])
    return tuple(told)


class Remembered:
    """The secrets of the exchanges that passed, for the stories that are told of them later."""

    def __init__(self) -> None:
        self._of: OrderedDict[int, tuple[str, ...]] = OrderedDict()
        self._last: tuple[str, ...] = ()

    def remember(self, exchange: int, secrets: tuple[str, ...]) -> None:
        """Keep the secrets of the exchange of this index."""
        if secrets == self._last:
            secrets = self._last  # most exchanges of a page carry the same cookies: one copy is enough
        self._of[exchange] = self._last = secrets
        if len(self._of) > MOST_REMEMBERED:
            self._of.popitem(last=False)

    def secrets(self, exchanges: Iterable[int]) -> tuple[str, ...]:
        """The secrets of some exchanges, each once, those that contain others first."""
        carried = dict.fromkeys(map(self._of.get, exchanges, repeat(())))  # most are one and the same copy
        return tuple(sorted(dict.fromkeys(chain.from_iterable(carried)), key=len, reverse=True))


def scrub_story(told: Story, secrets: tuple[str, ...], masker: Masker) -> Story:
    """A story without the secrets of its exchanges, also where a label was cut and shows a part of one."""
    labels = [arrow.label for arrow in told.arrows] + [bar.label for bar in told.timeline]
    labels += [moment.name for moment in told.moments]
    shown = "\n".join([told.title, *told.steps, *told.participants, *labels, _shown(told.annotations)])
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
