"""Traces reach a collector that speaks OTLP, and nothing waits for one that does not answer."""

import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer

import anyio
import pytest
from anyio import to_thread
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

from stationd.actors.about import AT_WORK, About
from stationd.proto import instruments_protocol as wire
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.tracing import otlp, tracer
from stationd.runtime.tracing.otlp import Collector
from stationd.runtime.tracing.spans import Span, trace_id
from stationd.runtime.tracing.tracer import Tracer
from tests.runtime.bench import Bench, a_bench, committed_until, job_id

pytestmark = pytest.mark.anyio


class Receiver(HTTPServer):
    """A collector: takes what the exporter sends, as the protocol says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.taken: list[ExportTraceServiceRequest] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"


class _Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - as in the base
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
    thread.start()
    yield receiver
    receiver.shutdown()
    thread.join()
    receiver.server_close()


class Sent:
    """Remembers what is sent, and loses what a test wants lost."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.calls = 0
        self.may_send = threading.Event()
        self.may_send.set()
        self.arrives = True

    def send(self, spans: Sequence[Span]) -> bool:
        assert self.may_send.wait(60)
        self.calls += 1
        self.spans += spans
        return self.arrives


async def until(done: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        # A thread does it, which cannot set an event of the loop's.
        while not done():  # noqa: ASYNC110
            await anyio.sleep(0.001)


def run_a_job(bench: Bench, found: Tracer) -> None:
    """Run a job as far as its controller has to do with it; the rest takes commits."""
    bench.dispatch.ended = found.over
    ticket = bench.queued(1)
    for report in (
        wire.Armed(ticket),
        wire.Started(ticket, bench.clock.now),
        wire.Finished(ticket, 0, bench.clock.now + 1.0),
    ):
        found.reported("a", report)
        bench.report("a", report)


async def test_a_job_becomes_a_trace_at_a_collector(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a busy machine has not sent by then would be dropped.
    monkeypatch.setattr(otlp, "TIMEOUT", 60.0)
    collector = Collector(receiver.endpoint, "lab", "1.2.3")
    async with a_bench() as bench:
        found = Tracer(bench.journal, collector)
        bench.station.tasks.start_soon(found.run)
        run_a_job(bench, found)
        await committed_until(bench, lambda: bool(receiver.taken))
    await to_thread.run_sync(collector.close)
    services: dict[str, list[str]] = {}
    for group in receiver.taken[0].resource_spans:
        about = {one.key: one.value.string_value for one in group.resource.attributes}
        assert (about["stationd.station"], about["service.version"]) == ("lab", "1.2.3")
        names = [span.name for scope in group.scope_spans for span in scope.spans]
        services.setdefault(about["service.name"], []).extend(names)
        for scope in group.scope_spans:
            for span in scope.spans:
                assert int.from_bytes(span.trace_id) == trace_id(job_id(1), 1)
    assert services["stationd-controller"] == ["execute a"]
    assert services["stationd"][0] == "job"
    assert {"queue", "execute"} < set(services["stationd"])


async def test_what_a_worker_did_belongs_to_the_stage_that_asked_for_it() -> None:
    sent = Sent()
    async with a_bench() as bench:
        found = Tracer(bench.journal, sent)
        found.called("warm_up", 1.0, 2.0, 3.0)
        token = AT_WORK.set(About(job=job_id(1), attempt=1, stage="validate"))
        found.called("check", 1.0, 2.0, 3.0)
        AT_WORK.reset(token)
        run_a_job(bench, found)
        bench.station.tasks.start_soon(found.run)
        await committed_until(bench, lambda: sent.calls == 1)
    (work,) = [span for span in sent.spans if span.service == "stationd-worker"]
    assert work.name == "validate check"
    assert work.attributes["stationd.worker.waited_s"] == 1.0
    assert sent.spans[0].attributes["stationd.status"] == str(S.READY)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in caplog.records if record.name == tracer.__name__]


async def test_a_collector_that_does_not_answer_costs_traces_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", tracer.__name__)
    monkeypatch.setattr(tracer, "MOST_WAITING", 2)
    sent = Sent()
    sent.may_send.clear()
    sent.arrives = False
    async with a_bench() as bench:
        bench.queued(1)
        live = bench.dispatch.get(job_id(1))
        assert live is not None
        found = Tracer(bench.journal, sent)
        for _ in range(5):
            found.over(live)
        assert found.dropped == 3
        bench.station.tasks.start_soon(found.run)
        sent.may_send.set()
        await until(lambda: found.dropped == 5)
        sent.arrives = True
        found.over(live)
        await until(lambda: sent.calls == 2)
        await until(lambda: len(said(caplog)) == 2)
    assert said(caplog) == ["WARNING", "INFO"]


def test_a_collector_that_is_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "TIMEOUT", 0.05)
    away = Receiver()
    away.server_close()
    collector = Collector(away.endpoint, "lab", "1.2.3")
    span = Span(
        trace=1, id=2, parent=0, service="stationd", name="x", start_ns=0, end_ns=1, attributes={}
    )
    assert not collector.send([span])
    collector.close()
