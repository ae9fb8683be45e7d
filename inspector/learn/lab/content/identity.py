"""An identity provider at the partner: OpenID Connect for pages, faultless or with the fault that it is asked for.

A fault travels as the parameter `fault`, which a provider that does not know it ignores (RFC 6749, section 3.1). The
shop's side is in `signin`, the provider's tickets and SAML in `single`.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from html import escape
from typing import Any, Self
from urllib.parse import parse_qs, urlencode

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from starlette.requests import Request
from starlette.responses import Response

from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, JSON, NO_STORE, Reply, Route, html
from inspector.stories.login_oauth import s256

CLIENT = "shop-page"
MOST_GIVEN = 64
FOR_ANYBODY = ("access-control-allow-origin", "*")
FOR_THE_SHOP = (("access-control-allow-origin", "@shop@"), ("vary", "Origin"))

_CLAIMS: dict[str, dict[str, Any]] = {
    "missing-nonce": {"nonce": None},
    "nonce-mismatch": {"nonce": "of-another-login"},
    "expired-token": {"iat": -7200, "exp": -3600},
    "clock-skew": {"iat": 3600, "exp": 3900},
    "wrong-audience": {"aud": "another-page"},
    "wrong-issuer": {"iss": "https://another.example"},
}
"""What a fault changes in an ID token; times are seconds from now."""


class Provider:
    """The memory of one running provider: its key, and the codes and tickets that nobody has used yet."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._given: OrderedDict[str, Mapping[str, str]] = OrderedDict()

    @classmethod
    def of(cls, request: Request) -> Self:
        """The provider of the application that a request came to; made when it is first asked for."""
        state = request.app.state
        if not hasattr(state, "provider"):
            state.provider = cls()
        provider: Self = state.provider
        return provider

    def give(self, about: Mapping[str, str], prefix: str = "") -> str:
        """A new value that stands for a login, and counts once."""
        value = prefix + secrets.token_hex(12)
        self._given[value] = about
        if len(self._given) > MOST_GIVEN:
            self._given.popitem(last=False)
        return value

    def take(self, value: str) -> Mapping[str, str] | None:
        """The login that a value stands for, once; ``None`` ever after."""
        return self._given.pop(value, None)


async def form_of(request: Request) -> dict[str, str]:
    """The first value of each name of a form that was posted; empty where there is none."""
    try:
        found = parse_qs((await request.body()).decode(), max_num_fields=50)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def posting_page(title: str, action: str, values: Mapping[str, str]) -> str:
    """A page with a form that posts itself. Title and action are ours, the values anybody's."""
    hidden = "".join(f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in values.items())
    form = f'<form method="post" action="{action}">{hidden}<button>Continue as Ada</button></form>'
    return html(title, f"{form}\n<script>document.forms[0].submit()</script>")


def _back_to(origins: Origins) -> str:
    return f"{origins.shop}/signin/back"


