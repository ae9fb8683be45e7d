"""The finer points of what the CORS rules say."""

import pytest

from inspector.engine import Engine
from inspector.exchange import Fields
from inspector.report import Severity
from inspector.rules.cors_words import named_difference
from inspector.rules.example import parse_example
from inspector.rules.servers import recognise, set_cors, set_field, technology


def told(text):
    """The CORS annotations of each exchange."""
    engine = Engine()
    reports = [engine.observe(exchange) for exchange in parse_example(text)]
    return [[a for a in report.annotations if a.rule.startswith("cors/")] for report in reports]


def asked(*response, request=(), status=200, line="GET https://api.test/x HTTP/2"):
    sent = (line, "Origin: https://shop.test", "Sec-Fetch-Mode: cors", *request)
    return "\n".join((*sent, "", f"HTTP/2 {status}", *response)) + "\n"


def test_the_two_contradicting_values_are_the_evidence():
    [[found]] = told(asked("Access-Control-Allow-Origin: https://shop.test/"))
    assert found.rule == "cors/allow-origin-mismatch"
    assert [e.value for e in found.evidence] == ["https://shop.test", "https://shop.test/"]
    assert found.evidence[1].mark == "https://shop.test/"
    assert "slash" in found.detail


@pytest.mark.parametrize(
    ("server", "part"),
    [
        ("nginx/1.25", 'add_header Access-Control-Allow-Origin "https://shop.test" always;'),
        ("Apache/2.4", 'Header always set Access-Control-Allow-Origin "https://shop.test"'),
        ("Kestrel", 'WithOrigins("https://shop.test")'),
        ("AmazonS3", '"AllowedOrigins": ["https://shop.test"]'),
        ("uvicorn", "allow_origins=['https://shop.test']"),
    ],
)
def test_the_fix_is_in_the_servers_terms(server, part):
    [[found]] = told(asked(f"Server: {server}"))
    assert found.rule == "cors/allow-origin-missing"
    assert part in found.fix


def test_the_framework_counts_before_the_server_in_front():
    assert recognise("Express", "nginx").name == "Express"
    assert recognise("", "Apache-Coyote/1.1").name == "Tomcat"
    assert recognise("", "gws") is None


@pytest.mark.parametrize(
    "server", ["nginx", "apache", "iis", "caddy", "cloudflare", "cloudfront", "amazons3", "puma", "werkzeug"]
)
@pytest.mark.parametrize("setting", ["origin", "credentials", "methods", "headers", "expose"])
def test_every_technology_has_every_setting(server, setting):
    x = _Answer("microsoft-iis" if server == "iis" else server)
    text = set_cors(technology(x), setting, "VALUE{0}")
    assert text.startswith(" With ")
    assert "`" in text
    assert "{name}" not in text + set_field(x, "Vary", "Origin")


class _Answer:
    def __init__(self, server):
        self.res = Fields.of([("Server", server)])


def test_an_error_answer_without_fields_names_its_status():
    [[found]] = told(asked(status=500))
    assert "500" in found.detail


def test_all_missing_fields_are_named_at_once():
    text = """
    OPTIONS https://api.test/x HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: POST
    Access-Control-Request-Headers: content-type,x-a,x-b

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Headers: content-type
    """
    [[found]] = told(text)
    assert "`x-a`, `x-b`" in found.detail
    assert "content-type, x-a, x-b" in found.fix


def test_a_wildcard_and_authorization():
    text = """
    OPTIONS https://api.test/x HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: GET
    Access-Control-Request-Headers: authorization

    HTTP/2 204
    Access-Control-Allow-Origin: *
    Access-Control-Allow-Headers: *
    """
    [[found]] = told(text)
    assert "never stands for `Authorization`" in found.detail


@pytest.mark.parametrize(
    ("allowed", "word"),
    [
        ("https://shop.test/", "slash"),
        ("HTTPS://shop.test", "case"),
        ("http://shop.test", "scheme"),
        ("https://shop.test:8443", "port"),
        ("https://www.shop.test", "www."),
        ("https://*.shop.test", "`*`"),
        ("https://shop.test/path", "path"),
        ("https://other.test", ""),
        ("null", ""),
    ],
)
def test_the_difference_is_named(allowed, word):
    difference = named_difference(allowed, "https://shop.test")
    assert (word in difference) if word else difference == ""


