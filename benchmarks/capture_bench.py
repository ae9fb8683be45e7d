"""How fast recordings are read: ``python -m benchmarks.capture_bench [FILE.har]``.

Without a file, one of about 150 MB is made from real captures beside the checkout (or from a made-up entry where
there are none) and kept in ``benchmarks/data/``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REAL = HERE.parent.parent / "shared" / "hars"
TARGET = 150_000_000


def sample_entries() -> list[bytes]:
    """Entries of the real captures as compact JSON, or a made-up one."""
    found = []
    for path in sorted(REAL.glob("*.har")):
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
        found += document["log"]["entries"] if "log" in document else [document]
    if not found:
        fields = [{"name": f"x-field-{number}", "value": "value " * number} for number in range(12)]
        found = [
            {
                "startedDateTime": "2024-05-01T12:00:00.000Z",
                "time": 30,
                "request": {
                    "method": "GET",
                    "url": "https://shop.test/",
                    "httpVersion": "h2",
                    "headers": fields,
                    "bodySize": 0,
                },
                "response": {
                    "status": 200,
                    "statusText": "",
                    "httpVersion": "h2",
                    "headers": fields,
                    "content": {"size": 3000, "mimeType": "text/plain", "text": "text " * 600},
                    "bodySize": 3000,
                },
                "cache": {},
                "timings": {"connect": 10, "ssl": 6, "send": 1, "wait": 15, "receive": 1},
            }
        ]
    return [json.dumps(entry, separators=(",", ":")).encode() for entry in found]


def large_file() -> Path:
    """The path of a HAR file of about `TARGET` octets, made on first use."""
    path = HERE / "data" / "large.har"
    if path.exists():
        return path
    path.parent.mkdir(exist_ok=True)
    entries = sample_entries()
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(
            b'{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"pages":[],"entries":['
        )
        first = True
        while file.tell() < TARGET:
            for entry in entries:
                file.write(entry if first else b",\n" + entry)
                first = False
        file.write(b"]}}")
    return unfinished.rename(path)


def peak() -> float:
    """Peak resident memory so far, in MB. It counts the pages of the mapped file that were touched."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    from inspector.capture import open_capture

    path = Path(sys.argv[1]) if len(sys.argv) > 1 else large_file()
    size = path.stat().st_size / 1e6
    before = peak()
    begun = time.perf_counter()
    capture = open_capture(path)
    opened = time.perf_counter()
    read = sum(1 for _ in capture.exchanges())
    done = time.perf_counter()
    taken = done - begun
    info = capture.info()
    print(f"{path.name}: {size:.0f} MB, {info.entries} entries, {read} exchanges, {len(info.skipped)} skipped")
    print(f"open     {opened - begun:6.2f} s")
    print(f"read     {done - opened:6.2f} s   {taken / max(read, 1) * 1e6:.1f} µs an entry with opening")
    print(f"in all   {taken:6.2f} s   {read / taken:,.0f} entries/s   {size / taken:,.0f} MB/s")
    print(f"memory   {peak():.0f} MB at most, {before:.0f} MB before, {size:.0f} MB of it the file itself")


if __name__ == "__main__":
    main()
