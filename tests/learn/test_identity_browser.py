"""A real Chromium logs in at the lab through the real proxy, in each way and with each fault; the stories say which."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest

from inspector.learn.lab import Lab
from inspector.learn.lab.content.signin import FAULTS
from inspector.proxy.master import RunningProxy
from inspector.proxy.options import ProxyOptions
from inspector.report import Story
from tests.chromium import CHROMIUM, LOOPBACK, switches, trusting
from tests.conftest import needs_chromium
from tests.proxy.conftest import Collected

pytestmark = [pytest.mark.browser, needs_chromium]

EXPECTED: dict[str, tuple[str, bool, list[str], str]] = {
    "wrong-state": ("login", True, ["oauth/state-mismatch"], "is not the one that was sent"),
    "missing-state": ("login", True, ["oauth/state-mismatch"], "The answer has no `state`"),
    "missing-nonce": ("login", True, ["oauth/id-token"], "`nonce` is missing"),
    "nonce-mismatch": ("login", True, ["oauth/id-token"], "`nonce` is not the one that was sent"),
    "expired-token": ("login", True, ["oauth/id-token"], "it expired 1 hour"),
    "clock-skew": ("login", True, ["oauth/id-token"], "two clocks differ"),
    "wrong-audience": ("login", True, ["oauth/id-token"], "`aud` is `another-page`, not `shop-page`"),
    "wrong-issuer": ("login", True, ["oauth/id-token"], "`iss` is `https://another.example`"),
    "alg-none": ("login", False, [], "not signed (`alg: none`)"),
    "wrong-signature": ("login", True, ["oauth/id-token-signature"], "does not fit the key `lab`"),
    "unknown-key": ("login", True, ["oauth/id-token-signature"], "It names the key `old`"),
    "redirect-uri-mismatch": ("login", True, [], "/signin/back/` has to be registered"),
    "access-denied": ("login", True, [], "`error=access_denied` instead of a code"),
    "strict-cookie": ("login", True, ["oauth/session-lost"], "The cookie `login` stays behind"),
    "token-cors": ("login", True, [], "(`MissingAllowOriginHeader`)"),
    "implicit": ("login", False, [], "This is the implicit grant"),
    "token-in-query": ("login", False, [], "Whoever reads this address has the access token"),
    "token-referer": ("login", False, [], "another site, the `access_token`"),
    "code-referer": ("login", False, ["oauth/code-in-referer"], "another site, the `code`"),
    "code-reused": ("login-token", True, ["oauth/token-refused"], "a code that was exchanged before"),
    "pkce-mismatch": ("login", True, ["oauth/pkce-mismatch", "oauth/token-refused"], "PKCE does not fit"),
    "pkce-ignored": ("login", True, ["oauth/pkce-mismatch"], "PKCE does not fit"),
    "no-pkce": ("login", False, [], "What ties the answer to this login: `state` and `nonce`."),
    "no-state": ("login", False, [], "nothing in it ties the answer to this login"),
    "no-id-token-hint": ("logout", False, ["oauth/logout-no-hint"], "There is no `id_token_hint`"),
    "logout-elsewhere": ("logout", True, ["oauth/logout-return"], "/signin/left/` has to be registered"),
    "logout-wrong-state": ("logout", True, ["oauth/logout-state"], "It brings another `state` than it left with"),
    "logout-missing-state": ("logout", True, ["oauth/logout-state"], "It brings no `state`"),
    "logout-cookie-kept": ("logout", False, ["oauth/logout-cookie-kept"], "answers 401, so it opens nothing any more"),
    "logout-session-lives": ("logout", True, ["oauth/logout-session-alive"], "the session goes on"),
    "front-channel-nameless": ("logout", True, ["oauth/front-channel-logout"], "stays behind (`SameSiteLax`)"),
    "front-channel-error": ("logout", True, ["oauth/front-channel-logout"], "answers 500"),
    "front-channel-half": ("logout", False, [], "`iss` and `sid` belong together"),
    "ticket-reused": ("login", True, ["sso/ticket-again"], "`INVALID_TICKET`"),
    "ticket-wrong-service": ("login", True, [], "`INVALID_SERVICE`"),
    "saml-unsigned": ("login", False, [], "Neither the response nor its assertion is signed"),
    "saml-expired": ("login", True, [], "The assertion's time ended 1 hour"),
    "saml-wrong-audience": ("login", True, ["saml/response-mismatch"], "its audience is `https://api.shop.test:"),
    "saml-wrong-request": ("login", True, ["saml/response-mismatch"], "`InResponseTo` is not the `ID`"),
    "saml-denied": ("login", True, [], "`AuthnFailed`: nobody is logged in"),
    "saml-lax-cookie": ("login", True, [], "takes along `SameSite=None` cookies alone"),
}
"""For each fault its story's kind, whether it failed, its findings, and the words that name the fault."""
NOT_REFUSED = {
    "implicit",
    "token-in-query",
    "token-referer",
    "code-referer",
    "no-pkce",
    "no-state",
    "pkce-ignored",
    "saml-unsigned",
    "no-id-token-hint",
    "logout-cookie-kept",
    "front-channel-nameless",
    "front-channel-error",
    "front-channel-half",
}
"""Faults with which the lab's client logs in, or out, all the same."""
EVERYTHING = [(way, fault) for way, faults in FAULTS.items() for fault in ("", *faults)]


