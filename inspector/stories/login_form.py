"""The story of a login by name and password: posted by a form or, as JSON, by a page's script; from then on the browser
has a cookie to show for it, or the script a token.

Told where the answer says how it ended: with a cookie or a token, or with a refusal. A form that is answered with a
redirect is followed to the page it leads to, which either asks for the password again or does not.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from inspector import words
from inspector.browser.redirects import REDIRECTS
from inspector.report import Story
from inspector.rules.status_words import brief
from inspector.stories.login_answer import Answered, guards, meaning_of, same_form, tell_answer
from inspector.stories.login_post import Posted, password_field, password_posted
from inspector.stories.signs import ANY, POSTED
from inspector.stories.telling import Telling, client_name, host_name
from inspector.stories.token_sightings import sightings

if TYPE_CHECKING:
    from inspector.browser.verdict import SetCookieVerdict
    from inspector.subject import Subject

MOST_TOLD = 256
"""Addresses whose refused logins are remembered, so that a hundred wrong passwords are told once."""
MOST_WAITING = 16
PATIENCE = 60.0
"""Seconds for which a redirect's page is waited for."""


class FormStories:
    """Tells each login as its answer comes, or the page that a redirect leads to."""

    def __init__(self) -> None:
        self._refused: OrderedDict[str, None] = OrderedDict()
        self._waiting: list[Answered] = []

    @property
    def wants(self) -> int:
        """Passwords that are posted; while the page that one led to is waited for, everything."""
        return ANY if self._waiting else POSTED

    def observe(self, x: Subject) -> list[Story]:
        """Take note of a password that was posted, and of the page it led to; all others cost one comparison."""
        told = self._followed(x) if self._waiting else []
        if x.method == "POST" and x.status != 0 and (how := password_posted(x)) is not None:
            told += self._posted(x, how)
        return told

    def finish(self) -> list[Story]:
        """The logins whose page is not in the recording."""
        told = [story for one in self._waiting for story in self._once(one.where, tell_answer(one, None))]
        self._waiting.clear()
        return told

    def _posted(self, x: Subject, how: Posted) -> list[Story]:
        cookies = [v for v in x.verdicts.set_cookies if not guards(v.name)]
        kept = [v for v in cookies if v.outcome in ("stored", "depends")]
        lost = [v for v in cookies if v.outcome == "blocked"]
        tokens = given_tokens(x) if how == "json" else []
        refused, where = x.status in (400, 401, 403, 422, 429), x.url.origin + x.url.path
        if how == "form" and x.status < 400 and (kept or not lost):
            answered = Answered(x, password_field(x.request.body.text or "") or "", _begin(x, how)[0], kept)
            if x.status in REDIRECTS and answered.target:
                self._waiting.append(answered)
                over = self._waiting.pop(0) if len(self._waiting) > MOST_WAITING else None
                return self._once(over.where, tell_answer(over, None)) if over is not None else []
            if same_form(x, answered.field) or kept:
                return self._once(where, tell_answer(answered, x))
            return []
        if not refused and (x.status >= 400 or not (kept or lost or tokens)):
            return []
        return self._once(where, _tell(x, how, kept, lost, tokens))

    def _once(self, where: str, story: Story | None) -> list[Story]:
        """A story, unless it tells of a refusal that was told of its address before."""
        if story is None or (story.failed and where in self._refused and "refused" in story.title):
            return []
        if story.failed:
            self._refused[where] = None
            if len(self._refused) > MOST_TOLD:
                self._refused.popitem(last=False)
        return [story]

    def _followed(self, x: Subject) -> list[Story]:
        told: list[Story] = []
        for one in tuple(self._waiting):
            page: Subject | None = None
            if one.leads_to(x):
                if one.goes_on(x):
                    continue
                page = x
            elif x.started is None or one.started is None or x.started - one.started <= PATIENCE:
                continue
            self._waiting.remove(one)
            told += self._once(one.where, tell_answer(one, page))
        return told


def given_tokens(x: Subject) -> list[str]:
    """The names under which an answer's JSON hands out tokens, each once."""
    found = x.memo(sightings)
    return list(dict.fromkeys(s.name for s in found if s.how == "content" and not s.sent and s.name))


def _begin(x: Subject, how: Posted) -> tuple[Telling, str]:
    """A story with its beginning told, and what its title calls the login."""
    client, server = client_name(x), host_name(x.url)
    telling = Telling("login", client, server)
    if how == "form":
        telling.say("The person fills in a form, and the browser posts name and password to the server.")
    elif client == "browser":
        telling.say("The page's script posts name and password to the server as JSON.")
    else:
        telling.say("The client posts name and password to the server as JSON.")
    telling.arrow(client, server, f"POST {brief(x.url.path or '/', 80)}, with a password", x.exchange.index)
    return telling, f"login by {'form' if how == 'form' else 'JSON'} at `{server}`"


def _tell(
    x: Subject, how: Posted, kept: list[SetCookieVerdict], lost: list[SetCookieVerdict], tokens: list[str]
) -> Story:
    client, server, index = client_name(x), host_name(x.url), x.exchange.index
    telling, login = _begin(x, how)
    if x.status >= 400:
        telling.say(f"The server refuses: {x.status}.")
        telling.arrow(server, client, str(x.status), index, failed=True)
        telling.fail()
        return telling.story(f"Failed: {login}: refused with {x.status}")
    cors = x.verdicts.cors
    if tokens and cors is not None and cors.outcome == "blocked":
        telling.say(f"The server answers {x.status}, and the browser keeps the answer from the page (`{cors.code}`).")
        telling.arrow(server, client, "kept from the page by CORS", index, failed=True)
        telling.fail()
        return telling.story(f"Failed: {login}: CORS keeps the answer from the page")
    if not kept and not tokens:
        code = lost[0].codes[0] if lost[0].codes else "blocked"
        telling.say(
            f"The server sets {words.listed(words.ticked(brief(v.name, 40) for v in lost))}, and the browser does not "
            f"store it (`{code}`): with the next request the person is a stranger again."
        )
        telling.arrow(server, client, f"{x.status}, its cookie refused", index, failed=True)
        telling.fail()
        return telling.story(f"Failed: {login}: the browser does not store the cookie")
    if tokens:
        names = words.listed(words.ticked(brief(x.masker.text(name), 40) for name in tokens))
        meaning = _token_meaning(client, sure=not kept or tokens != ["token"])
        telling.say(f"The server answers {x.status} with {names} in its content. {meaning}")
        telling.arrow(server, client, f"{x.status}, a token", index)
    if kept:
        names = words.listed(words.ticked(brief(v.name, 40) for v in kept))
        telling.say(
            f"It also sets {names}."
            if tokens
            else f"The server answers {x.status} and sets {names}. If the password was right, this is the session: "
            "whoever has the cookie is logged in."
        )
        telling.arrow(server, client, "sets a cookie" if tokens else f"{x.status}, sets a cookie", index)
    for verdict in kept[:3]:
        telling.say(meaning_of(verdict))
    answer = words.listed([str(x.status), *["a token"] * bool(tokens), *["a cookie"] * bool(kept)])
    return telling.story(f"{login[0].upper()}{login[1:]}: answered with {answer}")


def _token_meaning(client: str, *, sure: bool) -> str:
    """What a token means for a login; beside a cookie, one of no other name may be there against forged requests."""
    who = "Whoever has it" if sure else "If the session is in it and not in the cookie alone, whoever has it"
    if client != "browser":
        return f"{who} is logged in until it expires."
    return (
        f"{who} is logged in until it expires: the page's script holds it, so every script on the page may "
        "come by it, and no request that another site makes carries it."
    )
