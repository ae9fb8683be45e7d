"""Security: transport, framing, isolation, policies (each in a standard of its own)."""

from __future__ import annotations

from inspector.fieldguide.base import HTML, RESPONSE, RFC, Around, known, reads, row
from inspector.fieldguide.say import misfit, quote, quoted, seconds, sentence, sentences
from inspector.fields.csp import parse_csp
from inspector.fields.framing import is_nosniff, x_frame_options
from inspector.fields.hsts import parse_hsts
from inspector.fields.parameters import read_parameters
from inspector.fields.referrer_policy import parse_referrer_policy
from inspector.words import count, duration, listed


@reads(
    row(
        "Strict-Transport-Security",
        RESPONSE,
        "Makes the browser use HTTPS alone for this host from now on, with no way around certificate errors.",
        f"{RFC}6797#section-6.1",
        "max-age=31536000; includeSubDomains",
    )
)
def hsts(value: str, around: Around) -> str:
    """How long, for which hosts."""
    parsed = parse_hsts(value)
    if parsed.fault is not None:
        return sentence(f"the browser ignores it: {parsed.fault}")
    if around.url.startswith("http:"):
        return "The browser ignores it, because the response came over plain HTTP."
    if parsed.max_age == 0:
        return "`max-age=0`: the browser forgets the rule."
    hosts = "this host and every host under it" if parsed.include_subdomains else "this host, not those under it"
    preload = "`preload` asks browser makers to ship the rule built in" if parsed.preload else ""
    return sentences(f"for {duration(parsed.max_age or 0)}, for {hosts}", preload)


_CSP_POINTS = (
    ("default-src", "what has no rule of its own"),
    ("script-src", "scripts"),
    ("style-src", "styles"),
    ("img-src", "images"),
    ("connect-src", "connections by scripts"),
    ("frame-src", "frames"),
    ("font-src", "fonts"),
    ("object-src", "plug-ins"),
    ("form-action", "where forms go"),
)


def _sources(values: tuple[str, ...]) -> str:
    if not values or values == ("'none'",):
        return "nothing"
    words = {
        "'self'": "the page's own origin",
        "'unsafe-inline'": "inline code",
        "'unsafe-eval'": "code made from text (`eval`)",
        "'strict-dynamic'": "what trusted scripts load",
        "*": "any host",
        "https:": "any host over HTTPS",
        "data:": "`data:` URLs",
        "blob:": "`blob:` URLs",
    }
    said = []
    for value in values:
        known_word = words.get(value.lower())
        if known_word is None and value.startswith("'nonce-"):
            known_word = "what carries the page's nonce"
        elif known_word is None and value.startswith("'sha"):
            known_word = "code with a known hash"
        said.append(known_word or quote(value, 50))
    return listed(dict.fromkeys(said), most=5)


@reads(
    row(
        "Content-Security-Policy",
        RESPONSE,
        "From where the page may load and run what; everything else is blocked.",
        "https://www.w3.org/TR/CSP3/#csp-header",
        "default-src 'self'; img-src 'self' https:; frame-ancestors 'none'",
    ),
    row(
        "Content-Security-Policy-Report-Only",
        RESPONSE,
        "A policy on trial: what it would block is reported and goes ahead.",
        "https://www.w3.org/TR/CSP3/#cspro-header",
        "default-src 'self'; report-to csp",
    ),
)
def csp(value: str) -> str:
    """Policies, in outline."""
    policies = parse_csp(value)
    if not policies:
        return "An empty policy, which forbids nothing."
    said = []
    for policy in policies[:2]:
        points = [
            f"{words}: {_sources(sources)}"
            for name, words in _CSP_POINTS
            if (sources := policy.sources(name)) is not None
        ]
        ancestors = policy.sources("frame-ancestors")
        if ancestors is not None:
            by = _sources(ancestors)
            points.append(f"may be framed by {'nobody' if by == 'nothing' else by}")
        names = {name for name, _ in policy.directives}
        if "upgrade-insecure-requests" in names:
            points.append("`http:` URLs are fetched over HTTPS instead")
        if names & {"report-uri", "report-to"}:
            points.append("violations are reported")
        shown = points[:7]
        if len(points) > 7:
            shown.append(f"and {len(points) - 7} more points")
        said.append("; ".join(shown) or f"{count(len(names), 'directive')}: {quoted(sorted(names))}")
    lead = f"{count(len(policies), 'policy', 'policies')}, and each has to allow a thing. " if len(policies) > 1 else ""
    return lead + sentences(*said)


