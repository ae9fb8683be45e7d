"""What a response's fields permit a cache to do, before any clock is looked at (RFC 9111, sections 3 and 5.2).

Two readers: the browser's own (private) cache, where Chromium decides what the standard leaves open, and a shared
cache by the letter of the standard. Chromium differs from a careful reading of the standard in these points, each of
them observed in the browser:

* it never keeps 401, 407 and 416, nor a 206 it could not put together again, and keeps only what GET fetched;
* ``no-cache`` with field names, and numbers in quotes, say nothing to it; ``must-understand`` does not either;
* ``Pragma: no-cache`` in a response counts as ``no-cache``, whatever ``Cache-Control`` says beside it;
* ``must-revalidate`` rules out guessed lifetimes and ``stale-while-revalidate``;
* 300, 301, 308 and 410 stay fresh without end where the fields say nothing.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from inspector.browser.verdict import Step
from inspector.fields.cache_control import CacheControl, parse_cache_control, split_list

HEURISTIC_STATUSES = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
"""Statuses a cache may store and guess a lifetime for without being told (RFC 9110, section 15.1)."""
FOREVER = frozenset({300, 301, 308, 410})
"""Those that Chromium reuses without end where nothing limits them."""
_NEVER_KEPT = frozenset({401, 407, 416})
_GUESSED = frozenset({200, 203, 206})


class Policy(Struct, frozen=True, eq=False):
    """What the fields permit. Compared and hashed by identity: equal inputs give the very same policy.

    `private` and `shared` tell whether either cache may store, `private_because` and `shared_because` why (a clause).
    Seconds are ``None`` where no such directive can be read; `guess` tells whether ``Last-Modified`` may be used.
    """

    private: bool
    private_because: str
    shared: bool
    shared_because: str
    validate: str | None
    """What makes the browser ask before every reuse, or ``None``."""
    shared_validate: str | None
    max_age: int | None
    stale_while_revalidate: int
    guess: bool
    forever: bool
    conditional: bool
    """Whether the browser can ask with a condition: Chromium does so for 200 and 206 alone."""
    shared_max_age: int | None
    shared_basis: str
    shared_stale_while_revalidate: int
    shared_guess: bool
    shared_conditional: bool
    steps: tuple[Step, ...]
    directives: CacheControl
    status: int


NO_DIRECTIVES = CacheControl((), frozenset(), frozenset())


@lru_cache(maxsize=8192)
def policy(
    method: str,
    status: int,
    cache_control: str | None,
    pragma: str | None,
    expires: bool,
    authorized: bool,
    whole: bool = True,
    request_no_store: bool = False,
    location_is_target: bool = False,
) -> Policy:
    """The policy of one response.

    `expires`: the field is there. `authorized`: the request carried ``Authorization``. `whole` is false for a 206 that
    Chromium could not put together. `request_no_store`: the request said ``Cache-Control: no-store``.
    `location_is_target`: ``Content-Location`` names the target, which makes an answer to POST reusable for GET.
    """
    cc = parse_cache_control(cache_control) if cache_control is not None else NO_DIRECTIVES
    private, private_because, steps = _private(cc, method, status, expires, whole)
    shared, shared_because = _shared(cc, method, status, expires, authorized, request_no_store, location_is_target)
    validate = None
    if cc.plain("no-cache"):
        validate = "`no-cache`"
    elif pragma is not None and any(member.lower() == "no-cache" for member in split_list(pragma)):
        validate = "`Pragma: no-cache`"
    max_age = cc.plain_seconds("max-age")
    must_revalidate = cc.plain("must-revalidate")
    s_maxage = cc.seconds("s-maxage")
    forbids_stale = cc.has("must-revalidate") or cc.has("proxy-revalidate") or cc.has("s-maxage")
    return Policy(
        private=private,
        private_because=private_because,
        shared=shared,
        shared_because=shared_because,
        validate=validate,
        shared_validate="`no-cache`" if cc.unqualified("no-cache") else None,
        max_age=max_age,
        stale_while_revalidate=0 if must_revalidate else cc.plain_seconds("stale-while-revalidate") or 0,
        guess=status in _GUESSED and not must_revalidate,
        forever=status in FOREVER,
        conditional=status in (200, 206),
        shared_max_age=s_maxage if s_maxage is not None else cc.seconds("max-age"),
        shared_basis="s-maxage" if s_maxage is not None else "max-age",
        shared_stale_while_revalidate=0 if forbids_stale else cc.seconds("stale-while-revalidate") or 0,
        shared_guess=status in HEURISTIC_STATUSES,
        shared_conditional=200 <= status < 300,
        steps=steps,
        directives=cc,
        status=status,
    )


def _private(
    cc: CacheControl, method: str, status: int, expires: bool, whole: bool
) -> tuple[bool, str, tuple[Step, ...]]:
    """RFC 9111, section 3, for a browser's cache: whether it may store, why, and the checks made."""
    steps: list[Step] = []

    def check(what: str, saw: str, passed: bool) -> bool:
        steps.append(Step(what, saw, "pass" if passed else "fail"))
        return passed

    if not check("the method is one whose answers a browser keeps (GET)", method, method == "GET"):
        return False, f"browsers keep only what `GET` fetched, and this was `{method}`", tuple(steps)
    if not check("the status is one a browser keeps", str(status), status not in _NEVER_KEPT and whole):
        if status == 206:
            because = (
                "a `206` is kept only as the answer to a `Range` request, with `Content-Range` and a strong validator"
            )
        else:
            because = f"Chromium does not keep a `{status}`"
        return False, because, tuple(steps)
    stays = not cc.plain("no-store")
    if not check("`no-store` is absent", _shown(cc, "no-store"), stays):
        return False, "`no-store` forbids it", tuple(steps)
    permitted = _permission(cc, status, expires, shared=False)
    if not check(
        "a field or the status permits storing", permitted or f"no lifetime, status {status}", bool(permitted)
    ):
        because = f"a `{status}` is stored only where `max-age`, `Expires` or `public` permits it, and none is there"
        return False, because, tuple(steps)
    return True, f"{permitted} permits it", tuple(steps)


