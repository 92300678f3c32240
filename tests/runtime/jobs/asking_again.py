"""Jobs that are lost and retried on a bench, and what their controller holds."""

# pyright: reportPrivateUsage=false

from collections.abc import Callable

import anyio

from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode, StationError
from stationd.proto.job import JobSpec, JobView, Ticket
from stationd.proto.jobs_protocol import Retry, RetryAnswer, RetryStatus
from stationd.proto.status import RemoteRetryStrategy as R
from tests.runtime.bench import Bench, committed_until, hello, job_id, null_spec

AWAY = "controller_unreachable"
"""The answer for a controller that was waited for in vain."""
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
            answers.append(await bench.api.parts.attempts._retries.retry(request))
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


async def come_back(bench: Bench, *held: wire.HeldTicket) -> None:
    """Let the controller say what it holds."""
    if "a" not in bench.lines.names:
        bench.lines.names.append("a")
    await bench.instruments.hello("a", hello("a", *held), same_ledger=True)
    bench.commit()


def lost(bench: Bench, spec: JobSpec | None = None) -> Ticket:
    """Let the controller go away for too long while it runs the job."""
    ticket = bench.queued(1, spec)
    bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
    bench.commit()
    bench.instruments.absent("a")
    bench.commit()
    return ticket


async def never_accepted(bench: Bench, spec: JobSpec | None = None) -> None:
    bench.lines.names.remove("a")
    bench.queued(1, spec)
    bench.dispatch.cancel(bench.live(1), lambda: None)
    bench.commit()
    await come_back(bench)


async def result_exists(bench: Bench, spec: JobSpec | None = None) -> None:
    ticket = lost(bench, spec)
    await come_back(bench, wire.HeldTicket(ticket, "finished"))


async def no_result(bench: Bench, spec: JobSpec | None = None) -> None:
    ticket = bench.queued(1, spec)
    bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
    bench.report("a", wire.Failed(ticket, 0, ErrorCode.DRIVER_FAILED, "warm", 2.0))
    bench.commit()


async def forgotten(bench: Bench) -> None:
    lost(bench)
    await come_back(bench)


async def unreachable(bench: Bench) -> None:
    lost(bench)
    bench.lines.names.remove("a")
    bench.api.parts.attempts._retries._grace = SHORT


def asking(**attempts: object) -> JobSpec:
    spec = null_spec()
    return JobSpec(work=spec.work, **attempts)  # type: ignore[arg-type]


def fail(bench: Bench, ticket: Ticket, code: ErrorCode = ErrorCode.DRIVER_FAILED) -> None:
    """Let a controller fail while it executes a ticket."""
    bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
    bench.report("a", wire.Failed(ticket, 0, code, "warm", 2.0))
