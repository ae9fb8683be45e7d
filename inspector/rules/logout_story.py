"""OpenID Connect logout: what shows in several exchanges together. Told by `inspector.stories.logout`."""

from __future__ import annotations

from inspector.report import Severity
from inspector.rules.base import story_rule

RP_INITIATED = "https://openid.net/specs/openid-connect-rpinitiated-1_0.html#"
FRONT_CHANNEL = "https://openid.net/specs/openid-connect-frontchannel-1_0.html#"
BACK_CHANNEL = "https://openid.net/specs/openid-connect-backchannel-1_0.html#"

_HINT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOiJhcHAiLCJzdWIiOiJhZGEifQ.c2ln"
_BACK = "https%3A%2F%2Fapp.test%2Fgone"


def _logout(
    *,
    hint: str = f"id_token_hint={_HINT}&",
    answer: str = "302\nLocation: https://app.test/gone?state=x7Kp2mQ9",
    state: str = "x7Kp2mQ9",
    clears: str = "Set-Cookie: session=; Max-Age=0; Path=/; Secure; HttpOnly",
    cookie: str = "",
    after: str = "401",
    between: str = "",
) -> str:
    ends = f"https://id.example/end?{hint}post_logout_redirect_uri={_BACK}&state=x7Kp2mQ9"
    return f"""
GET https://app.test/me HTTP/2

HTTP/2 401
---
# type: document
GET https://app.test/logout HTTP/2
Cookie: session=8f14e45fceea167a

HTTP/2 303
Location: {ends}
{clears}
---
# type: document
GET {ends} HTTP/2

HTTP/2 {answer}
{between}---
# type: document
GET https://app.test/gone?state={state} HTTP/2
{cookie}
HTTP/2 200
Content-Type: text/html
---
GET https://app.test/me HTTP/2
{cookie}
HTTP/2 {after}
Content-Type: application/json
"""


_STILL = "Cookie: session=8f14e45fceea167a\n"

LOGOUT_HINT = story_rule(
    "oauth/logout-no-hint",
    Severity.NOTE,
    "A logout that does not say whose it is",
    references=(RP_INITIATED + "RPLogout",),
    what="The browser is sent to the provider to log out without `id_token_hint`.",
    why="""The hint, an ID token of the login, shows that the client the person was logged in to asks. Without it any
        page can send people there: a careful provider has to ask the person first, one that does not ask lets other
        sites log people out. Many providers also refuse to send anybody back without it.""",
    fix="""The client keeps the login's ID token and sends it as `id_token_hint`, by POST where it should not stand in
        addresses and logs. An expired one is good enough for this.""",
    unless="The provider always asks the person, and `client_id` tells it whom to send the person back to.",
    shows=_logout(hint=""),
    quiet=_logout(),
)

LOGOUT_STATE = story_rule(
    "oauth/logout-state",
    Severity.WARNING,
    "The person comes back from the logout without its `state`",
    references=(RP_INITIATED + "RPLogout",),
    what="The address that the provider sends the browser back to has another `state` than the logout, or none.",
    why="""By `state` the client tells which of its logouts is over. One that checks it does not know this one; one that
        does not check takes any link to this address for the end of a logout.""",
    fix="The provider appends `state` to `post_logout_redirect_uri` exactly as it received it.",
    shows=_logout(state="another1"),
    quiet=_logout(),
)

LOGOUT_RETURN = story_rule(
    "oauth/logout-return",
    Severity.WARNING,
    "The provider does not send the browser back after the logout",
    references=(RP_INITIATED + "RedirectionAfterLogout",),
    what="The logout asked for a way back (`post_logout_redirect_uri`), and the provider refused or led elsewhere.",
    why="""A provider sends people back only to addresses that were registered for the client, compared character by
        character. The person is left at the provider, and may not be logged out at all.""",
    fix="""Register the address as one of the client's `post_logout_redirect_uris`, and send exactly that one, together
        with `id_token_hint` or `client_id`, so that the provider knows whose address it is.""",
    shows=_logout(answer="400\nContent-Type: text/html\n\n<p>Invalid post_logout_redirect_uri</p>\n"),
    quiet=_logout(),
)

