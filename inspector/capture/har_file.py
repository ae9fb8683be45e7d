"""A HAR file: what it says of itself, and its entries decoded one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Raw

from inspector.capture import har_schema as schema
from inspector.capture import har_tolerant, values
from inspector.capture.har import File, Unusable, exchange_of
from inspector.capture.har_connection import Connections
from inspector.capture.model import Capture, CaptureError, Order
from inspector.capture.order import Place, causal_order, time_order
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
from inspector.patterns import compile_late

_whole_har = msgspec.json.Decoder(schema.WholeHar).decode
_har = msgspec.json.Decoder(schema.Har).decode
_loose = msgspec.json.Decoder(schema.LooseLog).decode
_list = msgspec.json.Decoder(list[Raw]).decode
_object = msgspec.json.Decoder(dict[str, Raw]).decode
_head = msgspec.json.Decoder(schema.Head).decode
_entry = msgspec.json.Decoder(schema.Entry).decode

_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_TRAILING = compile_late(r"trailing characters \(byte (\d+)\)")
_SAMPLED = 200
_SINGLE = 64 << 20
_KEPT = 16 << 20

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
        self._raws: Sequence[Octets] = ()
        self._kept: dict[int, schema.Entry] | None = {} if len(opened.data) <= _KEPT else None
        self._side_files = opened.side_file
        if self._kept is None or not self._decode_all(opened.data, self._kept):
            self._raws = self._find_entries(opened.data)
        self.entries = len(self._raws) or len(self._kept or ())
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
            connections=Connections("firefox" in self._name or "firebug" in self._name),
        )
        for index in self._order() if order == "causal" else range(self.entries):
            try:
                exchange = exchange_of(self._entry(index), index, shared)
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

    def _entry(self, index: int) -> schema.Entry:
        """One entry, decoded; of a small file it is kept, because order, sample and exchange all ask for it."""
        if self._kept is None:
            return self._decode(self._raws[index])
        entry = self._kept.get(index)
        if entry is None:
            entry = self._kept[index] = self._decode(self._raws[index])
        return entry

    def _decode(self, raw: Octets) -> schema.Entry:
        try:
            entry = _entry(raw)
            if not _mixed_up(entry):
                return entry
        except _UNDECODABLE:
            pass
        value = har_tolerant.load(raw)
        if not isinstance(value, dict):
            raise Unusable("entry is not an object")
        return har_tolerant.entry_of(value)

    def _sample(self) -> Iterator[schema.Entry]:
        for index in range(min(self.entries, _SAMPLED)):
            try:
                yield self._entry(index)
            except ValueError:
                continue

    def _order(self) -> list[int]:
        kept = self._kept
        if kept is not None and len(kept) == self.entries and not any(_may_be_preflight(e) for e in kept.values()):
            return time_order([_begun(kept[index].started) for index in range(self.entries)])[1]
        return causal_order([self._place(index) for index in range(self.entries)], self._asked_method)

    def _place(self, index: int) -> Place:
        head: schema.Head | schema.Entry
        try:
            # The head alone is decoded in half the time; where the whole is kept, it is decoded once for all.
            head = _head(self._raws[index]) if self._kept is None else self._entry(index)
        except (*_UNDECODABLE, ValueError):
            try:
                head = self._entry(index)
            except ValueError:
                return Place()
        request, begun, time = head.request, _begun(head.started), values.duration(head.time)
        if request is None:
            return Place(begun, time)
        return Place(begun, time, request.method or "", request.url or "", _may_be_preflight(head))

    def _asked_method(self, index: int) -> str | None:
        try:
            request = self._entry(index).request
        except ValueError:
            return None
        for line in request.headers if request is not None else ():
            if line.name.lower() == "access-control-request-method":
                return line.value.strip()
        return None

    def _decode_all(self, data: Buffer, kept: dict[int, schema.Entry]) -> bool:
        """Decode a file of the usual kind in one go, which is cheaper than finding its entries first."""
        try:
            log = _whole_har(data).log
        except _UNDECODABLE:
            return False
        if any(_mixed_up(entry) for entry in log.entries):
            return False
        kept.update(enumerate(log.entries))
        self._describe(log)
        return True

    def _describe(self, log: schema.Log | schema.WholeLog) -> None:
        for name, part in (("creator", log.creator), ("browser", log.browser), ("pages", log.pages)):
            self._parts[name] = _any(part)

    def _find_entries(self, data: Buffer) -> Sequence[Octets]:
        try:
            log = _har(data).log
        except _UNDECODABLE as error:
            trailing = _TRAILING.search(str(error))
            problem = error
        else:
            self._describe(log)
            return log.entries
        if trailing is not None and 0 < int(trailing[1]) <= len(data):
            end = int(trailing[1]) - 1  # it counts from 1
            self._notes.append(
                f"Something follows the recording in its file ({len(data) - end} bytes); it was ignored."
            )
            return self._find_entries(memoryview(data)[:end])
        if isinstance(problem, msgspec.ValidationError):
            found = self._unusual(data)
            if found is not None:
                return found
        return self._salvaged(data)

    def _unusual(self, data: Buffer) -> Sequence[Octets] | None:
        """Valid JSON that is no ``{"log": {"entries": […]}}``: a bare list, a bare log, a single entry.

        ``None`` where it turns out not to be valid JSON after all.
        """
        try:
            if bytes(memoryview(data)[:1]) == b"[":
                return self._bare_list(_list(data))
            top = _loose(data)
            if bytes(top.log)[:1] == b"[":
                return self._bare_list(_list(top.log))
            log = _loose(top.log) if bytes(top.log)[:1] == b"{" else top
        except _UNDECODABLE:
            return None
        for name in ("creator", "browser", "pages"):
            self._parts[name] = _any(getattr(log, name))
        if log.entries:
            if log is top:
                self._notes.append("The file has no `log`; its `entries` were read.")
            return self._odd_entries(log.entries)
        if top.request:
            self._notes.append("The file is a single entry, without a `log`.")
            return [memoryview(data)]
        if top.log:
            self._notes.append("The file's `log` has no entries.")
            return []
        raise CaptureError(f"{self.path}: is JSON, but not a HAR file: it has neither `log` nor `entries`")

    def _bare_list(self, entries: list[Raw]) -> Sequence[Octets]:
        if not any(_has_request(raw) for raw in entries):
            raise CaptureError(f"{self.path}: is JSON, but not a HAR file: it is a list, and not of entries")
        self._notes.append("The file is a bare list of entries, without a `log`.")
        return entries

    def _odd_entries(self, listed: Raw) -> Sequence[Octets]:
        try:
            return _list(listed)
        except _UNDECODABLE:
            pass
        try:
            return list(_object(listed).values())
        except _UNDECODABLE:
            self._notes.append("The file's `entries` are no list; there is nothing in them to read.")
            return []

    def _salvaged(self, data: Buffer) -> Sequence[Octets]:
        found = salvage(data)
        if found is None and len(data) <= _SINGLE and _has_request(single := memoryview(data)):
            self._notes.append("The file is a single entry, without a `log`.")
            return [single]
        bare = bytes(memoryview(data)[:1]) == b"["
        if found is None or (bare and not any(_has_request(raw) for raw in found.entries)):
            raise CaptureError(f"{self.path}: is not valid JSON, and no entries could be found in it")
        for name in ("creator", "browser", "pages"):
            self._parts[name] = member(data, name)
        entries: list[Octets] = list(found.entries)
        self._cut = found.cut
        if not found.cut:
            self._notes.append("The file is not valid JSON as a whole; its entries were read one by one.")
            return entries
        broken = 1 if entries and not _whole(entries[-1]) else 0
        closed = bytes(memoryview(data)[-16:]).rstrip().endswith(b"}")
        what = "is damaged or cut short" if closed else "is cut short"
        lost = "1 was lost where it breaks off" if broken else "none is cut in two"
        self._notes.append(
            f"The file {what}: {_entries(len(entries) - broken)} read whole, {lost}; what came after is not in it."
        )
        return entries


def _mixed_up(entry: schema.Entry) -> bool:
    """Whether the request lacks its URL and has content: `har_tolerant` knows what such an exporter means."""
    request = entry.request
    return request is not None and request.url is None and request.post_data is not None


def _may_be_preflight(head: schema.Head | schema.Entry) -> bool:
    request = head.request
    return request is not None and (request.method == "OPTIONS" or head.resource_type == "preflight")


def _begun(started: str | float | None) -> float | None:
    """When an entry started, in seconds since 1970."""
    return values.timestamp(started) if isinstance(started, str) else values.epoch(started or 0)


def _entries(number: int) -> str:
    return "1 entry was" if number == 1 else f"{number} entries were"


def _has_request(raw: Octets) -> bool:
    try:
        value = har_tolerant.load(raw)
    except har_tolerant.Unreadable:
        return False
    return isinstance(value, dict) and "request" in value


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
