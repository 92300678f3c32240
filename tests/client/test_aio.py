"""The jobs API against a scripted station, on every event loop."""

from functools import partial
from uuid import uuid4

import anyio
import numpy as np
import pytest

import stationd
from stationd import (
    CircuitResult,
    Circuits,
    IncompleteJobItemRef,
    InvalidJob,
    JobError,
    JobExecutorStatus,
    JobNotFinished,
    JobRef,
    JobStatus,
    JobStatusEnum,
    NoUniqueMatch,
    NullProgram,
    Observation,
    OpenQasm,
    ProtocolViolation,
    RemoteRetryStrategy,
    StationUnreachable,
    StatusEnum,
    UnknownCalibrationSet,
    UnknownJob,
    WaitTimeout,
    ZeroMatches,
)
from stationd.aio import jobs
from stationd.client.connection.connection import Connection
from stationd.client.results import download
from stationd.client.scripted.station import ScriptedStation, whole_way
from stationd.proto import jobs_protocol as wire
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import JobSpec, Progress
from stationd.proto.result import Array, NullResult, Result, ShotsResult

pytestmark = pytest.mark.anyio

S = JobExecutorStatus
BELL = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nh q[0];\ncx q[0], q[1];\n'
DRIVER_FAILED = ErrorInfo(ErrorCode.DRIVER_FAILED, "the source does not lock")


def shots(_: JobSpec) -> Result:
    packed = np.packbits(np.array([[0, 0], [1, 1], [1, 1]], dtype=np.uint8), axis=1)
    return ShotsResult(
        shots=3,
        bits=Array(name="bits", dtype="|u1", shape=packed.shape, data=memoryview(packed.tobytes())),
        n_bits=2,
        bit_names=("c[0]", "c[1]"),
        counts={"00": 1, "11": 2},
    )


async def null_job(name: str = "") -> JobRef:
    return await jobs.submit(programs=NullProgram(), name=name)


async def test_submit_sends_what_was_asked_for_and_returns_a_stored_job(
    station: ScriptedStation,
) -> None:
    job = await jobs.submit(programs=[BELL, BELL], n_shots=7, name="bell", priority=3)
    spec = station.specs[job.id]
    assert (spec.name, spec.priority, spec.kind) == ("bell", 3, "circuits")
    assert (job.name, job.number, job.last_status) == ("bell", 1, StatusEnum.SUBMITTED)


async def test_submitting_the_same_id_twice_gives_one_job_as_it_is_now(
    station: ScriptedStation,
) -> None:
    first = await null_job()
    station.climb(first.id, *whole_way(station.specs[first.id]))
    again = await jobs.submit(programs=NullProgram(), id=first.id)
    assert again.id == first.id
    assert again.last_status is StatusEnum.COMPLETED
    assert len(station.jobs) == 1


async def test_nothing_is_sent_if_the_numbers_of_shots_do_not_fit(
    station: ScriptedStation,
) -> None:
    with pytest.raises(InvalidJob, match="n_shots: 2 numbers for 1 programs"):
        await jobs.submit(programs=BELL, n_shots=[1, 2])
    assert station.received == []


async def test_a_path_names_a_file_with_a_program(
    station: ScriptedStation, tmp_path: anyio.Path
) -> None:
    path = anyio.Path(tmp_path) / "bell.qasm"
    await path.write_text(BELL)
    job = await jobs.submit(programs=path, n_shots=1)
    assert station.specs[job.id].work.programs == (OpenQasm(source=BELL, name="bell"),)  # type: ignore[union-attr]
    with pytest.raises(InvalidJob, match="cannot read"):
        await jobs.submit(programs=path.with_name("none.qasm"), n_shots=1)


async def test_a_circuit_is_an_item_for_each_row_of_its_bindings(station: ScriptedStation) -> None:
    job = await jobs.submit(programs=BELL, n_shots=5, bindings={"theta": [0.1, 0.2], "phi": 3})
    work = station.specs[job.id].work
    assert isinstance(work, Circuits)
    assert work.n_shots == (5, 5)
    assert [one.binding for one in work.programs if isinstance(one, OpenQasm)] == [
        {"theta": 0.1, "phi": 3.0},
        {"theta": 0.2, "phi": 3.0},
    ]


async def test_bindings_are_for_programs_alone(station: ScriptedStation) -> None:
    work = Circuits(programs=(OpenQasm(source=BELL),), n_shots=(1,))
    with pytest.raises(InvalidJob, match="bindings: bindings are for programs"):
        await jobs.submit(work, bindings={"theta": [0.1]})
    assert station.received == []


