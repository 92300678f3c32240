"""What operators say of targets holds, is kept, and is explained."""

# pyright: reportPrivateUsage=false

import msgspec
import pytest

from stationd.proto.error import Conflict, ErrorCode, Forbidden, RequestError
from stationd.proto.jobs_protocol import (
    Failure,
    NewJob,
    Submit,
    SubmitMany,
    Submitted,
    SubmittedMany,
)
from stationd.proto.queue_requests import (
    ListTargets,
    Lock,
    Maintain,
    Reserve,
    SetTarget,
    Targets,
    TargetState,
    Unlock,
    Unreserve,
)
from stationd.runtime.api.people import Person
from tests.runtime.api.at_the_queue import (
    armed,
    ask,
    begin,
    finish,
    full,
    give_back,
    revoked,
    rules,
)
from tests.runtime.bench import (
    NOW,
    Bench,
    a_bench,
    client_of,
    committed_until,
    job_id,
    null_spec,
    until,
)

pytestmark = pytest.mark.anyio

RESERVATION = "5c0ffee0-1234-4abc-8def-0123456789ab"
ANN, BOB = Person("ann", "operator"), Person("bob", "operator")


async def standing(bench: Bench) -> TargetState:
    said = await ask(bench, ListTargets(1), Targets)
    return next(one for one in said.targets if one.controller == "a")


async def test_nothing_begins_at_a_paused_target_until_it_is_open_again_after_a_restart_too() -> (
    None
):
    async with a_bench() as bench:
        full(bench, jobs=1)
        said = await ask(bench, SetTarget(1, "a", "paused", "a leak"), Targets)
        assert [(one.state, one.note) for one in said.targets if one.controller == "a"] == [
            ("paused", "a leak")
        ]
        assert sorted(revoked(bench)) == [job_id(2), job_id(3)]
        give_back(bench, 2, 3)
        finish(bench, 1)
        assert len(armed(bench)) == 3
        assert (await rules(bench, 2))[0] == "paused"
        again = bench.journal.reopened()
    async with a_bench(again) as bench:
        assert armed(bench) == []
        assert (await rules(bench, 4))[0] == "paused"
        await ask(bench, SetTarget(1, "a", "open"), Targets)
        await until(lambda: len(armed(bench)) == 3)
        again = bench.journal.reopened()
    async with a_bench(again) as bench:
        said = await ask(bench, ListTargets(1), Targets)
        assert {one.state for one in said.targets} == {"open"}


async def test_a_target_that_runs_empty_goes_on_and_takes_nothing_new() -> None:
    async with a_bench() as bench:
        full(bench, jobs=1)
        await ask(bench, SetTarget(1, "a", "draining", "service"), Targets)
        finish(bench, 1)
        assert armed(bench)[3:] == [job_id(4)]
        client = client_of(bench)
        await client.say(Submit(1, job_id(50), null_spec()))
        reply = await client.reply()
        assert isinstance(reply, Failure)
        assert reply.error.code is ErrorCode.TARGET_DRAINING
        assert "service" in reply.error.detail
        client.socket.close()


async def test_in_a_reserved_time_only_its_project_begins() -> None:
    async with a_bench() as bench:
        reserve = Reserve(1, RESERVATION, "a", "", NOW + 10, NOW + 20, "a demonstration")
        said = await ask(bench, reserve, Targets)
        assert [one.id for one in said.reservations] == [RESERVATION]
        bench.clock.now = NOW + 11
        bench.submit(1, msgspec.structs.replace(null_spec(), project="p"))
        bench.commit()
        assert armed(bench) == []
        assert (await rules(bench, 1))[0] == "reserved"
        bench.queued(2)
        assert armed(bench) == [job_id(2)]
        begin(bench, 2)
        await ask(bench, Unreserve(2, RESERVATION), Targets)
        assert armed(bench) == [job_id(2), job_id(1)]


async def test_a_reservation_that_makes_no_sense_is_refused() -> None:
    async with a_bench() as bench:
        with pytest.raises(RequestError, match="ends after it begins"):
            await ask(bench, Reserve(1, RESERVATION, "a", "", NOW + 20, NOW + 10), Targets)
        with pytest.raises(RequestError, match="no project"):
            await ask(bench, Reserve(1, RESERVATION, "a", "who", NOW, NOW + 10), Targets)
        with pytest.raises(RequestError, match="known are a, b, c, d"):
            await ask(bench, Reserve(1, RESERVATION, "x", "", NOW, NOW + 10), Targets)


