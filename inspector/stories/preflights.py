"""The story of a preflight and the requests it was for: asked, answered, permitted or not, and how often for nothing.

One story for each origin, method and pattern of URLs, so that two hundred preflights are one thing to read. Whether a
preflight permits a request is the verdict of `inspector.browser.cors`; here it is only counted and told.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from inspector import url as urls
from inspector import words
from inspector.browser.cors_preflight import DEFAULT_MAX_AGE, check_request, parse_max_age
from inspector.patterns import compile_late
from inspector.report import Evidence, Story
from inspector.rules.base import Finding
from inspector.rules.cors_story import PREFLIGHTS_REPEATED
from inspector.rules.status_words import brief
from inspector.stories.signs import PREFLIGHT
from inspector.stories.telling import Telling, client_name, host_name

if TYPE_CHECKING:
    from inspector.browser.verdict import CorsVerdict
    from inspector.session.preflights import Asked
    from inspector.subject import Subject

MOST_GROUPS = 256
MOST_ASKED = 4096
MOST_URLS = 256
MOST_INDICES = 1000
MOST_TOLD = 6
"""Preflights and requests of a group that are told one by one; what is refused first is told, too."""
WORTH_A_FINDING = 3
"""Preflights that a longer-lived answer would have spared."""
SHORT = 60
"""Seconds below which an answer is kept for a short time only."""

_VARIES = compile_late(r"(?<=/)(?:[0-9]+|[0-9a-fA-F-]{16,}|(?=[^/]*[0-9])[\w~-]{20,})(?=/|$)")

_Key = tuple[str, str, str]


class _Group:
    """What one origin asks of one pattern of URLs with one method. Texts are masked."""

    def __init__(self, x: Subject, origin: str, method: str, where: str) -> None:
        self.client, self.server = client_name(x), host_name(x.url)
        self.origin = brief(x.masker.text(origin), 100)
        self.method = brief(method, 20)
        self.where = brief(x.masker.url(where), 100)
        self.preflights = self.requests = self.left_out = 0
        self.refused = False
        self.still_held = self.run_out = 0
        """Preflights sent although an answer counted, and sent because it did not any more."""
        self.example: tuple[int, int] | None = None
        """Two preflights of which the second came because the first one's answer was not kept."""
        self.kept: str = ""
        self.last: OrderedDict[str, Asked] = OrderedDict()
        """URL → the last preflight that was permitted."""
        self.urls = 0
        self.indices: list[int] = []
        self.told: list[tuple[int, bool, str, str, str, bool]] = []
        """Exchange, whether it is a preflight, sentence, label of the request and of the answer, whether it failed."""


class PreflightStories:
    """Groups preflights with the requests that follow them."""

    wants = PREFLIGHT

    def __init__(self) -> None:
        self._groups: OrderedDict[_Key, _Group] = OrderedDict()
        self._asked: OrderedDict[int, _Key] = OrderedDict()

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of a preflight, or of a request that one was sent for; tells what there is no more room for."""
        verdict = x.verdicts.cors
        if verdict is None or verdict.preflight is None:
            return None
        if verdict.is_preflight:
            return self._preflight(x, verdict)
        key = self._asked.get(-1 if verdict.preflight.exchange is None else verdict.preflight.exchange)
        group = None if key is None else self._groups.get(key)
        if group is not None:
            group.requests += 1
            _note(group, x, verdict, _request(x, verdict))
        return None

    def finish(self) -> Iterator[Story]:
        """The stories there are to tell."""
        return map(_tell, self._groups.values())

    def _preflight(self, x: Subject, verdict: CorsVerdict) -> list[Story]:
        index, url = x.exchange.index, x.request.url.partition("#")[0]
        asked = x.session.preflights.asked_by(index, url)
        if asked is None:
            return []
        ended: list[Story] = []
        where = x.url.origin + _VARIES.sub("*", x.url.path)
        key = (asked.origin, asked.method, where)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(x, asked.origin, asked.method, where)
            if len(self._groups) > MOST_GROUPS:
                ended.append(_tell(self._groups.popitem(last=False)[1]))
        self._groups.move_to_end(key)
        self._asked[index] = key
        if len(self._asked) > MOST_ASKED:
            self._asked.popitem(last=False)
        group.preflights += 1
        _note(group, x, verdict, _question(group, x, verdict))
        _again(group, x, asked, url)
        return ended


def _again(group: _Group, x: Subject, asked: Asked, url: str) -> None:
    """Whether the answer before this preflight could have spared it; keeps this one's for the next."""
    before = group.last.pop(url, None)
    if before is None:
        group.urls += 1
    elif (
        before.until is not None
        and x.started is not None
        and check_request(before.permit, asked.method, asked.names, False) is None
    ):
        if x.started < before.until:
            group.still_held += 1
        elif parse_max_age(before.permit.max_age) < SHORT:
            group.run_out += 1
            group.example = group.example or (before.index, asked.index)
    if asked.plain is None:
        value = asked.permit.max_age
        kept = parse_max_age(value)
        if value is None:
            group.kept = f"for {DEFAULT_MAX_AGE} seconds, because `Access-Control-Max-Age` is missing"
        else:
            shown = brief(x.shown("response", "access-control-max-age"), 40)
            group.kept = f"for {words.duration(kept)}" if kept else "for no time at all"
            group.kept += f" (`Access-Control-Max-Age: {shown}`)"
        if asked.until is not None and kept:
            group.kept += f", until {words.moment(asked.until)}"
        group.last[url] = asked
        if len(group.last) > MOST_URLS:
            group.last.popitem(last=False)


