"""What a driver hands over piece by piece becomes few blocks; nothing is lost or moved."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stationd.actors.controller.gathering import LARGE_BYTES, Gathering
from stationd.actors.line.facts import BlockCame, ProgressMade

ROWS = 40
NAMES = ("x", "y")


def piece(name: str, offset: int, values: NDArray[np.generic]) -> BlockCame:
    return BlockCame(7, name, 0, offset, values.dtype.str, values.shape, values.tobytes())


pieces = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, ROWS - 4), st.integers(1, 4), st.booleans()),
    max_size=40,
)


@given(pieces, st.sets(st.integers(0, 40)))
def test_the_blocks_say_what_the_pieces_said(
    handed_over: list[tuple[str, int, int, bool]], flushed: set[int]
) -> None:
    gathering = Gathering()
    expected = {name: np.full(ROWS, -1.0) for name in NAMES}
    blocks: list[BlockCame | ProgressMade] = []
    for number, (name, offset, rows, single) in enumerate(handed_over):
        values = (np.arange(rows) + 100.0 * number).astype("<f4" if single else "<f8")
        expected[name][offset : offset + rows] = values
        blocks += gathering.add(piece(name, offset, values))
        if number in flushed:
            blocks += gathering.take()
    blocks += gathering.take()
    assert not gathering
    found = {name: np.full(ROWS, -1.0) for name in NAMES}
    for block in blocks:
        assert isinstance(block, BlockCame)
        values = np.frombuffer(block.data, block.dtype).reshape(block.shape)
        found[block.name][block.offset : block.offset + len(values)] = values
    assert all((found[name] == expected[name]).all() for name in NAMES)


def test_the_spots_of_a_sweep_are_one_block_for_each_readout() -> None:
    gathering = Gathering()
    for spot in range(100):
        for name in NAMES:
            assert gathering.add(piece(name, spot, np.full((1, 3), spot, np.complex64))) == []
        gathering.follow(ProgressMade(7, spot + 1, 100, "spots"))
    x, y, progress = gathering.take()
    assert isinstance(x, BlockCame)
    assert isinstance(y, BlockCame)
    assert [(one.name, one.offset, one.shape) for one in (x, y)] == [
        ("x", 0, (100, 3)),
        ("y", 0, (100, 3)),
    ]
    # How far it is, is said behind the data.
    assert progress == ProgressMade(7, 100, 100, "spots")


def test_what_is_large_goes_at_once_and_behind_all_that_waited() -> None:
    gathering = Gathering()
    small, large = piece("x", 0, np.zeros(2)), piece("y", 0, np.zeros(LARGE_BYTES // 8))
    assert gathering.add(small) == []
    assert gathering.add(large) == [small, large]
    assert gathering.take() == []


def test_a_block_does_not_grow_for_ever() -> None:
    gathering = Gathering()
    for offset in range(3 * LARGE_BYTES // 8):
        assert gathering.add(piece("x", offset, np.zeros(1))) == []
    blocks = [block for block in gathering.take() if isinstance(block, BlockCame)]
    assert [len(block.data) for block in blocks] == [LARGE_BYTES] * 3
    assert all(one.offset + one.shape[0] == other.offset for one, other in pairwise(blocks))
