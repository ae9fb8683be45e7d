"""CORS verdicts on whole exchanges: whether the protocol applies, how sure the verdict is, and pairs with preflights."""

import msgspec
import pytest

from inspector.engine import Engine
from inspector.exchange import Body, Recorder
from inspector.rules.example import parse_example

CHROME = Recorder("har", "WebInspector 537.36", vantage="browser", cookies_recorded=False, preflights_recorded=True)


def verdicts(text, recorder=None):
    engine = Engine()
    found = []
    for exchange in parse_example(text):
        if recorder is not None:
            exchange = msgspec.structs.replace(
                exchange, context=msgspec.structs.replace(exchange.context, recorder=recorder)
            )
        found.append(engine.observe(exchange).verdicts.cors)
    return found


def verdict(text, recorder=None):
    return verdicts(text, recorder)[-1]


def get(
    *request, response=("Access-Control-Allow-Origin: *",), line="GET https://api.test/x HTTP/2", status=200, head=""
):
    sent = "\n".join((head + line if not head else f"{head}\n{line}", *request))
    return f"{sent}\n\nHTTP/2 {status}\n" + "\n".join(response) + "\n"


ORIGIN = "Origin: https://shop.test"
CORS = "Sec-Fetch-Mode: cors"


@pytest.mark.parametrize(
    "text",
    [
        get(),
        get("Origin: https://api.test"),
        get(ORIGIN, "Sec-Fetch-Mode: navigate", response=()),
        get(ORIGIN, "Sec-Fetch-Mode: no-cors", response=()),
        get(ORIGIN, "Sec-Fetch-Mode: websocket", "Upgrade: websocket", response=(), status=101),
        get(ORIGIN, CORS, "Sec-Fetch-Site: same-origin", response=()),
        get(ORIGIN, "Upgrade: websocket", response=(), status=101),
        get(ORIGIN, line="GET wss://api.test/x HTTP/1.1", response=(), status=101),
        get(ORIGIN, "Accept: text/html,*/*", line="POST https://api.test/x HTTP/2", response=()),
        get("Origin: null", "Upgrade-Insecure-Requests: 1", response=()),
        get(ORIGIN, response=(), head="# type: document"),
        get(ORIGIN, CORS, response=(), head="# from: service-worker"),
        get(line="OPTIONS https://api.test/x HTTP/2"),
        get(ORIGIN, line="CONNECT https://api.test:443 HTTP/1.1", response=()),
    ],
)
def test_cors_plays_no_part(text):
    assert verdict(text) is None


@pytest.mark.parametrize(
    ("text", "outcome", "code"),
    [
        (get(ORIGIN, CORS, response=()), "blocked", "MissingAllowOriginHeader"),
        (get(ORIGIN, response=()), "blocked", "MissingAllowOriginHeader"),
        (get(ORIGIN, line="DELETE https://api.test/x HTTP/2", response=()), "blocked", "MissingAllowOriginHeader"),
        (get(ORIGIN, line="POST https://api.test/x HTTP/2", response=()), "depends", "MissingAllowOriginHeader"),
        (
            get(ORIGIN, "Content-Type: application/json", line="POST https://api.test/x HTTP/2", response=()),
            "blocked",
            "MissingAllowOriginHeader",
        ),
        (
            get(ORIGIN, line="POST https://api.test/x HTTP/2", response=(), head="# type: xhr"),
            "blocked",
            "MissingAllowOriginHeader",
        ),
        (get("Origin: chrome-extension://abc", CORS, response=()), "depends", "MissingAllowOriginHeader"),
        (get(CORS, "Sec-Fetch-Site: cross-site", response=()), "blocked", "MissingAllowOriginHeader"),
        (get(ORIGIN, "Sec-Fetch-Mode: same-origin", "Sec-Fetch-Site: cross-site"), "blocked", "DisallowedByMode"),
        (get(ORIGIN, CORS), "depends", "WildcardOriginNotAllowed"),
        (get(ORIGIN, CORS, "Cookie: a=b"), "blocked", "WildcardOriginNotAllowed"),
        (get(ORIGIN, CORS, "Sec-Fetch-Storage-Access: none"), "blocked", "WildcardOriginNotAllowed"),
        (get(ORIGIN, CORS, "Authorization: Bearer x"), "depends", "WildcardOriginNotAllowed"),
        (get(ORIGIN, CORS, "Sec-Fetch-Dest: font"), "allowed", None),
        (get(ORIGIN, response=("Access-Control-Allow-Origin: *",), head="# type: font"), "allowed", None),
        (get(ORIGIN, CORS, "Sec-Fetch-Site: cross-site", "User-Agent: Chrome/140.0.0.0"), "allowed", None),
        (
            get(ORIGIN, CORS, "Sec-Fetch-Site: cross-site", "User-Agent: Chrome/132.0.0.0"),
            "depends",
            "WildcardOriginNotAllowed",
        ),
        (
            get(ORIGIN, CORS, "Sec-Fetch-Site: same-site", "User-Agent: Chrome/140.0.0.0"),
            "depends",
            "WildcardOriginNotAllowed",
        ),
        (get(ORIGIN, CORS, response=(), status=304), "unknown", None),
        (
            get("Origin: null", CORS, "Sec-Fetch-Dest: font", response=("Access-Control-Allow-Origin: null",)),
            "allowed",
            None,
        ),
    ],
)
def test_how_sure(text, outcome, code):
    found = verdict(text)
    assert (found.outcome, found.code) == (outcome, code)
    assert (found.condition is not None) == (outcome == "depends")
    assert found.steps


