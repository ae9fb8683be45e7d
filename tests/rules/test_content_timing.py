"""Rules on content, preloads, timing and transport: what they say, and above all when they are silent."""

from __future__ import annotations

import gzip

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.engine import INTERNAL_ERROR, Engine, Options
from inspector.exchange import Body, Exchange
from inspector.report import Annotation
from inspector.rules.example import parse_example


def told_of(exchanges: list[Exchange], *rules: str) -> list[Annotation]:
    engine = Engine(Options(rules=frozenset(rules)))
    found = [a for x in exchanges for a in engine.observe(x).annotations]
    assert INTERNAL_ERROR not in {a.rule for a in found}, found
    return found


def told(text: str, *rules: str) -> list[Annotation]:
    return told_of(parse_example(text), *rules)


def page(markup: str, fields: str = "Content-Type: text/html; charset=utf-8", said: str = "# type: document") -> str:
    return f"{said}\nGET https://shop.test/ HTTP/2\n\nHTTP/2 200\n{fields}\n\n{markup}\n"


def severities(found: list[Annotation]) -> list[str]:
    return [a.severity.value for a in found]


@pytest.mark.parametrize(
    ("said", "line", "rest", "expected"),
    [
        ("# type: document", "GET", "HTTP/2 200\nServer: x\n\n<p>About us</p>", ["warning"]),
        ("# type: image", "GET", "HTTP/2 200\nServer: x\n\nsome content", ["note"]),
        ("# type: document", "GET", "HTTP/2 200\nServer: x\nContent-Type: text/html\n\n<p>About us</p>", []),
        ("# type: document", "GET", "HTTP/2 200\nContent-Type:\n\n<p>About us</p>", ["warning"]),
        ("# type: fetch", "GET", "HTTP/2 200\nContent-Type: json\n\n[1, 2, 3, 4]", ["note"]),
        ("# type: fetch", "GET", "HTTP/2 200\nContent-Type: */*\n\n[1, 2, 3, 4]", ["note"]),
        ("# type: fetch", "GET", "HTTP/2 200\nContent-Type: json, application/json\n\n[1, 2, 3, 4]", []),
        ("# type: document", "GET", "HTTP/2 200\nContent-Length: 0\n", []),
        ("# type: document", "HEAD", "HTTP/2 200\nServer: x\n", []),
        ("# type: document", "GET", "HTTP/2 404\nServer: x\n\n<p>About us</p>", []),
        ("# type: document\n# from: disk-cache", "GET", "HTTP/2 200\nServer: x\n\n<p>About us</p>", []),
        ("# type: document", "GET", "HTTP/2 200\n\n<p>All fields are left out</p>", []),
    ],
)
def test_type_missing(said: str, line: str, rest: str, expected: list[str]):
    found = told(f"{said}\n{line} https://shop.test/ HTTP/2\n\n{rest}\n", "content/type-missing")
    assert severities(found) == expected


@pytest.mark.parametrize(
    ("kind", "declared", "content", "expected"),
    [
        ("script", "text/javascript", "<!DOCTYPE html><title>x</title>", ["warning"]),
        ("style", "text/css", "\n<!-- a --><html lang=en>", ["warning"]),
        ("image", "image/png", "<html><body>Not found", ["warning"]),
        ("fetch", "text/html", '{"name": "cup", "price": 7}', ["note"]),
        ("script", "text/javascript", "<!-- old comment\nlet a = '<html>'", []),
        ("script", "text/javascript", "var t = '<!doctype html>'", []),
        ("style", "text/css", "html { color: red }", []),
        ("image", "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>", []),
        ("fetch", "text/html", "{not json}", []),
        ("fetch", "text/html", "<div>[]</div>", []),
        ("document", "text/html", '{"name": "cup", "price": 7}', []),
        ("fetch", "text/plain", '{"name": "cup", "price": 7}', []),
        ("fetch", "application/json", "<!doctype html>", []),
    ],
)
def test_type_mismatch(kind: str, declared: str, content: str, expected: list[str]):
    text = f"# type: {kind}\nGET https://shop.test/x HTTP/2\n\nHTTP/2 200\nContent-Type: {declared}\n\n{content}\n"
    assert severities(told(text, "content/type-mismatch")) == expected
    assert told(text.replace("HTTP/2 200", "HTTP/2 404"), "content/type-mismatch") == []