async def test_get_by_an_unknown_id_says_so(station: ScriptedStation) -> None:
    with pytest.raises(ZeroMatches, match="no job with the id"):
        await jobs.get(id=str(uuid4()))


async def test_get_finds_exactly_one_or_says_what_was_searched_for(
    station: ScriptedStation,
) -> None:
    await null_job("ramsey 1")
    await null_job("ramsey 2")
    assert (await jobs.get(name_like="RAMSEY 1")).name == "ramsey 1"
    with pytest.raises(NoUniqueMatch, match="name like 'ramsey'"):
        await jobs.get(name_like="ramsey")
    with pytest.raises(ZeroMatches, match="name like 'rabi', status RUNNING"):
        await jobs.get(name_like="rabi", job_status=JobStatusEnum.RUNNING)


async def test_get_all_pages_through_all_and_can_be_iterated_twice(
    station: ScriptedStation,
) -> None:
    for index in range(230):
        await null_job(f"job {index}")
    found = jobs.get_all(name_like="job")
    assert not [request for request in station.received if isinstance(request, wire.List)]
    numbers = [job.number async for job in found]
    assert numbers == list(range(230, 0, -1))
    assert [job.number async for job in found] == numbers
    assert len([request for request in station.received if isinstance(request, wire.List)]) == 6
    assert await found.count() == 230
    assert [job.number for job in await found.list(limit=3)] == [230, 229, 228]


async def test_wait_for_returns_when_the_job_is_completed(station: ScriptedStation) -> None:
    job = await null_job()
    async with anyio.create_task_group() as group:

        @group.start_soon
        async def climb() -> None:
            for status in whole_way(station.specs[job.id]):
                station.climb(job.id, status)
                await anyio.lowlevel.checkpoint()

        status = await jobs.wait_for(job, timeout=60)
        assert (status.status, status.coarse) == (S.READY, StatusEnum.COMPLETED)


async def test_wait_for_a_failed_job_raises_with_its_items_errors(
    station: ScriptedStation,
) -> None:
    job = await jobs.submit(programs=[NullProgram(), NullProgram()])
    station.fail_item(job.id, 1, DRIVER_FAILED)
    station.climb(job.id, S.VALIDATION_STARTED)
    station.climb(job.id, S.FAILED, error=ErrorInfo(ErrorCode.ITEMS_FAILED, "1 of 2 items failed"))
    with pytest.raises(JobError, match="1 of 2 items failed; item 1: the source") as caught:
        await jobs.wait_for(job)
    assert caught.value.job == job.id
    assert caught.value.status is S.FAILED
    assert caught.value.items == {1: DRIVER_FAILED}
    assert (await jobs.wait_for(job, StatusEnum.ERROR)).status is S.FAILED


async def test_wait_for_polls_nothing(station: ScriptedStation) -> None:
    job = await null_job()
    station.received.clear()
    station.climb(job.id, *whole_way(station.specs[job.id]))
    await jobs.wait_for(job)
    kinds = [type(request) for request in station.received]
    assert kinds[0] is wire.Listen
    assert set(kinds[1:]) <= {wire.Unlisten}


async def wait_in_silence(job: JobRef, station: ScriptedStation, timeout: float) -> WaitTimeout:
    """Wait for a job whose station falls silent as soon as it has answered."""
    station.received.clear()
    station.silent = False
    caught: pytest.ExceptionInfo[WaitTimeout] | None = None
    async with anyio.create_task_group() as group:

        @group.start_soon
        async def silence() -> None:
            await station.wait_received(wire.Listen)
            station.silent = True

        with pytest.raises(WaitTimeout, match=job.id) as caught:
            await jobs.wait_for(job, timeout=timeout)
    assert caught is not None
    return caught.value


async def test_the_timeout_holds_although_the_station_falls_silent(
    station: ScriptedStation,
) -> None:
    job = await null_job()
    station.climb(job.id, S.VALIDATION_STARTED)
    timeout = 0.2
    while (error := await wait_in_silence(job, station, timeout)).status is None:
        timeout *= 3  # the machine was too slow even for the first answer
    assert isinstance(error, TimeoutError)
    assert error.status is S.VALIDATION_STARTED


