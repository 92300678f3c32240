"""Lists of names stay short, whatever is listed."""

from stationd.actors.stages.wording import any_of, suggestion


def test_one_name_stands_alone() -> None:
    assert any_of(["a"]) == "'a'"


def test_long_lists_are_cut() -> None:
    names = [f"name{number:02}" for number in range(20)]
    assert any_of(names).endswith("'name07' or 12 others")


def test_nothing_is_suggested_of_nothing() -> None:
    assert suggestion("a", []) == ""


def test_a_very_long_name_is_not_compared() -> None:
    assert suggestion("a" * 1000, ["a" * 1001]).startswith("; there is")
