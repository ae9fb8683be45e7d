"""Chapters of the visit that need nothing but a client: logging in, an API, delivery."""

from __future__ import annotations

import base64
import re
import time
from html import unescape
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx

from inspector.learn.lab.client import Client
from inspector.learn.lab.content.identity import CLIENT
from inspector.learn.lab.content.login import saml_response, unsigned_token
from inspector.learn.lab.content.protocol import BASIC_PASSWORD, BASIC_USER, token
from inspector.learn.lab.origins import Origins

JSON_SENT = {"Content-Type": "application/json"}
_HIDDEN = re.compile(r'name="(\w+)" value="([^"]*)"')
_FRAME = re.compile(r'<iframe src="([^"]*)"')
_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""The pair of RFC 7636, appendix B: a lab's secret is nobody's."""


async def log_in_badly(client: Client, at: Origins) -> None:
    """Credentials where they should not be, single sign-on without its guards, and a form another site sends."""
    call, home = client.call, f"{at.shop}/"
    secret = base64.b64encode(f"{BASIC_USER}:{BASIC_PASSWORD}".encode()).decode()
    await call("Basic over plain HTTP", f"{at.shop_plain}/stock", fields={"Authorization": f"Basic {secret}"})
    await call("a token in the address", f"{at.api}/login/orders?access_token={token(issued=time.time())}")
    await call(
        "a token nobody signed", f"{at.api}/login/unchecked", fields={"Authorization": f"Bearer {unsigned_token()}"}
    )
    await client.navigate("a session in the address", f"{at.shop}/login/cart?jsessionid=0A1B2C3D4E5F67890", page=home)
    await client.navigate("stay logged in", f"{at.shop}/login/remember", page=home)
    await client.navigate("come back", f"{at.shop}/login/remember", page=home)
    asked = {"client_id": "shop", "redirect_uri": f"{at.shop}/login/back", "scope": "openid"}
    for title, more in (
        ("a login without state", {"response_type": "code"}),
        ("a login with the token in the address", {"response_type": "token", "state": "x7Kp2mQ9"}),
        (
            "a login that fails",
            {"response_type": "code", "scope": "everything", "state": "x7Kp2mQ9", "redirect_uri": at.shop_plain + "/"},
        ),
    ):
        await client.navigate(title, f"{at.account}/authorize?{urlencode(asked | more)}", page=home)
    answer = f"SAMLResponse={quote(saml_response(at), safe='')}"
    page = f"{at.partner}/"
    await client.navigate("the partner's login", f"{at.shop}/login/acs", page=page, method="POST", content=answer)
    await client.navigate("the profile", f"{at.shop}/login/profile", page=home)
    forged = urlencode({"email": "mallory@partner.example"})
    await client.navigate("another site's form", f"{at.shop}/login/email", page=page, method="POST", content=forged)


async def log_in_at_the_partner(client: Client, at: Origins) -> None:
    """Single sign-on as it should be: a page with PKCE, a ticket, and SAML, each as the shop's script does it."""
    home, provider, back = f"{at.shop}/signin", f"{at.partner}/id", f"{at.shop}/signin/back"
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    await client.navigate("the ways to log in", home, page=f"{at.shop}/")
    start = f"{home}/start"
    await client.navigate("log in with the partner", start, page=home)
    await client.load("the client's script", start, f"{home}/client.js", "script")
    await client.fetch("where the provider is", start, f"{provider}/.well-known/openid-configuration")
    asked = {"response_type": "code", "client_id": CLIENT, "redirect_uri": back, "scope": "openid"}
    asked |= {"state": "x7Kp2mQ9", "nonce": "n-0S6_WzA2Mj", "code_challenge": _CHALLENGE}
    ask = f"{provider}/authorize?{urlencode(asked | {'code_challenge_method': 'S256'})}"
    page = await client.navigate("the provider asks", ask, page=start)
    came = await _agree(client, "the person agrees", f"{provider}/consent", ask, page)
    given = {"grant_type": "authorization_code", "code": came.get("code", ""), "redirect_uri": back}
    content = urlencode(given | {"client_id": CLIENT, "code_verifier": _VERIFIER})
    got = await client.fetch("code for tokens", back, f"{provider}/token", method="POST", fields=form, content=content)
    await client.fetch("the provider's key", back, f"{provider}/jwks")
    page = await client.navigate("log in with a ticket", f"{home}/cas", page=home)
    query = urlencode({"service": f"{home}/cas", "ticket": _came(page).get("ticket", "")})
    await client.fetch("is the ticket good", f"{home}/cas", f"{provider}/cas/serviceValidate?{query}")
    page = await client.navigate("log in with SAML", f"{home}/saml", page=home)
    await _agree(client, "the provider's answer", f"{home}/acs", f"{provider}/saml", page)
    await client.load("a counter of another site", home, f"{at.local}/signin/count.svg", "image")
    await _log_out(client, at, got.json().get("id_token", "") if got is not None else "")


