"""What each step of a logout is told as."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from inspector import words
from inspector.browser.redirects import location_url
from inspector.content.tokens import decode
from inspector.report import Annotation, Evidence, Severity, Story
from inspector.rules.base import Finding
from inspector.rules.cookies_words import names, session_named, set_lines
from inspector.rules.logout_story import (
    COOKIE_KEPT,
    FRONT_CHANNEL_LOGOUT,
    LOGOUT_HINT,
    LOGOUT_RETURN,
    LOGOUT_STATE,
    LOGOUT_TOKEN,
    SESSION_ALIVE,
)
from inspector.rules.status_words import brief
from inspector.stories.telling import Telling, agent_name, host_name

if TYPE_CHECKING:
    from inspector.browser.verdict import CookieVerdict
    from inspector.stories.oidc_providers import Provider
    from inspector.subject import Subject
    from inspector.url import Url

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Logout:
    """One logout in progress: what was asked, and the telling so far. `asked` stays inside."""

    def __init__(self, x: Subject, asked: dict[str, str], client: Url, server: Url, provider: Provider | None) -> None:
        self.asked, self.provider = asked, provider
        self.masker = x.masker
        self.browser, self.server, self.server_origin = agent_name(x), host_name(server), server.origin
        self.client_host = client.host
        self.client = host_name(client) if client.host else "the client"
        back = asked.get("post_logout_redirect_uri", "")
        self.back = location_url("", back).partition("#")[0].partition("?")[0]
        self.cookies: dict[str, int] = {}
        """The client's session cookies before the logout: name and a number that stands for the value."""
        self.sent = self.answered = self.arrived = False
        self.since: float | None = None
        """When it came back, before that when the provider was asked, in seconds since 1970."""
        self.elsewhere = ""
        """Where the provider led instead, masked."""
        self.kept: int | None = None
        """The exchange that showed a session cookie unchanged after the logout."""
        self.over = ""
        self.findings: list[Annotation] = []
        self.telling = Telling("logout", self.browser, self.client, self.server)
        self.outcome = ""

    def leads_back(self, address: str) -> bool:
        """Whether an address is the one that the client asked to be called back at."""
        return bool(self.back) and address.partition("#")[0].partition("?")[0] == self.back

    def fail(self, outcome: str) -> None:
        """It did not come off; the first reason is what the title says."""
        self.telling.fail()
        self.outcome = self.outcome or outcome


def session_cookies(x: Subject) -> dict[str, int]:
    """The cookies of a request that go by their names as a session's, each with a number that stands for its value."""
    found: dict[str, int] = {}
    for line in x.req.all("cookie"):
        for pair in line.split(";"):
            name, _, value = pair.partition("=")
            if value and session_named(name.strip()):
                found[name.strip()] = hash(value)
    return found


def deleted_here(logout: Logout, x: Subject) -> list[str]:
    """The cookies that a response deletes or, of the client's session, replaces."""
    lines = [line for line in set_lines(x) if line.verdict.outcome in ("expired", "stored", "depends")]
    if x.url.host == logout.client_host:
        for line in lines:
            if line.deletes or hash(line.cookie.value) != logout.cookies.get(line.cookie.name):
                logout.cookies.pop(line.cookie.name, None)
    return [line.cookie.name for line in lines if line.deletes]


def _cookie(cookies: list[str]) -> str:
    return f"{'cookie' if len(cookies) == 1 else 'cookies'} {names(cookies)}"


def say_begun(logout: Logout, x: Subject) -> None:
    """The client sends the browser to the provider, and ends its own session on the way, or does not."""
    index = x.exchange.index
    logout.cookies = session_cookies(x)
    gone = deleted_here(logout, x)
    logout.telling.say(
        f"The person logs out of `{logout.client}`, which sends the {logout.browser} on to the provider "
        f"`{logout.server}`, so that the login ends there, too." + (f" It deletes its {_cookie(gone)}." if gone else "")
    )
    logout.telling.arrow(logout.browser, logout.client, f"{x.method} {x.url.path or '/'}", index)
    label = f"{x.status}, to {logout.server}" + (", deletes a cookie" if gone else "")
    logout.telling.arrow(logout.client, logout.browser, label, index)


