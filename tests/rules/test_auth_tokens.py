"""Tokens over plain http, and when that is nobody's business."""

from __future__ import annotations

import pytest

from inspector.engine import Engine
from inspector.report import Annotation, Severity
from inspector.rules.example import parse_example


def told(text: str) -> list[Annotation]:
    engine = Engine()
    return [
        a
        for exchange in parse_example(text)
        for a in engine.observe(exchange).annotations
        if a.rule == "auth/token-over-http"
    ]


CALL = "GET http://api.shop.test/ HTTP/1.1\nAuthorization: Bearer mF_9.B5f-4.1JqM\n\nHTTP/1.1 200 OK\n"


def test_once_an_origin():
    (found,) = told(f"{CALL}---\n{CALL}")
    assert found.severity is Severity.ERROR
    assert "mF_9" not in str(found)


def test_a_bound_token_is_a_warning():
    (found,) = told(CALL.replace("Bearer", "DPoP"))
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    "text",
    [
        CALL.replace("http://", "https://"),
        CALL.replace("api.shop.test", "localhost:3000"),
        CALL.replace("Bearer", "Basic"),
        CALL.replace("Bearer", "Digest"),
        CALL.replace(
            "200 OK\n", "307 Internal Redirect\nNon-Authoritative-Reason: HSTS\nLocation: https://api.shop.test/\n"
        ),
        CALL.partition("HTTP/1.1 200")[0],
    ],
)
def test_nothing_to_tell(text: str):
    assert told(text) == []
