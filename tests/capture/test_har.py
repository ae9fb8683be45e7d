"""What one entry becomes."""

import pytest

from inspector.exchange import Certificate, Close, Field, Initiator, Message, Page
from tests.capture.hars import MISSING, entry, har, one, opened, read

CHROME = {"name": "WebInspector", "version": "537.36"}


def fields(*pairs):
    return [{"name": name, "value": value} for name, value in pairs]


def test_a_plain_entry(tmp_path):
    exchange = one(tmp_path)
    request, response = exchange.request, exchange.response
    assert (request.method, request.url, request.http_version) == ("GET", "https://shop.test/", "1.1")
    assert request.fields.get("accept") == "*/*"
    assert (response.status, response.reason, response.http_version) == (200, "OK", "1.1")
    assert (response.body.state, response.body.text, response.body.size, response.body.transferred) == (
        "full",
        "hello",
        5,
        5,
    )
    assert exchange.server.encrypted is True
    assert exchange.server.transport == "tcp"
    assert exchange.client.id is None
    assert exchange.failure is None
    assert exchange.context.recorder.creator == "Tester 1"


def test_timings_leave_the_tls_handshake_out_of_connect(tmp_path):
    timings = one(tmp_path).timings
    assert (timings.connect, timings.tls) == (4, 6)
    assert (timings.blocked, timings.dns, timings.send, timings.wait, timings.receive, timings.total) == (
        1,
        2,
        1,
        15,
        1,
        30,
    )
    assert timings.started == pytest.approx(1714564800.0)


def test_timings_of_mitmproxy_have_it_out_already(tmp_path):
    timings = one(tmp_path, creator={"name": "mitmproxy", "version": "12"}).timings
    assert (timings.connect, timings.tls) == (10, 6)


def test_a_handshake_longer_than_the_connect_that_should_hold_it_is_beside_it(tmp_path):
    timings = one(tmp_path, timings={"connect": 5, "ssl": 20, "send": 0, "wait": 0, "receive": 0}).timings
    assert (timings.connect, timings.tls) == (5, 20)


def test_phases_that_did_not_happen_are_unknown(tmp_path):
    timings = one(
        tmp_path, timings={"blocked": -1, "dns": None, "connect": -1, "ssl": 0, "wait": -7.5}, time=-1
    ).timings
    assert timings.started is not None
    assert {
        getattr(timings, name) for name in ("blocked", "dns", "connect", "tls", "send", "wait", "receive", "total")
    } == {None}


def test_missing_timings_and_dates(tmp_path):
    timings = one(tmp_path, timings=MISSING, time=MISSING, startedDateTime=MISSING).timings
    assert (timings.started, timings.total, timings.wait) == (None, None, None)


def test_pseudo_fields_are_kept_apart(tmp_path):
    exchange = one(
        tmp_path,
        request__headers=fields((":method", "GET"), (":authority", "shop.test"), ("accept", "*/*")),
        response__headers=fields((":status", "200"), ("content-type", "text/plain")),
    )
    assert exchange.request.pseudo == (Field(":method", "GET"), Field(":authority", "shop.test"))
    assert [line.name for line in exchange.request.fields] == ["accept"]
    assert exchange.response.pseudo == (Field(":status", "200"),)
    assert [line.name for line in exchange.response.fields] == ["content-type"]


def test_pseudo_fields_complete_a_relative_url(tmp_path):
    lines = fields((":scheme", "https"), (":authority", "shop.test:8443"), (":path", "/a?b"))
    assert one(tmp_path, request__url="/a?b", request__headers=lines).request.url == "https://shop.test:8443/a?b"
    assert one(tmp_path, request__url="", request__headers=lines).request.url == "https://shop.test:8443/a?b"
    # Without a scheme there is nothing to complete it with.
    assert one(tmp_path, request__url="/a", request__headers=fields(("Host", "shop.test"))).request.url == "/a"


def test_joined_lines_are_lines_again_and_commas_stay(tmp_path):
    joined = "a=1; Expires=Wed, 01 May 2024 12:00:00 GMT\nb=2\nc=3"
    exchange = one(
        tmp_path,
        response__headers=fields(
            ("Set-Cookie", joined), ("Vary", "Origin\nAccept, Cookie"), ("X-Empty", "\n"), ("Via", " a \t")
        ),
    )
    found = exchange.response.fields
    assert found.all("set-cookie") == ("a=1; Expires=Wed, 01 May 2024 12:00:00 GMT", "b=2", "c=3")
    assert found.all("vary") == ("Origin", "Accept, Cookie")
    assert found.all("x-empty") == ("",)
    assert found.all("via") == ("a",)


