"""Raw data on its way to the disk is bounded, and whoever asks for more gets a turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationd.runtime.controllers import data_room
from stationd.runtime.controllers.data_room import DataRoom
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import BlockStored, JobStored
from tests.runtime.bench import NOW, job_id, null_spec

LARGEST = 50
BESIDE = 1024
MOST = 4 * (BESIDE + LARGEST)


@given(st.lists(st.one_of(st.integers(0, LARGEST), st.sampled_from(["commit", "ask"]))))
def test_data_on_its_way_are_bounded_and_nobody_waits_for_ever(steps: list[int | str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(data_room, "MOST_BYTES", MOST)
        journal = MemoryJournal(manual=True)
        journal.write([JobStored(1, job_id(1), "", null_spec(), NOW)], lambda _commit: None)
        room = DataRoom(journal)
        on_the_way: list[int] = []
        asked = answered = blocks = 0

        def answer() -> None:
            nonlocal answered
            answered += 1
            assert not room.full

        for step in steps:
            if step == "commit":
                on_the_way.clear()
                journal.commit()
            elif step == "ask":
                asked += 1
                room.when_free(answer)
            elif not room.full:
                blocks += 1
                on_the_way.append(int(step) + BESIDE)
                room.store(BlockStored(1, 1, "a", blocks, b"", bytes(int(step))))
            assert sum(on_the_way) < MOST + BESIDE + LARGEST
            assert room.full is (sum(on_the_way) >= MOST)
        on_the_way.clear()
        journal.commit()
        assert asked == answered
