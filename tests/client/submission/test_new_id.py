"""Ids of new jobs are unlike one another, and grow with time."""

import time
from uuid import RFC_4122, UUID

from stationd.client.submission.new_id import new_id


def test_ids_are_uuids_of_version_7() -> None:
    for _ in range(100):
        made = UUID(new_id())
        assert (made.version, made.variant) == (7, RFC_4122)


def test_ids_are_written_as_those_are_that_are_read() -> None:
    for _ in range(100):
        made = new_id()
        assert made == str(UUID(made))


def test_ids_tell_when_they_were_made() -> None:
    before = time.time_ns() // 1_000_000
    made = UUID(new_id())
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_no_two_ids_are_equal() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000
