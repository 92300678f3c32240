"""Who starts before whom is what the configuration and the drivers say."""

from stationd.actors.execution.start_order import start_groups
from stationd.proto.program import Capabilities
from stationd.runtime.controllers.ranks import Ranks

OFFERS = {
    "adc": Capabilities(trigger_master=True),
    "awg": Capabilities(),
    "lo": Capabilities(),
    "away": None,
}


def order(*controllers: str, **groups: int) -> list[list[str]]:
    ranks = Ranks(groups, lambda: OFFERS).of(controllers)
    return start_groups(controllers, ranks)


def test_without_any_group_the_followers_start_together_and_the_master_last() -> None:
    assert order("adc", "awg", "lo") == [["awg", "lo"], ["adc"]]


def test_groups_go_by_their_numbers_and_no_number_puts_a_master_before_a_follower() -> None:
    assert order("adc", "awg", "lo", awg=7, lo=3) == [["lo"], ["awg"], ["adc"]]


def test_one_that_never_said_what_it_is_starts_with_the_followers_of_its_group() -> None:
    assert order("adc", "away", "lo") == [["away", "lo"], ["adc"]]


def test_one_alone_has_nobody_to_wait_for() -> None:
    assert Ranks({}, lambda: OFFERS).of(["adc"]) == {}
