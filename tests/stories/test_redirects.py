"""Redirect chains as stories."""

from __future__ import annotations

import pytest

from inspector.browser.redirects import MOST_REDIRECTS
from inspector.engine import Engine, Options
from inspector.report import Story
from inspector.rules.example import parse_example
from inspector.session import redirects


def stories(text: str) -> list[Story]:
    engine = Engine(Options(only=frozenset({"none"})))
    for exchange in parse_example(text):
        engine.observe(exchange)
    return [s for s in engine.finish() if s.kind == "redirect-chain"]


def test_hops_tell_what_changes():
    text = """
        # type: document
        # duration: 40
        POST http://shop.test/login HTTP/1.1
        Content-Type: application/x-www-form-urlencoded

        name=ada

        HTTP/1.1 301 Moved Permanently
        Location: https://shop.test/login
        ---
        # type: document
        # duration: 60
        GET https://shop.test/login HTTP/2

        HTTP/2 302
        Location: https://id.test/start?state=4f9a8b7c6d5e
        Set-Cookie: a=b
        ---
        # type: document
        GET https://id.test/start?state=4f9a8b7c6d5e HTTP/2

        HTTP/2 200
        Content-Type: text/html
        """
    (told,) = stories(text)
    assert told.exchanges == (0, 1, 2)
    assert told.title == "2 redirects from `http://shop.test/login` to `https://id.test/start` (200)"
    assert told.steps[0] == (
        "POST `http://shop.test/login` → 301, after 40 ms: POST becomes GET, its content is dropped, "
        "`http:` becomes `https:`"
    )
    assert "on to the host `id.test`, a cookie is set" in told.steps[1]
    assert told.steps[-1] == "The redirects took 100 ms before the final request could be sent."
    assert "4f9a8b7c6d5e" not in str(told)


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("https://www.shop.test", "https://www.shop.test/"),
        ("https://WWW.shop.test:443/a b?é", "https://www.shop.test/a%20b?%C3%A9"),
        ("../up", "http://shop.test/up"),
    ],
)
def test_an_address_is_followed_as_browsers_write_it(location, asked):
    (told,) = stories(
        f"""# type: document
        GET http://shop.test/x HTTP/1.1

        HTTP/1.1 301
        Location: {location}
        ---
        # type: document
        GET {asked} HTTP/1.1

        HTTP/1.1 302
        Location: /end
        """.replace("        ", "")
    )
    assert told.exchanges == (0, 1)


def test_a_loop_is_called_one():
    hop = "# type: document\nGET https://{0}.test/ HTTP/2\n\nHTTP/2 302\nLocation: https://{1}.test/"
    (told,) = stories("\n---\n".join([hop.format("a", "b"), hop.format("b", "a"), hop.format("a", "b")]))
    assert told.title.startswith("Redirect loop")
    assert "a loop." in told.steps[-1]


def test_needless_hops_are_counted():
    hop = "# type: document\nGET {0} HTTP/2\n\nHTTP/2 301\nLocation: {1}"
    (told,) = stories(
        "\n---\n".join(
            [
                hop.format("http://shop.test/a", "https://shop.test/a"),
                hop.format("https://shop.test/a", "https://www.shop.test/a"),
                "# type: document\nGET https://www.shop.test/a HTTP/2\n\nHTTP/2 200\nServer: x",
            ]
        )
    )
    assert any("2 of the hops only correct the address" in step for step in told.steps)


def test_a_single_redirect_of_an_image_is_no_story():
    text = """
        # type: image
        GET https://a.test/1.gif HTTP/2

        HTTP/2 302
        Location: /2.gif
        ---
        # type: image
        GET https://a.test/2.gif HTTP/2

        HTTP/2 200
        """
    assert stories(text) == []


def test_waiting_redirects_are_bounded(monkeypatch):
    monkeypatch.setattr(redirects, "MOST_PENDING", 10)
    engine = Engine(Options(only=frozenset({"none"})))
    text = "\n---\n".join(f"GET https://a.test/{n} HTTP/2\n\nHTTP/2 302\nLocation: /to/{n}" for n in range(50))
    for exchange in parse_example(text):
        engine.observe(exchange)
    assert len(engine.session.redirects._pending) <= 10


def test_a_chain_without_end_is_cut_not_grown():
    text = "\n---\n".join(f"GET https://a.test/{n} HTTP/2\n\nHTTP/2 302\nLocation: /{n + 1}" for n in range(300))
    told = stories(text)
    assert all(len(s.exchanges) <= redirects.LONGEST_CHAIN for s in told)


CHAIN = """
    # type: document
    GET http://shop.test/a HTTP/1.1
    Authorization: Basic YWRhOmxvdmVsYWNl

    HTTP/1.1 307 Internal Redirect
    Location: https://shop.test/a
    Non-Authoritative-Reason: HSTS
    ---
    # type: document
    GET https://shop.test/a HTTP/2

    HTTP/2 301
    Location: https://pay.test/b
    Cache-Control: max-age=3600
    ---
    # type: document
    GET https://pay.test/b HTTP/2

    HTTP/2 404
    Content-Type: text/html
    """


def test_what_the_browser_does_by_itself_and_what_is_lost():
    (told,) = stories(CHAIN)
    assert "by the browser itself" in told.steps[0]
    assert told.arrows[0].source == told.arrows[0].target == "browser"
    assert "`Authorization` was not sent on to here" in told.steps[1]
    assert "remembered for 1 hour" in told.steps[1]
    assert "YWRhOmxvdmVsYWNl" not in str(told)
    assert told.failed, "what it led to is not there"
    assert told.arrows[-1].failed


def test_a_chain_is_told_when_it_ends_and_once():
    engine = Engine()
    ended = []
    for exchange in parse_example(CHAIN):
        engine.observe(exchange)
        ended.append([s.kind for s in engine.stories()])
    assert ended == [[], [], ["redirect-chain"]]
    assert "redirect-chain" not in [s.kind for s in engine.finish()]


def test_a_loop_is_told_when_a_browser_gives_up():
    hop = "# type: document\nGET https://{0}.test/ HTTP/2\n\nHTTP/2 302\nLocation: https://{1}.test/"
    engine = Engine()
    told = {}
    for exchange in parse_example("\n---\n".join(hop.format(*"ab"[:: 1 if n % 2 else -1]) for n in range(60))):
        engine.observe(exchange)
        for story in engine.stories():
            if story.kind == "redirect-chain":
                told[exchange.index] = story
    assert list(told) == [MOST_REDIRECTS]
    assert told[MOST_REDIRECTS].failed
    assert [s for s in engine.finish() if s.kind == "redirect-chain"] == []
