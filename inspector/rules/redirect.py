"""Redirects: what becomes of the request, whether the way is safe, whether it ever ends."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from inspector import url as urls
from inspector.browser.redirects import MOST_REDIRECTS, REDIRECTS, redirected_method
from inspector.fields.statuses import RFC9110
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, method, response_field, rule, scheme, status, url_query
from inspector.rules.status_words import brief, shown_target, target
from inspector.site import registrable_domain, same_site

if TYPE_CHECKING:
    from inspector.session.redirects import Hop
    from inspector.subject import Subject

FETCH = "https://fetch.spec.whatwg.org/#http-redirect-fetch"


@rule(
    "redirect/permanent",
    Severity.INFO,
    "A redirect that browsers remember",
    on=status(301, 308),
    references=(RFC9110 + "15.4.2", RFC9110 + "15.4.9", "https://www.rfc-editor.org/rfc/rfc9111#section-4.2.2"),
    what="A 301 or 308 without any limit on how long it may be remembered.",
    why="""
        A browser that has seen it does not ask this address again: it goes to the new one straight away. When the
        redirect
        turns out wrong, visitors who have it keep being sent to the wrong place, and the server has no way to reach
        them.
        """,
    fix="While it is new, send `Cache-Control: max-age=3600` with it, or use `302` or `307` until it has proved right.",
    unless="A `Cache-Control` or `Expires` field sets the limit, or it only leads from HTTP to HTTPS.",
    shows="""
        GET https://shop.test/old HTTP/1.1

        HTTP/1.1 301 Moved Permanently
        Location: /new
        """,
    quiet="""
        GET https://shop.test/old HTTP/1.1

        HTTP/1.1 301 Moved Permanently
        Location: /new
        Cache-Control: max-age=3600
        """,
    once="origin",
)
def permanent(x: Subject) -> Finding | None:
    """Cacheable by its status, and nothing says for how long."""
    if x.method not in ("GET", "HEAD") or not x.res.get("location"):
        return None
    if "cache-control" in x.res or "expires" in x.res or "pragma" in x.res:
        return None
    if x.response is not None and x.response.reason == "Internal Redirect":
        return None
    if (
        x.url.scheme == "http"
        and only_corrects(x.request.url, target(x) or "")
        and (target(x) or "").startswith("https:")
    ):
        return None
    return Finding(
        f"`{x.status}` may be cached without further permission, and neither `Cache-Control` nor `Expires` sets "
        "a limit: a "
        "browser that has seen it goes to the new address without asking, until its cache drops the entry.",
        f"While it is new, the server adds `Cache-Control: max-age=3600` to the {x.status}; browsers then ask "
        "again hourly.",
        (x.status_evidence(), x.response_field("cache-control"), x.response_field("location")),
        title=f"`{x.status}` is remembered without a limit",
    )


@rule(
    "redirect/method-change",
    Severity.WARNING,
    "The redirect turns POST into GET",
    on=status(301, 302),
    also=method("POST"),
    references=(RFC9110 + "15.4.2", RFC9110 + "15.4.3", FETCH),
    what="A POST is answered with 301 or 302: the client follows with GET, and the content is gone.",
    why="""
        The server at the new address gets a GET without content and answers as to any visitor: often with `200`, so
        that
        nobody notices that nothing was stored. A trailing slash or `http:` in the address a program posts to is enough.
        """,
    fix="Send `308` (or `307` for now), which keep method and content; or let the client post to the final address.",
    unless="""
        After a form post, going on with GET to a page that shows the outcome is the usual pattern
        (Post/Redirect/Get); then this is information, and `303` says it exactly. PUT, PATCH and DELETE are kept by
        browsers.
        """,
    shows="""
        # type: fetch
        POST http://api.shop.test/orders HTTP/1.1
        Content-Type: application/json

        {"item": 7}

        HTTP/1.1 301 Moved Permanently
        Location: https://api.shop.test/orders
        """,
    quiet="""
        # type: fetch
        POST http://api.shop.test/orders HTTP/1.1
        Content-Type: application/json

        {"item": 7}

        HTTP/1.1 308 Permanent Redirect
        Location: https://api.shop.test/orders
        """,
)
def method_change(x: Subject) -> Finding | None:
    """POST only; a navigation to another path is Post/Redirect/Get."""
    if redirected_method(x.status, x.method) == x.method or not x.res.get("location"):
        return None
    keep = 308 if x.status == 301 else 307
    evidence = (x.request_line(x.method), x.status_evidence(), x.response_field("location"))
    there = urls.parse(target(x) or "")
    same_thing = there.path.rstrip("/") == x.url.path.rstrip("/") and there.query == x.url.query
    kind = x.req.get("content-type") or ""
    form = x.is_navigation or "form" in kind
    if form and not same_thing:
        return Finding(
            f"The form's POST is done, and the browser goes on with GET to {shown_target(x)}: "
            "Post/Redirect/Get, so that a "
            f"reload does not send the form again. `303` says exactly that; with `{x.status}` it is a custom "
            "browsers keep.",
            None,
            evidence,
            title="Post/Redirect/Get: the browser goes on with GET",
            severity=Severity.INFO,
        )
    move = " only the scheme, host or slash differs, so the POST was meant for it, and" if same_thing else ""
    return Finding(
        f"The client goes on to {shown_target(x)} with GET instead of POST, and without the content:{move} "
        "what was sent is lost. That is how browsers, curl and most libraries follow "
        f"a `{x.status}`.",
        f"The server sends `{keep}`, which keeps method and content; or the client posts to the final address at once.",
        evidence,
        title=f"`{x.status}` turns this POST into a GET",
        certainty="certain" if same_thing else "likely",
        condition=None if same_thing else "unless the GET is meant to show the outcome, which `303` would say",
    )


@rule(
    "redirect/https-downgrade",
    Severity.ERROR,
    "Redirect from HTTPS to HTTP",
    on=response_field("location"),
    also=scheme("https"),
    references=(RFC9110 + "4.2.2", "https://www.w3.org/TR/mixed-content/"),
    what="An `https:` address redirects to an `http:` one.",
    why="""
        From there on everybody on the way can read and change what is sent: the address with its query, cookies without
        `Secure`, and the page itself. On a secure page the browser blocks such a redirect of a subresource.
        """,
    fix="Send a `Location` with `https:`. Behind a proxy that ends TLS, tell the application so (`X-Forwarded-Proto`).",
    unless="Redirects to a loopback address are not judged.",
    shows="""
        GET https://shop.test/account HTTP/1.1

        HTTP/1.1 302 Found
        Location: http://shop.test/account/
        """,
    quiet="""
        GET https://shop.test/account HTTP/1.1

        HTTP/1.1 302 Found
        Location: /account/
        """,
)
def https_downgrade(x: Subject) -> Finding | None:
    """https → http, to a host that is not this machine."""
    if x.status not in REDIRECTS:
        return None
    there = urls.parse(target(x) or "")
    if there.scheme != "http" or there.loopback:
        return None
    same_host = there.host == x.url.host
    detail = f"This address is served over HTTPS and sends the client on to {shown_target(x)}, without encryption. "
    if same_host:
        detail += (
            "The host is the same, so the application most likely builds the address from the connection it "
            "sees: plain HTTP "
            "behind a proxy that ends TLS."
        )
        fix = (
            "The server sends `https:` in `Location`: let the proxy set `X-Forwarded-Proto: https` and the application "
            "trust it."
        )
    else:
        detail += "Everybody on the way can read and change what follows."
        fix = f"The server names the `https:` address of `{brief(there.host, 100)}` in `Location`."
    if x.destination not in (None, "document", "empty") and not x.is_navigation:
        detail += " As a part of a secure page, the browser blocks it or tries HTTPS instead (mixed content)."
    label = "no encryption from here on"
    return Finding(
        detail,
        fix,
        (x.request_line("https:"), x.response_field("location", "http:", label)),
        title="Redirect from HTTPS to HTTP",
        severity=None if x.is_navigation or same_host or x.destination is None else Severity.WARNING,
    )


@rule(
    "redirect/loop",
    Severity.ERROR,
    "Redirect loop",
    on=status(*sorted(REDIRECTS)),
    references=(RFC9110 + "15.4", FETCH),
    what="A chain of redirects comes back to an address it has been at, with the same method.",
    why=f"A browser follows {MOST_REDIRECTS} redirects and then shows an error (`ERR_TOO_MANY_REDIRECTS`).",
    fix="""
        Find the two parties that disagree: typically an application that wants HTTPS (or `www.`) and a proxy that
        speaks
        plain HTTP to it (or takes `www.` away), or a page that waits for a cookie the browser does not store.
        """,
    unless="""
        A redirect to itself that sets a cookie is a common test for cookies. Once it is information; the second time
        around
        it is a loop.
        """,
    shows="""
        GET https://shop.test/ HTTP/1.1

        HTTP/1.1 301 Moved Permanently
        Location: https://www.shop.test/
        ---
        GET https://www.shop.test/ HTTP/1.1

        HTTP/1.1 301 Moved Permanently
        Location: https://shop.test/
        """,
    quiet="""
        GET https://shop.test/ HTTP/1.1

        HTTP/1.1 301 Moved Permanently
        Location: https://www.shop.test/
        ---
        GET https://www.shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/html
        """,
)
def loop(x: Subject) -> Finding | None:
    """This hop leads back to one of its own chain."""
    chain = x.session.redirects.follow(x)
    if not chain:
        return None
    back = looped(chain)
    if back is None:
        return None
    hops = len(chain) - back
    first = chain[back]
    again = len({(hop.method, hop.url) for hop in chain}) < len(chain)
    if x.response is not None and x.response.reason == "Internal Redirect":
        return None
    sets = any(hop.cookies_set for hop in chain[back:])
    path = " → ".join(f"`{brief(hop.shown, 80)}` ({hop.status})" for hop in chain[back:][:4])
    rest = f" → {len(chain[back:]) - 4} more" if hops > 4 else ""
    detail = f"{path}{rest} → `{brief(first.shown, 80)}` again."
    evidence = (
        Evidence("request.line", None, f"{first.method} {first.shown}", None, "where the loop begins", first.index),
        x.response_field("location", None, "leads back there"),
    )
    if sets:
        detail += (
            " A cookie is set on the way: the chain ends if the server, once it gets that cookie, answers otherwise."
            if not again
            else " A cookie is set on the way and evidently does not come back or does not help."
        )
        return Finding(
            detail,
            "Look at why the cookie is not stored or not sent: its `Domain`, `Path`, `Secure` and `SameSite`.",
            evidence,
            title="Redirect to where it began, with a cookie" if not again else "Redirect loop around a cookie",
            severity=Severity.INFO if not again else Severity.ERROR,
            certainty="depends" if not again else "certain",
            condition="a loop if the cookie set on the way is not sent back" if not again else None,
        )
    who = "itself" if hops == 1 else f"itself over {hops} hops"
    detail += (
        f" With nothing changed on the way, it goes on until the client gives up (browsers after {MOST_REDIRECTS})."
    )
    return Finding(
        detail,
        "Let the servers agree on one address (scheme, host, trailing slash), and redirect only from the others to it.",
        evidence,
        title=f"Redirect loop: the address leads to {who}",
        certainty="certain" if again else "likely",
    )


def looped(chain: tuple[Hop, ...]) -> int | None:
    """The position in a chain its last hop leads back to; ``None`` where it leads on."""
    last = chain[-1]
    if last.target is None:
        return None
    method = redirected_method(last.status, last.method)
    for position in range(len(chain) - 1, -1, -1):
        hop = chain[position]
        if hop.url == last.target and hop.method == method:
            return position
    return None


def _navigates(x: Subject) -> bool:
    """Whether a person is being sent along: a navigation, or a request that asks for HTML where that is unknown."""
    return x.is_navigation or (x.destination is None and "text/html" in (x.req.get("accept") or ""))


@rule(
    "redirect/open",
    Severity.WARNING,
    "The request decides where it is redirected to",
    on=response_field("location"),
    also=url_query(),
    references=("https://cwe.mitre.org/data/definitions/601.html", RFC9110 + "10.2.2"),
    what="`Location` leads to another site, and that address stands in a parameter of the request.",
    why="""
        If the server takes any address, a link to the trusted site can lead anywhere: good for phishing, and for
        stealing
        tokens in sign-in flows.
        """,
    fix="Accept only addresses from a list (or paths on the own site) in that parameter.",
    unless="""
        Sign-in flows (`redirect_uri` with `state` or `code`) return to a registered address, and trackers hand
        visitors on
        by design; there it is information. One exchange cannot show which addresses the server would refuse.
        """,
    shows="""
        # type: document
        GET https://shop.test/out?next=https://evil.test/login HTTP/1.1

        HTTP/1.1 302 Found
        Location: https://evil.test/login
        """,
    quiet="""
        # type: document
        GET https://shop.test/out?next=/account HTTP/1.1

        HTTP/1.1 302 Found
        Location: /account
        """,
)
def open_redirect(x: Subject) -> Finding | None:
    """A parameter whose value is the beginning of Location, on another site."""
    if x.status not in REDIRECTS or not x.url.query:
        return None
    absolute = target(x) or ""
    there = urls.parse(absolute)
    if there.host == x.url.host or not there.host or same_site(there, x.url, schemeful=False):
        return None
    name = _parameter_with(x.url.query, there.host)
    if name is None:
        return None
    if not _navigates(x):
        return None
    flow = name in ("redirect_uri", "post_logout_redirect_uri", "returnurl", "wreply") or any(
        part in there.query or part in there.fragment for part in ("code=", "state=", "id_token=")
    )
    quiet = flow
    return Finding(
        f"The parameter `{brief(name, 40)}` names an address on `{brief(there.host, 80)}`, and the server "
        "redirects there. "
        "Whether it would go anywhere at all, this one exchange does not show.",
        None if quiet else f"The server checks `{brief(name, 40)}` against a list of addresses it knows.",
        (x.request_line(), x.response_field("location", there.host, f"taken from `{brief(name, 40)}`")),
        title=f"Redirect to an address from the parameter `{brief(name, 40)}`",
        severity=Severity.INFO if quiet else None,
        certainty="depends",
        condition="a hole if the server takes any other address as well",
    )


@lru_cache(maxsize=512)
def _parameter_with(query: str, host: str) -> str | None:
    """The parameter whose value is an address on `host`."""
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if not equals or len(value) < 4:
            continue
        value = unquote(value).strip()
        if "//" in value[:8] and urls.parse(value if ":" in value[:8] else "https:" + value).host == host:
            return unquote(name).lower()
    return None


@rule(
    "redirect/chain",
    Severity.NOTE,
    "Several redirects in a row",
    on=status(*sorted(REDIRECTS)),
    references=(RFC9110 + "15.4",),
    what="A navigation takes three or more redirects, or two that only correct the address (scheme, `www.`, slash).",
    why="Each hop costs a round trip, on a new host also DNS, TCP and TLS, before the page can begin to load.",
    fix="Let the first redirect lead to the final address, and links name it at once.",
    unless="Sign-in flows over several parties need their hops, and redirects of trackers are their business "
    "model: not told.",
    shows="""
        # type: document
        GET http://shop.test/sale HTTP/1.1

        HTTP/1.1 301 Moved Permanently
        Location: https://shop.test/sale
        ---
        # type: document
        GET https://shop.test/sale HTTP/1.1

        HTTP/1.1 301 Moved Permanently
        Location: https://www.shop.test/sale
        """,
    quiet="""
        # type: document
        GET http://shop.test/sale HTTP/1.1

        HTTP/1.1 301 Moved Permanently
        Location: https://shop.test/sale
        ---
        # type: document
        GET https://shop.test/sale HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/html
        """,
)
def chain(x: Subject) -> Finding | None:
    """Told once, at the second correcting hop or the third of any kind."""
    hops = x.session.redirects.follow(x)
    if len(hops) < 2 or not _navigates(x) or looped(hops) is not None:
        return None
    corrections = [hop for hop in hops if hop.target is not None and only_corrects(hop.url, hop.target)]
    worth = (len(hops) == 3 and len(corrections) < 2) or (len(corrections) == 2 and corrections[-1] is hops[-1])
    sites = {registrable_domain(urls.parse(hop.url).host) for hop in hops}
    if not worth or (len(corrections) < 2 and (len(sites) > 1 or any(_signs_in(hop.url) for hop in hops))):
        return None
    took = [hop.duration for hop in hops if hop.duration is not None]
    cost = f" They have taken {sum(took):.0f} ms so far." if len(took) == len(hops) and sum(took) >= 1 else ""
    what = "only correct the address (scheme, `www.` or slash) and could be one"
    if len(corrections) < 2:
        what = "follow each other"
    listing = ", ".join(f"`{brief(hop.shown, 70)}`" for hop in hops)
    return Finding(
        f"{len(hops)} redirects {what}: {listing}.{cost}",
        f"The server at `{brief(hops[0].shown, 80)}` redirects to the final address at once.",
        (x.status_evidence(), x.response_field("location")),
        title=f"{len(hops)} redirects in a row",
    )


def _signs_in(url: str) -> bool:
    """Whether an address is a step of OAuth, SAML or CAS, where provider and application lead to each other."""
    names = urls.parameter_names(url)
    return not _SIGN_IN.isdisjoint(names) or ("code" in names and "state" in names)


_SIGN_IN = frozenset({"response_type", "samlrequest", "samlresponse", "ticket"})


@lru_cache(maxsize=512)
def only_corrects(source: str, destination: str) -> bool:
    """Whether two addresses differ in scheme, a leading ``www.`` or a trailing slash alone."""
    a, b = urls.parse(source), urls.parse(destination)
    return (
        a.text != b.text
        and a.host.removeprefix("www.") == b.host.removeprefix("www.")
        and a.path.rstrip("/") == b.path.rstrip("/")
        and a.query == b.query
    )