def say_sent(logout: Logout, x: Subject) -> None:
    """The request to the end-session endpoint (RP-Initiated Logout, section 2)."""
    asked, telling, index = logout.asked, logout.telling, x.exchange.index
    logout.sent, logout.since = True, x.started
    hint = asked.get("id_token_hint")
    text = f"The {logout.browser} asks the provider to end the login. "
    if hint:
        token = decode(hint)
        claims = (token.claims if token is not None else None) or {}
        audience = claims.get("aud")
        whose = f", an ID token for `{brief(x.masker.text(audience), 60)}`" if isinstance(audience, str) else ""
        text += f"`id_token_hint` says whose it is{whose}."
        issuer = logout.provider.issuer if logout.provider is not None else None
        if issuer and "{" not in issuer and isinstance(claims.get("iss"), str) and claims["iss"] != issuer:
            text += f" It is from another provider, though: `{brief(x.masker.text(claims['iss']), 80)}`."
    else:
        text += "There is no `id_token_hint`, so the provider cannot tell which client asks, and has to ask the person."
    telling.say(text)
    telling.arrow(logout.browser, logout.server, f"end session, {'with' if hint else 'without'} id_token_hint", index)
    if not hint:
        logout.findings.append(
            LOGOUT_HINT.annotation(
                Finding(
                    f"The {logout.browser} is sent to `{logout.server}` to log out, and no `id_token_hint` shows that "
                    f"`{logout.client}` asks for the person who is logged in.",
                    f"`{logout.client}` keeps the login's ID token and sends it as `id_token_hint`.",
                    (Evidence("request.line", None, f"{x.method} {x.shown_url}", exchange=index),),
                )
            )
        )
    if not logout.back:
        telling.say("It names no `post_logout_redirect_uri`: the person stays at the provider.")


def say_ended_by_provider(logout: Logout, x: Subject, address: str | None) -> None:
    """What the provider answers: a page, a way back, a way elsewhere, a refusal."""
    telling, index = logout.telling, x.exchange.index
    gone = deleted_here(logout, x)
    deletes = f" It deletes its {_cookie(gone)}." if gone else ""
    if x.status >= 400 or x.status == 0:
        text = (x.response.body.text or "")[:4000].lower() if x.response is not None else ""
        named = "post_logout_redirect" in text or "redirect uri" in text or "redirect_uri" in text
        status = str(x.status or "no response")
        why = (
            f" It names the way back: `{brief(x.masker.url(logout.back), 100)}` has to be registered for this client, "
            "character by character."
            if named and logout.back
            else ""
        )
        telling.say(f"The provider refuses: {status}.{why}")
        telling.arrow(logout.server, logout.browser, status, index, failed=True)
        logout.fail(f"the provider answered {status}")
        if logout.back and not logout.answered:
            _no_way_back(logout, index, f"answered {status}")
    elif address is None:
        text = "answers with a page of its own" if not logout.answered else "shows another page"
        telling.say(f"The provider {text}.{deletes}")
        telling.arrow(logout.server, logout.browser, str(x.status), index)
    elif logout.leads_back(address):
        telling.say(f"The provider sends the {logout.browser} back to `{logout.client}`.{deletes}")
        telling.arrow(logout.server, logout.browser, f"{x.status}, back to {logout.client}", index)
    else:
        logout.elsewhere = brief(x.masker.url(address.partition("?")[0]), 100)
        telling.say(f"The provider sends the {logout.browser} on to `{logout.elsewhere}`.{deletes}")
        telling.arrow(logout.server, logout.browser, str(x.status), index)
    logout.answered = True


def _no_way_back(logout: Logout, index: int, what: str, condition: str | None = None) -> None:
    way = brief(logout.masker.url(logout.back), 100)
    logout.findings.append(
        LOGOUT_RETURN.annotation(
            Finding(
                f"`{logout.client}` asked to be called back at `{way}`, and `{logout.server}` {what}.",
                f"Register `{way}` as one of the client's `post_logout_redirect_uris` at `{logout.server}`, and send "
                "`id_token_hint` or `client_id` with it.",
                (Evidence("url", "post_logout_redirect_uri", way, exchange=index),),
                certainty="likely" if condition else "certain",
                condition=condition,
            )
        )
    )