async def test_in_a_time_of_maintenance_nothing_begins_until_it_is_over() -> None:
    async with a_bench() as bench:
        maintain = Maintain(1, RESERVATION, "a", NOW + 10, NOW + 20, "a leak")
        (shown,) = (await ask(bench, maintain, Targets)).reservations
        assert (shown.id, shown.maintenance, shown.note) == (RESERVATION, True, "a leak")
        full(bench, jobs=0)
        bench.clock.now = NOW + 11
        bench.instruments.grant()  # as the timer of the queue does
        bench.queued(4)
        assert sorted(revoked(bench)) == [job_id(2), job_id(3)]
        give_back(bench, 2, 3)
        # What runs goes on.
        finish(bench, 1)
        assert (await rules(bench, 4))[0] == "maintenance"
        assert len(armed(bench)) == 3
        again = bench.journal.reopened()
    async with a_bench(again) as bench:
        bench.clock.now = NOW + 12
        assert armed(bench) == []
        await ask(bench, Unreserve(2, RESERVATION), Targets)
        await until(lambda: len(armed(bench)) == 3)


async def test_maintenance_can_be_planned_for_a_time_that_is_reserved_and_has_its_way() -> None:
    async with a_bench() as bench:
        await ask(bench, Reserve(1, RESERVATION, "a", "", NOW, NOW + 20), Targets)
        other = RESERVATION.replace("0", "1")
        await ask(bench, Maintain(2, other, "a", NOW, NOW + 10), Targets)
        bench.queued(1)
        assert (await rules(bench, 1))[0] == "maintenance"
        with pytest.raises(RequestError, match="maintenance ends after it begins"):
            await ask(bench, Maintain(3, other, "a", NOW, NOW - 1), Targets)


async def test_a_lock_keeps_all_from_beginning_until_it_is_off_after_a_restart_too() -> None:
    async with a_bench() as bench:
        full(bench, jobs=1)
        await ask(bench, Lock(1, "a", "fridge warming, ask Ann"), Targets, ANN)
        locked = await standing(bench)
        assert (locked.locked_by, locked.lock_note) == ("ann", "fridge warming, ask Ann")
        assert locked.state == "open"
        assert sorted(revoked(bench)) == [job_id(2), job_id(3)]
        give_back(bench, 2, 3)
        finish(bench, 1)
        assert (await rules(bench, 2))[0] == "locked"
        # Whoever opens it does not take the lock off.
        await ask(bench, SetTarget(1, "a", "open"), Targets, BOB)
        assert len(armed(bench)) == 3
        again = bench.journal.reopened()
    async with a_bench(again) as bench:
        assert (await standing(bench)).locked_by == "ann"
        assert armed(bench) == []
        await ask(bench, Unlock(1, "a"), Targets, ANN)
        await until(lambda: len(armed(bench)) == 3)
        again = bench.journal.reopened()
    async with a_bench(again) as bench:
        assert (await standing(bench)).locked_by is None


async def test_a_lock_is_its_holders_unless_somebody_takes_it_off_with_force() -> None:
    async with a_bench() as bench:
        await ask(bench, Lock(1, "a", "ask Ann"), Targets, ANN)
        with pytest.raises(Conflict, match=r"a is locked by ann since .*: ask Ann: there is one"):
            await ask(bench, Lock(2, "a", "mine"), Targets, BOB)
        with pytest.raises(Forbidden, match="ask ann; somebody else takes it off only with force"):
            await ask(bench, Unlock(3, "a"), Targets, BOB)
        since = (await standing(bench)).locked_unix_s
        bench.clock.now = NOW + 5
        await ask(bench, Lock(4, "a", "until noon"), Targets, ANN)
        changed = await standing(bench)
        assert (changed.lock_note, changed.locked_unix_s) == ("until noon", since)
        await ask(bench, Unlock(5, "a", force=True), Targets, BOB)
        assert (await standing(bench)).locked_by is None


async def test_whoever_submits_a_job_to_a_locked_or_paused_target_is_told() -> None:
    async with a_bench() as bench:
        client = client_of(bench)

        async def notices(number: int) -> list[str]:
            await client.say(Submit(1, job_id(number), null_spec()))
            new = NewJob(job_id(number + 1), null_spec())
            await client.say(SubmitMany(2, (new,)))
            await committed_until(bench, lambda: bench.dispatch.knows(job_id(number + 1)))
            found: list[str] = []
            for _ in range(2):
                while not isinstance(reply := await client.reply(), Submitted | SubmittedMany):
                    continue
                found += (
                    [reply.notice]
                    if isinstance(reply, Submitted)
                    else [one.notice for one in reply.answers]
                )
            return found

        assert await notices(10) == ["", ""]
        await ask(bench, SetTarget(1, "a", "paused", "a leak"), Targets)
        assert await notices(20) == ["a is paused (a leak); the job waits"] * 2
        await ask(bench, Lock(1, "a", "ask Ann"), Targets, ANN)
        assert (
            await notices(30)
            == ["a is locked by ann since 1970-01-12 13:46:40 UTC: ask Ann; the job waits"] * 2
        )
        client.socket.close()
