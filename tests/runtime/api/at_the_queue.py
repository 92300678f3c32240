"""What tests of the queue's API ask a station in memory, and what its controller answers."""

# pyright: reportPrivateUsage=false

from typing import Final, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from stationd.proto import instruments_protocol as wire
from stationd.proto.queue_requests import Explanation, Why
from stationd.runtime.api.people import Person
from stationd.runtime.api.queue_api import QueueReply, QueueRequest
from tests.runtime.bench import Bench, job_id

T = TypeVar("T")
ADMIN: Final = Person("ada", "admin")


async def ask(bench: Bench, request: QueueRequest, kind: type[T], person: Person = ADMIN) -> T:
    """Return the reply to a request, while the journal commits what is written."""

    async def commit() -> None:
        while True:
            bench.commit()
            await checkpoint()

    reply: QueueReply | None = None
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(commit)
            reply = await bench.api.parts.queue.answer(request, person)
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    assert isinstance(reply, kind)
    return reply


def full(bench: Bench, *, jobs: int) -> None:
    """Let a's line be full, and some jobs wait; the first is at work."""
    for number in range(1, 4 + jobs):
        bench.queued(number)
    begin(bench, 1)


def begin(bench: Bench, number: int) -> None:
    ticket = bench.live(number).ticket
    assert ticket is not None
    bench.report("a", wire.Armed(ticket), wire.Started(ticket, bench.clock.now))
    bench.commit()


def give_back(bench: Bench, *numbers: int) -> None:
    """Let a controller give tickets back that it was asked for."""
    for number in numbers:
        ticket = bench.live(number).ticket
        assert ticket is not None
        bench.report("a", wire.Armed(ticket), wire.Revoked(ticket))
    bench.commit()


def finish(bench: Bench, number: int) -> None:
    ticket = bench.live(number).ticket
    assert ticket is not None
    bench.report("a", wire.Finished(ticket, 0, bench.clock.now + 1.0))
    bench.commit()


def armed(bench: Bench) -> list[str]:
    return [sent.ticket.job for sent in bench.lines.to("a") if isinstance(sent, wire.Arm)]


def revoked(bench: Bench) -> list[str]:
    return [sent.ticket.job for sent in bench.lines.to("a") if isinstance(sent, wire.Revoke)]


async def rules(bench: Bench, number: int) -> list[str]:
    found = await ask(bench, Why(1, job_id(number)), Explanation)
    assert all(reason.text for reason in found.reasons)
    return [reason.rule for reason in found.reasons]