def test_a_folded_line_is_one_line(tmp_path):
    exchange = one(tmp_path, response__headers=fields(("X-Long", "first,\r\n\t second")))
    assert exchange.response.fields.all("x-long") == ("first, second",)


@pytest.mark.parametrize(
    ("sent", "received", "expected"),
    [
        ("HTTP/1.1", "HTTP/1.0", ("1.1", "1.0", "tcp")),
        ("unknown", "h2", ("2", "2", "tcp")),
        ("http/2.0", "", ("2", "2", "tcp")),
        ("me:", "1.1", (None, "1.1", "tcp")),
        ("unknown", "unknown", (None, None, None)),
        ("h3", "h3", ("3", "3", "quic")),
        ("http/2+quic/46", "http/2+quic/46", ("3", "3", "quic")),
        ("spdy/3.1", "spdy/3.1", ("spdy/3.1", "spdy/3.1", "tcp")),
    ],
)
def test_versions_of_both_messages(tmp_path, sent, received, expected):
    exchange = one(tmp_path, request__httpVersion=sent, response__httpVersion=received)
    assert (exchange.request.http_version, exchange.response.http_version, exchange.server.transport) == expected


@pytest.mark.parametrize(
    "url",
    [
        "data:text/plain,hi",
        "blob:https://shop.test/0af",
        "chrome-extension://abc/x.js",
        "about:blank",
        "/only/a/path",
        "wss://shop.test/live",
        "https://user:pw@ex\u00e4mple.test:99999/%zz?a=%",
        "https://[::1",
        "",
    ],
)
def test_odd_urls_are_kept_as_they_are(tmp_path, url):
    exchange = one(tmp_path, request__url=url)
    assert exchange.request.url == url
    known = {"data": None, "blob": None, "chrome-extension": None, "about": None, "wss": True, "https": True}
    assert exchange.server.encrypted is known.get(url.partition(":")[0])


@pytest.mark.parametrize("status", [0, -1, -999, None, "error", 99, 1000, "", {}, 10**400])
def test_a_status_that_is_none_means_no_response(tmp_path, status):
    exchange = one(tmp_path, response__status=status, response__statusText="")
    assert exchange.response is None


def test_why_there_was_no_response_is_told_where_it_is_recorded(tmp_path):
    assert (
        one(tmp_path, response__status=0, response__statusText="").failure.message
        == "no response (recorded as status 0)"
    )
    assert one(tmp_path, response__status="error", response__statusText="").failure.message == "error"
    assert one(tmp_path, response__status=-1, response__statusText="Timed out").failure.message == "Timed out"
    assert one(tmp_path, response=MISSING).failure is None
    assert one(tmp_path, response=None).response is None


@pytest.mark.parametrize(
    ("changes", "message", "code", "side"),
    [
        ({"response___error": "net::ERR_BLOCKED_BY_ORB"}, "net::ERR_BLOCKED_BY_ORB", "net::ERR_BLOCKED_BY_ORB", None),
        (
            {"response___error": {"message": "Max redirects", "code": "MAXREDIRECTS"}},
            "Max redirects",
            "MAXREDIRECTS",
            None,
        ),
        ({"response___error": {"text": "net::ERR_FAILED"}}, "net::ERR_FAILED", "net::ERR_FAILED", None),
        ({"_error": "boom"}, "boom", None, None),
        ({"response___failureText": "NS_ERROR_NET_RESET"}, "NS_ERROR_NET_RESET", "NS_ERROR_NET_RESET", None),
        ({"_wasAborted": True}, "aborted", None, "client"),
        (
            {"_wasAborted": True, "response___failureText": "net::ERR_ABORTED"},
            "net::ERR_ABORTED",
            "net::ERR_ABORTED",
            "client",
        ),
    ],
)
def test_failures_in_their_recorders_words(tmp_path, changes, message, code, side):
    failure = one(tmp_path, response__status=0, **changes).failure
    assert (failure.message, failure.code, failure.side) == (message, code, side)


