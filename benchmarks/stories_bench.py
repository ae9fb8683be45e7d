"""What stories cost as a recording grows: ``python -m benchmarks.stories_bench``.

Made-up traffic of 1,000 to 10,000 exchanges, a site after the other: redirects, logins, preflights, pages with what
belongs to them. Each size is explained in a process of its own, with the tellers and without, so that peak memory is
that size's own. Growth is linear where the time for an exchange stays the same.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec

from inspector import stories
from inspector.engine import Engine
from inspector.exchange import Exchange
from inspector.rules.example import parse_example

SIZES = (1_000, 2_500, 5_000, 10_000)
ROUNDS = 3

_SITE = """
# type: document
# page: https://www.{site}.test/
# duration: 20
GET http://{site}.test/ HTTP/1.1

HTTP/1.1 301 Moved Permanently
Location: https://{site}.test/
---
# type: document
# page: https://www.{site}.test/
# duration: 20
GET https://{site}.test/ HTTP/2

HTTP/2 301
Location: https://www.{site}.test/
---
# type: document
# page: https://www.{site}.test/
# duration: 80
# connection: {site}
GET https://www.{site}.test/ HTTP/2
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: document
Sec-Fetch-Site: none

HTTP/2 200
Content-Type: text/html
Set-Cookie: sid={site}a8f73b; Path=/; Secure; HttpOnly; SameSite=Strict
---
# type: document
# page: https://www.{site}.test/
# connection: {site}
POST https://www.{site}.test/login HTTP/2
Cookie: sid={site}a8f73b
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: document
Sec-Fetch-Site: same-origin
Content-Type: application/x-www-form-urlencoded

name=ada

HTTP/2 200
Content-Type: text/html
Set-Cookie: sid={site}b9e84c; Path=/; Secure; HttpOnly; SameSite=Strict
---
# connection: api{site}
OPTIONS https://api.{site}.test/items/7 HTTP/2
Origin: https://www.{site}.test
Access-Control-Request-Method: PUT

HTTP/2 204
Access-Control-Allow-Origin: https://www.{site}.test
Access-Control-Allow-Methods: PUT
---
# type: fetch
# page: https://www.{site}.test/
# connection: api{site}
PUT https://api.{site}.test/items/7 HTTP/2
Origin: https://www.{site}.test
Sec-Fetch-Mode: cors
Sec-Fetch-Dest: empty
Sec-Fetch-Site: same-site

HTTP/2 200
Access-Control-Allow-Origin: https://www.{site}.test
Content-Type: application/json
"""
_PART = """
---
# type: image
# page: https://www.{site}.test/
# duration: 30
# connection: {site}
GET https://www.{site}.test/{part}.png HTTP/2
Sec-Fetch-Mode: no-cors
Sec-Fetch-Dest: image
Sec-Fetch-Site: same-origin

HTTP/2 200
Content-Type: image/png
Cache-Control: max-age=60
"""


def site(number: int) -> list[Exchange]:
    """Twenty exchanges with one site, a minute after those with the one before."""
    text = _SITE + "".join(_PART.replace("{part}", str(part)) for part in range(14))
    made = []
    for exchange in parse_example(text.replace("{site}", f"s{number}")):
        index = number * 20 + exchange.index
        timings = msgspec.structs.replace(exchange.timings, started=(exchange.timings.started or 0) + number * 60)
        page = exchange.context.page
        context = msgspec.structs.replace(
            exchange.context, page=None if page is None else msgspec.structs.replace(page, id=f"page_{number}")
        )
        made.append(msgspec.structs.replace(exchange, index=index, timings=timings, context=context))
    return made


def sites(exchanges: int) -> Iterator[list[Exchange]]:
    """As many exchanges, site by site."""
    return (site(number) for number in range(exchanges // 20))


def measure(exchanges: int, tellers: bool) -> dict[str, float]:
    """Explain so many: processor seconds without making the traffic, peak memory in MB, how many stories came of it."""
    if not tellers:
        stories.TELLERS = ()
    engine = Engine()
    told = 0
    seconds = 0.0
    for block in sites(exchanges):
        begun = time.process_time()
        for exchange in block:
            engine.observe(exchange)
        told += len(engine.stories())
        seconds += time.process_time() - begun
    begun = time.process_time()
    told += len(engine.finish())
    seconds += time.process_time() - begun
    return {
        "seconds": seconds,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "stories": told,
    }


def in_a_process(exchanges: int, tellers: bool) -> dict[str, float]:
    """`measure` in a process of its own, the quickest of some."""
    command = [sys.executable, "-m", "benchmarks.stories_bench", str(exchanges), "with" if tellers else "without"]
    rounds = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(ROUNDS)]
    return min(rounds, key=lambda measured: measured["seconds"])


def main() -> None:
    """Print the table and a bar for each size."""
    if len(sys.argv) == 3:
        sys.stdout.write(json.dumps(measure(int(sys.argv[1]), sys.argv[2] == "with")))
        return
    say = sys.stdout.write
    say("exchanges  stories  seconds  without  µs each for stories  peak MB  without\n")
    rows = [(size, in_a_process(size, True), in_a_process(size, False)) for size in SIZES]
    for size, on, off in rows:
        each = (on["seconds"] - off["seconds"]) / size * 1e6
        say(
            f"{size:>9,}  {on['stories']:>7,.0f}  {on['seconds']:>7.2f}  {off['seconds']:>7.2f}  {each:>19.0f}  "
            f"{on['megabytes']:>7.0f}  {off['megabytes']:>7.0f}\n"
        )
    longest = max(on["seconds"] for _, on, _ in rows)
    largest = max(on["megabytes"] for _, on, _ in rows)
    for size, on, _ in rows:
        say(f"\n{size:>9,}  {'#' * round(on['seconds'] / longest * 60)} {on['seconds']:.2f} s\n")
        say(f"{'':>9}  {'=' * round(on['megabytes'] / largest * 60)} {on['megabytes']:.0f} MB\n")


if __name__ == "__main__":
    main()
