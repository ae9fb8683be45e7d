"""Reflected cross-site scripting: what the request says comes back in the page as markup or code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspector import url as urls
from inspector.content.reflection import LIMIT, Reflection, reflections
from inspector.content.scan import place
from inspector.fields.framing import is_nosniff
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, recorded_content, rule
from inspector.rules.found import EXCERPT, content, quoted
from inspector.rules.inputs import Input, asked, parameters, path_parts
from inspector.site import same_site

if TYPE_CHECKING:
    from inspector.subject import Subject

_CHEAT_SHEET = "https://cheatsheetseries.owasp.org/cheatsheets/Cross_Site_Scripting_Prevention_Cheat_Sheet.html"
_META = compile_late(r"[<>\"'`]")
MOST_INPUTS = 12

_WHERE = {
    "text": "in the page's text",
    "attribute": "in the attribute `{attribute}` of `{tag}`",
    "url": "in the address in `{attribute}` of `{tag}`",
    "handler": "in the script in `{attribute}` of `{tag}`",
    "script": "in a script of the page",
    "style": "in a style sheet of the page",
    "comment": "in a comment of the page",
    "raw text": "in `{tag}`",
    "tag": "inside a tag",
}
_ENCODE = {
    "text": "write `<` as `&lt;` and `&` as `&amp;`",
    "attribute": 'put the value in quotes and write `"` as `&quot;` and `&` as `&amp;`',
    "url": 'put the value in quotes, write `"` as `&quot;`, and admit `http:` and `https:` addresses alone',
    "handler": "take the value out of the handler: put it in a `data-` attribute, and read it from a script file",
    "script": "write it as JSON with `<` as `\\u003c`, or better, put it in a `data-` attribute",
    "style": "take it from a list of known values",
    "comment": "leave it out",
    "raw text": "write `<` as `&lt;` and `&` as `&amp;`",
    "tag": "never let a value name a tag or an attribute",
}


def _renders(x: Subject) -> bool:
    """Whether a browser that opens this address would show the content as a page."""
    if 300 <= x.status < 400 or x.method == "HEAD":
        return False
    if x.recorded_kind == "html":
        return True
    if x.recorded_kind != "none" or is_nosniff(x.res.get("x-content-type-options") or ""):
        return False
    return content(x)[:200].lstrip()[:1] == b"<"


def _text(x: Subject) -> str:
    response = x.response
    return ((response.body.text or "") if response is not None else "")[:LIMIT]


def _said(x: Subject) -> str:
    if "content-security-policy" not in x.res:
        return ""
    return " The page's `Content-Security-Policy` may keep it from running; it is the second line of defence."


def _evidence(x: Subject, given: Input, there: Reflection, label: str) -> tuple[Evidence, ...]:
    data = content(x)
    start = len(_text(x)[: there.at].encode("utf-8", "surrogatepass"))
    size = len(given.value.encode("utf-8", "surrogatepass"))
    line = data.rfind(b"\n", 0, start) + 1
    shown = quoted(x, data, max(start - 40, line), start + min(size, EXCERPT - 60) + 20)
    mark = quoted(x, data, start, start + min(size, EXCERPT - 60))
    return (
        asked(x, given),
        Evidence("response.body", place(data, start), shown, mark if mark in shown else None, label),
    )


def _brief(x: Subject, value: str) -> str:
    text = " ".join(x.masker.text(value[:160]).split())
    return text if len(text) <= 80 else text[:79] + "…"


@rule(
    "xss/reflected",
    Severity.ERROR,
    "What the request says comes back as markup or code",
    on=recorded_content("html", "none"),
    references=(
        _CHEAT_SHEET,
        "https://html.spec.whatwg.org/multipage/parsing.html",
        "https://cwe.mitre.org/data/definitions/79.html",
    ),
    what="""
        A value of the request stands in the page as it was sent, and there it is no longer text: it ends the string,
        attribute or element it was put in, so that the rest of it is markup or code.
        """,
    why="""
        Whoever makes a visitor follow a link with a script in that value runs it as this site: it reads what the
        visitor sees and does what the visitor may do.
        """,
    fix="""
        Encode at the place of output, for the context there; templates with automatic escaping do it unless told not to
        (`|safe`, `{{{ }}}`, `dangerouslySetInnerHTML`). A `Content-Security-Policy` without `'unsafe-inline'` is the
        second line of defence.
        """,
    unless="""
        Values that come back encoded, or in JSON or plain text with `nosniff`, are not reported. An editor's preview
        shows markup on purpose: it has to clean it first, and show it to its author alone.
        """,
    shows="""
        GET https://shop.test/search?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/2

        HTTP/2 200
        Content-Type: text/html

        <!doctype html><title>Search</title><p>Nothing found for <script>alert(1)</script></p>
        """,
    quiet="""
        GET https://shop.test/search?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/2

        HTTP/2 200
        Content-Type: text/html

        <!doctype html><title>Search</title><p>Nothing found for &lt;script&gt;alert(1)&lt;/script&gt;</p>
        """,
)
def reflected(x: Subject) -> Finding | None:
    """The first value that ends what it stands in."""
    if not _renders(x):
        return None
    given = [i for i in (*parameters(x), *path_parts(x)) if len(i.value) >= 4 and _META.search(i.value)][:MOST_INPUTS]
    if not given:
        return None
    text = _text(x)
    for each in given:
        there = next((r for r in reflections(text, each.value) if _runs(r, each.value)), None)
        if there is None:
            continue
        where = _WHERE[there.context].format(tag=there.tag, attribute=there.attribute)
        kind = "code" if there.context in ("script", "handler") else "markup"
        return Finding(
            f"The value of {each.called} stands {where} as it was sent, and ends it there: what follows in it is read "
            f"as {kind}.{_said(x)}",
            f"Where the server writes the value: {_ENCODE[there.context]}.",
            _evidence(x, each, there, "no longer text"),
            title=f"{_called(each)} comes back as {kind}",
        )
    return None


def _called(given: Input) -> str:
    return f"{given.called[:1].upper()}{given.called[1:]}"


_BEGINS_MARKUP = compile_late(r"<[a-zA-Z/!?]")


def _runs(there: Reflection, value: str) -> bool:
    """Whether it ends what it stands in by something an author would not have meant as text."""
    if not there.escapes:
        return False
    if there.context in ("text", "raw text", "style", "comment"):
        return _BEGINS_MARKUP.search(value) is not None or "-->" in value
    return True


_COMMON = compile_late(r"[a-z]+|[\d.,:_-]+|true|false|[a-z]{2}[-_][a-zA-Z]{2}|[\w-]{1,5}")
_EMBEDS = frozenset({"script", "iframe", "frame", "embed", "object", "form", "base", "button", "input"})
_SCRIPT_URL = compile_late(r"[\x00-\x20]*(?:javascript|vbscript|data)[\x00-\x20]*:", re.IGNORECASE)


@rule(
    "xss/reflected-attribute",
    Severity.WARNING,
    "What the request says stands where a script could be",
    on=recorded_content("html", "none"),
    references=(_CHEAT_SHEET, "https://cwe.mitre.org/data/definitions/83.html"),
    what="""
        A value of the request stands in an event handler, or is the address of a script, frame or form. No special
        character is needed there to do harm.
        """,
    why="""
        In a handler the value is code once it holds a quote, even where quotes are written as `&#39;`: the parser
        undoes that before the script runs. As an address, `javascript:…` or another site's script would do.
        """,
    fix="""
        Keep values of the request out of handlers: put them in a `data-` attribute and read them from a script file.
        Take addresses from a list, or check scheme and host before they are written.
        """,
    unless="One exchange does not show what the server would refuse; short and common words are not reported.",
    shows="""
        GET https://shop.test/embed?src=https://evil.test/player HTTP/2

        HTTP/2 200
        Content-Type: text/html

        <!doctype html><title>Player</title><iframe src="https://evil.test/player"></iframe>
        """,
    quiet="""
        GET https://shop.test/search?q=garden+chairs HTTP/2

        HTTP/2 200
        Content-Type: text/html

        <!doctype html><title>Search</title><input name="q" value="garden chairs">
        """,
    gravest=Severity.ERROR,
)
def reflected_attribute(x: Subject) -> Finding | None:
    """Handlers with the value in them; addresses that begin with it, by the page as the parser reads it."""
    if not _renders(x):
        return None
    given = [i for i in parameters(x) if len(i.value) >= 6 and not _COMMON.fullmatch(i.value)][:MOST_INPUTS]
    page = x.html
    if not given or page is None:
        return None
    for each in given:
        for element in page.elements:
            for name, held in element.attributes.items():
                if each.value not in held:
                    continue
                if name.startswith("on"):
                    return _handler(x, each, element.tag, name, held)
                if _leads(x, each.value, element.tag, name, held):
                    return _address(x, each, element.tag, name, held)
    return None


def _leads(x: Subject, value: str, tag: str, name: str, held: str) -> bool:
    """Whether the value alone decides an address that loads, submits or runs something."""
    if not held.startswith(value):
        return False
    if _SCRIPT_URL.match(value) is not None and name in ("href", "src", "action", "formaction", "data"):
        return True
    if tag not in _EMBEDS or name not in ("src", "action", "formaction", "data", "href") or "//" not in value[:8]:
        return False
    there = urls.parse(value if "://" in value else f"{x.url.scheme}:{value}")
    return bool(there.host) and not same_site(there, x.url, schemeful=False)


def _shown(x: Subject, tag: str, name: str, held: str) -> Evidence:
    return Evidence("response.body", None, f'<{tag} {name}="{_brief(x, held)}">', None, "from the request")


def _handler(x: Subject, given: Input, tag: str, name: str, held: str) -> Finding:
    free = "'" in given.value or '"' in given.value
    return Finding(
        f"The value of {given.called} stands in the script in `{name}` of `{tag}`. The parser undoes `&#39;` before "
        "the script runs, so encoding for HTML does not keep a quote in the value from ending the string.",
        f"The value goes into a `data-` attribute, and the handler into a script file that reads it.{_said(x)}",
        (x.request_line(), _shown(x, tag, name, held)),
        title=f"{_called(given)} stands in an event handler",
        severity=Severity.ERROR if free else None,
        certainty="certain" if free else "depends",
        condition=None if free else "a hole if the server lets a quote through",
    )


def _address(x: Subject, given: Input, tag: str, name: str, held: str) -> Finding:
    script = _SCRIPT_URL.match(given.value) is not None
    return Finding(
        f"The value of {given.called} is the whole address in `{name}` of `{tag}`"
        + (", and it is one that runs as a script." if script else ", and it leads to another site."),
        "The server takes the address from a list, or checks that scheme and host are its own, before it writes it."
        + _said(x),
        (x.request_line(), _shown(x, tag, name, held)),
        title=f"{_called(given)} decides the address in `{name}` of `{tag}`",
        severity=Severity.ERROR if script else None,
        certainty="certain" if script else "depends",
        condition=None if script else "a hole if the server takes any other address as well",
    )
