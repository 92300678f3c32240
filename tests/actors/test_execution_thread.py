"""The instrument's thread: one ticket after another, each begun with or given back, never both."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import pytest
from msgspec.structs import replace

from stationd.actors.about import AT_WORK
from stationd.actors.between_tickets import ReadingTaken
from stationd.actors.driver import Driver, Execution
from stationd.actors.execution_thread import Broken, Closed, ExecutionThread, Ready, Word
from stationd.actors.facts import (
    BlockCame,
    NotWithdrawn,
    ProgressMade,
    Release,
    RunEnded,
    RunRaised,
    RunStarted,
    RunStopped,
    SpotReached,
    Step,
    Withdrawn,
)
from stationd.actors.stages.snapshot import MOST_BYTES, SNAPSHOT
from stationd.proto.job import JobId
from stationd.proto.program import Capabilities, Move, NullWork, SweepWork, Work

Phase = Literal["set", "read"]
WAIT = NullWork(duration=1.0)
NOTHING = NullWork()


class Scripted(Driver):
    """Does what a test says, and tells it what was called."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.may_run = threading.Event()
        self.running = threading.Event()
        self.script: Callable[[Execution], None] = lambda _execution: None

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def prepare(self, work: Work) -> None:
        self.calls.append("prepare")

    def run(self, work: Work, execution: Execution) -> None:
        self.calls.append(f"run {execution.ticket}")
        if work == WAIT:
            self.running.set()
            assert self.may_run.wait(60)
            self.may_run.clear()
        self.script(execution)

    def abort(self) -> None:
        self.calls.append("abort")
        self.may_run.set()

    def read(self, name: str) -> float:
        self.calls.append(f"read {name}")
        if name == "nothing":
            raise OSError("not there")
        return 4.2

    def close(self) -> None:
        self.calls.append("close")


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
            raise ValueError("not this one")


class Told:
    """A thread and all that it tells."""

    def __init__(self, driver: Driver) -> None:
        self._said: queue.SimpleQueue[Word] = queue.SimpleQueue()
        self.marks: list[int] = []
        self.thread = ExecutionThread(lambda: driver, self.marks.append, self._said.put)
        self.thread.start()

    def next(self) -> Word:
        return self._said.get(timeout=60)

    def release(self, number: int, work: Work = NOTHING) -> None:
        self.thread.release(Release(number, number * 10, work, JobId(f"job {number}")))


@contextmanager
def working(driver: Driver) -> Generator[Told]:
    told = Told(driver)
    ready = told.next()
    assert isinstance(ready, Ready)
    assert ready.capabilities == driver.describe()
    try:
        yield told
    finally:
        told.thread.close()
        told.thread.join(60)


def test_tickets_run_one_after_another_each_marked_before_it_runs() -> None:
    driver = Scripted()
    with working(driver) as told:
        told.release(2)
        told.release(1)
        facts = [told.next() for _ in range(4)]
    assert [type(fact) for fact in facts] == [RunStarted, RunEnded] * 2
    assert driver.calls == ["prepare", "run 2", "prepare", "run 1", "close"]
    assert told.marks == [20, 10]


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


def test_a_driver_that_may_prepares_the_next_ticket_during_a_run() -> None:
    driver = Ahead()
    ahead = NullWork(duration=0.5)
    driver.refuses = NullWork(duration=0.25)
    with working(driver) as told:
        told.release(1, WAIT)
        told.release(2, ahead)
        told.release(3, driver.refuses)
        driver.running.wait(60)
        assert [driver.prepared.get(timeout=60) for _ in range(3)] == [WAIT, ahead, driver.refuses]
        driver.may_run.set()
        facts = [told.next() for _ in range(5)]
    assert [type(fact) for fact in facts] == [*[RunStarted, RunEnded] * 2, RunRaised]


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


def sweep(*, moves: bool, returns: bool, paced: bool = False) -> SweepWork:
    return SweepWork(
        shape=(2,),
        moves=(Move("x", 0, (1.0, 2.0)),) if moves else (),
        returns=("y",) if returns else (),
        paced=paced,
    )


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (
            sweep(moves=True, returns=True),
            [(0, "set"), (0, "read"), (1, "set"), (1, "read")],
        ),
        (sweep(moves=True, returns=False), [(0, "set"), (1, "set")]),
        (sweep(moves=False, returns=True), [(0, "read"), (1, "read")]),
    ],
)
def test_an_unpaced_sweep_gets_all_its_steps(
    work: SweepWork, expected: list[tuple[int, Phase]]
) -> None:
    driver = Scripted()
    steps: list[tuple[int, Phase]] = []
    driver.script = lambda execution: steps.extend(execution.steps(work))
    with working(driver) as told:
        told.release(1)
        assert isinstance(told.next(), RunStarted)
        assert isinstance(told.next(), RunEnded)
    assert steps == expected


