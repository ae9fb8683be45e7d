"""The registry of status codes, listed here a second time from the RFCs."""

from http import HTTPStatus

import pytest

from inspector.fields.statuses import REGISTERED, VENDOR, class_of, status_name, status_of

REGISTRY = {
    100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints",
    104: "Upload Resumption Supported",
    200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content",
    205: "Reset Content", 206: "Partial Content", 207: "Multi-Status", 208: "Already Reported", 226: "IM Used",
    300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
    305: "Use Proxy", 306: "(Unused)", 307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
    409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed",
    418: "(Unused)", 421: "Misdirected Request", 422: "Unprocessable Content", 423: "Locked",
    424: "Failed Dependency", 425: "Too Early", 426: "Upgrade Required", 428: "Precondition Required",
    429: "Too Many Requests", 431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout", 505: "HTTP Version Not Supported", 506: "Variant Also Negotiates",
    507: "Insufficient Storage", 508: "Loop Detected", 510: "Not Extended", 511: "Network Authentication Required",
}  # fmt: skip


def test_the_table_is_the_registry():
    assert {code: status.name for code, status in REGISTERED.items()} == REGISTRY


def test_python_knows_no_registered_code_that_we_do_not():
    assert {int(code) for code in HTTPStatus} <= set(REGISTERED)


@pytest.mark.parametrize("code", sorted(REGISTERED | VENDOR))
def test_every_entry_is_complete(code):
    status = status_of(code)
    assert status is not None
    assert status.code == code
    assert status.reference.startswith("https://")
    assert status.says.endswith((".", ")"))
    assert len(status.says) > 20


@pytest.mark.parametrize(
    ("code", "section"),
    [
        (200, "rfc9110#section-15.3.1"),
        (206, "rfc9110#section-15.3.7"),
        (304, "rfc9110#section-15.4.5"),
        (308, "rfc9110#section-15.4.9"),
        (401, "rfc9110#section-15.5.2"),
        (405, "rfc9110#section-15.5.6"),
        (416, "rfc9110#section-15.5.17"),
        (426, "rfc9110#section-15.5.22"),
        (421, "rfc9110#section-15.5.20"),
        (428, "rfc6585#section-3"),
        (429, "rfc6585#section-4"),
        (431, "rfc6585#section-5"),
        (451, "rfc7725#section-3"),
        (425, "rfc8470#section-5.2"),
        (103, "rfc8297#section-2"),
        (505, "rfc9110#section-15.6.6"),
        (511, "rfc6585#section-6"),
    ],
)
def test_sections(code, section):
    assert REGISTERED[code].reference == f"https://www.rfc-editor.org/rfc/{section}"


def test_vendor_codes_are_named_as_what_they_are_and_hide_no_registered_one():
    assert not VENDOR.keys() & REGISTERED.keys()
    assert all(status.owner for status in VENDOR.values())
    assert VENDOR[525].owner == "Cloudflare"
    assert VENDOR[499].owner == "nginx"
    assert set(range(520, 528)) | {530, 444, *range(494, 500), 440, 449, 460, 561, 420, 419, 509} <= VENDOR.keys()


def test_classes_and_names():
    assert status_name(404) == "404 Not Found"
    assert status_name(475) == "475"
    assert class_of(475).name == "Client Error"
    assert class_of(600) is None
    assert class_of(99) is None
