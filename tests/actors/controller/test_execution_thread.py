"""The instrument's thread: one ticket after another, each begun with or given back, never both."""

import logging
import queue
import threading

import pytest

from stationd.actors.about import AT_WORK
from stationd.actors.controller.between_tickets import ReadingTaken
from stationd.actors.controller.execution_thread import Broken, Closed, Ready
from stationd.actors.driver import Driver, Execution
from stationd.actors.line.facts import (
    NotWithdrawn,
    RunEnded,
    RunRaised,
    RunStarted,
    RunStopped,
    Withdrawn,
)
from stationd.proto.program import Capabilities, NullWork, Work
from tests.actors.scripted_driver import NOTHING, WAIT, Scripted, Told, working


class Ahead(Scripted):
    """Prepares while it runs."""

    runs_while_preparing = True

    def __init__(self) -> None:
        super().__init__()
        self.prepared: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self.refuses: Work | None = None

    def prepare(self, work: Work) -> None:
        self.prepared.put(work)
        if work == self.refuses:
            raise SystemExit("not this one")


def test_tickets_run_one_after_another_each_marked_before_it_runs() -> None:
    driver = Scripted()
    with working(driver) as told:
        told.release(2)
        told.release(1)
        facts = [told.next() for _ in range(4)]
    assert [type(fact) for fact in facts] == [RunStarted, RunEnded] * 2
    assert driver.calls == ["prepare", "run 2", "prepare", "run 1", "close"]
    assert told.marks == [20, 10]


class Unprepared(Scripted):
    """Has nothing to prepare."""

    prepare = Driver.prepare


def test_only_of_what_happens_between_two_tickets_may_word_come_late() -> None:
    driver = Unprepared()
    with working(driver) as told:
        told.release(1, WAIT)
        begun = told.next()
        told.release(2)
        driver.may_run.set()
        ended, next_begun, next_ended = (told.next() for _ in range(3))
    assert isinstance(begun, RunStarted)
    assert isinstance(next_ended, RunEnded)
    assert told.soon == [ended, next_begun]


def test_the_thread_goes_on_by_itself() -> None:
    driver = Scripted()
    with working(driver) as told:
        for number in (1, 2, 3):
            told.release(number)
        # Nobody answers what it tells, and all three run.
        facts = [told.next() for _ in range(6)]
    assert isinstance(facts[-1], RunEnded)


def test_what_waits_is_withdrawn_and_what_runs_is_not() -> None:
    driver = Scripted()
    with working(driver) as told:
        told.release(1, WAIT)
        told.release(2)
        driver.running.wait(60)
        assert told.thread.withdraw(1) == NotWithdrawn(1)
        assert told.thread.withdraw(2) == Withdrawn(2)
        driver.may_run.set()
        assert isinstance(told.next(), RunStarted)
        assert isinstance(told.next(), RunEnded)
    assert "run 2" not in driver.calls


def test_stop_aborts_what_runs() -> None:
    driver = Scripted()
    with working(driver) as told:
        told.release(1, WAIT)
        told.release(2)
        driver.running.wait(60)
        assert told.thread.stop(2) == Withdrawn(2)
        assert told.thread.stop(1) is None
        assert isinstance(told.next(), RunStarted)
        assert isinstance(told.next(), RunStopped)
    assert driver.calls == ["prepare", "run 1", "abort", "close"]


def test_an_abort_that_comes_during_preparation_prevents_the_run() -> None:
    driver = Ahead()
    told: list[Told] = []

    def stop(execution: Execution) -> None:
        pytest.fail("it ran")

    driver.script = stop
    entered, leave = threading.Event(), threading.Event()

    def slow(work: Work) -> None:
        entered.set()
        leave.wait(60)

    driver.prepare = slow  # type: ignore[method-assign]
    with working(driver) as one:
        told.append(one)
        one.release(1)
        assert entered.wait(60)
        answer = one.thread.stop(1)
        leave.set()
        # Begun with or not, it comes back unexecuted.
        assert (answer or one.next()) == Withdrawn(1)
    assert one.marks == []


def test_a_run_that_raises_after_an_abort_was_stopped() -> None:
    driver = Scripted()

    def fail(execution: Execution) -> None:
        assert execution.aborted
        raise RuntimeError("interrupted")

    driver.script = fail
    with working(driver) as told:
        told.release(1, WAIT)
        driver.running.wait(60)
        told.thread.stop(1)
        assert isinstance(told.next(), RunStarted)
        assert isinstance(told.next(), RunStopped)


@pytest.mark.parametrize("error", [ValueError("bad"), SystemExit("bad")])
def test_a_run_that_raises_anything_costs_its_ticket_only(error: BaseException) -> None:
    driver = Scripted()

    def fail(execution: Execution) -> None:
        if execution.ticket == 1:
            raise error

    driver.script = fail
    with working(driver) as told:
        told.release(1)
        told.release(2)
        assert isinstance(told.next(), RunStarted)
        raised = told.next()
        assert isinstance(raised, RunRaised)
        assert raised.detail == f"{type(error).__name__}: bad"
        assert isinstance(told.next(), RunStarted)
        assert isinstance(told.next(), RunEnded)