def test_chromes_own_recording_settles_what_only_credentials_decide():
    delivered = get(ORIGIN, CORS) + '\n{"ok": true}\n'
    assert verdict(delivered, CHROME).outcome == "allowed"
    refused = get(ORIGIN, CORS, head="# error: net::ERR_FAILED")
    assert (verdict(refused, CHROME).outcome, verdict(refused, CHROME).code) == ("blocked", "WildcardOriginNotAllowed")
    assert verdict(delivered).outcome == "depends"


def test_a_304_is_judged_by_the_stored_fields():
    first = get(ORIGIN, CORS, "Sec-Fetch-Dest: font", response=("ETag: x", "Access-Control-Allow-Origin: *"))
    hidden = get(ORIGIN, CORS, "Sec-Fetch-Dest: font", response=("ETag: x",))
    again = get(ORIGIN, CORS, "Sec-Fetch-Dest: font", "If-None-Match: x", response=(), status=304)
    assert verdicts(first + "---\n" + again)[1].outcome == "allowed"
    assert verdicts(hidden + "---\n" + again)[1].code == "MissingAllowOriginHeader"


def test_a_304_updates_the_stored_fields_one_by_one():
    both = ("ETag: x", "Access-Control-Allow-Origin: *", "Access-Control-Allow-Credentials: true")
    first = get(ORIGIN, CORS, "Cookie: a=b", response=both)
    named = "Access-Control-Allow-Origin: https://shop.test"
    again = get(ORIGIN, CORS, "Cookie: a=b", "If-None-Match: x", response=(named,), status=304)
    assert [found.outcome for found in verdicts(first + "---\n" + again)] == ["blocked", "allowed"]
    assert verdict(again).outcome == "unknown"


def test_a_304_is_judged_by_a_copy_that_was_fetched_without_cors():
    image = get("Sec-Fetch-Mode: no-cors", "Sec-Fetch-Site: cross-site", response=("ETag: x",))
    again = get(ORIGIN, CORS, "Accept-Encoding: gzip", "If-None-Match: x", response=(), status=304)
    assert verdicts(image + "---\n" + again)[1].code == "MissingAllowOriginHeader"


def test_a_304_nobody_asked_for_stands_for_itself():
    text = get(ORIGIN, CORS, "Accept-Encoding: gzip", response=(), status=304)
    assert (verdict(text).outcome, verdict(text).code) == ("blocked", "MissingAllowOriginHeader")


