"""What the rules on Content Security Policy share: the policies of a document, and how they are quoted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector.browser.csp import in_markup
from inspector.browser.csp_directives import governing
from inspector.fields.csp import CspPolicy, SourceList, parse_csp, parse_policy
from inspector.report import Evidence
from inspector.rules.security_texts import of_the_page

if TYPE_CHECKING:
    from inspector.subject import Subject

CSP = "https://www.w3.org/TR/CSP3/"
FIELD = "content-security-policy"
TRIAL = "content-security-policy-report-only"
_FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})


class PageCsp(Struct, frozen=True):
    """A document's policies: in its fields, in its markup (as written), and those on trial (report-only)."""

    fields: tuple[CspPolicy, ...]
    markup: tuple[CspPolicy, ...]
    trial: tuple[CspPolicy, ...]

    @property
    def enforced(self) -> tuple[CspPolicy, ...]:
        """What is in force; every one of them has to allow a thing."""
        return self.fields + tuple(in_markup(policy) for policy in self.markup)


def _held(x: Subject) -> PageCsp | None:
    if not 200 <= x.status < 300 or x.status in (204, 205) or not x.is_html or not of_the_page(x):
        return None
    value, trial = x.res.get(FIELD), x.res.get(TRIAL)
    html = x.html
    markup = tuple(parse_policy(text) for text in html.http_equiv(FIELD)) if html is not None else ()
    return PageCsp(
        parse_csp(value) if value else (),
        tuple(policy for policy in markup if policy.directives),
        parse_csp(trial) if trial else (),
    )


def held(x: Subject) -> PageCsp | None:
    """The policies of a successful HTML document of the page's own site; ``None`` for anything else."""
    return x.memo(_held)


def limiting(x: Subject) -> tuple[CspPolicy, ...]:
    """The enforced policies of such a document; empty where there is none."""
    found = held(x)
    return found.enforced if found is not None else ()


def framed(x: Subject) -> bool:
    """Whether the document was asked for by a frame."""
    return x.req.get("sec-fetch-dest") in _FRAMES


def lists_for(policies: tuple[CspPolicy, ...], directive: str) -> list[tuple[str, SourceList]]:
    """The directive that decides for `directive` in each policy that has one, with its sources."""
    return [found for policy in policies if (found := governing(policy, directive)) is not None]


def quoted(x: Subject, directive: str, source: str | None = None, label: str | None = None) -> Evidence:
    """Evidence: the policy, the directive marked up to one of its sources; from the markup where the field lacks it."""
    value = x.res.get(FIELD)
    end = rf"[^;,]*?{re.escape(source)}" if source else ""
    pattern = re.compile(rf"(?:(?<=[;,\s])|^){re.escape(directive)}(?=[\s;,]|$){end}", re.IGNORECASE)
    found = pattern.search(value) if value else None
    html = x.html
    if found is None and html is not None:
        for text in html.http_equiv(FIELD):
            marked = pattern.search(text)
            if marked is not None:
                return Evidence("response.body", "meta", x.masker.text(text), x.masker.text(marked[0]), label)
    return x.response_field(FIELD, mark=found[0] if found else None, label=label)


def where(x: Subject) -> Evidence:
    """Evidence: the policy as a whole."""
    value = x.res.get(FIELD)
    html = x.html
    contents = html.http_equiv(FIELD) if value is None and html is not None else ()
    if contents:
        return Evidence("response.body", "meta", x.masker.text(contents[0]))
    return x.response_field(FIELD)


def code(x: Subject, text: str) -> str:
    """A piece of a policy as code, masked and cut short."""
    shown = x.masker.text(text)
    return f"`{shown[:77] + '…' if len(shown) > 80 else shown}`"
