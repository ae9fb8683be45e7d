"""Responses a browser keeps from the page that asked: CORP, COEP and ORB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.browser import corp, orb
from inspector.fields.media_type import essence_of
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, blocking, rule
from inspector.rules.blocking_words import asker, finding_of, kind, page_line, so, verdict_of

if TYPE_CHECKING:
    from inspector.subject import Subject

_ON = blocking("blocked", "depends")
_CORP = "https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header"
_COEP = "https://html.spec.whatwg.org/multipage/browsers.html#coep"
_KEPT = "the browser has the response and keeps it from the page"


@rule(
    "blocking/corp-not-same-origin",
    Severity.ERROR,
    "Blocked: `Cross-Origin-Resource-Policy: same-origin`",
    on=_ON,
    references=(_CORP,),
    what="A page embeds a resource of another origin, and the resource says that only its own origin may.",
    why="""`Cross-Origin-Resource-Policy: same-origin` forbids every other origin to embed the response without CORS,
        subdomains of the same site included.""",
    fix="""Send `same-site` where only the same site's pages embed it, `cross-origin` where any page may, or nothing.
        Or let the page ask with CORS (`crossorigin`), which this field does not concern.""",
    shows="""
    GET https://cdn.shop.test/logo.svg HTTP/2
    Referer: https://www.shop.test/
    Sec-Fetch-Dest: image
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: same-site

    HTTP/2 200
    Content-Type: image/svg+xml
    Cross-Origin-Resource-Policy: same-origin
    """,
    quiet="""
    GET https://cdn.shop.test/logo.svg HTTP/2
    Referer: https://www.shop.test/
    Sec-Fetch-Dest: image
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: same-site

    HTTP/2 200
    Content-Type: image/svg+xml
    Cross-Origin-Resource-Policy: same-site
    """,
)
def corp_not_same_origin(x: Subject) -> Finding | None:
    """The resource's own policy excludes other origins."""
    verdict = verdict_of(x, corp.NOT_SAME_ORIGIN)
    if verdict is None:
        return None
    same_site = x.fetch_site == "same-site"
    value = "same-site" if same_site else "cross-origin"
    who = "pages of the same site may" if same_site else "every page may"
    detail = (
        f"`{x.url.origin}` lets only its own origin embed this {kind(x)}, and {asker(x)} asked"
        f"{', of the same site but not of the same origin' if same_site else ''}. {so(verdict, _KEPT)}"
    )
    fix = (
        f"On `{x.url.host}`: send `Cross-Origin-Resource-Policy: {value}`, so that {who} embed it. Leave `same-origin` "
        "on responses that differ from user to user."
    )
    evidence = (
        page_line(x, "the page that asks"),
        x.response_field("cross-origin-resource-policy", label="admits its own origin only"),
    )
    return finding_of(corp_not_same_origin, verdict, detail, fix, evidence)


@rule(
    "blocking/corp-not-same-site",
    Severity.ERROR,
    "Blocked: `Cross-Origin-Resource-Policy: same-site`",
    on=_ON,
    references=(_CORP, "https://html.spec.whatwg.org/multipage/browsers.html#same-site"),
    what="A page embeds a resource of another site, and the resource says that only its own site may.",
    why="""`same-site` admits origins with the same registrable domain (`shop.test` and `cdn.shop.test`). The scheme
        counts too: an http page may not embed an https resource so marked.""",
    fix="Send `Cross-Origin-Resource-Policy: cross-origin` where other sites are meant to embed the resource.",
    shows="""
    GET https://cdn.partner.example/logo.svg HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: image
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: cross-site

    HTTP/2 200
    Content-Type: image/svg+xml
    Cross-Origin-Resource-Policy: same-site
    """,
    quiet="""
    GET https://cdn.partner.example/logo.svg HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: image
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: cross-site

    HTTP/2 200
    Content-Type: image/svg+xml
    Cross-Origin-Resource-Policy: cross-origin
    """,
)
def corp_not_same_site(x: Subject) -> Finding | None:
    """The resource's own policy excludes other sites."""
    verdict = verdict_of(x, corp.NOT_SAME_SITE)
    if verdict is None:
        return None
    detail = f"`{x.url.origin}` lets only its own site embed this {kind(x)}, and {asker(x)} asked. {so(verdict, _KEPT)}"
    fix = (
        f"On `{x.url.host}`: send `Cross-Origin-Resource-Policy: cross-origin`. Do so for public resources alone: it "
        "lets any page load the response into its own process."
    )
    evidence = (
        page_line(x, "the page that asks"),
        x.response_field("cross-origin-resource-policy", label="admits its own site only"),
    )
    return finding_of(corp_not_same_site, verdict, detail, fix, evidence)


