"""What the ledger has said to be on disk is there, for whoever opens it next."""

import os
import queue
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from stationd.actors.ledger import database as ledger_database
from stationd.actors.ledger.database import Block
from stationd.actors.ledger.ledger import Committed, Ledger
from stationd.actors.line import facts
from stationd.actors.line.facts import Memory, Record, SpooledBlocks
from stationd.proto.error import ErrorCode, StationError
from stationd.proto.job import Fence, JobId, Ticket

TICKET = Ticket(5, JobId("job"), 2)
ARMED = facts.TicketArmed(TICKET, 1, b"work", cleared=True)
ENDED = facts.TicketEnded(TICKET, b"end")


class Opened:
    """A ledger and what it has said."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.said: queue.SimpleQueue[Committed] = queue.SimpleQueue()
        self._number = 0
        ledger.start([], self.said.put)

    def write(
        self, records: Sequence[Record], reads: Sequence[SpooledBlocks] = ()
    ) -> dict[SpooledBlocks, list[Block]]:
        self._number += 1
        self.ledger.write(self._number, records, reads)
        while True:
            committed = self.said.get(timeout=60)
            if committed.up_to == self._number:
                return committed.blocks


@contextmanager
def opened(state: Path) -> Generator[Opened]:
    ledger = Ledger(state)
    try:
        yield Opened(ledger)
    finally:
        ledger.close()


def remembered(state: Path) -> Memory:
    with opened(state) as one:
        return one.ledger.memory


def test_a_new_ledger_has_a_name_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    first = remembered(tmp_path / "a")
    assert first == Memory(ledger=first.ledger, certain=False)
    assert remembered(tmp_path / "a").ledger == first.ledger
    assert remembered(tmp_path / "b").ledger != first.ledger


def test_tickets_are_remembered_as_far_as_they_have_come(tmp_path: Path) -> None:
    other = Ticket(6, JobId("other"), 1)
    with opened(tmp_path) as one:
        one.write([ARMED, facts.TicketArmed(other, 2, b"more", cleared=False)])
        one.ledger.mark_started(1)
    memory = remembered(tmp_path)
    assert (memory.last_started, memory.certain) == (1, True)
    first, second = memory.held
    assert (first.ticket, first.work, first.cleared, first.end) == (TICKET, b"work", True, None)
    assert (second.ticket, second.work, second.cleared) == (other, b"more", False)
    with opened(tmp_path) as one:
        one.write([facts.TicketCleared(6), ENDED])
    first, second = remembered(tmp_path).held
    assert (first.end, second.cleared) == (b"end", True)
    with opened(tmp_path) as one:
        one.write([facts.TicketRevoked(6), facts.TicketOver(5, 0)])
    memory = remembered(tmp_path)
    assert (memory.held, memory.over) == ((), frozenset({5}))


def test_blocks_come_back_from_the_one_on_that_is_asked_for(tmp_path: Path) -> None:
    blocks = [facts.BlockSpooled(5, index, b"h%d" % index, b"data") for index in range(3)]
    with opened(tmp_path) as one:
        one.write([ARMED, *blocks])
        asked = SpooledBlocks(5, 1)
        assert one.write([], [asked]) == {asked: [Block(b"h1", b"data"), Block(b"h2", b"data")]}
    (held,) = remembered(tmp_path).held
    assert (held.blocks, held.size_bytes) == (3, 12)
    with opened(tmp_path) as one:
        one.write([facts.TicketOver(5, 3)])
        assert one.write([], [asked]) == {asked: []}


def test_so_many_blocks_come_back_at_a_time_as_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_database, "MOST_COLLECTED_BYTES", 5)
    blocks = [facts.BlockSpooled(5, index, b"h", b"data") for index in range(5)]
    with opened(tmp_path) as one:
        one.write([ARMED, *blocks])
        for first, count in ((0, 2), (2, 2), (4, 1)):
            asked = SpooledBlocks(5, first)
            assert one.write([], [asked]) == {asked: [Block(b"h", b"data")] * count}


def test_the_fence_and_the_watermark_are_remembered(tmp_path: Path) -> None:
    with opened(tmp_path) as one:
        one.write([facts.FenceSeen(Fence("lab", 3)), facts.FenceSeen(Fence("lab", 4))])
        one.write([facts.TicketOver(number, 0) for number in (1, 2, 3)])
        one.write([facts.Forgotten(3)])
    memory = remembered(tmp_path)
    assert (memory.fence, memory.forgotten) == (Fence("lab", 4), 3)
    assert memory.over == {3}


def test_the_end_of_a_ticket_that_never_came_is_remembered(tmp_path: Path) -> None:
    with opened(tmp_path) as one:
        one.write([ENDED])
    (held,) = remembered(tmp_path).held
    assert (held.ticket, held.end) == (TICKET, b"end")


def test_after_another_boot_the_mark_is_not_trusted_until_the_recovery_is_stored(
    tmp_path: Path,
) -> None:
    remembered(tmp_path)
    database = sqlite3.connect(tmp_path / "ledger.sqlite3")
    database.execute("UPDATE fact SET value = 'another boot' WHERE name = 'boot'")
    database.commit()
    database.close()
    for _ in range(2):
        ledger = Ledger(tmp_path)
        assert not ledger.memory.certain
        ledger.close()
    with opened(tmp_path) as one:
        assert not one.ledger.memory.certain
    assert remembered(tmp_path).certain


def test_a_lost_mark_is_not_trusted(tmp_path: Path) -> None:
    remembered(tmp_path)
    (tmp_path / "started").unlink()
    assert not remembered(tmp_path).certain


def test_the_directory_is_for_one_process_and_the_error_names_it(tmp_path: Path) -> None:
    with opened(tmp_path):
        with pytest.raises(StationError, match=f"process {os.getpid()} has") as refused:
            Ledger(tmp_path)
        assert refused.value.info.code is ErrorCode.ALREADY_RUNNING
    remembered(tmp_path)


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    remembered(tmp_path)
    database = sqlite3.connect(tmp_path / "ledger.sqlite3")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StationError, match="written by a newer stationd"):
        Ledger(tmp_path)
    # Nothing stays locked.
    with pytest.raises(StationError, match="written by a newer stationd"):
        Ledger(tmp_path)


def test_a_damaged_ledger_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(StationError, match="move it away"):
        Ledger(tmp_path)


def test_a_disk_that_fails_delays_the_answer_and_loses_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as one:
        one.write([ARMED])
        database = one.ledger._database  # pyright: ignore[reportPrivateUsage]
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages}")
        block = facts.BlockSpooled(5, 0, b"h", bytes(1 << 20))
        one.ledger.write(2, [block])
        with pytest.raises(queue.Empty):
            one.said.get(timeout=0.1)
        database.execute("PRAGMA max_page_count = 1000000")
        assert one.said.get(timeout=60).up_to == 2
    (held,) = remembered(tmp_path).held
    assert held.blocks == 1


def test_a_disk_that_takes_no_more_is_spoken_of_once_and_nothing_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with opened(tmp_path) as one:
        one.write([ARMED])
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
        try:
            one.ledger.write(2, [ENDED])
            while "the ledger's disk is full" not in caplog.text:
                time.sleep(0.01)
            # Long enough to be tried again.
            with pytest.raises(queue.Empty):
                one.said.get(timeout=1.2)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert one.said.get(timeout=60).up_to == 2
    assert caplog.text.count("the ledger's disk is full or fails (disk I/O error)") == 1
    assert caplog.text.count("the ledger's disk is in order again") == 1
    (held,) = remembered(tmp_path).held
    assert held.end == b"end"


def test_a_directory_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(StationError, match=r"cannot write to its state directory.*free the disk"):
        Ledger(tmp_path / "state")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        with pytest.raises(StationError, match="free the disk or mend its rights"):
            Ledger(tmp_path / "new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with opened(tmp_path / "new") as one:
        one.write([ARMED])


KILLED = """
import os, queue, signal, sys
from pathlib import Path
from stationd.actors.line import facts
from stationd.actors.ledger.ledger import Ledger
from stationd.proto.job import JobId, Ticket
ledger, said = Ledger(Path(sys.argv[1])), queue.SimpleQueue()
ledger.start([], said.put)
ledger.write(1, [facts.TicketArmed(Ticket(5, JobId("job"), 2), 1, b"work", True)])
said.get()
ledger.mark_started(1)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_the_mark_outlives_the_process(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False, timeout=120)
    memory = remembered(tmp_path)
    assert (memory.last_started, memory.certain) == (1, True)
    assert memory.held[0].ticket == TICKET
