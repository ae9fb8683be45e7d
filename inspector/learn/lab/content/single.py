"""The partner's other two ways of single sign-on: tickets as CAS gives them, and SAML 2.0 by a form that posts itself.

No signature here is a real one: what is shown is whether there is one, and whom and when a message is for.
"""

from __future__ import annotations

import secrets
import time
from base64 import b64encode
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from inspector.content.saml import SamlMessage, decode
from inspector.learn.lab.content.identity import FOR_THE_SHOP, Provider, posting_page
from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, NO_STORE, Reply, Route, html

NAMESPACES = 'xmlns="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"'
_SIGNATURE = (
    '<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"><d:SignatureValue>bGFi</d:SignatureValue></d:Signature>'
)
_CAS = 'xmlns:cas="http://www.yale.edu/tp/cas"'


def instant(seconds: float) -> str:
    """A time so many seconds from now, as SAML writes it (Core, section 1.3.3)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def _ticket(request: Request, origins: Origins) -> Response:
    """Sends the person back to the service with a ticket (CAS Protocol 3.0, section 2.2.4)."""
    service = request.query_params.get("service", "")
    if service.partition("?")[0] != f"{origins.shop}/signin/cas":
        said = html("No login", '<p id="outcome">This <code>service</code> is not registered.</p>')
        return Reply(403, (*HTML, *NO_STORE), said).response(origins)
    ticket = Provider.of(request).give({"service": service}, "ST-")
    address = f"{service}{'&' if urlsplit(service).query else '?'}ticket={ticket}"
    return Reply(302, (*NO_STORE, ("location", address))).response(origins)


def _validate(request: Request, origins: Origins) -> Response:
    """Whether a ticket is good, and for whom (CAS Protocol 3.0, section 2.5). It counts once, whatever the answer."""
    asked = request.query_params
    login = Provider.of(request).take(asked.get("ticket", ""))
    if login is None:
        said = '<cas:authenticationFailure code="INVALID_TICKET">not recognized</cas:authenticationFailure>'
    elif login["service"] != asked.get("service"):
        said = '<cas:authenticationFailure code="INVALID_SERVICE">not for this one</cas:authenticationFailure>'
    else:
        said = "<cas:authenticationSuccess><cas:user>ada</cas:user></cas:authenticationSuccess>"
    fields = (("content-type", "application/xml"), *NO_STORE, *FOR_THE_SHOP)
    return Reply(200, fields, f"<cas:serviceResponse {_CAS}>{said}</cas:serviceResponse>").response(origins)


def _saml(request: Request, origins: Origins) -> Response:
    """Answers a request of the redirect binding by the POST binding (SAML 2.0 bindings, sections 3.4 and 3.5)."""
    asked = decode(request.query_params.get("SAMLRequest", ""), redirect=True)
    if asked is None or asked.issuer != origins.shop:
        said = html("No login", '<p id="outcome">Nobody known asks here.</p>')
        return Reply(400, (*HTML, *NO_STORE), said).response(origins)
    xml = _response(asked, request.query_params.get("fault", ""), origins)
    values = {"SAMLResponse": b64encode(xml.encode()).decode()}
    page = posting_page("The shop asks who you are", f"{origins.shop}/signin/acs", values)
    return Reply(200, (*HTML, *NO_STORE), page).response(origins)


def _response(asked: SamlMessage, fault: str, origins: Origins) -> str:
    to = "_of-another-login" if fault == "saml-wrong-request" else asked.id
    denied = fault == "saml-denied"
    status = "Responder" if denied else "Success"
    inner = '<StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/>' if denied else ""
    audience = origins.api if fault == "saml-wrong-audience" else origins.shop
    assertion = (
        f"<a:Assertion>{'' if fault == 'saml-unsigned' else _SIGNATURE}<a:Subject><a:NameID>ada</a:NameID></a:Subject>"
        f'<a:Conditions NotOnOrAfter="{instant(-3600 if fault == "saml-expired" else 300)}"><a:AudienceRestriction>'
        f"<a:Audience>{audience}</a:Audience></a:AudienceRestriction></a:Conditions></a:Assertion>"
    )
    return (
        f'<Response {NAMESPACES} ID="_{secrets.token_hex(8)}" InResponseTo="{to}" '
        f'Destination="{origins.shop}/signin/acs"><a:Issuer>{origins.partner}</a:Issuer><Status><StatusCode '
        f'Value="urn:oasis:names:tc:SAML:2.0:status:{status}">{inner}</StatusCode></Status>'
        f"{'' if denied else assertion}</Response>"
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "partner", "/id/cas/login", "login", "CAS: the provider sends the person back with a ticket", handler=_ticket
    ),
    Route(
        "partner",
        "/id/cas/serviceValidate",
        "login",
        "CAS: whether a ticket is good, asked once",
        handler=_validate,
    ),
    Route("partner", "/id/saml", "login", "SAML: the provider answers in a form that posts itself", handler=_saml),
)
