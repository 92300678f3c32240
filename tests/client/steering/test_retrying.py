"""What a call says of a retry, and what is asked of the station."""

import pytest

from stationd.client.steering.retrying import check_group, named, strategy_of
from stationd.proto.error import RequestError
from stationd.proto.status import JobStatusEnum, RemoteRetryStrategy, StatusEnum


def test_statuses_are_named_by_either_enumeration_or_in_words() -> None:
    assert named([StatusEnum.ERROR, JobStatusEnum.CANCELLED, "COMPLETED", StatusEnum.ERROR]) == (
        "ERROR",
        "CANCELLED",
        "COMPLETED",
    )
    assert named("ERROR") == named("error") == ("ERROR",)
    assert named(None) is None


@pytest.mark.parametrize("statuses", [[StatusEnum.QUEUED], ["over"], [JobStatusEnum.RUNNING], []])
def test_what_no_finished_job_has_is_refused_with_the_choice(statuses: list[StatusEnum]) -> None:
    with pytest.raises(RequestError, match="ERROR, CANCELLED, COMPLETED"):
        named(statuses)


@pytest.mark.parametrize("strategy", RemoteRetryStrategy)
def test_a_strategy_is_named_by_itself_or_in_words(strategy: RemoteRetryStrategy) -> None:
    assert strategy_of(strategy) is strategy_of(strategy.value) is strategy
    assert strategy_of(strategy.value.lower()) is strategy


def test_an_unknown_strategy_is_refused_with_the_choice() -> None:
    with pytest.raises(RequestError, match="DEFAULT, ALLOW_RESUBMIT, FORCE_RESUBMIT, FULL_RESTART"):
        strategy_of("HARDER")


def test_a_group_of_users_is_refused() -> None:
    check_group(None)
    with pytest.raises(RequestError, match="'physics'"):
        check_group("physics")
