"""`inspector trust lab`, `inspector trust serve` and `make -C certs`, as a person runs them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.trust.anchors import from_file
from inspector.trust.sources import Asked, cases
from inspector.trust.zoo import SPECIMENS
from tests.conftest import ROOT

COMMAND = (sys.executable, "-m", "inspector", "trust")


def test_the_command_that_lab_prints_works(tmp_path: Path):
    made = subprocess.run([*COMMAND, "lab", tmp_path / "zoo"], capture_output=True, text=True, check=True)
    assert all(each.name in made.stdout for each in SPECIMENS)
    printed = made.stdout.rstrip().splitlines()[-1].split()
    assert printed[:3] == ["inspector", "trust", "show"]
    shown = subprocess.run([*COMMAND, *printed[2:]], capture_output=True, text=True, check=True)
    assert "net::ERR_CERT_DATE_INVALID" in shown.stdout
    again = subprocess.run([*COMMAND, "lab", tmp_path / "zoo"], capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert again.stderr.count("\n") == 1


def test_serve_until_interrupted():
    with subprocess.Popen([*COMMAND, "serve"], stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        root = port = None
        for line in serving.stdout:
            found = re.match(r"On port (\d+) of 127\.0\.0\.1; its root is (.+)\. Look", line)
            if found:
                port, root = int(found[1]), Path(found[2])
            if line.startswith("Ctrl-C"):
                break
        assert root is not None
        (case,) = cases(f"sha1.zoo.test:{port}", Asked(from_file(root), address="127.0.0.1"))
        assert case.presented is not None
        assert "weak-signature" in [finding.code for finding in case.presented.findings]
        serving.send_signal(signal.SIGINT)
        assert serving.wait(timeout=10) == 0
        assert not root.parent.exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_the_teaching_material_is_made_and_unmade(tmp_path: Path):
    shutil.copy(ROOT / "certs/Makefile", tmp_path)
    command = tmp_path / "inspector"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m inspector "$@"\n')
    command.chmod(0o755)
    make = ["make", "-s", "-C", str(tmp_path), f"INSPECTOR={command}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(make, check=True, capture_output=True, env=environment)
    assert (tmp_path / "zoo/expired.pem").exists()
    subprocess.run([*make, "clean"], check=True, capture_output=True, env=environment)
    assert not (tmp_path / "zoo").exists()


def test_every_specimen_is_in_the_teaching_text():
    text = (ROOT / "certs/README.md").read_text("utf-8")
    rows = "\n".join(line for line in text.splitlines() if line.startswith("| `"))
    for each in SPECIMENS:
        assert each.name in rows or f"`-{each.name.partition('-')[2]}`" in rows, each.name