def _note(group: _Group, x: Subject, verdict: CorsVerdict, said: tuple[str, str, str]) -> None:
    failed = verdict.outcome == "blocked" or x.status == 0
    first = failed and not group.refused
    group.refused = group.refused or failed
    index = x.exchange.index
    if len(group.indices) < MOST_INDICES:
        group.indices.append(index)
    if len(group.told) < MOST_TOLD or first:
        group.told.append((index, verdict.is_preflight, *said, failed))
    else:
        group.left_out += 1


def _question(group: _Group, x: Subject, verdict: CorsVerdict) -> tuple[str, str, str]:
    assert verdict.preflight is not None
    because = words.listed(words.ticked(brief(b, 60) for b in verdict.preflight.because))
    text = f"The browser asks for `{group.origin}` whether it may send {group.method} (because of {because}): "
    status = str(x.status) if x.status else "no response"
    answer = status
    if x.status == 0:
        text += "no response."
    elif verdict.outcome == "blocked":
        text += f"{status}, not permitted (`{verdict.code}`)."
        answer += ", not permitted"
    elif verdict.outcome == "depends":
        text += f"{status}, permitted unless {verdict.condition} (`{verdict.code}`)."
        answer += ", permitted without credentials" if verdict.condition and "include" in verdict.condition else ""
    else:
        text += f"{status}, permitted."
        answer += ", permitted"
    return text, f"OPTIONS {_path(x)}", answer


def _request(x: Subject, verdict: CorsVerdict) -> tuple[str, str, str]:
    method = brief(x.method, 20)
    status = str(x.status) if x.status else "no response"
    text = f"{method} `{brief(x.shown_url, 120)}` → {status}"
    answer = status
    if verdict.outcome == "blocked":
        reason = f" (`{verdict.code}`)" if verdict.code else ""
        unsent = x.status == 0
        text += f": blocked{reason}; " + ("it was never sent." if unsent else "the page does not get the response.")
        answer = "never sent" if unsent else f"{status}, kept from the page"
    elif verdict.outcome == "depends" and verdict.condition:
        text += f": blocked if {verdict.condition}."
    elif verdict.outcome == "allowed":
        text += ": the page gets the response."
    else:
        text += "."
    return text, f"{method} {_path(x)}", answer


def _path(x: Subject) -> str:
    return urls.parse(x.shown_url).path or "/"


def _tell(group: _Group) -> Story:
    telling = Telling("preflight", group.client, group.server)
    for index, is_preflight, text, asked, answer, failed in group.told:
        telling.say(text)
        if answer == "never sent":
            telling.arrow(group.client, group.client, f"{asked}: never sent", index, failed=True)
            continue
        telling.arrow(group.client, group.server, asked, index)
        telling.arrow(group.server, group.client, answer, index, failed=failed)
        if is_preflight and failed:
            telling.fail()
    if group.left_out:
        telling.say(f"{words.count(group.left_out, 'more exchange')} of the same kind followed.")
    if group.kept:
        telling.say(f"Chromium keeps the last answer {group.kept}.")
    if group.urls > 1:
        telling.say(
            f"An answer counts for one URL alone, and these were {words.count(group.urls, 'URL')}: each is asked for "
            "by itself."
        )
    if group.still_held:
        telling.say(
            f"{words.count(group.still_held, 'preflight')} came although an earlier answer still counted: a cache that "
            "is switched off (as DevTools can), requests now with and now without credentials, or a client that keeps "
            "no answers."
        )
    if group.run_out:
        telling.say(
            f"{words.count(group.run_out, 'preflight')} asked what had been permitted before, because the answer had "
            "not been kept for long enough."
        )
    telling.about(*group.indices)
    if group.refused:
        telling.fail()
    if group.run_out >= WORTH_A_FINDING:
        telling.found(PREFLIGHTS_REPEATED.annotation(_finding(group)))
    outcome = "Refused" if group.refused else "Permitted"
    asked = words.count(group.preflights, "preflight")
    return telling.story(
        f"{outcome}: {group.method} to `{group.where}` from `{group.origin}` ({asked}, "
        f"{words.count(group.requests, 'request')} after)"
    )


def _finding(group: _Group) -> Finding:
    assert group.example is not None
    first, second = group.example
    return Finding(
        f"{words.count(group.run_out, 'preflight')} for {group.method} to `{group.where}` asked what the server had "
        f"permitted before. The browser kept that answer {group.kept.partition(', until')[0]}.",
        f"On the server behind `{group.server}`: `Access-Control-Max-Age: 7200` in the answer to `OPTIONS`. What is "
        "permitted then cannot be taken back from a browser for two hours.",
        (
            Evidence("request.line", None, f"OPTIONS {group.where}", None, "permitted", first),
            Evidence("request.line", None, f"OPTIONS {group.where}", None, "asked again", second),
        ),
    )
