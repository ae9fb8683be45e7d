"""HAR as Chrome's DevTools export it, built from the events of the DevTools protocol.

The events with "ExtraInfo" in their name carry the fields as they were on the wire; for a request the page's own
view of it is all there is until they come, and stays all there is where none comes (DevTools then warns of
provisional headers). They are matched to the hops of a redirected request by their order, as DevTools do.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Event = tuple[str, dict[str, Any]]

EVENTS = (
    "requestWillBeSent",
    "requestWillBeSentExtraInfo",
    "responseReceived",
    "responseReceivedExtraInfo",
    "requestServedFromCache",
    "dataReceived",
    "loadingFinished",
    "loadingFailed",
)


class Hop:
    """One request of the log: a redirected one is several."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.sent = event
        self.response: dict[str, Any] | None = None
        self.expects_extra = True
        self.request_extra: dict[str, Any] = {}
        self.response_extra: dict[str, Any] = {}
        self.failed: dict[str, Any] | None = None
        self.finished: dict[str, Any] | None = None
        self.cached = False
        self.size = 0
        self.redirected = False

    @property
    def id(self) -> str:
        return self.sent["requestId"]

    @property
    def url(self) -> str:
        return self.sent["request"]["url"]

    @property
    def method(self) -> str:
        return self.sent["request"]["method"]

    @property
    def cors_error(self) -> dict[str, str] | None:
        """``Network.CorsErrorStatus`` of a request the browser refused."""
        return self.failed.get("corsErrorStatus") if self.failed else None

    @property
    def done(self) -> bool:
        return self.redirected or self.failed is not None or self.finished is not None

    @property
    def complete(self) -> bool:
        """Done, and what was said to come of the wire has come: it may be just after the end."""
        owed = self.response is not None and self.expects_extra and not self.response_extra
        return self.done and not owed


def hops(events: list[Event]) -> list[Hop]:
    """The requests of a log in the order they were issued."""
    order: list[Hop] = []
    chains: dict[str, list[Hop]] = {}
    request_extras: dict[str, list[dict[str, Any]]] = {}
    response_extras: dict[str, list[dict[str, Any]]] = {}
    for name, event in events:
        id_ = event["requestId"]
        chain = chains.setdefault(id_, [])
        if name == "requestWillBeSent":
            if "redirectResponse" in event and chain:
                chain[-1].response = event["redirectResponse"]
                chain[-1].expects_extra = event.get("redirectHasExtraInfo", False)
                chain[-1].redirected = True
            chain.append(Hop(event))
            order.append(chain[-1])
        elif name == "requestWillBeSentExtraInfo":
            request_extras.setdefault(id_, []).append(event)
        elif name == "responseReceivedExtraInfo":
            response_extras.setdefault(id_, []).append(event)
        elif chain:
            hop = chain[-1]
            if name == "responseReceived":
                hop.response, hop.expects_extra = event["response"], event.get("hasExtraInfo", False)
                hop.sent["type"] = event.get("type", hop.sent.get("type"))
            elif name == "requestServedFromCache":
                hop.cached = True
            elif name == "dataReceived":
                hop.size += event["dataLength"]
            elif name == "loadingFinished":
                hop.finished = event
            elif name == "loadingFailed":
                hop.failed = event
                hop.sent["type"] = event.get("type", hop.sent.get("type"))
    for id_, chain in chains.items():
        expecting = [hop for hop in chain if hop.expects_extra]
        for hop, extra in zip(expecting, request_extras.get(id_, ()), strict=False):
            hop.request_extra = extra
        for hop, extra in zip(expecting, response_extras.get(id_, ()), strict=False):
            hop.response_extra = extra
    return order


