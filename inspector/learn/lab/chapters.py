"""Chapters of the visit that need nothing but a client: logging in, an API, delivery."""

from __future__ import annotations

import base64
import time
from urllib.parse import quote, urlencode

from inspector.learn.lab.client import Client
from inspector.learn.lab.content.login import saml_response, unsigned_token
from inspector.learn.lab.content.protocol import BASIC_PASSWORD, BASIC_USER, token
from inspector.learn.lab.origins import Origins

JSON_SENT = {"Content-Type": "application/json"}


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
