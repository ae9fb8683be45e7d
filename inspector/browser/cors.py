"""The CORS verdict on one exchange: the checks of Fetch put together in a browser's order, with what each saw.

`cors_request` tells whether and for whom, `cors_preflight` and `cors_check` compute; here the outcomes for both
credentials modes are weighed with what is known of the mode, and written down as steps a person can follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from inspector.browser.arrival import reached_page
from inspector.browser.cors_check import Failure, check
from inspector.browser.cors_preflight import Permit, allowed_headers, allowed_methods, judge
from inspector.browser.cors_redirect import REDIRECTS, check_location
from inspector.browser.cors_request import Credentials, Requester, credentials
from inspector.browser.cors_safelist import is_safelisted_method
from inspector.browser.verdict import CorsVerdict, Preflight, Step, StepResult
from inspector.fields.tokens import split_list

if TYPE_CHECKING:
    from inspector.exchange import Fields
    from inspector.subject import Subject

Outcome = Literal["allowed", "blocked", "depends", "unknown"]
ASKED_TO_INCLUDE = "the page asked with `credentials: 'include'`"
BY_THE_LETTER = "the browser holds to the standard, by which `*` never stands for `Authorization` (Chromium lets it)"
UPLOAD = "upload progress is listened to, or the content is streamed"
_ABSENT = "absent"


def permit_of(x: Subject) -> Permit:
    """What the response permits, as fields say it."""
    get = x.res.get
    return Permit(
        x.status,
        get("access-control-allow-origin"),
        get("access-control-allow-credentials"),
        get("access-control-allow-methods"),
        get("access-control-allow-headers"),
        get("access-control-max-age"),
        x.status in REDIRECTS and bool(get("location")),
    )


def asked_names(x: Subject) -> tuple[str, ...]:
    """The field names a preflight asks for, in lower case."""
    value = x.req.get("access-control-request-headers")
    return tuple(name.lower() for name in split_list(value)) if value else ()


def likely_first(names: Sequence[str]) -> list[str]:
    """Names of fields in the order in which Chromium most likely looks at them, which is not the preflight's.

    It goes through the request's fields as its table of them happens to have them, and the preflight lists them sorted.
    ``Authorization`` comes before most others and always before ``Content-Type``, which comes after most.
    """
    return sorted(names, key=lambda name: (name != "authorization", name == "content-type"))


# -- a preflight -------------------------------------------------------------------------------------------------


def judge_preflight(
    x: Subject, permit: Permit, plain: Failure | None, included: Failure | None, doubt: str | None = None
) -> CorsVerdict:
    """The verdict on a preflight itself. `plain` and `included` are its failures without and with credentials.

    `doubt` completes "blocked if …" where browsers differ on `plain`.
    """
    origin, method, names = x.origin or "null", x.req.get("access-control-request-method") or "", asked_names(x)
    because = [] if is_safelisted_method(method) else [f"method {method}"]
    because += [f"field {name}" for name in names]
    preflight = Preflight(True, tuple(because) or (UPLOAD,))
    outcome, failure, condition = weigh(plain, included, None, doubt)
    if x.response is None:
        outcome, failure, condition = "unknown", None, None
    steps = [
        Step("crosses origins", f"`{origin}` asks `{x.url.origin}`", "pass"),
        Step("asks for", ", ".join(preflight.because), "pass"),
    ]
    if x.response is None:
        steps.append(Step("a response arrived", "none", "fail"))
    else:
        steps.append(Step("credentials mode", mode_of_preflight(plain, included), "unknown"))
        steps += _preflight_steps(permit, origin, method, names)
    return CorsVerdict(
        outcome,
        failure.code if failure else None,
        x.masker.text(failure.parameter) if failure else None,
        condition,
        preflight,
        tuple(steps),
        True,
    )


def mode_of_preflight(plain: Failure | None, included: Failure | None) -> str:
    """What a preflight shows of the credentials mode, and what else it would be refused for."""
    text = "not shown: a preflight never carries credentials"
    if plain is not None and included is not None and plain.code != included.code:
        text += f"; with `include` the reason would be {included.code}"
    return text


def _preflight_steps(permit: Permit, origin: str, method: str, names: Sequence[str]) -> list[Step]:
    """Every check until the first that fails whatever the credentials mode."""
    steps = [Step("is no redirect", str(permit.status), "fail" if permit.redirect else "pass")]
    if permit.redirect:
        return steps
    steps += origin_steps(permit.allow_origin, permit.allow_credentials, origin, None)
    if steps[-1].result == "fail" or steps[-2].result == "fail":
        return steps
    ok = 200 <= permit.status <= 299
    steps.append(Step("status is 200 to 299", str(permit.status), "pass" if ok else "fail"))
    if not ok:
        return steps
    methods, headers = allowed_methods(permit.allow_methods), allowed_headers(permit.allow_headers)
    for name, value, parsed in (("Methods", permit.allow_methods, methods), ("Headers", permit.allow_headers, headers)):
        if parsed is None:
            steps.append(Step(f"`Access-Control-Allow-{name}` is a list of names", f"`{value}`", "fail"))
            return steps
    assert methods is not None
    assert headers is not None
    result: StepResult
    if is_safelisted_method(method):
        saw, result = f"`{method}`, which is always allowed", "pass"
    elif method in methods:
        saw, result = f"`{permit.allow_methods}`", "pass"
    elif "*" in methods:
        saw, result = "`*`, which stands for every method unless credentials are included", "unknown"
    else:
        saw, result = f"`{permit.allow_methods}`" if permit.allow_methods else _ABSENT, "fail"
    steps.append(Step(f"`Access-Control-Allow-Methods` has `{method}`", saw, result))
    for name in likely_first(names) if result != "fail" else ():
        if name in headers:
            saw, result = f"`{permit.allow_headers}`", "pass"
        elif "*" in headers:
            saw, result = "`*`, which stands for every field unless credentials are included", "unknown"
            if name == "authorization":
                saw = "`*`, which by the standard never stands for `Authorization`, though in Chromium it does"
        else:
            saw, result = f"`{permit.allow_headers}`" if permit.allow_headers else _ABSENT, "fail"
        steps.append(Step(f"`Access-Control-Allow-Headers` has `{name}`", saw, result))
        if result == "fail":
            break
    return steps


# -- a response --------------------------------------------------------------------------------------------------


def judge_response(
    x: Subject,
    who: Requester,
    preflight: Preflight | None,
    stored: Fields | None = None,
    told: Credentials | None = None,
) -> CorsVerdict:
    """The verdict on a request that got a response. `preflight` says what is known of the one it was sent under.

    `stored` are the fields of the cached response a 304 confirms; `told` is what earlier exchanges show of the
    credentials mode.
    """
    allow_origin, allow_credentials = (
        x.res.get("access-control-allow-origin"),
        x.res.get("access-control-allow-credentials"),
    )
    steps = [crossing(x, who)]
    if who.mode == "same-origin":
        steps.append(Step("request mode", "`Sec-Fetch-Mode: same-origin` on a request to another origin", "fail"))
        return CorsVerdict("blocked", "DisallowedByMode", "", None, preflight, tuple(steps))
    steps.append(Step("request mode", mode_shown(x, who), "unknown" if who.doubt else "pass"))
    known = credentials(x)
    if x.status == 304 and not _stands_for_itself(x, preflight):
        # The fields of the stored response count, updated by those of the 304 (RFC 9111, section 3.2).
        if stored is not None:
            steps.append(Step("response", "304: the stored response's fields count where it has no newer", "pass"))
            if allow_origin is None:
                allow_origin = stored.get("access-control-allow-origin")
            if allow_credentials is None:
                allow_credentials = stored.get("access-control-allow-credentials")
        elif allow_origin is None or (known.include and allow_credentials is None):
            steps.append(
                Step("CORS check", "304: it is made on the stored response's fields, which are not here", "unknown")
            )
            return CorsVerdict("unknown", preflight=preflight, steps=tuple(steps))
    redirect = redirect_failure(x, who.origin) if x.status in REDIRECTS else None
    plain = check(allow_origin, allow_credentials, who.origin, False) or redirect
    included = check(allow_origin, allow_credentials, who.origin, True) or redirect
    include = known.include
    if include is None and plain is None and included is not None:
        # Here the mode decides alone, so whatever else tells it is worth looking at.
        known = next(
            (k for k in (told, told_by_jar(x), told_by_arrival(reached_page(x))) if k and k.include is not None), known
        )
        include = known.include
    steps.append(Step("credentials mode", known.shown_by, "unknown" if include is None else "pass"))
    steps += preflight_steps(preflight)
    steps += origin_steps(allow_origin, allow_credentials, who.origin, include)
    outcome, failure, condition = weigh(plain, included, include)
    if failure is not None and failure is redirect:
        steps.append(Step("`Location` has no user name or password", x.shown("response", "location"), "fail"))
    if outcome == "blocked" and failure is not None:
        reached = reached_page(x)
        condition = _doubted(who, failure, allow_origin)
        if reached:
            outcome, failure, condition = "allowed", None, None
            steps.append(
                Step("the browser kept the response from the page", "no: its own recording holds content", "pass")
            )
        elif condition and reached is None:
            outcome = "depends"
        else:
            condition = None
    return CorsVerdict(
        outcome,
        failure.code if failure else None,
        x.masker.text(failure.parameter) if failure else None,
        condition,
        preflight,
        tuple(steps),
    )


_CONDITIONS = ("if-none-match", "if-modified-since")


def _stands_for_itself(x: Subject, preflight: Preflight | None) -> bool:
    """Whether a 304 is given to the page as it is, since no stored response was to be renewed.

    The page set the condition itself where the preflight asks for it. Where there is none and ``Accept-Encoding`` shows
    that the fields of the browser's network code were recorded, its cache asked for nothing.
    """
    if preflight is not None and any(f"field {name}" in preflight.because for name in _CONDITIONS):
        return True
    return "accept-encoding" in x.req and not any(name in x.req for name in _CONDITIONS)


def _doubted(who: Requester, failure: Failure, allow_origin: str | None) -> str | None:
    if who.doubt is not None:
        return who.doubt
    if not who.stated and failure.code == "AllowOriginMismatch":
        return f"the page's origin, which was not recorded, is not `{allow_origin}`"
    return None


def redirect_failure(x: Subject, origin: str) -> Failure | None:
    """Whether the redirect's target is refused (Fetch, "HTTP-redirect fetch")."""
    location = x.res.get("location")
    return check_location(x.url.text, location, origin) if location else None


