"""What becomes of a retry: every strategy with everything that can be known of the ticket."""

# pyright: reportPrivateUsage=false

import itertools
from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

from stationd.actors.retry import Knowledge
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode, RequestError
from stationd.proto.job import Ticket
from stationd.proto.jobs_protocol import RetryAnswer
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.status import RemoteRetryStrategy as R
from stationd.runtime.controllers.leftovers import MOST_KEPT
from tests.runtime.bench import FIRST_TICKET, Bench, a_bench, committed_until, job_id
from tests.runtime.jobs.asking_again import (
    AWAY,
    SHORT,
    asking,
    come_back,
    fail,
    forgotten,
    has_armed,
    lost,
    never_accepted,
    no_result,
    result_exists,
    retry,
    seen,
    unreachable,
)

pytestmark = pytest.mark.anyio


KNOWN: dict[Knowledge, Callable[[Bench], Awaitable[None]]] = {
    Knowledge.NEVER_ACCEPTED: never_accepted,
    Knowledge.RESULT_EXISTS: result_exists,
    Knowledge.NO_RESULT: no_result,
    Knowledge.FORGOTTEN: forgotten,
    Knowledge.UNREACHABLE: unreachable,
}
NOTHING = "nothing_to_collect"
CELLS: dict[R, dict[Knowledge, S | str]] = {
    R.DEFAULT: {
        Knowledge.NEVER_ACCEPTED: NOTHING,
        Knowledge.RESULT_EXISTS: S.EXECUTION_ENDED,
        Knowledge.NO_RESULT: NOTHING,
        Knowledge.FORGOTTEN: NOTHING,
        Knowledge.UNREACHABLE: NOTHING,
    },
    R.ALLOW_RESUBMIT: {
        Knowledge.NEVER_ACCEPTED: S.PENDING_EXECUTION,
        Knowledge.RESULT_EXISTS: S.EXECUTION_ENDED,
        Knowledge.NO_RESULT: NOTHING,
        Knowledge.FORGOTTEN: NOTHING,
        Knowledge.UNREACHABLE: NOTHING,
    },
    R.FORCE_RESUBMIT: {
        Knowledge.NEVER_ACCEPTED: S.PENDING_EXECUTION,
        Knowledge.RESULT_EXISTS: S.EXECUTION_ENDED,
        Knowledge.NO_RESULT: S.PENDING_EXECUTION,
        Knowledge.FORGOTTEN: S.PENDING_EXECUTION,
        Knowledge.UNREACHABLE: AWAY,
    },
    R.FULL_RESTART: dict.fromkeys(Knowledge, S.RECEIVED),
}
"""Where the new attempt begins, or why there is none."""


@pytest.mark.parametrize(
    ("strategy", "known"), list(itertools.product(R, Knowledge)), ids=lambda cell: cell.name
)
async def test_every_cell_of_the_table(strategy: R, known: Knowledge) -> None:
    async with a_bench() as bench:
        await KNOWN[known](bench)
        before = await seen(bench)
        sent = len(bench.lines.sent)

        def controller() -> None:
            for _, command in bench.lines.sent[sent:]:
                if isinstance(command, wire.Collect):
                    bench.report("a", wire.Finished(command.ticket, 0, 3.0))

        answer = await retry(bench, strategy, while_waiting=controller)

        expected = CELLS[strategy][known]
        if isinstance(expected, str):
            assert (answer.outcome, answer.attempt) == (expected, 1)
            assert await seen(bench) == before
            assert bench.dispatch.get(job_id(1)) is None
            return
        assert (answer.outcome, answer.attempt) == ("opened", 2)
        if expected is S.EXECUTION_ENDED:
            await check_collected(bench, sent)
        elif known is not Knowledge.UNREACHABLE:
            await check_executed(bench)
        bench.commit()
        after = await seen(bench)
        second = [entry.status for entry in after.timeline if entry.attempt == 2]
        assert second[0] is expected
        assert after.timeline[: len(before.timeline)] == before.timeline


async def check_collected(bench: Bench, sent: int) -> None:
    """Fail unless results are made of the data that was left, and nothing is executed."""
    await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
    after = await seen(bench)
    assert after.status is S.READY
    assert after.items[0].result is not None
    assert not any(isinstance(command, wire.Arm) for _, command in bench.lines.sent[sent:])
    # What was kept at the controller is let go of.
    kept = wire.Acknowledge(bench.fence, Ticket(FIRST_TICKET, job_id(1), 1))
    assert bench.lines.to("a")[-1] == kept


async def check_executed(bench: Bench) -> None:
    """Fail unless the job is executed by a ticket of its new attempt."""
    await committed_until(bench, lambda: has_armed(bench, 2))
    ticket = bench.live(1).ticket
    assert ticket is not None
    assert ticket.attempt == 2
    bench.run("a", ticket)
    assert (await seen(bench)).status is S.READY


async def test_what_still_runs_is_aborted_and_at_rest_before_it_is_executed_again() -> None:
    async with a_bench() as bench:
        ticket = lost(bench)
        await come_back(bench, wire.HeldTicket(ticket, "running"))
        sent = len(bench.lines.sent)
        order: list[str] = []

        def controller() -> None:
            new = [command for _, command in bench.lines.sent[sent:]]
            assert not any(isinstance(command, wire.Arm) for command in new) or order
            if any(isinstance(command, wire.Abort) for command in new) and not order:
                order.append("at rest")
                bench.report("a", wire.AtRest(ticket, 0, 3.0))

        answer = await retry(bench, R.FORCE_RESUBMIT, while_waiting=controller)
        assert answer.outcome == "opened"
        await committed_until(bench, lambda: has_armed(bench, 2))
        assert order == ["at rest"]
        assert isinstance(bench.lines.to("a")[-1], wire.Arm)


