"""What caching fields say, in words: the sentences of the caching explanation, built once for equal inputs."""

from __future__ import annotations

from functools import lru_cache

from inspector.browser.cache import ServedFrom
from inspector.browser.cache_freshness import FOREVER, Basis
from inspector.browser.cache_policy import Policy
from inspector.browser.verdict import CacheVerdict, Reuse, SharedCache
from inspector.fields.cache_control import Directive, parse_cache_control
from inspector.fields.vary import parse_vary
from inspector.words import duration, listed

_MEANINGS = {
    "no-store": "no cache may keep a copy",
    "public": "shared caches may store it too, even where the request carried `Authorization`",
    "must-revalidate": "once stale it must not be used without asking (Chromium then guesses no lifetime either)",
    "proxy-revalidate": "once stale, a shared cache must not use it without asking",
    "must-understand": (
        "only caches that know this status may store it, and those may set `no-store` aside; browsers do not heed it"
    ),
    "immutable": (
        "while fresh the content does not change, so a reload need not ask (Firefox and Safari heed it, not Chromium)"
    ),
    "no-transform": "proxies must not change the content",
}


@lru_cache(maxsize=2048)
def directives_in_words(value: str) -> str:
    """Each directive of a ``Cache-Control`` value and what it means here, as one text."""
    control = parse_cache_control(value)
    texts = list(dict.fromkeys(d.text for d in control.directives))
    if control.plain("no-store") and not control.has("must-understand"):
        void = [f"`{text}`" for text in texts if text.lower() != "no-store" and text.lower() != "no-transform"]
        return f"Beside it {listed(void)} {'has' if len(void) == 1 else 'have'} no effect." if void else ""
    if len(texts) == 1 and control.plain_seconds("max-age"):
        return ""  # the sentence before has said it
    said = {d.text: f"`{d.text}`: {meaning}" for d in control.directives if (meaning := _meaning(d)) is not None}
    return "; ".join(said.values()) + "." if said else ""


def _meaning(d: Directive) -> str | None:
    seconds = d.seconds
    time = duration(seconds) if seconds is not None else None
    match d.name:
        case "max-age":
            if time is None:
                return "no whole number of seconds, so it says nothing"
            if d.quoted:
                return f"{time}, but Chromium reads no number in quotes"
            return "stale at once" if seconds == 0 else f"fresh for {time} from when the server generated it"
        case "s-maxage":
            return None if time is None else f"shared caches take {time} as its lifetime instead"
        case "no-cache":
            if d.argument:
                return (
                    "the fields it names are not to be reused unchecked (Chromium ignores the form that names fields)"
                )
            return "it may be stored, and must be checked with the server before every reuse"
        case "private":
            if d.argument:
                return "shared caches must not store the fields it names"
            return "only one person's own cache may store it, no shared one"
        case "stale-while-revalidate":
            return (
                None
                if not seconds
                else f"for {time} after that it may be used while a request in the background renews it"
            )
        case "stale-if-error":
            return (
                None
                if not seconds
                else f"for {time} after that it may stand in for an error (CDNs heed it, browsers do not)"
            )
    return _MEANINGS.get(d.name)


@lru_cache(maxsize=8192)
def told(
    policy: Policy,
    reuse: Reuse,
    lifetime: float | None,
    age: float | None,
    basis: Basis,
    served_from: ServedFrom,
    validators: tuple[str, ...],
    because: str,
    shared_reuse: Reuse,
    shared_lifetime: float,
    vary: str | None,
    control: str | None,
) -> tuple[str, str]:
    """Title and text of the explanation, built once for equal verdicts: its arguments are the verdict's own parts."""
    shared = SharedCache(policy.shared, shared_reuse)
    verdict = CacheVerdict(policy.private, reuse, shared, lifetime, age, basis, validators, served_from, because)
    parts = [
        browser_sentence(policy, verdict),
        shared_sentence(policy, verdict, shared_lifetime),
        vary_sentence(parse_vary(vary)) if vary and reuse in ("fresh", "stale-while-revalidate") else "",
        directives_in_words(control) if control else "",
    ]
    return title(policy, verdict), " ".join([part for part in parts if part])