def with_body(text: str, body: Body) -> list[Exchange]:
    (exchange,) = parse_example(text)
    assert exchange.response is not None
    return [msgspec.structs.replace(exchange, response=msgspec.structs.replace(exchange.response, body=body))]


@pytest.mark.parametrize(
    ("data", "declared", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n....", "text/html", True),
        (b"%PDF-1.7 ....", "text/plain", True),
        (b"RIFF....WEBPVP8 ", "text/html", True),
        (b"RIFF....WAVEfmt ", "text/plain", True),
        (b"\x00\x00\x00\x18ftypmp42", "text/plain", True),
        (b"\x1aE\xdf\xa3....", "text/html", True),
        (b"OggS\x00....", "text/plain", True),
        (b"\x00\x01\x00\x00....", "text/css", True),
        (b"\x00asm\x01\x00\x00\x00", "text/javascript", True),
        (b"\x1f\x8b\x08\x00....", "text/plain", True),
        (b"\x1f\x8b\x08\x00....", "text/plain\nContent-Encoding: br", False),
        (b"\x89PNG\r\n\x1a\n....", "font/woff2", False),
        (b"RIFF....WEBPVP8 ", "image/png", False),
        (b"BMW and other cars", "text/plain", False),
        (b"RIFF is a format", "text/plain", False),
        (b"\x89PNG\r\n\x1a\n....", "image/jpeg", False),
        (b"plain words", "text/plain", False),
        (b"PK\x03\x04....", "application/zip", False),
        (b"", "text/plain", False),
    ],
)
def test_signatures(data: bytes, declared: str, expected: bool):
    text = f"GET https://shop.test/x HTTP/2\n\nHTTP/2 200\nContent-Type: {declared}\n"
    found = told_of(with_body(text, Body("full", len(data), len(data), source=data)), "content/type-mismatch")
    assert bool(found) is expected


@pytest.mark.parametrize(
    ("content_type", "markup", "expected"),
    [
        ("text/html", "<!doctype html><title>Café</title>", "not stated"),
        ("text/html; charset=iso-8859-1", "<meta charset=utf-8><title>Café</title>", "different encodings"),
        ("text/html", "<!-- " + "x" * 1100 + " --><meta charset=utf-8>é", "too late"),
        ("text/html", "<!-- <meta charset=utf-8> --><title>Café</title>", "not stated"),
        ("text/html", "<title>Cafe</title>", None),
        ("text/html; charset=utf-8", "<title>Café</title>", None),
        ("text/html; charset=UTF-8", "<meta charset=utf8><title>Café</title>", None),
        ("text/html; charset=windows-1252", "<meta charset=latin1><title>Café</title>", None),
        ("text/html; charset=gb2312", "<meta charset=gbk><title>中</title>", None),
        ("text/html; charset=shift_jis", "<meta charset=ms_kanji><title>中</title>", None),
        ("text/html; charset=iso-8859-9", "<meta charset=windows-1254><title>é</title>", None),
        ("text/html; charset=utf-8, text/html", "<title>Café</title>", None),
        ("text/plain; charset=utf-8, text/html", "<title>Café</title>", "not stated"),
        ("text/html; charset=utf-8, text/html; charset=latin1", "<meta charset=utf-8>é", "different encodings"),
        ("text/html; charset=utf-8", "<meta charset=nonsense><title>Café</title>", None),
        ("text/html", "<meta http-equiv=Content-Type content='text/html; charset=utf-8'>é", None),
        ("text/html", "\ufeff<title>Café</title>", None),
        ("application/json", '{"a": "é"}', None),
    ],
)
def test_charset(content_type: str, markup: str, expected: str | None):
    found = told(page(markup, f"Content-Type: {content_type}"), "content/charset")
    assert [expected in a.title for a in found if expected] == ([True] if expected else [])
    assert bool(found) is (expected is not None)


