"""Where owners alone read their jobs, another's job is to a submitter as if it were not there."""

# pyright: reportPrivateUsage=false

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import pytest
from anyio.lowlevel import checkpoint

from stationd.proto.codec import REPLIES
from stationd.proto.error import ErrorCode
from stationd.proto.job import JobFilter, JobId
from stationd.proto.jobs_protocol import (
    Cancel,
    CancelAnswer,
    Controllers,
    Events,
    Failure,
    FeedEvent,
    Get,
    Grant,
    Job,
    Jobs,
    List,
    ListControllers,
    Listen,
    ProgressReport,
    Reply,
    Request,
    Snapshot,
)
from stationd.proto.project_requests import Count, Counted, GetInput, Input
from stationd.proto.queue_requests import Explanation, ListQueue, QueueListing, Why
from stationd.proto.result_requests import Peek
from stationd.proto.search import ScopeFilterEnum
from stationd.proto.station_requests import JobLog, Overview, ReadLog, Survey
from stationd.runtime.api.people import Role
from stationd.runtime.api.reading import NAMING
from tests.runtime.api.at_the_queue import begin
from tests.runtime.api.privately import ANOTHER, about, read_by_owners, searches, streams
from tests.runtime.api.roles import ME, let_me_be, submitted_by
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import Bench, Peer, a_bench, client_of, job_id, null_spec

pytestmark = pytest.mark.anyio

THEIRS, OVER, MINE, NOBODYS = map(job_id, (1, 2, 3, 99))


@asynccontextmanager
async def a_private_bench() -> AsyncGenerator[Bench]:
    """Yield a station with a job of another user at work, one that is over, and one of mine."""
    async with a_bench() as bench:
        read_by_owners(bench)
        bench.run("a", bench.queued(2, submitted_by(ANOTHER)))
        bench.queued(1, submitted_by(ANOTHER))
        begin(bench, 1)
        bench.queued(3, submitted_by(ME))
        yield bench


def without_id(reply: Reply, job: JobId) -> bytes:
    return REPLIES.encode(reply).replace(job.encode(), b"-" * len(job))


def test_no_request_that_names_a_job_is_forgotten_here() -> None:
    beyond = {kind for kind in NAMING if kind.__name__ == "Move"}  # operators alone ask for it
    assert {type(request) for request in about(THEIRS)} == NAMING.keys() - beyond


async def test_anothers_job_is_answered_as_one_that_is_not_there() -> None:
    async with a_private_bench() as bench:
        for case in range(len(asked_of(THEIRS))):
            replies = set[bytes]()
            for job in (THEIRS, OVER, NOBODYS):
                reply = await asked(bench, asked_of(job)[case])
                replies.add(without_id(reply, job))
            assert len(replies) == 1, asked_of(THEIRS)[case]
        live = bench.live(1)
        assert (live.job.cancelling, live.spec.name, live.spec.priority) == (False, "", 0)


def asked_of(job: JobId) -> list[Request]:
    return [*about(job), *streams(job)]


async def test_a_search_finds_ones_own() -> None:
    async with a_private_bench() as bench:
        for request in searches(THEIRS):
            reply = await asked(bench, request)
            mine = request.filter == JobFilter()
            if isinstance(reply, Jobs):
                assert [view.id for view in reply.views] == ([MINE] if mine else []), request
            else:
                assert reply == Counted(1, 1 if mine else 0), request


@pytest.mark.parametrize(("number", "found"), [(1, []), (2, []), (3, [MINE]), (99, [MINE])])
async def test_the_number_of_anothers_job_leads_to_none_but_ones_own(
    number: int, found: list[JobId]
) -> None:
    async with a_private_bench() as bench:
        reply = await asked(bench, List(1, JobFilter(), before=number + 1, limit=1))
        assert isinstance(reply, Jobs)
        assert [view.id for view in reply.views] == found


async def test_no_scope_reaches_further() -> None:
    async with a_private_bench() as bench:
        for scope in ScopeFilterEnum:
            reply = await asked(bench, List(1, JobFilter(scope=scope)))
            assert isinstance(reply, Jobs)
            assert {view.id for view in reply.views} <= {MINE}, scope


async def test_the_queue_has_places_without_names() -> None:
    async with a_private_bench() as bench:
        reply = await asked(bench, ListQueue(1))
        assert isinstance(reply, QueueListing)
        theirs, mine = reply.entries
        assert (theirs.job, theirs.number, theirs.state) == ("", 0, "running")
        assert (mine.job, mine.state) == (MINE, "in_line")


async def test_why_ones_job_waits_names_no_others() -> None:
    async with a_private_bench() as bench:
        reply = await asked(bench, Why(1, MINE))
        assert isinstance(reply, Explanation)
        assert reply.reasons[0].text.endswith("sent ahead to a behind another user's")


async def test_a_controller_is_at_work_and_nobody_says_on_what() -> None:
    async with a_private_bench() as bench:
        reply = await asked(bench, ListControllers(1))
        assert isinstance(reply, Controllers)
        assert [one.running for one in reply.controllers if one.name in "ab"] == ["", None]
        overview = await asked(bench, Survey(1))
        assert isinstance(overview, Overview)
        assert overview.running == ()