async def _log_out(client: Client, at: Origins, id_token: str) -> None:
    """A session at the shop and one at its second client, and out of both by way of the provider."""
    leave, form = f"{at.shop}/signin/leave", (("Content-Type", "application/x-www-form-urlencoded"),)
    await client.navigate("log in to log out", leave, page=f"{at.shop}/signin")
    content = urlencode({"id_token": id_token})
    for title, place, credentials in (("a session", at.shop, "same-origin"), ("another", at.api, "include")):
        url = f"{place}/signin/session"
        await client.fetch(title, leave, url, method="POST", fields=form, content=content, credentials=credentials)
    await client.fetch("who is logged in", leave, f"{at.shop}/signin/me")
    page = await client.navigate("log out", f"{at.shop}/signin/logout?state=x7Kp2mQ9", page=leave)
    frame = _FRAME.search(page.text) if page is not None else None
    if page is not None and frame is not None:
        await client.load("the second client hears of it", str(page.url), unescape(frame[1]), "iframe")
        await client.navigate("logged out", f"{at.shop}/signin/left?state=x7Kp2mQ9", page=str(page.url))


async def _agree(client: Client, title: str, url: str, at: str, page: httpx.Response | None) -> dict[str, str]:
    """Send the form of a page that posts itself; what the address it ends at gives back."""
    values = {name: unescape(value) for name, value in _HIDDEN.findall(page.text)} if page is not None else {}
    return _came(await client.navigate(title, url, page=at, method="POST", content=urlencode(values)))


def _came(page: httpx.Response | None) -> dict[str, str]:
    query = urlsplit(str(page.url)).query if page is not None else ""
    return {name: values[0] for name, values in parse_qs(query).items()}


async def use_the_api(client: Client, at: Origins) -> None:
    """What an app meets: wrong types, errors in two formats, a change lost, an address that goes away."""
    call = client.call
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await call("JSON called a form", f"{at.api}/v2/items", method="POST", content='{"name": "cup"}', fields=form)
    await call("a page for JSON", f"{at.api}/v2/stock")
    await call("no such item", f"{at.api}/v2/items/9")
    item = f"{at.api}/v2/items/7"
    await call("an item", item)
    await call("change it blindly", item, method="PUT", content='{"name": "mug"}', fields=JSON_SENT)
    old = JSON_SENT | {"If-Match": '"v2"'}
    await call("change an old version of it", item, method="PUT", content='{"name": "mug"}', fields=old)
    await call("JSON that is broken", f"{at.api}/v2/broken")
    await call("the old API", f"{at.api}/v1/items")


async def take_delivery(client: Client, at: Origins) -> None:
    """Pages, scripts and files that are called otherwise than they are, and a page that fetches too early."""
    home, place = f"{at.shop}/", f"{at.shop}/delivery"
    await client.navigate("a page with an é", f"{place}/no-charset", page=home)
    await client.load("a script that is a page", home, f"{place}/menu.js", "script")
    await client.navigate("something without a type", f"{place}/untyped", page=home)
    await client.navigate("a bill", f"{place}/bill", page=home)
    ahead = f"{place}/ahead"
    await client.navigate("a page that fetches ahead", ahead, page=home)
    await client.load("a font, ahead", ahead, f"{at.cdn}/delivery/shop.woff2", "font")
    await client.load("a script, ahead", ahead, f"{place}/tea.js", "script")
    await client.fetch("the script, again", ahead, f"{place}/tea.js")
    await client.load("the partner's script", ahead, f"{at.partner}/widget/1.4.2/widget.js", "script")
    await client.navigate("a page from the old days", f"{place}/taken-over", page=home)
    await client.fetch("all that is in stock", home, f"{place}/stock.json")
