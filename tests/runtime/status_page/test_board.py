"""The board between the loop and the threads that show it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from stationd.runtime.status_page.board import FRESH_FOR, WATCHED_FOR, Board


class Time:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr("stationd.runtime.status_page.board.time", time)
    return time


def test_it_is_watched_for_a_while_after_each_look(time: Time) -> None:
    board = Board()
    assert not board.watched
    board.read(0.0)
    time.now += WATCHED_FOR - 1
    assert board.watched
    time.now += 1
    assert not board.watched


def test_a_snapshot_is_shown_as_long_as_it_is_fresh(time: Time) -> None:
    board = Board()
    assert board.read(0.0) is None
    board.hang_out(b"one")
    assert board.read(0.0) == b"one"
    time.now += FRESH_FOR
    assert board.read(0.0) is None
    board.hang_out(b"two")
    assert board.read(0.0) == b"two"


@pytest.mark.usefixtures("time")  # it stands still, however late a thread comes to look
def test_whoever_comes_first_gets_the_one_that_is_made_then() -> None:
    board = Board()
    with ThreadPoolExecutor(3) as threads:
        looks = [threads.submit(board.read, 60.0) for _ in range(3)]
        board.hang_out(b"fresh")
        assert [look.result() for look in looks] == [b"fresh"] * 3