_ELSEWHERE = frozenset({"NotOnPath", "DomainMismatch", "SecureOnly"})


def _held_back(x: Subject) -> CookieVerdict | None:
    """A session's cookie of a frame's own site that the browser has and does not send along."""
    for verdict in x.verdicts.cookies:
        if not session_named(verdict.name) or verdict.recorded or not _ELSEWHERE.isdisjoint(verdict.codes):
            continue
        if verdict.outcome == "blocked" or verdict.recorded is False:
            return verdict
    return None


def say_frame(logout: Logout, x: Subject) -> None:
    """Another client hears of the logout in a frame of the provider's page (Front-Channel Logout, section 2)."""
    telling, index, there = logout.telling, x.exchange.index, host_name(x.url)
    try:
        given = parse_qs(x.url.query, max_num_fields=100)
    except ValueError:
        given = {}
    has = [name for name in ("iss", "sid") if given.get(name)]
    says = f", and says whose by {words.listed(words.ticked(has))}" if has else ", and does not say whose"
    text = f"The provider's page tells `{there}` of the logout, in a frame{says}."
    if len(has) == 1:
        text += " `iss` and `sid` belong together: the specification asks for both or none."
    issuer = logout.provider.issuer if logout.provider is not None else None
    if issuer and "iss" in has and given["iss"][0] != issuer:
        text += f" `iss` is `{brief(x.masker.text(given['iss'][0]), 80)}`, not the provider's `{brief(issuer, 80)}`."
    telling.say(text)
    telling.arrow(logout.browser, there, "front-channel logout", index, failed=x.status >= 400 or x.status == 0)
    held = _held_back(x)
    stays = ""
    if held is not None:
        code = next((c for c in held.codes if "SameSite" in c), "")
        because = f"`{code}`" if code else "the browser keeps cookies from other sites' frames"
        stays = f"the session cookie `{brief(held.name, 60)}` of `{there}` stays behind ({because})"
    problem = ""
    if x.status >= 400 or x.status == 0:
        problem = f"`{there}` answers {x.status or 'nothing'}"
    elif stays and "sid" not in has:
        problem = f"{stays}, and no `sid` says which session it is"
    elif stays:
        telling.say(f"{stays[0].upper()}{stays[1:]}, so `{there}` has to find the session by the `sid` in the address.")
    if problem:
        telling.say(f"{problem[0].upper()}{problem[1:]}: the person may still be logged in there.")
        logout.fail(f"`{there}` could not act on it")
        logout.findings.append(
            FRONT_CHANNEL_LOGOUT.annotation(
                Finding(
                    f"`{logout.server}` tells `{there}` of the logout in a frame, and {problem}.",
                    f"`{there}` answers its logout address with 200, also where no session is left."
                    if x.status >= 400 or x.status == 0
                    else f"`{logout.server}` adds `iss` and `sid`, and `{there}` ends the session that `sid` names; or "
                    "they use back-channel logout.",
                    (Evidence("request.line", None, f"{x.method} {x.shown_url}", exchange=index),),
                )
            )
        )
        return
    gone = deleted_here(logout, x)
    if gone:
        telling.say(f"`{there}` deletes its {_cookie(gone)}.")
        telling.arrow(there, logout.browser, f"{x.status}, deletes a cookie", index)


def say_back(logout: Logout, x: Subject) -> None:
    """The browser is back at the client, with the `state` it left with, or not."""
    telling, index = logout.telling, x.exchange.index
    logout.arrived, logout.since = True, x.started
    try:
        given = parse_qs(x.url.query, max_num_fields=100).get("state", [None])[0]
    except ValueError:
        given = None
    carried = session_cookies(x)
    same = [name for name, value in logout.cookies.items() if carried.get(name) == value]
    gone = deleted_here(logout, x)
    text = f"The {logout.browser} is back at `{logout.client}`."
    if gone:
        text += f" The client deletes its {_cookie(gone)}."
    telling.say(text)
    telling.arrow(logout.browser, logout.client, "back from the logout", index)
    wanted = logout.asked.get("state")
    if wanted and given == wanted:
        telling.say("`state` is the one that was sent.")
    elif wanted:
        what = "another `state` than it left with" if given else "no `state`, although it left with one"
        telling.say(f"It brings {what}: the client cannot tell which logout this ends.")
        logout.fail("`state` does not match")
        logout.findings.append(
            LOGOUT_STATE.annotation(
                Finding(
                    f"The logout at `{logout.server}` began with `state={x.masker.secret(wanted)}` and came back with "
                    + (f"`state={x.masker.secret(given)}`." if given else "none."),
                    f"`{logout.server}` appends `state` to the address exactly as it received it.",
                    (Evidence("url", "state", x.masker.secret(given) if given else None, exchange=index),),
                )
            )
        )
    if x.status >= 400:
        telling.say(f"The client answers {x.status}.")
        telling.arrow(logout.client, logout.browser, str(x.status), index, failed=True)
        logout.fail(f"the client answered {x.status}")
    if same and any(name in logout.cookies for name in same):
        _keep(logout, same, index)


