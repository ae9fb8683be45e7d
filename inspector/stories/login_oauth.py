"""The story of a login by OAuth 2.0 (RFC 6749) or OpenID Connect: asked, agreed, sent back, exchanged for tokens.

Only what passes here is told. Where the client is a server, it exchanges the code for tokens with the authorization
server directly, and the recording of a browser does not have that.
"""

from __future__ import annotations

import base64
from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from inspector import words
from inspector.content.tokens import Token, decode
from inspector.report import Annotation, Evidence, Story
from inspector.rules.base import Finding
from inspector.rules.oauth_story import ID_TOKEN, PKCE_MISMATCH, SESSION_LOST, STATE_MISMATCH
from inspector.rules.sso import authorization_request
from inspector.rules.status_words import brief, target
from inspector.stories import login_referer
from inspector.stories.id_token import misfits, signature
from inspector.stories.logout import Logouts
from inspector.stories.oauth_grants import Grants, Posted, answered, posted, refused
from inspector.stories.oidc_providers import METADATA, KeySet, Providers
from inspector.stories.signs import ANY, DENIED, LOCATED, LOGIN, POSTED, PROVIDES
from inspector.stories.telling import Telling, agent_name, host_name
from inspector.url import parse

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_LOGINS = 32
MOST_UNVERIFIED = 8
PATIENCE = 5.0
"""Seconds for which a login that came off waits for the keys its ID token is checked with."""


class _Login:
    """One login in progress: what was asked, and the telling so far."""

    def __init__(self, x: Subject, asked: dict[str, str]) -> None:
        self.asked = asked
        self.back = asked.get("redirect_uri", "").partition("#")[0].partition("?")[0]
        self.masker = x.masker
        self.browser, self.server = agent_name(x), host_name(x.url)
        self.client = host_name(parse(self.back)) if parse(self.back).host else "the client"
        if self.client == self.server:
            self.client = f"{self.client} (client)"
        self.url = x.request.url
        self.server_origin = x.url.origin
        self.name = brief(x.masker.text(asked["client_id"]), 60)
        scopes = asked.get("scope", "").split()
        self.openid = "openid" in scopes or "id_token" in asked["response_type"].split()
        self.answer: dict[str, str] = {}
        self.arrived = False
        self.served = False
        self.exchanged = False
        self.token: tuple[Token, int] | None = None
        """An ID token whose signature is still to be checked, and the exchange it came in."""
        self.told_to: set[str] = set()
        """Origins that `Referer` told of its answer."""
        self.findings: list[Annotation] = []
        self.telling = Telling("login", self.browser, self.client, self.server)
        self.outcome = ""


