"""Which directive decides: for a request, for inline code, and which stands in where it is missing (CSP3, 6.8)."""

from __future__ import annotations

from typing import Literal

from inspector.fields.csp import CspPolicy, SourceList

InlineType = Literal["script", "script attribute", "style", "style attribute", "navigation"]

_OF_DESTINATION = {
    "": "connect-src",
    "empty": "connect-src",
    "json": "connect-src",
    "text": "connect-src",
    "webidentity": "connect-src",
    "manifest": "manifest-src",
    "object": "object-src",
    "embed": "object-src",
    "frame": "frame-src",
    "iframe": "frame-src",
    "fencedframe": "fenced-frame-src",
    "audio": "media-src",
    "track": "media-src",
    "video": "media-src",
    "font": "font-src",
    "image": "img-src",
    "style": "style-src-elem",
    "script": "script-src-elem",
    "xslt": "script-src-elem",
    "audioworklet": "script-src-elem",
    "paintworklet": "script-src-elem",
    "serviceworker": "worker-src",
    "sharedworker": "worker-src",
    "worker": "worker-src",
}
_OF_INLINE: dict[InlineType, str] = {
    "script": "script-src-elem",
    "navigation": "script-src-elem",
    "script attribute": "script-src-attr",
    "style": "style-src-elem",
    "style attribute": "style-src-attr",
}
_FALLBACKS = {
    "script-src-elem": ("script-src-elem", "script-src", "default-src"),
    "script-src-attr": ("script-src-attr", "script-src", "default-src"),
    "style-src-elem": ("style-src-elem", "style-src", "default-src"),
    "style-src-attr": ("style-src-attr", "style-src", "default-src"),
    "worker-src": ("worker-src", "child-src", "script-src", "default-src"),
    "frame-src": ("frame-src", "child-src", "default-src"),
    "fenced-frame-src": ("fenced-frame-src", "frame-src", "child-src", "default-src"),
}


def effective_directive(destination: str) -> str | None:
    """CSP3, "get the effective directive for request", by Fetch's destination.

    ``None``: no directive limits it, as with documents and reports.
    """
    return _OF_DESTINATION.get(destination)


def effective_inline_directive(type: InlineType) -> str:
    """CSP3, "get the effective directive for inline checks"."""
    return _OF_INLINE[type]


def fallback_list(directive: str) -> tuple[str, ...]:
    """CSP3, "get fetch directive fallback list": the directive and those that stand in for it, in order."""
    return _FALLBACKS.get(directive) or (directive, "default-src")


def governing(policy: CspPolicy, directive: str) -> tuple[str, SourceList] | None:
    """The directive that decides for `directive` in a policy, with its source list; ``None`` where none does."""
    name = policy.first(*fallback_list(directive))
    if name is None:
        return None
    return name, policy.source_list(name)
