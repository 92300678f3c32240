"""Spans sent to a collector over HTTP, as OpenTelemetry's own exporter does it.

The exporter is a library of many parts: it is imported when the configuration asks for it. What
else it needs to know (headers, certificates) it reads from its own environment variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stationd.runtime.tracing.spans import Span

TIMEOUT: Final = 10.0
"""Seconds that the exporter tries to send a batch."""


class Collector:
    """Sends spans to a collector. Blocks.

    Args:
        endpoint: The collector's.
        station: The station's name.
        version: Of stationd.
    """

    def __init__(self, endpoint: str, station: str, version: str) -> None:
        self._exporter = OTLPSpanExporter(endpoint=endpoint, timeout=TIMEOUT)
        self._scope = InstrumentationScope("stationd", version)
        self._about = {
            "service.namespace": "stationd",
            "service.instance.id": station,
            "service.version": version,
            "stationd.station": station,
        }
        self._resources: dict[str, Resource] = {}

    def send(self, spans: Sequence[Span]) -> bool:
        """Send spans; return whether the collector has taken them."""
        readable = [self._readable(span) for span in spans]
        return self._exporter.export(readable) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """Send no more; a call that is under way ends soon."""
        # The library gives it no types.
        shutdown: Callable[[], None] = self._exporter.shutdown
        shutdown()

    def _readable(self, span: Span) -> ReadableSpan:
        follows = [] if span.follows is None else [Link(_context(*span.follows))]
        return ReadableSpan(
            name=span.name,
            context=_context(span.trace, span.id),
            parent=_context(span.trace, span.parent) if span.parent else None,
            resource=self._resource(span.service),
            attributes=span.attributes,
            links=follows,
            kind=SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
            start_time=span.start_ns,
            end_time=span.end_ns,
            instrumentation_scope=self._scope,
        )

    def _resource(self, service: str) -> Resource:
        found = self._resources.get(service)
        if found is None:
            found = Resource({**self._about, "service.name": service})
            self._resources[service] = found
        return found


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
