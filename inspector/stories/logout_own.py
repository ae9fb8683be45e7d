"""The story of a logout at the site itself, without a provider: an address that says so is asked, and the session's
cookie is deleted, replaced, or left where it is.

Logouts that lead to a provider (OpenID Connect, SAML) are told elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspector import words
from inspector.patterns import compile_late
from inspector.report import Story
from inspector.rules.cookies_words import session_named, set_lines
from inspector.rules.status_words import brief, target
from inspector.stories.login_answer import guards
from inspector.stories.signs import COOKIES
from inspector.stories.telling import Telling, client_name, host_name
from inspector.url import parse

if TYPE_CHECKING:
    from inspector.subject import Subject

_PATH = compile_late(r"(?:^|[/._-])(?:log|sign)[-_]?(?:out|off)(?:$|[/._-])", re.IGNORECASE)
_AT_A_PROVIDER = ("id_token_hint", "post_logout_redirect_uri", "SAMLRe", "logout_token", "end_session", "endsession")


class LogoutStories:
    """Tells each logout as its answer comes."""

    wants = COOKIES

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of a request for an address that says it logs out; all others cost one search in their path."""
        if not _PATH.search(x.url.path) or x.method not in ("GET", "POST", "DELETE") or not x.status:
            return None
        if x.is_preflight or _provider(x):
            return None
        carried = _carried(x)
        story = _tell(x, carried) if carried else None
        return [story] if story is not None else None

    def finish(self) -> tuple[Story, ...]:
        """Nothing: every logout was told when its answer came."""
        return ()


def _provider(x: Subject) -> bool:
    """Whether a provider has a part in it, or another host is asked next."""
    to = target(x) or ""
    if any(sign in x.request.url or sign in to for sign in _AT_A_PROVIDER):
        return True
    return bool(to) and parse(to).host != x.url.host


def _carried(x: Subject) -> dict[str, str]:
    """The session cookies that the request carries: by their names, or because the answer deletes them."""
    deleted = {line.cookie.name for line in set_lines(x) if line.deletes}
    found: dict[str, str] = {}
    for line in x.req.all("cookie"):
        for pair in line.split(";"):
            name, _, value = pair.strip().partition("=")
            if value and not guards(name) and (session_named(name) or name in deleted):
                found[name] = value
    return found


def _tell(x: Subject, carried: dict[str, str]) -> Story | None:
    client, server, index = client_name(x), host_name(x.url), x.exchange.index
    telling = Telling("logout", client, server)
    path = brief(x.url.path, 80)
    telling.say(f"The {client} asks `{server}` to end the session: {x.method} `{path}`, with {_named(carried)}.")
    telling.arrow(client, server, f"{x.method} {path}", index)
    if x.status >= 400:
        telling.say(f"The server answers {x.status}: {_why(x)}")
        telling.arrow(server, client, str(x.status), index, failed=True)
        telling.fail()
        return telling.story(f"Failed: logout at `{server}`: refused with {x.status}")
    gone, replaced, lines = [], [], {line.cookie.name: line for line in set_lines(x)}
    for name, value in carried.items():
        line = lines.get(name)
        if line is None or line.verdict.outcome == "blocked":
            continue
        if line.deletes:
            gone.append(name)
        elif line.cookie.value != value:
            replaced.append(name)
    kept = [name for name in carried if name not in gone and name not in replaced]
    if len(kept) == len(carried) and x.method == "GET" and 200 <= x.status < 300:
        return None  # a page that asks whether to, as like as not
    said = []
    if gone:
        said.append(f"deletes {_named(gone)}")
    if replaced:
        said.append(f"gives {_named(replaced)} another value")
    telling.say(f"The server answers {x.status}{' and ' if said else ''}{' and '.join(said)}.")
    telling.arrow(server, client, f"{x.status}, deletes a cookie" if gone else str(x.status), index)
    if kept:
        telling.say(
            f"{_named(kept)} {'stays' if len(kept) == 1 else 'stay'} as {'it was' if len(kept) == 1 else 'they were'}: "
            "the logout counts where the server forgets what belongs to it."
        )
    if gone or replaced:
        telling.say(
            "The browser has the session no longer. Whether the server forgets it, too, so that a copy of the cookie "
            "opens nothing any more, does not show."
        )
    return telling.story(
        f"Logout at `{server}`: "
        + (
            f"{_named(gone)} deleted"
            if gone
            else f"{_named(replaced)} replaced"
            if replaced
            else f"{_named(kept)} left as {'it was' if len(kept) == 1 else 'they were'}"
        )
    )


def _why(x: Subject) -> str:
    allowed = x.res.get("allow")
    if x.status == 405:
        other = f", and permits {brief(allowed, 40)} (`Allow`)" if allowed else ""
        return f"it does not take {x.method} here{other}. The session goes on."
    if x.status in (403, 419):
        return "it refuses, as a server does whose forms need a token against forged requests. The session goes on."
    if x.status == 401:
        return "it does not know the session, so there was nothing to end."
    return "nothing says that the session is over."


def _named(cookies: dict[str, str] | list[str]) -> str:
    return words.listed(words.ticked(brief(name, 40) for name in cookies))
