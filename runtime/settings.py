"""The station's configuration: one TOML file, checked against these types.

Every error names the file, the key and the reason, and all are found before anything starts.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct, field

from stationd.proto.error import StationError
from stationd.runtime.queue.entry import AGEING
from stationd.runtime.queue.shares import HALF_LIFE
from stationd.runtime.settings_check import problems, suggestion


class SettingsError(StationError):
    """The configuration cannot be used; the message names file, key and reason."""


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


class Instruments(Struct, frozen=True, forbid_unknown_fields=True):
    """Where controllers connect, and how patient the daemon is with them."""

    endpoint: str = ""
    """A ZeroMQ endpoint; empty for ``ipc://<runtime>/instruments.sock``."""
    beat_interval: Seconds = 0.5
    """Seconds between heartbeats; a controller silent for three of them is taken for absent."""
    grace: Seconds = 10.0
    """Seconds that an absent controller has to come back before its jobs fail."""
    abort_timeout: Seconds = 10.0
    """Seconds that a controller has to bring its instruments to rest before it is put in
    quarantine, and ended if it is a child of the daemon."""


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


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of jobs that are over; what is more or older is deleted, the oldest first."""

    days: Annotated[float, Meta(ge=0, le=100_000)] = 0.0
    """Days after their end; 0 for ever."""
    jobs: Annotated[int, Meta(ge=0, le=2**53)] = 0
    """How many; 0 for all."""
    artifact_gib: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0
    """GiB of files that their results may take up together; 0 for no bound."""


class Workers(Struct, frozen=True, forbid_unknown_fields=True):
    """Processes that compile circuits and work up results."""

    processes: Annotated[int, Meta(ge=1, le=64)] = 2
    prewarm: bool = True
    """Start them with the daemon, and not at the first job that needs one."""


class Controller(Struct, frozen=True, forbid_unknown_fields=True):
    """A controller that belongs to this station."""

    driver: str
    """A built-in driver, or ``package.module:Class``."""
    start: bool = True
    """Whether the daemon starts it as a child; otherwise `stationd controller NAME` does."""
    prefetch: Annotated[int, Meta(ge=0, le=1000)] = 2
    """Tickets sent ahead into its line at least; short jobs get more."""
    silence: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0
    """Seconds without data, progress or an end after which a running job fails; 0 for never."""
    options: dict[str, object] = field(default_factory=dict[str, object])
    """Passed on to the driver."""


class Target(Struct, frozen=True, forbid_unknown_fields=True):
    """A QPU that jobs can name."""

    controller: str


UserName = Annotated[str, Meta(pattern=r"^(\*|[A-Za-z_][A-Za-z0-9_.-]{0,62})\Z")]


class User(Struct, frozen=True, forbid_unknown_fields=True):
    """A Unix user; ``"*"`` is everybody who has no table, a submitter if that one is missing too.

    Without any, whoever reaches the socket may do everything.
    """

    role: Literal["observer", "submitter", "operator", "admin"] = "submitter"
    """Each may do what those before it may: look; submit, and change what is theirs; change what
    is others', calibration sets and controllers; everything."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All that the configuration file says, with the defaults filled in."""

    station: Station = field(default_factory=Station)
    api: Api = field(default_factory=Api)
    instruments: Instruments = field(default_factory=Instruments)
    deadlines: Deadlines = field(default_factory=Deadlines)
    recovery: Recovery = field(default_factory=Recovery)
    queue: Queue = field(default_factory=Queue)
    metrics: Metrics = field(default_factory=Metrics)
    retention: Retention = field(default_factory=Retention)
    workers: Workers = field(default_factory=Workers)
    controllers: dict[Name, Controller] = field(default_factory=dict[str, Controller])
    targets: dict[Name, Target] = field(default_factory=dict[str, Target])
    users: dict[UserName, User] = field(default_factory=dict[str, User])

    @property
    def state(self) -> Path:
        """The state directory."""
        return Path(self.station.state)

    @property
    def api_endpoints(self) -> tuple[str, ...]:
        """Where clients connect."""
        return self.api.endpoints or (f"ipc://{self.station.runtime}/jobs.sock",)

    @property
    def instruments_endpoint(self) -> str:
        """Where controllers connect."""
        return self.instruments.endpoint or f"ipc://{self.station.runtime}/instruments.sock"

    @property
    def target_controllers(self) -> dict[str, str]:
        """The controller of each target."""
        return {name: target.controller for name, target in self.targets.items()}

    def controller_state(self, name: str) -> Path:
        """Return the directory of a controller's ledger."""
        return self.state / "controllers" / name


_LOOPBACK: Final = re.compile(r"^tcp://(127\.\d+\.\d+\.\d+|localhost|\[::1\]):(\d+|\*)\Z")
_IPC: Final = re.compile(r"^ipc:///.{1,100}\Z")
_LISTEN: Final = re.compile(r"^(127\.\d+\.\d+\.\d+|localhost|::1):\d{1,5}\Z")
_HIGHEST_PORT: Final = 65_535


def load(path: Path) -> Settings:
    """Read a configuration file.

    Raises:
        SettingsError: It cannot be read, or says something that makes no sense.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error
    return parse(data, str(path))


def parse(data: object, source: str) -> Settings:
    """Check what a configuration says.

    Args:
        data: The decoded TOML.
        source: The name of the file, for errors.

    Raises:
        SettingsError: It says something that makes no sense.
    """
    found = problems(data, Settings)
    if not found:
        settings = msgspec.convert(data, Settings)
        found = [*_endpoint_problems(settings), *_reference_problems(settings)]
        if not found:
            return settings
    raise SettingsError(f"{source}: {'; '.join(found)}")


def _endpoint_problems(settings: Settings) -> list[str]:
    endpoints = [("api.endpoints", endpoint) for endpoint in settings.api.endpoints]
    if settings.instruments.endpoint:
        endpoints.append(("instruments.endpoint", settings.instruments.endpoint))
    found = [
        f"{key}: {endpoint!r} is not ipc:// with an absolute path of at most 100 characters, nor"
        " tcp:// on the loopback interface"
        for key, endpoint in endpoints
        if not _IPC.match(endpoint) and not _LOOPBACK.match(endpoint)
    ]
    if not _IPC.match(settings.instruments_endpoint) and not settings.instruments.endpoint:
        found.append(
            f"station.runtime: {settings.station.runtime!r} is not an absolute path that leaves"
            " room for the sockets' names (100 characters in all)"
        )
    listen = settings.metrics.listen
    if listen and not _is_listen(listen):
        found.append(f"metrics.listen: {listen!r} is not ADDRESS:PORT on the loopback interface")
    return found


def _is_listen(listen: str) -> bool:
    return bool(_LISTEN.match(listen)) and int(listen.rpartition(":")[2]) <= _HIGHEST_PORT


def _reference_problems(settings: Settings) -> list[str]:
    return [
        f"targets.{name}.controller: no controller is called {target.controller!r}"
        + suggestion(target.controller, list(settings.controllers))
        for name, target in settings.targets.items()
        if target.controller not in settings.controllers
    ]
