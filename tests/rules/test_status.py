"""What is said of each status, with the values of the exchange."""

from __future__ import annotations

import re

import pytest

from inspector.browser.net_errors import known_errors, net_error
from inspector.browser.refused import _CODES
from inspector.engine import INTERNAL_ERROR, Engine, Options
from inspector.exchange import Recorder
from inspector.fields.statuses import REGISTERED, VENDOR
from inspector.report import Annotation, Severity
from inspector.rules.example import RECORDER, parse_example
from tests.conftest import needs_real_captures, real_captures

WIRE = Recorder(kind="proxy", creator="example", vantage="proxy", cookies_recorded=True)


def told(text: str, recorder: Recorder = RECORDER, only: str = "status") -> list[Annotation]:
    engine = Engine(Options(only=frozenset(only.split(","))))
    reports = [engine.observe(exchange) for exchange in parse_example(text, recorder)]
    return list(reports[-1].annotations)


def one(text: str, rule: str, recorder: Recorder = RECORDER, only: str = "status") -> Annotation:
    (found,) = [a for a in told(text, recorder, only) if a.rule == rule]
    return found


def explained(request: str, response: str) -> Annotation:
    return one(f"{request}\n\n{response}\n", "status/explained")


GET = "GET https://shop.test/a HTTP/2"


@pytest.mark.parametrize("code", sorted(REGISTERED | VENDOR))
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_code_is_explained_by_name_with_its_section(code, method):
    said = explained(f"{method} https://shop.test/a HTTP/2", f"HTTP/2 {code}")
    known = REGISTERED.get(code) or VENDOR[code]
    assert str(code) in said.title
    assert known.name in said.title
    assert said.severity is Severity.INFO
    assert known.reference in said.references
    assert not re.search(r"(?<!-)\bNone\b", said.title + said.detail)
    assert said.detail.rstrip().endswith((".", ")"))


