"""Following a request through systems: trace context, request ids, and how long things took."""

from __future__ import annotations

import re

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, Around, known, reads, row
from inspector.fieldguide.say import identity, misfit, number, odd, quote, quoted, sentence, sentences
from inspector.fields.cache_control import split_list
from inspector.fields.parameters import parse_parameters
from inspector.fields.trace_context import parse_traceparent
from inspector.words import duration, listed, milliseconds, moment

_B3 = "https://github.com/openzipkin/b3-propagation"
_SHAREPOINT = "https://learn.microsoft.com/openspecs/sharepoint_protocols/ms-wsshp/"
_MILLISECONDS = ("x-envoy-upstream-service-time", "sprequestduration", "spiislatency")
_DATADOG = "https://docs.datadoghq.com/tracing/trace_collection/trace_context_propagation/"


@reads(
    row(
        "traceparent",
        BOTH,
        "Which distributed trace this belongs to, so that all systems it passes file their records together.",
        "https://www.w3.org/TR/trace-context/#traceparent-header",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ),
    row(
        "elastic-apm-traceparent",
        REQUEST,
        "The same as `traceparent`, under the name Elastic used before the standard.",
        "https://www.w3.org/TR/trace-context/#traceparent-header",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ),
)
def traceparent(value: str) -> str:
    """Trace, span and whether it is recorded."""
    parsed = parse_traceparent(value)
    if parsed is None:
        return misfit("a trace context", "so the next system begins a new trace")
    kept = "the sender records it" if parsed.sampled else "the sender does not record it"
    return f"Trace {quote(parsed.trace)}, sent by span {quote(parsed.parent)}; {kept}."


@reads(
    row(
        "tracestate",
        BOTH,
        "What each tracing product adds to `traceparent` for its own use.",
        "https://www.w3.org/TR/trace-context/#tracestate-header",
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
    )
)
def tracestate(value: str) -> str:
    """Vendors."""
    vendors = [member.partition("=")[0] for member in value.split(",") if "=" in member]
    return f"From {quoted(vendors)}." if vendors else "Empty."


@reads(
    row(
        "baggage",
        BOTH,
        "Facts that travel along with a trace, for every system on the way to read.",
        "https://www.w3.org/TR/baggage/#baggage-http-header-format",
        "userTier=gold,region=eu",
    )
)
def baggage(value: str) -> str:
    """Names of members."""
    names = [member.partition("=")[0].strip() for member in value.split(",") if "=" in member]
    return f"It has {quoted(names)}." if names else "Empty."


@reads(
    row(
        "sentry-trace",
        REQUEST,
        "Which trace this belongs to, for Sentry.",
        "https://develop.sentry.dev/sdk/telemetry/traces/",
        "771a43a4192642f0b136d5159a501700-7a1f3c2b4d5e6f70-1",
    ),
    row(
        "b3",
        REQUEST,
        "Which trace this belongs to, for Zipkin.",
        _B3,
        "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1",
    ),
    row(
        "uber-trace-id",
        REQUEST,
        "Which trace this belongs to, for Jaeger.",
        "https://www.jaegertracing.io/sdk-migration/#propagation-format",
        "80f198ee56343ba864fe8b2a57d3eff7:e457b5a2e4d86bd1:0:1",
    ),
)
def compact_trace(value: str) -> str:
    """Trace, span and flags in one."""
    parts = re.split("[-:]", value.strip())
    if len(parts) < 2:
        return {"0": "Not to be recorded.", "1": "To be recorded.", "d": "To be recorded, for debugging."}.get(
            value.strip(), ""
        )
    last = parts[-1] if len(parts) > 2 else ""
    kept = {"0": "; not recorded", "1": "; recorded", "d": "; recorded for debugging"}.get(last, "")
    return f"Trace {quote(parts[0], 40)}, span {quote(parts[1], 40)}{kept}."