def test_a_304_to_the_pages_own_condition_stands_for_itself():
    preflight = (
        PREFLIGHT.format(status=204, methods="GET", more="").replace("PUT", "GET").replace("x-a", "if-none-match")
    )
    own = get(ORIGIN, CORS, "Accept-Encoding: gzip", "If-None-Match: x", response=(), status=304)
    copy = get(ORIGIN, CORS, "Sec-Fetch-Dest: font", response=("ETag: x", "Access-Control-Allow-Origin: *"))
    found = verdicts(copy + "---\n" + preflight + "---\n" + own)[2]
    assert (found.outcome, found.code) == ("blocked", "MissingAllowOriginHeader")


@pytest.mark.parametrize(("origin", "outcome"), [("Origin: https://shop.test\n", "blocked"), ("", None)])
def test_an_element_with_crossorigin_is_refused_a_copy_that_permits_nobody(origin, outcome):
    stored = """\
# at: 2026-03-01T12:00:00Z
# type: image
# page: https://shop.test/
GET https://cdn.test/x HTTP/2
Sec-Fetch-Mode: no-cors
Sec-Fetch-Site: cross-site

HTTP/2 200
Cache-Control: max-age=600
---
# at: 2026-03-01T12:00:01Z
# type: image
# error: net::ERR_FAILED
# page: https://shop.test/
GET https://cdn.test/x HTTP/?
"""
    found = verdicts(stored + origin, CHROME)[1]
    assert (found and found.outcome) == outcome


@pytest.mark.parametrize(
    ("kind", "error", "field", "outcome"),
    [
        ("fetch", "# error: net::ERR_FAILED", "Referer:", "unknown"),
        ("fetch", "# error: net::ERR_FAILED", "Origin: https://shop.test", "unknown"),
        ("fetch", "# error: net::ERR_BLOCKED_BY_CLIENT", "Referer:", None),
        ("fetch", "# error: net::ERR_CONNECTION_RESET", "Referer:", None),
        ("script", "# error: net::ERR_FAILED", "Origin: https://shop.test", "unknown"),
        ("script", "# error: net::ERR_FAILED", "Referer:", None),
        ("beacon", "# error: net::ERR_FAILED", "Origin: https://shop.test", None),
    ],
)
def test_what_left_no_trace_is_unknown(kind, error, field, outcome):
    text = f"""\
# type: {kind}
{error}
# page: https://shop.test/
GET https://api.test/x HTTP/?
{field}
"""
    found = verdict(text, CHROME)
    assert (found and found.outcome) == outcome


def test_a_script_redirected_to_a_socket_is_refused():
    text = """\
# type: {}
# error: net::ERR_FAILED
# page: https://shop.test/
GET wss://api.test/x HTTP/?
"""
    found = verdict(text.format("fetch"))
    assert (found.outcome, found.code) == ("blocked", "CorsDisabledScheme")
    assert verdict(text.format("websocket")) is None


PREFLIGHT = """\
OPTIONS https://api.test/x HTTP/2
Origin: https://shop.test
Access-Control-Request-Method: PUT
Access-Control-Request-Headers: x-a

HTTP/2 {status}
Access-Control-Allow-Origin: https://shop.test
Access-Control-Allow-Credentials: true
Access-Control-Allow-Methods: {methods}
Access-Control-Allow-Headers: X-A
{more}
"""
PUT = """\
PUT https://api.test/x HTTP/2
Origin: https://shop.test
X-A: 1

HTTP/2 200
Access-Control-Allow-Origin: https://shop.test
Access-Control-Allow-Credentials: true
"""
NEVER_SENT = """\
# type: fetch
# page: https://shop.test/
{error}PUT https://api.test/x HTTP/?
X-A: 1
"""


def preflight(status=204, methods="PUT", more="X: y"):
    return PREFLIGHT.format(status=status, methods=methods, more=more)


def test_request_and_preflight_are_paired():
    first, second = verdicts(preflight() + "---\n" + PUT)
    assert first.is_preflight
    assert first.outcome == "allowed"
    assert first.preflight.because == ("method PUT", "field x-a")
    assert second.outcome == "allowed"
    assert (second.preflight.needed, second.preflight.exchange) == (True, 0)


