"""Part of the jobs protocol: streams of the facts about jobs.

A listen is a stream: the number of its Listen request marks all its frames. The client grants
how many events it is ready to take; the daemon sends no more than that and buffers nothing. The
rules of `proto.jobs_protocol` hold here too.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Raw, Struct

from stationd.proto.job import JobId, JobView, Progress, TimelineEntry
from stationd.proto.number import Natural

MOST_LISTENED: Final = 1000
"""The most jobs that one stream can name; one of all jobs has no such bound."""
MOST_CREDIT: Final = 1_000_000
"""The most events that a client can grant at once."""

# --- requests ---------------------------------------------------------------------------------


class Listen(Struct, frozen=True, array_like=True, tag=7):
    """Start a stream of the facts about some jobs, or all.

    Answered by Snapshot if `after` is None or too old to resume from, then by Events.
    """

    request: Natural
    jobs: Annotated[tuple[JobId, ...], Meta(max_length=MOST_LISTENED)] | None
    """None for all jobs; their snapshot holds no views."""
    after: Natural | None
    """The sequence number of the last fact known; None for none."""
    credit: Annotated[int, Meta(ge=0, le=MOST_CREDIT)]
    """How many events the client is ready to take."""


class Grant(Struct, frozen=True, array_like=True, tag=8):
    """Take more events on a stream. Not answered."""

    request: Natural
    credit: Annotated[int, Meta(ge=1, le=MOST_CREDIT)]


class Unlisten(Struct, frozen=True, array_like=True, tag=9):
    """End a stream. Not answered."""

    request: Natural


# --- replies ----------------------------------------------------------------------------------


class Snapshot(Struct, frozen=True, array_like=True, tag=107):
    """The state of a stream's jobs; the events that follow come after it."""

    request: int
    seq: int
    views: tuple[JobView, ...]
    """Without items: those of a hundred large jobs fit into no frame. A Get has them."""


class FeedEvent(Struct, frozen=True, array_like=True):
    """A fact about a job on the feed."""

    job: JobId
    entry: TimelineEntry


class Events(Struct, frozen=True, array_like=True, tag=108):
    """Facts, in the order of the feed."""

    request: int
    events: tuple[FeedEvent, ...]


class EncodedEvents(Struct, frozen=True, array_like=True, tag=108):
    """`Events` as they are sent to many: what is the same for all of them is encoded once."""

    request: int
    events: Raw


class ProgressReport(Struct, frozen=True, array_like=True, tag=109):
    """How far a running job has come, or how many are ahead of it in the queue. May be lost."""

    request: int
    job: JobId
    progress: Progress | None
    queue_position: int | None = None


class StreamBeat(Struct, frozen=True, array_like=True, tag=110):
    """The stream is alive and nothing has happened."""

    request: int
