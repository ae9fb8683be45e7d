"""A page's connections."""

from __future__ import annotations

import msgspec

from inspector.engine import Engine, Options
from inspector.exchange import Connection, Exchange, Fields, Timings
from inspector.report import Story
from inspector.rules.example import EXAMPLE_START, parse_example
from inspector.session import connections
from inspector.stories.connections import MOST_INDICES, MOST_PAGES
from tests.conftest import needs_real_captures, real_captures


def exchange(index: int, url: str, version: str = "2", page: str = "https://shop.test/", **known) -> Exchange:
    """One exchange: `connection` id, `start` and `took` in ms, `connect`, `tls`, `blocked` in ms."""
    (made,) = parse_example(f"# page: {page}\nGET {url} HTTP/{version}\n\nHTTP/{version} 200\nServer: x\n")
    start = EXAMPLE_START + known.get("start", 0) / 1000
    return msgspec.structs.replace(
        made,
        index=index,
        server=Connection(id=known.get("connection")),
        timings=Timings(
            started=start,
            total=known.get("took", 100.0),
            connect=known.get("connect"),
            tls=known.get("tls"),
            blocked=known.get("blocked"),
        ),
    )


def story(*exchanges: Exchange) -> Story | None:
    engine = Engine(Options(only=frozenset({"none"})))
    for one in exchanges:
        engine.observe(one)
    return next((s for s in engine.finish() if s.kind == "connections"), None)


def test_many_exchanges_share_one_http2_connection():
    told = story(
        exchange(0, "https://shop.test/", connection="1", connect=20.0, tls=30.0, took=200.0),
        *(exchange(n, f"https://shop.test/{n}", connection="1", start=50) for n in range(1, 6)),
    )
    assert told.title == "Connections: 6 exchanges with 1 origin over 1 connection, for https://shop.test/"
    assert told.exchanges == (0, 1, 2, 3, 4, 5)
    assert told.steps[0].startswith(
        "`https://shop.test`: 6 exchanges over HTTP/2 on 1 connection, up to 6 pending at once."
    )
    assert "multiplexing" in told.steps[0]
    assert "1 connection had to be opened: 20 ms of TCP handshakes and 30 ms of TLS handshakes" in told.steps[1]
    assert "5 exchanges found a connection open" in told.steps[2]


def test_requests_wait_for_an_http11_connection():
    told = story(
        *(exchange(n, f"https://shop.test/{n}", "1.1", connection=f"c{n}", connect=10.0, tls=10.0) for n in range(6)),
        *(exchange(n, f"https://shop.test/{n}", "1.1", connection=f"c{n - 6}", blocked=90.0) for n in range(6, 9)),
    )
    assert "9 exchanges over HTTP/1.1 on 6 connections" in told.steps[0]
    assert "3 requests were held back before being sent, up to 90 ms" in told.steps[0]
    assert any("over HTTP/2 or HTTP/3 the 3 requests held back" in step for step in told.steps)


def test_estimates_are_ranges_out_of_the_captures_own_times():
    told = story(
        *(exchange(n, f"https://shop.test/{n}", "1.1", connection=f"c{n}", connect=10.0, tls=25.0) for n in range(3)),
        *(exchange(n, f"https://shop.test/{n}", "1.1", connection="c0", blocked=90.0) for n in range(3, 6)),
    )
    text = "\n".join(told.steps)
    assert "between 90 ms (the longest wait, if all ran side by side) and 270 ms (all of them)" in text
    assert "2 connections fewer would have been opened: 70 ms of handshakes in sum" in text
    assert "The median of 3 connections with both handshakes would have been open 10 ms to 25 ms sooner" in text


def test_origins_that_share_a_connection():
    told = story(
        exchange(0, "https://a.shop.test/", connection="1"),
        exchange(1, "https://b.shop.test/", connection="1"),
        exchange(2, "https://c.shop.test/", connection="2"),
    )
    assert "`https://a.shop.test` and `https://b.shop.test` shared a connection" in "\n".join(told.steps)


def test_http3_offered_and_used():
    first = exchange(0, "https://shop.test/", connection="1")
    offer = Fields.of([("Alt-Svc", 'h3=":443"')])
    first = msgspec.structs.replace(first, response=msgspec.structs.replace(first.response, fields=offer))
    told = story(first, *(exchange(n, f"https://shop.test/{n}", "3", connection="2") for n in (1, 2)))
    assert any("(first in #0) and used for 2 of 3 exchanges." in step for step in told.steps)
    unused = story(first, exchange(1, "https://shop.test/1", connection="1"))
    assert any(step.endswith("and not used yet.") for step in unused.steps)


