"""A better ``Content-Security-Policy`` for a page: its own with what costs points taken out, or a new one."""

from __future__ import annotations

from inspector import url as urls
from inspector.grade.csp import BROAD, INLINE, policies_of, policy_of
from inspector.grade.evidence import NO_MARKUP, SiteEvidence
from inspector.grade.header_tests import value_of
from inspector.grade.sri import script_origin
from inspector.words import count, listed

NONCE = "'nonce-RANDOM'"
_FETCHED = ("script-src", "style-src", "img-src", "font-src", "connect-src", "media-src", "frame-src")
_MOST_ORIGINS = 8

_REPORT_FIRST = "Send it as `Content-Security-Policy-Report-Only` first and read in the console what it would block"
_NONCE = "RANDOM stands for a new random value in each response, which each inline `<script nonce>` repeats"


def better_policy(site: SiteEvidence) -> tuple[str, str] | None:
    """A policy that earns more than the present one, and the trap in it."""
    sent, markup = policies_of(site)
    if len(sent) == 1 and not markup and "," not in sent[0] and policy_of(site) is not None:
        return _edited(sent[0])
    return _new(site)


def _new(site: SiteEvidence) -> tuple[str, str]:
    page = site.page or NO_MARKUP
    elsewhere: dict[str, None] = {}
    for script in page.scripts:
        own, _ = script_origin(script, site)
        url = urls.parse(script.src if "://" in script.src else f"https:{script.src}")
        host = url.host
        if host and host.isascii() and not (own and "://" not in script.src) and host != site.host:
            port = f":{url.port}" if url.secure and url.port != urls.DEFAULT_PORTS["https"] else ""
            elsewhere[f"https://{host}{port}"] = None
    sources = ["'self'", *list(elsewhere)[:_MOST_ORIGINS], *([NONCE] if page.inline_scripts else [])]
    framed = "'self'" if value_of(site.fields, "x-frame-options") == "sameorigin" else "'none'"
    value = (
        f"default-src 'none'; script-src {' '.join(sources)}; style-src 'self'; img-src 'self'; font-src 'self'; "
        f"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {framed}"
    )
    trap = (
        f"{_REPORT_FIRST}: style sheets, images, fonts and data from elsewhere have to be named, and styles in the "
        "markup moved to a file."
    )
    if page.inline_scripts:
        trap += f" {_NONCE} (this page has {count(page.inline_scripts, 'inline script')})."
    return value, trap


def _edited(text: str) -> tuple[str, str] | None:
    directives: dict[str, list[str]] = {}
    for part in text.split(";"):
        name, *sources = part.split() or [""]
        if name and name.lower() not in directives:
            directives[name.lower()] = sources
    before = {name: list(sources) for name, sources in directives.items()}
    default = directives.get("default-src")
    loose = {*BROAD, *INLINE}
    scripts = directives.get("script-src", default if default is not None else ["*"])
    gone = [s for s in scripts if s.lower() in loose or s.lower() == "'unsafe-eval'"]
    unguarded = "'strict-dynamic'" in (s.lower() for s in scripts) and not _guarded(scripts)
    if gone or unguarded:
        kept = [s for s in scripts if s not in gone and s.lower() != "'none'"]
        if (unguarded or "'unsafe-inline'" in (s.lower() for s in gone)) and not _guarded(kept):
            kept.append(NONCE)
        directives["script-src"] = kept or ["'self'"]
    if any(s.lower() in BROAD for s in directives.get("object-src", default if default is not None else ["*"])):
        directives["object-src"] = ["'none'"]
    for name, sources in directives.items():
        directives[name] = [_encrypted(s) for s in sources]
    styles = directives.get("style-src", default or [])
    if any(s.lower() == "'unsafe-eval'" for s in styles):
        gone = [*gone, "'unsafe-eval'"]
        directives["style-src"] = [s for s in styles if s.lower() != "'unsafe-eval'"]
    if directives == before:
        return _stricter(directives)
    value = "; ".join(" ".join((name, *sources)) for name, sources in directives.items())
    trap = f"{_REPORT_FIRST}"
    if gone:
        trap += f": {listed([f'`{s}`' for s in dict.fromkeys(gone)])} allowed more than this"
    trap += f". {_NONCE}." if NONCE in value else "."
    return value, trap


def _stricter(directives: dict[str, list[str]]) -> tuple[str, str] | None:
    """The same policy said from ``default-src 'none'`` on, styles without what is unsafe."""
    default = directives.get("default-src", ["'self'"])
    if [s.lower() for s in default] == ["'none'"]:
        sources = directives.get("style-src", default)
        kept = [s for s in sources if s.lower() not in {*BROAD, *INLINE}]
        if kept == sources:
            return None
        directives["style-src"] = kept or ["'self'"]
    else:
        for name in _FETCHED:
            directives.setdefault(name, default)
        styles = [s for s in directives["style-src"] if s.lower() not in {*BROAD, *INLINE}]
        directives["style-src"] = styles or ["'self'"]
        directives["default-src"] = ["'none'"]
    value = "; ".join(" ".join((name, *sources)) for name, sources in directives.items())
    return value, f"{_REPORT_FIRST}: styles in the markup have to move to a file or carry a nonce."


def _guarded(sources: list[str]) -> bool:
    return any(s.lower().startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-")) for s in sources)


def _encrypted(source: str) -> str:
    lower = source.lower()
    if lower in ("http:", "ftp:"):
        return "https:"
    return f"https://{source[7:]}" if lower.startswith("http://") else source
