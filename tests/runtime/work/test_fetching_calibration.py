"""Jobs that ask for a fresh calibration set get one, wait for one, or fail with that reason."""

from functools import partial

import msgspec
import pytest

from stationd.proto.calibration import CalibrationSet, ExpiredCalibration, Observation
from stationd.proto.error import ErrorCode
from stationd.proto.job import JobSpec, TimelineEntry
from stationd.proto.queue_requests import Reason
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.api.standing import reasons
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import CalibrationStored, CalibrationUsed, Record
from tests.runtime.bench import NOW, Bench, a_bench, committed_until, job_id, null_spec, sweep_spec

pytestmark = pytest.mark.anyio


def a_set(name: str, expires_unix_s: float | None) -> CalibrationSet:
    return CalibrationSet(
        id=name,
        target="a",
        observations=(Observation(path="QB1.t1", value=1e-5),),
        created_unix_s=NOW - 1000,
        expires_unix_s=expires_unix_s,
    )


OLD = a_set("old", NOW - 90)
NEW = a_set("new", NOW + 90)


async def store(bench: Bench, stored: CalibrationSet, *, use: bool = True) -> None:
    """Store a set as the API does."""
    records: list[Record] = [CalibrationStored(stored)]
    if use:
        records.append(CalibrationUsed(stored.target, stored.id))
    bench.journal.write(records, lambda _: None)
    bench.journal.commit()
    if use:
        bench.api.parts.calibrations._defaults.use(stored)  # pyright: ignore[reportPrivateUsage]


def asking(policy: ExpiredCalibration, named: str | None = None) -> JobSpec:
    spec: JobSpec = msgspec.structs.replace(
        null_spec(), expired_calibration=policy, calibration_set=named
    )
    return spec


def pending(bench: Bench, number: int = 1) -> bool:
    live = bench.dispatch.get(job_id(number))
    return live is not None and live.job.status is S.PENDING_EXECUTION


def waits(bench: Bench, number: int = 1) -> bool:
    live = bench.dispatch.get(job_id(number))
    return live is not None and bool(live.waits_for)


async def failed(bench: Bench, spec: JobSpec) -> TimelineEntry:
    bench.listen()
    bench.submit(1, spec)
    await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
    end = bench.published[-1].entry
    assert end.status is S.FAILED
    assert end.error is not None
    return end


async def why(bench: Bench, number: int = 1) -> tuple[Reason, ...]:
    return await reasons(
        job_id(number),
        dispatch=bench.dispatch,
        instruments=bench.instruments,
        journal=bench.journal,
        clock=bench.clock,
        name_of=str,
        shows=lambda _: True,
    )


@pytest.mark.parametrize("policy", ["use", "wait", "fail"])
async def test_a_fresh_set_suits_all(policy: ExpiredCalibration) -> None:
    async with a_bench() as bench:
        await store(bench, NEW)
        bench.submit(1, asking(policy))
        await committed_until(bench, lambda: pending(bench))
        assert bench.live(1).job.calibration_set == "new"


@pytest.mark.parametrize("policy", ["use", "wait", "fail"])
async def test_a_set_that_does_not_expire_is_fresh_for_ever(policy: ExpiredCalibration) -> None:
    async with a_bench() as bench:
        await store(bench, a_set("ever", None))
        bench.submit(1, asking(policy))
        await committed_until(bench, lambda: pending(bench))


async def test_who_does_not_care_takes_what_there_is() -> None:
    async with a_bench() as bench:
        bench.submit(1, asking("use"))
        await committed_until(bench, lambda: pending(bench))
        assert bench.live(1).job.calibration_set is None
        await store(bench, OLD)
        bench.submit(2, asking("use"))
        await committed_until(bench, lambda: pending(bench, 2))
        assert bench.live(2).job.calibration_set == "old"


async def test_a_job_fails_with_that_reason_and_what_helps() -> None:
    async with a_bench() as bench:
        await store(bench, OLD)
        error = (await failed(bench, asking("fail"))).error
        assert error is not None
        assert error.code is ErrorCode.CALIBRATION_EXPIRED
        for words in ("old of a expired at 1970-01-12", "1 min ago", "import FILE --use", "wait"):
            assert words in error.detail


async def test_a_target_without_any_set_has_no_fresh_one() -> None:
    async with a_bench() as bench:
        error = (await failed(bench, asking("fail"))).error
        assert error is not None
        assert error.code is ErrorCode.NO_CALIBRATION_SET
        assert "a has no calibration set" in error.detail


