"""Part of the jobs protocol: which station this is, what it is doing, what it has logged of a job.

The rules of `proto.jobs_protocol` hold here too.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stationd.proto.job import JobId, JobView
from stationd.proto.number import Natural

MOST_LOG_LINES: Final = 1000
"""The most lines of one answer; the newest are kept."""
WAIT_SECONDS: Final = 20.0
"""How long an answer waits for a line at most."""


class Ping(Struct, frozen=True, array_like=True, tag=1):
    """Who are you? Answered by Pong."""

    request: Natural
    version: str
    """Of stationd, for the record."""


class Survey(Struct, frozen=True, array_like=True, tag=30):
    """Show what the station is doing, in numbers. Answered by Overview."""

    request: Natural


class ReadLog(Struct, frozen=True, array_like=True, tag=31):
    """Show what the daemon and the controllers have logged of a job. Answered by JobLog."""

    request: Natural
    job: JobId
    after: Natural = 0
    """Only lines with a higher number."""
    wait: bool = False
    """Answer when there is one, or with none after `WAIT_SECONDS`, and not at once."""


class Pong(Struct, frozen=True, array_like=True, tag=101):
    """The daemon is here."""

    request: int
    station: str
    """The name that the configuration gives it."""
    epoch: int
    version: str
    user: str = ""
    """Whom the daemon takes the client for; empty if it cannot tell."""
    role: str = ""


class Overview(Struct, frozen=True, array_like=True, tag=130):
    """What the station is doing."""

    request: int
    time_unix_s: float
    """The station's own clock."""
    since_unix_s: float
    """When this daemon started; what is counted is counted from then on."""
    received: int
    """Jobs that came in."""
    ended: dict[str, int]
    """Attempts that ended, by terminal status."""
    under_way: dict[str, int]
    """Jobs that are under way now, by status; those that there are none of are left out."""
    queued: int
    """Jobs that wait in the queue now."""
    listeners: int
    """Streams that clients listen to."""
    commits: int
    """Of the journal."""
    commit_seconds: float
    """What the newest one took."""
    trouble: str
    """Why no new work is taken; empty if it is."""
    running: tuple[JobView, ...]
    """What the controllers are at work on, without timelines and items."""


class LogLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a log that names a job."""

    time_unix_s: float
    source: str
    """``daemon``, or a controller's name."""
    level: str
    """As in ``WARNING``."""
    logger: str
    """The module that wrote it."""
    message: str
    trace: str = ""
    """The traceback, if there is one."""
    attempt: Natural = 0
    """What the line is about besides, as far as it is known: 0 or empty if it is not."""
    ticket: Natural = 0
    stage: str = ""
    """As in ``compile``."""
    controller: str = ""
    """If it is not the source."""
    code: str = ""
    """Of an error."""
    number: Natural = 0
    """Grows with every line that the station stores; 0 for what it does not store."""


class JobLog(Struct, frozen=True, array_like=True, tag=131):
    """What was logged of a job, in the order of time."""

    request: int
    lines: tuple[LogLine, ...]
    more: bool
    """Whether older lines were left out."""
