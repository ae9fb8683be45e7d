"""All benchmarks, one after the other: ``make bench``. Compare figures within one run, not across machines."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = ("capture_bench", "explain_bench", "stories_bench", "scan_bench", "proxy_bench", "proxy_soak")


def main() -> int:
    """Run each in a process of its own, so that none is measured with another's memory."""
    failed = 0
    for name in BENCHMARKS:
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        failed |= subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