async def test_listen_yields_the_snapshot_and_every_change(station: ScriptedStation) -> None:
    job = await null_job()
    station.climb(job.id, S.VALIDATION_STARTED)
    seen: list[JobStatus] = []
    with anyio.fail_after(60):
        async for update in jobs.listen_job_status(job):
            if not seen:
                station.climb(job.id, S.VALIDATION_ENDED, S.PENDING_EXECUTION)
                station.report(job.id, None, 4)
                station.climb(job.id, S.EXECUTION_STARTED)
                station.report(job.id, Progress(done=1, total=2, unit="shots"), None)
                station.climb(job.id, S.READY)
            seen.append(update)
    assert [update.status for update in seen] == [
        S.VALIDATION_STARTED,
        S.VALIDATION_ENDED,
        S.PENDING_EXECUTION,
        S.PENDING_EXECUTION,
        S.EXECUTION_STARTED,
        S.EXECUTION_STARTED,
        S.READY,
    ]
    assert seen[3].queue_position == 4
    assert seen[4].queue_position is None
    assert seen[5].progress == Progress(done=1, total=2, unit="shots")


@pytest.mark.parametrize("forgetful", [False, True], ids=["resumed", "snapshot"])
async def test_listen_goes_on_over_a_restart_without_a_gap_or_a_repeat(
    station: ScriptedStation, *, forgetful: bool
) -> None:
    job = await null_job()
    rungs = whole_way(station.specs[job.id])
    seen: list[int] = []
    with anyio.fail_after(60):
        async for update in jobs.listen_job_status(job):
            seen.append(update.ordinal)
            if update.ordinal == 1:
                station.climb(job.id, *rungs[:3])
            if update.ordinal == 4:
                station.stop()
                station.climb(job.id, *rungs[3:6])
                station.forgetful = forgetful
                await station.start()
            if update.ordinal == 7:
                station.climb(job.id, *rungs[6:])
    assert seen == list(range(1, len(rungs) + 2))
    resumed = [r for r in station.received if isinstance(r, wire.Listen)][-1]
    assert resumed.after == 4


async def test_a_job_that_nobody_knows_cannot_be_waited_for(station: ScriptedStation) -> None:
    with pytest.raises(UnknownJob):
        await jobs.wait_for(str(uuid4()))


