"""How fast ``inspector explain`` is: ``python -m benchmarks.explain_bench``.

Four figures: exchanges a second over the real captures beside the checkout, in one process, to JSON; the same by the
command, in a process that has seen nothing, so that it starts up and meets every value for the first time; seconds and
peak memory for a HAR file of about 150 MB made of their entries; and start-up on one entry. Where httplint is installed
(``pip install httplint``), the same messages go through its linters in the same run: it judges single messages only.
"""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.capture_bench import REAL, large_file, sample_entries
from inspector.capture import open_capture
from inspector.engine import EVERYTHING
from inspector.explain import Explanation
from inspector.render.json import write

ROUNDS = 5


def median(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median of the seconds some work takes, after one round that does not count."""
    work()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def captures() -> list[str]:
    """The real captures, or one file of made-up entries where there are none."""
    return [str(path) for path in sorted(REAL.glob("*.har"))] or [str(large_file())]


def throughput(paths: list[str]) -> float:
    """Exchanges a second, everything included: reading, judging, explaining, encoding."""
    counts: list[int] = []

    def explain() -> None:
        counts.append(write(Explanation(paths, EVERYTHING), io.BytesIO()).exchanges)

    seconds = median(explain)
    say(
        f"explain, {counts[0]} exchanges of {len(paths)} captures to JSON: {seconds:.3f} s, "
        f"{counts[0] / seconds:,.0f} exchanges/s"
    )
    command(paths, counts[0])
    return counts[0] / seconds


def command(paths: list[str], exchanges: int) -> None:
    """Exchanges a second of the command as a person gives it."""
    run = [sys.executable, "-m", "inspector", "explain", "--format", "json", *paths]
    seconds = median(lambda: subprocess.run(run, stdout=subprocess.DEVNULL, check=False))
    say(f"the same by the command, start-up included: {seconds:.3f} s, {exchanges / seconds:,.0f} exchanges/s")


def large() -> None:
    """Seconds and peak memory of a process that explains a large file."""
    path = large_file()
    code = (
        "import sys; from inspector.cli import main; "
        "sys.argv = ['inspector', 'explain', '--format', 'json', sys.argv[1]]; main()"
    )
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(path)], stdout=subprocess.DEVNULL, check=True)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    say(
        f"explain, {path.stat().st_size / 1e6:.0f} MB with {open_capture(str(path)).entries} entries: {seconds:.1f} s, "
        f"peak {peak:.0f} MB (the mapped file included)"
    )


def start_up() -> None:
    """A one-entry file against a Python that does nothing."""
    with tempfile.TemporaryDirectory() as directory:
        one = Path(directory) / "one.har"
        one.write_bytes(b'{"log":{"version":"1.2","entries":[' + sample_entries()[0] + b"]}}")

        def run(*command: str) -> Callable[[], object]:
            return lambda: subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True)

        ours = median(run("-m", "inspector", "explain", str(one)), 9)
        bare = median(run("-c", "pass"), 9)
    say(f"start-up on one entry: {ours:.3f} s; python -c pass: {bare:.3f} s")


def peer(paths: list[str], ours: float) -> None:
    """httplint on the same messages: request and response each through a linter of its own."""
    if importlib.util.find_spec("httplint") is None:
        say("httplint is not installed: not compared")
        return
    from httplint import HttpRequestLinter, HttpResponseLinter  # type: ignore[import-not-found]

    pairs = [x for path in paths[:12] for x in open_capture(path).exchanges() if x.response is not None][:500]

    def lint() -> None:
        for x in pairs:
            assert x.response is not None
            request = HttpRequestLinter()
            request.process_request_topline(x.request.method.encode(), x.request.url.encode(), b"1.1")
            request.process_headers([(f.name.encode(), f.value.encode()) for f in x.request.fields])
            response = HttpResponseLinter(no_content=True)
            response.process_response_topline(b"1.1", str(x.response.status).encode(), b"")
            response.process_headers([(f.name.encode(), f.value.encode()) for f in x.response.fields])
            for linter in (request, response):
                linter.finish_content(True)

    async def inside_a_loop() -> float:
        return median(lint, 3)

    try:
        seconds = asyncio.run(inside_a_loop())
    except Exception as error:  # its interface changes between releases, and it is not ours to follow
        say(f"httplint could not be driven: {type(error).__name__}: {error}")
        return
    theirs = len(pairs) / seconds
    say(f"httplint, {len(pairs)} pairs: {theirs:,.0f} pairs/s; ours over theirs: {ours / theirs:.1f}")


def main() -> None:
    paths = captures()
    rate = throughput(paths)
    peer(paths, rate)
    large()
    start_up()
    say(json.dumps({"exchanges_per_second": round(rate)}))


if __name__ == "__main__":
    main()
