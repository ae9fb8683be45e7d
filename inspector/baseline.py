"""Findings a team has looked at and accepted: a file that is kept beside the code and read in review.

A finding is known by its rule, method, and URL without query and fragment, so that it stays the same finding when the
capture is taken again. In the file a ``*`` in a URL stands for anything, which makes ``/items/*`` one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import Struct

from inspector.report import Annotation, ExchangeReport, Severity, Story

FORMAT = "inspector.baseline/1"


class BaselineError(Exception):
    """The file cannot be used; the message is one line that names it."""


class Accepted(Struct, frozen=True, order=True, forbid_unknown_fields=True, omit_defaults=True):
    """One accepted finding. `why` is for people and optional; `url` may hold ``*``."""

    rule: str
    url: str
    method: str = ""
    why: str = ""


class _File(Struct, frozen=True):
    format: str
    accepted: tuple[Accepted, ...] = ()


class Baseline:
    """What has been accepted."""

    def __init__(self, accepted: Iterable[Accepted] = ()) -> None:
        self._exact: set[tuple[str, str, str]] = set()
        self._patterns: dict[str, list[Accepted]] = {}
        self.accepted = tuple(accepted)
        for entry in self.accepted:
            if "*" in entry.url or not entry.method:
                self._patterns.setdefault(entry.rule, []).append(entry)
            else:
                self._exact.add((entry.rule, entry.method, entry.url))

    def __contains__(self, finding: object) -> bool:
        if not isinstance(finding, Accepted):
            return False
        if (finding.rule, finding.method, finding.url) in self._exact:
            return True
        return any(
            entry.method in ("", finding.method) and fnmatchcase(finding.url, _literal_brackets(entry.url))
            for entry in self._patterns.get(finding.rule, ())
        )

    def mark(self, report: ExchangeReport) -> ExchangeReport:
        """The report with its accepted findings marked as such."""
        if not any(finding(report, a) in self for a in report.annotations if a.severity is not Severity.INFO):
            return report
        return msgspec.structs.replace(
            report,
            annotations=tuple(
                msgspec.structs.replace(a, accepted=True)
                if a.severity is not Severity.INFO and finding(report, a) in self
                else a
                for a in report.annotations
            ),
        )

    def mark_story(self, story: Story) -> Story:
        """The same for a story, which is known by its kind and title."""
        return msgspec.structs.replace(
            story,
            annotations=tuple(
                msgspec.structs.replace(a, accepted=True)
                if a.severity is not Severity.INFO and _told_by(story, a) in self
                else a
                for a in story.annotations
            ),
        )


@lru_cache(maxsize=1024)
def _literal_brackets(pattern: str) -> str:
    # IPv6 addresses and query arrays have brackets, which `fnmatch` would read as sets.
    return pattern.replace("[", "[[]")


def finding(report: ExchangeReport, annotation: Annotation) -> Accepted:
    """What a finding of an exchange is known by."""
    return Accepted(annotation.rule, report.url.partition("#")[0].partition("?")[0], report.method)


def _told_by(story: Story, annotation: Annotation) -> Accepted:
    return Accepted(annotation.rule, story.title, f"story {story.kind}")


def findings(reports: Iterable[ExchangeReport], stories: Iterable[Story]) -> tuple[Accepted, ...]:
    """Everything found, explanations left out, as a baseline would list it."""
    found = {finding(r, a) for r in reports for a in r.annotations if a.severity is not Severity.INFO}
    found |= {_told_by(s, a) for s in stories for a in s.annotations if a.severity is not Severity.INFO}
    return tuple(sorted(found))


def read(path: Path) -> Baseline:
    """Read a file of accepted findings. Raises `BaselineError` where it is none."""
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise BaselineError(f"{path} cannot be read: {error.strerror or error}") from None
    except msgspec.MsgspecError as error:
        raise BaselineError(f"{path} is no file of accepted findings: {error}") from None
    if file.format != FORMAT:
        raise BaselineError(f"{path} is no file of accepted findings: its format is not {FORMAT!r}")
    return Baseline(file.accepted)


def write(path: Path, accepted: Iterable[Accepted], before: Baseline | None = None) -> int:
    """Write a file of accepted findings and say how many it holds.

    What `before` accepts by a pattern, or with a reason, is kept as it stands there. Raises `BaselineError`.
    """
    kept = [entry for entry in before.accepted if entry.why or "*" in entry.url] if before is not None else []
    covered = Baseline(kept)
    entries = sorted([*kept, *(entry for entry in accepted if entry not in covered)])
    text = msgspec.json.format(msgspec.json.encode(_File(FORMAT, tuple(entries))), indent=2)
    try:
        path.write_bytes(text + b"\n")
    except OSError as error:
        raise BaselineError(f"{path} cannot be written: {error.strerror or error}") from None
    return len(entries)
