"""Sizes and days, as people type them."""

import click
import pytest

from stationd.client.stationctl.typed.amounts import Days, Size, amount


@pytest.mark.parametrize(
    ("typed", "size"),
    [
        ("20GiB", 20 * 2**30), ("500MB", 500_000_000), ("1.5 kB", 1500), ("7", 7), ("1Ti", 2**40),
        ("none", 0),
    ],
)  # fmt: skip
def test_a_size_is_bytes(typed: str, size: int) -> None:
    assert Size().convert(typed, None, None) == size


@pytest.mark.parametrize("typed", ["", "0", "-1", "1e9", "20 parsecs", "9999TiB" + "9", "GiB"])
def test_what_is_no_size_is_refused(typed: str) -> None:
    with pytest.raises(click.BadParameter, match="is no size"):
        Size().convert(typed, None, None)


def test_days_are_a_number_or_a_word() -> None:
    assert [Days().convert(typed, None, None) for typed in ("90", "forever", "station")] == [
        90.0, 0.0, "station",
    ]  # fmt: skip
    for typed in ("0", "-1", "nan", "inf", "a week"):
        with pytest.raises(click.BadParameter, match="days above 0, forever, or station"):
            Days().convert(typed, None, None)


def test_an_amount_is_in_a_unit_that_people_know() -> None:
    assert [amount(size) for size in (0, 1023, 2**20, 3 * 2**41)] == [
        "0 B", "1023 B", "1 MiB", "6 TiB",
    ]  # fmt: skip