COOKIE_KEPT = story_rule(
    "oauth/logout-cookie-kept",
    Severity.NOTE,
    "The session's cookie outlives the logout",
    references=(RP_INITIATED + "RPLogout",),
    what="After the logout the browser sends the client's session cookie with the value it had before.",
    why="""Whether the person is logged out now hangs on the server alone. If it ends sessions only by their age, the
        next person at this browser goes on where the last one stopped.""",
    fix="""The client ends the session on its server and deletes the cookie in the same answer, with the name, `Path`
        and `Domain` it was set with: `Set-Cookie: NAME=; Max-Age=0; Path=/; Secure; HttpOnly`.""",
    unless="The cookie is also kept for visitors who are not logged in, and the server has forgotten whose it was.",
    shows=_logout(clears="Cache-Control: no-store", cookie=_STILL),
    quiet=_logout(),
)

SESSION_ALIVE = story_rule(
    "oauth/logout-session-alive",
    Severity.ERROR,
    "The session goes on after the logout",
    references=(RP_INITIATED + "RPLogout", RP_INITIATED + "RedirectionAfterLogout"),
    what="""After the logout the client answers a request with the old session cookie that it refuses to strangers; or
        the provider logs the person in again without asking.""",
    why="""The person reads that they are logged out and walks away. Whoever uses the browser next, or has copied the
        cookie, is them.""",
    fix="""The client removes the session from its server's store when the logout begins, not only the cookie in the
        browser. The provider ends its own session when `end_session_endpoint` is called.""",
    unless="The address answers everybody by now, or the person logged in again where the recording does not show it.",
    shows=_logout(clears="Cache-Control: no-store", cookie=_STILL, after="200"),
    quiet=_logout(),
)

FRONT = """---
# type: document
GET https://mail.test/signed-out?iss=https%3A%2F%2Fid.example&sid=08a5 HTTP/2
Referer: https://id.example/
Sec-Fetch-Site: cross-site
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: iframe
{0}
HTTP/2 {1}
Content-Type: text/html
"""

FRONT_CHANNEL_LOGOUT = story_rule(
    "oauth/front-channel-logout",
    Severity.WARNING,
    "A client that is told of the logout cannot act on it",
    references=(FRONT_CHANNEL + "RPLogout",),
    what="""The provider's page loads the client's logout address in a frame, and the client answers with an error; or
        the browser withholds the client's session cookie from the frame, and no `sid` in the address names the
        session.""",
    why="""The frame belongs to another site, so only a `SameSite=None` cookie goes along with it, and not even that in
        browsers that keep cookies from other sites' frames. Without cookie and `sid` the client cannot see which
        session to end, and the person stays logged in there.""",
    fix="""The provider adds `iss` and `sid` to the address (`frontchannel_logout_session_required`), and the client
        ends the session that `sid` names. Back-channel logout needs neither frame nor cookie.""",
    shows=_logout(answer="200\nContent-Type: text/html\n", between=FRONT.format("", "500")),
    quiet=_logout(answer="200\nContent-Type: text/html\n", between=FRONT.format("Cookie: mail=1f9c", "200")),
)

_LOGOUT_TOKEN = (
    "eyJhbGciOiJSUzI1NiIsInR5cCI6ImxvZ291dCtqd3QifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOiJhcHAiLCJzdWIiOiJhZG"
    "EiLCJzaWQiOiIwOGE1IiwianRpIjoiYjEiLCJpYXQiOjE3NzIzNjY0MDAsImV4cCI6MTc3MjM2NjUyMCwiZXZlbnRzIjp7Imh0dHA6Ly9zY2hlbWFz"
    "Lm9wZW5pZC5uZXQvZXZlbnQvYmFja2NoYW5uZWwtbG9nb3V0Ijp7fX19.c2ln"
)


def _back_channel(token: str) -> str:
    return f"""
POST https://app.test/backchannel HTTP/1.1
Content-Type: application/x-www-form-urlencoded

logout_token={token}

HTTP/1.1 200 OK
Cache-Control: no-store
"""


LOGOUT_TOKEN = story_rule(
    "oauth/logout-token",
    Severity.ERROR,
    "A logout token that the client must not take",
    references=(BACK_CHANNEL + "LogoutToken", BACK_CHANNEL + "Validation"),
    what="""The token that the provider posts to a client to end a session lacks the event that makes it a logout token,
        names neither a person (`sub`) nor a session (`sid`), has a `nonce`, is not signed, or is over.""",
    why="""A logout token looks like an ID token. Only these claims keep one from being used as the other; and one that
        anybody can write logs anybody out.""",
    fix="""The provider puts `events` with `http://schemas.openid.net/event/backchannel-logout`, `sub` or `sid`, `iat`,
        `exp` and `jti` into the token, no `nonce`, and signs it. The client answers 400 to any other.""",
    shows=_back_channel(_HINT),
    quiet=_back_channel(_LOGOUT_TOKEN),
)
