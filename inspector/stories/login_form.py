"""The story of a login by form: a password is posted, and a cookie is what the browser has to show for it from then on.

Told where the answer says how it ended: with a cookie, or with a refusal. A form with two passwords changes one or
makes an account, and is another matter.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from inspector import words
from inspector.report import Story
from inspector.rules.status_words import brief
from inspector.stories.telling import Telling, client_name, host_name

if TYPE_CHECKING:
    from inspector.browser.verdict import SetCookieVerdict
    from inspector.subject import Subject

LARGEST = 65_536
MOST_TOLD = 256
"""Addresses whose refused logins are remembered, so that a hundred wrong passwords are told once."""
_PASSWORD = re.compile(r"passw|pwd|^pass$", re.IGNORECASE)


class FormStories:
    """Tells each login as its answer comes."""

    def __init__(self) -> None:
        self._refused: OrderedDict[str, None] = OrderedDict()

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of a form that was posted; all other exchanges cost one comparison."""
        if x.method != "POST" or x.status == 0 or not _has_password(x):
            return None
        kept = [v for v in x.verdicts.set_cookies if v.outcome in ("stored", "depends")]
        lost = [v for v in x.verdicts.set_cookies if v.outcome == "blocked"]
        if x.status in (400, 401, 403, 422, 429):
            where = x.url.origin + x.url.path
            if where in self._refused:
                return None
            self._refused[where] = None
            if len(self._refused) > MOST_TOLD:
                self._refused.popitem(last=False)
        elif x.status >= 400 or not (kept or lost):
            return None
        return [_tell(x, kept, lost)]

    def finish(self) -> tuple[Story, ...]:
        """Nothing: every login was told when its answer came."""
        return ()


def _has_password(x: Subject) -> bool:
    body = x.request.body
    if body.source is None or (body.size or 0) > LARGEST:
        return False
    if "x-www-form-urlencoded" not in (x.req.get("content-type") or ""):
        return False
    try:
        form = parse_qs(body.text or "", max_num_fields=100)
    except ValueError:
        return False
    named = [name for name in form if _PASSWORD.search(name)]
    return len(named) == 1 and "grant_type" not in form


def _tell(x: Subject, kept: list[SetCookieVerdict], lost: list[SetCookieVerdict]) -> Story:
    client, server, index = client_name(x), host_name(x.url), x.exchange.index
    telling = Telling("login", client, server)
    telling.say("The person fills in a form, and the browser posts name and password to the server.")
    telling.arrow(client, server, f"POST {x.url.path or '/'}, with a password", index)
    if x.status >= 400:
        telling.say(f"The server refuses: {x.status}.")
        telling.arrow(server, client, str(x.status), index, failed=True)
        telling.fail()
        return telling.story(f"Failed: login by form at `{server}`: refused with {x.status}")
    if not kept:
        code = lost[0].codes[0] if lost[0].codes else "blocked"
        telling.say(
            f"The server sets {words.listed(words.ticked(brief(v.name, 40) for v in lost))}, and the browser does not "
            f"store it (`{code}`): with the next request the person is a stranger again."
        )
        telling.arrow(server, client, f"{x.status}, its cookie refused", index, failed=True)
        telling.fail()
        return telling.story(f"Failed: login by form at `{server}`: the browser does not store the cookie")
    names = words.listed(words.ticked(brief(v.name, 40) for v in kept))
    telling.say(
        f"The server answers {x.status} and sets {names}. If the password was right, this is the session: whoever has "
        "the cookie is logged in."
    )
    telling.arrow(server, client, f"{x.status}, sets a cookie", index)
    for verdict in kept[:3]:
        telling.say(_meaning(verdict))
    return telling.story(f"Login by form at `{server}`: answered with {x.status} and a cookie")


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
