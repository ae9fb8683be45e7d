"""How a login by form ended: by the answer, and by the page that a redirect leads to.

A server that refuses a password mostly does not say so by the status: it sends the form again, at once (200) or behind
a redirect. A page that has a field of the name the password was posted under asks for it again; one that was recorded
and has no field for a password lets the person in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspector import words
from inspector.browser.redirects import REDIRECTS
from inspector.patterns import compile_late
from inspector.report import Evidence, Story
from inspector.rules.base import Finding
from inspector.rules.cookies_words import session_named, set_lines
from inspector.rules.session_story import SESSION_ID_KEPT
from inspector.rules.status_words import brief, target
from inspector.stories.telling import Telling, client_name, host_name

if TYPE_CHECKING:
    from inspector.browser.verdict import SetCookieVerdict
    from inspector.subject import Subject

MOST_HOPS = 10
_GUARD = compile_late(r"csrf|xsrf|requestverificationtoken|antiforgery", re.IGNORECASE)
_SESSION = compile_late(r"sess|sid", re.IGNORECASE)
"""In the names of cookies that hold a session, and not a login in progress or a token to be remembered by."""
SHORTEST = 10
"""Characters of the shortest value that is taken for a session's id."""


class Answered:
    """A password that a form posted, and the answer to it. What is kept of cookies' values are numbers."""

    def __init__(self, x: Subject, field: str, telling: Telling, kept: list[SetCookieVerdict]) -> None:
        self.field, self.telling, self.kept = field, telling, kept
        self.where, self.index, self.status, self.started = (
            x.url.origin + x.url.path,
            x.exchange.index,
            x.status,
            x.started,
        )
        self.client, self.server = client_name(x), host_name(x.url)
        self.target = (target(x) or "").partition("#")[0]
        self.hops = 0
        carried = _session_values(x)
        given = {line.cookie.name: hash(line.cookie.value) for line in set_lines(x) if line.kept}
        self.carried = tuple(carried)
        """Cookies that the browser brought and that go by a session's name."""
        self.unchanged = tuple([name for name, value in carried.items() if given.get(name, value) == value])
        """Those of them that have the same value after the answer."""

    def leads_to(self, x: Subject) -> bool:
        """Whether an exchange is the one that the redirect leads to."""
        return x.method == "GET" and x.request.url.partition("#")[0] == self.target

    def goes_on(self, x: Subject) -> bool:
        """Whether it leads on, to an address that is waited for from now on."""
        if x.status not in REDIRECTS or self.hops >= MOST_HOPS:
            return False
        self.hops += 1
        self.target = (target(x) or "").partition("#")[0]
        self.look_at(x)
        return bool(self.target)

    def look_at(self, x: Subject) -> None:
        """Take note of the cookies that come on the way: one that is new may be the session, and not the old one."""
        if any(not guards(line.cookie.name) for line in set_lines(x) if line.kept):
            self.unchanged = ()


def guards(name: str) -> bool:
    """Whether a cookie is by its name one against forged requests, which logs nobody in."""
    return _GUARD.search(name) is not None


def same_form(x: Subject, field: str) -> bool:
    """Whether a page asks for the password that was posted under this name."""
    page = x.html
    return page is not None and any(_is_password(e.attributes) and e.get("name") == field for e in page.having("input"))


def _asks_for_none(x: Subject) -> bool:
    page = x.html
    if page is None or not 200 <= x.status < 300:
        return False
    return not page.truncated and not any(_is_password(e.attributes) for e in page.having("input"))


def _is_password(attributes: dict[str, str]) -> bool:
    return attributes.get("type", "").lower() == "password"


def _session_values(x: Subject) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in x.req.all("cookie"):
        for pair in line.split(";"):
            name, _, value = pair.strip().partition("=")
            if (
                len(value) >= SHORTEST
                and any(c.isdigit() for c in value)
                and session_named(name)
                and _SESSION.search(name)
            ):
                found[name] = hash(value)
    return found


