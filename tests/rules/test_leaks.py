"""What should not be in an answer or an address, and what only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.content.marks import MARKS
from inspector.engine import INTERNAL_ERROR, Engine, Options
from inspector.report import Annotation, Severity
from inspector.rules.example import parse_example
from tests.content.test_scan import SECRETS

OK = "HTTP/1.1 200 OK\n"
HTML, JSON, TEXT, JS = (
    OK + f"Content-Type: {kind}" for kind in ("text/html", "application/json", "text/plain", "text/javascript")
)


def told(request: str, response: str, body: str = "", *, reveal: bool = False) -> dict[str, Annotation]:
    (exchange,) = parse_example(f"{request}\n\n{response}" + (f"\n\n{body}" if body else ""))
    report = Engine(Options(reveal=reveal)).observe(exchange)
    return {a.rule: a for a in report.annotations if a.rule.startswith(("leak/", "inspector/"))}


def get(body: str, response: str = HTML, url: str = "https://shop.test/x", **more: bool) -> dict[str, Annotation]:
    return told(f"GET {url} HTTP/1.1", response, body, **more)


@pytest.mark.parametrize("what", sorted(SECRETS))
def test_no_secret_is_shown(what: str):
    text = SECRETS[what]
    found = get(f"window.config = {{ {text} }}", JS)["leak/secret"]
    assert found.severity is Severity.ERROR
    longest = max(text.replace('"', " ").replace("'", " ").replace(";", " ").split(), key=len)
    for size in range(12, len(longest)):
        assert longest[4 : 4 + size] not in str(found) or size < 14
    assert any(e.value and ("characters" in e.value or e.value.endswith("-----…")) for e in found.evidence)


def test_who_asks_to_see_it_sees_it():
    assert SECRETS["stripe"] in str(get(SECRETS["stripe"], JS, reveal=True)["leak/secret"].evidence)


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ("AIza" + "SyB4x9Qw2Zr7Tn3Vb6Xc8Wd1eF5gH0jKlMn"[:35], Severity.INFO),
        ("sk_" + "test_" + SECRETS["stripe"][8:], Severity.NOTE),
    ],
)
def test_hints(body: str, severity: Severity):
    assert get(f'key = "{body}"', JS)["leak/secret"].severity is severity


def test_a_token_endpoint_hands_out_tokens():
    token = SECRETS["google-token"]
    assert "leak/secret" not in get(f'{{"access_token": "{token}"}}', JSON)
    assert "leak/secret" in get(f'{{"note": "{token}"}}', JSON)


def test_a_secret_in_the_address():
    found = told(f"GET https://shop.test/?k={SECRETS['sendgrid']} HTTP/1.1", "HTTP/1.1 204 No Content")["leak/secret"]
    assert found.evidence[0].where == "url"
    assert SECRETS["sendgrid"] not in str(found)


@pytest.mark.parametrize(
    ("body", "response", "severity"),
    [
        ('{"cardNumber": "4539148803436467"}', JSON, Severity.WARNING),
        ("<td>Credit card</td><td>4539 1488 0343 6467</td>", HTML, Severity.WARNING),
        ("SSN: 536-90-4399", TEXT, Severity.WARNING),
        ('{"iban": "DE75512108001245126199"}', JSON, Severity.NOTE),
        ("<p>Our IBAN: DE75 5121 0800 1245 1261 99</p>", HTML, Severity.INFO),
    ],
)
def test_personal_numbers(body: str, response: str, severity: Severity):
    found = get(body, response)["leak/pii"]
    assert found.severity is severity
    assert found.certainty == "depends"
    assert not any(number in str(found) for number in ("4539148803436467", "0343 6467", "536-90-4399", "1245126199"))


def test_code_is_not_looked_through_for_personal_numbers():
    assert "leak/pii" not in get('cardNumber="4539148803436467"', JS)


PYTHON = 'Traceback (most recent call last):\n  File "/srv/a.py", line 3, in b\nKeyError: 1'
TRACES = {
    "Python": PYTHON,
    "Java": "java.lang.IllegalStateException: x\n\tat test.shop.Cart.total(Cart.java:42)",
    ".NET": "System.Exception: x\n   at Shop.Cart.Total(Int32 id) in C:\\shop\\Cart.cs:line 42",
    "PHP": "<b>Fatal error</b>:  Uncaught Error: x in <b>/srv/shop/cart.php</b> on line <b>42</b>",
    "Node.js": "Error: x\n    at total (/srv/shop/cart.js:42:7)",
    "Ruby": "app/models/cart.rb:42:in `total'",
    "Go": "goroutine 7 [running]:\nmain.total()",
    "Rust": "thread 'main' panicked at src/main.rs:4:5:",
    "Django": "<p>because you have <code>DEBUG = True</code> in your settings</p>",
    "Werkzeug": "<title>KeyError: 'x' // Werkzeug Debugger</title>",
    "Laravel": "#1 /srv/shop/vendor/laravel/framework/src/Illuminate/Routing/Router.php(7)",
}


@pytest.mark.parametrize("name", sorted(TRACES))
def test_traces(name: str):
    found = get(TRACES[name], "HTTP/1.1 500 Oops\nContent-Type: text/html")["leak/stack-trace"]
    assert name in found.title
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("body", "response", "url"),
    [
        (f"<pre>{PYTHON}</pre>", HTML, "https://docs.test/a"),
        (f"<article><code>{TRACES['Java']}</code></article>", HTML, "https://docs.test/a"),
        (PYTHON, TEXT, "https://docs.test/log.txt"),
        (PYTHON, "HTTP/1.1 500 Oops\nContent-Type: text/plain", "http://localhost:8000/"),
        (f"throw '{PYTHON}'", JS, "https://shop.test/app.js"),
        ("<p>Traceback (most recent call last) is how Python begins</p>", HTML, "https://docs.test/a"),
        ("<p>look at Cart.java:42</p>", HTML, "https://docs.test/a"),
        ("<p>at https://shop.test/app.js:1:200</p>", HTML, "https://docs.test/a"),
        ("<b>Warning</b>: wet paint", HTML, "https://docs.test/a"),
        ("<p>a goroutine [is] cheap</p>", HTML, "https://docs.test/a"),
        ("<p>Everyone panicked at noon</p>", HTML, "https://docs.test/a"),
        ("<p>" + TRACES["Go"] + TRACES["Ruby"] + TRACES["Node.js"] + "</p>", HTML, "https://docs.test/a"),
    ],
)
def test_no_traces(body: str, response: str, url: str):
    assert "leak/stack-trace" not in get(body, response, url)


@pytest.mark.parametrize(
    ("url", "field", "severity"),
    [
        ("https://shop.test/", "X-Debug-Token-Link: /_profiler/1", Severity.WARNING),
        ("https://shop.test/", "X-ChromeLogger-Data: e30=", Severity.WARNING),
        ("https://shop.test/", "X-Runtime: 0.02", Severity.INFO),
        ("http://127.0.0.1/", "X-Debug-Token-Link: /_profiler/1", None),
        ("https://shop.test/", "X-Request-Id: 1", None),
    ],
)
def test_debug_fields(url: str, field: str, severity: Severity | None):
    found = told(f"GET {url} HTTP/1.1", OK + field).get("leak/debug-header")
    assert (found.severity if found else None) is severity


@pytest.mark.parametrize(
    ("path", "kind", "body", "severity"),
    [
        ("/.git/config", "text/plain", "[core]\nrepositoryformatversion = 0", Severity.ERROR),
        ("/.env", "text/plain", "A=b1c\nDB_PASSWORD=hunter22\n", Severity.ERROR),
        ("/backup.sql", "application/sql", "CREATE TABLE a", Severity.ERROR),
        ("/actuator/env", "application/json", '{"activeProfiles":[],"propertySources":[]}', Severity.WARNING),
        ("/info.php", "text/html", "<title>phpinfo()</title>", Severity.WARNING),
        ("/server-status", "text/html", "<h1>Apache Server Status for shop.test</h1>", Severity.WARNING),
        ("/debug/pprof/", "text/html", "<title>/debug/pprof/</title>", Severity.WARNING),
        ("/metrics", "text/plain", "# HELP http_requests_total x", Severity.NOTE),
        ("/openapi.json", "application/json", '{"openapi":"3.1.0"}', Severity.INFO),
        ("/.git/config", "text/html", "<title>Shop</title>", None),
        ("/.env", "text/plain", "nothing here", None),
        ("/server-status", "text/html", "<title>Shop</title>", None),
        ("/metrics", "application/json", '{"visits":1}', None),
        ("/environment", "text/plain", "A=b1c", None),
        ("/blog/debug/pprof-explained", "text/html", "<title>Blog</title>", None),
        ("/actuator/health", "application/json", '{"status":"UP"}', None),
        ("/git/config", "text/plain", "x", None),
    ],
)
def test_pages_for_those_who_run_it(path: str, kind: str, body: str, severity: Severity | None):
    found = get(body, OK + f"Content-Type: {kind}", f"https://shop.test{path}").get("leak/debug-endpoint")
    assert (found.severity if found else None) is severity


@pytest.mark.parametrize(
    ("status", "url"), [(404, "https://shop.test"), (403, "https://shop.test"), (200, "http://localhost:8080")]
)
def test_refused_or_local_is_nothing(status: int, url: str):
    response = f"HTTP/1.1 {status} X\nContent-Type: text/plain"
    assert "leak/debug-endpoint" not in get("[core]\nrepositoryformatversion = 0", response, f"{url}/.git/config")


@pytest.mark.parametrize(
    ("url", "response", "body", "fires"),
    [
        ("https://shop.test/", "HTTP/1.1 302 Found\nLocation: http://10.1.2.3/", "", True),
        ("https://shop.test/", OK + "X-Backend: web7.prod.internal", "", True),
        ("https://shop.test/", HTML, '<img src="http://192.168.7.12/a.png">', True),
        ("https://shop.test/", JSON, '{"host": "172.20.3.4"}', True),
        ("https://shop.test/", JS, 'fetch("https://api.shop.internal/v1")', True),
        ("http://10.1.2.3/", "HTTP/1.1 302 Found\nLocation: http://10.1.2.4/", "", False),
        ("http://intranet/", "HTTP/1.1 302 Found\nLocation: http://10.1.2.4/", "", False),
        ("https://shop.test/", "HTTP/1.1 302 Found\nLocation: https://shop.test/10.1.2.3", "", False),
        ("https://shop.test/", OK + "Server: product/10.1.2.3.4", "", False),
        ("https://shop.test/", HTML, "<p>Version 10.1.2.3</p>", False),
        ("https://shop.test/", HTML, '<path d="M10.1.2.3 172.16.4.4"/>', False),
        ("https://shop.test/", HTML, "<p>Open http://192.168.1.1/ in your browser</p>", False),
        ("https://shop.test/", HTML, "<code>http://10.9.8.7/</code>", False),
        ("https://shop.test/", JS, "a.internal.b=1;x.lan", False),
        ("https://shop.test/", JSON, '{"net": "10.0.0.0", "v": "10.300.1.1", "n": "172.32.1.1"}', False),
        ("https://shop.test/", JS, 'v="10.1.2.3"', False),
    ],
)
def test_private_addresses(url: str, response: str, body: str, fires: bool):
    assert ("leak/private-address" in get(body, response, url)) is fires


LISTING = '<html><head><title>Index of /a</title></head><body><h1>Index of /a</h1><a href="../">../</a><a href="b.zip">b.zip</a>'


@pytest.mark.parametrize(
    ("url", "body", "severity"),
    [
        ("https://shop.test/a/", LISTING, Severity.WARNING),
        (
            "https://shop.test/a/",
            '<title>Index of /a</title><a href="?C=N;O=D">Name</a><a href="b">b</a>',
            Severity.WARNING,
        ),
        ("https://shop.test/a/", '<title>Directory listing for /a/</title><a href="b">b</a>', Severity.WARNING),
        (
            "https://shop.test/a/",
            '<title>shop.test - /a/</title><a href="/">[To Parent Directory]</a><a href="/a/b">b</a>',
            Severity.WARNING,
        ),
        ("https://download.shop.test/a/", LISTING, Severity.INFO),
        ("https://shop.test/pub/a/", LISTING, Severity.INFO),
        ("https://shop.test/a/", '<title>Index of /a: an essay</title><a href="/">Home</a>', None),
        ("https://shop.test/a/", '<title>Index of terms</title><a href="../">up</a>', None),
        ("http://localhost:8000/a/", LISTING, None),
        ("https://shop.test/a/", f"<title>How to</title><pre>{LISTING.replace('<', '&lt;')}</pre>", None),
    ],
)
def test_listings(url: str, body: str, severity: Severity | None):
    found = get(body, HTML, url).get("leak/directory-listing")
    assert (found.severity if found else None) is severity


@pytest.mark.parametrize(
    ("url", "response", "body", "fires"),
    [
        ("https://shop.test/a.php", HTML, "<?php echo 1; ?>", True),
        ("https://shop.test/a.php", OK + "Content-Type: application/octet-stream", "<?php echo 1; ?>", True),
        ("https://shop.test/a.jsp", HTML, '<%@ page language="java" %><p>x</p>', True),
        ("https://shop.test/cgi-bin/a.pl", TEXT, "#!/usr/bin/perl\nprint 1;", True),
        ("https://shop.test/x", TEXT, "A=b1c\nDB_PASSWORD=hunter22\nC=d2e\n", True),
        ("https://raw.test/a.txt", TEXT, "<?php echo 1; ?>", False),
        ("https://docs.test/a", HTML, "<pre><?php echo 1; ?></pre>", False),
        ("https://docs.test/a", HTML, "<p>&lt;?php echo 1; ?&gt;</p>", False),
        ("https://docs.test/a", HTML, "<script>var t = '<?php echo 1; ?>';</script>", False),
        ("https://shop.test/install.sh", TEXT, "#!/bin/sh\nset -e", False),
        ("https://docs.test/a", HTML, "<p>DB_PASSWORD=secret</p>", False),
        ("https://shop.test/a.svg", HTML, '<?xml version="1.0"?><p>x</p>', False),
        ("https://shop.test/a.php", "HTTP/1.1 404 Not Found\nContent-Type: text/html", "<?php echo 1; ?>", False),
    ],
)
def test_source(url: str, response: str, body: str, fires: bool):
    found = get(body, response, url)
    assert ("leak/source-code" in found) is fires
    assert "hunter22" not in str(found)


@pytest.mark.parametrize(
    ("url", "response", "body", "severity"),
    [
        ("https://shop.test/app.1f.js", JS, "x()\n//# sourceMappingURL=app.1f.js.map", Severity.INFO),
        (
            "https://shop.test/app.css",
            OK + "Content-Type: text/css",
            "a{}\n/*# sourceMappingURL=app.css.map */",
            Severity.INFO,
        ),
        ("https://shop.test/app.js", JS + "\nSourceMap: /app.js.map", "x()", Severity.INFO),
        ("https://shop.test/app.js", JS, "x()\n//# sourceMappingURL=data:application/json;base64,e30=", Severity.NOTE),
        ("https://shop.test/app.js.map", JSON, '{"version":3,"sourcesContent":["a"]}', Severity.NOTE),
        ("https://shop.test/app.js.map", JSON, '{"version":3,"sourcesContent":[null,null]}', None),
        ("https://shop.test/vue.min.js", JS, "x()\n//# sourceMappingURL=vue.min.js.map", None),
        ("https://shop.test/app.js", JS, 'a="//# sourceMappingURL=" + b', None),
        ("https://shop.test/app.js", JS, "x()", None),
        ("http://localhost/app.js", JS, "x()\n//# sourceMappingURL=app.js.map", None),
    ],
)
def test_source_maps(url: str, response: str, body: str, severity: Severity | None):
    found = get(body, response, url).get("leak/source-map")
    assert (found.severity if found else None) is severity


def test_other_sites_maps_are_theirs():
    request = "# page: https://shop.test/\nGET https://cdn.example/app.js HTTP/1.1"
    assert "leak/source-map" not in told(request, JS, "x()\n//# sourceMappingURL=app.js.map")


@pytest.mark.parametrize(
    ("url", "body", "fires"),
    [
        ("https://api.shop.test/graphql", '{"data":{"__schema":{"types":[{"kind":"OBJECT","name":"Q"}]}}}', True),
        ("https://api.shop.test/graphql", '{"data":{"__type":null}}', False),
        ("https://api.shop.test/graphql", '{"errors":[{"message":"__schema is off"}]}', False),
        ("http://localhost/graphql", '{"data":{"__schema":{"types":[]}}}', False),
    ],
)
def test_introspection(url: str, body: str, fires: bool):
    assert ("leak/graphql-introspection" in get(body, JSON, url)) is fires


@pytest.mark.parametrize(
    ("referer", "url", "severity"),
    [
        ("https://shop.test/r?token=9f8e7d6c5b", "https://ads.example/p", Severity.WARNING),
        ("https://shop.test/r?reset_token=9f8e7d6c5b", "https://ads.example/p", Severity.WARNING),
        ("https://shop.test/r?password=hunter22", "https://ads.example/p", Severity.WARNING),
        ("https://shop.test/r?mail=ada@shop.test", "https://ads.example/p", Severity.NOTE),
        ("https://shop.test/r?token=9f8e7d6c5b", "https://static.shop.test/p", None),
        ("https://shop.test/r?token=", "https://ads.example/p", None),
        ("https://shop.test/r?tokens=many+of+them", "https://ads.example/p", None),
        ("https://shop.test/r?q=password", "https://ads.example/p", None),
        ("https://shop.test/", "https://ads.example/p", None),
        ("https://shop.test/r?utm_source=newsletter", "https://ads.example/p", None),
    ],
)
def test_referrer(referer: str, url: str, severity: Severity | None):
    found = told(f"GET {url} HTTP/1.1\nReferer: {referer}", "HTTP/1.1 204 No Content").get("leak/referrer")
    assert (found.severity if found else None) is severity
    assert "9f8e7d6c5b" not in str(found)
    assert "hunter22" not in str(found)


PIECES = st.one_of(st.sampled_from([lit for mark in MARKS for lit in mark.literals]), st.text(max_size=10))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(PIECES, max_size=40),
    st.sampled_from(["text/html", "application/json", "text/plain", "text/javascript", ""]),
)
def test_nothing_hostile_breaks_it(pieces: list[str], kind: str):
    body = "".join(pieces).replace("\r", "")
    assert INTERNAL_ERROR not in get(body, OK + f"Content-Type: {kind}", "https://shop.test/a.map?x=1")
