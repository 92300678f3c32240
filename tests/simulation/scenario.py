"""What a seed stands for: how large the station is, who wants what of it, and what goes wrong.

This is the base; `additions` has what parts add to it.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal
from uuid import UUID

from stationd.proto.error import ErrorCode
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import RetryStatus
from stationd.proto.program import (
    Axis,
    Capabilities,
    Circuits,
    JobWork,
    NullProgram,
    Readout,
    Setting,
    Sweep,
)
from stationd.proto.status import RemoteRetryStrategy
from stationd.runtime import settings
from stationd.runtime.settings import tables

CONTROLLERS = ("one", "two", "three")
CAPABILITIES = {
    name: Capabilities(
        settings=(Setting(name="x"),),
        readouts=(Readout(name="y"),),
        null=True,
        trigger_master=name == "two",
    )
    for name in CONTROLLERS
}

Manner = Literal["wait", "listen", "leave"]
"""What a client does with a job once it is submitted."""


@dataclass(frozen=True)
class Retrial:
    """What a client wants of a job that is over."""

    client: int
    """Who asks."""
    strategy: RemoteRetryStrategy
    statuses: tuple[RetryStatus, ...] | None
    patient: bool
    """Whether it waits for the job's end first."""
    pause: float
    """Seconds from then on."""


@dataclass(frozen=True)
class Order:
    """A job, and what its client does with it."""

    job: JobId
    work: JobWork
    priority: int
    manner: Manner
    pause: float
    """Seconds before it is submitted."""
    cancel_after: float | None
    """Seconds from its submission to its cancel."""
    canceller: int
    """The client who cancels it."""
    max_attempts: int = 1
    retry_on: tuple[ErrorCode, ...] = ()
    on_lost: Literal["fail", "requeue"] = "fail"
    resume: bool = False
    timeout: float | None = None
    retrials: tuple[Retrial, ...] = ()
    project: str = ""
    """The id of its project; empty for none."""


@dataclass(frozen=True)
class Scenario:
    """One run."""

    clients: tuple[tuple[Order, ...], ...]
    settings: settings.Settings
    trouble: float
    """Seconds between two faults of the nemesis, on average; 0 for none."""
    duplicated: float
    delayed: float
    refuses: float
    """How often a driver fails."""
    hangs: float = 0.0
    """How often an instrument makes no progress until it is stopped."""
    stubborn: float = 0.0
    """How often an instrument goes on for a long time when it is stopped."""
    children: frozenset[str] = frozenset()
    """Controllers that the daemon can end."""
    ears: int = 0
    """Listeners to several jobs at once."""
    people: tuple[str, ...] = ()
    """Which user each client is; none where there are no users."""
    guests: tuple[str, ...] = ()
    """Users whose keys and roles come and go."""
    projects: tuple[str, ...] = ()
    """The ids of projects with quotas."""
    locked: bool = False
    """Whether operators close controllers for a while."""


def base(chance: Random) -> Scenario:
    """Draw what there is without any part."""
    calm = chance.random() < 0.1
    clients = chance.randint(2, 4)
    return Scenario(
        clients=tuple(
            tuple(order(chance, clients) for _ in range(chance.randint(4, 9)))
            for _ in range(clients)
        ),
        settings=_settings(chance),
        trouble=0.0 if calm else chance.choice((0.1, 0.3, 1.0)),
        duplicated=0.0 if calm else chance.choice((0.0, 0.05, 0.3)),
        delayed=chance.choice((0.0, 0.01, 0.1)),
        refuses=0.0 if calm else chance.choice((0.0, 0.0, 0.05)),
    )


def order(chance: Random, clients: int) -> Order:
    """Draw a job, and what its client does with it."""
    cancelled = chance.random() < 0.35
    return Order(
        job=JobId(str(UUID(int=chance.getrandbits(128), version=4))),
        work=_work(chance),
        priority=chance.choice((0, 0, 0, 5)),
        manner=chance.choice(("wait", "listen", "leave")),
        pause=chance.choice((0.0, chance.uniform(0, 0.3))),
        cancel_after=chance.choice((0.0, chance.uniform(0, 0.05), chance.uniform(0, 1)))
        if cancelled
        else None,
        canceller=chance.randrange(clients),
    )


def _work(chance: Random) -> JobWork:
    kind = chance.random()
    if kind < 0.5:
        programs = tuple(
            NullProgram(duration=chance.choice((0.0, 0.001, chance.uniform(0, 0.2))))
            for _ in range(chance.randint(1, 3))
        )
        return Circuits(
            programs=programs, n_shots=(1,) * len(programs), target=chance.choice(CONTROLLERS)
        )
    used = chance.sample(CONTROLLERS, chance.choice((1, 2, 2, 3)))
    setters = used[: chance.randint(1, len(used))]
    axes = tuple(
        (Axis(f"{name}.x", tuple(float(step) for step in range(chance.randint(1, 3)))),)
        for name in setters
    )
    readers = [name for name in used if name not in setters] or used
    return Sweep(axes=axes, returns=tuple(f"{name}.y" for name in readers))


def _settings(chance: Random) -> settings.Settings:
    return settings.Settings(
        station=tables.Station(state="/nonexistent", stop_timeout=1.0),
        instruments=tables.Instruments(
            beat_interval=chance.choice((0.1, 0.5)),
            grace=chance.choice((2.0, 5.0)),
            abort_timeout=3600.0,
        ),
        metrics=tables.Metrics(listen=""),
        workers=tables.Workers(prewarm=False, memory_gib=0.0),
        controllers={
            name: tables.Controller(driver="simulated", prefetch=chance.choice((0, 1, 2, 5)))
            for name in CONTROLLERS
        },
        targets={name: tables.Target(controller=name) for name in CONTROLLERS},
    )