def weigh(
    plain: Failure | None, included: Failure | None, include: bool | None, doubt: str | None = None
) -> tuple[Outcome, Failure | None, str | None]:
    """Outcome, failure and condition, from the outcomes without and with credentials and what is known of the mode.

    `doubt` is the condition under which `plain` is one at all.
    """
    if doubt is not None and plain is not None and not include:
        return "depends", plain, doubt
    if include is not None:
        failure = included if include else plain
        return ("blocked" if failure else "allowed"), failure, None
    if plain is not None:
        return "blocked", plain, None
    if included is not None:
        return "depends", included, ASKED_TO_INCLUDE
    return "allowed", None, None


def told_by_jar(x: Subject) -> Credentials | None:
    """What cookies held back say: with `include` a cookie that was due would have been there."""
    if x.session.jar.held_back(x):
        return Credentials(False, "a cookie set before was due on this request with `include`, and it was not sent")
    return None


def told_by_arrival(reached: bool | None) -> Credentials | None:
    """What a response's way to the page says of the credentials mode, where only the mode decides its outcome."""
    if reached is None:
        return None
    if reached:
        return Credentials(False, "the page was given the response, which it is not with `include`")
    return Credentials(True, "Chrome kept the response from the page, which only `include` explains")


# -- steps -------------------------------------------------------------------------------------------------------


