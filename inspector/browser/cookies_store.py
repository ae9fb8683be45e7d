"""Whether a browser keeps a cookie that a response sets (RFC 6265bis, section 5.7; Chromium where it differs)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import msgspec

from inspector.browser.cookies import MOST_LIFETIME, JarCookie, default_path, trustworthy
from inspector.browser.cookies_judge import WITHOUT_CREDENTIALS, Codes, combine
from inspector.browser.cookies_site import Circumstances
from inspector.browser.verdict import SetCookieVerdict, Step, StoredAs
from inspector.fields.set_cookie import SetCookie
from inspector.site import registrable_domain
from inspector.url import Url, ip_address

_COOKIE_SCHEMES = frozenset({"http", "https", "ws", "wss"})
_PREFIXES = ("__host-http-", "__http-", "__host-", "__secure-")


@lru_cache(maxsize=4096)
def cookie_domain(host: str, attribute: str | None) -> tuple[str, bool] | None:
    """The domain a cookie gets and whether it is for that host alone; ``None`` where ``Domain`` is invalid here.

    RFC 6265bis, section 5.7, steps 9 to 11. An empty attribute means none. A host that is itself a public suffix (or
    a single label, or an address) may name itself, which makes the cookie host-only.
    """
    if host.endswith(".."):
        return None
    if not attribute:
        return host, True
    wanted = (attribute.lower() if attribute.isascii() else _encoded(attribute)).removeprefix(".")
    if ip_address(host) is not None:
        return (host, True) if wanted == (f"[{host}]" if ":" in host else host) else None
    site = registrable_domain(host)
    if site is None:
        return (host, True) if wanted == host else None
    if (host == wanted or host.endswith("." + wanted)) and registrable_domain(wanted) == site:
        return wanted, False
    return None


def _encoded(domain: str) -> str:
    """An international domain name as it stands in URLs (``xn--…``); as it is where it cannot be one.

    The draft asks for it to be sent so encoded, yet browsers take UTF-8 too.
    """
    import idna

    dot = "." if domain.startswith(".") else ""
    try:
        return dot + idna.encode(domain.removeprefix("."), uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain


def cookie_place(cookie: SetCookie, url: Url) -> tuple[str, bool, str]:
    """Domain, whether for that host alone, and path that a cookie gets when `url` sets it: with the name, its identity.

    RFC 6265bis, section 5.7. Where ``Domain`` is invalid, and the cookie refused, the host stands for it.
    """
    domain, host_only = cookie_domain(url.host, cookie.domain) or (url.host, True)
    path = cookie.path if cookie.path and cookie.path.startswith("/") else default_path(url.path)
    return domain, host_only, path


def cookie_prefix(name: str) -> str | None:
    """The name prefix with rules attached that a cookie's name begins with, in lower case, whatever its own case."""
    if not name.startswith("__"):
        return None
    lower = name.lower()
    return next((prefix for prefix in _PREFIXES if lower.startswith(prefix)), None)


def prefix_violations(cookie: SetCookie, url: Url) -> tuple[str, ...]:
    """What a prefixed cookie lacks (RFC 6265bis, sections 4.1.3 and 5.7), in words; empty where nothing.

    A nameless cookie whose value begins like a prefix would be sent looking like a prefixed one, and is refused.
    """
    if not cookie.name:
        return ("a name",) if cookie_prefix(cookie.value) else ()
    prefix = cookie_prefix(cookie.name)
    if prefix is None:
        return ()
    missing = []
    if not trustworthy(url):
        missing.append("an `https:` URL")
    if not cookie.secure:
        missing.append("`Secure`")
    if "http-" in prefix and not cookie.http_only:
        missing.append("`HttpOnly`")
    if prefix.startswith("__host-"):
        if cookie.path != "/":
            missing.append("`Path=/`")
        if cookie.domain and not (ip_address(url.host) is not None and cookie.domain == url.host):
            missing.append("the absence of `Domain`")
    return tuple(missing)