@reads(
    row("X-B3-TraceId", BOTH, "Which trace this belongs to, for Zipkin.", _B3, "80f198ee56343ba864fe8b2a57d3eff7"),
    row("X-B3-SpanId", BOTH, "Which span of a Zipkin trace this is.", _B3, "e457b5a2e4d86bd1"),
    row("X-B3-ParentSpanId", REQUEST, "Which span of a Zipkin trace caused this one.", _B3, "05e3ac9a4f6e3b90"),
    row("X-Datadog-Trace-Id", REQUEST, "Which trace this belongs to, for Datadog.", _DATADOG, "1234567890123456789"),
    row(
        "X-Datadog-Parent-Id",
        REQUEST,
        "Which span of a Datadog trace caused this request.",
        _DATADOG,
        "9876543210987654321",
    ),
    row(
        "X-Request-ID",
        BOTH,
        "A label for this one exchange, to be found again in the logs of all who saw it; a convention.",
        "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-request-id",
        "7b92f3c2-5d5e-4a39-9d4f-0a1b2c3d4e5f",
    ),
    row(
        "X-Correlation-ID",
        BOTH,
        "A label for a whole transaction of several requests, to be found again in logs; a convention.",
        "https://microsoft.github.io/code-with-engineering-playbook/observability/correlation-id/",
        "7b92f3c2-5d5e-4a39-9d4f-0a1b2c3d4e5f",
    ),
    row(
        "Request-Id",
        BOTH,
        "A label for this one exchange; Microsoft's before `traceparent`, and others' by convention.",
        "https://github.com/dotnet/runtime/blob/main/src/libraries/System.Diagnostics.DiagnosticSource/src/HttpCorrela"
        "tionProtocol.md",
        "|7e2f8b1c.1.",
    ),
    row(
        "X-Transaction-ID",
        BOTH,
        "A label for this one exchange, to be found again in logs; a convention.",
        "https://www.w3.org/TR/trace-context/#problem-statement",
        "d3701a2205e4f62b",
    ),
    row(
        "SPRequestGuid",
        RESPONSE,
        "SharePoint's label for this request.",
        _SHAREPOINT,
        "7b92f3c2-5d5e-4a39-9d4f-0a1b2c3d4e5f",
    ),
    row(
        "X-NewRelic-ID",
        REQUEST,
        "Which New Relic account watches the caller, to join its records with the server's.",
        "https://docs.newrelic.com/docs/distributed-tracing/concepts/how-new-relic-distributed-tracing-works/",
        "VQcDUFVVGwIJUVVQBAc=",
    ),
    row(
        "newrelic",
        REQUEST,
        "Which trace this belongs to, for New Relic.",
        "https://docs.newrelic.com/docs/distributed-tracing/concepts/how-new-relic-distributed-tracing-works/",
        "eyJ2IjpbMCwxXX0=",
    ),
)
def identifier(value: str) -> str:
    """An id."""
    return identity(value)


@reads(
    row("X-B3-Sampled", BOTH, "Whether the trace is recorded, for Zipkin.", _B3, "1"),
    row("X-B3-Flags", REQUEST, "Whether the trace is recorded for debugging, for Zipkin.", _B3, "1"),
    row("X-Datadog-Sampling-Priority", REQUEST, "Whether the trace is recorded, for Datadog.", _DATADOG, "1"),
)
def sampled(value: str) -> str:
    """A decision."""
    words = {
        "1": "It is.",
        "0": "It is not.",
        "2": "It is, because somebody asked for it.",
        "-1": "It is not, because somebody said so.",
    }
    words |= {"true": "It is.", "false": "It is not.", "d": "It is, for debugging."}
    return words.get(value.strip().lower()) or odd(value)