def test_credentials_that_are_not_seen_are_no_error():
    [found] = told(asked("Access-Control-Allow-Origin: *", "Access-Control-Allow-Credentials: true"))
    assert all(a.severity in (Severity.INFO, Severity.NOTE) for a in found)
    assert any(a.certainty == "depends" and "include" in a.condition for a in found)


def test_a_form_post_without_fields_is_no_error():
    [found] = told("POST https://api.test/x HTTP/1.1\nOrigin: https://shop.test\n\nHTTP/1.1 200 OK\n")
    assert [a.severity for a in found] == [Severity.INFO]
    assert found[0].certainty == "depends"


def test_echoes_of_several_sites_are_a_warning():
    echo = "Access-Control-Allow-Credentials: true", "Vary: Origin"
    text = "---\n".join(
        asked(f"Access-Control-Allow-Origin: https://{site}", *echo).replace(
            "https://shop.test\n", f"https://{site}\n", 1
        )
        for site in ("one.example", "two.example", "www.two.example")
    )
    first, second, third = ([a.severity for a in found if a.rule == "cors/reflected-origin"] for found in told(text))
    assert (first, second, third) == ([Severity.INFO], [Severity.WARNING], [])


def test_a_request_never_sent_points_at_its_preflight():
    text = """
    OPTIONS https://api.test/x HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: DELETE

    HTTP/2 405
    Access-Control-Allow-Origin: https://shop.test
    ---
    # type: fetch
    # page: https://shop.test/
    DELETE https://api.test/x HTTP/?
    """
    [[preflight], [request]] = told(text)
    assert preflight.rule == "cors/preflight-status"
    assert request.rule == "cors/preflight-failed"
    assert request.evidence[-1].exchange == 0


def test_a_password_in_a_redirect_is_masked():
    [found] = told(asked("Access-Control-Allow-Origin: *", "Location: https://u:hunter22@b.test/", status=302))
    assert found
    assert all("hunter22" not in str(a) for a in found)


def test_max_age_texts():
    def age(value):
        text = (
            "OPTIONS https://api.test/x HTTP/2\nOrigin: https://shop.test\nAccess-Control-Request-Method: PUT\n\n"
            "HTTP/2 204\nAccess-Control-Allow-Origin: https://shop.test\nAccess-Control-Allow-Methods: PUT\n"
            f"Access-Control-Allow-Credentials: true\nAccess-Control-Max-Age: {value}\n"
        )
        return [a.title for a in told(text)[0] if a.rule == "cors/max-age"]

    assert age("600") == []
    assert age("5") == []
    assert age("86400") == ["Preflight remembered for 2 hours in Chromium"]
    assert age("0") == age("-1") == ["Every such request is preceded by a preflight"]
    assert age("1h") == age("600, 600") == age("9" * 5000) == ["`Access-Control-Max-Age` is no number of seconds"]


def test_fields_of_the_machinery_are_not_called_hidden():
    text = asked(
        "Access-Control-Allow-Origin: *", "X-Amz-Request-Id: 1", "X-Cache: HIT", request=("Sec-Fetch-Dest: empty",)
    )
    assert not [a for a in told(text)[0] if a.rule == "cors/hidden-fields"]


NEVER_SENT = """
OPTIONS https://api.test/x HTTP/2
Origin: https://shop.test
Access-Control-Request-Method: DELETE
Access-Control-Request-Headers: x-a

HTTP/2 {status}
Server: {server}
{fields}
---
# type: fetch
# error: net::ERR_FAILED
# page: https://shop.test/
DELETE https://api.test/x HTTP/?
X-A: 1
"""