def expiry(cookie: SetCookie, now: float | None, server_date: float | None) -> float | None:
    """When a cookie expires, in seconds since 1970; ``None`` for a session cookie (sections 5.5, 5.6.1 and 5.6.2).

    ``Max-Age`` wins over ``Expires``. Chromium reads ``Expires`` by the server's clock: it adds the difference between
    its own time and the response's ``Date``. Nothing lives longer than 400 days.
    """
    clock = now if now is not None else server_date
    if cookie.max_age is not None:
        if cookie.max_age <= 0:
            return float("-inf")
        return None if clock is None else clock + min(cookie.max_age, MOST_LIFETIME)
    if cookie.expires is None:
        return None
    expires = cookie.expires
    if now is not None and server_date is not None:
        expires += now - server_date
    return expires if clock is None else min(expires, clock + MOST_LIFETIME)


def _early_codes(cookie: SetCookie, url: Url) -> Codes:
    if cookie.error is not None:
        return (cookie.error,)
    if url.scheme not in _COOKIE_SCHEMES:
        return ("SchemeNotSupported",)
    codes: Codes = ()
    if cookie_domain(url.host, cookie.domain) is None:
        codes += ("InvalidDomain",)
    return (*codes, "InvalidPrefix") if prefix_violations(cookie, url) else codes


def store(
    cookie: SetCookie,
    url: Url,
    circumstances: Circumstances,
    *,
    now: float | None,
    server_date: float | None,
    index: int,
    overwrites_secure: Callable[[JarCookie], bool],
) -> tuple[SetCookieVerdict, JarCookie | None]:
    """Judge one ``Set-Cookie`` line. Returns the verdict and the cookie to keep (or, when expired, to delete).

    `overwrites_secure` tells whether the jar holds a ``Secure`` cookie that this one, coming over plain HTTP, would
    shadow. The second part is ``None`` where a browser does not keep it (or not certainly delete it).
    """
    if circumstances.credentials == "omit":
        # Fetch, "HTTP-network fetch": without credentials, Set-Cookie is not even looked at; no code exists for it
        step = Step("credentials", "the request was made without credentials", "fail")
        return SetCookieVerdict(cookie.name, "blocked", steps=(step,)), None
    early = _early_codes(cookie, url)
    if early:
        return SetCookieVerdict(cookie.name, "blocked", early, steps=_steps(cookie, url, circumstances, early)), None
    secure_channel = trustworthy(url)
    if cookie.partitioned and not (cookie.secure and secure_channel):
        # Chromium refuses it without any of the protocol's codes
        step = Step("Partitioned", "`Partitioned` without `Secure` over a secure channel", "fail")
        return SetCookieVerdict(cookie.name, "blocked", steps=(step,)), None
    kept, stored_as = _kept(cookie, url, circumstances, now, server_date, index)
    always: Codes = ()
    if cookie.secure and not secure_channel:
        always += ("SecureOnly",)
    if cookie.same_site == "None" and not cookie.secure:
        always += ("SameSiteNoneInsecure",)
    after = ("OverwriteSecure",) if not secure_channel and overwrites_secure(kept) else ()
    answer = combine(circumstances, always, cookie.same_site, cookie.partitioned, True, False, after)
    steps = _steps(cookie, url, circumstances, answer.codes)
    if answer.blocked:
        return SetCookieVerdict(cookie.name, "blocked", answer.codes, steps=steps), None
    clock = now if now is not None else server_date
    expired = kept.expires is not None and kept.expires <= (clock if clock is not None else 0.0)
    condition = answer.condition
    if circumstances.credentials == "unknown":
        condition = f"ignored if {WITHOUT_CREDENTIALS}{f'; {condition}' if condition else ''}"
    if condition is not None:
        verdict = SetCookieVerdict(cookie.name, "depends", answer.codes, condition, stored_as, steps)
        return verdict, None if expired else msgspec.structs.replace(kept, doubt=condition)
    if expired:
        return SetCookieVerdict(cookie.name, "expired", stored_as=stored_as, steps=steps), kept
    return SetCookieVerdict(cookie.name, "stored", stored_as=stored_as, steps=steps), kept


