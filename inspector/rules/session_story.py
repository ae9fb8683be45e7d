"""Sessions: what shows only in several exchanges together. Told by `inspector.stories.login_answer`."""

from __future__ import annotations

from inspector.report import Severity
from inspector.rules.base import story_rule


def _login(answer: str) -> str:
    return f"""
POST https://shop.test/login HTTP/2
Cookie: connect.sid=s%3A8f14e45fceea167a5a36dedd4bea2543
Content-Type: application/x-www-form-urlencoded

user=ada&password=correct+horse

HTTP/2 302
Location: /account{answer}
---
GET https://shop.test/account HTTP/2

HTTP/2 200
Content-Type: text/html

<h1>Hello Ada</h1>
"""


SESSION_ID_KEPT = story_rule(
    "auth/session-id-kept",
    Severity.NOTE,
    "The session's id stays the same with the login",
    references=(
        "https://cwe.mitre.org/data/definitions/384.html",
        "https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html",
    ),
    what="""The browser brings a session cookie to the login, and after a login that was accepted the cookie still has
        the same value.""",
    why="""Whoever knows the id from before the login, because they planted it in the browser or saw it go over plain
        http, is logged in with it afterwards, too (session fixation).""",
    fix="""The server gives the session a new id with the login: `req.session.regenerate(…)` in Express,
        `session_regenerate_id(true)` in PHP, `request.changeSessionId()` in Java servlets. Django and Rails do it by
        themselves.""",
    unless="The cookie is tied to something that only this browser has, such as its TLS connection.",
    shows=_login(""),
    quiet=_login("\nSet-Cookie: connect.sid=s%3Ac9f0f895fb98ab9159f51fd0297e236d; Path=/; HttpOnly"),
)