@pytest.mark.parametrize(
    ("fields", "name", "value", "part"),
    [
        (
            "Access-Control-Allow-Origin: https://shop.test\nAccess-Control-Allow-Credentials: True\n"
            "Access-Control-Allow-Methods: DELETE\nAccess-Control-Allow-Headers: x-a",
            "Access-Control-Allow-Credentials",
            "True",
            'add_header Access-Control-Allow-Credentials "true" always;',
        ),
        (
            "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Methods: DELETE\nAccess-Control-Allow-Headers: x-a",
            "Access-Control-Allow-Origin",
            "*",
            'add_header Access-Control-Allow-Origin "https://shop.test" always;',
        ),
        (
            "Access-Control-Allow-Origin: https://shop.test\nAccess-Control-Allow-Credentials: true\n"
            "Access-Control-Allow-Methods: *\nAccess-Control-Allow-Headers: *",
            "Access-Control-Allow-Methods",
            "*",
            "Access-Control-Allow-Methods: DELETE",
        ),
        (
            "Access-Control-Allow-Origin: https://shop.test\nAccess-Control-Allow-Credentials: true\n"
            "Access-Control-Allow-Methods: DELETE\nAccess-Control-Allow-Headers: *",
            "Access-Control-Allow-Headers",
            "*",
            "Access-Control-Allow-Headers: x-a",
        ),
    ],
)
def test_a_preflight_that_fails_for_credentials_alone_is_explained_where_it_shows(fields, name, value, part):
    preflight, [request] = told(NEVER_SENT.format(status=204, server="nginx", fields=fields))
    assert all(found.severity.rank >= Severity.NOTE.rank for found in preflight), "on its own it is no mistake"
    assert (request.rule, request.severity) == ("cors/preflight-credentials", Severity.ERROR)
    assert (request.evidence[-1].name, request.evidence[-1].value) == (name, value)
    assert request.evidence[-1].exchange == 0
    assert part in request.fix


@pytest.mark.parametrize(
    ("server", "part"),
    [
        ("nginx", "if ($request_method = OPTIONS) { return 204; }"),
        ("Apache", "RewriteCond %{REQUEST_METHOD} =OPTIONS"),
        ("AmazonS3", '"AllowedMethods": ["DELETE"]'),
        ("uvicorn", "allow_origins=['https://shop.test'], allow_methods=['DELETE']"),
        ("gws", "before the login is checked."),
    ],
)
def test_a_refused_preflight_is_answered_in_the_servers_terms(server, part):
    fields = "Access-Control-Allow-Origin: https://shop.test"
    [preflight], _ = told(NEVER_SENT.format(status=403, server=server, fields=fields))
    assert part in preflight.fix
    assert "{{" not in preflight.fix


@pytest.mark.parametrize(
    ("server", "part"),
    [
        ("nginx", 'add_header Access-Control-Allow-Methods "GET, PUT, DELETE" always;'),
        ("werkzeug", "CORS(app, methods=['GET', 'PUT', 'DELETE'])"),
        ("WSGIServer", "CORS_ALLOW_METHODS = [*default_methods, 'DELETE']"),
        ("Kestrel", 'WithMethods("GET", "PUT", "DELETE")'),
    ],
)
def test_a_fix_keeps_what_is_permitted_already(server, part):
    fields = "Access-Control-Allow-Origin: https://shop.test\nAccess-Control-Allow-Methods: GET, PUT"
    [preflight], _ = told(NEVER_SENT.format(status=204, server=server, fields=fields))
    assert part in preflight.fix


PREFLIGHT = """
OPTIONS https://api.test/items/7 HTTP/1.1
Origin: https://shop.test
Access-Control-Request-Method: {method}
Access-Control-Request-Headers: {names}

HTTP/1.1 {answer}
"""


def preflight(text):
    """All that is said of one preflight."""
    (exchange,) = parse_example(text)
    return Engine().observe(exchange).annotations


NGINX = "405 Not Allowed\nServer: nginx/1.22.1"
APACHE = "405 Method Not Allowed\nServer: Apache/2.4.71 (Debian)\nAccess-Control-Allow-Origin: https://shop.test"


