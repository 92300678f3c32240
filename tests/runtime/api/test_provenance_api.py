"""Every result leads back to what it came of, also after another attempt."""

import hashlib

import pytest

from stationd.actors.stages.snapshot import SNAPSHOT, encoded
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode
from stationd.proto.job import JobSpec, Ticket
from stationd.proto.jobs_protocol import Failure, ImportCalibration, Retry
from stationd.proto.program import Axis, Circuits, NativeCircuit, NullProgram, Sweep
from stationd.proto.provenance import (
    CompiledOrigin,
    Provenance,
    ProvenanceAnswer,
    ReadProvenance,
)
from stationd.proto.result import CompiledResult
from stationd.proto.status import RemoteRetryStrategy
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import VersionsSeen, WorkStored
from stationd.runtime.live import WORK_ENCODER, StoredWork
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import NOW, Bench, a_bench, committed_until, job_id

pytestmark = pytest.mark.anyio

SWEEP = JobSpec(work=Sweep(axes=((Axis("c.x", (1.0, 2.0)),),), returns=("c.y",), name="t1"))
SET = job_id(70)
CIRCUITS = JobSpec(
    work=Circuits(
        programs=(NullProgram(name="p"), NullProgram(name="q")), n_shots=(3, 4), target="a", seed=7
    ),
    name="pair",
)


async def provenance(bench: Bench, item: int = 0) -> Provenance:
    reply = await asked(bench, ReadProvenance(5, job_id(1), item))
    assert isinstance(reply, ProvenanceAnswer), reply
    assert reply.request == 5
    return reply.provenance


def begun(bench: Bench, ticket: Ticket) -> None:
    bench.report("c", wire.Armed(ticket), wire.Started(ticket, NOW))
    bench.commit()


async def measured(bench: Bench, ticket: Ticket) -> None:
    standing = encoded({"x": 0.5, "mode": None})
    header = wire.Data(ticket, 0, SNAPSHOT, 0, 0, "|u1", (1, standing.nbytes))
    bench.instruments.data("c", header, standing.tobytes())
    for index in range(2):
        header = wire.Data(ticket, index + 1, "y", 0, index, "<f8", (1,))
        bench.instruments.data("c", header, bytes(8))
    bench.report("c", wire.Finished(ticket, 3, NOW))
    await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)


async def test_a_sweeps_result_leads_to_job_ticket_controllers_and_program() -> None:
    async with a_bench() as bench:
        for name, versions in (("", {"stationd": "1"}), ("c", {"Python": "3"})):
            bench.journal.write([VersionsSeen(name, NOW - 9, versions)], lambda _: None)
        ticket = bench.queued(1, SWEEP)
        bench.clock.now += 5
        begun(bench, ticket)
        await measured(bench, ticket)
        # What runs later is not what ran then.
        bench.clock.now += 5
        bench.journal.write([VersionsSeen("c", bench.clock.now, {"Python": "4"})], lambda _: None)
        found = await provenance(bench)
        assert (found.job, found.number, found.item, found.attempt) == (job_id(1), 1, 0, 1)
        assert (found.ticket, found.executed_attempt) == (ticket.number, 1)
        assert (found.created_unix_s, found.executed_unix_s) == (NOW, NOW + 5)
        assert found.daemon == {"stationd": "1"}
        (controller,) = found.controllers
        assert (controller.name, controller.driver) == ("c", "null")
        assert controller.versions == {"Python": "3"}
        assert controller.settings == {"x": 0.5, "mode": None}
        assert found.program == SWEEP.work
        assert found.artifact is not None
        stored = await bench.journal.artifact(found.artifact.id)
        assert stored is not None
        assert stored.data is not None
        assert hashlib.sha256(stored.data).hexdigest() == found.artifact.sha256


async def test_an_attempt_that_was_followed_by_another_keeps_its_ticket() -> None:
    async with a_bench() as bench:
        first = bench.queued(1, CIRCUITS)
        bench.run("a", first)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        strategy = RemoteRetryStrategy.FULL_RESTART
        await asked(bench, Retry(2, job_id(1), 1, strategy, ("COMPLETED",)))
        await committed_until(bench, lambda: bench.live(1).ticket is not None)
        second = bench.live(1).ticket
        assert second is not None
        found = await provenance(bench, 1)
        # The second attempt has no result yet: what there is came of the first.
        assert (found.attempt, found.ticket) == (1, first.number)
        assert (found.seed, found.n_shots, found.program_name) == (7, 4, "q")
        bench.run("a", second)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        found = await provenance(bench, 1)
        assert (found.attempt, found.ticket) == (2, second.number)


async def test_the_calibration_set_is_named_with_its_time() -> None:
    async with a_bench() as bench:
        await asked(bench, ImportCalibration(1, SET, "a", (), "today", use=True))
        bench.clock.now += 60
        bench.queued(1, CIRCUITS)
        found = (await provenance(bench)).calibration
        assert found is not None
        assert (found.id, found.name, found.created_unix_s) == (SET, "today", NOW)


class Untouched(MemoryJournal):
    """A journal whose stored work nobody asks for: that would be decoded in the daemon's loop."""

    async def work(self, number: int) -> bytes | None:
        raise AssertionError(number)


async def test_what_the_compiler_made_is_looked_up_by_the_journals_reader() -> None:
    made = CompiledResult(
        native=NativeCircuit(instructions=(), n_bits=0),
        openqasm="OPENQASM 3.0;",
        depth=4,
        two_qubit_gates=2,
    )
    async with a_bench(Untouched(manual=True)) as bench:
        bench.queued(1, CIRCUITS)
        work = WORK_ENCODER.encode(StoredWork({}, {1: made}))
        bench.journal.write([WorkStored(1, 1, work)], lambda _: None)
        digest = hashlib.sha256(b"OPENQASM 3.0;").hexdigest()
        assert (await provenance(bench, 1)).compiled == CompiledOrigin(
            sha256=digest, depth=4, two_qubit_gates=2
        )
        assert (await provenance(bench, 0)).compiled is None


async def test_what_has_not_run_has_neither_ticket_nor_controllers() -> None:
    async with a_bench() as bench:
        bench.queued(1, CIRCUITS)
        found = await provenance(bench)
        assert found.artifact is None
        assert (found.ticket, found.controllers, found.executed_unix_s) == (None, (), None)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (ReadProvenance(1, job_id(9)), ErrorCode.UNKNOWN_JOB),
        (ReadProvenance(1, job_id(1), 2), ErrorCode.INVALID_REQUEST),
    ],
)
async def test_what_is_not_there_is_refused(request_: ReadProvenance, code: ErrorCode) -> None:
    async with a_bench() as bench:
        bench.queued(1, CIRCUITS)
        reply = await asked(bench, request_)
        assert isinstance(reply, Failure)
        assert reply.error.code is code
