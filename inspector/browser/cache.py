"""The caching verdict on one response: stored or not, reused how, by a browser and by a shared cache (RFC 9111)."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

from inspector.browser.cache_freshness import FOREVER, Basis, current_age, lifetime, shared_lifetime
from inspector.browser.cache_policy import Policy
from inspector.browser.verdict import CacheVerdict, Reuse, SharedCache, Step
from inspector.exchange import Fields
from inspector.fields.http_date import read_date
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
    index = fields.first
    date = read_date(index["date"]) if "date" in index else None
    expires = index.get("expires")
    modified = index.get("last-modified")
    generated = received if date is None else date
    fresh_for, basis = lifetime(policy, expires, modified, generated)
    age = current_age(fields.get("age") if "age" in index else None, date, received, delay)
    return _verdict(
        policy,
        fresh_for,
        basis,
        age if age < 1 and fresh_for < 2 else float(int(age)),
        shared_lifetime(policy, expires, modified, generated)[0] if policy.shared else 0.0,
        "etag" in index and index["etag"] != "",
        modified is not None and modified != "",
        old_protocol,
        "vary" in index and "*" in parse_vary(fields.get("vary") or ""),
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
        stored=policy.private,
        reuse=reuse,
        shared=_SHARED[policy.shared, shared_reuse],
        lifetime=None if fresh_for == FOREVER else _number(fresh_for),
        age=_number(age),
        basis=basis,
        validators=validators,
        served_from=served_from,
        because=_because(policy, reuse, fresh_for, basis, age, usable_etag, modified, vary_all),
        steps=_steps(policy, reuse, fresh_for, basis, age, validators, vary_all),
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


def _number(seconds: float) -> float:
    return int(seconds)


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
    """The checks in the order a cache makes them."""
    if not policy.private:
        return policy.steps
    lifetime_text = "no limit" if fresh_for == FOREVER else f"{_number(fresh_for)} s ({basis})"
    checks = [
        *policy.steps,
        Step("`Vary` can match a later request", "*" if vary_all else "no `*`", "fail" if vary_all else "pass"),
        Step(
            "reuse without asking is allowed",
            policy.validate or "`no-cache` is absent",
            "fail" if policy.validate else "pass",
        ),
        Step(
            "the lifetime exceeds the age",
            f"lifetime {lifetime_text}, age {_number(age)} s",
            "pass" if fresh_for > age else "fail",
        ),
    ]
    if reuse != "fresh":
        if policy.stale_while_revalidate:
            within = reuse == "stale-while-revalidate"
            saw = f"{policy.stale_while_revalidate} s"
            checks.append(Step("`stale-while-revalidate` still covers it", saw, "pass" if within else "fail"))
        checks.append(
            Step(
                "there is a validator to ask with",
                ", ".join(validators) or "neither `ETag` nor `Last-Modified`",
                "pass" if validators else "fail",
            )
        )
    return tuple(checks)
