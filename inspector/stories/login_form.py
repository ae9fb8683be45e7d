"""The story of a login by name and password: posted by a form or, as JSON, by a page's script; from then on the browser
has a cookie to show for it, or the script a token.

Told where the answer says how it ended: with a cookie or a token, or with a refusal.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from inspector import words
from inspector.report import Story
from inspector.rules.status_words import brief
from inspector.stories.login_post import Posted, password_posted
from inspector.stories.signs import POSTED
from inspector.stories.telling import Telling, client_name, host_name
from inspector.stories.token_sightings import sightings

if TYPE_CHECKING:
    from inspector.browser.verdict import SetCookieVerdict
    from inspector.subject import Subject

MOST_TOLD = 256
"""Addresses whose refused logins are remembered, so that a hundred wrong passwords are told once."""


class FormStories:
    """Tells each login as its answer comes."""

    wants = POSTED

    def __init__(self) -> None:
        self._refused: OrderedDict[str, None] = OrderedDict()

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of a password that was posted; all other exchanges cost one comparison."""
        if x.method != "POST" or x.status == 0 or (how := password_posted(x)) is None:
            return None
        kept = [v for v in x.verdicts.set_cookies if v.outcome in ("stored", "depends")]
        lost = [v for v in x.verdicts.set_cookies if v.outcome == "blocked"]
        tokens = given_tokens(x) if how == "json" else []
        if x.status in (400, 401, 403, 422, 429):
            where = x.url.origin + x.url.path
            if where in self._refused:
                return None
            self._refused[where] = None
            if len(self._refused) > MOST_TOLD:
                self._refused.popitem(last=False)
        elif x.status >= 400 or not (kept or lost or tokens):
            return None
        return [_tell(x, how, kept, lost, tokens)]

    def finish(self) -> tuple[Story, ...]:
        """Nothing: every login was told when its answer came."""
        return ()


def given_tokens(x: Subject) -> list[str]:
    """The names under which an answer's JSON hands out tokens, each once."""
    found = x.memo(sightings)
    return list(dict.fromkeys(s.name for s in found if s.how == "content" and not s.sent and s.name))


def _tell(
    x: Subject, how: Posted, kept: list[SetCookieVerdict], lost: list[SetCookieVerdict], tokens: list[str]
) -> Story:
    client, server, index = client_name(x), host_name(x.url), x.exchange.index
    telling = Telling("login", client, server)
    if how == "form":
        telling.say("The person fills in a form, and the browser posts name and password to the server.")
    elif client == "browser":
        telling.say("The page's script posts name and password to the server as JSON.")
    else:
        telling.say("The client posts name and password to the server as JSON.")
    login = f"login by {'form' if how == 'form' else 'JSON'} at `{server}`"
    telling.arrow(client, server, f"POST {brief(x.url.path or '/', 80)}, with a password", index)
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
        telling.say(_meaning(verdict))
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


def _meaning(verdict: SetCookieVerdict) -> str:
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
