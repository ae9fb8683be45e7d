"""What goes unencrypted, TLS that is too weak, certificates, and WebSockets of other sites' pages."""

from __future__ import annotations

import msgspec
import pytest

from inspector.engine import INTERNAL_ERROR, Engine, Options
from inspector.exchange import TLS, Certificate, Connection
from inspector.report import Annotation
from inspector.rules.example import EXAMPLE_START, parse_example

DAY = 86_400.0


def told(text: str, rule: str, server: Connection | None = None) -> list[Annotation]:
    engine = Engine(Options(rules=frozenset({rule})))
    exchanges = parse_example(text)
    if server is not None:
        exchanges = [msgspec.structs.replace(x, server=server) for x in exchanges]
    found = [a for x in exchanges for a in engine.observe(x).annotations]
    assert INTERNAL_ERROR not in {a.rule for a in found}, found
    return found


def severities(found: list[Annotation]) -> list[str]:
    return [a.severity.value for a in found]


@pytest.mark.parametrize(
    ("url", "said", "field", "rest", "expected"),
    [
        ("http://shop.test/", "document", "Accept: */*", "200\nContent-Type: text/html", ["note"]),
        ("http://shop.test/", "fetch", "Cookie: sessionid=8f14e45fce", "200\nServer: x", ["warning"]),
        ("http://shop.test/", "fetch", "Authorization: Bearer 8f14e45fce", "200\nServer: x", []),
        ("http://shop.test/", "document", "A: b", "200\nContent-Type: text/html\n\n<input type=password>", []),
        ("http://shop.test/", "document", "A: b", "301\nLocation: https://shop.test/", []),
        ("http://shop.test/a.png", "image", "Cookie: lang=de", "200\nContent-Type: image/png", []),
        ("http://localhost/", "document", "Cookie: sessionid=8f14e45fce", "200\nContent-Type: text/html", []),
        ("http://192.168.0.1/", "document", "Cookie: sessionid=8f14e45fce", "200\nContent-Type: text/html", []),
        ("http://printer.local/", "document", "A: b", "200\nContent-Type: text/html", []),
        ("https://shop.test/", "document", "Cookie: sessionid=8f14e45fce", "200\nContent-Type: text/html", []),
    ],
)
def test_plain_http(url: str, said: str, field: str, rest: str, expected: list[str]):
    found = told(f"# type: {said}\nGET {url} HTTP/1.1\n{field}\n\nHTTP/1.1 {rest}\n", "tls/plain-http")
    assert severities(found) == expected
    assert "8f14e45fce" not in repr(found)


@pytest.mark.parametrize("page", ["http://news.example/", "https://news.example/"])
def test_plain_http_of_another_sites_frames_is_not_the_pages_matter(page: str):
    text = f"# type: document\n# page: {page}\nGET http://ads.test/ HTTP/1.1\nCookie: sessionid=8f14e45fce\n\n"
    assert told(text + "HTTP/1.1 200 OK\nContent-Type: text/html\n", "tls/plain-http") == []


@pytest.mark.parametrize(
    ("form", "fields", "expected"),
    [
        ("<form action=http://shop.test/a method=post></form>", "", ["error"]),
        ("<form method=post><button formaction=http://shop.test/a></button></form>", "", ["error"]),
        ("<form action=http://shop.test/search></form>", "", ["warning"]),
        ("<form action=https://shop.test/a method=post></form>", "", []),
        ("<form action=/a method=post></form>", "", []),
        ("<form method=post></form>", "", []),
        ("<form action=http://127.0.0.1/a method=post></form>", "", []),
        ("<!-- <form action=http://shop.test/a method=post></form> -->", "", []),
        (
            "<form action=http://shop.test/a method=post></form>",
            "\nContent-Security-Policy: upgrade-insecure-requests",
            [],
        ),
    ],
)
def test_form_downgrade(form: str, fields: str, expected: list[str]):
    text = f"# type: document\nGET https://shop.test/ HTTP/2\n\nHTTP/2 200\nContent-Type: text/html{fields}\n\n{form}\n"
    assert severities(told(text, "tls/form-downgrade")) == expected


