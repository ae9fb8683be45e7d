"""`Cache-Control` defects: directives that contradict each other or that no cache understands."""

from __future__ import annotations

import re
from functools import lru_cache

from inspector.fields.cache_control import (
    IN_SECONDS,
    RESPONSE_DIRECTIVES,
    Directive,
    parse_cache_control,
)
from inspector.report import Severity
from inspector.rules.base import Finding, response_value, rule
from inspector.subject import Subject
from inspector.words import listed

RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110"
RFC9111 = "https://www.rfc-editor.org/rfc/rfc9111"
YEAR, MONTH = 31_536_000, 30 * 86_400


@lru_cache(maxsize=2048)
def _conflicts(value: str) -> tuple[str, ...]:
    """Contradictions within one ``Cache-Control`` value, each as a clause."""
    cc = parse_cache_control(value)
    found: list[str] = []
    lifetime = next((n for n in ("max-age", "s-maxage") if cc.seconds(n)), None)
    if cc.unqualified("no-store") and lifetime and not cc.has("must-understand"):
        found.append(f"`no-store` and `{lifetime}={cc.seconds(lifetime)}`: nothing is stored, so the lifetime is void")
    elif cc.unqualified("no-store") and cc.has("immutable"):
        found.append("`no-store` and `immutable`: nothing is stored, so nothing stays the same")
    if cc.has("public") and cc.unqualified("private"):
        found.append("`public` and `private`: shared caches obey `private`")
    if cc.unqualified("no-cache") and cc.has("immutable"):
        found.append("`no-cache` and `immutable`: it is checked before every reuse, so `immutable` is void")
    for name in ("max-age", "s-maxage"):
        arguments = dict.fromkeys(d.argument for d in cc.directives if d.name == name and d.argument is not None)
        if len(arguments) > 1:
            taken = cc.plain_seconds(name)
            said = listed([f"`{name}={a}`" for a in arguments])
            takes = (
                f"Chromium takes the first, {taken} seconds" if taken is not None else "Chromium can read none of them"
            )
            found.append(f"{said}: {takes}, and another cache may take it for stale")
    return tuple(found)


@rule(
    "cache/conflict",
    Severity.NOTE,
    "`Cache-Control` contradicts itself",
    on=response_value("cache-control", _conflicts),
    references=(f"{RFC9111}#section-5.2.2", f"{RFC9111}#section-4.2.1"),
    what="Two directives of the response's `Cache-Control` cannot both be meant: one makes the other void.",
    why="""
    The stricter one usually wins, so a response that was to be cached is not. Often a proxy or a framework adds its own
    directives to the ones the application sets.
    """,
    fix="Keep the one that is meant, and find the layer that adds the other.",
    unless="`no-cache, no-store, must-revalidate, max-age=0` repeats itself but does not contradict itself.",
    shows="""
    GET https://shop.test/app.js HTTP/2

    HTTP/2 200
    Cache-Control: no-store, max-age=3600
    """,
    quiet="""
    GET https://shop.test/app.js HTTP/2

    HTTP/2 200
    Cache-Control: no-cache, no-store, must-revalidate, max-age=0
    """,
)
def conflict(x: Subject) -> Finding | None:
    """Directives that void each other."""
    found = _conflicts(x.res.get("cache-control") or "")
    if not found:
        return None
    return Finding(
        f"{'; '.join(found)}.",
        fix="Send only the directive that is meant, and check which layer (application, server, CDN) adds the other.",
        evidence=(x.response_field("cache-control"),),
    )


_HISTORICAL = frozenset({"pre-check", "post-check", "community", "max-stale", "min-fresh", "only-if-cached"})
_SPELLINGS = {re.sub("[^a-z]", "", name): name for name in sorted(RESPONSE_DIRECTIVES)}
_SPELLINGS |= {"maxstale": "max-age", "smaxage": "s-maxage", "maxage": "max-age", "revalidate": "must-revalidate"}
_SPELLINGS |= {"swr": "stale-while-revalidate", "nocaching": "no-cache", "notransform": "no-transform"}


