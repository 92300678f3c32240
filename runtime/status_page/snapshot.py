"""What the status page shows, as plain data that any thread may send."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Phase = Literal["running", "working", "waiting", "over"]
"""``running``: instruments are at work on it or have it in line; ``working``: the daemon is, before
the queue or after the instruments; ``waiting``: it waits in the queue; ``over``."""


class Rung(Struct, frozen=True, array_like=True):
    """A status that a job came to stand on in its current attempt."""

    status: str
    time_unix_s: float


class Row(Struct, frozen=True, kw_only=True):
    """A job."""

    id: str
    number: int
    name: str = ""
    phase: Phase
    status: str
    kind: str = ""
    where: str
    """Its target, or its controllers."""
    by: str = ""
    """Who submitted it; empty if the station does not know."""
    project: str = ""
    attempt: int = 1
    cancelling: bool = False
    since_unix_s: float
    """When it came to stand where it stands, or when it ended."""
    rungs: tuple[Rung, ...] = ()
    """Those that are known; of a job that waits, none."""
    held_up: str = ""
    """Why it could not go even if it stood first: ``held``, ``early``, ``closed``; or empty."""
    done: int = 0
    total: int = 0
    unit: str = ""
    """Its progress, if it is at work and has said so."""
    code: str = ""
    error: str = ""
    """Why it failed."""


class ControllerRow(Struct, frozen=True, kw_only=True):
    """A controller."""

    name: str
    driver: str
    targets: tuple[str, ...]
    use: str
    """As in the metrics: ``running``, ``armed``, ``idle_with_work``, ..."""
    job: str
    """The id of the job that it is at work on; empty if there is none."""
    line: int
    """Tickets that it has, the running one included."""
    waiting: int
    """Jobs that wait for it and could go there."""
    heard_unix_s: float
    """When it was heard last; 0 for never since the daemon's start."""
    restarts: int
    gate: str
    """``open``, ``paused``, ``draining``."""
    note: str
    """Why, as an operator has said."""
    shares: tuple[float, ...]
    """What its time was spent on of late, in the order of `Snapshot.uses`; they add up to 1."""


class Notice(Struct, frozen=True, kw_only=True):
    """Something that holds work up, or should be known."""

    kind: str
    subject: str
    text: str


class Failure(Struct, frozen=True, kw_only=True):
    """A job that failed."""

    id: str
    number: int
    name: str
    time_unix_s: float
    code: str
    error: str


class Storage(Struct, frozen=True, kw_only=True):
    """Where everything is kept."""

    trouble: str
    """Why no new work is taken; empty if it is."""
    journal_bytes: int
    artifact_bytes: int
    artifact_jobs: int
    free_bytes: int
    size_bytes: int
    commits: int
    commit_seconds: float
    """What the newest commit took."""


class Snapshot(Struct, frozen=True, kw_only=True):
    """The station, as it was."""

    time_unix_s: float
    name: str
    version: str
    backend: str
    starts: int
    since_unix_s: float
    stopping: bool
    received: int
    ended: dict[str, int]
    """Since the daemon's start, by outcome."""
    listeners: int
    queued: int
    """Jobs that wait in the queue, also those that are not shown."""
    in_line: int
    """Jobs that controllers have in line, and have not begun with."""
    rungs: tuple[str, ...]
    """All statuses, in their order."""
    uses: tuple[str, ...]
    """What a controller's time can be spent on."""
    span_seconds: float
    """The time that the controllers' shares are of."""
    jobs: tuple[Row, ...]
    controllers: tuple[ControllerRow, ...]
    notices: tuple[Notice, ...]
    failures: tuple[Failure, ...]
    storage: Storage