@pytest.mark.parametrize("error", ["# error: net::ERR_FAILED\n", ""])
def test_a_failed_preflight_is_its_requests_verdict(error):
    first, second = verdicts(preflight(methods="GET") + "---\n" + NEVER_SENT.format(error=error))
    assert (first.outcome, first.code, first.parameter) == ("blocked", "MethodDisallowedByPreflightResponse", "PUT")
    assert (second.outcome, second.code, second.parameter) == ("blocked", "MethodDisallowedByPreflightResponse", "PUT")
    assert second.preflight.exchange == 0


def test_another_failure_is_not_the_preflights():
    _, second = verdicts(preflight() + "---\n" + NEVER_SENT.format(error="# error: net::ERR_CONNECTION_RESET\n"))
    assert second.outcome == "unknown"


def test_a_preflight_after_its_request_is_told_by_itself():
    first, second = verdicts(NEVER_SENT.format(error="# error: net::ERR_FAILED\n") + "---\n" + preflight(methods="GET"))
    assert first.outcome == "unknown"
    assert second.code == "MethodDisallowedByPreflightResponse"


def test_a_preflight_is_remembered_for_as_long_as_it_says():
    found = verdicts(f"{preflight(more='Access-Control-Max-Age: 60')}---\n{PUT}---\n{PUT}")
    assert found[2].preflight.exchange == 0
    found = verdicts(f"{preflight(more='Access-Control-Max-Age: 0')}---\n{PUT}---\n{PUT}")
    assert found[2].preflight.exchange is None
    assert found[2].preflight.needed


def test_a_simple_request_is_not_paired_with_a_remembered_preflight():
    text = f"{preflight(more='Access-Control-Max-Age: 60')}---\n{PUT}---\n{get(ORIGIN, CORS)}"
    assert verdicts(text)[2].preflight.needed is False


def test_a_preflight_makes_the_mode_sure():
    post = get(ORIGIN, line="POST https://api.test/x HTTP/2", response=())
    asks = (
        preflight()
        .replace("Request-Method: PUT", "Request-Method: POST")
        .replace("Access-Control-Request-Headers: x-a\n", "")
    )
    first, second = verdicts(asks + "---\n" + post)
    assert first.preflight.because == ("upload progress is listened to, or the content is streamed",)
    assert second.outcome == "blocked"


def test_preflight_that_only_fails_with_credentials():
    asks = preflight().replace("Access-Control-Allow-Credentials: true\n", "")
    first, second = verdicts(asks + "---\n" + NEVER_SENT.format(error="# error: net::ERR_FAILED\n"))
    assert (first.outcome, first.code) == ("depends", "PreflightInvalidAllowCredentials")
    assert (second.outcome, second.code) == ("blocked", "PreflightInvalidAllowCredentials")


def test_memory_is_bounded():
    engine = Engine()
    for number in range(2100):
        for exchange in parse_example(preflight().replace("/x", f"/{number}")):
            engine.observe(exchange)
    assert len(engine.session.preflights._asked) == 2000


def test_redirect_with_password_does_not_show_it():
    text = get(
        ORIGIN, CORS, response=("Access-Control-Allow-Origin: *", "Location: https://u:hunter22@b.test/"), status=302
    )
    found = verdict(text)
    assert (found.outcome, found.code) == ("blocked", "RedirectContainsCredentials")
    assert "hunter22" not in msgspec.json.encode(found).decode()


def test_bodies_do_not_matter_to_other_recorders():
    [exchange] = parse_example(get(ORIGIN, CORS))
    exchange = msgspec.structs.replace(
        exchange, response=msgspec.structs.replace(exchange.response, body=Body("full", 3, 3))
    )
    assert Engine().observe(exchange).verdicts.cors.outcome == "depends"


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("accept,authorization,content-type", "authorization"),
        ("content-type,x-csrf-token", "x-csrf-token"),
        ("authorization,content-type", "authorization"),
        ("content-type", "content-type"),
    ],
)
def test_of_several_refused_fields_the_likely_first_is_named(asked, named):
    """A preflight lists fields sorted, and Chromium looks at them in another order, which the request shows."""
    preflight = get(
        ORIGIN,
        "Access-Control-Request-Method: POST",
        f"Access-Control-Request-Headers: {asked}",
        line="OPTIONS https://api.test/x HTTP/2",
        response=("Access-Control-Allow-Origin: *",),
    )
    found = verdict(preflight)
    assert (found.outcome, found.code) == ("blocked", "HeaderDisallowedByPreflightResponse")
    assert found.parameter == named
    assert [step.check for step in found.steps if step.result == "fail"] == [
        f"`Access-Control-Allow-Headers` has `{named}`"
    ]