def test_a_response_and_a_failure_can_both_be_there(tmp_path):
    exchange = one(tmp_path, response___error="net::ERR_CONTENT_LENGTH_MISMATCH")
    assert exchange.response.status == 200
    assert exchange.failure.code == "net::ERR_CONTENT_LENGTH_MISMATCH"


@pytest.mark.parametrize(
    ("changes", "served"),
    [
        ({"_fromCache": "memory"}, "memory-cache"),
        ({"_fromCache": "disk"}, "disk-cache"),
        ({"_fromCache": True}, "cache"),
        ({"_fromCache": False}, None),
        ({"response__fromDiskCache": True}, "disk-cache"),
        ({"response___fromDiskCache": True}, "disk-cache"),
        ({"_fetchType": "Memory Cache"}, "memory-cache"),
        ({"_fetchType": "Disk Cache"}, "disk-cache"),
        ({"_fetchType": "Service Worker"}, "service-worker"),
        ({"_fetchType": "Network Load"}, "network"),
        ({"response___fetchedViaServiceWorker": True}, "service-worker"),
        ({"_was_pushed": 1}, "push"),
        ({"_was_pushed": "1"}, "push"),
        ({"_was_pushed": "0"}, None),
        ({"response___transferSize": 400}, "network"),
        (
            {
                "response___transferSize": 0,
                "response__httpVersion": "unknown",
                "response__content": {"size": 9, "mimeType": "text/css"},
            },
            "cache",
        ),
        ({"response___transferSize": 0, "response__httpVersion": "unknown", "response__content": {"size": 0}}, None),
        ({"response___transferSize": 0, "response__content": {"size": 9, "mimeType": "text/css"}}, None),
        ({}, None),
    ],
)
def test_where_a_response_came_from(tmp_path, changes, served):
    assert one(tmp_path, **changes).context.served_from == served


@pytest.mark.parametrize(
    ("changes", "served"),
    [
        ({"serverIPAddress": "192.0.2.1", "timings": {"send": 0, "wait": -1, "receive": 1.2}}, "cache"),
        ({"serverIPAddress": "192.0.2.1", "timings": {"send": 0, "wait": 31, "receive": 1.2}}, None),
        ({"serverIPAddress": None, "timings": {"send": 0, "wait": 1.6, "receive": 3}}, "service-worker"),
        ({"serverIPAddress": None, "_wasFulfilled": True}, None),
        ({"serverIPAddress": None, "response__status": 307}, None),
        ({"serverIPAddress": None, "response__status": -1}, None),
    ],
)
def test_where_playwright_had_a_response_from_of_which_nothing_was_transferred(tmp_path, changes, served):
    changes = {"response___transferSize": 0, **changes}
    recorded = one(tmp_path, **changes, creator={"name": "Playwright", "version": "1.65.1"})
    assert recorded.context.served_from == served
    assert one(tmp_path, **changes, creator={"name": "WebInspector"}).context.served_from is None


@pytest.mark.parametrize(("url", "tls"), [("http://x.test/", None), ("ws://x.test/", None), ("https://x.test/", 6.9)])
def test_no_handshake_of_tls_without_tls(tmp_path, url, tls):
    """Playwright writes `ssl` for plain HTTP, too."""
    recorded = one(tmp_path, request__url=url, timings={"connect": 5.6, "ssl": 6.9, "send": 0, "wait": 9, "receive": 1})
    assert recorded.timings.tls == tls
    assert recorded.timings.connect == 5.6


def test_a_proxy_sees_the_network(tmp_path):
    assert one(tmp_path, creator={"name": "Charles Proxy"}).context.served_from == "network"


def test_a_cached_response_used_no_transport(tmp_path):
    assert one(tmp_path, _fromCache="disk").server.transport is None


