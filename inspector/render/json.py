"""The report as JSON (``inspector.report/1``), written as it comes, so that memory does not grow with the capture.

The contract's order is captures, exchanges, stories, summary; but what there is to say of a capture is known only when
all of it has been read, and exchanges are judged in another order than they are reported in. So each exchange is
encoded at once into a spool, which goes to a temporary file when it outgrows `SPOOL`, and is copied from it in order.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import IO, BinaryIO

import msgspec

from inspector.explain import Explanation, in_order
from inspector.report import SCHEMA, ExchangeReport, Summary, summarize

SPOOL = 32 * 1024 * 1024
"""Octets of encoded exchanges held in memory."""
_CHUNK = 256 * 1024
"""Octets written to the spool at once."""

_encoder = msgspec.json.Encoder()


class _Spool:
    """Encoded exchanges in the order they came, each after a comma, and where each of them is."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._keys: list[tuple[int, int]] = []
        self._starts = array("q", [0])
        self._buffer = bytearray()
        self._written = 0

    def add(self, exchange: ExchangeReport) -> None:
        """Encode one more exchange."""
        buffer = self._buffer
        buffer += b","
        _encoder.encode_into(exchange, buffer, -1)
        self._keys.append(in_order(exchange))
        self._starts.append(self._written + len(buffer))
        if len(buffer) >= _CHUNK:
            self._flush()

    def _flush(self) -> None:
        self._file.write(self._buffer)
        self._written += len(self._buffer)
        self._buffer.clear()

    def copy(self, out: BinaryIO) -> None:
        """Write the exchanges in the report's order, separated by commas."""
        self._flush()
        keys, starts, file = self._keys, self._starts, self._file
        skip = 1  # the first one's comma
        for first, last in _runs(sorted(range(len(keys)), key=keys.__getitem__)):
            file.seek(starts[first] + skip)
            left = starts[last + 1] - starts[first] - skip
            while chunk := file.read(min(left, _CHUNK)):
                out.write(chunk)
                left -= len(chunk)
            skip = 0


def _runs(places: list[int]) -> Iterator[tuple[int, int]]:
    """Where the places follow one another: the first and the last of each run."""
    if not places:
        return
    first = last = places[0]
    for place in places[1:]:
        if place != last + 1:
            yield first, last
            first = place
        last = place
    yield first, last


def write(explanation: Explanation, out: BinaryIO) -> Summary:
    """Run an explanation to its end and write it as one line of JSON. Returns its summary.

    Raises `OSError` where `out` or the temporary file cannot be written.
    """
    import tempfile  # which imports much that nothing else here needs

    encode = _encoder.encode
    with tempfile.SpooledTemporaryFile(max_size=SPOOL) as file:
        spool = _Spool(file)

        def spooled() -> Iterator[ExchangeReport]:
            for exchange in explanation:
                spool.add(exchange)
                yield exchange

        # Stories are told when the exchanges have ended, which is when `summarize` turns to them.
        summary = summarize(spooled(), explanation.stories)
        out.write(b'{"schema":%b,"captures":%b,"exchanges":[' % (encode(SCHEMA), encode(explanation.captures)))
        spool.copy(out)
        ending = (encode(explanation.stories), encode(summary), encode(explanation.grades))
        out.write(b'],"stories":%b,"summary":%b,"grades":%b}\n' % ending)
        out.flush()
    return summary