def title(policy: Policy, verdict: CacheVerdict) -> str:
    """The outcome in a few words."""
    left = None if verdict.lifetime is None else left_of(verdict.lifetime, verdict.age or 0)
    if verdict.served_from == "revalidated":
        return "Confirmed unchanged, and " + _outcome(policy, verdict, left)
    prefix = "From the browser's cache, " if verdict.served_from == "cache" else ""
    text = prefix + _outcome(policy, verdict, left)
    return text[0].upper() + text[1:]


def left_of(lifetime: float, age: float) -> float:
    """What remains of a lifetime; an age of less than a hundredth of it is not worth the odd number it makes."""
    return lifetime if age * 100 < lifetime else max(lifetime - age, 1)


def _outcome(policy: Policy, verdict: CacheVerdict, left: float | None) -> str:
    if not verdict.stored:
        if policy.directives.plain("no-store"):
            return "not stored: `no-store`"
        return f"not stored: status {policy.status}"
    if verdict.reuse == "fresh":
        if left is None:
            return "reusable without end"
        by = " by Chromium's guess" if verdict.basis == "heuristic" else ""
        return f"reusable for {duration(left)}{' more' if left != verdict.lifetime else ''}{by}"
    if verdict.reuse == "stale-while-revalidate":
        return "stale, but usable while the browser renews it"
    if verdict.reuse == "revalidate":
        return (
            "stored, checked before every reuse" if not verdict.lifetime else "stored, but stale: checked before reuse"
        )
    return "stored, but fetched anew every time"


def browser_sentence(policy: Policy, verdict: CacheVerdict) -> str:
    """What browsers do with it now."""
    if not verdict.stored or verdict.reuse != "fresh" or verdict.lifetime is None:
        return verdict.because
    age = verdict.age or 0
    remains = left_of(verdict.lifetime, age)
    left = duration(remains)
    if verdict.basis == "heuristic":
        text = (
            f"Browsers reuse it without asking for {left}, by a guess: no field states a lifetime, and they take a "
            "tenth of the time since `Last-Modified`"
        )
    else:
        field = "Expires" if verdict.basis == "expires" else verdict.basis
        text = f"Browsers reuse it without asking for {left}"
        text += (
            f": `{field}` gives {duration(verdict.lifetime)}, and it is {duration(age)} old"
            if remains != verdict.lifetime
            else f" (`{field}`)"
        )
    if verdict.validators and policy.conditional:
        asks = ["`If-None-Match`" if v == "etag" else "`If-Modified-Since`" for v in verdict.validators]
        return f"{text}. Then they ask with {listed(asks)}, and a `304` spares the transfer."
    return f"{text}. Then they fetch it anew."


def shared_sentence(policy: Policy, verdict: CacheVerdict, lifetime: float) -> str:
    """What a shared cache may do with it, where that is worth a sentence; ``""`` where it is the same."""
    shared = verdict.shared
    if not shared.stored:
        if not verdict.stored and policy.shared_because == policy.private_because:
            return ""
        return f"Shared caches (CDNs, proxies) do not store it: {policy.shared_because}."
    if not verdict.stored:
        return f"A shared cache may store it: {policy.shared_because}."
    if shared.reuse == "fresh":
        if lifetime == FOREVER or lifetime == verdict.lifetime:
            return "Shared caches may do the same."
        return f"Shared caches may reuse it for {duration(lifetime)}."
    if shared.reuse == verdict.reuse:
        return ""
    return "Shared caches may store it, but have to ask before they reuse it."


_VARY_WORDS = {
    "accept-encoding": "the compressions offered",
    "accept": "the types asked for",
    "accept-language": "the languages asked for",
    "origin": "the page's origin",
    "cookie": "the cookies sent",
    "user-agent": "the exact browser version",
}


@lru_cache(maxsize=1024)
def vary_sentence(names: tuple[str, ...]) -> str:
    """What ``Vary`` means for reuse."""
    if "*" in names:
        return "`Vary: *` says that more than the request decided the answer: a stored copy is never reused unchecked."
    shown = listed([f"`{n}`" + (f" ({_VARY_WORDS[n]})" if n in _VARY_WORDS else "") for n in names])
    return f"It is reused only for requests that agree in {shown}, because `Vary` says so."