@reads(
    row(
        "X-Frame-Options",
        RESPONSE,
        "Whether other pages may show this one in a frame; `frame-ancestors` of a content security policy overrides "
        "it.",
        f"{HTML}document-lifecycle.html#the-x-frame-options-header",
        "DENY",
    )
)
def frame_options(value: str, around: Around) -> str:
    """Three outcomes."""
    policies = parse_csp(around.fields.get("content-security-policy") or "")
    if any("frame-ancestors" in policy for policy in policies):
        return "Not read here: `frame-ancestors` in the content security policy decides."
    words = {
        "deny": "No page may, not even one of the same origin.",
        "sameorigin": "Pages of the same origin alone may.",
        "none": f"{quote(value, 40)} is none of `DENY` and `SAMEORIGIN`, so every page may.",
    }
    return words[x_frame_options(value)]


@reads(
    row(
        "X-Content-Type-Options",
        RESPONSE,
        "Whether the browser keeps to the declared media type instead of guessing from the content.",
        "https://fetch.spec.whatwg.org/#x-content-type-options-header",
        "nosniff",
    )
)
def nosniff(value: str) -> str:
    """``nosniff``."""
    if is_nosniff(value):
        return "It keeps to it: no guessing, and scripts and style sheets of a wrong type are blocked."
    return misfit("`nosniff`", "so the browser guesses as ever")


@reads(
    row(
        "X-XSS-Protection",
        RESPONSE,
        "Steered a filter against cross-site scripting that browsers have taken out (Chrome in 2019); no current one "
        "reads it.",
        "https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-XSS-Protection",
        "1; mode=block",
    )
)
def xss_protection(value: str) -> str:
    """On or off."""
    on = value.strip()[:1]
    if on == "0":
        return "Off, which is what is advised today: the filter itself could be abused."
    if on == "1":
        block = ", and a suspicious page was not shown at all" if "block" in value.lower() else ""
        return f"On{block}; in old browsers alone."
    return misfit("`0` or `1`")


_REFERRER = {
    "no-referrer": "Nothing at all.",
    "no-referrer-when-downgrade": "The full URL, except from HTTPS to HTTP, where it is nothing.",
    "same-origin": "The full URL within the same origin, nothing to others.",
    "origin": "The origin alone, to everybody.",
    "strict-origin": "The origin alone, and nothing from HTTPS to HTTP.",
    "origin-when-cross-origin": "The full URL within the same origin, the origin alone to others.",
    "strict-origin-when-cross-origin": "The full URL within the same origin, the origin alone to others, and nothing "
    "from HTTPS to HTTP: the browsers' default.",
    "unsafe-url": "The full URL, path and query too, to everybody.",
}


@reads(
    row(
        "Referrer-Policy",
        RESPONSE,
        "How much of the page's URL is told to those it links to and loads from, in `Referer`.",
        "https://www.w3.org/TR/referrer-policy/#referrer-policy-header",
        "strict-origin-when-cross-origin",
    )
)
def referrer_policy(value: str) -> str:
    """The last known policy."""
    policy = parse_referrer_policy(value)
    if policy is None:
        return misfit(
            "one of the eight policies",
            "so the default holds: the full URL within the origin, the origin alone to others",
        )
    lead = f"The last one known counts, `{policy}`: " if "," in value else ""
    said = _REFERRER[policy]
    return lead + (said[0].lower() + said[1:] if lead else said)