@pytest.mark.parametrize(
    ("request_", "response", "title", "words"),
    [
        # 304
        (f'{GET}\nIf-None-Match: "v1"', 'HTTP/2 304\nETag: "v1"', "still good", ['`If-None-Match: "v1"`']),
        (
            f"{GET}\nIf-Modified-Since: Sun, 01 Mar 2026 00:00:00 GMT",
            "HTTP/2 304",
            "still good",
            ["If-Modified-Since: Sun, 01 Mar 2026 00:00:00 GMT"],
        ),
        (GET, "HTTP/2 304", "still good", ["shows neither"]),
        # 206 and 416
        (
            f"{GET}\nRange: bytes=0-1023",
            "HTTP/2 206\nContent-Range: bytes 0-1023/146515",
            "bytes 0–1023 of 146515",
            ["bytes 0–1023 of 146515: the first 0.7 %"],
        ),
        (f"{GET}\nRange: bytes=-100", "HTTP/2 206\nContent-Range: bytes 900-999/1000", "of 1000", ["the last 10 %"]),
        (f"{GET}\nRange: bytes=0-", "HTTP/2 206\nContent-Range: bytes 0-999/1000", "of 1000", ["the whole of it"]),
        (f"{GET}\nRange: bytes=0-9", "HTTP/2 206\nContent-Range: bytes 0-9/*", "bytes 0–9", ["unknown total"]),
        (f"{GET}\nRange: bytes=5000-", "HTTP/2 416\nContent-Range: bytes */1000", "outside", ["1,000 bytes", "999"]),
        # redirects
        (GET, "HTTP/2 301\nLocation: /b", "for good, to `/b`", ["GET again", "No field limits"]),
        (GET, "HTTP/2 302\nLocation: https://other.test/b", "for now, to `https://other.test/b`", ["not remembered"]),
        (
            "POST https://shop.test/a HTTP/2",
            "HTTP/2 302\nLocation: /b",
            "/b",
            ["GET instead of POST", "content is dropped", "`307` would keep both"],
        ),
        ("POST https://shop.test/a HTTP/2", "HTTP/2 303\nLocation: /b", "/b", ["GET instead of POST", "`303` means"]),
        ("POST https://shop.test/a HTTP/2", "HTTP/2 307\nLocation: /b", "/b", ["POST again, the content included"]),
        ("PUT https://shop.test/a HTTP/2", "HTTP/2 301\nLocation: /b", "/b", ["PUT again, the content included"]),
        ("DELETE https://shop.test/a HTTP/2", "HTTP/2 308\nLocation: /b", "/b", ["DELETE again"]),
        (
            "GET http://shop.test/a HTTP/1.1",
            "HTTP/1.1 307 Internal Redirect\nLocation: https://shop.test/a\nNon-Authoritative-Reason: HSTS",
            "by the browser itself",
            ["No server sent this", "Strict-Transport-Security"],
        ),
        # 401, 403, 407
        (
            GET,
            'HTTP/2 401\nWWW-Authenticate: Basic realm="orders"',
            "credentials are missing",
            ["carried no credentials", "`Basic`", "realm `orders`"],
        ),
        (
            f"{GET}\nAuthorization: Bearer abc123def456",
            'HTTP/2 401\nWWW-Authenticate: Bearer error="invalid_token"',
            "not accepted",
            ["`Authorization: Bearer …`", "`invalid_token`"],
        ),
        (GET, "HTTP/2 403", "refused", ["`401` would ask"]),
        (GET, "HTTP/2 407\nProxy-Authenticate: Basic", "proxy wants", ["origin server never saw it"]),
        # 404, 405, 410
        ("GET https://shop.test/favicon.ico HTTP/2", "HTTP/2 404", "nothing", ["icon by themselves"]),
        ("POST https://shop.test/a HTTP/2", "HTTP/2 405\nAllow: GET, HEAD", "not POST", ["supports `GET` and `HEAD`"]),
        (
            "POST https://shop.test/a HTTP/2",
            "HTTP/2 405\nAllow: GET, POST",
            "listed as allowed",
            ["One of the two is wrong"],
        ),
        ("patch https://shop.test/a HTTP/2", "HTTP/2 405\nAllow: GET, PATCH", "not patch", ["`patch` is not `PATCH`"]),
        # when to ask again
        (
            GET,
            "HTTP/2 429\nRetry-After: 120",
            "ask again in 2 minutes",
            ["in 2 minutes, at 12:02:00 UTC"],
        ),
        (GET, "HTTP/2 503\nRetry-After: Sun, 01 Mar 2026 13:00:00 GMT", "in 1 hour", ["at 13:00:00 UTC"]),
        (GET, "HTTP/2 503\nRetry-After: Sun, 01 Mar 2020 13:00:00 GMT", "at once", ["has passed"]),
        (GET, "HTTP/2 429\nX-RateLimit-Reset: 1772366430", "resets at 12:00:30 UTC", ["no `Retry-After`"]),
        # gateways
        (
            GET,
            "HTTP/2 502\nServer: cloudflare\nCF-Ray: 8f1c2d3e-FRA",
            "no valid answer",
            ["Cloudflare passed the request on"],
        ),
        (
            GET,
            "HTTP/2 504\nProxy-Status: edge.test; error=connection_timeout",
            "in time",
            ["connection_timeout", "not made in time"],
        ),
        (GET, "HTTP/2 502\nVia: 1.1 edge7", "no valid answer", ["`edge7`"]),
        # others
        ("POST https://shop.test/a HTTP/2", "HTTP/2 201\nLocation: /a/7", "`/a/7`", ["do not go there by themselves"]),
        (f"{GET}\nUpgrade: foo", "HTTP/2 101\nUpgrade: websocket", "to WebSocket", ["in both directions"]),
        (f'{GET}\nIf-Match: "v1"', "HTTP/2 412", "condition", ['`If-Match: "v1"`']),
        (GET, "HTTP/2 426\nUpgrade: websocket", "wants `websocket`", ["WebSocket endpoint"]),
        (f"{GET}\nCookie: a={'x' * 9000}", "HTTP/2 431", "too large", ["`Cookie`", "9.0 kB"]),
        (GET, 'HTTP/2 451\nLink: <https://court.test>; rel="blocked-by"', "legal demand", ["who enforces it"]),
        ("HEAD https://shop.test/a HTTP/2", "HTTP/2 200", "fields without the content", ["never has content"]),
    ],
)
def test_texts_hold_this_exchanges_values(request_, response, title, words):
    said = explained(request_, response)
    assert title in said.title
    for word in words:
        assert word in said.detail


def test_unknown_codes_fall_back_to_their_class():
    assert "`400`" in explained(GET, "HTTP/2 475").detail
    assert "lies outside" in explained(GET, "HTTP/2 799").detail
    assert [a.severity for a in told(f"{GET}\n\nHTTP/2 799\n") if a.rule == "status/unknown-code"] == [Severity.WARNING]


def test_a_response_from_the_cache_says_so():
    said = explained(f"# from: disk-cache\n{GET}", "HTTP/2 200\nContent-Type: image/png")
    assert "no server was asked" in said.detail
    assert "`image/png`" in said.detail


def test_secrets_in_a_redirect_are_masked():
    said = explained(GET, "HTTP/2 302\nLocation: https://other.test/cb?code=4f9a8b7c6d5e&x=1")
    assert "4f9a8b7c6d5e" not in str(said)
    assert "[masked" in said.detail


