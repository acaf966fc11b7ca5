"""One trace and one correlation id: from the request or record to what it causes."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from chassis.outbox import letter
from chassis.testing import TestApp
from contracts.catalog import RunCancelled
from contracts.enrolment import EnrolmentExpired
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Spans are recorded here for one test."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


async def test_a_batch_is_linked_to_its_causes_and_hands_their_trace_on(
    app: TestApp, spans: InMemorySpanExporter
) -> None:
    event = RunCancelled(run_id=uuid4(), offer_id=uuid4(), cancelled_at=datetime.now(UTC))
    made = letter(event, uuid4(), datetime.now(UTC))
    headers = [
        *((n, v) for n, v in made.headers if n != "ce_correlationid"),
        ("traceparent", TRACEPARENT.encode()),
        ("ce_correlationid", b"one-thread-through-all"),
    ]
    await app.send_raw((made.topic, made.key, made.payload, headers))
    (told,) = await app.heard(EnrolmentExpired, lambda e: e.run_id == event.run_id)
    assert told.meta.traceparent == TRACEPARENT
    assert told.meta.correlation_id == "one-thread-through-all"
    linked = [
        link.context.trace_id
        for span in spans.get_finished_spans()
        if span.name == "enrolment process"
        for link in span.links
    ]
    assert int(TRACE, 16) in linked


async def test_a_request_continues_the_trace_of_its_caller(
    app: TestApp, spans: InMemorySpanExporter
) -> None:
    async with app.http("coordinator", org=uuid4()) as client:
        await client.get("/api/enrolment/notes/1", headers={"traceparent": TRACEPARENT})
    told = {span.context.trace_id for span in spans.get_finished_spans() if span.context}
    assert told == {int(TRACE, 16)}
    assert "GET /api/enrolment/notes/{note_id}" in {s.name for s in spans.get_finished_spans()}


async def test_the_figures_of_a_service_can_be_read(app: TestApp) -> None:
    async with app.client() as client:
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.get("/health/live")).status_code == 200
        text = (await client.get("/metrics")).text
    for figure in (
        "kc_outbox_depth",
        "kc_outbox_age_seconds",
        "kc_consumer_lag_records",
        "kc_consumer_lag_seconds",
        "kc_batch_size",
        "kc_batch_seconds",
        "kc_dead_letters",
        "kc_http_request_seconds",
    ):
        assert figure in text
