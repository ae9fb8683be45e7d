"""The story of a login by SAML 2.0 in a browser: the service asks, the identity provider answers, both through it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from inspector import words
from inspector.report import Evidence, Story
from inspector.rules.base import Finding
from inspector.rules.sso import saml_message
from inspector.rules.status_words import brief, target
from inspector.rules.ticket_story import SAML_MISMATCH
from inspector.stories.logout_saml import KINDS, SamlLogouts
from inspector.stories.signs import LOCATED, LOGIN, POSTED
from inspector.stories.telling import Telling, agent_name, host_name
from inspector.url import parse

if TYPE_CHECKING:
    from inspector.content.saml import SamlMessage
    from inspector.subject import Subject

MOST_LOGINS = 32


class _Login:
    def __init__(self, x: Subject, message: SamlMessage, service: str, provider: str) -> None:
        self.message, self.service, self.provider = message, service, provider
        self.browser = agent_name(x)
        self.telling = Telling("login", self.browser, service, provider)


class SamlStories:
    """Follows a request's `ID` to the response that names it."""

    wants = POSTED | LOCATED | LOGIN

    def __init__(self) -> None:
        self._logins: OrderedDict[str, _Login] = OrderedDict()
        self._logouts = SamlLogouts()

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of an exchange that carries a SAML message; all others cost two look-ups."""
        if x.method != "POST" and "SAMLRe" not in x.request.url:
            location = x.res.first.get("location")
            if location is None or "SAMLRe" not in location:
                return None
        try:
            found = x.memo(saml_message)
        except ValueError:
            return None
        if found is None:
            return None
        message = found[1]
        if message.kind in KINDS:
            return self._logouts.observe(x, message)
        if message.kind == "AuthnRequest":
            self._asked(x, message)
            return None
        if message.kind == "Response" and "SAMLResponse" not in (target(x) or ""):
            return [self._answered(x, message)]
        return None

    def finish(self) -> Iterator[Story]:
        """Logins, and logouts, that nobody has answered in this recording."""
        yield from self._logouts.finish()
        for login in self._logins.values():
            text = f"Login at `{login.service}` by SAML with `{login.provider}`"
            if login.telling.failed:
                yield login.telling.story(f"Failed: login at `{login.service}`: `{login.provider}` refused the request")
            else:
                yield login.telling.story(f"{text}, its end not in this recording")

    def _asked(self, x: Subject, message: SamlMessage) -> None:
        sent = target(x)
        asking = sent is not None and "SAMLRequest" in sent and "SAMLRequest" not in x.request.url
        login = self._logins.get(message.id)
        if login is None:
            issuer = parse(message.issuer)
            provider = parse(sent) if asking and sent is not None else x.url
            service = x.url if asking else issuer
            name = host_name(service) if service.host else brief(x.masker.text(message.issuer), 60) or "the service"
            login = self._logins[message.id] = _Login(x, message, name, host_name(provider))
            login.telling.say(
                f"The service `{name}` does not know the {login.browser} and sends it to the identity provider "
                f"`{login.provider}` with a SAML request."
            )
            if len(self._logins) > MOST_LOGINS:
                self._logins.popitem(last=False)
        index = x.exchange.index
        if asking:
            login.telling.arrow(login.service, login.browser, "SAMLRequest", index)
            return
        login.telling.arrow(login.browser, login.provider, "SAMLRequest", index, failed=x.status >= 400)
        if x.status >= 400:
            login.telling.say(
                f"The identity provider answers {x.status}: it does not know the service, or does not take its request."
            )
            login.telling.fail()
        else:
            login.telling.say("The identity provider finds out who the person is.")
            login.telling.arrow(login.provider, login.browser, str(x.status or "no response"), index)

    def _answered(self, x: Subject, message: SamlMessage) -> Story:
        service, index = host_name(x.url), x.exchange.index
        login = self._logins.pop(message.in_response_to, None) if message.in_response_to else None
        other = None
        if login is None and message.in_response_to:
            key = next((k for k, v in reversed(self._logins.items()) if v.service == service), None)
            other = login = self._logins.pop(key) if key is not None else None
        if login is None:
            provider = parse(message.issuer)
            name = host_name(provider) if provider.host else brief(x.masker.text(message.issuer), 60)
            login = _Login(x, message, service, name or "the identity provider")
            login.telling.say(
                "The request that this answers is not in the recording."
                if message.in_response_to
                else "Nobody asked: the identity provider begins this login by itself (IdP-initiated), so nothing ties "
                "the answer to this browser."
            )
        telling, wrong = login.telling, []
        how = "in a form that a page posts by itself" if x.method == "POST" else "in the address"
        telling.say(f"The {login.browser} carries the SAML response to `{service}` {how}.")
        telling.arrow(login.browser, service, "SAMLResponse", index)
        if message.status and message.status != "Success":
            telling.say(
                f"The identity provider reports `{brief(x.masker.text(message.status), 40)}`: nobody is logged in."
            )
            telling.fail()
            wrong.append(f"`{brief(x.masker.text(message.status), 40)}`")
        mismatches = _mismatches(x, message, login, other is not None)
        if mismatches:
            telling.say(f"The response is not for this login: {words.listed(mismatches)}.")
            telling.fail()
            wrong.append("the response is not for it")
            telling.found(
                SAML_MISMATCH.annotation(
                    Finding(
                        f"The SAML response for `{service}`: {words.listed(mismatches)}. The service answered "
                        f"{x.status or 'nothing'}.",
                        "The identity provider answers with the request's own `ID` and the service's entity id; the "
                        "service refuses anything else.",
                        (Evidence("request.body", "SAMLResponse", x.masker.secret("SAML response"), exchange=index),),
                    )
                )
            )
        if message.assertions and not (message.message_signed or message.assertion_signed):
            telling.say("Neither the response nor its assertion is signed.")
        late = None if message.not_after is None or x.started is None else x.started - message.not_after
        if late is not None and late > 0:
            telling.say(f"The assertion's time ended {words.duration(late)} before it came.")
        lost = [v for v in x.verdicts.cookies if v.outcome == "blocked" and any("SameSite" in c for c in v.codes)]
        if lost:
            telling.say(
                f"The cookie `{brief(lost[0].name, 60)}` stays behind: the form comes from another site, and such a "
                "POST takes along `SameSite=None` cookies alone."
            )
        failed = x.status >= 400 or x.status == 0
        telling.say(
            f"The service does not take it: {x.status or 'no response'}."
            if failed
            else "The service takes it" + (" and sets its own session cookie." if x.verdicts.set_cookies else ".")
        )
        telling.arrow(service, login.browser, str(x.status or "no response"), index, failed=failed)
        if failed:
            telling.fail()
            wrong.append(f"the service answered {x.status or 'nothing'}")
        title = f"Login at `{service}` by SAML with `{login.provider}`"
        if telling.failed:
            return telling.story(f"Failed: {title[0].lower()}{title[1:]}: {words.listed(wrong)}")
        return telling.story(title)


def _mismatches(x: Subject, message: SamlMessage, login: _Login, other: bool) -> list[str]:
    found = []
    if other:
        found.append("its `InResponseTo` is not the `ID` of the request")
    asked = login.message
    if asked is not message and message.audience and asked.issuer and message.audience != asked.issuer:
        found.append(
            f"its audience is `{brief(x.masker.text(message.audience), 80)}`, and "
            f"`{brief(x.masker.text(asked.issuer), 80)}` asked"
        )
    return found