class Unspeakable(Exception):
    """Cannot even say what is wrong."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "error", [OSError("no \udcff.cfg"), ValueError("x" * 10**7), Unspeakable()]
)
def test_whatever_a_run_raises_can_be_written_down(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    # The log has all of it, and pytest's own processes cannot send each other such words.
    caplog.set_level(logging.CRITICAL, "stationd.actors.controller.execution_thread")
    driver = Scripted()

    def fail(_: Execution) -> None:
        raise error

    driver.script = fail
    with working(driver) as told:
        told.release(1)
        assert isinstance(told.next(), RunStarted)
        raised = told.next()
        assert isinstance(raised, RunRaised)
        assert raised.detail.startswith(f"{type(error).__name__}: ")
        assert len(raised.detail.encode()) < 10_000


def test_a_driver_that_may_prepares_the_next_ticket_during_a_run() -> None:
    driver = Ahead()
    ahead = NullWork(duration=0.5)
    driver.refuses = NullWork(duration=0.25)
    with working(driver) as told:
        told.release(1, WAIT)
        told.release(2, ahead)
        told.release(3, driver.refuses)
        told.release(4)
        driver.running.wait(60)
        in_order = [WAIT, ahead, driver.refuses, NOTHING]
        assert [driver.prepared.get(timeout=60) for _ in range(4)] == in_order
        driver.may_run.set()
        facts = [told.next() for _ in range(7)]
    begun = [RunStarted, RunEnded]
    assert [type(fact) for fact in facts] == [*begun * 2, RunRaised, *begun]


def test_close_stops_what_runs_and_begins_nothing_more() -> None:
    driver = Scripted()
    told = Told(driver)
    assert isinstance(told.next(), Ready)
    told.release(1, WAIT)
    told.release(2)
    driver.running.wait(60)
    told.thread.close()
    assert isinstance(told.next(), RunStarted)
    assert isinstance(told.next(), RunStopped)
    assert isinstance(told.next(), Closed)
    assert driver.calls == ["prepare", "run 1", "abort", "close"]


def test_a_driver_that_cannot_be_made_is_told_of() -> None:
    class Broke(Scripted):
        def describe(self) -> Capabilities:
            raise OSError("no instrument")

    driver = Broke()
    told = Told(driver)
    broken = told.next()
    assert isinstance(broken, Broken)
    assert str(broken.error) == "no instrument"
    assert driver.calls == ["close"]


def job_at_work() -> str | None:
    about = AT_WORK.get()
    return None if about is None else about.job


def test_what_is_logged_by_a_hook_is_known_to_be_of_its_job() -> None:
    seen: list[str | None] = []
    driver = Scripted()
    driver.script = lambda _execution: seen.append(job_at_work())
    with working(driver) as told:
        told.release(1)
        told.release(2)
        for _ in range(4):
            told.next()
    assert seen == ["job 1", "job 2"]


def test_an_idle_instrument_is_read_at_once() -> None:
    driver = Scripted()
    with working(driver) as told:
        told.thread.read(7, "temperature")
        taken = told.next()
        assert isinstance(taken, ReadingTaken)
        assert (taken.number, taken.readout, taken.value, taken.error) == (
            7,
            "temperature",
            4.2,
            "",
        )


def test_a_reading_waits_for_the_ticket_at_work_and_goes_before_the_next_one() -> None:
    driver = Scripted()
    with working(driver) as told:
        told.release(1, WAIT)
        told.release(2)
        assert driver.running.wait(60)
        told.thread.read(7, "temperature")
        assert driver.calls[-1] == "run 1"
        driver.may_run.set()
        words = [told.next() for _ in range(5)]
    assert [type(word) for word in words] == [
        RunStarted, RunEnded, ReadingTaken, RunStarted, RunEnded
    ]  # fmt: skip
    assert driver.calls == [
        "prepare", "run 1", "read temperature", "prepare", "run 2", "close"
    ]  # fmt: skip


def test_the_end_of_a_ticket_is_told_although_only_a_question_follows() -> None:
    class Unprepared(Driver):
        """Has no `prepare`, so that its ends are told with the next start."""

        def __init__(self) -> None:
            self.running = threading.Event()
            self.may_run = threading.Event()

        def describe(self) -> Capabilities:
            return Capabilities(null=True)

        def run(self, work: Work, execution: Execution) -> None:
            self.running.set()
            assert self.may_run.wait(60)

    driver = Unprepared()
    with working(driver) as told:
        told.release(1)
        assert driver.running.wait(60)
        told.thread.read(7, "temperature")
        driver.may_run.set()
        words = [told.next() for _ in range(3)]
        assert [type(word) for word in words] == [RunStarted, RunEnded, ReadingTaken]


def test_a_reading_that_fails_says_why_and_costs_nothing_else() -> None:
    with working(Scripted()) as told:
        told.thread.read(8, "nothing")
        taken = told.next()
        assert isinstance(taken, ReadingTaken)
        assert (taken.value, taken.error) == (None, "OSError: not there")
        told.release(1)
        assert [type(told.next()) for _ in range(2)] == [RunStarted, RunEnded]