class OAuthStories:
    """Follows logins from the authorization request to the tokens. Other grants are told by `oauth_grants`, logouts by
    `logout`.
    """

    def __init__(self) -> None:
        self._logins: OrderedDict[tuple[str, str], _Login] = OrderedDict()
        self._providers = Providers()
        self._unverified: deque[tuple[_Login, float | None]] = deque()
        """Logins that came off and wait for keys, with the time since when."""
        self._spent: OrderedDict[str, None] = OrderedDict()
        """Codes that were exchanged."""
        self._over: deque[_Login] = deque(maxlen=MOST_LOGINS)
        """Logins that were told, of which an answer may still stand in a page's address."""
        self._grants = Grants()
        self._logouts = Logouts(self._providers)

    @property
    def wants(self) -> int:
        """What may begin something; while something goes on, everything."""
        waits = self._logins or self._over or self._unverified or self._logouts.waits or self._providers.named
        return ANY if waits else POSTED | LOCATED | LOGIN | DENIED | PROVIDES

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of one exchange of a login; most exchanges cost a few look-ups."""
        form = posted(x) if x.method == "POST" else None
        told = self._followed(x, form)
        if (self._logins or self._over) and "referer" in x.req.first:
            told = [*(told or ()), *self._referred(x)]
        ended = self._logouts.observe(x, form)
        if ended:
            told = [*(told or ()), *ended]
        return [*(told or ()), *self._checked(x)] if self._unverified else told

    def _followed(self, x: Subject, form: Posted | None) -> list[Story] | None:
        url = x.request.url
        if form is not None:
            return self._posted(x, form)
        if "response_type=" in url:
            return self._begun(x)
        if url.endswith(METADATA):
            self._providers.metadata(x)
            return None
        if self._providers.publishes(url):
            self._providers.published(x)
            return None
        return self._back(x) if self._logins else None

    def _referred(self, x: Subject) -> Iterator[Story]:
        """Say in a login's story, or in one of its own, that another origin was told its answer."""
        told = login_referer.referred(x)
        if told is None:
            return
        for login in (*self._logins.values(), *(login for login, _ in self._unverified), *self._over):
            name = login_referer.secret_in(told, login.answer)
            if name is None or x.url.origin == login.server_origin or x.url.origin in login.told_to:
                continue
            login.told_to.add(x.url.origin)
            pkce, spent = bool(login.asked.get("code_challenge")), login.exchanged or login.served
            who = login.name, login.browser
            if login in self._over:
                title = f"The login of `{login.name}` at `{login.server}`"
                yield login_referer.afterwards(x, told, name, title, *who, pkce=pkce, spent=spent)
                continue
            finding = login_referer.say(login.telling, x, told, name, *who, pkce=pkce, spent=spent)
            if finding is not None:
                login.findings.append(finding)

    def finish(self) -> Iterator[Story]:
        """Logins whose end is not in the recording, and what other grants there were."""
        for login, _ in self._unverified:
            yield self._told(login)
        for login in self._logins.values():
            if login.arrived or login.answer or login.outcome:
                yield self._told(login)
        yield from self._grants.finish()
        yield from self._logouts.finish()

    def _issuer(self, login: _Login) -> str | None:
        provider = self._providers.asked(login.url)
        return provider.issuer if provider is not None else None

    def _ended(self, login: _Login, x: Subject) -> list[Story]:
        """A login that is over: told now, or with the keys that its ID token is checked with, if they come soon."""
        self._verify(login)
        if login.token is None or login.telling.failed or not login.token[0].asymmetric:
            return [self._told(login)]
        self._unverified.append((login, x.started))
        return [self._told(self._unverified.popleft()[0])] if len(self._unverified) > MOST_UNVERIFIED else []

    def _checked(self, x: Subject) -> list[Story]:
        """The logins that waited for keys and have them now, or have waited long enough."""
        told: list[Story] = []
        for waiting in tuple(self._unverified):
            login, since = waiting
            self._verify(login)
            if login.token is None or (since is not None and (x.started or 0.0) - since > PATIENCE):
                self._unverified.remove(waiting)
                told.append(self._told(login))
        return told

    def _verify(self, login: _Login) -> None:
        """Check the ID token's signature, if the keys are known by now."""
        keys = self._providers.keys(self._providers.asked(login.url), login.server_origin)
        if keys is not None:
            self._say_signature(login, keys)

    def _say_signature(self, login: _Login, keys: KeySet | None) -> None:
        if login.token is None or (keys is None and login.telling.failed):
            return
        (token, came), login.token = login.token, None
        provider = self._providers.asked(login.url)
        text, finding = signature(token, came, keys, provider, login.server, login.masker)
        if text:
            login.telling.say(text)
        if text and keys is not None:
            login.telling.arrow(login.server, login.client, "public keys (JWKS)", keys.index)
        if finding is not None:
            login.findings.append(finding)
            login.telling.fail()
            login.outcome = login.outcome or f"{finding.title[0].lower()}{finding.title[1:]}"

    def _told(self, login: _Login) -> Story:
        self._verify(login)
        self._say_signature(login, None)
        if login.answer.keys() - {"state", "error"}:
            self._over.append(login)
        return _tell(login)

    def _begun(self, x: Subject) -> list[Story] | None:
        try:
            asked = x.memo(authorization_request)
        except ValueError:
            return None
        if asked is None or not asked["response_type"] or not asked["client_id"] or x.is_preflight:
            return None
        if not {"code", "token", "id_token", "none"}.issuperset(asked["response_type"].split()):
            return None
        told: list[Story] = []
        key = (asked["client_id"], asked.get("state") or asked.get("nonce") or asked.get("redirect_uri", ""))
        login = self._logins.get(key)
        if login is not None and login.arrived:  # the one before is over, however it ended
            told.append(self._told(self._logins.pop(key)))
            login = None
        if login is None:
            login = self._logins[key] = _Login(x, asked)
            _say_begun(login, x)
            if len(self._logins) > MOST_LOGINS:
                gone = self._logins.popitem(last=False)[1]
                if gone.arrived or gone.answer:
                    told.append(self._told(gone))
        else:
            login.telling.about(x.exchange.index)
        if x.status >= 400:
            _say_refused(login, x)
            told.append(self._told(self._logins.pop(key)))
        elif 300 <= x.status < 400:
            self._sent_back(x)
        return told

    def _waiting(self, address: str) -> Iterator[tuple[tuple[str, str], _Login]]:
        bare = address.partition("#")[0].partition("?")[0]
        for key in reversed(self._logins):
            if self._logins[key].back == bare:
                yield key, self._logins[key]

    def _for(self, address: str, given: dict[str, str]) -> tuple[tuple[str, str], _Login] | None:
        """The login an answer belongs to: by address and `state`, else the last one that waits at the address."""
        first = None
        for key, login in self._waiting(address):
            if login.asked.get("state") == given.get("state"):
                return key, login
            if first is None and not login.arrived:
                first = key, login
        return first

    def _sent_back(self, x: Subject) -> None:
        address = target(x)
        given = _given(address) if address else None
        if address is None or given is None:
            return
        found = self._for(address, given)
        if found is not None and not found[1].answer:
            _say_answer(found[1], x, given, sent=False)

    def _back(self, x: Subject) -> list[Story] | None:
        if 300 <= x.status < 400:
            self._sent_back(x)
        url = x.request.url
        given = _given(url)
        if given is None:
            found = next(self._waiting(url), None) if not x.url.query else None
            if found is None or not found[1].answer or found[1].arrived:
                return None
        else:
            found = self._for(url, given)
            if found is None:
                return None
            if not found[1].answer:
                _say_answer(found[1], x, given, sent=True)
        return self._arrived(x, *found)

    def _arrived(self, x: Subject, key: tuple[str, str], login: _Login) -> list[Story] | None:
        again = login.arrived
        _say_arrived(login, x)
        failed = x.status >= 400 or x.status == 0 or "error" in login.answer
        if failed or (login.served and "access_token" not in login.answer):
            if again and not failed:
                return None
            self._logins.pop(key, None)
            return self._ended(login, x)
        return None

    def _posted(self, x: Subject, form: Posted) -> list[Story] | None:
        given = form.values
        if given.get("grant_type") == "authorization_code":
            code = given.get("code")
            for key, login in self._logins.items():
                if code and login.answer.get("code") == code:
                    _say_exchanged(login, x, given, self._issuer(login))
                    self._logins.pop(key)
                    self._spent[code] = None
                    if len(self._spent) > MOST_LOGINS:
                        self._spent.popitem(last=False)
                    return self._ended(login, x)
        if "grant_type" in given or "device_code" in (answered(x) or {}):
            return self._grants.observe(x, given, again=given.get("code") in self._spent)
        if self._logins and ("code" in given or "error" in given or "id_token" in given):
            found = self._for(x.request.url, given)
            if found is not None:
                if not found[1].answer:
                    _say_answer(found[1], x, given, sent=True)
                return self._arrived(x, *found)
        elif self._logins and 300 <= x.status < 400:
            self._sent_back(x)
        return None


