"""For people who run their own mitmproxy, mitmweb or mitmdump: what the files in ``addons/`` are made of.

    addons = explain("cors")

gives add-ons that put findings where those tools show them: a comment and a sign beside the flow, data in its
metadata (saved with it), a content view named "Inspector", and a line in the log for what is worth one.
"""

from __future__ import annotations

import logging
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import msgspec
from mitmproxy import contentviews, ctx

from inspector.engine import EVERYTHING, Engine, Options
from inspector.exchange import Recorder
from inspector.proxy.annotate import Annotated, Annotator, findings_of
from inspector.proxy.idle import note_idle_ends
from inspector.proxy.watch import Watcher
from inspector.render.escape import clipped
from inspector.report import Severity

if TYPE_CHECKING:
    from mitmproxy import http
    from mitmproxy.addonmanager import Loader

LOG_OPTION = "inspector_log"
REVEAL_OPTION = "inspector_reveal"
VIEW = "Inspector"

_OFF = "off"
_LEVELS = {Severity.ERROR: logging.WARNING, Severity.WARNING: logging.WARNING}
_log = logging.getLogger("inspector")


def explain(*topics: str) -> list[object]:
    """Add-ons that explain these topics of every exchange, or all there are if none is named.

    They change nothing of what passes. Several of them can be loaded together.
    """
    name = "-".join(("inspector", *topics)) if topics else "inspector-all"
    return [Watcher(f"{name}-watcher"), Explainer(name, Options(only=frozenset(topics)))]


class Explainer:
    """Explains an exchange when it ends and marks its flow, before mitmproxy saves it.

    `options` says what is told, `hosts` (patterns such as ``*.shop.test``) of whom: of all, if empty.
    """

    def __init__(self, name: str, options: Options = EVERYTHING, hosts: tuple[str, ...] = ()) -> None:
        self.name = name
        self._options = options
        self._hosts = tuple(host.lower() for host in hosts)
        self._annotator: Annotator | None = None

    def load(self, loader: Loader) -> None:
        """Register options and the content view, and have mitmproxy keep why it ended a connection."""
        note_idle_ends()
        loader.add_option(
            LOG_OPTION,
            str,
            Severity.WARNING.value,
            "The least grave findings that inspector logs: error, warning, note, info, or off.",
            choices=[_OFF, *(severity.value for severity in Severity)],
        )
        loader.add_option(
            REVEAL_OPTION, bool, False, "Show cookies, tokens and passwords in findings instead of placeholders."
        )
        if VIEW.lower() not in contentviews.registry:
            contentviews.add(InspectorView())

    def configure(self, updated: set[str]) -> None:
        """Begin anew where findings are to look different."""
        if REVEAL_OPTION in updated:
            self._annotator = None

    def response(self, flow: http.HTTPFlow) -> None:
        """An exchange is complete, unless it only now becomes a conversation."""
        if flow.websocket is None:
            self._explain(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """An exchange failed."""
        self._explain(flow)

    def http_connect_error(self, flow: http.HTTPFlow) -> None:
        """A tunnel could not be made."""
        self._explain(flow)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """A conversation ended."""
        self._explain(flow)

    def _explain(self, flow: http.HTTPFlow) -> None:
        if flow.request.data.host == getattr(ctx.options, "onboarding_host", None):
            return
        if self._hosts and not any(fnmatchcase(flow.request.pretty_host.lower(), host) for host in self._hosts):
            return
        if self._annotator is None:
            reveal = self._options.reveal or bool(getattr(ctx.options, REVEAL_OPTION, False))
            options = msgspec.structs.replace(self._options, reveal=reveal)
            self._annotator = Annotator(Engine(options), Recorder("proxy", "mitmproxy", vantage="proxy"))
        annotated = self._annotator.annotate(flow)
        if annotated.report.annotations:
            self._tell(annotated)

    def _tell(self, annotated: Annotated) -> None:
        chosen = getattr(ctx.options, LOG_OPTION, Severity.WARNING.value)
        if chosen == _OFF:
            return
        least = Severity(chosen)
        report = annotated.report
        for annotation in report.annotations:
            if annotation.severity.at_least(least):
                _log.log(
                    _LEVELS.get(annotation.severity, logging.INFO),
                    "%s %s: [%s] %s (%s)",
                    clipped(report.method, 20),
                    clipped(report.url, 200),
                    annotation.severity,
                    clipped(annotation.title, 300),
                    annotation.rule,
                )


class InspectorView(contentviews.Contentview):
    """The findings of a flow as text. mitmproxy asks for it only where the message has content in the flow."""

    @property
    def name(self) -> str:
        """What it is called in the list of views."""
        return VIEW

    def prettify(self, data: bytes, metadata: contentviews.Metadata) -> str:
        """All findings; the content itself plays no part."""
        from mitmproxy import http

        if not isinstance(metadata.flow, http.HTTPFlow):
            return "Findings are about HTTP exchanges."
        found = findings_of(metadata.flow)
        return "\n\n".join(map(finding_text, found)) if found else "Nothing was found to say about this exchange."

    def render_priority(self, data: bytes, metadata: contentviews.Metadata) -> float:
        """Never chosen unasked: the content is what people expect to see."""
        return -1


def finding_text(finding: dict[str, Any]) -> str:
    """One finding, as it is kept in a flow, as a few lines of text."""
    lines = [f"[{finding.get('severity')}] {finding.get('title')}  ({finding.get('rule')})", f"{finding.get('detail')}"]
    if finding.get("condition"):
        lines.append(f"Depends: {finding['condition']}")
    evidence = finding.get("evidence")
    for item in evidence if isinstance(evidence, list) else ():
        if isinstance(item, dict):
            value = item.get("value")
            shown = "(absent)" if value is None else value
            lines.append(f"  {item.get('where')}: {item['name']}: {shown}" if item.get("name") else f"  {shown}")
    if finding.get("fix"):
        lines.append(f"Fix: {finding['fix']}")
    references = finding.get("references")
    lines.extend(f"  {reference}" for reference in (references if isinstance(references, list) else ()))
    return "\n".join(clipped(line, 2000) for line in lines)