def test_connections_that_the_server_ends():
    made = [exchange(n, f"http://shop.test/{n}", "1.1", connection=str(n), start=200 * n) for n in range(3)]
    close = Fields.of([("Connection", "close")])
    told = story(
        *(msgspec.structs.replace(x, response=msgspec.structs.replace(x.response, fields=close)) for x in made)
    )
    assert "3 of the responses ended their connection (`Connection: close`)" in told.steps[0]


def test_one_after_the_other_is_no_multiplexing():
    told = story(*(exchange(n, f"https://shop.test/{n}", "3", connection="1", start=n * 500) for n in range(3)))
    assert "multiplexing" not in told.steps[0]
    assert "at once" not in told.steps[0]


def test_unknown_connections_are_said_to_be_unknown():
    told = story(*(exchange(n, f"https://shop.test/{n}") for n in range(3)))
    assert "connection" not in told.title.replace("Connections", "")
    assert "does not say over which connection any exchange went" in told.steps[-1]


def test_the_cache_uses_no_connection():
    (cached,) = parse_example(
        "# from: disk-cache\n# page: https://shop.test/\nGET https://shop.test/a HTTP/2\n\nHTTP/2 200\n"
    )
    assert story(exchange(0, "https://shop.test/"), cached) is None


def test_one_story_a_page_and_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(connections, "MOST_ORIGINS", 5)
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 5)
    monkeypatch.setattr(connections, "MOST_SPANS", 5)
    engine = Engine(Options(only=frozenset({"none"})))
    for n in range(3 * MOST_INDICES):
        one = exchange(n, f"https://h{n % 200}.test/", connection=str(n))
        page = msgspec.structs.replace(one.context.page, id=f"p{n // 40}")
        engine.observe(msgspec.structs.replace(one, context=msgspec.structs.replace(one.context, page=page)))
    assert len(engine.session.connections.origins()) == 5
    assert all(len(origin.connections) <= 5 for origin in engine.session.connections.origins())
    told = [s for s in engine.finish() if s.kind == "connections"]
    assert 0 < len(told) <= MOST_PAGES
    assert all(len(s.exchanges) <= MOST_INDICES for s in told)


@needs_real_captures
def test_real_captures():
    from inspector.capture import open_capture

    told = 0
    for path in real_captures():
        engine = Engine(Options(only=frozenset({"none"})))
        for one in open_capture(path).exchanges():
            engine.observe(one)
        for s in engine.finish():
            assert s.steps
            assert len(set(s.exchanges)) == len(s.exchanges)
            assert all(len(step) < 700 for step in s.steps)
            told += s.kind == "connections"
    assert told > 30


def test_one_connection_that_carries_many_speaks_something_newer_than_it_says():
    told = story(*(exchange(n, f"https://shop.test/{n}", "1.1", connection="1", start=n) for n in range(6)))
    assert told is not None
    assert "up to 6 pending at once. A connection of HTTP/1.1 carries one at a time" in told.steps[0]


def test_clocks_that_overlap_a_little_are_not_taken_for_more():
    told = story(
        *(exchange(n, f"https://shop.test/{n}", "1.1", connection="1", start=100 * n, took=101) for n in range(4))
    )
    assert told is not None
    assert "pending at once" not in told.steps[0]
    told = story(*(exchange(n, f"https://shop.test/{n}", "1.1", start=100 * n, took=100.6) for n in range(4)))
    assert told is not None
    assert "pending at once" not in told.steps[0]


def test_a_recorder_that_counts_waiting_as_connecting():
    told = story(*(exchange(n, f"http://shop.test/{n}", "1.1", start=n, connect=20.0 + n) for n in range(12)))
    assert told is not None
    text = "\n".join(told.steps)
    assert "12 exchanges have a time for connecting, and a browser opens six connections to a host" in text
    assert "had to be opened" not in text
    told = story(*(exchange(n, f"http://shop.test/{n}", "1.1", start=n, connect=20.0) for n in range(6)))
    assert told is not None
    assert "6 connections had to be opened" in "\n".join(told.steps)