def _given(address: str) -> dict[str, str] | None:
    """What an address gives back to a client: the parameters of query and fragment; ``None`` where it is no answer."""
    if not any(mark in address for mark in ("code=", "error=", "access_token=", "id_token=")):
        return None
    try:
        parts = urlsplit(address)
        found = parse_qs(f"{parts.query}&{parts.fragment}", max_num_fields=100)
    except ValueError:
        return None
    given = {name: values[0] for name, values in found.items()}
    return given if given.keys() & {"code", "error", "access_token", "id_token"} else None


def _say_begun(login: _Login, x: Subject) -> None:
    asked, telling, index = login.asked, login.telling, x.exchange.index
    telling.say(
        f"The client `{login.name}` sends the {login.browser} to the authorization server `{login.server}`, which asks "
        f"the person: `response_type={brief(asked['response_type'], 40)}`"
        + (", with OpenID Connect (`openid`), so that the client learns who logged in." if login.openid else ".")
    )
    telling.arrow(login.browser, login.server, f"authorize, response_type={brief(asked['response_type'], 30)}", index)
    has = [name for name in ("state", "nonce") if asked.get(name)]
    if asked.get("code_challenge"):
        has.append(f"code_challenge_method={brief(asked.get('code_challenge_method', 'plain'), 20)}")
    if has:
        telling.say(
            f"What ties the answer to this login: {words.listed(words.ticked(has))}"
            + (" (PKCE: whoever brings the code has to know the secret behind it)." if len(has[-1]) > 5 else ".")
        )
    elif "request_uri" in asked or "request" in asked:
        telling.say("The request's parameters were pushed or signed beforehand, so the address does not show them.")
    else:
        telling.say("The address has no `state`, `nonce` or PKCE: nothing in it ties the answer to this login.")
    if {"token"} & set(asked["response_type"].split()):
        telling.say(
            "This is the implicit grant: the access token comes back in the address, where scripts, extensions and the "
            "history find it. `response_type=code` with PKCE replaces it."
        )


