"""The visitor: walks through everything the lab shows, in an order that tells a story.

from inspector.learn.lab import Lab
from inspector.learn.lab.visitor import visit

with Lab() as lab:
    steps = visit(lab)                                              # straight to the lab
    steps = visit(lab, "http://127.0.0.1:8080", verify=context)     # through a proxy that `context` trusts
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from inspector.learn.lab import chapters
from inspector.learn.lab.client import USER_AGENT, Client, Step, transport
from inspector.learn.lab.content.cors import CALLS
from inspector.learn.lab.content.protocol import BASIC_PASSWORD, BASIC_USER, SUBPROTOCOL, token
from inspector.learn.lab.jar import site_of
from inspector.learn.lab.server import Lab
from inspector.url import parse

NOBODY = 1
"""A port nothing listens on: of a service that nobody runs any more (TCPMUX)."""

_quiet = logging.getLogger("inspector.learn.lab.visitor")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


def visit(
    lab: Lab,
    proxy: str | None = None,
    on_step: Callable[[Step], None] | None = None,
    *,
    verify: ssl.SSLContext | None = None,
    limit: float = 60.0,
    on_chapter: Callable[[str], None] | None = None,
) -> list[Step]:
    """Visit the lab and return what was done, in order. Call it where no event loop runs, else `visit_async`.

    Args:
        lab: a running lab.
        proxy: the URL of an HTTP proxy; ``None`` goes straight to the lab.
        on_step: called with each step as it is done.
        on_chapter: called with the topic (one of `TOPICS`) of what comes next.
        verify: whom to trust: through an intercepting proxy, that proxy's authority. The lab's own if not given.
            It is used for HTTP and WebSocket in turn, which set its ALPN offer: give one that is not shared.
        limit: seconds after which the visit stops; its last step then says so.

    Raises:
        ValueError: `proxy` is not an http:// or https:// URL.
    """
    return asyncio.run(visit_async(lab, proxy, on_step, verify=verify, limit=limit, on_chapter=on_chapter))


async def visit_async(
    lab: Lab,
    proxy: str | None = None,
    on_step: Callable[[Step], None] | None = None,
    *,
    verify: ssl.SSLContext | None = None,
    limit: float = 60.0,
    on_chapter: Callable[[str], None] | None = None,
) -> list[Step]:
    """`visit`, for callers with an event loop."""
    context = verify if verify is not None else lab.ca.client_context()
    steps: list[Step] = []

    def report(step: Step) -> None:
        steps.append(step)
        if on_step is not None:
            on_step(step)

    async with Client(transport(lab, proxy, context), report) as client:
        story = _Story(lab, client, proxy, context, report)
        try:
            async with asyncio.timeout(limit):
                for topic, chapter in story.chapters():
                    client.topic = topic
                    if on_chapter is not None:
                        on_chapter(topic)
                    await chapter()
        except TimeoutError:
            message = f"The visit was stopped after {limit:g} s."
            report(Step("the visit", client.topic, "GET", lab.origins.shop, seconds=limit, error=message))
    return steps


class _Story:
    """The chapters of a visit. Each names what the person, the page or the app does."""

    def __init__(
        self,
        lab: Lab,
        client: Client,
        proxy: str | None,
        context: ssl.SSLContext,
        report: Callable[[Step], None],
    ) -> None:
        self.lab, self.at, self.client = lab, lab.origins, client
        self.proxy, self.context, self.report = proxy, context, report
        self.home = f"{self.at.shop}/"
        self.style: httpx.Response | None = None  # kept from the arrival, to be asked about on the way back
        self.logo: httpx.Response | None = None

    def chapters(self) -> tuple[tuple[str, Callable[[], Awaitable[None]]], ...]:
        """Topic and chapter, in the order they are told."""
        return (
            ("page", self.arrive),
            ("cookies", self.cookies),
            ("cors", self.calls),
            ("redirects", self.redirects),
            ("forms", self.forms),
            ("caching", self.come_back),
            ("security", self.look_for_protection),
            ("injection", self.try_to_break_in),
            ("leaks", self.look_around),
            ("limits", self.ask_too_often),
            ("csp", self.meet_policies),
            ("login", partial(chapters.log_in_badly, self.client, self.at)),
            ("login", partial(chapters.log_in_at_the_partner, self.client, self.at)),
            ("api", partial(chapters.use_the_api, self.client, self.at)),
            ("status", self.ask_the_api),
            ("delivery", partial(chapters.take_delivery, self.client, self.at)),
            ("compression", self.pack),
            ("authentication", self.log_in),
            ("streaming", self.listen),
            ("protocol", self.the_rest),
        )

    async def arrive(self) -> None:
        at, home, load = self.at, self.home, self.client.load
        await self.client.navigate("type shop.test", f"{at.shop_plain}/")
        self.style = await load("style sheet", home, f"{at.cdn}/assets/style.css", "style")
        await load("fingerprinted script", home, f"{at.cdn}/assets/app.4f1d2a.js", "script")
        await load("the page's script", home, f"{home}home.js", "script")
        self.logo = await load("logo", home, f"{at.cdn}/assets/logo.svg", "image")
        await self.client.fetch("the list of calls", home, f"{home}calls.json")

    async def cookies(self) -> None:
        at, home, load = self.at, self.home, self.client.load
        for name in (
            "good",
            "no-flags",
            "none-insecure",
            "wrong-domain",
            "host-prefix-with-domain",
            "secure-prefix-without-secure",
            "500-days",
            "whole-site",
            "show",
            "delete",
        ):
            await self.client.fetch(f"cookie: {name}", home, f"{at.shop}/cookies/{name}")
        await load("the partner's widget", home, f"{at.partner}/widget", "iframe")
        await load("the partner's pixel", home, f"{at.partner}/pixel.svg", "image")
        await load("the partner's pixel, Lax", home, f"{at.partner}/pixel-lax.svg", "image")
        await self.client.navigate("the development server", f"{at.local}/")

    async def calls(self) -> None:
        for call in CALLS:
            await self.client.fetch(
                f"call: {call.name}",
                self.home,
                self.at.get(call.origin) + call.path,
                method=call.method,
                fields=call.fields,
                content=call.content or None,
                credentials=call.credentials,
            )

    async def redirects(self) -> None:
        await self.client.navigate("an old bookmark", f"{self.at.shop_plain}/start")
        await self.client.navigate("a link into a loop", f"{self.at.shop}/loop/a", page=self.home)

    async def forms(self) -> None:
        at, form = self.at, f"{self.at.shop}/form"
        await self.client.navigate("an order form", form, page=self.home)
        for name in ("found", "see-other", "temporary", "permanent"):
            await self.client.navigate(
                f"order, answered with {name}", f"{form}/{name}", page=form, method="POST", content="amount=2"
            )
        login = f"{at.shop_plain}/login"
        await self.client.navigate("a login page on plain HTTP", login)
        await self.client.navigate(
            "a password on plain HTTP", login, page=login, method="POST", content="name=ada&password=lovelace"
        )
        fields = {"Content-Type": "text/plain;charset=UTF-8"}
        await self.client.load(
            "a beacon", self.home, f"{at.shop}/beacon", "empty", method="POST", fields=fields, content="left=no"
        )

    async def come_back(self) -> None:
        at, home, load = self.at, self.home, self.client.load
        fields = {"Cache-Control": "max-age=0"} | _asking("If-None-Match", self.style, "etag")
        await load("style sheet, on reload", home, f"{at.cdn}/assets/style.css", "style", fields=fields)
        fields = {"Cache-Control": "max-age=0"} | _asking("If-Modified-Since", self.logo, "last-modified")
        await load("logo, on reload", home, f"{at.cdn}/assets/logo.svg", "image", fields=fields)
        prices = f"{at.shop}/caching/prices"
        seen = await self.client.fetch("prices", home, prices)
        asked = tuple(_asking("If-None-Match", seen, "etag").items())
        await self.client.fetch("prices, asked about", home, prices, fields=asked)
        await load("a list from a shared cache", home, f"{at.cdn}/assets/from-a-shared-cache.json", "empty")
        for name in ("no-store", "language", "vary-everything", "stale-while-revalidate"):
            await self.client.fetch(f"caching: {name}", home, f"{at.shop}/caching/{name}")
        german = (("Accept-Language", "de"),)
        await self.client.fetch("caching: language, in German", home, f"{at.shop}/caching/language", fields=german)
        await self.client.navigate("a page of one's own", f"{at.shop}/caching/private-marked-public", page=home)

    async def look_for_protection(self) -> None:
        at, load = self.at, self.client.load
        await self.client.navigate("a page without protection", f"{at.shop}/security/none", page=self.home)
        await self.client.navigate("the account", f"{at.account}/", page=self.home)
        blocked = f"{at.shop}/security/blocked"
        await self.client.navigate("a page of blocked things", blocked, page=self.home)
        await load("a script served as text", blocked, f"{at.shop}/security/script-as-text", "script")
        await load("an image for its own site", blocked, f"{at.partner}/images/private.svg", "image")
        await load("the account in a frame", blocked, f"{at.account}/", "iframe")
        mixed = f"{at.shop}/security/mixed-content"
        await self.client.navigate("a page with mixed content", mixed, page=self.home)
        # What a browser without mixed-content blocking asks for; current ones block or upgrade these.
        await load("an image over plain HTTP", mixed, f"{at.shop_plain}/images/plain.svg", "image")
        await load("a script over plain HTTP", mixed, f"{at.shop_plain}/scripts/plain.js", "script")

    async def try_to_break_in(self) -> None:
        at, home = self.at, self.home
        script = "%3Cscript%3Ealert(1)%3C/script%3E"
        await self.client.navigate("a search with a script in it", f"{at.shop}/search?q={script}", page=home)
        await self.client.navigate("the same, encoded", f"{at.shop}/search/encoded?q={script}", page=home)
        await self.client.navigate(
            "an item with a quote in its number", f"{at.shop}/item?id=7%27%20OR%201=1--", page=home
        )
        await self.client.navigate("a file outside", f"{at.shop}/invoice?name=../../etc/passwd", page=home)
        injected = f"{at.shop}/language?to=en%0d%0aX-Injected:%20yes"
        await self.client.navigate("a parameter with a line break", injected, page=home)
        await self.client.load("data as a script", home, f"{at.api}/me.js?callback=show", "script")

    async def look_around(self) -> None:
        at, home, load = self.at, self.home, self.client.load
        await load("a script with a token", home, f"{at.shop}/scripts/config.js", "script")
        await load("a script with a source map", home, f"{at.shop}/scripts/shop.js", "script")
        for path in ("scripts/shop.js.map", "uploads/", ".git/config", "old-cart.php", "branches"):
            await self.client.navigate(f"type /{path}", f"{at.shop}/{path}")
        await self.client.call("a payment card", f"{at.api}/me/payment")
        await self.client.call(
            "a schema",
            f"{at.api}/graphql",
            method="POST",
            content='{"query": "{ __schema { types { name } } }"}',
            fields=chapters.JSON_SENT,
        )

    async def ask_too_often(self) -> None:
        for name in ("items", "few-left", "none-left", "none-left"):
            await self.client.call(f"limits: {name}", f"{self.at.api}/limits/{name}")

    async def meet_policies(self) -> None:
        at = self.at
        for path in ("holes", "strict", "meta"):
            await self.client.navigate(f"a policy: {path}", f"{at.shop}/csp/{path}", page=self.home)
        trial = f"{at.shop}/csp/trial"
        await self.client.navigate("a policy on trial", trial, page=self.home)
        picture = f"{at.partner}/csp/badge.svg"
        await self.client.load("a picture it does not list", trial, picture, "image")
        report = {
            "document-uri": trial,
            "blocked-uri": picture,
            "effective-directive": "img-src",
            "disposition": "report",
        }
        await self.client.load(
            "the browser's report of it",
            trial,
            f"{at.shop}/csp/reports",
            "report",
            method="POST",
            fields={"Content-Type": "application/csp-report"},
            content=json.dumps({"csp-report": report}),
        )

    async def ask_the_api(self) -> None:
        api, call = self.at.api, self.client.call
        await call("an error with status 200", f"{api}/status/200-with-an-error")
        await call("create", f"{api}/status/201-no-location", method="POST", content="{}", fields=chapters.JSON_SENT)
        await call("delete", f"{api}/status/204", method="DELETE")
        await call("a file", f"{api}/files/report.txt")
        await call("a part of it", f"{api}/files/report.txt", fields={"Range": "bytes=0-99"})
        await call("a part past its end", f"{api}/files/report.txt", fields={"Range": "bytes=5000-"})
        await call("not logged in", f"{api}/status/401-no-challenge")
        await call("an item that is gone", f"{api}/status/404-as-html")
        await call("a method it does not take", f"{api}/status/405-no-allow", method="DELETE")
        for status in ("418", "429", "500-stack-trace", "502", "503", "599"):
            await call(f"status {status}", f"{api}/status/{status}")
        await self.client.navigate("a page that is not there", f"{self.at.shop}/nowhere", page=self.home)

    async def pack(self) -> None:
        api, call = self.at.api, self.client.call
        await call("a list, packed", f"{api}/compression/gzip")
        await call("the list for who takes no gzip", f"{api}/compression/gzip", fields={"Accept-Encoding": "identity"})
        await call("the list, never packed", f"{api}/compression/none")

    async def log_in(self) -> None:
        api, call = self.at.api, self.client.call
        await call("Basic, no password", f"{api}/auth/basic")
        secret = base64.b64encode(f"{BASIC_USER}:{BASIC_PASSWORD}".encode()).decode()
        await call("Basic, with a password", f"{api}/auth/basic", fields={"Authorization": f"Basic {secret}"})
        await call("Bearer, no token", f"{api}/auth/bearer")
        old = token(issued=time.time() - 3600)
        await call("Bearer, an expired token", f"{api}/auth/bearer", fields={"Authorization": f"Bearer {old}"})
        granted = await call("ask for a token", f"{api}/auth/token", method="POST")
        if granted is not None and granted.is_success:
            fields = {"Authorization": f"Bearer {_granted(granted)}"}
            await call("Bearer, with that token", f"{api}/auth/bearer", fields=fields)

    async def listen(self) -> None:
        await self.client.events("server-sent events", self.home, f"{self.at.api}/events")
        await self._converse("a WebSocket", f"{self.at.api}/socket".replace("https:", "wss:", 1))

    async def the_rest(self) -> None:
        at = self.at
        await self.client.call("a slow answer", f"{at.api}/slow")
        await self.client.call("an answer with a trailer", f"{at.cdn}/trailers", fields={"TE": "trailers"})
        await self.client.call("an offer of HTTP/3", f"{at.cdn}/alt-svc")
        if self.proxy is not None:  # which then answers in its place
            await self.client.call("a server that is not there", f"http://{parse(at.api).host}:{NOBODY}/")

    async def _converse(self, title: str, url: str) -> None:
        """Say two things over a WebSocket (RFC 6455) and close it."""
        self.context.set_alpn_protocols(["http/1.1"])  # the handshake is an HTTP/1.1 upgrade
        target = parse(url)
        address = self.lab.resolve(target.host) if self.proxy is None else None
        cookies = self.client.jar.field(target, same_site=True, lax_allowed=False, top_site=site_of(parse(self.home)))
        where: dict[str, Any] = {"host": address} if address is not None else {}
        begun = time.perf_counter()
        try:
            async with connect(
                url,
                origin=Origin(self.at.shop),
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                user_agent_header=USER_AGENT,
                additional_headers={"Cookie": cookies} if cookies is not None else None,
                proxy=self.proxy,
                ssl=self.context,
                open_timeout=5,
                close_timeout=2,
                ping_interval=None,
                logger=_quiet,
                **where,
            ) as socket:
                await socket.send("hello")
                text = await asyncio.wait_for(socket.recv(), 5)
                await socket.send(b"\x00\x01\x02")
                data = await asyncio.wait_for(socket.recv(), 5)
                response = socket.response
                note = f"{socket.subprotocol}: {text!r} and {len(data)} bytes came back"
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            reason = str(error) or type(error).__name__
            self.report(Step(title, "streaming", "GET", url, seconds=time.perf_counter() - begun, error=reason))
            return
        fields = tuple(response.headers.raw_items()) if response is not None else ()
        seconds = time.perf_counter() - begun
        self.report(Step(title, "streaming", "GET", url, 101, "HTTP/1.1", fields, seconds, note=note))


def _asking(name: str, response: httpx.Response | None, validator: str) -> dict[str, str]:
    """The condition of a request, from the validator of an earlier response (RFC 9110, section 13)."""
    value = response.headers.get(validator) if response is not None else None
    return {name: value} if value is not None else {}


def _granted(response: httpx.Response) -> str:
    try:
        return str(response.json()["access_token"])
    except (ValueError, KeyError, TypeError):
        return ""  # something between us and the lab changed the answer; the next step shows what comes of it
