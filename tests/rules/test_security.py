"""Security fields: guards and the finer points beyond each page's two examples."""

import pytest

from inspector.engine import Engine
from inspector.report import Annotation, Severity
from inspector.rules.example import parse_example


def told(*lines: str, url: str = "https://shop.test/", said: str = "# type: document", request: str = "", status: int = 200, body: str = "") -> dict[str, Annotation]:  # fmt: skip
    kind = () if any(line.lower().startswith("content-type") for line in lines) else ("Content-Type: text/html",)
    text = "\n".join(filter(None, [said, f"GET {url} HTTP/2", request])) + "\n\n"
    text += "\n".join([f"HTTP/2 {status}", *kind, *lines]) + (f"\n\n{body}" if body else "")
    report = Engine().observe(parse_example(text)[0])
    return {a.rule: a for a in report.annotations if a.rule.startswith(("security/", "inspector/"))}


MISSING = {
    "security/hsts-missing",
    "security/frame-protection-missing",
    "security/nosniff-missing",
}


def test_a_bare_document_gets_three_short_lines_and_one_warning():
    found = told()
    assert set(found) == MISSING
    assert [a.rule for a in found.values() if a.severity is Severity.WARNING] == ["security/hsts-missing"]
    assert all(a.fix and len(a.detail) < 300 for a in found.values())


@pytest.mark.parametrize(
    "kwargs",
    [
        {"url": "https://localhost/"},
        {"url": "https://127.0.0.1:8443/"},
        {"status": 404},
        {"status": 500},
        {"status": 302},
        {"said": "# type: image"},
        {"said": "# type: fetch"},
        {"request": "Sec-Fetch-Dest: iframe"},
        {"said": "# type: document\n# page: https://news.test/"},
    ],
)
def test_where_missing_fields_do_not_matter(kwargs):
    assert not (set(told(**kwargs)) & (MISSING - {"security/nosniff-missing"}))


@pytest.mark.parametrize(
    "url", ["https://192.0.2.7/", "https://[2001:db8::1]/", "http://shop.test/", "https://shop.app/"]
)
def test_hosts_that_need_or_can_have_no_hsts(url):
    assert "security/hsts-missing" not in told(url=url)


def test_once_an_origin():
    engine = Engine()
    text = "# type: document\nGET https://shop.test/{} HTTP/2\n\nHTTP/2 200\nContent-Type: text/html"
    reports = [engine.observe(e) for e in parse_example(text.format("a") + "\n---\n" + text.format("b"))]
    assert "security/hsts-missing" in {a.rule for a in reports[0].annotations}
    assert not [a for a in reports[1].annotations if a.rule.startswith("security/")]


def test_what_is_at_stake_raises_framing():
    assert told()["security/frame-protection-missing"].severity is Severity.NOTE
    assert told(body="<form action=/buy>")["security/frame-protection-missing"].severity is Severity.WARNING
    assert told("Set-Cookie: sid=abc")["security/frame-protection-missing"].severity is Severity.WARNING


@pytest.mark.parametrize(
    ("lines", "protected"),
    [
        (("Content-Security-Policy: frame-ancestors 'none'",), True),
        (("Content-Security-Policy: frame-ancestors *, frame-ancestors 'self'",), True),
        (("Content-Security-Policy: frame-ancestors *",), False),
        (("Content-Security-Policy: frame-ancestors https:", "X-Frame-Options: DENY"), False),
        (("Content-Security-Policy-Report-Only: frame-ancestors 'none'",), False),
        (("X-Frame-Options: DENY",), True),
        (("X-Frame-Options: ALLOWALL",), False),
    ],
)
def test_framing(lines, protected):
    assert ("security/frame-protection-missing" not in told(*lines)) is protected


def test_an_unknown_x_frame_options_is_told_once():
    found = told("X-Frame-Options: ALLOW-FROM https://a.test")
    assert {r for r in found if "frame" in r or "xfo" in r} == {"security/xfo-invalid"}


def test_only_the_first_hsts_line_counts():
    good, bad = "Strict-Transport-Security: max-age=31536000", "Strict-Transport-Security: nonsense"
    assert "security/hsts-invalid" not in told(good, bad)
    assert "security/hsts-invalid" in told(bad, good)


def test_hsts_over_http_is_told_as_such_alone():
    found = told("Strict-Transport-Security: max-age=5", url="http://shop.test/")
    assert {r for r in found if "hsts" in r} == {"security/hsts-on-http"}


def test_x_frame_options_yields_to_frame_ancestors():
    found = told("X-Frame-Options: ALLOWED", "Content-Security-Policy: frame-ancestors 'self'")
    assert found["security/xfo-invalid"].severity is Severity.INFO
    assert "security/xfo-invalid" not in told("X-Frame-Options: SAMEORIGIN", "X-Frame-Options: SAMEORIGIN")
    assert "nobody" in told("X-Frame-Options: SAMEORIGIN", "X-Frame-Options: DENY")["security/xfo-invalid"].title


@pytest.mark.parametrize(
    ("line", "fires"),
    [
        ("Server: nginx/1.18.0 (Ubuntu)", True),
        ("Server: Apache/2.4.41", True),
        ("X-Powered-By: PHP/8.1.2", True),
        ("X-AspNet-Version: 4.0.30319", True),
        ("Server: nginx", False),
        ("Server: cloudflare", False),
        ("Server: Apache-Coyote/1.1", False),
        ("X-Powered-By: Express", False),
        ("Server: AmazonS3", False),
    ],
)
def test_versions(line, fires):
    assert ("security/server-version" in told(line)) is fires


def test_field_list_says_what_each_does():
    detail = told("Strict-Transport-Security: max-age=31536000; includeSubDomains", "X-Frame-Options: DENY")[
        "security/fields"
    ].detail
    assert "for 1 year browsers use only https for this host and for its subdomains" in detail
    assert "no page may show it in a frame" in detail
