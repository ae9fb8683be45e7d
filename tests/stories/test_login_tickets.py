"""Single sign-on by SAML and by CAS tickets as stories, without a fault and with each fault that shows."""

from __future__ import annotations

import base64
import zlib
from urllib.parse import quote

import pytest

from inspector.engine import Engine, Options
from inspector.report import Story
from inspector.rules.example import parse_example

NAMESPACES = 'xmlns="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"'
SIGNATURE = '<s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"/>'


def stories(text: str) -> list[Story]:
    engine = Engine(Options(only=frozenset({"saml", "sso"})))
    told: list[Story] = []
    for exchange in parse_example(text):
        engine.observe(exchange)
        told += engine.stories()
    return [s for s in (*told, *engine.finish()) if s.kind == "login"]


def asked() -> str:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    xml = f'<AuthnRequest {NAMESPACES} ID="_a1"><a:Issuer>https://shop.test</a:Issuer></AuthnRequest>'
    message = quote(base64.b64encode(deflater.compress(xml.encode()) + deflater.flush()), safe="")
    there = f"https://idp.test/sso?SAMLRequest={message}"
    return (
        f"GET https://shop.test/login HTTP/2\n\nHTTP/2 302\nLocation: {there}\n---\n"
        f"GET {there} HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n---\n"
    )


def saml(
    answers: str = "_a1",
    audience: str = "https://shop.test",
    signature: str = SIGNATURE,
    until: str = "2026-03-01T12:05:00Z",
    code: str = "Success",
    status: int = 303,
) -> str:
    xml = (
        f'<Response {NAMESPACES} ID="_b2" InResponseTo="{answers}"><a:Issuer>https://idp.test</a:Issuer><Status>'
        f'<StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{code}"/></Status><a:Assertion>{signature}<a:Conditions '
        f'NotOnOrAfter="{until}"><a:AudienceRestriction><a:Audience>{audience}</a:Audience></a:AudienceRestriction>'
        "</a:Conditions></a:Assertion></Response>"
    )
    return (
        "POST https://shop.test/acs HTTP/2\nContent-Type: application/x-www-form-urlencoded\n\n"
        f"SAMLResponse={quote(base64.b64encode(xml.encode()), safe='')}\n\n"
        f"HTTP/2 {status}\nLocation: /\nSet-Cookie: session=8f14e45fceea; Secure; HttpOnly"
    )


def test_saml_without_a_fault():
    (told,) = stories(asked() + saml())
    assert told.title == "Login at `shop.test` by SAML with `idp.test`"
    assert told.participants == ("browser", "shop.test", "idp.test")
    assert told.exchanges == (0, 1, 2)
    assert told.annotations == ()
    assert told.steps[-1] == "The service takes it and sets its own session cookie."


@pytest.mark.parametrize(
    ("fault", "says", "rules", "failed"),
    [
        ({"answers": "_zz"}, "`InResponseTo` is not the `ID`", ["saml/response-mismatch"], True),
        ({"audience": "https://other.test"}, "audience is `https://other.test`", ["saml/response-mismatch"], True),
        ({"signature": ""}, "Neither the response nor its assertion is signed", [], False),
        ({"until": "2026-03-01T11:00:00Z"}, "time ended 1 hour", [], False),
        ({"code": "AuthnFailed"}, "`AuthnFailed`: nobody is logged in", [], True),
        ({"status": 403}, "The service does not take it: 403", [], True),
    ],
)
def test_saml_with_a_fault(fault: dict, says: str, rules: list[str], failed: bool):
    (told,) = stories(asked() + saml(**fault))
    assert says in " ".join(told.steps)
    assert [a.rule for a in told.annotations] == rules
    assert told.failed is failed


def test_saml_that_nobody_asked_for():
    (told,) = stories(saml(answers=""))
    assert "Nobody asked" in told.steps[0]


def test_saml_whose_request_is_not_recorded_accuses_nobody():
    (told,) = stories(saml(answers="_unknown"))
    assert told.steps[0] == "The request that this answers is not in the recording."
    assert not told.failed
    assert told.annotations == ()


TICKET = "ST-1856-aA5Yuvrxzpv8Tau1cYQ7"
GIVEN = f"""GET https://sso.test/cas/login?service=https%3A%2F%2Fshop.test%2Fapp HTTP/2

HTTP/2 302
Location: https://shop.test/app?ticket={TICKET}
"""
ARRIVES = (
    f"---\nGET https://shop.test/app?ticket={TICKET} HTTP/2\n\nHTTP/2 {{0}}\nLocation: /app\nSet-Cookie: s=8f14e45f\n"
)
VALIDATED = f"""---
GET https://sso.test/cas/serviceValidate?service=https%3A%2F%2Fshop.test%2Fapp&ticket={TICKET} HTTP/2

HTTP/2 200
Content-Type: application/xml

"""
YES = "<cas:serviceResponse><cas:authenticationSuccess/></cas:serviceResponse>\n"
NO = '<cas:serviceResponse><cas:authenticationFailure code="{0}"/></cas:serviceResponse>\n'


def test_a_ticket_out_of_sight_and_in_sight():
    (told,) = stories(GIVEN + ARRIVES.format(302))
    assert told.title == "Login at `shop.test` with a ticket of `sso.test`"
    assert "does not pass here" in " ".join(told.steps)
    assert told.steps[-1].endswith("redirects to an address without the ticket.")
    assert TICKET not in str(told)
    (told,) = stories(GIVEN + VALIDATED + YES + ARRIVES.format(302))
    assert "The provider says yes, and who the person is." in told.steps
    assert not told.failed


@pytest.mark.parametrize(
    ("code", "says"), [("INVALID_TICKET", "was used before"), ("INVALID_SERVICE", "for another `service`")]
)
def test_a_ticket_that_is_not_valid(code: str, says: str):
    (told,) = stories(GIVEN + VALIDATED + NO.format(code))
    assert told.failed
    assert says in " ".join(told.steps)
    assert told.title.endswith(f"`{code}`")


def test_a_page_that_gets_a_ticket_has_not_taken_it_yet():
    (told,) = stories(GIVEN + ARRIVES.format(200) + VALIDATED + NO.format("INVALID_SERVICE"))
    assert told.failed
    assert "The application answers 200 and sets a cookie. The ticket stays in the address" in " ".join(told.steps)
    assert "takes it" not in " ".join(told.steps)


def test_a_ticket_that_comes_twice():
    (told,) = stories(GIVEN + ARRIVES.format(302) + ARRIVES.format(403))
    assert [a.rule for a in told.annotations] == ["sso/ticket-again"]
    assert told.failed


@pytest.mark.parametrize(
    "text",
    [
        "GET https://tickets.test/buy?ticket=55&service=express HTTP/2\n\nHTTP/2 302\nLocation: /cart?ticket=55",
        "GET https://help.test/?ticket=12345 HTTP/2\n\nHTTP/2 200\nContent-Type: text/html",
        "GET https://a.test/?service=https%3A%2F%2Fb.test%2F HTTP/2\n\nHTTP/2 302\nLocation: https://b.test/",
        "GET https://a.test/?SAMLRequest=hello HTTP/2\n\nHTTP/2 200\nContent-Type: text/html",
    ],
)
def test_what_only_looks_like_it_is_none(text: str):
    assert stories(text) == []
