"""What becomes of a retry: every strategy with everything that can be known of the ticket."""

# pyright: reportPrivateUsage=false

import itertools
from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

from stationd.actors.retry import Knowledge
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import (
    Conflict,
    ErrorCode,
    JobNotFinished,
    RequestError,
    StationError,
    UnknownJob,
    error_from_info,
)
from stationd.proto.job import JobSpec, JobView, Ticket
from stationd.proto.jobs_protocol import Retry, RetryAnswer, RetryStatus
from stationd.proto.program import Axis, Sweep
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.status import RemoteRetryStrategy as R
from stationd.runtime.controllers.leftovers import MOST_KEPT
from tests.runtime.bench import (
    FIRST_TICKET,
    Bench,
    a_bench,
    committed_until,
    hello,
    job_id,
    null_spec,
)

pytestmark = pytest.mark.anyio

SHORT = 0.02
"""Seconds to wait for a controller that will not come."""


async def seen(bench: Bench, number: int = 1) -> JobView:
    view = await bench.journal.view(job_id(number))
    assert view is not None
    return view


async def retry(
    bench: Bench,
    strategy: R = R.DEFAULT,
    statuses: tuple[RetryStatus, ...] | None = ("ERROR", "CANCELLED"),
    attempt: int = 1,
    while_waiting: Callable[[], None] = lambda: None,
) -> RetryAnswer:
    """Retry the job, and commit whatever is written meanwhile."""
    answers: list[RetryAnswer | StationError] = []

    async def ask() -> None:
        try:
            request = Retry(1, job_id(1), attempt, strategy, statuses)
            answers.append(await bench.api._retries.retry(request))
        except StationError as error:
            answers.append(error)

    def answered() -> bool:
        while_waiting()
        return bool(answers)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await committed_until(bench, answered)
    (answer,) = answers
    if isinstance(answer, StationError):
        raise answer
    return answer


def has_armed(bench: Bench, attempt: int) -> bool:
    """Whether the controller was sent the ticket of an attempt."""
    armed = [one for one in bench.lines.to("a") if isinstance(one, wire.Arm)]
    return any(command.ticket.attempt == attempt for command in armed)


# --- what is known of the ticket -------------------------------------------------------------


async def come_back(bench: Bench, *held: wire.HeldTicket) -> None:
    """Let the controller say what it holds."""
    if "a" not in bench.lines.names:
        bench.lines.names.append("a")
    await bench.instruments.hello("a", hello("a", *held), same_ledger=True)
    bench.commit()


def lost(bench: Bench) -> Ticket:
    """Let the controller go away for too long while it runs the job."""
    ticket = bench.queued(1)
    bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
    bench.commit()
    bench.instruments.absent("a")
    bench.commit()
    return ticket


async def never_accepted(bench: Bench) -> None:
    bench.lines.names.remove("a")
    bench.queued(1)
    bench.dispatch.cancel(bench.live(1), lambda: None)
    bench.commit()
    await come_back(bench)


async def result_exists(bench: Bench) -> None:
    ticket = lost(bench)
    await come_back(bench, wire.HeldTicket(ticket, "finished"))


async def no_result(bench: Bench) -> None:
    ticket = bench.queued(1)
    bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
    bench.report("a", wire.Failed(ticket, 0, ErrorCode.DRIVER_FAILED, "warm", 2.0))
    bench.commit()


async def forgotten(bench: Bench) -> None:
    lost(bench)
    await come_back(bench)


async def unreachable(bench: Bench) -> None:
    lost(bench)
    bench.lines.names.remove("a")
    bench.api._retries._grace = SHORT


KNOWN: dict[Knowledge, Callable[[Bench], Awaitable[None]]] = {
    Knowledge.NEVER_ACCEPTED: never_accepted,
    Knowledge.RESULT_EXISTS: result_exists,
    Knowledge.NO_RESULT: no_result,
    Knowledge.FORGOTTEN: forgotten,
    Knowledge.UNREACHABLE: unreachable,
}
NOTHING, AWAY = "nothing_to_collect", "controller_unreachable"
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
        bench.api._retries._grace = SHORT
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
        bench.api._retries._grace = SHORT
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