@rule(
    "blocking/corp-missing",
    Severity.ERROR,
    "Blocked: the page demands `Cross-Origin-Resource-Policy`, and it is missing",
    on=_ON,
    references=(_COEP, _CORP),
    what="""A page with `Cross-Origin-Embedder-Policy: require-corp` embeds a resource of another origin that does not
        say who may embed it.""",
    why="""Under that policy a missing (or unknown) `Cross-Origin-Resource-Policy` counts as `same-origin`, so nothing
        from elsewhere loads unless it agrees. The page gets `SharedArrayBuffer` and exact timers in return.""",
    fix="""The other server sends `Cross-Origin-Resource-Policy: cross-origin`; or the page asks with CORS; or the page
        sends `Cross-Origin-Embedder-Policy: credentialless`, which loads such resources without cookies.""",
    shows="""
    GET https://shop.test/ HTTP/2
    Sec-Fetch-Dest: document

    HTTP/2 200
    Content-Type: text/html
    Cross-Origin-Embedder-Policy: require-corp
    ---
    GET https://cdn.partner.example/logo.svg HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: image
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: cross-site

    HTTP/2 200
    Content-Type: image/svg+xml
    """,
    quiet="""
    GET https://shop.test/ HTTP/2
    Sec-Fetch-Dest: document

    HTTP/2 200
    Content-Type: text/html
    Cross-Origin-Embedder-Policy: credentialless
    ---
    GET https://cdn.partner.example/logo.svg HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: image
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: cross-site

    HTTP/2 200
    Content-Type: image/svg+xml
    """,
)
def corp_missing(x: Subject) -> Finding | None:
    """The page's embedder policy (or its isolation policy) turns a missing field into ``same-origin``."""
    verdict = verdict_of(x, corp.BY_COEP, corp.BY_DIP, corp.BY_BOTH)
    if verdict is None:
        return None
    document = x.session.blocking.documents.embedder(x)
    demand = "`Document-Isolation-Policy`" if verdict.code == corp.BY_DIP else "`Cross-Origin-Embedder-Policy`"
    here = f"`{x.url.origin}` sends no `Cross-Origin-Resource-Policy` with this {kind(x)}"
    if "cross-origin-resource-policy" in x.res:
        here = f"`Cross-Origin-Resource-Policy` of this {kind(x)} has no value browsers know"
    by = f" (exchange {document.index})" if document is not None else ""
    outcome = so(verdict, "the response counts as `same-origin` and is blocked")
    detail = f"{here}, and the page{by} demands it by its {demand}. {outcome}"
    fix = (
        f"On `{x.url.host}`: send `Cross-Origin-Resource-Policy: cross-origin`. If that server is not yours: ask with "
        "CORS (`crossorigin` on the element, if the server permits it)"
    )
    if x.destination in ("iframe", "frame"):
        fix += ", or put the attribute `credentialless` on the frame."
    else:
        fix += ", or let the page send `Cross-Origin-Embedder-Policy: credentialless`, which loads it without cookies."
    evidence: tuple[Evidence, ...] = (
        page_line(x, "the page that asks"),
        x.response_field("cross-origin-resource-policy", label="says nothing that browsers know"),
    )
    if document is not None and document.coep is not None:
        policy = Evidence(
            "response.field", "Cross-Origin-Embedder-Policy", document.coep, None, "the page's demand", document.index
        )
        evidence = (policy, *evidence)
    return finding_of(corp_missing, verdict, detail, fix, evidence)


