"""Security fields: a page without any, a page with all of them, and what they block."""

from __future__ import annotations

from inspector.learn.lab.content.cookies import PIXEL
from inspector.learn.lab.route import HTML, NO_STORE, SVG, TEXT, Reply, Route, html

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_BLOCKED = html(
    "Things a browser blocks here",
    "<script>document.documentElement.dataset.inline = 'ran';</script>\n"
    '<script src="/security/script-as-text"></script>\n'
    '<img src="@partner@/images/private.svg" alt="">\n'
    '<iframe src="@account@/" title="The account"></iframe>',
)

_MIXED = html(
    "Mixed content",
    '<img src="@shop_plain@/images/plain.svg" alt="">\n<script src="@shop_plain@/scripts/plain.js"></script>',
)

ROUTES: tuple[Route, ...] = (
    Route(
        "shop",
        "/security/none",
        "security",
        "a page without any security field, which names its software and its version",
        Reply(
            200,
            (*HTML, ("server", "Apache/2.4.1 (Unix)"), ("x-powered-by", "PHP/5.6.40")),
            html("No protection", "<p>Nothing asks the browser for care.</p>"),
        ),
    ),
    Route(
        "account",
        "/",
        "security",
        "a page secured as it should be: CSP, HSTS, nosniff, Referrer-, Permissions-Policy, COOP, COEP, CORP",
        Reply(
            200,
            (
                *HTML,
                *NO_STORE,
                ("content-security-policy", _POLICY),
                ("strict-transport-security", "max-age=63072000; includeSubDomains"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "strict-origin-when-cross-origin"),
                ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-embedder-policy", "require-corp"),
                ("cross-origin-resource-policy", "same-origin"),
                ("set-cookie", "__Host-account=aGVsbG8; Path=/; Secure; HttpOnly; SameSite=Strict"),
            ),
            html("Your account", "<p>Well looked after.</p>"),
        ),
    ),
    Route(
        "shop",
        "/security/blocked",
        "security",
        "a page whose inline script (CSP), mistyped script (nosniff), image (CORP) and frame are all blocked",
        Reply(
            200,
            (
                *HTML,
                ("content-security-policy", "script-src 'self'; img-src @partner@; frame-src @account@"),
                ("x-content-type-options", "nosniff"),
            ),
            _BLOCKED,
        ),
    ),
    Route(
        "shop",
        "/security/script-as-text",
        "security",
        "a script served as text/plain with nosniff: not run",
        Reply(
            200,
            (*TEXT, ("x-content-type-options", "nosniff")),
            "document.documentElement.dataset.sniffed = 'ran';\n",
        ),
    ),
    Route(
        "partner",
        "/images/private.svg",
        "security",
        "an image for its own origin only (`Cross-Origin-Resource-Policy: same-origin`)",
        Reply(200, (*SVG, ("cross-origin-resource-policy", "same-origin")), PIXEL),
    ),
    Route(
        "shop",
        "/security/mixed-content",
        "security",
        "a page over HTTPS that asks for an image and a script over HTTP: mixed content",
        Reply(200, HTML, _MIXED),
    ),
    Route(
        "shop_plain",
        "/images/plain.svg",
        "security",
        "an image over plain HTTP: in a secure page browsers ask for it over HTTPS instead",
        Reply(200, SVG, PIXEL),
    ),
    Route(
        "shop_plain",
        "/scripts/plain.js",
        "security",
        "a script over plain HTTP: in a secure page it is blocked",
        Reply(
            200,
            (("content-type", "text/javascript"),),
            "document.documentElement.dataset.mixed = 'ran';\n",
        ),
    ),
)
