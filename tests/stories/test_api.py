"""A conversation with an API: what the row of calls shows, and when there is nothing to tell."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.engine import Engine, Options
from inspector.exchange import Exchange, Page, Timings
from inspector.report import Story
from inspector.rules.example import EXAMPLE_START, parse_example
from inspector.stories.api_calls import base_of, template_of

API = "https://api.shop.test/v1"


def call(
    method: str, path: str, at: float, status: int = 200, asked: str = "", answer: str = "{}", **fields
) -> Exchange:
    """One call, `at` seconds after the start; `fields` of the response, with ``_`` for ``-``; ``r_`` of the request."""
    request = "".join(f"{n[2:].replace('_', '-')}: {v}\n" for n, v in fields.items() if n.startswith("r_"))
    response = "".join(f"{n.replace('_', '-')}: {v}\n" for n, v in fields.items() if not n.startswith("r_"))
    kind = "Content-Type: application/json\n" if "content_type" not in fields else ""
    body = f"{request}{kind if asked else ''}\n{asked}\n\n" if asked else f"{request}\n"
    text = f"# type: fetch\n{method} {API}{path} HTTP/2\n{body}HTTP/2 {status}\n{kind}{response}\n{answer}"
    (made,) = parse_example(text)
    return msgspec.structs.replace(made, timings=Timings(started=EXAMPLE_START + at, total=100.0))


def stories(*calls: Exchange) -> list[Story]:
    engine = Engine(Options())
    for index, one in enumerate(calls):
        engine.observe(msgspec.structs.replace(one, index=index))
    return [story for story in engine.finish() if story.kind == "api"]


def story(*calls: Exchange) -> tuple[Story, str]:
    (told,) = stories(*calls)
    return told, "\n".join(told.steps)


def test_a_resource_from_creation_to_deletion():
    told, text = story(
        call("POST", "/orders", 0, 201, '{"a": 1}', location="/v1/orders/7"),
        call("GET", "/orders/7", 1, ETag='"a"'),
        call("PUT", "/orders/7", 2, 412, '{"a": 2}', r_If_Match='"b"'),
        call("PUT", "/orders/7", 3, 200, '{"a": 2}', r_If_Match='"a"'),
        call("PATCH", "/orders/7", 4, 200, '{"a": 3}'),
        call("DELETE", "/orders/7", 5, 204, answer=""),
        call("DELETE", "/orders/7", 6, 404),
    )
    assert told.title == "API at `https://api.shop.test/v1`: 7 calls"
    assert told.exchanges == (0, 1, 2, 3, 4, 5, 6)
    assert "1 safe, 6 that may change something, on 2 resources" in text
    assert (
        "created something (#0, 201), and `Location` says where; the client then used it (#1, #2, #3 and 3 more)"
        in text
    )
    assert "twice (#5 and #6): 204, then 404" in text
    assert "takes PUT, which replaces the whole, and PATCH" in text
    assert "2 changes only if nothing else had changed it (`If-Match`; #2 and #3): 1 time it had" in text


def test_pages_retries_and_polling():
    _, text = story(
        *(call("GET", f"/items?page={n}", n) for n in range(3)),
        *(call("GET", "/slow", at, status) for at, status in ((10, 503), (11.1, 503), (13.2, 503), (17.3, 200))),
        *(call("GET", "/state", 20 + 5 * n, ETag='"same"') for n in range(6)),
    )
    assert "3 pages of `/v1/items` were followed (#0, #1 and #2)" in text
    assert "was tried 4 times (#3, #4, #5 and #6), with waits of 1 second, 2 seconds and 4 seconds, growing" in text
    assert "`/v1/state` is polled: 6 times, every 5 seconds; 5 of the answers brought nothing new" in text


def test_retries_without_rest_and_what_is_not_idempotent():
    _, text = story(*(call("POST", "/pay", n * 0.2, 503, '{"a": 1}') for n in range(3)))
    assert "do not grow" in text
    assert "POST is not idempotent" in text
    assert "It ended with 503." in text


@pytest.mark.parametrize(("count", "listed", "found"), [(6, True, True), (6, False, True), (4, True, False)])
def test_one_request_for_each_item(count: int, listed: bool, found: bool):
    items = [call("GET", f"/orders/{n}", 1 + n / 10) for n in range(count)]
    told = stories(*([call("GET", "/orders", 0, answer="[]")] if listed else []), *items)
    rules = [a.rule for one in told for a in one.annotations]
    assert rules == (["api/n-plus-one"] if found else [])
    if found:
        assert told[0].annotations[0].certainty == ("certain" if listed else "likely")


def test_items_asked_for_now_and_then_are_no_burst():
    assert stories(*(call("GET", f"/orders/{n}", 30 * n) for n in range(8))) == []


def test_graphql_and_errors_in_a_200():
    asked = '{"query": "mutation AddCup { add { id } }"}'
    told, text = story(
        call("POST", "/graphql", 0, 200, asked, '{"data": null, "errors": [{"message": "x"}]}'),
        call("POST", "/graphql", 1, 200, asked, '{"data": {"errors": []}}'),
    )
    assert "GraphQL, 1 operation: `mutation AddCup` 2 times" in text
    assert [a.rule for a in told.annotations] == ["api/error-in-200"]
    assert (
        "1 answer to `mutation AddCup` has the status 200 and `errors` in the content (#0)"
        in told.annotations[0].detail
    )


def test_json_rpc_and_rate_limit():
    asked = '{"jsonrpc": "2.0", "method": "cart.get", "id": 1}'
    error = '{"jsonrpc": "2.0", "error": {"code": -1}, "id": 1}'
    told, text = story(
        call("POST", "/rpc", 0, 200, asked, error, X_RateLimit_Remaining="9"),
        call("POST", "/rpc", 1, 200, asked, '{"jsonrpc": "2.0", "error": null}', X_RateLimit_Remaining="8"),
    )
    assert "JSON-RPC, 1 method: `cart.get` 2 times" in text
    assert "9 were left after #0, 8 after #1" in text
    assert "1 answer to `cart.get`" in told.annotations[0].detail


def test_grpc_web_and_jsonp():
    grpc = [
        call("POST", f"/Cart/Get{n}", n, content_type="application/grpc-web+proto", grpc_status="5") for n in range(2)
    ]
    _, text = story(*grpc)
    assert "gRPC-Web, calling `Get0` and `Get1`: what came of a call is in `grpc-status`" in text
    assert "2 failed (#0 and #1)" in text
    made = [call("GET", f"/x?callback=got&n={n}", n, answer="got({});", content_type="text/javascript") for n in (1, 2)]
    _, text = story(*made)
    assert "2 answers are JSONP (#0 and #1)" in text
    assert stories(call("GET", "/x?callback=got", 0, answer="var a = 1;", content_type="text/javascript")) == []


def test_pages_that_ask_once_each_do_not_poll():
    made = []
    for n in range(5):
        one = call("GET", "/menu", 10 * n)
        context = msgspec.structs.replace(one.context, page=Page(f"page {n}"))
        made.append(msgspec.structs.replace(one, context=context))
    assert stories(*made) == []


def test_a_few_reads_are_no_story():
    assert stories(*(call("GET", f"/{name}", n) for n, name in enumerate("abcdef"))) == []


def test_names_of_apis_and_resources():
    assert base_of("/shop/api/v2/orders") == "/shop/api/v2"
    assert base_of("/v1") == "/v1"
    assert base_of("/apiary/x") == ""
    assert template_of("/v1/orders/7/lines/4f9d2c1ab3e84d5f9a0b") == "/v1/orders/{id}/lines/{id}"
    assert template_of("/orders/ORD-77/new-arrivals") == "/orders/{id}/new-arrivals"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["query", "operationName", "jsonrpc"]))
def test_no_content_is_too_strange(asked: str, answer: str, word: str):
    one = call("POST", "/graphql", 0, 200, "x", "y")
    request = msgspec.structs.replace(
        one.request, body=msgspec.structs.replace(one.request.body, source=f'{{"{word}": {asked}}}')
    )
    body = msgspec.structs.replace(one.response.body, source=f'{{"error": {answer}}}')
    hostile = msgspec.structs.replace(one, request=request, response=msgspec.structs.replace(one.response, body=body))
    engine = Engine(Options())
    engine.observe(hostile)
    assert not [s for s in engine.finish() if s.kind == "internal-error"]


def linked(path: str, at: float, *links: str, **more) -> Exchange:
    return call("GET", path, at, Link=", ".join(links), **more) if links else call("GET", path, at, **more)


def test_pages_by_the_servers_own_links():
    _, text = story(
        linked("/items?c=a", 0, '</v1/items?c=b&q="x,y">; rel="next"', '</v1/items?c=z>; rel="last"'),
        linked('/items?c=b&q="x,y"', 1, '<https://api.shop.test/v1/items?c=c>; rel="prev next"; title="more, please"'),
        linked("/items?c=c", 2, '</v1/items?c=a>; rel="first"'),
        call("GET", "/other", 3),
    )
    assert (
        '3 pages of `/v1/items` were read (#0, #1 and #2), each next one by the `Link` with `rel="next"` of the one '
        "before; the last one names no next: the list is complete." in text
    )


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ([], "#1 names a next one, which was not asked for."),
        ([call("GET", "/items?c=c", 2, 500)], "#1 names a next one, which did not come."),
    ],
)
def test_pages_that_end_early(after: list[Exchange], says: str):
    _, text = story(
        linked("/items?c=a", 0, '</v1/items?c=b>; rel="next"'),
        linked("/items?c=b", 1, '</v1/items?c=c>; rel="next"'),
        *after,
        *(call("GET", f"/x{n}", 5 + n) for n in range(3)),
    )
    assert says in text


def test_pages_in_a_circle():
    told, _ = story(
        linked("/items?c=a", 0, '</v1/items?c=b>; rel="next"'), linked("/items?c=b", 1, '</v1/items?c=a>; rel="next"')
    )
    (found,) = told.annotations
    assert found.rule == "api/pages-in-a-circle"
    assert "in #1 names the page of #0, which came before it, as its next one" in found.detail
    told, _ = story(linked("/items?c=a", 0, '<?c=a>; rel="next"'))
    assert "in #0 names itself as its next one" in told.annotations[0].detail


@pytest.mark.parametrize("value", ["", "<", '</a>; rel="preload"', "</a>; rel=next; anchor=/b", "<//[>; rel=next"])
def test_links_that_lead_to_no_next_page(value: str):
    assert stories(call("GET", "/items", 0, Link=value), call("GET", "/a", 1)) == []


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ((1, 2, 4, 5), "; left out between them: 3."),
        ((0, 20, 60, 80), "; left out between them: 40."),
        ((1, 2, 3), "(#0, #1 and #2)."),
        ((1, 5, 50), "(#0, #1 and #2)."),
        ((1, 2, 3, 100), "left out between them: 4, 5, 6, 7 and 8 and more."),
    ],
)
def test_pages_that_were_left_out(numbers: tuple[int, ...], says: str):
    _, text = story(*(call("GET", f"/items?page={n}&q=x", at) for at, n in enumerate(numbers)))
    assert f"{len(numbers)} pages of `/v1/items` were followed" in text
    assert says in text


def test_another_content_is_no_retry_and_what_was_too_much_was_not_done():
    """A hundred guesses at a password that end in 429, and GraphQL, which posts everything to one address."""
    guesses = [call("POST", "/login", n, 429, f'{{"password": "guess{n}"}}') for n in range(3)]
    asked = [call("POST", "/graphql", 5 + n, 503, f'{{"query": "{{ item{n} }}"}}') for n in range(2)]
    assert "was tried" not in "".join(story(*guesses, *asked)[1])
    _, text = story(*(call("POST", "/pay", n * 0.2, 429, '{"a": 1}') for n in range(3)))
    assert "was tried 3 times" in text
    assert "not idempotent" not in text
