"""Traces (OpenTelemetry): from the HTTP request through outbox and Kafka to the last consumer.

Without a collector (`KC_OTLP_ENDPOINT`) nothing is recorded; the caller's `traceparent` still
travels along, so that a trace begun outside can be found in logs and records.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanContext, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.records import Delivery, headers_of

_propagator = TraceContextTextMapPropagator()


def configure(service: str, endpoint: str) -> None:
    """Export spans to a collector; without an endpoint do nothing."""
    if endpoint:
        # only here: they bring protobuf and requests, which nobody else needs
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider = TracerProvider(resource=Resource.create({"service.name": service}))
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(provider)


def flush() -> None:
    """Send what is still here; called at the end of the process."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()


@contextmanager
def request(method: str, traceparent: str | None) -> Iterator[None]:
    """A span around one HTTP request, below the caller's span."""
    if traceparent is None and not isinstance(trace.get_tracer_provider(), TracerProvider):
        yield
        return
    context = _propagator.extract({"traceparent": traceparent} if traceparent else {})
    tracer = trace.get_tracer(__name__)
    with tracer.start_as_current_span(method, context, SpanKind.SERVER):
        yield


def name_request(method: str, route: str) -> None:
    """Name the running span by its route, which is known only after the routing."""
    trace.get_current_span().update_name(f"{method} {route}" if route else method)


@contextmanager
def batch(service: str, deliveries: Sequence[Delivery]) -> Iterator[None]:
    """One span around a batch, linked to the span of every record in it."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        yield
        return
    links = [Link(context) for d in deliveries if (context := _context_of(d)) is not None]
    tracer = trace.get_tracer(__name__)
    name = f"{service} process"
    with tracer.start_as_current_span(name, kind=SpanKind.CONSUMER, links=links) as span:
        span.set_attribute("messaging.batch.message_count", len(deliveries))
        yield


def current() -> str | None:
    """The `traceparent` to hand on, if there is a trace."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def _context_of(delivery: Delivery) -> SpanContext | None:
    carrier = {"traceparent": headers_of(delivery.record).get("traceparent", "")}
    context = trace.get_current_span(_propagator.extract(carrier)).get_span_context()
    return context if context.is_valid else None