def _kept(
    cookie: SetCookie,
    url: Url,
    circumstances: Circumstances,
    now: float | None,
    server_date: float | None,
    index: int,
) -> tuple[JarCookie, StoredAs]:
    domain, host_only, path = cookie_place(cookie, url)
    expires = expiry(cookie, now, server_date)
    partition = None
    if cookie.partitioned:
        partition = circumstances.partition or ""
    kept = JarCookie(
        cookie.name,
        cookie.value,
        domain,
        host_only,
        path,
        cookie.secure,
        cookie.http_only,
        cookie.same_site,
        expires,
        partition,
        now,
        now,
        index,
    )
    told = None if expires is None else max(expires, 0.0)
    return kept, StoredAs(
        domain, host_only, path, cookie.secure, cookie.http_only, cookie.same_site, told, cookie.partitioned
    )


CLEARED = "Clear-Site-Data"
"""The check of a step that says that the response empties the jar itself."""


def refused_by_clearing(cookie: SetCookie, now: float | None) -> SetCookieVerdict:
    """The verdict on a line of a response whose ``Clear-Site-Data`` empties the jar: Chromium keeps none of them.

    The protocol has no code for that; Chromium gives the one for bad syntax. A deletion has its way nevertheless.
    """
    expires = expiry(cookie, now, None)
    if expires is not None and expires <= (now or 0.0):
        return SetCookieVerdict(cookie.name, "expired")
    step = Step(CLEARED, "the same response says `Clear-Site-Data` for cookies", "fail")
    return SetCookieVerdict(cookie.name, "blocked", ("SyntaxError",), steps=(step,))


_CHECKS = (
    ("syntax", ("NoCookieContent", "NameValuePairExceedsMaxSize", "DisallowedCharacter", "SchemeNotSupported")),
    ("Domain", ("InvalidDomain",)),
    ("name prefix", ("InvalidPrefix",)),
    ("Secure", ("SecureOnly", "SameSiteNoneInsecure")),
    (
        "SameSite",
        tuple(f"{s}SameSite{k}" for s in ("", "Schemeful") for k in ("Strict", "Lax", "UnspecifiedTreatedAsLax")),
    ),
    ("third-party cookies", ("UserPreferences",)),
    ("overwriting", ("OverwriteSecure",)),
)


def _steps(cookie: SetCookie, url: Url, circumstances: Circumstances, codes: tuple[str, ...]) -> tuple[Step, ...]:
    return _cached_steps(
        cookie.domain, url.host, url.scheme, cookie.secure, cookie.same_site_text, circumstances.because, codes
    )


@lru_cache(maxsize=2048)
def _cached_steps(
    domain: str | None,
    host: str,
    scheme: str,
    secure: bool,
    same_site: str | None,
    because: str,
    codes: tuple[str, ...],
) -> tuple[Step, ...]:
    """The checks in a browser's order; those after a final refusal are left out. No value of a cookie is in them."""
    saw = {
        "syntax": "the line",
        "Domain": f"`Domain={domain}` from host `{host}`" if domain else f"no `Domain`; host `{host}`",
        "name prefix": "the cookie's name and its attributes",
        "Secure": f"{'`Secure`' if secure else 'no `Secure`'} over {scheme}",
        "SameSite": f"{f'`SameSite={same_site}`' if same_site else 'no `SameSite`'}; {because}",
        "third-party cookies": "the cookie would be a third-party cookie",
        "overwriting": "a `Secure` cookie of the same name exists",
    }
    steps = []
    for check, reasons in _CHECKS:
        failed = next((code for code in codes if code in reasons), None)
        if failed is None and check in ("third-party cookies", "overwriting"):
            continue
        steps.append(Step(check, saw[check], "fail" if failed else "pass"))
        if failed and check in ("syntax", "name prefix"):
            break
        if check == "name prefix" and "InvalidDomain" in codes:
            break
    return tuple(steps)
