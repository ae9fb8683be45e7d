"""Our grade against Mozilla's HTTP Observatory, test by test, on sites served on loopback.

    python -m benchmarks.observatory FOLDER [--freeze]

FOLDER is where the npm package ``@mdn/mdn-http-observatory`` was installed (``npm install --ignore-scripts``), outside
this checkout. ``--freeze`` writes what it made of our own header sets to ``tests/grade/observatory.json``, which the
tests compare with where npm is not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from inspector.grade.chart import RESULTS, score_of
from inspector.grade.site import bounds, examine
from inspector.trust.ca import Authority
from tests.conftest import real_captures
from tests.grade.cases import OWN, Case, recorded

PACKAGE = Path("node_modules/@mdn/mdn-http-observatory")
SCRIPT = Path(__file__).with_suffix(".mjs")
FROZEN = Path(__file__).parent.parent / "tests" / "grade" / "observatory.json"

NOT_OURS = {"x-frame-options-sameorigin-or-deny": 5}
"""What a result is worth in version 6 of the algorithm, where the package, which has version 4, says otherwise."""

EXPLAINED = {
    ("sharing 04", "cross-origin-resource-sharing"): "the package never finds the origin it sent, so it cannot tell "
    "that it was repeated; ours follows the algorithm as it is written down",
}
"""Where the two differ, and why."""


def observe(package: Path, cases: list[Case]) -> dict[str, Any]:
    """What the package makes of each case: name → tests, score and grade."""
    preloaded = package / "conf" / "hsts-preload.json"
    if not preloaded.exists():  # its install script would fetch the list
        preloaded.write_text("{}")
    with tempfile.TemporaryDirectory() as folder:
        root = Authority.create_root("comparison")
        hosts = {part.partition("//")[2].partition("/")[0] for case in cases for part in case.routes}
        leaf = root.issue(sorted(hosts | {case.host for case in cases}))
        (Path(folder) / "root.pem").write_bytes(root.certificate_pem)
        (Path(folder) / "key.pem").write_bytes(leaf.key_pem)
        (Path(folder) / "chain.pem").write_bytes(leaf.chain_pem)
        done = subprocess.run(
            ["node", str(SCRIPT), str(package.resolve()), f"{folder}/key.pem", f"{folder}/chain.pem"],
            input=json.dumps([case.asked() for case in cases]),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": f"{folder}/root.pem"},
            timeout=600,
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def differences(case: Case, theirs: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The tests in which we do not say what the package says: test, theirs, ours."""
    ours = examine(case.evidence())
    return [
        (test, result, " or ".join(ours[test].results))
        for test, (result, modifier, passed) in theirs["tests"].items()
        if result not in ours[test].results
        or (RESULTS[result].modifier, RESULTS[result].passed) != (NOT_OURS.get(result, modifier), passed)
    ]  # fmt: skip


def _in_version_6(theirs: dict[str, Any]) -> int:
    """The package's score with its results at what version 6 of the algorithm makes them worth."""
    return score_of(NOT_OURS.get(result, modifier) for result, modifier, _ in theirs["tests"].values())


def _frozen(theirs: dict[str, Any]) -> dict[str, Any]:
    """Each case's score, and its results where they are not those of a page without any field."""
    nothing = {test: result for test, (result, _, _) in theirs["nothing"]["tests"].items()}
    frozen: dict[str, Any] = {"nothing": {"score": theirs["nothing"]["score"], **nothing}}
    for name, said in theirs.items():
        results = {test: result for test, (result, _, _) in said["tests"].items() if result != nothing[test]}
        frozen.setdefault(name, {"score": said["score"], **results})
    return frozen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--freeze", action="store_true")
    asked = parser.parse_args()
    package = asked.folder / PACKAGE
    if shutil.which("node") is None or not package.exists():
        print(f"skipped: {'there is no node on PATH' if package.exists() else f'{package} is not there'}")
        return
    cases = [*OWN, *recorded(real_captures())]
    theirs = observe(package, cases)
    if asked.freeze:
        FROZEN.write_text(json.dumps(_frozen({case.name: theirs[case.name] for case in OWN}), indent=1) + "\n")
    compared: Counter[str] = Counter()
    same: Counter[str] = Counter()
    scores = exact = 0
    unexplained = 0
    for case in cases:
        said = theirs[case.name]
        if "error" in said:
            print(f"{case.name}: not scored ({said['error']})")
            continue
        different = differences(case, said)
        compared.update(said["tests"].keys())
        same.update(said["tests"].keys() - {test for test, _, _ in different})
        for test, result, ours in different:
            why = EXPLAINED.get((case.name, test))
            unexplained += why is None
            print(f"{case.name}: {test}: theirs {result}, ours {ours}{f' ({why})' if why else ''}")
        findings = {name: f for name, f in examine(case.evidence()).items() if name in said["tests"]}
        low, high = bounds(findings)
        scores += low <= _in_version_6(said) <= high
        exact += low == high
    print(f"\n{'test':35} same / compared")
    for test, count in sorted(compared.items()):
        print(f"{test:35} {same[test]:4} / {count}")
    print(f"{'score':35} {scores:4} / {max(compared.values(), default=0)} ({exact} of ours without a range)")
    print(f"{len(cases)} sites, {unexplained} differences without an explanation")


if __name__ == "__main__":
    main()