def _shared(
    cc: CacheControl,
    method: str,
    status: int,
    expires: bool,
    authorized: bool,
    request_no_store: bool,
    location_is_target: bool,
) -> tuple[bool, str]:
    """RFC 9111, section 3, for a shared cache: whether it may store, and why."""
    if method not in ("GET", "HEAD", "POST"):
        return False, f"answers to `{method}` are not stored"
    if method == "POST":
        explicit = expires or cc.seconds("max-age") is not None or cc.seconds("s-maxage") is not None
        if not (explicit and location_is_target):
            return False, "an answer to `POST` is stored only with a lifetime and a `Content-Location` equal to its URL"
    if request_no_store:
        return False, "the request said `no-store`"
    if cc.has("no-store") and not (cc.has("must-understand") and status in HEURISTIC_STATUSES):
        return False, "`no-store` forbids it"
    if cc.unqualified("private"):
        return False, "`private` keeps it to one person's own cache"
    if authorized and not (cc.has("must-revalidate") or cc.has("public") or cc.has("s-maxage")):
        because = (
            "the request carried `Authorization`, and neither `public`, `s-maxage` nor `must-revalidate` lifts that"
        )
        return False, because
    permitted = _permission(cc, status, expires, shared=True)
    if not permitted:
        return False, f"nothing permits storing a `{status}`"
    return True, f"{permitted} permits it"


def _permission(cc: CacheControl, status: int, expires: bool, *, shared: bool) -> str:
    """What permits storing (the last item of RFC 9111, section 3), as a quotable word; ``""`` where nothing does."""
    if shared and cc.has("s-maxage"):
        return "`s-maxage`"
    if cc.has("max-age"):
        return "`max-age`"
    if expires:
        return "`Expires`"
    if cc.has("public"):
        return "`public`"
    if not shared and cc.has("private"):
        return "`private`"
    if not shared and cc.plain_seconds("stale-while-revalidate"):
        return "`stale-while-revalidate`"
    return f"the status `{status}`" if status in HEURISTIC_STATUSES else ""


def _shown(cc: CacheControl, name: str) -> str:
    return next((d.text for d in cc.directives if d.name == name), "absent")
