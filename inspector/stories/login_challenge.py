"""The story of a challenge and its answer (RFC 9110, section 11): asked with 401, answered with `Authorization`.

One story for each origin, scheme and outcome, so that an API that is called a thousand times is one thing to read.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from inspector.report import Story
from inspector.rules.status_words import brief
from inspector.stories.signs import AUTHORIZED, DENIED
from inspector.stories.telling import Telling, client_name, host_name

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_ORIGINS = 256
_STEPWISE = frozenset({"ntlm", "negotiate"})
"""Schemes whose handshake is several 401s."""
_PURPOSE = {
    "basic": "It sends name and password, encoded and not encrypted, with every request from now on.",
    "digest": "It sends a hash of the password and of the server's `nonce`, so the password itself stays here.",
    "bearer": "It sends a token it was given elsewhere. Whoever has the token may do what it permits.",
    "dpop": "It sends a token together with a proof that it has the key the token is bound to.",
}


class ChallengeStories:
    """Remembers the last challenge of each origin until it is answered."""

    wants = DENIED | AUTHORIZED

    def __init__(self) -> None:
        self._asked: OrderedDict[str, tuple[int, str]] = OrderedDict()
        """Origin → the exchange with the challenge, and the challenge as it may be shown."""
        self._told: OrderedDict[tuple[str, str, bool], None] = OrderedDict()

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of a 401, or of credentials for an origin that asked for them."""
        if x.status != 401 and not self._asked:
            return None
        origin, given = x.url.origin, x.req.get("authorization")
        if given is None:
            if x.status == 401 and "www-authenticate" in x.res:
                self._asked[origin] = (x.exchange.index, brief(x.shown("response", "www-authenticate"), 120))
                if len(self._asked) > MOST_ORIGINS:
                    self._asked.popitem(last=False)
            return None
        asked = self._asked.get(origin)
        scheme = given.partition(" ")[0].lower()
        refused = x.status == 401
        if asked is None or x.status == 0 or (refused and scheme in _STEPWISE):
            return None
        key = (origin, scheme, refused)
        del self._asked[origin]
        if key in self._told:
            return None
        self._told[key] = None
        if len(self._told) > MOST_ORIGINS:
            self._told.popitem(last=False)
        return [_tell(x, asked, given.partition(" ")[0], refused=refused)]

    def finish(self) -> tuple[Story, ...]:
        """Nothing: a challenge that nobody answered is told by the rule on challenges."""
        return ()


def _tell(x: Subject, asked: tuple[int, str], scheme: str, *, refused: bool) -> Story:
    client, server, index = client_name(x), host_name(x.url), x.exchange.index
    name = brief(x.masker.text(scheme), 30)
    telling = Telling("login", client, server)
    telling.say(f"The server asks who is there: 401 with `WWW-Authenticate: {asked[1]}`.")
    telling.arrow(server, client, "401, WWW-Authenticate", asked[0])
    telling.say(f"The {client} answers with `Authorization: {name}`. {_PURPOSE.get(scheme.lower(), '')}".rstrip())
    telling.arrow(client, server, f"Authorization: {name}", index)
    title = f"Challenge and answer at `{server}`: {name}"
    if refused:
        again = x.res.get("www-authenticate")
        telling.say(
            "The server refuses these credentials: 401 again"
            + (f", with `WWW-Authenticate: {brief(x.shown('response', 'www-authenticate'), 160)}`." if again else ".")
        )
        telling.arrow(server, client, "401", index, failed=True)
        telling.fail()
        return telling.story(f"{title}, refused")
    denied = x.status == 403
    telling.say(
        "The server knows who this is, and does not permit it: 403. Other credentials might."
        if denied
        else f"The server takes them: {x.status}."
    )
    telling.arrow(server, client, str(x.status), index, failed=denied)
    if denied:
        telling.fail()
    return telling.story(f"{title}, {'not permitted' if denied else 'accepted'}")
