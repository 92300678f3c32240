"""The bounds of numbers from the wire."""

import math

import msgspec
import pytest

from stationd.proto.number import MOST, Finite, Natural, Positive, UnixTime


@pytest.mark.parametrize(("kind", "least"), [(Natural, 0), (Positive, 1)])
def test_whole_numbers_end_where_a_float_stops_counting(kind: object, least: int) -> None:
    assert float(MOST - 1) + 1 == float(MOST)
    assert float(MOST) + 1 == float(MOST)
    for value in (least, MOST):
        assert msgspec.convert(value, kind) == value
    for value in (least - 1, MOST + 1):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, kind)


@pytest.mark.parametrize("kind", [Finite, UnixTime])
def test_what_is_not_finite_is_refused(kind: object) -> None:
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, kind)


def test_every_finite_float_is_let_in() -> None:
    for value in (0.0, -0.0, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308):
        assert msgspec.convert(value, Finite) == value
