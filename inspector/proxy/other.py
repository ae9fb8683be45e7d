"""What passes and is not HTTP: TCP, UDP and DNS, told as what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from inspector import words
from inspector.proxy.notice import Notice
from inspector.render.escape import clipped

if TYPE_CHECKING:
    from mitmproxy import dns, tcp, udp


class Other:
    """An add-on that gives `tell` a line for each conversation when it ends, and keeps none of its content."""

    name = "inspector-other"

    def __init__(self, tell: Callable[[Notice], None]) -> None:
        self._tell = tell
        self._sizes: dict[str, list[int]] = {}  # flow → octets from the client, octets from the server

    def tcp_message(self, flow: tcp.TCPFlow) -> None:
        """Count, and forget all but the message that is being passed on."""
        self._count(flow)

    def udp_message(self, flow: udp.UDPFlow) -> None:
        """Count, and forget all but the message that is being passed on."""
        self._count(flow)

    def tcp_end(self, flow: tcp.TCPFlow) -> None:
        """Told when it is over."""
        self._end(flow, "TCP")

    def tcp_error(self, flow: tcp.TCPFlow) -> None:
        """Told when it broke."""
        self._end(flow, "TCP")

    def udp_end(self, flow: udp.UDPFlow) -> None:
        """Told when it is over."""
        self._end(flow, "UDP")

    def udp_error(self, flow: udp.UDPFlow) -> None:
        """Told when it broke."""
        self._end(flow, "UDP")

    def dns_response(self, flow: dns.DNSFlow) -> None:
        """A name was looked up."""
        self._looked_up(flow)

    def dns_error(self, flow: dns.DNSFlow) -> None:
        """A name was looked up in vain."""
        self._looked_up(flow)

    def _count(self, flow: tcp.TCPFlow | udp.UDPFlow) -> None:
        message = flow.messages[-1]
        sizes = self._sizes.setdefault(flow.id, [0, 0])
        sizes[0 if message.from_client else 1] += len(message.content)
        del flow.messages[:-1]

    def _end(self, flow: tcp.TCPFlow | udp.UDPFlow, kind: str) -> None:
        sent, received = self._sizes.pop(flow.id, (0, 0))
        server = flow.server_conn
        host, port = (server.address or ("?", 0))[:2]
        inside = " inside TLS" if server.tls or flow.client_conn.tls else ""
        lasted = ""
        if server.timestamp_start is not None:
            end = (
                flow.error.timestamp
                if flow.error is not None
                else server.timestamp_end or flow.client_conn.timestamp_end
            )
            lasted = f", {words.duration(end - server.timestamp_start)}" if end is not None else ""
        failed = f"; it failed: {clipped(flow.error.msg, 200)}" if flow.error is not None else ""
        self._tell(
            Notice(
                "other",
                f"{kind}{inside} with {clipped(str(host), 200)}:{port}, not HTTP: {words.octets(sent)} sent, "
                f"{words.octets(received)} received{lasted}{failed}",
                str(host),
            )
        )

    def _looked_up(self, flow: dns.DNSFlow) -> None:
        from mitmproxy.net.dns import response_codes, types

        question = flow.request.questions[0] if flow.request.questions else None
        asked = (
            f"{types.to_str(question.type)} of {clipped(question.name, 200)}" if question is not None else "no question"
        )
        if flow.error is not None:
            answer = clipped(flow.error.msg, 200)
        elif flow.response is None:
            answer = "no answer"
        elif flow.response.answers:
            answer = words.listed(clipped(str(record), 120) for record in flow.response.answers)
        else:
            answer = response_codes.to_str(flow.response.response_code)
        self._tell(Notice("other", f"DNS: {asked}: {answer}", question.name if question is not None else None))
