"""A cookie's life: set, changed, sent, withheld, deleted, run out, by exchange number, and who set it.

Told only where there is something to tell: most cookies are set once and sent along, and a page sets dozens.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from inspector import url as urls
from inspector import words
from inspector.browser.cookies_store import cookie_place
from inspector.fields.set_cookie import parse_set_cookie
from inspector.report import Story
from inspector.rules.cookies_words import scope, session_named
from inspector.rules.status_words import brief
from inspector.site import same_site
from inspector.stories.signs import ANY
from inspector.stories.telling import Telling, client_name, host_name

if TYPE_CHECKING:
    from inspector.browser.verdict import SetCookieVerdict
    from inspector.subject import Subject

MOST_LIVES = 1024
MOST_EVENTS = 40
OFTEN = 3
"""Changes of value from which on the life of a session's cookie is worth telling."""

_ELSEWHERE = frozenset({"NotOnPath", "DomainMismatch"})
"""Why a cookie is not for a request at all; nothing is withheld then."""

_Kind = Literal["set", "changed", "sent", "withheld", "deleted", "refused"]


class _Event:
    """Something that happened, and again until something else did. Texts are safe to keep: no value of a cookie."""

    __slots__ = ("count", "first", "host", "kind", "last", "text", "why")

    def __init__(self, kind: _Kind, index: int, host: str, why: str = "", text: str = "") -> None:
        self.kind, self.first, self.last, self.count = kind, index, index, 1
        self.host, self.why, self.text = host, why, text


class _Life:
    __slots__ = (
        "by_post", "changes", "client", "events", "expires", "kept", "left_out", "name", "refused", "set_in",
        "third_party", "value", "withheld",
    )  # fmt: skip

    def __init__(self, name: str, client: str) -> None:
        self.name, self.client = name, client
        self.events: list[_Event] = []
        self.left_out = 0
        self.changes = 0
        self.set_in: tuple[int, str] | None = None
        """The exchange that set it last, and its name: how the jar's verdicts refer to it."""
        self.value: int | None = None
        """A number that stands for the value, within this process alone."""
        self.kept = self.withheld = self.refused = self.by_post = False
        self.third_party = False
        self.expires: float | None = None

    def happened(self, kind: _Kind, index: int, host: str, why: str = "", text: str = "") -> None:
        """Note an event, or once more the last one."""
        last = self.events[-1] if self.events else None
        if last is not None and last.kind == kind and last.why == why and (kind != "set" or last.host == host):
            last.last, last.count = index, last.count + 1
        elif len(self.events) < MOST_EVENTS:
            self.events.append(_Event(kind, index, host, why, text))
        else:
            self.left_out += 1

    def ran_out(self, now: float) -> bool:
        """Whether its time is over at `now`, in seconds since 1970."""
        return self.kept and self.expires is not None and self.expires <= now

    def worth_telling(self, now: float) -> bool:
        """Whether there is more to it than a cookie that is set and sent.

        What a third party's cookie meets is everyday; it is told where it is lost after it had been sent.
        """
        sent = any(event.kind == "sent" for event in self.events)
        lost = sent and (self.withheld or any(e.kind == "deleted" for e in self.events))
        if lost or self.third_party:
            return lost
        if sent and self.ran_out(now):
            return True
        session = session_named(self.name)
        return self.refused or self.withheld or (session and (self.by_post or self.changes >= OFTEN))


