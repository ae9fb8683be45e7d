"""A HAR file: what it says of itself, and its entries decoded one at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Raw

from inspector.capture import har_schema as schema
from inspector.capture import har_tolerant, values
from inspector.capture.har import File, Unusable, exchange_of
from inspector.capture.model import Capture, CaptureError, Order
from inspector.capture.order import Place, causal_order
from inspector.capture.recognise import Buffer, Opened
from inspector.capture.recorder import (
    SANITISED_NOTE,
    Sample,
    cookies_recorded,
    describe,
    recorder_of,
    vantage_of,
)
from inspector.capture.salvage import member, salvage
from inspector.exchange import Exchange, Page

_har = msgspec.json.Decoder(schema.Har).decode
_loose = msgspec.json.Decoder(schema.LooseLog).decode
_list = msgspec.json.Decoder(list[Raw]).decode
_object = msgspec.json.Decoder(dict[str, Raw]).decode
_head = msgspec.json.Decoder(schema.Head).decode
_entry = msgspec.json.Decoder(schema.Entry).decode

_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_SAMPLED = 200

Octets = Raw | memoryview


class HarCapture(Capture):
    """A HAR file that was opened. See `Capture`."""

    format: Literal["har", "mitmproxy"] = "har"

    def __init__(self, opened: Opened) -> None:
        """Find the entries and read what describes the file.

        Raises:
            CaptureError: there is no entry in it, and it is no HAR file.
        """
        super().__init__(opened.path)
        self._notes.extend(opened.notes)
        self._parts: dict[str, Any] = {}
        self._cut = False
        self._raws: Sequence[Octets] = self._find_entries(opened.data)
        self._side_files = opened.side_file
        self.entries = len(self._raws)
        creator = har_tolerant.program_of(self._parts.get("creator"))
        browser = har_tolerant.program_of(self._parts.get("browser"))
        self.creator = describe(creator)
        self.pages = _pages(self._parts.get("pages"))
        sample = Sample(self._sample())
        cookies = cookies_recorded(creator, vantage_of(creator, browser), sample, opened.data)
        if cookies is False:
            self._notes.append(SANITISED_NOTE)
        self.recorder = recorder_of(creator, browser, cookies)
        self._name = (creator.name or "").lower() if creator is not None else ""

    def exchanges(self, order: Order = "causal") -> Iterator[Exchange]:
        """The exchanges, each decoded when it is asked for; see `Capture.exchanges`."""
        self._skipped.clear()
        shared = File(
            recorder=self.recorder,
            client_recorder=msgspec.structs.replace(self.recorder, vantage="client"),
            pages={page.id: page for page in self.pages},
            files=self._side_files,
            raw_sizes="mitmproxy" in self._name,
            connection_is_port="firefox" in self._name or "firebug" in self._name,
        )
        raws = self._raws
        for index in self._order() if order == "causal" else range(len(raws)):
            try:
                entry = self._decode(raws[index])
                exchange = exchange_of(entry, index, shared)
            except Exception as error:
                # One entry is never worth the others: whatever is wrong with it is said, and the next is read.
                self._skipped[index] = self._reason(error, index)
            else:
                yield exchange

    def _reason(self, error: Exception, index: int) -> str:
        if self._cut and index == self.entries - 1 and isinstance(error, har_tolerant.Unreadable):
            return "entry is cut short"
        if isinstance(error, Unusable | har_tolerant.Unreadable):
            return str(error)
        return f"entry could not be read ({type(error).__name__})"

    def _decode(self, raw: Octets) -> schema.Entry:
        try:
            return _entry(raw)
        except _UNDECODABLE:
            value = har_tolerant.load(raw)
        if not isinstance(value, dict):
            raise Unusable("entry is not an object")
        return har_tolerant.entry_of(value)

    def _sample(self) -> Iterator[schema.Entry]:
        for raw in self._raws[:_SAMPLED]:
            try:
                yield self._decode(raw)
            except ValueError:
                continue

    def _order(self) -> list[int]:
        return causal_order([self._place(raw) for raw in self._raws], self._asked_method)

    def _place(self, raw: Octets) -> Place:
        try:
            head = _head(raw)
            request, started = head.request, head.started
            time, kind = head.time, head.resource_type
        except _UNDECODABLE:
            try:
                entry = self._decode(raw)
            except ValueError:
                return Place()
            request = schema.HeadRequest(entry.request.method, entry.request.url) if entry.request else None
            started, time, kind = entry.started, entry.time, entry.resource_type
        begun = values.timestamp(started) if isinstance(started, str) else values.epoch(started or 0)
        if request is None:
            return Place(begun, values.duration(time))
        method = request.method or ""
        preflight = method == "OPTIONS" or kind == "preflight"
        return Place(begun, values.duration(time), method, request.url or "", preflight)

    def _asked_method(self, index: int) -> str | None:
        try:
            request = self._decode(self._raws[index]).request
        except ValueError:
            return None
        for line in request.headers if request is not None else ():
            if line.name.lower() == "access-control-request-method":
                return line.value.strip()
        return None

    def _find_entries(self, data: Buffer) -> Sequence[Octets]:
        try:
            log = _har(data).log
        except _UNDECODABLE as error:
            trailing = _TRAILING.search(str(error))
            problem = error
        else:
            for name, part in (("creator", log.creator), ("browser", log.browser), ("pages", log.pages)):
                self._parts[name] = _any(part)
            return log.entries
        if trailing is not None:
            end = int(trailing[1])
            rest = len(data) - end
            self._notes.append(f"Something follows the recording in its file ({rest} bytes); it was ignored.")
            return self._find_entries(memoryview(data)[:end])
        if isinstance(problem, msgspec.ValidationError):
            found = self._unusual(data)
            if found is not None:
                return found
        return self._salvaged(data)

    def _unusual(self, data: Buffer) -> Sequence[Octets] | None:
        """Valid JSON that is no ``{"log": {"entries": […]}}``: a bare list, a bare log, a single entry."""
        if bytes(memoryview(data)[:1]) == b"[":
            self._notes.append("The file is a bare list of entries, without a `log`.")
            return _list(data)
        try:
            top = _loose(data)
            log = top
            if top.log:
                log = _loose(top.log)
        except _UNDECODABLE:
            try:
                return _list(top.log)  # "log": [entry, …]
            except (*_UNDECODABLE, UnboundLocalError):
                return None
        for name in ("creator", "browser", "pages"):
            self._parts[name] = _any(getattr(log, name))
        if log.entries:
            if log is top:
                self._notes.append("The file has no `log`; its `entries` were read.")
            for decode in (_list, lambda raw: list(_object(raw).values())):
                try:
                    return decode(log.entries)
                except _UNDECODABLE:
                    continue
            self._notes.append("The file's `entries` are no list.")
            return []
        if top.request:
            self._notes.append("The file is a single entry, without a `log`.")
            return [memoryview(data)]
        if top.log and log is not top:
            self._notes.append("The file's `log` has no entries.")
            return []
        raise CaptureError(f"{self.path}: is JSON, but not a HAR file: it has neither `log` nor `entries`")

    def _salvaged(self, data: Buffer) -> Sequence[Octets]:
        found = salvage(data)
        if found is None:
            raise CaptureError(f"{self.path}: is not valid JSON, and no entries could be found in it")
        for name in ("creator", "browser", "pages"):
            self._parts[name] = member(data, name)
        entries: list[Octets] = list(found.entries)
        self._cut = found.cut
        if found.cut:
            broken = 1 if entries and not _whole(entries[-1]) else 0
            lost = "one is cut off in the middle" if broken else "none is cut off in the middle"
            self._notes.append(
                f"The file is cut short: {len(entries) - broken} of its entries are complete and {lost}; "
                "what came after is not in the file."
            )
        else:
            self._notes.append("The file is not valid JSON as a whole; its entries were read one by one.")
        return entries


def _whole(raw: Octets) -> bool:
    try:
        har_tolerant.load(raw)
    except har_tolerant.Unreadable:
        return False
    return True


def _any(raw: Raw) -> Any:
    if not raw:
        return None
    try:
        return har_tolerant.load(raw)
    except har_tolerant.Unreadable:
        return None


def _pages(listed: Any) -> tuple[Page, ...]:
    pages = []
    for item in listed if isinstance(listed, list) else ():
        page = har_tolerant.page_of(item)
        if page is None or page.id is None:
            continue
        url = page.url or page.url_too
        if url is None and page.title and page.title.startswith(("http://", "https://")):
            url = page.title  # Chrome's titles are the page's URL
        timings = page.timings or schema.PageTimings()
        pages.append(
            Page(
                page.id,
                page.title or None,
                url,
                values.timestamp(page.started) if page.started else None,
                values.duration(timings.content_loaded),
                values.duration(timings.loaded),
            )
        )
    return tuple(pages)
