"""Flow files of mitmproxy (``.mitm``, ``.flow``), read with mitmproxy's own reader."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Literal

from inspector.capture.model import Capture, CaptureError, Order
from inspector.capture.order import Place, causal_order
from inspector.capture.recognise import Opened
from inspector.exchange import Exchange, Recorder
from inspector.patterns import compile_late

_LENGTH = compile_late(rb"(\d{1,12}):")


class MitmCapture(Capture):
    """A flow file that was opened. See `Capture`. Importing mitmproxy waits until the first flow is read."""

    format: Literal["har", "mitmproxy"] = "mitmproxy"

    def __init__(self, opened: Opened) -> None:
        """Find the records of the file (one netstring a flow) without reading them.

        Raises:
            CaptureError: there is not even the beginning of one.
        """
        super().__init__(opened.path)
        self._notes.extend(opened.notes)
        self._data = memoryview(opened.data)
        self._records, self._cut = _records(self._data)
        if not self._records:
            raise CaptureError(f"{opened.path}: is not a flow file that can be read")
        self.entries = len(self._records)
        self.creator = "mitmproxy"
        self.recorder = Recorder(
            "mitmproxy", creator="mitmproxy", vantage="proxy", cookies_recorded=True, preflights_recorded=True
        )
        if self._cut:
            self._notes.append(
                f"The file is cut short: {self.entries - 1} of its flows are complete and one is cut off in the "
                "middle; what came after is not in the file."
            )

    def exchanges(self, order: Order = "causal") -> Iterator[Exchange]:
        """The exchanges, each decoded when it is asked for; see `Capture.exchanges`.

        A flow file is written as flows end, so the causal order needs a first pass over the flows' start times.
        """
        self._skipped.clear()
        positions: list[int] | range = range(self.entries)
        if order == "causal":
            positions = self._order()
        for index in positions:
            exchange = self._read(index)
            if exchange is not None:
                yield exchange

    def _order(self) -> list[int]:
        places: list[Place] = []
        asked: dict[int, str | None] = {}
        for index in range(self.entries):
            exchange = self._read(index)
            if exchange is None:
                places.append(Place())
                continue
            request = exchange.request
            preflight = request.method == "OPTIONS"
            places.append(
                Place(exchange.timings.started, exchange.timings.total, request.method, request.url, preflight)
            )
            if preflight:
                asked[index] = request.fields.get("access-control-request-method")
        return causal_order(places, asked.get)

    def _read(self, index: int) -> Exchange | None:
        from mitmproxy import exceptions, http
        from mitmproxy.io import FlowReader

        from inspector.proxy.flow import exchange_from_flow

        if self._cut and index == self.entries - 1:
            self._skipped[index] = "flow is cut short"
            return None
        start, end = self._records[index]
        try:
            flow = next(iter(FlowReader(BytesIO(self._data[start:end])).stream()), None)
            if isinstance(flow, http.HTTPFlow):
                return exchange_from_flow(flow, index, self.recorder)
        except exceptions.FlowReadException as error:
            self._skipped[index] = f"flow cannot be read: {str(error).partition(chr(10))[0]}"
        except Exception as error:
            # One flow is never worth the others: whatever is wrong with it is said, and the next is read.
            self._skipped[index] = f"flow could not be read ({type(error).__name__})"
        else:
            kind = flow.type.upper() if flow is not None else "empty"
            self._skipped[index] = f"{kind} flow is not HTTP"
        return None


def _records(data: memoryview) -> tuple[list[tuple[int, int]], bool]:
    """Where each top-level netstring begins and ends, and whether the last one is cut short."""
    records: list[tuple[int, int]] = []
    position = 0
    while position < len(data):
        length = _LENGTH.match(data, position)
        if length is None:
            # Nothing after damage can be found again: a netstring's place depends on those before it.
            records.append((position, len(data)))
            return records, True
        end = length.end() + int(length[1]) + 1
        if end > len(data):
            records.append((position, len(data)))
            return records, True
        records.append((position, end))
        position = end
    return records, False