async def test_nobody_at_the_endpoint_is_told_with_what_to_do(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried = partial(Connection, connect_wait=0.05)
    monkeypatch.setattr("stationd.client.connection.shared.Connection", hurried)
    stationd.connect(endpoint)
    with pytest.raises(StationUnreachable, match=f"{endpoint}.*is stationd running"):
        await jobs.ping()
    with pytest.raises(StationUnreachable, match="submit it again with the id"):
        await null_job()
    with pytest.raises(StationUnreachable):
        await jobs.wait_for(str(uuid4()))
    await jobs.close()


async def test_cancel_is_accepted_once_and_then_already_over(station: ScriptedStation) -> None:
    job = await null_job()
    assert await jobs.cancel(job) == "accepted"
    assert await jobs.cancel(job) == "already_over"
    status = await jobs.wait_for(job, StatusEnum.CANCELLED)
    assert (status.status, status.note) == (S.ABORTED, "before execution")
    with pytest.raises(JobError, match="aborted"):
        await jobs.wait_for(job)


async def test_another_attempt_is_opened_once_and_waited_for(station: ScriptedStation) -> None:
    job = await null_job()
    station.climb(job.id, S.VALIDATION_STARTED, S.FAILED, error=DRIVER_FAILED)
    assert await jobs.retry_submission(job) == "nothing_to_collect"
    assert await jobs.retry_submission(job, None, "FULL_RESTART") == "opened"
    assert (await jobs.wait_for(job, StatusEnum.RETRYING)).attempt == 2
    with pytest.raises(JobNotFinished, match="still under way"):
        await jobs.retry_submission(job, [StatusEnum.ERROR], RemoteRetryStrategy.FULL_RESTART)
    asked = [request for request in station.received if isinstance(request, wire.Retry)]
    assert [request.attempt for request in asked] == [1, 1, 2]
    assert [request.retry_status for request in asked] == [None, None, ("ERROR",)]


async def test_a_wait_goes_on_while_attempts_remain(station: ScriptedStation) -> None:
    job = await null_job()
    rungs = whole_way(station.specs[job.id])
    station.climb(job.id, S.VALIDATION_STARTED)
    seen: list[StatusEnum] = []
    with anyio.fail_after(60):
        async for update in jobs.listen_job_status(job):
            seen.append(update.coarse)
            if len(seen) == 1:
                station.climb(job.id, S.FAILED, error=DRIVER_FAILED, retrying=True)
                station.climb(job.id, S.RECEIVED, *rungs, attempt=2)
    assert StatusEnum.ERROR not in seen
    assert StatusEnum.RETRYING in seen
    assert seen[-1] is StatusEnum.COMPLETED
    assert (await jobs.wait_for(job)).attempt == 2


async def test_results_come_in_the_order_of_submission(station: ScriptedStation) -> None:
    station.answer = shots
    job = await jobs.submit(programs=[BELL, BELL], n_shots=3)
    with pytest.raises(JobNotFinished, match="still under way"):
        await jobs.results(job)
    station.climb(job.id, *whole_way(station.specs[job.id]))
    refs = await jobs.results(job)
    assert [ref.index for ref in refs] == [0, 1]
    first = refs[0]
    assert isinstance(first, jobs.ResultRef)
    result = await first.download_result()
    assert isinstance(result, CircuitResult)
    assert result.counts == {"00": 1, "11": 2}
    assert result.bits.tolist() == [[0, 0], [1, 1], [1, 1]]
    assert result.bit_names == ("c[0]", "c[1]")


async def test_items_without_result_are_shown_if_allowed(station: ScriptedStation) -> None:
    job = await jobs.submit(programs=[NullProgram(), NullProgram(), NullProgram()])
    station.store(job.id, 0, NullResult(duration=0.0))
    station.fail_item(job.id, 2, DRIVER_FAILED)
    station.climb(job.id, S.PENDING_EXECUTION)
    done, waiting, failed = await jobs.results(job, allow_incomplete=True)
    assert isinstance(done, jobs.ResultRef)
    assert isinstance(waiting, IncompleteJobItemRef)
    assert waiting.last_status is StatusEnum.QUEUED
    assert isinstance(failed, IncompleteJobItemRef)
    assert (failed.index, failed.last_status, failed.error) == (2, StatusEnum.ERROR, DRIVER_FAILED)
    station.climb(job.id, S.FAILED, error=DRIVER_FAILED)
    with pytest.raises(JobError, match="item 2: the source"):
        await jobs.results(job)


async def test_a_large_result_comes_in_pieces_and_is_checked(station: ScriptedStation) -> None:
    job = await null_job()
    big = np.zeros((3_000_000, 1), dtype=np.uint8)
    station.store(
        job.id,
        0,
        ShotsResult(
            shots=len(big),
            bits=Array(name="bits", dtype="|u1", shape=big.shape, data=memoryview(big.tobytes())),
            n_bits=1,
            bit_names=("c",),
            counts={"0": len(big)},
        ),
    )
    station.climb(job.id, *whole_way(station.specs[job.id]))
    (ref,) = await jobs.results(job)
    assert isinstance(ref, jobs.ResultRef)
    result = await ref.download_result()
    assert isinstance(result, CircuitResult)
    assert result.bits.shape == (3_000_000, 1)
    pieces = [request.offset for request in station.received if isinstance(request, wire.Fetch)]
    assert pieces == [0, wire.CHUNK_BYTES, 2 * wire.CHUNK_BYTES]

    stored = station.artifacts[ref.artifact.id]
    station.artifacts[ref.artifact.id] = stored[:-1] + bytes([stored[-1] ^ 1])
    download.forget_all()
    with pytest.raises(ProtocolViolation, match="damaged"):
        await ref.download_result()


async def test_calibration_sets_are_stored_shown_and_used(station: ScriptedStation) -> None:
    t1 = Observation(path="QB1.t1", value=42e-6, unit="s")
    first = await jobs.import_calibration("qpu", [t1], name="monday", use=True)
    second = await jobs.import_calibration("qpu", [t1], id=str(uuid4()))
    assert (await jobs.get_calibration(first.id)).observations == (t1,)
    await jobs.use_calibration(second.id)
    assert {s.id: s.default for s in await jobs.list_calibrations("qpu")} == {
        first.id: False,
        second.id: True,
    }
    with pytest.raises(UnknownCalibrationSet):
        await jobs.use_calibration("none")


async def test_ping_says_who_is_there(station: ScriptedStation) -> None:
    found = await jobs.ping()
    assert (found.name, found.endpoint) == ("scripted", station.endpoint)
    assert await jobs.controllers() == ()
    assert await jobs.targets() == ()