@pytest.mark.parametrize(
    ("changes", "initiator"),
    [
        (
            {"_initiator": {"type": "parser", "url": "https://shop.test/", "lineNumber": 11}},
            Initiator("parser", "https://shop.test/", 12),
        ),
        ({"_initiator": {"type": "other"}}, Initiator("other")),
        (
            {
                "_initiator": {
                    "type": "script",
                    "stack": {
                        "callFrames": [{"url": "", "lineNumber": 3}, {"url": "https://s.test/a.js", "lineNumber": 0}]
                    },
                }
            },
            Initiator("script", "https://s.test/a.js", 1),
        ),
        (
            {
                "_initiator": {
                    "type": "script",
                    "stack": {
                        "callFrames": [],
                        "parent": {"callFrames": [{"url": "https://s.test/b.js", "lineNumber": 4}]},
                    },
                }
            },
            Initiator("script", "https://s.test/b.js", 5),
        ),
        ({"_initiator": {"type": "script", "stack": "?"}}, Initiator("script")),
        (
            {"_initiator": "https://shop.test/", "_initiator_type": "parser", "_initiator_line": 7},
            Initiator("parser", "https://shop.test/", 7),
        ),
        ({"_initiator": "https://shop.test/", "_initiator_line": "7"}, Initiator(None, "https://shop.test/", 7)),
        ({"_initiator": "https://shop.test/", "_initiator_line": ""}, Initiator(None, "https://shop.test/", None)),
        ({"_initiator": ""}, None),
        ({}, None),
    ],
)
def test_initiators(tmp_path, changes, initiator):
    assert one(tmp_path, **changes).context.initiator == initiator


def test_resource_type_priority_frame_and_comment(tmp_path):
    context = one(tmp_path, _resourceType="XHR", _priority="VeryHigh", _frameref="frame@1", comment="slow").context
    assert (context.resource_type, context.priority, context.frame, context.comment) == (
        "xhr",
        "VeryHigh",
        "frame@1",
        "slow",
    )
    assert one(tmp_path, request___priority="Low").context.priority == "Low"
    assert one(tmp_path, _request_type="Script").context.resource_type == "script"
    assert one(tmp_path, _initiator={"type": "preflight"}).context.resource_type == "preflight"


@pytest.mark.parametrize(
    ("changes", "id_", "port"),
    [
        ({"_connectionId": "77", "connection": "443"}, "77", None),
        ({"_connectionId": 77}, "77", None),
        ({"_connectionId": "0"}, None, None),
        ({"connection": "1204"}, "1204", None),
        ({"connection": "443"}, None, 443),
        ({"connection": 1204}, "1204", None),
        ({"connection": "ClientPort:5;EgressPort:6"}, "6", None),
        ({"_socket": "12", "pageref": "run_2"}, "run_2/12", None),
        ({"_serverPort": 8443}, None, 8443),
        ({"response___remoteAddress": "[2001:db8::1]:444"}, None, 444),
    ],
)
def test_connections(tmp_path, changes, id_, port):
    server = one(tmp_path, **changes).server
    assert (server.id, server.port) == (id_, port)


def test_firefox_gives_the_port_where_others_give_the_connection(tmp_path):
    server = one(tmp_path, creator={"name": "Firefox", "version": "54.0"}, connection="8443").server
    assert (server.id, server.port) == (None, 8443)


@pytest.mark.parametrize(
    "changes",
    [
        {"serverIPAddress": "[2001:db8::1]"},
        {"serverIPAddress": "[2001:db8::1"},
        {"_ip_addr": "2001:db8::1"},
        {"response___remoteAddress": "2001:db8::1"},
    ],
)
def test_the_servers_address_loses_its_brackets(tmp_path, changes):
    assert one(tmp_path, **changes).server.peer == "2001:db8::1"


def test_an_empty_address_is_unknown(tmp_path):
    assert one(tmp_path, serverIPAddress="").server.peer is None


def test_reuse_is_known_from_what_came_before(tmp_path):
    bare = {"send": 0, "wait": 1, "receive": 1}
    exchanges = read(
        tmp_path,
        har(
            entry(_connectionId="1"),
            entry(_connectionId="1", timings=bare),
            entry(_connectionId="2", timings=bare),
            entry(timings=bare),
            entry(_connectionReused=True, timings=bare),
        ),
    )
    assert [exchange.server.reused for exchange in exchanges] == [False, True, None, None, True]


def test_tls_details(tmp_path):
    details = {"protocol": "TLS 1.3", "subjectName": "shop.test", "issuer": "Test CA", "validFrom": 1e9, "validTo": 2e9}
    tls = one(tmp_path, _securityDetails=details).server.tls
    assert tls.version == "TLSv1.3"
    assert tls.chain == (Certificate("shop.test", "Test CA", not_before=1e9, not_after=2e9),)
    more = one(
        tmp_path, response___securityDetails={**details, "cipher": "AES_128_GCM", "sanList": ["shop.test"]}
    ).server.tls
    assert (more.cipher, more.chain[0].names) == ("AES_128_GCM", ("shop.test",))
    assert one(tmp_path, _securityDetails={}).server.tls is None


