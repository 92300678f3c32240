"""Which job a thread of a controller is at work on: what it logs meanwhile is the job's."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stationd.proto.job import JobId

AT_WORK: Final[ContextVar[JobId | None]] = ContextVar("stationd_at_work", default=None)
"""The job whose work a driver's hook is called for; None outside of hooks."""
