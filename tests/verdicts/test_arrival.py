"""Whether Chrome's own recording shows that a response reached the page, and what verdicts make of it."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.report import ExchangeReport
from tests.browser.harness import explain

FIELDS = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json", "Content-Length": "2"}


def entry(
    *,
    sent: dict[str, str] | None = None,
    status: int = 200,
    fields: dict[str, str] | None = None,
    method: str = "GET",
    arrived: bool = True,
    size: int = 2,
    error: str | None = None,
) -> dict[str, Any]:
    """An entry as Chrome exports it; one that was refused lacks what comes with the handing over to the page."""
    request = {"Origin": "http://shop.test", "Accept": "*/*", "Referer": "http://shop.test/"} | (sent or {})
    answer = FIELDS if fields is None else fields
    return {
        "pageref": "page_1",
        "_resourceType": "fetch",
        "_initiator": {"type": "script"},
        "request": {
            "method": method,
            "url": "http://api.shop.test/x",
            "httpVersion": "http/1.1",
            "headers": [{"name": n, "value": v} for n, v in request.items()],
        },
        "response": {
            "status": status,
            "statusText": "",
            "httpVersion": "http/1.1",
            "headers": [{"name": n, "value": v} for n, v in answer.items()],
            "content": {"size": size if arrived else 0, "mimeType": "application/json" if arrived else "x-unknown"},
            "redirectURL": "",
            "_error": error,
        },
        "serverIPAddress": "127.0.0.1" if arrived else "",
        "startedDateTime": "2026-01-01T00:00:00.000Z",
        "time": 5,
    } | ({"_connectionId": "7", "connection": "7"} if arrived else {})


def told(*entries: dict[str, Any]) -> list[ExchangeReport]:
    creator = {"name": "WebInspector", "version": "537.36"}
    page = {
        "id": "page_1",
        "title": "http://shop.test/",
        "startedDateTime": "2026-01-01T00:00:00.000Z",
        "pageTimings": {},
    }
    return explain({"log": {"version": "1.2", "creator": creator, "pages": [page], "entries": list(entries)}})


@pytest.mark.parametrize("error", [None, "net::ERR_FAILED"])
def test_a_response_kept_from_the_page_settles_what_only_credentials_decide(error: str | None):
    verdict = told(entry(arrived=False, error=error))[0].verdicts.cors
    assert verdict is not None
    assert (verdict.outcome, verdict.code) == ("blocked", "WildcardOriginNotAllowed")


def test_so_does_one_that_arrived():
    for one in (
        entry(),
        entry(status=204, size=0),
        entry(method="HEAD", size=0),
        entry(size=0, error="net::ERR_ABORTED"),
    ):
        verdict = told(one)[0].verdicts.cors
        assert verdict is not None
        assert verdict.outcome == "allowed"


def test_an_empty_answer_settles_nothing():
    verdict = told(entry(size=0))[0].verdicts.cors
    assert verdict is not None
    assert (verdict.outcome, verdict.code) == ("depends", "WildcardOriginNotAllowed")


def test_a_post_that_may_not_be_cors_is_settled_both_ways():
    text = {"Content-Type": "text/plain"}
    refused = told(entry(method="POST", sent=text, fields=text, arrived=False))[0].verdicts.cors
    assert refused is not None
    assert (refused.outcome, refused.code) == ("blocked", "MissingAllowOriginHeader")
    opaque = told(entry(method="POST", sent=text, fields=text))[0].verdicts.cors
    assert opaque is not None
    assert opaque.outcome == "allowed"
    unknown = told(entry(method="POST", sent=text, fields=text, size=0))[0].verdicts.cors
    assert unknown is not None
    assert unknown.outcome == "depends"


def test_a_cookie_held_back_shows_that_credentials_were_not_included():
    permitted = {"Access-Control-Allow-Origin": "http://shop.test", "Access-Control-Allow-Credentials": "true"}
    setting = entry(fields=FIELDS | permitted | {"Set-Cookie": "sid=1; Path=/"}, sent={"Cookie": "other=1"})
    later = entry(size=0) | {"startedDateTime": "2026-01-01T00:00:10.000Z"}
    first, second = told(setting, later)
    assert [c.outcome for c in first.verdicts.set_cookies] == ["stored"]
    assert second.verdicts.cors is not None
    assert second.verdicts.cors.outcome == "allowed"
    assert second.verdicts.cookies == ()


def test_an_answer_that_credentials_would_have_kept_from_the_page_sets_no_cookie():
    [report] = told(entry(fields=FIELDS | {"Set-Cookie": "sid=1; Path=/"}))
    assert [c.outcome for c in report.verdicts.set_cookies] == ["blocked"]


def refused(*, late: int = 0, sent: dict[str, str] | None = None) -> list[ExchangeReport]:
    """A preflight that only credentials fail, and its request, which ends `late` milliseconds after the answer."""
    asking = {"Access-Control-Request-Method": "PUT", "Accept-Encoding": "gzip"}
    answer = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "PUT"}
    preflight = entry(method="OPTIONS", sent=asking, status=204, fields=answer, size=0) | {"_resourceType": "preflight"}
    request = entry(method="PUT", status=0, fields={}, arrived=False, sent=sent) | {"time": 5 + late}
    if not sent:
        request["request"]["headers"] = [{"name": "Referer", "value": "http://shop.test/"}]
    return told(preflight, request)


def test_a_request_given_up_as_its_preflights_answer_came_was_refused_by_it():
    verdict = refused()[1].verdicts.cors
    assert verdict is not None
    assert (verdict.outcome, verdict.code) == ("blocked", "PreflightWildcardOriginNotAllowed")


def test_one_given_up_later_or_sent_may_have_failed_for_another_reason():
    for report in (refused(late=400)[1], refused(sent={"Accept-Encoding": "gzip"})[1]):
        assert report.verdicts.cors is not None
        assert report.verdicts.cors.outcome == "depends"


def test_a_request_of_unknown_kind_that_never_left_is_told_with_its_condition():
    copy = {"Cache-Control": "max-age=600", "Content-Type": "text/plain"}
    loaded = entry(sent={"Sec-Fetch-Mode": "no-cors"}, fields=copy)
    loaded["request"]["headers"] = [line for line in loaded["request"]["headers"] if line["name"] != "Origin"]
    request = entry(status=0, fields={}, arrived=False)
    request["request"]["headers"] = [{"name": "Referer", "value": "http://shop.test/"}]
    ftp = entry(status=0, fields={}, arrived=False)
    ftp["request"] = request["request"] | {"url": "ftp://api.shop.test/x"}
    for one in (request, ftp):
        del one["_resourceType"], one["_initiator"]
    request["startedDateTime"] = "2026-01-01T00:00:01.000Z"
    found = [report.verdicts.cors for report in told(loaded, request, ftp)[1:]]
    assert [(v.outcome, v.code) for v in found if v] == [
        ("depends", "MissingAllowOriginHeader"),
        ("depends", "CorsDisabledScheme"),
    ]
    assert all(v and "`cors` mode" in (v.condition or "") for v in found)


def image(*, arrived: bool, content_type: str = "text/html") -> dict[str, Any]:
    fields = {"Content-Type": content_type}
    sent = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "cross-site", "Origin": ""}
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36"}
    one = entry(sent=sent | agent, fields=fields, arrived=arrived)
    one["request"]["headers"] = [line for line in one["request"]["headers"] if line["name"] != "Origin"]
    one["request"]["url"] = "https://partner.example/x"
    return one | {"_resourceType": "image"}


def test_an_opaque_response_kept_from_the_page_needs_no_error_word_either():
    block = told(image(arrived=False))[0].verdicts.block
    assert block is not None
    assert (block.outcome, block.code) == ("blocked", "orb")
    assert told(image(arrived=True))[0].verdicts.block is None
    assert told(image(arrived=False, content_type="image/png"))[0].verdicts.block is None