async def test_what_does_not_come_to_rest_is_not_executed_again() -> None:
    async with a_bench() as bench:
        ticket = lost(bench)
        await come_back(bench, wire.HeldTicket(ticket, "running"))
        bench.api.parts.attempts._retries._grace = SHORT
        assert (await retry(bench, R.FORCE_RESUBMIT)).outcome == AWAY
        assert (await seen(bench)).attempt == 1


async def test_a_controller_that_comes_back_within_the_grace_time_is_asked() -> None:
    async with a_bench() as bench:
        ticket = lost(bench)
        bench.lines.names.remove("a")
        came: list[bool] = []
        answer: RetryAnswer | None = None

        def answers_its_collect() -> None:
            for command in bench.lines.to("a"):
                if isinstance(command, wire.Collect):
                    bench.report("a", wire.Finished(ticket, 0, 3.0))

        async def comes_back() -> None:
            await checkpoint()
            await come_back(bench, wire.HeldTicket(ticket, "finished"))
            came.append(True)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(comes_back)
            answer = await retry(bench, while_waiting=answers_its_collect)
        assert came
        assert answer is not None
        assert answer.outcome == "opened"


async def test_a_result_that_the_controller_does_not_send_after_all_opens_nothing() -> None:
    async with a_bench() as bench:
        await result_exists(bench)
        bench.api.parts.attempts._retries._grace = SHORT
        assert (await retry(bench)).outcome == AWAY
        assert (await seen(bench)).attempt == 1
        # It is still there.
        acknowledged = [one for one in bench.lines.to("a") if isinstance(one, wire.Acknowledge)]
        assert len(acknowledged) == 1  # the one at the end of the attempt, which was lost


async def test_a_result_of_a_lost_job_is_kept_until_it_is_too_old() -> None:
    async with a_bench() as bench:
        await result_exists(bench)
        assert list(bench.instruments.leftovers.numbers()) == [FIRST_TICKET]
        bench.queued(2)
        bench.instruments.forget()
        assert bench.lines.to("a")[-1] == wire.Forget(bench.fence, FIRST_TICKET)


async def test_results_that_are_kept_make_room_for_what_runs_now() -> None:
    async with a_bench() as bench:
        await result_exists(bench)
        ticket = bench.queued(2, asking(max_attempts=2))
        full = wire.Failed(ticket, 0, ErrorCode.SPOOL_FULL, "no room", 0.0)
        bench.report("a", full)
        bench.commit()
        kept = wire.Acknowledge(bench.fence, Ticket(FIRST_TICKET, job_id(1), 1))
        assert bench.lines.to("a").count(kept) == 2  # at the end of the lost attempt, and now
        assert list(bench.instruments.leftovers.numbers()) == []
        again = bench.live(2).ticket
        assert again is not None
        bench.run("a", again)
        assert (await seen(bench, 2)).status is S.READY
        assert (await retry(bench)).outcome == NOTHING


async def test_only_so_many_results_are_kept() -> None:
    async with a_bench() as bench:
        for number in range(1, MOST_KEPT + 2):
            ticket = bench.queued(number)
            bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
            bench.commit()
            bench.instruments.absent("a")
            bench.commit()
        held = [
            wire.HeldTicket(Ticket(number, job_id(number), 1), "finished")
            for number in range(1, MOST_KEPT + 2)
        ]
        await come_back(bench, *held)
        assert sorted(bench.instruments.leftovers.numbers()) == list(range(2, MOST_KEPT + 2))


async def test_a_result_of_a_job_that_was_cancelled_is_let_go() -> None:
    async with a_bench() as bench:
        bench.lines.names.remove("a")
        bench.queued(1)
        bench.dispatch.cancel(bench.live(1), lambda: None)
        bench.commit()
        await come_back(bench, wire.HeldTicket(Ticket(FIRST_TICKET, job_id(1), 1), "finished"))
        assert isinstance(bench.lines.to("a")[-1], wire.Acknowledge)


async def test_retries_are_counted_by_strategy_and_outcome() -> None:
    def counted(bench: Bench, strategy: str, outcome: str) -> float:
        labels = f'{{outcome="{outcome}",strategy="{strategy}"}}'
        return bench.count(f"stationd_retries_total{labels}")

    async with a_bench() as bench:
        bench.listen()
        fail(bench, bench.queued(1, asking(max_attempts=2)))
        bench.commit()
        assert counted(bench, "automatic", "opened") == 1
        ticket = bench.live(1).ticket
        assert ticket is not None
        fail(bench, ticket)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        await retry(bench, R.DEFAULT, attempt=2)
        assert counted(bench, "DEFAULT", "nothing_to_collect") == 1
        with pytest.raises(RequestError):
            await retry(bench, R.DEFAULT, attempt=9)
        assert counted(bench, "DEFAULT", "refused") == 1
        assert counted(bench, "FULL_RESTART", "opened") == 0
