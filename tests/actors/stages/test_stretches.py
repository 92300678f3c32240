"""A sweep in several attempts: every spot is there once, and of one attempt alone."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stationd.actors.stages.joined import Joined
from stationd.actors.stages.post_process import post_process
from stationd.actors.stages.raw_data import DataInMemory, RawBlock
from stationd.actors.stages.requests import PostProcessRequest
from stationd.actors.stages.stretches import (
    Covered,
    Stretch,
    goes_on_at,
    merged,
    next_spot,
    stretches,
    told,
)
from stationd.proto.instruments_protocol import Data
from stationd.proto.job import JobId, Ticket
from stationd.proto.program import Axis, Sweep
from stationd.proto.result import SweepResult, decode_result

JOB = JobId("00000000-0000-4000-8000-000000000001")
SPOTS = 12
RETURNS = ("a.x", "b.y")
SWEEP = Sweep(axes=((Axis("a.s", tuple(map(float, range(SPOTS)))),),), returns=RETURNS)

ranges = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=12)
attempts = st.lists(
    st.fixed_dictionaries({name: st.integers(0, SPOTS) for name in RETURNS}), max_size=4
)
"""How far each readout came in each of the attempts that were cut short."""


def block(attempt: int, name: str, index: int, first: int, rows: int) -> RawBlock:
    """Return readings that tell their attempt and their spot."""
    controller, _, own = name.partition(".")
    values = np.arange(first, first + rows, dtype=np.float64) + 1000 * attempt
    ticket = Ticket(attempt, JOB, attempt)
    return RawBlock(
        controller, Data(ticket, index, own, 0, first, "<f8", (rows,)), values.tobytes()
    )


def made(attempt: int, first: int, reached: Mapping[str, int], size: int) -> list[RawBlock]:
    """Return what an attempt sends from its first spot on, in blocks of some size."""
    return [
        block(attempt, name, index, spot, min(size, end - spot))
        for name, end in reached.items()
        for index, spot in enumerate(range(first, end, size))
    ]


def covered(blocks: Sequence[RawBlock]) -> Covered:
    found: Covered = {}
    for one in blocks:
        name = f"{one.controller}.{one.header.name}"
        first = one.header.offset
        found[name] = merged([*found.get(name, ()), (first, first + one.header.shape[0])])
    return found


def up_to(end: int) -> Covered:
    return {name: [(0, end)] for name in RETURNS}


def result_of(
    folder: Path, blocks: Sequence[RawBlock], found: Sequence[Stretch], *, partial: bool = False
) -> SweepResult:
    request = PostProcessRequest(
        job=JOB,
        attempt=9,
        work=SWEEP,
        items=(0,),
        blocks=tuple(blocks),
        artifacts=str(folder),
        stretches=tuple(found),
        partial=partial,
    )
    (outcome,) = post_process(request)
    assert outcome.data is not None, outcome.error
    decoded = decode_result(outcome.data)
    assert isinstance(decoded, SweepResult)
    return decoded


@given(ranges)
def test_merged_ranges_hold_the_same_spots_with_gaps_between(
    given_ranges: list[tuple[int, int]],
) -> None:
    found = merged(given_ranges)
    spots = {spot for first, end in given_ranges for spot in range(first, end)}
    assert {spot for first, end in found for spot in range(first, end)} == spots
    assert all(end < first for (_, end), (first, _) in pairwise(found))


@given(ranges, ranges, st.integers(0, 30))
def test_the_next_spot_is_the_first_that_some_readout_lacks(
    one: list[tuple[int, int]], other: list[tuple[int, int]], first: int
) -> None:
    there = {"a.x": merged(one), "b.y": merged(other)}
    both = [
        {spot for begin, end in found for spot in range(begin, end)} for found in there.values()
    ]
    expected = next(spot for spot in range(first, 100) if not all(spot in each for each in both))
    assert next_spot(RETURNS, there, first) == expected


@given(attempts, st.integers(1, 5))
def test_each_spot_is_of_one_attempt_and_none_is_missing(
    cut_short: list[dict[str, int]], size: int
) -> None:
    blocks: list[RawBlock] = []
    stored: dict[int, Covered] = {}
    begun: list[int] = []
    whole = {name: SPOTS for name in RETURNS}  # noqa: C420 - of any names
    for attempt, reached in enumerate([*cut_short, whole], start=1):
        begun.append(goes_on_at(RETURNS, stored))
        sent = made(attempt, begun[-1], reached, size)
        blocks += sent
        stored[attempt] = covered(sent)
    assert begun == sorted(begun)
    found = stretches(RETURNS, stored, SPOTS)
    # Together they are the sweep, one after another.
    assert [one.first for one in found] == [0, *(one.end for one in found[:-1])]
    assert found[-1].end == SPOTS
    result = result_of(Path("/nowhere"), blocks, found)
    assert result.spots_done == SPOTS
    readings = [np.frombuffer(array.data, "<f8") for array in result.arrays]
    for values in readings:
        assert (values % 1000 == np.arange(SPOTS)).all()
    assert (readings[0] == readings[1]).all()
    for one in found:
        assert (readings[0][one.first : one.end] // 1000 == one.attempt).all()


def test_what_was_read_beyond_the_first_missing_spot_is_read_again(tmp_path: Path) -> None:
    first = made(1, 0, {"a.x": 7, "b.y": 5}, 1)
    second = made(2, 5, {"a.x": 6, "b.y": 6}, 1)
    found = stretches(RETURNS, {1: covered(first), 2: covered(second)}, SPOTS)
    assert found == [Stretch(1, 0, 5), Stretch(2, 5, SPOTS)]
    result = result_of(tmp_path, [*first, *second], found, partial=True)
    assert result.spots_done == 6
    x = np.frombuffer(result.arrays[0].data, "<f8")
    # Spot 6 was read by one controller of two, in an attempt that was cut short: it is not there.
    assert x[:7].tolist()[:6] == [1000.0, 1001.0, 1002.0, 1003.0, 1004.0, 2005.0]
    assert np.isnan(x[6:]).all()
    assert result.metadata["attempts"] == "1: 0 to 4, 2: from 5"


def test_a_driver_that_begins_anew_is_believed_from_where_it_was_to_go_on(tmp_path: Path) -> None:
    first = made(1, 0, {"a.x": 5, "b.y": 5}, 2)
    second = made(2, 0, {"a.x": SPOTS, "b.y": SPOTS}, 5)
    found = stretches(RETURNS, {1: covered(first), 2: covered(second)}, SPOTS)
    result = result_of(tmp_path, [*first, *second], found)
    x = np.frombuffer(result.arrays[0].data, "<f8")
    assert (x // 1000).tolist() == [1.0] * 5 + [2.0] * 7


def test_a_block_that_reaches_beyond_the_sweep_is_handed_on_as_it_is() -> None:
    data = DataInMemory([block(2, "a.x", 0, SPOTS - 1, 3)])
    joined = Joined(data, [Stretch(1, 0, 4), Stretch(2, 4, SPOTS)])
    assert list(joined.blocks()) == list(data.blocks())
    assert list(joined.heads()) == list(data.heads())


def test_an_attempt_that_added_nothing_has_no_stretch() -> None:
    both = up_to(3)
    found = stretches(RETURNS, {1: both, 2: {}, 3: {name: [(3, 9)] for name in both}}, SPOTS)
    assert found == [Stretch(1, 0, 3), Stretch(3, 3, SPOTS)]
    assert told(found) == "1: 0 to 2, 3: from 3"
    assert stretches(RETURNS, {1: both, 2: {}}, SPOTS) == [Stretch(1, 0, 3), Stretch(2, 3, SPOTS)]
    assert stretches(RETURNS, {1: {}, 2: {}}, SPOTS) == [Stretch(2, 0, SPOTS)]
    assert stretches(RETURNS, {1: up_to(SPOTS), 2: {}}, SPOTS) == [Stretch(1, 0, SPOTS)]