def har(
    log: list[Hop], page: str = "page_1", title: str = "", version: str = "537.36", sanitised: bool = False
) -> dict[str, Any]:
    """The HAR document of a log. `sanitised` leaves out what Chrome's default export does since version 130."""
    started = _time(log[0].sent["wallTime"]) if log else _time(0)
    pages = [{"startedDateTime": started, "id": page, "title": title, "pageTimings": {}}]
    entries = [_entry(hop, page, sanitised) for hop in log]
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "WebInspector", "version": version},
            "pages": pages,
            "entries": entries,
        }
    }


def _entry(hop: Hop, page: str, sanitised: bool) -> dict[str, Any]:
    response = hop.response or {}
    ends = (hop.finished or hop.failed or {}).get("timestamp", hop.sent["timestamp"])
    duration = max(0.0, (ends - hop.sent["timestamp"]) * 1000)
    address = response.get("remoteIPAddress", "")
    entry: dict[str, Any] = {
        "_initiator": hop.sent.get("initiator", {"type": "other"}),
        "_priority": hop.sent["request"].get("initialPriority", "High"),
        "_resourceType": (hop.sent.get("type") or "Other").lower(),
        "cache": {},
        "pageref": page,
        "request": _request(hop, sanitised),
        "response": _response(hop, sanitised),
        "serverIPAddress": address,
        "startedDateTime": _time(hop.sent["wallTime"]),
        "time": duration,
        "timings": {"blocked": -1, "dns": -1, "ssl": -1, "connect": -1, "send": 0, "wait": duration, "receive": 0},
    }
    if hop.cached:
        entry["_fromCache"] = "memory"
    elif response.get("fromDiskCache"):
        entry["_fromCache"] = "disk"
    if response.get("connectionId"):
        entry["_connectionId"] = entry["connection"] = str(response["connectionId"])
    return entry


def _request(hop: Hop, sanitised: bool) -> dict[str, Any]:
    sent = hop.sent["request"]
    fields = hop.request_extra.get("headers") or sent["headers"]
    url = sent["url"]
    query = [{"name": n, "value": v} for n, v in parse_qsl(urlsplit(url).query, keep_blank_values=True)]
    request = {
        "method": sent["method"],
        "url": url,
        "httpVersion": _version(hop) if hop.request_extra or hop.response else "",
        "headers": _fields(fields, sanitised, {"cookie", "authorization"}),
        "queryString": query,
        "cookies": [],
        "headersSize": -1,
        "bodySize": len(sent.get("postData", "").encode()),
    }
    if "postData" in sent:
        kind = next((v for n, v in fields.items() if n.lower() == "content-type"), "")
        request["postData"] = {"mimeType": kind, "text": sent["postData"]}
    return request


def _response(hop: Hop, sanitised: bool) -> dict[str, Any]:
    response = hop.response or {}
    extra = hop.response_extra
    fields = extra.get("headers") or response.get("headers", {})
    status = extra.get("statusCode") or response.get("status", 0)
    location = next((v for n, v in fields.items() if n.lower() == "location"), "")
    answer: dict[str, Any] = {
        "status": status,
        "statusText": response.get("statusText", ""),
        "httpVersion": _version(hop) if status else "",
        "headers": _fields(fields, sanitised, {"set-cookie"}),
        "cookies": [],
        "content": {"size": hop.size, "mimeType": response.get("mimeType", "x-unknown")},
        "redirectURL": location,
        "headersSize": -1,
        "bodySize": -1,
        "_transferSize": (hop.finished or {}).get("encodedDataLength", 0),
        "_error": hop.failed["errorText"] if hop.failed else None,
        "_fetchedViaServiceWorker": response.get("fromServiceWorker", False),
    }
    return answer


def _version(hop: Hop) -> str:
    protocol = (hop.response or {}).get("protocol", "")
    return {"h2": "http/2.0", "": "HTTP/1.1"}.get(protocol, protocol)


def _fields(fields: dict[str, str], sanitised: bool, secret: set[str]) -> list[dict[str, str]]:
    return [
        {"name": name, "value": line}
        for name, value in fields.items()
        if not (sanitised and name.lower() in secret)
        for line in value.split("\n")
    ]


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