# --- once --------------------------------------------------------------------------------------


async def test_a_retry_that_comes_twice_opens_one_attempt() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        first = await retry(bench, R.FORCE_RESUBMIT)
        again = await retry(bench, R.FORCE_RESUBMIT)
        assert first == again == RetryAnswer(1, "opened", 2)
        assert (await seen(bench)).attempt == 2


async def test_two_retries_at_once_open_one_attempt() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        answers: list[RetryAnswer] = []

        async def ask() -> None:
            request = Retry(1, job_id(1), 1, R.FULL_RESTART)
            answers.append(await bench.api._retries.retry(request))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            tasks.start_soon(ask)
            await committed_until(bench, lambda: len(answers) == 2)
        assert answers == [RetryAnswer(1, "opened", 2)] * 2
        assert not bench.api._retries._locks


async def test_a_retry_is_answered_when_it_is_on_disk() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        await retry(bench, R.FULL_RESTART)
        reopened = bench.journal.reopened()
        view = await reopened.view(job_id(1))
        assert view is not None
        assert view.attempt == 2


# --- what is refused ---------------------------------------------------------------------------


async def test_a_job_under_way_is_refused_with_its_status_whatever_the_strategy() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        for strategy in R:
            with pytest.raises(RequestError, match=r"still under way \(pending_execution\)") as it:
                await retry(bench, strategy)
            assert isinstance(error_from_info(it.value.info), JobNotFinished)


async def test_a_ready_job_is_refused_but_for_a_full_restart() -> None:
    async with a_bench() as bench:
        bench.run("a", bench.queued(1))
        for strategy in set(R) - {R.FULL_RESTART}:
            with pytest.raises(RequestError, match=r"READY .* only FULL_RESTART"):
                await retry(bench, strategy, None)
        assert (await retry(bench, R.FULL_RESTART, None)).outcome == "opened"


async def test_a_retry_that_means_none_of_the_items_says_what_they_are() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        with pytest.raises(RequestError, match=r"no item of job .* is CANCELLED .*1 ERROR"):
            await retry(bench, R.FULL_RESTART, ("CANCELLED",))


async def test_an_attempt_that_never_was_cannot_be_followed() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        with pytest.raises(Conflict, match="has made 1 attempts, not 7"):
            await retry(bench, R.FULL_RESTART, None, attempt=7)


async def test_a_job_that_the_station_does_not_know_is_refused() -> None:
    async with a_bench() as bench:
        with pytest.raises(UnknownJob):
            await retry(bench)


async def test_a_station_that_stops_opens_no_attempt() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        bench.api.stopping = True
        with pytest.raises(StationError, match="stopping"):
            bench.api._check_open()


# --- by itself -----------------------------------------------------------------------------------


def asking(**attempts: object) -> JobSpec:
    spec = null_spec()
    return JobSpec(work=spec.work, **attempts)  # type: ignore[arg-type]


def fail(bench: Bench, ticket: Ticket, code: ErrorCode = ErrorCode.DRIVER_FAILED) -> None:
    """Let a controller fail while it executes a ticket."""
    bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
    bench.report("a", wire.Failed(ticket, 0, code, "warm", 2.0))


