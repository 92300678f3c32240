"""When a wait is over: by the timeline of the current attempt, and never by comparing rungs.

Rule 1. The answer does not depend on when one asks: what the attempt has passed is reached,
        however it went on.
Rule 2. SUBMITTED, QUEUED, RUNNING and COMPLETED follow one another; whoever waits for one is
        content with a later one. Only COMPLETED is content with nothing but itself.
Rule 3. A rung is reached when the attempt has stood on it. One that the attempt has gone past
        without a stop, as a compile-only job does with execution, cannot be reached any more.
Rule 4. An attempt that has failed and is followed by another one ends no wait.
Rule 5. A status that only a newer station knows is one of a job that is under way: it ends no
        wait but one for itself.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from stationd.proto.status import (
    COARSE_ORDER,
    JobExecutorStatus,
    StatusEnum,
    coarse_status,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationd.client.references.any_status import AnyStatus
    from stationd.proto.job import TimelineEntry


class Verdict(Enum):
    """What a timeline says about a status that is waited for."""

    OPEN = "open"
    """It may still come."""
    REACHED = "reached"
    """It has come."""
    LOST = "lost"
    """It cannot come any more."""


def verdict(awaited: AnyStatus, entries: Sequence[TimelineEntry]) -> Verdict:
    """Decide whether a wait is over.

    Args:
        awaited: What is waited for.
        entries: The current attempt's part of a job's timeline.
    """
    if isinstance(awaited, JobExecutorStatus):
        return _verdict_on_rung(awaited, entries)
    shown = awaited if isinstance(awaited, StatusEnum) else StatusEnum[awaited.name]
    content = _CONTENT_WITH.get(shown, frozenset({shown}))
    if any(content & _shown(entry) for entry in entries):
        return Verdict.REACHED
    over = bool(entries) and _ends(entries[-1])
    return Verdict.LOST if over else Verdict.OPEN


def _verdict_on_rung(awaited: JobExecutorStatus, entries: Sequence[TimelineEntry]) -> Verdict:
    if any(entry.status is awaited for entry in entries):
        return Verdict.REACHED
    # Within an attempt the rungs only ascend, so what lies below is gone.
    if not entries or entries[-1].retrying:
        return Verdict.OPEN
    return (
        Verdict.LOST if any(_is_past(entry.status, awaited) for entry in entries) else Verdict.OPEN
    )


def _is_past(status: JobExecutorStatus, awaited: JobExecutorStatus) -> bool:
    """Whether an attempt that has stood on one rung cannot come to another one any more."""
    if status.is_terminal:
        return True
    return status.is_known and awaited.is_known and status > awaited


def _ends(entry: TimelineEntry) -> bool:
    """Whether nothing follows a fact, unless somebody asks for it."""
    return entry.status.is_terminal and not entry.retrying


def _shown(entry: TimelineEntry) -> set[StatusEnum]:
    """Return every coarse status that a fact is an instance of."""
    if entry.retrying:
        return {StatusEnum.RETRYING}
    shown = {coarse_status(entry.status)}
    if entry.cancelling and not entry.status.is_terminal:
        shown.add(StatusEnum.CANCELLING)
    if entry.attempt > 1:
        shown.add(StatusEnum.RETRYING)
    return shown


_CONTENT_WITH: Final[Mapping[StatusEnum, frozenset[StatusEnum]]] = MappingProxyType(
    {status: frozenset({status}) for status in StatusEnum}
    | {status: frozenset(COARSE_ORDER[place:]) for place, status in enumerate(COARSE_ORDER)}
    | {StatusEnum.CANCELLING: frozenset({StatusEnum.CANCELLING, StatusEnum.CANCELLED})}
)