def _metadata(_: Request, origins: Origins) -> Response:
    here = f"{origins.partner}/id"
    told = {
        "issuer": here,
        "authorization_endpoint": f"{here}/authorize",
        "token_endpoint": f"{here}/token",
        "jwks_uri": f"{here}/jwks",
        "end_session_endpoint": f"{here}/logout",
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "response_types_supported": ["code", "token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
    }
    return Reply(200, (*JSON, FOR_ANYBODY), msgspec.json.encode(told).decode()).response(origins)


def _keys(request: Request, origins: Origins) -> Response:
    key = ECAlgorithm.to_jwk(Provider.of(request).key.public_key(), as_dict=True)
    told = {"keys": [key | {"use": "sig", "alg": "ES256", "kid": "lab"}]}
    return Reply(200, (*JSON, FOR_ANYBODY), msgspec.json.encode(told).decode()).response(origins)


def _authorize(request: Request, origins: Origins) -> Response:
    """The authorization endpoint (RFC 6749, section 3.1): whom it does not know, it sends nobody back to."""
    asked = dict(request.query_params)
    for name, known in (("client_id", CLIENT), ("redirect_uri", _back_to(origins))):
        if asked.get(name) != known:
            said = html("No login", f'<p id="outcome">This <code>{name}</code> is not registered.</p>')
            return Reply(400, (*HTML, *NO_STORE), said).response(origins)
    page = posting_page("The shop asks who you are", "/id/consent", asked)
    return Reply(200, (*HTML, *NO_STORE), page).response(origins)


async def _consent(request: Request, origins: Origins) -> Response:
    """Sends the person back with what was asked for (RFC 6749, sections 4.1.2 and 4.2.2)."""
    asked = await form_of(request)
    fault = asked.get("fault", "")
    given = {"state": "of-another-login" if fault == "wrong-state" else asked.get("state", "")}
    if fault == "missing-state" or not given["state"]:
        del given["state"]
    mark, sid = "?", secrets.token_hex(8)
    if fault == "access-denied":
        given |= {"error": "access_denied", "error_description": "Ada said no"}
    elif fault == "token-in-query" or asked.get("response_type") == "token":
        given |= {"access_token": secrets.token_urlsafe(24), "token_type": "Bearer", "expires_in": "300"}
        mark = "?" if fault == "token-in-query" else "#"
    else:
        given["code"] = Provider.of(request).give(asked | {"sid": sid})
    address = f"{_back_to(origins)}{mark}{urlencode(given)}"
    account = ("set-cookie", f"account={sid}; Path=/id; Secure; HttpOnly; SameSite=Lax")
    return Reply(303, (*NO_STORE, ("location", address), account)).response(origins)


async def _token(request: Request, origins: Origins) -> Response:
    """The token endpoint (RFC 6749, section 4.1.3), which looks after PKCE (RFC 7636, section 4.6)."""
    form, provider = await form_of(request), Provider.of(request)
    login = provider.take(form.get("code", ""))
    fault = (login or {}).get("fault", "")
    permitted = () if fault == "token-cors" else FOR_THE_SHOP
    fields = (*JSON, *NO_STORE, *permitted)
    if login is None:
        return _refused("The code is unknown or was used before", fields, origins)
    challenge = login.get("code_challenge")
    if challenge and s256(form.get("code_verifier", "")) != challenge and fault != "pkce-ignored":
        return _refused("The code_verifier does not fit", fields, origins)
    told = {
        "access_token": secrets.token_urlsafe(24),
        "token_type": "Bearer",
        "expires_in": 300,
        "id_token": _id_token(provider, login, fault, origins),
    }
    return Reply(200, fields, msgspec.json.encode(told).decode()).response(origins)


def _refused(why: str, fields: tuple[tuple[str, str], ...], origins: Origins) -> Response:
    told = {"error": "invalid_grant", "error_description": why}
    return Reply(400, fields, msgspec.json.encode(told).decode()).response(origins)


def _id_token(provider: Provider, login: Mapping[str, str], fault: str, origins: Origins) -> str:
    """An ID token (OpenID Connect Core, section 2) for a login."""
    now = int(time.time())
    said: dict[str, Any] = {"iss": f"{origins.partner}/id", "aud": CLIENT, "sub": "ada", "nonce": login.get("nonce")}
    said["sid"] = login["sid"]
    said |= {"iat": 0, "exp": 300} | _CLAIMS.get(fault, {})
    claims = {n: now + v if isinstance(v, int) else v for n, v in said.items() if v is not None}
    if fault == "alg-none":
        return jwt.encode(claims, "", algorithm="none")
    key = ec.generate_private_key(ec.SECP256R1()) if fault == "wrong-signature" else provider.key
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": "old" if fault == "unknown-key" else "lab"})


ROUTES: tuple[Route, ...] = (
    Route(
        "partner",
        "/id/.well-known/openid-configuration",
        "login",
        "OpenID Connect: the provider tells where its endpoints are",
        handler=_metadata,
    ),
    Route("partner", "/id/jwks", "login", "the key that the provider's ID tokens are checked with", handler=_keys),
    Route(
        "partner",
        "/id/authorize",
        "login",
        "OpenID Connect: the provider asks the person",
        handler=_authorize,
    ),
    Route(
        "partner",
        "/id/consent",
        "login",
        "the person agrees, and is sent back with a code",
        handler=_consent,
        methods=("POST",),
    ),
    Route(
        "partner",
        "/id/token",
        "login",
        "OpenID Connect: a code becomes tokens, for whoever knows the secret behind it (PKCE)",
        handler=_token,
        methods=("POST",),
    ),
)
