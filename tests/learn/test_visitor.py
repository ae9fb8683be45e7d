"""The visitor: sees everything, behaves as a browser, and turns trouble into results."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from inspector.learn.lab import CALLS, ROUTES, Lab
from inspector.learn.lab.client import Step
from inspector.learn.lab.jar import Jar, site_of
from inspector.learn.lab.visitor import visit
from inspector.url import parse


def seen(steps: list[Step]) -> set[tuple[str, str]]:
    return {(step.method, step.url.replace("wss:", "https:").partition("?")[0]) for step in steps if step.status}


class TestVisit:
    def test_it_sees_every_route_but_those_behind_a_failed_preflight(self, lab: Lab, steps: list[Step]):
        kept_away = {(call.method, call.origin, call.path) for call in CALLS if call.preflight and call.error}
        for route in ROUTES:
            for method in route.methods:
                reached = (method, lab.origins.get(route.origin) + route.path) in seen(steps)
                assert reached == ((method, route.origin, route.path) not in kept_away), (method, route.path)

    def test_nothing_goes_wrong(self, steps: list[Step]):
        assert [step for step in steps if step.error] == []

    def test_the_loop_is_given_up_and_said_so(self, steps: list[Step]):
        loop = [step for step in steps if step.title.startswith("a link into a loop")]
        assert [step.status for step in loop] == [302, 302, 302, 302, None]
        assert loop[-1].note == "a redirect loop, not followed any further"

    def test_steps_are_told_as_they_happen(self, lab: Lab):
        told: list[Step] = []
        assert visit(lab, on_step=told.append) == told

    @pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
    def test_each_call_ends_as_the_table_says(self, steps: list[Step], call):
        own = [step for step in steps if step.title.startswith(f"call: {call.name}")]
        asked = own[0].method == "OPTIONS"
        assert asked == call.preflight
        assert own[-1].blocked == call.error
        if asked and call.error:
            assert len(own) == 1  # the request itself is not sent
        else:
            assert own[-1].method == call.method

    def test_methods_survive_redirects_as_they_should(self, steps: list[Step]):
        def chain(title: str) -> list[tuple[str, int | None]]:
            return [(step.method, step.status) for step in steps if step.title.partition(":")[0] == title]

        assert chain("order, answered with found") == [("POST", 302), ("GET", 200)]
        assert chain("order, answered with see-other") == [("POST", 303), ("GET", 200)]
        assert chain("order, answered with temporary") == [("POST", 307), ("POST", 200)]
        assert chain("order, answered with permanent") == [("POST", 308), ("POST", 200)]
        assert chain("an old bookmark") == [("GET", 301), ("GET", 301), ("GET", 302), ("GET", 200)]

    def test_conditions_are_met_with_304(self, steps: list[Step]):
        asked = [step for step in steps if "reload" in step.title or "asked about" in step.title]
        assert [step.status for step in asked] == [304, 304, 304]

    def test_streams_are_followed_to_their_end(self, steps: list[Step]):
        notes = {step.title: step.note for step in steps if step.note}
        assert notes["server-sent events"] == "4 events: order, order, order, end"
        assert notes["a WebSocket"] == "shop.v1: 'hello' and 3 bytes came back"


class TestTrouble:
    def test_a_proxy_that_is_not_there(self, lab: Lab):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            number = taken.getsockname()[1]
        steps = visit(lab, f"http://127.0.0.1:{number}")
        assert len(steps) > 50
        assert all("connect" in (step.error or "").lower() for step in steps)

    def test_a_proxy_that_never_answers(self, lab: Lab):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            begun = time.perf_counter()
            steps = visit(lab, f"http://127.0.0.1:{silent.getsockname()[1]}", limit=0.3)
        assert time.perf_counter() - begun < 3
        assert steps[-1].error == "The visit was stopped after 0.3 s."

    @pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://[", "127.0.0.1:8080", ""])
    def test_what_is_no_proxy(self, lab: Lab, url: str):
        with pytest.raises(ValueError):
            visit(lab, url)

    def test_an_authority_that_is_not_trusted(self, lab: Lab):
        with Lab() as other:
            steps = visit(lab, verify=other.ca.client_context())
        secure = [step for step in steps if step.url.startswith(("https", "wss")) and "given up" not in step.title]
        assert secure
        assert all("certificate verify failed" in (step.error or "") for step in secure)


class TestThroughAProxy:
    def test_a_proxy_sees_the_names_and_everything_works(self, lab: Lab, steps: list[Step]):
        with tunnel(lab) as (url, asked):
            through = visit(lab, url)
        *same, absent = through
        assert [(step.title, step.status) for step in same] == [(step.title, step.status) for step in steps]
        assert (absent.title, absent.status) == ("a server that is not there", 502)
        assert {target.rpartition(":")[0] for target in asked} == set(lab.host_rules)


@contextmanager
def tunnel(lab: Lab) -> Iterator[tuple[str, set[str]]]:
    """A forward proxy on loopback: CONNECT is tunnelled, plain requests are passed on, one to a connection.

    Names arrive as they are and are found with `lab.resolve`. Yields its URL and the targets it saw.
    """
    asked: set[str] = set()
    started = threading.Event()
    running: dict = {}

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            writer.close()
            return
        line, _, rest = head.partition(b"\r\n")
        method, target, _ = line.decode().split(" ")
        if method == "CONNECT":
            authority, first = target, b""
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            url = parse(target)
            authority = f"{url.host}:{url.port}"
            rest = re.sub(rb"(?im)^(proxy-)?connection:.*\r\n", b"", rest)
            first = f"{method} {url.path} HTTP/1.1\r\nConnection: close\r\n".encode() + rest
        asked.add(authority)
        host, _, port = authority.rpartition(":")
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(lab.resolve(host), int(port))
        except ConnectionRefusedError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        upstream_writer.write(first)
        await asyncio.gather(pipe(reader, upstream_writer), pipe(upstream_reader, writer))

    async def main() -> None:
        loop, running["stop"] = asyncio.get_running_loop(), asyncio.Event()
        running["loop"] = loop
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        running["port"] = server.sockets[0].getsockname()[1]
        started.set()
        await running["stop"].wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    started.wait(5)
    try:
        yield f"http://127.0.0.1:{running['port']}", asked
    finally:
        running["loop"].call_soon_threadsafe(running["stop"].set)
        thread.join()


class TestJar:
    PAGE = parse("https://shop.test:1/a/b")

    def jar(self, *lines: str, url: str = "https://shop.test:1/a/b", same_site: bool = True) -> tuple[Jar, list[bool]]:
        jar = Jar()
        top = site_of(self.PAGE)
        return jar, [jar.store(line, parse(url), same_site=same_site, top_site=top) for line in lines]

    def sent(self, jar: Jar, url: str, *, same_site: bool = True, lax: bool = False, top: str = "https://shop.test"):
        return jar.field(parse(url), same_site=same_site, lax_allowed=lax, top_site=top)

    @pytest.mark.parametrize(
        ("line", "accepted"),
        [
            ("a=1", True),
            ("a=1; SameSite=None", False),
            ("a=1; SameSite=None; Secure", True),
            ("a=1; Domain=partner.example", False),
            ("a=1; Domain=test", False),
            ("a=1; Domain=.shop.test", True),
            ("__Host-a=1; Path=/; Secure", True),
            ("__Host-a=1; Secure", False),
            ("__Host-a=1; Path=/; Secure; Domain=shop.test", False),
            ("__Secure-a=1", False),
            ("", False),
            ("=", False),
        ],
    )
    def test_what_is_stored(self, line: str, accepted: bool):
        assert self.jar(line)[1] == [accepted]

    def test_secure_needs_tls_or_localhost(self):
        assert self.jar("a=1; Secure", url="http://shop.test/")[1] == [False]
        assert self.jar("a=1; Secure", url="http://localhost:3/")[1] == [True]

    def test_third_parties(self):
        url = "https://partner.example/"
        assert self.jar("a=1", url=url, same_site=False)[1] == [False]
        assert self.jar("a=1; SameSite=None; Secure", url=url, same_site=False)[1] == [True]

    def test_where_they_go(self):
        jar, _ = self.jar(
            "host=1; Path=/", "site=2; Domain=shop.test; Path=/", "deep=3; Path=/a", "strict=4; Path=/; SameSite=Strict"
        )
        assert self.sent(jar, "https://shop.test:9/a/x") == "deep=3; host=1; site=2; strict=4"
        assert self.sent(jar, "https://api.shop.test/ab") == "site=2"
        assert self.sent(jar, "https://shop.test/", same_site=False) is None
        assert self.sent(jar, "https://shop.test/", same_site=False, lax=True) == "host=1; site=2"

    def test_a_post_from_another_site_takes_young_cookies_without_samesite(self):
        jar, _ = self.jar("young=1; Path=/", "lax=2; Path=/; SameSite=Lax")
        url = parse("https://shop.test/")
        sent = jar.field(url, same_site=False, lax_allowed=False, top_site="https://shop.test", posted=True)
        assert sent == "young=1"

    def test_partitioned(self):
        jar, _ = self.jar(
            "p=1; Path=/; Secure; SameSite=None; Partitioned", url="https://partner.example/", same_site=False
        )
        assert self.sent(jar, "https://partner.example/", same_site=False) == "p=1"
        assert self.sent(jar, "https://partner.example/", top="https://other.test") is None

    def test_deletion(self):
        jar, accepted = self.jar("a=1; Path=/", "a=; Path=/; Max-Age=0")
        assert accepted == [True, True]
        assert self.sent(jar, "https://shop.test/") is None

    def test_the_visit_carried_the_right_cookies(self, lab: Lab):
        from inspector.learn.lab.client import Client, transport

        async def main() -> list[str]:
            connections = transport(lab, None, lab.ca.client_context())
            async with Client(connections, lambda _: None) as client:
                page = f"{lab.origins.shop}/"
                for name in ("good", "no-flags", "none-insecure", "wrong-domain", "whole-site"):
                    await client.fetch("", page, f"{lab.origins.shop}/cookies/{name}")
                answer = await client.fetch("", page, f"{lab.origins.shop}/cookies/show")
                assert answer is not None
                return answer.json()["cookies"]

        assert asyncio.run(main()) == ["__Host-session", "region", "theme"]