def tell_answer(answer: Answered, page: Subject | None) -> Story | None:
    """The story, by the page that the answer is or led to (``None``: not recorded); ``None`` where it shows nothing."""
    if page is not None and page.exchange.index != answer.index:
        answer.look_at(page)
    telling, login = answer.telling, f"login by form at `{answer.server}`"
    redirected = page is None or page.exchange.index != answer.index
    if page is not None and same_form(page, answer.field):
        again = f"a page that asks for the password again (#{page.exchange.index})" if redirected else "the form again"
        telling.say(
            f"The server answers {answer.status} {'and leads to' if redirected else 'with'} {again}: it refused."
        )
        telling.arrow(answer.server, answer.client, f"{answer.status}, the form again", answer.index, failed=True)
        telling.about(page.exchange.index)
        telling.fail()
        return telling.story(f"Failed: {login}: refused with {answer.status}, the form again")
    accepted = page is not None and redirected and _asks_for_none(page)
    if not answer.kept and not (accepted and answer.unchanged):
        return None
    names = words.listed(words.ticked(brief(v.name, 40) for v in answer.kept))
    sets = f" and sets {names}" if answer.kept else ""
    if accepted:
        assert page is not None
        telling.say(
            f"The server answers {answer.status}{sets}. The page it leads to (#{page.exchange.index}) asks for no "
            "password: the person is logged in" + (", by the cookie." if len(answer.kept) == 1 else ".")
        )
        telling.about(page.exchange.index)
    else:
        telling.say(
            f"The server answers {answer.status}{sets}. If the password was right, this is the session: whoever has "
            "the cookie is logged in."
        )
    label = f"{answer.status}, sets a cookie" if answer.kept else str(answer.status)
    telling.arrow(answer.server, answer.client, label, answer.index)
    for verdict in answer.kept[:3]:
        telling.say(meaning_of(verdict))
    if accepted and answer.unchanged and (not answer.kept or any(v.name in answer.unchanged for v in answer.kept)):
        _say_kept(answer)
    title = f"{login[0].upper()}{login[1:]}: {'accepted' if accepted else 'answered'} with {answer.status}"
    return telling.story(title + (" and a cookie" if answer.kept else ""))


def _say_kept(answer: Answered) -> None:
    name = f"`{brief(answer.unchanged[0], 40)}`"
    answer.telling.say(
        f"The session is in {name}, and its value is the one that the browser brought: the login gave it no new id."
    )
    answer.telling.found(
        SESSION_ID_KEPT.annotation(
            Finding(
                f"{name} has the same value before and after the login at `{answer.server}`.",
                fix="The server makes a new session with the login and puts the person into that one: "
                "`req.session.regenerate(…)` in Express, `session_regenerate_id(true)` in PHP.",
                evidence=(Evidence("request.field", "Cookie", brief(answer.unchanged[0], 40), exchange=answer.index),),
                certainty="likely",
                condition="the server takes ids that it did not give, or somebody else can set the cookie",
            )
        )
    )


def meaning_of(verdict: SetCookieVerdict) -> str:
    """What a cookie's attributes mean for a session that is kept in it."""
    stored, name = verdict.stored_as, brief(verdict.name, 40)
    if stored is None:
        return f"How the browser stores `{name}` is not known."
    script = (
        "no script can read it (`HttpOnly`), though one that was smuggled in can still act with it"
        if stored.http_only
        else "every script on the page can read it and carry it away (no `HttpOnly`)"
    )
    site = {
        "None": "it goes along with requests that other sites make, so forms need a token (`SameSite=None`)",
        "Lax": "of the requests that other sites make, it goes along with top-level `GET` alone (`SameSite=Lax`)",
        "Strict": "it goes along with no request that another site makes (`SameSite=Strict`)",
    }.get(stored.same_site or "", "browsers differ in whether it goes along from other sites (no `SameSite`)")
    return f"`{name}`: {script}; {site}."
