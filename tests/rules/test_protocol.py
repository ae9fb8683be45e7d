"""What was spoken, what is on offer, and framing."""

from __future__ import annotations

import pytest

from inspector.engine import Engine, Options
from inspector.exchange import TLS, Connection, Exchange, Recorder
from inspector.report import Annotation, Severity
from inspector.rules.example import RECORDER, parse_example

PROXY = Recorder(kind="proxy", creator="example", vantage="proxy")


def told(text: str, recorder: Recorder = RECORDER) -> list[list[Annotation]]:
    engine = Engine(Options(only=frozenset({"protocol"})))
    return [list(engine.observe(exchange).annotations) for exchange in parse_example(text, recorder)]


def one(text: str, rule: str, recorder: Recorder = RECORDER) -> Annotation:
    (found,) = [a for annotations in told(text, recorder) for a in annotations if a.rule == rule]
    return found


def spoken(text: str, recorder: Recorder = RECORDER) -> Annotation:
    return one(text, "protocol/negotiated", recorder)


def test_the_two_sides_of_a_proxy():
    said = spoken("# client: 2\n# alpn: http/1.1\nGET https://shop.test/ HTTP/2\n\nHTTP/1.1 200 OK\n", PROXY)
    assert said.title == "HTTP/2 to the proxy, HTTP/1.1 to the server"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# alpn: h2\nGET https://shop.test/ HTTP/2\n\nHTTP/2 200\n", "the server chose it (`h2`)"),
        ("GET https://shop.test/ HTTP/2\n\nHTTP/2 200\n", "by ALPN (`h2`)"),
        ("GET http://shop.test/ HTTP/2\n\nHTTP/2 200\n", "prior knowledge"),
        ("GET http://shop.test/ HTTP/1.1\n\nHTTP/1.1 200 OK\n", "Without TLS nothing is negotiated"),
        ("GET https://shop.test/ HTTP/3\n\nHTTP/3 200\n", "does not show which"),
        ("GET https://shop.test/ HTTP/1.1\n\nHTTP/1.1 200 OK\n", "did not offer HTTP/2"),
    ],
)
def test_how_it_was_chosen(text, words):
    assert words in spoken(text).detail


def test_the_offers_of_alpn_tell_whose_choice_http11_was():
    (exchange,) = parse_example("GET https://shop.test/ HTTP/1.1\n\nHTTP/1.1 200 OK\n", PROXY)

    def with_offers(*offers: str) -> str:
        tls = TLS(alpn="http/1.1", alpn_offers=offers)
        changed = Exchange(0, exchange.request, exchange.context, exchange.response, server=Connection(tls=tls))
        return next(a.detail for a in Engine().observe(changed).annotations if a.rule == "protocol/negotiated")

    assert "the server did not take it" in with_offers("h2", "http/1.1")
    assert "The client did not offer `h2`" in with_offers("http/1.1")


def test_http3_is_traced_to_the_offer_seen_before():
    text = """
        GET https://shop.test/ HTTP/?

        HTTP/? 200
        Alt-Svc: h3=":443"; ma=86400
        ---
        GET https://shop.test/a HTTP/3

        HTTP/3 200
        Alt-Svc: h3=":443"; ma=86400
        """
    said = spoken(text)
    assert "(exchange 0)" in said.detail
    assert said.certainty == "likely"


def test_told_once_an_origin_and_never_for_the_cache():
    text = """
        # from: disk-cache
        GET https://shop.test/ HTTP/2

        HTTP/2 200
        ---
        GET https://shop.test/a HTTP/2

        HTTP/2 200
        ---
        GET https://shop.test/b HTTP/2

        HTTP/2 200
        """
    assert [len(annotations) for annotations in told(text)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("value", "title", "words"),
    [
        ('h3=":443"; ma=86400', "HTTP/3 is on offer", "for 1 day"),
        ('h3="alt.test:8443"; persist=1', "HTTP/3 is on offer", "at `alt.test` on port 8443"),
        ("clear", "withdrawn", "forget"),
        ('quic=":443"', "Another protocol", "no effect any more"),
        ("h3", "cannot be read", "ignore it"),
    ],
)
def test_alt_svc(value, title, words):
    said = one(f"GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nAlt-Svc: {value}\n", "protocol/alt-svc")
    assert title in said.title
    assert words in said.detail


def rules(text: str, recorder: Recorder = RECORDER) -> dict[str, Severity]:
    skip = {"protocol/negotiated"}
    return {a.rule: a.severity for annotations in told(text, recorder) for a in annotations if a.rule not in skip}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Content-Length: 5\nContent-Length: 5", {"protocol/duplicate-content-length": Severity.NOTE}),
        ("Content-Length: 5, 6", {"protocol/duplicate-content-length": Severity.ERROR}),
        ("Transfer-Encoding: chunked\nContent-Length: 5", {"protocol/te-and-cl": Severity.ERROR}),
        ('ETag: "a"\nETag: "a"', {"protocol/singleton-duplicated": Severity.NOTE}),
        ("Location: /a\nLocation: /b", {"protocol/singleton-duplicated": Severity.WARNING}),
        ("Cache-Control: a\nCache-Control: b", {}),
        ("X (y): 1", {"protocol/invalid-field": Severity.WARNING}),
        ("Connection: keep-alive", {}),
    ],
)
def test_framing_over_http11(fields, expected):
    assert rules(f"GET http://shop.test/ HTTP/1.1\n\nHTTP/1.1 200 OK\n{fields}\n", PROXY) == expected


def test_connection_fields_are_judged_by_the_version_of_their_own_side():
    text = "# client: 2\nGET https://shop.test/ HTTP/2\nTE: trailers\n\nHTTP/1.1 200 OK\nConnection: keep-alive\n"
    assert rules(text, PROXY) == {}
    text = "# client: 2\nGET https://shop.test/ HTTP/2\nTE: gzip\n\nHTTP/1.1 200 OK\n"
    assert rules(text, PROXY) == {"protocol/connection-in-h2": Severity.WARNING}
    text = "GET https://shop.test/ HTTP/2\nConnection: keep-alive\n\nHTTP/2 200\n"
    assert rules(text) == {}, "a browser's recorder adds fields of its own"


def test_a_lone_cookie_line_cut_apart_by_a_recorder_is_no_finding_and_leaks_nothing():
    text = (
        "GET https://shop.test/ HTTP/1.1\n\nHTTP/1.1 200 OK\nsid=4f9a8b7c6d5e; expires=Mon, 01-Jan-2030 00:00:00 GMT\n"
    )
    assert rules(text) == {}
    (said,) = [a for annotations in told(text, PROXY) for a in annotations if a.rule == "protocol/invalid-field"]
    assert "4f9a8b7c6d5e" not in str(said)


def test_no_h2_is_silent_behind_a_proxy_that_did_not_offer_it():
    text = "\n---\n".join(f"GET https://shop.test/{n} HTTP/1.1\n\nHTTP/1.1 200 OK\nA: 1" for n in range(8))
    assert "protocol/no-h2" in rules(text)
    assert "protocol/no-h2" not in rules(text, PROXY)