_GET = "GET https://www.shop.test/ HTTP/2\n\nHTTP/2 200\nServer: x\n"


@pytest.mark.parametrize(
    ("version", "cipher", "expected"),
    [
        ("TLSv1", None, True),
        ("TLSv1.1", "ECDHE-RSA-AES128-SHA", True),
        ("TLSv1.2", "ECDHE-RSA-RC4-SHA", True),
        ("TLSv1.2", "DES-CBC3-SHA", True),
        ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", False),
        ("TLSv1.2", "ECDHE-RSA-AES128-SHA", False),
        ("TLSv1.3", "TLS_AES_128_GCM_SHA256", False),
        ("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256", False),
        ("QUICv1", "AES_128_GCM", False),
        (None, None, False),
    ],
)
def test_version_and_cipher(version: str | None, cipher: str | None, expected: bool):
    found = told(_GET, "tls/version-cipher", Connection(tls=TLS(version, cipher)))
    assert bool(found) is expected


@pytest.mark.parametrize(
    ("version", "cipher", "expected"),
    [
        ("TLSv1.2", "AES128-GCM-SHA256", ["warning"]),
        ("TLSv1.2", "AES256-SHA", ["warning"]),
        ("TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256", ["warning"]),
        ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", []),
        ("TLSv1.2", "DHE-RSA-AES256-SHA256", []),
        ("TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", []),
        ("TLSv1.2", "AES_128_GCM", []),
        ("TLSv1.3", "AES_128_GCM", []),
        ("TLSv1.3", "TLS_AES_128_GCM_SHA256", []),
        ("TLSv1.2", "DES-CBC3-SHA", ["error"]),
        ("TLSv1.1", "AES128-SHA", ["error"]),
    ],
)
def test_forward_secrecy(version: str, cipher: str, expected: list[str]):
    assert severities(told(_GET, "tls/version-cipher", Connection(tls=TLS(version, cipher)))) == expected


def cert(
    names: tuple[str, ...] = ("*.shop.test",),
    begins: float = -30,
    ends: float = 60,
    issuer: str = "R3",
    key: str = "EC secp256r1",
    signature: str = "sha256WithRSAEncryption",
) -> Certificate:
    start = EXAMPLE_START
    return Certificate("shop.test", issuer, names, start + begins * DAY, start + ends * DAY, None, key, signature)


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (cert(ends=-1), ["error"]),
        (cert(ends=7), ["warning"]),
        (cert(begins=1), ["error"]),
        (cert(names=("other.test",)), ["error"]),
        (cert(names=("*.test",)), ["error"]),
        (cert(key="RSA 1024"), ["error"]),
        (cert(signature="sha1WithRSAEncryption"), ["error"]),
        (cert(), []),
        (cert(names=("www.shop.test",)), []),
        (cert(names=()), []),
        (cert(key="RSA 2048"), []),
        (cert(key="RSA 4096", signature="ecdsa-with-SHA384"), []),
        (cert(begins=-1, ends=5), []),
        (cert(ends=7, issuer="mitmproxy"), []),
        (Certificate("shop.test", "R3"), []),
    ],
)
def test_certificate(leaf: Certificate, expected: list[str]):
    found = told(_GET, "tls/certificate", Connection(tls=TLS("TLSv1.3", chain=(leaf,))))
    assert severities(found) == expected


@pytest.mark.parametrize(
    ("leaf", "said"),
    [
        (cert(ends=-1), True),
        (cert(begins=1), True),
        (cert(names=("other.test",)), True),
        (cert(ends=7), False),
        (cert(key="RSA 1024"), False),
    ],
)
def test_a_faulty_certificate_takes_hsts_away(leaf: Certificate, said: bool):
    tls = Connection(tls=TLS("TLSv1.3", chain=(leaf,)))
    for field in (False, True):
        text = _GET + ("Strict-Transport-Security: max-age=31536000\n" if field else "")
        (found,) = told(text, "tls/certificate", tls)
        assert ("ignore its `Strict-Transport-Security`" in found.detail) is (said and field)


