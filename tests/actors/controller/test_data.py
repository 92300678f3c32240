"""A driver's arrays become blocks that fit, and come back as they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationd.actors.controller import data
from stationd.actors.controller.data import split


@given(
    rows=st.integers(0, 20),
    columns=st.integers(1, 4),
    bound=st.integers(32, 200),
    dtype=st.sampled_from(["<f8", ">i4", "u1", "?", "<c8", "S3"]),
)
def test_blocks_joined_are_the_array(rows: int, columns: int, bound: int, dtype: str) -> None:
    array = np.arange(rows * columns).reshape(rows, columns).astype(dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "MOST_BLOCK_BYTES", bound)
        blocks = list(split(array[:, ::-1], offset=7))
    expected = 7
    for first, kind, shape, content in blocks:
        assert (first, kind) == (expected, array.dtype.str)
        assert len(content) <= bound
        expected += shape[0]
    parts = [np.frombuffer(content, kind).reshape(shape) for _, kind, shape, content in blocks]
    if rows:
        assert np.array_equal(np.concatenate(parts), array[:, ::-1])
    assert expected == 7 + rows


def test_the_bytes_are_a_copy() -> None:
    array = np.zeros(2)
    ((_, _, _, content),) = split(array, offset=0)
    array[:] = 1
    assert content == bytes(16)


def test_a_scalar_counts_nothing() -> None:
    with pytest.raises(ValueError, match="first dimension"):
        list(split(3.0, offset=0))


def test_objects_do_not_travel() -> None:
    with pytest.raises(TypeError, match="not object"):
        list(split(np.array([object()]), offset=0))


def test_a_row_that_fits_into_no_message_is_refused() -> None:
    with pytest.raises(ValueError, match="one spot or shot takes"):
        list(split(np.zeros((1, data.MOST_BLOCK_BYTES // 8 + 1)), offset=0))
