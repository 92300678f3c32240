import itertools
import socket
from collections.abc import Iterator

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationd.runtime.journal import pipe
from stationd.runtime.journal.pipe import Pipe, ServingPipe, Splitter, framed


@pytest.fixture
def ends() -> Iterator[tuple[Pipe, ServingPipe]]:
    ours, theirs = socket.socketpair()
    daemon, serving = Pipe(ours), ServingPipe(theirs.detach())
    yield daemon, serving
    daemon.close()
    serving.close()


@given(st.lists(st.binary(max_size=50)), st.lists(st.integers(0, 500)))
def test_payloads_come_whole_and_in_order_however_the_stream_is_cut(
    payloads: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(map(framed, payloads))
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    splitter = Splitter()
    found = [
        payload
        for begin, end in itertools.pairwise(places)
        for payload in splitter.feed(stream[begin:end])
    ]
    assert found == payloads


@pytest.mark.anyio
async def test_more_than_the_kernel_holds_is_sent_while_the_other_end_reads(
    ends: tuple[Pipe, ServingPipe],
) -> None:
    ours, theirs = ends
    bulk = [bytes([index]) * 3_000_000 for index in range(3)]
    received: list[bytearray] = []

    def read() -> None:
        while len(received) < len(bulk):
            received.extend(theirs.receive(1))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, read)
            await ours.send(b"".join(map(framed, bulk)))
    assert received == bulk


@pytest.mark.anyio
async def test_what_was_sent_before_the_end_is_received_before_the_end(
    ends: tuple[Pipe, ServingPipe],
) -> None:
    ours, theirs = ends
    await anyio.to_thread.run_sync(theirs.send, b"last words")
    theirs.close()
    with anyio.fail_after(60):
        assert await ours.receive() == [b"last words"]


@pytest.mark.anyio
async def test_the_daemon_hears_that_the_other_end_is_gone() -> None:
    ours, theirs = socket.socketpair()
    pipe = Pipe(ours)
    theirs.close()
    with anyio.fail_after(60), pytest.raises(anyio.EndOfStream):
        await pipe.receive()
    with anyio.fail_after(60), pytest.raises(anyio.BrokenResourceError):
        await pipe.send(b"anybody?")
    pipe.finish()
    pipe.close()


def test_a_process_hears_the_end_after_what_came_before(ends: tuple[Pipe, ServingPipe]) -> None:
    ours, theirs = ends
    anyio.run(ours.send, framed(b"a") + framed(b"b"))
    ours.finish()
    assert theirs.receive(10) == [b"a", b"b"]
    assert theirs.receive(10) == []


def test_a_process_may_answer_a_daemon_that_is_gone(ends: tuple[Pipe, ServingPipe]) -> None:
    ours, theirs = ends
    ours.close()
    theirs.send(b"anybody?")
    assert theirs.receive(1) == []


def test_a_process_takes_what_is_there_without_waiting_for_more(
    ends: tuple[Pipe, ServingPipe],
) -> None:
    ours, theirs = ends
    anyio.run(ours.send, framed(b"alone"))
    assert theirs.receive(4096) == [b"alone"]


@pytest.mark.anyio
async def test_a_process_takes_no_more_at_once_than_it_has_memory_for(
    ends: tuple[Pipe, ServingPipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipe, "_RECEIVED_BYTES", 100)
    ours, theirs = ends
    await ours.send(framed(bytes(1000)) * 5)

    def read() -> list[int]:
        return [len(theirs.receive(10, most_bytes)) for most_bytes in (1000, 1000, 1000, 10_000)]

    assert await anyio.to_thread.run_sync(read) == [1, 1, 1, 2]
