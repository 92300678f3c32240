"""The tables of the configuration, with what their keys may be and their defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from stationd.runtime.limits.bounds import Otherwise
from stationd.runtime.queue.entry import AGEING
from stationd.runtime.queue.shares import HALF_LIFE

Name = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}\Z")]
"""Controllers and targets are called by these: no dots, for settings are ``controller.setting``."""

Seconds = Annotated[float, Meta(gt=0, le=1_000_000)]


class Station(Struct, frozen=True, forbid_unknown_fields=True):
    """The daemon itself."""

    name: str = "station"
    """For people; the station's identity is in its journal."""
    state: str = "/var/lib/stationd"
    """Directory of the journal, the artifacts and the controllers' ledgers."""
    runtime: str = "/run/stationd"
    """Directory of the sockets."""
    backend: Literal["asyncio", "trio"] = "asyncio"
    """The event loop; asyncio runs on uvloop."""
    stop_timeout: Seconds = 20.0
    """Seconds that running jobs get when the daemon is asked to stop."""


class Api(Struct, frozen=True, forbid_unknown_fields=True):
    """Where clients connect."""

    endpoints: tuple[str, ...] = ()
    """ZeroMQ endpoints; none for ``ipc://<runtime>/jobs.sock``."""
    jobs_are_read_by: Literal["everyone", "owners"] = "everyone"
    """``owners``: submitters and observers see their own jobs alone."""


class Instruments(Struct, frozen=True, forbid_unknown_fields=True):
    """Where controllers connect, and how patient the daemon is with them."""

    endpoint: str = ""
    """A ZeroMQ endpoint; empty for ``ipc://<runtime>/instruments.sock``. Controllers that run with
    this configuration connect here."""
    listen: tuple[str, ...] = ()
    """Further endpoints, for controllers on other hosts."""
    beat_interval: Annotated[float, Meta(ge=0.01, le=3600)] = 0.5
    """Seconds between heartbeats; a controller silent for three of them is taken for absent."""
    grace: Seconds = 10.0
    """Seconds that an absent controller has to come back before its jobs fail."""
    abort_timeout: Seconds = 10.0
    """Seconds that a controller has to bring its instruments to rest before it is put in
    quarantine, and ended if it is a child of the daemon."""


class Security(Struct, frozen=True, forbid_unknown_fields=True):
    """What proves over a network that a station is this one."""

    secret_key_file: str = ""
    """The station's secret key; a credential ``station.secret`` of systemd goes before it."""
    station_key: str = ""
    """The station's public key, on hosts where only controllers run."""


class Deadlines(Struct, frozen=True, forbid_unknown_fields=True):
    """How long each stage of a job may take, in seconds."""

    validation: Seconds = 120.0
    fetch_calibration: Seconds = 30.0
    compilation: Seconds = 600.0
    post_processing: Seconds = 600.0


class Recovery(Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of unfinished jobs when the daemon starts again."""

    policy: Literal["resume", "abort"] = "resume"
    """``resume``: they go on from where they were; ``abort``: they are cancelled."""


class Queue(Struct, frozen=True, forbid_unknown_fields=True):
    """Who goes next; see docs/queue.md."""

    ageing: Seconds = AGEING
    """Seconds of waiting that count as one point of priority."""
    half_life: Annotated[float, Meta(ge=0, le=1_000_000_000)] = HALF_LIFE
    """Seconds in which half of what a project has used is forgotten; 0 turns fair shares off."""
    weights: dict[str, Annotated[float, Meta(gt=0, le=1_000_000)]] = {}
    """The weights of projects, by their names; 1 for all others."""


class Metrics(Struct, frozen=True, forbid_unknown_fields=True):
    """Where Prometheus scrapes."""

    listen: str = "127.0.0.1:9555"
    """Address and port; port 0 takes a free one, empty turns metrics off."""
    status_page: bool = True
    """Whether browsers are shown the station at the same port; whoever reaches it may look."""


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of jobs that are over; what is more or older is deleted, the oldest first."""

    days: Annotated[float, Meta(ge=0, le=100_000)] = 0.0
    """Days after their end; 0 for ever."""
    jobs: Annotated[int, Meta(ge=0, le=2**53)] = 0
    """How many; 0 for all."""
    artifact_gib: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0
    """GiB of files that their results may take up together; 0 for no bound."""


class Artifacts(Struct, frozen=True, forbid_unknown_fields=True):
    """Where results that are files are copied to, besides the state directory."""

    store: Annotated[str, Meta(pattern=r"^(|[a-z0-9]+://.*)\Z")] = ""
    """A URL of what obstore knows, as in ``s3://bucket/prefix``; empty for nowhere."""
    keep_local: bool = True
    """Whether they stay in the state directory, too, once they are there."""
    options: dict[str, str] = {}
    """What obstore knows for this kind of store, as in ``endpoint`` and ``region``."""


class Workers(Struct, frozen=True, forbid_unknown_fields=True):
    """Processes that compile circuits and work up results."""

    processes: Annotated[int, Meta(ge=1, le=64)] = 2
    prewarm: bool = True
    """Start them with the daemon, and not at the first job that needs one."""
    memory_gib: Annotated[float, Meta(ge=0, le=1_000_000)] = 4.0
    """GiB that each may take for itself before it is ended, and its job fails; 0 for no bound."""


class Controller(Struct, frozen=True, forbid_unknown_fields=True):
    """A controller that belongs to this station."""

    driver: str
    """A built-in driver, or ``package.module:Class``."""
    start: bool = True
    """Whether the daemon starts it as a child; otherwise `stationd controller NAME` does."""
    prefetch: Annotated[int, Meta(ge=0, le=1000)] = 2
    """Tickets sent ahead into its line at least; short jobs get more."""
    start_group: Annotated[int, Meta(ge=0, le=1000)] = 0
    """Of a job at several controllers those with the lowest number start first; trigger masters
    start after all others."""
    silence: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0
    """Seconds without data, progress or an end after which a running job fails, or one that should
    begin and does not; 0 for never."""
    keys: tuple[str, ...] = ()
    """Public keys: over a network whoever has one of them is this controller, and no other."""
    user: str = ""
    """A Unix user who may run this controller; empty for the daemon's own alone."""
    key_file: str = ""
    """The controller's secret key, on the host that it runs on; a credential ``NAME.secret`` of
    systemd goes before it."""
    options: dict[str, object] = field(default_factory=dict[str, object])
    """Passed on to the driver."""


class Target(Struct, frozen=True, forbid_unknown_fields=True):
    """A QPU that jobs can name."""

    controller: str


UserName = Annotated[str, Meta(pattern=r"^(\*|[A-Za-z_][A-Za-z0-9_.-]{0,62})\Z")]


class User(Struct, frozen=True, forbid_unknown_fields=True):
    """Who uses the station; ``"*"`` is everybody who has no table.

    They are submitters if that one is missing too. Without any, whoever reaches the socket may do
    everything.
    """

    role: Literal["observer", "submitter", "operator", "admin"] = "submitter"
    """Each may do what those before it may: look; submit, and change what is theirs; change what
    is others', calibration sets and controllers; everything."""
    keys: tuple[str, ...] = ()
    """Public keys: over a network whoever has one of them is this user. On the station's own host
    the Unix user of the same name is."""
    limits: Otherwise | None = None
    """How much this user may take, where that is not what ``[limits]`` says."""