@dataclass
class Ended:
    """How one login ended: what the page said, the stories of it, and those of its tokens."""

    page: str
    stories: list[Story]
    tokens: list[Story]


@pytest.fixture(scope="module")
def ended(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Ended]:
    """Every login once: one browser, one proxy, a window of its own for each."""
    from playwright.sync_api import sync_playwright

    sink = Collected()
    options = ProxyOptions(
        port=0,
        confdir=tmp_path_factory.mktemp("confdir") / "ca",
        upstream_ca=lab.ca.certificate_path,
        resolve=lab.host_rules,
        only_loopback=True,
    )
    said: dict[tuple[str, str], str] = {}
    begun: list[tuple[str, str]] = []
    with RunningProxy(options, sink) as proxy, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            proxy={"server": proxy.url, "bypass": "<-loopback>"},
            args=switches(
                trusting(proxy.ca_certificate),
                off=LOOPBACK,
            ),
        )
        for way, fault in EVERYTHING:
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"{lab.origins.shop}/signin/{way}" + (f"?fault={fault}" if fault else ""))
            page.wait_for_selector("#outcome:not(:empty)", timeout=30_000)
            said[way, fault] = page.text_content("#outcome") or ""
            begun.append((way, fault))
            context.close()
        browser.close()
    left = proxy.engine.finish()  # what the proxy tells when it ends
    told = {key: Ended(text, [], []) for key, text in said.items()}
    starts = [
        exchange.index
        for exchange in sink.exchanges
        if (url := urlsplit(exchange.request.url)).path
        in ("/signin/start", "/signin/leave", "/signin/cas", "/signin/saml")
        and "ticket" not in parse_qs(url.query)
        and f"https://{url.netloc}" == lab.origins.shop
    ]
    assert len(starts) == len(begun)
    for story in (*sink.stories, *left):
        if story.kind.startswith("log") or story.kind == "token":
            of = told[begun[sum(start <= story.exchanges[0] for start in starts) - 1]]
            (of.tokens if story.kind == "token" else of.stories).append(story)
    return told


@pytest.mark.parametrize(
    ("way", "title"),
    [
        ("start", "Login of `shop-page` at `partner.example:"),
        ("cas", "Login at `shop.test:"),
        ("saml", "Login at `shop.test:"),
    ],
)
def test_without_a_fault(ended: dict[tuple[str, str], Ended], way: str, title: str):
    found = ended[way, ""]
    assert found.page.startswith("Logged in")
    (story,) = found.stories
    assert story.title.startswith(title)
    assert story.title.endswith(("by OpenID Connect (authorization code with PKCE)", "`"))
    assert (story.kind, story.failed, story.annotations) == ("login", False, ())
    assert "in a form" not in " ".join(story.steps) or way == "saml"


def test_a_logout_without_a_fault(ended: dict[tuple[str, str], Ended]):
    found = ended["leave", ""]
    assert found.page == "Logged out."
    login, logout = found.stories
    assert login.title.startswith("Login of `shop-page`")
    assert logout.title.startswith("Logout of `shop.test:")
    for story in found.stories:
        assert (story.failed, story.annotations) == (False, ()), story
    text = " ".join(logout.steps)
    assert "in a frame, and says whose by `iss` and `sid`." in text
    assert "`state` is the one that was sent." in text
    assert "the session is over here" in text
    assert len(logout.participants) == 4


def test_the_life_of_a_token_that_referer_tells(ended: dict[tuple[str, str], Ended]):
    (story,) = ended["start", "token-referer"].tokens
    assert story.failed
    assert "behind the `#` of the address it redirects to" in story.steps[0]
    assert story.steps[-2].startswith("`Referer` tells it to `localhost:")
    assert story.steps[-1] == "`Referer` never has what is behind `#`, so the page copied it into its query."
    assert ended["start", "implicit"].tokens == []  # it stays behind the `#`, in one exchange


@pytest.mark.parametrize(("way", "fault"), [(way, fault) for way, fault in EVERYTHING if fault])
def test_with_a_fault(ended: dict[tuple[str, str], Ended], way: str, fault: str):
    found = ended[way, fault]
    kind, failed, rules, says = EXPECTED[fault]
    story = next(s for s in found.stories if s.kind == kind)
    text = " ".join(story.steps)
    assert story.failed is failed, (story.title, text)
    assert sorted(a.rule for a in story.annotations) == rules
    assert says in text
    assert found.page.startswith(("Logged in", "Logged out")) is (fault in NOT_REFUSED)
    assert story.title.startswith("Failed: ") is (failed and kind != "login-token")