def _say_refused(login: _Login, x: Subject) -> None:
    telling = login.telling
    text = (x.response.body.text or "")[:4000].lower() if x.response is not None else ""
    uri = "redirect_uri" in text or "redirect uri" in text
    telling.say(
        f"The authorization server answers {x.status} itself and sends nobody back."
        + (
            f" It names `redirect_uri`: `{brief(x.masker.url(login.back), 100)}` has to be registered for this client, "
            "character by character."
            if uri
            else " That is what it has to do where it does not know the client or its `redirect_uri`."
        )
    )
    telling.arrow(login.server, login.browser, str(x.status), x.exchange.index, failed=True)
    telling.fail()
    login.outcome = "the authorization server refused the request" + (": `redirect_uri`" if uri else "")


def _say_answer(login: _Login, x: Subject, given: dict[str, str], *, sent: bool) -> None:
    """What came back from the authorization server, in a redirect (`sent` is false) or only seen as it arrives."""
    login.answer = given
    telling, index = login.telling, x.exchange.index
    if "error" in given:
        code = brief(x.masker.text(given["error"]), 40)
        telling.say(f"The authorization server sends the {login.browser} back with `error={code}` instead of a code.")
        telling.fail()
        login.outcome = f"`{code}`"
    else:
        what = [name for name in ("code", "access_token", "id_token") if name in given]
        where = "a form" if sent and x.method == "POST" else "the address"
        text = f"The authorization server sends the {login.browser} back with {words.listed(words.ticked(what))}"
        text += f" in {where}."
        if what == ["code"]:
            text += " The code alone opens nothing: the client has to exchange it for tokens, once and soon."
        elif "access_token" in given:
            text += " Whoever reads this address has the access token."
        telling.say(text)
    if not sent:
        label = "error=" + brief(given["error"], 30) if "error" in given else "back with an answer"
        telling.arrow(login.server, login.browser, label, index, failed="error" in given)
    wanted = login.asked.get("state")
    if wanted and given.get("state") != wanted:
        lacks = "state" not in given
        telling.say(
            "The answer has no `state`, although the request had one."
            if lacks
            else "The `state` that came back is not the one that was sent: a client that checks it ends the login."
        )
        telling.fail()
        login.outcome = login.outcome or "`state` does not match"
        login.findings.append(
            STATE_MISMATCH.annotation(
                Finding(
                    f"The login of `{login.name}` at `{login.server}` began with `state="
                    f"{x.masker.secret(wanted)}` and came back "
                    + ("without one." if lacks else f"with `state={x.masker.secret(given['state'])}`."),
                    "The authorization server returns `state` as it received it; the client keeps one for each login "
                    "and refuses any other.",
                    (Evidence("url", "state", None if lacks else x.masker.secret(given["state"]), exchange=index),),
                )
            )
        )
    elif wanted:
        telling.say("`state` is the one that was sent.")
    _say_id_token(login, x, given.get("id_token"), None)


