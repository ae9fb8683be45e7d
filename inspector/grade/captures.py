"""Recordings → the grades of their sites, without explaining anything else."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.capture import Capture, CaptureError, open_capture
from inspector.explain import host_matches
from inspector.grade.gather import Sites
from inspector.grade.site import grade
from inspector.mask import Masker
from inspector.report import GRADE_SCHEMA, Grade, GradeReport, Ungraded
from inspector.session import Session
from inspector.subject import Subject


def grade_captures(
    paths: Sequence[str], hosts: tuple[str, ...] = (), *, reveal: bool = False
) -> tuple[GradeReport, list[str]]:
    """Grade the sites of captures; ``-`` is standard input. Also one line for each file that could not be read.

    `hosts` are shell-style patterns in lower case; nothing given means every site that a person went to.
    """
    masker = Masker(reveal)
    read: list[Capture] = []
    failures: list[str] = []
    grades: list[Grade] = []
    ungraded: list[Ungraded] = []
    for path in paths:
        try:
            capture = open_capture(path)
        except CaptureError as error:
            failures.append(str(error))
            continue
        number = len(read)
        read.append(capture)
        sites, session = Sites(), Session()
        for exchange in capture.exchanges():
            sites.observe(Subject(exchange, session, masker))
        grades += [grade(s, masker) for s in sites.sites(number) if not hosts or host_matches(hosts, s.url)]
        ungraded += [each for each in sites.ungraded(number) if not hosts or host_matches(hosts, each.site)]
    captures = tuple(capture.info() for capture in read)
    return GradeReport(GRADE_SCHEMA, captures, tuple(grades), tuple(ungraded)), failures