class CookieStories:
    """Follows every cookie that a response of the recording sets."""

    wants = ANY

    def __init__(self) -> None:
        self._lives: OrderedDict[tuple[str, str, bool, str], _Life] = OrderedDict()
        """By what makes a cookie the same one: name, domain, whether for that host alone, and path."""
        self._set_in: dict[tuple[int, str], _Life] = {}
        self._now = 0.0

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of the cookies an exchange carried, lacked and set; tells what there is no more room for."""
        started = x.started
        if started is not None and started > self._now:
            self._now = started
        verdicts = x.verdicts
        if not verdicts.set_cookies and not (verdicts.cookies and self._lives):
            return None
        index, host = x.exchange.index, host_name(x.url)
        for due in verdicts.cookies:
            if due.set_by is None or (life := self._set_in.get((due.set_by, due.name))) is None:
                continue
            if due.recorded or (due.recorded is None and due.outcome == "sent"):
                life.happened("sent", index, host)
            elif due.outcome == "blocked" and not due.recorded and _ELSEWHERE.isdisjoint(due.codes):
                life.withheld = True
                life.happened("withheld", index, host, ", ".join(due.codes))
        ended: list[Story] = []
        if verdicts.set_cookies:
            for line, verdict in zip(x.res.all("set-cookie"), verdicts.set_cookies, strict=False):
                if verdict.outcome != "unknown":
                    ended += self._set(x, host, line, verdict)
        return ended

    def finish(self) -> Iterator[Story]:
        """The lives worth telling."""
        for life in self._lives.values():
            if life.worth_telling(self._now):
                yield _tell(life, self._now)

    def _set(self, x: Subject, host: str, line: str, verdict: SetCookieVerdict) -> Iterator[Story]:
        cookie = parse_set_cookie(line)
        key = (verdict.name, *cookie_place(cookie, x.url))
        life = self._lives.get(key)
        index = x.exchange.index
        if life is None:
            life = self._lives[key] = _Life(brief(verdict.name, 60), client_name(x))
            life.third_party = third_party(x)
            if len(self._lives) > MOST_LIVES:
                _, gone = self._lives.popitem(last=False)
                self._refers(gone, None)
                if gone.worth_telling(self._now):
                    yield _tell(gone, self._now)
        self._lives.move_to_end(key)
        if verdict.outcome == "blocked":
            life.refused = True
            life.happened("refused", index, host, ", ".join(verdict.codes))
        elif verdict.outcome == "expired":
            life.happened("deleted", index, host)
            life.kept, life.value = False, None
            self._refers(life, None)
        else:
            self._refers(life, (index, verdict.name))
            value = hash(cookie.value)
            if not life.kept:
                life.happened("set", index, host, "", _attributes(verdict))
            elif value != life.value:
                life.changes += 1
                life.happened("changed", index, host)
            life.kept, life.value = True, value
            life.expires = None if verdict.stored_as is None else verdict.stored_as.expires
            life.by_post = life.by_post or (x.method == "POST" and x.status < 400)

    def _refers(self, life: _Life, set_in: tuple[int, str] | None) -> None:
        """From now on verdicts refer to this cookie by another exchange, or not at all."""
        if life.set_in is not None and self._set_in.get(life.set_in) is life:
            del self._set_in[life.set_in]
        life.set_in = set_in
        if set_in is not None:
            self._set_in[set_in] = life


def third_party(x: Subject) -> bool:
    """Whether a page of another site made the request, as far as is known."""
    if x.fetch_site is not None:
        return x.fetch_site == "cross-site" and x.mode != "navigate"
    page = x.page_url
    return page is not None and not x.is_navigation and not same_site(urls.parse(page), x.url, schemeful=False)


def _attributes(verdict: SetCookieVerdict) -> str:
    stored = verdict.stored_as
    if stored is None:
        return ""
    how = "until the browser closes" if stored.expires is None else f"until {words.moment(stored.expires)}"
    flags = ["Secure"] if stored.secure else []
    if stored.http_only:
        flags.append("HttpOnly")
    if stored.same_site is not None:
        flags.append(f"SameSite={stored.same_site}")
    with_flags = f", {words.listed(words.ticked(flags))}" if flags else ", without `Secure`, `HttpOnly` and `SameSite`"
    doubt = f"; {verdict.condition}" if verdict.outcome == "depends" and verdict.condition else ""
    return f" for {scope(stored)}, {how}{with_flags}{doubt}"


def _tell(life: _Life, now: float) -> Story:
    party = "a third party" if life.third_party else "the site itself"
    telling = Telling("cookie", life.client)
    name = life.name
    for event in life.events:
        host, times = brief(event.host, 80), event.count
        where = f"#{event.first}" if times == 1 else f"#{event.first} to #{event.last}"
        back = f"`{host}` in {where}"
        match event.kind:
            case "set":
                telling.say(f"`{host}` sets it ({party}) in {where}{brief(event.text, 300)}.")
                telling.arrow(host, life.client, f"sets {name}", event.first)
            case "changed":
                often = "gets another value" if times == 1 else f"gets other values {times:,} times"
                telling.say(f"It {often} from {back}.")
                telling.arrow(host, life.client, f"changes {name}", event.first)
            case "sent":
                telling.say(f"The browser sends it with {words.count(times, 'request')}, {where}.")
                telling.arrow(life.client, host, f"sends {name}{f' ×{times:,}' if times > 1 else ''}", event.first)
            case "withheld":
                telling.say(f"It is withheld from {words.count(times, 'request')} to `{host}`, {where}: `{event.why}`.")
                telling.arrow(life.client, life.client, f"withholds {name}: {event.why}", event.first, failed=True)
            case "deleted":
                telling.say(f"`{host}` deletes it in {where}.")
                telling.arrow(host, life.client, f"deletes {name}", event.first)
            case "refused":
                why = f": `{event.why}`" if event.why else ""
                telling.say(f"The browser refuses to store it from `{host}`, {where}{why}.")
                telling.arrow(host, life.client, f"{name}, refused", event.first, failed=True)
        telling.about(event.first, event.last)
    if life.left_out:
        telling.say(f"{words.count(life.left_out, 'more turn')} of this kind followed.")
    over = life.ran_out(now)
    if over and life.expires is not None:
        telling.say(f"Its time is over at {words.moment(life.expires)}; from then on it is not sent.")
        telling.arrow(life.client, life.client, f"{name} has run out")
    if life.refused and not any(e.kind == "set" for e in life.events):
        telling.fail()
    happened = list(dict.fromkeys(event.kind for event in life.events))
    in_short = words.listed([*happened, "run out"] if over else happened)
    return telling.story(f"The life of the cookie `{name}`: {in_short}")
