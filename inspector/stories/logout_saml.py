"""The story of a single logout by SAML 2.0 (profiles, section 4.4): one side asks, the other answers, both through the
browser. Either side may begin; services that the provider tells meanwhile are logouts of their own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from inspector.report import Story
from inspector.rules.status_words import brief, target
from inspector.stories.telling import Telling, agent_name, host_name
from inspector.url import parse

if TYPE_CHECKING:
    from inspector.content.saml import SamlMessage
    from inspector.subject import Subject

MOST_LOGOUTS = 16
KINDS = frozenset({"LogoutRequest", "LogoutResponse"})


class _Logout:
    def __init__(self, x: Subject, asking: str, asked: str) -> None:
        self.asking, self.asked, self.browser = asking, asked, agent_name(x)
        self.telling = Telling("logout", self.browser, asking, asked)

    def title(self) -> str:
        return f"Logout of `{self.asking}` at `{self.asked}` by SAML"


class SamlLogouts:
    """Follows a LogoutRequest's `ID` to the LogoutResponse that names it."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, _Logout] = OrderedDict()

    def observe(self, x: Subject, message: SamlMessage) -> list[Story] | None:
        """Take note of an exchange with a message of `KINDS`; the stories that end with it."""
        if message.kind == "LogoutRequest":
            return self._asked(x, message)
        if "SAMLResponse" in x.request.url or x.method == "POST":
            return [self._answered(x, message)]
        return None  # on its way: told when it arrives

    def finish(self) -> Iterator[Story]:
        """Logouts that nobody has answered in this recording."""
        for logout in self._open.values():
            yield logout.telling.story(f"{logout.title()}, its end not in this recording")

    def _asked(self, x: Subject, message: SamlMessage) -> list[Story] | None:
        carried = "SAMLRequest" in x.request.url or x.method == "POST"
        told: list[Story] | None = None
        logout = self._open.get(message.id)
        if logout is None:
            issuer, there = parse(message.issuer), x.url if carried else parse(target(x) or "")
            asking = host_name(x.url) if not carried else host_name(issuer) if issuer.host else "the service"
            logout = self._open[message.id] = _Logout(x, asking, host_name(there))
            signed = message.message_signed or "Signature=" in (x.request.url if carried else target(x) or "")
            logout.telling.say(
                f"`{asking}` ends the login and sends the {logout.browser} to `{logout.asked}` with a SAML "
                "`LogoutRequest`"
                + ("." if signed else ", which nobody signed: whoever knows its form can log people out.")
            )
            if len(self._open) > MOST_LOGOUTS:
                gone = self._open.popitem(last=False)[1]
                told = [gone.telling.story(f"{gone.title()}, its end not in this recording")]
        index = x.exchange.index
        if not carried:
            logout.telling.arrow(logout.asking, logout.browser, "LogoutRequest", index)
            return told
        failed = x.status >= 400 or x.status == 0
        logout.telling.arrow(logout.browser, logout.asked, "LogoutRequest", index, failed=failed)
        if failed:
            del self._open[message.id]
            logout.telling.say(f"`{logout.asked}` does not take it: {x.status or 'no response'}.")
            logout.telling.fail()
            title = logout.title()
            story = logout.telling.story(f"Failed: {title[0].lower()}{title[1:]}: answered {x.status or 'nothing'}")
            return [*(told or ()), story]
        return told

    def _answered(self, x: Subject, message: SamlMessage) -> Story:
        here, index = host_name(x.url), x.exchange.index
        logout = self._open.pop(message.in_response_to, None) if message.in_response_to else None
        if logout is None:
            issuer = parse(message.issuer)
            logout = _Logout(x, here, host_name(issuer) if issuer.host else "the identity provider")
            logout.telling.say("The request that this answers is not in the recording.")
        telling = logout.telling
        telling.say(f"The {logout.browser} carries the `LogoutResponse` of `{logout.asked}` back to `{here}`.")
        telling.arrow(logout.browser, here, "LogoutResponse", index)
        title, why = logout.title(), ""
        if message.status == "PartialLogout":
            telling.say(
                "It reports `PartialLogout`: not every service could be told, and the person may still be logged in "
                "at one of them."
            )
            why = "`PartialLogout`"
        elif message.status and message.status != "Success":
            why = f"`{brief(x.masker.text(message.status), 40)}`"
            telling.say(f"It reports {why}: the login goes on.")
        if x.status >= 400 or x.status == 0:
            answer = str(x.status or "no response")
            telling.say(f"`{here}` does not take it: {answer}.")
            telling.arrow(here, logout.browser, answer, index, failed=True)
            why = why or f"`{here}` answered {answer}"
        if why:
            telling.fail()
            return telling.story(f"Failed: {title[0].lower()}{title[1:]}: {why}")
        return telling.story(title)
