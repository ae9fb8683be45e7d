"""Every reference points to something that exists."""

import pytest

from inspector.fieldguide.guide import entries
from inspector.references import documents, resolves, title
from inspector.rules.catalogue import built_in


@pytest.mark.parametrize("rule", built_in(), ids=lambda rule: rule.id)
def test_references_of_rules(rule):
    assert [url for url in rule.references if not resolves(url)] == []


def test_references_of_the_field_guide():
    """Standards have their sections listed; vendors' pages are not ours to list."""
    cited = {entry.name: entry.reference for entry in entries() if entry.reference.partition("#")[0] in documents()}
    assert {name: url for name, url in cited.items() if not resolves(url)} == {}
    assert len(cited) > 200


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("https://www.rfc-editor.org/rfc/rfc9110#section-15.4.2", True),
        ("https://www.rfc-editor.org/rfc/rfc9110#section-15.4.99", False),
        ("https://fetch.spec.whatwg.org/#cors-check", True),
        ("https://fetch.spec.whatwg.org/#cors-chekc", False),
        ("https://www.rfc-editor.org/rfc/rfc99999", False),
    ],
)
def test_a_wrong_section_is_noticed(url: str, there: bool):
    assert resolves(url) is there


def test_titles():
    assert (
        title("https://www.rfc-editor.org/rfc/rfc9110#section-15.4.2")
        == "RFC 9110, section 15.4.2: 301 Moved Permanently"
    )
    assert title("https://fetch.spec.whatwg.org/#cors-check") == "Fetch: CORS check"
    assert title("https://hstspreload.org/") == ""
