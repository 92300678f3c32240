"""What a driver's `run` is given: steps of a sweep, and somebody who takes data and progress."""

from collections import deque

import numpy as np
import pytest
from msgspec.structs import replace

from stationd.actors.driver import Execution
from stationd.actors.execution.paced_word import Phase
from stationd.actors.line.facts import (
    BlockCame,
    ProgressMade,
    RunEnded,
    RunRaised,
    RunStarted,
    RunStopped,
    SpotReached,
    Step,
)
from stationd.actors.stages.snapshot import MOST_BYTES, SNAPSHOT
from stationd.proto.program import Move, SweepWork
from tests.actors.scripted_driver import Scripted, working


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
