"""How an API uses HTTP: what it says its content is, what it was asked for, how it tells of errors and changes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from inspector.fields.http_date import parse_http_date
from inspector.fields.link import parse_link
from inspector.fields.media_type import essence_of
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import (
    Finding,
    method,
    recorded_content,
    request_content,
    request_value,
    response_field,
    rule,
    status,
    status_class,
)
from inspector.subject import Subject
from inspector.words import duration, listed, moment, ticked

RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"
_LARGEST = 1_048_576


@rule(
    "rest/content-type-vs-body",
    Severity.NOTE,
    "The request's content is not what `Content-Type` says",
    on=request_content(),
    references=(RFC9110 + "8.3", "https://www.rfc-editor.org/rfc/rfc8259#section-2"),
    what="The content is JSON and called a form or text, or is called JSON and is none.",
    why="Servers choose how to read content by this field: they find an empty form, or answer 400 or 415.",
    fix="The client sends `Content-Type: application/json` with JSON, and makes it with a JSON library.",
    unless="The server is known to read JSON whatever it is called, or the field avoids a CORS preflight on purpose.",
    shows="""
    POST https://api.shop.test/items HTTP/2
    Content-Type: application/x-www-form-urlencoded

    {"name": "cup"}

    HTTP/2 400
    """,
    quiet="""
    POST https://api.shop.test/items HTTP/2
    Content-Type: application/json

    {"name": "cup"}

    HTTP/2 201
    Location: /items/7
    """,
    once="origin",
    gravest=Severity.WARNING,
)
def content_type_vs_body(x: Subject) -> Finding | None:
    """JSON under a form's type, and JSON that does not parse; truncated content is left alone."""
    body = x.request.body
    if body.state != "full" or body.source is None or (body.size or 0) > _LARGEST:
        return None
    declared = essence_of(x.req.get("content-type") or "")
    is_json = declared == "application/json" or declared.endswith("+json")
    is_form = declared == "application/x-www-form-urlencoded"
    if not is_json and not is_form:
        return None  # text/plain with JSON is how pages avoid a preflight, and not a slip
    text = (body.text or "").strip()
    if not text or len(text) > _LARGEST:
        return None
    if is_form:
        if text[0] not in "{[" or text[-1] not in "}]" or not _parses(text):
            return None
        return Finding(
            "The content is JSON, and `Content-Type` says it is a form: whoever goes by the field finds one field "
            "with a strange name, or none.",
            title="JSON sent as a form",
            severity=None if x.status >= 400 or x.status == 0 else Severity.INFO,
            fix="The client sends `Content-Type: application/json` (with `fetch` it has to be set; `curl --json` does "
            "it).",
            evidence=(x.request_field("content-type"), x.status_evidence()),
        )
    fault = _fault(text)
    if fault is None:
        return None
    return Finding(
        f"`Content-Type` says `{declared[:60]}`, and the content is no JSON: {fault}.",
        title="The request's JSON is broken",
        severity=Severity.WARNING if x.status in (400, 415, 422) else None,
        fix="The client makes it with a JSON library (`JSON.stringify`, `json.dumps`) instead of writing it by hand.",
        evidence=(x.request_field("content-type"), x.status_evidence()),
    )


def _parses(text: str) -> bool:
    return _fault(text) is None


def _fault(text: str) -> str | None:
    """What keeps a text from being JSON, with its place; ``None`` where it is JSON, or several values one a line."""
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if 1 < len(lines) <= 10_000 and all(_is_value(line) for line in lines):
            return None
        place = re.search(r"byte (\d+)", str(error))
        if place is None:
            return "it ends before it is complete" if "truncated" in str(error) else "it cannot be read"
        before = text.encode("utf-8", "surrogatepass")[: int(place[1])].decode("utf-8", "replace")
        return f"it goes wrong in line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
    except (UnicodeError, RecursionError):
        return "it is not text in UTF-8"
    return None


def _is_value(line: str) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _is_choosy(accept: str) -> bool:
    return "*/*" not in accept


