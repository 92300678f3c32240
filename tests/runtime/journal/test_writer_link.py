"""What the link itself decides; how it gets on with the writer is in `test_sqlite`."""

import socket
from time import perf_counter

import anyio
import msgspec
import pytest
from prometheus_client.core import HistogramMetricFamily

from stationd.proto.error import ErrorCode, ErrorInfo, JournalFailed
from stationd.runtime.journal.child import Child
from stationd.runtime.journal.interface import Commit, Opening
from stationd.runtime.journal.pipe import Pipe, Splitter, framed
from stationd.runtime.journal.records import BlockStored
from stationd.runtime.journal.writer import (
    Committed,
    Failed,
    Healed,
    Migrating,
    Opened,
    Report,
    Trouble,
)
from stationd.runtime.journal.writer_link import WriterLink

pytestmark = pytest.mark.anyio

BOUND = 60.0


class FakeChild(Child):
    """A writer that says what the test makes it say."""

    def __init__(self) -> None:
        ours, self.theirs = socket.socketpair()
        self.theirs.settimeout(0)
        self.pipe = Pipe(ours)
        self.pid = 0

    def say(self, report: Report) -> None:
        self.theirs.send(framed(msgspec.msgpack.encode(report)))

    def close(self) -> None:
        self.theirs.close()
        self.pipe.close()


async def test_a_writer_that_dies_before_it_is_open_is_noticed() -> None:
    writer = FakeChild()
    writer.theirs.close()
    with anyio.fail_after(BOUND), pytest.raises(JournalFailed, match="writer has ended"):
        await WriterLink(writer).opened()
    writer.close()


async def test_the_writers_reason_reaches_the_daemon() -> None:
    writer = FakeChild()
    writer.say(Failed(ErrorInfo(ErrorCode.JOURNAL_FAILED, "the disk is full")))
    with anyio.fail_after(BOUND), pytest.raises(JournalFailed, match="the disk is full"):
        await WriterLink(writer).opened()
    writer.close()


async def test_what_a_failed_commit_held_is_never_called_back() -> None:
    writer = FakeChild()
    link = WriterLink(writer)
    called: list[Commit] = []
    for _ in range(3):
        link.write((), called.append)
    writer.say(Committed([7], {}, 1, 0.25))
    writer.say(Failed(ErrorInfo(ErrorCode.JOURNAL_FAILED, "the disk is full")))
    with anyio.fail_after(BOUND), pytest.raises(ExceptionGroup) as caught:
        await link.run()
    assert caught.group_contains(JournalFailed, match="the disk is full")
    assert called == [Commit(7, {})]
    assert link.statistics().waiting == 2
    assert link.statistics().newest_commit_seconds == 0.25
    families = [HistogramMetricFamily(name, name) for name in ("seconds", "records")]
    link.statistics().commit_seconds.add_to(families[0])
    link.statistics().commit_records.add_to(families[1])
    sums = [family.samples[-1].value for family in families]
    assert sums == [0.25, 1.0]
    with pytest.raises(JournalFailed, match="closed"):
        link.write((), called.append)
    writer.close()


async def test_trouble_is_known_until_it_is_over() -> None:
    writer = FakeChild()
    link = WriterLink(writer)
    seen: list[str | None] = []
    called: list[Commit] = []
    link.write((), called.append)
    with anyio.fail_after(BOUND):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(link.run)
            for report in (Trouble("the disk is full"), Trouble("it fails"), Healed()):
                turned = link.turned
                writer.say(report)
                await turned.wait()
                seen.append(link.trouble)
                assert link.statistics().trouble is (link.trouble is not None)
            assert not called
            writer.say(Committed([1], {}, 1, 0.0))
            writer.theirs.shutdown(socket.SHUT_WR)
            await link.aclose()
    writer.close()
    assert seen == ["the disk is full", "it fails", None]
    assert called == [Commit(1, {})]


async def test_a_migration_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    writer = FakeChild()
    writer.say(Migrating(1, 2))
    opening = Opening(station="s", epoch=1, seq=0, number=0, ticket=0)
    writer.say(Opened(opening))
    with anyio.fail_after(BOUND):
        assert await WriterLink(writer).opened() == opening
    assert "bringing the journal from format 1 to 2" in caplog.text
    writer.close()


async def test_trouble_that_comes_with_the_opening_is_known() -> None:
    writer = FakeChild()
    opening = Opening(station="s", epoch=1, seq=0, number=0, ticket=0)
    writer.say(Opened(opening))
    writer.say(Trouble("the disk is full"))
    link = WriterLink(writer)
    with anyio.fail_after(BOUND):
        assert await link.opened() == opening
    assert link.trouble == "the disk is full"
    writer.close()


async def test_a_long_commit_lets_other_tasks_have_their_turn() -> None:
    writer = FakeChild()
    link = WriterLink(writer)
    called: list[Commit] = []
    seen: list[int] = []

    def take(commit: Commit) -> None:
        # As long as a callback with much to do: more than one of them in a turn is too many.
        end = perf_counter() + 0.002
        while perf_counter() < end:
            pass
        called.append(commit)

    followed: list[int] = []
    link.after_commit.append(lambda: followed.append(len(called)))
    for _ in range(20):
        link.write((), take)
    writer.say(Committed(list(range(1, 21)), {}, 20, 0.0))

    async def look() -> None:
        while len(called) < 20:
            await anyio.lowlevel.checkpoint()
            seen.append(len(called))

    with anyio.fail_after(BOUND):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(link.run)
            await look()
            writer.theirs.shutdown(socket.SHUT_WR)
            await link.aclose()
    writer.close()
    assert [commit.first_seq for commit in called] == list(range(1, 21))
    assert len({count for count in seen if 0 < count < 20}) > 3
    # Before each of those turns, and once when all have been called.
    assert set(seen) - {0} <= set(followed)
    assert followed == sorted(set(followed))
    assert followed[-1] == 20


async def test_what_is_sent_now_is_there_before_the_loop_turns() -> None:
    writer = FakeChild()
    link = WriterLink(writer)
    for _ in range(2):
        link.write([], lambda _: None)
    link.send_now()
    assert writer.theirs.recv(1024) == 2 * framed(msgspec.msgpack.encode([]))
    link.send_now()
    with pytest.raises(BlockingIOError):
        writer.theirs.recv(1)
    writer.close()


async def test_what_the_pipe_does_not_take_now_follows_in_order() -> None:
    writer = FakeChild()
    link = WriterLink(writer)
    sent = [BlockStored(1, 1, "a", index, b"", bytes(100_000)) for index in range(20)]
    for block in sent:
        link.write([block], lambda _: None)
        link.send_now()
    splitter, received = Splitter(), list[bytearray]()
    with anyio.fail_after(BOUND):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(link.run)
            while len(received) < len(sent):
                await anyio.wait_readable(writer.theirs)
                received += splitter.feed(writer.theirs.recv(65_536))
            writer.say(Committed([1] * len(sent), {}, len(sent), 0.001))
            writer.theirs.close()
            await link.aclose()
    decoder = msgspec.msgpack.Decoder(list[BlockStored])
    assert [decoder.decode(payload) for payload in received] == [[block] for block in sent]
    writer.close()
