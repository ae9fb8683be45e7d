"""The caching verdict on one response: stored or not, reused how, by a browser and by a shared cache (RFC 9111)."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

from inspector.browser.cache_freshness import FOREVER, Basis, current_age, lifetime, shared_lifetime
from inspector.browser.cache_policy import Policy
from inspector.browser.verdict import CacheVerdict, Reuse, SharedCache, Step
from inspector.exchange import Fields
from inspector.fields.browser_date import read_date
from inspector.fields.vary import parse_vary
from inspector.words import duration

ServedFrom = Literal["network", "cache", "revalidated", "unknown"]


def judge(
    policy: Policy,
    fields: Fields,
    received: float | None,
    delay: float = 0.0,
    served_from: ServedFrom = "unknown",
    old_protocol: bool = False,
) -> CacheVerdict:
    """The verdict on a response with these fields under this policy.

    `received`: when it was received, in seconds since 1970. `delay`: seconds since its request was sent.
    `old_protocol`: it came by HTTP/1.0, whose entity tags Chromium does not trust.
    """
    first, get = fields.first, fields.get
    date = read_date(first["date"]) if "date" in first else None
    expires, modified, vary = first.get("expires"), first.get("last-modified"), get("vary")
    generated = received if date is None else date
    fresh_for, basis = lifetime(policy, expires, modified, generated)
    age = current_age(get("age"), date, received, delay)
    return _verdict(
        policy,
        fresh_for,
        basis,
        age if age < 1 and fresh_for < 2 else float(int(age)),
        shared_lifetime(policy, expires, modified, generated)[0] if policy.shared else 0.0,
        bool(first.get("etag")),
        bool(modified),
        old_protocol,
        vary is not None and "*" in vary and "*" in parse_vary(vary),
        served_from,
    )


# The immutable parts of a verdict that only ever take a few values are made once.
_SHARED = {(stored, reuse): SharedCache(stored, reuse) for stored in (True, False) for reuse in get_args(Reuse)}
_VALIDATORS = {
    (False, False): (),
    (True, False): ("etag",),
    (False, True): ("last-modified",),
    (True, True): ("etag", "last-modified"),
}


@lru_cache(maxsize=8192)
def _verdict(
    policy: Policy,
    fresh_for: float,
    basis: Basis,
    age: float,
    shared_for: float,
    etag: bool,
    modified: bool,
    old_protocol: bool,
    vary_all: bool,
    served_from: ServedFrom,
) -> CacheVerdict:
    usable_etag = etag and not old_protocol
    can_ask = policy.conditional and (usable_etag or (modified and not vary_all))
    reuse = _reuse(policy.private, fresh_for, age, policy.stale_while_revalidate, can_ask, vary_all, policy.validate)
    shared_reuse = _reuse(
        policy.shared,
        shared_for,
        age,
        policy.shared_stale_while_revalidate,
        policy.shared_conditional and (etag or modified),
        vary_all,
        policy.shared_validate,
    )
    validators = _VALIDATORS[etag, modified]
    return CacheVerdict(
        policy.private,
        reuse,
        _SHARED[policy.shared, shared_reuse],
        None if fresh_for == FOREVER else int(fresh_for),
        int(age),
        basis,
        validators,
        served_from,
        _because(policy, reuse, fresh_for, basis, age, usable_etag, modified, vary_all),
        _steps(policy, reuse, fresh_for, basis, age, validators, vary_all) if policy.private else policy.steps,
    )


def _reuse(
    stored: bool, fresh_for: float, age: float, stale_for: int, can_ask: bool, vary_all: bool, validate: str | None
) -> Reuse:
    """RFC 9111, section 4: what the next plain request does with what is stored."""
    if not stored:
        return "none"
    if not vary_all and validate is None:
        if fresh_for > age:
            return "fresh"
        if stale_for and fresh_for + stale_for > age:
            return "stale-while-revalidate"
    return "revalidate" if can_ask else "none"


_BASIS_WORDS = {
    "max-age": "`max-age`",
    "s-maxage": "`s-maxage`",
    "expires": "`Expires`",
    "heuristic": "a tenth of the time since `Last-Modified`",
    "none": "nothing",
}


def _because(
    policy: Policy, reuse: Reuse, fresh_for: float, basis: Basis, age: float, etag: bool, modified: bool, vary_all: bool
) -> str:
    """The verdict's reason in one sentence."""
    if not policy.private:
        return f"Not stored: {policy.private_because}."
    if reuse == "fresh":
        if fresh_for == FOREVER:
            return f"Nothing limits how long a browser reuses a `{policy.status}`, so Chromium reuses it without end."
        left = f", and it is {duration(age)} old: {duration(fresh_for - age)} remain" if age >= 1 else ""
        if basis == "heuristic":
            return f"No field states a lifetime; Chromium guesses {duration(fresh_for)}, {_BASIS_WORDS[basis]}{left}."
        return f"{_BASIS_WORDS[basis]} makes it fresh for {duration(fresh_for)}{left}."
    if reuse == "stale-while-revalidate":
        grace = duration(policy.stale_while_revalidate)
        return (
            f"It is stale, and `stale-while-revalidate` lets it be used for {grace} while the browser asks behind it."
        )
    if vary_all:
        why = "`Vary: *` matches no later request"
    elif policy.validate is not None:
        why = f"{policy.validate} demands a check before every reuse"
    elif basis == "none":
        why = "no field gives it a lifetime"
    elif fresh_for <= 0:
        why = f"{_BASIS_WORDS[basis]} gives it no lifetime" if basis != "heuristic" else "it was modified just now"
    else:
        why = f"its lifetime of {duration(fresh_for)} is over: it is {duration(age)} old"
    if reuse == "revalidate":
        asks = "`If-None-Match`" if etag else "`If-Modified-Since`"
        return f"Stored, but {why}, so the next request asks with {asks}."
    if not (etag or modified):
        return f"Stored, but {why}, and without `ETag` or `Last-Modified` it is fetched anew."
    if not policy.conditional:
        return (
            f"Stored, but {why}, and a browser asks with a condition only about a `200` or `206`: it is fetched anew."
        )
    return f"Stored, but {why}, and `Last-Modified` alone does not help there: it is fetched anew."


