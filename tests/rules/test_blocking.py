"""Rules on blocking: what they say, how gravely, and how sure."""

from __future__ import annotations

from inspector.engine import Engine
from inspector.report import Annotation, Severity
from inspector.rules.catalogue import all_rules
from inspector.rules.example import parse_example

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


def told(text: str) -> list[Annotation]:
    """What the rules on blocking say of the last exchange."""
    engine = Engine()
    reports = [engine.observe(exchange) for exchange in parse_example(text)]
    return [a for a in reports[-1].annotations if a.rule.startswith("blocking/")]


def resource(destination: str, fields: str, site: str = "cross-site", agent: str = CHROME) -> str:
    return f"""
GET https://cdn.partner.example/x?token=sEcReT0123456789 HTTP/2
Referer: https://shop.test/
Sec-Fetch-Dest: {destination}
Sec-Fetch-Mode: no-cors
Sec-Fetch-Site: {site}
User-Agent: {agent}

HTTP/2 200
{fields}
"""


def test_every_refusal_quotes_both_sides():
    for rule in all_rules():
        if rule.topic != "blocking":
            continue
        for annotation in (a for a in told(rule.page.shows) if a.rule == rule.id):
            assert annotation.evidence, rule.id
            assert annotation.fix, rule.id
            assert "None" not in annotation.detail + (annotation.fix or "") + annotation.title
            if rule.severity is Severity.ERROR:
                assert len(annotation.evidence) >= 2, rule.id


def test_a_tracking_image_is_less_grave_than_a_script():
    fields = "Content-Type: application/json\nX-Content-Type-Options: nosniff"
    (image,) = told(resource("image", fields))
    (script,) = told(resource("script", fields))
    assert (image.rule, image.severity) == ("blocking/orb", Severity.WARNING)
    assert (script.rule, script.severity) == ("blocking/orb", Severity.ERROR)


def test_what_depends_is_an_explanation():
    (found,) = told(resource("script", "Content-Type: application/json\nX-Content-Type-Options: nosniff", agent="x"))
    assert found.severity is Severity.INFO
    assert found.certainty == "depends"
    assert found.condition is not None
    assert found.condition.startswith("blocked if ")
    assert found.title.startswith("Blocked by Opaque Response Blocking under a condition:")


def test_the_same_site_is_named_so():
    (found,) = told(
        resource("image", "Content-Type: image/png\nCross-Origin-Resource-Policy: same-origin", "same-site")
    )
    assert found.rule == "blocking/corp-not-same-origin"
    assert "same site" in found.detail
    assert "`Cross-Origin-Resource-Policy: same-site`" in (found.fix or "")


def test_html_for_a_script_points_to_the_address():
    (found,) = told(resource("script", "Content-Type: text/html\nX-Content-Type-Options: nosniff", "same-origin"))
    assert found.rule == "blocking/script-type"
    assert "404" in (found.fix or "")


def test_keywords_without_quotes_are_pointed_out():
    frame = resource("iframe", "Content-Type: text/html\nContent-Security-Policy: frame-ancestors self")
    (found,) = told("# page: https://shop.test/" + frame.replace("no-cors", "navigate"))
    assert found.rule == "blocking/frame-ancestors"
    assert "`'self'`" in (found.fix or "")


def test_a_missing_port_is_pointed_out():
    frame = resource("iframe", "Content-Type: text/html\nContent-Security-Policy: frame-ancestors https://shop.test")
    frame = frame.replace("https://shop.test/", "https://shop.test:8443/").replace("no-cors", "navigate")
    (found,) = told("# page: https://shop.test:8443/" + frame)
    assert "names no port" in (found.fix or "")


def test_secrets_stay_hidden():
    unsent = "# page: https://shop.test/\n# type: script\nGET http://cdn.test/a.js?token=sEcReT0123456789 HTTP/1.1\n"
    (found,) = told(unsent)
    assert "sEcReT" not in str(found)


def test_a_page_on_the_front_page_tells_no_more_than_its_origin():
    page = "GET https://shop.test/ HTTP/2\nSec-Fetch-Dest: document\n\nHTTP/2 200\nContent-Type: text/html\n---\n"
    assert told(page + resource("script", "Content-Type: text/javascript").lstrip()) == []


def test_meta_referrer_overrides_the_field():
    page = (
        "GET https://shop.test/cart HTTP/2\nSec-Fetch-Dest: document\n\nHTTP/2 200\nContent-Type: text/html\n"
        "Referrer-Policy: no-referrer\n\n<!doctype html><meta name=referrer content=unsafe-url>\n---\n"
    )
    asked = resource("script", "Content-Type: text/javascript").lstrip()
    full = asked.replace("Referer: https://shop.test/", "Referer: https://shop.test/cart")
    assert told(page + full) == []
    assert told(page.replace("unsafe-url>", "always>") + full) == []
    assert told(page.replace("unsafe-url>", "'unsafe-url, no-referrer'>") + full) != []
    (found,) = told(
        page.replace("<meta name=referrer content=unsafe-url>", "<!--<meta name=referrer content=unsafe-url>-->") + full
    )
    (found,) = told(page.replace("name=referrer", "name=other") + full)
    assert found.rule == "blocking/referrer-differs"
    assert "more" in found.title