@pytest.mark.parametrize("policy", ["wait", "fail"])
async def test_a_set_that_is_named_and_has_expired_is_not_waited_for(
    policy: ExpiredCalibration,
) -> None:
    async with a_bench() as bench:
        await store(bench, NEW)
        await store(bench, OLD, use=False)
        error = (await failed(bench, asking(policy, "old"))).error
        assert error is not None
        assert error.code is ErrorCode.CALIBRATION_EXPIRED
        assert "name another one" in error.detail


@pytest.mark.parametrize("policy", ["wait", "fail"])
async def test_a_sweep_has_no_calibration_set_that_could_be_fresh(
    policy: ExpiredCalibration,
) -> None:
    async with a_bench() as bench:
        spec: JobSpec = msgspec.structs.replace(sweep_spec(), expired_calibration=policy)
        error = (await failed(bench, spec)).error
        assert error is not None
        assert error.code is ErrorCode.NO_CALIBRATION_SET
        assert "no target" in error.detail


@pytest.mark.parametrize("before", [None, OLD])
async def test_a_job_waits_says_why_and_goes_on_with_the_next_fresh_set(
    before: CalibrationSet | None,
) -> None:
    async with a_bench() as bench:
        if before is not None:
            await store(bench, before)
        bench.submit(1, asking("wait"))
        await committed_until(bench, lambda: waits(bench))
        assert bench.live(1).job.status is S.FETCH_CALIBRATION_STARTED
        reason, *_ = await why(bench)
        assert reason.rule == "calibration"
        assert "fresh calibration set" in reason.text
        assert "import FILE --use" in reason.text

        await store(bench, a_set("expired too", NOW - 1))
        await committed_until(bench, lambda: "expired too" in bench.live(1).waits_for)
        await store(bench, NEW)
        await committed_until(bench, lambda: pending(bench))
        assert bench.live(1).job.calibration_set == "new"
        assert not bench.live(1).waits_for


async def test_a_job_that_waits_can_be_cancelled() -> None:
    async with a_bench() as bench:
        bench.listen()
        bench.submit(1, asking("wait"))
        await committed_until(bench, lambda: waits(bench))
        bench.dispatch.cancel(bench.live(1), lambda: None)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        assert bench.published[-1].entry.status is S.ABORTED


async def test_a_job_that_waits_fails_at_its_deadline() -> None:
    async with a_bench() as bench:
        bench.listen()
        # The clock stands still; the timer is the loop's.
        spec: JobSpec = msgspec.structs.replace(asking("wait"), deadline=NOW + 0.01)
        bench.submit(1, spec)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        error = bench.published[-1].entry.error
        assert error is not None
        assert error.code is ErrorCode.DEADLINE_PASSED


async def test_a_job_waits_on_after_a_restart() -> None:
    journal = MemoryJournal(manual=True)
    async with a_bench(journal) as bench:
        bench.submit(1, asking("wait"))
        await committed_until(bench, lambda: waits(bench))
    async with a_bench(journal.reopened()) as bench:
        await committed_until(bench, lambda: waits(bench))
        await store(bench, NEW)
        await committed_until(bench, lambda: pending(bench))
        assert bench.live(1).job.calibration_set == "new"


async def test_a_set_that_expires_while_the_job_is_in_the_queue_stays_the_jobs_own() -> None:
    journal = MemoryJournal(manual=True)
    async with a_bench(journal) as bench:
        await store(bench, NEW)
        bench.submit(1, asking("fail"))
        await committed_until(bench, lambda: pending(bench))
        bench.clock.now = NOW + 1000
        await store(bench, a_set("newer", NOW + 2000))
    async with a_bench(journal.reopened()) as bench:
        await committed_until(bench, lambda: pending(bench))
        assert bench.live(1).job.calibration_set == "new"


async def test_a_set_is_read_once_for_many_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_bench() as bench:
        await store(bench, NEW)
        asked: list[str] = []
        read = bench.journal.calibration

        async def counted(wanted: str) -> CalibrationSet | None:
            asked.append(wanted)
            return await read(wanted)

        monkeypatch.setattr(bench.journal, "calibration", counted)
        for number in range(1, 4):
            bench.submit(number, asking("fail", "new"))
            await committed_until(bench, partial(pending, bench, number))
        assert asked == ["new"]
