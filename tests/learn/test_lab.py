"""The lab: it is what its table says, it is safe to run, and it leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import ssl
import threading
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from websockets.sync.client import connect

from inspector.learn.lab import CALLS, HOSTS, ROUTES, TOPICS, Lab, Route, server
from inspector.learn.lab.content.protocol import SLOW, token
from inspector.url import parse

FIXED = [route for route in ROUTES if route.conversation is None]


def name(route: Route) -> str:
    return f"{'+'.join(route.methods)} {route.origin}{route.path}"


def port(lab: Lab, origin: str) -> int:
    return int(lab.origins.get(origin).rpartition(":")[2])


class TestCatalogue:
    def test_every_route_is_unique_and_documented(self):
        keys = [(route.origin, route.path, method) for route in ROUTES for method in route.methods]
        assert len(keys) == len(set(keys))
        for route in ROUTES:
            assert route.topic in TOPICS, name(route)
            assert route.origin in {host.key for host in HOSTS}, name(route)
            assert route.shows, name(route)
            assert "\n" not in route.shows, name(route)
            assert not route.shows.endswith("."), name(route)
        assert {route.topic for route in ROUTES} == set(TOPICS)

    def test_every_call_leads_to_a_route(self):
        served = {(route.origin, route.path, method) for route in ROUTES for method in route.methods}
        for call in CALLS:
            assert (call.origin, call.path, call.method) in served, call.name
            if call.preflight:
                assert (call.origin, call.path, "OPTIONS") in served, call.name

    @pytest.mark.parametrize("route", FIXED, ids=name)
    def test_it_answers_as_fixed_and_with_real_addresses(self, ask, route: Route):
        for method in route.methods:
            answer = ask(route.origin, route.path, method)
            if route.reply is not None:
                assert answer.status_code == route.reply.status
                sent = [(field.lower(), value) for field, value in answer.headers.multi_items()]
                for field, value in route.reply.fields:
                    if "@" not in value:
                        assert (field, value) in sent
            assert not re.search(r"@(shop|www|api|cdn|partner|account|local|shop_plain)@", answer.text)
            assert not re.search(r"@\w+@", str(answer.headers))

    def test_an_unknown_page_is_an_html_error_page(self, ask):
        answer = ask("shop", "/nowhere")
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")


class TestConnections:
    @pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.key)
    def test_each_origin_speaks_what_it_should(self, ask, host):
        path = next(route.path for route in FIXED if route.origin == host.key and "GET" in route.methods)
        assert ask(host.key, path).http_version == ("HTTP/2" if "h2" in host.protocols else "HTTP/1.1")

    def test_sites_and_origins_differ_as_they_should(self, lab: Lab):
        from inspector.site import same_site

        shop, api, partner = (parse(getattr(lab.origins, key)) for key in ("shop", "api", "partner"))
        assert shop.origin != api.origin
        assert same_site(shop, api)
        assert not same_site(shop, partner)

    def test_certificates_are_the_labs_own_and_for_their_names(self, lab: Lab):
        def shake(context: ssl.SSLContext, server_name: str) -> None:
            with (
                socket.create_connection(("127.0.0.1", port(lab, "shop"))) as raw,
                context.wrap_socket(raw, server_hostname=server_name),
            ):
                pass

        strict = lab.ca.client_context()
        strict.verify_flags |= ssl.VERIFY_X509_STRICT
        shake(strict, "shop.test")
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            shake(lab.ca.client_context(), "api.shop.test")
        with pytest.raises(ssl.SSLCertVerificationError):
            shake(ssl.create_default_context(), "shop.test")

    def test_it_listens_on_loopback_only(self, lab: Lab):
        # a server on every address would answer here too
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.2", port(lab, "shop_plain")), timeout=1)

    def test_it_finds_its_own_names_and_no_others(self, lab: Lab):
        assert lab.resolve("API.shop.test.") == "127.0.0.1"
        assert lab.resolve("example.org") is None
        assert set(lab.host_rules) == {host.name for host in HOSTS}


class TestComputedAnswers:
    def test_an_etag_is_asked_about(self, ask):
        first = ask("cdn", "/assets/style.css")
        second = ask("cdn", "/assets/style.css", if_none_match=f'"other", {first.headers["etag"]}')
        assert (first.status_code, second.status_code) == (200, 304)
        assert second.headers["etag"] == first.headers["etag"]
        assert second.headers["cache-control"] == first.headers["cache-control"]
        assert "content-length" not in second.headers
        assert ask("cdn", "/assets/style.css", if_none_match='"other"').status_code == 200

    def test_a_weak_etag_is_compared_weakly(self, ask):
        assert ask("shop", "/caching/prices", if_none_match='"prices-19"').status_code == 304

    def test_only_last_modified(self, ask):
        first = ask("cdn", "/assets/logo.svg")
        assert "cache-control" not in first.headers
        assert "etag" not in first.headers
        age = parsedate_to_datetime(first.headers["date"]) - parsedate_to_datetime(first.headers["last-modified"])
        assert 100 <= age.total_seconds() / 86400 < 101
        assert ask("cdn", "/assets/logo.svg", if_modified_since=first.headers["last-modified"]).status_code == 304
        for odd in ("Thu, 01 Jan 1970 00:00:00 GMT", "yesterday", "Thu, 01 Jan 1970 00:00:00"):
            assert ask("cdn", "/assets/logo.svg", if_modified_since=odd).status_code == 200

    def test_a_file_in_parts(self, ask):
        whole = ask("api", "/files/report.txt")
        length = len(whole.content)
        assert whole.headers["accept-ranges"] == "bytes"
        for wanted, first, last in (
            ("bytes=0-9", 0, 9),
            ("bytes=10-", 10, length - 1),
            ("bytes=-5", length - 5, length - 1),
            (f"bytes=0-{length * 2}", 0, length - 1),
        ):
            part = ask("api", "/files/report.txt", range=wanted)
            assert part.status_code == 206, wanted
            assert part.headers["content-range"] == f"bytes {first}-{last}/{length}"
            assert part.content == whole.content[first : last + 1]
        past = ask("api", "/files/report.txt", range=f"bytes={length}-")
        assert past.status_code == 416
        assert past.headers["content-range"] == f"bytes */{length}"
        for ignored in ("lines=1-2", "bytes=a-b", "bytes=-"):
            assert ask("api", "/files/report.txt", range=ignored).status_code == 200

    def test_compression_where_it_is_taken(self, ask):
        packed, plain = ask("api", "/compression/gzip"), ask("api", "/compression/gzip", accept_encoding="identity")
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.json() == plain.json()
        assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        never = ask("api", "/compression/none", accept_encoding="gzip")
        assert "content-encoding" not in never.headers
        assert int(never.headers["content-length"]) > 100_000

    def test_language(self, ask):
        german = ask("shop", "/caching/language", accept_language="de-DE,de;q=0.9")
        assert (german.headers["content-language"], german.headers["vary"]) == ("de", "Accept-Language")
        assert ask("shop", "/caching/language").headers["content-language"] == "en"

    def test_what_is_left_out_stays_out(self, ask):
        assert "www-authenticate" not in ask("api", "/status/401-no-challenge").headers
        assert "allow" not in ask("api", "/status/405-no-allow", "DELETE").headers
        assert "location" not in ask("api", "/status/201-no-location", "POST").headers
        assert "access-control-allow-origin" not in ask("partner", "/cors/missing").headers
        assert "server" not in ask("shop", "/").headers
        bare = {field for field in ask("shop", "/security/none").headers if "policy" in field or "security" in field}
        assert bare == set()

    def test_retry_after_in_both_forms(self, ask):
        assert ask("api", "/status/429").headers["retry-after"] == "30"
        answer = ask("api", "/status/503")
        wait = parsedate_to_datetime(answer.headers["retry-after"]) - parsedate_to_datetime(answer.headers["date"])
        assert 110 <= wait.total_seconds() <= 130

    def test_a_slow_answer_takes_its_time(self, ask):
        begun = time.perf_counter()
        answer = ask("api", "/slow")
        assert SLOW <= time.perf_counter() - begun < 5
        assert "dur=" in answer.headers["server-timing"]

    def test_a_form_is_echoed(self, ask):
        said = ask("shop", "/form/echo", "POST", "amount=2 ü", content_type="text/plain").json()
        assert said == {"method": "POST", "content-type": "text/plain", "content": "amount=2 ü"}

    def test_many_unread_posts_on_one_connection(self, lab: Lab, steps):
        posts = [step for step in steps if step.method == "POST" and step.url.startswith(lab.origins.shop)]
        assert len(posts) >= 6
        assert [step.error for step in posts] == [None] * len(posts)

    def test_basic(self, ask):
        assert ask("api", "/auth/basic").headers["www-authenticate"] == 'Basic realm="Orders", charset="UTF-8"'
        assert ask("api", "/auth/basic", authorization="basic YWRhOmxvdmVsYWNl").status_code == 200
        for wrong in ("Basic YWRhOmJ5cm9u", "Basic %%%", "Basic /w==", "Bearer x", "Basic"):
            assert ask("api", "/auth/basic", authorization=wrong).status_code == 401, wrong

    def test_bearer(self, ask):
        grant = ask("api", "/auth/token", "POST")
        assert grant.headers["cache-control"] == "no-store"
        given = grant.json()["access_token"]
        assert ask("api", "/auth/bearer", authorization=f"Bearer {given}").status_code == 200
        assert "error" not in ask("api", "/auth/bearer").headers["www-authenticate"]
        expired = ask("api", "/auth/bearer", authorization=f"Bearer {token(issued=0)}")
        assert 'error_description="expired"' in expired.headers["www-authenticate"]
        for wrong in (given[:-2] + "xx", "a.b.c", "", ".", "%00"):
            answer = ask("api", "/auth/bearer", authorization=f"Bearer {wrong}".strip())
            assert answer.status_code == 401, wrong


class TestStreams:
    def test_events(self, ask):
        answer = ask("api", "/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert re.findall(r"^event: (\w+)$", answer.text, re.M) == ["order", "order", "order", "end"]
        assert [json.loads(data)["status"] for data in re.findall(r"^data: (.+)$", answer.text, re.M)] == [
            "packed",
            "sent",
            "delivered",
        ]

    @pytest.mark.parametrize(
        ("offered", "chosen"), [(["shop.v1"], "shop.v1"), (["other", "shop.v1"], "shop.v1"), (["other"], None)]
    )
    def test_a_websocket_echoes(self, lab: Lab, offered: list, chosen: str | None):
        with _socket(lab, offered) as connection:
            assert connection.subprotocol == chosen
            for message in ("hello", "", "ü" * 1000, b"", b"\x00\xff" * 1000):
                connection.send(message)
                assert connection.recv(timeout=5) == message

    def test_a_trailer_is_sent_to_who_takes_it(self, lab: Lab):
        import h2.connection
        import h2.events

        def trailers(te: list) -> list:
            context = lab.ca.client_context()
            context.set_alpn_protocols(["h2"])
            host = f"static.shop.test:{port(lab, 'cdn')}"
            found: list = []
            with (
                socket.create_connection(("127.0.0.1", port(lab, "cdn"))) as raw,
                context.wrap_socket(raw, server_hostname="static.shop.test") as stream,
            ):
                stream.settimeout(5)
                connection = h2.connection.H2Connection()
                connection.initiate_connection()
                head = [(":method", "GET"), (":scheme", "https"), (":authority", host), (":path", "/trailers"), *te]
                connection.send_headers(1, head, end_stream=True)
                while True:
                    stream.sendall(connection.data_to_send())
                    data = stream.recv(65536)
                    assert data, "the server closed the connection"
                    for event in connection.receive_data(data):
                        if isinstance(event, h2.events.TrailersReceived):
                            found += event.headers
                        if isinstance(event, h2.events.StreamEnded):
                            return found

        assert trailers([("te", "trailers")]) == [
            (b"repr-digest", b"sha-256=:0PCjptqiQyrrY7fFghmVZh790TM2RK2CVZpKSaDVFnA=:")
        ]
        assert trailers([]) == []


def _socket(lab: Lab, offered: list):
    address = f"wss://api.shop.test:{port(lab, 'api')}/socket"
    context = lab.ca.client_context()
    raw = socket.create_connection(("127.0.0.1", port(lab, "api")))
    return connect(address, sock=raw, ssl=context, server_hostname="api.shop.test", subprotocols=offered, proxy=None)


class TestRunning:
    @pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
    def test_keys_are_for_their_owner_alone(self):
        with Lab() as lab:
            directory = lab.ca.certificate_path.parent
            assert directory.stat().st_mode & 0o777 == 0o700
            keys = [path for path in directory.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
            assert len(keys) == sum(bool(host.protocols) for host in HOSTS)  # and none is the authority's
            assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}
        assert not directory.exists()

    def test_it_stops_with_nothing_left_even_in_mid_conversation(self, capfd):
        before = set(threading.enumerate())
        with Lab() as lab:
            ports = [port(lab, host.key) for host in HOSTS]
            directory = lab.ca.certificate_path.parent
            talking = _socket(lab, ["shop.v1"]).__enter__()
            talking.send("hello")
            assert talking.recv(timeout=5) == "hello"
            silent = socket.create_connection(("127.0.0.1", port(lab, "shop_plain")))
            unshaken = socket.create_connection(("127.0.0.1", port(lab, "shop")))
            halfway = socket.create_connection(("127.0.0.1", port(lab, "shop_plain")))
            halfway.sendall(b"POST /login HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nhalf")
            begun = time.perf_counter()
        assert time.perf_counter() - begun < 5
        with pytest.raises(Exception, match="1001"):
            talking.recv(timeout=5)
        talking.close()
        for each in (silent, unshaken, halfway):
            each.close()
        assert not {thread for thread in threading.enumerate() if thread not in before and "lab" in thread.name}
        for number in ports:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", number), timeout=1)
        assert not directory.exists()
        assert capfd.readouterr() == ("", "")

    def test_it_does_not_wait_where_nobody_is_connected(self, monkeypatch):
        monkeypatch.setattr(server, "_GRACE", 60)
        monkeypatch.setattr(server._Listener, "graceful_timeout", 60)
        with Lab():
            begun = time.perf_counter()
        assert time.perf_counter() - begun < 50

    def test_two_labs_do_not_meet(self):
        with Lab() as one, Lab() as other:
            assert not set(one.origins.as_dict().values()) & set(other.origins.as_dict().values())
            assert one.ca.certificate_pem != other.ca.certificate_pem

    def test_a_lab_is_entered_once(self):
        lab = Lab()
        with lab, pytest.raises(RuntimeError):
            lab.__enter__()

    def test_an_error_inside_is_the_callers(self):
        with pytest.raises(KeyError), Lab():
            raise KeyError("mine")

    def test_it_runs_inside_a_running_loop(self):
        async def main() -> str:
            with Lab() as lab:
                _, writer = await asyncio.open_connection("127.0.0.1", port(lab, "local"))
                writer.close()
                return lab.origins.local

        assert asyncio.run(main()).startswith("http://localhost:")

    def test_no_private_key_is_in_the_repository(self):
        root = Path(__file__).parents[2]
        marked = [
            path
            for folder in ("certs", "inspector", "tests", "addons", "docs")
            for path in (root / folder).rglob("*")
            if path.is_file() and b"-----BEGIN" + b" PRIVATE" in path.read_bytes()
        ]
        assert marked == []