def test_a_fragment_that_is_no_document_needs_no_encoding():
    assert told(page("<b>é</b>", "Content-Type: text/html", "# type: xhr"), "content/charset") == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("attachment; filename=Bill of March.pdf", True),
        ('attachment; filename="../../etc/passwd"', True),
        ('attachment; filename="Jähr.pdf"', True),
        ("attachment; filename=a%20b.pdf", True),
        ("attachment; filename=a.pdf; filename*=\"UTF-8''a.pdf", True),
        ("attachment; filename*=Jahr.pdf", True),
        ('attachment; filename="Bill of March.pdf"', False),
        ("attachment; filename=bill.pdf", False),
        ('attachment; filename="100%.pdf"', False),
        ("attachment; filename=\"Jahr.pdf\"; filename*=UTF-8''J%C3%A4hr.pdf", False),
        ("attachment; filename*=UTF-8''J%C3%A4hr.pdf", False),
        ("attachment", False),
        ("inline", False),
        ('form-data; name="a b"', False),
    ],
)
def test_download_name(value: str, expected: bool):
    text = f"GET https://shop.test/x HTTP/2\n\nHTTP/2 200\nContent-Disposition: {value}\n"
    assert bool(told(text, "content/download-name")) is expected


_LIST = "[" + ", ".join(['{"name": "cup", "price": 7}'] * 200) + "]"


