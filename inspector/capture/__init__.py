"""Recordings → `Exchange`: HAR files of any exporter and mitmproxy's flow files, recognised by their content."""

from __future__ import annotations

import os

from inspector.capture.har_file import HarCapture
from inspector.capture.model import Capture, CaptureError, Order
from inspector.capture.recognise import open_recording

__all__ = ["Capture", "CaptureError", "Order", "open_capture"]


def open_capture(path: str | os.PathLike[str]) -> Capture:
    """Open a recording; ``"-"`` is standard input.

    Raises:
        CaptureError: nothing can be read of it. The message is one line and begins with the path.
    """
    opened = open_recording(os.fspath(path))
    if opened.kind == "flows":
        from inspector.capture.mitm import MitmCapture

        return MitmCapture(opened)
    return HarCapture(opened)
