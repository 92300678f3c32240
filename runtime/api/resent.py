"""Submits of a job that is there already: sent again, or another job under its id?"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import msgspec

from stationd.proto.error import Conflict, ErrorCode, JournalClosed, StationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskGroup

    from stationd.proto.error import ErrorInfo
    from stationd.proto.job import JobId, JobSpec
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.journal.stored import StoredJob

log = logging.getLogger(__name__)

CHANGEABLE: Final = ("name", "description", "properties", "priority", "hold")
"""What people may change of a stored job: it says nothing of what was asked for at first."""

_NO_ROOM: Final = frozenset({ErrorCode.LIMIT_REACHED, ErrorCode.TARGET_DRAINING})


class Resent:
    """Compares what is asked for with what is stored.

    Args:
        journal: Knows the stored jobs.
        tasks: Runs the question.
    """

    def __init__(self, journal: Journal, tasks: TaskGroup) -> None:
        self._journal = journal
        self._tasks = tasks

    def compare(
        self, job: JobId, asked: JobSpec, answer: Callable[[ErrorInfo | None], None]
    ) -> None:
        """Find out whether a job that is stored is the one that is asked for.

        Args:
            job: Its id.
            asked: What is asked for now.
            answer: Called in a while, with what is wrong; None if it is the same job.
        """

        def found(stored: StoredJob | None) -> None:
            there = stored is None or is_same(asked, stored.spec)
            answer(None if there else _another(job))

        self._tasks.start_soon(self._look_up, job, found, answer)

    def refuse(
        self,
        job: JobId,
        asked: JobSpec,
        error: StationError,
        *,
        known: Callable[[int], None],
        refused: Callable[[ErrorInfo], None],
    ) -> None:
        """Refuse a job for which there is no room just now, unless it is stored already.

        Args:
            job: Its id.
            asked: What is asked for.
            error: Why there is no room for it.
            known: Called in a while with its number if it is stored.
            refused: Called in a while with what is wrong if not, or if it is another one.
        """

        def found(stored: StoredJob | None) -> None:
            if stored is None:
                refused(error.info)
            elif is_same(asked, stored.spec):
                known(stored.number)
            else:
                refused(_another(job))

        self._tasks.start_soon(self._look_up, job, found, refused)

    async def _look_up(
        self,
        job: JobId,
        found: Callable[[StoredJob | None], None],
        failed: Callable[[ErrorInfo], None],
    ) -> None:
        try:
            stored = await self._journal.stored(job)
        except JournalClosed:
            return  # it is sent again, to the next daemon
        except StationError as error:
            failed(error.info)
            return
        found(stored)


def says_no_room(error: StationError) -> bool:
    """Whether an error says that there is no room for a job, and nothing of the job itself.

    Of a job that was let in when there was some, it must not be said.
    """
    return error.info.code in _NO_ROOM


def _another(job: JobId) -> ErrorInfo:
    log.warning("job %s was asked for again with another spec", job)
    return Conflict(
        f"there is a job {job} already, and it is another one: give each job an id of its own"
    ).info


def is_same(asked: JobSpec, stored: JobSpec) -> bool:
    """Whether a spec is the one that a job was stored with, but for what may have changed since."""
    kept = {name: getattr(asked, name) for name in CHANGEABLE}
    return msgspec.structs.replace(stored, **kept) == asked
