"""Keeping what passed: as a flow file of mitmproxy or as a HAR file, whole after every exchange."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from inspector.capture.har_write import HarWriter
from inspector.exchange import Exchange
from inspector.proxy.options import ProxyError, reason
from inspector.report import ExchangeReport

if TYPE_CHECKING:
    from mitmproxy import http

    from inspector.proxy.addon import Saver


def open_saver(path: Path) -> Saver:
    """Begin a file, replacing what was there. Its name's end chooses the form. It is for its owner alone: it will hold
    cookies and passwords as they were sent.

    Raises:
        ProxyError: it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise ProxyError(f"cannot write {path}: {reason(error)}") from error
    file = os.fdopen(descriptor, "r+b", buffering=0 if path.suffix.lower() == ".har" else -1)
    return HarSaver(file) if path.suffix.lower() == ".har" else FlowSaver(file)


class FlowSaver:
    """A flow file, written by mitmproxy's own writer; comment, marker and metadata of each flow included."""

    def __init__(self, file: BinaryIO) -> None:
        from mitmproxy.io import FlowWriter

        self._file = file
        self._writer = FlowWriter(file)  # type: ignore[no-untyped-call]

    def add(self, exchange: Exchange, report: ExchangeReport, flow: http.HTTPFlow) -> None:
        """Append a flow. Raises OSError."""
        self._writer.add(flow)
        self._file.flush()

    def close(self) -> None:
        """Close the file. Raises OSError."""
        self._file.close()


class HarSaver:
    """A HAR file, complete and valid after each exchange, so that nothing is lost whatever happens next."""

    def __init__(self, file: BinaryIO) -> None:
        self._writer = HarWriter(file)

    def add(self, exchange: Exchange, report: ExchangeReport, flow: http.HTTPFlow) -> None:
        """Append an entry with its findings. Raises OSError."""
        self._writer.add(exchange, report.annotations)

    def close(self) -> None:
        """Close the file. Raises OSError."""
        self._writer.close()