@pytest.mark.parametrize(
    ("error", "title", "severity"),
    [
        ("net::ERR_NAME_NOT_RESOLVED", "does not resolve", Severity.ERROR),
        ("net::ERR_CONNECTION_REFUSED", "nothing listens", Severity.ERROR),
        ("net::ERR_CERT_DATE_INVALID", "expired", Severity.ERROR),
        ("net::ERR_ABORTED", "cancelled", Severity.INFO),
        ("net::ERR_BLOCKED_BY_CLIENT", "blocked inside the browser", Severity.NOTE),
        ("net::ERR_FAILED", "network error", Severity.WARNING),
        ("net::ERR_SOMETHING_NEW", "No response", Severity.WARNING),
        ("NS_BINDING_ABORTED", "cancelled", Severity.INFO),
        ("NS_ERROR_UNKNOWN_HOST", "does not resolve", Severity.ERROR),
        ("[Errno 111] Connect call failed", "nothing listens", Severity.ERROR),
        (
            "The client does not trust the proxy's certificate for shop.test (sslv3 alert)",
            "does not trust the proxy",
            Severity.ERROR,
        ),
        ("Certificate verify failed: hostname mismatch", "for another name", Severity.ERROR),
        ("server closed connection", "closed", Severity.ERROR),
        ("no response (recorded as status 0)", "No response recorded", Severity.NOTE),
        ("gremlins", "No response", Severity.WARNING),
    ],
)
def test_failures(error, title, severity):
    said = one(f"# error: {error}\n{GET}\n", "status/no-response")
    assert title in said.title
    assert said.severity is severity
    assert "{host}" not in said.detail


def test_the_host_and_port_stand_in_the_text():
    said = one("# error: net::ERR_CONNECTION_REFUSED\nGET http://shop.test:8081/ HTTP/1.1\n", "status/no-response")
    assert "`shop.test`" in said.detail
    assert "8081" in said.detail


def test_a_cached_entry_without_a_status_is_no_failure():
    said = one(f"# from: memory-cache\n{GET}\n", "status/no-response")
    assert said.severity is Severity.INFO


def test_every_known_error_has_words():
    assert len(known_errors()) > 60
    for name in known_errors():
        found, meaning = net_error(f"net::ERR_{name}", "")
        assert found == name
        assert meaning is not None
        assert meaning.outcome
        assert meaning.says.endswith(".")


def rules(text: str, recorder: Recorder = RECORDER) -> set[str]:
    return {a.rule for a in told(text, recorder)} - {"status/explained"}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("HTTP/2 302\nServer: x", {"status/missing-location"}),
        ("HTTP/2 302\nLocation: /", set()),
        ("HTTP/2 302", set()),  # a recording without any response fields proves nothing
        ("HTTP/2 300\nServer: x", set()),
        ("HTTP/2 401\nServer: x", {"status/401-no-challenge"}),
        ("HTTP/2 401\nWWW-Authenticate: ,", {"status/401-no-challenge"}),
        ("HTTP/2 401\nWWW-Authenticate: Negotiate", set()),
        ("HTTP/2 405\nAllow:", set()),
        ("HTTP/2 405\nServer: x", {"status/405-no-allow"}),
        ("HTTP/2 206\nServer: x", {"status/416-206-content-range"}),
        ("HTTP/2 206\nContent-Range: bytes 5-4/10", {"status/416-206-content-range"}),
        ("HTTP/2 206\nContent-Type: multipart/byteranges; boundary=x", set()),
        ("HTTP/2 416\nServer: x", {"status/416-206-content-range"}),
        ("HTTP/2 416\nContent-Range: bytes */10", set()),
        ("HTTP/2 429\nServer: x", {"status/429-503-no-retry-after"}),
        ("HTTP/2 429\nX-RateLimit-Reset: 60", set()),
        ("HTTP/2 429\nRetry-After: soon", {"status/429-503-no-retry-after"}),
        ("HTTP/2 503\nRetry-After: 5", {"status/5xx-explained"}),
        ("HTTP/2 204\nContent-Length: 5", {"status/body-forbidden"}),
        ("HTTP/2 204\nContent-Length: 0", set()),
        ("HTTP/2 304\nContent-Length: 5", set()),
        ("HTTP/2 525\nServer: cloudflare", {"status/5xx-explained"}),
        ("HTTP/2 475\nServer: x", {"status/unknown-code"}),
    ],
)
def test_defects(response, expected):
    assert rules(f"{GET}\n\n{response}\n") == expected