@reads(
    row(
        "X-Amzn-Trace-Id",
        BOTH,
        "Which trace this belongs to, for AWS X-Ray; load balancers add it.",
        "https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    )
)
def xray(value: str) -> str:
    """The root, which holds a time, and the decision."""
    parts = dict(part.strip().split("=", 1) for part in value.split(";") if "=" in part)
    root = re.fullmatch(r"1-([0-9a-f]{8})-[0-9a-f]{24}", parts.get("Root", ""))
    if root is None:
        return misfit("an X-Ray trace (`Root=1-…`)")
    kept = {"1": "recorded", "0": "not recorded", "?": "the receiver decides whether to record"}.get(
        parts.get("Sampled", "")
    )
    return sentence(f"the trace began on {moment(int(root[1], 16))}{f'; {kept}' if kept else ''}")


@reads(
    row(
        "X-Cloud-Trace-Context",
        BOTH,
        "Which trace this belongs to, for Google Cloud.",
        "https://cloud.google.com/trace/docs/trace-context",
        "105445aa7843bc8bf206b12000100000/1;o=1",
    )
)
def cloud_trace(value: str) -> str:
    """Trace, span and decision."""
    match = re.fullmatch(r"([0-9a-f]{32})(?:/([0-9]{1,20}))?(?:;o=([0-9]))?", value.strip())
    if match is None:
        return misfit("a trace (`trace/span;o=1`)")
    kept = {"1": "; recorded", "0": "; not recorded"}.get(match[3] or "", "")
    return f"Trace {quote(match[1])}{kept}."


APPLICATION = known(
    row(
        "Request-Context",
        BOTH,
        "Which Azure Application Insights resource watches the sender.",
        "https://learn.microsoft.com/azure/azure-monitor/app/asp-net-dependencies",
        "appId=cid-v1:24dd895f-b4e2-45a2-a35d-d1ac9118fda7",
    )
)


@reads(
    row(
        "Server-Timing",
        RESPONSE,
        "What the server says about where its time went; scripts of the page and developer tools can read it.",
        "https://www.w3.org/TR/server-timing/#the-server-timing-header-field",
        'db;dur=53.2, cache;desc="hit", total;dur=123.4',
    )
)
def server_timing(value: str) -> str:
    """Metrics with durations and descriptions."""
    said = []
    for member in split_list(value):
        parsed = parse_parameters(member)
        text = quote(parsed.value, 30)
        length = _float(parsed.parameters.get("dur", ""))
        if length is not None:
            text += f" took {milliseconds(length)}"
        if described := parsed.parameters.get("desc"):
            text += f" ({quote(described, 40)})"
        said.append(text)
    return f"{listed(said)}." if said else "No metric."


def _float(text: str) -> float | None:
    text = text.strip()
    if not re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", text, re.ASCII):
        return None
    return float(text)


@reads(
    row(
        "X-Runtime",
        RESPONSE,
        "How long the application took, in seconds; Rack's (Ruby on Rails).",
        "https://guides.rubyonrails.org/rails_on_rack.html",
        "0.008182",
    ),
    row(
        "X-Envoy-Upstream-Service-Time",
        RESPONSE,
        "How long the server behind an Envoy proxy took, in milliseconds.",
        "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-upstream-se"
        "rvice-time",
        "36",
    ),
    row(
        "X-Response-Time",
        RESPONSE,
        "How long the server took, by its own account; a convention.",
        "https://expressjs.com/en/resources/middleware/response-time.html",
        "2.229ms",
    ),
    row("SPRequestDuration", RESPONSE, "How long SharePoint took, in milliseconds.", _SHAREPOINT, "84"),
    row("SPIisLatency", RESPONSE, "How long the request waited for SharePoint, in milliseconds.", _SHAREPOINT, "2"),
)
def took(value: str, around: Around) -> str:
    """A duration in the unit its name or value tells."""
    text = value.strip()
    unit = re.fullmatch(r"([0-9.]{1,20})\s*(ms|s)?", text, re.ASCII)
    length = _float(unit[1]) if unit is not None else None
    if unit is None or length is None:
        return odd(text)
    if unit[2] == "s" or around.name == "x-runtime":
        return f"{duration(length)}."
    if unit[2] == "ms" or around.name in _MILLISECONDS:
        return f"{milliseconds(length)}."
    return "The unit is not told."


@reads(
    row(
        "X-Request-Time",
        RESPONSE,
        "How long the server took and when it began; some Apache servers are set to say so in this form.",
        "https://httpd.apache.org/docs/current/mod/mod_headers.html#header",
        "D=183 t=1440877499781854",
    )
)
def apache_time(value: str) -> str:
    """Microseconds."""
    parts = dict(part.split("=", 1) for part in value.split() if "=" in part)
    spent, began = number(parts.get("D", "")), number(parts.get("t", ""))
    if spent is None and began is None:
        return odd(value)
    return sentences(
        f"Handled in {spent / 1000:g} ms" if spent is not None else "",
        f"Begun on {moment(began / 1e6)}" if began is not None else "",
    )


@reads(
    row(
        "traceresponse",
        RESPONSE,
        "Which trace the server filed this under, in answer to `traceparent`.",
        "https://www.w3.org/TR/trace-context-2/",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
)
def traceresponse(value: str) -> str:
    """Like `traceparent`."""
    parsed = parse_traceparent(value)
    return f"Trace {quote(parsed.trace)}." if parsed is not None else odd(value)
