"""What content is called, how it is sent, and what a page fetches ahead of time."""

from __future__ import annotations

from inspector.learn.lab.route import HTML, SCRIPT, Reply, Route, html

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
