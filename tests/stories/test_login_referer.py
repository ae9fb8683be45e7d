"""A login's answer that `Referer` tells to another origin, within the login's story and after it."""

from __future__ import annotations

import pytest

from inspector.engine import Engine
from inspector.report import Severity, Story
from inspector.rules.example import parse_example
from inspector.rules.oauth_story import CODE_IN_REFERER

CODE, TOKEN = "SplxlOBeZQQYbYS6", "2YotnFZFEjr1zCsicMWpAA"


def stories(*blocks: str) -> list[Story]:
    engine = Engine()
    told: list[Story] = []
    for exchange in parse_example("\n---\n".join(block.strip("\n") for block in blocks)):
        engine.observe(exchange)
        told += engine.stories()
    return [s for s in (*told, *engine.finish()) if s.kind in ("login", "internal-error")]


def begun(more: str = "", kind: str = "code", answer: str = f"?code={CODE}") -> str:
    return f"""# type: document
GET https://id.example/authorize?response_type={kind}&client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fback&state=x7Kp2mQ9{more} HTTP/2

HTTP/2 302
Location: https://app.test/back{answer}{"&" if answer else ""}state=x7Kp2mQ9"""


def back(status: str = "200", more: str = "") -> str:
    return f"""# type: document
GET https://app.test/back?code={CODE}&state=x7Kp2mQ9 HTTP/2

HTTP/2 {status}
Content-Type: text/html{more}"""


def picture(host: str = "count.example", referer: str = f"https://app.test/back?code={CODE}&state=x7Kp2mQ9") -> str:
    return f"# type: image\nGET https://{host}/1.gif HTTP/2\nReferer: {referer}\n\nHTTP/2 200\nContent-Type: image/gif"


EXCHANGE = f"""POST https://id.example/token HTTP/2
Content-Type: application/x-www-form-urlencoded

grant_type=authorization_code&code={CODE}&client_id=app

HTTP/2 200
Content-Type: application/json

{{"access_token": "{TOKEN}"}}"""


def test_within_the_login():
    (told,) = stories(begun(), back(), picture(), picture(), EXCHANGE)
    (found,) = told.annotations
    assert not told.failed
    assert (
        told.steps.count(
            "`Referer` tells `count.example`, another site, the `code`: it stands in the address of the page at `app.test`, "
            "whose referrer policy gives it away whole."
        )
        == 1
    )
    assert (found.rule, found.severity, found.evidence[0].exchange) == (CODE_IN_REFERER.id, Severity.WARNING, 2)
    assert "Nothing else is needed to exchange it" in found.detail
    assert ("browser", "count.example", "Referer, with the code", 2, True) in [
        (a.source, a.target, a.label, a.exchange, a.failed) for a in told.arrows
    ]
    assert CODE not in str(told)


def test_with_pkce_it_is_a_note():
    (told,) = stories(begun("&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), back(), picture())
    (found,) = told.annotations
    assert found.severity is Severity.NOTE
    assert "of no use there (PKCE)" in found.detail


def test_when_the_login_is_over_it_is_a_story_of_its_own():
    first, second = stories(begun(), back(more="\nSet-Cookie: sid=8f14e45fceea; Secure"), picture())
    assert not first.annotations
    assert second.title == "After the login of `app`: `Referer` tells `count.example` its `code`"
    (found,) = second.annotations
    assert found.severity is Severity.NOTE
    assert "By then the client had taken it" in found.detail


def test_a_client_that_failed_has_not_taken_its_code():
    first, second = stories(begun(), back("500"), picture())
    assert first.failed
    assert second.annotations[0].severity is Severity.WARNING


def test_a_token_that_the_page_copies_into_its_query():
    page = begun(kind="token", answer=f"#access_token={TOKEN}")
    opened = "# type: document\nGET https://app.test/back HTTP/2\n\nHTTP/2 200\nContent-Type: text/html"
    (told,) = stories(page, opened, picture(referer=f"https://app.test/back?access_token={TOKEN}"))
    assert any(
        step.startswith("`Referer` tells `count.example`, another site, the `access_token`") for step in told.steps
    )
    assert told.annotations == ()  # `leak/referrer` tells


@pytest.mark.parametrize(
    "last",
    [
        picture("app.test"),
        picture("id.example"),  # who made it
        picture(referer="https://app.test/"),
        picture(referer="https://app.test/back?code=anotherLoginsCode1"),
        picture(referer="https://shop.test/?code=SUMMER"),
    ],
)
def test_what_tells_nothing(last: str):
    (told,) = stories(begun(), back(), last)
    assert not told.annotations
    assert "`Referer`" not in " ".join(told.steps)


@pytest.mark.parametrize("shown", [True, False])
def test_page(shown: bool):
    page = CODE_IN_REFERER.page
    (told,) = stories(*(page.shows if shown else page.quiet).split("\n---\n"))
    assert [a.rule for a in told.annotations] == [CODE_IN_REFERER.id] * shown
