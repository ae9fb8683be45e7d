"""Single sign-on, one exchange at a time: what an OAuth or OpenID Connect request lacks, what a SAML message says.

What several exchanges mean together is a story's to tell.
"""

from __future__ import annotations

import base64
import zlib
from urllib.parse import parse_qs, quote, urlsplit

from inspector.content.saml import SamlMessage, decode
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, request_content, response_value, rule, url_parameter
from inspector.subject import Subject
from inspector.url import parse
from inspector.words import duration, listed, moment, ticked

RFC6749 = "https://www.rfc-editor.org/rfc/rfc6749#section-"
RFC7636 = "https://www.rfc-editor.org/rfc/rfc7636#section-"
RFC9700 = "https://www.rfc-editor.org/rfc/rfc9700#section-"
OIDC = "https://openid.net/specs/openid-connect-core-1_0.html#"
SAML_BINDINGS = "https://docs.oasis-open.org/security/saml/v2.0/saml-bindings-2.0-os.pdf"

_AUTHORIZE = "https://login.shop.test/authorize?client_id=shop&redirect_uri=https%3A%2F%2Fshop.test%2Fback&scope=openid"


def _request(more: str) -> str:
    return f"""
    GET {_AUTHORIZE}{more} HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """


def authorization_request(x: Subject) -> dict[str, str] | None:
    """The parameters of an authorization request (RFC 6749, section 4.1.1): `response_type` and `client_id`."""
    url = x.request.url
    if "response_type=" not in url or "client_id=" not in url:
        return None
    found = parse_qs(urlsplit(url).query, keep_blank_values=True, max_num_fields=100)
    return {name: values[0] for name, values in found.items()}


def _asked(x: Subject) -> dict[str, str] | None:
    try:
        return x.memo(authorization_request)
    except ValueError:  # more parameters than anyone sends in earnest
        return None


