"""The bus: who is there, who is silent, and frames that make no sense."""

# pyright: reportPrivateUsage=false

from collections import Counter
from collections.abc import Callable, Sequence

import anyio
import pytest
import zmq
from anyio.lowlevel import checkpoint

from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import REPORTS
from stationd.proto.job import Ticket
from stationd.proto.socket import Socket, connect
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.records import ControllerSeen, Fact, Record
from tests.runtime.bench import BEAT, GRACE, NULL, Bench, a_bench, heard, hello, job_id, until

pytestmark = pytest.mark.anyio


def dial(bench: Bench) -> Socket:
    return connect(zmq.DEALER, bench.station.settings.instruments_endpoint)


async def join(bench: Bench, socket: Socket, name: str = "a") -> None:
    await socket.send([REPORTS.encode(hello(name))])
    while not isinstance(await heard(socket), wire.Welcome):
        pass
    await checkpoint()


def pass_time(bench: Bench, seconds: float) -> None:
    """Let time pass as the beat sees it: in steps of one interval."""
    for _ in range(int(seconds / BEAT)):
        bench.clock.now += BEAT
        bench.bus.look_around(bench.instruments)


async def test_a_configured_controller_is_welcomed() -> None:
    async with a_bench() as bench:
        with dial(bench) as socket:
            await socket.send([REPORTS.encode(hello("a"))])
            welcome = await heard(socket)
            opening = bench.journal.opening
            assert isinstance(welcome, wire.Welcome)
            assert (welcome.fence.station, welcome.fence.epoch) == (opening.station, opening.epoch)
            assert welcome.beat_interval == BEAT
            assert bench.bus.connected() == ["a"]


async def test_an_unknown_controller_is_ignored() -> None:
    async with a_bench() as bench:
        with dial(bench) as stranger, dial(bench) as socket:
            await stranger.send([REPORTS.encode(hello("nobody"))])
            await join(bench, socket)
            assert bench.bus.connected() == ["a"]
            assert stranger.receive_nowait() is None


async def test_what_a_controller_offers_is_remembered_on_disk() -> None:
    async with a_bench() as bench:
        with dial(bench) as socket:
            await socket.send([REPORTS.encode(hello("a", ledger="new"))])
            await heard(socket)
            await until(lambda: bench.journal.commit() > 0)
        seen = {one.name: one for one in await bench.journal.controllers()}
        assert seen["a"].ledger == "new"
        assert seen["a"].capabilities == NULL


async def test_a_new_ledger_is_remembered_after_what_it_has_taken_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[type[Record]] = []

    async with a_bench() as bench:
        bench.queued(1)
        journal = bench.journal.reopened()
    write = journal.write

    def noted(records: Sequence[Record], committed: Callable[[Commit], None]) -> None:
        written.extend(type(one) for one in records)
        write(records, committed)

    async with a_bench(journal) as bench:
        monkeypatch.setattr(journal, "write", noted)
        with dial(bench) as socket:
            await socket.send([REPORTS.encode(hello("a", ledger="new"))])
            await until(lambda: ControllerSeen in written)
    assert Fact in written[: written.index(ControllerSeen)]


@pytest.mark.parametrize(
    "frames",
    [
        [b""],
        [b"sti"],
        [b"garbage"],
        [b"stj\x01\x00\x90"],
        [b"sti\x09\x00\x90"],
        [b"sti\x01\x00\xc1"],
    ],
    ids=repr,
)
async def test_frames_that_make_no_sense_are_counted_and_dropped(frames: list[bytes]) -> None:
    async with a_bench() as bench:
        with dial(bench) as socket:
            await socket.send(frames)
            await join(bench, socket)
        assert bench.count('stationd_bad_frames_total{socket="instruments"}') == 1


async def test_data_without_its_bytes_is_counted() -> None:
    async with a_bench() as bench:
        with dial(bench) as socket:
            await join(bench, socket)
            data = wire.Data(Ticket(1, job_id(1), 1), 0, "y", 0, 0, "<f8", (1,))
            await socket.send([REPORTS.encode(data)])
            await until(lambda: bench.count('stationd_bad_frames_total{socket="instruments"}') == 1)