@pytest.mark.parametrize(
    ("content", "severity"),
    [
        ('{"error": "gone"}', Severity.NOTE),
        ('{"errors": [{"message": "x"}], "data": {"a": null}}', Severity.INFO),
        ('{"errors": ["x"]}', Severity.NOTE),
        ('{"jsonrpc": "2.0", "error": {"code": 1}}', Severity.INFO),
        ('{"success": false}', Severity.NOTE),
        ('{"status": 404}', Severity.NOTE),
        ('{"status": "active"}', None),
        ('{"status": 200}', None),
        ('{"error": null}', None),
        ('{"errors": []}', None),
        ('{"success": true}', None),
        ('{"error": ', None),
        ('[{"error": 1}]', None),
        ('"error"', None),
    ],
)
def test_errors_inside_a_success(content, severity):
    found = [
        a.severity
        for a in told(f"{GET}\n\nHTTP/2 200\nContent-Type: application/problem+json\n\n{content}\n")
        if a.rule == "status/error-in-200"
    ]
    assert found == ([severity] if severity else [])


def test_content_after_a_204_on_the_wire_and_a_304_in_a_browser():
    text = f"{GET}\n\nHTTP/2 204\n\nsurplus\n"
    assert "status/body-forbidden" in rules(text, WIRE)
    assert "status/body-forbidden" not in rules(f"{GET}\n\nHTTP/2 304\n\nstored copy\n")


def test_a_401_to_script_without_a_challenge_is_information():
    said = one(f"# type: fetch\n{GET}\n\nHTTP/2 401\nServer: x\n", "status/401-no-challenge")
    assert said.severity is Severity.INFO


def test_304_without_a_condition_on_the_wire():
    text = f"{GET}\nUser-Agent: Mozilla/5.0\n\nHTTP/2 304\n"
    assert "status/304-unsolicited" in rules(text, WIRE)
    assert "status/304-unsolicited" not in rules(text), "browsers hide the conditional fields"


@pytest.mark.parametrize(
    ("response", "words"),
    [
        ("HTTP/2 522\nServer: cloudflare\nCF-Ray: 8f1c2d3e-FRA", "origin server behind it"),
        ("HTTP/2 502\nServer: nginx", "made by a gateway; by its fields that is nginx"),
        ("HTTP/2 500\nServer: gunicorn", "comes from `gunicorn`"),
        ("HTTP/2 500", "does not show who made it"),
        ("HTTP/2 500\nX-Amz-Cf-Id: abc", "came through Amazon CloudFront"),
        ("HTTP/2 502\nServer: mitmproxy 12.2.3", "recording proxy itself"),
    ],
)
def test_who_made_an_error(response, words):
    assert words in one(f"{GET}\n\n{response}\n", "status/5xx-explained").detail


@needs_real_captures
def test_real_captures_have_every_status_explained_and_few_complaints():
    from inspector.capture import open_capture

    responses = explained_ = graver = 0
    for path in real_captures():
        engine = Engine(Options(only=frozenset({"status", "method", "redirect", "protocol", "client", "websocket"})))
        for exchange in open_capture(path).exchanges():
            report = engine.observe(exchange)
            names = [a.rule for a in report.annotations]
            assert INTERNAL_ERROR not in names
            responses += report.status is not None
            explained_ += "status/explained" in names
            graver += sum(a.severity is not Severity.INFO for a in report.annotations)
        engine.finish()
    assert explained_ == responses > 4000
    assert graver < responses / 30


def everything(text: str) -> list[Annotation]:
    engine = Engine()
    return list([engine.observe(exchange) for exchange in parse_example(text)][-1].annotations)


@pytest.mark.parametrize("error", [*(code for code in _CODES if code.startswith("ERR_")), "ERR_FAILED"])
def test_a_refused_request_is_explained_once(error):
    text = f"# type: fetch\n# page: https://shop.test/\n# error: net::{error}\nGET https://api.test/x HTTP/?\n"
    told = [a.rule for a in everything(text) if a.severity.rank < Severity.INFO.rank]
    assert len(told) == 1, told


def test_a_request_its_preflight_refused_is_explained_by_that_alone():
    text = """\
OPTIONS https://api.test/x HTTP/2
Origin: https://shop.test
Access-Control-Request-Method: PUT

HTTP/2 204
Access-Control-Allow-Origin: https://shop.test

---
# type: fetch
# page: https://shop.test/
# error: net::ERR_FAILED
PUT https://api.test/x HTTP/?
"""
    assert [a.rule for a in everything(text) if a.severity.rank < Severity.INFO.rank] == ["cors/preflight-failed"]


def test_a_traceback_shows_that_the_application_answered():
    trace = "Traceback (most recent call last):\n  File \"/srv/a.py\", line 1, in f\nKeyError: 'x'"
    found = one(f"{GET}\n\nHTTP/2 500\nContent-Type: text/plain\n\n{trace}\n", "status/5xx-explained")
    assert found.detail.startswith("The application made this response: its content shows")
    found = one(f"{GET}\n\nHTTP/2 500\nContent-Type: text/plain\n\nsorry\n", "status/5xx-explained")
    assert "does not show who made it" in found.detail