@rule(
    "oauth/implicit",
    Severity.WARNING,
    "A login that hands the token over in the URL",
    on=url_parameter("response_type"),
    references=(RFC9700 + "2.1.2", RFC6749 + "4.2"),
    what="An authorization request asks for `response_type=token`, alone or with others: the implicit grant.",
    why="""
    The access token comes back in the redirect's address, where the history, scripts, extensions and a leaking
    `Referer` can find it, and nothing binds it to the client it was made for. OAuth's security practice advises against
    it since 2025.
    """,
    fix="""
    The client asks for `response_type=code` with PKCE (`code_challenge`), which works for pages without a server too,
    and exchanges the code for the token.
    """,
    unless="`response_type=id_token` with `response_mode=form_post` is no access token and is not meant.",
    shows=_request("&response_type=token&state=x7Kp2mQ9"),
    quiet=_request("&response_type=code&state=x7Kp2mQ9&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
    once="origin",
)
def implicit(x: Subject) -> Finding | None:
    """``token`` among the response types."""
    asked = _asked(x)
    if asked is None or "token" not in asked["response_type"].split():
        return None
    return Finding(
        f"The client `{x.masker.text(asked.get('client_id', ''))[:40]}` asks for "
        f"`response_type={asked['response_type'][:40]}`: the access token comes back in the address of the page, where "
        "history, scripts and extensions can read it.",
        fix="The client asks for `response_type=code` and adds PKCE (`code_challenge`, `code_challenge_method=S256`); "
        "the authorization server stops offering the implicit grant.",
        evidence=(x.request_line(mark="response_type"),),
    )


@rule(
    "oauth/no-state-pkce",
    Severity.WARNING,
    "Nothing ties the login's answer to the one who asked",
    on=url_parameter("response_type"),
    references=(RFC6749 + "10.12", RFC7636 + "4.2", RFC9700 + "2.1.1", OIDC + "ImplicitAuthRequest"),
    what="""
    An authorization request has neither `state` nor `code_challenge`, uses the `plain` method, or asks for an ID token
    in the URL without `nonce`.
    """,
    why="""
    The client cannot tell whether the answer belongs to a login that this visitor began: an attacker can log the
    visitor in as somebody else, or use a stolen code.
    """,
    fix="The client sends PKCE with every request (`code_challenge_method=S256`); for ID tokens in the URL a `nonce`.",
    unless="The parameters were pushed to the server beforehand (`request_uri`) or are in a signed `request`.",
    shows=_request("&response_type=code"),
    quiet=_request(
        "&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    ),
    once="origin",
)
def no_state_pkce(x: Subject) -> Finding | None:
    """What is missing, for the kind of answer asked for."""
    asked = _asked(x)
    if asked is None or "request_uri" in asked or "request" in asked:
        return None
    kinds = asked["response_type"].split()
    missing: list[str] = []
    if "code" in kinds and "code_challenge" not in asked and not asked.get("state") and not asked.get("nonce"):
        missing.append("neither `state` nor PKCE (`code_challenge`)")
    if "code_challenge" in asked and asked.get("code_challenge_method", "plain") == "plain":
        missing.append("PKCE with the method `plain`, which shows the secret it should protect")
    if "id_token" in kinds and not asked.get("nonce"):
        missing.append("no `nonce`, which an ID token in the URL needs")
    if not missing:
        return None
    plain = len(missing) == 1 and "`plain`" in missing[0]
    return Finding(
        f"The authorization request has {listed(missing)}. The client cannot tell whether the answer belongs to a "
        "login that this visitor began.",
        title="PKCE with the method `plain`" if plain else None,
        severity=Severity.NOTE if plain else None,
        fix="The client sends `code_challenge` with `code_challenge_method=S256`"
        + (", and `nonce` with requests for ID tokens." if "id_token" in kinds else "."),
        evidence=(x.request_line(mark="response_type"),),
    )


@rule(
    "oauth/redirect-uri-http",
    Severity.WARNING,
    "The login's answer is sent back over plain http",
    on=url_parameter("response_type"),
    references=(RFC9700 + "2.6", RFC6749 + "3.1.2.1"),
    what="`redirect_uri` is an http address, or has a wildcard in it.",
    why="The code or token in the answer can be read and used by everyone on the way back.",
    fix="Register and send an https address, exactly as it is registered.",
    unless="It is a native app listening on this machine (`http://127.0.0.1:…`), which the standard permits.",
    shows="""
    GET https://login.test/authorize?response_type=code&client_id=shop&redirect_uri=http%3A%2F%2Fshop.test%2F HTTP/2

    HTTP/2 302
    Location: http://shop.test/?code=9f2c7b1e
    """,
    quiet="""
    GET https://login.test/authorize?response_type=code&client_id=cli&redirect_uri=http%3A%2F%2F127.0.0.1%3A87%2F HTTP/2

    HTTP/2 302
    Location: http://127.0.0.1:87/?code=9f2c7b1e
    """,
    once="origin",
)
def redirect_uri_http(x: Subject) -> Finding | None:
    """Plain http to another machine, or a wildcard."""
    asked = _asked(x)
    back = (asked or {}).get("redirect_uri", "")
    if not back:
        return None
    target = parse(back)
    if "*" in back:
        what = "a server that takes a wildcard sends codes to whoever fits it"
        title = "A wildcard in `redirect_uri`"
    elif target.scheme == "http" and not target.loopback:
        given = asked or {}
        mode = given.get("response_mode") or ("query" if given.get("response_type") == "code" else "fragment")
        # In a query or a form the answer itself travels; of a fragment only the page that reads it does.
        what = (
            "the login's answer comes back over http, readable to everyone on the way"
            if mode in ("query", "form_post")
            else "a page that came over http gets the answer, and everyone on the way can change its scripts to take it"
        )
        title = None
    else:
        return None
    return Finding(
        f"`redirect_uri` is `{x.masker.url(back)[:80]}`: {what}.",
        title=title,
        fix="The client registers and sends one https address; the server compares it character by character.",
        evidence=(x.request_line(mark="redirect_uri"),),
    )


def _names_error(location: str) -> bool:
    return "error=" in location


@rule(
    "oauth/error",
    Severity.WARNING,
    "The login ended with an error",
    on=response_value("location", _names_error),
    references=(RFC6749 + "4.1.2.1", OIDC + "AuthError"),
    what="The authorization server sends the browser back with `error=` in the address.",
    why="The client gets no code. The error says which side has to change something.",
    fix="See what the code means, below; `error_description` often says it in the server's own words.",
    unless="""
    `access_denied` is what a person who says no looks like; `login_required` is a silent check that found nobody.
    """,
    shows="""
    GET https://login.shop.test/authorize?response_type=code&client_id=shop&scope=everything HTTP/2

    HTTP/2 302
    Location: https://shop.test/back?error=invalid_scope&error_description=unknown+scope&state=x7
    """,
    quiet="""
    GET https://shop.test/old HTTP/2

    HTTP/2 302
    Location: https://shop.test/new?error=0
    """,
)
def error(x: Subject) -> Finding | None:
    """A registered error code in the redirect; told where it is sent, not again where it arrives."""
    address = x.res.get("location") or ""
    try:
        parts = urlsplit(address)
        said = parse_qs(parts.query or parts.fragment, max_num_fields=50)
    except ValueError:
        return None
    code = said.get("error", [""])[0]
    meaning = _ERRORS.get(code)
    if meaning is None:
        return None
    described = said.get("error_description", [""])[0]
    quiet = code in ("access_denied", "login_required", "interaction_required", "consent_required")
    return Finding(
        f"`{code}`: {meaning[0]}" + (f" The server says: {x.masker.text(described)[:160]}." if described else ""),
        title=f"The login ended with `{code}`",
        severity=Severity.INFO if quiet else None,
        fix=meaning[1],
        evidence=(x.response_field("location", mark=f"error={code}"),),
    )


_ERRORS = {
    "invalid_request": (
        "the request lacks a parameter, repeats one, or is otherwise malformed.",
        "The client compares what it sends with what the server documents.",
    ),
    "unauthorized_client": (
        "this client may not use this kind of login.",
        "Whoever runs the authorization server permits the grant for this client.",
    ),
    "access_denied": (
        "the person, or the server's policy, said no.",
        "Nothing to mend where a person declined; else the policy for this user and client is looked at.",
    ),
    "unsupported_response_type": (
        "the server does not offer this `response_type`.",
        "The client asks for `code`; the server's metadata lists what it offers (`response_types_supported`).",
    ),
    "invalid_scope": (
        "a scope is unknown, or this client may not ask for it.",
        "The client asks only for scopes the server lists (`scopes_supported`) and has granted to it.",
    ),
    "server_error": (
        "the authorization server failed; a redirect cannot carry a 500.",
        "Its logs at this moment tell more.",
    ),
    "temporarily_unavailable": (
        "the authorization server is overloaded or down for a while; a redirect cannot carry a 503.",
        "The client tries again later, not at once.",
    ),
    "login_required": (
        "nobody is logged in, and the client asked not to show a login (`prompt=none`).",
        "The client starts a login that people can see.",
    ),
    "consent_required": (
        "the person has not agreed yet, and the client asked not to show anything (`prompt=none`).",
        "The client starts a login that people can see.",
    ),
    "interaction_required": (
        "something has to be shown, and the client asked not to (`prompt=none`).",
        "The client starts a login that people can see.",
    ),
    "invalid_request_uri": (
        "the pushed request cannot be found or has expired.",
        "The client pushes it again and sends people there at once.",
    ),
    "request_not_supported": (
        "the server does not take the `request` parameter.",
        "The client sends its parameters one by one.",
    ),
}
"""Registered codes (RFC 6749, section 4.1.2.1; OpenID Connect Core, section 3.1.2.6): meaning and what to do."""


def saml_message(x: Subject) -> tuple[str, SamlMessage] | None:
    """The SAML message an exchange carries in its URL, the redirect's address or a form, with the parameter's name."""
    for text, redirect in (
        (x.request.url, True),
        (x.res.get("location") or "", True),
        (_form(x), False),
    ):
        if "SAML" not in text:
            continue
        try:
            found = parse_qs(urlsplit(text).query if redirect else text, max_num_fields=100)
        except ValueError:
            continue
        for name in ("SAMLRequest", "SAMLResponse"):
            if name in found:
                message = decode(found[name][0], redirect=redirect)
                if message is not None:
                    return name, message
    return None


def _form(x: Subject) -> str:
    body = x.request.body
    if x.method != "POST" or body.source is None or (body.size or 0) > 1_000_000:
        return ""
    return body.text or ""


def _encoded(xml: str) -> str:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return quote(base64.b64encode(deflater.compress(xml.encode()) + deflater.flush()), safe="")


_NAMESPACES = 'xmlns="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"'
_ASKING = _encoded(
    f'<AuthnRequest {_NAMESPACES} Destination="https://idp.test/sso"><a:Issuer>https://shop.test</a:Issuer></AuthnRequest>'
)


def _posted(not_after: str) -> str:
    xml = (
        f'<Response {_NAMESPACES} Destination="https://shop.test/acs"><a:Issuer>https://idp.test</a:Issuer><Status>'
        '<StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></Status><a:Assertion>'
        '<s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"/>'
        f'<a:Conditions NotOnOrAfter="{not_after}"/></a:Assertion></Response>'
    )
    return f"""
    POST https://shop.test/acs HTTP/2
    Content-Type: application/x-www-form-urlencoded

    SAMLResponse={quote(base64.b64encode(xml.encode()), safe="")}

    HTTP/2 302
    Location: /
    """


def _names_saml(location: str) -> bool:
    return "SAML" in location


@rule(
    "saml/explained",
    Severity.INFO,
    "What the SAML message says",
    on=(
        *url_parameter("samlrequest", "samlresponse"),
        *response_value("location", _names_saml),
        *request_content(),
    ),
    references=(SAML_BINDINGS,),
    what="A SAML request or response passes through the browser, in the URL or in a form.",
    why="""
    The two sites never talk to each other: the browser carries their messages. So the person at the browser, and
    whatever runs there, sees them, and only the signature keeps them from being changed.
    """,
    fix="Nothing to do.",
    shows=f"""
    GET https://idp.test/sso?SAMLRequest={_ASKING} HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """,
    quiet="""
    GET https://idp.test/sso?SAMLRequest=hello HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """,
)
def saml_explained(x: Subject) -> Finding | None:
    """Issuer, destination, outcome, conditions and signatures, in words."""
    found = x.memo(saml_message)
    if found is None:
        return None
    name, message = found
    hide = x.masker.text
    said = [f"`{message.kind}` from `{hide(message.issuer)[:80]}`" if message.issuer else f"`{message.kind}`"]
    if message.destination:
        said.append(f"for `{x.masker.url(message.destination)[:100]}`")
    text = " ".join(said) + "."
    if message.status:
        text += f" Outcome: `{message.status[:40]}`."
    if message.audience:
        text += f" It is meant for `{hide(message.audience)[:80]}` alone."
    if message.not_after is not None:
        text += f" It counts until {moment(message.not_after, x.started)}."
    if message.attributes:
        text += f" It tells {listed(ticked(a[:40] for a in message.attributes), most=8)} of the person."
    if message.encrypted:
        text += " The assertion is encrypted for its addressee."
    elif message.assertions:
        signed = [
            *(["the message"] if message.message_signed else []),
            *(["the assertion"] if message.assertion_signed else []),
        ]
        text += f" Signed: {listed(signed) or 'nothing'}. It is not encrypted: the browser's owner can read it."
    return Finding(
        text, title=f"SAML: {said[0]}", evidence=(Evidence("exchange", name, x.masker.secret(f"{name} message")),)
    )


@rule(
    "saml/weak-response",
    Severity.WARNING,
    "A SAML response that should not be accepted",
    on=request_content(),
    references=(SAML_BINDINGS, "https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf"),
    what="A SAML response is not signed, is addressed to another site, or the time in its conditions is over.",
    why="""
    The browser carries it, so its owner can change whatever is not signed, send again what has no end, and hand one
    service what was made for another.
    """,
    fix="""
    The identity provider signs the assertion; the service checks signature, `Destination`, audience, times, and that
    it asked.
    """,
    unless="A gateway in front of the service changes the host on the way, so that only it sees the name addressed.",
    shows=_posted("2026-03-01T11:00:00Z"),
    quiet=_posted("2026-03-01T12:05:00Z"),
)
def saml_weak(x: Subject) -> Finding | None:
    """Unsigned assertions, another site's, or conditions that ended more than two minutes before the exchange."""
    found = x.memo(saml_message)
    if found is None or found[1].kind != "Response" or not found[1].assertions:
        return None
    message = found[1]
    accepted = 200 <= x.status < 400
    tail = f" The service answered {x.status}." if x.status else ""
    if not message.message_signed and not message.assertion_signed:
        return Finding(
            f"Neither the response nor its assertion is signed, so whoever holds the browser can write one.{tail}",
            title="An unsigned SAML response",
            severity=Severity.ERROR if accepted else None,
            certainty="likely",
            condition="the service accepted it",
            fix="The identity provider signs assertions; the service refuses unsigned ones.",
            evidence=(x.request_line(), x.status_evidence()),
        )
    meant = parse(message.destination) if message.destination else None
    if meant is not None and meant.scheme in ("http", "https") and meant.host and meant.host != x.url.host:
        there = x.masker.url(message.destination)[:100]
        return Finding(
            f"The response is addressed to `{there}` (`Destination`), and was sent to `{x.url.host}`.{tail}",
            title="A SAML response addressed to another site",
            severity=Severity.ERROR if accepted else None,
            certainty="likely" if accepted else "certain",
            condition="the service accepted it" if accepted else None,
            fix="The service compares `Destination` with its own address and refuses what is meant for another; the "
            "identity provider has the service's address (`AssertionConsumerService`) right.",
            evidence=(x.request_line(), Evidence("request.body", "Destination", there), x.status_evidence()),
        )
    late = None if message.not_after is None or x.started is None else x.started - message.not_after
    if late is None or late <= 120:
        return None
    return Finding(
        f"The assertion's time ended {duration(late)} before it was sent.{tail}",
        title="A SAML response whose time is over",
        certainty="likely" if accepted else "certain",
        condition="the service accepted it" if accepted else None,
        fix="The service checks `NotOnOrAfter`, and both machines' clocks are compared.",
        evidence=(
            Evidence("request.body", "NotOnOrAfter", moment(message.not_after or 0.0)),
            x.status_evidence(),
        ),
    )