def crossing(x: Subject, who: Requester) -> Step:
    """The step that says whose request to whom this is."""
    asks = f"`{who.origin}`" if who.origin else "another origin"
    return Step("crosses origins", f"{asks} asks `{x.url.origin}`", "pass")


def mode_shown(x: Subject, who: Requester) -> str:
    """What shows that the request mode is ``cors``."""
    if x.mode is not None:
        return f"`Sec-Fetch-Mode: {x.mode}`"
    kind = x.exchange.context.resource_type
    return f"`Origin` on {x.method}" + (f" ({kind})" if kind else "")


def preflight_steps(preflight: Preflight | None) -> list[Step]:
    """The steps that say whether a preflight was needed and made."""
    if preflight is None:
        return []
    because = ", ".join(preflight.because)
    if preflight.exchange is not None:
        return [Step("preflight", f"needed for {because}; exchange {preflight.exchange}", "pass")]
    if preflight.needed:
        return [Step("preflight", f"needed for {because}; not in this recording", "unknown")]
    return [Step("preflight", "not needed", "skip")]


def origin_steps(
    allow_origin: str | None, allow_credentials: str | None, origin: str, include: bool | None
) -> list[Step]:
    """The two comparisons of the CORS check."""
    saw = _ABSENT if allow_origin is None else f"`{allow_origin}`"
    result: StepResult = "pass" if allow_origin in ("*", origin) else "fail"
    if allow_origin == "*":
        saw += ", any origin" + ("" if include is False else ", unless credentials are included")
        result = "fail" if include else "pass" if include is False else "unknown"
    steps = [Step(f"`Access-Control-Allow-Origin` is `{origin or '*'}`" + (" or `*`" if origin else ""), saw, result)]
    if result == "fail" or allow_origin == "*":
        return [*steps, Step("`Access-Control-Allow-Credentials` is `true`", "plays no part", "skip")]
    given = _ABSENT if allow_credentials is None else f"`{allow_credentials}`"
    if allow_credentials == "true":
        result = "pass"
    elif include is None:
        given, result = f"{given}; needed only if credentials are included", "unknown"
    else:
        result = "fail" if include else "skip"
    return [*steps, Step("`Access-Control-Allow-Credentials` is `true`", given, result)]


def failures(
    permit: Permit, origin: str, method: str, names: Sequence[str], chromium: bool
) -> tuple[Failure | None, Failure | None, str | None]:
    """What a preflight fails with, without and with credentials included, and the doubt where browsers differ.

    `chromium` is whether the browser is known to be one, which lets ``*`` stand for ``Authorization``.
    """
    names = likely_first(names)
    plain, included = judge(permit, origin, method, names, False, chromium), judge(permit, origin, method, names, True)
    by_the_letter = plain is not None and judge(permit, origin, method, names, False, True) is None
    return plain, included, BY_THE_LETTER if by_the_letter else None
