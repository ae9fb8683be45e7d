"""The story of a logout by OpenID Connect: begun at a client, carried out by the provider, told to other clients.

OpenID Connect RP-Initiated, Front-Channel and Back-Channel Logout 1.0. The client that begins it redirects the browser
to the provider's `end_session_endpoint`. Whether the session is over shows in what comes after, so a logout that came
back is followed until an answer tells, for half a minute at most.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from inspector.report import Story
from inspector.rules.status_words import target
from inspector.stories.logout_steps import (
    Logout,
    deleted_here,
    say_back,
    say_back_channel,
    say_begun,
    say_ended_by_provider,
    say_frame,
    say_over,
    say_renewed,
    say_sent,
    say_still_there,
    session_cookies,
    tell,
)
from inspector.stories.oidc_providers import Provider, Providers
from inspector.url import parse

if TYPE_CHECKING:
    from inspector.stories.oauth_grants import Posted
    from inspector.subject import Subject

MOST_LOGOUTS = 16
MOST_REFUSED = 256
PATIENCE = 30.0
"""Seconds for which a logout that came back waits for an answer that shows whether the session is over."""
LONGEST = 300.0
"""Seconds for which a logout waits for its way back."""
_ASKS = ("id_token_hint", "post_logout_redirect_uri")


class Logouts:
    """Follows logouts; the providers' metadata is the one that logins read."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers
        self._open: deque[Logout] = deque()
        self._refused: OrderedDict[str, int] = OrderedDict()
        """Addresses that were refused to somebody without a session cookie, and the exchange."""

    @property
    def waits(self) -> bool:
        """Whether a logout is under way."""
        return bool(self._open)

    def observe(self, x: Subject, form: Posted | None) -> list[Story] | None:
        """Take note of one exchange and the form it posted, if any; most exchanges cost a few look-ups."""
        url, status = x.request.url, x.status
        if (
            200 <= status < 300
            and form is None
            and not self._open
            and not self._providers.ends
            and "logout" not in url
            and "id_token_hint=" not in url
        ):
            return None
        told: list[Story] | None = None
        location = x.res.first.get("location") if 300 <= status < 400 else None
        if "logout" in url or "id_token_hint=" in url or form is not None or self._providers.ends:
            asked = self._asked(url, form.values if form is not None else None)
            if asked is not None:
                return self._sent(x, asked)
            if form is not None and form.values.get("logout_token"):
                return [say_back_channel(x, form.values["logout_token"])]
        if location is not None and ("logout" in location or "id_token_hint=" in location or self._providers.ends):
            address = target(x)
            asked = self._asked(address, None) if address else None
            if asked is not None and address is not None:
                told = self._begun(x, asked, address)
        if self._open:
            told = [*(told or ()), *self._followed(x)]
        if status in (401, 403) and not session_cookies(x):
            self._refused[x.url.origin + x.url.path] = x.exchange.index
            if len(self._refused) > MOST_REFUSED:
                self._refused.popitem(last=False)
        return told

    def finish(self) -> Iterator[Story]:
        """Logouts whose end, or what came after it, is not in the recording."""
        for logout in self._open:
            yield tell(logout)

    def _provider(self, url: str) -> Provider | None:
        return self._providers.ends.get(url.partition("#")[0].partition("?")[0]) if self._providers.ends else None

    def _asked(self, url: str, form: dict[str, str] | None) -> dict[str, str] | None:
        """What a request asks of an end-session endpoint; ``None`` for every other request."""
        known = self._provider(url) is not None
        if not known and not any(f"{name}=" in url or name in (form or ()) for name in _ASKS):
            return None
        try:
            found = parse_qs(urlsplit(url).query, max_num_fields=100)
        except ValueError:
            return None
        given = {name: values[0] for name, values in found.items()} | (form or {})
        if "response_type" in given or not (known or any(name in given for name in _ASKS)):
            return None  # an authorization request may have a hint, too
        return given

    def _keep(self, logout: Logout) -> list[Story]:
        self._open.append(logout)
        return [tell(self._open.popleft())] if len(self._open) > MOST_LOGOUTS else []

    def _begun(self, x: Subject, asked: dict[str, str], address: str) -> list[Story]:
        """A client redirects the browser to the provider."""
        before = self._again(parse(x.url.origin).host)
        logout = Logout(x, asked, x.url, parse(address), self._provider(address))
        say_begun(logout, x)
        return [*before, *self._keep(logout)]

    def _again(self, host: str) -> list[Story]:
        """Logouts of a client that are over because it begins another one."""
        over = [logout for logout in self._open if logout.client_host == host and logout.arrived]
        for logout in over:
            self._open.remove(logout)
        return [tell(logout) for logout in over]

    def _sent(self, x: Subject, asked: dict[str, str]) -> list[Story] | None:
        """The browser asks the provider to end the session."""
        logout = next(
            (o for o in reversed(self._open) if o.server_origin == x.url.origin and o.asked == asked and not o.sent),
            None,
        )
        told: list[Story] = []
        if logout is None:
            back = parse(asked.get("post_logout_redirect_uri", ""))
            told += self._again(back.host)
            logout = Logout(x, asked, back, x.url, self._provider(x.request.url))
            told += self._keep(logout)
        say_sent(logout, x)
        self._answered(logout, x)
        if logout.outcome and logout in self._open:  # refused: nothing follows
            self._open.remove(logout)
            told.append(tell(logout))
        return told

    def _answered(self, logout: Logout, x: Subject) -> None:
        """What the provider does with it, in this exchange or a later one."""
        address = target(x) if 300 <= x.status < 400 else None
        if x.status >= 400 or address is None or parse(address).origin != x.url.origin or logout.leads_back(address):
            say_ended_by_provider(logout, x, address)
        else:
            logout.telling.about(x.exchange.index)
            deleted_here(logout, x)

    def _followed(self, x: Subject) -> list[Story]:
        told: list[Story] = []
        for logout in tuple(self._open):
            if self._over(logout, x):
                self._open.remove(logout)
                told.append(tell(logout))
        return told

    def _over(self, logout: Logout, x: Subject) -> bool:
        """Whether a logout can be told with this exchange, after it said what it had to say about it."""
        if not logout.sent:
            return False
        url = x.request.url
        if not logout.arrived:
            if logout.leads_back(url) and x.method in ("GET", "POST"):
                say_back(logout, x)
                return logout.telling.failed
            if x.url.origin == logout.server_origin:
                if x.is_document or 300 <= x.status < 400:
                    self._answered(logout, x)
            elif _frame_of(logout, x) and logout is self._newest(logout.server_origin):
                say_frame(logout, x)
            return x.started is not None and logout.since is not None and x.started - logout.since > LONGEST
        if x.started is not None and logout.since is not None and x.started - logout.since > PATIENCE:
            return True
        if x.url.origin == logout.server_origin:
            if "response_type=" in url and "code=" in (target(x) or ""):
                say_renewed(logout, x)
                return True
            return "response_type=" in url
        if x.url.host != logout.client_host or x.is_preflight or x.status == 0:
            return False
        return self._shows(logout, x)

    def _newest(self, server: str) -> Logout | None:
        return next((logout for logout in reversed(self._open) if logout.server_origin == server), None)

    def _shows(self, logout: Logout, x: Subject) -> bool:
        """Whether the client's answer shows if the session is over."""
        carried = session_cookies(x)
        same = [name for name, value in logout.cookies.items() if carried.get(name) == value]
        if same:
            say_still_there(logout, x, same, self._refused.get(x.url.origin + x.url.path))
            return x.status in (401, 403) or logout.telling.failed
        if x.status in (401, 403) and not carried:
            say_over(logout, x)
            return True
        return False


def _frame_of(logout: Logout, x: Subject) -> bool:
    """Whether the provider's page loads this in a frame to tell another client of the logout."""
    if x.destination not in ("iframe", "frame") or not logout.answered:
        return False
    page = x.req.get("referer") or x.page_url
    if page is not None and parse(page).origin != logout.server_origin:
        return False
    query, path = x.url.query, x.url.path.lower()
    return "sid=" in query or "iss=" in query or "logout" in path or "signout" in path