def test_an_authorization_that_the_exporter_removed_was_looked_at_first():
    preflight = get(
        ORIGIN,
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization,x-a",
        line="OPTIONS https://api.test/x HTTP/2",
    )
    refused = "# type: fetch\n# error: net::ERR_FAILED\nPOST https://api.test/x HTTP/2\nX-A: 1\n"
    found = verdict(f"{preflight}---\n{refused}", CHROME)
    assert (found.outcome, found.parameter) == ("blocked", "authorization")


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ("https://shop.test", "LocalNetworkAccessPermissionDenied"),
        ("http://localhost:3000", "LocalNetworkAccessPermissionDenied"),
        ("http://shop.test", "InsecureLocalNetwork"),
    ],
)
def test_a_preflight_that_was_not_let_out_to_the_local_network(page, code):
    text = f"""\
# type: preflight
# error: net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS
OPTIONS https://nas.test/x HTTP/?
Origin: {page}
Access-Control-Request-Method: PUT
---
# type: fetch
# error: net::ERR_FAILED
# page: {page}/
PUT https://nas.test/x HTTP/?
"""
    assert [(found.outcome, found.code) for found in verdicts(text, CHROME)] == [("blocked", code)] * 2


def test_of_several_fields_that_credentials_forbid_the_requests_first_is_named():
    text = """\
# type: preflight
OPTIONS https://api.test/x HTTP/2
Origin: https://shop.test
Access-Control-Request-Method: POST
Access-Control-Request-Headers: authorization,content-type,x-id
User-Agent: Chrome/150.0.0.0

HTTP/2 204
Access-Control-Allow-Origin: https://shop.test
Access-Control-Allow-Credentials: true
Access-Control-Allow-Headers: *
---
# type: fetch
# error: net::ERR_FAILED
# page: https://shop.test/
POST https://api.test/x HTTP/?
X-Id: 1
Authorization: Bearer x
Content-Type: application/json
"""
    found = verdicts(text, CHROME)[1]
    assert (found.code, found.parameter) == ("HeaderDisallowedByPreflightResponse", "x-id")


@pytest.mark.parametrize(("recorded", "outcome"), [("X-B: 1", "unknown"), ("User-Agent: x", "blocked")])
def test_a_request_is_not_judged_by_the_preflight_for_other_fields(recorded, outcome):
    text = f"""\
# type: preflight
OPTIONS https://api.test/x HTTP/2
Origin: https://shop.test
Access-Control-Request-Method: GET
Access-Control-Request-Headers: x-a

HTTP/2 403
---
# type: fetch
# error: net::ERR_FAILED
# page: https://shop.test/
GET https://api.test/x HTTP/?
{recorded}
"""
    assert verdicts(text, CHROME)[1].outcome == outcome


@pytest.mark.parametrize(
    ("before", "kind", "outcome"),
    [
        ("# connection: 7\n", "fetch", "blocked"),
        ("", "fetch", "depends"),
        ("# connection: 7\n", "ping", "depends"),
    ],
)
def test_an_empty_answer_without_a_connection_was_kept_from_the_page(before, kind, outcome):
    text = f"""\
{before}GET https://shop.test/ HTTP/2
Sec-Fetch-Mode: navigate

HTTP/2 200
---
# type: {kind}
GET https://api.shop.test/x HTTP/2
Origin: https://shop.test
Sec-Fetch-Mode: cors
Sec-Fetch-Site: same-site

HTTP/2 204
Access-Control-Allow-Origin: *
"""
    found = verdicts(text, CHROME)[1]
    assert (found.outcome, found.code) == (outcome, "WildcardOriginNotAllowed")
