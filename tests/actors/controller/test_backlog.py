"""Whoever is ahead of the disk waits for it, and for nothing else."""

import queue
import threading

from stationd.actors.controller.backlog import Backlog


def never() -> bool:
    return False


def test_room_that_is_there_is_taken_at_once() -> None:
    backlog = Backlog(10)
    backlog.take(5, never)
    backlog.take(5, never)


def test_a_block_larger_than_all_room_goes_alone() -> None:
    Backlog(10).take(1000, never)


def test_what_does_not_fit_waits_until_room_is_given_back() -> None:
    backlog = Backlog(10)
    backlog.take(10, never)
    taken: queue.SimpleQueue[int] = queue.SimpleQueue()
    asked = threading.Event()

    def give_up() -> bool:
        asked.set()
        return False

    def take() -> None:
        backlog.take(3, give_up)
        taken.put(3)

    thread = threading.Thread(target=take)
    thread.start()
    assert asked.wait(60)
    assert taken.empty()
    backlog.give_back(3)
    assert taken.get(timeout=60) == 3
    thread.join(60)


def test_an_abort_ends_the_waiting() -> None:
    backlog = Backlog(10)
    backlog.take(10, never)
    backlog.take(10, lambda: True)
