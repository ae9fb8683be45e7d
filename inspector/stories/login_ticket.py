"""The classic ticket exchange of single sign-on, as CAS does it: client → application → provider → ticket → validation.

Recognised by its shape: a login page is told where to send the person back (`service=`), and the address it sends them
back to is that very one with a `ticket` added.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from inspector.report import Evidence, Story
from inspector.rules.base import Finding
from inspector.rules.status_words import brief, target
from inspector.rules.ticket_story import TICKET_AGAIN
from inspector.stories.signs import LOCATED, LOGIN
from inspector.stories.telling import Telling, agent_name, host_name
from inspector.url import parse

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_LOGINS = 32


class _Login:
    def __init__(self, x: Subject, service: str, ticket: str) -> None:
        self.ticket = ticket
        self.browser, self.provider = agent_name(x), host_name(x.url)
        self.service = host_name(parse(service))
        self.arrived = 0
        self.outcome = ""
        self.telling = Telling("login", self.browser, self.service, self.provider)


class TicketStories:
    """Follows tickets from where they are given to where they are taken."""

    wants = LOCATED | LOGIN

    def __init__(self) -> None:
        self._asked: OrderedDict[str, int] = OrderedDict()
        """Address a provider was asked to send people back to → the exchange that asked."""
        self._logins: OrderedDict[str, _Login] = OrderedDict()

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of an exchange that asks for, gives, brings or validates a ticket."""
        url = x.request.url
        asks, brings = "service=" in url, "ticket=" in url
        if asks and not brings:
            service = _values(url).get("service", "")
            if service.startswith(("http://", "https://")) and parse(service).origin != x.url.origin:
                self._asked[_bare(service)] = x.exchange.index
                if len(self._asked) > MOST_LOGINS:
                    self._asked.popitem(last=False)
        if self._asked and 300 <= x.status < 400:
            told = self._given(x)
            if told is not None:
                return told
        if brings and self._logins:
            login = self._logins.get(_values(url).get("ticket", ""))
            if login is not None:
                (_say_validated if asks else _say_arrived)(login, x)
        return None

    def finish(self) -> Iterator[Story]:
        """The logins, in the order their tickets were given."""
        return map(_tell, self._logins.values())

    def _given(self, x: Subject) -> list[Story] | None:
        address = target(x)
        if address is None or "ticket=" not in address:
            return None
        ticket, asked = _values(address).get("ticket"), self._asked.get(_bare(address))
        if not ticket or asked is None or parse(address).origin == x.url.origin:
            return None
        login = self._logins[ticket] = _Login(x, address, ticket)
        telling, index = login.telling, x.exchange.index
        telling.say(
            f"The application `{login.service}` leaves the login to `{login.provider}`, which is told where to send "
            f"the {login.browser} back (`service`)."
        )
        telling.arrow(login.browser, login.provider, "login, service=…", asked)
        telling.say(
            "The provider knows who this is and sends the browser back with a ticket in the address: a short-lived "
            "value that counts once and says nothing by itself."
        )
        telling.arrow(login.provider, login.browser, f"{x.status}, ticket", index)
        if len(self._logins) > MOST_LOGINS:
            return [_tell(self._logins.popitem(last=False)[1])]
        return []


def _values(url: str) -> dict[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(urlsplit(url).query, max_num_fields=100).items()}
    except ValueError:
        return {}


def _bare(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _say_arrived(login: _Login, x: Subject) -> None:
    telling, index = login.telling, x.exchange.index
    login.arrived += 1
    failed = x.status >= 400 or x.status == 0
    answer = str(x.status or "no response")
    if login.arrived == 1:
        telling.say(
            "The application gets the ticket. It asks the provider whether the ticket is good, from server to server, "
            "which does not pass here unless a step below shows it."
        )
    else:
        telling.say("The same ticket reaches the application again.")
        telling.found(
            TICKET_AGAIN.annotation(
                Finding(
                    f"The ticket of `{login.provider}` reaches `{login.service}` again; the answer is {answer}.",
                    f"`{login.service}` redirects to the address without `ticket` as soon as it has validated it.",
                    (Evidence("url", "ticket", x.masker.secret(login.ticket), exchange=index),),
                )
            )
        )
    telling.arrow(login.browser, login.service, "ticket", index)
    telling.arrow(login.service, login.browser, answer, index, failed=failed)
    if failed:
        telling.say(f"The application does not take the ticket: {answer}.")
        telling.fail()
        login.outcome = f"the application answered {answer}"
    elif login.arrived == 1:
        if 300 <= x.status < 400 and "ticket=" not in (target(x) or ""):
            telling.say(
                "The application takes it"
                + (" and sets its own session cookie" if x.verdicts.set_cookies else "")
                + ", and redirects to an address without the ticket."
            )
        else:
            telling.say(
                f"The application answers {answer}"
                + (" and sets a cookie" if x.verdicts.set_cookies else "")
                + ". The ticket stays in the address, and so in the history."
            )


def _say_validated(login: _Login, x: Subject) -> None:
    telling, index = login.telling, x.exchange.index
    telling.say("The application asks the provider whether the ticket is good for its own address.")
    telling.arrow(login.service, login.provider, "validate the ticket", index)
    text = (x.response.body.text or "")[:8000] if x.response is not None else ""
    if "authenticationFailure" in text or text.startswith("no\n") or x.status >= 400:
        code = next((c for c in ("INVALID_TICKET", "INVALID_SERVICE", "INVALID_REQUEST") if c in text), None)
        meaning = {
            "INVALID_TICKET": ": the ticket is over, was used before, or never existed",
            "INVALID_SERVICE": ": the ticket was given for another `service` than the one that brings it",
        }.get(code or "", "")
        telling.say("The provider says no" + (f", `{code}`{meaning}." if code else "."))
        telling.arrow(login.provider, login.service, code or str(x.status), index, failed=True)
        telling.fail()
        login.outcome = f"`{code}`" if code else "the ticket is not valid"
    elif "authenticationSuccess" in text or text.startswith("yes\n"):
        telling.say("The provider says yes, and who the person is.")
        telling.arrow(login.provider, login.service, "valid", index)
    else:
        telling.say(f"The provider answers {x.status or 'nothing'}; what it says is not in this recording.")
        telling.arrow(login.provider, login.service, str(x.status or "no response"), index)


def _tell(login: _Login) -> Story:
    title = f"Login at `{brief(login.service, 80)}` with a ticket of `{brief(login.provider, 80)}`"
    if login.outcome:
        title = f"Failed: {title[0].lower()}{title[1:]}: {login.outcome}"
    elif not login.arrived:
        title += ", its end not in this recording"
    return login.telling.story(title)
