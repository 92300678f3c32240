"""What is shown of a job from memory is what the journal would show, and else nothing is."""

# pyright: reportPrivateUsage=false

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import pytest

from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.instruments_protocol import Armed, Started
from stationd.proto.job import JobSpec, JobView
from stationd.proto.jobs_protocol import Job
from stationd.proto.project_requests import Annotate
from stationd.proto.queue_requests import Prioritise
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.jobs.remembered import remember, remembered
from stationd.runtime.journal.interface import Commit
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import (
    Bench,
    Peer,
    a_bench,
    client_of,
    job_id,
    null_spec,
    sweep_spec,
    until,
)

pytestmark = pytest.mark.anyio

NAMED = msgspec.structs.replace(
    null_spec(priority=3), name="bell", description="two of them", properties={"fridge": "cold"}
)


async def shown(bench: Bench, number: int = 1) -> JobView | None:
    """Return what memory shows, which is what the journal shows."""
    view = remembered(bench.live(number))
    if view is not None:
        assert view == await bench.journal.view(job_id(number))
    return view


@pytest.mark.parametrize("spec", [null_spec(), NAMED, sweep_spec()])
async def test_a_job_is_remembered_up_to_its_execution(spec: JobSpec) -> None:
    async with a_bench() as bench:
        # Others come with it, in one write and in one commit.
        for number in (1, 2, 3):
            bench.submit(number, spec)
        bench.commit()
        seen = [await shown(bench, number) for number in (3, 2, 1)]
        ticket = bench.live(1).ticket
        assert ticket is not None
        names = ("c", "d") if spec == sweep_spec() else ("a",)
        for report in (Armed(ticket), Started(ticket, bench.clock.now)):
            for name in names:
                bench.report(name, report)
        bench.commit()
        seen.append(await shown(bench))
        waiting, begun = S.PENDING_EXECUTION, S.EXECUTION_STARTED
        assert [view and view.status for view in seen] == [waiting, waiting, waiting, begun]


async def test_what_is_on_its_way_to_the_disk_is_not_shown() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        bench.report("a", Armed(ticket), Started(ticket, bench.clock.now))
        assert bench.live(1).job.status is S.EXECUTION_STARTED
        assert remembered(bench.live(1)) is None
        assert (await bench.api.parts.views.of(job_id(1))).status is S.PENDING_EXECUTION


async def test_a_cancel_under_way_is_remembered() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        bench.report("a", Armed(ticket), Started(ticket, bench.clock.now))
        bench.commit()
        bench.dispatch.cancel(bench.live(1), lambda: None, "not this one")
        bench.commit()
        view = await shown(bench)
        assert view is not None
        assert (view.cancelling, view.note) == (True, "not this one")


async def test_items_that_have_ended_are_looked_up() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        bench.live(1).item_errors[0] = ErrorInfo(ErrorCode.COMPILATION_FAILED, "no such gate")
        assert remembered(bench.live(1)) is None


@pytest.mark.parametrize("change", [Annotate(1, job_id(1), "another"), Prioritise(1, job_id(1), 7)])
async def test_what_people_change_is_looked_up(change: Annotate | Prioritise) -> None:
    async with a_bench() as bench:
        bench.queued(1)
        assert await shown(bench) is not None
        await asked(bench, change)
        assert remembered(bench.live(1)) is None
        view = await bench.api.parts.views.of(job_id(1))
        assert (view.name == "another") or (view.priority == 7)


async def test_another_attempt_is_looked_up() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        live = bench.live(1)
        live.next_attempt(None, 0, bench.clock.now)
        remember(live, 5, [])
        assert remembered(live) is None


async def test_what_people_change_of_a_job_that_nobody_has_been_told_of_is_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_bench() as bench:
        journal, untold = bench.journal, list[Callable[[], None]]()
        tell = journal._call_back

        def hold_back(
            commits: Sequence[Commit], callbacks: Sequence[Callable[[Commit], None]]
        ) -> None:
            untold.append(partial(tell, commits, callbacks))

        with monkeypatch.context() as patched:
            patched.setattr(journal, "_call_back", hold_back)
            bench.submit(1)
            journal.commit()
        with client_of(bench).socket as socket:
            await Peer(socket).say(Annotate(1, job_id(1), "another"))
            await until(lambda: bool(journal._waiting))
            untold.pop()()
            bench.commit()
            reply = await Peer(socket).reply()
        assert isinstance(reply, Job), reply
        assert reply.view.name == "another"