def _keep(logout: Logout, cookies: list[str], index: int) -> None:
    if logout.kept is None:
        logout.kept = index
        logout.findings.append(
            COOKIE_KEPT.annotation(
                Finding(
                    f"After the logout the {logout.browser} still sends the {_cookie(cookies)} of `{logout.client}`, "
                    "unchanged.",
                    f"`{logout.client}` deletes {'it' if len(cookies) == 1 else 'them'} when it ends the session: the "
                    "same name, `Path` and `Domain`, and `Max-Age=0`.",
                    (Evidence("request.field", "Cookie", f"{cookies[0]}=…", exchange=index),),
                )
            )
        )


def say_still_there(logout: Logout, x: Subject, cookies: list[str], refused: int | None) -> None:
    """The client was sent the old session cookie again; `refused` is an exchange in which it refused a stranger."""
    telling, index = logout.telling, x.exchange.index
    first = logout.kept is None
    _keep(logout, cookies, index)
    asks = f"{x.method} {brief(x.url.path or '/', 60)}"
    if x.status in (401, 403):
        telling.say(
            f"The {logout.browser} still sends the {_cookie(cookies)}, unchanged; `{logout.client}` answers "
            f"{x.status}, so {'it opens' if len(cookies) == 1 else 'they open'} nothing any more."
        )
        telling.arrow(logout.browser, logout.client, asks, index)
        telling.arrow(logout.client, logout.browser, str(x.status), index)
    elif 200 <= x.status < 300 and refused is not None:
        telling.say(
            f"The {logout.browser} still sends the {_cookie(cookies)}, unchanged, and `{logout.client}` answers "
            f"`{asks}` with {x.status}, which it refused in #{refused}, where there was none: the session goes on."
        )
        telling.arrow(logout.browser, logout.client, asks, index)
        telling.arrow(logout.client, logout.browser, f"{x.status}, the session goes on", index, failed=True)
        logout.fail("the session goes on")
        logout.findings = [a for a in logout.findings if a.rule != COOKIE_KEPT.id]
        logout.findings.append(
            SESSION_ALIVE.annotation(
                Finding(
                    f"`{asks}` of `{logout.client}` is refused without a session (#{refused}), and answered with "
                    f"{x.status} after the logout, with the {_cookie(cookies)} from before it.",
                    f"`{logout.client}` removes the session from its server's store at the logout.",
                    (
                        Evidence("response.status", None, str(x.status), exchange=index),
                        Evidence("request.field", "Cookie", f"{cookies[0]}=…", exchange=index),
                    ),
                    certainty="likely",
                    condition="this address still answers nobody without a session",
                )
            )
        )
    elif first:
        telling.say(f"The {logout.browser} still sends the {_cookie(cookies)}, unchanged.")
        telling.arrow(logout.browser, logout.client, asks, index)


def say_over(logout: Logout, x: Subject) -> None:
    """The client refuses the browser as it refuses a stranger."""
    index, asks = x.exchange.index, f"{x.method} {brief(x.url.path or '/', 60)}"
    logout.telling.say(f"`{asks}`, without a session cookie, is answered with {x.status}: the session is over here.")
    logout.telling.arrow(logout.browser, logout.client, asks, index)
    logout.telling.arrow(logout.client, logout.browser, str(x.status), index)


