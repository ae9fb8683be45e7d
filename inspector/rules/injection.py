"""Input that reaches where it should not: fields of the response, files of the server, a call in a script."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import (
    Finding,
    recorded_content,
    request_content,
    request_field,
    rule,
    url_holds,
    url_query,
)
from inspector.rules.found import at, content, quoted
from inspector.rules.inputs import Input, asked, parameters

if TYPE_CHECKING:
    from inspector.subject import Subject

_WSTG = "https://owasp.org/www-project-web-security-testing-guide/stable/4-Web_Application_Security_Testing/"

_LINE = compile_late(r"[\r\n]+[ \t]*([A-Za-z][\w-]{0,60}):[ \t]*([^\r\n]{0,200})")


@rule(
    "inj/header-crlf",
    Severity.ERROR,
    "A parameter writes fields of the response",
    on=(*url_holds("%0"), *request_content()),
    references=(
        "https://www.rfc-editor.org/rfc/rfc9110#section-5.5",
        "https://cwe.mitre.org/data/definitions/113.html",
    ),
    what="A value of the request has a line break and a field in it, and the response carries that very field.",
    why="""
        Whoever makes a visitor follow such a link sets any field of the answer: cookies, redirects, or a whole page of
        their own, which a cache may then hand to others.
        """,
    fix="""
        Remove CR and LF from every value that is written into a field, or refuse the request. Current servers and
        frameworks do it by themselves; old ones, and code that writes to the socket, do not.
        """,
    unless="A line break that does not come back in a field does no harm.",
    shows="""
        GET https://shop.test/lang?to=en%0d%0aSet-Cookie:%20sid=evil HTTP/1.1

        HTTP/1.1 302 Found
        Location: /?lang=en
        Set-Cookie: sid=evil
        """,
    quiet="""
        GET https://shop.test/lang?to=en%0d%0aSet-Cookie:%20sid=evil HTTP/1.1

        HTTP/1.1 302 Found
        Location: /?lang=en%0D%0ASet-Cookie%3A%20sid%3Devil
        """,
)
def header_crlf(x: Subject) -> Finding | None:
    """A field of the response that stands, name and value, after a line break in a parameter."""
    if x.response is None:
        return None
    for given in parameters(x):
        for match in _LINE.finditer(given.value[:4000]):
            name, value = match[1].lower(), match[2].strip()
            if value and any(line.strip() == value or line.startswith(value) for line in x.res.all(name)):
                return _split(x, given, name, value)
    return None


def _split(x: Subject, given: Input, name: str, value: str) -> Finding:
    line = next(line for line in x.res.all(name) if line.startswith(value) or line.strip() == value)
    return Finding(
        f"{_capital(given.called)} has a line break and then `{x.res.named(name)}` in it, and the response carries "
        "that field with that value: the parameter was written into the fields as it was.",
        f"The server removes CR and LF from {given.called} before it goes into a field.",
        (asked(x, given), x.field_line("response.field", name, line, "from the parameter")),
        title=f"{_capital(given.called)} writes `{x.res.named(name)}`",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_FORWARDED = (
    "x-forwarded-host",
    "x-host",
    "x-original-host",
    "x-http-host-override",
    "forwarded",
    "x-forwarded-server",
)
_HOST_IN = compile_late(r'host="?([\w.:-]+)', re.IGNORECASE)
_SESSIONS = compile_late(
    r"^(?:phpsessid|jsessionid|asp\.net_sessionid|aspsessionid\w*|connect\.sid|sessionid|session_id|sess_?id|_session_id|"
    r"laravel_session|ci_session|cfid|cftoken)$",
    re.IGNORECASE,
)


@rule(
    "inj/reflected-header",
    Severity.WARNING,
    "The request decides a field of the response",
    on=(*request_field(*_FORWARDED), *url_holds("sess", "sid", "cfid", "cftoken")),
    references=(
        _WSTG + "07-Input_Validation_Testing/17-Testing_for_Host_Header_Injection",
        "https://cwe.mitre.org/data/definitions/644.html",
        "https://cwe.mitre.org/data/definitions/384.html",
    ),
    what="""
        A host that the client named in `X-Forwarded-Host` (or a relative of it) comes back in an address of the
        response, or a parameter became the session cookie.
        """,
    why="""
        A cache that keeps such an answer sends the next visitors to the attacker's host; a password reset built this
        way mails the attacker's address. With a session cookie from a link, the attacker knows the session the visitor
        then signs in to.
        """,
    fix="""
        Take the site's own name from a setting. Where a proxy in front sets `X-Forwarded-Host`, have it replace what
        clients send, and heed the field from that proxy alone. Issue a new session id at sign-in, never one from
        outside.
        """,
    unless="An absolute `Location` with the host that was asked for is as it should be.",
    shows="""
        GET https://shop.test/account HTTP/1.1
        X-Forwarded-Host: evil.test

        HTTP/1.1 302 Found
        Location: https://evil.test/login
        """,
    quiet="""
        GET https://shop.test/account HTTP/1.1
        X-Forwarded-Host: evil.test

        HTTP/1.1 302 Found
        Location: https://shop.test/login
        """,
)
def reflected_header(x: Subject) -> Finding | None:
    """A foreign host from the request in an address of the response; a session cookie from a parameter."""
    for name in _FORWARDED:
        if name in x.req.first:
            found = _foreign(x, name)
            if found is not None:
                return found
    return _fixated(x) if x.url.query and "set-cookie" in x.res else None


def _foreign(x: Subject, name: str) -> Finding | None:
    said = x.req.get(name) or ""
    match = _HOST_IN.search(said) if name == "forwarded" else None
    host = (match[1] if match else "" if name == "forwarded" else said.partition(",")[0].strip()).lower()
    bare = host.rpartition(":")[0] or host if host.rpartition(":")[2].isdigit() else host
    if len(bare) < 4 or bare == x.url.host or bare in x.url.host:
        return None
    for field in ("location", "link", "content-location", "refresh", "access-control-allow-origin"):
        value = x.res.get(field)
        if value and f"//{bare}" in value.lower():
            return Finding(
                f"The client named a host in `{x.req.named(name)}`, and the server put it into `{x.res.named(field)}`.",
                f"The proxy in front replaces `{x.req.named(name)}` from outside, or the server takes its name from a "
                "setting.",
                (x.request_field(name), x.response_field(field, bare, "from the request")),
                title=f"`{x.req.named(name)}` decides `{x.res.named(field)}`",
            )
    return None


def _fixated(x: Subject) -> Finding | None:
    given = {i.name: i.value for i in parameters(x) if _SESSIONS.match(i.name) and len(i.value) >= 6}
    if not given:
        return None
    for line in x.res.all("set-cookie"):
        name, _, rest = line.partition("=")
        value = rest.partition(";")[0].strip()
        if given.get(name.strip()) in (value, unquote(value)) and value:
            return Finding(
                f"The cookie `{name.strip()[:40]}` is set to what the parameter of that name says. Whoever makes a "
                "visitor follow a link with a session id they know, shares the session once the visitor has signed in.",
                "The server takes session ids from its cookie alone, and issues a new one at sign-in.",
                (x.request_line(), x.field_line("response.field", "set-cookie", line, "from the parameter")),
                title=f"The session cookie `{name.strip()[:40]}` comes from the address",
            )
    return None


_UP = compile_late(r"(?:^|[/\\])\.\.(?:[/\\]|$)")
_FILE = compile_late(
    r"(?:^|[/\\])etc[/\\](?:passwd|shadow|hosts|group)\b|^file://|^php://|(?:^|[/\\])proc[/\\]self[/\\]|"
    r"(?:windows|winnt)[/\\](?:win\.ini|system32)|boot\.ini$|WEB-INF[/\\]web\.xml",
    re.IGNORECASE,
)
_WRITTEN = (
    *("..", "%2e", "%252", "etc/", "etc%2f", "etc%5c", "file:", "file%3", "php:", "php%3", "proc/", "proc%2f"),
    *("win.ini", "system32", "boot.ini", "web-inf"),
)
"""What a query holds as it is written, where a value in it leads anywhere."""
_IN_PATH = compile_late(r"(?:\.|%2e|%252e){2}(?:[/\\]|%2f|%5c|%252f|%255c)", re.IGNORECASE)


@lru_cache(maxsize=2048)
def _leaves(value: str) -> str | None:
    """What in a value leads out of a folder or to a file of the system; ``None`` where nothing does."""
    value = value[:2000]
    if "%" in value:
        value = unquote(unquote(value))
    found = _FILE.search(value)
    if found is not None:
        return found[0]
    return "../" if _UP.search(value) and len(_UP.findall(value)) >= 1 and value.count("..") >= 2 else None


@rule(
    "inj/path-traversal",
    Severity.NOTE,
    "The request asks for a file outside",
    on=(*url_holds(*_WRITTEN), *request_content()),
    references=(
        "https://cwe.mitre.org/data/definitions/22.html",
        "https://owasp.org/www-community/attacks/Path_Traversal",
    ),
    what="""
        A value of the request climbs out of its folder (`../../`, however encoded) or names a file of the system. It is
        an error where the answer then holds such a file.
        """,
    why="A server that joins the value to a folder's name hands out any file it can read: settings, keys, source.",
    fix="""
        Look names up in a list, or resolve the path first and then check that it is still inside the folder
        (`Path(base, name).resolve().is_relative_to(base)`). Removing `../` once is not enough: `....//` survives it.
        """,
    unless="A single `../` in a value is usual in web pages' own paths, and is not reported.",
    shows="""
        GET https://shop.test/invoice?file=../../../../etc/passwd HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/plain

        root:x:0:0:root:/root:/bin/bash
        """,
    quiet="""
        GET https://shop.test/image?src=../img/chair.webp HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: image/webp
        """,
    gravest=Severity.ERROR,
)
def path_traversal(x: Subject) -> Finding | None:
    """An attempt, and whether it was answered with a file of the system."""
    files, path = x.marks.of("file"), x.url.path[:1000]
    given = next((i for i in parameters(x) if _leaves(i.value)), None)
    in_path = given is None and (".." in path or "%2" in path) and len(_IN_PATH.findall(path)) >= 2
    if given is None and not in_path:
        return None
    what = given.called if given is not None else "the path"
    if files and x.status < 400:
        return Finding(
            f"{_capital(what)} leads out of the folder, and the answer holds {files[0].mark.name}.",
            "The server resolves the path, and serves it only where it is still inside its folder.",
            (
                asked(x, given) if given is not None else x.request_line(),
                at(x, files[0], files[0].mark.name, behind=20),
            ),
            title=f"{_capital(what)} reads files of the server",
            severity=Severity.ERROR,
        )
    return Finding(
        f"{_capital(what)} tries to leave the folder it belongs to. "
        + (f"The answer is {x.status}" if x.status else "There is no answer")
        + (", and holds no file we know." if x.recorded_kind is not None else "; its content is not recorded."),
        None,
        (asked(x, given) if given is not None else x.request_line(),),
        title=f"{_capital(what)} leads out of its folder",
        certainty="likely",
    )


_CALLBACKS = compile_late(
    r"^(?:callback|jsonp?|jsonp?[_-]?callback|jsoncallback|cb|_cb|_callback|callbackname|func)$", re.IGNORECASE
)
_SIGNED_IN = compile_late(r"(?:^|; )(?=[^=;]*=)[^=;]*?(?:sess|sid|auth|token|login|jwt|remember)", re.IGNORECASE)
_IDENTIFIER = compile_late(r"[\w$.\[\]'\"-]{1,120}")


@rule(
    "jsonp/callback",
    Severity.WARNING,
    "Other sites can read this answer, as a script",
    on=url_query(),
    also=recorded_content("script", "json", "html", "text", "none"),
    references=(
        _WSTG + "11-Client-side_Testing/13-Testing_for_Cross_Site_Script_Inclusion",
        "https://cwe.mitre.org/data/definitions/346.html",
    ),
    what="""
        A parameter names a function, and the answer is a call of it with the data (JSONP). A page of any site can load
        it in a `script` element and gets the data; the same-origin policy does not apply to scripts.
        """,
    why="""
        Where the answer depends on who is signed in, any site its visitor opens can read it, as far as the cookie goes
        along (`SameSite=None`, or an old browser). Where the name may hold any character, it is a script of the
        attacker's on this site.
        """,
    fix="""
        Answer JSON, and say who may read it with `Access-Control-Allow-Origin`. As long as JSONP is needed: names of
        letters, digits, `_`, `.` and `$` alone, `/**/` before the call, `nosniff`, and nothing personal.
        """,
    unless="Public data without cookies may be had by everybody; then it is information.",
    shows="""
        GET https://api.shop.test/me?callback=show HTTP/2
        Cookie: sid=31d4d96e407aad42

        HTTP/2 200
        Content-Type: text/javascript

        show({"name": "Ada", "orders": 3})
        """,
    quiet="""
        GET https://api.shop.test/me?callback=show HTTP/2
        Cookie: sid=31d4d96e407aad42

        HTTP/2 200
        Content-Type: application/json

        {"name": "Ada", "orders": 3}
        """,
    once="origin",
    gravest=Severity.ERROR,
)
def jsonp(x: Subject) -> Finding | None:
    """The name from the parameter, as a call at the beginning of the content."""
    if x.status >= 400 or x.recorded_kind not in ("script", "json", "html", "text", "none"):
        return None
    given = next(
        (i for i in parameters(x) if i.source == "query" and _CALLBACKS.match(i.name) and len(i.value) > 1), None
    )
    if given is None:
        return None
    data = content(x)[:600]
    call = re.match(
        rb"\s*(?:/\*\*/|//[^\n]*\n|;|\s)*(?:typeof [\w.$]+ === ?['\"]function['\"] && |try ?\{ ?)?"
        + re.escape(given.value.encode("utf-8", "replace"))
        + rb"\s*\(",
        data,
    )
    if call is None:
        return None
    free = _IDENTIFIER.fullmatch(given.value) is None
    signed = "authorization" in x.req or _SIGNED_IN.search(x.req.get("cookie") or "") is not None
    shown = quoted(x, data, 0, min(len(data), call.end() + 20))
    detail = f"The answer calls the function that {given.called} names, so a page of any site can load it as a script."
    if free:
        detail += " The name holds characters that no function's name has: whatever it says is run."
    elif signed:
        detail += " The request carried a session, so the answer may be one person's."
    elif "cookie" in x.req:
        detail += " The request carried cookies; whether one of them changes the answer is not visible."
    else:
        detail += " The request carried no cookies, so it holds what everybody may have."
    return Finding(
        detail,
        "The server answers JSON with `Access-Control-Allow-Origin`"
        + ("; until then it admits `[\\w.$]` alone in the name." if free else " for the sites that may read it."),
        (x.request_line(given.value[:60]), Evidence("response.body", "line 1", shown)),
        title="The callback's name may be any script" if free else None,
        severity=Severity.ERROR if free else None if signed else Severity.NOTE if "cookie" in x.req else Severity.INFO,
        certainty="certain" if free else "depends",
        condition=None if free else "a leak if the answer differs from person to person",
    )