@pytest.mark.parametrize(
    ("host", "field", "error", "said"),
    [
        ("shop.test", "max-age=31536000", "certificate has expired", "`shop.test` asked for https alone"),
        ("www.shop.test", "max-age=31536000", "certificate has expired", None),
        ("www.shop.test", "max-age=9000; includeSubDomains", "self-signed certificate", "`shop.test`, for its subdom"),
        ("shop.test", "max-age=0", "certificate has expired", None),
        ("shop.test", "max-age=31536000", "certificate verify failed: hostname mismatch", "asked for https alone"),
    ],
)
def test_hsts_leaves_no_way_past_a_refused_certificate(host: str, field: str, error: str, said: str | None):
    text = f"""
    # recorder: proxy
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    Strict-Transport-Security: {field}
    ---
    # recorder: proxy
    # side: server
    # error: Certificate verify failed: {error}
    GET https://{host}/a HTTP/1.1
    """
    engine = Engine()
    found = [a for x in parse_example(text) for a in engine.observe(x).annotations if a.rule.startswith("tls/upstream")]
    assert len(found) == 1
    if said is None:
        assert "Strict-Transport-Security" not in found[0].detail
    else:
        assert said in found[0].detail
        assert "no way past its warning" in found[0].detail


_OPEN = (
    "GET https://chat.shop.test/live{query} HTTP/1.1\nUpgrade: websocket\nOrigin: {origin}\nCookie: {cookie}\n\n"
    "HTTP/1.1 {status} x\nUpgrade: websocket\n"
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"origin": "https://www.shop.test"}, False),
        ({"origin": "http://localhost:3000"}, False),
        ({"origin": "null"}, False),
        ({"cookie": "lang=de"}, False),
        ({"query": "?token=abc"}, False),
        ({"status": "403"}, False),
    ],
)
def test_cross_site_websocket(change: dict[str, str], expected: bool):
    base = {"query": "", "origin": "https://evil.example", "cookie": "sessionid=8f14e45fceea", "status": "101"}
    assert bool(told(_OPEN.format(**(base | change)), "websocket/cross-site-hijack")) is expected


@pytest.mark.parametrize(
    ("near", "far", "expected"),
    [("TLSv1.3", "TLSv1.2", 1), ("TLSv1.3", "TLSv1.3", 0), ("TLSv1.2", "TLSv1.3", 0), ("QUICv1", "TLSv1.2", 0)],
)
def test_the_two_sides_of_a_proxy(near: str, far: str, expected: int):
    text = (
        f"# recorder: proxy\n# client-tls: {near}\n# tls: {far}\nGET https://shop.test/ HTTP/1.1\n\nHTTP/1.1 200 OK\n"
    )
    found = told(text, "tls/sides-differ")
    assert severities(found) == ["info"] * expected
    assert told(text.replace("# recorder: proxy\n", ""), "tls/sides-differ") == []
    if found:
        assert found[0].title == "TLS 1.3 to the proxy, TLS 1.2 to the server"


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (["TLSv1.3", "TLSv1.2"], 1),
        (["TLSv1.2", "TLSv1.3", "TLSv1.2"], 1),
        (["TLSv1.3", "QUIC"], 0),
        (["TLSv1.3", "TLSv1.3"], 0),
    ],
)
def test_versions_that_change_from_connection_to_connection(versions: list[str], expected: int):
    text = "---\n".join(
        f"# tls: {version}\n# connection: {i}\nGET https://shop.test/{i} HTTP/1.1\n\nHTTP/1.1 200 OK\n"
        for i, version in enumerate(versions)
    )
    found = told(text, "tls/mixed-versions")
    assert severities(found) == ["note"] * expected
    if found:
        assert [e.exchange for e in found[0].evidence] == [0, 1]
