"""What content is called, how it is sent, and what a page fetches ahead of time."""

from __future__ import annotations

from inspector.learn.lab.route import HTML, JSON, SCRIPT, Reply, Route, html

_WHOLE_STOCK = (
    "[" + ",\n".join(f'{{"item": {n}, "name": "cup", "glaze": "blue", "left": {n % 7}}}' for n in range(12_000)) + "]"
)
"""Rather more than a page needs."""

ROUTES: tuple[Route, ...] = (
    Route(
        "shop",
        "/delivery/no-charset",
        "delivery",
        "a page with an é that does not say how its letters are encoded",
        Reply(200, (("content-type", "text/html"),), "<!doctype html><title>Café</title><h1>Café</h1>\n"),
    ),
    Route(
        "shop",
        "/delivery/menu.js",
        "delivery",
        "a page under the name of a script, as servers send for what they do not have",
        Reply(200, SCRIPT, html("Shop", "<p>Welcome.</p>")),
    ),
    Route(
        "shop", "/delivery/untyped", "delivery", "content without a type", Reply(200, (), "<p>What am I, then?</p>\n")
    ),
    Route(
        "shop",
        "/delivery/bill",
        "delivery",
        "a download whose name has spaces and no quotes",
        Reply(
            200,
            (("content-type", "text/csv"), ("content-disposition", "attachment; filename=Bill of March.csv")),
            "cup,2\n",
        ),
    ),
    Route(
        "shop",
        "/delivery/ahead",
        "delivery",
        "a page that preloads a font in the wrong mode and a script the browser then fetches again",
        Reply(
            200,
            (*HTML, ("link", "<@cdn@/delivery/shop.woff2>; rel=preload; as=font")),
            html(
                "Fetched ahead",
                "<p>And fetched again.</p>",
                head='<link rel="preload" as="script" href="/delivery/tea.js">\n'
                '<script src="/delivery/tea.js" crossorigin></script>\n'
                '<script src="@partner@/widget/1.4.2/widget.js"></script>\n',
            ),
        ),
    ),
    Route(
        "shop",
        "/delivery/taken-over",
        "delivery",
        "a page that names a script host which was sold and then used for attacks; its policy keeps browsers from it",
        Reply(
            200,
            (*HTML, ("content-security-policy", "default-src 'none'; base-uri 'none'; form-action 'none'")),
            html(
                "From the old days",
                "<p>Nobody has looked at this page for years.</p>",
                head='<script src="https://cdn.polyfill.io/v3/polyfill.min.js"></script>\n',
            ),
        ),
    ),
    Route("shop", "/delivery/stock.json", "delivery", "all that is in stock, at once", Reply(200, JSON, _WHOLE_STOCK)),
    Route("shop", "/delivery/tea.js", "delivery", "the script that is fetched twice", Reply(200, SCRIPT, "void 0;\n")),
    Route(
        "cdn",
        "/delivery/shop.woff2",
        "delivery",
        "the font, asked for without CORS and thrown away",
        Reply(404, (("content-type", "text/plain; charset=utf-8"),), "The lab has no fonts.\n"),
    ),
    Route(
        "partner",
        "/widget/1.4.2/widget.js",
        "delivery",
        "another company's script, taken on trust (no `integrity`)",
        Reply(200, SCRIPT, "void 0;\n"),
    ),
)