def _say_arrived(login: _Login, x: Subject) -> None:
    telling, index = login.telling, x.exchange.index
    if login.arrived:
        telling.say("The same answer reaches the client a second time. A code counts once, so this should be refused.")
    elif not x.url.query and x.method != "POST" and login.answer:
        telling.say("The client's page opens. What is after `#` in the address is for its script, not for its server.")
    else:
        telling.say("The answer reaches the client.")
    login.arrived = True
    telling.arrow(login.browser, login.client, "the answer", index)
    lost = [
        v
        for v in x.verdicts.cookies
        if (v.outcome == "blocked" or (v.outcome == "depends" and v.recorded is False))
        and any("SameSite" in c for c in v.codes)
    ]
    if lost and "error" not in login.answer:
        name = brief(lost[0].name, 60)
        telling.say(
            f"The cookie `{name}` stays behind, because the {login.browser} comes from another site "
            f"(`{next(c for c in lost[0].codes if 'SameSite' in c)}`): the client may not know which login this is."
        )
        login.findings.append(
            SESSION_LOST.annotation(
                Finding(
                    f"The cookie `{name}` of `{login.client}` is withheld on the return from `{login.server}`, because "
                    f"of its `SameSite`. The client answers {x.status or 'nothing'}.",
                    f"`{login.client}` sets the cookie that carries a login in progress with `SameSite=Lax`.",
                    (Evidence("request.field", "Cookie", None, exchange=index),),
                    certainty="likely",
                    condition="the client keeps the login in progress in this cookie",
                )
            )
        )
    if x.status >= 400 or x.status == 0:
        answer = str(x.status or "no response")
        telling.arrow(login.client, login.browser, answer, index, failed=True)
        telling.say(f"The client does not take the answer: {answer}.")
        telling.fail()
        login.outcome = login.outcome or f"the client answered {answer}"
        return
    telling.arrow(login.client, login.browser, str(x.status), index)
    if 300 <= x.status < 400 or x.verdicts.set_cookies:
        login.served = True
        if "error" not in login.answer:
            cookies = [v.name for v in x.verdicts.set_cookies if v.outcome in ("stored", "depends")]
            telling.say(
                "The client takes it"
                + (f" and sets {words.listed(words.ticked(brief(c, 40) for c in cookies))}." if cookies else ".")
                + (
                    " Its exchange of the code with the token endpoint goes from server to server and does not pass "
                    "here."
                    if "code" in login.answer
                    else ""
                )
            )


def _say_exchanged(login: _Login, x: Subject, given: dict[str, str], issuer: str | None) -> None:
    telling, index = login.telling, x.exchange.index
    login.exchanged = True
    page = x.origin is not None
    sender = login.browser if page else login.client
    telling.say(f"The client exchanges the code for tokens at the token endpoint of `{host_name(x.url)}`.")
    telling.arrow(sender, host_name(x.url), "code for tokens", index)
    content = answered(x) or {}
    _say_pkce(login, x, given, "access_token" in content)
    cors = x.verdicts.cors
    if cors is not None and cors.outcome == "blocked":
        telling.say(
            f"The browser keeps the answer from the page (`{cors.code}`): the token endpoint has to permit the page's "
            "origin with `Access-Control-Allow-Origin`, or the client exchanges the code on its server."
        )
        telling.arrow(host_name(x.url), sender, "kept from the page by CORS", index, failed=True)
        telling.fail()
        login.outcome = login.outcome or "CORS keeps the tokens from the page"
    elif "access_token" in content or "id_token" in content:
        got = [n for n in ("access_token", "id_token", "refresh_token") if n in content]
        telling.say(f"The answer has {words.listed(words.ticked(got))}.")
        telling.arrow(host_name(x.url), sender, "tokens", index)
        token = content.get("id_token")
        _say_id_token(login, x, token if isinstance(token, str) else None, issuer)
    else:
        text, finding = refused(x, content)
        telling.say(text)
        telling.arrow(host_name(x.url), sender, str(x.status or "no response"), index, failed=True)
        telling.fail()
        login.outcome = login.outcome or "the token endpoint gave no token"
        if finding is not None:
            login.findings.append(finding)


