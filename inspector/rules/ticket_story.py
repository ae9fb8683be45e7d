"""Single sign-on by SAML and by tickets: what shows only in several exchanges together. Told by
`inspector.stories.login_saml` and `inspector.stories.login_ticket`.
"""

from __future__ import annotations

import base64
import zlib
from urllib.parse import quote

from inspector.report import Severity
from inspector.rules.base import story_rule

SAML_CORE = "https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf"
CAS = "https://apereo.github.io/cas/7.2.x/protocol/CAS-Protocol-Specification.html"
_NAMESPACES = 'xmlns="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"'


def _saml(answers: str) -> str:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    asking = f'<AuthnRequest {_NAMESPACES} ID="_a1"><a:Issuer>https://shop.test</a:Issuer></AuthnRequest>'
    asked = quote(base64.b64encode(deflater.compress(asking.encode()) + deflater.flush()), safe="")
    answer = (
        f'<Response {_NAMESPACES} ID="_b2" InResponseTo="{answers}"><a:Issuer>https://idp.test</a:Issuer><a:Assertion>'
        '<s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"/><a:Conditions><a:AudienceRestriction><a:Audience>'
        "https://shop.test</a:Audience></a:AudienceRestriction></a:Conditions></a:Assertion></Response>"
    )
    return f"""
GET https://shop.test/login HTTP/2

HTTP/2 302
Location: https://idp.test/sso?SAMLRequest={asked}
---
GET https://idp.test/sso?SAMLRequest={asked} HTTP/2

HTTP/2 200
Content-Type: text/html
---
POST https://shop.test/acs HTTP/2
Content-Type: application/x-www-form-urlencoded

SAMLResponse={quote(base64.b64encode(answer.encode()), safe="")}

HTTP/2 303
Location: /
"""


SAML_MISMATCH = story_rule(
    "saml/response-mismatch",
    Severity.ERROR,
    "A SAML response that is not for this login",
    references=(SAML_CORE,),
    what="""The response's `InResponseTo` is not the `ID` of the request that the service sent, or its audience is
        another service than the one that asked.""",
    why="""A service that takes such a response can be given one that was made for another service or another login; a
        service that checks, as it should, refuses it here.""",
    fix="""The identity provider copies the request's `ID` into `InResponseTo` and the service's entity id into
        `Audience`. The service accepts each request's answer once.""",
    unless="Two logins ran at once and the recording lacks the beginning of one of them.",
    shows=_saml("_other"),
    quiet=_saml("_a1"),
)


def _ticket(second: str) -> str:
    arrive = """
GET https://shop.test/app?ticket=ST-1856-aA5Yuvrxzpv8Tau1cYQ7 HTTP/2

HTTP/2 {0}
Location: /app
"""
    return (
        """
GET https://sso.test/cas/login?service=https%3A%2F%2Fshop.test%2Fapp HTTP/2

HTTP/2 302
Location: https://shop.test/app?ticket=ST-1856-aA5Yuvrxzpv8Tau1cYQ7
---"""
        + arrive.format(302)
        + second.format(arrive=arrive.format(403))
    )


TICKET_AGAIN = story_rule(
    "sso/ticket-again",
    Severity.WARNING,
    "A single sign-on ticket is brought a second time",
    references=(CAS,),
    what="The same service ticket reaches the application more than once.",
    why="""A ticket counts once. The second time the validation fails, and the person sees an error or begins the login
        again, possibly in a loop. An application that takes it twice lets whoever finds the address in a log or history
        in.""",
    fix="""The application validates the ticket once, sets its own session and redirects to the address without
        `ticket`, so that reloading and the history hold no ticket.""",
    shows=_ticket("---{arrive}"),
    quiet=_ticket(""),
)
