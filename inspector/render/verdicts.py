"""Verdicts and their steps, as shown with ``--verbose`` and ``--entry``."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from inspector.browser.verdict import (
    BlockVerdict,
    CacheVerdict,
    CookieVerdict,
    CorsVerdict,
    SetCookieVerdict,
    Step,
    StepResult,
    Verdicts,
)
from inspector.render.blocks import moment
from inspector.render.escape import clipped
from inspector.render.layout import Canvas, joined

_ROOMY = 60
"""Columns from which on the steps of an algorithm stand in a column of their own."""

_RESULTS: dict[StepResult, tuple[str, str]] = {
    "pass": ("✓ pass", "green"),
    "fail": ("✗ fail", "bold red"),
    "skip": ("· skip", "dim"),
    "unknown": ("? unknown", "magenta"),
}
_OUTCOMES = {
    "allowed": "green",
    "stored": "green",
    "sent": "green",
    "expired": "cyan",
    "blocked": "bold red",
    "depends": "magenta",
    "unknown": "magenta",
}
_REUSE = {
    "fresh": "reused without asking the server",
    "revalidate": "the server is asked first (revalidation)",
    "stale-while-revalidate": "reused at once, revalidated in the background",
    "none": "fetched anew",
}


def draw(canvas: Canvas, verdicts: Verdicts, indent: str) -> bool:
    """Add every verdict there is, with its steps. Returns whether there was any."""
    before = verdicts.cors, verdicts.cache, verdicts.block
    if verdicts.cors:
        _cors(canvas, verdicts.cors, indent)
    for cookie in verdicts.cookies:
        _cookie(canvas, cookie, indent)
    for set_cookie in verdicts.set_cookies:
        _set_cookie(canvas, set_cookie, indent)
    if verdicts.cache:
        _cache(canvas, verdicts.cache, indent)
    if verdicts.block:
        _block(canvas, verdicts.block, indent)
    return any(before) or bool(verdicts.cookies or verdicts.set_cookies)


def _head(canvas: Canvas, indent: str, what: str, outcome: str, rest: str = "") -> None:
    line = Text.assemble((f"{what}: ", "bold"), (outcome, _OUTCOMES.get(outcome, "")))
    if rest:
        line.append_text(canvas.words(rest))
    canvas.add(line, indent, f"{indent}  ")


def _codes(codes: Iterable[str | None], condition: str | None) -> str:
    named = joined(f"`{code}`" for code in codes if code)
    return (f", {named}" if named else "") + (f", {condition}" if condition else "")


def _steps(canvas: Canvas, steps: tuple[Step, ...], indent: str) -> None:
    for step in steps:
        word, style = _RESULTS[step.result]
        line = Text.assemble((word.ljust(10), style), canvas.words(step.check))
        if step.saw:
            line.append(" - ", "dim").append_text(canvas.words(step.saw, "dim", 400))
        canvas.add(line, f"{indent}  ", f"{indent}{' ' * (12 if canvas.width >= _ROOMY else 4)}")


def _cors(canvas: Canvas, verdict: CorsVerdict, indent: str) -> None:
    named = f" ({verdict.parameter})" if verdict.parameter else ""
    what = "CORS (preflight)" if verdict.is_preflight else "CORS"
    _head(canvas, indent, what, verdict.outcome, _codes((verdict.code,), verdict.condition) + named)
    preflight = verdict.preflight
    if preflight and preflight.needed:
        sent = f", sent as #{preflight.exchange}" if preflight.exchange is not None else ""
        canvas.prose(f"preflight needed because of {joined(preflight.because) or 'the request'}{sent}", f"{indent}  ")
    _steps(canvas, verdict.steps, indent)


def _cookie(canvas: Canvas, verdict: CookieVerdict, indent: str) -> None:
    origin = f", set by #{verdict.set_by}" if verdict.set_by is not None else ""
    seen = {True: ", and the request carries it", False: ", and the request does not carry it", None: ""}
    rest = _codes(verdict.codes, verdict.condition) + origin + seen[verdict.recorded]
    _head(canvas, indent, f"Cookie {clipped(verdict.name, 60)}", verdict.outcome, rest)


def _set_cookie(canvas: Canvas, verdict: SetCookieVerdict, indent: str) -> None:
    name = clipped(verdict.name, 60) or "(no name)"
    _head(canvas, indent, f"Set-Cookie {name}", verdict.outcome, _codes(verdict.codes, verdict.condition))
    kept = verdict.stored_as
    if kept:
        facts = [
            f"{'host' if kept.host_only else 'domain'} {kept.domain}",
            f"path {kept.path}",
            "session" if kept.expires is None else f"until {moment(kept.expires)}",
            *(word for word, on in (("Secure", kept.secure), ("HttpOnly", kept.http_only)) if on),
            f"SameSite={kept.same_site}" if kept.same_site else "no SameSite",
            *(("Partitioned",) if kept.partitioned else ()),
        ]
        canvas.prose("kept as: " + ", ".join(facts), f"{indent}  ", f"{indent}    ")
    _steps(canvas, verdict.steps, indent)


def _cache(canvas: Canvas, verdict: CacheVerdict, indent: str) -> None:
    outcome = {True: "stored", False: "not stored", None: "unknown"}[verdict.stored]
    rest = f", the next request: {_REUSE[verdict.reuse]}" if verdict.stored else ""
    if verdict.lifetime is not None:
        rest += f"; fresh for {verdict.lifetime:,.0f} s ({verdict.basis})"
        rest += f", age {verdict.age:,.0f} s" if verdict.age else ""
    _head(canvas, indent, "Cache", outcome, rest)
    if verdict.because:
        canvas.prose(verdict.because, f"{indent}  ")
    shared = verdict.shared
    if shared.stored is not None:
        said = f"stored, {_REUSE[shared.reuse]}" if shared.stored else "not stored"
        canvas.prose(f"a shared cache (CDN, proxy): {said}", f"{indent}  ")
    if verdict.served_from not in ("unknown", "network"):
        canvas.prose(f"this response came from: {verdict.served_from}", f"{indent}  ")
    _steps(canvas, verdict.steps, indent)


def _block(canvas: Canvas, verdict: BlockVerdict, indent: str) -> None:
    _head(canvas, indent, "Blocking", verdict.outcome, _codes((verdict.code,), verdict.condition))
    _steps(canvas, verdict.steps, indent)
