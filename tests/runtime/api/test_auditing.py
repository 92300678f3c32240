"""Which answers the audit log hears of."""

# pyright: reportPrivateUsage=false

import pytest

from stationd.proto.audit_requests import AuditTrail, ReadAudit
from stationd.proto.codec import REQUESTS
from stationd.proto.error import ProtocolViolation
from stationd.proto.jobs_protocol import (
    Cancel,
    CancelAnswer,
    Failure,
    Get,
    Listen,
    NewJob,
    Ping,
    Pong,
    Reply,
    Request,
    Snapshot,
    Submit,
    SubmitMany,
    SubmittedMany,
)
from stationd.runtime.api.auditing import CHANGING
from tests.runtime.audit.written import Written
from tests.runtime.bench import Bench, Peer, a_bench, client_of, committed_until, job_id, null_spec

pytestmark = pytest.mark.anyio


async def asked(bench: Bench, client: Peer, request: Request) -> Reply:
    await client.say(request)
    await committed_until(bench, lambda: bool(client.socket._events() & 1))
    return await client.reply()


async def test_every_change_has_one_line_with_what_came_of_it() -> None:
    trail = Written()
    async with a_bench(trail=trail) as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            jobs = tuple(NewJob(job_id(number), null_spec()) for number in (1, 2, 3))
            assert isinstance(await asked(bench, client, SubmitMany(1, jobs)), SubmittedMany)
            await asked(bench, client, Get(2, job_id(1)))
            assert isinstance(await asked(bench, client, Cancel(3, job_id(99))), Failure)
    lines = [(line.request, line.subject, line.jobs, line.outcome) for line in trail.lines]
    assert lines == [
        ("SubmitMany", job_id(1), 3, "done"),
        ("Cancel", job_id(99), 0, "refused"),
    ]
    assert trail.lines[1].code == "unknown_job"
    assert all(line.means.startswith("unix:") and line.user for line in trail.lines)
    assert all(line.endpoint.startswith("ipc://") for line in trail.lines)


async def test_a_cancel_is_answered_when_its_line_is_on_disk_and_not_before() -> None:
    trail = Written()
    async with a_bench(trail=trail) as bench:
        bench.queued(1)
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Cancel(1, job_id(1)))
            await committed_until(bench, lambda: bool(trail.waiting))
            await client.say(Ping(2, "0"))
            assert isinstance(await client.reply(), Pong)
            trail.waiting[0]()
            assert await client.reply() == CancelAnswer(1, "accepted")


async def test_two_requests_under_one_number_have_two_lines() -> None:
    trail = Written()
    async with a_bench(trail=trail) as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Listen(1, None, None, 0))
            assert isinstance(await client.reply(), Snapshot)
            await client.say(Cancel(7, job_id(1)), Cancel(7, job_id(2)))
            assert isinstance(await client.reply(), Failure)
            assert isinstance(await client.reply(), Failure)
    assert {line.subject for line in trail.lines} == {job_id(1), job_id(2)}


async def test_a_frame_that_no_client_sends_has_a_line() -> None:
    trail = Written()
    async with a_bench(trail=trail) as bench:
        with client_of(bench).socket as socket:
            await socket.send([b"stj\x01\x00\xc1"])
            assert isinstance(await Peer(socket).reply(), Failure)
    (line,) = trail.lines
    assert (line.request, line.code) == ("", "malformed_frame")
    assert line.means.startswith("unix:")


async def test_an_admin_may_read_it_and_a_station_without_one_says_so() -> None:
    trail = Written()
    async with a_bench(trail=trail) as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Submit(1, job_id(1), null_spec()))
            await committed_until(bench, lambda: bool(trail.lines))
            await client.reply()
            reply = await asked(bench, client, ReadAudit(2))
            assert isinstance(reply, AuditTrail)
            assert [line.request for line in reply.lines] == ["Submit"]
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            reply = await asked(bench, Peer(socket), ReadAudit(1))
            assert isinstance(reply, Failure)
            assert "[audit] days" in reply.error.detail


def test_what_only_looks_changes_nothing() -> None:
    assert not CHANGING & {Ping, Get, Listen, ReadAudit}
    assert {Submit, SubmitMany, Cancel} <= CHANGING


@pytest.mark.parametrize("since", [1e300, float("nan"), float("inf"), -1.0])
def test_a_time_that_no_calendar_has_is_refused(since: float) -> None:
    with pytest.raises(ProtocolViolation):
        REQUESTS.decode(REQUESTS.encode(ReadAudit(1, None, since)))
