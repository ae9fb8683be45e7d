"""Dates in `Expires`, read by us and by Chromium.

To the half minute: each is sent with a `Date` 30 seconds before what we read, with which the response is fresh, and with
one 30 seconds after, with which it is stale.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

from inspector.fields.browser_date import read_date
from inspector.fields.http_date import format_http_date
from tests.browser.harness import Harness
from tests.browser.server import Reply
from tests.conftest import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser]

HOST = "shop.test"
BY_HAND = (
    "2036-12-04", "2036-12-04T16:00:00Z", "2036/12/4 16:00", "12/04/2036", "25/12/36", "13/13/2036", "2036-00-10", "2036-13-01",
    "12/40/2036", "Dec 4, 2036", "4 Dec", "Dec 2036", "Thu, 04 Dec 2036", "04Dec2036", "Thu 4th Dec 2036", "04 Dezember 2036", "04 Decembre 2036",
    "Thu, 04 Dec 2036 16:00:00 GMT-0300 (somewhere)", "16:00:00 04 Dec 2036 17:00:00", "04 Dec 2036 Jan", "2112000000", "never", "-1",
)  # fmt: skip
DAYS = (
    "04 Dec 2036",
    "4-DEC-36",
    "31 April 2036",
    "00 Dec 2036",
    "32 Dec 2036",
    "Dec 4 2036",
    "04 Dec 02036",
    "04 Dec 136",
)
TIMES = (
    "16:00:00", "16:00", "4:00 pm", "12:30 AM", "13:00 pm", "25:00:00", "16:99:99", "1:2:3", "16:00:00.5", "016:00:00", "16:000:00",
    "16:00:000", "16:00:00Z", "T16:00:00Z", "16.00.00", "16:00:",
)  # fmt: skip
ZONES = (
    "", " GMT", " UTC", " UT", " EST", " PDT", " AST", " NST", " BST", " MET", " EET", " JST", " CET", " +0100", " -05", " +1", " +010",
    " +01:00", " GMT+0200", " UTC-3", " PST+0300", " (PST)",
)  # fmt: skip


def test_dates():
    rows = random.Random(9110).sample([*itertools.product(DAYS, TIMES, ZONES)], 120)
    values = [*BY_HAND, *(f"Thu, {day} {time}{zone}" for day, time, zone in rows)]
    cases = []
    for value in values:
        found = read_date(value)
        if found is None:
            cases.append((value, "Thu, 01 Jan 2026 00:00:00 GMT", False))
        else:
            cases += [(value, format_http_date(found - 30), True), (value, format_http_date(found + 30), False)]
    with Harness([HOST]) as lab:
        for number, (value, date, _) in enumerate(cases):
            lab.server.answer(HOST, f"/{number}", Reply(200, (("Expires", value), ("Date", date)), b"x"))
        page, _ = lab.page("https", HOST)
        page.evaluate(
            """many => Promise.all([...Array(many).keys()].map(async n => {
                for (const _ of 'ab') await (await fetch('/' + n)).text() }))""",
            len(cases),
        )
        asked = Counter(seen.path for seen in lab.server.seen)
    fresh = [asked[f"/{number}"] == 1 for number in range(len(cases))]
    wrong = [(value, date, it) for (value, date, ours), it in zip(cases, fresh, strict=True) if it != ours]
    assert not wrong
    assert len({value for value, _, _ in cases if read_date(value) is not None}) > 60