async def test_the_end_of_an_attempt_and_the_beginning_of_the_next_are_one_write() -> None:
    async with a_bench() as bench:
        bench.listen()
        first = bench.queued(1, asking(max_attempts=2))
        fail(bench, first)
        bench.commit()
        entries = [event.entry for event in bench.published]
        ended = next(entry for entry in entries if entry.status is S.FAILED)
        begun = entries[entries.index(ended) + 1]
        assert ended.retrying
        assert ended.error is not None
        assert ended.error.code is ErrorCode.DRIVER_FAILED
        assert (begun.attempt, begun.status) == (2, S.PENDING_EXECUTION)
        assert begun.seq == ended.seq + 1
        # The old ticket is let go, and the new one is out.
        fence = bench.fence
        second = bench.live(1).ticket
        assert second is not None
        assert second.attempt == 2
        assert wire.Acknowledge(fence, first) in bench.lines.to("a")
        assert isinstance(bench.lines.to("a")[-1], wire.Arm)
        bench.run("a", second)
        assert (await seen(bench)).status is S.READY
        assert not bench.instruments.executions.tickets
        assert len(bench.dispatch) == 0


async def test_a_crash_before_the_commit_leaves_the_attempt_running_and_after_it_the_next() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1, asking(max_attempts=2))
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
        bench.commit()
        bench.report("a", wire.Failed(ticket, 0, ErrorCode.DRIVER_FAILED, "warm", 2.0))
        view = await seen(bench)
        assert (view.attempt, view.status) == (1, S.EXECUTION_STARTED)
        await committed_until(bench, lambda: bench.live(1).job.attempt == 2)
        for _ in range(3):
            bench.commit()
        view = await seen(bench)
        assert (view.attempt, view.status) == (2, S.PENDING_EXECUTION)
        assert not [entry for entry in view.timeline if entry.retrying and entry.attempt == 2]
        left = bench.journal.reopened()
    async with a_bench(left) as bench:
        live = bench.live(1)
        assert (live.job.attempt, live.job.status) == (2, S.PENDING_EXECUTION)
        assert live.ticket is not None
        assert live.ticket.attempt == 2


async def test_the_last_attempt_ends_the_job_with_its_own_error() -> None:
    async with a_bench() as bench:
        bench.queued(1, asking(max_attempts=3))
        for attempt in (1, 2, 3):
            ticket = bench.live(1).ticket
            assert ticket is not None
            assert ticket.attempt == attempt
            fail(bench, ticket)
            bench.commit()
        view = await seen(bench)
        assert (view.status, view.attempt) == (S.FAILED, 3)
        ends = [entry for entry in view.timeline if entry.status is S.FAILED]
        assert [entry.retrying for entry in ends] == [True, True, False]
        assert all(entry.error is not None for entry in ends)
        assert len(bench.dispatch) == 0


async def test_a_job_that_was_lost_after_its_last_data_lacks_nothing() -> None:
    async with a_bench() as bench:
        axis = Axis("c.x", (1.0, 2.0))
        work = Sweep(axes=((axis,),), returns=("d.y",))
        ticket = bench.queued(1, JobSpec(work=work, max_attempts=2))
        for name in ("c", "d"):
            bench.report(name, wire.Armed(ticket), wire.Started(ticket, 1.0))
        for index in (0, 1):
            header = wire.Data(ticket, index, "y", 0, index, "<f8", (1,))
            bench.instruments.data("d", header, bytes(8))
        bench.report("d", wire.Finished(ticket, 2, 2.0))
        bench.instruments.absent("c")
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        view = await seen(bench)
        assert (view.status, view.attempt) == (S.READY, 2)
        assert next(entry.status for entry in view.timeline if entry.attempt == 2) is (
            S.EXECUTION_ENDED
        )
        assert view.items[0].result is not None


async def test_a_job_that_does_not_ask_has_one_attempt() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        view = await seen(bench)
        assert (view.status, view.attempt) == (S.FAILED, 1)
        assert not view.timeline[-1].retrying


async def test_a_job_can_be_cancelled_between_its_attempts() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1, asking(max_attempts=2))
        bench.lines.names.remove("a")
        fail(bench, ticket)
        bench.commit()
        assert bench.live(1).job.status is S.PENDING_EXECUTION
        bench.dispatch.cancel(bench.live(1), lambda: None)
        bench.commit()
        view = await seen(bench)
        assert (view.status, view.attempt) == (S.ABORTED, 2)
        assert view.error is None


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
