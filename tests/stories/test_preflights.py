"""A preflight and the requests it was for, as one story."""

from __future__ import annotations

from inspector.engine import Engine
from inspector.report import Story
from inspector.rules.example import parse_example
from inspector.stories import preflights

PREFLIGHT = """# at: 2026-03-01T12:{minute:02}:{second:02}Z
# duration: 40
OPTIONS https://api.shop.test/items/{item} HTTP/2
Origin: https://shop.test
Access-Control-Request-Method: {method}
Access-Control-Request-Headers: content-type

HTTP/2 204
Access-Control-Allow-Origin: https://shop.test
Access-Control-Allow-Methods: PUT
Access-Control-Allow-Headers: content-type
{more}"""

REQUEST = """# at: 2026-03-01T12:{minute:02}:{second:02}Z
# type: fetch
{method} https://api.shop.test/items/{item} HTTP/2
Origin: https://shop.test
Sec-Fetch-Mode: cors
Content-Type: application/json

{{}}

HTTP/2 200
Access-Control-Allow-Origin: https://shop.test
Content-Type: application/json"""


def asked(at: int, item: int = 7, method: str = "PUT", more: str = "Vary: Origin") -> str:
    return PREFLIGHT.format(minute=at // 60, second=at % 60, item=item, method=method, more=more)


def sent(at: int, item: int = 7, method: str = "PUT") -> str:
    return REQUEST.format(minute=at // 60, second=at % 60, item=item, method=method)


def stories(*blocks: str) -> list[Story]:
    engine = Engine()
    for exchange in parse_example("\n---\n".join(blocks)):
        engine.observe(exchange)
    return [s for s in engine.finish() if s.kind == "preflight"]


def test_asked_permitted_and_sent():
    (told,) = stories(asked(0), sent(1))
    assert told.title == (
        "Permitted: PUT to `https://api.shop.test/items/*` from `https://shop.test` (1 preflight, 1 request after)"
    )
    assert told.steps[0].startswith("The browser asks for `https://shop.test` whether it may send PUT (because of ")
    assert told.steps[1] == "PUT `https://api.shop.test/items/7` → 200: the page gets the response."
    assert "5 seconds, because `Access-Control-Max-Age` is missing, until 1 March 2026, 12:00:05 UTC" in told.steps[2]
    assert [(a.source, a.target, a.label, a.exchange) for a in told.arrows[:2]] == [
        ("browser", "api.shop.test", "OPTIONS /items/7", 0),
        ("api.shop.test", "browser", told.arrows[1].label, 0),
    ]
    assert told.arrows[1].label.startswith("204, permitted")
    assert not told.failed
    assert not told.annotations


def test_what_is_not_permitted_has_failed():
    (told,) = stories(asked(0, method="DELETE"))
    assert told.failed
    assert told.title.startswith("Refused: DELETE to ")
    assert "204, not permitted (`MethodDisallowedByPreflightResponse`)." in told.steps[0]
    assert told.arrows[-1].failed


def test_many_are_one_story_and_one_finding():
    blocks = [block for n in range(40) for block in (asked(n * 10), sent(n * 10 + 1))]
    (told,) = stories(*blocks)
    assert len(told.exchanges) == 80
    assert len(told.steps) <= preflights.MOST_TOLD + 5
    (found,) = told.annotations
    assert found.rule == "cors/preflights-repeated"
    assert found.detail.startswith("39 preflights for PUT to `https://api.shop.test/items/*` asked what")
    assert [e.exchange for e in found.evidence] == [0, 2]


def test_each_url_is_asked_for_by_itself():
    (told,) = stories(*(asked(n * 10, item=n) for n in range(9)))
    assert not told.annotations
    assert any("these were 9 URLs" in step for step in told.steps)


def test_an_answer_that_still_counts_is_no_fault_of_the_server():
    (told,) = stories(*(asked(n * 10, more="Access-Control-Max-Age: 7200") for n in range(9)))
    assert not told.annotations
    assert any("8 preflights came although an earlier answer still counted" in step for step in told.steps)


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(preflights, "MOST_GROUPS", 5)
    monkeypatch.setattr(preflights, "MOST_ASKED", 5)
    teller = preflights.PreflightStories()
    monkeypatch.setattr("inspector.stories.TELLERS", (lambda: teller,))
    text = "\n---\n".join(asked(n).replace("api.shop", f"api{n}.shop") for n in range(20))
    engine = Engine()
    for exchange in parse_example(text):
        engine.observe(exchange)
    assert len(teller._groups) == 5
    assert len(teller._asked) == 5
    assert len(engine.finish()) == 20, "what there is no room for is told, not lost"