def test_websocket_messages(tmp_path):
    messages = [
        {"type": "send", "time": 1714564800.5, "opcode": 1, "data": "hé"},
        {"type": "receive", "time": 1714564801.0, "opcode": 2, "data": "AAEC"},
        {"type": "receive", "time": None, "opcode": 2, "data": "not base64!"},
        {"type": "receive", "opcode": 8, "data": ""},
        {"type": "error", "data": "gone"},
        "?",
    ]
    exchange = one(
        tmp_path,
        request__url="wss://shop.test/live",
        response__status=101,
        _webSocketMessages=messages,
        _webSocketClose={"code": 1001, "reason": "bye"},
    )
    assert exchange.websocket.messages == (
        Message(True, 1714564800.5, True, "hé", 3),
        Message(False, 1714564801.0, False, b"\0\1\2", 3),
        Message(False, None, False, "not base64!", 11),
    )
    assert exchange.websocket.close == Close(1001, "bye")
    assert one(tmp_path).websocket is None


def test_trailers_of_http_toolkit(tmp_path):
    exchange = one(tmp_path, response___trailers=fields(("Digest", "x")))
    assert exchange.response.trailers.get("digest") == "x"
    assert one(tmp_path).response.trailers is None


def test_pages(tmp_path):
    pages = [
        {
            "id": "page_1",
            "title": "https://shop.test/",
            "startedDateTime": "2024-05-01T12:00:00Z",
            "pageTimings": {"onContentLoad": 100, "onLoad": -1},
        },
        {"id": 2, "title": None},
        {"id": "p3", "title": "Shop", "_url": "https://shop.test/3", "pageTimings": None},
        {"title": "nameless"},
        "?",
        None,
    ]
    entries = [entry(pageref=ref) for ref in ("page_1", "2", "p3", "lost", "")] + [entry()]
    capture = opened(tmp_path, har(*entries, pages=pages))
    first = Page("page_1", "https://shop.test/", "https://shop.test/", 1714564800.0, 100, None)
    second, third = Page("2"), Page("p3", "Shop", "https://shop.test/3")
    assert capture.pages == (first, second, third)
    assert [exchange.context.page for exchange in capture.exchanges()] == [first, second, third, None, None, None]
    assert [page.id for page in capture.info().pages] == ["page_1", "2", "p3"]


@pytest.mark.parametrize("pages", [None, {}, "x", [], [[]], 5])
def test_no_pages(tmp_path, pages):
    capture = opened(tmp_path, har(entry(pageref="page_1"), pages=pages))
    assert capture.pages == ()
    assert len(list(capture.exchanges())) == 1


def test_members_astray_in_the_post_data_are_put_back(tmp_path):
    inner = entry(request__method="POST")["request"]
    mangled = entry(startedDateTime=MISSING, time=MISSING)
    mangled["request"] = {
        "bodySize": 9,
        "postData": {"mimeType": "a/b", **inner},
        "startedDateTime": "2024-05-01T12:00:00Z",
        "time": 3,
    }
    (exchange,) = read(tmp_path, har(mangled))
    assert (exchange.request.method, exchange.request.url) == ("POST", "https://shop.test/")
    assert exchange.request.fields.get("accept") == "*/*"
    assert exchange.timings.started == 1714564800.0


@pytest.mark.parametrize(
    ("first", "sent", "earlier", "waited"),
    [
        ("15", "484", 0.469, None),
        (15, 484, 0.469, None),
        ("15", "584", 0.569, 100.0),
        ("484", "484", 0.0, None),
        ("x", "484", 0.0, None),
        ("nan", "484", 0.0, None),
        (None, "484", 0.0, None),
    ],
)
def test_webpagetest_begins_its_entries_when_the_request_is_sent(tmp_path, first, sent, earlier, waited):
    changes = {"time": 671, "timings": {"connect": 469, "ssl": 337, "send": 0, "wait": 184, "receive": 18}}
    plain = one(tmp_path, **changes).timings
    moved = one(tmp_path, **changes, _load_start=sent, **({} if first is None else {"_all_start": first})).timings
    assert plain.started - moved.started == pytest.approx(earlier, abs=1e-6)
    assert moved.blocked == waited
    assert moved.total == 671 + (waited or 0)
