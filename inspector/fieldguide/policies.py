"""Policies on what a page may do: permissions, documents, integrity, openers and embedders."""

from __future__ import annotations

from inspector.fieldguide.base import HTML, RESPONSE, reads, row
from inspector.fieldguide.say import quote, quoted, sentence, sentences, unparsed
from inspector.fields.isolation import parse_coep, parse_coop, parse_permissions_policy
from inspector.fields.structured import bare, items, parse_structured
from inspector.words import listed, ticked


@reads(
    row(
        "Permissions-Policy",
        RESPONSE,
        "Which powerful features (camera, location, payment …) this page and the frames in it may use.",
        "https://www.w3.org/TR/permissions-policy/#permissions-policy-http-header-field",
        "geolocation=(), camera=(self), fullscreen=*",
    ),
    row(
        "Permissions-Policy-Report-Only",
        RESPONSE,
        "A permissions policy on trial: uses it would forbid are reported and go ahead.",
        "https://www.w3.org/TR/permissions-policy/#permissions-policy-report-only-http-header-field",
        "geolocation=()",
    ),
)
def permissions_policy(value: str) -> str:
    """Features by who may use them."""
    parsed = parse_permissions_policy(value)
    if parsed.fault is not None:
        return unparsed(
            parse_structured(value, "dictionary"),
            "dictionary (`camera=(), geolocation=(self)`)",
            "so nothing is restricted",
        )
    who: dict[str, list[str]] = {}
    for feature in parsed.features:
        allowed = feature.allowed
        if not allowed:
            key = "for nobody"
        elif "*" in allowed:
            key = "for every origin"
        elif allowed == ("self",):
            key = "for this origin alone"
        else:
            key = f"for {listed('this origin' if a == 'self' else quote(a, 50) for a in allowed)}"
        who.setdefault(key, []).append(feature.feature)
    said = [f"{key}: {listed(ticked(name[:40] for name in names), most=8)}" for key, names in list(who.items())[:4]]
    if any(set(feature.allowed) - {"self"} for feature in parsed.features):
        said.append("a frame of another origin also needs most features in its element's `allow`")
    return sentences(*said) if said else "It names no feature."


@reads(
    row(
        "Feature-Policy",
        RESPONSE,
        "The former name and notation of `Permissions-Policy`; Chromium still reads it where that is missing.",
        "https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Permissions-Policy",
        "camera 'none'; geolocation 'self'",
    )
)
def feature_policy(value: str) -> str:
    """Features and who may use them."""
    said = []
    for part in value.split(";")[:8]:
        words = part.split()
        if words:
            who = (
                " ".join(words[1:])
                .replace("'none'", "nobody")
                .replace("'self'", "this origin")
                .replace("*", "every origin")
            )
            said.append(f"{quote(words[0], 40)} for {quote(who, 60).strip('`') if who else 'this origin'}")
    return sentence("; ".join(said)) if said else "It names no feature."


@reads(
    row(
        "Cross-Origin-Opener-Policy",
        RESPONSE,
        "Whether windows of other origins that open this one, or are opened by it, keep a hold on it.",
        f"{HTML}browsers.html#the-coop-headers",
        "same-origin",
    ),
    row(
        "Cross-Origin-Opener-Policy-Report-Only",
        RESPONSE,
        "An opener policy on trial: what it would cut is reported and kept.",
        f"{HTML}browsers.html#the-coop-headers",
        'same-origin; report-to="coop"',
    ),
)
def opener_policy(value: str) -> str:
    """One of four tokens."""
    parsed = parse_coop(value)
    words = {
        "same-origin": "Windows of other origins have no hold on this one, nor it on them.",
        "same-origin-allow-popups": "Windows of other origins have no hold on this one; those it opens keep theirs.",
        "noopener-allow-popups": "This window is cut off from whoever opened it, of any origin; it may open others.",
        "unsafe-none": "They keep it, as without the field.",
    }
    return (
        words[parsed.value] if parsed.value else sentence(f"ignored, because {parsed.fault}; windows keep their hold")
    )


@reads(
    row(
        "Cross-Origin-Embedder-Policy",
        RESPONSE,
        "Whether everything the page loads from other origins must say that it may be loaded.",
        f"{HTML}browsers.html#the-coep-headers",
        "require-corp",
    ),
    row(
        "Cross-Origin-Embedder-Policy-Report-Only",
        RESPONSE,
        "An embedder policy on trial: what it would block is reported and loaded.",
        f"{HTML}browsers.html#the-coep-headers",
        'require-corp; report-to="coep"',
    ),
)
def embedder_policy(value: str) -> str:
    """One of three tokens."""
    parsed = parse_coep(value)
    words = {
        "require-corp": "It must, by CORS or `Cross-Origin-Resource-Policy`, or is blocked (cross-origin isolation).",
        "credentialless": "What does not say so is loaded without cookies instead (cross-origin isolation).",
        "unsafe-none": "It need not, as without the field.",
    }
    return words[parsed.value] if parsed.value else sentence(f"ignored, because {parsed.fault}")


@reads(
    row(
        "Document-Policy",
        RESPONSE,
        "Limits the page sets itself on what it may do (unsized media, `document.write` …); Chromium alone reads it.",
        "https://wicg.github.io/document-policy/#document-policy-http-header",
        "js-profiling, document-write=?0",
    ),
    row(
        "Document-Policy-Report-Only",
        RESPONSE,
        "A document policy on trial, for reports alone.",
        "https://wicg.github.io/document-policy/#document-policy-report-only-http-header",
        "document-write=?0",
    ),
    row(
        "Require-Document-Policy",
        RESPONSE,
        "Which limits the frames in this page have to set themselves.",
        "https://wicg.github.io/document-policy/#require-document-policy-http-header",
        "document-write=?0",
    ),
)
def document_policy(value: str) -> str:
    """A structured dictionary of points."""
    parsed = parse_structured(value, "dictionary")
    if parsed.failed:
        return unparsed(parsed, "dictionary")
    said = []
    for name, member in parsed.value.items():
        content = bare(member)[0]
        setting = {True: "on", False: "off"}.get(content) if isinstance(content, bool) else quote(str(content), 30)
        said.append(f"{quote(name, 40)} {setting}")
    return f"{listed(said)}." if said else "It names no point."


@reads(
    row(
        "Integrity-Policy",
        RESPONSE,
        "Which kinds of resources the page loads only with an integrity hash.",
        "https://www.w3.org/TR/sri-2/",
        "blocked-destinations=(script)",
    ),
    row(
        "Integrity-Policy-Report-Only",
        RESPONSE,
        "An integrity policy on trial: resources without a hash are reported and loaded.",
        "https://www.w3.org/TR/sri-2/",
        "blocked-destinations=(script), endpoints=(integrity)",
    ),
)
def integrity_policy(value: str) -> str:
    """A structured dictionary of inner lists."""
    parsed = parse_structured(value, "dictionary")
    if parsed.failed:
        return unparsed(parsed, "dictionary")
    blocked = (
        [str(item) for item in items(parsed.value["blocked-destinations"])]
        if "blocked-destinations" in parsed.value
        else []
    )
    return f"Those of the kinds {quoted(blocked)}." if blocked else "It names no kind, so nothing is asked for."
