"""Reflected input, SQL injection, CRLF, traversal, JSONP: what raises them, and twice as much that must not."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.engine import INTERNAL_ERROR, Engine
from inspector.report import Annotation, Severity
from inspector.rules.example import parse_example
from inspector.rules.sqli import tokens

TOPICS = ("xss/", "sqli/", "inj/", "jsonp/", "inspector/")


def told(
    request: str, response: str = "HTTP/1.1 200 OK\nContent-Type: text/html", body: str = ""
) -> dict[str, Annotation]:
    (exchange,) = parse_example(f"{request}\n\n{response}" + (f"\n\n{body}" if body else ""))
    return {a.rule: a for a in Engine().observe(exchange).annotations if a.rule.startswith(TOPICS)}


def page(value: str, body: str, response: str = "HTTP/1.1 200 OK\nContent-Type: text/html") -> dict[str, Annotation]:
    return told(f"GET https://shop.test/s?q={quote(value)} HTTP/1.1", response, body)


SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("value", "body"),
    [
        (SCRIPT, f"<p>Nothing for {SCRIPT}</p>"),
        ('"><img src=x onerror=alert(1)>', '<input value=""><img src=x onerror=alert(1)>">'),
        ("';alert(1);//", "<script>var q = '';alert(1);//';</script>"),
        ("</title><svg onload=alert(1)>", "<title></title><svg onload=alert(1)></title>"),
        ("x' onmouseover='alert(1)", "<a title='x' onmouseover='alert(1)'>a</a>"),
    ],
)
def test_reflected(value: str, body: str):
    found = page(value, body)["xss/reflected"]
    assert found.severity is Severity.ERROR
    assert [e.where for e in found.evidence] == ["request.line", "response.body"]


@pytest.mark.parametrize(
    ("value", "body", "response"),
    [
        (SCRIPT, "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>", "HTTP/1.1 200 OK\nContent-Type: text/html"),
        (SCRIPT, "<p>Nothing found</p>", "HTTP/1.1 200 OK\nContent-Type: text/html"),
        (
            SCRIPT,
            f'{{"q": "{SCRIPT}"}}',
            "HTTP/1.1 200 OK\nContent-Type: application/json\nX-Content-Type-Options: nosniff",
        ),
        (SCRIPT, SCRIPT, "HTTP/1.1 200 OK\nContent-Type: text/plain\nX-Content-Type-Options: nosniff"),
        (SCRIPT, SCRIPT, "HTTP/1.1 302 Found\nContent-Type: text/html\nLocation: /"),
        (SCRIPT, f"<textarea>{SCRIPT}</textarea>", "HTTP/1.1 200 OK\nContent-Type: text/html"),
        ("I <3 chairs", "<p>I <3 chairs</p>", "HTTP/1.1 200 OK\nContent-Type: text/html"),
        ("O'Brien", "<p>Hello O'Brien</p>", "HTTP/1.1 200 OK\nContent-Type: text/html"),
        ('"en"', '<html lang="en"><script>x = {"lang":"en"}</script>', "HTTP/1.1 200 OK\nContent-Type: text/html"),
        ("<b>", "<b>bold</b>", "HTTP/1.1 200 OK\nContent-Type: text/html"),
        ("chairs", "<p>chairs</p>", "HTTP/1.1 200 OK\nContent-Type: text/html"),
    ],
)
def test_not_reflected(value: str, body: str, response: str):
    assert "xss/reflected" not in page(value, body, response)


def test_a_form_field_and_the_path_are_input_too():
    form = "POST https://shop.test/s HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\nname=" + quote(SCRIPT)
    found = told(form, body=f"<p>Hello {SCRIPT}</p>")["xss/reflected"]
    assert found.evidence[0].where == "request.body"
    path = f"GET https://shop.test/item/{quote(SCRIPT, safe='')} HTTP/1.1"
    assert "xss/reflected" in told(path, "HTTP/1.1 404 Not Found\nContent-Type: text/html", f"<h1>No {SCRIPT}</h1>")


def test_a_policy_is_mentioned():
    response = "HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Security-Policy: script-src 'self'"
    assert "Content-Security-Policy" in page(SCRIPT, f"<p>{SCRIPT}</p>", response)["xss/reflected"].detail


@pytest.mark.parametrize(
    ("value", "body", "severity"),
    [
        ("https://evil.test/x.js", '<script src="https://evil.test/x.js"></script>', Severity.WARNING),
        ("https://evil.test/", '<form action="https://evil.test/"></form>', Severity.WARNING),
        ("javascript:alert(1)", '<a href="javascript:alert(1)">back</a>', Severity.ERROR),
        ("Chair No 7", "<b onclick=\"buy('Chair No 7')\">Buy</b>", Severity.WARNING),
        ("x');alert(1)//", '<b onclick="buy(&#39;x&#39;);alert(1)//&#39;)">Buy</b>', Severity.ERROR),
    ],
)
def test_where_a_script_could_be(value: str, body: str, severity: Severity):
    assert page(value, body)["xss/reflected-attribute"].severity is severity


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ("garden chairs", '<input name="q" value="garden chairs">'),
        ("https://shop.test/next", '<form action="https://shop.test/next"></form>'),
        ("https://www.shop.test/x", '<iframe src="https://www.shop.test/x"></iframe>'),
        ("https://evil.test/", '<a href="https://evil.test/">out</a>'),
        ("https://evil.test/", '<link rel="canonical" href="https://evil.test/">'),
        ("search", '<b onclick="search()">Go</b>'),
        ("20260301", '<b onclick="show(20260301)">Go</b>'),
        ("evil.test/x.js", '<script src="/go?u=evil.test/x.js"></script>'),
    ],
)
def test_where_none_could_be(value: str, body: str):
    assert "xss/reflected-attribute" not in page(value, body)


SQL_ERRORS = {
    "MySQL or MariaDB": "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version",
    "PostgreSQL": 'ERROR:  syntax error at or near "7"',
    "Microsoft SQL Server": "Unclosed quotation mark after the character string '7'.",
    "Oracle": "ORA-01756: quoted string not properly terminated",
    "SQLite": 'sqlite3.OperationalError: near "x": syntax error',
    "an ODBC driver": "[Microsoft][ODBC Microsoft Access Driver] Syntax error in query expression",
    "IBM Db2": "DB2 SQL error: SQLCODE: -104",
    "a database, through PDO": "SQLSTATE[42000]: Syntax error or access violation",
    "a database, through an object mapper": "sqlalchemy.exc.ProgrammingError: (x)",
}


@pytest.mark.parametrize("name", sorted(SQL_ERRORS))
def test_each_database_is_known_by_its_error(name: str):
    found = told(
        "GET https://shop.test/i?id=7%27 HTTP/1.1",
        "HTTP/1.1 500 Oops\nContent-Type: text/html",
        f"<p>{SQL_ERRORS[name]}</p>",
    )
    assert name in found["sqli/error"].title
    assert found["sqli/error"].severity is Severity.ERROR


@pytest.mark.parametrize(
    "body",
    [
        "<p>Learn about SQL syntax errors in MySQL, PostgreSQL and Oracle</p>",
        f"<h1>What is this?</h1><pre>{SQL_ERRORS['Oracle']}</pre>",
        f"<h1>What is this?</h1><code>{SQL_ERRORS['SQLite']}</code>",
        f"<p>{SQL_ERRORS['Oracle']}</p><p>{SQL_ERRORS['PostgreSQL']}</p>",
        "<p>ORA-01756 is the number</p>",
        "<p>A chair, near &quot;you&quot;</p>",
        "<p>Incorrect syntax near the end</p>",
        "<p>mysqli_connect and mysql_fetch_array are functions of PHP</p>",
        "<p>PG::Chair</p>",
        "<p>Sequelize, Prisma and TypeORM compared</p>",
    ],
)
def test_pages_about_databases(body: str):
    assert "sqli/error" not in told("GET https://shop.test/i?id=7 HTTP/1.1", body=body)


def test_an_error_without_a_parameter_is_a_warning():
    found = told("GET https://shop.test/ HTTP/1.1", "HTTP/1.1 500 Oops\nContent-Type: text/plain", SQL_ERRORS["Oracle"])
    assert found["sqli/error"].severity is Severity.WARNING


@pytest.mark.parametrize(
    "value",
    [
        "1' OR '1'='1",
        "1' OR 1=1-- ",
        "1 UNION SELECT name, password FROM users",
        "1; DROP TABLE users--",
        "1' AND SLEEP(5)#",
        "x'; WAITFOR DELAY '0:0:5'--",
        "1 UNION/**/SELECT 1,2,table_name FROM information_schema.tables",
        "%27%20OR%201%3D1--",
        "1' ORDER BY 10--",
    ],
)
def test_attempts(value: str):
    assert len(tokens(value)) >= 2
    assert "sqli/payload" in told(f"GET https://shop.test/i?id={quote(value)} HTTP/1.1")


@pytest.mark.parametrize(
    "value",
    [
        "O'Brien",
        "rock 'n' roll",
        "select a chair from the union",
        "union jack",
        "drop table lamps",
        "a or b",
        "this and that = fine",
        "C#",
        "5' 10\"",
        "it's -- well -- fine",
        "sleep (deep)",
        "1=1",
        "order by mail",
        "benchmark results",
        "SELECT",
        "a;b;c",
        "/* comment */",
    ],
)
def test_what_people_write(value: str):
    assert len(tokens(value)) < 2
    assert "sqli/payload" not in told(f"GET https://shop.test/i?id={quote(value)} HTTP/1.1")


def test_free_text_is_information_and_an_answer_that_breaks_is_not():
    attempt = quote("1' UNION SELECT 1--")
    assert told(f"GET https://shop.test/i?q={attempt} HTTP/1.1")["sqli/payload"].severity is Severity.INFO
    broken = told(
        f"GET https://shop.test/i?q={attempt} HTTP/1.1",
        "HTTP/1.1 500 Oops\nContent-Type: text/plain",
        SQL_ERRORS["Oracle"],
    )
    assert broken["sqli/payload"].severity is Severity.WARNING


@pytest.mark.parametrize(
    ("query", "fields", "fires"),
    [
        ("to=en%0d%0aX-Evil:%20yes", "X-Evil: yes", True),
        ("to=en%0aX-Evil:%20yes", "X-Evil: yes", True),
        ("to=en%0d%0aX-Evil:%20yes", "X-Evil: no", False),
        ("to=en%0d%0aX-Evil:%20yes", "Location: /?to=en%0D%0AX-Evil:%20yes", False),
        ("to=en%0d%0a", "X-Evil: yes", False),
        ("to=X-Evil:%20yes", "X-Evil: yes", False),
    ],
)
def test_crlf(query: str, fields: str, fires: bool):
    assert (
        "inj/header-crlf" in told(f"GET https://shop.test/l?{query} HTTP/1.1", f"HTTP/1.1 200 OK\n{fields}")
    ) is fires


@pytest.mark.parametrize(
    ("request_field", "response_field", "fires"),
    [
        ("X-Forwarded-Host: evil.test", "Location: https://evil.test/", True),
        ("Forwarded: for=1.2.3.4;host=evil.test", "Location: https://evil.test/", True),
        ("X-Forwarded-Host: evil.test:8443", "Link: <https://evil.test/a.css>; rel=preload", True),
        ("X-Forwarded-Host: evil.test", "Location: https://shop.test/", False),
        ("X-Forwarded-Host: shop.test", "Location: https://shop.test/", False),
        ("X-Forwarded-Host: evil.test", "X-Note: evil.test", False),
        ("Host: shop.test", "Location: https://shop.test/", False),
        ("Forwarded: for=evil.test", "Location: https://evil.test/", False),
    ],
)
def test_reflected_hosts(request_field: str, response_field: str, fires: bool):
    found = told(f"GET https://shop.test/ HTTP/1.1\n{request_field}", f"HTTP/1.1 302 Found\n{response_field}")
    assert ("inj/reflected-header" in found) is fires


@pytest.mark.parametrize(
    ("query", "cookie", "fires"),
    [
        ("PHPSESSID=abc123def", "PHPSESSID=abc123def; Path=/", True),
        ("PHPSESSID=abc123def", "PHPSESSID=0f9e8d7c6b; Path=/", False),
        ("lang=abc123def", "lang=abc123def", False),
        ("uid=abc123def", "uid=abc123def", False),
        ("PHPSESSID=abc123def", "other=abc123def", False),
    ],
)
def test_session_fixation(query: str, cookie: str, fires: bool):
    found = told(f"GET https://shop.test/?{query} HTTP/1.1", f"HTTP/1.1 200 OK\nSet-Cookie: {cookie}")
    assert ("inj/reflected-header" in found) is fires
    assert "abc123def" not in str(found)


@pytest.mark.parametrize(
    ("path", "fires"),
    [
        ("/f?name=../../etc/passwd", True),
        ("/f?name=..%2f..%2fconfig", True),
        ("/f?name=%252e%252e%252f%252e%252e%252fconfig", True),
        ("/f?name=/etc/passwd", True),
        ("/f?name=php://filter/convert.base64-encode/resource=index", True),
        ("/f?name=..\\..\\windows\\win.ini", True),
        ("/static/%2e%2e/%2e%2e/secret", True),
        ("/f?name=../a.png", False),
        ("/f?name=chair...png", False),
        ("/f?name=a/b/c", False),
        ("/f?range=1..2..3", False),
        ("/f?name=etcpasswd", False),
        ("/f?text=wait...%20and...%20go", False),
        ("/f?url=https://shop.test/etc/hosting", False),
    ],
)
def test_traversal(path: str, fires: bool):
    assert ("inj/path-traversal" in told(f"GET https://shop.test{path} HTTP/1.1", "HTTP/1.1 404 Not Found")) is fires


def test_a_file_that_came_is_an_error():
    found = told(
        "GET https://shop.test/f?name=../../etc/passwd HTTP/1.1",
        "HTTP/1.1 200 OK\nContent-Type: text/plain",
        "root:x:0:0:root:/root:/bin/sh",
    )
    assert found["inj/path-traversal"].severity is Severity.ERROR


JS = "HTTP/1.1 200 OK\nContent-Type: text/javascript"


@pytest.mark.parametrize(
    ("request_text", "body", "severity"),
    [
        ("GET https://api.shop.test/?callback=show HTTP/1.1\nCookie: session=abc", 'show({"a":1})', Severity.WARNING),
        ("GET https://api.shop.test/?callback=show HTTP/1.1\nCookie: theme=dark", '/**/show({"a":1})', Severity.NOTE),
        (
            "GET https://api.shop.test/?jsonp=show HTTP/1.1",
            'typeof show === "function" && show({"a":1})',
            Severity.INFO,
        ),
        ("GET https://api.shop.test/?callback=alert(1)//x HTTP/1.1", "alert(1)//x({})", Severity.ERROR),
    ],
)
def test_jsonp(request_text: str, body: str, severity: Severity):
    assert told(request_text, JS, body)["jsonp/callback"].severity is severity


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("callback=show", '{"a":1}'),
        ("callback=show", "hide({})"),
        ("name=show", "show({})"),
        ("callback=show", "function show() {}"),
        ("callback=", "({})"),
    ],
)
def test_no_jsonp(query: str, body: str):
    assert "jsonp/callback" not in told(f"GET https://api.shop.test/?{query} HTTP/1.1", JS, body)


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=60),
    st.text(max_size=200),
    st.sampled_from(["text/html", "text/plain", "application/json", "text/javascript", ""]),
)
def test_nothing_hostile_breaks_it(value: str, body: str, kind: str):
    text = value.replace("\r", " ").replace("\n", " ")
    request = f"GET https://shop.test/s?callback={quote(text, errors='replace')}&q={quote(body[:50], errors='replace')} HTTP/1.1"
    found = told(request, f"HTTP/1.1 200 OK\nContent-Type: {kind}", f"x{text}({body}")
    assert INTERNAL_ERROR not in found
