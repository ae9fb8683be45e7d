"""Reports the browser sends by itself: where to, and about what (Reporting API, Network Error Logging)."""

from __future__ import annotations

from typing import Any

import msgspec

from inspector.fieldguide.base import RESPONSE, reads, row
from inspector.fieldguide.say import quote, quoted, sentence, sentences, unparsed, url
from inspector.fields.structured import bare, parse_structured
from inspector.url import parse
from inspector.words import count, duration, listed


@reads(
    row(
        "Reporting-Endpoints",
        RESPONSE,
        "Named addresses to which the browser sends this page's reports (policy violations, deprecations, crashes).",
        "https://www.w3.org/TR/reporting-1/#header",
        'csp="https://r.test/csp", default="https://r.test/all"',
    )
)
def reporting_endpoints(value: str) -> str:
    """A structured dictionary of URLs."""
    parsed = parse_structured(value, "dictionary")
    if parsed.failed:
        return unparsed(parsed, "dictionary of URLs", "so no report is sent")
    said = [f"{quote(name, 30)} at {url(str(bare(member)[0]))}" for name, member in parsed.value.items()]
    return f"{listed(said)}." if said else "It names none."


def _objects(value: str) -> list[dict[str, Any]] | None:
    """The JSON objects of a field that is a JSON array without its brackets; ``None`` where it is none."""
    try:
        found = msgspec.json.decode(f"[{value}]")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(each, dict) for each in found) else None


def _span(value: object) -> str:
    return (
        duration(min(value, 10**11))
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        else ""
    )


@reads(
    row(
        "Report-To",
        RESPONSE,
        "Groups of addresses for reports about this whole origin, in the form before `Reporting-Endpoints`; Network "
        "Error Logging uses it.",
        "https://www.w3.org/TR/network-reporting/#report-to",
        '{"group":"nel","max_age":604800,"endpoints":[{"url":"https://r.test/nel"}]}',
    )
)
def report_to(value: str) -> str:
    """JSON objects."""
    found = _objects(value)
    if found is None:
        return "This value is not JSON as it has to be, so no report is sent."
    said = []
    for group in found[:4]:
        endpoints = group.get("endpoints")
        urls = [e.get("url") for e in endpoints if isinstance(e, dict)] if isinstance(endpoints, list) else []
        hosts = [parse(u).host or "this host" for u in urls if isinstance(u, str)]
        span, name = _span(group.get("max_age")), quote(str(group.get("group", "default")), 30)
        if group.get("max_age") == 0:
            said.append(f"the group {name} is forgotten")
        else:
            said.append(
                f"the group {name} goes to {quoted(hosts, 3) if hosts else 'nowhere'}{f', for {span}' if span else ''}"
            )
    return sentence("; ".join(said)) if said else "It names no group."


@reads(
    row(
        "NEL",
        RESPONSE,
        "Asks the browser to report failures to reach this origin (Network Error Logging).",
        "https://www.w3.org/TR/network-error-logging/#nel-response-header",
        '{"report_to":"nel","max_age":604800,"success_fraction":0.05}',
    )
)
def nel(value: str) -> str:
    """A JSON object."""
    found = _objects(value)
    if not found:
        return "This value is not JSON as it has to be, so nothing is reported."
    policy = found[0]
    if policy.get("max_age") == 0:
        return "The browser forgets the policy it had."

    def share(name: str, otherwise: float) -> str:
        part = policy.get(name, otherwise)
        if not isinstance(part, int | float) or isinstance(part, bool) or not 0 <= part <= 1:
            return "a share that cannot be read"
        return "all" if part == 1 else "none" if part == 0 else f"{part * 100:g} %"

    span = _span(policy.get("max_age"))
    return sentences(
        f"Reported are {share('failure_fraction', 1.0)} of the failures and {share('success_fraction', 0.0)} of the "
        "successes, "
        f"to the group {quote(str(policy.get('report_to', '')), 30)}{f', for {span}' if span else ''}",
        "It holds for every host under this one too" if policy.get("include_subdomains") is True else "",
    )