def test_a_snapshot_is_a_block_and_one_that_is_none_costs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    driver = Scripted()

    def run(execution: Execution) -> None:
        execution.snapshot({"x": 1.5, "mode": None})
        execution.snapshot({"text": "x" * MOST_BYTES})
        execution.snapshot({"array": np.zeros(3)})  # type: ignore[dict-item]

    driver.script = run
    with working(driver) as told:
        told.release(1)
        assert isinstance(told.next(), RunStarted)
        block = told.next()
        assert isinstance(block, BlockCame)
        assert (block.name, block.data) == (SNAPSHOT, b'{"x":1.5,"mode":null}')
        assert block.shape == (1, len(block.data))
        assert isinstance(told.next(), RunEnded)
    assert caplog.text.count("is left out of the result") == 2


def test_a_paced_sweep_gets_each_step_at_its_word_and_once() -> None:
    driver = Scripted()
    work = sweep(moves=False, returns=True, paced=True)
    steps: list[tuple[int, Phase]] = []
    driver.script = lambda execution: steps.extend(execution.steps(work))
    with working(driver) as told:
        told.release(1)
        assert isinstance(told.next(), RunStarted)
        for spot in (0, 0, 1):
            told.thread.advance(Step(1, spot, "read"))
            assert told.next() == SpotReached(1, spot, "read")
        assert isinstance(told.next(), RunEnded)
    assert steps == [(0, "read"), (1, "read")]


def test_a_word_for_many_spots_is_answered_when_the_last_of_them_is_done() -> None:
    driver = Scripted()
    work = sweep(moves=True, returns=True, paced=True)
    steps: list[tuple[int, Phase]] = []
    driver.script = lambda execution: steps.extend(execution.steps(work))
    with working(driver) as told:
        told.release(1)
        assert isinstance(told.next(), RunStarted)
        told.thread.advance(Step(1, 0, "set"))
        assert told.next() == SpotReached(1, 0, "set")
        told.thread.advance(Step(1, 0, "read", through=1))
        assert told.next() == SpotReached(1, 1, "read")
        assert isinstance(told.next(), RunEnded)
    assert steps == [(0, "set"), (0, "read"), (1, "set"), (1, "read")]


def test_an_abort_ends_a_sweep_between_the_spots_of_one_word() -> None:
    driver = Scripted()
    work = sweep(moves=True, returns=True, paced=True)
    steps: list[tuple[int, Phase]] = []

    def run(execution: Execution) -> None:
        for step in execution.steps(work):
            steps.append(step)
            if step == (0, "read"):
                assert told.thread.stop(1) is None

    driver.script = run
    with working(driver) as told:
        told.release(1)
        assert isinstance(told.next(), RunStarted)
        told.thread.advance(Step(1, 0, "set", through=1))
        assert isinstance(told.next(), RunStopped)
    assert steps == [(0, "set"), (0, "read")]


def test_whoever_has_settings_says_at_the_first_spot_that_they_are_applied() -> None:
    driver = Scripted()
    work = replace(sweep(moves=False, returns=True, paced=True), settings=(("power", 1.0),))
    steps: list[tuple[int, Phase]] = []
    driver.script = lambda execution: steps.extend(execution.steps(work))
    words: list[tuple[int, Phase]] = [(0, "set"), (0, "read"), (1, "read")]
    with working(driver) as told:
        told.release(1)
        assert isinstance(told.next(), RunStarted)
        for spot, phase in words:
            told.thread.advance(Step(1, spot, phase))
            assert told.next() == SpotReached(1, spot, phase)
        assert isinstance(told.next(), RunEnded)
    assert steps == words


def test_a_word_for_a_phase_without_a_part_fails_the_ticket() -> None:
    driver = Scripted()
    work = sweep(moves=False, returns=True, paced=True)
    driver.script = lambda execution: deque(execution.steps(work)).clear()
    with working(driver) as told:
        told.release(1)
        assert isinstance(told.next(), RunStarted)
        told.thread.advance(Step(1, 0, "set"))
        assert isinstance(told.next(), RunRaised)


def test_progress_is_thinned_out_but_never_its_end() -> None:
    driver = Scripted()

    def hurry(execution: Execution) -> None:
        for done in range(1, 1001):
            execution.progress(done, 1000, "shots")

    driver.script = hurry
    said: list[object] = []
    with working(driver) as told:
        told.release(1)
        while not said or not isinstance(said[-1], RunEnded):
            said.append(told.next())
    made = [one for one in said if isinstance(one, ProgressMade)]
    assert len(made) < 1000
    assert made[-1] == ProgressMade(1, 1000, 1000, "shots")


def test_data_is_told_in_blocks() -> None:
    driver = Scripted()
    driver.script = lambda execution: execution.data("bits", [[1, 0]], offset=3, item=2)
    with working(driver) as told:
        told.release(1)
        assert isinstance(told.next(), RunStarted)
        block = told.next()
        assert isinstance(block, BlockCame)
        assert (block.name, block.item, block.offset, block.shape) == ("bits", 2, 3, (1, 2))


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