def _say_pkce(login: _Login, x: Subject, given: dict[str, str], granted: bool) -> None:
    challenge, verifier = login.asked.get("code_challenge"), given.get("code_verifier")
    if not challenge:
        return
    plain = login.asked.get("code_challenge_method", "plain") == "plain"
    if verifier and (verifier if plain else s256(verifier)) == challenge:
        login.telling.say("PKCE fits: `code_verifier` belongs to the `code_challenge` that the login began with.")
        return
    what = "does not belong to the `code_challenge` of this login" if verifier else "is missing"
    login.telling.say(f"PKCE does not fit: `code_verifier` {what}.")
    login.telling.fail()
    login.outcome = "PKCE does not fit"
    login.findings.append(
        PKCE_MISMATCH.annotation(
            Finding(
                f"`code_verifier` {what}."
                + (" The server gave tokens all the same: PKCE has no effect there." if granted else ""),
                "The client sends the verifier it made for this login."
                + (" The server refuses any other with `invalid_grant`." if granted else ""),
                (
                    Evidence(
                        "request.body",
                        "code_verifier",
                        x.masker.secret(verifier) if verifier else None,
                        exchange=x.exchange.index,
                    ),
                ),
            )
        )
    )


def s256(verifier: str) -> str:
    """The challenge for a verifier by the method ``S256`` (RFC 7636, section 4.2)."""
    import hashlib  # which brings OpenSSL along

    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _say_id_token(login: _Login, x: Subject, raw: str | None, issuer: str | None) -> None:
    token = decode(raw) if raw else None
    if token is None or token.claims is None:
        return
    login.token = token, x.exchange.index
    wrong = list(misfits(x, token, login.asked, issuer))
    unsigned = token.algorithm.lower() == "none" or not token.signed
    if unsigned:
        login.telling.say(
            "The ID token is not signed (`alg: none`). Only a client that fetched it from the token endpoint itself, "
            "and registered for this, may take it."
        )
    if not wrong:
        login.telling.say(
            "The ID token's issuer, audience, `nonce` and times fit this login, as far as they are known."
        )
        return
    login.telling.say(f"The ID token does not fit this login: {words.listed(wrong)}.")
    login.telling.fail()
    login.outcome = login.outcome or "the ID token does not fit"
    login.findings.append(
        ID_TOKEN.annotation(
            Finding(
                f"The ID token for `{login.name}` from `{login.server}`: {words.listed(wrong)}.",
                None if issuer else ID_TOKEN.page.fix.partition(" The client")[0].replace("\n", " "),
                (Evidence("exchange", "id_token", x.masker.secret(token.raw), exchange=x.exchange.index),),
            )
        )
    )


def _tell(login: _Login) -> Story:
    login.telling.found(*login.findings)
    kind = "OpenID Connect" if login.openid else "OAuth"
    types = login.asked["response_type"].split()
    how = "authorization code" if types == ["code"] else "implicit" if "code" not in types else "hybrid"
    if types == ["code"] and login.asked.get("code_challenge"):
        how += " with PKCE"
    title = f"Login of `{login.name}` at `{login.server}` by {kind} ({how})"
    if login.outcome:
        title = f"Failed: {title[0].lower()}{title[1:]}: {login.outcome}"
    elif not login.arrived:
        title += ", its end not in this recording"
    return login.telling.story(title)