@lru_cache(maxsize=2048)
def _misspelt(value: str) -> tuple[tuple[str, str], ...]:
    """Members of a ``Cache-Control`` value that no cache understands: what was written, and what to write."""
    found: list[tuple[str, str]] = []
    for d in parse_cache_control(value).directives:
        right = _corrected(d)
        if right is not None:
            found.append((d.text[:80], right))
    return tuple(found)


def _corrected(d: Directive) -> str | None:
    name = d.name
    if name in IN_SECONDS and name in RESPONSE_DIRECTIVES:
        if d.argument is None:
            return f"{name}=<seconds>"
        if d.seconds is None:
            digits = re.match(r"\s*(\d+)", d.argument)
            if ";" in d.argument:
                return f"{name}={d.argument.replace(';', ',')}".replace(",,", ",")
            return f"{name}={digits[1]}" if digits else f"{name}=<whole seconds>"
        return f"{name}={d.seconds}" if d.quoted or not d.text.lower().startswith(f"{name}=") else None
    if name in RESPONSE_DIRECTIVES or name in _HISTORICAL:
        return None
    if ";" in d.text:
        return re.sub(r"\s*;\s*", ", ", d.text).strip(", ")
    separator = re.fullmatch(r"(max-age|s-maxage)\s*[: ]\s*(\d+)", d.text, re.IGNORECASE)
    if separator:
        return f"{separator[1].lower()}={separator[2]}"
    near = _SPELLINGS.get(re.sub("[^a-z]", "", name))
    if near is None:
        return None  # an extension of somebody's: allowed, and ignored by who does not know it
    if near in IN_SECONDS:
        return f"{near}={d.argument or '<seconds>'}"
    return near


@rule(
    "cache/directive-syntax",
    Severity.NOTE,
    "A `Cache-Control` directive is misspelt and ignored",
    on=response_value("cache-control", _misspelt),
    references=(f"{RFC9111}#section-5.2", f"{RFC9111}#section-1.2.2"),
    what="""
    A directive is written in a way caches do not understand: another spelling, a number that is not a whole number of
    seconds, quotes around it, a semicolon in place of the comma.
    """,
    why="""
    What a cache does not understand it ignores without a word, so the response is treated as if the directive was not
    there. For `max-age` a browser then guesses.
    """,
    fix="Write it as the standard does: names with hyphens, `=`, whole seconds without quotes, commas between.",
    unless="Unknown directives that resemble none are somebody's extensions; they are allowed and not reported.",
    shows="""
    GET https://shop.test/app.js HTTP/2

    HTTP/2 200
    Cache-Control: max_age=3600
    """,
    quiet="""
    GET https://shop.test/app.js HTTP/2

    HTTP/2 200
    Cache-Control: Max-Age=3600, x-shop-tier=2
    """,
)
def directive_syntax(x: Subject) -> Finding | None:
    """Members that say nothing to a cache."""
    value = x.res.get("cache-control") or ""
    found = _misspelt(value)
    if not found:
        return None
    written = found[0][0]
    quoted = '"' in written and written.partition("=")[0].strip().lower() in IN_SECONDS
    title = f"Ignored: `{x.masker.text(written)}`"
    if quoted:
        detail = (
            f"`{x.masker.text(written)}` has its number in quotes. The standard lets caches read that; Chromium "
            "does not "
            "and treats the directive as absent."
        )
    else:
        shown = listed([f"`{x.masker.text(w)}`" for w, _ in found])
        detail = f"No cache understands {shown} in this `Cache-Control`, so it is as good as absent."
    return Finding(
        detail,
        title=title,
        fix="The server should send " + listed([f"`{r}`" for _, r in found]) + ".",
        evidence=(x.response_field("cache-control", mark=written),),
    )
