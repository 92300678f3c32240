"""A job is stored together with its first steps, and what is stored already leaves no trace."""

# pyright: reportPrivateUsage=false

import pytest

from stationd.actors.ladder import Effect
from stationd.proto import instruments_protocol as wire
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.jobs.arrivals import NewJob
from stationd.runtime.live import LiveJob
from stationd.runtime.work.outcome import Outcome
from tests.runtime.bench import Answers, Bench, a_bench, job_id, null_spec, sweep_spec

pytestmark = pytest.mark.anyio


async def test_a_job_is_stored_together_with_its_first_steps() -> None:
    async with a_bench() as bench:
        before = bench.journal.statistics().writes
        bench.submit(1)
        assert bench.lines.sent == []
        bench.journal.commit()
        assert bench.live(1).job.status is S.PENDING_EXECUTION
        assert [type(command) for command in bench.lines.to("a")] == [wire.Arm]
        assert bench.journal.statistics().writes == before + 1


async def test_work_that_takes_time_begins_when_the_job_is_on_disk() -> None:
    async with a_bench() as bench:
        bench.listen()
        begun: list[Effect] = []
        begin = bench.dispatch._at_work.begin

        def noted(live: LiveJob, effect: Effect) -> Outcome | None:
            begun.append(effect)
            return begin(live, effect)

        bench.dispatch._at_work.begin = noted  # type: ignore[method-assign]
        bench.do_nothing_ahead()
        bench.submit(1)
        assert begun == []
        bench.journal.commit()
        assert [event.entry.status for event in bench.published] == [
            S.RECEIVED,
            S.VALIDATION_STARTED,
        ]
        assert begun[0] is Effect.VALIDATE


async def test_of_a_job_that_is_stored_already_no_step_remains() -> None:
    async with a_bench() as bench:
        bench.run("a", bench.queued(1))
        facts, received = bench.durable, bench.count("stationd_jobs_received_total")
        again = bench.submit(1)
        assert bench.count('stationd_jobs{status="received"}') == 1
        bench.commit()
        assert again.given == [(1, False)]
        assert bench.durable == facts
        assert bench.count("stationd_jobs_received_total") == received
        assert bench.count('stationd_jobs{status="received"}') == 0
        assert bench.count('stationd_jobs{status="pending_execution"}') == 0
        assert len(bench.instruments.queue) == 0
        assert len(bench.dispatch) == 0


async def test_others_of_the_same_write_are_stored_and_told_in_order() -> None:
    async with a_bench() as bench:
        bench.run("a", bench.queued(1))
        assert bench.published == []
        bench.listen()
        specs = {2: null_spec(), 1: null_spec(), 3: sweep_spec()}
        answers = {number: Answers() for number in specs}
        jobs = [NewJob(job_id(n), spec, "", answers[n]) for n, spec in specs.items()]
        jobs[0] = jobs[0]._replace(target="a")
        before = bench.durable
        bench.dispatch.submit(*jobs)
        bench.journal.commit()
        assert [answers[number].given for number in (2, 1, 3)] == [
            [(2, True)],
            [(1, False)],
            [(4, True)],
        ]
        seqs = [event.entry.seq for event in bench.published]
        assert seqs == list(range(before + 1, bench.durable + 1))
        assert _steps(bench, 2) == _steps(bench, 3) == [s for s in S if s <= S.PENDING_EXECUTION]


def _steps(bench: Bench, number: int) -> list[S]:
    return [event.entry.status for event in bench.published if event.job == job_id(number)]


async def test_of_jobs_that_are_stored_together_the_most_urgent_goes_first() -> None:
    async with a_bench() as bench:
        together = [
            NewJob(job_id(number), null_spec(priority=number), "a", Answers())
            for number in (1, 2, 3)
        ]
        bench.dispatch.submit(*together)
        bench.journal.commit()
        armed = [sent for sent in bench.lines.to("a") if isinstance(sent, wire.Arm)]
        assert armed[0].ticket.job == job_id(3)


async def test_who_asks_for_a_job_that_is_being_stored_waits_until_it_is() -> None:
    async with a_bench() as bench:
        bench.submit(1)
        found = await bench.dispatch.find(job_id(1))
        assert found is not None
        assert found is bench.live(1)


async def test_of_jobs_that_one_commit_takes_the_most_urgent_goes_first() -> None:
    async with a_bench() as bench:
        for number in (1, 2, 3):
            bench.submit(number, null_spec(priority=number))
        bench.journal.commit()
        armed = [sent for sent in bench.lines.to("a") if isinstance(sent, wire.Arm)]
        assert armed[0].ticket.job == job_id(3)