@rule(
    "rest/not-acceptable",
    Severity.NOTE,
    "The answer is of a type the client did not ask for",
    on=request_value("accept", _is_choosy),
    also=status_class(2),
    without=(*status(204, 205), *method("HEAD")),
    references=(RFC9110 + "12.5.1", RFC9110 + "15.5.7"),
    what="The response's media type is matched by nothing in the request's `Accept`.",
    why="The client parses what it asked for: an HTML error page where it expects JSON is the usual way to find out.",
    fix="""
    The server answers with a type from `Accept`, errors included, or with 406; the client asks for what it can read.
    """,
    unless="`Accept` is absent or has `*/*`, or the client reads both.",
    shows="""
    GET https://api.shop.test/items HTTP/2
    Accept: application/json

    HTTP/2 200
    Content-Type: text/html

    <h1>Log in</h1>
    """,
    quiet="""
    GET https://api.shop.test/items HTTP/2
    Accept: application/json, text/plain, */*

    HTTP/2 200
    Content-Type: text/html
    """,
    once="origin",
    gravest=Severity.WARNING,
)
def not_acceptable(x: Subject) -> Finding | None:
    """2xx with content whose type no range of `Accept` with a weight above zero covers."""
    accept = x.req.get("accept") or ""
    if not x.media_type or _acceptable(accept, x.media_type):
        return None
    html = x.is_html and "json" in accept
    return Finding(
        f"`Accept` asks for `{x.shown('request', 'accept')[:100]}`, and the answer is `{x.media_type[:60]}`."
        + (
            " A page where an API was asked usually is a login form, a fallback for unknown paths, or an error in "
            "disguise."
            if html
            else ""
        ),
        title="A page where JSON was asked for" if html else None,
        severity=Severity.WARNING if html else None,
        fix="The server answers API requests in the type they ask for, errors included, or with 406."
        + (" The path is checked: single-page apps answer every unknown one with their page." if html else ""),
        evidence=(x.request_field("accept"), x.response_field("content-type")),
    )


@lru_cache(maxsize=1024)
def _acceptable(accept: str, media_type: str) -> bool:
    """Whether a media type is covered by an `Accept` value; a ``+json`` type counts as JSON (RFC 6839)."""
    kinds = {media_type, f"{media_type.partition('/')[0]}/*", "*/*", "*"}
    top, _, subtype = media_type.partition("/")
    if "+" in subtype:
        kinds.add(f"{top}/{subtype.rpartition('+')[2]}")
    for text in accept.split(","):
        name, _, parameters = text.partition(";")
        name = name.strip().lower()
        if not name or re.search(r";\s*q\s*=\s*0(?:\.0*)?\s*(?:;|$)", f";{parameters}"):
            continue
        if name in kinds or ("+" in name and f"{name.partition('/')[0]}/{name.rpartition('+')[2]}" in kinds):
            return True
        if {name, media_type} <= _SAME_SCRIPT or "/" not in name:
            return True  # a range that is none says nothing
    return not accept.strip()


_SAME_SCRIPT = frozenset({"text/javascript", "application/javascript", "application/x-javascript", "text/ecmascript"})


@rule(
    "rest/problem-json",
    Severity.INFO,
    "An error in a format of its own",
    on=status_class(4, 5),
    references=("https://www.rfc-editor.org/rfc/rfc9457#section-3",),
    what="A JSON error that is not `application/problem+json`.",
    why="""
    The standard form has `type`, `title`, `status` and `detail`, so that clients and tools read every API's errors
    alike.
    """,
    fix="The server sends `Content-Type: application/problem+json` with these members, its own ones beside them.",
    unless="The API is old and its clients know its form.",
    shows="""
    GET https://api.shop.test/items/9 HTTP/2

    HTTP/2 404
    Content-Type: application/json

    {"error": "no such item"}
    """,
    quiet="""
    GET https://api.shop.test/items/9 HTTP/2

    HTTP/2 404
    Content-Type: application/problem+json

    {"title": "No such item", "status": 404}
    """,
    once="origin",
)
def problem_json(x: Subject) -> Finding | None:
    """An object with `error`, `errors`, `message` or `code` at its top; what it says is told too."""
    if x.recorded_kind != "json" or x.media_type == "application/problem+json" or x.response is None:
        return None
    text = x.response.body.text or ""
    if len(text) > 100_000 or not text.lstrip().startswith("{"):
        return None
    try:
        said = msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    names = [name for name in ("error", "errors", "message", "code", "detail") if name in said]
    if not names or "jsonrpc" in said or "data" in said:
        return None
    words = next((value for name in ("message", "detail", "error") if isinstance(value := said.get(name), str)), "")
    return Finding(
        f"The error is JSON with {listed(ticked(names))}"
        + (f": “{x.masker.text(words)[:120]}”" if words else "")
        + ". There is a standard form for it, which clients and tools read without knowing this API.",
        fix="The server sends `application/problem+json` with `type`, `title`, `status` and `detail`.",
        evidence=(x.response_field("content-type"),),
    )


