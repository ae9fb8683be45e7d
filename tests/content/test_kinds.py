"""Media types are of the kind browsers and rules take them for."""

import pytest

from inspector.content.kinds import KINDS, kind_of


@pytest.mark.parametrize(
    ("essence", "kind"),
    [
        ("text/html", "html"),
        ("application/xhtml+xml", "html"),
        ("text/javascript", "script"),
        ("application/problem+json", "json"),
        ("image/svg+xml", "image"),
        ("application/atom+xml", "xml"),
        ("text/plain", "text"),
        ("video/mp4", "media"),
        ("application/octet-stream", "other"),
        ("", "none"),
    ],
)
def test_kinds(essence: str, kind: str):
    assert kind_of(essence) == kind
    assert kind in KINDS
