"""One listener's stream: how far it has come, and what it may be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from stationd.proto.jobs_protocol import FeedEvent, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stationd.proto.job import JobId, JobView
    from stationd.proto.jobs_protocol import Reply


@dataclass(slots=True, eq=False)
class Stream:
    """One listener's stream."""

    request: int
    jobs: frozenset[JobId] | None
    """None for all."""
    send: Callable[[Reply], bool]
    """Sends a reply; False if the listener is gone."""
    credit: int
    position: int = 0
    """The listener has been sent everything up to this sequence number."""
    behind: bool = True
    """It does not take part in publishing until it has caught up."""
    catching_up: bool = False
    opened: bool = False
    """Credit that is granted before is kept."""
    closed: bool = False
    known: dict[JobId, int] = field(default_factory=dict["JobId", int])
    """The sequence number of each view in the snapshot: older facts are in it already."""
    ready: list[FeedEvent] = field(default_factory=list[FeedEvent])
    """Taken from this turn's facts, about to be sent."""
    whose: str | None = None
    """The user whose jobs alone the listener may read; None for everybody's."""

    @property
    def of_everything(self) -> bool:
        """Whether it is sent all facts, as the feed's pages hold them."""
        return self.jobs is None and self.whose is None

    def snapshot(self, seq: int, views: Iterable[JobView]) -> Snapshot:
        """Return how its jobs are; without their items, of which a hundred jobs may have too many.

        Args:
            seq: Everything up to this number is in the views.
            views: The jobs.
        """
        plain = (msgspec.structs.replace(view, items=()) for view in views)
        return Snapshot(self.request, seq, tuple(plain))

    def outgrow(self, position: int) -> None:
        """Forget of the snapshot what everybody has been sent."""
        if self.known and not self.behind:
            self.known = {job: seq for job, seq in self.known.items() if seq > position}

    def takes_all(self, count: int) -> bool:
        """Whether so many events can be sent as they are to everybody."""
        return not self.behind and not self.known and self.credit >= count > 0