@reads(
    row(
        "Expect-CT",
        RESPONSE,
        "Asked browsers to insist on certificate transparency; they all do by themselves now, and Chromium took it "
        "out in 2022.",
        f"{RFC}9163#section-2.1",
        'max-age=86400, enforce, report-uri="https://r.test/ct"',
    )
)
def expect_ct(value: str) -> str:
    """Enforced or reported, how long."""
    parameters = read_parameters(value.replace(",", ";"))
    span = seconds(parameters.get("max-age", ""))
    if span is None:
        return misfit("a policy: `max-age` is missing or no number")
    enforced = "enforce" in parameters
    effect = "failures refuse the connection" if enforced else "failures are just reported"
    told = ", and told to a report address" if enforced and "report-uri" in parameters else ""
    return sentence(f"for {duration(span)}, {effect}{told}")


@reads(
    row(
        "Public-Key-Pins",
        RESPONSE,
        "Bound a host to certain keys; too easy to lock everybody out with, so browsers have taken it out (Chrome in "
        "2018).",
        f"{RFC}7469#section-2.1",
        'max-age=5184000; pin-sha256="d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM="; '
        'pin-sha256="E9CZ9INDbd+2eRQozYqqbQ2yXLVKB9+xcprMF+44U1g="',
    ),
    row(
        "Public-Key-Pins-Report-Only",
        RESPONSE,
        "Key pins on trial, for reports alone; browsers have taken them out.",
        f"{RFC}7469#section-2.1",
        'max-age=500; pin-sha256="d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM="',
    ),
)
def key_pins(value: str) -> str:
    """How many keys, how long."""
    pins = value.lower().count("pin-sha256")
    span = seconds(read_parameters(value).get("max-age", ""))
    return sentence(
        f"{count(pins, 'key')}{f', for {duration(span)}' if span is not None else ''}; no current browser acts on it"
    )


@reads(
    row(
        "X-Permitted-Cross-Domain-Policies",
        RESPONSE,
        "Where Flash and Acrobat might look for files that open this site to others.",
        "https://www.adobe.com/devnet-docs/acrobatetk/tools/AppSec/xdomain.html",
        "none",
    )
)
def cross_domain_policies(value: str) -> str:
    """Adobe's meta-policies."""
    words = {
        "none": "Nowhere: no such file counts.",
        "master-only": "In the one at the root of the site alone.",
        "by-content-type": "In files served as `text/x-cross-domain-policy`.",
        "by-ftp-filename": "In files named `crossdomain.xml`, by FTP.",
        "all": "Anywhere on the site.",
    }
    return words.get(value.strip().lower()) or misfit("one of the known values")


@reads(
    row(
        "X-Download-Options",
        RESPONSE,
        "Took the button to open a download at once away from Internet Explorer 8; no other browser reads it.",
        "https://learn.microsoft.com/archive/blogs/ie/ie8-security-part-v-comprehensive-protection",
        "noopen",
    )
)
def download_options(value: str) -> str:
    """``noopen``."""
    return "" if value.strip().lower() == "noopen" else misfit("`noopen`, the one value there is")


OLD = known(
    row(
        "X-Content-Security-Policy",
        RESPONSE,
        "A trial of content security policies for old Firefox and Internet Explorer; current browsers do not read it.",
        "https://www.w3.org/TR/CSP3/#csp-header",
        "default-src 'self'",
    ),
    row(
        "X-WebKit-CSP",
        RESPONSE,
        "A trial of content security policies for old Chrome and Safari; current browsers do not read it.",
        "https://www.w3.org/TR/CSP3/#csp-header",
        "default-src 'self'",
    ),
    row(
        "Document-Isolation-Policy",
        RESPONSE,
        "Gives this page a cross-origin isolated process of its own without asking anything of the frames around it.",
        "https://wicg.github.io/document-isolation-policy/",
        "isolate-and-credentialless",
    ),
)