@pytest.mark.parametrize(
    ("where", "asked", "fields", "content", "expected"),
    [
        ("https://shop.test/", "gzip, br", "", _LIST, True),
        ("https://shop.test/", "gzip;q=0", "", _LIST, False),
        ("https://shop.test/", "identity", "", _LIST, False),
        ("https://shop.test/", "gzip", "\nContent-Encoding: gzip", _LIST, False),
        ("https://shop.test/", "gzip", "\nCache-Control: no-transform", _LIST, False),
        ("https://shop.test/", "gzip", "", _LIST[:1000], False),
        ("http://localhost:8000/", "gzip", "", _LIST, False),
    ],
)
def test_not_compressed(where: str, asked: str, fields: str, content: str, expected: bool):
    text = (
        f"GET {where} HTTP/2\nAccept-Encoding: {asked}\n\n"
        f"HTTP/2 200\nContent-Type: application/json{fields}\n\n{content}\n"
    )
    assert bool(told(text, "content/not-compressed")) is expected
    assert told("# from: disk-cache\n" + text, "content/not-compressed") == []
    data = content.encode()
    small = with_body(text, Body("full", len(data), len(data) // 4, source=data))
    assert told_of(small, "content/not-compressed") == []


@pytest.mark.parametrize(
    ("asked", "coding", "expected"),
    [
        ("Accept-Encoding: gzip", "br", True),
        ("Accept-Encoding: gzip, br;q=0", "br", True),
        ("Accept-Encoding: identity", "gzip", True),
        ("Accept-Encoding: gzip, br", "br", False),
        ("Accept-Encoding: *", "br", False),
        ("Accept-Encoding: gzip", "x-gzip", False),
        ("Accept-Encoding: gzip", "identity", False),
        ("Accept-Encoding: gzip", "utf-8", False),
        ("Accept: */*", "br", False),
    ],
)
def test_encoding_not_asked_for(asked: str, coding: str, expected: bool):
    text = f"GET https://shop.test/ HTTP/2\n{asked}\n\nHTTP/2 200\nContent-Encoding: {coding}\n"
    assert bool(told(text, "content/encoding-mismatch")) is expected


def test_compressed_twice():
    once = gzip.compress(b"let cup = 7;" * 100)
    text = "GET https://shop.test/a HTTP/2\n\nHTTP/2 200\nContent-Type: {}\nContent-Encoding: gzip\n"
    left = Body("full", len(once), len(once) + 20, source=once)
    assert severities(told_of(with_body(text.format("text/javascript"), left), "content/encoding-mismatch")) == [
        "error"
    ]
    archive = with_body(text.format("application/gzip"), left)
    assert told_of(archive, "content/encoding-mismatch") == []
    undecoded = with_body(text.format("text/javascript"), Body("full", len(once), len(once), source=once))
    assert told_of(undecoded, "content/encoding-mismatch") == []


@pytest.mark.parametrize(
    ("value", "title", "words"),
    [
        ("", "`Content-Type` is empty", "an empty `Content-Type`, so browsers guess"),
        ("json", "`Content-Type` is no media type", "`json` for a `Content-Type`, which is no media type, so browsers"),
    ],
)
def test_a_content_type_that_names_none(value: str, title: str, words: str):
    text = f"GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nContent-Type: {value}\n\n[1, 2, 3, 4]\n"
    (found,) = told(text, "content/type-missing")
    assert found.title == title
    assert words in found.detail
    assert [(e.name, e.value) for e in found.evidence] == [("Content-Type", value)]


def test_content_that_cannot_be_decoded():
    text = (
        "GET https://shop.test/a HTTP/2\nAccept-Encoding: gzip\n\nHTTP/2 200\nContent-Type: {}\nContent-Encoding: {}\n"
    )
    script, rule = text.format("text/javascript", "gzip"), "content/encoding-mismatch"
    (failed,) = told(f"# error: net::ERR_CONTENT_DECODING_FAILED\n{script}", rule)
    assert (failed.severity, failed.title) == ("error", "The content cannot be decoded as `gzip`")
    assert [e.name for e in failed.evidence] == ["Content-Encoding", "error"]
    assert severities(told_of(with_body(script, Body("omitted", None, 90, undecodable=True)), rule)) == ["error"]

    whole = gzip.compress(bytes(range(256)) * 40)
    spoilt = whole[:20] + b"PHP Warning: " + whole[20:]
    for octets, expected in ((spoilt, ["error"]), (whole, []), (whole[:60], [])):
        kept = Body("full", len(octets), len(octets), source=octets)
        assert severities(told_of(with_body(script, kept), rule)) == expected
    plain = Body("full", 9, 9, source=b"let a = 1")
    assert told_of(with_body(script, plain), rule) == [], "most exporters give the decoded content both sizes"
    assert told(f"# error: net::ERR_ABORTED\n{script}", rule) == []
    assert told(f"# error: net::ERR_CONTENT_DECODING_FAILED\n{script}".replace("GET", "HEAD"), rule) == []


_HASH = "sha384-1H217gwSVyLSIfaLxHbE7dRb3v4mYCKbpQvzx0cegeju1MVsGrX5xXxAvs/HgeFs"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<script src=https://cdn.example/jquery@3.7.1/jquery.js></script>", True),
        ("<link rel=stylesheet href=//cdn.example/b/5.3.0/b.min.css>", True),
        (f"<script src=https://cdn.example/jquery@3.7.1/jquery.js integrity={_HASH}></script>", False),
        ("<script src=https://tags.example/gtag.js></script>", False),
        ("<script src=https://static.shop.test/app-1.2.3.js></script>", False),
        ("<script src=/lib/1.2.3/app.js></script>", False),
        ("<link rel=icon href=https://cdn.example/1.2.3/i.png>", False),
        ("<script type=application/json src=https://cdn.example/1.2.3/x.json></script>", False),
        ("<!-- <script src=https://cdn.example/jquery@3.7.1/jquery.js></script> -->", False),
    ],
)
def test_sri_missing(markup: str, expected: bool):
    assert bool(told(page(markup), "sri/missing")) is expected


