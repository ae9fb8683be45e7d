"""What a real Chromium makes of the zoo, with the zoo's root in its own certificate database and nothing else changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from inspector.learn.lab.zoo import ZooServer
from inspector.trust.zoo import SPECIMENS
from tests.chromium import CHROMIUM as EXECUTABLE
from tests.chromium import switches
from tests.conftest import needs_chromium
from tests.trust.test_zoo import CHROMIUM

UNKNOWN_TO_IT = {"revoked": "it fetches no revocation lists"}
"""Where we say more than Chromium does, and why."""


@pytest.mark.browser
@needs_chromium
@pytest.mark.skipif(shutil.which("certutil") is None, reason="no certutil (libnss3-tools) on PATH")
def test_chromium_refuses_what_we_say_it_refuses(zoo: ZooServer, tmp_path: Path):
    from playwright.sync_api import Error, sync_playwright

    database = tmp_path / ".pki/nssdb"
    database.mkdir(parents=True)
    for arguments in (("-N", "--empty-password"), ("-A", "-n", "zoo", "-t", "C,,", "-i", str(zoo.root_path))):
        subprocess.run(["certutil", arguments[0], "-d", f"sql:{database}", *arguments[1:]], check=True)
    said: dict[str, str | None] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=EXECUTABLE,
            env={**os.environ, "HOME": str(tmp_path)},
            args=switches("--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
        )
        for each in SPECIMENS:
            page = browser.new_page()  # a page that shows an error is in the way of the next
            try:
                page.goto(f"https://{each.host}:{zoo.port}/")
                said[each.name] = None
            except Error as error:
                said[each.name] = error.message.partition("net::")[2].partition(" ")[0]
            page.close()
        browser.close()
    ours = {name: code for code, names in CHROMIUM.items() for name in names}
    assert {name for name in ours if ours[name] != said[name]} == set(UNKNOWN_TO_IT), said
