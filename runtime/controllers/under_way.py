"""The jobs that are under way, as far as tickets have to do with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from stationd.actors.ladder import Event
    from stationd.proto.job import JobId
    from stationd.runtime.live import LiveJob


class Jobs(Protocol):
    """The jobs that are under way, and a way to tell them what has happened."""

    def get(self, job: JobId) -> LiveJob | None:
        """Return a job that is under way and has been taken up."""
        ...

    async def find(self, job: JobId) -> LiveJob | None:
        """Return a job that is under way, and take it up if it has not been yet."""
        ...

    def awaits(self, job: JobId) -> bool:
        """Return whether a job of an earlier daemon has not been taken up yet."""
        ...

    def deliver(self, live: LiveJob, event: Event) -> None:
        """Take an event to its job, and do what follows."""
        ...