async def test_a_controller_is_told_how_much_of_its_data_has_been_taken() -> None:
    block = bytes(wire.MOST_UNTAKEN_BYTES // 8)
    async with a_bench() as bench:
        with dial(bench) as socket:
            await join(bench, socket)
            pass_time(bench, BEAT)
            assert await heard(socket) == wire.Heartbeat(0)
            for index in range(3):
                data = wire.Data(Ticket(1, job_id(1), 1), index, "y", 0, 0, "|u1", (len(block),))
                await socket.send([REPORTS.encode(data), block])
            # Long before it would have to wait.
            assert await heard(socket) == wire.Heartbeat(2 * len(block))
            await until(lambda: bench.bus.peers["a"].taken == 3 * len(block))
            pass_time(bench, BEAT)
            assert await heard(socket) == wire.Heartbeat(3 * len(block))
            await join(bench, socket)
            pass_time(bench, BEAT)
            assert await heard(socket) == wire.Heartbeat(0)


async def test_what_fails_while_a_report_is_taken_costs_that_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    async with a_bench() as bench:
        with dial(bench) as socket, dial(bench) as other:
            await join(bench, socket)
            with monkeypatch.context() as patch:
                patch.setattr(bench.instruments, "report", broken)
                await socket.send([REPORTS.encode(wire.Armed(Ticket(1, job_id(1), 1)))])
                await until(lambda: bench.count("stationd_unexpected_events_total") == 1)
            await join(bench, other, "b")
            assert bench.bus.connected() == ["a", "b"]


def armed(count: int) -> bytes:
    """Return a frame with many reports."""
    reports = [wire.Armed(Ticket(number, job_id(number), 1)) for number in range(1, count + 1)]
    (frame,) = REPORTS.joined([REPORTS.encode(one) for one in reports], wire.REPORTS_TAG)
    return frame


async def test_many_reports_of_one_frame_are_taken_a_few_in_each_turn_of_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turn, taken = 0, list[tuple[int, int]]()

    async def turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await checkpoint()

    def note(_name: str, report: wire.Armed) -> None:
        taken.append((turn, report.ticket.number))

    async with a_bench() as bench, anyio.create_task_group() as tasks:
        with dial(bench) as socket:
            await join(bench, socket)
            monkeypatch.setattr(bench.instruments, "report", note)
            tasks.start_soon(turns)
            await socket.send([armed(400)])
            await until(lambda: len(taken) == 400)
            tasks.cancel_scope.cancel()
    assert [number for _, number in taken] == list(range(1, 401))
    # Who comes first in a turn may vary, so two parts may fall between two counts.
    by_turn = Counter(turn for turn, _ in taken)
    assert max(by_turn.values()) <= 2 * 64


async def test_what_is_left_of_a_frame_is_dropped_when_its_controller_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_bench() as bench:
        with dial(bench) as socket, dial(bench) as newer:
            await join(bench, socket)
            old, sender = bench.bus.peers["a"].identity, bench.bus.peers["a"].sender
            assert old is not None
            taken: list[int] = []

            def note(_name: str, report: wire.Armed) -> None:
                taken.append(report.ticket.number)

            monkeypatch.setattr(bench.instruments, "report", note)
            sender = bench.bus.peers["a"].sender
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(bench.bus._take, old, [armed(1000)], bench.instruments, sender)
                await until(lambda: bool(taken))
                bench.bus._by_identity.pop(old)
            assert len(taken) < 1000
            monkeypatch.undo()
            await join(bench, newer)


async def test_a_silent_controller_is_noticed_within_three_beats() -> None:
    async with a_bench() as bench:
        with dial(bench) as socket:
            await join(bench, socket)
            pass_time(bench, 3 * BEAT)
            assert bench.bus.connected() == ["a"]
            pass_time(bench, BEAT)
            assert bench.bus.connected() == []


async def test_a_controller_that_beats_stays() -> None:
    async with a_bench() as bench:
        with dial(bench) as socket:
            await join(bench, socket)
            for _ in range(10):
                await socket.send([REPORTS.encode(wire.Beat())])
                heard_before = bench.bus.peers["a"].heard
                pass_time(bench, BEAT)
                await until(lambda: bench.bus.peers["a"].heard > heard_before)  # noqa: B023
            assert bench.bus.connected() == ["a"]


async def test_a_controller_is_given_up_once_the_grace_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_bench() as bench:
        given_up: list[str] = []
        monkeypatch.setattr(bench.instruments, "absent", given_up.append)
        with dial(bench) as socket:
            await join(bench, socket)
            pass_time(bench, GRACE)
            assert "a" not in given_up
            pass_time(bench, BEAT)
            assert given_up.count("a") == 1
            pass_time(bench, 2 * GRACE)
            assert given_up.count("a") == 1
            await join(bench, socket)
            assert bench.bus.connected() == ["a"]


async def test_a_daemon_that_was_stopped_gives_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_bench() as bench:
        given_up: list[str] = []
        monkeypatch.setattr(bench.instruments, "absent", given_up.append)
        with dial(bench) as socket:
            await join(bench, socket)
            bench.clock.now += 5 * GRACE
            bench.bus.look_around(bench.instruments)
            assert bench.bus.connected() == ["a"]
            assert given_up == []


async def test_the_newest_connection_of_a_controller_counts() -> None:
    async with a_bench() as bench:
        with dial(bench) as old, dial(bench) as new:
            await join(bench, old)
            await join(bench, new)
            bench.bus.send("a", wire.Heartbeat())
            assert await heard(new) == wire.Heartbeat()
            assert old.receive_nowait() is None


async def test_a_command_to_an_absent_controller_is_lost_without_harm() -> None:
    async with a_bench() as bench:
        bench.bus.send("a", wire.Heartbeat())
        with dial(bench) as socket:
            await join(bench, socket)
        await until(lambda: _gone(bench))
        assert bench.bus.connected() == []


def _gone(bench: Bench) -> bool:
    bench.bus.send("a", wire.Heartbeat())
    return bench.bus.connected() == []


async def test_whoever_waits_for_a_controller_is_told_when_it_says_what_it_offers() -> None:
    async with a_bench() as bench:
        bench.bus.peers["a"].capabilities = None
        assert await bench.bus.wait_described(["a", "b"], 0.01) == ["a"]
        with dial(bench) as socket:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(join, bench, socket)
                assert await bench.bus.wait_described(["a", "b"], 60) == []
