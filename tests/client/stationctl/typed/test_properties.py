"""``NAME=VALUE`` as people type it."""

import pytest

from stationd.client.stationctl.typed.properties import property_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=7", 7),
        ("a=-2.5e3", -2500.0),
        ("a=true", True),
        ("a=A1", "A1"),
        ('a="7"', "7"),
        ("a=", ""),
        ("a=b=c", "b=c"),
        ("a=[1]", "[1]"),
        ("a=null", "null"),
    ],
)
def test_numbers_and_truths_are_read_and_all_else_is_text(text: str, value: object) -> None:
    assert property_of(text) == ("a", value)
    assert type(property_of(text)[1]) is type(value)


@pytest.mark.parametrize("text", ["", "a", "=7"])
def test_a_property_has_a_name_and_a_sign(text: str) -> None:
    with pytest.raises(ValueError, match=r".?"):
        property_of(text)
