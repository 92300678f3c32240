"""Asking for another attempt: from the arguments of a call to the station's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from stationd.client.connection.shared import connection
from stationd.proto.error import RequestError, StationUnreachable
from stationd.proto.jobs_protocol import Get, Job, Retry, RetryAnswer, RetryStatus
from stationd.proto.status import JobStatusEnum, RemoteRetryStrategy, StatusEnum

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stationd.proto.job import JobId

RetryOutcome = Literal["opened", "nothing_to_collect", "controller_unreachable"]

PATIENCE: Final = 120.0
"""Seconds to wait for the answer: the station may have to wait for controllers first, or to
collect a large result from them."""
_STATUSES: Final[tuple[RetryStatus, ...]] = get_args(RetryStatus)


async def ask(
    job: JobId, statuses: tuple[RetryStatus, ...] | None, strategy: RemoteRetryStrategy
) -> RetryOutcome:
    """Ask for the attempt that follows the newest one; return what came of it.

    Raises:
        StationUnreachable: Nobody answered. What came of it is unknown.
        StationError: The station's refusal.
    """
    newest = (await connection().ask(Get(0, job), Job)).view.attempt
    request = Retry(0, job, newest, strategy, statuses)
    try:
        answer = await connection().ask(request, RetryAnswer, patience=PATIENCE)
    except StationUnreachable as error:
        raise StationUnreachable(
            f"{error.info.detail}; whether attempt {newest + 1} of job {job} was opened is"
            " unknown: ask for its status before you retry it again"
        ) from error
    return answer.outcome


def named(
    statuses: Iterable[StatusEnum | JobStatusEnum | str] | None,
) -> tuple[RetryStatus, ...] | None:
    """Return the statuses of items that a retry means; None for the strategy's own.

    Raises:
        RequestError: One of them is not a status of an item that is over.
    """
    if statuses is None:
        return None
    given = [statuses] if isinstance(statuses, str) else list(statuses)
    names = [
        one.name if isinstance(one, StatusEnum | JobStatusEnum) else one.upper() for one in given
    ]
    wrong = [name for name in names if name not in _STATUSES]
    if wrong or not names:
        what = f"{wrong[0]!r} is not" if wrong else "an empty list names none"
        raise RequestError(
            f"retry_status: {what} of the statuses of a job that is over: {', '.join(_STATUSES)}"
        )
    return cast("tuple[RetryStatus, ...]", tuple(dict.fromkeys(names)))


def strategy_of(strategy: RemoteRetryStrategy | str) -> RemoteRetryStrategy:
    """Return a strategy that is given by its name.

    Raises:
        RequestError: There is none of this name.
    """
    try:
        return RemoteRetryStrategy(strategy.upper())
    except ValueError:
        known = ", ".join(RemoteRetryStrategy)
        raise RequestError(
            f"{strategy!r} is no strategy of a retry: choose among {known}"
        ) from None


def check_group(user_group: str | None) -> None:
    """Refuse a user group.

    Raises:
        RequestError: One was given.
    """
    if user_group is not None:
        raise RequestError(
            f"user_group={user_group!r}: a station has no groups of users; leave it out"
        )