@rule(
    "rest/lost-update",
    Severity.INFO,
    "Two people who change this at once overwrite each other",
    on=method("PUT", "PATCH", "DELETE"),
    references=(RFC9110 + "13.1.1", "https://www.rfc-editor.org/rfc/rfc6585#section-3"),
    what="A request changes a resource whose GET came with an `ETag`, and does not say which version it means.",
    why="Whoever saves last wins, and nobody learns that something was lost.",
    fix="""
    The client sends the `ETag` back in `If-Match`; the server answers 412 when it has changed meanwhile, and may demand
    it with 428.
    """,
    unless="Only one person ever changes it, or the last write is meant to win.",
    shows="""
    GET https://api.shop.test/items/7 HTTP/2

    HTTP/2 200
    Content-Type: application/json
    ETag: "v3"

    {"name": "cup"}
    ---
    PUT https://api.shop.test/items/7 HTTP/2
    Content-Type: application/json

    {"name": "mug"}

    HTTP/2 200
    """,
    quiet="""
    GET https://api.shop.test/items/7 HTTP/2

    HTTP/2 200
    Content-Type: application/json
    ETag: "v3"

    {"name": "cup"}
    ---
    PUT https://api.shop.test/items/7 HTTP/2
    Content-Type: application/json
    If-Match: "v3"

    {"name": "mug"}

    HTTP/2 200
    """,
    once="origin",
)
def lost_update(x: Subject) -> Finding | None:
    """An earlier GET of the same URL showed an `ETag`, the change is unconditional and succeeded."""
    if not 200 <= x.status < 300 or "if-match" in x.req or "if-unmodified-since" in x.req:
        return None
    seen = x.session.resources.validator(x.request.url)
    if seen is None:
        return None
    index, etag = seen
    return Finding(
        f"Exchange {index} got this resource with `ETag: {x.masker.text(etag)[:60]}`, and this {x.method} does not say "
        "which version it changes: a change made by somebody else in between would be lost without notice.",
        fix=f"The client sends `If-Match: {x.masker.text(etag)[:60]}`; the server answers 412 where the version is "
        "another.",
        evidence=(
            Evidence("response.field", "ETag", x.masker.text(etag), None, "the version read", index),
            x.request_field("if-match"),
        ),
    )


_NO_SUCCESSOR = (
    "Whoever runs the client asks what takes its place; the server can name that with "
    '`Link: <https://…>; rel="successor-version"`.'
)


@rule(
    "rest/deprecation",
    Severity.NOTE,
    "This address is going away",
    on=response_field("deprecation", "sunset"),
    references=("https://www.rfc-editor.org/rfc/rfc9745#section-2", "https://www.rfc-editor.org/rfc/rfc8594#section-3"),
    what="The server sends `Deprecation` (since when it should not be used) or `Sunset` (when it will be gone).",
    why="After the sunset, requests may get 404, 410 or anything else.",
    fix="""
    The client moves to what the server's `Link` with `rel=deprecation`, `sunset` or `successor-version` points to.
    """,
    shows="""
    GET https://api.shop.test/v1/items HTTP/2

    HTTP/2 200
    Content-Type: application/json
    Deprecation: @1767225600
    Sunset: Tue, 01 Sep 2026 00:00:00 GMT
    Link: <https://api.shop.test/docs/v2>; rel="successor-version"
    """,
    quiet="""
    GET https://api.shop.test/v2/items HTTP/2

    HTTP/2 200
    Content-Type: application/json
    """,
    once="origin",
    gravest=Severity.WARNING,
)
def deprecation(x: Subject) -> Finding | None:
    """Both dates, how far off, and where to go; a date that cannot be read is said."""
    now = x.started
    said: list[str] = []
    broken: list[str] = []
    severity = None
    evidence = []
    deprecated, sunset = x.res.get("deprecation"), x.res.get("sunset")
    if deprecated is not None:
        evidence.append(x.response_field("deprecation"))
        since = _deprecation_date(deprecated)
        if since is not None:
            said.append(
                f"deprecated since {moment(since)}"
                if now is None or since <= now
                else f"deprecated from {moment(since)}"
            )
        elif deprecated.strip().lower() == "true":
            said.append("deprecated")  # an earlier draft's value, widely sent
        else:
            broken.append("Deprecation")
    if sunset is not None:
        evidence.append(x.response_field("sunset"))
        end = parse_http_date(sunset)
        if end is None:
            broken.append("Sunset")
        elif now is None or end > now:
            said.append(
                f"gone from {moment(end)}" + (f", {duration(end - now)} from this exchange" if now is not None else "")
            )
        else:
            said.append(f"announced to be gone since {moment(end)}, and still answering")
            severity = Severity.WARNING
    links = parse_link(x.res.get("link") or "") or ()
    successor = next((link.target for link in links if "successor-version" in link.relations), None)
    notice = next((link.target for link in links if not _NOTICES.isdisjoint(link.relations)), None)
    to = ""
    if target := successor or notice:
        to = f" The server {'names as successor' if successor else 'tells more at'} `{x.masker.url(target)[:120]}`."
        evidence.append(x.response_field("link", mark=target))
    unread = f" {listed(ticked(broken))} cannot be read as a date." if broken else ""
    return Finding(
        f"This address is {listed(said)}.{to}{unread}" if said else f"{unread.strip()}{to}",
        title=None if said else "A deprecation whose date cannot be read",
        severity=severity,
        fix=(
            "Whoever runs the client moves it to the successor."
            if successor
            else "Whoever runs the client reads there what takes its place, and when to move."
            if notice
            else _NO_SUCCESSOR
        )
        if said
        else "The server writes `Deprecation: @1767225600` (seconds since 1970) and `Sunset` as an HTTP date.",
        evidence=tuple(evidence),
    )


