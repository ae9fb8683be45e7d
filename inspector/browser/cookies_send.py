"""Whether a cookie of the jar goes with a request (RFC 6265bis, section 5.8.3; Chromium where it differs)."""

from __future__ import annotations

from inspector.browser.cookies import (
    LAX_ALLOW_UNSAFE_AGE,
    JarCookie,
    domain_matches,
    path_matches,
    trustworthy,
)
from inspector.browser.cookies_judge import WITHOUT_CREDENTIALS, Codes, combine
from inspector.browser.cookies_site import Circumstances
from inspector.browser.verdict import CookieVerdict
from inspector.url import Url

NOT_CARRIED = "it was due, and the request was recorded without it"


def send(
    cookie: JarCookie,
    url: Url,
    circumstances: Circumstances,
    now: float | None,
    recorded: bool | None,
    carries_some: bool,
) -> CookieVerdict | None:
    """Judge one cookie of the URL's registrable domain; ``None`` where a browser would not even consider it.

    `recorded` tells whether the request's ``Cookie`` field carries it. What is seen settles what is open: a cookie
    that was carried was sent. One that was due and not carried was not, and nothing tells why; `carries_some` says that
    the recording has ``Cookie`` fields at all, so that one could have been there.
    """
    partitioned = cookie.partition is not None
    elsewhere = False
    if partitioned:
        if not cookie.partition or circumstances.partition is None:
            elsewhere = True
        elif cookie.partition != circumstances.partition:
            return None  # another top-level site's partition: as if it were in another jar
    always: Codes = ()
    if cookie.secure and not trustworthy(url):
        always += ("SecureOnly",)
    if not path_matches(url.path, cookie.path):
        always += ("NotOnPath",)
    if cookie.domain != url.host and not domain_matches(url.host, cookie):
        always += ("DomainMismatch",)
    young = (
        circumstances.young_count
        and now is not None
        and cookie.created is not None
        and now - cookie.created < LAX_ALLOW_UNSAFE_AGE
    )
    answer = combine(circumstances, always, cookie.same_site, partitioned, False, young)
    if answer.blocked:
        return CookieVerdict(cookie.name, "blocked", answer.codes, None, cookie.set_by, recorded)
    if recorded:
        return CookieVerdict(cookie.name, "sent", (), None, cookie.set_by, True)
    conditions = [answer.condition] if answer.condition else []
    if circumstances.credentials == "unknown":
        conditions.insert(0, f"not sent if {WITHOUT_CREDENTIALS}")
    if elsewhere:
        conditions.append("sent if the top-level page is of the site it was set under (`Partitioned`)")
    if cookie.doubt is not None:
        conditions.append(f"sent if it was stored, and storing it was {cookie.doubt}")
    if recorded is False and carries_some and not conditions:
        return CookieVerdict(cookie.name, "unknown", (), NOT_CARRIED, cookie.set_by, False)
    condition = "; ".join(conditions) or None
    if condition is None:
        return CookieVerdict(cookie.name, "sent", (), None, cookie.set_by, recorded)
    return CookieVerdict(cookie.name, "depends", answer.codes, condition, cookie.set_by, recorded)