def _steps(
    policy: Policy,
    reuse: Reuse,
    fresh_for: float,
    basis: Basis,
    age: float,
    validators: tuple[str, ...],
    vary_all: bool,
) -> tuple[Step, ...]:
    """The checks on a response that is stored, in the order a cache makes them."""
    limit = "no limit" if fresh_for == FOREVER else f"{int(fresh_for)} s ({basis})"
    saw = f"lifetime {limit}, age {int(age)} s"
    compared = Step("the lifetime exceeds the age", saw, "pass" if fresh_for > age else "fail")
    before = _before_the_clock(policy, vary_all)
    if reuse == "fresh":
        return (*before, compared)
    asks = _VALIDATOR_STEPS[validators]
    if not policy.stale_while_revalidate:
        return (*before, compared, asks)
    within = reuse == "stale-while-revalidate"
    saw = f"{policy.stale_while_revalidate} s"
    return (
        *before,
        compared,
        Step("`stale-while-revalidate` still covers it", saw, "pass" if within else "fail"),
        asks,
    )


_VALIDATOR_STEPS = {
    validators: Step(
        "there is a validator to ask with",
        ", ".join(validators) or "neither `ETag` nor `Last-Modified`",
        "pass" if validators else "fail",
    )
    for validators in _VALIDATORS.values()
}


@lru_cache(maxsize=2048)
def _before_the_clock(policy: Policy, vary_all: bool) -> tuple[Step, ...]:
    """The checks that look at no time."""
    return (
        *policy.steps,
        Step("`Vary` can match a later request", "*" if vary_all else "no `*`", "fail" if vary_all else "pass"),
        Step(
            "reuse without asking is allowed",
            policy.validate or "`no-cache` is absent",
            "fail" if policy.validate else "pass",
        ),
    )
