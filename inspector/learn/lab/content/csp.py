"""Content Security Policy: one with holes, one that blocks the page's own code, one on trial, one in the markup."""

from __future__ import annotations

from inspector.learn.lab.content.cookies import PIXEL
from inspector.learn.lab.route import HTML, SVG, Reply, Route, html

_HOLES = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' https://cdn.jsdelivr.net; "
    "img-src self http://images.example; script-src 'none'"
)
_OWN_CODE = (
    "<script>document.documentElement.dataset.inline = 'ran';</script>\n"
    "<button onclick=\"document.documentElement.dataset.clicked = 'yes'\">Buy</button>\n"
    '<img src="@partner@/csp/badge.svg" alt="">'
)
_META = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'nonce-abc123'; frame-ancestors 'none'\">\n"
    "<script nonce=\"abc123\">document.documentElement.dataset.nonced = 'ran';</script>\n"
)

ROUTES: tuple[Route, ...] = (
    Route(
        "shop",
        "/csp/holes",
        "csp",
        "a policy that stops little: inline scripts, `eval`, a public CDN, a keyword without quotes, a directive twice",
        Reply(
            200, (*HTML, ("content-security-policy", _HOLES)), html("A policy with holes", "<p>Nothing is stopped.</p>")
        ),
    ),
    Route(
        "shop",
        "/csp/strict",
        "csp",
        "a policy that blocks what its own page uses: an inline script, an event handler, a picture of another origin",
        Reply(
            200,
            (*HTML, ("content-security-policy", "default-src 'self'; base-uri 'none'; form-action 'self'")),
            html("Stricter than its page", _OWN_CODE),
        ),
    ),
    Route(
        "shop",
        "/csp/trial",
        "csp",
        "the same policy on trial: everything works, and the browser reports what it would block",
        Reply(
            200,
            (*HTML, ("content-security-policy-report-only", "default-src 'self'; report-uri /csp/reports")),
            html("A policy on trial", _OWN_CODE),
        ),
    ),
    Route(
        "shop",
        "/csp/meta",
        "csp",
        "a policy in the markup, whose nonce never changes and whose `frame-ancestors` has no effect there",
        Reply(200, HTML, html("A policy in the markup", "<p>It came with the page's own text.</p>", head=_META)),
    ),
    Route("shop", "/csp/reports", "csp", "where reports of violations go", Reply(204), methods=("POST",)),
    Route("partner", "/csp/badge.svg", "csp", "a picture of another origin", Reply(200, SVG, PIXEL)),
)