_NOTICES = frozenset({"deprecation", "sunset"})
"""Link relations to what people are to read (RFC 9745, section 3; RFC 8594, section 6)."""


def _deprecation_date(value: str) -> float | None:
    """A structured Date (RFC 9651, section 3.3.7), or the HTTP date of earlier drafts."""
    text = value.strip()
    if re.fullmatch(r"@-?\d{1,15}", text):
        seconds = float(text[1:])
        try:
            datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return None
        return seconds
    return parse_http_date(text)


@rule(
    "rest/json-invalid",
    Severity.NOTE,
    "The response's JSON does not parse",
    on=recorded_content("json"),
    references=("https://www.rfc-editor.org/rfc/rfc8259#section-2",),
    what="The content is declared as JSON, was recorded whole, and is none.",
    why="`response.json()` throws, and every strict parser refuses it.",
    fix="The server writes JSON with a library and sends nothing before or after it.",
    unless="It is a stream of values, one a line (`application/x-ndjson`), or begins with a guard such as `)]}'`.",
    shows="""
    GET https://api.shop.test/items HTTP/2

    HTTP/2 200
    Content-Type: application/json

    {"items": [1, 2,]}
    """,
    quiet="""
    GET https://api.shop.test/items HTTP/2

    HTTP/2 200
    Content-Type: application/json

    )]}',
    {"items": [1, 2]}
    """,
    once="origin",
)
def json_invalid(x: Subject) -> Finding | None:
    """Line and column of the fault; guards against inclusion are recognised; cut or huge content is left alone."""
    response = x.response
    if response is None or response.body.state != "full" or x.method == "HEAD" or "content-range" in x.res:
        return None
    body = response.body
    if (body.size or 0) > _LARGEST:
        return None
    text = (body.text or "").strip().removeprefix("\ufeff")
    if not text or len(text) > _LARGEST or "\ufffd" in text[:200]:
        return None
    guard = _GUARD.match(text)
    fault = _fault(text[guard.end() :].strip() if guard else text)
    if fault is None:
        return None
    page = text[:200].lstrip().lower().startswith(("<!doctype", "<html", "<?xml"))
    jsonp = re.match(r"(?:/\*\*/\s*)?[\w.$\[\]]{1,80}\s*\(", text) is not None
    if jsonp:
        return None  # a call around the data: the JSONP rule's to tell
    return Finding(
        f"`Content-Type` says `{x.media_type[:60]}`, and "
        + ("the content is a page of markup." if page else f"the content is no JSON: {fault}."),
        title="A page declared as JSON" if page else None,
        fix="The server writes JSON with a library and sends nothing else with it (warnings of PHP before it, say).",
        evidence=(x.response_field("content-type"),),
    )


_GUARD = compile_late(r"\)\]\}'?,?|for\s*\(;;\);|while\s*\(1\);|throw [^;]{1,40};|&&&START&&&")