async def test_ones_own_job_is_read_and_changed_as_ever() -> None:
    async with a_private_bench() as bench:
        readings: list[tuple[Request, type[Reply]]] = [
            (Get(1, MINE), Job),
            (Peek(1, MINE), Job),
            (GetInput(1, MINE), Input),
            (ReadLog(1, MINE), JobLog),
            (Why(1, MINE), Explanation),
        ]
        for request, expected in readings:
            assert isinstance(await asked(bench, request), expected), request
        assert isinstance(await asked(bench, Listen(1, (MINE,), None, 1)), Snapshot)
        assert await asked(bench, Cancel(1, MINE)) == CancelAnswer(1, "accepted")


@pytest.mark.parametrize("role", ["operator", "admin"])
async def test_operators_and_admins_read_everything(role: Role) -> None:
    async with a_private_bench() as bench:
        let_me_be(bench, role)
        assert isinstance(await asked(bench, Get(1, THEIRS)), Job)
        assert await asked(bench, Count(1, JobFilter())) == Counted(1, 3)
        reply = await asked(bench, ListQueue(1))
        assert isinstance(reply, QueueListing)
        assert [one.job for one in reply.entries] == [THEIRS, MINE]


# --- streams of all jobs -------------------------------------------------------------------------


async def events_until(bench: Bench, peer: Peer, seq: int) -> list[FeedEvent]:
    """Return what a stream tells up to a fact."""
    found: list[FeedEvent] = []
    while not found or found[-1].entry.seq < seq:
        bench.journal.commit()
        await checkpoint()
        frames = peer.socket.receive_nowait()
        reply = None if frames is None else REPLIES.decode(frames[0])
        if isinstance(reply, Events):
            found += reply.events
            await peer.say(Grant(1, len(reply.events)))
    return found


def facts_of_mine(bench: Bench, after: int = 0) -> list[FeedEvent]:
    mine = {job for job in map(job_id, range(1, 30)) if is_mine(bench, job)}
    return [
        event
        for event in bench.journal._contents.facts
        if event.job in mine and event.entry.seq > after
    ]


def is_mine(bench: Bench, job: JobId) -> bool:
    contents = bench.journal._contents
    number = contents.numbers.get(job)
    return number is not None and contents.jobs[number].record.spec.creator == ME


def more_happens(bench: Bench, *numbers: int) -> None:
    """Let jobs run, of me and of another in turn."""
    for number in numbers:
        creator = ME if number % 2 else ANOTHER
        spec = msgspec.structs.replace(null_spec("b"), creator=creator)
        bench.run("b", bench.queued(number, spec))


@pytest.mark.parametrize("credit", [1, 1000])
async def test_a_stream_of_all_jobs_tells_ones_own_without_a_gap_or_a_repeat(credit: int) -> None:
    async with a_private_bench() as bench:
        with client_of(bench).socket as socket:
            peer = Peer(socket)
            await peer.say(Listen(1, None, 0, credit))
            heard = await events_until(bench, peer, facts_of_mine(bench)[-1].entry.seq)
            for numbers in ((10, 11), (12, 14), (13, 15, 16), (17,)):
                more_happens(bench, *numbers)
            heard += await events_until(bench, peer, facts_of_mine(bench)[-1].entry.seq)
            assert heard == facts_of_mine(bench)


async def test_it_goes_on_behind_any_fact_that_its_listener_knows() -> None:
    async with a_private_bench() as bench:
        more_happens(bench, 10, 11, 12, 13, 14)
        last = facts_of_mine(bench)[-1].entry.seq
        for after in range(last):
            with client_of(bench).socket as socket:
                peer = Peer(socket)
                await peer.say(Listen(1, None, after, 1000))
                assert await events_until(bench, peer, last) == facts_of_mine(bench, after)


async def test_it_tells_of_the_progress_of_ones_own_alone() -> None:
    async with a_private_bench() as bench:
        feed = bench.dispatch._feed
        with client_of(bench).socket as socket:
            peer = Peer(socket)
            await peer.say(Listen(1, None, bench.durable, 1000))
            more_happens(bench, 11)
            await events_until(bench, peer, facts_of_mine(bench)[-1].entry.seq)
            for number in (1, 3):
                live = bench.live(number)
                feed.progress(live.job.id, None, number, live.spec.creator)
            assert await peer.reply() == ProgressReport(1, MINE, None, 3)


async def test_what_may_be_read_changes_with_a_reload() -> None:
    async with a_private_bench() as bench:
        let_me_be(bench, "operator")
        with client_of(bench).socket as socket:
            peer = Peer(socket)
            await peer.say(Listen(1, None, None, 1000), Listen(2, (MINE,), None, 1000))
            await peer.say(Listen(3, (THEIRS, MINE), None, 1000))
            opened = {(await peer.reply()).request for _ in range(3)}
            assert opened == {1, 2, 3}
            let_me_be(bench, "submitter")
            bench.api._admission.renew()
            ended = [await peer.reply(), await peer.reply()]
            assert [one.request for one in ended] == [1, 3]
            for one in ended:
                assert isinstance(one, Failure)
                assert one.error.code is ErrorCode.FORBIDDEN
            assert list(bench.api.parts.streams.clients[0].streams) == [2]