@rule(
    "blocking/coep-missing",
    Severity.ERROR,
    "Blocked: a frame or worker without `Cross-Origin-Embedder-Policy` in a page that has it",
    on=_ON,
    references=(
        "https://html.spec.whatwg.org/multipage/browsers.html#check-a-navigation-response's-adherence-to-its-embedder-policy",
        _COEP,
    ),
    what="A page with an embedder policy loads a frame or a worker that has none.",
    why="""The policy holds for everything in the page's process. A frame or worker that could embed what it likes would
        undo it, so each has to send the policy itself, those of the same origin too.""",
    fix="Send `Cross-Origin-Embedder-Policy: require-corp` (or `credentialless`) with the frame or worker script.",
    shows="""
    GET https://shop.test/ HTTP/2
    Sec-Fetch-Dest: document

    HTTP/2 200
    Content-Type: text/html
    Cross-Origin-Embedder-Policy: require-corp
    ---
    GET https://shop.test/inner HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: iframe
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Site: same-origin

    HTTP/2 200
    Content-Type: text/html
    """,
    quiet="""
    GET https://shop.test/ HTTP/2
    Sec-Fetch-Dest: document

    HTTP/2 200
    Content-Type: text/html
    Cross-Origin-Embedder-Policy: require-corp
    ---
    GET https://shop.test/inner HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: iframe
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Site: same-origin

    HTTP/2 200
    Content-Type: text/html
    Cross-Origin-Embedder-Policy: require-corp
    """,
)
def coep_missing(x: Subject) -> Finding | None:
    """The page has an embedder policy, its frame or worker has not."""
    verdict = verdict_of(x, corp.NEEDS_COEP)
    if verdict is None:
        return None
    document = x.session.blocking.documents.embedder(x)
    value = (document.coep if document is not None else None) or "require-corp"
    by = (
        f" `Cross-Origin-Embedder-Policy: {value}` (exchange {document.index})" if document is not None else " a policy"
    )
    detail = f"The page has{by}, and this {kind(x)} has none. {so(verdict, 'the browser does not load it')}"
    fix = (
        f"On `{x.url.host}`: send `Cross-Origin-Embedder-Policy: {value}` with it. Everything it embeds from other "
        "origins then needs CORS or `Cross-Origin-Resource-Policy`, too."
    )
    label = "absent" if "cross-origin-embedder-policy" not in x.res else "no policy browsers know"
    evidence = (
        page_line(x, "the page around it"),
        x.response_field("cross-origin-embedder-policy", label=label),
    )
    return finding_of(coep_missing, verdict, detail, fix, evidence)


@rule(
    "blocking/orb",
    Severity.ERROR,
    "Blocked by Opaque Response Blocking: the type cannot be embedded",
    on=_ON,
    references=("https://github.com/annevk/orb",),
    what="""A page embeds a resource of another origin without CORS, as a script, image, style or media file, and the
        answer is HTML, JSON, XML, a PDF …, which none of these can be.""",
    why="""Such a response could only be of use to an attack that reads it from the page's memory. Chromium therefore
        never hands it to the page's process; the element gets an `error` event.""",
    fix="""Usually the address answers with an error page, a login page or data. Send what the element expects, with the
        right `Content-Type`; for data, let the page use `fetch()` with CORS.""",
    unless="A tracking image whose answer nobody looks at has done its work when the request arrives.",
    shows="""
    GET https://api.partner.example/data HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: script
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: cross-site
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36

    HTTP/2 200
    Content-Type: application/json
    X-Content-Type-Options: nosniff
    """,
    quiet="""
    GET https://api.partner.example/data HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: script
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: cross-site
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36

    HTTP/2 200
    Content-Type: text/javascript
    X-Content-Type-Options: nosniff
    """,
)
def opaque_response(x: Subject) -> Finding | None:
    """A response that Chromium keeps out of the page's process."""
    verdict = verdict_of(x, orb.CODE)
    if verdict is None:
        return None
    essence = essence_of(x.res.get("content-type") or "")
    saw = next((step.saw for step in verdict.steps if step.result == "fail" and "begins as" in step.saw), None)
    looks = f", and the content begins as {saw.removeprefix('it begins as ')}" if saw else ""
    typed = f"says it is `{essence}`{looks}" if essence else "has a type that no element takes"
    detail = (
        f"{asker(x)[0].upper()}{asker(x)[1:]} asked for this as a {kind(x)}, without CORS, and the answer {typed}. "
        f"{so(verdict, 'Chromium keeps it from the page, and the element gets an `error` event')}"
    )
    if x.status >= 400:
        detail += f" The status is {x.status}: the error page is what was blocked, and the error is the cause."
    fix = f"On `{x.url.host}`: answer with a {kind(x)} and its own `Content-Type`."
    if essence.endswith("json") or (saw and "JSON" in saw):
        fix = (
            f"In the page: read the data with `fetch()`, and on `{x.url.host}` permit the page's origin by "
            "`Access-Control-Allow-Origin`. Trap: JSON sent as `text/javascript` is "
            "recognised by its content all the same."
        )
    evidence: tuple[Evidence, ...] = (
        x.request_field("sec-fetch-dest", label="what the page wanted"),
        x.response_field("content-type", label="what came"),
    )
    if "x-content-type-options" in x.res:
        evidence += (x.response_field("x-content-type-options", label="so the type is taken at its word"),)
    severity = Severity.WARNING if x.destination == "image" else None
    return finding_of(opaque_response, verdict, detail, fix, evidence, severity=severity)
