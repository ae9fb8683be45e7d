"""The demo, as a person runs it; and what it saved, explained again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inspector.learn.demo import CHAPTERS
from inspector.learn.telling import TELLING

TOPICS = {
    "status",
    "cors",
    "cache",
    "cookies",
    "security",
    "csp",
    "protocol",
    "client",
    "redirect",
    "websocket",
    "xss",
    "sqli",
    "inj",
    "jsonp",
    "leak",
    "ratelimit",
    "auth",
    "jwt",
    "oauth",
    "saml",
    "csrf",
    "rest",
    "content",
    "hints",
    "sri",
    "perf",
    "proxy",
    "tls",
    "blocking",
    "method",
}

LESSONS = {
    "auth/basic-over-http",
    "auth/token-in-url",
    "auth/session-id-in-url",
    "jwt/alg-none",
    "jwt/expired",
    "jwt/no-exp",
    "jwt/sensitive-claims",
    "oauth/no-state-pkce",
    "oauth/implicit",
    "oauth/redirect-uri-http",
    "oauth/error",
    "saml/explained",
    "saml/weak-response",
    "csrf/no-token",
    "csrf/cross-site-accepted",
    "rest/content-type-vs-body",
    "rest/not-acceptable",
    "rest/problem-json",
    "rest/lost-update",
    "rest/deprecation",
    "rest/json-invalid",
    "content/charset",
    "content/type-mismatch",
    "content/download-name",
    "content/not-compressed",
    "hints/preload-invalid",
    "hints/preload-twice",
    "sri/missing",
    "perf/server-timing",
    "perf/large",
    "sri/taken-over",
    "tls/certificate",
    "auth/login-form-over-http",
    "proxy/refused",
}
"""What the chapters on logins, APIs and delivery are there to show."""


def inspector(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "inspector", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=env,
        check=False,
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo.har"


@pytest.fixture(scope="module")
def shown(saved: Path) -> str:
    result = inspector("demo", "--save", str(saved))
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


@pytest.fixture(scope="module")
def explained(shown: str, saved: Path) -> dict[str, Any]:
    result = inspector("explain", "--format", "json", str(saved))
    assert result.returncode == 0, result.stderr
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def test_every_chapter_is_told(shown: str):
    assert [title for title in CHAPTERS.values() if title not in shown] == []
    assert "\x1b" not in shown


def test_every_topic_is_annotated(shown: str, explained: dict[str, Any]):
    rules = {annotation["rule"] for exchange in explained["exchanges"] for annotation in exchange["annotations"]}
    assert {rule.partition("/")[0] for rule in rules} >= TOPICS
    for rule in ("cors/preflight-method", "cookies/prefix", "redirect/loop", "status/401-no-challenge"):
        assert rule in rules
    assert [topic for topic in TOPICS if f"\n  {topic} " not in shown] == []
    assert [rule for rule in TELLING if rule not in shown] == []


def test_what_the_lab_is_there_to_show_is_found(explained: dict[str, Any]):
    rules = {annotation["rule"] for exchange in explained["exchanges"] for annotation in exchange["annotations"]}
    assert rules >= LESSONS


def test_what_is_said_is_prose_without_the_line_breaks_of_its_source(explained: dict[str, Any]):
    told = [
        annotation[part]
        for one in (*explained["exchanges"], *explained["stories"])
        for annotation in one["annotations"]
        for part in ("title", "detail", "fix", "condition")
        if annotation.get(part)
    ]
    assert len(told) > 1_000
    assert [text for text in told if text != " ".join(text.split())] == []


def test_nothing_fails_in_it(explained: dict[str, Any]):
    assert [e for e in explained["exchanges"] if "inspector/internal-error" in str(e["annotations"])] == []


def test_the_visitor_sends_the_cookies_a_browser_would(explained: dict[str, Any]):
    wrong = [
        (exchange["url"], cookie)
        for exchange in explained["exchanges"]
        for cookie in exchange["verdicts"]["cookies"]
        if (cookie["outcome"] == "blocked" and cookie["recorded"])
        or (cookie["outcome"] == "sent" and cookie["recorded"] is False)
    ]
    assert wrong == []