@pytest.mark.parametrize(
    ("source", "at", "expected"),
    [
        ("https://cdn.polyfill.io/v3/polyfill.min.js", "2026-01-01T00:00:00Z", ["error"]),
        ("https://polyfill.io/v3/polyfill.min.js", "2016-01-01T00:00:00Z", ["warning"]),
        ("https://notpolyfill.io/v3/polyfill.min.js", "2026-01-01T00:00:00Z", []),
        ("https://polyfill.io.example/v3/polyfill.min.js", "2026-01-01T00:00:00Z", []),
        ("https://cdnjs.cloudflare.com/polyfill/v3/polyfill.min.js", "2026-01-01T00:00:00Z", []),
    ],
)
def test_hosts_taken_over(source: str, at: str, expected: list[str]):
    found = told(page(f"<script src={source}></script>", said=f"# type: document\n# at: {at}"), "sri/taken-over")
    assert severities(found) == expected


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("<a href=https://other.example/ target=_blank rel=opener>", True),
        ("<a href=https://other.example/ target=_blank>", False),
        ("<a href=https://other.example/ target=_blank rel='opener noopener'>", False),
        ("<a href=https://other.example/ rel=opener>", False),
        ("<a href=https://www.shop.test/ target=_blank rel=opener>", False),
        ("<a href=/about target=_blank rel=opener>", False),
        ("<a href=javascript:void(0) target=_blank rel=opener>", False),
    ],
)
def test_tabnabbing(link: str, expected: bool):
    assert bool(told(page(link), "link/tabnabbing")) is expected


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("</f.woff2>; rel=preload; as=font", True),
        ("</f.woff2>; rel=preload; as=font; crossorigin=use-credentials", True),
        ("</a>; rel=preload", True),
        ("</a>; rel=preload; as=document", True),
        ("</a>; rel=preload; as=fetch", True),
        ("</t.vtt>; rel=preload; as=track", True),
        ("</t.vtt>; rel=preload; as=track; crossorigin", False),
        ("</a.css>; rel=preload; as=style; type=text/javascript", True),
        ("</f.woff2>; rel=preload; as=font; crossorigin", False),
        ('</f.woff2>; rel=preload; as=font; crossorigin="anonymous"; type="font/woff2"', False),
        ("</a.js>; rel=preload; as=script", False),
        ("</a.js>; rel=preload; as=script; type=text/javascript; nopush", False),
        ("</a.json>; rel=preload; as=fetch; crossorigin", False),
        ("</a.jpg>; rel=preload; as=image; type=image/avif", False),
        ("<https://cdn.example>; rel=preconnect", False),
        ("</page/2>; rel=next", False),
        ("nonsense", False),
    ],
)
def test_preload_fields(link: str, expected: bool):
    assert bool(told(page("", f"Content-Type: text/html\nLink: {link}"), "hints/preload-invalid")) is expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<link rel=preload href=/f.woff2 as=font>", True),
        ("<link rel=preload as=image>", True),
        ("<link rel=preload href=/f.woff2 as=font crossorigin>", False),
        ("<link rel=preload as=image imagesrcset='/a.jpg 1x, /b.jpg 2x'>", False),
        ("<link rel=modulepreload href=/a.js>", False),
        ("<link rel=prefetch href=/next>", False),
        ("<template><link rel=preload href=/f.woff2 as=font></template>", False),
    ],
)
def test_preload_markup(markup: str, expected: bool):
    assert bool(told(page(markup), "hints/preload-invalid")) is expected


