"""The station's configuration: one TOML file, checked against these types.

Every error names the file, the key and the reason, and all are found before anything starts.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct, field

from stationd.proto.error import StationError


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


class Metrics(Struct, frozen=True, forbid_unknown_fields=True):
    """Where Prometheus scrapes."""

    listen: str = "127.0.0.1:9555"
    """Address and port; port 0 takes a free one, empty turns metrics off."""


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
    options: dict[str, object] = field(default_factory=dict)
    """Passed on to the driver."""


class Target(Struct, frozen=True, forbid_unknown_fields=True):
    """A QPU that jobs can name."""

    controller: str


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All that the configuration file says, with the defaults filled in."""

    station: Station = field(default_factory=Station)
    api: Api = field(default_factory=Api)
    instruments: Instruments = field(default_factory=Instruments)
    metrics: Metrics = field(default_factory=Metrics)
    workers: Workers = field(default_factory=Workers)
    controllers: dict[Name, Controller] = field(default_factory=dict)
    targets: dict[Name, Target] = field(default_factory=dict)

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
    try:
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{source}: {_explained(str(error))}") from error
    problems = [*_endpoint_problems(settings), *_reference_problems(settings)]
    if problems:
        raise SettingsError(f"{source}: {'; '.join(problems)}")
    return settings


def _endpoint_problems(settings: Settings) -> list[str]:
    problems = [
        f"{key}: {endpoint!r} is not ipc:// with an absolute path of at most 100 characters, nor"
        " tcp:// on the loopback interface"
        for key, endpoint in [
            *(("api.endpoints", endpoint) for endpoint in settings.api_endpoints),
            ("instruments.endpoint", settings.instruments_endpoint),
        ]
        if not _IPC.match(endpoint) and not _LOOPBACK.match(endpoint)
    ]
    listen = settings.metrics.listen
    if listen and not _LISTEN.match(listen):
        problems.append(f"metrics.listen: {listen!r} is not ADDRESS:PORT on the loopback interface")
    return problems


def _reference_problems(settings: Settings) -> list[str]:
    return [
        f"targets.{name}.controller: no controller is called {target.controller!r}"
        + _suggestion(target.controller, list(settings.controllers))
        for name, target in settings.targets.items()
        if target.controller not in settings.controllers
    ]


_UNKNOWN_FIELD: Final = re.compile(r"unknown field `(?P<key>[^`]*)`(?: - at `\$\.?(?P<at>[^`]*)`)?")
_AT: Final = re.compile(r"^(?P<reason>.*?)(?: - at `(?:key in )?\$\.?(?P<at>[^`]*)`)?\Z", re.DOTALL)
_SECTIONS: Final[dict[str, type[Struct]]] = {
    "": Settings,
    "station": Station,
    "api": Api,
    "instruments": Instruments,
    "metrics": Metrics,
    "workers": Workers,
    "controllers[...]": Controller,
    "targets[...]": Target,
}


def _explained(message: str) -> str:
    """Turn the library's message into one that starts with the key."""
    unknown = _UNKNOWN_FIELD.search(message)
    if unknown is not None:
        at = unknown["at"] or ""
        section = _SECTIONS.get(at)
        known = list(section.__struct_fields__) if section is not None else []
        key = f"{at}.{unknown['key']}" if at else unknown["key"]
        return f"{key}: there is no such key{_suggestion(unknown['key'], known)}"
    found = _AT.match(message)
    if found is None or not found["at"]:
        return message
    return f"{found['at']}: {found['reason'][0].lower()}{found['reason'][1:]}"


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(sorted(known))}" if known else ""
