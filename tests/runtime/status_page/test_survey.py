"""What the status page is told of a station."""

from collections.abc import Sequence

import msgspec
import pytest

from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode
from stationd.runtime.queue.gates import Gate, GuardHold, Reservation
from stationd.runtime.status_page.lately import Lately
from stationd.runtime.status_page.snapshot import Row, Snapshot
from stationd.runtime.status_page.survey import MOST_WAITING, Survey
from tests.runtime.bench import NOW, Bench, a_bench, job_id, null_spec

pytestmark = pytest.mark.anyio


def of(shot: Snapshot, phase: str) -> Sequence[Row]:
    return [row for row in shot.jobs if row.phase == phase]


async def survey(bench: Bench) -> Snapshot:
    shot = await Survey(bench.station, Lately()).snapshot()
    # It travels as JSON.
    return msgspec.json.decode(msgspec.json.encode(shot), type=Snapshot)


async def test_jobs_are_told_with_where_they_stand_and_how_they_came_there() -> None:
    async with a_bench() as bench:
        tickets = [
            bench.queued(number, msgspec.structs.replace(null_spec(), name=f"job {number}"))
            for number in range(1, 6)
        ]
        bench.queued(6, msgspec.structs.replace(null_spec(), hold=True))
        bench.clock.now += 10
        bench.report("a", wire.Armed(tickets[0]), wire.Started(tickets[0], bench.clock.now))
        bench.report("a", wire.Progressed(tickets[0], 3, 7, "shots"))
        bench.commit()
        shot = await survey(bench)
        first, *in_line = of(shot, "running")
        assert (first.number, first.name, first.status) == (1, "job 1", "execution_started")
        assert (first.done, first.total, first.unit) == (3, 7, "shots")
        assert first.since_unix_s == NOW + 10
        assert first.rungs[0].status == "received"
        assert first.rungs[-1].status == "execution_started"
        assert first.rungs[-1].time_unix_s == NOW + 10
        assert [row.number for row in in_line] == [2, 3]
        assert shot.in_line == 2
        assert [(row.number, row.held_up) for row in of(shot, "waiting")] == [
            (4, ""),
            (5, ""),
            (6, "held"),
        ]
        assert shot.queued == 3
        row = next(one for one in shot.controllers if one.name == "a")
        assert (row.job, row.line, row.waiting) == (job_id(1), 3, 2)


async def test_jobs_that_are_over_come_last_first_and_failures_with_their_reasons() -> None:
    async with a_bench() as bench:
        bench.run("a", bench.queued(1))
        ticket = bench.queued(2)
        failed = wire.Failed(ticket, 0, ErrorCode.DRIVER_FAILED, "no <signal>", 1.0, began=True)
        bench.clock.now += 1
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0), failed)
        bench.commit()
        shot = await survey(bench)
        assert [(row.number, row.status) for row in of(shot, "over")] == [
            (2, "failed"),
            (1, "ready"),
        ]
        assert of(shot, "over")[1].rungs[-1].status == "ready"
        (failure,) = shot.failures
        assert (failure.number, failure.code) == (2, "driver_failed")
        assert "no <signal>" in failure.error
        assert shot.ended == {"ready": 1, "failed": 1, "aborted": 0}


async def test_a_long_queue_is_shown_in_part_and_counted_as_a_whole() -> None:
    async with a_bench() as bench:
        for number in range(1, MOST_WAITING + 20):
            bench.submit(number)
        bench.commit()
        shot = await survey(bench)
        assert len(of(shot, "waiting")) == MOST_WAITING
        assert shot.queued == MOST_WAITING + 19 - 3


async def test_what_is_over_is_asked_of_the_journal_only_when_something_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_bench() as bench:
        bench.run("a", bench.queued(1))
        taken = Survey(bench.station, Lately())
        before = await taken.snapshot()
        # A journal that is asked would fail.
        for question in ("views", "view"):
            monkeypatch.setattr(bench.journal, question, None)
        assert (await taken.snapshot()).jobs == before.jobs


async def test_what_holds_work_up_is_told() -> None:
    async with a_bench() as bench:
        assert (await survey(bench)).notices == ()
        cold = GuardHold("cold", bench.clock.now, "fridge.plate: 0.035 K is above 0.02 K")
        bench.instruments.queue.set_hold(("b",), cold, bench.clock.now)
        (notice,) = (await survey(bench)).notices
        assert (notice.kind, notice.subject) == ("guarded", "b")
        assert notice.text == "cold: fridge.plate: 0.035 K is above 0.02 K"
        bench.instruments.queue.let_go(("b",), "cold", bench.clock.now)
        gates = bench.instruments.queue
        gates.set_gate("b", Gate("paused", "cable"), bench.clock.now)
        gates.reserve(
            Reservation(
                id="1", controller="c", project="x", from_unix_s=NOW, to_unix_s=NOW + 9, note="beam"
            ),
            NOW,
        )
        bench.instruments.quarantine.put("a", bench.queued(1))
        told = {(one.kind, one.subject): one.text for one in (await survey(bench)).notices}
        assert told["paused", "b"] == "cable"
        assert told["quarantined", "a"] == job_id(1)
        assert told["reserved", "c"] == "beam"
        bench.journal.suffer("the disk is full")
        assert (await survey(bench)).storage.trouble == "the disk is full"