@pytest.mark.parametrize(
    ("preload", "use", "expected"),
    [
        ("as=script href=/a.js", "<script src=/a.js crossorigin></script>", True),
        ("as=script href=/a.js crossorigin", "<script src=/a.js></script>", True),
        ("as=script href=/a.js", "<script type=module src=/a.js></script>", True),
        ("as=style href=/a.css", "<link rel=stylesheet href=/a.css crossorigin=use-credentials>", True),
        ("as=script href=/a.js", "<script src=/a.js></script>", False),
        ("as=script href=/a.js crossorigin", "<script type=module src=/a.js></script>", False),
        ("as=script href=/a.js crossorigin=''", "<script src=/a.js crossorigin=anonymous></script>", False),
        ("as=script href=/a.js", "<script src=/b.js crossorigin></script>", False),
        ("as=style href=/a.css", "<link rel=stylesheet href=/a.css>", False),
        ("as=image href=/a.png", "<img src=/a.png>", False),
        ("as=fetch href=/a.js", "<script src=/a.js crossorigin></script>", False),
    ],
)
def test_preload_in_another_mode(preload: str, use: str, expected: bool):
    assert bool(told(page(f"<link rel=preload {preload}>{use}"), "hints/preload-twice")) is expected


@pytest.mark.parametrize(
    ("said", "path", "content_type", "expected"),
    [
        ("# type: document\n# wait: 2400", "/", "text/html", ["note"]),
        ("# type: fetch\n# wait: 900", "/api/items", "application/json", ["info"]),
        ("# type: document\n# wait: 700", "/", "text/html", []),
        ("# type: document", "/", "text/html", []),
        ("# type: image\n# wait: 2400", "/a.png", "image/png", []),
        ("# type: eventsource\n# wait: 24000", "/x", "text/event-stream", []),
        ("# type: fetch\n# wait: 24000", "/api/poll", "application/json", []),
        ("# type: document\n# wait: 2400\n# from: service-worker", "/", "text/html", []),
    ],
)
def test_ttfb(said: str, path: str, content_type: str, expected: list[str]):
    text = f"{said}\nGET https://shop.test{path} HTTP/2\n\nHTTP/2 200\nContent-Type: {content_type}\n"
    assert severities(told(text, "perf/ttfb")) == expected


@pytest.mark.parametrize(
    ("wait", "duration", "content_type", "expected"),
    [
        (1900, 2000, "text/html", True),
        (500, 2000, "text/html", False),
        (190, 200, "text/html", False),
        (9000, 2000, "text/html", False),
        (1900, 2000, "video/mp4", False),
        (1900, 2000, "text/event-stream", False),
    ],
)
def test_phase_dominant(wait: int, duration: int, content_type: str, expected: bool):
    text = (
        f"# wait: {wait}\n# duration: {duration}\nGET https://shop.test/x HTTP/2\n\n"
        f"HTTP/2 200\nContent-Type: {content_type}\n"
    )
    assert bool(told(text, "perf/phase-dominant")) is expected


@pytest.mark.parametrize(
    ("content_type", "size", "fields", "where", "expected"),
    [
        ("text/html", 600_000, "", "https://shop.test/", True),
        ("text/javascript", 1_200_000, "", "https://shop.test/", True),
        ("text/javascript", 600_000, "", "https://shop.test/", False),
        ("text/html", 400_000, "", "https://shop.test/", False),
        ("video/mp4", 9_000_000, "", "https://shop.test/", False),
        ("application/pdf", 9_000_000, "", "https://shop.test/", False),
        ("text/html", 600_000, "\nContent-Disposition: attachment", "https://shop.test/", False),
        ("text/html", 600_000, "", "http://127.0.0.1/", False),
    ],
)
def test_large(content_type: str, size: int, fields: str, where: str, expected: bool):
    text = f"GET {where} HTTP/2\n\nHTTP/2 200\nContent-Type: {content_type}{fields}\n"
    assert bool(told_of(with_body(text, Body("omitted", size, size)), "perf/large")) is expected


def test_a_large_page_that_crossed_the_wire_small():
    text = "GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\nContent-Encoding: gzip\n"
    assert told_of(with_body(text, Body("omitted", 2_000_000, 200_000)), "perf/large") == []
    assert told_of(with_body(text, Body("omitted", 2_000_000, None)), "perf/large") == []