def say_renewed(logout: Logout, x: Subject) -> None:
    """The provider answers the next login at once: its own session is still there."""
    index = x.exchange.index
    logout.telling.say(
        f"The next login at `{logout.server}` is answered at once with a code, and nobody is asked: the provider's own "
        "session goes on."
    )
    logout.telling.arrow(logout.browser, logout.server, "authorize", index)
    logout.telling.arrow(logout.server, logout.browser, f"{x.status}, a code", index, failed=True)
    logout.fail("the provider's session goes on")
    logout.findings.append(
        SESSION_ALIVE.annotation(
            Finding(
                f"After the logout `{logout.server}` logs the person in again without asking.",
                f"`{logout.server}` ends its own session when its `end_session_endpoint` is called.",
                (Evidence("request.line", None, f"{x.method} {x.shown_url}", exchange=index),),
                severity=Severity.WARNING,
            )
        )
    )


def say_back_channel(x: Subject, raw: str) -> Story:
    """The provider tells a client of a logout directly (Back-Channel Logout, sections 2.4 to 2.8)."""
    there, index = host_name(x.url), x.exchange.index
    token = decode(raw)
    claims = (token.claims if token is not None else None) or {}
    issuer = claims.get("iss")
    provider = brief(x.masker.text(issuer), 60) if isinstance(issuer, str) else "the provider"
    telling = Telling("logout", provider, there)
    has = [name for name in ("sub", "sid") if name in claims]
    telling.say(
        f"The provider tells the client `{there}` directly, without the browser, that a login is over (back-channel "
        "logout)" + (f", and says whose by {words.listed(words.ticked(has))}." if has else ".")
    )
    telling.arrow(provider, there, "logout_token", index)
    wrong = []
    if token is not None and token.claims is not None:
        events = claims.get("events")
        if not isinstance(events, dict) or EVENT not in events:
            wrong.append("`events` does not name the logout")
        if not has:
            wrong.append("it has neither `sub` nor `sid`")
        if "nonce" in claims:
            wrong.append("it has a `nonce`, which makes it an ID token")
        if not token.signed or token.algorithm.lower() == "none":
            wrong.append("it is not signed")
        ends = token.time("exp")
        if ends is not None and x.started is not None and x.started - ends > 120:
            wrong.append(f"it expired {words.duration(x.started - ends)} before it came")
    if wrong:
        telling.say(f"The client must not take this token: {words.listed(wrong)}.")
        telling.fail()
        telling.found(
            LOGOUT_TOKEN.annotation(
                Finding(
                    f"The logout token for `{there}`: {words.listed(wrong)}. The client answered "
                    f"{x.status or 'nothing'}.",
                    None,
                    (Evidence("request.body", "logout_token", x.masker.secret(raw), exchange=index),),
                )
            )
        )
    refused = x.status >= 400 or x.status == 0
    answer = str(x.status or "no response")
    telling.say(
        f"The client refuses: {answer}. The person stays logged in there."
        if refused and not wrong
        else f"The client refuses it: {answer}."
        if refused
        else f"The client answers {answer}: it ended the session."
    )
    telling.arrow(there, provider, answer, index, failed=refused)
    if refused:
        telling.fail()
    title = f"Logout of `{there}` by `{provider}`, from server to server"
    return telling.story(f"Failed: {title[0].lower()}{title[1:]}" if telling.failed else title)


def tell(logout: Logout) -> Story:
    """The story, with what its end lacks."""
    telling = logout.telling
    of = f" of `{logout.client}`" if logout.client_host else ""
    title = f"Logout{of} at `{logout.server}` by OpenID Connect"
    missing = logout.answered and logout.back and not logout.arrived and not logout.outcome
    if missing:
        telling.say(f"The {logout.browser} does not come back to `{logout.client}` in this recording.")
        if logout.elsewhere:
            _no_way_back(
                logout,
                next(iter(telling.exchanges)),
                f"led to `{logout.elsewhere}`",
                "nothing that is not in this recording leads on from there",
            )
    if logout.kept is not None and not telling.failed:
        title += ", its session cookie kept"
    telling.found(*logout.findings)
    if logout.outcome:
        title = f"Failed: {title[0].lower()}{title[1:]}: {logout.outcome}"
    elif missing or not logout.answered:
        title += ", its end not in this recording"
    return telling.story(title)