@pytest.mark.parametrize(
    ("method", "names", "answer", "rule", "fix"),
    [
        (
            "PUT",
            "content-type,x-a",
            "501 Unsupported",
            "cors/allow-origin-missing",
            "On `api.test`: answer `OPTIONS /items/7` with 204 and `Access-Control-Allow-Origin: https://shop.test`, "
            "`Vary: Origin`, `Access-Control-Allow-Methods: PUT` and `Access-Control-Allow-Headers: content-type, x-a`. "
            "The answer to the request itself needs the first two, too.",
        ),
        (
            "GET",
            "x-a",
            "204 No Content",
            "cors/allow-origin-missing",
            "On `api.test`: send `Access-Control-Allow-Origin: https://shop.test`, `Vary: Origin` and "
            "`Access-Control-Allow-Headers: x-a` in the answer to `OPTIONS`. The answer to the request itself needs the "
            "first two, too.",
        ),
        (
            "DELETE",
            "x-a,x-b",
            "405 No\nAccess-Control-Allow-Origin: https://shop.test\nAccess-Control-Allow-Methods: GET\n"
            "Access-Control-Allow-Headers: x-b",
            "cors/preflight-status",
            "On `api.test`: answer `OPTIONS /items/7` with 204 and `Access-Control-Allow-Methods: GET, DELETE` and "
            "`Access-Control-Allow-Headers: x-b, x-a`.",
        ),
        (
            "GET",
            "x-a",
            "403 No\nAccess-Control-Allow-Origin: *\nAccess-Control-Allow-Headers: *",
            "cors/preflight-status",
            "On `api.test`: answer `OPTIONS /items/7` with 204 and the CORS fields it sends now. It has to come before "
            "the login is checked.",
        ),
        (
            "DELETE",
            "x-a",
            "204 No Content\nAccess-Control-Allow-Origin: https://shop.test\nAccess-Control-Allow-Methods: GET",
            "cors/preflight-method",
            "On `api.test`, in the answer to `OPTIONS`: `Access-Control-Allow-Methods: GET, DELETE` and "
            "`Access-Control-Allow-Headers: x-a`.",
        ),
    ],
)
def test_a_preflights_fix_names_all_it_lacks_so_that_one_try_is_enough(
    method: str, names: str, answer: str, rule: str, fix: str
):
    found = preflight(PREFLIGHT.format(method=method, names=names, answer=answer))
    assert {a.rule: a.fix for a in found}[rule] == fix


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (NGINX, "With nginx: `if ($request_method = OPTIONS) { return 204; }` in the `location`"),
        (APACHE, "`RewriteCond %{REQUEST_METHOD} =OPTIONS` and `RewriteRule ^ - [R=204,L]`"),
    ],
)
def test_how_a_server_answers_options_by_itself(answer: str, says: str):
    found = preflight(PREFLIGHT.format(method="PUT", names="x-a", answer=answer))
    assert any(says in (a.fix or "") for a in found)


def test_a_preflight_that_lacks_its_origin_has_a_title_of_its_own_and_no_advice_to_send_another_method():
    found = preflight(PREFLIGHT.format(method="PUT", names="x-a", answer="501 Not Implemented"))
    (missing,) = [a for a in found if a.rule == "cors/allow-origin-missing"]
    assert missing.title == "Blocked by CORS: the preflight's answer has no `Access-Control-Allow-Origin`"
    assert "only 200 to 299 permits a request. The server seems to have no route for `OPTIONS` here." in missing.detail
    assert "status/5xx-explained" not in {a.rule for a in found}


def test_rack_cors_compares_methods_in_lower_case():
    answer = "204 No Content\nServer: Puma 6\nAccess-Control-Allow-Origin: https://shop.test\nAccess-Control-Allow-Methods: GET"
    found = preflight(PREFLIGHT.format(method="DELETE", names="", answer=answer))
    assert any("methods: [:get, :delete]" in (a.fix or "") for a in found)


@pytest.mark.parametrize(("destination", "star"), [("font", True), ("empty", False)])
def test_a_public_file_may_be_permitted_to_everybody(destination, star):
    [[found]] = told(asked(request=(f"Sec-Fetch-Dest: {destination}",)))
    assert ("`*` does" in found.fix) == star
