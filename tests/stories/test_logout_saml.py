"""Single logouts by SAML as stories."""

from __future__ import annotations

import base64
import zlib
from urllib.parse import quote

import pytest

from inspector.engine import Engine, Options
from inspector.report import Story
from inspector.rules.example import parse_example

NAMESPACES = 'xmlns="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"'


def stories(text: str) -> list[Story]:
    engine = Engine(Options(only=frozenset({"saml"})))
    told: list[Story] = []
    for exchange in parse_example(text):
        engine.observe(exchange)
        told += engine.stories()
    return [s for s in (*told, *engine.finish()) if s.kind == "logout"]


def deflated(xml: str) -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return quote(base64.b64encode(packer.compress(xml.encode()) + packer.flush()), safe="")


ASKS = deflated(f'<LogoutRequest {NAMESPACES} ID="_a1"><a:Issuer>https://shop.test</a:Issuer></LogoutRequest>')


def answers(status: str = "Success", to: str = "_a1") -> str:
    outer = status if status == "Success" else "Responder"
    inner = "" if status == "Success" else f'<StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/>'
    return deflated(
        f'<LogoutResponse {NAMESPACES} ID="_b2" InResponseTo="{to}"><a:Issuer>https://idp.test</a:Issuer><Status>'
        f'<StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{outer}">{inner}</StatusCode></Status></LogoutResponse>'
    )


def logout(answer: str, *, sign: str = "&Signature=c2ln", there: str = "302", here: str = "303") -> str:
    back = f"https://shop.test/slo?SAMLResponse={answer}"
    return f"""GET https://shop.test/logout HTTP/2

HTTP/2 302
Location: https://idp.test/slo?SAMLRequest={ASKS}{sign}
---
GET https://idp.test/slo?SAMLRequest={ASKS}{sign} HTTP/2

HTTP/2 {there}
Location: {back}
---
GET {back} HTTP/2

HTTP/2 {here}
Location: /bye
"""


def test_a_service_asks_and_the_provider_answers():
    (told,) = stories(logout(answers()))
    assert told.title == "Logout of `shop.test` at `idp.test` by SAML"
    assert (told.failed, told.participants) == (False, ("browser", "shop.test", "idp.test"))
    assert told.exchanges == (0, 1, 2)
    assert told.steps[0].endswith("to `idp.test` with a SAML `LogoutRequest`.")
    assert told.steps[-1] == "The browser carries the `LogoutResponse` of `idp.test` back to `shop.test`."


@pytest.mark.parametrize(
    ("text", "says", "title"),
    [
        (logout(answers("PartialLogout")), "not every service could be told", ": `PartialLogout`"),
        (logout(answers("RequestDenied")), "It reports `RequestDenied`: the login goes on.", ": `RequestDenied`"),
        (logout(answers(), here="403"), "`shop.test` does not take it: 403.", ": `shop.test` answered 403"),
        (logout(answers(), there="400"), "`idp.test` does not take it: 400.", ": answered 400"),
    ],
)
def test_what_fails(text: str, says: str, title: str):
    told = stories(text)[0]
    assert told.failed
    assert says in " ".join(told.steps)
    assert told.title.startswith("Failed: logout of `shop.test`")
    assert told.title.endswith(title)


def test_a_request_that_nobody_signed():
    (told,) = stories(logout(answers(), sign=""))
    assert "which nobody signed" in told.steps[0]


def test_halves_of_a_logout():
    whole = logout(answers()).split("---\n")
    (told,) = stories("---\n".join(whole[:2]))
    assert told.title.endswith("its end not in this recording")
    (told,) = stories(whole[2])
    assert told.steps[0] == "The request that this answers is not in the recording."


def test_logouts_in_progress_are_bounded():
    asks = (
        deflated(f'<LogoutRequest {NAMESPACES} ID="_{n}"><a:Issuer>https://shop.test</a:Issuer></LogoutRequest>')
        for n in range(40)
    )
    text = "---\n".join(f"GET https://idp.test/slo?SAMLRequest={a} HTTP/2\n\nHTTP/2 200\nA: b\n" for a in asks)
    assert len(stories(text)) == 40