_MENU = """# type: fetch
# page: https://shop.test/
# at: 2026-03-01T12:00:{second}Z{said}
GET https://shop.test/api/menu HTTP/2

HTTP/2 200
Content-Type: application/json
Content-Length: {size}
ETag: {etag}{fields}
"""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"second": "30"}, False),
        ({"etag": '"b"'}, False),
        ({"size": "400"}, False),
        ({"said": "\n# from: memory-cache"}, False),
        ({"fields": "\nCache-Control: max-age=60"}, False),
        ({"fields": "\nSet-Cookie: a=b"}, False),
    ],
)
def test_duplicate_request(change: dict[str, str], expected: bool):
    base = {"second": "01", "said": "", "size": "4000", "etag": '"a"', "fields": ""}
    text = _MENU.format(**(base | {"second": "00"})) + "---\n" + _MENU.format(**(base | change))
    assert bool(told(text, "perf/duplicate-request")) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('db;dur=210.5;desc="orders, all", render;dur=40', "`db` (orders, all) 210.5 ms and `render` 40 ms"),
        ("total;dur=12", "`total` 12 ms"),
        ("cdn-cache; desc=HIT", None),
        ("db;dur=abc", None),
        ("db;dur=nan, x;dur=inf, y;dur=-3", None),
        (";;;,,,", None),
        ("", None),
    ],
)
def test_server_timing(value: str, expected: str | None):
    found = told(f"GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nServer-Timing: {value}\n", "perf/server-timing")
    assert [expected in a.detail for a in found if expected] == ([True] if expected else [])
    assert bool(found) is (expected is not None)


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\r\n"), max_size=80))
def test_hostile_values_are_survived(value: str):
    text = "GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n"
    (exchange,) = parse_example(text)
    names = ("Server-Timing", "Link", "Content-Disposition", "Content-Encoding", "Accept-Encoding")
    response = exchange.response
    assert response is not None
    lines = type(response.fields).of([("Content-Type", "text/html;charset=" + value), *((n, value) for n in names)])
    body = Body("full", len(value), len(value), source="<link rel=preload href='" + value + "'>é" + value)
    hostile = msgspec.structs.replace(response, fields=lines, body=body)
    engine = Engine()
    report = engine.observe(msgspec.structs.replace(exchange, response=hostile))
    assert INTERNAL_ERROR not in {a.rule for a in report.annotations}


def test_comments_before_a_page_are_each_read_once():
    """A page in place of an image; with forty comments there are 2^39 ways to take them together."""
    for comments, found in ((3, 1), (40, 0)):
        text = "<!---->" * comments + ("<!doctype html>" if found else "<svg")
        told_here = told(
            f"# type: image\nGET https://shop.test/a HTTP/2\n\nHTTP/2 200\nContent-Type: image/png\n\n{text}",
            "content/type-mismatch",
        )
        assert len(told_here) == found


@pytest.mark.parametrize("piece", ["<", "<!--", "<script", "<style>", "<head", "</head", "<script>a</script "])
def test_a_redirect_with_markup_that_is_not_closed(piece: str):
    text = f"GET https://shop.test/a HTTP/2\n\nHTTP/2 302\nLocation: /b\nContent-Type: text/html\n\n{piece * 90_000}"
    assert len(told(text, "redirect/big-body")) <= 1


def test_a_redirect_s_head_is_not_seen():
    head = "<head>" + "<title>Moved</title>" * 50 + "<!-- a -->" + "word " * 200 + "</head >"
    for body, found in (("", 0), ("word " * 200, 1)):
        text = "GET https://shop.test/a HTTP/2\n\nHTTP/2 302\nLocation: /b\nContent-Type: text/html\n\n" + head + body
        assert len(told(text, "redirect/big-body")) == found