@reads(
    row(
        "Cache-Status",
        RESPONSE,
        "What each cache on the way did with the request, the one nearest to the server first.",
        "https://www.rfc-editor.org/rfc/rfc9211#section-2",
        "ExampleCache; hit; ttl=376, Edge; fwd=stale; stored",
    )
)
def cache_status(value: str) -> str:
    """A structured list of caches."""
    parsed = parse_structured(value, "list")
    if parsed.failed:
        return unparsed(parsed, "list")
    why = {
        "bypass": "was told not to handle it",
        "method": "does not answer this method itself",
        "uri-miss": "had nothing for this URL",
        "vary-miss": "had nothing for these request fields",
        "miss": "had nothing for it",
        "request": "was asked by the request to fetch anew",
        "stale": "had a stale copy",
        "partial": "had a part of it alone",
    }
    said = []
    for member in parsed.value[:5]:
        name, parameters = bare(member)
        text = quote(str(name), 40)
        if parameters.get("hit"):
            text += " answered from its store"
            ttl = parameters.get("ttl")
            if isinstance(ttl, int):
                text += (
                    f", fresh for {duration(ttl)} more" if ttl >= 0 else f", stale for {duration(min(-ttl, 10**11))}"
                )
        elif "fwd" in parameters:
            reason = why.get(str(parameters["fwd"]), f"went by {quote(str(parameters['fwd']), 30)}")
            text += f" {reason} and passed the request on"
            if isinstance(parameters.get("fwd-status"), int):
                text += f", got {parameters['fwd-status']}"
            if parameters.get("stored") is True:
                text += ", and keeps the answer"
            if parameters.get("collapsed") is True:
                text += ", shared with others who asked at the same time"
        if "detail" in parameters:
            text += f" ({quote(str(parameters['detail']), 40)})"
        said.append(text)
    return sentence("; then ".join(said)) if said else "It names no cache."


@reads(
    row(
        "Proxy-Status",
        RESPONSE,
        "What each intermediary has to say about how it handled the request, errors above all.",
        "https://www.rfc-editor.org/rfc/rfc9209#section-2",
        "gateway.test; error=connection_timeout; next-hop=backend.test",
    )
)
def proxy_status(value: str) -> str:
    """A structured list of intermediaries."""
    from inspector.fields.via import parse_proxy_status

    parsed = parse_structured(value, "list")
    if parsed.failed:
        return unparsed(parsed, "list")
    said = []
    for each in parse_proxy_status(value)[:4]:
        text = quote(each.by, 50)
        text += f" met an error, {quote(each.error.replace('_', ' '), 40)}" if each.error else " passed it on"
        if each.next_hop:
            text += f", on the way to {quote(each.next_hop, 50)}"
        if each.received_status is not None:
            text += f", having received {each.received_status}"
        if each.details:
            text += f" ({quote(each.details, 60)})"
        said.append(text)
    return sentence("; ".join(said)) if said else f"{count(len(parsed.value), 'intermediary', 'intermediaries')}."


@reads(
    row(
        "Speculation-Rules",
        RESPONSE,
        "Where rules are that tell the browser which pages to fetch or build ahead.",
        "https://html.spec.whatwg.org/multipage/speculative-loading.html",
        '"/rules/prefetch.json"',
    )
)
def speculation_rules(value: str) -> str:
    """A structured list of URLs."""
    parsed = parse_structured(value, "list")
    if parsed.failed:
        return unparsed(parsed, "list of URLs in double quotes")
    return f"At {listed(url(str(bare(member)[0])) for member in parsed.value)}." if parsed.value else "It names none."


@reads(
    row(
        "Supports-Loading-Mode",
        RESPONSE,
        "In which unusual ways the page agrees to be loaded.",
        "https://html.spec.whatwg.org/multipage/speculative-loading.html",
        "credentialed-prerender",
    )
)
def loading_mode(value: str) -> str:
    """Tokens."""
    words = {
        "credentialed-prerender": "built ahead, with its cookies, by a page of another origin of the same site",
        "fenced-frame": "shown in a fenced frame",
        "uncredentialed-prefetch": "fetched ahead without cookies",
        "uncredentialed-prerender": "built ahead without cookies",
    }
    said = [words.get(member.strip()) or quote(member, 40) for member in value.split(",") if member.strip()]
    return sentence(listed(said)) if said else "None."
